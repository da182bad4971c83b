"""Methods of ufuncs: folds, outer, repeated indices of at."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from support import assert_gradient, gradient, tensor

import gradtape as gt

INF, NAN = math.inf, math.nan
rng = np.random.default_rng(0)
A, B = rng.normal(size=(2, 3)), rng.normal(size=(3, 4))

# -- folds --------------------------------------------------------------------------------------


def test_a_ufunc_folds_nan_without_a_warning() -> None:
    assert np.isnan(np.fmax.reduce(tensor([NAN, NAN])).numpy())


@pytest.mark.parametrize("axis", [0, 1, -1, None])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(
    "ufunc", [np.add, np.multiply, np.maximum, np.fmin, np.logaddexp, np.hypot]
)
def test_reduce_is_numpys(ufunc: np.ufunc, axis: Any, keepdims: bool) -> None:
    x = np.random.default_rng(0).uniform(1, 2, (3, 4))
    expected = ufunc.reduce(x, axis=axis, keepdims=keepdims)
    got = ufunc.reduce(gt.constant(x), axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-15)
    np.testing.assert_allclose(ufunc.reduce(gt.constant(x)).numpy(), ufunc.reduce(x), rtol=1e-15)


def test_a_fold_has_the_gradient_of_its_steps() -> None:
    x = np.array([8.0, 4.0, 2.0])
    np.testing.assert_array_equal(gradient(np.subtract.reduce, x), [1, -1, -1])
    np.testing.assert_array_equal(gradient(np.true_divide.reduce, x), [1 / 8, -1 / 4, -1 / 2])
    np.testing.assert_array_equal(gradient(np.subtract.accumulate, x), [3, -2, -1])
    np.testing.assert_array_equal(gradient(lambda x: np.add.reduceat(x, [0, 2, 1]), x), [1, 2, 2])


def test_a_fold_refuses_what_numpy_refuses() -> None:
    x = tensor(np.ones((2, 2)))
    with pytest.raises(ValueError, match="not reorderable"):
        np.subtract.reduce(x, axis=None)
    with pytest.raises(ValueError, match="no identity"):
        np.subtract.reduce(tensor([]))
    with pytest.raises(IndexError):
        np.add.reduceat(tensor([1.0]), [3])


def test_a_fold_of_nothing_is_the_identity() -> None:
    assert np.hypot.reduce(tensor([])).numpy() == 0
    assert np.logaddexp.reduce(tensor([])).numpy() == -INF


def test_truth_values_are_reduced_as_constants() -> None:
    x = tensor([1.0, 0.0])
    with gt.GradientTape() as tape:
        tape.watch(x)
        y = np.logical_and.reduce(x), np.logical_or.reduce(x)
    assert (bool(y[0]), bool(y[1])) == (False, True)


# -- outer --------------------------------------------------------------------------------------


def test_outer_of_any_ufunc() -> None:
    assert_gradient(np.hypot.outer, A + 3, B[0])
    assert_gradient(lambda x: np.power.outer(np.arange(1.0, 3.0), x), A[0])
    dx = gradient(lambda x: np.maximum.outer(x, np.array([0.0, 5.0])), np.array([1.0, 7.0]))
    np.testing.assert_array_equal(dx, [1.0, 2.0])


# -- at -----------------------------------------------------------------------------------------


AT = {
    "add": (np.add, [0, 2, 0], (3,)),
    "add broadcast": (np.add, [0, 2, 0], ()),
    "subtract": (np.subtract, [0, 2, 0], (3,)),
    "multiply": (np.multiply, [0, 2, 0, 0], (4,)),
    "add in two dimensions": (np.add, np.array([[0, 2], [0, 0]]), (2,)),
    "divide in two dimensions": (np.divide, np.array([[0, 2], [0, 0]]), (2,)),
    "power": (np.power, [1, 1], (2,)),
    "maximum": (np.maximum, [0, 1, 0], (3,)),
    "slice": (np.multiply, slice(0, 2), (2,)),
    "mask": (np.multiply, np.array([True, False, True]), ()),
    "unary": (np.square, [0, 2, 0], None),
}


def at(ufunc: Any, x: Any, index: Any, *b: Any) -> Any:
    """A copy of `x`, updated by NumPy.

    NumPy 2.4 reads beyond a vector `b` that is broadcast along a two-dimensional index.
    """
    y = np.array(x)
    ufunc.at(y, index, *(np.broadcast_to(v, y[index].shape) for v in b))
    return y


@pytest.mark.parametrize("name", sorted(AT))
def test_at_with_repeated_indices(name: str) -> None:
    ufunc, index, shape = AT[name]
    x = np.array([1.5, 2.5, 3.5])
    values = np.array([1.0, 1.5, 2.0, 2.5])
    b = () if shape is None else (values[: np.prod(shape, dtype=int)].reshape(shape),)

    def f(x: Any, *b: Any) -> Any:
        x = x * 1.0
        ufunc.at(x, index, *b)
        return x * np.array([1.0, 10.0, 100.0])

    expected = at(ufunc, x, index, *b)
    got = tensor(x)
    ufunc.at(got, index, *map(tensor, b))
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-15)

    gradients = gradient(f, x, *b) if b else [gradient(f, x)]
    h = 1e-6
    arrays = [x, *b]
    for position, g in enumerate(gradients):
        for entry in np.ndindex(g.shape):
            sums = []
            for step in (h, -h):
                moved = [np.array(a) for a in arrays]
                moved[position][entry] += step
                sums.append(np.sum(at(ufunc, *moved[:1], index, *moved[1:]) * [1.0, 10.0, 100.0]))
            np.testing.assert_allclose(g[entry], (sums[0] - sums[1]) / (2 * h), rtol=1e-7)


def test_at_of_a_plain_array() -> None:
    a, b = np.zeros(3), tensor(1.0, 2.0)
    np.add.at(a, [0, 0], b)
    np.testing.assert_array_equal(a, [3, 0, 0])
    with gt.GradientTape() as tape:
        tape.watch(b)
        with pytest.raises(TypeError, match=r"numpy\.add\.at would write"):
            np.add.at(a, [0, 0], b)


@pytest.mark.parametrize("ufunc", [np.add, np.multiply])
def test_at_refuses_to_truncate(ufunc: Any) -> None:
    x = gt.constant(np.zeros(3, int))
    with pytest.raises(TypeError, match="dtype float64"):
        ufunc.at(x, [0], 0.5)
    ufunc.at(x, [0, 0], 2)
    assert x.numpy()[0] == (4 if ufunc is np.add else 0)


def test_at_leaves_other_names_of_the_value_alone() -> None:
    x = gt.constant(np.array([1, 2]))
    y = gt.constant(x)
    np.bitwise_or.at(x, [0, 0], 4)
    np.testing.assert_array_equal(x.numpy(), [5, 2])
    np.testing.assert_array_equal(y.numpy(), [1, 2])


@pytest.mark.parametrize("ufunc", [np.add, np.multiply])
def test_at_of_rank_0(ufunc: Any) -> None:
    def f(x: Any, b: Any) -> Any:
        x = x * 1.0
        ufunc.at(x, (), b)
        return x

    expected = (1, 1) if ufunc is np.add else (5, 3)
    assert tuple(gradient(f, 3.0, 5.0)) == expected


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([-np.inf, -np.inf], [0.5, 0.5]),
        ([np.inf, 1.0, np.inf], [0.5, 0.0, 0.5]),
        ([-np.inf, 0.0], [0.0, 1.0]),
        ([1000.0, 0.0], [1.0, 0.0]),
    ],
)
def test_logaddexp_reduce_of_infinities(entries: list[float], expected: list[float]) -> None:
    x = gt.constant(np.array(entries))
    with gt.GradientTape() as tape:
        tape.watch(x)
        y = np.logaddexp.reduce(x)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), expected)
