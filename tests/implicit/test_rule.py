"""The derivatives of a solution: orders, modes, batches, and what the equation reads by itself."""

from __future__ import annotations

import numpy as np
import pytest

import gradtape as gt

P = np.array([1.2, 0.7])
T = np.array([1.0, -0.5])


def solution(p, **options):
    def equations(x, p):
        return np.stack([x[0] ** 3 + x[1] - p[0], x[1] ** 3 - x[0] + p[1] * p[0]])

    return gt.implicit.root(equations, np.array([0.5, 0.5]), p, tol=1e-13, **options)


def along(f, x, t, h=1e-5):
    return (f(x + h * t) - f(x - h * t)) / (2 * h)


@pytest.mark.parametrize("linear_solver", ["auto", "dense", "gmres", "bicgstab"])
def test_reverse_forward_and_second_order(linear_solver) -> None:
    def f(p):
        return solution(p, linear_solver=linear_solver)

    def loss(p):
        return np.sum(f(p) ** 2 * np.array([1.0, 3.0]))

    gt.check_gradients(f, P)
    jacobian = gt.jacrev(f)(P)
    np.testing.assert_allclose(gt.jacfwd(f)(P), jacobian, rtol=1e-9)
    np.testing.assert_allclose(gt.jvp(f, (P,), (T,))[1], jacobian @ T, rtol=1e-9)
    expected = along(gt.grad(loss), P, T)
    found = [
        gt.grad(lambda p: np.sum(gt.grad(loss)(p) * T))(P),
        gt.jvp(gt.grad(loss), (P,), (T,))[1],
        gt.grad(lambda p: gt.jvp(loss, (p,), (T,))[1])(P),
        gt.hvp(loss, P, T),
        gt.hessian(loss)(P) @ T,
    ]
    np.testing.assert_allclose(found, [expected] * 5, rtol=1e-7)
    twice = gt.jvp(lambda p: gt.jvp(loss, (p,), (T,))[1], (P,), (T,))[1]
    np.testing.assert_allclose(twice, expected @ T, rtol=1e-7)


def test_third_order() -> None:
    def cube_root(p):
        return gt.implicit.root(lambda x, p: x**3 - p, 1.0, p, tol=1e-13)

    third = gt.grad(gt.grad(gt.grad(cube_root)))(2.0)
    np.testing.assert_allclose(third, 10 / 27 * 2 ** (-8 / 3), rtol=1e-9)


def test_products_with_a_symmetric_matrix() -> None:
    a = np.array([[2.0, 0.3], [0.3, 1.5]])

    def minimum(p, solver):
        def f(x, p):
            return x @ a @ x / 2 + np.sum(np.cosh(x)) - p @ x

        return gt.implicit.minimize(f, np.zeros(2), p, linear_solver=solver)

    gt.check_gradients(lambda p: minimum(p, "cg"), P)
    found, expected = [gt.jacobian(minimum)(P, solver) for solver in ("cg", "dense")]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("linear_solver", ["dense", "gmres"])
def test_batches(linear_solver) -> None:
    batch = np.stack([P, 1.1 * P])
    tangents = np.stack([T, T + 1])

    def f(p):
        return solution(p, linear_solver=linear_solver)

    def loop(x):
        return np.stack([f(x[0]), f(x[1])])

    def inside(transform):
        found = gt.vmap(transform)(batch)
        np.testing.assert_allclose(found, np.stack(list(map(transform, batch))), rtol=1e-9)

    inside(f)
    inside(gt.grad(lambda p: f(p)[0]))
    inside(gt.jacobian(f))
    inside(gt.hessian(lambda p: f(p)[0]))

    def loss(g):
        return lambda x: np.sum(g(x) ** 2 * np.array([1.0, 3.0]))

    for outside in (
        lambda g: gt.grad(loss(g))(batch),
        lambda g: gt.jvp(g, (batch,), (tangents,))[1],
        lambda g: gt.hvp(loss(g), batch, tangents),
        lambda g: gt.jvp(lambda x: gt.jvp(g, (x,), (tangents,))[1], (batch,), (tangents,))[1],
    ):
        np.testing.assert_allclose(outside(gt.vmap(f)), outside(loop), rtol=1e-9)


def test_a_batch_of_starts() -> None:
    found = gt.vmap(lambda x: gt.implicit.root(lambda x: x**2 - 4.0, x))(np.array([1.0, -1.0]))
    np.testing.assert_allclose(found, [2.0, -2.0])


def test_variables_that_the_function_reads_get_gradients() -> None:
    w = gt.Variable(8.0, dtype="float64")
    with gt.GradientTape() as outer:
        with gt.GradientTape() as tape:
            x = gt.implicit.root(lambda x: x**3 - w, 1.0, tol=1e-13)
        slope = tape.gradient(x, w)
    np.testing.assert_allclose(slope.numpy(), 1 / 12)
    np.testing.assert_allclose(outer.gradient(slope, w).numpy(), -2 / 9 * 8 ** (-5 / 3))
    x = gt.constant(np.float64(2.0))
    with gt.GradientTape() as tape:
        tape.watch(x)
        y = gt.implicit.minimize(lambda u: np.sum((u - np.sin(x)) ** 2), np.zeros(2))
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), 2 * np.cos(2))


def test_a_parameter_that_the_function_also_reads_by_itself() -> None:
    w = gt.Variable(2.0, dtype="float64")
    with gt.GradientTape() as tape:
        x = gt.implicit.root(lambda x, p: x**3 - p * w, 1.0, w)
    np.testing.assert_allclose(tape.gradient(x, w).numpy(), 2 / 3 * 2 ** (-1 / 3))


def test_what_an_inner_tape_watches_is_found_under_vmap() -> None:
    def slope(p):
        return gt.grad(lambda q: gt.implicit.root(lambda x, p: x - q * p, 1.0, p))(0.5)

    np.testing.assert_allclose(gt.vmap(slope)(np.array([1.0, 2.0])), [1.0, 2.0])


@pytest.mark.parametrize(("solve", "power"), [(gt.implicit.root, 1), (gt.implicit.minimize, 2)])
def test_a_variable_assigned_since_is_refused(solve, power) -> None:
    w = gt.Variable(2.0, dtype="float64")
    with gt.GradientTape() as tape:
        y = solve(lambda x: (x - w) ** power, 1.0)
    w.assign(3.0)
    with pytest.raises(RuntimeError, match="Take the gradient before assigning"):
        tape.gradient(y, w)


def test_integers_and_arrays_among_the_parameters() -> None:
    def f(p):
        return gt.implicit.root(lambda x, n, a, p: x**n - a[0] * p, 1.0, 3, np.array([2.0]), p)

    assert gt.grad(f)(4.0) == pytest.approx(1 / 6)
    n = gt.constant(3)
    p = gt.Variable(8.0, dtype="float64")
    with gt.GradientTape() as tape:
        x = gt.implicit.root(lambda x, n, p: x**n - p, 1.0, n, p)
    assert tape.gradient(x, p).numpy() == pytest.approx(1 / 12)


def test_a_complex_parameter() -> None:
    def f(z):
        return gt.implicit.root(lambda x, z: x**3 - np.abs(z) ** 2, 1.0, z)

    z = 2.0 + 2.0j  # d |z|^(2/3) = 2/3 |z|^(-4/3) z
    np.testing.assert_allclose(gt.grad(f)(z), 2 / 3 * abs(z) ** (-4 / 3) * z, rtol=1e-9)


@pytest.mark.parametrize("transform", [gt.grad, gt.jacfwd])
def test_a_singular_equation(transform) -> None:
    def f(p):
        def equations(x, p):
            return np.stack([x[0] + x[1] - p, 2 * (x[0] + x[1] - p)])

        return gt.implicit.root(equations, np.zeros(2), p, method="lm")[0]

    with pytest.raises(np.linalg.LinAlgError, match=r"singular here \(condition number \S+\)"):
        transform(f)(1.0)


def test_complex_equations_are_refused() -> None:
    def f(p):
        return gt.implicit.root(lambda x, p: (x - p) * (1 + 0j), 1.0, p, method=lambda f, x: 2.0)

    with pytest.raises(ValueError, match="as many real equations as unknowns, 1: got 1 of dtype c"):
        gt.grad(f)(2.0)
