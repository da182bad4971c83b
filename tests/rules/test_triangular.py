"""Triangular systems in every order of memory, and singular ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.linalg

from gradtape.rules.solvers import solve_triangle

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("unit", [True, False])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_same_as_scipy(dtype: Any, lower: bool, unit: bool, order: Any) -> None:
    a = np.array(RNG.normal(size=(4, 4)) + 4 * np.eye(4), dtype, order=order)
    b = np.array(RNG.normal(size=(4, 3)), dtype, order=order)
    kept = a.copy(), b.copy()
    want = scipy.linalg.solve_triangular(a, b, lower=lower, unit_diagonal=unit)
    tolerance = 100 * np.finfo(dtype).eps
    found = solve_triangle(a, b, lower=lower, unit=unit)
    np.testing.assert_allclose(found, want, rtol=tolerance, atol=tolerance)
    np.testing.assert_array_equal(a, kept[0])
    np.testing.assert_array_equal(b, kept[1])


def test_a_singular_one_is_refused() -> None:
    with pytest.raises(np.linalg.LinAlgError, match="diagonal 1"):
        solve_triangle(np.diag([1.0, 0.0]), np.ones((2, 1)), lower=True, unit=False)
