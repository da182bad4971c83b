"""Products: matmul and its relatives, tensordot, einsum, kron, cross, and `outer` of any ufunc.

The transposes of a bilinear map conjugate the other operand. The rest reduces to four bilinear
primitives: `matmul`, `tensordot`, the pairwise contraction of `einsum`, and the outer product.
"""

from __future__ import annotations

import operator
import string
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from gradtape.core.cotangents import project
from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw
from gradtape.core.rules import bilinear, composite, linear
from gradtape.rules.shaping import as_array, refuse_out


def _conj(x: Any) -> Any:
    """The conjugate, without a copy of real numbers."""
    return np.conj(x) if x.dtype.kind == "c" else x


# -- matmul -------------------------------------------------------------------------------------


def _adjoint(x: Any) -> Any:
    """The conjugate transpose of the matrices along the last two axes."""
    return _conj(np.swapaxes(x, -1, -2))


def _dense(g: Any) -> Any:
    """`g`, copied if it is one number broadcast, which BLAS cannot read."""
    return g.copy() if 0 in getattr(g, "strides", ()) else g


def _matmul_first(g: Any, a: Any, b: Any, **options: Any) -> Any:
    if a.ndim == 2 and b.ndim == 2:
        return _dense(g) @ _conj(b.T)
    g, b = _as_matrices(g, a, b, options), b if b.ndim > 1 else np.expand_dims(b, 1)
    if a.ndim <= 2 and b.ndim > 2:
        # One matrix for the whole batch: contract the batch too, instead of summing products.
        batch = (*range(g.ndim - 2), g.ndim - 1)
        c = np.tensordot(g, _conj(b), axes=(batch, batch))
    else:
        c = _dense(g) @ _adjoint(b)
    return np.reshape(c, a.shape) if a.ndim <= 2 else project(c, a)


def _matmul_second(g: Any, a: Any, b: Any, **options: Any) -> Any:
    if a.ndim == 2 and b.ndim == 2:
        return _conj(a.T) @ _dense(g)
    g, a = _as_matrices(g, a, b, options), a if a.ndim > 1 else np.expand_dims(a, 0)
    if b.ndim <= 2 and a.ndim > 2:
        batch = tuple(range(g.ndim - 1))
        c = np.tensordot(_conj(a), g, axes=(batch, batch))
    else:
        c = _adjoint(a) @ _dense(g)
    return np.reshape(c, b.shape) if b.ndim <= 2 else project(c, b)


def _as_matrices(g: Any, a: Any, b: Any, options: dict[str, Any]) -> Any:
    """`g` with the axes that the product dropped for vectors."""
    if "axes" in options:
        raise TypeError("Move the axes of numpy.matmul with numpy.moveaxis instead of axes=.")
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

bilinear(
    np.matmul,
    _matmul_first,
    _matmul_second,
    calls=[call(draw(*a), draw(*b)) for a, b in _MATMUL_SHAPES],
)

if hasattr(np, "matvec"):

    @composite(np.matvec, calls=[call(draw(2, 3), draw(3)), call(draw(2, 3), draw(4, 3))])
    def _matvec(x1: Any, x2: Any, /, **options: Any) -> Any:
        x2 = np.expand_dims(as_array(x2), -1)
        return np.squeeze(np.matmul(as_array(x1), x2, **_no_axes(options)), -1)

    @composite(np.vecmat, calls=[call(draw(3), draw(3, 2)), call(draw(4, 3), draw(2, 1, 3, 2))])
    def _vecmat(x1: Any, x2: Any, /, **options: Any) -> Any:
        x1 = np.expand_dims(_conj(as_array(x1)), -2)
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
    lambda g, a, b: np.reshape(_conj(g) * b, a.shape),
    lambda g, a, b: np.reshape(g * a, b.shape),
    calls=[call(draw(3), draw(3)), call(draw(2, 3), draw(3, 2)), call(draw(), draw())],
)


def vecdot(a: Any, b: Any) -> Any:
    """The sum of ``conj(a) * b`` over the last axis."""
    return np.vecdot(a, b)


bilinear(
    vecdot,
    lambda g, a, b: project(np.expand_dims(_conj(g), -1) * b, a),
    lambda g, a, b: project(np.expand_dims(g, -1) * a, b),
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
    refuse_out(out, "numpy.dot")
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
    lambda g, a, b: _dense(g) @ _conj(b),
    lambda g, a, b: _conj(a) @ _dense(g),
    calls=[call(draw(2), draw(3)), call(draw(0), draw(2))],
)


@composite(
    np.outer,
    calls=[call(draw(2), draw(3)), call(draw(2, 2), draw(1, 3)), call(draw(), draw(2))],
)
def _outer(a: Any, b: Any, out: Any = None) -> Any:
    refuse_out(out, "numpy.outer")
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


@composite(
    "outer",
    calls=[
        call(np.multiply, draw(2), draw(3)),
        call(np.add, draw(2, 2), draw()),
        call(np.subtract, draw(), draw(2, 1)),
    ],
)
def _ufunc_outer(ufunc: np.ufunc, a: Any, b: Any, /, **options: Any) -> Any:
    """``ufunc.outer(a, b)`` of any ufunc."""
    a, b = as_array(a), as_array(b)
    return ufunc(np.reshape(a, a.shape + (1,) * b.ndim), b, **options)


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
    lambda g, a, b: project(np.cross(_conj(b), g), a),
    lambda g, a, b: project(np.cross(g, _conj(a)), b),
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
    c = np.tensordot(g, _conj(b), (list(range(len(free_a), g.ndim)), free_b))
    return _in_order(c, free_a + [over_a[over_b.index(axis)] for axis in sorted(over_b)])


def _tensordot_second(g: Any, a: Any, b: Any, *, axes: Any) -> Any:
    over_a, over_b = axes
    free_a, free_b = _free(a.ndim, over_a), _free(b.ndim, over_b)
    c = np.tensordot(_conj(a), g, (free_a, list(range(len(free_a)))))
    return _in_order(c, [over_b[over_a.index(axis)] for axis in sorted(over_a)] + free_b)


def _in_order(c: Any, axes: list[int]) -> Any:
    """`c`, whose axes are those named in `axes`, with them in ascending order."""
    order = sorted(range(len(axes)), key=axes.__getitem__)
    return c if order == list(range(len(axes))) else np.transpose(c, order)


bilinear(
    tensordot,
    _tensordot_first,
    _tensordot_second,
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


# -- einsum -------------------------------------------------------------------------------------

_LETTERS = string.ascii_uppercase + string.ascii_lowercase


def relabelled(a: Any, *, subscripts: str) -> Any:
    """`einsum` of one operand: a transpose, a diagonal, a sum."""
    return np.einsum(subscripts, a)


def contracted(a: Any, b: Any, *, subscripts: str, optimize: bool = False) -> Any:
    """`einsum` of two operands."""
    return np.einsum(subscripts, a, b, optimize=optimize)


def _relabelled_transpose(g: Any, a: Any, *, subscripts: str) -> Any:
    term, output = subscripts.split("->")
    kept = "".join([label for label in dict.fromkeys(term) if label in output])
    return _spread(np.einsum(f"{output}->{kept}", g), kept, term, a.shape)


def _contracted_first(g: Any, a: Any, b: Any, *, subscripts: str, optimize: bool = False) -> Any:
    terms, output = subscripts.split("->")
    mine, other = terms.split(",")
    # An axis of length 1 may have been broadcast: then its label is summed here.
    long = {label for label, length in zip(mine, a.shape, strict=True) if length != 1}
    kept = "".join([x for x in dict.fromkeys(mine) if x in long and x in output + other])
    c = np.einsum(f"{output},{other}->{kept}", g, _conj(b), optimize=optimize)
    return _spread(c, kept, mine, a.shape)


def _contracted_second(g: Any, a: Any, b: Any, *, subscripts: str, optimize: bool = False) -> Any:
    terms, output = subscripts.split("->")
    mine, other = terms.split(",")
    turned = f"{other},{mine}->{output}"
    return _contracted_first(g, b, a, subscripts=turned, optimize=optimize)


def _spread(c: Any, labels: str, term: str, shape: tuple[int, ...]) -> Any:
    """`c`, with axes `labels`, as an array of `shape` with axes `term`.

    It is broadcast along the labels that it lacks, and stands on the diagonal of repeated ones.
    """
    lengths = [1] * len(term)
    for label, length in zip(labels, c.shape, strict=True):
        lengths[term.index(label)] = length
    c = np.reshape(c, lengths)
    for axis, label in enumerate(term):
        first = term.index(label)
        if first != axis:
            c = np.where(_counting(first, shape) == _counting(axis, shape), c, 0)
    return c if c.shape == shape else np.broadcast_to(c, shape)


def _counting(axis: int, shape: tuple[int, ...]) -> Any:
    """The positions along one axis, as an array of the rank of `shape`."""
    return np.arange(shape[axis]).reshape((-1,) + (1,) * (len(shape) - axis - 1))


linear(
    relabelled,
    _relabelled_transpose,
    moves=True,
    calls=[
        call(draw(2, 3), subscripts="ij->ji"),
        call(draw(2, 3), subscripts="ij->i"),
        call(draw(2, 2, 3), subscripts="iij->ji"),
        call(draw(2, 2, 2), subscripts="iii->"),
    ],
)
bilinear(
    contracted,
    _contracted_first,
    _contracted_second,
    calls=[
        call(draw(2, 3), draw(3, 4), subscripts="ij,jk->ki"),
        call(draw(2, 2), draw(3, 4), subscripts="ii,jk->kj", optimize=True),
        call(draw(2, 1), draw(3, 4), subscripts="ij,jk->ik"),
        call(draw(2, 3), draw(1), subscripts="ij,j->i"),
    ],
)

_EINSUMS = [
    call("ij,jk", draw(2, 3), draw(3, 2)),
    call("ij, jk -> ki", draw(2, 3), draw(3, 2)),
    call("ba", draw(2, 3)),
    call("ii", draw(3, 3)),
    call("ii->i", draw(3, 3)),
    call("iij->j", draw(2, 2, 3)),
    call("ijij->ij", draw(2, 3, 2, 3)),
    call("ij->", draw(2, 3)),
    call("ij->j", draw(2, 3)),
    call("i,i", draw(3), draw(3)),
    call("i,j->ij", draw(2), draw(3)),
    call("ij,kj->k", draw(2, 3), draw(4, 3)),
    call("ij,kl->", draw(2, 3), draw(2, 2)),
    call("ii,i->i", draw(2, 2), draw(2)),
    call("...ij,...jk", draw(2, 2, 3), draw(3, 2)),
    call("...ij,...jk->...ik", draw(2, 1, 2, 3), draw(4, 3, 2)),
    call("i...->...", draw(2, 3)),
    call("...,...", draw(2, 1), draw(3)),
    call("...ii->...", draw(2, 3, 3)),
    call(",i->i", draw(), draw(3)),
    call("ij,jk,kl->il", draw(2, 3), draw(3, 2), draw(2, 2)),
    call("ij,jk,kl->il", draw(2, 3), draw(3, 2), draw(2, 2), optimize=True),
    call("i,i,i->", draw(3), draw(3), draw(3)),
    call("a,b,c,abc", draw(2), draw(3), draw(2), draw(2, 3, 2), optimize="optimal"),
    call(
        "ij,jk,ki->", draw(2, 3), draw(3, 2), draw(2, 2), optimize=["einsum_path", (1, 2), (0, 1)]
    ),
    call(draw(2, 3), [0, 1], draw(3, 2), [1, 2], [0, 2]),
    call(draw(2, 3), [1, 0]),
    call(draw(2, 2, 3), [..., 0, 1], draw(3, 2), [1, 2]),
]


@composite(np.einsum, calls=_EINSUMS)
def _einsum(
    *operands: Any,
    out: Any = None,
    dtype: Any = None,
    order: str = "K",
    casting: str = "safe",
    optimize: Any = False,
) -> Any:
    """Contracts two operands at a time, so that no derivative needs the product of all others."""
    refuse_out(out, "numpy.einsum")
    subscripts, arrays = _as_subscripts(operands)
    if dtype is not None:
        arrays = [a.astype(dtype) for a in arrays]
    terms, output = _without_ellipses(subscripts, [a.ndim for a in arrays])
    todo = list(zip(arrays, terms, strict=True))
    for group in _path(todo, output, optimize):
        chosen = [todo.pop(position) for position in sorted(group, reverse=True)][::-1]
        todo.append(_contract_all(chosen, todo, output, bool(optimize)))
    ((y, term),) = todo
    if term == output and len(arrays) > 1:
        return y
    return apply(relabelled, (y,), {"subscripts": f"{term}->{output}"})


def _as_subscripts(operands: Sequence[Any]) -> tuple[str, list[Any]]:
    """The subscripts and arrays of either way to call `einsum`."""
    if isinstance(operands[0], str):
        return operands[0].replace(" ", ""), [as_array(a) for a in operands[1:]]

    def spelled(labels: Any) -> str:
        return "".join(["..." if x is ... else _LETTERS[operator.index(x)] for x in labels])

    pairs = len(operands) // 2 * 2
    subscripts = ",".join([spelled(labels) for labels in operands[1:pairs:2]])
    if pairs < len(operands):
        subscripts += "->" + spelled(operands[-1])
    return subscripts, [as_array(a) for a in operands[:pairs:2]]


def _without_ellipses(subscripts: str, ranks: list[int]) -> tuple[list[str], str]:
    """The labels of each operand and of the result, with letters for what ellipses stand for."""
    inputs, arrow, output = subscripts.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(ranks):
        raise ValueError(
            f"Give numpy.einsum one operand for each of {terms}: got {len(ranks)} operands."
        )
    counts = [
        rank - len(term.replace("...", "")) if "..." in term else 0
        for term, rank in zip(terms, ranks, strict=True)
    ]
    spare = "".join([letter for letter in _LETTERS if letter not in subscripts])
    fill = spare[: max(counts)]
    if not arrow:
        once = [x for x in sorted(set(inputs) - set(".,")) if inputs.count(x) == 1]
        output = "..." + "".join(once)
    elif fill and "..." not in output:
        raise ValueError(
            f"Write '...' in the output of numpy.einsum {subscripts!r}, where the axes that it "
            "stands for have to go."
        )
    terms = [
        term.replace("...", fill[len(fill) - count :])
        for term, count in zip(terms, counts, strict=True)
    ]
    return terms, output.replace("...", fill)


def _path(todo: list[Any], output: str, optimize: Any) -> list[Any]:
    """The groups of positions to contract, in order; results are appended at the end."""
    if len(todo) <= 2:
        return [(0, 1)] if len(todo) == 2 else []
    subscripts = ",".join([term for _, term in todo]) + "->" + output
    shapes = [np.broadcast_to(0.0, a.shape) for a, _ in todo]
    how = "greedy" if isinstance(optimize, bool) else optimize
    path = np.einsum_path(subscripts, *shapes, optimize=how)[0][1:]
    left = len(todo) - sum([len(group) - 1 for group in path])
    return [*path, tuple(range(left))] if left > 1 else path


def _contract_all(chosen: list[Any], others: list[Any], output: str, optimize: bool) -> Any:
    """The contraction of `chosen`, pairs of an array and its labels, as such a pair."""
    a, term = chosen[0]
    for position in range(1, len(chosen)):
        b, labels = chosen[position]
        rest = [label for _, label in chosen[position + 1 :] + others]
        result = "".join([x for x in dict.fromkeys(term + labels) if x in output + "".join(rest)])
        result = result if rest else output
        options = {"subscripts": f"{term},{labels}->{result}", "optimize": optimize}
        a, term = apply(contracted, (a, b), options), result
    return a, term


# -- numpy.linalg -------------------------------------------------------------------------------


@composite(np.linalg.matmul, calls=[call(draw(2, 3), draw(3, 2)), call(draw(2, 2, 3), draw(3))])
def _linalg_matmul(x1: Any, x2: Any, /) -> Any:
    return apply(np.matmul, (as_array(x1), as_array(x2)))


@composite(np.linalg.trace, calls=[call(draw(2, 2)), call(draw(2, 3, 4), offset=1)])
def _linalg_trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    return np.trace(as_array(x), offset, -2, -1, dtype)


@composite(np.linalg.diagonal, calls=[call(draw(2, 2)), call(draw(2, 3, 4), offset=-1)])
def _linalg_diagonal(x: Any, /, *, offset: int = 0) -> Any:
    return np.diagonal(as_array(x), offset, -2, -1)


@composite(np.linalg.matrix_transpose, calls=[call(draw(2, 3)), call(draw(2, 3, 4))])
def _linalg_matrix_transpose(x: Any, /) -> Any:
    return np.matrix_transpose(as_array(x))


@composite(
    np.linalg.matrix_power,
    calls=[call(draw(2, 2), n) for n in (0, 1, 2, 3, 5)] + [call(draw(2, 2, 2), 4)],
)
def _matrix_power(a: Any, n: int) -> Any:
    """By repeated squaring."""
    a, n = as_array(a), operator.index(n)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
    if n < 0:
        raise TypeError(
            f"Pass a power of 0 or more to numpy.linalg.matrix_power: got {n}, which needs the "
            "derivative of the inverse."
        )
    if n == 0:
        return np.zeros_like(a) + np.eye(a.shape[-1], dtype=a.dtype)
    if n == 1:
        return np.copy(a)
    half = np.linalg.matrix_power(a, n // 2) if n > 3 else a
    square = np.matmul(half, half)
    return np.matmul(square, a) if n % 2 else square


@composite(
    np.linalg.multi_dot,
    calls=[
        call([draw(2, 3), draw(3, 2)]),
        call([draw(2, 3), draw(3, 4), draw(4, 1), draw(1, 2)]),
        call([draw(3), draw(3, 2), draw(2)]),
    ],
)
def _multi_dot(arrays: Any, *, out: Any = None) -> Any:
    """In the order with the fewest multiplications (Cormen et al., section 15.2)."""
    refuse_out(out, "numpy.linalg.multi_dot")
    factors = [as_array(a) for a in arrays]
    if len(factors) < 2:
        raise ValueError("Expecting at least two arrays.")
    inner = [a.ndim for a in factors[1:-1]]
    if inner != [2] * len(inner) or not {factors[0].ndim, factors[-1].ndim} <= {1, 2}:
        raise np.linalg.LinAlgError(
            "Pass matrices to numpy.linalg.multi_dot (the first and last may be vectors): "
            f"got ranks {[a.ndim for a in factors]}."
        )
    first, last = factors[0].shape, factors[-1].shape
    lengths = [first[0] if len(first) == 2 else 1]
    lengths += [a.shape[0] for a in factors[1:]]
    lengths += [last[1] if len(last) == 2 else 1]

    @cache
    def best(i: int, j: int) -> tuple[int, int]:
        """The cost of the product of factors i to j, and where to split it."""
        if i == j:
            return 0, i
        return min(
            (best(i, k)[0] + best(k + 1, j)[0] + lengths[i] * lengths[k + 1] * lengths[j + 1], k)
            for k in range(i, j)
        )

    def product(i: int, j: int) -> Any:
        if i == j:
            return factors[i]
        k = best(i, j)[1]
        return np.dot(product(i, k), product(k + 1, j))

    return product(0, len(factors) - 1)
