"""Entries that no result reads get gradient 0, whatever their slope; in second order too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support import gradient, second

import gradtape as gt

A = np.array([[1.0, 0.0], [0.0, 3.0]])
ON_DIAGONAL = [[1.0, 0.0], [0.0, 1 / 3]]

READERS: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "trace": (lambda x: np.trace(np.log(x)), A, ON_DIAGONAL),
    "diag": (lambda x: np.diag(np.log(x)), A, ON_DIAGONAL),
    "diagonal": (lambda x: np.diagonal(np.log(x)), A, ON_DIAGONAL),
    "linalg.trace": (lambda x: np.linalg.trace(np.log(x)), A, ON_DIAGONAL),
    "einsum ii": (lambda x: np.einsum("ii", np.log(x)), A, ON_DIAGONAL),
    "einsum ii->i": (lambda x: np.einsum("ii->i", np.log(x)), A, ON_DIAGONAL),
    "einsum ii,i": (lambda x: np.einsum("ii,i", np.log(x), np.ones(2)), A, ON_DIAGONAL),
    "cumprod": (
        lambda x: np.cumprod(np.sqrt(x) / x)[:2],
        np.array([1.0, 2.0, 0.0]),
        [-0.5 * (1 + 0.5**0.5), -0.5 * 2**-1.5, 0.0],
    ),
    "tile by 0": (lambda x: np.tile(np.log(x), 0), np.array([0.0, 2.0]), [0.0, 0.0]),
}


@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value) encountered:RuntimeWarning")
@pytest.mark.parametrize(("f", "x", "expected"), READERS.values(), ids=READERS)
def test_entries_not_read(f: Any, x: Any, expected: Any) -> None:
    np.testing.assert_allclose(gradient(f, x), expected, rtol=1e-14)
    if x is A:
        np.testing.assert_array_equal(second(f, x), -np.square(expected))


def test_conditions_computed_in_part_stay_conditions() -> None:
    x = gt.constant(np.array([1.0, np.nan, 3.0]))
    with gt.GradientTape() as tape:
        tape.watch(x)
        chosen = np.greater(x, 0, where=[True] * 3)
        y = np.sum(x[chosen])
    assert chosen.dtype == np.bool_
    assert tape.gradient(y, x).numpy().tolist() == [1.0, 0.0, 1.0]


def test_lists_and_options_of_ufuncs() -> None:
    x = np.array([1.0, -2.0])
    mask = np.array([True, False])
    np.testing.assert_allclose(
        gradient(lambda x: np.arctan2(x, [2.0, 3.0], where=mask), x), [0.4, 0.0]
    )
    assert gradient(lambda x: np.sign(x, order="C"), x).tolist() == [0.0, 0.0]
    assert gradient(lambda x: np.conjugate(x, where=mask), x).tolist() == [1.0, 0.0]
    assert gradient(lambda x: np.modf(x, casting="same_kind")[0], x + 0.5).tolist() == [1.0, 1.0]
    assert gradient(lambda x: np.divmod(x, 2.0, dtype="d")[1], x + 0.5).tolist() == [1.0, 1.0]
    assert gradient(lambda x: np.real(val=x), x).tolist() == [1.0, 1.0]
    with pytest.raises(TypeError, match="Use np.where on each result of numpy.modf"):
        np.modf(gt.constant(x), where=mask)


def test_an_option_that_changes_later() -> None:
    t = gt.Variable(np.arange(3.0))
    shift = [1]
    with gt.GradientTape() as tape:
        y = np.roll(t, shift, axis=(0,)) * np.array([1.0, 2.0, 3.0])
    shift[0] = 2
    assert tape.gradient(y, t).numpy().tolist() == [2.0, 3.0, 1.0]


def test_matmul_refuses_axes() -> None:
    a = gt.Variable(np.ones((2, 2)))
    with gt.GradientTape() as tape:
        y = np.matmul(a, a, axes=[(1, 0), (0, 1), (0, 1)])
    with pytest.raises(TypeError, match="Move the axes of numpy.matmul"):
        tape.gradient(y, a)


def test_folds_keep_their_axes() -> None:
    x = gt.constant(np.array([3.0, 4.0]))
    for fold in (np.hypot, np.subtract, np.logaddexp2):
        assert fold.reduce(x, keepdims=True).shape == (1,)
        assert fold.reduce(x).shape == ()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("x", [-1000.0, -100.0, -2.0, 0.0, 3.0, 1000.0])
def test_the_second_derivative_of_softplus(x: float, dtype: Any) -> None:
    s = 1 / (1 + np.exp(-np.clip(x, -700, 700)))
    found = second(lambda x: np.logaddexp(dtype(0), x), np.array([x], dtype))
    np.testing.assert_allclose(found, [s * (1 - s)], rtol=1e-5, atol=1e-30)


def test_arctan2_of_tiny_and_huge_numbers() -> None:
    assert gradient(lambda x: np.arctan2(x, 1e-200), np.array([1e-200]))[0] == pytest.approx(5e199)
    big = np.array([1e20], np.float32)
    assert gradient(lambda x: np.arctan2(x, big), big)[0] == pytest.approx(5e-21)


def test_piecewise_that_takes_nothing_is_a_tensor() -> None:
    with gt.GradientTape():
        found = np.piecewise(gt.Variable([1.0]), [np.array([False])], [np.square])
    assert isinstance(found, gt.Tensor)


def test_terms_of_a_vector_product_that_cancel_are_live() -> None:
    """The mask of what some result reads: of two that are read with opposite signs both."""
    w = np.array([1.0, 2.0, 4.0])
    expected = gradient(lambda x: np.cross(x, w)[:2], np.array([0.3, -0.2, 0.9]))
    for same in (
        lambda x: np.clip(x, x, 2),
        lambda x: np.maximum(x, x - 1),
        lambda x: np.where(x < 1, x, 0),
    ):
        got = gradient(lambda x: np.cross(same(x), w)[:2], np.array([0.3, -0.2, 0.9]))
        np.testing.assert_allclose(got, expected)
