"""Functions that only read entries elsewhere: they become views."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.compiler.loops.nodes import Node, access, broadcast, transposed, viewed
from gradtape.compiler.lowering.builder import Builder, axis_numbers, has_refs, lowers


@lowers(np.broadcast_to)
def _broadcast_to(build: Builder, array: Any, shape: Any, subok: bool = False) -> Any:
    return broadcast(build.node(array), build.spec.shape)


@lowers(np.reshape, np.squeeze, np.expand_dims, np.ravel)
def _reshape(build: Builder, a: Any, *args: Any, **kwargs: Any) -> Any:
    order = kwargs.get(
        "order", args[1] if len(args) > 1 and build.call.function is np.reshape else "C"
    )
    if order not in ("C", "A", "K") or has_refs(args, kwargs):
        return NotImplemented
    return build.reshape(build.node(a), build.spec.shape)


@lowers(np.transpose)
def _transpose(build: Builder, a: Any, axes: Any = None) -> Any:
    node = build.node(a)
    rank = len(node.shape)
    return transposed(node, list(range(rank)[::-1]) if axes is None else axis_numbers(axes, rank))


@lowers(np.swapaxes)
def _swapaxes(build: Builder, a: Any, axis1: int, axis2: int) -> Any:
    node = build.node(a)
    order = list(range(len(node.shape)))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transposed(node, order)


@lowers(np.moveaxis)
def _moveaxis(build: Builder, a: Any, source: Any, destination: Any) -> Any:
    node = build.node(a)
    rank = len(node.shape)
    sources, targets = axis_numbers(source, rank), axis_numbers(destination, rank)
    rest = [axis for axis in range(rank) if axis not in sources]
    for target, axis in sorted(zip(targets, sources, strict=True)):
        rest.insert(target, axis)
    return transposed(node, rest)


@lowers(np.flip)
def _flip(build: Builder, m: Any, axis: Any = None) -> Any:
    node = build.node(m)
    rank = len(node.shape)
    index = [slice(None)] * rank
    for a in axis_numbers(axis, rank):
        index[a] = slice(None, None, -1)
    return indexed(node, tuple(index))


@lowers(operator.getitem)
def _getitem(build: Builder, a: Any, index: Any) -> Any:
    parts = index if isinstance(index, tuple) else (index,)
    if not all(is_basic(part) for part in parts) or has_refs(index):
        from gradtape.compiler.lowering.positions import gathered

        return gathered(build, build.node(a), index)
    return indexed(build.node(a), parts)


def is_basic(part: Any) -> bool:
    """Whether an index makes a view."""
    if isinstance(part, (bool, np.bool_)):
        return False
    return part is None or part is Ellipsis or isinstance(part, (int, np.integer, slice))


def indexed(node: Node, index: Sequence[Any]) -> Node:
    """The view that a basic index makes."""
    _, strides, offset = access(node)
    rank = len(node.shape)
    given = sum(part is not None and part is not Ellipsis for part in index)
    parts: list[Any] = []
    for part in index:
        parts.extend([slice(None)] * (rank - given) if part is Ellipsis else [part])
    if Ellipsis not in [p for p in index if not isinstance(p, np.ndarray)]:
        parts.extend([slice(None)] * (rank - given))
    shape, steps, axis = [], [], iter(range(rank))
    for part in parts:
        if part is None:
            shape.append(1)
            steps.append(0)
            continue
        a = next(axis)
        if isinstance(part, slice):
            start, stop, step = part.indices(node.shape[a])
            length = len(range(start, stop, step))
            shape.append(length)
            steps.append(strides[a] * step)
            offset += start * strides[a] if length else 0
        else:
            offset += (int(part) % node.shape[a]) * strides[a]
    return viewed(node, shape, steps, offset)
