"""The cross-entropy of a sigmoid where its sigmoid is nearly 0 or 1."""

from __future__ import annotations

import numpy as np

import gradtape as gt
from gradtape.core.dispatch import apply
from gradtape.rules.losses import logistic_cross_entropy


def _slope(z: float, p: float, order: int = 1) -> float:
    def loss(z: object) -> object:
        return apply(logistic_cross_entropy, (z, np.float64(p)))

    f = loss
    for _ in range(order):
        f = gt.grad(f)
    return float(f(np.float64(z)))  # type: ignore[arg-type]


def test_slopes_keep_their_digits() -> None:
    np.testing.assert_allclose(_slope(40.0, 1.0), -np.exp(-40.0), rtol=1e-14)
    np.testing.assert_allclose(_slope(-40.0, 0.0), np.exp(-40.0), rtol=1e-14)
    np.testing.assert_allclose(_slope(800.0, 0.25), 0.75)


def test_it_is_smooth_at_0() -> None:
    assert _slope(0.0, 1.0) == -0.5
    assert _slope(0.0, 0.25) == 0.25
    np.testing.assert_allclose(_slope(0.0, 0.25, order=2), 0.25)
    np.testing.assert_allclose(_slope(0.0, 0.25, order=3), 0.0, atol=1e-15)


def test_values_far_away() -> None:
    x = np.array([800.0, -800.0, 40.0])
    found = logistic_cross_entropy(x, np.array([0.0, 0.0, 1.0]))
    np.testing.assert_allclose(found, [800.0, 0.0, np.exp(-40.0)], rtol=1e-14)
