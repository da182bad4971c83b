"""The softmax and its logarithm at extremes, and over any axes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special

import gradtape as gt
from gradtape.special import log_softmax, softmax

X = np.random.default_rng(1).normal(size=(2, 3, 4)) * 3


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (-1, -2)])
def test_the_same_as_scipy(axis: Any) -> None:
    np.testing.assert_allclose(softmax(X, axis), scipy.special.softmax(X, axis), rtol=1e-14)
    np.testing.assert_allclose(log_softmax(X, axis), scipy.special.log_softmax(X, axis), rtol=1e-13)


@pytest.mark.parametrize("function", [softmax, log_softmax])
def test_extremes(function: Any) -> None:
    x = np.array([1e30, 0.0, -np.inf])
    want = np.array([1.0, 0.0, 0.0])
    found = function(x, -1)
    np.testing.assert_array_equal(np.exp(found) if function is log_softmax else found, want)
    g = np.asarray(gt.vjp(lambda x: function(x, -1), x)[1](np.array([1.0, 0.0, 0.0]))[0])
    np.testing.assert_array_equal(g, [0.0, 0.0, 0.0])


def test_of_no_entries() -> None:
    assert softmax(np.zeros((2, 0)), -1).shape == (2, 0)
    assert softmax(np.zeros((0, 2)), -1).shape == (0, 2)


def test_an_axis_that_is_not_there() -> None:
    with pytest.raises(np.exceptions.AxisError):
        softmax(X, 3)
    with pytest.raises(ValueError, match="repeated"):
        softmax(X, (0, 0))


def test_of_complex_numbers() -> None:
    z = np.array([1.0 + 2j, 0.5 - 1j])
    np.testing.assert_allclose(softmax(z), np.exp(z) / np.exp(z).sum())
