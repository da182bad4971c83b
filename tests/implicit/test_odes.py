"""Solutions of differential equations: values, both ways to differentiate, errors."""

from __future__ import annotations

import numpy as np
import pytest

import gradtape as gt

T = np.array([0.0, 0.4, 1.0, 1.5])
WEIGHTS = np.array([[1.0, -2.0], [0.5, 1.0], [2.0, 0.3]])
P = {"a": 1.1, "b": 0.4, "c": 0.1, "d": 0.4}
Y0 = np.array([10.0, 5.0])


def lotka_volterra(y, t, p):
    prey, predator = y[0], y[1]
    met = prey * predator
    return np.stack([p["a"] * prey - p["b"] * met, p["c"] * met - predator * p["d"]])


def loss(y0, p, t, **options):
    y = gt.implicit.odeint(lotka_volterra, y0, t, p, rtol=1e-10, atol=1e-12, **options)
    return np.sum(y[1:] * WEIGHTS)


def differences(f, x, h=1e-5):
    return (f(x + h) - f(x - h)) / (2 * h)


def test_closed_forms() -> None:
    t = np.linspace(0, 2, 5)
    y = gt.implicit.odeint(lambda y, t, rate: -rate * y, 3.0, t, 0.7)
    np.testing.assert_allclose(y, 3 * np.exp(-0.7 * t), rtol=1e-7)

    def oscillator(y, t):
        return {"x": y["v"], "v": -y["x"]}

    back = t[::-1]
    state = gt.implicit.odeint(oscillator, {"x": 1.0, "v": np.zeros(1)[0]}, back)
    np.testing.assert_allclose(state["x"], np.cos(back - 2), rtol=1e-6, atol=1e-7)
    found = gt.implicit.odeint(lambda y, t: [y[1], -y[0]], np.array([1.0, 0.0]), [0, 1])
    np.testing.assert_allclose(found[-1], [np.cos(1), -np.sin(1)], rtol=1e-7)


@pytest.mark.parametrize("adjoint", [True, False])
@pytest.mark.parametrize("method", ["RK23", "RK45", "DOP853"])
def test_gradients_against_differences(adjoint, method) -> None:
    rtol = 1e-5 if method == "RK23" else 1e-9

    def loss(y0, p, t):
        y = gt.implicit.odeint(
            lotka_volterra, y0, t, p, method=method, rtol=rtol, atol=rtol, adjoint=adjoint
        )
        return np.sum(y[1:] * WEIGHTS)

    start, slopes, times = gt.grad(loss, (0, 1, 2))(Y0, P, T)
    close = {"rtol": 20 * rtol, "atol": 20 * rtol}
    for k, e in enumerate(np.eye(2)):
        expected = differences(lambda h, e=e: loss(Y0 + h * e, P, T), 0.0, 1e-3)
        np.testing.assert_allclose(start[k], expected, **close)
    for key, at in P.items():
        expected = differences(lambda v, key=key: loss(Y0, {**P, key: v}, T), at, 1e-4)
        np.testing.assert_allclose(slopes[key], expected, rtol=max(1e-6, 40 * rtol))
    for k, e in enumerate(np.eye(4)):
        expected = differences(lambda h, e=e: loss(Y0, P, T + h * e), 0.0, 1e-4)
        np.testing.assert_allclose(times[k], expected, rtol=max(1e-6, 100 * rtol), atol=100 * rtol)


@pytest.mark.parametrize("adjoint", [True, False])
def test_check_gradients(adjoint) -> None:
    def f(y0, p, t):
        p = dict(zip(P, [p[k] for k in range(4)], strict=True))
        options = {"rtol": 1e-11, "atol": 1e-12, "adjoint": adjoint}
        return gt.implicit.odeint(lotka_volterra, y0, t, p, **options)

    args = Y0 / 5, np.array(list(P.values())), np.array([0.0, 0.3, 0.5])
    gt.check_gradients(f, *args, rtol=1e-6, order=2)


@pytest.mark.parametrize("adjoint", [True, False])
def test_forward_mode_is_the_transpose(adjoint) -> None:
    def f(y0, p, t):
        return loss(y0, p, t, adjoint=adjoint)

    direction = (np.array([1.0, -1.0]), dict.fromkeys(P, 0.5), np.arange(4.0))
    _, tangent = gt.jvp(f, (Y0, P, T), direction)
    start, slopes, times = gt.grad(f, (0, 1, 2))(Y0, P, T)
    expected = start @ direction[0] + sum(slopes[key] * 0.5 for key in P) + times @ direction[2]
    np.testing.assert_allclose(tangent, expected, rtol=1e-7)


def test_the_adjoint_costs_no_accuracy_where_the_cotangent_is_sparse() -> None:
    """Only the second of many times counts: nothing is integrated after it."""
    calls = []

    def flow(y, t, rate):
        calls.append(float(t.numpy() if isinstance(t, gt.Tensor) else t))
        return -rate * y

    def early(rate):
        y = gt.implicit.odeint(flow, 1.0, np.linspace(0, 10, 21), rate)
        calls.clear()
        return y[1]

    np.testing.assert_allclose(gt.grad(early)(0.5), -0.5 * np.exp(-0.25), rtol=1e-7)
    assert max(calls) <= 0.5


def robertson(k, method, tol=1e-8):
    """The first substance of Robertson's reaction of rates 0.04, 3e7 and 1e4, each times its k."""

    def flow(y, t, k):
        slow, fast, back = 0.04 * k[0] * y[0], 3e7 * k[1] * y[1] ** 2, 1e4 * k[2] * y[1] * y[2]
        return np.stack([back - slow, slow - back - fast, fast])

    options = {"method": method, "rtol": tol, "atol": tol * 1e-4}
    return gt.implicit.odeint(flow, np.array([1.0, 0, 0]), [0.0, 0.4], k, **options)[-1, 0]


@pytest.fixture(scope="module")
def robertson_slopes():
    def moved(h, e):
        return robertson(np.ones(3) + h * e, "LSODA", 1e-10)

    return [differences(lambda h, e=e: moved(h, e), 0.0, 1e-2) for e in np.eye(3)]


@pytest.mark.parametrize("method", ["BDF", "Radau", "LSODA"])
def test_robertson(method, robertson_slopes) -> None:
    k = np.ones(3)
    reverse = gt.grad(lambda k: robertson(k, method))(k)
    forward = gt.jacfwd(lambda k: robertson(k, method))(k)
    np.testing.assert_allclose(reverse, robertson_slopes, rtol=1e-3)
    np.testing.assert_allclose(forward, robertson_slopes, rtol=1e-3)


def test_results_are_of_the_kind_of_the_start() -> None:
    for adjoint in (True, False):
        y = gt.implicit.odeint(lambda y, t: -y, gt.Variable([1.0, 2.0]), T, adjoint=adjoint)
        assert isinstance(y, gt.Tensor)
        assert y.dtype == np.float32
        y0, rate = gt.Variable(1.0), gt.Variable(0.5)
        with gt.GradientTape() as tape:
            y = gt.implicit.odeint(lambda y, t, r: -r * y, y0, T, rate, adjoint=adjoint)[-1]
        by_start, by_rate = tape.gradient(y, [y0, rate])
        assert by_start.dtype == by_rate.dtype == np.float32
        np.testing.assert_allclose(by_rate.numpy(), -1.5 * np.exp(-0.75), rtol=1e-6)
    assert gt.implicit.odeint(lambda y, t: -y, 1.0, [0.0]).tolist() == [1.0]


@pytest.mark.parametrize("adjoint", [True, False])
def test_a_pendulum_is_fitted(adjoint) -> None:
    t = np.linspace(0, 3, 15)
    start = np.array([1.0, 0.0])

    def angles(length):
        def flow(y, t, length):
            return np.stack([y[1], -9.81 / length * np.sin(y[0])])

        options = {"rtol": 1e-6, "atol": 1e-8, "adjoint": adjoint}
        return gt.implicit.odeint(flow, start, t, length, **options)[:, 0]

    data = angles(1.3)
    found = gt.least_squares(lambda length: angles(length) - data, 1.1)
    np.testing.assert_allclose(found.x, 1.3, rtol=1e-5)
    found = gt.minimize(lambda length: np.mean((angles(length) - data) ** 2), 1.2)
    np.testing.assert_allclose(found.x, 1.3, rtol=1e-3)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"t": [0.0, 1.0, 0.5]}, ValueError, r"descending times: t\[1\] = 1, t\[2\] = 0.5"),
        ({"t": [0.0, 0.0]}, ValueError, r"strictly ascending .*: t\[0\] = 0, t\[1\] = 0"),
        ({"t": 1.0}, ValueError, r"times of shape \(n,\): got shape \(\)"),
        ({"method": "Euler"}, ValueError, "got 'Euler'"),
        ({"method": "BDF", "adjoint": False}, ValueError, "whose steps can be recorded: got 'BDF'"),
        ({"y0": np.arange(2)}, TypeError, "floating-point parameters"),
        ({"f": lambda y, t: y[:1]}, ValueError, r"result has shape \(1,\), not \(2,\)"),
        ({"f": lambda y, t: {"y": y}}, ValueError, r"the function of implicit.odeint the"),
        ({"f": lambda y, t: y**2, "t": [0.0, 1.0]}, RuntimeError, "Use a method for stiff"),
    ],
)
@pytest.mark.parametrize("adjoint", [True, False])
@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_errors(options, error, text, adjoint) -> None:
    options = {"y0": Y0, "t": T, "f": lambda y, t: -y, "adjoint": adjoint, **options}
    with pytest.raises(error, match=text):
        gt.implicit.odeint(options.pop("f"), options.pop("y0"), options.pop("t"), **options)


def test_unknowns_in_another_order_are_refused() -> None:
    with pytest.raises(ValueError, match="structure {'x': \\*, 'v': \\*}: got {'v'"):
        gt.implicit.odeint(lambda y, t: {"v": -y["x"], "x": y["v"]}, {"x": 1.0, "v": 0.0}, T)
