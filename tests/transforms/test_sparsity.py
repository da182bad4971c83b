"""Sparse Jacobians and Hessians: the pattern found, and the values."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import gradtape as gt
from gradtape.transforms.coloring import color_columns

RNG = np.random.default_rng(0)
X = RNG.uniform(0.5, 1.5, 12)


def broyden(x):
    """Broyden's tridiagonal function."""
    middle = (3 - 2 * x) * x + 1
    return middle - np.pad(x[:-1], (1, 0)) - 2 * np.pad(x[1:], (0, 1))


FUNCTIONS = {
    "tridiagonal": broyden,
    "concatenated": lambda x: np.concatenate([x[:3] ** 2, np.sin(x[4:6]), x[:1] * x[-1:]]),
    "reshaped": lambda x: np.sum(x.reshape(3, 4) ** 2, axis=1),
    "mean": lambda x: np.mean(x.reshape(3, 4).T * 2, axis=0),
    "max": lambda x: np.max(x.reshape(4, 3), axis=1),
    "norm": lambda x: np.linalg.norm(x.reshape(4, 3), axis=1),
    "prod": lambda x: np.prod(x.reshape(6, 2), axis=-1),
    "where": lambda x: np.where(x > 1, x**2, np.roll(x, 1)),
    "gather": lambda x: x[np.array([0, 3, 3, 5])] * x[::-1][:4],
    "scatter": lambda x: _written(x),
    "outer": lambda x: x[:2, None] * x[None, 2:4],
    "scan": lambda x: np.cumsum(x[:4]),
    "product": lambda x: np.arange(24.0).reshape(2, 12) @ x,
    "constant": lambda x: np.floor(x),
    "part constant": lambda x: np.stack([x[0] * 2, np.float64(1.0) + np.floor(x[1])]),
    "scalar": lambda x: np.sum(x**2),
    "stack": lambda x: np.stack([x[:3], x[3:6] ** 2], axis=1),
    "sorted": lambda x: np.sort(x) ** 2,
    "repeat": lambda x: np.repeat(x[:3], 2) * np.tile(x[:2], 3),
    "complex": lambda x: np.abs(np.exp(1j * x[:5]) + x[1:6]),
}


def _written(x):
    y = x * 1.0
    y[2:4] = x[:2] * 3
    y[np.array([5, 6])] += x[8]
    return y


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_pattern(name) -> None:
    f = FUNCTIONS[name]
    found = gt.jacobian(f, sparsity="detect")(X)
    exact = np.asarray(gt.jacfwd(f)(X)).reshape(-1, X.size)
    np.testing.assert_allclose(found.toarray(), exact, rtol=1e-12, atol=1e-14)
    pattern = gt.sparsity_pattern(f)(X).toarray()
    assert not np.any(exact[~pattern])


def test_the_pattern_is_no_larger_than_it_must_be() -> None:
    for name in ("tridiagonal", "concatenated", "reshaped", "mean", "max", "gather", "stack"):
        dense = np.asarray(gt.jacfwd(FUNCTIONS[name])(X)).reshape(-1, X.size)
        if name == "max":  # which entry is the largest is not in the pattern
            dense = np.kron(np.eye(4), np.ones((1, 3)))
        pattern = gt.sparsity_pattern(FUNCTIONS[name])(X).toarray()
        np.testing.assert_array_equal(pattern, dense != 0, err_msg=name)


def test_few_rows_are_pulled() -> None:
    asked = []

    @gt.custom_gradient
    def identity(x):
        def gradient(upstream):
            asked.append(1)
            return upstream

        return x * 1.0, gradient

    found = gt.jacobian(lambda x: np.sum(x * x), sparsity="detect")(X)
    np.testing.assert_allclose(found.toarray(), [2 * X])
    assert found.shape == (1, 12)


def test_sparse_hessian() -> None:
    def rosenbrock(x):
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    found = gt.hessian(rosenbrock, sparsity="detect")(X)
    assert found.nnz == 3 * 12 - 2
    np.testing.assert_allclose(found.toarray(), gt.hessian(rosenbrock)(X), atol=1e-12)
    pattern = gt.sparsity_pattern(gt.grad(rosenbrock))(X)
    again = gt.hessian(rosenbrock, sparsity=pattern)(2 * X)
    np.testing.assert_allclose(again.toarray(), gt.hessian(rosenbrock)(2 * X), atol=1e-12)


def test_a_pattern_or_a_coloring_can_be_given() -> None:
    pattern = gt.sparsity_pattern(broyden)(X)
    exact = gt.jacobian(broyden)(2 * X)
    for given in (pattern, pattern.toarray(), color_columns(pattern)):
        np.testing.assert_allclose(gt.jacobian(broyden, sparsity=given)(2 * X).toarray(), exact)


def test_a_right_pattern_is_not_refused_where_entries_cancel() -> None:
    coloring = color_columns(np.eye(12, k=1, dtype=bool) | np.eye(12, dtype=bool))
    t = coloring.direction() * 0.1
    factors = np.append(t[:-1] / t[1:], 0.3) * 1e8  # along the direction that checks, rows cancel

    def cancelling(x):
        return 0.1 * (1e9 * x - 10 * factors * np.append(x[1:], 0.0))

    found = gt.jacobian(cancelling, sparsity=coloring)(X)
    np.testing.assert_allclose(found.toarray(), gt.jacobian(cancelling)(X))
    with pytest.raises(ValueError, match="Add what is missing to the pattern.* result 0 "):
        gt.jacobian(cancelling, sparsity=np.eye(12, dtype=bool))(X)


def test_dtype_and_rank() -> None:
    found = gt.jacobian(lambda x: x**2, sparsity="detect")(X.reshape(3, 4).astype(np.float32))
    assert found.dtype == np.float32
    assert found.shape == (12, 12)


def test_a_hundred_thousand_unknowns_in_three_directions() -> None:
    n = 100_000
    x = np.linspace(0, 1, n)
    pattern = gt.sparsity_pattern(broyden)(x)
    assert pattern.nnz == 3 * n - 2
    coloring = color_columns(pattern)
    assert coloring.number == 3
    tracemalloc.start()
    found = gt.jacobian(broyden, sparsity="detect")(x)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1000 * n
    np.testing.assert_allclose(found.diagonal(), 3 - 4 * x)
    np.testing.assert_allclose(found.diagonal(1), -2)


def test_errors() -> None:
    with pytest.raises(ValueError, match="Add what is missing to the pattern.* result 0 "):
        gt.jacobian(broyden, sparsity=np.eye(12, dtype=bool))(X)
    with pytest.raises(ValueError, match=r"pattern of shape \(12, 12\), results by inputs"):
        gt.jacobian(broyden, sparsity=np.eye(3, dtype=bool))(X)
    with pytest.raises(ValueError, match="Give the pattern itself as sparsity=.*cumsum"):
        gt.jacobian(np.cumsum, sparsity="detect")(np.ones(20_000))
    with pytest.raises(TypeError, match="got 2 and 1"):
        gt.jacobian(lambda p: p[0] * p[1], sparsity="detect")((X, X))
    x = gt.Variable(X)
    with gt.GradientTape(), pytest.raises(TypeError, match="carries no gradient"):
        gt.jacobian(broyden, sparsity="detect")(x)
