"""The operations of `tf.nn`, and segments, under `vmap`: the same as one example at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradtape as gt
import gradtape.tf as tf

RNG = np.random.default_rng(8)
KERNEL = RNG.normal(size=(2, 2, 2, 2))
TARGETS = RNG.uniform(size=(3, 4))

CASES: dict[str, Any] = {
    "softmax": ((3, 4), lambda x: tf.nn.softmax(x, axis=0)),
    "log_softmax": ((3, 4), tf.nn.log_softmax),
    "elu": ((3, 4), tf.nn.elu),
    "selu": ((3, 4), tf.nn.selu),
    "leaky_relu": ((3, 4), tf.nn.leaky_relu),
    "crelu": ((3, 4), tf.nn.crelu),
    "sigmoid_ce": (
        (3, 4),
        lambda x: tf.nn.sigmoid_cross_entropy_with_logits(labels=TARGETS, logits=x),
    ),
    "softmax_ce": ((3, 4), lambda x: tf.nn.softmax_cross_entropy_with_logits(TARGETS, x)),
    "sparse_ce": ((3, 4), lambda x: tf.nn.sparse_softmax_cross_entropy_with_logits([0, 3, 1], x)),
    "moments": ((3, 4), lambda x: tf.nn.moments(x, [0])[1]),
    "lrn": ((1, 2, 2, 3), tf.nn.lrn),
    "conv2d": ((1, 3, 3, 2), lambda x: tf.nn.conv2d(x, KERNEL, 1, "SAME")),
    "conv2d of NCHW": ((1, 2, 3, 3), lambda x: tf.nn.conv2d(x, KERNEL, 1, "SAME", "NCHW")),
    "depthwise": ((1, 3, 3, 2), lambda x: tf.nn.depthwise_conv2d(x, KERNEL, [1] * 4, "SAME")),
    "transposed": ((1, 2, 2, 2), lambda x: tf.nn.conv2d_transpose(x, KERNEL, [1, 4, 4, 2], 2)),
    "max_pool": ((1, 4, 4, 2), lambda x: tf.nn.max_pool2d(x, 2, 2, "SAME")),
    "avg_pool": ((1, 4, 4, 2), lambda x: tf.nn.avg_pool2d(x, 2, 1, "SAME")),
    "bias_add": ((3, 4), lambda x: tf.nn.bias_add(x, np.arange(4.0))),
    "embedding": ((3, 4), lambda x: tf.nn.embedding_lookup(x, [2, 0])),
    "segment_sum": ((3, 4), lambda x: tf.math.segment_sum(x, [0, 0, 2])),
    "segment_max": ((3, 4), lambda x: tf.math.segment_max(x, [0, 0, 2])),
    "unsorted_segment_mean": ((3, 4), lambda x: tf.math.unsorted_segment_mean(x, [1, -1, 1], 3)),
    "scatter_nd": ((3, 4), lambda x: tf.scatter_nd([[2], [0], [2]], x, [4, 4])),
    "scatter_add": (
        (3, 4),
        lambda x: tf.tensor_scatter_nd_add(np.ones((3, 4)), [[1, 1], [0, 2]], x[0, :2]),
    ),
    "scatter_max": ((3, 4), lambda x: tf.tensor_scatter_nd_max(x, [[1], [1]], np.zeros((2, 4)))),
    "top_k": ((3, 4), lambda x: tf.nn.top_k(x, 2).values),
}


@pytest.mark.parametrize("name", CASES)
def test_batches_are_examples(name: str) -> None:
    shape, function = CASES[name]
    x = RNG.normal(size=(2, *shape))

    def slopes(x: Any) -> Any:
        return gt.grad(lambda x: tf.reduce_sum(function(x) ** 2))(x)

    for each in (function, slopes):
        found = np.asarray(gt.vmap(each)(x))
        np.testing.assert_allclose(found, [np.asarray(each(part)) for part in x], rtol=1e-9)
