"""Norms at zero, powers of matrices, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from support import assert_gradient, gradient, second, tensor

import gradtape as gt

INF = math.inf
rng = np.random.default_rng(0)
A, B = rng.normal(size=(2, 3)), rng.normal(size=(3, 4))

# -- norms --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
@pytest.mark.parametrize("ord", [None, 1, 2, 3, 1.5, 0.5, INF, -INF])
def test_the_norm_of_the_zero_vector_has_gradient_zero(ord: Any, dtype: Any) -> None:
    def f(x: Any) -> Any:
        return np.linalg.norm(x, ord)

    np.testing.assert_array_equal(gradient(f, np.zeros(3, dtype)), np.zeros(3))
    np.testing.assert_array_equal(second(f, np.zeros(3, dtype), np.ones(3, dtype)), np.zeros(3))


@pytest.mark.parametrize("ord", ["fro", None, 1, -1, INF, -INF])
def test_the_norm_of_the_zero_matrix_has_gradient_zero(ord: Any) -> None:
    found = gradient(lambda x: np.linalg.norm(x, ord), np.zeros((2, 2)))
    np.testing.assert_array_equal(found, np.zeros((2, 2)))


@pytest.mark.parametrize("p", [0.5, 1.5, 3])
def test_a_zero_entry_of_a_p_norm(p: float) -> None:
    x = np.array([0.0, 3.0])
    np.testing.assert_allclose(gradient(lambda x: np.linalg.norm(x, p), x), [0, 1], rtol=1e-15)
    np.testing.assert_array_equal(second(lambda x: np.linalg.norm(x, p), x, [1.0, 0.0])[0], 0)


def test_norms_that_are_not_there() -> None:
    x = tensor(np.eye(2))
    with pytest.raises(ValueError, match="Invalid norm order for matrices"):
        np.linalg.norm(x, 3)
    with pytest.raises(ValueError, match="for vectors"):
        np.linalg.norm(x[0], "fro")
    with pytest.raises(ValueError, match="Improper number of dimensions"):
        np.linalg.norm(tensor(np.zeros((2, 2, 2))), 1)


# -- products of matrices -----------------------------------------------------------------------


@pytest.mark.parametrize("n", [6, 7])
def test_matrix_power(n: int) -> None:
    x = rng.normal(size=(3, 3)) / 2
    assert_gradient(lambda x: np.linalg.matrix_power(x, n), x)
    got = np.linalg.matrix_power(gt.constant(x), n)
    np.testing.assert_allclose(got.numpy(), np.linalg.matrix_power(x, n), rtol=1e-12)


def test_matrix_power_needs_square_matrices() -> None:
    with pytest.raises(np.linalg.LinAlgError, match="square"):
        np.linalg.matrix_power(gt.constant(A), 2)


def test_matrix_power_one_is_a_new_tensor() -> None:
    x = gt.constant(np.eye(2))
    y = np.linalg.matrix_power(x, 1)
    y += 1.0
    np.testing.assert_array_equal(x.numpy(), np.eye(2))


def test_multi_dot_errors() -> None:
    with pytest.raises(ValueError, match="two arrays"):
        np.linalg.multi_dot([gt.constant(A)])
    with pytest.raises(np.linalg.LinAlgError, match=r"got ranks \[2, 1, 2\]"):
        np.linalg.multi_dot([gt.constant(A), A[0], B])
