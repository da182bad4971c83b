"""Sets: ties, indices, the array API's names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import gradient, tensor

X = np.array([3.0, 1.0, 3.0, 2.0])


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


@pytest.mark.parametrize(
    "function", [np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values]
)
def test_the_array_apis_names(function: Any) -> None:
    expected = function(X)
    found = function(tensor(X))
    assert type(found) is type(expected) or function is np.unique_values
    pairs = (
        [(found, expected)] if function is np.unique_values else zip(found, expected, strict=True)
    )
    for got, value in pairs:
        np.testing.assert_array_equal(got.numpy(), value)
    values = (lambda x: function(x)) if function is np.unique_values else lambda x: function(x)[0]
    np.testing.assert_array_equal(gradient(lambda x: values(x) ** 2, X), [6, 2, 0, 4])


@pytest.mark.parametrize("assume_unique", [False, True])
def test_a_common_value_is_of_the_first_array(assume_unique: bool) -> None:
    x, y = np.array([3.0, 1.0, 2.0]), np.array([2.0, 5.0, 3.0])

    def both(f: Any) -> list[list[float]]:
        return [g.tolist() for g in gradient(lambda x, y: f(x, y, assume_unique) ** 2, x, y)]

    assert gradient(lambda x: np.intersect1d(x, y, assume_unique) ** 2, x).tolist() == [6, 0, 4]
    assert gradient(lambda x: np.setdiff1d(x, y, assume_unique) ** 2, x).tolist() == [0, 2, 0]
    assert both(np.setxor1d) == [[0, 2, 0], [0, 10, 0]]
    found = np.intersect1d(tensor(x), y, assume_unique, return_indices=True)
    for got, value in zip(found, np.intersect1d(x, y, assume_unique, True), strict=True):
        np.testing.assert_array_equal(got.numpy(), value)


def test_union() -> None:
    first, second = gradient(lambda x, y: np.union1d(x, y) ** 2, X, np.array([2.0, 7.0]))
    assert first.tolist() == [6, 2, 0, 4]
    assert second.tolist() == [0, 14]


def test_sets_of_nothing() -> None:
    empty = tensor(np.zeros(0))
    for function in (np.union1d, np.intersect1d, np.setxor1d, np.setdiff1d):
        assert function(empty, empty).shape == (0,)
