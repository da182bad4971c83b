"""Convolutions of one, two and three axes, and their transposes.

Each takes strides and dilations as a number, or one for each axis, with or without those of
examples and channels. Channels may be first everywhere, and dilated ones have gradients too.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradtape.core.dispatch import apply
from gradtape.rules.neural import convolutions
from gradtape.tf.errors import invalid, invalid_type
from gradtape.tf.nn.layouts import Layout, layout
from gradtape.tf.operation import lengths, operation
from gradtape.tf.policy import tensor, together

# -- what all share -----------------------------------------------------------------------------


def _operands(x: Any, kernel: Any, rank: int, name: str) -> tuple[Any, Any]:
    x, kernel = together(x, kernel)
    if kernel.ndim != rank + 2 or x.ndim < rank + 2:
        raise invalid(
            f"Give tf.nn.{name} filters of rank {rank + 2} and an input of rank {rank + 2} or "
            f"more: got shapes {kernel._value.shape} and {x._value.shape}."
        )
    if x._value.dtype.kind == "b":
        raise invalid_type(f"Cast the input with tf.cast: tf.nn.{name} got booleans.")
    return x, kernel


def _apart(x: Any, rank: int) -> tuple[Any, tuple[int, ...]]:
    """`x` with one axis of examples, and the lengths of those it had."""
    shape = x._value.shape
    axes = len(shape) - rank - 1
    if axes == 1:
        return x, shape[:1]
    return np.reshape(x, (math.prod(shape[:axes]), *shape[axes:])), shape[:axes]


def _convolved(
    x: Any, kernel: Any, form: Layout, strides: Any, padding: Any, dilations: Any, name: str
) -> Any:
    """The convolution of a Tensor with a kernel, of which several leading axes may be examples.

    Fewer channels in the kernel than in `x` mean groups of channels.
    """
    x, kernel = _operands(x, kernel, form.rank, name)
    x, examples = _apart(x, form.rank)
    x = form.last(x)
    channels, own = x._value.shape[-1], kernel._value.shape[-2]
    if not own or channels % own:
        raise invalid(f"Give tf.nn.{name} filters of {channels} channels, as the input: got {own}.")
    y = convolutions.conv(
        x,
        kernel,
        form.each(strides, "strides"),
        form.padding(padding),
        form.each(dilations, "dilations"),
        channels // own,
    )
    y = form.back(y)
    return y if len(examples) == 1 else np.reshape(y, (*examples, *y._value.shape[1:]))


def _transposed(
    x: Any,
    kernel: Any,
    form: Layout,
    output_shape: Any,
    strides: Any,
    padding: Any,
    dilations: Any,
    name: str,
) -> Any:
    """The transpose of a convolution; filters of shape ``(window, outputs, channels)``."""
    x, kernel = _operands(x, kernel, form.rank, name)
    shape = lengths(output_shape)
    if len(shape) != form.rank + 2:
        raise invalid(f"Give output_shape {form.rank + 2} lengths: got {list(shape)}.")
    batch, outputs = form.outer(shape)
    if batch not in (-1, x._value.shape[0]) or outputs != kernel._value.shape[-2]:
        raise invalid(
            f"Give an output_shape of {x._value.shape[0]} examples and {kernel._value.shape[-2]} "
            f"channels: tf.nn.{name} got {list(shape)}."
        )
    y = convolutions.conv_transpose(
        form.last(x),
        kernel,
        form.each(strides, "strides"),
        form.padding(padding),
        form.each(dilations, "dilations"),
        output_shape=form.between(shape),
    )
    return form.back(y)


# -- convolutions -------------------------------------------------------------------------------


@operation
def conv1d(
    input: Any,
    filters: Any,
    stride: Any,
    padding: Any,
    data_format: Any = "NWC",
    dilations: Any = None,
    name: Any = None,
) -> Any:
    """Sums over windows of sequences ``(batch, length, channels)``.

    `filters` have shape ``(window, channels, outputs)``.
    """
    form = layout(1, data_format)
    return _convolved(input, filters, form, stride, padding, dilations, "conv1d")


@operation
def conv2d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NHWC",
    dilations: Any = None,
    name: Any = None,
) -> Any:
    """Sums over windows of images ``(batch, height, width, channels)``.

    `filters` have shape ``(height, width, channels, outputs)``; with fewer channels than the images
    these fall into groups.
    """
    form = layout(2, data_format)
    return _convolved(input, filters, form, strides, padding, dilations, "conv2d")


@operation
def conv3d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NDHWC",
    dilations: Any = None,
    name: Any = None,
) -> Any:
    """Sums over windows of volumes ``(batch, depth, height, width, channels)``.

    `filters` have shape ``(depth, height, width, channels, outputs)``.
    """
    form = layout(3, data_format)
    return _convolved(input, filters, form, strides, padding, dilations, "conv3d")


@operation
def convolution(
    input: Any,
    filters: Any,
    strides: Any = None,
    padding: Any = "VALID",
    data_format: Any = None,
    dilations: Any = None,
    name: Any = None,
) -> Any:
    """`conv1d`, `conv2d` or `conv3d`, by the rank of `filters`."""
    x, kernel = together(input, filters)
    form = layout(kernel.ndim - 2, data_format)
    return _convolved(x, kernel, form, strides, padding, dilations, "convolution")


@operation
def atrous_conv2d(value: Any, filters: Any, rate: Any, padding: Any, name: Any = None) -> Any:
    """`conv2d` with windows whose entries are `rate` apart."""
    return _convolved(value, filters, layout(2, None), 1, padding, rate, "atrous_conv2d")


def _depthwise(
    x: Any, kernel: Any, form: Layout, strides: Any, padding: Any, dilations: Any, name: str
) -> Any:
    x, kernel = _operands(x, kernel, 2, name)
    height, width, channels, times = kernel._value.shape
    if channels != form.outer(x._value.shape)[1]:
        raise invalid(
            f"Give tf.nn.{name} filters of {form.outer(x._value.shape)[1]} channels, as the input: "
            f"got {channels}."
        )
    kernel = apply(np.reshape, (kernel, (height, width, 1, channels * times)))
    return _convolved(x, kernel, form, strides, padding, dilations, name)


@operation
def depthwise_conv2d(
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    data_format: Any = None,
    dilations: Any = None,
    name: Any = None,
) -> Any:
    """Convolutions of each channel with kernels of its own.

    `filter` has shape ``(height, width, channels, times)``; output ``c * times + k`` is channel
    ``c`` with kernel ``k``.
    """
    form = layout(2, data_format)
    return _depthwise(input, filter, form, strides, padding, dilations, "depthwise_conv2d")


@operation
def separable_conv2d(
    input: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    strides: Any,
    padding: Any,
    data_format: Any = None,
    dilations: Any = None,
    name: Any = None,
) -> Any:
    """`depthwise_conv2d`, and then `conv2d` with a kernel of one pixel, which mixes channels."""
    form, (depthwise, pointwise) = (
        layout(2, data_format),
        together(depthwise_filter, pointwise_filter),
    )
    if pointwise._value.shape[:2] != (1, 1):
        raise invalid(
            f"Give pointwise_filter shape (1, 1, channels, outputs): got {pointwise._value.shape}."
        )
    middle = _depthwise(input, depthwise, form, strides, padding, dilations, "separable_conv2d")
    return _convolved(middle, pointwise, form, 1, "VALID", 1, "separable_conv2d")


# -- transposes ---------------------------------------------------------------------------------


@operation
def conv1d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: Any = "NWC",
    dilations: Any = None,
    name: Any = None,
) -> Any:
    """The transpose of `conv1d`, to a given shape; filters ``(window, outputs, channels)``."""
    form = layout(1, data_format)
    return _transposed(
        input, filters, form, output_shape, strides, padding, dilations, "conv1d_transpose"
    )


@operation
def conv2d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: Any = "NHWC",
    dilations: Any = None,
    name: Any = None,
) -> Any:
    """The transpose of `conv2d`; filters ``(height, width, outputs, channels)``."""
    form = layout(2, data_format)
    return _transposed(
        input, filters, form, output_shape, strides, padding, dilations, "conv2d_transpose"
    )


@operation
def conv3d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: Any = "NDHWC",
    dilations: Any = None,
    name: Any = None,
) -> Any:
    """The transpose of `conv3d`; filters ``(depth, height, width, outputs, channels)``."""
    form = layout(3, data_format)
    return _transposed(
        input, filters, form, output_shape, strides, padding, dilations, "conv3d_transpose"
    )


@operation
def conv_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: Any = None,
    dilations: Any = None,
    name: Any = None,
) -> Any:
    """`conv1d_transpose`, `conv2d_transpose` or `conv3d_transpose`, by the rank of `filters`."""
    form = layout(tensor(filters).ndim - 2, data_format)
    return _transposed(
        input, filters, form, output_shape, strides, padding, dilations, "conv_transpose"
    )


@operation
def atrous_conv2d_transpose(
    value: Any, filters: Any, output_shape: Any, rate: Any, padding: Any, name: Any = None
) -> Any:
    """The transpose of `atrous_conv2d`; filters ``(height, width, outputs, channels)``."""
    form = layout(2, None)
    return _transposed(
        value, filters, form, output_shape, 1, padding, rate, "atrous_conv2d_transpose"
    )
