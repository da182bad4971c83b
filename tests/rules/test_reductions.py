"""Reductions at the points and in the calls that the registry's own test does not reach."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import ZEROS, gradient, product_without, second, tensor

import gradtape as gt

INF, NAN = math.inf, math.nan

# -- products with zeros ------------------------------------------------------------------------


@pytest.mark.parametrize("x", ZEROS)
def test_gradient_of_a_product_with_zeros(x: list[float]) -> None:
    expected = [product_without(x, i) for i in range(len(x))]
    np.testing.assert_array_equal(gradient(np.prod, np.array(x, float)), expected)


@pytest.mark.parametrize("x", ZEROS)
def test_second_derivative_of_a_product_with_zeros(x: list[float]) -> None:
    n = len(x)
    w = np.arange(1.0, n + 1)
    expected = [sum(w[j] * product_without(x, i, j) for j in range(n) if j != i) for i in range(n)]
    np.testing.assert_array_equal(second(np.prod, np.array(x, float), w), expected)


def test_a_product_that_underflows_keeps_its_gradient() -> None:
    x = np.array([1e-200, 1e-200, 1e300])
    np.testing.assert_allclose(gradient(np.prod, x), [1e100, 1e100, 0.0], rtol=1e-15)


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (2, 0, 1)])
def test_a_product_along_axes_with_zeros(axis: Any) -> None:
    x = np.random.default_rng(0).integers(0, 3, (2, 3, 4)).astype(float)
    bumped = [np.prod(x + h * e, axis=axis).sum() for h in (1, -1) for e in _units(x.shape)]
    halves = np.array(bumped).reshape(2, *x.shape)  # a product is linear in each of its factors
    found = gradient(lambda x: np.prod(x, axis=axis), x)
    np.testing.assert_allclose(found, (halves[0] - halves[1]) / 2, rtol=1e-14)


def _units(shape: tuple[int, ...]) -> list[Any]:
    return [np.eye(1, math.prod(shape), i).reshape(shape) for i in range(math.prod(shape))]


# -- maximum and minimum ------------------------------------------------------------------------


EXTREMES = [np.max, np.amax, np.nanmax, np.maximum.reduce, np.fmax.reduce]


@pytest.mark.parametrize("function", EXTREMES)
def test_ties_share_the_gradient_evenly(function: Any) -> None:
    x = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    third = 1 / 3
    np.testing.assert_array_equal(
        gradient(lambda x: function(x, axis=1), x), [[0, 0.5, 0.5], [third, third, third]]
    )
    np.testing.assert_array_equal(
        gradient(lambda x: function(x, axis=None), x), [[0, 0.5, 0.5], [0, 0, 0]]
    )


@pytest.mark.parametrize("function", [np.min, np.amin, np.nanmin, np.minimum.reduce])
def test_ties_of_a_minimum(function: Any) -> None:
    np.testing.assert_array_equal(gradient(function, np.array([1.0, 0.0, -0.0])), [0, 0.5, 0.5])


def test_ties_in_float32_keep_float32() -> None:
    x = np.array([[1, 1, 0]], np.float32)
    assert gradient(lambda x: np.max(x, axis=1), x).dtype == np.float32


def test_the_maximum_of_nan_comes_from_the_nan() -> None:
    x = np.array([[1.0, NAN], [3.0, 2.0]])
    np.testing.assert_array_equal(gradient(lambda x: np.max(x, axis=1), x), [[0, 1], [1, 0]])
    np.testing.assert_array_equal(gradient(np.min, np.array([NAN, 0.0, NAN])), [0.5, 0, 0.5])


def test_the_peak_to_peak_of_equal_entries_is_flat() -> None:
    np.testing.assert_array_equal(gradient(np.ptp, np.array([2.0, 2.0])), [0, 0])


def test_an_infinite_maximum() -> None:
    np.testing.assert_array_equal(gradient(np.max, np.array([INF, 1.0, INF])), [0.5, 0, 0.5])


# -- what is not taken contributes nothing ------------------------------------------------------


def test_an_entry_that_is_no_maximum_may_have_an_infinite_slope() -> None:
    found = gradient(lambda x: np.max(np.sqrt(x)), np.array([0.0, 4.0]))
    np.testing.assert_array_equal(found, [0, 0.25])


ALONG_ROWS = [
    lambda x: np.sum(x, axis=1),
    lambda x: np.mean(x, axis=1),
    lambda x: np.prod(x, axis=1),
    lambda x: np.max(x, axis=1),
    lambda x: np.min(x, 1),
    lambda x: np.var(x, axis=1),
    lambda x: np.std(x, axis=1, ddof=1),
    lambda x: np.median(x, axis=1),
    lambda x: np.nanmax(x, axis=1),
    lambda x: np.cumsum(x, axis=1)[:, -1],
    lambda x: np.cumprod(x, axis=1)[:, -1],
    lambda x: np.linalg.norm(x, axis=1),
    lambda x: np.linalg.norm(x, 3, axis=1),
]


@pytest.mark.parametrize("reduce", ALONG_ROWS)
def test_a_masked_result_masks_its_entries(reduce: Any) -> None:
    """The slope of the square root is infinite in the row whose result is not taken."""
    taken = np.array([False, True])

    def f(x: Any) -> Any:
        return np.where(taken, reduce(np.sqrt(x)), 0)

    x = np.array([[0.0, 0.0, 0.0], [1.0, 4.0, 9.0]])
    alone = gradient(lambda x: reduce(np.sqrt(x)), x[1:])
    np.testing.assert_array_equal(gradient(f, x), np.concatenate((np.zeros((1, 3)), alone)))


@pytest.mark.parametrize(
    "function", [np.sum, np.prod, np.mean, np.var, np.std, np.nansum, np.nanmean, np.nanvar]
)
def test_where_leaves_out_an_infinite_slope(function: Any) -> None:
    where = np.array([True, True, False])
    found = gradient(lambda x: function(np.sqrt(x), where=where), np.array([1.0, 4.0, 0.0]))
    alone = gradient(lambda x: function(np.sqrt(x)), np.array([1.0, 4.0]))
    np.testing.assert_allclose(found, [*alone, 0], rtol=1e-14, atol=1e-16)


# -- NaN ----------------------------------------------------------------------------------------


PAIRS = [
    (np.nansum, np.sum),
    (np.nanprod, np.prod),
    (np.nanmax, np.max),
    (np.nanmin, np.min),
    (np.nanmean, np.mean),
    (np.nanvar, np.var),
    (np.nanstd, np.std),
    (np.nanmedian, np.median),
]


@pytest.mark.parametrize(("ignoring", "plain"), PAIRS)
@pytest.mark.parametrize("length", [3, 4])
def test_nan_is_left_out_and_has_gradient_zero(ignoring: Any, plain: Any, length: int) -> None:
    rng = np.random.default_rng(length)
    x = rng.uniform(1, 2, length)
    holed = np.insert(x, 2, NAN)
    np.testing.assert_allclose(ignoring(tensor(holed)).numpy(), ignoring(holed), rtol=1e-15)
    expected = np.insert(gradient(plain, x), 2, 0)
    np.testing.assert_allclose(gradient(ignoring, holed), expected, rtol=1e-14, atol=1e-16)
    w = np.insert(rng.uniform(1, 2, length), 2, 1)
    np.testing.assert_allclose(
        second(ignoring, holed, w),
        np.insert(second(plain, x, np.delete(w, 2)), 2, 0),
        rtol=1e-12,
        atol=1e-15,
    )


@pytest.mark.parametrize(("ignoring", "plain"), PAIRS)
def test_nothing_but_nan(ignoring: Any, plain: Any) -> None:
    x = np.array([[NAN, NAN], [1.0, 4.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        np.testing.assert_allclose(
            ignoring(tensor(x), axis=1).numpy(), ignoring(x, axis=1), rtol=1e-15
        )
        found = gradient(lambda x: ignoring(x, axis=1), x)
    np.testing.assert_array_equal(found[0], 0)
    np.testing.assert_allclose(found[1], gradient(plain, x[1]), rtol=1e-14)


@pytest.mark.parametrize("function", [np.nanmax, np.nanmin, np.nanmedian])
def test_nothing_but_nan_is_warned_about_at_the_users_line(function: Any) -> None:
    with pytest.warns(RuntimeWarning, match="All-NaN slice") as caught:
        function(tensor([NAN, NAN]))
    assert caught[0].filename == __file__


# -- where, initial, dtype, out -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (np.sum, ([1, 1], 1)),
        (np.prod, ([12, 8], 6)),
        (np.max, ([0, 0], 1)),
        (np.min, ([1, 0], 0)),
        (np.nansum, ([1, 1], 1)),
        (np.nanmax, ([0, 0], 1)),
        (np.add.reduce, ([1, 1], 1)),
    ],
)
def test_a_tensor_as_initial_has_its_gradient(function: Any, expected: Any) -> None:
    x, start = gradient(lambda x, i: function(x, initial=i), np.array([2.0, 3.0]), 4.0)
    np.testing.assert_array_equal(x, expected[0])
    np.testing.assert_array_equal(start, expected[1])


def test_initial_does_not_change_the_dtype() -> None:
    x = tensor([1, 2], dtype=np.float32)
    for function in (np.sum, np.prod, np.max):
        assert function(x, initial=np.float64(3)).dtype == np.float32


@pytest.mark.parametrize("function", [np.max, np.min, np.nanmax, np.maximum.reduce])
def test_an_extreme_with_where_needs_initial(function: Any) -> None:
    with pytest.raises(ValueError, match="initial"):
        function(tensor([1.0, 2.0]), where=[True, False])


def test_where_of_an_extreme() -> None:
    where = np.array([True, True, False])
    for function, initial in ((np.max, 0.0), (np.nanmax, 0.0), (np.min, 9.0), (np.nanmin, 9.0)):
        found = gradient(
            lambda x, f=function, i=initial: f(x, where=where, initial=i), np.array([1.0, 1.0, 5.0])
        )
        np.testing.assert_array_equal(found, [0.5, 0.5, 0])


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, np.bool_])
def test_where_of_an_extreme_of_integers(dtype: Any) -> None:
    x, where = np.array([1, 0, 1], dtype), np.array([True, True, False])
    for function in (np.max, np.min, np.nanmax):
        expected = function(x, where=where, initial=dtype(1))
        got = function(tensor(x, dtype=dtype), where=where, initial=dtype(1))
        assert got.dtype == expected.dtype
        assert got.numpy() == expected


def test_where_may_be_a_tensor() -> None:
    x = tensor([1.0, 2.0, 3.0])
    assert np.sum(x, where=x > 1).numpy() == 5
    assert np.mean(x, where=x > 1).numpy() == 2.5
    assert np.var(x, where=x > 1).numpy() == 0.25


@pytest.mark.parametrize("function", [np.sum, np.mean, np.prod, np.var, np.cumsum, np.nanmean])
def test_dtype_widens_the_result_and_the_gradient_stays_narrow(function: Any) -> None:
    x = tensor([0.1, 0.2, 0.7], dtype=np.float32)
    with gt.GradientTape() as tape:
        tape.watch(x)
        y = function(x, dtype=np.float64)
    assert y.dtype == np.float64
    np.testing.assert_allclose(y.numpy(), function(x.numpy(), dtype=np.float64), rtol=1e-15)
    assert tape.gradient(y, x).dtype == np.float32


@pytest.mark.parametrize(
    "function",
    [np.sum, np.mean, np.prod, np.max, np.min, np.var, np.std, np.ptp, np.median, np.cumsum,
     np.nansum, np.nanmean, np.nanmax, np.nanvar, np.nanmedian, np.add.reduce, np.hypot.reduce],
)  # fmt: skip
def test_out_is_refused_by_name(function: Any) -> None:
    with pytest.raises(
        TypeError, match=r"Assign the result of numpy\.[\w.]+ instead of passing out="
    ):
        function(tensor([1.0, 2.0]), out=np.zeros(()))


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "min", "var", "std", "ptp"])
def test_the_array_by_keyword(name: str) -> None:
    function = getattr(np, name)
    x = np.array([1.0, 2.0, 4.0])
    np.testing.assert_array_equal(gradient(lambda x: function(a=x), x), gradient(function, x))


# -- dtypes, ranks and lengths at the edge ------------------------------------------------------


PLAIN = [np.sum, np.prod, np.mean, np.max, np.min, np.var, np.std, np.ptp, np.median]


@pytest.mark.parametrize("function", PLAIN)
@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.float16, np.float32, np.float64])
def test_values_and_dtypes_are_numpys(function: Any, dtype: Any) -> None:
    x = np.array([[3, 1, 2], [0, 5, 7]]).astype(dtype)
    if function is np.ptp and dtype is np.bool_:
        pytest.skip("NumPy does not subtract truth values")
    for options in ({}, {"axis": 0}, {"axis": (0, 1), "keepdims": True}):
        expected = function(x, **options)
        got = function(gt.constant(x), **options)
        assert isinstance(got, gt.Tensor)
        assert got.dtype == expected.dtype
        assert got.shape == expected.shape
        np.testing.assert_allclose(got.numpy(), expected, rtol=1e-15)


@pytest.mark.parametrize("function", PLAIN)
@pytest.mark.parametrize("axis", [None, 0, -1, ()])
def test_rank_zero(function: Any, axis: Any) -> None:
    try:
        expected = function(np.float64(3), axis=axis)
    except (ValueError, IndexError):
        pytest.skip("NumPy refuses it")
    x = gt.constant(np.float64(3))
    assert function(x, axis=axis).numpy() == expected
    found = gradient(lambda x: function(x, axis=axis), np.float64(3))
    flat = function in (np.var, np.std, np.ptp)
    assert found == (0.0 if flat else 1.0)
    assert found.shape == ()


@pytest.mark.parametrize("function", [np.sum, np.prod])
def test_empty_arrays(function: Any) -> None:
    x = np.zeros((0, 3))
    for axis in (None, 0, 1):
        expected = function(x, axis=axis)
        got = function(tensor(x), axis=axis)
        np.testing.assert_array_equal(got.numpy(), expected)
        assert gradient(lambda x, a=axis: function(x, axis=a), x).shape == (0, 3)


def test_the_maximum_of_nothing() -> None:
    x = tensor(np.zeros((0, 2)))
    with pytest.raises(ValueError, match="zero-size array"):
        np.max(x, axis=0)
    np.testing.assert_array_equal(np.max(x, axis=0, initial=3.0).numpy(), [3, 3])
    gx, start = gradient(lambda x, i: np.max(x, axis=0, initial=i), np.zeros((0, 2)), 3.0)
    assert gx.shape == (0, 2)
    assert start == 2


@pytest.mark.parametrize("axis", [2, -3, (0, 0), (0, 5)])
@pytest.mark.parametrize("function", [np.sum, np.max, np.mean, np.median, np.var])
def test_an_axis_that_does_not_exist(function: Any, axis: Any) -> None:
    with pytest.raises(ValueError, match="axis"):
        function(tensor([[1.0, 2.0]]), axis=axis)


def test_more_entries_than_the_recursion_limit() -> None:
    x = np.random.default_rng(0).uniform(0.9, 1.1, 5000)
    y = np.prod(x)
    np.testing.assert_allclose(gradient(np.prod, x), y / x, rtol=1e-11)
    expected = np.cumsum(np.cumprod(x)[::-1])[::-1] / x
    np.testing.assert_allclose(gradient(np.cumprod, x), expected, rtol=1e-11)


# -- constants ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [np.any, np.all, np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.count_nonzero],
)
def test_constants_carry_no_gradient(function: Any) -> None:
    x = tensor([[1.0, 3.0], [0.0, 2.0]])
    with gt.GradientTape() as tape:
        tape.watch(x)
        y = function(x, axis=1)
        total = np.sum(x * 0) + np.sum(y)
    np.testing.assert_array_equal(y.numpy(), function(x.numpy(), axis=1))
    np.testing.assert_array_equal(tape.gradient(total, x).numpy(), np.zeros((2, 2)))


# -- the whole signature ------------------------------------------------------------------------


TOTALS = [np.sum, np.prod, np.nansum, np.nanprod]


AVERAGES = [np.mean, np.var, np.std, np.nanmean, np.nanstd]


@st.composite
def calls(draw: Any) -> Any:
    """A function, an array and options that it takes."""
    function = draw(st.sampled_from(TOTALS + AVERAGES + [np.max, np.min]))
    shape = tuple(draw(st.lists(st.integers(1, 3), min_size=0, max_size=3)))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    x = (rng.permutation(math.prod(shape)).reshape(shape) + 1.0) / math.prod(shape)
    axes = draw(st.sets(st.integers(0, len(shape) - 1)) if shape else st.just(set()))
    signed = [a - len(shape) if draw(st.booleans()) else a for a in sorted(axes)]
    axis = draw(st.sampled_from([None, tuple(signed), *signed[:1]]))
    options = {"axis": axis, "keepdims": draw(st.booleans())}
    if function not in AVERAGES and draw(st.booleans()):
        options["initial"] = 0.45
    if draw(st.booleans()) and (function in TOTALS + AVERAGES or "initial" in options):
        options["where"] = rng.uniform(size=shape) < 0.7
    if function in TOTALS + AVERAGES and draw(st.booleans()):
        options["dtype"] = np.float64
    return function, x, options


@settings(max_examples=80, deadline=None)
@given(calls())
def test_any_call_agrees_with_numpy_and_with_differences(case: Any) -> None:
    function, x, options = case
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nothing taken: 0 / 0, as in NumPy
        expected = function(x, **options)
        got = function(gt.constant(x), **options)
        found = gradient(lambda x: function(x, **options), x)
        u, h = np.cos(np.arange(x.size)).reshape(x.shape), 1e-4
        ahead, behind = (function(x + s * h * u, **options) for s in (1, -1))
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-13, atol=1e-15)
    assert got.shape == np.shape(expected)
    slopes = (ahead - behind) / (2 * h)
    if np.isfinite(slopes).all():
        np.testing.assert_allclose(np.sum(found * u), np.sum(slopes), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("function", [np.sum, np.prod, np.cumsum, np.cumprod, np.nansum])
def test_dtype_of_integers_is_what_was_asked(function: Any) -> None:
    x = np.array([100, 27], np.int8)
    found = function(gt.constant(x), dtype=np.int8)
    assert found.dtype == np.int8
    np.testing.assert_array_equal(found.numpy(), function(x, dtype=np.int8))
