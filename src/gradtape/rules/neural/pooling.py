"""Pooling: the greatest entry, or the mean, of each window of each channel.

An entry in the padding is never the greatest, and does not count in a mean.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradtape.core.batching import spread
from gradtape.core.cotangents import Masked, only
from gradtape.core.domains import call, draw, real_only
from gradtape.core.kinds import invoke
from gradtape.core.rules import RULES, composite, constant, linear, raw
from gradtape.rules.arguments import as_array, cast, is_plain, of_plain_arrays
from gradtape.rules.neural.convolutions import folded
from gradtape.rules.neural.windows import Windows, per_axis, placed

# -- sums ---------------------------------------------------------------------------------------


def _along(axis: int, index: slice) -> tuple[slice, ...]:
    return (*(slice(None),) * (axis + 1), index)


@of_plain_arrays("avg_pool")
def window_sums(x: Any, *, windows: Windows) -> Any:
    """The sum of each window of each channel: one axis after the other."""
    for axis, count in enumerate(windows.counts):
        y = np.zeros((*x.shape[: axis + 1], count, *x.shape[axis + 2 :]), x.dtype)
        for outs, ins in windows.taps[axis]:
            y[_along(axis, outs)] += x[_along(axis, ins)]
        x = y
    return x


@of_plain_arrays("avg_pool")
def window_sums_transpose(g: Any, *, windows: Windows) -> Any:
    """To each entry the sum of `g` over the windows that have it."""
    for axis, length in enumerate(windows.lengths):
        x = np.zeros((*g.shape[: axis + 1], length, *g.shape[axis + 2 :]), g.dtype)
        for outs, ins in windows.taps[axis]:
            x[_along(axis, ins)] += g[_along(axis, outs)]
        g = x
    return g


def _sums(x: Any, windows: Windows) -> Any:
    return invoke(RULES[window_sums], (x,), {"windows": windows})


_WINDOWS = [
    Windows((5,), (3,), (1,), (1,), ((1, 1),)),
    Windows((4, 5), (2, 3), (2, 2), (1, 1), ((0, 1), (1, 0))),
    Windows((4, 4), (2, 2), (1, 3), (2, 1), ((0, 0), (0, 0))),
]

linear(
    window_sums,
    lambda g, x, windows: invoke(RULES[window_sums_transpose], (g,), {"windows": windows}),
    calls=[call(draw(2, *w.lengths, 2), windows=w) for w in _WINDOWS],
    moves=True,
    batch=folded,
)
linear(
    window_sums_transpose,
    lambda c, g, windows: _sums(c, windows),
    calls=[call(draw(2, *w.counts, 2), windows=w) for w in _WINDOWS],
    moves=True,
    batch=folded,
)

# -- extremes -----------------------------------------------------------------------------------


@of_plain_arrays("max_pool")
def _maxima(x: Any, *, windows: Windows) -> Any:
    """The greatest entry of each window, one axis after the other; NaN if there is one."""
    least = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    for axis, count in enumerate(windows.counts):
        y = np.full((*x.shape[: axis + 1], count, *x.shape[axis + 2 :]), least, x.dtype)
        for outs, ins in windows.taps[axis]:
            part = y[_along(axis, outs)]
            np.maximum(part, x[_along(axis, ins)], out=part)
        x = y
    return x


@of_plain_arrays("max_pool")
def _winners(x: Any, *, windows: Windows) -> Any:
    """The number, in row order, of the first greatest entry in each window."""
    y = _maxima(x, windows=windows)
    nan = np.isnan(y) if x.dtype.kind == "f" and np.isnan(y).any() else None
    kind = np.min_scalar_type(math.prod(windows.sizes))
    numbers = np.full(y.shape, np.iinfo(kind).max, kind)
    for number, outs, ins in windows.everywhere():
        part = x[ins]
        taken = part == y[outs]
        if nan is not None:
            taken |= np.isnan(part) & nan[outs]
        # Without branches, which no processor could predict: all bits are 1 where not taken.
        candidates = (taken.astype(kind) - kind.type(1)) | kind.type(number)
        np.minimum(numbers[outs], candidates, out=numbers[outs])
    return numbers


constant(_maxima, _winners, batch=folded)


@of_plain_arrays("max_pool")
def picked(x: Any, numbers: Any, *, windows: Windows) -> Any:
    """The entry of each window that `numbers` says: what is recorded of a maximum."""
    y = np.zeros(numbers.shape, x.dtype)
    for number, outs, ins in windows.everywhere():
        y[outs] += only(np.ascontiguousarray(x[ins]), numbers[outs] == number)
    return y


@of_plain_arrays("max_pool")
def picked_transpose(g: Any, numbers: Any, *, windows: Windows) -> Any:
    """To each entry the sum of `g` over the windows that picked it."""
    x = np.zeros((g.shape[0], *windows.lengths, g.shape[-1]), g.dtype)
    for number, outs, ins in windows.everywhere():
        x[ins] += only(np.ascontiguousarray(g[outs]), numbers[outs] == number)
    return x


def _back(g: Any, x: Any, numbers: Any, *, windows: Windows) -> Any:
    def touched() -> Any:
        ones = np.ones_like(raw(numbers), np.float64)
        return invoke(RULES[picked_transpose], (ones, raw(numbers)), {"windows": windows}) != 0

    return Masked(invoke(RULES[picked_transpose], (g, numbers), {"windows": windows}), touched)


def _folded_pairs(call: Any, values: Any, batched: Any, options: Any) -> Any:
    pair = spread(values, batched)
    size, batch = pair[0].shape[:2]
    y = call(*[np.reshape(a, (size * batch, *a.shape[2:])) for a in pair], **options)
    return np.reshape(y, (size, batch, *y.shape[1:]))


def _some_numbers(windows: Windows) -> Any:
    """For each window the number of an entry that it has."""
    x = np.arange(4 * math.prod(windows.lengths)) * 37 % 101
    return _winners(x.reshape(2, *windows.lengths, 2), windows=windows)


linear(
    picked,
    _back,
    calls=[call(draw(2, *w.lengths, 2), _some_numbers(w), windows=w) for w in _WINDOWS],
    moves=True,
    batch=_folded_pairs,
)
linear(
    picked_transpose,
    lambda c, g, numbers, windows: invoke(RULES[picked], (c, numbers), {"windows": windows}),
    calls=[call(draw(2, *w.counts, 2), _some_numbers(w), windows=w) for w in _WINDOWS],
    moves=True,
    batch=_folded_pairs,
)


# -- the user's spelling ------------------------------------------------------------------------


def _placed(x: Any, window: Any, strides: Any, padding: Any, dilations: Any) -> Windows:
    rank = x.ndim - 2
    if rank < 1:
        raise ValueError(
            f"Give x a rank of 3 or more, (batch, ..., channels): got shape {x.shape}."
        )
    sizes = per_axis("window", window, rank)
    strides = sizes if strides is None else strides
    windows = placed(x.shape[1:-1], sizes, strides, padding, dilations)
    if any([max(pads) >= span for pads, span in zip(windows.pads, windows.spans, strict=True)]):
        raise ValueError(
            f"Give less padding than a window of {sizes} reaches, so that none stands in it: got "
            f"{windows.pads}."
        )
    if 0 in windows.counts and 0 not in windows.lengths:
        raise ValueError(
            f"Give a window that fits, or padding: one of {sizes} reaches {windows.spans} entries "
            f"far, on axes of {windows.padded} with their padding."
        )
    return windows


def max_pool(
    x: Any, window: Any, strides: Any = None, padding: Any = "VALID", dilations: Any = 1
) -> Any:
    """The greatest entry of each window of each channel: `gradtape.nn.max_pool`."""
    x = as_array(x)
    if x.dtype.kind not in "fiu":
        raise TypeError(f"Give max_pool real numbers: got dtype {x.dtype}.")
    windows = _placed(x, window, strides, padding, dilations)
    options = {"windows": windows}
    if is_plain(x):
        return invoke(RULES[_maxima], (x,), options)
    numbers = invoke(RULES[_winners], (raw(x),), options)
    return invoke(RULES[picked], (x, numbers), options)


def avg_pool(
    x: Any, window: Any, strides: Any = None, padding: Any = "VALID", dilations: Any = 1
) -> Any:
    """The mean of each window of each channel: `gradtape.nn.avg_pool`."""
    x = as_array(x)
    if x.dtype.kind not in "fc":
        x = cast(x, np.float64)
    windows = _placed(x, window, strides, padding, dilations)
    if windows.padded == windows.lengths:
        return _sums(x, windows) / math.prod(windows.sizes)
    here = np.ones((1, *windows.lengths, 1), np.empty(0, x.dtype).real.dtype)
    return _sums(x, windows) / window_sums(here, windows=windows)


composite(
    max_pool,
    calls=[
        call(draw(2, 5, 2, domain=real_only), 2),
        call(draw(2, 4, 5, 2, domain=real_only), (2, 3), 2, "SAME"),
        call(draw(1, 5, 4, 1, domain=real_only), 2, 1, [(1, 0), (0, 1)], dilations=(2, 1)),
    ],
)(max_pool)
composite(
    avg_pool,
    calls=[
        call(draw(2, 5, 2), 2),
        call(draw(2, 4, 5, 2), (2, 3), 2, "SAME"),
        call(draw(1, 5, 4, 1), 2, 1, [(1, 0), (0, 1)], dilations=(2, 1)),
    ],
)(avg_pool)
