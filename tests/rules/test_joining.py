"""Joining and splitting: dtypes, plain members, where values are inserted, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import check_moves, gradient

import gradtape as gt

rng = np.random.default_rng(0)
X = rng.normal(size=(2, 3))


def test_joining_takes_dtype_and_plain_members() -> None:
    x = gt.constant(X.astype(np.float32))
    assert np.concatenate([x, X]).dtype == np.float64
    assert np.stack([x, X], dtype=np.float32, casting="same_kind").dtype == np.float32
    assert np.vstack([x, x], dtype=np.float64).dtype == np.float64
    check_moves(lambda a: np.hstack([a, np.zeros((2, 1)), a]), X)
    check_moves(lambda a: np.stack([a[0], [0.0, 0.0, 0.0]]), X)


@pytest.mark.parametrize("function", [np.concatenate, np.stack])
def test_joining_refuses_out(function: Any) -> None:
    with pytest.raises(TypeError, match=r"Assign the result of numpy\.\w+ instead of passing out="):
        function([gt.constant(X)], out=np.empty((2, 3)))


def test_joining_real_and_complex() -> None:
    a, b = gt.constant(X), gt.constant(X + 1j)
    with gt.GradientTape() as tape:
        tape.watch([a, b])
        y = np.concatenate([a, b])
    da, db = tape.gradient(y, [a, b], output_gradients=np.full((4, 3), 2 + 3j))
    np.testing.assert_array_equal(da.numpy(), np.full((2, 3), 2.0))
    np.testing.assert_array_equal(db.numpy(), np.full((2, 3), 2 + 3j))


def test_a_branch_not_taken_stays_out_of_a_join() -> None:
    x = gt.constant(np.array([0.0, 4.0]))
    with gt.GradientTape() as tape:
        tape.watch(x)
        root = np.sqrt(x)
        joined = np.stack([root, x])
        y = np.where(np.array([[False, True], [True, True]]), joined, 0.0)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [1.0, 1.25])


@pytest.mark.parametrize("where", [1, -1, [0, 2], [2, 0], slice(0, 3, 2), np.array([1]), []])
def test_insert(where: Any) -> None:
    check_moves(lambda x, v: np.insert(x, where, v, axis=1), X, np.float64(3.0))
    check_moves(lambda x: np.insert(x, where, 0.0), X)


def test_insert_a_block_at_one_index() -> None:
    check_moves(lambda x, v: np.insert(x, 1, v), X, rng.normal(size=4))
    check_moves(lambda x, v: np.insert(x, 1, v, axis=1), X, rng.normal(size=(4, 2)))
    check_moves(lambda x, v: np.insert(x, [1], v, axis=1), X, rng.normal(size=(2, 4)))


def test_split_with_overlapping_and_empty_parts() -> None:
    check_moves(lambda x: np.concatenate(np.split(x, [2, 1, 5, 9])), rng.normal(size=6))
    check_moves(lambda x: np.array_split(x, 4)[1], rng.normal(size=6))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.stack(arrays=[x, x], axis=1),
        lambda x: np.vstack(tup=(x, x)),
        lambda x: np.append(arr=x, values=x),
        lambda x: np.split(ary=x, indices_or_sections=3, axis=1)[1],
        lambda x: np.insert(arr=x, obj=1, values=0.0, axis=1),
        lambda x: np.delete(arr=x, obj=1, axis=1),
    ],
)
def test_array_by_keyword(f: Any) -> None:
    check_moves(f, X)


@pytest.mark.parametrize(
    ("f", "error"),
    [
        (lambda x: np.split(x, 2, axis=1), ValueError),
        (lambda x: np.dsplit(x, 2), ValueError),
        (lambda x: np.stack([x, x[0]]), ValueError),
        (lambda x: np.stack([]), ValueError),
        (lambda x: np.concatenate([x, x], axis=2), ValueError),
        (lambda x: np.block([[x], x]), ValueError),
        (lambda x: np.delete(x, 7), IndexError),
    ],
)
def test_errors_of_numpy(f: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        f(gt.constant(X))


# -- trimming -----------------------------------------------------------------------------------


@pytest.mark.parametrize("trim", ["fb", "f", "b", "B"])
@pytest.mark.parametrize("x", [[0.0, 0.0, 1.0, 0.0, 2.0, 0.0], [0.0, 0.0], [1.0, 2.0], []])
def test_trim_zeros(trim: str, x: Any) -> None:
    x = np.array(x)
    expected = np.trim_zeros(x, trim)
    np.testing.assert_array_equal(np.trim_zeros(gt.constant(x), trim).numpy(), expected)
    np.testing.assert_array_equal(gradient(lambda x: np.trim_zeros(x, trim) ** 2, x), 2 * x)


def test_trim_zeros_checks_its_argument() -> None:
    with pytest.raises(ValueError, match="trim"):
        np.trim_zeros(gt.constant(np.ones(2)), "x")
