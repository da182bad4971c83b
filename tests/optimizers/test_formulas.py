"""Each optimizer against its paper's formula, written out once more in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradtape as gt
from gradtape import optimizers

RATE = 0.125  # which float32 holds exactly
State = dict[str, Any]


def adam(w: Any, g: Any, s: State, t: int) -> Any:
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["v"] = 0.999 * s.get("v", 0) + 0.001 * g**2
    rate = RATE * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return w - rate * s["m"] / (np.sqrt(s["v"]) + 1e-7)


def amsgrad(w: Any, g: Any, s: State, t: int) -> Any:
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["v"] = 0.999 * s.get("v", 0) + 0.001 * g**2
    s["top"] = np.maximum(s.get("top", 0), s["v"])
    rate = RATE * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return w - rate * s["m"] / (np.sqrt(s["top"]) + 1e-7)


def adamw(w: Any, g: Any, s: State, t: int) -> Any:
    return adam(w * (1 - RATE * 0.004), g, s, t)


def adamax(w: Any, g: Any, s: State, t: int) -> Any:
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["u"] = np.maximum(0.999 * s.get("u", 0), abs(g))
    return w - RATE / (1 - 0.9**t) * s["m"] / (s["u"] + 1e-7)


def nadam(w: Any, g: Any, s: State, t: int) -> Any:
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["v"] = 0.999 * s.get("v", 0) + 0.001 * g**2
    u = [0.9 * (1 - 0.5 * 0.96**i) for i in range(1, t + 2)]
    m_hat = u[-1] * s["m"] / (1 - np.prod(u)) + (1 - u[-2]) * g / (1 - np.prod(u[:-1]))
    return w - RATE * m_hat / (np.sqrt(s["v"] / (1 - 0.999**t)) + 1e-7)


def rmsprop(w: Any, g: Any, s: State, t: int) -> Any:
    s["v"] = 0.9 * s.get("v", 0) + 0.1 * g**2
    s["b"] = 0.9 * s.get("b", 0) + 0.1 * g
    s["d"] = 0.5 * s.get("d", 0) + RATE * g / np.sqrt(s["v"] - s["b"] ** 2 + 1e-7)
    return w - s["d"]


def adagrad(w: Any, g: Any, s: State, t: int) -> Any:
    s["n"] = s.get("n", 0.1) + g**2
    return w - RATE * g / np.sqrt(s["n"] + 1e-7)


def adadelta(w: Any, g: Any, s: State, t: int) -> Any:
    s["n"] = 0.95 * s.get("n", 0) + 0.05 * g**2
    d = -np.sqrt(s.get("d", 0) + 1e-7) / np.sqrt(s["n"] + 1e-7) * g
    s["d"] = 0.95 * s.get("d", 0) + 0.05 * d**2
    return w + RATE * d


def ftrl(w: Any, g: Any, s: State, t: int) -> Any:
    n, z = s.get("n", 0.1), s.get("z", 0)
    s["z"] = z + g - (np.sqrt(n + g**2) - np.sqrt(n)) / RATE * w
    s["n"] = n + g**2
    dead = abs(s["z"]) <= 0.5
    return np.where(dead, 0, (0.5 * np.sign(s["z"]) - s["z"]) / (np.sqrt(s["n"]) / RATE + 2 * 0.25))


def lion(w: Any, g: Any, s: State, t: int) -> Any:
    new = w - RATE * np.sign(0.9 * s.get("m", 0) + 0.1 * g)
    s["m"] = 0.99 * s.get("m", 0) + 0.01 * g
    return new


def adafactor(w: Any, g: Any, s: State, t: int) -> Any:
    b = 1 - t**-0.8
    s["R"] = b * s.get("R", 0) + (1 - b) * (g**2 + 1e-30).sum(axis=1)
    s["C"] = b * s.get("C", 0) + (1 - b) * (g**2 + 1e-30).sum(axis=0)
    u = g / np.sqrt(np.outer(s["R"], s["C"]) / s["R"].sum())
    u /= max(1, np.sqrt(np.mean(u**2)))
    return w - min(RATE, 1 / np.sqrt(t)) * max(1e-3, np.sqrt(np.mean(w**2))) * u


def lamb(w: Any, g: Any, s: State, t: int) -> Any:
    s["m"] = 0.9 * s.get("m", 0) + 0.1 * g
    s["v"] = 0.999 * s.get("v", 0) + 0.001 * g**2
    u = s["m"] / (1 - 0.9**t) / (np.sqrt(s["v"] / (1 - 0.999**t)) + 1e-7)
    return w - RATE * np.linalg.norm(w) / np.linalg.norm(u) * u


def muon(w: Any, g: Any, s: State, t: int) -> Any:
    w = w * (1 - RATE * 0.004)
    s["m"] = 0.95 * s.get("m", 0) + g
    x = g + 0.95 * s["m"]
    x = x / (np.linalg.norm(x) + 1e-7)
    left, singular, right = np.linalg.svd(x, full_matrices=False)
    for _ in range(5):  # the iteration acts on the singular values alone
        singular = 3.4445 * singular - 4.7750 * singular**3 + 2.0315 * singular**5
    return w - RATE * 0.2 * np.sqrt(max(w.shape)) * (left * singular @ right)


CASES: list[tuple[Any, Callable[..., Any]]] = [
    (optimizers.Adam(RATE), adam),
    (optimizers.Adam(RATE, amsgrad=True), amsgrad),
    (optimizers.AdamW(RATE), adamw),
    (optimizers.Adamax(RATE), adamax),
    (optimizers.Nadam(RATE), nadam),
    (optimizers.RMSprop(RATE, momentum=0.5, centered=True), rmsprop),
    (optimizers.Adagrad(RATE), adagrad),
    (optimizers.Adadelta(RATE), adadelta),
    (
        optimizers.Ftrl(RATE, l1_regularization_strength=0.5, l2_regularization_strength=0.25),
        ftrl,
    ),
    (optimizers.Lion(RATE), lion),
    (optimizers.Adafactor(RATE), adafactor),
    (optimizers.Lamb(RATE), lamb),
    (optimizers.Muon(RATE), muon),
]


@pytest.mark.parametrize(("optimizer", "formula"), CASES, ids=lambda x: getattr(x, "__name__", ""))
def test_the_papers_formula(optimizer: Any, formula: Callable[..., Any]) -> None:
    w = gt.Variable(np.array([[1.0, -2.0], [0.5, 3.0], [-1.0, 0.25]]))
    expected, state = w.numpy(), {}
    optimizer.build([w])  # for `optimizer` is made when the tests are collected
    for t in range(1, 11):
        g = np.sin(3 * w.numpy() + t) + w.numpy()
        optimizer.apply_gradients([(g, w)])
        expected = formula(expected, g, state, t)
        # Nadam's product of u starts as float64 here, and all else is double throughout.
        np.testing.assert_allclose(w.numpy(), expected, rtol=1e-10, atol=1e-12)


def test_lamb_does_not_divide_by_a_zero_norm() -> None:
    w, zero = gt.Variable([0.0, 0.0]), np.zeros(2, np.float32)
    optimizer = optimizers.Lamb(0.5)
    optimizer.apply([zero], [w])
    assert w.numpy().tolist() == [0.0, 0.0]
    optimizer.apply([zero + 1], [w])
    assert np.all(np.isfinite(w.numpy()))


def test_muon_treats_embeddings_and_named_matrices_as_adam_does() -> None:
    g = np.array([[1.0, 2.0], [3.0, 5.0]], np.float32)
    found = {}
    for name in ("kernel", "embedding", "head"):
        w = gt.Variable(np.zeros((2, 2), np.float32), name=name)
        optimizers.Muon(0.5, exclude_layers=["^head"]).apply([g], [w])
        found[name] = w.numpy()
    np.testing.assert_allclose(found["embedding"], -0.5, rtol=1e-5)
    np.testing.assert_allclose(found["head"], -0.5, rtol=1e-5)
    assert np.ptp(found["kernel"]) > 0.01
