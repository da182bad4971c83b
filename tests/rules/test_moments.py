"""Means, variances and averages: equal entries, nothing to average, weights."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
from support import gradient, second, tensor

NAN = math.nan

# -- variance and standard deviation ------------------------------------------------------------


@pytest.mark.parametrize("function", [np.std, np.nanstd, lambda x: np.std(x, mean=np.mean(x))])
@pytest.mark.parametrize("n", [1, 3])
def test_the_standard_deviation_of_equal_entries_has_gradient_zero(function: Any, n: int) -> None:
    x = np.full(n, 1.5)
    np.testing.assert_array_equal(gradient(function, x), np.zeros(n))
    np.testing.assert_array_equal(second(function, x, np.arange(n, dtype=float)), np.zeros(n))


def test_a_constant_row_among_others() -> None:
    x = np.array([[2.0, 2.0, 2.0], [1.0, 2.0, 3.0]])
    found = gradient(lambda x: np.std(x, axis=1, keepdims=True), x)
    np.testing.assert_allclose(found[0], 0, atol=0)
    np.testing.assert_allclose(found[1], np.array([-1, 0, 1]) / math.sqrt(6), rtol=1e-15)


def test_too_few_numbers_for_the_degrees_of_freedom() -> None:
    x = np.array([[1.0, NAN, 2.0], [1.0, 2.0, 4.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        y = np.nanvar(tensor(x), axis=1, ddof=2)
        np.testing.assert_allclose(y.numpy(), np.nanvar(x, axis=1, ddof=2), rtol=1e-15)


@pytest.mark.parametrize("function", [np.var, np.std, np.nanvar])
def test_ddof_and_correction_exclude_each_other(function: Any) -> None:
    with pytest.raises(ValueError, match="either ddof or correction"):
        function(tensor([1.0, 2.0]), ddof=1, correction=1)


def test_a_mean_that_is_given_has_a_gradient_of_its_own() -> None:
    x, m = np.array([1.0, 2.0, 6.0]), np.array([2.5])
    gx, gm = gradient(lambda x, m: np.var(x, mean=m), x, m)
    np.testing.assert_allclose(gx, 2 * (x - m) / 3, rtol=1e-15)
    np.testing.assert_allclose(gm, [-2 * np.sum(x - m) / 3], rtol=1e-15)


@pytest.mark.parametrize("function", [np.mean, np.median, np.var])
def test_the_mean_of_nothing_warns_as_numpy_does(function: Any) -> None:
    with pytest.warns(RuntimeWarning):
        y = function(tensor([]))
    assert np.isnan(y.numpy())


# -- average ------------------------------------------------------------------------------------


def test_the_average_returns_the_sum_of_weights() -> None:
    x, w = tensor([[1.0, 2.0], [3.0, 5.0]]), tensor([1.0, 3.0])
    for options in ({}, {"axis": 1}, {"axis": 1, "weights": w}, {"axis": (0,), "weights": w}):
        y, total = np.average(x, returned=True, **options)
        plain = {k: getattr(v, "_value", v) for k, v in options.items()}
        expected = np.average(x.numpy(), returned=True, **plain)
        np.testing.assert_array_equal(y.numpy(), expected[0])
        np.testing.assert_array_equal(total.numpy(), expected[1])


def test_weights_and_values_both_have_gradients() -> None:
    a, w = gradient(
        lambda a, w: np.average(a, weights=w), np.array([1.0, 5.0]), np.array([1.0, 3.0])
    )
    np.testing.assert_array_equal(a, [0.25, 0.75])
    np.testing.assert_array_equal(w, [-0.75, 0.25])


def test_a_plain_list_with_watched_weights() -> None:
    np.testing.assert_array_equal(
        gradient(lambda w: np.average([1.0, 5.0], weights=w), np.array([1.0, 3.0])), [-0.75, 0.25]
    )


def test_weights_that_do_not_fit() -> None:
    x = tensor([[1.0, 2.0, 3.0]])
    with pytest.raises(TypeError, match="Axis must be specified"):
        np.average(x, weights=np.ones(3))
    with pytest.raises(ValueError, match="consistent with shape"):
        np.average(x, axis=0, weights=np.ones(3))
    with pytest.raises(ZeroDivisionError, match="sum to zero"):
        np.average(x, axis=1, weights=[1.0, -1.0, 0.0])
