"""Histograms: values, edges that move with the samples, errors."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import assert_gradient, gradient, tensor

import gradtape as gt

A = np.array([0.1, 0.5, 2.5, 0.7, 3.0, 1.0])
W = np.array([1.0, 2.0, 0.5, 1.0, 4.0, 0.25])


def _equal(found: Any, expected: Any, rtol: float = 1e-13) -> None:
    for got, value in zip(found, expected, strict=True):
        if isinstance(value, list):
            _equal(got, value, rtol)
            continue
        assert got.dtype == value.dtype
        np.testing.assert_allclose(got.numpy(), value, rtol=rtol)


@given(data=st.data())
def test_values_are_numpys(data: st.DataObject) -> None:
    draw = data.draw
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    dtype = draw(st.sampled_from([np.int64, np.float32, np.float64]))
    a = rng.integers(0, 5, draw(st.sampled_from([(7,), (2, 4), (1,), (0,)]))).astype(dtype)
    bins = draw(st.sampled_from([1, 4, [0, 1, 3], [0.0, 2.5, 2.5, 4.0]]))
    limits = draw(st.sampled_from([None, (0.0, 3.0)]))
    kind = draw(st.sampled_from([None, np.float32, np.float64, np.complex128]))
    weights = None if kind is None else rng.uniform(1, 2, a.shape).astype(kind)
    density = draw(st.booleans())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        expected = np.histogram(a, bins, limits, density, weights)
        found = np.histogram(gt.constant(a), bins, limits, density, weights)
        # NumPy adds weights of float32 in float32.
        _equal(found, expected, 1e-6 if np.float32 in (kind, dtype) else 1e-13)
        edges = np.histogram_bin_edges(a, bins, limits)
        _equal([np.histogram_bin_edges(gt.constant(a), bins, limits)], [edges])


@pytest.mark.parametrize("density", [False, True])
@pytest.mark.parametrize(
    ("bins", "limits"),
    [(3, None), ((2, 4), None), ([2, [0.0, 1.0, 5.0]], None), (2, ((0, 2), None))],
)
def test_values_in_two_dimensions(bins: Any, limits: Any, density: bool) -> None:
    points = np.stack([A, W], axis=1)
    expected = np.histogramdd(points, bins, limits, density, W)
    _equal(np.histogramdd(tensor(points), bins, limits, density, W), expected)
    _equal(np.histogramdd([tensor(A), W], bins, limits, density, W), expected)
    _equal(
        np.histogram2d(tensor(A), W, bins, limits, density, W),
        np.histogram2d(A, W, bins, limits, density, W),
    )


def test_gradient_in_the_weights() -> None:
    v = np.array([1.0, 10.0, 100.0])
    found = gradient(lambda w: np.histogram(A, 3, weights=w)[0] * v, W)
    np.testing.assert_array_equal(found, [1, 1, 100, 1, 100, 1])
    found = gradient(lambda w: np.histogram(A, [0.2, 1.0], weights=w)[0], W)
    np.testing.assert_array_equal(found, [0, 1, 0, 1, 0, 1])


def test_edges_and_densities_move_with_the_extreme_samples() -> None:
    found = gradient(lambda a: np.histogram(a, 4)[1], A)
    np.testing.assert_allclose(found, [2.5, 0, 0, 0, 2.5, 0])
    assert_gradient(lambda a: np.histogram(a, 4, density=True)[0], A)
    assert_gradient(lambda a: np.histogramdd([a, W], 3, density=True)[0], A)
    bins = np.array([0.05, 0.6, 3.5])
    assert_gradient(lambda b: np.histogram(A, b, density=True)[0], bins)
    same = gradient(lambda a: np.histogram_bin_edges(a, 2), np.array([2.0]))
    assert same == 3


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"weights of shape \(6,\), that of the samples"):
        np.histogram(tensor(A), weights=W[:2])
    with pytest.raises(ValueError, match="monoton"):
        np.histogram(tensor(A), [1.0, 0.0])
    with pytest.raises(ValueError, match="each of 2 dimensions: got 3 and 2"):
        np.histogramdd(tensor(np.stack([A, W], 1)), [1, 2, 3])
    with pytest.raises(ValueError, match="one length: got 6, 2"):
        np.histogram2d(tensor(A), W[:2])
