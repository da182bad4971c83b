"""minimize, least_squares and root on real and classical problems."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import scipy.optimize
from sklearn.datasets import load_breast_cancer, load_diabetes

import gradtape as gt

START = np.array([-1.2, 1.0, 0.8, 1.5])
METHODS = [
    *("CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP", "Newton-CG", "trust-ncg", "trust-krylov"),
    *("trust-constr", "dogleg", "trust-exact"),
]


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def convex(x):
    return np.sum((x - 3) ** 4) + np.sum((x - 3) ** 2) + 0.5 * (x[0] - x[1]) ** 2


@pytest.mark.parametrize("method", METHODS)
def test_every_method_with_derivatives(method) -> None:
    f, x0, solution = (
        (convex, START, 3.0) if method == "dogleg" else (rosenbrock, 1 + START / 9, 1.0)
    )
    found = gt.minimize(f, x0, method=method)
    np.testing.assert_allclose(found.x, solution, atol=2e-3)
    assert found.x_flat.shape == (4,)


@pytest.mark.parametrize("method", ["Nelder-Mead", "Powell", "COBYLA", "COBYQA"])
def test_methods_without_derivatives(method) -> None:
    found = gt.minimize(convex, START, method=method)
    np.testing.assert_allclose(found.x, 3.0, atol=1e-2)


def test_fewer_evaluations_than_with_differences() -> None:
    x0 = np.array([1.3, 0.7, 0.8, 1.9])
    exact = gt.minimize(rosenbrock, x0, method="BFGS")
    differences = scipy.optimize.minimize(rosenbrock, x0, method="BFGS")
    assert exact.nfev < differences.nfev / 3
    assert exact.fun < 1e-10


def test_a_method_of_the_users_own_gets_value_gradient_and_products() -> None:
    def newton(fun, x0, args=(), *, jac, hessp, callback, **options):
        x = x0
        for _ in range(options["steps"]):
            hessian = np.stack([hessp(x, column) for column in np.eye(len(x))])
            x = x - np.linalg.solve(hessian, jac(x))
            callback(x)
        return scipy.optimize.OptimizeResult(x=x, fun=fun(x), jac=jac(x))

    seen = []
    found = gt.minimize(
        lambda p: convex(p["a"]),
        {"a": START},
        method=newton,
        options={"steps": 12},
        callback=seen.append,
    )
    np.testing.assert_allclose(found.x["a"], 3.0)
    np.testing.assert_allclose(found.jac["a"], 0.0, atol=1e-6)
    assert len(seen) == 12


def test_results_are_also_there_as_flat_vectors() -> None:
    start = {"a": np.ones((2, 2)), "b": 0.5}
    f = lambda p: np.sum((p["a"] - 3) ** 4) + p["b"] ** 2  # noqa: E731
    found = gt.minimize(f, start, method="BFGS")
    np.testing.assert_array_equal(found.x_flat[:4].reshape(2, 2), found.x["a"])
    np.testing.assert_array_equal(found.jac_flat[4], found.jac["b"])
    constrained = gt.minimize(f, start, method="trust-constr")
    assert constrained.grad["a"].shape == (2, 2)
    np.testing.assert_array_equal(constrained.grad_flat[4], constrained.grad["b"])


def test_a_variable_is_not_assigned() -> None:
    x = gt.Variable(np.ones(2))
    found = gt.minimize(convex, x)
    np.testing.assert_array_equal(x.numpy(), 1.0)
    assert type(found.x) is gt.Tensor
    np.testing.assert_allclose(found.x.numpy(), 3.0, atol=1e-4)


@dataclasses.dataclass
class Line:
    slope: object
    offset: object


def test_nested_parameters_come_back_in_their_own_structure_and_dtypes() -> None:
    x = np.linspace(-1, 1, 20)
    y = 3 * x - 1

    def loss(p):
        assert p["line"].slope.dtype == np.float32
        return np.mean((p["line"].slope * x + p["line"].offset - y) ** 2) + np.sum(
            p["rest"][0] ** 2
        )

    start = {"line": Line(np.float32(0), 0.0), "rest": (gt.Variable(np.ones((2, 2))),)}
    found = gt.minimize(loss, start, tol=1e-10)
    np.testing.assert_allclose(found.x["line"].slope, 3, rtol=1e-5)
    assert found.x["line"].slope.dtype == np.float32
    assert isinstance(found.x["line"].offset, np.float64)
    assert isinstance(found.x["rest"][0], gt.Tensor)
    np.testing.assert_allclose(found.x["rest"][0].numpy(), 0, atol=1e-5)
    assert found.jac["rest"][0].shape == (2, 2)


def test_bounds_in_the_structure_of_the_parameters() -> None:
    found = gt.minimize(
        lambda p: (p["a"] - 3) ** 2 + np.sum((p["b"] + 2) ** 2),
        {"a": 0.0, "b": np.zeros(2)},
        bounds={"a": (None, 1.0), "b": (np.array([-1.0, -5.0]), None)},
    )
    np.testing.assert_allclose(found.x["a"], 1.0)
    np.testing.assert_allclose(found.x["b"], [-1.0, -2.0], atol=1e-6)
    flat = gt.minimize(convex, START, bounds=[(None, 2.0)] * 4)
    np.testing.assert_allclose(flat.x, 2.0)


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr"])
def test_constraints_get_their_jacobians(method) -> None:
    circle = {"type": "eq", "fun": lambda p: p["x"] ** 2 + p["y"] ** 2 - 1}
    if method == "trust-constr":
        circle = scipy.optimize.NonlinearConstraint(lambda p: p["x"] ** 2 + p["y"] ** 2, 1.0, 1.0)
    found = gt.minimize(
        lambda p: p["x"] + p["y"], {"x": -1.0, "y": -0.5}, method=method, constraints=circle
    )
    np.testing.assert_allclose([found.x["x"], found.x["y"]], -np.sqrt(0.5), atol=1e-4)


@pytest.mark.parametrize(("kind", "high"), [("ineq", np.inf), ("EQ", 0)])
def test_trust_constr_gets_the_second_derivatives_of_constraints_in_dicts(kind, high) -> None:
    # Without them SciPy approximates, and warns in each iteration of what is linear.
    found = gt.minimize(
        lambda p: (p["x"] - 2) ** 2 + (p["y"] - 1) ** 2,
        {"x": 0.2, "y": 0.1},
        method="trust-constr",
        constraints=[{"type": kind, "fun": lambda p, s: s - p["x"] - p["y"], "args": (1.0,)}],
    )
    by_hand = scipy.optimize.minimize(
        lambda v: (v[0] - 2) ** 2 + (v[1] - 1) ** 2,
        [0.2, 0.1],
        method="trust-constr",
        jac=lambda v: 2 * (v - np.array([2.0, 1.0])),
        hess=lambda v: 2 * np.eye(2),
        constraints=scipy.optimize.NonlinearConstraint(
            lambda v: 1.0 - v[0] - v[1],
            0,
            high,
            jac=lambda v: np.array([[-1.0, -1.0]]),
            hess=lambda v, weights: np.zeros((2, 2)),
        ),
    )
    np.testing.assert_allclose([found.x["x"], found.x["y"]], by_hand.x, atol=1e-10)


def test_logistic_regression_finds_the_optimum_of_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    features, labels = load_breast_cancer(return_X_y=True)
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    model = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(features, labels)
    sign = 2.0 * labels - 1

    def loss(p):
        margins = sign * (features @ p["w"] + p["b"])
        return np.sum(np.logaddexp(0, -margins)) + np.sum(p["w"] ** 2) / 2

    start = {"w": np.zeros(30), "b": 0.0}
    found = gt.minimize(loss, start, method="Newton-CG", tol=1e-10)
    np.testing.assert_allclose(found.x["w"], model.coef_[0], rtol=1e-3, atol=1e-4)
    assert found.nit < 30


T = np.linspace(0, 3, 30)
TRUE = {"scale": 2.0, "rate": 1.5, "level": 0.3}
RNG = np.random.default_rng(0)
NOISY = TRUE["scale"] * np.exp(-TRUE["rate"] * T) + TRUE["level"] + RNG.normal(0, 0.01, T.size)


def decay(p, t, y):
    return p["scale"] * np.exp(-p["rate"] * t) + p["level"] - y


@pytest.mark.parametrize("options", [{}, {"method": "lm"}, {"tr_solver": "lsmr"}])
def test_a_decay_is_fitted(options) -> None:
    found = gt.least_squares(decay, dict.fromkeys(TRUE, 1.0), (T, NOISY), **options)
    for key, value in TRUE.items():
        np.testing.assert_allclose(found.x[key], value, atol=0.05)


def test_outliers_and_bounds() -> None:
    spoilt = NOISY.copy()
    spoilt[::7] += 3
    start = {"scale": 1.0, "rate": 1.0, "level": 0.1}
    limits = {"scale": (0, 10), "rate": (0, 10), "level": (0, 0.25)}
    found = gt.least_squares(decay, start, (T, spoilt), loss="soft_l1", f_scale=0.05, bounds=limits)
    np.testing.assert_allclose(found.x["rate"], 1.4, atol=0.2)
    assert found.x["level"] <= 0.25


# Puromycin: substrate in ppm and the velocity of the enzymatic reaction (Bates and Watts, Nonlinear
# Regression Analysis and Its Applications, Wiley 1988, appendix A1.3, treated enzyme). Section 2.2
# there has the fit: 212.7 and 0.06412.
CONCENTRATION = np.repeat([0.02, 0.06, 0.11, 0.22, 0.56, 1.10], 2)
VELOCITY = np.array([76.0, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200])


def michaelis_menten(p, velocity):
    return p["top"] * CONCENTRATION / (p["half"] + CONCENTRATION) - velocity


@pytest.mark.parametrize("options", [{}, {"method": "dogbox"}, {"method": "lm"}])
def test_the_rate_of_an_enzyme(options) -> None:
    found = gt.least_squares(michaelis_menten, {"top": 205.0, "half": 0.08}, (VELOCITY,), **options)
    np.testing.assert_allclose(found.x["top"], 212.7, atol=0.05)
    np.testing.assert_allclose(found.x["half"], 0.06412, atol=1e-5)
    np.testing.assert_allclose(2 * found.cost, 1195.449, atol=0.01)
    np.testing.assert_allclose(found.grad["top"], 0.0, atol=1e-2)


def test_a_robust_loss_withstands_a_misreading_of_the_enzyme() -> None:
    misread = VELOCITY.copy()
    misread[3] *= 10
    start, limits = {"top": 205.0, "half": 0.08}, {"top": (0, None), "half": (0.03, 1.0)}
    plain = gt.least_squares(michaelis_menten, start, (misread,), bounds=limits)
    robust = gt.least_squares(
        michaelis_menten, start, (misread,), bounds=limits, loss="soft_l1", f_scale=5.0
    )
    assert abs(plain.x["top"] - 212.7) > 20
    assert plain.active_mask.tolist() == [0, -1]  # half is at its low
    assert abs(robust.x["top"] - 212.7) < 10
    assert abs(robust.x["half"] - 0.0641) < 0.01


def test_fewer_evaluations_of_residuals_than_with_differences() -> None:
    calls = [0, 0]

    def count(which):
        def residuals(p):
            calls[which] += 1
            return np.concatenate([100 * (p[1:] - p[:-1] ** 2), 1 - p[:-1]])

        return residuals

    x0 = np.linspace(-1, 1, 10)
    gt.least_squares(count(0), x0)
    scipy.optimize.least_squares(count(1), x0)
    assert calls[0] < calls[1] / 4


def test_ridge_regression_is_the_closed_form() -> None:
    features, target = load_diabetes(return_X_y=True)
    target = (target - target.mean()) / target.std()
    found = gt.least_squares(
        lambda w: [features @ w - target, 0.1 * w], np.zeros(features.shape[1]), ftol=1e-14
    )
    exact = np.linalg.solve(features.T @ features + 0.01 * np.eye(10), features.T @ target)
    np.testing.assert_allclose(found.x, exact, rtol=1e-6)


def test_a_sparse_jacobian_solves_a_large_system() -> None:
    def broyden(x):
        middle = (3 - 2 * x) * x + 1
        return middle - np.pad(x[:-1], (1, 0)) - 2 * np.pad(x[1:], (0, 1))

    found = gt.least_squares(broyden, -np.ones(2000), sparsity="detect", ftol=1e-14, gtol=1e-10)
    np.testing.assert_allclose(broyden(found.x), 0, atol=1e-6)


@pytest.mark.parametrize("method", ["hybr", "HYBR", "lm", "krylov", "broyden1"])
def test_root(method) -> None:
    def equations(p):
        return {"a": p["x"] ** 2 + p["y"] - 3, "b": np.exp(p["x"] - 1) - p["y"] / 2}

    found = gt.root(equations, {"x": 0.9, "y": 1.9}, method=method)
    np.testing.assert_allclose([found.x["x"], found.x["y"]], [1.0, 2.0], atol=1e-4)
    assert ("njev" in found) == (method in ("hybr", "HYBR", "lm"))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: gt.minimize(np.sin, START), TypeError, r"Return one real number.*shape \(4,\)"),
        (lambda: gt.minimize(convex, {"a": "b"}), TypeError, r"x0\['a'\]"),
        (lambda: gt.minimize(np.sum, np.arange(3)), TypeError, "floating-point parameters.*int64"),
        (lambda: gt.minimize(np.sum, START * 1j), TypeError, "real and imaginary parts"),
        (lambda: gt.minimize(convex, START, bounds=(0, np.ones(3))), ValueError, r"shape \(4,\)"),
        (lambda: gt.minimize(convex, START, bounds=(1, 0)), ValueError, "low is at most"),
        (lambda: gt.minimize(convex, [START], bounds=[3]), ValueError, r"bounds\[0\] as a pair"),
        (lambda: gt.root(np.sum, START), ValueError, "equations as unknowns, 4: got 1"),
        (lambda: gt.minimize(convex, START, method="Steepest"), ValueError, "Unknown solver"),
    ],
)
def test_errors(call, error, text) -> None:
    with pytest.raises(error, match=text):
        call()


def test_equations_that_are_not_finite_at_the_start_warn() -> None:
    with pytest.warns(gt.GradientWarning, match="finite: not all its values are at x0"):
        gt.root(lambda x: np.where(x < 2, np.nan, x), np.ones(1), method="lm")


def test_scipy_is_imported_by_the_first_call() -> None:
    script = """
import sys, gradtape as gt
assert "scipy" not in sys.modules and "tqdm" not in sys.modules
gt.minimize(lambda x: x**2, 1.0)
assert "scipy.optimize" in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)


def test_a_start_that_is_not_finite_warns() -> None:
    def wall(x):
        return np.sum(np.where(x < 2, np.inf, x))

    with pytest.warns(gt.GradientWarning, match="finite: it is inf at x0"):
        gt.minimize(wall, np.ones(1), method="Nelder-Mead", options={"maxiter": 1, "disp": False})
