"""Gradient descent against its formula, and the notebook's descent."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import gradtape as gt


def f(x: Any) -> Any:
    return 3.0 * x**2 + 2.0 * x - 1


def test_the_notebooks_descent() -> None:
    x = gt.Variable(0.0)
    optimizer = gt.optimizers.SGD(learning_rate=0.1)
    for _ in range(100):
        with gt.GradientTape() as tape:
            z = f(x)
        optimizer.apply_gradients([(tape.gradient(z, x), x)])
    assert str(x) == "<Variable 'Variable:0' shape=() dtype=float32, numpy=-0.3333333>"


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_against_the_formula(momentum: float, nesterov: bool) -> None:
    a, b = gt.Variable([1.0, -2.0], dtype=np.float64), gt.Variable(3.0, dtype=np.float64)
    optimizer = gt.optimizers.SGD(0.0625, momentum, nesterov)  # which float32 holds exactly
    expected = [np.array([1.0, -2.0]), np.float64(3.0)]
    velocity = [0.0 * w for w in expected]
    for _ in range(10):
        with gt.GradientTape() as tape:
            loss = np.sum(a**2) * b + b**2
        gradients = tape.gradient(loss, [a, b])
        optimizer.apply_gradients(zip(gradients, [a, b], strict=True))
        for k, g in enumerate(
            (2 * expected[0] * expected[1], np.sum(expected[0] ** 2) + 2 * expected[1])
        ):
            step = -0.0625 * g
            velocity[k] = momentum * velocity[k] + step
        expected = [
            w + (momentum * v - 0.0625 * g if nesterov and momentum else v)
            for w, v, g in zip(
                expected,
                velocity,
                (2 * expected[0] * expected[1], np.sum(expected[0] ** 2) + 2 * expected[1]),
                strict=True,
            )
        ]
        np.testing.assert_allclose(a.numpy(), expected[0], rtol=1e-12)
        np.testing.assert_allclose(b.numpy(), expected[1], rtol=1e-12)


def test_a_bad_gradient_changes_no_variable() -> None:
    a, b = gt.Variable(1.0, name="a"), gt.Variable([1.0, 2.0], name="b")
    optimizer = gt.optimizers.SGD(0.1)
    with pytest.raises(ValueError, match="Compute the loss from 'a:0', 'b:0' inside the tape: all"):
        optimizer.apply_gradients([(None, a), (None, b)])
    with pytest.raises(ValueError, match=r"Give 'b:0' a gradient of its shape \(2,\): got \(\)"):
        optimizer.apply_gradients([(gt.constant(1.0), a), (1.0, b)])
    with pytest.raises(TypeError, match="pairs \\(gradient, Variable\\): got Tensor"):
        optimizer.apply_gradients([(gt.constant(1.0), a), (1.0, gt.constant(1.0))])
    assert a.numpy() == 1.0
    assert b.numpy().tolist() == [1.0, 2.0]


def test_settings() -> None:
    optimizer = gt.optimizers.SGD()
    assert optimizer.learning_rate == 0.01
    optimizer.learning_rate = np.float32(0.5)
    x = gt.Variable(1.0)
    optimizer.apply_gradients([(np.float32(1.0), x)])
    assert x.numpy() == 0.5
    for bad in ("fast", None, True, 1, np.float32(0.1), gt.constant(0.1), float("nan")):
        with pytest.raises(ValueError, match="Give learning_rate as a float, a LearningRateSch"):
            gt.optimizers.SGD(bad)  # type: ignore[arg-type]
    for wrong in (1.5, -0.1, 0, "much"):
        with pytest.raises(
            ValueError, match=f"Give momentum as a float from 0 to 1: got {wrong!r}"
        ):
            gt.optimizers.SGD(momentum=wrong)  # type: ignore[arg-type]
    for value, error in ((float("nan"), ValueError), ([1.0], ValueError), ("fast", TypeError)):
        with pytest.raises(error, match="Give learning_rate as a number: got"):
            optimizer.learning_rate = value
    assert optimizer.learning_rate == 0.5


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_momentum_travels_with_its_variable(copied: Any) -> None:
    v, one = gt.Variable(5.0), np.float32(1.0)
    optimizer = gt.optimizers.SGD(0.1, momentum=0.9)
    optimizer.apply_gradients([(one, v)])
    other_optimizer, w = copied((optimizer, v))
    stranger = gt.Variable(5.0, name="stranger")
    with pytest.raises(ValueError, match="Make a new optimizer for 'stranger:0'"):
        other_optimizer.apply_gradients([(0 * one, w), (0 * one, stranger)])
    other_optimizer.apply_gradients([(0 * one, w)])
    optimizer.apply_gradients([(0 * one, v)])
    assert w.numpy() == v.numpy() != 4.9
    assert stranger.numpy() == 5.0


def test_dtypes_are_kept() -> None:
    for dtype in (np.float16, np.float32, np.float64):
        v = gt.Variable([1.0], dtype=dtype)
        gt.optimizers.SGD(0.1, momentum=0.5).apply_gradients([(np.ones(1, dtype), v)])
        assert v.dtype == dtype
