"""Roots, fixed points and minima: derivatives of every order and mode."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

import gradtape as gt

A = np.array([[2.0, 0.3], [0.1, 1.5]])
P = np.array([1.2, 0.7])


def solution(p, **options):
    def equations(x, p):
        return {"a": x["u"] ** 3 + x["v"] - p[0], "b": x["v"] ** 3 - x["u"] + p[1] * p[0]}

    found = gt.implicit.root(equations, {"u": 0.5, "v": 0.5}, p, tol=1e-13, **options)
    return np.stack([found["u"], found["v"]])


@pytest.mark.parametrize("linear_solver", ["auto", "dense", "iterative"])
def test_root(linear_solver) -> None:
    gt.check_gradients(lambda p: solution(p, linear_solver=linear_solver), P, order=1)
    _, tangent = gt.jvp(solution, (P,), (np.array([1.0, 2.0]),))
    jacobian = gt.jacobian(solution)(P)
    np.testing.assert_allclose(tangent, jacobian @ [1.0, 2.0], rtol=1e-9)


@pytest.mark.parametrize("linear_solver", ["dense", "iterative"])
def test_second_derivatives(linear_solver) -> None:
    def f(p):
        return np.sum(solution(p, linear_solver=linear_solver) ** 2)

    h, e = 1e-5, np.eye(2)
    expected = [(gt.grad(f)(P + h * d) - gt.grad(f)(P - h * d)) / (2 * h) for d in e]
    slope = gt.grad(f)
    found = [gt.grad(lambda p, d=d: np.sum(slope(p) * d))(P) for d in e]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


def test_variables_that_the_function_reads_get_gradients() -> None:
    w = gt.Variable(8.0, dtype="float64")
    with gt.GradientTape() as tape:
        x = gt.implicit.root(lambda x: x**3 - w, 1.0)
    assert tape.gradient(x, w).numpy() == pytest.approx(1 / 12)


def test_fixed_point() -> None:
    def layer(w):
        return gt.implicit.fixed_point(lambda x, w: np.tanh(w @ x + P), np.zeros(2), w)

    w = A / 4
    x = layer(w)
    np.testing.assert_allclose(x, np.tanh(w @ x + P), rtol=1e-10)
    gt.check_gradients(layer, w)
    for memory in (0, 3):
        again = gt.implicit.fixed_point(lambda x: np.tanh(w @ x + P), np.zeros(2), memory=memory)
        np.testing.assert_allclose(again, x, rtol=1e-9)


def test_a_large_fixed_point_by_products() -> None:
    n = 600
    b = np.linspace(0, 1, n)

    def mean(scale):
        return np.mean(gt.implicit.fixed_point(lambda x, s: s * np.sin(x) + b, b, scale))

    h = 1e-6
    expected = (mean(0.5 + h) - mean(0.5 - h)) / (2 * h)
    np.testing.assert_allclose(gt.grad(mean)(0.5), expected, rtol=1e-6)


def test_minimum_of_ridge_regression_is_the_closed_form() -> None:
    features, target = load_diabetes(return_X_y=True)
    train, held = slice(0, 300), slice(300, None)
    target = (target - target.mean()) / target.std()

    def weights(log_penalty):
        def loss(w, log_penalty):
            residual = features[train] @ w - target[train]
            return np.sum(residual**2) + np.exp(log_penalty) * np.sum(w**2)

        return gt.implicit.minimize(loss, np.zeros(10), log_penalty, method="trust-exact")

    def closed(log_penalty):
        x, y = features[train], target[train]
        return np.linalg.solve(x.T @ x + np.exp(log_penalty) * np.eye(10), x.T @ y)

    def error(w):
        return np.mean((features[held] @ w - target[held]) ** 2)

    for penalty in (-4.0, 0.0):
        np.testing.assert_allclose(weights(penalty), closed(penalty), rtol=1e-6)
        found = gt.grad(lambda p: error(weights(p)))(penalty)
        np.testing.assert_allclose(found, gt.grad(lambda p: error(closed(p)))(penalty), rtol=1e-6)


def test_structures_and_kinds_of_results() -> None:
    found = gt.implicit.root(lambda x: x**2 - 4.0, np.float32(1.0))
    assert found.dtype == np.float32
    assert isinstance(gt.implicit.root(lambda x, p: x - p, 1.0, gt.constant(2.0)), gt.Tensor)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: gt.implicit.root(lambda x: x**2 + 1, 1.0), RuntimeError, "did not converge"),
        (
            lambda: gt.implicit.fixed_point(lambda x: 2 * x + 1, 1.0, memory=0),
            RuntimeError,
            "contraction",
        ),
        (lambda: gt.implicit.root(lambda x: x, 1.0, linear_solver="lu"), ValueError, "got 'lu'"),
        (
            lambda: gt.grad(lambda p: gt.implicit.root(lambda x, p: (x - p) ** 3 * 0, 1.0, p))(1.0),
            np.linalg.LinAlgError,
            "is singular here",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_errors(call, error, text) -> None:
    with pytest.raises(error, match=text):
        call()
