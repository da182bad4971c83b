"""Segments: against loops, ties, zeros, what is empty or left out, errors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from support import ZEROS, gradient, product_without, second, tensor

import gradtape as gt
from gradtape.core.batching import UnbatchableError
from gradtape.rules.segments import (
    extreme,
    segment_max,
    segment_mean,
    segment_min,
    segment_prod,
    segment_sum,
)

rng = np.random.default_rng(0)
FUNCTIONS = {
    segment_sum: np.sum,
    segment_mean: np.mean,
    segment_prod: np.prod,
    segment_max: np.max,
    segment_min: np.min,
}
EMPTY = {
    segment_sum: 0.0,
    segment_mean: 0.0,
    segment_prod: 1.0,
    segment_max: -np.inf,
    segment_min: np.inf,
}


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("shape", "rest"), [((7,), ()), ((7,), (3,)), ((3, 4), (2, 2)), ((0,), (2,)), ((), (3,))]
)
def test_against_loops(function: Any, shape: Any, rest: Any) -> None:
    data, ids = rng.normal(size=(*shape, *rest)), rng.integers(-1, 4, size=shape)
    expected = np.full((5, *rest), EMPTY[function])
    for s in set(ids.ravel().tolist()) - {-1}:
        expected[s] = FUNCTIONS[function](data[ids == s], axis=0)
    for x in (data, tensor(data)):
        np.testing.assert_allclose(function(x, ids, 5), expected, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(gt.vjp(lambda x: function(x, ids, 5), data)[0], expected, rtol=1e-13)
    assert function(data.astype("f4"), ids, 5).dtype == np.float32


@pytest.mark.parametrize("x", [x for x in ZEROS if x])
def test_products_with_zeros(x: Any) -> None:
    """The second derivative in entries i and j is the product of all others of the segment."""
    n = len(x)
    data, ids = np.array([*x, *x], float), np.arange(2 * n) % 2
    ids = np.concatenate((np.zeros(n, int), np.ones(n, int)))[rng.permutation(2 * n)]
    data = np.empty(2 * n)
    data[ids == 0], data[ids == 1] = x, x
    first = gradient(lambda d: segment_prod(d, ids, 2), data)
    expected = [product_without(x, i) for i in range(n)]
    for s in (0, 1):
        np.testing.assert_array_equal(first[ids == s], expected)
    w = rng.normal(size=2 * n)
    found = second(lambda d: segment_prod(d, ids, 2), data, w)
    for s in (0, 1):
        own = w[ids == s]
        expected = [
            math.fsum(own[j] * product_without(x, i, j) for j in range(n) if j != i)
            for i in range(n)
        ]
        np.testing.assert_allclose(found[ids == s], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([3.0, 3.0, 3.0, 1.0], [1 / 3, 1 / 3, 1 / 3, 1.0]),
        ([3.0, 4.0, 4.0, 1.0], [0.0, 0.5, 0.5, 1.0]),
        ([0.0, -0.0, -1.0, 1.0], [0.5, 0.5, 0.0, 1.0]),
        ([np.inf, np.inf, 0.0, 1.0], [0.5, 0.5, 0.0, 1.0]),
        ([-np.inf] * 3 + [1.0], [1 / 3, 1 / 3, 1 / 3, 1.0]),
        ([np.nan, 5.0, np.nan, 1.0], [0.5, 0.0, 0.5, 1.0]),
    ],
)
def test_ties_share_the_gradient(data: Any, expected: Any) -> None:
    ids = np.array([0, 0, 0, 2])
    found = gradient(lambda d: segment_max(d, ids, 3), np.array(data))
    np.testing.assert_allclose(found, expected, rtol=1e-15)
    found = gradient(lambda d: segment_min(d, ids, 3), -np.array(data))
    np.testing.assert_allclose(found, expected, rtol=1e-15)


def test_a_segment_without_entries() -> None:
    data, ids = np.array([-np.inf, 2.0]), [0, 2]
    np.testing.assert_array_equal(segment_max(data, ids, 4, empty=-1.0), [-np.inf, -1.0, 2.0, -1.0])
    np.testing.assert_array_equal(segment_min(data, ids, 4, empty=-1.0), [-np.inf, -1.0, 2.0, -1.0])
    assert segment_max(np.array([1, 2]), ids, 3).tolist() == [1, np.iinfo(int).min, 2]
    assert segment_min(np.array([1, 2]), ids, 3).tolist() == [1, np.iinfo(int).max, 2]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_has_a_negative_number_is_left_out(function: Any) -> None:
    """Also where its slope would be infinite."""
    x = np.array([0.0, 4.0, 0.0, 9.0])
    found = gradient(lambda x: function(np.sqrt(x), [-1, 0, -5, 1], 2), x)
    np.testing.assert_allclose(found, [0.0, 0.25, 0.0, 1 / 6])


@pytest.mark.parametrize("function", [segment_max, segment_min])
def test_entries_that_are_no_extreme_are_masked(function: Any) -> None:
    sign = 1.0 if function is segment_max else -1.0
    x = np.array([0.0, 4.0])
    found = gradient(lambda x: function(sign * np.sqrt(x), [0, 0], 1), x)
    np.testing.assert_array_equal(found, [0.0, sign * 0.25])


@pytest.mark.parametrize("function", [f for f in FUNCTIONS if f is not segment_prod])
def test_segments_that_differ_between_examples(function: Any) -> None:
    data, ids = rng.normal(size=(3, 5, 2)), rng.integers(-1, 3, size=(3, 5))

    def gradients(d: Any, i: Any) -> Any:
        return gt.grad(lambda d: np.sum(np.sin(function(d, i, 3, **options))))(d)

    options = {} if function in (segment_sum, segment_mean) else {"empty": 0.0}
    got = gt.vmap(lambda d, i: function(d, i, 3, **options))(data, ids)
    expected = [function(d, i, 3, **options) for d, i in zip(data, ids, strict=True)]
    np.testing.assert_allclose(got, expected, rtol=1e-13)
    expected = [gradients(d, i) for d, i in zip(data, ids, strict=True)]
    np.testing.assert_allclose(gt.vmap(gradients)(data, ids), expected, rtol=1e-12)


def test_products_of_segments_that_differ_are_refused() -> None:
    with pytest.raises(UnbatchableError, match="Loop over the examples"):
        gt.vmap(lambda d, i: segment_prod(d, i, 2))(np.ones((2, 3)), np.zeros((2, 3), int))


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("ids", "count", "error", "text"),
    [
        ([0.0, 1.0], 2, TypeError, r"Give segment_\w+ integer segment_ids: got dtype float64"),
        ([0, 1, 1], 2, ValueError, r"segment_ids of the shape.*\(3,\) for data of shape \(2, 2\)"),
        ([0, 2], 2, ValueError, r"num_segments above all segment_ids: got 2 for \[0 2\]"),
        ([0, 1], -1, ValueError, "num_segments above all segment_ids"),
    ],
)
def test_errors(function: Any, ids: Any, count: int, error: Any, text: str) -> None:
    for data in (np.ones((2, 2)), tensor(np.ones((2, 2)))):
        with pytest.raises(error, match=text):
            function(data, ids, count)


@pytest.mark.parametrize("function", [segment_max, segment_min])
def test_complex_numbers_have_no_extremes(function: Any) -> None:
    with pytest.raises(TypeError, match="real numbers: got dtype complex128"):
        function(np.ones(2, complex), [0, 0], 1)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_numbers_may_be_a_tensor(function: Any) -> None:
    data, ids = np.array([1.0, 4.0, 2.0]), gt.constant(np.array([1, 0, 1]))
    expected = gradient(lambda d: function(d, [1, 0, 1], 2), data)
    np.testing.assert_array_equal(gradient(lambda d: function(d, ids, 2), data), expected)
    assert isinstance(function(data, ids, 2), gt.Tensor)


def test_negative_numbers_make_no_segment_used() -> None:
    found = extreme(
        np.array([5.0, 6.0, 7.0]), np.array([-2, 0, -1]), ufunc=np.maximum, count=3, empty=-1.0
    )
    np.testing.assert_array_equal(found, [6.0, -1.0, -1.0])
    unsigned = extreme(
        np.array([5.0]), np.array([1], np.uint8), ufunc=np.minimum, count=2, empty=0.0
    )
    np.testing.assert_array_equal(unsigned, [0.0, 5.0])
