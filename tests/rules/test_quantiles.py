"""Medians and quantiles: NaN, methods, weights, kinks, errors."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import gradient, second, tensor

import gradtape as gt

NAN = math.nan
METHODS = [
    *("inverted_cdf", "averaged_inverted_cdf", "closest_observation"),
    *("interpolated_inverted_cdf", "hazen", "weibull", "linear", "median_unbiased"),
    *("normal_unbiased", "lower", "higher", "midpoint", "nearest"),
]
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


# -- quantiles ----------------------------------------------------------------------------------


@given(data=st.data())
def test_values_and_dtypes_are_numpys(data: st.DataObject) -> None:
    draw = data.draw
    shape = draw(st.sampled_from([(5,), (3, 4), (2, 1, 3), (1,)]))
    dtype = draw(st.sampled_from([np.float32, np.float64, np.int64]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    x = rng.integers(0, 6, shape).astype(dtype)
    if dtype is not np.int64 and draw(st.booleans()):
        x = np.where(rng.uniform(size=shape) < 0.3, np.nan, x).astype(dtype)
    axis = draw(st.sampled_from([None, 0, -1, tuple(range(len(shape)))]))
    q = draw(st.sampled_from([0.5, 0.0, 1.0, 1, 0.3, [0.0, 0.25, 1.0], [[0.1], [0.9]]]))
    function, scale = draw(
        st.sampled_from(
            [(np.quantile, 1), (np.percentile, 100), (np.nanquantile, 1), (np.nanpercentile, 100)]
        )
    )
    if scale == 100:
        q = q * 100 if isinstance(q, (int, float)) else (np.array(q) * 100).tolist()
    options = {
        "axis": axis,
        "method": draw(st.sampled_from(METHODS)),
        "keepdims": draw(st.booleans()),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        expected = function(x, q, **options)
        got = function(tensor(x, dtype=dtype), q, **options)
    assert got.dtype == np.asarray(expected).dtype
    assert got.shape == np.shape(expected)
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-6 if dtype is np.float32 else 1e-13)


@given(data=st.data())
def test_weighted_values_are_numpys(data: st.DataObject) -> None:
    draw = data.draw
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    x = rng.integers(0, 6, (3, 4)).astype(float)
    axis = draw(st.sampled_from([None, 0, 1, (1, 0)]))
    weights = rng.integers(1, 4, (3, 4)) - np.eye(3, 4)[:, ::-1]
    if axis in (0, 1) and draw(st.booleans()):
        weights = np.arange(float(x.shape[axis])) + 1
    q = draw(st.sampled_from([0.0, 0.3, 0.5, 1.0, [0.2, 0.8]]))
    options = {"axis": axis, "weights": weights, "method": "inverted_cdf"}
    np.testing.assert_array_equal(
        np.quantile(tensor(x), q, **options).numpy(), np.quantile(x, q, **options)
    )
    if weights.shape == x.shape:
        x[0, :2] = NAN
        np.testing.assert_array_equal(
            np.nanquantile(tensor(x), q, **options).numpy(), np.nanquantile(x, q, **options)
        )


def test_the_gradient_lies_between_two_entries() -> None:
    x = np.array([4.0, 1.0, 2.0])
    np.testing.assert_allclose(gradient(lambda x: np.quantile(x, 0.25), x), [0, 0.5, 0.5])
    np.testing.assert_allclose(gradient(lambda x: np.percentile(x, 75), x), [0.5, 0, 0.5])
    np.testing.assert_array_equal(gradient(lambda x: np.quantile(x, 1.0), x), [1, 0, 0])


def test_the_slope_in_q() -> None:
    x = np.array([4.0, 1.0, 2.0])
    q = np.array([0.0, 0.3, 0.5, 1.0])
    # At the kink 0.5 the upper piece has it; at the upper end there is none.
    np.testing.assert_allclose(gradient(lambda q: np.quantile(x, q), q), [2, 2, 4, 0])
    found = gradient(lambda q: np.percentile(x, q), 100 * q)
    np.testing.assert_allclose(found, [0.02, 0.02, 0.04, 0])
    q = gt.Variable(0.3)
    with gt.GradientTape() as tape:
        y = np.quantile(x, q, method="lower")
    assert tape.gradient(y, q) is None  # piecewise constant


def test_nan_in_a_slice() -> None:
    x = np.array([[1.0, NAN, 2.0], [3.0, 1.0, 2.0]])
    found = gradient(lambda x: np.quantile(x, 0.25, axis=1), x)
    np.testing.assert_allclose(found, [[0, 1, 0], [0, 0.5, 0.5]])
    found = gradient(lambda x: np.nanquantile(x, 0.25, axis=1), x)
    np.testing.assert_allclose(found, [[0.75, 0, 0.25], [0, 0.5, 0.5]])


@pytest.mark.parametrize("function", [np.nanquantile, np.nanpercentile])
def test_nothing_but_nan(function: Any) -> None:
    with pytest.warns(RuntimeWarning, match="All-NaN slice") as caught:
        assert np.isnan(function(tensor([NAN, NAN]), 0.5).numpy())
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found = gradient(lambda x: function(x, 0.5), np.array([NAN, NAN]))
    np.testing.assert_array_equal(found, [0, 0])


def test_numpys_errors() -> None:
    x = tensor(1.0, 2.0)
    for q, options in ((1.5, {}), (0.5, {"method": "best"}), (0.5, {"weights": [1.0, 2.0]})):
        with pytest.raises(ValueError, match=r"range|valid method|supports weights"):
            np.quantile(x, q, **options)
    weighted = {"method": "inverted_cdf"}
    with pytest.raises(ValueError, match="non-negative"):
        np.quantile(x, 0.5, weights=[1.0, -1.0], **weighted)
    with pytest.raises(ValueError, match="all zero"):
        np.quantile(x, 0.5, weights=[0.0, 0.0], **weighted)
    with pytest.raises(TypeError, match="real numbers"):
        np.quantile(tensor(1j, dtype=complex), 0.5)
    with pytest.raises(TypeError, match="Assign the result"):
        np.quantile(x, 0.5, out=tensor(0.0))


def test_entries_not_taken_contribute_nothing() -> None:
    x = np.array([0.0, 1.0, 4.0])
    for f in (np.median, np.nanmedian, lambda x: np.quantile(x, 0.5)):
        np.testing.assert_array_equal(gradient(lambda x, f=f: f(np.sqrt(x)), x), [0, 0.5, 0])
        np.testing.assert_array_equal(second(lambda x, f=f: f(np.sqrt(x)), x), [0, -0.25, 0])
