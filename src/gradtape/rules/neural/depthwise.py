"""Convolutions in which each channel has kernels of its own: the three maps of plain arrays.

Products of matrices with a single column are no use here. Each entry of the window multiplies all
windows at once instead, for a few examples at a time, which stay in the cache.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradtape.rules.neural.windows import Windows

BLOCK = 1 << 15
"""How many entries are multiplied at a time."""


def _ranges(a: Any) -> Iterator[slice]:
    """Examples of `a`, a few at a time."""
    step = max(BLOCK // max(math.prod(a.shape[1:]), 1), 1)
    return (slice(i, i + step) for i in range(0, a.shape[0], step))


def _repeated(x: Any, channels: int) -> Any:
    """`x` with each channel as often as there are outputs of it."""
    return x if x.shape[-1] == channels else np.repeat(x, channels // x.shape[-1], -1)


def _factors(kernel: Any, windows: Windows) -> Any:
    """For each entry of the window a row of its factors, as long as the last axis of windows.

    So NumPy multiplies row by row, and not one window's channels at a time.
    """
    rows = kernel.reshape(-1, 1, kernel.shape[-1])
    return np.repeat(rows, max(windows.counts[-1], 1), axis=1)


def outputs(x: Any, kernel: Any, windows: Windows, groups: int) -> Any:
    """The outputs, for inputs and a kernel."""
    x = _repeated(x, kernel.shape[-1])
    y = np.zeros((x.shape[0], *windows.counts, x.shape[-1]), np.result_type(x, kernel))
    factors = _factors(kernel, windows)
    for part in _ranges(y):
        source, target = x[part], y[part]
        for number, outs, ins in windows.everywhere():
            target[outs] += source[ins] * factors[number, outs[-1]]
    return y


def inputs(g: Any, kernel: Any, windows: Windows, groups: int) -> Any:
    """The inputs, for outputs and a kernel."""
    x = np.zeros((g.shape[0], *windows.lengths, g.shape[-1]), np.result_type(g, kernel))
    factors = _factors(kernel, windows)
    for part in _ranges(g):
        source, target = g[part], x[part]
        for number, outs, ins in windows.everywhere():
            target[ins] += source[outs] * factors[number, outs[-1]]
    times = g.shape[-1] // groups
    return x if times == 1 else x.reshape(*x.shape[:-1], groups, times).sum(-1)


def kernels(x: Any, g: Any, windows: Windows, groups: int) -> Any:
    """The kernel, for inputs and outputs."""
    x = _repeated(x, g.shape[-1])
    total = np.zeros((math.prod(windows.sizes), g.shape[-1]), np.result_type(x, g))
    for part in _ranges(g):
        source, other = x[part], g[part]
        for number, outs, ins in windows.everywhere():
            product = source[ins] * other[outs]
            # By rows first, which are longer.
            total[number] += product.reshape(-1, *product.shape[-2:]).sum(0).sum(0)
    return total.reshape(*windows.sizes, 1, g.shape[-1])
