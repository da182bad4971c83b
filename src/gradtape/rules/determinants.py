"""Determinants."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.batching import leading
from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw
from gradtape.core.rules import composite, primitive
from gradtape.rules.arguments import conj
from gradtape.rules.matrices import (
    adjoint,
    columns,
    diagonal,
    identity,
    matrix,
    run,
    separated,
)

_SlogdetResult: Any = type(np.linalg.slogdet(np.eye(1)))

# -- the determinant ----------------------------------------------------------------------------
#
# A polynomial, so smooth at singular matrices too, where ``det(a) * inv(a)`` does not exist: its
# gradient is the adjugate, ``v adj(s) u'`` times a factor of modulus 1 for ``a = u s v'``.


def _products_before(x: Any) -> Any:
    """The product of all entries along the last axis before each one."""
    return np.cumprod(np.concatenate((np.ones_like(x[..., :1]), x[..., :-1]), axis=-1), axis=-1)


def _products_after(x: Any) -> Any:
    return np.flip(_products_before(np.flip(x, -1)), -1)


def _products_without(s: Any) -> Any:
    """The product of all entries except two, for each pair; 0 on the diagonal."""
    between = _products_before(
        np.where(np.triu(np.ones((s.shape[-1],) * 2, bool), 1), columns(s), 1)
    )
    pairs = np.triu(_products_before(s)[..., None] * between * columns(_products_after(s)), 1)
    return pairs + np.swapaxes(pairs, -1, -2)


def adjugate(a: Any) -> Any:
    """The transposed matrix of cofactors: ``a @ adjugate(a) = det(a) * identity``."""
    u, s, vh = np.linalg.svd(a)
    minors = _products_before(s) * _products_after(s)
    return _phase(u, vh) * ((adjoint(vh) * columns(minors)) @ adjoint(u))


def _phase(u: Any, vh: Any) -> Any:
    return (np.linalg.det(u) * np.linalg.det(vh))[..., None, None]


def _adjugate_vjp(g: Any, y: Any, a: Any) -> Any:
    # Of adj(s + f) for diagonal s, to first order: -f[i, j] on (i, j), and sums of f[k, k] on
    # (i, i), each times the product of the entries of s with neither index.
    u, s, vh = np.linalg.svd(a)
    q = conj(_phase(u, vh)) * (vh @ g @ u)
    pairs = _products_without(s)
    own = (pairs @ diagonal(q)[..., None])[..., 0]
    return u @ np.where(identity(q), columns(own), -pairs * q) @ vh


primitive(
    adjugate,
    _adjugate_vjp,
    reads="0",
    batch=leading(2),
    calls=[call(draw(n, n, domain=separated)) for n in (1, 2, 3)],
)


primitive(
    np.linalg.det,
    lambda g, y, a: g[..., None, None] * adjoint(run(adjugate, a)),
    jvp=lambda tangents, y, a: np.sum(
        np.matrix_transpose(run(adjugate, a)) * tangents[0], (-2, -1)
    ),
    reads="0",
    batch=leading(2),
    calls=[call(draw(*shape)) for shape in ((1, 1), (3, 3), (2, 2, 2))],
)

# -- its logarithm ------------------------------------------------------------------------------


def _slogdet(a: Any) -> Any:
    return tuple(np.linalg.slogdet(a))


def _inverse(a: Any) -> Any:
    """The inverse; where there is none infinite and NaN, like the derivative of ``log(0)``."""
    try:
        return np.linalg.inv(a)
    except np.linalg.LinAlgError:
        return run(adjugate, a) / np.linalg.det(a)[..., None, None]


def _slogdet_vjp(g: Any, y: Any, a: Any) -> Any:
    # With z = tr(inv(a) da): d log|det| = Re z, and d sign = i sign Im z, which is 0 for real a.
    slope = g[1]
    if a.dtype.kind == "c":
        slope = slope - 1j * np.imag(conj(g[0]) * y[0])
    return slope[..., None, None] * adjoint(_inverse(a))


def _slogdet_jvp(tangents: Any, y: Any, a: Any) -> Any:
    z = np.sum(np.matrix_transpose(_inverse(a)) * tangents[0], (-2, -1))
    if a.dtype.kind != "c":
        return np.zeros_like(y[0]), z
    return y[0] * (1j * np.imag(z)), np.real(z)


primitive(
    _slogdet,
    _slogdet_vjp,
    jvp=_slogdet_jvp,
    reads="y 0",
    batch=leading(2),
    calls=[call(draw(3, 3, domain=separated)), call(draw(2, 2, 2, domain=separated))],
)


@composite(
    np.linalg.slogdet,
    calls=[call(draw(3, 3, domain=separated)), call(draw(1, 1, domain=separated))],
)
def _np_slogdet(a: Any) -> Any:
    return _SlogdetResult(*apply(_slogdet, (matrix(a),)))
