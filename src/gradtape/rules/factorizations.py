"""Factorizations into triangles: Cholesky, QR, LU."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.batching import leading
from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw
from gradtape.core.rules import composite, constant, primitive
from gradtape.rules.arguments import one_call
from gradtape.rules.matrices import (
    adjoint,
    diagonal,
    from_triangle,
    identity,
    matrix,
    on_diagonal,
    onto_triangle,
    separated,
)

_QRResult: Any = type(np.linalg.qr(np.eye(1)))

# -- Cholesky -----------------------------------------------------------------------------------
#
# Murray (2016), "Differentiation of the Cholesky decomposition", arXiv:1602.07527, equation 9.


def _cholesky(a: Any) -> Any:
    return np.linalg.cholesky(a)


def _half_lower(x: Any) -> Any:
    """The lower triangle, with half of the diagonal."""
    return on_diagonal(diagonal(x) / 2, np.tril(x))


def _cholesky_vjp(g: Any, y: Any, a: Any) -> Any:
    """``inv(y)' phi(y' g) inv(y)``, where phi is `_half_lower`."""
    yh = adjoint(y)
    right = np.linalg.solve(yh, _half_lower(yh @ g))
    return onto_triangle(adjoint(np.linalg.solve(yh, adjoint(right))), "L")


def _cholesky_jvp(tangents: Any, y: Any, a: Any) -> Any:
    right = np.linalg.solve(y, from_triangle(tangents[0], "L"))
    return y @ _half_lower(np.linalg.solve(y, adjoint(right)))


primitive(
    _cholesky,
    _cholesky_vjp,
    jvp=_cholesky_jvp,
    reads="y",
    batch=leading(2),
    calls=[call(draw(3, 3, domain=separated)), call(draw(2, 2, 2, domain=separated))],
)


@composite(
    np.linalg.cholesky,
    calls=[
        call(draw(3, 3, domain=separated)),
        call(draw(2, 2, 2, domain=separated), upper=True),
        call(draw(1, 1, domain=separated)),
    ],
)
def _np_cholesky(a: Any, /, *, upper: bool = False) -> Any:
    a = matrix(a)
    if not upper:
        return apply(_cholesky, (a,))
    return adjoint(apply(_cholesky, (adjoint(a),)))


# -- QR -----------------------------------------------------------------------------------------
#
# For at least as many rows as columns and full rank. With e = da inv(r) and c = q' e,
#   dr = t r,  dq = e - q t,  t = triu(c + c', 1) + Re diag(c),
# for LAPACK's r has a real diagonal (Walter and Lehmann 2010; Seeger et al. 2017,
# arXiv:1710.08717, for real matrices). Of a matrix of lower rank q is not determined, and numpy
# says that r is singular.


def _qr(a: Any, *, mode: str) -> Any:
    return tuple(np.linalg.qr(a, mode))


def _turn(c: Any) -> Any:
    return np.where(identity(c), np.real(c), np.triu(c + adjoint(c), 1))


def _qr_vjp(g: Any, y: Any, a: Any, *, mode: str) -> Any:
    n = a.shape[-1]
    (gq, gr), (q, r) = g, y
    rest, g_rest = q[..., n:], gq[..., n:]
    q, gq, r, gr = q[..., :n], gq[..., :n], r[..., :n, :], gr[..., :n, :]
    c = gr @ adjoint(r) - adjoint(q) @ gq
    upper = np.triu(c, 1)
    e = gq + q @ np.where(identity(c), np.real(c), upper + adjoint(upper))
    if rest.shape[-1]:  # what completes the basis turns only where the first columns push it
        e = e - rest @ (adjoint(g_rest) @ q)
    return adjoint(np.linalg.solve(r, adjoint(e)))


def _qr_jvp(tangents: Any, y: Any, a: Any, *, mode: str) -> Any:
    n = a.shape[-1]
    rest, q, r = y[0][..., n:], y[0][..., :n], y[1][..., :n, :]
    e = adjoint(np.linalg.solve(adjoint(r), adjoint(tangents[0])))
    t = _turn(adjoint(q) @ e)
    dq, dr = e - q @ t, t @ r
    if mode == "complete":
        dq = np.concatenate((dq, -q @ (adjoint(e) @ rest)), axis=-1)
        dr = np.concatenate((dr, np.zeros_like(y[1][..., n:, :])), axis=-2)
    return dq, dr


primitive(
    _qr,
    _qr_vjp,
    jvp=_qr_jvp,
    reads="y",
    batch=leading(2),
    calls=[
        call(draw(*shape, domain=separated), mode="reduced")
        for shape in ((3, 2), (2, 2), (2, 3, 2))
    ],
)


@composite(
    np.linalg.qr,
    calls=[
        call(draw(3, 2, domain=separated)),
        call(draw(2, 3, domain=separated), "complete"),
        call(draw(3, 3, domain=separated), mode="r"),
        call(draw(4, 2, domain=separated), mode="r"),
        call(draw(2, 2, 3, domain=separated)),
    ],
)
def _np_qr(a: Any, mode: str = "reduced") -> Any:
    a = matrix(a)
    if mode == "raw":
        raise TypeError(
            "Pass mode='reduced' to numpy.linalg.qr: gradtape has no derivative of mode='raw'."
        )
    if mode not in ("reduced", "complete", "r"):
        raise ValueError(f"Unrecognized mode '{mode}'")
    rows, columns = a.shape[-2:]
    square = a if rows >= columns else a[..., :rows]
    q, r = apply(_qr, (square,), {"mode": "complete" if mode == "complete" else "reduced"})
    if rows < columns:
        r = np.concatenate((r, adjoint(q) @ a[..., rows:]), axis=-1)
    return r if mode == "r" else _QRResult(q, r)


# -- LU -------------------------------------------------------------------------------------------
#
# Of square matrices whose rows are in the order that pivoting wants: a = l u. With
# f = inv(l) da inv(u),
#   dl = l tril(f, -1),  du = triu(f) u
# (de Hoog, Anderssen and Lukas 2011, "Differentiation of matrix functionals using triangular
# factorization"). Both factors share one matrix, for the diagonal of l is 1.


@one_call
def row_orders(a: Any) -> Any:
    """The order of rows that pivoting wants."""
    return _factored(a)[1]


constant(row_orders, batch=leading(2))


@one_call
def lu(a: Any) -> Any:
    """Both factors of `a`, whose rows `row_orders` has put in order: ``l - 1 + u``."""
    return _factored(a)[0]


def _factored(a: Any) -> tuple[Any, Any]:
    from scipy.linalg import get_lapack_funcs

    n = a.shape[-1]
    (getrf,) = get_lapack_funcs(("getrf",), (a,))  # says nothing of singular matrices
    factors, orders = np.empty(a.shape, a.dtype), np.empty(a.shape[:-1], np.intp)
    for index in np.ndindex(a.shape[:-2]):
        factors[index], swaps, _ = getrf(a[index]) if n else (a[index], [], 0)
        order = np.arange(n)
        for i, j in enumerate(swaps):
            order[[i, j]] = order[[j, i]]
        orders[index] = order
    return factors, orders


def _halves(y: Any) -> tuple[Any, Any]:
    return np.where(identity(y), 1, np.tril(y, -1)), np.triu(y)


def _lu_vjp(g: Any, y: Any, a: Any) -> Any:
    lower, upper = map(adjoint, _halves(y))
    inner = np.tril(lower @ np.tril(g, -1), -1) + np.triu(np.triu(g) @ upper)
    return np.linalg.solve(lower, adjoint(np.linalg.solve(adjoint(upper), adjoint(inner))))


def _lu_jvp(tangents: Any, y: Any, a: Any) -> Any:
    lower, upper = _halves(y)
    moved = np.linalg.solve(lower, tangents[0])
    f = adjoint(np.linalg.solve(adjoint(upper), adjoint(moved)))
    return lower @ np.tril(f, -1) + np.triu(f) @ upper


primitive(
    lu,
    _lu_vjp,
    jvp=_lu_jvp,
    reads="y",
    batch=leading(2),
    calls=[call(draw(*shape, domain=separated)) for shape in ((3, 3), (2, 2, 2), (1, 1))],
)
