"""Running sums, products and extremes."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.compiler.loops.nodes import Node, Scan
from gradtape.compiler.lowering.builder import LOWERINGS, Builder, Lowering, has_refs, lowers
from gradtape.compiler.scalar.code import OPS


def scanned(build: Builder, op: str, node: Node, axis: int) -> Any:
    """``op`` accumulated along an axis."""
    if node.dtype.kind not in OPS[op].kinds:
        return NotImplemented
    axis %= len(node.shape)
    if node.shape[axis] <= 1:
        return node
    return build.lowered.add(Scan(op, node, axis))


def _cumulative(op: str) -> Lowering:
    def lowering(
        build: Builder, a: Any, axis: Any = None, dtype: Any = None, out: Any = None
    ) -> Any:
        if out is not None or has_refs(axis, dtype):
            return NotImplemented
        node = build.node(a)
        if axis is None or not node.shape:
            node, axis = build.reshape(node, (node.size,)), 0
        return scanned(build, op, build.cast(node, build.spec.dtype), axis)

    return lowering


LOWERINGS[np.cumsum], LOWERINGS[np.cumprod] = _cumulative("add"), _cumulative("multiply")


@lowers("accumulate")
def _accumulate(
    build: Builder, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None
) -> Any:
    ufunc: Any = build.call.function
    name = ufunc.__self__.__name__
    node = build.node(array)
    if out is not None or has_refs(axis, dtype) or name not in OPS or OPS[name].special:
        return NotImplemented
    if build.spec.dtype != node.dtype and name not in ("add", "multiply"):
        return NotImplemented
    return scanned(build, name, build.cast(node, build.spec.dtype), axis)
