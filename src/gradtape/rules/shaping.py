"""Functions that move entries: reshaping, permuting, repeating, copying.

A few linear primitives carry everything; NumPy's functions are composites of them. Where a
function only permutes axes or changes the shape, NumPy itself is asked for the outcome on the bare
array (a view, so it costs nothing), which keeps its conventions and errors.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradtape.core.batching import leading, past, renamed
from gradtape.core.cotangents import DEAD, project
from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw, real_only
from gradtape.core.rules import composite, constant, linear, raw
from gradtape.rules.arguments import as_array, holds_tensor, inverse, lengths, outline

# -- reshaping ----------------------------------------------------------------------------------


def reshaped(a: Any, *, shape: tuple[int, ...]) -> Any:
    """The entries of `a`, in C order, in another shape."""
    return np.reshape(a, shape)


def _sizes(shape: tuple[int, ...], old: tuple[int, ...]) -> tuple[int, ...]:
    """`shape` with the length that -1 stands for."""
    if -1 not in shape:
        return shape
    known = -math.prod(shape)
    return tuple([math.prod(old) // max(known, 1) if n == -1 else n for n in shape])


linear(
    reshaped,
    lambda g, a, *, shape: np.reshape(g, a.shape),
    moves=True,
    batch=renamed(shape=lambda shape, a: (a.shape[0], *_sizes(shape, a.shape[1:]))),
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
    new = lengths(newshape if shape is None else shape)
    if order == "C" or _reads_rows(a, order):
        return apply(reshaped, (a,), {"shape": new})
    return np.transpose(apply(reshaped, (np.transpose(a),), {"shape": new[::-1]}))


@composite(
    np.ravel,
    calls=[call(draw(2, 3)), call(draw(2, 3, 2), order="F"), call(draw(2, 3), "K"), call(draw())],
)
def _ravel(a: Any, order: Any = "C") -> Any:
    a = as_array(a)
    if order == "K":  # the order in memory
        strides = getattr(raw(a), "strides", None) or range(a.ndim, 0, -1)
        a = np.transpose(a, sorted(range(len(strides)), key=lambda axis: -abs(strides[axis])))
    return np.reshape(a, -1, order="C" if order == "K" else order)


def _reads_rows(a: Any, order: str) -> bool:
    """Whether `order` is C for `a`: "A" means F for an array that is laid out so, and only so."""
    flags = getattr(raw(a), "flags", None)
    return order == "A" and not (flags is not None and flags.fnc)


for _function, _calls in (
    (np.squeeze, [call(draw(1, 3, 1)), call(draw(1, 3, 1), axis=-1), call(draw(1, 2, 1), (0, 2))]),
    (np.expand_dims, [call(draw(2, 3), 1), call(draw(3), axis=(0, -1)), call(draw(), 0)]),
):

    @composite(_function, calls=_calls)
    def _with_ones(a: Any, axis: Any = None, *, function: Any = _function) -> Any:
        a = as_array(a)
        return apply(reshaped, (a,), {"shape": function(outline(a), axis).shape})


for _function in (np.atleast_1d, np.atleast_2d, np.atleast_3d):

    @composite(_function, calls=[call(draw(*shape)) for shape in ((), (3,), (2, 3), (2, 1, 2))])
    def _at_least(*arrays: Any, function: Any = _function) -> Any:
        kept = [as_array(a) for a in arrays]
        grown = tuple(apply(reshaped, (a,), {"shape": function(outline(a)).shape}) for a in kept)
        return grown[0] if len(grown) == 1 else grown


# -- permuting axes -----------------------------------------------------------------------------


def transposed(a: Any, *, axes: tuple[int, ...]) -> Any:
    """`a` with its axes in the order `axes`."""
    return np.transpose(a, axes)


linear(
    transposed,
    lambda g, a, *, axes: np.transpose(g, inverse(axes)),
    moves=True,
    batch=renamed(axes=lambda axes, a: (0, *past(axes, len(axes)))),
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
    batch=renamed(axis=lambda axis, a: past(axis, a.ndim - 1)),
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
        function(outline(m))  # its error for an array of too low a rank
        return apply(flipped, (m,), {"axis": axis})


@composite(
    np.rot90, calls=[call(draw(2, 3), k) for k in range(4)] + [call(draw(2, 3, 2), -1, (2, 1))]
)
def _rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    m = as_array(m)
    np.rot90(outline(m), k, axes)  # its errors for axes that do not fit
    first, second = axes
    k = k % 4
    if k % 2 == 0:
        return apply(flipped, (m,), {"axis": (first, second) if k else ()})
    turned = np.swapaxes(m, first, second)
    return np.flip(turned, first if k == 1 else second)


def rolled(a: Any, *, shift: Any, axis: Any) -> Any:
    """`a` with entries moved on by `shift` along `axis`, and round."""
    return np.roll(a, shift, axis)


def _roll_examples(rolled: Any, values: Any, _: Any, options: Any) -> Any:
    (a,), shift, axis = values, options["shift"], options["axis"]
    if axis is None:
        return rolled(a.reshape((a.shape[0], -1)), shift=shift, axis=1).reshape(a.shape)
    return rolled(a, shift=shift, axis=past(axis, a.ndim - 1))


linear(
    rolled,
    lambda g, a, *, shift, axis: np.roll(g, np.negative(shift), axis),
    moves=True,
    batch=_roll_examples,
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


def _broadcast_examples(broadcasted: Any, values: Any, _: Any, options: Any) -> Any:
    (a,), shape = values, options["shape"]
    ones = (1,) * (len(shape) - a.ndim + 1)
    a = a.reshape((a.shape[0], *ones, *a.shape[1:]))
    return broadcasted(a, shape=(a.shape[0], *shape))


linear(
    broadcasted,
    lambda g, a, *, shape: DEAD if 0 in shape else project(g, a),
    moves=True,
    batch=_broadcast_examples,
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
    return apply(broadcasted, (as_array(array),), {"shape": lengths(shape)})


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
    thin = np.meshgrid(*map(outline, arrays), sparse=True, indexing=indexing)
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
    times = lengths(reps)
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
    a, shape = np.ravel(as_array(a)), lengths(new_shape)
    if any(length < 0 for length in shape):
        raise ValueError("all elements of `new_shape` must be non-negative")
    size = math.prod(shape)
    if not size or not a.size:
        return np.zeros_like(a, shape=shape)
    return np.reshape(np.tile(a, -(-size // a.size))[:size], shape)


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
    batch=leading(0),
    calls=[
        call(draw(2, 3), np.complex128),
        call(draw(2, 3), np.float64, copy=False),
        call(draw(), dtype=float),
    ],
)

if hasattr(np, "astype"):

    @composite(
        np.astype,
        calls=[
            call(draw(2), np.complex128),
            call(draw(2, domain=real_only), np.float64, copy=False),  # NumPy's own warns
        ],
    )
    def _astype_function(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
        return apply(np.ndarray.astype, (x, dtype), {"copy": copy})


@composite(np.copy, calls=[call(draw(2, 3)), call(draw(), order="C")])
def _copy(a: Any, order: Any = "K", subok: bool = False) -> Any:
    a = as_array(a)
    return apply(np.ndarray.astype, (a, a.dtype), {"order": order})


# -- like another array -------------------------------------------------------------------------


def _filled(a: Any, fill_value: Any, **options: Any) -> Any:
    return np.full_like(a, fill_value, **options)


constant(_filled, of_outline=True)


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
    if not holds_tensor(fill_value) and not hasattr(fill_value, "examples"):
        return apply(_filled, (a, fill_value), {"dtype": dtype, "order": order, "shape": shape})
    spec = raw(as_array(a))
    fill = as_array(fill_value).astype(spec.dtype if dtype is None else dtype)
    return np.broadcast_to(fill, spec.shape if shape is None else shape)


# -- what carries no gradient -------------------------------------------------------------------

# Of a batch, too, the same for every example: what is as large as one example will do.
constant(np.zeros_like, np.ones_like, np.empty_like, of_outline=True)
constant(np.shape, np.ndim, np.size, np.iscomplexobj, np.isrealobj, of_outline=True)
constant(np.result_type, np.can_cast, np.common_type, np.min_scalar_type, of_outline=True)
constant(np.isscalar)
constant(np.array_equal, np.array_equiv, np.allclose)
constant(np.may_share_memory, np.shares_memory)
constant(np.array_repr, np.array_str, np.array2string)
constant(np.save, np.savez, np.savez_compressed, np.savetxt)  # a copy on disk: nothing is lost
