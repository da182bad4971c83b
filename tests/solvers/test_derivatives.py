"""Hessian products, Jacobians and constraints as SciPy gets them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, NonlinearConstraint

import gradtape as gt
from gradtape.solvers.derivatives import constraints, operator, products
from gradtape.solvers.parameters import Parameters

POINT = np.array([0.5, -1.0, 2.0])


def coupled(x):
    return np.sum(np.exp(x[:-1]) * x[1:] ** 2) + x[0] * x[-1]


def test_products_are_those_of_the_hessian_and_linearize_once_at_each_point() -> None:
    points = []

    def gradient(x):
        points.append(x)
        return gt.grad(coupled)(x)

    product = products(gradient)
    hessian = gt.hessian(coupled)(POINT)
    for direction in np.eye(3):
        np.testing.assert_allclose(product(POINT, direction), hessian @ direction)
    assert len(points) == 1
    x = POINT.copy()
    product(x, POINT)
    x += 1  # SciPy may write into the vector it handed out
    np.testing.assert_allclose(product(x, POINT), gt.hessian(coupled)(POINT + 1) @ POINT)
    assert len(points) == 2


def test_a_jacobian_that_is_never_formed() -> None:
    def residuals(x):
        return np.concatenate([np.sin(x), x[:1] * x[1:]])

    dense = gt.jacobian(residuals)(POINT)
    linear = operator(residuals)(POINT)
    np.testing.assert_allclose(linear @ np.eye(3), dense)
    np.testing.assert_allclose(linear.T @ np.eye(5), dense.T)


PARAMETERS = Parameters("minimize", {"a": POINT[:2], "b": POINT[2]})


def nested(p):
    return {"first": np.exp(p["a"]) * p["b"], "second": p["a"][0] * p["a"][1]}


def flat(x):
    return np.stack([np.exp(x[0]) * x[2], np.exp(x[1]) * x[2], x[0] * x[1]])


def test_a_constraint_of_nested_parameters_with_results_of_any_structure() -> None:
    (one,) = constraints(
        NonlinearConstraint(nested, 0.0, 1.0, keep_feasible=True), PARAMETERS, True
    )
    weights = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(one.fun(POINT), flat(POINT))
    np.testing.assert_allclose(one.jac(POINT), gt.jacobian(flat)(POINT))
    np.testing.assert_allclose(
        one.hess(POINT, weights) @ np.eye(3), gt.hessian(lambda x: flat(x) @ weights)(POINT)
    )
    assert one.keep_feasible


def test_the_form_of_a_dictionary() -> None:
    def scaled(p, factor):
        return factor * p["b"]

    (one,) = constraints({"type": "ineq", "fun": scaled, "args": (2.0,)}, PARAMETERS, False)
    assert set(one) == {"type", "fun", "jac"}
    np.testing.assert_allclose(one["fun"](POINT), [4.0])
    np.testing.assert_allclose(one["jac"](POINT), [[0.0, 0.0, 2.0]])


def test_derivatives_of_the_users_own_are_kept() -> None:
    def slope(p, factor=1.0):
        return factor * np.array([[0.0, 0.0, p["b"]]])

    (one,) = constraints(
        {"type": "eq", "fun": lambda p, f: f * p["b"], "jac": slope, "args": (3.0,)},
        PARAMETERS,
        False,
    )
    np.testing.assert_allclose(one["jac"](POINT), [[0.0, 0.0, 6.0]])
    (two,) = constraints(
        NonlinearConstraint(nested, 0, 1, jac=slope, hess=lambda p, v: v[0] * np.eye(3) * p["b"]),
        PARAMETERS,
        True,
    )
    np.testing.assert_allclose(two.jac(POINT), [[0.0, 0.0, 2.0]])
    np.testing.assert_allclose(two.hess(POINT, [2.0]), 4.0 * np.eye(3))


# The nearest point to the origin with a product of at least 1, below a plane.
PRODUCT = NonlinearConstraint(lambda p: p["x"] * p["y"], 1.0, np.inf)
PLANE = LinearConstraint([[1.0, 0.0]], 0.0, 0.5)


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr", "COBYQA", "COBYLA"])
def test_constraints_together(method) -> None:
    found = gt.minimize(
        lambda p: p["x"] ** 2 + p["y"] ** 2,
        {"x": 0.3, "y": 4.0},
        method=method,
        constraints=[PRODUCT, PLANE],
    )
    np.testing.assert_allclose([found.x["x"], found.x["y"]], [0.5, 2.0], atol=1e-3)


def test_a_linear_function_may_stand_as_a_nonlinear_constraint() -> None:
    found = gt.minimize(
        lambda x: np.sum((x - 3) ** 2),
        np.zeros(2),
        method="trust-constr",
        constraints=NonlinearConstraint(lambda x: x[0] + x[1], -np.inf, 1.0),
    )
    np.testing.assert_allclose(found.x, 0.5, atol=1e-3)
