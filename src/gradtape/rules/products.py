"""Products: matmul and its relatives, outer products, kron, cross, tensordot.

The transposes of a bilinear map conjugate the other operand. Everything reduces to a few bilinear
primitives: `matmul`, `tensordot`, and products of vectors.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from gradtape.core.batching import aligned, leading
from gradtape.core.cotangents import project
from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw
from gradtape.core.rules import bilinear, composite
from gradtape.rules.arguments import as_array, conj, inverse, refuse_out
from gradtape.rules.matrices import adjoint

# -- matmul -------------------------------------------------------------------------------------


def _dense(g: Any) -> Any:
    """`g`, copied if it is one number broadcast, which BLAS cannot read."""
    return g.copy() if 0 in getattr(g, "strides", ()) else g


def _matmul_first(g: Any, a: Any, b: Any, **options: Any) -> Any:
    if options:
        _refuse_axes(options)
    if len(a.shape) == 2 == len(b.shape):
        return _dense(g) @ conj(b.T)
    g, b = _as_matrices(g, a, b), b if b.ndim > 1 else np.expand_dims(b, 1)
    if a.ndim <= 2 and b.ndim > 2:
        # One matrix for the whole batch: contract the batch too, instead of summing products.
        batch = (*range(g.ndim - 2), g.ndim - 1)
        c = np.tensordot(g, conj(b), axes=(batch, batch))
    else:
        c = _dense(g) @ adjoint(b)
    return np.reshape(c, a.shape) if a.ndim < 2 else project(c, a)


def _matmul_second(g: Any, a: Any, b: Any, **options: Any) -> Any:
    if options:
        _refuse_axes(options)
    if len(a.shape) == 2 == len(b.shape):
        return conj(a.T) @ _dense(g)
    g, a = _as_matrices(g, a, b), a if a.ndim > 1 else np.expand_dims(a, 0)
    if b.ndim <= 2 and a.ndim > 2:
        batch = tuple(range(g.ndim - 1))
        c = np.tensordot(conj(a), g, axes=(batch, batch))
    else:
        c = adjoint(a) @ _dense(g)
    return np.reshape(c, b.shape) if b.ndim < 2 else project(c, b)


def _refuse_axes(options: dict[str, Any]) -> None:
    if "axes" in options:
        raise TypeError("Move the axes of numpy.matmul with numpy.moveaxis instead of axes=.")


def _as_matrices(g: Any, a: Any, b: Any) -> Any:
    """`g` with the axes that the product dropped for vectors."""
    if b.ndim == 1:
        g = np.expand_dims(g, -1)
    return np.expand_dims(g, -2) if a.ndim == 1 else g


_MATMUL_SHAPES = [
    ((2, 3), (3, 4)),
    ((3,), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3,)),
    ((3,), (2, 3, 2)),
    ((2, 2, 3), (3,)),
    ((2, 3), (2, 3, 2)),
    ((2, 2, 3), (3, 2)),
    ((2, 2, 3), (2, 3, 2)),
    ((2, 1, 2, 3), (2, 3, 2)),
    ((1, 2, 3), (2, 3, 1)),
    ((2, 0), (0, 3)),
]


def _multiply_examples(matmul: Any, values: Any, batched: Any, options: Any) -> Any:
    """One product for all examples where one factor is shared, a stack of products elsewhere."""
    if "axes" in options:
        return NotImplemented
    (a, b), (own_a, own_b) = values, batched
    rank_a, rank_b = a.ndim - own_a, b.ndim - own_b
    if rank_a == 1 and not own_b and rank_b <= 2:
        return matmul(a, b)
    if rank_b == 1 and not own_a and rank_a <= 2:
        return matmul(b, np.swapaxes(a, -1, -2) if rank_a == 2 else a)
    if rank_b == 2 and not own_b:
        rows = a.reshape((-1, a.shape[-1])) if a.size else a
        return matmul(rows, b).reshape((*a.shape[:-1], b.shape[-1]))
    a = a[..., None, :] if rank_a == 1 else a
    b = b[..., None] if rank_b == 1 else b
    a, b = aligned((a, b), batched, (2, 2))
    # Many outer products are quicker as one product of entries.
    y = a * b if a.shape[-1] == b.shape[-2] == 1 and not options else matmul(a, b, **options)
    y = y[..., 0] if rank_b == 1 else y
    return y[..., 0, :] if rank_a == 1 and rank_b > 1 else y[..., 0] if rank_a == 1 else y


bilinear(
    np.matmul,
    _matmul_first,
    _matmul_second,
    batch=_multiply_examples,
    calls=[call(draw(*a), draw(*b)) for a, b in _MATMUL_SHAPES],
)

if hasattr(np, "matvec"):

    @composite(np.matvec, calls=[call(draw(2, 3), draw(3)), call(draw(2, 3), draw(4, 3))])
    def _matvec(x1: Any, x2: Any, /, **options: Any) -> Any:
        x2 = np.expand_dims(as_array(x2), -1)
        return np.squeeze(np.matmul(as_array(x1), x2, **_no_axes(options)), -1)

    @composite(np.vecmat, calls=[call(draw(3), draw(3, 2)), call(draw(4, 3), draw(2, 1, 3, 2))])
    def _vecmat(x1: Any, x2: Any, /, **options: Any) -> Any:
        x1 = np.expand_dims(conj(as_array(x1)), -2)
        return np.squeeze(np.matmul(x1, as_array(x2), **_no_axes(options)), -2)


def _no_axes(options: dict[str, Any]) -> dict[str, Any]:
    if "axes" in options or "axis" in options:
        raise TypeError("Move the axes with numpy.moveaxis instead of passing axes=.")
    return options


# -- products of vectors ------------------------------------------------------------------------

_VECTOR_SHAPES = [((3,), (3,)), ((2, 3), (3,)), ((2, 1, 3), (4, 3)), ((2, 3), (2, 3))]

# Both are linear in the conjugate of the first argument.
bilinear(
    np.vdot,
    lambda g, a, b: np.reshape(conj(g) * b, a.shape),
    lambda g, a, b: np.reshape(g * a, b.shape),
    batch=lambda vdot, values, batched, options: np.vecdot(
        *[np.reshape(x, (*x.shape[:own], -1)) for x, own in zip(values, batched, strict=True)]
    ),
    calls=[call(draw(3), draw(3)), call(draw(2, 3), draw(3, 2)), call(draw(), draw())],
)


def vecdot(a: Any, b: Any) -> Any:
    """The sum of ``conj(a) * b`` over the last axis."""
    return np.vecdot(a, b)


bilinear(
    vecdot,
    lambda g, a, b: project(np.expand_dims(conj(g), -1) * b, a),
    lambda g, a, b: project(np.expand_dims(g, -1) * a, b),
    batch=leading(1, 1),
    calls=[call(draw(*a), draw(*b)) for a, b in _VECTOR_SHAPES],
)


@composite(
    np.vecdot,
    calls=[call(draw(2, 3), draw(3)), call(draw(3, 2), draw(3, 2), axis=0)],
)
def _vecdot(x1: Any, x2: Any, /, *, axis: int = -1, keepdims: bool = False, **options: Any) -> Any:
    _no_axes(options)
    x1, x2 = as_array(x1), as_array(x2)
    if axis != -1:
        x1, x2 = np.moveaxis(x1, axis, -1), np.moveaxis(x2, axis, -1)
    y = apply(vecdot, (x1, x2))
    if keepdims:
        y = np.expand_dims(y, axis)
    return y.astype(options["dtype"]) if options.get("dtype") is not None else y


@composite(
    np.linalg.vecdot, calls=[call(draw(2, 3), draw(3)), call(draw(3, 2), draw(3, 2), axis=0)]
)
def _linalg_vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return _vecdot(x1, x2, axis=axis)


_DOT_SHAPES = [
    ((), (2, 3)),
    ((3,), ()),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 2)),
    ((2, 2, 3), (3,)),
    ((3,), (2, 3, 2)),
    ((2, 2, 3), (3, 2)),
    ((2, 3), (2, 3, 2)),
]


@composite(np.dot, calls=[call(draw(*a), draw(*b)) for a, b in _DOT_SHAPES])
def _dot(a: Any, b: Any, out: Any = None) -> Any:
    refuse_out(out, np.dot)
    a, b = as_array(a), as_array(b)
    if not a.ndim or not b.ndim:
        return apply(np.multiply, (a, b))
    if b.ndim == 1 or (b.ndim == 2 and a.ndim <= 2):
        return apply(np.matmul, (a, b))
    return np.tensordot(a, b, axes=(-1, -2))


_INNER_SHAPES = [
    ((), (2, 3)),
    ((2, 3), ()),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (2, 3)),
    ((2, 3), (4, 3)),
    ((2, 2, 3), (2, 1, 3)),
]


@composite(np.inner, calls=[call(draw(*a), draw(*b)) for a, b in _INNER_SHAPES])
def _inner(a: Any, b: Any, /) -> Any:
    a, b = as_array(a), as_array(b)
    if not a.ndim or not b.ndim:
        return apply(np.multiply, (a, b))
    if b.ndim == 1:
        return apply(np.matmul, (a, b))
    return np.tensordot(a, b, axes=(-1, -1))


def outer(a: Any, b: Any) -> Any:
    """The products of each entry of vector `a` with each of vector `b`."""
    return np.outer(a, b)


bilinear(
    outer,
    lambda g, a, b: _dense(g) @ conj(b),
    lambda g, a, b: conj(a) @ _dense(g),
    batch=lambda outer, values, batched, options: values[0][..., None] * values[1][..., None, :],
    calls=[call(draw(2), draw(3)), call(draw(0), draw(2))],
)


@composite(
    np.outer,
    calls=[call(draw(2), draw(3)), call(draw(2, 2), draw(1, 3)), call(draw(), draw(2))],
)
def _outer(a: Any, b: Any, out: Any = None) -> Any:
    refuse_out(out, np.outer)
    return apply(outer, (_as_vector(a), _as_vector(b)))


def _as_vector(x: Any) -> Any:
    x = as_array(x)
    return x if x.ndim == 1 else np.ravel(x)


@composite(np.linalg.outer, calls=[call(draw(2), draw(3))])
def _linalg_outer(x1: Any, x2: Any, /) -> Any:
    x1, x2 = as_array(x1), as_array(x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(
            f"Pass one-dimensional arrays to numpy.linalg.outer: got ranks {x1.ndim} and {x2.ndim}."
        )
    return apply(outer, (x1, x2))


_KRON_SHAPES = [((2,), (3,)), ((2, 2), (1, 3)), ((2,), (2, 3)), ((1, 2, 2), (3,)), ((), (2,))]


@composite(np.kron, calls=[call(draw(*a), draw(*b)) for a, b in _KRON_SHAPES])
def _kron(a: Any, b: Any) -> Any:
    a, b = as_array(a), as_array(b)
    if not a.ndim or not b.ndim:
        return apply(np.multiply, (a, b))
    rank = max(a.ndim, b.ndim)
    rows = (1,) * (rank - a.ndim) + a.shape
    columns = (1,) * (rank - b.ndim) + b.shape
    product = np.reshape(a, [length for n in rows for length in (n, 1)]) * np.reshape(
        b, [length for n in columns for length in (1, n)]
    )
    return np.reshape(product, [m * n for m, n in zip(rows, columns, strict=True)])


def cross(a: Any, b: Any) -> Any:
    """The vector product of three-dimensional vectors along the last axis."""
    return np.cross(a, b)


# <g, da x b> = <da, b x g>, and likewise for b.
bilinear(
    cross,
    lambda g, a, b: project(np.cross(conj(b), g), a),
    lambda g, a, b: project(np.cross(g, conj(a)), b),
    batch=leading(1, 1),
    calls=[call(draw(*a), draw(*b)) for a, b in _VECTOR_SHAPES],
)


@composite(
    np.cross,
    calls=[
        call(draw(3), draw(3)),
        call(draw(2, 3), draw(3)),
        call(draw(3, 2), draw(2, 3), axisa=0, axisc=0),
        call(draw(3, 4), draw(3, 4), axis=0),
    ],
)
def _cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = _last(as_array(a), axisa), _last(as_array(b), axisb)
    lengths = {a.shape[-1], b.shape[-1]}
    if not lengths <= {2, 3}:
        raise ValueError("incompatible dimensions for cross product\n(dimension must be 2 or 3)")
    if lengths == {2}:  # the third component, which is all there is
        return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    y = apply(cross, (_in_space(a), _in_space(b)))
    return y if axisc == -1 else np.moveaxis(y, -1, axisc)


def _last(x: Any, axis: int) -> Any:
    """`x` with `axis` moved to the end."""
    if not x.ndim:
        raise ValueError("At least one array has zero dimension")
    return x if normalize_axis_index(axis, x.ndim) == x.ndim - 1 else np.moveaxis(x, axis, -1)


def _in_space(x: Any) -> Any:
    """Vectors of the plane with a third component, zero (NumPy's own way is deprecated)."""
    return x if x.shape[-1] == 3 else np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, 1)])


@composite(np.linalg.cross, calls=[call(draw(2, 3), draw(3)), call(draw(3, 2), draw(3, 2), axis=0)])
def _linalg_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    x1, x2 = as_array(x1), as_array(x2)
    if x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise ValueError(
            "Both input arrays must be (arrays of) 3-dimensional vectors, "
            f"but they are {x1.shape[axis]} and {x2.shape[axis]} dimensional instead."
        )
    return np.cross(x1, x2, axis=axis)


# -- tensordot ----------------------------------------------------------------------------------


def tensordot(a: Any, b: Any, *, axes: tuple[tuple[int, ...], tuple[int, ...]]) -> Any:
    """The sum of products over pairs of axes; `axes` are counted from the first."""
    return np.tensordot(a, b, axes)


def _free(ndim: int, over: Sequence[int]) -> list[int]:
    return [axis for axis in range(ndim) if axis not in over]


def _tensordot_first(g: Any, a: Any, b: Any, *, axes: Any) -> Any:
    over_a, over_b = axes
    free_a, free_b = _free(a.ndim, over_a), _free(b.ndim, over_b)
    c = np.tensordot(g, conj(b), (list(range(len(free_a), g.ndim)), free_b))
    return _in_order(c, free_a + [over_a[over_b.index(axis)] for axis in sorted(over_b)])


def _tensordot_second(g: Any, a: Any, b: Any, *, axes: Any) -> Any:
    over_a, over_b = axes
    free_a, free_b = _free(a.ndim, over_a), _free(b.ndim, over_b)
    c = np.tensordot(conj(a), g, (free_a, list(range(len(free_a)))))
    return _in_order(c, [over_b[over_a.index(axis)] for axis in sorted(over_a)] + free_b)


def _in_order(c: Any, axes: list[int]) -> Any:
    """`c`, whose axes are those named in `axes`, with them in ascending order."""
    order = inverse(axes)
    return c if order == tuple(range(len(axes))) else np.transpose(c, order)


def _contract_examples(tensordot: Any, values: Any, batched: Any, options: Any) -> Any:
    (a, b), (own_a, own_b), axes = values, batched, options["axes"]
    over_a, over_b = (tuple([k + own for k in o]) for o, own in zip(axes, batched, strict=True))
    if not (own_a and own_b):
        y = tensordot(a, b, axes=(over_a, over_b))
        return y if own_a else np.moveaxis(y, a.ndim - len(over_a), 0)
    labels_a = list(range(a.ndim))
    labels_b = [0, *range(a.ndim, a.ndim + b.ndim - 1)]
    for i, j in zip(over_a, over_b, strict=True):
        labels_b[j] = labels_a[i]
    free = [x for x in labels_a + labels_b[1:] if (x in labels_a) != (x in labels_b)]
    return np.einsum(a, labels_a, b, labels_b, [0, *free])


bilinear(
    tensordot,
    _tensordot_first,
    _tensordot_second,
    batch=_contract_examples,
    calls=[call(draw(2, 3, 4), draw(4, 2, 5), axes=((0, 2), (1, 0)))],
)


@composite(
    np.tensordot,
    np.linalg.tensordot,
    calls=[
        call(draw(2, 3, 4), draw(3, 4, 2)),
        call(draw(2, 3), draw(3, 2), axes=1),
        call(draw(2), draw(3, 2), axes=0),
        call(draw(2, 3, 4), draw(4, 2, 3), axes=([2, 0], [0, 1])),
        call(draw(2, 3, 4), draw(4, 2), axes=((0, -1), (1, 0))),
        call(draw(2, 3), draw(3, 4), axes=(1, 0)),
        call(draw(2, 3), draw(2, 3), axes=2),
        call(draw(), draw(2), axes=0),
    ],
)
def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = as_array(a), as_array(b)
    if np.iterable(axes):
        over_a, over_b = axes
    else:
        count = operator.index(axes)
        over_a, over_b = range(a.ndim - count, a.ndim), range(count)
        if count > min(a.ndim, b.ndim):
            raise ValueError(f"Contract at most {min(a.ndim, b.ndim)} axes: got axes={count}.")
    pairs = normalize_axis_tuple(over_a, a.ndim), normalize_axis_tuple(over_b, b.ndim)
    return apply(tensordot, (a, b), {"axes": pairs})
