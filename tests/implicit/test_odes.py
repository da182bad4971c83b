"""Differential equations: the adjoint and direct differentiation."""

from __future__ import annotations

import numpy as np
import pytest

import gradtape as gt

T = np.array([0.0, 0.4, 1.0, 1.5])


def lotka_volterra(y, t, p):
    prey, predator = y[0], y[1]
    return np.stack(
        [p["a"] * prey - p["b"] * prey * predator, p["c"] * prey * predator - predator * p["d"]]
    )


P = {"a": 1.1, "b": 0.4, "c": 0.1, "d": 0.4}
Y0 = np.array([10.0, 5.0])


def loss(y0, p, t, **options):
    y = gt.implicit.odeint(lotka_volterra, y0, t, p, rtol=1e-10, atol=1e-12, **options)
    return np.sum(y[1:] * np.array([[1.0, -2.0], [0.5, 1.0], [2.0, 0.3]]))


def differences(f, x, h=1e-5):
    return (f(x + h) - f(x - h)) / (2 * h)


@pytest.mark.parametrize("adjoint", [True, False])
@pytest.mark.parametrize("method", ["DOP853", "RK45"])
def test_gradients_against_differences(adjoint, method) -> None:
    options = {"adjoint": adjoint, "method": method}
    start, slopes = gt.grad(lambda y0, p: loss(y0, p, T, **options), (0, 1))(Y0, P)
    for k in range(2):
        e = np.eye(2)[k]
        expected = differences(lambda h, e=e: loss(Y0 + h * e, P, T, **options), 0.0)
        np.testing.assert_allclose(start[k], expected, rtol=1e-6)
    for key, at in P.items():
        expected = differences(lambda v, key=key: loss(Y0, {**P, key: v}, T, **options), at)
        np.testing.assert_allclose(slopes[key], expected, rtol=1e-6)


@pytest.mark.parametrize("adjoint", [True, False])
def test_forward_mode_is_the_transpose(adjoint) -> None:
    def f(y0, p):
        return loss(y0, p, T, adjoint=adjoint)

    direction = (np.array([1.0, -1.0]), dict.fromkeys(P, 0.5))
    _, tangent = gt.jvp(f, (Y0, P), direction)
    start, slopes = gt.grad(f, (0, 1))(Y0, P)
    expected = start @ direction[0] + sum(slopes[key] * 0.5 for key in P)
    np.testing.assert_allclose(tangent, expected, rtol=1e-7)


def test_times_have_gradients() -> None:
    found = gt.grad(lambda t: loss(Y0, P, t))(T)
    for k in range(len(T)):
        e = np.eye(len(T))[k]
        expected = differences(lambda h, e=e: loss(Y0, P, T + h * e), 0.0)
        np.testing.assert_allclose(found[k], expected, rtol=1e-5)
    _, tangent = gt.jvp(lambda t: loss(Y0, P, t), (T,), (np.arange(4.0),))
    np.testing.assert_allclose(tangent, found @ np.arange(4.0), rtol=1e-6)


def test_closed_forms() -> None:
    t = np.linspace(0, 2, 5)
    y = gt.implicit.odeint(lambda y, t, rate: -rate * y, 3.0, t, 0.7)
    np.testing.assert_allclose(y, 3 * np.exp(-0.7 * t), rtol=1e-7)
    state = gt.implicit.odeint(
        lambda y, t: {"x": y["v"], "v": -y["x"]}, {"x": 1.0, "v": 0.0}, t[::-1]
    )
    np.testing.assert_allclose(state["x"], np.cos(t[::-1] - 2), rtol=1e-6, atol=1e-7)


def test_second_derivatives_go_directly() -> None:
    def last(rate):
        y = gt.implicit.odeint(
            lambda y, t, r: -r * y, 1.0, np.array([0.0, 1.0]), rate, adjoint=False
        )
        return y[-1]

    np.testing.assert_allclose(gt.grad(gt.grad(last))(0.5), np.exp(-0.5), rtol=1e-6)
    with pytest.raises(TypeError, match="adjoint=False\\) for second derivatives"):
        gt.grad(gt.grad(lambda r: gt.implicit.odeint(lambda y, t, r: -r * y, 1.0, T, r)[-1]))(0.5)


@pytest.mark.parametrize("method", ["BDF", "Radau", "LSODA"])
def test_a_stiff_equation(method) -> None:
    """Van der Pol's oscillator on its slow part."""

    def last(mu):
        def flow(y, t, mu):
            return np.stack([y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]])

        t = np.array([0.0, 5.0])
        y = gt.implicit.odeint(
            flow, np.array([2.0, 0.0]), t, mu, method=method, rtol=1e-8, atol=1e-9
        )
        return y[-1, 0]

    expected = differences(last, 50.0, 1e-2)
    np.testing.assert_allclose(gt.grad(last)(50.0), expected, rtol=1e-3)


def test_variables_that_the_flow_reads_get_gradients() -> None:
    w = gt.Variable(0.7, dtype="float64")
    for adjoint in (True, False):
        with gt.GradientTape() as tape:
            y = gt.implicit.odeint(lambda y, t: -w * y, 1.0, np.array([0.0, 1.0]), adjoint=adjoint)
            last = y[-1]
        found = tape.gradient(last, w)
        np.testing.assert_allclose(found.numpy(), -np.exp(-0.7), rtol=1e-6)
    assert w.numpy() == 0.7


def test_a_pendulum_is_fitted() -> None:
    t = np.linspace(0, 3, 15)
    start = np.array([1.0, 0.0])

    def angle(length):
        y = gt.implicit.odeint(
            lambda y, t, length: np.stack([y[1], -9.81 / length * np.sin(y[0])]), start, t, length
        )
        return y[:, 0]

    data = angle(1.3)
    found = gt.minimize(lambda length: np.mean((angle(length) - data) ** 2), 1.1)
    np.testing.assert_allclose(found.x, 1.3, rtol=1e-3)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"t": [0.0, 1.0, 0.5]}, ValueError, "strictly ascending or descending"),
        ({"method": "Euler"}, ValueError, "got 'Euler'"),
        ({"method": "BDF", "adjoint": False}, ValueError, "whose steps can be recorded: got 'BDF'"),
        ({"y0": np.arange(2)}, TypeError, "floating-point parameters"),
    ],
)
def test_errors(options, error, text) -> None:
    options = {"y0": Y0, "t": T, **options}
    with pytest.raises(error, match=text):
        gt.implicit.odeint(lotka_volterra, options.pop("y0"), options.pop("t"), P, **options)
