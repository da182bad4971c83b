"""Pooling and morphology against loops over windows."""

from __future__ import annotations

import numpy as np
import pytest

import gradtape as gt
import gradtape.tf as tf
from gradtape.tf.errors import InvalidArgumentError

RNG = np.random.default_rng(7)


def test_positions_of_maxima_find_them() -> None:
    x = RNG.permutation(2 * 5 * 4 * 3).astype(np.float32).reshape(2, 5, 4, 3)
    values, places = tf.nn.max_pool_with_argmax(
        x, [2, 3], [2, 1], "SAME", include_batch_in_index=True
    )
    np.testing.assert_array_equal(values, x.ravel()[places.numpy()])
    _, own = tf.nn.max_pool_with_argmax(x, [2, 3], [2, 1], "SAME")
    np.testing.assert_array_equal(own, places.numpy() % (5 * 4 * 3))


def test_a_dilation_by_its_definition() -> None:
    x, k = RNG.normal(size=(1, 5, 4, 2)), RNG.normal(size=(2, 2, 2))
    found = tf.nn.dilation2d(x, k, [1, 1, 1, 1], "VALID", "NHWC", [1, 2, 1, 1])
    want = np.full((1, 3, 3, 2), -np.inf)
    for i in range(2):
        for j in range(2):
            want = np.maximum(want, x[:, 2 * i : 2 * i + 3, j : j + 3] + k[i, j])
    np.testing.assert_allclose(found, want)
    erosion = tf.nn.erosion2d(x, k, [1, 1, 1, 1], "VALID", "NHWC", [1, 2, 1, 1])
    turned = tf.nn.dilation2d(-x, k[::-1, ::-1], [1, 1, 1, 1], "VALID", "NHWC", [1, 2, 1, 1])
    np.testing.assert_allclose(erosion, -turned.numpy())


@pytest.mark.parametrize("kind", ["MAX", "AVG"])
def test_gradients_against_differences(kind: str) -> None:
    x = RNG.permutation(24).reshape(1, 4, 3, 2) / 3
    gt.check_gradients(lambda x: tf.nn.pool(x, [2, 2], kind, padding="SAME", strides=[2, 1]), x)
    gt.check_gradients(lambda x: tf.nn.pool(x, [2, 2], kind, dilations=[2, 1]), x)


def test_a_gradient_of_a_dilation_against_differences() -> None:
    x, k = RNG.normal(size=(1, 3, 3, 1)), RNG.normal(size=(2, 2, 1))
    gt.check_gradients(
        lambda x, k: tf.nn.dilation2d(x, k, [1, 1, 1, 1], "SAME", "NHWC", [1, 1, 1, 1]), x, k
    )


def test_windows_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="window that fits"):
        tf.nn.max_pool2d(np.ones((1, 2, 2, 1)), 3, 1, "VALID")
    with pytest.raises(InvalidArgumentError, match="rank 4"):
        tf.nn.max_pool2d(np.ones((2, 2, 1)), 2, 1, "VALID")
