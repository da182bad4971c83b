"""Factorizations, eigenvalues, linear systems and matrix functions of stacks of matrices."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradtape import linalg as matrix_functions
from gradtape.core.handle import UNTRACKED
from gradtape.core.kinds import raw
from gradtape.core.tensor import Tensor as Plain
from gradtape.rules.matrices import adjoint as adjoint_of
from gradtape.rules.matrices import columns, diagonal, from_triangle
from gradtape.tf.errors import InvalidValueError, invalid, invalid_type
from gradtape.tf.operation import operation
from gradtape.tf.policy import tensor, together


class LogMatrixDeterminant(NamedTuple):
    """What `slogdet` returns."""

    sign: Any
    log_abs_determinant: Any


class Qr(NamedTuple):
    """What `qr` returns."""

    q: Any
    r: Any


def matrices(value: Any, name: str, square: bool = True, kinds: str = "fc") -> Any:
    """`value` as matrices of floating-point numbers."""
    a = tensor(value)
    if a._value.dtype.kind not in kinds:
        raise invalid_type(f"Cast the argument with tf.cast: tf.linalg.{name} got {a.dtype}.")
    if a.ndim < 2 or (square and a.shape[-1] != a.shape[-2]):
        what = "square matrices (..., n, n)" if square else "matrices (..., m, n)"
        raise invalid(f"Give tf.linalg.{name} {what}: got shape {a.shape}.")
    return a


def _system(matrix: Any, rhs: Any, name: str, square: bool = True) -> tuple[Any, Any]:
    """The matrices and right-hand sides of equations."""
    a, b = together(matrix, rhs)
    a = matrices(a, name, square)
    if b.ndim < 2 or b.shape[-2] != a.shape[-2]:
        raise invalid(
            f"Give tf.linalg.{name} a right-hand side (..., {a.shape[-2]}, k): got {b.shape}."
        )
    return a, b


# -- systems --------------------------------------------------------------------------------------


@operation
def inv(input: Any, adjoint: bool = False, name: Any = None) -> Any:
    """The inverse, or its adjoint."""
    y = np.linalg.inv(matrices(input, "inv"))
    return adjoint_of(y) if adjoint else y


@operation
def solve(matrix: Any, rhs: Any, adjoint: bool = False, name: Any = None) -> Any:
    """The solution of ``matrix @ x = rhs``, or of ``matrix' @ x = rhs``; `rhs` has columns."""
    a, b = _system(matrix, rhs, "solve")
    return np.linalg.solve(adjoint_of(a) if adjoint else a, b)


@operation
def triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: Any = None
) -> Any:
    """The solution of ``matrix @ x = rhs``, where one triangle of `matrix` is read."""
    a, b = _system(matrix, rhs, "triangular_solve")
    return matrix_functions.solve_triangular(a, b, 2 if adjoint else 0, lower, check_finite=False)


@operation
def cholesky_solve(chol: Any, rhs: Any, name: Any = None) -> Any:
    """The solution of ``a @ x = rhs`` from the Cholesky factor of `a`."""
    c, b = _system(chol, rhs, "cholesky_solve")
    return matrix_functions.cho_solve((c, True), b, check_finite=False)


@operation
def lstsq(
    matrix: Any, rhs: Any, l2_regularizer: Any = 0.0, fast: bool = True, name: Any = None
) -> Any:
    """The `x` with the least ``norm(matrix @ x - rhs)**2 + l2_regularizer * norm(x)**2``.

    Parameters
    ----------
    matrix, rhs
        Of shape ``(..., m, n)`` and ``(..., m, k)``.
    l2_regularizer
        A number of 0 or more.
    fast
        Solve the normal equations, for matrices of full rank. Otherwise the pseudo-inverse gives
        the shortest solution at any rank, and there is no regularizer.
    """
    a, b = _system(matrix, rhs, "lstsq", square=False)
    if not fast:
        return np.linalg.pinv(a, _cutoff(a, None)) @ b
    ah = adjoint_of(a)
    rows, width = a.shape[-2:]
    ridge = np.eye(min(rows, width), dtype=a.dtype) * a.dtype.type(raw(l2_regularizer))
    if rows >= width:
        return np.linalg.solve(ah @ a + ridge, ah @ b)
    return ah @ np.linalg.solve(a @ ah + ridge, b)


@operation
def pinv(a: Any, rcond: Any = None, validate_args: bool = False, name: Any = None) -> Any:
    """The Moore-Penrose pseudo-inverse.

    Singular values up to `rcond` times the greatest count as zero; by default
    ``10 * max(m, n) * eps``.
    """
    a = matrices(a, "pinv", square=False, kinds="f")
    return np.linalg.pinv(a, _cutoff(a, rcond))


def _cutoff(a: Any, rcond: Any) -> Any:
    if rcond is None:
        return 10.0 * max(a.shape[-2:]) * float(np.finfo(a.dtype).eps)
    return raw(rcond)


# -- determinants ---------------------------------------------------------------------------------


@operation
def det(input: Any, name: Any = None) -> Any:
    """The determinant."""
    return np.linalg.det(matrices(input, "det"))


@operation
def slogdet(input: Any, name: Any = None) -> Any:
    """The sign of the determinant, and the logarithm of its absolute value."""
    a = matrices(input, "slogdet")
    sign, log = np.linalg.slogdet(a)
    return LogMatrixDeterminant(sign, log.astype(a.dtype))


@operation
def logdet(matrix: Any, name: Any = None) -> Any:
    """The logarithm of the determinant of a positive definite matrix."""
    factor = np.linalg.cholesky(_hermitian(matrices(matrix, "logdet")))
    return 2 * np.sum(np.log(np.real(diagonal(factor))), axis=-1)


@operation
def matrix_rank(a: Any, tol: Any = None, validate_args: bool = False, name: Any = None) -> Any:
    """How many singular values are above `tol`, by default ``eps * max(m, n) * the greatest``."""
    a = raw(matrices(a, "matrix_rank", square=False))
    s = np.linalg.svd(a, compute_uv=False)
    if tol is None:
        eps = float(np.finfo(a.dtype).eps)
        tol = eps * max(a.shape[-2:]) * s.max(axis=-1, keepdims=True)
    return np.sum(s > raw(tol), axis=-1, dtype=np.int32)


# -- Hermitian matrices ---------------------------------------------------------------------------


def _hermitian(a: Any) -> Any:
    """The Hermitian matrix of the lower triangle, with the gradient among Hermitian matrices.

    That is TensorFlow's for `cholesky`: half in either triangle, while the value is that of the
    lower one.
    """
    if not a._id:
        return a
    both = (a + adjoint_of(a)) / 2
    read = from_triangle(a, "L")
    return both + Plain(raw(read) - raw(both), UNTRACKED)


@operation
def cholesky(input: Any, name: Any = None) -> Any:
    """The lower triangular `c` with ``c @ c' = input``; the gradient is symmetric.

    Raises
    ------
    InvalidArgumentError
        If a matrix is not positive definite.
    """
    return np.linalg.cholesky(_hermitian(matrices(input, "cholesky")))


@operation
def eigh(tensor: Any, name: Any = None) -> Any:
    """The eigenvalues, ascending, and eigenvectors of Hermitian matrices (the lower triangle)."""
    a = matrices(tensor, "eigh")
    w, v = np.linalg.eigh(a)
    return w.astype(a.dtype), v


@operation
def eigvalsh(tensor: Any, name: Any = None) -> Any:
    """The eigenvalues of Hermitian matrices, ascending, in the dtype of these."""
    a = matrices(tensor, "eigvalsh")
    return np.linalg.eigvalsh(a).astype(a.dtype)


@operation
def eigh_tridiagonal(
    alpha: Any,
    beta: Any,
    eigvals_only: bool = True,
    select: str = "a",
    select_range: Any = None,
    tol: Any = None,
    name: Any = None,
) -> Any:
    """The eigenvalues, and perhaps eigenvectors, of a Hermitian tridiagonal matrix.

    Parameters
    ----------
    alpha, beta
        The diagonal, of length n, and the one above it.
    eigvals_only
        Leave out the eigenvectors.
    select, select_range
        "a" for all; "v" for those above one number up to another; "i" for two positions and all
        between.
    tol
        Of no effect.
    """
    alpha, beta = together(alpha, beta)
    n = alpha.shape[0]
    if alpha.ndim != 1 or beta.shape != (max(n - 1, 0),):
        raise InvalidValueError(f"Give vectors of n and n - 1: got {alpha.shape}, {beta.shape}.")
    below = np.conj(beta)[np.minimum(np.arange(n), max(n - 2, 0))] if n > 1 else alpha
    step = np.arange(n)[:, None] - np.arange(n)
    full = np.where(step == 0, alpha, np.where(step == 1, below, alpha.dtype.type(0)))
    w, v = np.linalg.eigh(full)
    chosen = _selected(raw(w), select, select_range)
    return w[chosen] if eigvals_only else (w[chosen], v[:, chosen])


def _selected(w: Any, select: str, limits: Any) -> Any:
    if select == "a":
        return slice(None)
    if select not in ("v", "i") or limits is None or len(limits) != 2 or limits[0] > limits[1]:
        raise InvalidValueError(f"Give select a, v or i with a range: got {select!r}, {limits!r}.")
    if select == "i":
        return slice(int(limits[0]), int(limits[1]) + 1)
    return np.flatnonzero((w > limits[0]) & (w <= limits[1]))


# -- general matrices -----------------------------------------------------------------------------


@operation
def eig(tensor: Any, name: Any = None) -> Any:
    """The eigenvalues and eigenvectors of matrices, complex."""
    a = matrices(tensor, "eig")
    w, v = np.linalg.eig(a)
    dtype = np.result_type(a.dtype, np.complex64)
    return w.astype(dtype), v.astype(dtype)


@operation
def eigvals(tensor: Any, name: Any = None) -> Any:
    """The eigenvalues of matrices, complex."""
    a = matrices(tensor, "eigvals")
    return np.linalg.eigvals(a).astype(np.result_type(a.dtype, np.complex64))


@operation
def qr(input: Any, full_matrices: bool = False, name: Any = None) -> Any:
    """Orthonormal columns `q` and upper triangular `r` with ``q @ r = input``."""
    a = matrices(input, "qr", square=False)
    return Qr(*np.linalg.qr(a, "complete" if full_matrices else "reduced"))


@operation
def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: Any = None) -> Any:
    """Singular values, left and right singular vectors: ``u @ diag(s) @ v' = tensor``.

    Only the values without `compute_uv`.
    """
    a = matrices(tensor, "svd", square=False)
    if not compute_uv:
        return np.linalg.svd(a, compute_uv=False)
    u, s, vh = np.linalg.svd(a, bool(full_matrices))
    return s, u, adjoint_of(vh)


# -- matrix functions -----------------------------------------------------------------------------


@operation
def expm(input: Any, name: Any = None) -> Any:
    """The exponential of matrices."""
    return matrix_functions.expm(matrices(input, "expm"))


@operation
def logm(input: Any, name: Any = None) -> Any:
    """The principal logarithm of complex matrices."""
    a = matrices(input, "logm", kinds="c")
    return matrix_functions.logm(a).astype(a.dtype)


@operation
def sqrtm(input: Any, name: Any = None) -> Any:
    """The principal square root of matrices; NaN where that of a real one is complex."""
    a = matrices(input, "sqrtm")
    y = matrix_functions.sqrtm(a)
    if y.dtype.kind == "c" and a.dtype.kind == "f":
        return np.full_like(raw(a), np.nan)
    return y


# -- tridiagonal matrices -------------------------------------------------------------------------


def _tridiagonal(diagonals: Any, layout: str, name: str) -> tuple[Any, Any, Any]:
    """The diagonals above, on and below the main one, all of length n.

    The last entry of the first and the first of the last lie outside.
    """
    if layout == "matrix":
        a = matrices(diagonals, name)
        edge = np.zeros((*a.shape[:-2], 1), a.dtype)
        above, below = np.diagonal(a, 1, -2, -1), np.diagonal(a, -1, -2, -1)
        return (
            np.concatenate((above, edge), axis=-1),
            diagonal(a),
            np.concatenate((edge, below), axis=-1),
        )
    if layout == "sequence":
        if len(diagonals) != 3:
            raise InvalidValueError(f"Give three diagonals: got {len(diagonals)}.")
        above, main, below = together(*diagonals)
        n = main.shape[-1]
        return _padded(above, n, False), main, _padded(below, n, True)
    if layout != "compact":
        raise InvalidValueError(
            f"Give diagonals_format compact, sequence or matrix: got {layout!r}."
        )
    d = tensor(diagonals)
    if d.ndim < 2 or d.shape[-2] != 3:
        raise invalid(f"Give tf.linalg.{name} diagonals (..., 3, n): got shape {d.shape}.")
    return d[..., 0, :], d[..., 1, :], d[..., 2, :]


def _padded(d: Any, n: int, front: bool) -> Any:
    if d.shape[-1] == n:
        return d
    edge = np.zeros((*d.shape[:-1], 1), d.dtype)
    return np.concatenate((edge, d) if front else (d, edge), axis=-1)


@operation
def tridiagonal_matmul(
    diagonals: Any, rhs: Any, diagonals_format: str = "compact", name: Any = None
) -> Any:
    """The product of tridiagonal matrices and `rhs`, of shape ``(..., n, k)``.

    Parameters
    ----------
    diagonals
        For "compact" of shape ``(..., 3, n)``: above, on and below the main diagonal, of which the
        last entry of the first and the first of the last are not read. For "sequence" the three
        of them; for "matrix" whole matrices.
    """
    above, main, below = _tridiagonal(diagonals, diagonals_format, "tridiagonal_matmul")
    b = together(main, rhs)[1]
    zero = np.zeros_like(raw(b[..., :1, :]))
    after = np.concatenate((b[..., 1:, :], zero), axis=-2)
    before = np.concatenate((zero, b[..., :-1, :]), axis=-2)
    return above[..., None] * after + main[..., None] * b + below[..., None] * before


@operation
def tridiagonal_solve(
    diagonals: Any,
    rhs: Any,
    diagonals_format: str = "compact",
    transpose_rhs: bool = False,
    conjugate_rhs: bool = False,
    name: Any = None,
    partial_pivoting: bool = True,
    perturb_singular: bool = False,
) -> Any:
    """The solution of equations with tridiagonal matrices, with pivoting always.

    Parameters
    ----------
    diagonals, diagonals_format
        As in `tridiagonal_matmul`.
    rhs
        Of shape ``(..., n)`` or ``(..., n, k)``.
    transpose_rhs, conjugate_rhs
        Transpose, conjugate `rhs` first.
    """
    if perturb_singular:
        raise NotImplementedError("Leave perturb_singular=False: it is not supported here.")
    above, main, below = _tridiagonal(diagonals, diagonals_format, "tridiagonal_solve")
    b = together(main, rhs)[1]
    vector = b.ndim == main.ndim
    if vector:
        b = b[..., None]
    elif transpose_rhs:
        b = np.swapaxes(b, -1, -2)
    if conjugate_rhs:
        b = np.conj(b)
    n = main.shape[-1]
    step = np.arange(n)[:, None] - np.arange(n)
    zero = main.dtype.type(0)
    full = np.where(step == 0, columns(main), np.where(step == -1, above[..., None], zero))
    x = np.linalg.solve(np.where(step == 1, below[..., None], full), b)
    return x[..., 0] if vector else x
