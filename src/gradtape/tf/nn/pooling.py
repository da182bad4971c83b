"""Pooling: the greatest entry, or the mean, of each window; dilations and erosions."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from gradtape.core.dispatch import apply
from gradtape.core.kinds import raw
from gradtape.rules.neural import pooling
from gradtape.rules.neural.windows import placed
from gradtape.tf.dtypes import int64, numpy_dtype
from gradtape.tf.errors import InvalidValueError, invalid, invalid_type
from gradtape.tf.nn.layouts import Layout, layout
from gradtape.tf.operation import operation
from gradtape.tf.policy import tensor, together

_KINDS = {pooling.max_pool: "fiu", pooling.avg_pool: "f"}


class MaxPoolWithArgmax(NamedTuple):
    """The greatest entries of windows, and where they are."""

    output: Any
    argmax: Any


def _input(value: Any, rank: int | None, name: str, kinds: str = "f") -> Any:
    """A Tensor with examples, `rank` axes and channels."""
    x = tensor(value)
    if x.ndim not in ((3, 4, 5) if rank is None else (rank + 2,)):
        wanted = "3, 4 or 5" if rank is None else rank + 2
        raise invalid(f"Give tf.nn.{name} an input of rank {wanted}: got rank {x.ndim}.")
    if x._value.dtype.kind not in kinds:
        raise invalid_type(f"Cast the input with tf.cast: tf.nn.{name} got dtype {x.dtype}.")
    return x


def _pooled(
    function: Any,
    x: Any,
    form: Layout,
    ksize: Any,
    strides: Any,
    padding: Any,
    dilations: Any = None,
) -> Any:
    y = function(
        form.last(x),
        form.each(ksize, "ksize"),
        form.each(strides, "strides"),
        form.padding(padding),
        form.each(dilations, "dilations"),
    )
    return form.back(y)


def _pool_of(function: Any, name: str, rank: int | None, default: str | None, doc: str) -> Any:
    """The operation `name`: windows over `rank` axes, or by the rank of its input."""

    def compute(
        input: Any,
        ksize: Any,
        strides: Any,
        padding: Any,
        data_format: Any = default,
        name: Any = None,
    ) -> Any:
        x = _input(input, rank, spelled, _KINDS[function])
        return _pooled(function, x, layout(x.ndim - 2, data_format), ksize, strides, padding)

    spelled = name
    compute.__name__ = compute.__qualname__ = name
    compute.__doc__ = doc
    return operation(compute)


_GREATEST = "The greatest entry of each window; its first one gets the gradient. "
_AVERAGE = "The mean of each window, of its entries outside the padding. "

max_pool = _pool_of(pooling.max_pool, "max_pool", None, None, _GREATEST)
max_pool1d = _pool_of(pooling.max_pool, "max_pool1d", 1, "NWC", _GREATEST)
max_pool2d = _pool_of(pooling.max_pool, "max_pool2d", 2, "NHWC", _GREATEST)
max_pool3d = _pool_of(pooling.max_pool, "max_pool3d", 3, "NDHWC", _GREATEST)
avg_pool = _pool_of(pooling.avg_pool, "avg_pool", None, None, _AVERAGE)
avg_pool1d = _pool_of(pooling.avg_pool, "avg_pool1d", 1, "NWC", _AVERAGE)
avg_pool2d = _pool_of(pooling.avg_pool, "avg_pool2d", 2, "NHWC", _AVERAGE)
avg_pool3d = _pool_of(pooling.avg_pool, "avg_pool3d", 3, "NDHWC", _AVERAGE)


@operation
def pool(
    input: Any,
    window_shape: Any,
    pooling_type: str,
    strides: Any = None,
    padding: Any = "VALID",
    data_format: Any = None,
    dilations: Any = None,
    name: Any = None,
) -> Any:
    """`max_pool` or `avg_pool`, with "MAX" or "AVG", of windows whose entries may be apart.

    Raises
    ------
    ValueError
        For another `pooling_type`.
    """
    if pooling_type not in ("MAX", "AVG"):
        raise InvalidValueError(f"Give pooling_type 'MAX' or 'AVG': got {pooling_type!r}.")
    function = pooling.max_pool if pooling_type == "MAX" else pooling.avg_pool
    x = _input(input, None, "pool", _KINDS[function])
    form = layout(x.ndim - 2, data_format)
    return _pooled(function, x, form, window_shape, strides, padding, dilations)


@operation
def max_pool_with_argmax(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NHWC",
    output_dtype: Any = int64,
    include_batch_in_index: bool = False,
    name: Any = None,
) -> Any:
    """`max_pool2d`, and the position of each greatest entry.

    That is ``(row * width + column) * channels + channel`` in its example, or with
    `include_batch_in_index` in all of them.
    """
    x, form = _input(input, 2, "max_pool_with_argmax", "fiu"), layout(2, data_format)
    if form.first:
        raise InvalidValueError("Give tf.nn.max_pool_with_argmax data_format='NHWC'.")
    values = _pooled(pooling.max_pool, x, form, ksize, strides, padding)
    shape = x._value.shape
    count = math.prod(shape[1:])
    # The positions, pooled by the same choices.
    places = np.broadcast_to(np.arange(count).reshape(1, *shape[1:]), shape)
    if include_batch_in_index:
        places = places + np.arange(shape[0]).reshape(-1, 1, 1, 1) * count
    windows = placed(
        shape[1:-1],
        form.each(ksize, "ksize"),
        form.each(strides, "strides"),
        form.padding(padding),
        1,
    )
    chosen = pooling._winners(raw(x), windows=windows)
    found = pooling.picked(places, chosen, windows=windows)
    return MaxPoolWithArgmax(values, found.astype(numpy_dtype(output_dtype)))


# -- grayscale morphology -----------------------------------------------------------------------


def _taps(x: Any, kernel: Any, strides: Any, padding: Any, dilations: Any, name: str) -> Any:
    """For each entry of the window what it is on, plus the kernel there, along a new first axis."""
    x, kernel = together(_input(x, 2, name), kernel)
    if kernel.ndim != 3 or kernel._value.shape[-1] != x._value.shape[-1]:
        raise invalid(
            f"Give tf.nn.{name} filters of shape (height, width, {x._value.shape[-1]}): got "
            f"{kernel._value.shape}."
        )
    form, sizes = layout(2, "NHWC"), kernel._value.shape[:2]
    windows = placed(
        x._value.shape[1:3],
        sizes,
        form.each(strides, "strides"),
        form.padding(padding),
        form.each(dilations, "dilations"),
    )
    least = -np.inf
    full = apply(
        np.pad, (x, ((0, 0), *windows.pads, (0, 0))), {"constant_values": x.dtype.type(least)}
    )
    parts = []
    for i in range(sizes[0]):
        for j in range(sizes[1]):
            index = [
                slice(k * d, k * d + (n - 1) * s + 1, s)
                for k, d, n, s in zip(
                    (i, j), windows.dilations, windows.counts, windows.strides, strict=True
                )
            ]
            parts.append(full[(slice(None), *index)] + kernel[i, j])
    return np.stack(parts)


def _dilated(x: Any, kernel: Any, *rest: Any) -> Any:
    parts = _taps(x, kernel, *rest)
    first = np.argmax(raw(parts), axis=0)[None]
    return np.take_along_axis(parts, first, 0)[0]


def _check_format(data_format: Any) -> None:
    if data_format != "NHWC":
        raise InvalidValueError(f"Give data_format='NHWC': got {data_format!r}.")


@operation
def dilation2d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    dilations: Any,
    name: Any = None,
) -> Any:
    """The greatest of ``input + filters`` in each window of each channel.

    The first of the greatest entries gets the gradient.
    """
    _check_format(data_format)
    return _dilated(input, filters, strides, padding, dilations, "dilation2d")


@operation
def erosion2d(
    value: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    dilations: Any,
    name: Any = None,
) -> Any:
    """The least of ``value - filters``, with the filters reversed, in each window of each channel.

    It is ``-dilation2d(-value, reversed filters)``.
    """
    _check_format(data_format)
    x, kernel = together(value, filters)
    flipped = kernel[::-1, ::-1]
    return -_dilated(-x, flipped, strides, padding, dilations, "erosion2d")
