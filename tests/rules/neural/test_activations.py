"""Slopes at kinks, and branches that are not taken."""

from __future__ import annotations

import numpy as np

import gradtape as gt
from gradtape.core.dispatch import apply
from gradtape.rules.neural import activations


def _slopes(function: object, x: object, *rest: object) -> object:
    return gt.grad(lambda x: np.sum(apply(function, (x, *rest))))(x)


def test_slopes_at_0_and_far_from_it() -> None:
    x = np.array([-1e4, 0.0, 1e4])
    np.testing.assert_array_equal(_slopes(activations.leaky, x, 0.25), [0.25, 0.25, 1.0])
    np.testing.assert_array_equal(_slopes(activations.elu, x), [0.0, 1.0, 1.0])
    scale = activations.SCALE
    np.testing.assert_array_equal(_slopes(activations.selu, x), [0.0, scale, scale])


def test_a_slope_of_the_left_has_a_gradient() -> None:
    x = np.array([-2.0, -1.0, 3.0])
    found = gt.grad(lambda a: np.sum(apply(activations.leaky, (x, a))))(0.5)
    assert float(found) == -3.0
