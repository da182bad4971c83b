"""LU factors, and what is solved with them; triangles held as bands."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradtape import linalg as matrix_functions
from gradtape.core.dispatch import apply
from gradtape.core.kinds import raw, somewhere
from gradtape.rules import factorizations
from gradtape.rules.matrices import identity, run
from gradtape.tf.decompositions import matrices
from gradtape.tf.dtypes import int32, numpy_dtype
from gradtape.tf.errors import invalid
from gradtape.tf.operation import operation
from gradtape.tf.policy import tensor, together


class Lu(NamedTuple):
    """What `lu` returns."""

    lu: Any
    p: Any


@operation
def lu(input: Any, output_idx_type: Any = int32, name: Any = None) -> Any:
    """Both triangular factors of square matrices in one, and the order of rows: ``a[p] = l u``.

    The diagonal of the lower factor is 1 and left out. The gradient is that of the factors.

    Raises
    ------
    InvalidArgumentError
        If a matrix is singular.
    """
    a = matrices(input, "lu")
    rows = apply(factorizations.row_orders, (a,))
    factors = run(factorizations.lu, np.take_along_axis(a, rows[..., None], -2))
    if somewhere(np.diagonal(raw(factors), 0, -2, -1) == 0):
        raise invalid("Give tf.linalg.lu matrices that are not singular.")
    return Lu(factors, rows.astype(numpy_dtype(output_idx_type)))


def _parts(lower_upper: Any, perm: Any, name: str) -> tuple[Any, Any, Any]:
    """The factors, and for each row of their product which row it was."""
    both = matrices(lower_upper, name)
    rows = raw(tensor(perm))
    if rows.shape[-1:] != both.shape[-1:]:
        raise invalid(f"Give perm of shape (..., {both.shape[-1]}): got {rows.shape}.")
    return both, np.where(identity(both), 1, np.tril(both, -1)), rows.astype(np.intp)


def _ordered(x: Any, rows: Any) -> Any:
    loops = np.broadcast_shapes(x.shape[:-2], rows.shape[:-1])
    x = np.broadcast_to(x, (*loops, *x.shape[-2:])) if x.shape[:-2] != loops else x
    rows = np.broadcast_to(rows, (*loops, rows.shape[-1]))
    return np.take_along_axis(x, rows[..., None], -2)


@operation
def lu_reconstruct(
    lower_upper: Any, perm: Any, validate_args: bool = False, name: Any = None
) -> Any:
    """The matrices with these factors: undoes `lu`."""
    both, lower, rows = _parts(lower_upper, perm, "lu_reconstruct")
    return _ordered(lower @ np.triu(both), np.argsort(rows, axis=-1))


@operation
def lu_solve(
    lower_upper: Any, perm: Any, rhs: Any, validate_args: bool = False, name: Any = None
) -> Any:
    """The solution of ``a @ x = rhs`` from the factors of `a`."""
    both, lower, rows = _parts(lower_upper, perm, "lu_solve")
    b = together(both, rhs)[1]
    if b.ndim < 2 or b.shape[-2] != both.shape[-1]:
        raise invalid(f"Give a right-hand side (..., {both.shape[-1]}, k): got {b.shape}.")
    return _solved(both, lower, _ordered(b, rows))


@operation
def lu_matrix_inverse(
    lower_upper: Any, perm: Any, validate_args: bool = False, name: Any = None
) -> Any:
    """The inverse of `a` from its factors."""
    both, lower, rows = _parts(lower_upper, perm, "lu_matrix_inverse")
    return _solved(both, lower, _ordered(np.eye(both.shape[-1], dtype=both.dtype), rows))


def _solved(both: Any, lower: Any, b: Any) -> Any:
    y = matrix_functions.solve_triangular(lower, b, 0, True, check_finite=False)
    return matrix_functions.solve_triangular(both, y, check_finite=False)


@operation
def banded_triangular_solve(
    bands: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: Any = None
) -> Any:
    """The solution of ``a @ x = rhs`` for a triangle held as its diagonals.

    Parameters
    ----------
    bands
        Of shape ``(..., count, n)``: the main diagonal first if `lower`, last otherwise; those
        below it begin, and those above it end, with entries that are not read.
    rhs
        Of shape ``(..., n, k)``.
    lower, adjoint
        Whether `a` is a lower triangle; whether to solve with its adjoint.
    """
    bands, b = together(bands, rhs)
    if bands.ndim < 2 or b.ndim < 2 or b.shape[-2] != bands.shape[-1]:
        raise invalid(
            f"Give bands (..., count, n) and rhs (..., n, k): got {bands.shape} and {b.shape}."
        )
    count, n = bands.shape[-2:]
    down = np.arange(n)[:, None] - np.arange(n)
    step = down if lower else down + count - 1
    inside = (step >= 0) & (step < count) & ((down >= 0) if lower else (down <= 0))
    # Each row of the bands holds, at column i, the entry of row i of its diagonal.
    entries = bands[..., np.where(inside, step, 0), np.arange(n)[:, None]]
    full = np.where(inside, entries, bands.dtype.type(0))
    turn = 2 if adjoint else 0
    return matrix_functions.solve_triangular(full, b, turn, lower, check_finite=False)
