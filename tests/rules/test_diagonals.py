"""Diagonals of any offset, and infinities beside a triangle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import check_moves

import gradtape as gt

rng = np.random.default_rng(0)
X = rng.normal(size=(2, 3))


@pytest.mark.parametrize("offset", [-5, -1, 0, 2, 5])
def test_diagonals_of_any_offset(offset: int) -> None:
    check_moves(lambda x: np.diagonal(x, offset), X)
    check_moves(lambda x: np.diag(x, offset), X[0])


@pytest.mark.parametrize("function", [np.tril, np.triu])
def test_infinities_beside_a_triangle_do_no_harm(function: Any) -> None:
    x = gt.constant(np.array([[1.0, 0.0], [0.0, 1.0]]))
    with gt.GradientTape() as tape:
        tape.watch(x)
        y = function(np.sqrt(x), 1 if function is np.triu else -1)
    grad = tape.gradient(y, x).numpy()
    np.testing.assert_array_equal(np.isnan(grad), False)
    assert grad[0, 0] == grad[1, 1] == 0.0


def test_trace_takes_dtype_and_refuses_out() -> None:
    assert np.trace(gt.constant(X.astype(np.float32)), dtype=np.float64).dtype == np.float64
    with pytest.raises(TypeError, match="Assign the result of numpy.trace"):
        np.trace(gt.constant(X), out=np.empty(()))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.tril(m=x),
        lambda x: np.diag(v=x, k=1),
    ],
)
def test_array_by_keyword(f: Any) -> None:
    check_moves(f, X)


@pytest.mark.parametrize(
    ("f", "error"),
    [
        (lambda x: np.diag(np.reshape(x, (1, 2, 3))), ValueError),
    ],
)
def test_errors_of_numpy(f: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        f(gt.constant(X))
