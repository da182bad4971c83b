"""Compiles one scalar operation as a loop over arrays, at a width of choice."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.compiler.loops.groups import Group
from gradtape.compiler.loops.nodes import Cluster, Map, Source
from gradtape.compiler.machine import emit
from gradtape.compiler.machine.emit import Kernel
from gradtape.compiler.machine.native import Module

_numbers = itertools.count()


def kernel(op: str, dtypes: Sequence[Any], out: Any, length: int, width: int) -> Kernel:
    """The loop ``result[i] = op(operands[i])``, vectors of `width` bytes; 0 for plain numbers."""
    sources = [Source((length,), np.dtype(dtype)) for dtype in dtypes]
    node = Map(op, sources, np.dtype(out))
    cluster = Cluster((length,))
    cluster.nodes.append(node)
    before = emit.VECTOR_BYTES
    emit.VECTOR_BYTES = width or max(np.dtype(d).itemsize for d in (*dtypes, out))
    try:
        made = Kernel(cluster, f"kernel{next(_numbers)}", {node})
    finally:
        emit.VECTOR_BYTES = before
    assert made.reads == sources
    return made


def module(kernels: Sequence[Kernel]) -> Module:
    """Machine code of kernels that run one by one."""
    return Module(kernels, [Group([made]) for made in kernels])


def runner(made: Kernel, module: Module, number: int = 0) -> Callable[..., Any]:
    """A function of arrays that runs a kernel."""

    def run(*arrays: Any) -> Any:
        arrays = tuple(map(np.ascontiguousarray, arrays))
        (node,) = made.writes
        result = np.empty(node.shape, node.dtype)
        cells = (ctypes.c_void_p * 8)(*[a.ctypes.data for a in (*arrays, result)])
        table = (ctypes.c_void_p * 8)(*[ctypes.addressof(cells) + 8 * k for k in range(8)])
        module.functions[number](ctypes.addressof(table), 0, len(result))
        return result

    return run


def compiled(
    op: str, dtypes: Sequence[Any], out: Any, length: int, width: int
) -> Callable[..., Any]:
    """`kernel`, ready to run."""
    made = kernel(op, dtypes, out, length, width)
    return runner(made, module([made]))
