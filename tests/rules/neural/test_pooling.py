"""Pooling against loops; which of equal entries gets the gradient; NaN; errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import gradient, second, tensor

import gradtape as gt
from gradtape.rules.neural.pooling import avg_pool, max_pool
from gradtape.rules.neural.windows import placed

rng = np.random.default_rng(0)

CASES = [
    ((2, 7, 3), 2, None, "VALID", 1),
    ((2, 7, 2), 3, 2, "SAME", 1),
    ((2, 6, 5, 3), (3, 2), (2, 1), "SAME", 1),
    ((1, 6, 7, 2), 2, 1, [(1, 0), (0, 1)], (2, 1)),
    ((2, 4, 4, 3, 2), 2, None, "SAME", 1),
    ((0, 4, 2), 2, None, "VALID", 1),
    ((1, 40, 41, 1), 17, 5, "SAME", 1),  # more entries in a window than a byte counts
]
"""Shape, window, strides, padding, dilations."""


def by_loops(reduce: Any, x: Any, window: Any, strides: Any, padding: Any, dilations: Any) -> Any:
    """`reduce` of the entries of each window that exist."""
    rank = x.ndim - 2
    sizes = (window,) * rank if isinstance(window, int) else window
    windows = placed(
        x.shape[1:-1], sizes, sizes if strides is None else strides, padding, dilations
    )
    y = np.zeros((x.shape[0], *windows.counts, x.shape[-1]), x.dtype)
    for i in np.ndindex(windows.counts):
        at = []
        for k, (low, _) in enumerate(windows.pads):
            places = i[k] * windows.strides[k] + np.arange(sizes[k]) * windows.dilations[k] - low
            at.append(places[(places >= 0) & (places < windows.lengths[k])])
        entries = x[(slice(None), *np.ix_(*at))]
        y[(slice(None), *i)] = reduce(entries, axis=tuple(range(1, rank + 1)))
    return y


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_against_loops(case: Any, dtype: Any) -> None:
    shape, *rest = case
    x = rng.normal(size=shape).astype(dtype)
    for function, reduce in ((max_pool, np.max), (avg_pool, np.mean)):
        y = function(x, *rest)
        assert y.dtype == dtype
        np.testing.assert_allclose(y, by_loops(reduce, x, *rest), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_a_recorded_maximum_has_the_same_value(case: Any) -> None:
    shape, *rest = case
    x = rng.normal(size=shape)
    expected = max_pool(x, *rest)
    y, pull = gt.vjp(lambda x: max_pool(x, *rest), x)
    np.testing.assert_array_equal(y, expected)
    g = rng.normal(size=y.shape)
    np.testing.assert_allclose(np.sum(pull(g) * x), np.sum(g * y), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([[1.0, 1.0], [1.0, 1.0]], [[1, 0], [0, 0]]),
        ([[0.0, 1.0], [1.0, 1.0]], [[0, 1], [0, 0]]),
        ([[0.0, 0.0], [1.0, 1.0]], [[0, 0], [1, 0]]),
        ([[-0.0, 0.0], [-1.0, -1.0]], [[1, 0], [0, 0]]),
        ([[-np.inf, -np.inf], [-np.inf, -np.inf]], [[1, 0], [0, 0]]),
        ([[np.inf, 1.0], [np.inf, 1.0]], [[1, 0], [0, 0]]),
        ([[1.0, np.nan], [np.nan, 2.0]], [[0, 1], [0, 0]]),
    ],
)
def test_the_first_of_equal_entries_gets_the_gradient(entries: Any, expected: Any) -> None:
    x = np.array(entries).reshape(1, 2, 2, 1)
    found = gradient(lambda x: max_pool(x, 2), x)
    np.testing.assert_array_equal(found.reshape(2, 2), expected)


def test_the_first_entry_is_never_one_in_the_padding() -> None:
    x = np.full((1, 2, 1), -np.inf)
    found = gradient(lambda x: max_pool(x, 3, 1, "SAME"), x)
    np.testing.assert_array_equal(found.ravel(), [2.0, 0.0])


def test_entries_that_are_not_the_greatest_are_masked() -> None:
    """The root has an infinite slope at 0, which was not taken."""
    x = np.array([0.0, 4.0]).reshape(1, 2, 1)
    found = gradient(lambda x: max_pool(np.sqrt(x), 2), x)
    np.testing.assert_array_equal(found.ravel(), [0.0, 0.25])


def test_nan_makes_the_maximum_nan() -> None:
    x = np.array([1.0, np.nan, 2.0, 3.0]).reshape(1, 4, 1)
    np.testing.assert_array_equal(max_pool(x, 2).ravel(), [np.nan, 3.0])


def test_second_derivatives() -> None:
    x = np.array([1.0, 3.0, 2.0]).reshape(1, 3, 1)
    found = second(lambda x: max_pool(x, 2, 1) ** 3, x)
    np.testing.assert_allclose(found.ravel(), [0.0, 2 * 6 * 3.0, 0.0])


def test_integers() -> None:
    x = np.array([[1, -5, -7, -6]]).reshape(1, 4, 1)
    assert max_pool(x, 3, 1, "SAME").ravel().tolist() == [1, 1, -5, -6]
    assert max_pool(x, 2).dtype == x.dtype
    np.testing.assert_array_equal(avg_pool(x, 2).ravel(), [-2.0, -6.5])


@pytest.mark.parametrize("function", [max_pool, avg_pool])
@pytest.mark.parametrize(
    ("shape", "options", "text"),
    [
        ((4, 2), {"window": 2}, r"Give x a rank of 3 or more.*\(4, 2\)"),
        ((1, 4, 2), {"window": 5}, r"Give a window that fits, or padding: one of \(5,\)"),
        ((1, 4, 2), {"window": (2, 2)}, "Give window one integer of 1 or more"),
        ((1, 4, 2), {"window": 2, "padding": [(2, 0)]}, "Give less padding than a window"),
        ((1, 4, 2), {"window": 2, "padding": "FULL"}, "Give padding='VALID'"),
    ],
)
def test_errors(function: Any, shape: Any, options: Any, text: str) -> None:
    for x in (np.ones(shape), tensor(np.ones(shape))):
        with pytest.raises(ValueError, match=text):
            function(x, **options)


def test_complex_numbers_have_no_maximum() -> None:
    x = np.ones((1, 2, 1), complex)
    with pytest.raises(TypeError, match="Give max_pool real numbers: got dtype complex128"):
        max_pool(x, 2)
    np.testing.assert_array_equal(avg_pool(x * 1j, 2).ravel(), [1j])
