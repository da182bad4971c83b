"""Compiled functions that call what has no instructions of its own: the same as without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradtape as gt
import gradtape.tf as tf

X = np.random.default_rng(9).normal(size=(3, 4))
LABELS = np.array([0, 3, 1])
IDS = np.array([0, 0, 1])

CASES: dict[str, Any] = {
    "softmax": tf.nn.softmax,
    "log_softmax": tf.nn.log_softmax,
    "selu": tf.nn.selu,
    "leaky_relu": tf.nn.leaky_relu,
    "sigmoid": lambda x: tf.nn.sigmoid_cross_entropy_with_logits(labels=X, logits=x),
    "sparse": lambda x: tf.nn.sparse_softmax_cross_entropy_with_logits(LABELS, x),
    "top_k": lambda x: tf.nn.top_k(x, 2).values,
    "segment_sum": lambda x: gt.nn.segment_sum(x, IDS, 2),
    "segment_prod": lambda x: gt.nn.segment_prod(x, IDS, 2),
    "segment_max": lambda x: tf.math.segment_max(x, IDS),
    "conv": lambda x: gt.nn.conv(x[None], np.ones((2, 4, 1))),
    "conv_transpose": lambda x: gt.nn.conv_transpose(x[None], np.ones((2, 2, 4)), 2),
    "conv1d": lambda x: tf.nn.conv1d(x[None], X.T[None], 1, "SAME"),
    "max_pool": lambda x: gt.nn.max_pool(x[None], 2),
    "avg_pool1d": lambda x: tf.nn.avg_pool1d(x[None], 2, 1, "SAME"),
}


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients(name: str) -> None:
    def run(x: Any) -> Any:
        with gt.GradientTape() as tape:
            tape.watch(x)
            y = np.sum(CASES[name](x) ** 2)
        return y, tape.gradient(y, x)

    compiled = gt.function(run)
    for step in range(3):
        x = tf.constant(X + 0.37 * step)
        for found, wanted in zip(compiled(x), run(x), strict=True):
            np.testing.assert_allclose(np.asarray(found), np.asarray(wanted), rtol=1e-9, atol=1e-12)
