"""Roots, fixed points and minima: what they return and refuse, and real uses."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

import gradtape as gt

P = np.array([1.2, 0.7])
W = np.array([[0.5, 0.075], [0.025, 0.375]])


def test_unknowns_and_parameters_may_be_nested() -> None:
    def solution(p):
        def equations(x, p):
            u, v = x["u"], x["v"][0]
            return {"a": u**3 + v - p["s"], "b": v**3 - u + p["t"] * p["s"]}

        found = gt.implicit.root(equations, {"u": 0.5, "v": [0.5]}, p, tol=1e-13)
        return np.stack([found["u"], found["v"][0]])

    def of_vector(p):
        return solution({"s": p[0], "t": p[1]})

    gt.check_gradients(of_vector, P)
    gradient = gt.grad(lambda p: solution(p)[0])({"s": 1.2, "t": 0.7})
    np.testing.assert_allclose(gt.jacobian(of_vector)(P)[0], [gradient["s"], gradient["t"]])


def test_a_solver_of_the_users_own() -> None:
    calls = []

    def bisection(equations, start):
        calls.append(start)
        low, high = 0.0, 10.0
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (low, middle) if equations(middle) > 0 else (middle, high)
        return low

    def root(p):
        return gt.implicit.root(lambda x, p: x**3 - p, 1.0, p, method=bisection)

    assert gt.grad(root)(8.0) == pytest.approx(1 / 12)
    assert calls == [1.0]

    def plain(f, x):
        for _ in range(200):
            x = f(x)
        return x

    found = gt.grad(lambda p: gt.implicit.fixed_point(lambda x, p: np.cos(p * x), 1.0, p))
    again = gt.grad(
        lambda p: gt.implicit.fixed_point(lambda x, p: np.cos(p * x), 1.0, p, method=plain)
    )
    np.testing.assert_allclose(found(0.9), again(0.9), rtol=1e-9)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"memory": 0},
        {"method": "hybr"},
        {"linear_solver": "neumann"},
        {"linear_solver": "bicgstab"},
    ],
)
def test_a_deep_equilibrium_layer(options) -> None:
    """Its value and gradients are those of a network of very many equal layers."""

    def layer(w, b):
        return gt.implicit.fixed_point(
            lambda x, w, b: np.tanh(w @ x + b), np.zeros(2), w, b, **options
        )

    def unrolled(w, b):
        x = np.zeros(2)
        for _ in range(80):
            x = np.tanh(w @ x + b)
        return x

    np.testing.assert_allclose(layer(W, P), unrolled(W, P), rtol=1e-10)
    for argument in (0, 1):
        found = gt.jacobian(layer, argument)(W, P)
        np.testing.assert_allclose(found, gt.jacobian(unrolled, argument)(W, P), rtol=1e-9)
    if not options:
        gt.check_gradients(layer, W, P)


def test_an_expansion_has_a_fixed_point_too() -> None:
    def point(p):
        return gt.implicit.fixed_point(lambda x, p: 3 * x - p, 1.0, p, method="hybr")

    np.testing.assert_allclose([point(4.0), gt.grad(point)(4.0)], [2.0, 0.5])


@pytest.mark.parametrize("method", [None, "trust-exact", "Newton-CG", "Nelder-Mead"])
def test_the_penalty_of_ridge_regression(method) -> None:
    """The gradient of the error on held-out data is that through the closed form."""
    features, target = load_diabetes(return_X_y=True)
    x, held, y, wanted = features[:300], features[300:], target[:300] / 100, target[300:] / 100
    options = {"maxiter": 3} if method == "Nelder-Mead" else None  # Newton's steps do the rest

    def weights(log_penalty):
        def loss(w, log_penalty):
            return np.sum((x @ w - y) ** 2) + np.exp(log_penalty) * np.sum(w**2)

        return gt.implicit.minimize(loss, np.zeros(10), log_penalty, method=method, options=options)

    def closed(log_penalty):
        return np.linalg.solve(x.T @ x + np.exp(log_penalty) * np.eye(10), x.T @ y)

    def error(w):
        return np.mean((held @ w - wanted) ** 2)

    for penalty in (-4.0, 0.0):
        np.testing.assert_allclose(weights(penalty), closed(penalty), rtol=1e-8)
        for order in (gt.grad, lambda f: gt.grad(gt.grad(f))):
            found, expected = [order(lambda p, w=w: error(w(p))) for w in (weights, closed)]
            np.testing.assert_allclose(found(penalty), expected(penalty), rtol=1e-7)


def test_many_unknowns_are_solved_for_by_products() -> None:
    b = np.linspace(0, 1, 600)

    def mean_of_point(s):
        return np.mean(gt.implicit.fixed_point(lambda x, s: s * np.sin(x) + b, b, s))

    def mean_of_minimum(s):
        def f(x, s):
            return np.sum((x - b) ** 2) + s * np.sum(np.cosh(x)) + np.sum(np.diff(x) ** 2)

        return np.mean(gt.implicit.minimize(f, b, s) ** 2)

    for f in (mean_of_point, mean_of_minimum):
        expected = (f(0.5 + 1e-5) - f(0.5 - 1e-5)) / 2e-5
        np.testing.assert_allclose(gt.grad(f)(0.5), expected, rtol=1e-6)


def test_results_are_of_the_kind_of_the_start() -> None:
    x = np.float32(1.0)
    for found in (
        gt.implicit.root(lambda x: x**2 - 4.0, x),
        gt.implicit.fixed_point(np.cos, x),
        gt.implicit.minimize(lambda x: np.cosh(x - 1.0), x),
    ):
        assert found.dtype == np.float32
        assert not isinstance(found, gt.Tensor)
    p = gt.Variable(8.0)  # of float32
    with gt.GradientTape() as tape:
        found = gt.implicit.root(lambda x, p: x**3 - p, gt.constant(1.0), p)
    assert isinstance(found, gt.Tensor)
    assert tape.gradient(found, p).numpy() == np.float32(1 / 12)
    assert gt.implicit.root(lambda x: x - 3.0, 1) == 3.0


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: gt.implicit.root(lambda x: x**2 + 1, 1.0), RuntimeError, "did not converge"),
        (
            lambda: gt.implicit.root(lambda x: x[:1], np.ones(2)),
            ValueError,
            "as many equations as unknowns, 2: got 1",
        ),
        (
            lambda: gt.implicit.fixed_point(lambda x: 2 * x + 1, 1.0, memory=0),
            RuntimeError,
            "contraction",
        ),
        (
            lambda: gt.implicit.fixed_point(lambda x: np.mean(x), np.ones(3)),
            ValueError,
            r"implicit.fixed_point the shapes of the unknowns: result has shape \(\), not \(3,\)",
        ),
        (
            lambda: gt.implicit.fixed_point(lambda x: {"b": x["a"]}, {"a": 1.0}),
            ValueError,
            "the structure {'a': \\*}: got {'b': \\*}",
        ),
        (
            lambda: gt.implicit.minimize(lambda x: -(x**2), 1.0, method="BFGS"),
            RuntimeError,
            "minimize did not converge",
        ),
        (
            lambda: gt.implicit.root(lambda x: x, 1.0, method=lambda f, x: np.nan),
            RuntimeError,
            "infinite or NaN",
        ),
        (
            lambda: gt.implicit.root(lambda x: x, 1.0, method=lambda f, x: np.ones(2)),
            ValueError,
            r"the method of implicit.root the shapes of the unknowns: result has shape \(2,\)",
        ),
        (lambda: gt.implicit.root(lambda x: x, 1.0, linear_solver="lu"), ValueError, "got 'lu'"),
        (lambda: gt.implicit.root(lambda x: x, 1j), TypeError, "real and imaginary parts"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_errors(call, error, text) -> None:
    with pytest.raises(error, match=text):
        call()
