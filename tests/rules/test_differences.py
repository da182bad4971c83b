"""Differences, derivatives and integrals of samples: signatures, lists, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import assert_gradient, gradient, tensor

import gradtape as gt

X = np.array([[1.0, 4.0, 2.0, 8.0], [0.5, 3.0, 9.0, 1.0], [2.0, 2.5, 7.0, 6.0]])


@pytest.mark.parametrize("n", [0, 1, 2, 4, 5])
@pytest.mark.parametrize("axis", [0, -1])
def test_diff(n: int, axis: int) -> None:
    np.testing.assert_array_equal(np.diff(tensor(X), n, axis).numpy(), np.diff(X, n, axis))
    assert_gradient(lambda x: np.diff(x, n, axis), X)


def test_diff_of_truth_values_and_integers() -> None:
    for x in (np.array([True, False, False]), np.array([3, 1, 4])):
        y = np.diff(gt.constant(x))
        assert y.dtype == np.diff(x).dtype
        np.testing.assert_array_equal(y.numpy(), np.diff(x))


def test_an_infinite_slope_that_diff_does_not_reach() -> None:
    g = gradient(lambda x: np.diff(np.sqrt(x))[1:], np.array([0.0, 1.0, 4.0]))
    np.testing.assert_array_equal(g, [0, -0.5, 0.25])


def test_errors_of_diff() -> None:
    with pytest.raises(ValueError, match="order n of 0 or more: got -1"):
        np.diff(tensor(X), -1)
    with pytest.raises(ValueError, match="rank 1 or more"):
        np.diff(tensor(1.0))
    with pytest.raises(TypeError, match="numpy.ediff1d to float32"):
        np.ediff1d(tensor(1.0, 2.0, dtype=np.float32), to_end=1j)


def test_ediff1d_keeps_the_dtype() -> None:
    x = np.array([1.0, 3.0], np.float32)
    y = np.ediff1d(tensor(x, dtype=np.float32), [1.0], 2.0)
    assert y.dtype == np.float32
    assert y.numpy().tolist() == [2, 2, 1]


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize(
    "spacing",
    [(), (0.5,), (0.5, 2.0), (np.array([0.0, 1.0, 2.5]), 2.0), ([0.0, 1.0, 3.0], [0, 1, 2, 4])],
)
def test_gradient(spacing: Any, edge_order: int) -> None:
    expected = np.gradient(X, *spacing, edge_order=edge_order)
    found = np.gradient(tensor(X), *spacing, edge_order=edge_order)
    assert isinstance(found, tuple)
    for got, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(got.numpy(), y, rtol=1e-13)
    assert_gradient(lambda x: np.gradient(x, *spacing, edge_order=edge_order)[0], X)


@pytest.mark.parametrize("edge_order", [1, 2])
def test_gradient_in_the_coordinates(edge_order: int) -> None:
    t = np.array([0.0, 1.0, 2.5, 3.0])
    assert_gradient(lambda x, t: np.gradient(x, t, axis=1, edge_order=edge_order), X, t)
    assert_gradient(lambda t: np.gradient(X, t, axis=1, edge_order=edge_order), t)


def test_dtypes_of_gradient() -> None:
    x = np.array([1, 4, 2, 8])
    for dtype in (np.int32, np.float32, np.float64):
        y = np.gradient(gt.constant(x.astype(dtype)), 2.0)
        expected = np.gradient(x.astype(dtype), 2.0)
        assert y.dtype == expected.dtype
        np.testing.assert_array_equal(y.numpy(), expected)


def test_errors_of_gradient() -> None:
    with pytest.raises(ValueError, match="2 entries or more along axis 0"):
        np.gradient(tensor(np.ones((1, 3))))
    with pytest.raises(ValueError, match="edge_order of 1 or 2: got 3"):
        np.gradient(tensor(X), edge_order=3)
    with pytest.raises(
        ValueError, match=r"coordinates of shape \(4,\) for axis 1: got shape \(2,\)"
    ):
        np.gradient(tensor(X), [0.0, 1.0], axis=1)
    with pytest.raises(TypeError, match="one for each of 2 axes: got 3"):
        np.gradient(tensor(X), 1.0, 2.0, 3.0)


def test_trapezoid() -> None:
    t = np.array([0.0, 1.0, 2.5, 3.0])
    assert np.trapezoid(tensor(X[0]), t).numpy() == np.trapezoid(X[0], t)
    np.testing.assert_allclose(gradient(lambda y: np.trapezoid(y, t), X[0]), [0.5, 1.25, 1, 0.25])
    assert_gradient(lambda t: np.trapezoid(X, t), t)
    assert_gradient(lambda t: np.trapezoid(X, t, axis=0), X)
