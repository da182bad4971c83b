"""Matrix functions of `scipy.linalg`, differentiable: SciPy has no protocol that would lead here.

The names and arguments are SciPy's; arrays, Tensors and Variables go in, stacks of matrices too.
NumPy's own `numpy.linalg` needs nothing of this: it works on Tensors as it is. SciPy is imported
when a function is first called.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.kinds import raw
from gradtape.rules import matrix_functions
from gradtape.rules.arguments import as_array, inexact
from gradtape.rules.matrices import adjoint, matrix, run
from gradtape.rules.solvers import solve_triangle

__all__ = ["cho_solve", "expm", "logm", "lu_solve", "solve_triangular", "sqrtm"]


def solve_triangular(
    a: Any,
    b: Any,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,  # noqa: ARG001 (SciPy's)
    check_finite: bool = True,
) -> Any:
    """The solution of ``a @ x = b`` for triangular `a`.

    Parameters
    ----------
    a
        Of shape ``(..., n, n)``. Only its upper triangle is read, or its `lower`; without the
        diagonal, which counts as ones, if `unit_diagonal`. What is not read has gradient 0.
    b
        Of shape ``(n,)`` or ``(..., n, k)``.
    trans
        0 or "N" for `a` itself, 1 or "T" for its transpose, 2 or "C" for its adjoint.
    overwrite_b
        Ignored: nothing is overwritten.
    check_finite
        Refuse infinities and NaN.

    Returns
    -------
    x
        Of the shape of `b`.

    Raises
    ------
    numpy.linalg.LinAlgError
        If `a` is singular.
    ValueError
        If the shapes do not fit, `trans` is not one of these, or numbers are not finite.

    Notes
    -----
    With cotangent ``g`` of `x`, that of `b` is ``inv(a)' g``, and that of `a` the triangle of
    ``-inv(a)' g x'``.

    References
    ----------
    M. B. Giles, "An extended collection of matrix derivative results for forward and reverse mode
    algorithmic differentiation", 2008, section 2.3.1.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> a = np.array([[2.0, 0.0], [1.0, 4.0]])
    >>> gt.linalg.solve_triangular(a, np.array([2.0, 5.0]), lower=True)
    array([1., 1.])
    """
    a, b = matrix(a), inexact(as_array(b))
    turns = {0: 0, 1: 1, 2: 2, "N": 0, "T": 1, "C": 2}
    if trans not in turns:
        raise ValueError(f"Give trans 0, 1, 2, 'N', 'T' or 'C': got {trans!r}.")
    if turns[trans]:
        a, lower = adjoint(a) if turns[trans] == 2 else np.swapaxes(a, -1, -2), not lower
    return _columns(
        lambda b: run(solve_triangle, a, b, lower=lower, unit=unit_diagonal, check=check_finite), b
    )


def cho_solve(
    c_and_lower: Any,
    b: Any,
    overwrite_b: bool = False,  # noqa: ARG001 (SciPy's)
    check_finite: bool = True,
) -> Any:
    """The solution of ``a @ x = b`` from the Cholesky factor of `a`.

    Parameters
    ----------
    c_and_lower
        The factor, as from `numpy.linalg.cholesky`, and whether it is the lower one:
        ``a = c @ c'`` if so, ``a = c' @ c`` otherwise.
    b
        Of shape ``(n,)`` or ``(..., n, k)``.
    overwrite_b, check_finite
        As for `solve_triangular`.

    Returns
    -------
    x
        Of the shape of `b`.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> a = np.array([[4.0, 2.0], [2.0, 3.0]])
    >>> gt.linalg.cho_solve((np.linalg.cholesky(a), True), np.array([6.0, 5.0]))
    array([1., 1.])
    """
    c, lower = c_and_lower
    first, second = (0, 2) if lower else (2, 0)
    y = solve_triangular(c, b, first, lower, check_finite=check_finite)
    return solve_triangular(c, y, second, lower, check_finite=check_finite)


def lu_solve(
    lu_and_piv: Any,
    b: Any,
    trans: int = 0,
    overwrite_b: bool = False,  # noqa: ARG001 (SciPy's)
    check_finite: bool = True,
) -> Any:
    """The solution of ``a @ x = b`` from the LU factorization of `a`.

    Parameters
    ----------
    lu_and_piv
        What `scipy.linalg.lu_factor` gives for one matrix: both factors in one matrix, and for
        each row the one it was swapped with.
    b
        Of shape ``(n,)`` or ``(n, k)``.
    trans
        0 for `a` itself, 1 for its transpose, 2 for its adjoint.
    overwrite_b, check_finite
        As for `solve_triangular`.

    Returns
    -------
    x
        Of the shape of `b`. Gradients flow to `b` and to the factors; SciPy's factorization itself
        takes plain arrays. `numpy.linalg.solve` has the gradient with respect to `a`.

    Examples
    --------
    >>> import gradtape as gt, numpy as np, scipy.linalg
    >>> factors = scipy.linalg.lu_factor(np.array([[1.0, 2.0], [3.0, 4.0]]))
    >>> gt.linalg.lu_solve(factors, np.array([3.0, 7.0])).round(12)
    array([1., 1.])
    """
    if trans not in (0, 1, 2):
        raise ValueError(f"Give trans 0, 1 or 2: got {trans!r}.")
    lu, pivots = lu_and_piv
    order = _row_order(np.asarray(raw(pivots)))
    b = as_array(b)
    lower: dict[str, Any] = {"lower": True, "unit_diagonal": True, "check_finite": check_finite}
    if not trans:
        y = solve_triangular(lu, b[order], **lower)
        return solve_triangular(lu, y, check_finite=check_finite)
    y = solve_triangular(lu, b, trans, check_finite=check_finite)
    return solve_triangular(lu, y, trans, **lower)[np.argsort(order)]


def expm(A: Any) -> Any:  # noqa: N803 (SciPy's name)
    """The matrix exponential ``sum(A**k / k!)``.

    Parameters
    ----------
    A
        Of shape ``(..., n, n)``, real or complex.

    Returns
    -------
    Of the shape and dtype of `A`.

    Notes
    -----
    The derivative in direction ``E`` is the upper right block of ``expm([[A, E], [0, A]])``, and
    the cotangent of `A` that block for ``A'`` and the cotangent of the result.

    References
    ----------
    I. Najfeld and T. F. Havel, "Derivatives of the matrix exponential and their computation",
    Advances in Applied Mathematics 16, 1995. A. H. Al-Mohy and N. J. Higham, "Computing the
    Frechet derivative of the matrix exponential", SIAM J. Matrix Anal. Appl. 30, 2009.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> gt.linalg.expm(np.array([[0.0, 1.0], [0.0, 0.0]]))
    array([[1., 1.],
           [0., 1.]])
    """
    return run(matrix_functions.expm, matrix(A))


def logm(A: Any) -> Any:  # noqa: N803
    """The principal logarithm of matrices, the inverse of `expm`.

    Parameters
    ----------
    A
        Of shape ``(..., n, n)``, without eigenvalues on the closed negative real axis: there is
        the branch cut.

    Returns
    -------
    Of the shape of `A`, complex where the logarithm is.

    References
    ----------
    A. H. Al-Mohy, N. J. Higham and S. D. Relton, "Computing the Frechet derivative of the matrix
    logarithm and estimating the condition number", SIAM J. Sci. Comput. 35, 2013.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> gt.linalg.logm(np.diag([1.0, np.e])).round(12)
    array([[0., 0.],
           [0., 1.]])
    """
    return run(matrix_functions.logm, matrix(A))


def sqrtm(A: Any) -> Any:  # noqa: N803
    """The principal square root ``X @ X = A`` of matrices.

    Parameters
    ----------
    A
        Of shape ``(..., n, n)``, without eigenvalues on the closed negative real axis. At an
        eigenvalue 0 the slope is infinite.

    Returns
    -------
    Of the shape of `A`, complex where the root is.

    Notes
    -----
    The derivative solves a Sylvester equation: ``X dX + dX X = dA``.

    References
    ----------
    N. J. Higham, *Functions of Matrices*, SIAM 2008, section 3.2.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> gt.linalg.sqrtm(np.diag([1.0, 4.0]))
    array([[1., 0.],
           [0., 2.]])
    """
    return run(matrix_functions.sqrtm, matrix(A))


def _columns(solve: Any, b: Any) -> Any:
    return solve(b[:, None])[..., 0] if b.ndim == 1 else solve(b)


def _row_order(pivots: Any) -> Any:
    """The order of rows that swapping row ``i`` with row ``pivots[i]``, one by one, leads to."""
    order = np.arange(len(pivots))
    for i, j in enumerate(pivots):
        order[[i, j]] = order[[j, i]]
    return order
