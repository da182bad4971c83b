"""Where windows stand on the axes of an array: strides, padding, dilations.

Arrays have their batch axis first and their channels last; windows move over the axes between.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

Slices = tuple[slice, ...]


@dataclass(frozen=True)
class Windows:
    """Windows of `sizes` on axes of `lengths`, `strides` apart, `dilations` between their entries.

    `pads` are the entries that are imagined before and after each axis.
    """

    lengths: tuple[int, ...]
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]

    @cached_property
    def spans(self) -> tuple[int, ...]:
        """How far a window reaches along each axis."""
        return tuple([(n - 1) * d + 1 for n, d in zip(self.sizes, self.dilations, strict=True)])

    @cached_property
    def padded(self) -> tuple[int, ...]:
        """The lengths with the padding."""
        return tuple([n + a + b for n, (a, b) in zip(self.lengths, self.pads, strict=True)])

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """How many windows stand along each axis."""
        return tuple(
            [
                max((n - span) // stride + 1, 0)
                for n, span, stride in zip(self.padded, self.spans, self.strides, strict=True)
            ]
        )

    @cached_property
    def inner(self) -> tuple[Any, ...]:
        """The index of the array in the padded one."""
        own = [slice(a, a + n) for n, (a, _) in zip(self.lengths, self.pads, strict=True)]
        return (slice(None), *own)

    @cached_property
    def taps(self) -> tuple[tuple[tuple[slice, slice], ...], ...]:
        """By axis, for each entry of a window: which windows have it, and where they do.

        An entry in the padding is not one that a window has.
        """
        return tuple([tuple(self._taps(axis)) for axis in range(len(self.sizes))])

    def _taps(self, axis: int) -> Iterator[tuple[slice, slice]]:
        length, stride, count = self.lengths[axis], self.strides[axis], self.counts[axis]
        for k in range(self.sizes[axis]):
            shift = k * self.dilations[axis] - self.pads[axis][0]
            first = max(-(shift // stride), 0)
            last = min((length - 1 - shift) // stride + 1, count)
            last = max(first, last)
            start = first * stride + shift
            yield slice(first, last), slice(start, start + (last - first) * stride, stride)

    def everywhere(self) -> Iterator[tuple[int, Slices, Slices]]:
        """For each entry of a window, in row order: its number, and `taps` on all axes."""
        whole = slice(None)
        for number, tap in enumerate(itertools.product(*self.taps)):
            outs, ins = zip(*tap, strict=True)
            yield number, (whole, *outs), (whole, *ins)


def per_axis(what: str, value: Any, rank: int) -> tuple[int, ...]:
    """`value`, one integer of 1 or more or one for each of `rank` axes, as a tuple."""
    if value.__class__ is int and value > 0:
        return (value,) * rank
    if value.__class__ is tuple and len(value) == rank:
        if all([n.__class__ is int and n > 0 for n in value]):
            return value
    numbers = (value,) * rank if np.ndim(value) == 0 else tuple(value)
    try:
        numbers = tuple([operator.index(n) for n in numbers])
    except TypeError:
        raise TypeError(f"Give {what} integers: got {value!r}.") from None
    if len(numbers) != rank or any([n < 1 for n in numbers]):
        raise ValueError(
            f"Give {what} one integer of 1 or more, or one for each of {rank} axes: got {value!r}."
        )
    return numbers


def same_pads(length: int, span: int, stride: int) -> tuple[int, int]:
    """TensorFlow's padding to ``ceil(length / stride)`` windows: the odd entry goes last."""
    total = max((-(-length // stride) - 1) * stride + span - length, 0)
    return total // 2, total - total // 2


def placed(
    lengths: Sequence[int], sizes: Sequence[int], strides: Any, padding: Any, dilations: Any
) -> Windows:
    """The windows that arguments in the user's spelling describe.

    Raises
    ------
    TypeError, ValueError
        If an argument is not one for these axes.
    """
    rank = len(sizes)
    strides = per_axis("strides", strides, rank)
    dilations = per_axis("dilations", dilations, rank)
    if isinstance(padding, str):
        return _placed_by_name(tuple(lengths), tuple(sizes), strides, dilations, padding)
    return _placed(tuple(lengths), tuple(sizes), strides, dilations, padding)


def _placed(lengths: Any, sizes: Any, strides: Any, dilations: Any, padding: Any) -> Windows:
    bare = Windows(lengths, sizes, strides, dilations, ((0, 0),) * len(sizes))
    return replace(bare, pads=_pads(padding, bare))


_placed_by_name = lru_cache(maxsize=1024)(_placed)


def _pads(padding: Any, windows: Windows) -> tuple[tuple[int, int], ...]:
    if isinstance(padding, str):
        kind = padding.upper()
        if kind == "VALID":
            return windows.pads
        if kind == "SAME":
            each = zip(windows.lengths, windows.spans, windows.strides, strict=True)
            return tuple([same_pads(*numbers) for numbers in each])
    else:
        try:
            found = tuple([(operator.index(a), operator.index(b)) for a, b in padding])
        except (TypeError, ValueError):
            found = ()
        if len(found) == len(windows.sizes) and all([a >= 0 and b >= 0 for a, b in found]):
            return found
    raise ValueError(
        f"Give padding='VALID', 'SAME' or a pair of counts of 0 or more for each of "
        f"{len(windows.sizes)} axes: got {padding!r}."
    )
