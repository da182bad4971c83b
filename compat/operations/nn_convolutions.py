"""`tf.nn`'s convolutions. Gradients of what TensorFlow lacks on a CPU are checked elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from compat.cases import case, expressions, operation


def numbers(*shape: int) -> Any:
    count = int(np.prod(shape))
    return (((np.arange(count) * 7) % 11 - 5) / 4).reshape(shape).astype(np.float32)


CALLS: dict[str, Any] = {
    "conv1d": (lambda tf, x, k: tf.nn.conv1d(x, k, 1, "SAME"), (1, 4, 2), (3, 2, 1)),
    "conv1d stride": (lambda tf, x, k: tf.nn.conv1d(x, k, 2, "VALID"), (1, 5, 1), (2, 1, 2)),
    "conv2d": (lambda tf, x, k: tf.nn.conv2d(x, k, 1, "SAME"), (1, 3, 3, 1), (2, 2, 1, 2)),
    "conv2d valid": (
        lambda tf, x, k: tf.nn.conv2d(x, k, [1, 2, 1, 1], "VALID"),
        (1, 4, 3, 2),
        (2, 2, 2, 1),
    ),
    "conv2d explicit": (
        lambda tf, x, k: tf.nn.conv2d(x, k, [2, 1], [[0, 0], [1, 0], [0, 2], [0, 0]]),
        (1, 3, 3, 1),
        (2, 2, 1, 1),
    ),
    "conv2d of batches": (
        lambda tf, x, k: tf.nn.conv2d(x, k, 1, "VALID"),
        (2, 1, 2, 3, 1),
        (2, 2, 1, 1),
    ),
    "conv3d": (
        lambda tf, x, k: tf.nn.conv3d(x, k, [1, 1, 1, 1, 1], "SAME"),
        (1, 2, 2, 2, 1),
        (2, 1, 2, 1, 1),
    ),
    "convolution": (
        lambda tf, x, k: tf.nn.convolution(x, k, strides=1, padding="SAME"),
        (1, 3, 3, 1),
        (2, 2, 1, 1),
    ),
    "depthwise_conv2d": (
        lambda tf, x, k: tf.nn.depthwise_conv2d(x, k, [1, 1, 1, 1], "SAME"),
        (1, 3, 2, 2),
        (2, 2, 2, 2),
    ),
    "depthwise_conv2d stride": (
        lambda tf, x, k: tf.nn.depthwise_conv2d(x, k, [1, 2, 2, 1], "VALID"),
        (1, 4, 3, 2),
        (2, 2, 2, 1),
    ),
    "separable_conv2d": (
        lambda tf, x, k, p: tf.nn.separable_conv2d(x, k, p, [1, 1, 1, 1], "SAME"),
        (1, 3, 2, 2),
        (2, 2, 2, 1),
        (1, 1, 2, 2),
    ),
    "conv1d_transpose": (
        lambda tf, x, k: tf.nn.conv1d_transpose(x, k, [1, 6, 1], 2),
        (1, 3, 2),
        (3, 1, 2),
    ),
    "conv2d_transpose": (
        lambda tf, x, k: tf.nn.conv2d_transpose(x, k, [1, 4, 3, 1], [1, 2, 2, 1]),
        (1, 2, 2, 2),
        (3, 2, 1, 2),
    ),
    "conv2d_transpose valid": (
        lambda tf, x, k: tf.nn.conv2d_transpose(x, k, (1, 3, 4, 1), 1, "VALID"),
        (1, 2, 3, 1),
        (2, 2, 1, 1),
    ),
    "conv3d_transpose": (
        lambda tf, x, k: tf.nn.conv3d_transpose(x, k, [1, 2, 2, 4, 1], [1, 1, 1, 2, 1]),
        (1, 2, 2, 2, 1),
        (1, 2, 2, 1, 1),
    ),
    "conv_transpose": (
        lambda tf, x, k: tf.nn.conv_transpose(x, k, [1, 6, 1], 2),
        (1, 3, 1),
        (3, 1, 1),
    ),
    "atrous_conv2d": (
        lambda tf, x, k: tf.nn.atrous_conv2d(x, k, 2, "VALID"),
        (1, 4, 3, 1),
        (2, 2, 1, 1),
    ),
    "atrous_conv2d_transpose": (
        lambda tf, x, k: tf.nn.atrous_conv2d_transpose(x, k, [1, 4, 4, 1], 2, "SAME"),
        (1, 4, 4, 1),
        (2, 2, 1, 1),
    ),
}

ONCE = {"convolution"}
"""Whose second derivative fails in TensorFlow."""

for name, (function, *shapes) in CALLS.items():
    arrays = [numbers(*shape) for shape in shapes]
    operation(name, function, *arrays, order=1 if name in ONCE else 2, rtol=2e-6)
operation(
    "conv2d float64",
    lambda tf, x, k: tf.nn.conv2d(x, k, 1, "SAME"),
    numbers(1, 3, 3, 1).astype(np.float64),
    numbers(2, 2, 1, 1).astype(np.float64),
)

expressions(
    __name__,
    """
    tf.nn.conv2d(x,k,[1,1,1,1],"SAME")
    tf.nn.conv2d(x,k,strides=[1,2,2,1],padding="SAME",data_format="NHWC")
    tf.nn.conv2d(x,k,1,"SAME",dilations=2)
    tf.nn.conv2d(x,k,1,"VALID",dilations=[1,2,1,1])
    tf.nn.conv2d(x,k,[1,1,1],"SAME")
    tf.nn.conv2d(x,k,[2,1,1,1],"SAME")
    tf.nn.conv2d(x,k,0,"SAME")
    tf.nn.conv2d(x,k,1,"OTHER")
    tf.nn.conv2d(x,k,1,"SAME",data_format="HWCN")
    tf.nn.conv2d(x,tf.ones([2,2,3,1]),1,"SAME")
    tf.nn.conv2d(x,tf.ones([9,9,2,1]),1,"VALID")
    tf.nn.conv2d(x,tf.ones([2,2,1,4]),1,"SAME")
    tf.nn.conv2d(x[0],k,1,"SAME")
    tf.nn.conv2d(x,k[0],1,"SAME")
    tf.nn.conv2d(x,k,1,[[0,0],[1,1],[1,1],[1,1]])
    tf.nn.conv2d(tf.zeros([0,3,3,2]),k,1,"SAME").shape
    tf.nn.conv1d(x[0],k[0],[1,2,1],"SAME")
    tf.nn.conv1d(x[0],k[0],2,"SAME")
    tf.nn.conv1d(x[0],k[0],2,"SAME",dilations=1)
    tf.nn.convolution(x[0],k[0])
    tf.nn.convolution(x,k,[1,2],"SAME")
    tf.nn.convolution(x,k,padding="VALID",dilations=[2,1])
    tf.nn.convolution(x,tf.ones([2,2,3,1]))
    tf.nn.depthwise_conv2d(x,k,[1,1,1,1],"VALID",dilations=[2,2])
    tf.nn.depthwise_conv2d(x,tf.ones([2,2,3,1]),[1,1,1,1],"VALID")
    tf.nn.conv2d_transpose(x,tf.ones([2,2,1,2]),[1,6,6,1],2)
    tf.nn.conv2d_transpose(x,tf.ones([2,2,1,2]),tf.constant([1,6,6,1]),[2,2])
    tf.nn.conv2d_transpose(x,tf.ones([2,2,1,2]),[1,9,6,1],2)
    tf.nn.conv2d_transpose(x,tf.ones([2,2,1,3]),[1,6,6,1],2)
    tf.nn.conv2d_transpose(x,tf.ones([2,2,1,2]),[1,6,6,4],2)
    tf.nn.conv1d_transpose(x[0],tf.ones([2,1,2]),[3,5,1],2)
    tf.nn.conv1d_transpose(x[0],tf.ones([2,1,2]),[3,4,1],1,padding="VALID")
    tf.nn.atrous_conv2d(x,k,2,"SAME")
    tf.nn.space_to_depth(tf.ones([1,2,2,1]),2)
    tf.nn.depth_to_space(tf.ones([1,1,1,4]),2)
    """,
    x=lambda tf: tf.constant(numbers(1, 3, 3, 2)),
    k=lambda tf: tf.constant(numbers(2, 2, 2, 1)),
)


@case(better="Tensors of different dtypes are promoted", answer=lambda: ["float32", [1, 3, 3, 1]])
def dtypes_that_differ(tf: Any) -> Any:
    kernel = tf.cast(tf.constant(numbers(2, 2, 2, 1)), tf.float16)
    y = tf.nn.conv2d(tf.constant(numbers(1, 3, 3, 2)), kernel, 1, "SAME")
    return [y.dtype.name, list(y.shape)]
