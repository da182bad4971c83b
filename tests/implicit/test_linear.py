"""Linear systems by a matrix and by products."""

from __future__ import annotations

import numpy as np
import pytest

from gradtape.implicit.linear import check_solver, solve_by_products, solve_dense

A = np.array([[2.0, 0.3, 0.0], [0.3, 1.5, 0.2], [0.0, 0.2, 1.0]])
V = np.array([1.0, -2.0, 0.5])


@pytest.mark.parametrize("name", ["gmres", "bicgstab", "cg"])
def test_products_give_what_the_matrix_gives(name) -> None:
    expected = np.linalg.solve(A, V)
    np.testing.assert_allclose(solve_dense(A, V), expected)
    np.testing.assert_allclose(solve_by_products(name, lambda w: A @ w, V), expected)


def test_the_series_of_a_contraction() -> None:
    found = solve_by_products("neumann", lambda w: w - A @ w / 4, V)
    np.testing.assert_allclose(found, np.linalg.solve(np.eye(3) - A / 4, V))
    with pytest.raises(RuntimeError, match="'neumann' did not solve"):
        solve_by_products("neumann", lambda w: w - A @ w, V)


def test_failures() -> None:
    with pytest.raises(RuntimeError, match="Use linear_solver='dense'.*'gmres' did not solve"):
        solve_by_products("gmres", lambda w: np.array([w[0], w[1], 0.0]), V)
    with pytest.raises(np.linalg.LinAlgError, match=r"condition number inf"):
        solve_dense(np.diag([1.0, 0.0]), np.ones(2))
    with pytest.raises(np.linalg.LinAlgError, match=r"condition number 1.0e\+17"):
        solve_dense(np.diag([1.0, 1e-17]), np.ones(2))
    with pytest.raises(ValueError, match="'neumann': got 'lu'"):
        check_solver("lu")
