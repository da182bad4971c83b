"""`numpy.pad` in all its modes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.core.batching import renamed
from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw
from gradtape.core.rules import composite, constant, linear, raw
from gradtape.rules.arguments import along, as_array, holds_tensor


def padded(a: Any, *, widths: Any) -> Any:
    """`a` in a frame of zeros."""
    return np.pad(a, widths)


linear(
    padded,
    lambda g, a, *, widths: g[
        tuple([slice(w, w + n) for (w, _), n in zip(widths, a.shape, strict=True)])
    ],
    moves=True,
    batch=renamed(widths=lambda widths, a: ((0, 0), *widths)),
    calls=[call(draw(2, 3), widths=((1, 0), (2, 1))), call(draw(0), widths=((1, 1),))],
)


def _pad_exactly(array: Any, pad_width: Any, mode: Any, **options: Any) -> Any:
    """`np.pad` of integers, for which some modes round."""
    return np.pad(array, pad_width, mode, **options)


constant(_pad_exactly)


def _framed(a: Any, axis: int, widths: Sequence[int], before: Any, after: Any) -> Any:
    """`a` between two blocks that broadcast to `widths` entries along `axis`."""
    blocks = []
    for block, width in ((before, widths[0]), (after, widths[1])):
        shape = (*a.shape[:axis], width, *a.shape[axis + 1 :])
        blocks.append(np.broadcast_to(as_array(block).astype(a.dtype), shape))
    return np.concatenate([blocks[0], a, blocks[1]], axis=axis)


def _pad_constant(a: Any, axis: int, widths: Sequence[int], values: Any) -> Any:
    return _framed(a, axis, widths, *values)


def _pad_ramp(a: Any, axis: int, widths: Sequence[int], ends: Any) -> Any:
    last = a.shape[axis] - 1
    edges = a[along(axis, slice(0, 1))], a[along(axis, slice(last, None))]
    ramps = []
    for edge, end, width in zip(edges, ends, widths, strict=True):
        steps = np.arange(width).reshape((-1,) + (1,) * (a.ndim - axis - 1))
        ramps.append(steps * ((edge - end) / max(width, 1)) + end)
    return _framed(a, axis, widths, ramps[0], np.flip(ramps[1], axis))


def _pad_statistic(function: Any) -> Any:
    def extend(a: Any, axis: int, widths: Sequence[int], lengths: Any) -> Any:
        n = a.shape[axis]
        first, last = (n if length is None else min(int(length), n) for length in lengths)
        before = function(a[along(axis, slice(0, first))], axis=axis, keepdims=True)
        after = function(a[along(axis, slice(n - last, n))], axis=axis, keepdims=True)
        return _framed(a, axis, widths, before, after)

    return extend


def _pad_by_index(mode: Any) -> Any:
    """A mode that repeats entries: NumPy pads their positions."""

    def extend(a: Any, axis: int, widths: Sequence[int], kind: Any) -> Any:
        n = a.shape[axis]
        if kind == "odd" and n > 1:
            return _pad_odd(a, axis, widths, mode == "symmetric")
        return np.take(a, np.pad(np.arange(n), tuple(widths), mode), axis=axis)

    return extend


def _pad_odd(a: Any, axis: int, widths: Sequence[int], with_edge: bool) -> Any:
    """Reflect in the point at each edge, again and again until `widths` are filled."""
    before, after = widths
    skip = 0 if with_edge else 1
    period = a.shape[axis] - skip
    while before or after:
        n = a.shape[axis]
        chunk = (n - skip) // period * period  # whole periods only
        left, right = min(chunk, before), min(chunk, after)
        head, tail = a[along(axis, slice(0, 1))], a[along(axis, slice(n - 1, n))]
        start = a[along(axis, slice(skip, skip + left))]
        end = a[along(axis, slice(n - skip - right, n - skip))]
        parts = [2 * head - np.flip(start, axis), a, 2 * tail - np.flip(end, axis)]
        a = np.concatenate(parts, axis=axis)
        before, after = before - left, after - right
    return a


_PADS: dict[str, tuple[str, Any]] = {
    "constant": ("constant_values", _pad_constant),
    "linear_ramp": ("end_values", _pad_ramp),
    "maximum": ("stat_length", _pad_statistic(np.max)),
    "minimum": ("stat_length", _pad_statistic(np.min)),
    "mean": ("stat_length", _pad_statistic(np.mean)),
    "median": ("stat_length", _pad_statistic(np.median)),
    "edge": ("", _pad_by_index("edge")),
    "wrap": ("", _pad_by_index("wrap")),
    "reflect": ("reflect_type", _pad_by_index("reflect")),
    "symmetric": ("reflect_type", _pad_by_index("symmetric")),
}
"""For each mode its option, and how it extends an array along one axis."""

_PAD_CALLS = [
    call(draw(3), 2),
    call(draw(2, 3), ((1, 0), (0, 2)), constant_values=1.5),
    call(draw(2, 3), 1, "constant", constant_values=((1, 2), (3, 4))),
    call(draw(2, 2, 1), [(0, 1), (1, 0), (2, 1)], "edge"),
    call(draw(2, 3), 2, mode="wrap"),
    call(draw(3), (7, 5), mode="wrap"),
    call(draw(2, 3), ((1, 1), (0, 4)), "linear_ramp", end_values=(1, -2)),
    call(draw(3), 2, "linear_ramp"),
    call(draw(2, 3), 1, "mean"),
    call(draw(4), 2, "mean", stat_length=((2, 3),)),
    *(
        call(draw(4, 3), ((1, 2), (0, 1)), mode, stat_length=length)
        for mode in ("maximum", "minimum", "median")
        for length in (None, 2)
    ),
    *(
        call(draw(2, 3), ((1, 0), (5, 7)), mode, reflect_type=kind)
        for mode in ("reflect", "symmetric")
        for kind in ("even", "odd")
    ),
    call(draw(1), 2, "reflect", reflect_type="odd"),
]


@composite(np.pad, calls=_PAD_CALLS)
def _pad(array: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    a, pad_width = as_array(array), raw(pad_width)
    if callable(mode):
        raise TypeError(
            "Use a named mode of numpy.pad: one that is a function fills the array in place, "
            "which has no derivative."
        )
    if a.dtype.kind not in "fc":
        return apply(_pad_exactly, (a, pad_width, mode), options)
    plain = {key: 0 if holds_tensor(value) else value for key, value in options.items()}
    np.pad(np.zeros((1,) * a.ndim), pad_width, mode, **plain)  # NumPy's errors
    widths = _widths(pad_width, a.ndim)
    name, extend = _PADS.get(mode, ("", None))
    option = options.get(name, 0 if mode in ("constant", "linear_ramp") else None)
    if mode == "empty" or (mode == "constant" and option.__class__ is int and not option):
        return apply(padded, (a,), {"widths": tuple(widths)})
    if name == "reflect_type":
        per_axis = [option] * a.ndim
    elif option is None:
        per_axis = [(None, None)] * a.ndim
    else:
        per_axis = _pairs(option, a.ndim)
    for axis in [axis for axis, width in enumerate(widths) if any(width)]:
        if not a.shape[axis] and mode != "constant":
            raise ValueError(
                f"can't extend empty axis {axis} using modes other than 'constant' or 'empty'"
            )
        a = extend(a, axis, widths[axis], per_axis[axis])
    return a if any(map(any, widths)) else np.copy(a)


def _widths(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    """How far to extend each axis at both ends; a dictionary names the axes to extend."""
    if isinstance(pad_width, dict):
        frame = dict.fromkeys(range(ndim), (0, 0))
        frame.update({axis % ndim: width for axis, width in pad_width.items()})
        pad_width = [np.broadcast_to(frame[axis], 2) for axis in range(ndim)]
    return [(int(before), int(after)) for before, after in _pairs(pad_width, ndim)]


def _pairs(values: Any, ndim: int) -> list[Any]:
    """A value for both ends of each axis, given as one value, one pair, or a pair for each axis."""
    values = as_array(values)
    table = np.broadcast_to(np.reshape(values, ()) if values.size == 1 else values, (ndim, 2))
    return [(table[axis, 0], table[axis, 1]) for axis in range(ndim)]
