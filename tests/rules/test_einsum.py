"""What the registry's test of einsum cannot show: broadcasting, paths, what is kept, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import assert_gradient, gradient

import gradtape as gt

rng = np.random.default_rng(0)
A, B = rng.normal(size=(2, 3)), rng.normal(size=(3, 4))


def test_einsum_index_of_one_operand_that_is_summed_is_broadcast() -> None:
    dx = gradient(lambda x: np.einsum("ij->j", x), A)
    np.testing.assert_array_equal(dx, np.ones((2, 3)))
    da, db = gradient(lambda a, b: np.einsum("ij,kl->", a, b), A, B)
    np.testing.assert_allclose(da, np.full((2, 3), B.sum()), rtol=1e-14)
    np.testing.assert_allclose(db, np.full((3, 4), A.sum()), rtol=1e-14)


def test_einsum_diagonal_ignores_infinite_entries_beside_it() -> None:
    x = np.full((2, 2), np.inf)
    dx = gradient(lambda x: np.einsum("ii->i", x), x)
    np.testing.assert_array_equal(dx, np.eye(2))


def test_einsum_axes_of_length_one_are_broadcast() -> None:
    assert_gradient(lambda a, b: np.einsum("ij,jk->ik", a, b), A[:, :1], B)
    assert_gradient(lambda a, b, c: np.einsum("ij,j,j->i", a, b, c), A, A[0, :1], A[0])


@pytest.mark.parametrize("optimize", [False, True, "greedy", "optimal", ["einsum_path", (0, 1, 2)]])
def test_einsum_optimize(optimize: Any) -> None:
    c = rng.normal(size=(4, 2))

    def f(a: Any, b: Any, c: Any) -> Any:
        return np.einsum("ij,jk,kl->li", a, b, c, optimize=optimize)

    assert_gradient(f, A, B, c)
    np.testing.assert_allclose(f(*map(gt.constant, (A, B, c))).numpy(), f(A, B, c), rtol=1e-13)


def test_einsum_keeps_only_what_the_derivative_reads() -> None:
    x = gt.constant(A)
    with gt.GradientTape() as tape:
        tape.watch(x)
        np.einsum("ij,jk->ik", x, B)
    ((_, _, _, saved, _),) = tape._records
    assert saved[1].__class__.__name__ == "Spec"
    np.testing.assert_array_equal(saved[2], B)


def test_einsum_dtype() -> None:
    y = np.einsum("i,i", gt.constant(A[0].astype(np.float32)), A[1].astype(np.float32), dtype=float)
    assert y.dtype == np.float64


@pytest.mark.parametrize(
    ("subscripts", "message"),
    [
        ("...i->i", r"Write '\.\.\.' in the output"),
        ("ij,jk", "one operand for each"),
        ("ijk->i", "subscripts"),
        ("ij->il", "subscript"),
    ],
)
def test_einsum_errors(subscripts: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        np.einsum(subscripts, gt.constant(A))


def test_einsum_out_is_refused() -> None:
    with pytest.raises(TypeError, match="Assign the result of numpy.einsum"):
        np.einsum("ij->i", gt.constant(A), out=np.empty(2))
