"""Sums of segments, and the rows that they came from."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.compiler.loops.nodes import Gather, Node, View, broadcast, contiguous
from gradtape.compiler.lowering.builder import Builder, has_refs, lowers
from gradtape.compiler.lowering.positions import checked, put, solid
from gradtape.rules.segments import added, entries

_INT = np.dtype(np.int64)
_TRUTH = np.dtype(bool)


def _rows(build: Builder, ids: Node, base: Node) -> tuple[View, Node]:
    """The rows of `base` that `ids` names, negative ones as the first."""
    rest = base.shape[1:]
    strides = contiguous(base.shape)
    clipped = checked(build, ids, base.shape[0], "clip")
    positions = build.map("multiply", clipped, build.node(strides[0], _INT), dtype=_INT)
    shape = (*ids.shape, *rest)
    steps = [*[0] * len(ids.shape), *strides[1:]]
    return View(base, shape, steps), _columns(build, positions, shape)


def _columns(build: Builder, node: Node, shape: tuple[int, ...]) -> Node:
    """What belongs to rows, at each of their entries."""
    return broadcast(
        build.reshape(node, (*node.shape, *[1] * (len(shape) - len(node.shape)))), shape
    )


def _negative(build: Builder, ids: Node, shape: tuple[int, ...]) -> Node:
    below = build.map("less", ids, build.node(0, ids.dtype), dtype=_TRUTH)
    return _columns(build, below, shape)


@lowers(added)
def _added(build: Builder, data: Any, ids: Any, *, count: int) -> Any:
    kind = build.spec.dtype
    value, rows = build.node(data, kind), build.node(ids, _INT)
    if has_refs(count) or not count or kind.kind not in "fi" or not value.size:
        return NotImplemented
    outside = build.map("greater_equal", rows, build.node(count, _INT), dtype=_TRUTH)
    build.lowered.checks.append((build.reduce("or", outside, None, False), build.call))
    base = build.copied(build.full(0, build.spec.shape, kind))
    nothing = build.node(-0.0 if kind.kind == "f" else 0, kind)
    negative = _negative(build, rows, value.shape)
    value = build.map("where", negative, nothing, value, dtype=kind)
    return put(build, base, _rows(build, rows, base), value, True)


@lowers(entries)
def _entries(build: Builder, y: Any, ids: Any) -> Any:
    kind = build.spec.dtype
    base, rows = build.node(y, kind), build.node(ids, _INT)
    if not base.size:
        return NotImplemented
    base = build.copied(base) if isinstance(base, View) else solid(build, base)
    found = build.lowered.add(Gather(*_rows(build, rows, base)))
    negative = _negative(build, rows, found.shape)
    return build.map("where", negative, build.node(0, kind), found, dtype=kind)
