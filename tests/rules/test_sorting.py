"""Sorting: ties, NaN, dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import gradient, tensor

from gradtape.core.rules import RULES
from gradtape.rules.indexing import gathered
from gradtape.rules.sorting import permute, top_k

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


def test_the_largest_by_partition() -> None:
    x = np.array([3.0, 9.0, 1.0, 7.0])
    g = gradient(lambda x: np.partition(x, -2)[-2:] ** 2, x)
    np.testing.assert_array_equal(g, [0, 18, 0, 14])


@pytest.mark.parametrize("dtype", ["b", "i", "f", "d", "D"])
def test_sort_complex_has_numpys_dtype(dtype: str) -> None:
    x = np.array([3, 1, 2]).astype(dtype)
    y = np.sort_complex(tensor(x, dtype=dtype))
    assert y.dtype == np.sort_complex(x).dtype
    np.testing.assert_array_equal(y.numpy(), np.sort_complex(x))


# -- a batch axis -------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [permute, gathered])
@pytest.mark.parametrize("axis", [-1, -2])
@pytest.mark.parametrize("batched", [(True, True), (True, False), (False, True)])
def test_a_batch_axis_passes_in_front(function: Any, axis: int, batched: Any) -> None:
    x = np.random.default_rng(0).normal(size=(4, 3, 5))
    order = np.argsort(x, axis=axis)
    values = [v if own else v[0] for v, own in zip((x, order), batched, strict=True)]
    found = RULES[function].batch(function, values, batched, {"axis": axis})
    for i in range(4):
        one = [v[i] if own else v for v, own in zip(values, batched, strict=True)]
        np.testing.assert_array_equal(found[i], function(*one, axis=axis))


# -- top_k --------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(6,), (3, 7), (2, 3, 1200), (2000,)])
@pytest.mark.parametrize("k", [0, 1, 5])
@pytest.mark.parametrize("values", [10, 100000])
@pytest.mark.parametrize("dtype", [np.float64, np.int8, np.uint16, np.bool_])
def test_top_k_takes_the_first_among_equals(shape: Any, k: int, values: int, dtype: Any) -> None:
    x = np.random.default_rng(0).integers(0, values, shape).astype(dtype)
    found, places = top_k(x, k)
    order = np.lexsort((np.broadcast_to(np.arange(shape[-1]), shape), -x.astype(int)), axis=-1)
    np.testing.assert_array_equal(places, order[..., :k])
    np.testing.assert_array_equal(found, np.take_along_axis(x, places, -1))


@pytest.mark.parametrize("size", [6, 3000])
def test_top_k_counts_nan_as_the_greatest(size: int) -> None:
    x = np.zeros(size)
    x[[1, 3, 4]] = np.nan, 1.0, np.nan
    assert top_k(x, 4)[1].tolist() == [1, 4, 3, 0]


def test_the_gradient_of_top_k_goes_to_what_was_taken() -> None:
    x = np.array([[0.0, 4.0, 4.0, 9.0], [1.0, 0.0, 1.0, 1.0]])
    found = gradient(lambda x: top_k(np.sqrt(x), 2)[0] * np.array([1.0, 2.0]), x)
    np.testing.assert_allclose(found, [[0, 0.5, 0, 1 / 6], [0.5, 0, 1.0, 0]])


@pytest.mark.parametrize(
    ("x", "k", "error", "text"),
    [
        (np.ones(3), 4, ValueError, r"Give top_k a k from 0 to the length.*got 4 for shape \(3,\)"),
        (np.ones(3), -1, ValueError, "Give top_k a k from 0"),
        (np.float64(3), 1, ValueError, "Give top_k a k from 0"),
        (np.ones(3, complex), 1, TypeError, "Give top_k real numbers: got dtype complex128"),
    ],
)
def test_errors_of_top_k(x: Any, k: int, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        top_k(x, k)
