"""What TensorFlow does not do on a CPU: channels first, gradients of dilated windows and groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradtape as gt
import gradtape.tf as tf
from gradtape.tf.errors import InvalidArgumentError, UnimplementedError

RNG = np.random.default_rng(5)


def _first(x: Any) -> Any:
    return np.moveaxis(x, -1, 1)


LAYOUTS: dict[str, Any] = {
    "conv1d": ((2, 5, 2), (3, 2, 3), "NCW", lambda x, k, d: tf.nn.conv1d(x, k, 2, "SAME", d)),
    "conv2d": (
        (2, 4, 3, 2),
        (2, 2, 2, 3),
        "NCHW",
        lambda x, k, d: tf.nn.conv2d(x, k, [1, 2], "VALID", d),
    ),
    "conv3d": (
        (1, 2, 3, 2, 2),
        (2, 1, 2, 2, 1),
        "NCDHW",
        lambda x, k, d: tf.nn.conv3d(x, k, 1, "SAME", d),
    ),
    "depthwise_conv2d": (
        (1, 4, 3, 2),
        (2, 2, 2, 2),
        "NCHW",
        lambda x, k, d: tf.nn.depthwise_conv2d(x, k, [1, 1, 1, 1], "SAME", d),
    ),
    "max_pool2d": (
        (1, 4, 3, 2),
        (1,),
        "NCHW",
        lambda x, k, d: tf.nn.max_pool2d(x, 2, 1, "SAME", d),
    ),
    "avg_pool1d": ((1, 5, 2), (1,), "NCW", lambda x, k, d: tf.nn.avg_pool1d(x, 2, 2, "SAME", d)),
    "max_pool": (
        (1, 2, 3, 2, 2),
        (1,),
        "NCDHW",
        lambda x, k, d: tf.nn.max_pool(x, 2, 1, "VALID", d),
    ),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_channels_first_is_channels_last_turned(name: str) -> None:
    shape, kernel, form, function = LAYOUTS[name]
    x, k = RNG.normal(size=shape), RNG.normal(size=kernel)
    last = form.replace("C", "") + "C"
    want, pull = gt.vjp(lambda x, k: function(x, k, last), x, k)
    found, pull_first = gt.vjp(lambda x, k: function(x, k, form), _first(x), k)
    np.testing.assert_allclose(found, _first(np.asarray(want)), rtol=1e-12)
    g = RNG.normal(size=np.shape(want))
    (gx, gk), (hx, hk) = pull(g), pull_first(_first(g))
    np.testing.assert_allclose(hx, _first(np.asarray(gx)), rtol=1e-12)
    if name.startswith(("conv", "depth")):
        np.testing.assert_allclose(hk, gk, rtol=1e-12)


def test_a_transpose_with_channels_first() -> None:
    x, k = RNG.normal(size=(1, 2, 3, 2)), RNG.normal(size=(2, 2, 3, 2))
    last = tf.nn.conv2d_transpose(x, k, [1, 4, 6, 3], 2)
    first = tf.nn.conv2d_transpose(_first(x), k, [1, 3, 4, 6], [1, 1, 2, 2], data_format="NCHW")
    np.testing.assert_allclose(first, _first(last.numpy()), rtol=1e-12)


@pytest.mark.parametrize(
    "function",
    [
        lambda x, k: tf.nn.conv2d(x, k, 1, "SAME", dilations=2),
        lambda x, k: tf.nn.conv2d(x, k, [2, 1], "VALID", dilations=[1, 2]),
        lambda x, k: tf.nn.conv2d(x, k, 1, [[0, 0], [2, 1], [0, 1], [0, 0]], dilations=[2, 1]),
        lambda x, k: tf.nn.atrous_conv2d(x, k, 2, "VALID"),
        lambda x, k: tf.nn.atrous_conv2d_transpose(x, k, [1, 6, 5, 2], 2, "VALID"),
        lambda x, k: tf.nn.depthwise_conv2d(x, k, [1, 2, 1, 1], "SAME", dilations=[2, 2]),
        lambda x, k: tf.nn.conv2d(x, k[:, :, :1], 1, "SAME"),
    ],
)
def test_gradients_against_differences(function: Any) -> None:
    x, k = RNG.normal(size=(1, 4, 3, 2)), RNG.normal(size=(2, 2, 2, 2))
    gt.check_gradients(function, x, k)


def test_a_depthwise_convolution_is_one_for_each_channel() -> None:
    x, k = RNG.normal(size=(1, 4, 4, 3)), RNG.normal(size=(2, 2, 3, 2))
    each = [tf.nn.conv2d(x[..., c : c + 1], k[:, :, c : c + 1], 1, "SAME") for c in range(3)]
    found = tf.nn.depthwise_conv2d(x, k, [1, 1, 1, 1], "SAME")
    np.testing.assert_allclose(found, tf.concat(each, -1), rtol=1e-12)


def test_strides_over_channels_are_refused_before_anything_is_computed() -> None:
    with pytest.raises(UnimplementedError, match="1 for examples and channels"):
        tf.nn.conv2d(np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1)), [1, 1, 1, 2], "SAME")
    with pytest.raises(InvalidArgumentError, match="Pad neither"):
        tf.nn.conv2d(np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1)), 1, [[1, 1]] * 4)
    with pytest.raises(InvalidArgumentError, match="filters of 3 channels"):
        tf.nn.depthwise_conv2d(np.ones((1, 3, 3, 3)), np.ones((2, 2, 2, 1)), 1, "SAME")
