"""Losses written in NumPy, over plain data and over data of another array library."""

from __future__ import annotations

from typing import Any

import numpy as np

RNG = np.random.default_rng(0)
ROWS, COLUMNS, HIDDEN = 120, 5, 7
X = RNG.normal(size=(ROWS, COLUMNS))
Y = np.sign(RNG.normal(size=ROWS))
PARAMETERS: dict[str, list[Any]] = {
    "logistic": [RNG.normal(size=COLUMNS), np.float64(0.3)],
    "least squares": [RNG.normal(size=COLUMNS), np.float64(-0.2)],
    "perceptron": [
        RNG.normal(size=(COLUMNS, HIDDEN)),
        RNG.normal(size=HIDDEN),
        RNG.normal(size=HIDDEN),
    ],
}


def logistic(x: Any, y: Any, w: Any, b: Any) -> Any:
    return np.mean(np.logaddexp(0, -y * (x @ w + b))) + 0.1 * np.sum(w * w)


def least_squares(x: Any, y: Any, w: Any, b: Any) -> Any:
    return np.sum((x @ w + b - y) ** 2) / 2


def perceptron(x: Any, y: Any, w: Any, b: Any, v: Any) -> Any:
    hidden = np.maximum(x @ w + b, 0.0)
    return np.mean((np.tanh(hidden @ v) - y) ** 2)


LOSSES = {"logistic": logistic, "least squares": least_squares, "perceptron": perceptron}
