"""Functions that move entries: reshaping, joining, splitting, repeating, padding, diagonals.

A dozen linear primitives carry everything; NumPy's functions are composites of them. Where a
function only permutes axes or changes the shape, NumPy itself is asked for the outcome on the bare
array (a view, so it costs nothing), which keeps its conventions and errors.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradtape.core.cotangents import project
from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw, real_only
from gradtape.core.handle import Handle
from gradtape.core.rules import composite, constant, linear, raw, variadic

# The variables of the loops that register functions which differ only in data.
_function: Any
_calls: Any
_axis: Any
_prepare: Any
_shapes: Any

# -- what NumPy's signatures accept -------------------------------------------------------------


def as_array(x: Any) -> Any:
    """`x` as an array or Tensor; a list with Tensors anywhere in it is stacked and recorded."""
    if hasattr(x, "shape"):
        return x
    return np.stack([as_array(part) for part in x]) if _holds_tensor(x) else np.asarray(x)


def refuse_out(out: Any, name: str) -> None:
    """Raise a TypeError if `out` is given."""
    if out is not None:
        raise TypeError(f"Assign the result of {name} instead of passing out=.")


def _holds_tensor(x: Any) -> bool:
    return isinstance(x, Handle) or (isinstance(x, (list, tuple)) and any(map(_holds_tensor, x)))


def _lengths(shape: Any) -> tuple[int, ...]:
    """A shape argument as a tuple of Python integers."""
    shape = raw(shape)
    if np.iterable(shape):
        return tuple(map(operator.index, shape))
    return (operator.index(shape),)


def _along(axis: int, index: Any) -> tuple[Any, ...]:
    """The index that applies `index` to one axis."""
    return (*(slice(None),) * axis, index)


# -- reshaping ----------------------------------------------------------------------------------


def reshaped(a: Any, *, shape: tuple[int, ...]) -> Any:
    """The entries of `a`, in C order, in another shape."""
    return np.reshape(a, shape)


linear(
    reshaped,
    lambda g, a, *, shape: np.reshape(g, a.shape),
    moves=True,
    calls=[
        call(draw(2, 3), shape=(3, 2)),
        call(draw(), shape=(1, 1)),
        call(draw(0, 2), shape=(0,)),
    ],
)


@composite(
    np.reshape,
    calls=[
        call(draw(2, 6), (3, -1)),
        call(draw(2, 3, 2), 12),
        call(draw(2, 3, 2), (4, 3), order="F"),
        call(draw(2, 6), [3, 2, 2], "A"),
        call(draw(), (1, 1)),
    ],
)
def _reshape(
    a: Any, /, shape: Any = None, order: str = "C", *, newshape: Any = None, copy: Any = None
) -> Any:
    a = as_array(a)
    lengths = _lengths(newshape if shape is None else shape)
    if order == "C" or _reads_rows(a, order):
        return apply(reshaped, (a,), {"shape": lengths})
    return np.transpose(apply(reshaped, (np.transpose(a),), {"shape": lengths[::-1]}))


@composite(
    np.ravel,
    calls=[call(draw(2, 3)), call(draw(2, 3, 2), order="F"), call(draw(2, 3), "K"), call(draw())],
)
def _ravel(a: Any, order: Any = "C") -> Any:
    a = as_array(a)
    if order == "K":  # the order in memory
        strides = getattr(raw(a), "strides", ())
        a = np.transpose(a, sorted(range(len(strides)), key=lambda axis: -abs(strides[axis])))
    return np.reshape(a, -1, order="C" if order == "K" else order)


def _reads_rows(a: Any, order: str) -> bool:
    """Whether `order` is C for `a`: "A" means F for an array that is laid out so, and only so."""
    return order == "A" and not raw(a).flags.fnc


for _function, _calls in (
    (np.squeeze, [call(draw(1, 3, 1)), call(draw(1, 3, 1), axis=-1), call(draw(1, 2, 1), (0, 2))]),
    (np.expand_dims, [call(draw(2, 3), 1), call(draw(3), axis=(0, -1)), call(draw(), 0)]),
):

    @composite(_function, calls=_calls)
    def _with_ones(a: Any, axis: Any = None, *, function: Any = _function) -> Any:
        a = as_array(a)
        return apply(reshaped, (a,), {"shape": function(raw(a), axis).shape})


for _function in (np.atleast_1d, np.atleast_2d, np.atleast_3d):

    @composite(_function, calls=[call(draw(*shape)) for shape in ((), (3,), (2, 3), (2, 1, 2))])
    def _at_least(*arrays: Any, function: Any = _function) -> Any:
        kept = [as_array(a) for a in arrays]
        grown = tuple(apply(reshaped, (a,), {"shape": function(raw(a)).shape}) for a in kept)
        return grown[0] if len(grown) == 1 else grown


# -- permuting axes -----------------------------------------------------------------------------


def transposed(a: Any, *, axes: tuple[int, ...]) -> Any:
    """`a` with its axes in the order `axes`."""
    return np.transpose(a, axes)


linear(
    transposed,
    lambda g, a, *, axes: np.transpose(g, sorted(range(len(axes)), key=axes.__getitem__)),
    moves=True,
    calls=[call(draw(2, 3, 4), axes=(2, 0, 1)), call(draw(), axes=())],
)

_PERMUTATIONS = [
    (
        np.transpose,
        [call(draw(2, 3)), call(draw(2, 3, 4), (1, -1, 0)), call(draw(3)), call(draw())],
    ),
    (np.moveaxis, [call(draw(2, 3, 4), 0, -1), call(draw(2, 3, 4), (0, 1), [2, 0])]),
    (np.rollaxis, [call(draw(2, 3, 4), 2), call(draw(2, 3, 4), 0, start=2)]),
    (np.swapaxes, [call(draw(2, 3, 4), 0, -1), call(draw(2, 3), axis1=1, axis2=0)]),
    (np.matrix_transpose, [call(draw(2, 3)), call(draw(2, 3, 4))]),
]

for _function, _calls in _PERMUTATIONS:

    @composite(_function, calls=_calls)
    def _permute(a: Any, *args: Any, function: Any = _function, **options: Any) -> Any:
        a = as_array(a)
        # The lengths of this empty array are the numbers of its axes.
        numbered = np.empty(tuple(range(a.ndim)), bool)
        args = tuple([raw(arg) for arg in args])
        return apply(transposed, (a,), {"axes": function(numbered, *args, **options).shape})


# -- reversing and rolling ----------------------------------------------------------------------


def flipped(a: Any, *, axis: Any) -> Any:
    """`a` in reverse order along `axis`."""
    return np.flip(a, axis)


linear(
    flipped,
    lambda g, a, *, axis: np.flip(g, axis),
    moves=True,
    calls=[call(draw(2, 3), axis=(0, 1))],
)


@composite(
    np.flip,
    calls=[call(draw(2, 3)), call(draw(2, 3), 1), call(draw(2, 3, 2), axis=(0, -1)), call(draw())],
)
def _flip(m: Any, axis: Any = None) -> Any:
    return apply(flipped, (as_array(m),), {"axis": axis})


for _function, _axis in ((np.fliplr, 1), (np.flipud, 0)):

    @composite(_function, calls=[call(draw(2, 3)), call(draw(2, 3, 2))])
    def _flip_one(m: Any, *, function: Any = _function, axis: int = _axis) -> Any:
        m = as_array(m)
        function(raw(m))  # its error for an array of too low a rank
        return apply(flipped, (m,), {"axis": axis})


@composite(
    np.rot90, calls=[call(draw(2, 3), k) for k in range(4)] + [call(draw(2, 3, 2), -1, (2, 1))]
)
def _rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    m = as_array(m)
    np.rot90(raw(m), k, axes)  # its errors for axes that do not fit
    first, second = axes
    k = k % 4
    if k % 2 == 0:
        return apply(flipped, (m,), {"axis": (first, second) if k else ()})
    turned = np.swapaxes(m, first, second)
    return np.flip(turned, first if k == 1 else second)


def rolled(a: Any, *, shift: Any, axis: Any) -> Any:
    """`a` with entries moved on by `shift` along `axis`, and round."""
    return np.roll(a, shift, axis)


linear(
    rolled,
    lambda g, a, *, shift, axis: np.roll(g, np.negative(shift), axis),
    moves=True,
    calls=[call(draw(2, 3), shift=2, axis=None), call(draw(2, 3), shift=(1, 2), axis=(0, 1))],
)


@composite(
    np.roll,
    calls=[
        call(draw(2, 3), 2),
        call(draw(2, 3), -1, axis=1),
        call(draw(2, 3), (1, 2), axis=(0, 1)),
        call(draw(2, 3), 1, axis=(0, 1)),
    ],
)
def _roll(a: Any, shift: Any, axis: Any = None) -> Any:
    return apply(rolled, (as_array(a),), {"shift": raw(shift), "axis": axis})


# -- broadcasting and repeating -----------------------------------------------------------------


def broadcasted(a: Any, *, shape: tuple[int, ...]) -> Any:
    """`a` repeated to `shape` by NumPy's broadcasting."""
    return np.broadcast_to(a, shape)


linear(
    broadcasted,
    lambda g, a, *, shape: project(g, a),
    moves=True,
    calls=[call(draw(3, 1), shape=(2, 3, 4)), call(draw(), shape=(2,)), call(draw(1), shape=(0,))],
)


@composite(
    np.broadcast_to,
    calls=[
        call(draw(3), (2, 3)),
        call(draw(2, 1), shape=(2, 3)),
        call(draw(), 4),
        call(draw(), ()),
    ],
)
def _broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    return apply(broadcasted, (as_array(array),), {"shape": _lengths(shape)})


@composite(np.broadcast_arrays, calls=[call(draw(3), draw(2, 1), draw()), call(draw(2))])
def _broadcast_arrays(*args: Any, subok: bool = False) -> Any:
    arrays = [as_array(a) for a in args]
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    return tuple(apply(broadcasted, (a,), {"shape": shape}) for a in arrays)


@composite(
    np.meshgrid,
    calls=[
        call(draw(2), draw(3)),
        call(draw(2), draw(3), draw(2), indexing="ij"),
        call(draw(2), draw(), sparse=True),
        call(draw(3)),
    ],
)
def _meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    arrays = [as_array(x) for x in xi]
    thin = np.meshgrid(*map(raw, arrays), sparse=True, indexing=indexing)
    grids = tuple(
        apply(reshaped, (x,), {"shape": t.shape}) for x, t in zip(arrays, thin, strict=True)
    )
    return grids if sparse or not grids else np.broadcast_arrays(*grids)


@composite(
    np.tile,
    calls=[
        call(draw(3), 2),
        call(draw(2, 3), (2, 1)),
        call(draw(2, 3), (2, 1, 3)),
        call(draw(2, 3), 2),
        call(draw(), (2, 2)),
    ],
)
def _tile(A: Any, reps: Any) -> Any:  # noqa: N803 (NumPy's name)
    a = as_array(A)
    times = _lengths(reps)
    times = (1,) * (a.ndim - len(times)) + times
    shape = (1,) * (len(times) - a.ndim) + a.shape
    spread = [length for n in shape for length in (1, n)]
    full = [length for t, n in zip(times, shape, strict=True) for length in (t, n)]
    copies = np.broadcast_to(np.reshape(a, spread), full)
    return np.reshape(copies, [t * n for t, n in zip(times, shape, strict=True)])


@composite(
    np.repeat,
    calls=[
        call(draw(2, 3), 2),
        call(draw(2, 3), 2, axis=0),
        call(draw(2, 3), 3, axis=-1),
        call(draw(2, 3), [2, 0, 3], axis=1),
        call(draw(2), np.array([1, 2])),
        call(draw(), 3),
    ],
)
def _repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    a = as_array(a)
    if axis is None:
        a, axis = np.ravel(a), 0
    axis = normalize_axis_index(axis, a.ndim)
    times = np.asarray(raw(repeats))
    length = a.shape[axis]
    if times.size != 1:
        return np.take(a, np.repeat(np.arange(length), times), axis=axis)
    each = int(times.reshape(()))
    shape, rest = a.shape[: axis + 1], a.shape[axis + 1 :]
    copies = np.broadcast_to(np.expand_dims(a, axis + 1), (*shape, each, *rest))
    return np.reshape(copies, (*shape[:-1], length * each, *rest))


@composite(
    np.resize,
    calls=[call(draw(2, 3), (2, 2)), call(draw(2, 3), (4, 4)), call(draw(3), 7), call(draw(2), 0)],
)
def _resize(a: Any, new_shape: Any) -> Any:
    a, shape = np.ravel(as_array(a)), _lengths(new_shape)
    if any(length < 0 for length in shape):
        raise ValueError("all elements of `new_shape` must be non-negative")
    size = math.prod(shape)
    if not size or not a.size:
        return np.zeros_like(a, shape=shape)
    return np.reshape(np.tile(a, -(-size // a.size))[:size], shape)


# -- joining ------------------------------------------------------------------------------------


def concat(*arrays: Any, axis: int = 0) -> Any:
    """`arrays` one after the other along `axis`."""
    return np.concatenate(arrays, axis=axis)


def _concat_transpose(g: Any, position: int, *arrays: Any, axis: int = 0) -> Any:
    start = sum([a.shape[axis] for a in arrays[:position]])
    return g[_along(axis, slice(start, start + arrays[position].shape[axis]))]


variadic(
    concat,
    _concat_transpose,
    moves=True,
    calls=[call(draw(2, 3), draw(1, 3)), call(draw(2, 1), draw(2, 2), draw(2, 0), axis=1)],
)


def stack(*arrays: Any, axis: int = 0) -> Any:
    """`arrays` of one shape side by side along a new axis."""
    return np.stack(arrays, axis=axis)


variadic(
    stack,
    lambda g, position, *arrays, axis=0: g[_along(axis, position)],
    moves=True,
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
    refuse_out(out, "numpy.concatenate")
    members = _members(arrays, dtype)
    if axis is None:
        members, axis = [np.ravel(a) for a in members], 0
    if members:
        axis = normalize_axis_index(axis, max(members[0].ndim, 1))
    return apply(concat, members, {"axis": axis})


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
    refuse_out(out, "numpy.stack")
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


# -- splitting ----------------------------------------------------------------------------------


def _split(function: Any, ary: Any, sections: Any, axis: int, *rest: Any) -> Any:
    """The slices of `ary` that `function` cuts out of an array of positions along `axis`."""
    ary = as_array(ary)
    shape = [1] * ary.ndim
    shape[axis] = -1
    positions = np.broadcast_to(np.arange(ary.shape[axis]).reshape(shape), ary.shape)
    pieces = []
    for part in function(positions, raw(sections), *rest):
        start = int(part.flat[0]) if part.size else 0
        pieces.append(ary[_along(axis, slice(start, start + part.shape[axis]))])
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


for _function, _axis, _shapes in (
    (np.vsplit, 0, [(4, 2)]),
    (np.hsplit, 1, [(2, 4), (4,)]),
    (np.dsplit, 2, [(1, 2, 4)]),
):

    @composite(_function, calls=[call(draw(*s), n) for s in _shapes for n in (2, [1])])
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


# -- diagonals and triangles --------------------------------------------------------------------


def diagonals(a: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    """The diagonals of the matrices along two axes of `a`, as a last axis."""
    return np.diagonal(a, offset, axis1, axis2)


def matrices_of(v: Any, *, shape: tuple[int, int], offset: int) -> Any:
    """Matrices of zeros with the last axis of `v` on a diagonal."""
    matrices = np.zeros_like(v, shape=(*v.shape[:-1], *shape))
    row = np.arange(v.shape[-1]) + max(-offset, 0)
    matrices[..., row, row + offset] = v
    return matrices


def _diagonals_transpose(g: Any, a: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    options = {"shape": (a.shape[axis1], a.shape[axis2]), "offset": offset}
    return np.moveaxis(_matrices_of(g, options), (-2, -1), (axis1, axis2))


def _matrices_of(v: Any, options: dict[str, Any]) -> Any:
    return apply(matrices_of, (v,), options) if isinstance(v, Handle) else matrices_of(v, **options)


linear(
    diagonals,
    _diagonals_transpose,
    moves=True,
    calls=[call(draw(2, 3, 4), offset=1, axis1=2, axis2=0)],
)
linear(
    matrices_of,
    lambda g, v, *, shape, offset: np.diagonal(g, offset, -2, -1),
    moves=True,
    calls=[
        call(draw(2, 3), shape=(3, 3), offset=0),
        call(draw(2), shape=(2, 4), offset=1),
        call(draw(2), shape=(3, 2), offset=-1),
    ],
)


@composite(
    np.diagonal,
    calls=[
        call(draw(3, 3)),
        call(draw(2, 4), offset=1),
        call(draw(4, 2), -2),
        call(draw(2, 3, 4), axis1=2, axis2=1),
        call(draw(2, 3, 4), -1, 0, -1),
        call(draw(2, 2), 5),
    ],
)
def _diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    options = {"offset": operator.index(offset), "axis1": axis1, "axis2": axis2}
    return apply(diagonals, (as_array(a),), options)


@composite(
    np.diag,
    calls=[
        call(draw(3)),
        call(draw(2), k=1),
        call(draw(2), -2),
        call(draw(2, 3)),
        call(draw(3, 2), 1),
    ],
)
def _diag(v: Any, k: int = 0) -> Any:
    v = as_array(v)
    if v.ndim == 2:
        return np.diagonal(v, k)
    if v.ndim != 1:
        raise ValueError("Input must be 1- or 2-d.")
    length = v.shape[0] + abs(k)
    return apply(matrices_of, (v,), {"shape": (length, length), "offset": k})


@composite(np.diagflat, calls=[call(draw(2, 2)), call(draw(2), k=-1), call(draw())])
def _diagflat(v: Any, k: int = 0) -> Any:
    return np.diag(np.ravel(as_array(v)), k)


@composite(
    np.trace,
    calls=[call(draw(3, 3)), call(draw(2, 4), 1), call(draw(2, 3, 4), axis1=2, axis2=0)],
)
def _trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Any:
    refuse_out(out, "numpy.trace")
    return np.sum(np.diagonal(as_array(a), offset, axis1, axis2), axis=-1, dtype=dtype)


for _function in (np.tril, np.triu):

    @composite(
        _function,
        calls=[call(draw(3, 3)), call(draw(2, 2, 4), k=1), call(draw(3, 2), -1), call(draw(2))],
    )
    def _triangle(m: Any, k: int = 0, *, function: Any = _function) -> Any:
        m = as_array(m)
        mask = function(np.ones(m.shape[-2:], bool), k)
        # As a selection, so that an infinite derivative outside the triangle does no harm.
        return np.where(mask, m, np.zeros((), m.dtype))


# -- copies and dtypes --------------------------------------------------------------------------


def _astype(x: Any, dtype: Any, *args: Any, **options: Any) -> Any:
    """``x.astype(dtype)``; a complex number becomes its real part without a warning."""
    if x.dtype.kind == "c" and np.dtype(dtype).kind not in "cbO":
        x = x.real
    return x.astype(dtype, *args, **options)


linear(
    np.ndarray.astype,
    lambda g, x, *args, **options: g,
    compute=_astype,
    moves=True,
    calls=[
        call(draw(2, 3), np.complex128),
        call(draw(2, 3), np.float64, copy=False),
        call(draw(domain=real_only), dtype=float),
    ],
)

if hasattr(np, "astype"):

    @composite(
        np.astype,
        calls=[
            call(draw(2), np.complex128),
            call(draw(2, domain=real_only), np.float64, copy=False),
        ],
    )
    def _astype_function(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
        return apply(np.ndarray.astype, (x, dtype), {"copy": copy})


@composite(np.copy, calls=[call(draw(2, 3)), call(draw(), order="C")])
def _copy(a: Any, order: Any = "K", subok: bool = False) -> Any:
    a = as_array(a)
    return apply(np.ndarray.astype, (a, a.dtype), {"order": order})


# -- padding ------------------------------------------------------------------------------------


def padded(a: Any, *, widths: Any) -> Any:
    """`a` in a frame of zeros."""
    return np.pad(a, widths)


linear(
    padded,
    lambda g, a, *, widths: g[
        tuple([slice(w, w + n) for (w, _), n in zip(widths, a.shape, strict=True)])
    ],
    moves=True,
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
    edges = a[_along(axis, slice(0, 1))], a[_along(axis, slice(last, None))]
    ramps = []
    for edge, end, width in zip(edges, ends, widths, strict=True):
        steps = np.arange(width).reshape((-1,) + (1,) * (a.ndim - axis - 1))
        ramps.append(steps * ((edge - end) / max(width, 1)) + end)
    return _framed(a, axis, widths, ramps[0], np.flip(ramps[1], axis))


def _pad_statistic(function: Any) -> Any:
    def extend(a: Any, axis: int, widths: Sequence[int], lengths: Any) -> Any:
        n = a.shape[axis]
        first, last = (n if length is None else min(int(length), n) for length in lengths)
        before = function(a[_along(axis, slice(0, first))], axis=axis, keepdims=True)
        after = function(a[_along(axis, slice(n - last, n))], axis=axis, keepdims=True)
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
        head, tail = a[_along(axis, slice(0, 1))], a[_along(axis, slice(n - 1, n))]
        start = a[_along(axis, slice(skip, skip + left))]
        end = a[_along(axis, slice(n - skip - right, n - skip))]
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
        call(draw(4, 3, domain=real_only), ((1, 2), (0, 1)), mode, stat_length=length)
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
    plain = {key: 0 if _holds_tensor(value) else value for key, value in options.items()}
    if a.dtype.kind not in "fc":
        return apply(_pad_exactly, (a, pad_width, mode), options)
    np.pad(np.zeros((1,) * a.ndim), pad_width, mode, **plain)  # NumPy's errors
    if isinstance(pad_width, dict):
        frame = dict.fromkeys(range(a.ndim), (0, 0))
        frame.update({axis % a.ndim: width for axis, width in pad_width.items()})
        pad_width = [np.broadcast_to(frame[axis], 2) for axis in range(a.ndim)]
    widths = [(int(before), int(after)) for before, after in _pairs(pad_width, a.ndim)]
    name, extend = _PADS.get(mode, ("", None))
    option = options.get(name, 0 if mode in ("constant", "linear_ramp") else None)
    if mode == "empty" or (mode == "constant" and option.__class__ is int and not option):
        return apply(padded, (a,), {"widths": tuple(widths)})
    if name == "reflect_type":
        per_axis = [option] * a.ndim
    else:
        per_axis = [(None, None)] * a.ndim if option is None else _pairs(option, a.ndim)
    for axis in [axis for axis, width in enumerate(widths) if any(width)]:
        if not a.shape[axis] and mode != "constant":
            raise ValueError(
                f"can't extend empty axis {axis} using modes other than 'constant' or 'empty'"
            )
        a = extend(a, axis, widths[axis], per_axis[axis])
    return a if any(map(any, widths)) else np.copy(a)


def _pairs(values: Any, ndim: int) -> list[Any]:
    """A value for both ends of each axis, given as one value, one pair, or a pair for each axis."""
    values = as_array(values)
    table = np.broadcast_to(np.reshape(values, ()) if values.size == 1 else values, (ndim, 2))
    return [(table[axis, 0], table[axis, 1]) for axis in range(ndim)]


# -- like another array -------------------------------------------------------------------------


def _filled(a: Any, fill_value: Any, **options: Any) -> Any:
    return np.full_like(a, fill_value, **options)


constant(_filled)


@composite(
    np.full_like,
    calls=[call(draw(2, 3), 2.5), call(draw(2, 3), (1, 2, 3)), call(draw(2), 1.5, shape=(2, 2))],
)
def _full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: bool = True,
    *,
    device: Any = None,
    shape: Any = None,
) -> Any:
    if not _holds_tensor(fill_value):
        return apply(_filled, (a, fill_value), {"dtype": dtype, "order": order, "shape": shape})
    spec = raw(as_array(a))
    fill = as_array(fill_value).astype(spec.dtype if dtype is None else dtype)
    return np.broadcast_to(fill, spec.shape if shape is None else shape)


# -- what carries no gradient -------------------------------------------------------------------

constant(np.zeros_like, np.ones_like, np.empty_like)
constant(
    np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.common_type, np.min_scalar_type
)
constant(np.isscalar, np.iscomplexobj, np.isrealobj)
constant(np.array_equal, np.array_equiv, np.allclose, np.isclose)
constant(np.may_share_memory, np.shares_memory)
constant(np.array_repr, np.array_str, np.array2string)
