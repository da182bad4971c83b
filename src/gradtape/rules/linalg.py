"""Norms, and products and views of matrices in `numpy.linalg`."""

from __future__ import annotations

import math
import operator
from functools import cache
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw, nonzero
from gradtape.core.rules import composite, constant, raw
from gradtape.rules.arguments import Axis, as_array, inexact, kept, refuse_out
from gradtape.rules.matrices import matrix, run, separated
from gradtape.rules.reductions import calls_along, over, reduction
from gradtape.rules.spectra import nuclear_norm

# -- norms --------------------------------------------------------------------------------------
#
# A norm has a kink at the zero vector: 0 is its subgradient of least norm.


def _norm2(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    norm = np.linalg.vector_norm if axis.__class__ is tuple else np.linalg.norm
    return norm(a, axis=axis, keepdims=keepdims)


def _norm2_vjp(g: Any, y: Any, a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return kept(np.where(y == 0, 0, g / y), axis, keepdims) * a


def _norm_p(a: Any, axis: Axis = None, keepdims: bool = False, *, p: float) -> Any:
    return np.linalg.vector_norm(a, axis=axis, keepdims=keepdims, ord=p)


def _norm_p_vjp(
    g: Any, y: Any, a: Any, axis: Axis = None, keepdims: bool = False, *, p: float
) -> Any:
    # An entry that is 0 has slope 0 for p > 1, and a kink for p <= 1: 0 again.
    size = np.absolute(a)
    slope = a / size * (size / kept(y, axis, keepdims)) ** (p - 1)
    return np.where(a == 0, 0, kept(g, axis, keepdims) * slope)


reduction(_norm2, _norm2_vjp, reads="y 0", calls=calls_along(domain=nonzero))
reduction(
    _norm_p,
    _norm_p_vjp,
    reads="y 0",
    calls=[*calls_along(domain=nonzero, p=3), call(draw(3, domain=nonzero), p=0.5)],
)


def _vector_norm(x: Any, ord: Any, axis: Axis, keepdims: Any) -> Any:
    if ord is None or ord == 2:
        return over(_norm2, x, axis, keepdims)
    if isinstance(ord, str):
        raise ValueError(f"Invalid norm order '{ord}' for vectors")
    size = np.absolute(x)
    if ord == 0:
        return np.sum(size != 0, axis=axis, dtype=size.dtype, keepdims=keepdims)
    if ord == 1:
        return np.sum(size, axis=axis, keepdims=keepdims)
    if abs(ord) == math.inf:
        extreme = np.max if ord > 0 else np.min
        return extreme(size, axis=axis, keepdims=keepdims)
    return apply(_norm_p, (x,), {"axis": axis, "keepdims": bool(keepdims), "p": float(ord)})


_MATRIX_NORMS = {1: (np.max, 0), -1: (np.min, 0), math.inf: (np.max, 1), -math.inf: (np.min, 1)}
"""Order: the extreme, among the sums along the first or the second of the axes."""


_SPECTRAL_NORMS = {2: np.max, -2: np.min}
"""Order: which singular value."""


def _matrix_norm(x: Any, ord: Any, axis: tuple[int, int], keepdims: Any) -> Any:
    if ord in (None, "fro", "f"):
        return over(_norm2, x, axis, keepdims)
    axes = normalize_axis_tuple(axis, x.ndim)
    if ord in _SPECTRAL_NORMS or ord == "nuc":
        x = np.moveaxis(x, axes, (-2, -1))
        if ord == "nuc":
            y = run(nuclear_norm, x)
        else:
            y = _SPECTRAL_NORMS[ord](np.linalg.svdvals(x), axis=-1)
        return np.expand_dims(y, axes) if keepdims else y
    if ord not in _MATRIX_NORMS:
        raise ValueError("Invalid norm order for matrices.")
    extreme, summed = _MATRIX_NORMS[ord]
    sums = np.sum(np.absolute(x), axis=axes[summed], keepdims=True)
    y = extreme(sums, axis=axes[1 - summed], keepdims=True)
    return y if keepdims else np.squeeze(y, axis=axes)


@composite(
    np.linalg.norm,
    calls=[
        *(call(draw(*shape)) for shape in ((), (3,), (2, 3), (2, 2, 2))),
        *(call(draw(3, domain=nonzero), p) for p in (0, 1, 2, 3, -1.5, math.inf, -math.inf)),
        *(call(draw(2, 3, domain=nonzero), p, axis=-1) for p in (None, 1, 2.5, math.inf)),
        *(call(draw(2, 3, domain=nonzero), p) for p in ("fro", *_MATRIX_NORMS)),
        *(call(draw(2, 3, domain=separated), p) for p in (2, -2, "nuc")),
        *(call(draw(2, 2, 3, domain=separated), p, (0, -1), True) for p in (2, -2, "nuc")),
        *(call(draw(2, 3, 2, domain=nonzero), p, (0, -1)) for p in (None, 1, -math.inf)),
        call(draw(2, 3, 2, domain=nonzero), 1, axis=(2, 1), keepdims=True),
        call(draw(2, 3), axis=(1,), keepdims=True),
    ],
)
def _np_norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: Any = False) -> Any:
    x = inexact(x)
    if axis is None:
        if ord is None:
            return over(_norm2, x, None, keepdims)
        axis = tuple(range(x.ndim))
    elif not isinstance(axis, tuple):
        axis = (operator.index(axis),)
    if len(axis) == 1:
        return _vector_norm(x, ord, axis[0], keepdims)
    if len(axis) == 2:
        return _matrix_norm(x, ord, axis, keepdims)
    raise ValueError("Improper number of dimensions to norm.")


@composite(
    np.linalg.vector_norm,
    calls=[call(draw(2, 3)), call(draw(2, 3, 2, domain=nonzero), axis=(0, 1), ord=3)],
)
def _np_vector_norm(
    x: Any,
    /,
    *,
    axis: Axis = None,
    keepdims: Any = False,
    ord: Any = 2,
) -> Any:
    return _vector_norm(inexact(x), ord, axis, keepdims)


@composite(np.linalg.matrix_norm, calls=[call(draw(2, 3)), call(draw(2, 2, 2), ord=math.inf)])
def _np_matrix_norm(x: Any, /, *, keepdims: Any = False, ord: Any = "fro") -> Any:
    return _matrix_norm(inexact(x), ord, (-2, -1), keepdims)


@composite(
    np.linalg.cond,
    calls=[
        *(call(draw(3, 3, domain=separated), p) for p in (None, 2, -2, "fro", "nuc")),
        *(call(draw(2, 2, 2, domain=separated), p) for p in _MATRIX_NORMS),
        call(draw(3, 2, domain=separated)),
    ],
)
def _cond(x: Any, p: Any = None) -> Any:
    x = matrix(x)
    if not x.size:
        raise np.linalg.LinAlgError("cond is not defined on empty arrays")
    if p is None or p in (2, -2):
        s = np.linalg.svdvals(x)
        first, last = (s[..., -1], s[..., 0]) if p == -2 else (s[..., 0], s[..., -1])
        with np.errstate(all="ignore"):
            y = first / last
            return np.where(np.isnan(y) & ~np.any(np.isnan(x), axis=(-2, -1)), math.inf, y)
    # The inverse of an identity stands for that of a singular matrix, whose result is infinite.
    singular = np.isinf(np.linalg.cond(raw(x), p))
    regular = np.where(singular[..., None, None], np.eye(x.shape[-1], dtype=x.dtype), x)
    y = _matrix_norm(x, p, (-2, -1), False)
    y = y * _matrix_norm(np.linalg.inv(regular), p, (-2, -1), False)
    return np.where(singular, math.inf, y)


# -- products and views of matrices -------------------------------------------------------------


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
    calls=[call(draw(2, 2), n) for n in (0, 1, 2, 3, 5)]
    + [call(draw(2, 2, 2), 4), *(call(draw(2, 2, domain=separated), n) for n in (-1, -3))],
)
def _matrix_power(a: Any, n: int) -> Any:
    """By repeated squaring."""
    a, n = as_array(a), operator.index(n)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
    if n < 0:
        a, n = np.linalg.inv(a), -n
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
    refuse_out(out, np.linalg.multi_dot)
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


constant(np.linalg.matrix_rank)
