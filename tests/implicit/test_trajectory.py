"""The adjoint and the sensitivity equation: orders, batches, and what the flow reads by itself."""

from __future__ import annotations

import numpy as np
import pytest

import gradtape as gt

T = np.array([0.0, 0.4, 1.0])
X = {
    "start": np.array([1.2, 0.7]),
    "rates": np.array([1.1, 0.4]),
    "times": T,
}


def loss(**given):
    def flow(y, t, p):
        return np.stack([y[1] * p[0], -(y[0] ** 3) * p[1] * (1 + t / 10)])

    x = {**X, **given}
    y = gt.implicit.odeint(flow, x["start"], x["times"], x["rates"], rtol=1e-10, atol=1e-12)
    return np.sum(y**2 * np.array([[1.0, -2.0], [0.5, 1.0], [2.0, 0.3]]))


@pytest.mark.parametrize("name", ["start", "rates", "times"])
def test_second_derivatives_in_every_mode(name) -> None:
    def f(x):
        return loss(**{name: x})

    x, slope = X[name], gt.grad(f)
    w = np.arange(1.0, len(x) + 1)
    expected = (slope(x + 1e-4 * w) - slope(x - 1e-4 * w)) / 2e-4
    found = [
        gt.grad(lambda x: np.sum(slope(x) * w))(x),
        gt.jvp(slope, (x,), (w,))[1],
        gt.grad(lambda x: gt.jvp(f, (x,), (w,))[1])(x),
        gt.hessian(f)(x) @ w,
    ]
    np.testing.assert_allclose(found, [expected] * 4, rtol=1e-5, atol=1e-6)
    twice = gt.jvp(lambda x: gt.jvp(f, (x,), (w,))[1], (x,), (w,))[1]
    np.testing.assert_allclose(twice, expected @ w, rtol=1e-5)


def test_third_order() -> None:
    def decay(rate):
        return gt.implicit.odeint(lambda y, t, r: -r * y, 1.0, [0.0, 1.0], rate)[-1]

    np.testing.assert_allclose(gt.grad(gt.grad(gt.grad(decay)))(0.5), -np.exp(-0.5), rtol=1e-7)


def flow_along(y, t, w):
    return np.stack([y[1], -(y[0] ** 3) * w])


def test_batches() -> None:
    starts = np.stack([X["start"], 1.1 * X["start"]])
    times, tangents = np.stack([T, 1.5 * T]), np.array([[1.0, 0.5], [2.0, -1.0]])

    def f(y0, t=T):
        return gt.implicit.odeint(
            lambda y, t: flow_along(y, t, 0.8), y0, t, method="RK45", rtol=1e-6
        )[-1]

    def loop(x):
        return np.stack([f(x[0]), f(x[1])])

    for inside in (f, gt.jacfwd(f), gt.jacrev(f), gt.hessian(lambda y0: f(y0)[0])):
        expected = np.stack(list(map(inside, starts)))
        np.testing.assert_allclose(gt.vmap(inside)(starts), expected, rtol=1e-5, atol=1e-6)
    by_time = gt.grad(lambda y0, t: f(y0, t)[0], 1)
    expected = np.stack(list(map(by_time, starts, times)))
    np.testing.assert_allclose(gt.vmap(by_time)(starts, times), expected, rtol=1e-7)

    def norm(g):
        return lambda x: np.sum(g(x) ** 2)

    for outside in (
        lambda g: gt.grad(norm(g))(starts),
        lambda g: gt.jvp(g, (starts,), (tangents,))[1],
        lambda g: gt.hvp(norm(g), starts, tangents),
    ):
        np.testing.assert_allclose(outside(gt.vmap(f)), outside(loop), rtol=1e-5)


def test_direct_steps_under_vmap_are_refused() -> None:
    def f(y0):
        return gt.implicit.odeint(lambda y, t: -y, y0, T, adjoint=False)

    with pytest.raises(TypeError, match="Loop over the examples"):
        gt.vmap(f)(np.ones((2, 3)))


@pytest.mark.parametrize("adjoint", [True, False])
def test_variables_that_the_flow_reads_get_gradients(adjoint) -> None:
    w = gt.Variable(0.7, dtype="float64")

    def flow(y, t):
        return -w * y

    with gt.GradientTape() as outer:
        with gt.GradientTape() as tape:
            last = gt.implicit.odeint(flow, 1.0, [0.0, 1.0], adjoint=adjoint)[-1]
        slope = tape.gradient(last, w)
    np.testing.assert_allclose(slope.numpy(), -np.exp(-0.7), rtol=1e-7)
    np.testing.assert_allclose(outer.gradient(slope, w).numpy(), np.exp(-0.7), rtol=1e-7)
    with gt.ForwardAccumulator(w, 2.0) as accumulator:
        last = gt.implicit.odeint(flow, 1.0, [0.0, 1.0], adjoint=adjoint)[-1]
    np.testing.assert_allclose(accumulator.jvp(last).numpy(), -2 * np.exp(-0.7), rtol=1e-7)
    assert w.numpy() == 0.7


@pytest.mark.parametrize("adjoint", [True, False])
def test_what_is_read_late_gets_a_gradient_too(adjoint) -> None:
    push = gt.Variable(2.0, dtype="float64")
    with gt.GradientTape() as tape:
        y = gt.implicit.odeint(
            lambda y, t: 0 * y + (push if t > 0.5 else 0.0), 1.0, T, adjoint=adjoint
        )
        last = y[-1]
    np.testing.assert_allclose(tape.gradient(last, push).numpy(), 0.5, rtol=1e-6)


@pytest.mark.parametrize("adjoint", [True, False])
def test_a_parameter_that_the_flow_also_reads_by_itself(adjoint) -> None:
    w = gt.Variable(0.5, dtype="float64")
    with gt.GradientTape() as tape:
        y = gt.implicit.odeint(lambda y, t, r: -r * w * y, 1.0, [0.0, 1.0], w, adjoint=adjoint)
        last = y[-1]
    np.testing.assert_allclose(tape.gradient(last, w).numpy(), -np.exp(-0.25), rtol=1e-7)


@pytest.mark.parametrize("adjoint", [True, False])
def test_complex_and_integer_parameters(adjoint) -> None:
    def f(z, n):
        def flow(y, t, z, n):
            return -(np.abs(z) ** n) * y

        return gt.implicit.odeint(flow, 1.0, [0.0, 1.0], z, n, adjoint=adjoint)[-1]

    z = 0.5 + 0.3j
    expected = -2 * z * np.exp(-(abs(z) ** 2))
    np.testing.assert_allclose(gt.grad(f)(z, 2), expected, rtol=1e-7)
    np.testing.assert_allclose(gt.grad(f)(z, gt.constant(2)), expected, rtol=1e-7)
    _, tangent = gt.jvp(lambda z: f(z, 2), (z,), (1j,))
    np.testing.assert_allclose(tangent, expected.imag, rtol=1e-7)


def test_a_flow_that_depends_on_nothing() -> None:
    def last(y0):
        return np.sum(gt.implicit.odeint(lambda y, t: np.ones(2), y0, T)[-1])

    np.testing.assert_array_equal(gt.grad(last)(np.ones(2)), [1.0, 1.0])


@pytest.mark.parametrize("method", ["BDF", "Radau", "LSODA"])
def test_a_stiff_equation(method) -> None:
    """Van der Pol's oscillator on its slow part."""

    def last(mu):
        def flow(y, t, mu):
            return np.stack([y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]])

        options = {"method": method, "rtol": 1e-9, "atol": 1e-10}
        y = gt.implicit.odeint(flow, np.array([2.0, 0.0]), [0.0, 0.5, 1.0], mu, **options)
        return y[-1, 0]

    expected = (last(50.5) - last(49.5)) / 1.0
    np.testing.assert_allclose(gt.grad(last)(50.0), expected, rtol=1e-3)
    np.testing.assert_allclose(gt.jvp(last, (50.0,), (1.0,))[1], expected, rtol=1e-3)
    curvature = gt.grad(lambda mu: gt.jvp(last, (mu,), (1.0,))[1])(50.0)
    np.testing.assert_allclose(curvature, last(51) - 2 * last(50) + last(49), rtol=2e-3)
    with pytest.raises(TypeError, match=f"the adjoint equation of '{method}' reads an interpolant"):
        gt.grad(gt.grad(last))(50.0)


def test_a_variable_assigned_since_is_refused() -> None:
    w = gt.Variable(0.7, dtype="float64")
    with gt.GradientTape() as tape:
        last = gt.implicit.odeint(lambda y, t: -w * y, 1.0, [0.0, 1.0])[-1]
    w.assign(1.0)
    with pytest.raises(RuntimeError, match="Take the gradient before assigning"):
        tape.gradient(last, w)
