"""gt.nn: functions for neural networks."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

import gradtape as gt

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(5, 4))
LABELS = np.array([0, 3, 1, 1, 2])


def mean_loss(labels: Any, axis: int = -1) -> Any:
    return lambda z: np.mean(gt.nn.softmax_cross_entropy(z, labels, axis))


def test_values_and_gradients_of_labels_are_those_of_one_hot_probabilities() -> None:
    one_hot = np.eye(4)[LABELS]
    expected = -log_softmax(LOGITS, axis=1)[np.arange(5), LABELS]
    for labels in (LABELS, one_hot):
        found = gt.nn.softmax_cross_entropy(LOGITS, labels)
        np.testing.assert_allclose(found, expected, rtol=1e-14)
        gradient = gt.grad(mean_loss(labels))(LOGITS)
        np.testing.assert_allclose(gradient, (softmax(LOGITS, axis=1) - one_hot) / 5, atol=1e-16)


@pytest.mark.parametrize("shape", [(4,), (2, 4), (2, 3, 4)])
def test_axes(shape: tuple[int, ...]) -> None:
    z, p = RNG.normal(size=shape), RNG.uniform(size=shape)
    labels = RNG.integers(0, 4, shape[:-1])
    for axis in range(-len(shape), len(shape)):
        moved, weights = np.moveaxis(z, -1, axis), np.moveaxis(p, -1, axis)
        for given, other in ((labels, labels), (weights, p)):
            np.testing.assert_array_equal(
                gt.nn.softmax_cross_entropy(moved, given, axis),
                gt.nn.softmax_cross_entropy(z, other),
            )
        gt.check_gradients(lambda z: gt.nn.softmax_cross_entropy(z, labels, axis), moved)


def test_probabilities_need_not_sum_to_one() -> None:
    p = RNG.uniform(size=(5, 4))
    total = p.sum(1, keepdims=True)
    gradient = gt.grad(lambda z: np.sum(gt.nn.softmax_cross_entropy(z, p)))(LOGITS)
    np.testing.assert_allclose(gradient, total * softmax(LOGITS, axis=1) - p, atol=1e-15)
    gt.check_gradients(gt.nn.softmax_cross_entropy, LOGITS, p)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_huge_logits_and_excluded_classes(dtype: Any) -> None:
    big = float(np.finfo(dtype).max) / 4
    z = np.array([[big, -big, 0], [1, -np.inf, 1], [-big, -big, -big]], dtype)
    labels, p = np.array([0, 2, 1]), np.array([[1, 0, 0], [0.5, 0, 0.5], [0, 1, 0]], dtype)
    third, half = np.log(3), np.log(2)
    slopes = [[0, 0, 0], [0.5, 0, -0.5], [1 / 3, -2 / 3, 1 / 3]]
    for given in (labels, p):
        loss = gt.nn.softmax_cross_entropy(z, given)
        assert loss.dtype == dtype
        np.testing.assert_allclose(loss, np.array([0, half, third], dtype), rtol=1e-3)
        gradient = gt.grad(lambda z: np.sum(gt.nn.softmax_cross_entropy(z, given)))(z)
        if given is labels:
            np.testing.assert_allclose(gradient, np.array(slopes, dtype), atol=1e-3)
        assert np.all(np.isfinite(gradient))
        second = gt.hvp(lambda z: np.sum(gt.nn.softmax_cross_entropy(z, given)), z, np.ones_like(z))
        np.testing.assert_allclose(second, 0, atol=1e-3)


def test_a_loss_not_taken_contributes_nothing() -> None:
    z = np.array([[0.0, 1.0], [-np.inf, -np.inf]])  # the second row has no softmax
    valid = np.array([True, False])

    def masked(z: Any) -> Any:
        return np.sum(np.where(valid, gt.nn.softmax_cross_entropy(z, np.array([0, 0])), 0.0))

    with np.errstate(invalid="ignore"):
        gradient = gt.grad(masked)(z)
    np.testing.assert_array_equal(gradient[1], [0.0, 0.0])
    np.testing.assert_allclose(gradient[0], softmax(z[0]) - [1, 0])


def test_labels_may_be_tensors_and_differ_between_examples() -> None:
    z = gt.Variable(LOGITS)
    with gt.GradientTape() as tape:
        loss = np.sum(gt.nn.softmax_cross_entropy(z, gt.constant(LABELS)))
    np.testing.assert_allclose(
        tape.gradient(loss, z).numpy(), softmax(LOGITS, axis=1) - np.eye(4)[LABELS], atol=1e-15
    )
    np.testing.assert_allclose(
        gt.vmap(gt.nn.softmax_cross_entropy)(LOGITS, LABELS),
        gt.nn.softmax_cross_entropy(LOGITS, LABELS),
        rtol=1e-14,
    )
    assert gt.nn.softmax_cross_entropy(np.zeros((0, 4)), np.zeros(0, int)).shape == (0,)


@pytest.mark.parametrize(
    ("logits", "labels", "error", "text"),
    [
        (LOGITS, LABELS + 1, ValueError, "labels from 0 to 3, for 4 classes: .* got the label 4"),
        (LOGITS, LABELS - 1, ValueError, "got the label -1"),
        (LOGITS, LABELS[:4], ValueError, "integer labels of shape (5,)"),
        (LOGITS, np.eye(4), ValueError, "probabilities of shape (5, 4)"),
        (LOGITS, LABELS == 1, TypeError, "got dtypes float64 and bool"),
        (LOGITS * 1j, LABELS, TypeError, "got dtypes complex128 and int64"),
        (np.zeros((2, 0)), np.zeros(2, int), ValueError, "at least one class"),
    ],
)
def test_what_is_refused(logits: Any, labels: Any, error: type[Exception], text: str) -> None:
    pattern = text if ".*" in text else re.escape(text)
    with pytest.raises(error, match=pattern):
        gt.nn.softmax_cross_entropy(logits, labels)
    with pytest.raises(error, match=pattern):
        gt.nn.softmax_cross_entropy(gt.constant(logits), labels)
