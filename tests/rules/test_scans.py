"""Cumulative functions: zeros, masks, NaN, the array API's names."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from support import ZEROS, gradient, product_without, second, tensor

import gradtape as gt

NAN = math.nan

# -- zeros --------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", ZEROS)
def test_gradient_of_a_cumulative_product_with_zeros(x: list[float]) -> None:
    v = np.arange(1.0, len(x) + 1)
    expected = [
        sum(v[k] * product_without(x[: k + 1], j) for k in range(j, len(x))) for j in range(len(x))
    ]
    found = gradient(lambda x: np.cumprod(x) * v, np.array(x, float))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("x", ZEROS)
def test_second_derivative_of_a_cumulative_product_with_zeros(x: list[float]) -> None:
    n = len(x)
    w = np.arange(1.0, n + 1)
    expected = np.zeros(n)
    for i, j in itertools.permutations(range(n), 2):
        expected[i] += w[j] * sum(product_without(x[: k + 1], i, j) for k in range(max(i, j), n))
    np.testing.assert_array_equal(second(np.cumprod, np.array(x, float), w), expected)


# -- what is not taken contributes nothing ------------------------------------------------------


def test_the_mask_of_a_cumulative_sum_ends_at_the_last_entry_taken() -> None:
    taken = np.array([True, True, False])
    found = gradient(lambda x: np.where(taken, np.cumsum(np.sqrt(x)), 0), np.array([1.0, 4.0, 0.0]))
    np.testing.assert_array_equal(found, [1.0, 0.25, 0])


# -- signatures ---------------------------------------------------------------------------------


def test_cumulative_functions_that_ignore_nan() -> None:
    x = np.array([2.0, NAN, 3.0])
    np.testing.assert_array_equal(gradient(np.nancumsum, x), [3, 0, 1])
    np.testing.assert_array_equal(gradient(np.nancumprod, x), [5, 0, 2])


@pytest.mark.skipif(not hasattr(np, "cumulative_sum"), reason="NumPy 2.1")
def test_the_array_apis_names() -> None:
    x = tensor([2.0, 3.0])
    np.testing.assert_array_equal(np.cumulative_sum(x, include_initial=True).numpy(), [0, 2, 5])
    np.testing.assert_array_equal(np.cumulative_prod(x, include_initial=True).numpy(), [1, 2, 6])
    with pytest.raises(ValueError, match="Give numpy.cumulative_sum an axis"):
        np.cumulative_sum(tensor([[1.0]]))


@pytest.mark.parametrize("function", [np.cumsum, np.cumprod])
def test_cumulative_functions_of_little(function: Any) -> None:
    for x in (np.zeros((0, 2)), np.float64(3.0), np.array([[1.0]])):
        for axis in (None, 0):
            got = function(gt.constant(x), axis=axis)
            np.testing.assert_array_equal(got.numpy(), function(x, axis=axis))
            found = gradient(lambda x, a=axis: function(x, axis=a), x)
            np.testing.assert_array_equal(found, np.ones_like(x))


# -- running extremes ---------------------------------------------------------------------------


@pytest.mark.parametrize("ufunc", [np.maximum, np.minimum, np.fmax, np.fmin])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_running_extremes(ufunc: Any, axis: int) -> None:
    x = np.array([[1.0, 3.0, 3.0, NAN, 5.0], [NAN, 2.0, NAN, 1.0, 0.0], [4.0, 4.0, -1.0, 6.0, 0.0]])
    y = ufunc.accumulate(tensor(x), axis)
    np.testing.assert_array_equal(y.numpy(), ufunc.accumulate(x, axis))

    def fold(x: Any) -> Any:
        slices = [x[:, i] for i in range(5)] if axis else list(x)
        return np.stack(list(itertools.accumulate(slices, ufunc)), axis=axis)

    w = np.arange(1.0, 16).reshape(3, 5)
    found = gradient(lambda x: w * ufunc.accumulate(x, axis), x)
    np.testing.assert_array_equal(found, gradient(lambda x: w * fold(x), x))


def test_running_extremes_of_nothing_and_of_integers() -> None:
    assert np.maximum.accumulate(tensor(np.zeros((2, 0))), axis=1).shape == (2, 0)
    assert np.minimum.accumulate(gt.constant([3, 1, 2])).numpy().tolist() == [3, 1, 1]


def test_scans_check_their_axis() -> None:
    with pytest.raises(np.exceptions.AxisError):
        np.cumsum(tensor(np.ones((2, 3))), axis=2)
