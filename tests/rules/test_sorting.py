"""Sorting and medians: ties, NaN, what is returned beside the values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from support import gradient, tensor

NAN = math.nan

# -- order --------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_sort_and_partition(axis: Any) -> None:
    x = np.array([[3.0, 1.0, 2.0], [0.5, 9.0, -1.0]])
    weight = np.arange(1.0, 7.0).reshape(6 if axis is None else (2, 3))
    for f in (np.sort, lambda x, axis: np.partition(x, 1, axis)):
        np.testing.assert_array_equal(f(tensor(x), axis=axis).numpy(), f(x, axis=axis))
        g = gradient(lambda x, f=f: f(x, axis=axis) * weight, x)
        for i in np.ndindex(x.shape):
            e = np.zeros_like(x)
            e[i] = 1e-6
            slope = np.sum((f(x + e, axis=axis) - f(x - e, axis=axis)) * weight) / 2e-6
            np.testing.assert_allclose(g[i], slope, rtol=1e-8)


def test_sort_with_ties_and_nans() -> None:
    x = np.array([2.0, np.nan, 1.0, 2.0])
    g = gradient(lambda x: np.sort(x, stable=True) * np.array([1.0, 10.0, 100.0, 1000.0]), x)
    np.testing.assert_array_equal(g, [10, 1000, 1, 100])
    with pytest.raises(np.exceptions.AxisError):
        np.sort(tensor(1.0))
    np.testing.assert_array_equal(np.argsort(tensor(3.0, 1.0)).numpy(), [1, 0])
    assert np.sort(tensor(np.zeros((0, 2)))).shape == (0, 2)


def test_unique() -> None:
    x = np.array([3.0, 1.0, 3.0, 2.0])
    np.testing.assert_array_equal(gradient(lambda x: np.unique(x) ** 2, x), [6, 2, 0, 4])
    values, first, inverse, counts = np.unique(tensor(x), True, True, True)
    for got, expected in zip(
        (values, first, inverse, counts), np.unique(x, True, True, True), strict=True
    ):
        np.testing.assert_array_equal(got.numpy(), expected)
    _, counts = np.unique(tensor(x), return_counts=True)
    np.testing.assert_array_equal(counts.numpy(), [1, 1, 2])


# -- median -------------------------------------------------------------------------------------


def test_the_median_takes_the_middle() -> None:
    np.testing.assert_array_equal(gradient(np.median, np.array([5.0, 1.0, 3.0])), [0, 0, 1])
    np.testing.assert_array_equal(
        gradient(np.median, np.array([5.0, 1.0, 3.0, 4.0])), [0, 0, 0.5, 0.5]
    )


def test_the_median_of_nan_comes_from_the_nan() -> None:
    x = np.array([[1.0, NAN, 2.0], [3.0, 1.0, 2.0]])
    y = np.median(tensor(x), axis=1)
    np.testing.assert_array_equal(y.numpy(), [NAN, 2])
    np.testing.assert_array_equal(
        gradient(lambda x: np.median(x, axis=1), x), [[0, 1, 0], [0, 0, 1]]
    )


def test_equal_entries_in_the_middle_have_the_gradient_once() -> None:
    assert gradient(np.median, np.array([2.0, 2.0, 2.0, 1.0])).sum() == 1
