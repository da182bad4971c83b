"""Logistic regression on the Wisconsin breast-cancer data: plain NumPy code under a tape.

Run it with ``make demo``, or by itself: ``python examples/breast_cancer.py``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from extras import missing

import gradtape as gt

try:
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split
    from tqdm import trange
except ModuleNotFoundError as error:
    raise SystemExit(missing(error)) from None

STEPS = 300
LEARNING_RATE = 0.2
PENALTY = 1e-3


class Data(NamedTuple):
    """Scaled features, 30 for each tumour, and labels: 1 is benign, 0 malignant."""

    train_x: np.ndarray
    train_y: np.ndarray
    held_out_x: np.ndarray
    held_out_y: np.ndarray


class Fit(NamedTuple):
    """What training gave: the loss before each step, and the share of right answers."""

    losses: list[float]
    accuracy: float
    held_out: int


def load() -> Data:
    """Split off a quarter of each class, and scale both parts by the training part's statistics."""
    features, labels = load_breast_cancer(return_X_y=True)
    train_x, held_out_x, train_y, held_out_y = train_test_split(
        features, labels, test_size=0.25, stratify=labels, random_state=0
    )
    mean, std = train_x.mean(axis=0), train_x.std(axis=0)
    return Data((train_x - mean) / std, train_y, (held_out_x - mean) / std, held_out_y)


def loss(w: Any, b: Any, x: np.ndarray, y: np.ndarray) -> Any:
    """Mean cross-entropy of the labels `y`, with an L2 penalty on the weights.

    The logarithm of the likelihood of a label is ``y * z - log(1 + exp(z))``; `np.logaddexp` takes
    the second term without overflow.
    """
    z = x @ w + b
    return np.mean(np.logaddexp(0.0, z) - y * z) + 0.5 * PENALTY * np.sum(w * w)


def train(data: Data) -> Fit:
    """Descend along the gradient over all the training data at each step."""
    w = gt.Variable(np.zeros(data.train_x.shape[1]), name="w")
    b = gt.Variable(np.float64(0.0), name="b")
    optimizer = gt.optimizers.SGD(learning_rate=LEARNING_RATE)
    losses = []
    for _ in trange(STEPS, desc="   training", disable=None):  # None: quiet unless in a terminal
        with gt.GradientTape() as tape:
            value = loss(w, b, data.train_x, data.train_y)
        gradients = tape.gradient(value, [w, b])
        optimizer.apply_gradients(zip(gradients, [w, b], strict=True))
        losses.append(float(value))
    predicted = data.held_out_x @ w.numpy() + b.numpy() > 0
    accuracy = float(np.mean(predicted == data.held_out_y))
    return Fit(losses, accuracy, len(data.held_out_y))


def report(fit: Fit) -> str:
    """The result in two lines."""
    return (
        f"training loss {fit.losses[0]:.4f} -> {fit.losses[-1]:.4f} in {len(fit.losses)} steps\n"
        f"held-out accuracy {fit.accuracy:.4f} on {fit.held_out} tumours"
    )


if __name__ == "__main__":
    print(report(train(load())))
