"""Functions that put arrays together and take them apart: concatenate, stack, insert, split."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from gradtape.core.batching import spread
from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw
from gradtape.core.rules import composite, raw, variadic
from gradtape.rules.arguments import along, as_array, counting, refuse_out

# -- joining ------------------------------------------------------------------------------------


def concat(*arrays: Any, axis: int, starts: tuple[int, ...]) -> Any:
    """`arrays` one after the other along `axis`; each starts at its place in `starts`."""
    return np.concatenate(arrays, axis=axis)


def _concat_transpose(g: Any, position: int, a: Any, axis: int, starts: tuple[int, ...]) -> Any:
    start = starts[position]
    return g[along(axis, slice(start, start + a.shape[axis]))]


def _side_by_side(call: Any, values: Any, batched: Any, options: Any) -> Any:
    """Joined examples: what all share is repeated."""
    return call(*spread(values, batched), **{**options, "axis": options.get("axis", 0) + 1})


variadic(
    concat,
    _concat_transpose,
    moves=True,
    batch=_side_by_side,
    calls=[
        call(draw(2, 3), draw(1, 3), axis=0, starts=(0, 2)),
        call(draw(2, 1), draw(2, 2), draw(2, 0), axis=1, starts=(0, 1, 3)),
    ],
)


def stack(*arrays: Any, axis: int = 0) -> Any:
    """`arrays` of one shape side by side along a new axis."""
    return np.stack(arrays, axis=axis)


variadic(
    stack,
    lambda g, position, a, axis=0: g[along(axis, position)],
    moves=True,
    batch=_side_by_side,
    calls=[call(draw(2, 3), draw(2, 3), axis=1), call(draw(), draw())],
)


def _members(arrays: Any, dtype: Any = None) -> list[Any]:
    """The arrays to join, in `dtype` if one is asked for."""
    members = [as_array(a) for a in arrays]
    return members if dtype is None else [a.astype(dtype) for a in members]


@composite(
    np.concatenate,
    calls=[
        call([draw(2, 3), draw(1, 3)]),
        call((draw(2, 1), draw(2, 2)), axis=-1),
        call([draw(2), draw(2, 2)], axis=None),
        call(draw(2, 3, 2), 1),
    ],
)
def _concatenate(
    arrays: Any, /, axis: int | None = 0, out: Any = None, *, dtype: Any = None, casting: Any = None
) -> Any:
    refuse_out(out, np.concatenate)
    members = _members(arrays, dtype)
    if axis is None:
        members, axis = [np.ravel(a) for a in members], 0
    if members:
        axis = normalize_axis_index(axis, max(members[0].ndim, 1))
    # What NumPy cannot join, it refuses below.
    ends = tuple(accumulate([a.shape[axis] if axis < a.ndim else 0 for a in members], initial=0))
    return apply(concat, members, {"axis": axis, "starts": ends[:-1]})


@composite(
    np.stack,
    calls=[
        call([draw(2, 3), draw(2, 3)]),
        call((draw(2, 3), draw(2, 3)), axis=-1),
        call([draw(), draw(), draw()]),
        call(draw(2, 3), axis=1),
    ],
)
def _stack(
    arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: Any = None
) -> Any:
    refuse_out(out, np.stack)
    members = _members(arrays, dtype)
    if members:
        axis = normalize_axis_index(axis, members[0].ndim + 1)
    return apply(stack, members, {"axis": axis})


def _as_columns(a: Any) -> Any:
    return a if a.ndim > 1 else np.reshape(a, (-1, 1))


_JOINS = [
    (np.vstack, np.atleast_2d, 0, [((2,), (3, 2)), ((), ())]),
    (np.hstack, np.atleast_1d, 1, [((2,), (3,)), ((2, 1), (2, 2)), ((), (2,))]),
    (np.dstack, np.atleast_3d, 2, [((2,), (2,)), ((2, 3), (2, 3)), ((1, 2, 1), (1, 2, 2))]),
    (np.column_stack, _as_columns, 1, [((2,), (2, 2)), ((2,), (2,)), ((), ())]),
]

for _function, _prepare, _axis, _shapes in _JOINS:

    @composite(_function, calls=[call([draw(*a), draw(*b)]) for a, b in _shapes])
    def _join(
        tup: Any,
        *,
        dtype: Any = None,
        casting: Any = None,
        prepare: Any = _prepare,
        axis: int = _axis,
    ) -> Any:
        members = [prepare(a) for a in _members(tup, dtype)]
        if members and members[0].ndim == 1:  # hstack of vectors
            axis = 0
        return np.concatenate(members, axis=axis)


@composite(
    np.block,
    calls=[
        call([[draw(2, 2), draw(2, 1)], [draw(1, 2), draw(1, 1)]]),
        call([draw(2), draw(3), draw()]),
        call([[draw(2)], [draw(1, 2)]]),
        call(draw(2)),
    ],
)
def _block(arrays: Any) -> Any:
    def depth_of(part: Any) -> int:
        return 1 + max(map(depth_of, part), default=0) if isinstance(part, list) else 0

    def rank_of(part: Any) -> int:
        return max(map(rank_of, part), default=0) if isinstance(part, list) else np.ndim(part)

    depth = depth_of(arrays)
    rank = max(depth, rank_of(arrays))

    def build(part: Any, level: int) -> Any:
        if isinstance(part, list):
            return np.concatenate([build(p, level + 1) for p in part], axis=level - depth)
        if level != depth:
            raise ValueError("Nest the lists of numpy.block to one depth: some are deeper.")
        part = as_array(part)
        return np.reshape(part, (1,) * (rank - part.ndim) + part.shape)

    return build(arrays, 0)


@composite(
    np.append,
    calls=[call(draw(2, 2), draw(3)), call(draw(2, 2), draw(1, 2), axis=0), call(draw(2), draw())],
)
def _append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return np.concatenate([as_array(arr), as_array(values)], axis=axis)


@composite(
    np.insert,
    calls=[
        call(draw(4), 1, draw()),
        call(draw(2, 3), 1, draw(2), axis=1),
        call(draw(2, 3), -1, draw(2, 2), axis=1),
        call(draw(2, 3), [1], draw(2, 1), axis=1),
        call(draw(2, 3), [0, 2, 2], draw(2, 3), axis=1),
        call(draw(2, 3), slice(0, 2), draw(), axis=1),
        call(draw(2, 3), [1, 3], draw(2)),
    ],
)
def _insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    arr, obj = as_array(arr), raw(obj)
    if axis is None:
        arr, axis = np.ravel(arr), 0
    axis = normalize_axis_index(axis, arr.ndim)
    values = as_array(values).astype(arr.dtype)
    length = arr.shape[axis]
    each = np.insert(np.arange(length), obj, 0).size - length
    if each == 1 and values.ndim <= arr.ndim:  # NumPy inserts a block of any length at one index
        values = np.reshape(values, (1,) * (arr.ndim - values.ndim) + values.shape)
        if not isinstance(obj, slice) and np.ndim(obj) == 0:
            values = np.moveaxis(values, 0, axis)
        each = values.shape[axis]
    values = np.broadcast_to(values, (*arr.shape[:axis], each, *arr.shape[axis + 1 :]))
    places = np.insert(np.arange(length), obj, np.arange(length, length + each))
    return np.take(np.concatenate([arr, values], axis=axis), places, axis=axis)


@composite(
    np.delete,
    calls=[
        call(draw(4), 1),
        call(draw(2, 3), 1),
        call(draw(2, 3), [0, 2], axis=1),
        call(draw(4, 2), slice(0, 3, 2), axis=0),
        call(draw(3), np.array([True, False, True])),
    ],
)
def _delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    arr = as_array(arr)
    if axis is None:
        arr, axis = np.ravel(arr), 0
    axis = normalize_axis_index(axis, arr.ndim)
    return np.take(arr, np.delete(np.arange(arr.shape[axis]), raw(obj)), axis=axis)


@composite(np.trim_zeros, calls=[call(draw(4)), call(draw(3), "f")])
def _trim_zeros(filt: Any, trim: Any = "fb", **options: Any) -> Any:
    a = as_array(filt)
    np.trim_zeros(raw(a), trim, **options)  # its errors
    axis, trim = options.get("axis"), trim.lower()
    axes = range(a.ndim) if axis is None else normalize_axis_tuple(axis, a.ndim)
    taken = np.argwhere(raw(a))
    if not taken.size:
        return a[tuple([slice(0, 0) if i in axes else slice(None) for i in range(a.ndim)])]
    starts = taken.min(axis=0).tolist() if "f" in trim else [None] * a.ndim
    stops = (taken.max(axis=0) + 1).tolist() if "b" in trim else [None] * a.ndim
    box = [slice(*ends) for ends in zip(starts, stops, strict=True)]
    return a[tuple([part if i in axes else slice(None) for i, part in enumerate(box)])]


# -- splitting ----------------------------------------------------------------------------------


def _split(function: Any, ary: Any, sections: Any, axis: int, *rest: Any) -> Any:
    """The slices of `ary` that `function` cuts out of an array of positions along `axis`."""
    ary = as_array(ary)
    positions = np.broadcast_to(counting(axis, ary.shape), ary.shape)
    pieces = []
    for part in function(positions, raw(sections), *rest):
        start = int(part.flat[0]) if part.size else 0
        pieces.append(ary[along(axis, slice(start, start + part.shape[axis]))])
    return pieces


for _function in (np.split, np.array_split):

    @composite(
        _function,
        calls=[
            call(draw(4, 2), 2),
            call(draw(2, 4), 2, axis=-1),
            call(draw(2, 5), [1, 3], axis=1),
            call(draw(5), [2, 2, 9]),
        ],
    )
    def _split_along(
        ary: Any, indices_or_sections: Any, axis: int = 0, *, function: Any = _function
    ) -> Any:
        ary = as_array(ary)
        axis = normalize_axis_index(axis, ary.ndim)
        return _split(function, ary, indices_or_sections, axis, axis)


for _function, _axis, _arrays in (
    (np.vsplit, 0, [draw(4, 2)]),
    (np.hsplit, 1, [draw(2, 4), draw(4)]),
    (np.dsplit, 2, [draw(1, 2, 4)]),
):

    @composite(_function, calls=[call(array, n) for array in _arrays for n in (2, [1])])
    def _split_fixed(
        ary: Any, indices_or_sections: Any, *, function: Any = _function, axis: int = _axis
    ) -> Any:
        ary = as_array(ary)
        if ary.ndim <= axis and (axis != 1 or ary.ndim != 1):
            return function(raw(ary), indices_or_sections)  # NumPy's error
        return _split(function, ary, indices_or_sections, min(axis, ary.ndim - 1))


if hasattr(np, "unstack"):

    @composite(np.unstack, calls=[call(draw(2, 3)), call(draw(2, 3), axis=-1)])
    def _unstack(x: Any, /, *, axis: int = 0) -> Any:
        return tuple(np.moveaxis(as_array(x), axis, 0))
