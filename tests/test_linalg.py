"""gt.linalg: SciPy's matrix functions with derivatives."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

import gradtape as gt

RNG = np.random.default_rng(0)
A = RNG.normal(size=(4, 4)) + 4 * np.eye(4)
B = RNG.normal(size=(4, 2))


@pytest.mark.parametrize("trans", [0, 1, 2, "N", "T", "C"])
@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("unit", [False, True])
def test_triangular(trans, lower, unit) -> None:
    for b in (B, B[:, 0]):
        expected = scipy.linalg.solve_triangular(A, b, trans, lower, unit)
        found = gt.linalg.solve_triangular(A, b, trans, lower, unit)
        np.testing.assert_allclose(found, expected)
    gt.check_gradients(lambda a, b: gt.linalg.solve_triangular(a, b, trans, lower, unit), A, B)
    slope = gt.grad(lambda a: np.sum(gt.linalg.solve_triangular(a, B, 0, lower, unit)))(A)
    unread = np.tril(A, -1 + unit) if not lower else np.triu(A, 1 - unit)
    assert not np.any(slope[unread != 0])


@pytest.mark.parametrize("lower", [False, True])
def test_cholesky_solution_has_the_gradient_of_the_solution(lower) -> None:
    spd = A @ A.T
    np.testing.assert_allclose(
        gt.linalg.cho_solve(scipy.linalg.cho_factor(spd, lower), B), np.linalg.solve(spd, B)
    )

    def by_factor(a):
        c = np.linalg.cholesky(a @ a.T, upper=not lower)
        return np.sum(gt.linalg.cho_solve((c, lower), B) ** 2)

    expected = gt.grad(lambda a: np.sum(np.linalg.solve(a @ a.T, B) ** 2))(A)
    np.testing.assert_allclose(gt.grad(by_factor)(A), expected, rtol=1e-8)


@pytest.mark.parametrize("trans", [0, 1, 2])
def test_lu_solution(trans) -> None:
    factors = scipy.linalg.lu_factor(A[::-1])
    for b in (B, B[:, 0]):
        expected = scipy.linalg.lu_solve(factors, b, trans)
        np.testing.assert_allclose(gt.linalg.lu_solve(factors, b, trans), expected)
    lu, pivots = factors
    gt.check_gradients(lambda lu, b: gt.linalg.lu_solve((lu, pivots), b, trans), lu, B)


@pytest.mark.parametrize("name", ["expm", "logm", "sqrtm"])
def test_matrix_functions(name) -> None:
    ours, theirs = getattr(gt.linalg, name), getattr(scipy.linalg, name)
    np.testing.assert_allclose(ours(A), theirs(A), rtol=1e-10)
    stack = np.stack([A, A + 1])
    np.testing.assert_allclose(ours(stack), [theirs(a) for a in stack], rtol=1e-10)
    gt.check_gradients(ours, A / 4)
    assert isinstance(ours(gt.constant(A)), gt.Tensor)
    if name != "logm":  # of which SciPy warns in float32
        assert ours(A.astype(np.float32)).dtype == np.float32


def test_a_zero_direction_of_expm_has_a_zero_derivative() -> None:
    _, tangent = gt.jvp(gt.linalg.expm, (A,), (np.zeros_like(A),))
    np.testing.assert_array_equal(tangent, np.zeros_like(A))


def test_errors() -> None:
    with pytest.raises(ValueError, match="Give trans 0, 1, 2, 'N', 'T' or 'C': got 3"):
        gt.linalg.solve_triangular(A, B, 3)
    with pytest.raises(ValueError, match="Give trans 0, 1 or 2: got 'T'"):
        gt.linalg.lu_solve(scipy.linalg.lu_factor(A), B, "T")
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        gt.linalg.solve_triangular(np.zeros((2, 2)), np.ones(2))
    with pytest.raises(np.linalg.LinAlgError, match="at least two-dimensional"):
        gt.linalg.expm(np.ones(3))
