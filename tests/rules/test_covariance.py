"""Covariances and correlations: signatures, weights, edges."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from support import assert_gradient, gradient, tensor

import gradtape as gt

X = np.array([[1.0, 4.0, 2.0, 8.0], [0.5, 3.0, 9.0, 1.0]])
Y = np.array([2.0, 2.5, 7.0, 6.0])
F = np.array([1, 3, 2, 1])
A = np.array([0.5, 1.0, 2.0, 1.5])


@pytest.mark.parametrize(
    "options",
    [
        *({}, {"y": Y}, {"rowvar": False}, {"y": X, "rowvar": False}, {"bias": True}, {"ddof": 0}),
        *({"fweights": F}, {"aweights": A}, {"fweights": F, "aweights": A, "ddof": 2}),
        *({"dtype": np.complex128}, {"fweights": list(F), "bias": True}),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_cov(options: Any, dtype: Any) -> None:
    x = X.astype(dtype)
    expected = np.cov(x, **options)
    found = np.cov(gt.constant(x), **options)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-13)
    if dtype is not np.float32:
        assert_gradient(lambda x: np.cov(x, **options), x)


def test_one_variable() -> None:
    assert np.cov(tensor(Y)).numpy() == pytest.approx(np.cov(Y))
    np.testing.assert_allclose(gradient(np.cov, Y), 2 * (Y - Y.mean()) / 3)
    assert np.corrcoef(tensor(Y)).numpy() == 1
    assert np.cov(tensor(np.zeros((0, 3)))).shape == (0, 0)


def test_too_few_samples_are_warned_about() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert np.isnan(np.cov(tensor(1.0)[None]).numpy())
    assert "Degrees of freedom" in str(caught[0].message)


def test_numpys_errors() -> None:
    for options in ({"fweights": [-1, 1, 1, 1]}, {"aweights": [-1.0, 1, 1, 1]}, {"ddof": 0.5}):
        with pytest.raises(ValueError, match=r"negative|integer"):
            np.cov(tensor(X), **options)


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_corrcoef(dtype: Any) -> None:
    x = (X + 1j * X[::-1] ** 2 if dtype is np.complex128 else X).astype(dtype)
    np.testing.assert_allclose(np.corrcoef(tensor(x, dtype=dtype)).numpy(), np.corrcoef(x))
    assert_gradient(np.corrcoef, x)
    assert_gradient(lambda x, y: np.corrcoef(x, y), x, Y)


def test_a_variable_and_itself_are_correlated_whatever_happens() -> None:
    found = gradient(lambda x: np.corrcoef(x, x), Y)
    np.testing.assert_allclose(found, 0, atol=1e-15)
