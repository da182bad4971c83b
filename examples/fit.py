"""Fit a model by SciPy's solvers, with differences and with exact derivatives.

Logistic regression on the Wisconsin breast-cancer data, with the products of the mean features as
further features: 85 weights and a bias. Run it with ``python examples/fit.py``.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np
from extras import missing
from scipy.optimize import minimize

import gradtape as gt

try:
    from sklearn.datasets import load_breast_cancer
except ModuleNotFoundError as error:
    raise SystemExit(missing(error)) from None

PENALTY = 1e-3
MEANS = 10  # of the 30 features, the first are means over the cells; the rest errors and extremes


class Run(NamedTuple):
    """One way to the optimum: how often the loss was evaluated, what it was, and the time."""

    name: str
    evaluations: int
    loss: float
    seconds: float


class Loss:
    """Mean cross-entropy with an L2 penalty on the weights; it counts its evaluations."""

    def __init__(self, features: np.ndarray, labels: np.ndarray) -> None:
        self.features = features
        self.signs = 2.0 * labels - 1.0
        self.evaluations = 0

    def __call__(self, p: dict[str, Any]) -> Any:
        """The loss of the weights ``p["w"]`` and the bias ``p["b"]``, in plain NumPy."""
        self.evaluations += 1
        margins = self.signs * (self.features @ p["w"] + p["b"])
        return np.mean(np.logaddexp(0.0, -margins)) + 0.5 * PENALTY * np.sum(p["w"] ** 2)

    def flat(self, vector: np.ndarray) -> Any:
        """The same of one vector, as SciPy by itself needs it."""
        return self({"w": vector[:-1], "b": vector[-1]})


def load() -> tuple[np.ndarray, np.ndarray]:
    """Scaled features, 85 for each of 569 tumours, and labels: 1 is benign, 0 malignant."""
    features, labels = load_breast_cancer(return_X_y=True)
    features = _scaled(features)
    first, second = np.triu_indices(MEANS)
    return np.hstack([features, _scaled(features[:, first] * features[:, second])]), labels


def _scaled(features: np.ndarray) -> np.ndarray:
    return (features - features.mean(axis=0)) / features.std(axis=0)


def by_differences(method: str, loss: Loss) -> Run:
    """SciPy alone: each gradient takes one evaluation for every parameter."""
    start = np.zeros(loss.features.shape[1] + 1)
    return _timed(f"{method}, differences", loss, lambda: minimize(loss.flat, start, method=method))


def by_derivatives(method: str, loss: Loss) -> Run:
    """The same solver over the nested parameters, with what derivatives it takes."""
    start = {"w": np.zeros(loss.features.shape[1]), "b": 0.0}
    return _timed(f"{method}, exact", loss, lambda: gt.minimize(loss, start, method=method))


def _timed(name: str, loss: Loss, solve: Any) -> Run:
    loss.evaluations, began = 0, time.perf_counter()
    found = solve()
    return Run(name, loss.evaluations, float(found.fun), time.perf_counter() - began)


def fits() -> list[Run]:
    """Every way: quasi-Newton both ways, and Newton by Hessian-vector products."""
    loss = Loss(*load())
    exact = [by_derivatives(method, loss) for method in ("BFGS", "L-BFGS-B", "Newton-CG")]
    return [by_differences("BFGS", loss), *exact]


def report(runs: list[Run]) -> str:
    """A table, one line for each run."""
    lines = [f"{'':18} {'evaluations':>11} {'loss':>11} {'seconds':>8}"]
    lines += [f"{r.name:18} {r.evaluations:11d} {r.loss:11.8f} {r.seconds:8.2f}" for r in runs]
    return "\n".join(lines)


if __name__ == "__main__":
    print(report(fits()))
