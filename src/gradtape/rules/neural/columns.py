"""Convolutions as products of matrices: the three maps of plain arrays.

The windows are gathered as the rows of a matrix, so that BLAS does the sums (K. Chellapilla,
S. Puri, P. Simard, "High performance convolutional neural networks for document processing", 2006).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from gradtape.rules.neural.windows import Windows

GATHERED = 1 << 18
"""How many entries of windows are gathered at a time: they should stay in the cache."""

ADDED = 1 << 21
"""How many are added at a time: more, for they are added in many small steps."""

NARROW = 4
"""Fewer channels than this are copied one by one, in long runs along the other axes."""

# -- matrices of windows ------------------------------------------------------------------------


def _grouped(a: Any, rows: int, groups: int) -> Any:
    """Entries with channels last as a matrix for each group of channels, without a copy."""
    return a.reshape(rows, groups, a.shape[-1] // groups).transpose(1, 0, 2)


def _padded(x: Any, windows: Windows, dtype: Any) -> Any:
    if windows.padded == windows.lengths:
        return np.ascontiguousarray(x, dtype)
    full = np.zeros((x.shape[0], *windows.padded, x.shape[-1]), dtype)
    full[windows.inner] = x
    return full


def _windows_of(x: Any, windows: Windows, groups: int) -> Any:
    """A view of the padded `x`: (batch, windows, entries of a window, groups, channels)."""
    first, *steps, last = x.strides
    channels = x.shape[-1] // groups
    return np.ndarray(
        (x.shape[0], *windows.counts, *windows.sizes, groups, channels),
        x.dtype,
        x,
        0,
        (
            first,
            *[step * stride for step, stride in zip(steps, windows.strides, strict=True)],
            *[step * dilation for step, dilation in zip(steps, windows.dilations, strict=True)],
            channels * last,
            last,
        ),
    )


def _blocks(batch: int, count: int, size: int, limit: int) -> Iterator[tuple[slice, slice]]:
    """Ranges of the batch and of `count` rows of windows, of `size` entries each."""
    rows = max(limit // max(size, 1), 1)
    if rows < count:
        for i in range(batch):
            for j in range(0, count, rows):
                yield slice(i, i + 1), slice(j, min(j + rows, count))
        return
    step = max(rows // max(count, 1), 1)
    for i in range(0, batch, step):
        yield slice(i, min(i + step, batch)), slice(0, count)


class _Buffer:
    """Memory for one block at a time: fresh pages would cost more than what is done with them."""

    def __init__(self, dtype: Any) -> None:
        self._memory: Any = np.empty(0, dtype)

    def shaped(self, *shape: int) -> Any:
        """An array of `shape`, which overwrites the last one."""
        size = math.prod(shape)
        if size > self._memory.size:
            self._memory = np.empty(size, self._memory.dtype)
        return self._memory[:size].reshape(shape)


def _columns(view: Any, rank: int, buffer: _Buffer) -> Any:
    """The windows of a block as a matrix for each group, one window in each row."""
    groups, channels = view.shape[-2:]
    outer, window = tuple(range(rank + 1)), tuple(range(rank + 1, 2 * rank + 1))
    size = math.prod(view.shape[rank + 1 : -2]) * channels
    count = math.prod(view.shape[: rank + 1])
    narrow = channels < NARROW
    order = (*window, 2 * rank + 2, *outer) if narrow else (*outer, *window, 2 * rank + 2)
    view = view.transpose(2 * rank + 1, *order)
    columns = buffer.shaped(*view.shape)
    np.copyto(columns, view)
    if narrow:
        return columns.reshape(groups, size, count).transpose(0, 2, 1)
    return columns.reshape(groups, count, size)


def _matrices(
    x: Any, windows: Windows, groups: int, dtype: Any
) -> Iterator[tuple[tuple[slice, slice], Any]]:
    """The blocks, each with its `_columns`, which the next ones overwrite."""
    view, buffer = _windows_of(_padded(x, windows, dtype), windows, groups), _Buffer(dtype)
    rank, counts = len(windows.sizes), windows.counts
    size = math.prod(counts[1:]) * math.prod(windows.sizes) * x.shape[-1]
    for block in _blocks(x.shape[0], counts[0], size, GATHERED):
        yield block, _columns(view[block], rank, buffer)


# -- the three maps -----------------------------------------------------------------------------


def outputs(x: Any, kernel: Any, windows: Windows, groups: int) -> Any:
    """The outputs, for inputs and a kernel."""
    dtype, outs = np.result_type(x, kernel), kernel.shape[-1]
    y = np.empty((x.shape[0], *windows.counts, outs), dtype)
    if not (y.size and kernel.size):
        y[...] = 0
        return y
    factor = _kernel_matrix(kernel, groups, dtype)
    for block, columns in _matrices(x, windows, groups, dtype):
        part = y[block]
        np.matmul(columns, factor, out=_grouped(part, part.size // outs, groups))
    return y


def inputs(g: Any, kernel: Any, windows: Windows, groups: int) -> Any:
    """The inputs, for outputs and a kernel: what each window has is added where it stood."""
    dtype, outs = np.result_type(g, kernel), kernel.shape[-1]
    channels = kernel.shape[-2]
    if _is_narrower_backwards(windows, channels, outs // groups):
        turned, swapped = _backwards(kernel, windows, groups)
        return outputs(g, swapped, turned, groups)
    x = np.zeros((g.shape[0], *windows.padded, channels * groups), dtype)
    if g.size and kernel.size:
        g = np.ascontiguousarray(g, dtype)
        factor = _kernel_matrix(kernel, groups, dtype)
        size = math.prod(windows.counts[1:]) * math.prod(windows.sizes) * channels * groups
        buffer = _Buffer(dtype)
        for block in _blocks(g.shape[0], windows.counts[0], size, ADDED):
            part = g[block]
            rows = _grouped(part, part.size // outs, groups)
            _add_windows(x, rows, factor, block, windows, buffer)
    return x if windows.padded == windows.lengths else x[windows.inner]


def kernels(x: Any, g: Any, windows: Windows, groups: int) -> Any:
    """The kernel, for inputs and outputs."""
    dtype, outs = np.result_type(x, g), g.shape[-1]
    size = math.prod(windows.sizes) * (x.shape[-1] // groups)
    total = np.zeros((groups, size, outs // groups), dtype)
    if x.size and g.size:
        g = np.ascontiguousarray(g, dtype)
        for block, columns in _matrices(x, windows, groups, dtype):
            part = g[block]
            total += columns.transpose(0, 2, 1) @ _grouped(part, part.size // outs, groups)
    shape = (*windows.sizes, x.shape[-1] // groups, outs)
    return total.transpose(1, 0, 2).reshape(shape)


def _kernel_matrix(kernel: Any, groups: int, dtype: Any) -> Any:
    kernel = np.ascontiguousarray(kernel, dtype)
    return _grouped(kernel, kernel.size // kernel.shape[-1], groups)


def _add_windows(
    x: Any, rows: Any, factor: Any, block: Any, windows: Windows, buffer: _Buffer
) -> None:
    """Add ``rows @ factor.T``, the entries of the windows of `block`, to the padded `x`."""
    examples, first = block
    groups, size, _ = factor.shape
    channels = size // math.prod(windows.sizes)
    counts = (first.stop - first.start, *windows.counts[1:])
    outer = (examples.stop - examples.start, *counts)
    starts = (first.start * windows.strides[0], *(0,) * (len(counts) - 1))
    narrow = channels < NARROW
    if narrow:
        parts = buffer.shaped(groups, size, rows.shape[1])
        np.matmul(factor, rows.transpose(0, 2, 1), out=parts)
        parts = parts.reshape(groups, *windows.sizes, channels, *outer)
    else:
        parts = buffer.shaped(groups, rows.shape[1], size)
        np.matmul(rows, factor.transpose(0, 2, 1), out=parts)
        parts = parts.reshape(groups, *outer, *windows.sizes, channels)
    for tap in np.ndindex(windows.sizes):
        where: list[Any] = [examples]
        steps = zip(tap, windows.dilations, windows.strides, counts, starts, strict=True)
        for k, dilation, stride, count, start in steps:
            start += k * dilation
            where.append(slice(start, start + (count - 1) * stride + 1, stride))
        target = x[tuple(where)]
        for group in range(groups):
            at = group * channels
            if not narrow:
                target[..., at : at + channels] += parts[(group, ..., *tap, slice(None))]
                continue
            for channel in range(channels):
                target[..., at + channel] += parts[(group, *tap, channel)]


def _is_narrower_backwards(windows: Windows, channels: int, outs: int) -> bool:
    """Whether windows on the outputs are quicker to gather than those on the inputs to add."""
    return (
        channels >= NARROW
        and outs <= 2 * channels
        and set(windows.strides) == {1}
        and 0 not in windows.counts
        and all([max(p) < n for p, n in zip(windows.pads, windows.spans, strict=True)])
    )


def _backwards(kernel: Any, windows: Windows, groups: int) -> tuple[Windows, Any]:
    """Windows on outputs, and a kernel, whose `outputs` are the `inputs` of stride 1."""
    pads = [
        (span - 1 - low, span - 1 - high)
        for span, (low, high) in zip(windows.spans, windows.pads, strict=True)
    ]
    turned = replace(windows, lengths=windows.counts, pads=tuple(pads))
    *sizes, channels, outs = kernel.shape
    kernel = kernel[(slice(None, None, -1),) * len(sizes)]
    kernel = kernel.reshape(*sizes, channels, groups, outs // groups).swapaxes(-3, -1)
    return turned, kernel.reshape(*sizes, outs // groups, groups * channels)
