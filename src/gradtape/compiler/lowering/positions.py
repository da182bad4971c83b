"""Reading and writing at positions that are computed: indexing with arrays of integers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.compiler.loops.nodes import Gather, Node, Scatter, View, access, broadcast
from gradtape.compiler.lowering.builder import Builder, has_refs, lowers
from gradtape.compiler.lowering.shapes import is_basic
from gradtape.compiler.program import Ref

_INT = np.dtype(np.int64)
_TRUTH = np.dtype(bool)


def checked(build: Builder, index: Any, length: int, mode: str = "raise") -> Node:
    """Positions from 0 to ``length - 1``; the call fails where an index is outside of the axis."""
    if not _is_dynamic(build, index):
        array = np.asarray(index).astype(np.int64)
        inside = {"clip": lambda: np.clip(array, 0, length - 1), "raise": lambda: array % length}
        return build.node(inside.get(mode, inside["raise"])(), _INT)
    node = build.node(index, _INT)
    last, zero = build.node(length - 1, _INT), build.node(0, _INT)
    if mode == "raise":
        below = build.map("less", node, zero, dtype=_TRUTH)
        turned = build.map("add", node, build.node(length, _INT), dtype=_INT)
        node = build.map("where", below, turned, node, dtype=_INT)
        low = build.map("less", node, zero, dtype=_TRUTH)
        high = build.map("greater", node, last, dtype=_TRUTH)
        outside = build.map("logical_or", low, high, dtype=_TRUTH)
        build.lowered.checks.append((build.reduce("or", outside, None, False), build.call))
    node = build.map("maximum", node, zero, dtype=_INT)
    return build.map("minimum", node, last, dtype=_INT)


def _is_dynamic(build: Builder, index: Any) -> bool:
    return isinstance(index, Node) or index.__class__ is Ref


def _expanded(build: Builder, index: Any, shape: Sequence[int]) -> list[Any] | None:
    """An index with a part for each axis; None if native code cannot follow it."""
    parts: list[Any] = []
    for part in index if isinstance(index, tuple) else (index,):
        if isinstance(part, (list, bool, np.bool_)) or (isinstance(part, slice) and has_refs(part)):
            if has_refs(part):
                return None
            part = np.asarray(part) if not isinstance(part, slice) else part
        if isinstance(part, np.ndarray) and part.dtype == bool:
            if not part.ndim:
                return None
            parts.extend(part.nonzero())
        elif is_basic(part) or _kind_of(build, part) in ("i", "u"):
            parts.append(part)
        else:
            return None
    given = sum(part is not None and part is not Ellipsis for part in parts)
    missing = [slice(None)] * (len(shape) - given)
    where = next((k for k, part in enumerate(parts) if part is Ellipsis), len(parts))
    return [*parts[:where], *missing, *parts[where + 1 :]]


def _kind_of(build: Builder, part: Any) -> str:
    if isinstance(part, Node):
        return part.dtype.kind
    if part.__class__ is Ref:
        spec = build.lowered.program.specs[part.index]
        return spec.dtype.kind
    return part.dtype.kind if isinstance(part, (np.ndarray, np.generic)) else ""


def located(build: Builder, node: Node, index: Any) -> tuple[View, Node] | None:
    """What ``node[index]`` reads: a view, and how much further on each entry lies."""
    parts = _expanded(build, index, node.shape)
    if parts is None:
        return None
    base, strides, offset = access(node)
    axes: list[tuple[int, int]] = []  # length and stride of what slices leave
    advanced: list[tuple[Node, int]] = []
    spots: list[int] = []  # where among `axes` the arrays stand
    adjacent, last_was_array, axis = True, False, 0
    for part in parts:
        is_slice = part is None or isinstance(part, slice)
        if not is_slice:
            if advanced and not last_was_array:
                adjacent = False
            if not node.shape[axis]:
                return None
            where = part if isinstance(part, Node) else checked(build, part, node.shape[axis])
            advanced.append((where, strides[axis]))
            spots.append(len(axes))
        elif part is None:
            axes.append((1, 0))
        else:
            start, stop, step = part.indices(node.shape[axis])
            length = len(range(start, stop, step))
            axes.append((length, strides[axis] * step))
            offset += start * strides[axis] if length else 0
        last_was_array = not is_slice
        axis += part is not None
    positions = _added_up(build, advanced)
    spot = spots[0] if adjacent else 0
    inner = positions.shape
    before, after = axes[:spot], axes[spot:]
    shape = [*[n for n, _ in before], *inner, *[n for n, _ in after]]
    steps = [*[s for _, s in before], *[0] * len(inner), *[s for _, s in after]]
    positions = build.reshape(positions, (*inner, *[1] * len(after)))
    return View(base, shape, steps, offset), broadcast(positions, shape)


def _added_up(build: Builder, parts: Sequence[tuple[Node, int]]) -> Node:
    """How far from the first entry an entry lies: positions times strides."""
    total = None
    for node, stride in parts:
        term = build.map("multiply", node, build.node(stride, _INT), dtype=_INT)
        total = term if total is None else build.map("add", total, term, dtype=_INT)
    assert total is not None
    return total


def gathered(build: Builder, node: Node, index: Any) -> Any:
    """``node[index]`` with arrays in the index."""
    found = located(build, solid(build, node), index)
    return NotImplemented if found is None else build.lowered.add(Gather(*found))


def solid(build: Builder, node: Node) -> Node:
    """`node`, in memory even if it is one number."""
    return node if access(node)[0].shape else build.copied(node)


def scattered(build: Builder, base: Node, index: Any, value: Any, adds: bool) -> Any:
    """`base` with `value` written or added at an index with arrays."""
    mask = _mask(build, base, index)
    value = build.node(value, base.dtype)
    if mask is not None:
        if value.shape:
            return NotImplemented
        new = build.map("add", base, value, dtype=base.dtype) if adds else value
        return build.map("where", mask, new, base, dtype=base.dtype)
    if isinstance(base, View):
        base = build.copied(base)
    found = located(build, base, index)
    if found is None or len(value.shape) > len(found[0].shape):
        return NotImplemented
    return put(build, base, found, value, adds)


def put(build: Builder, base: Node, place: tuple[View, Node], value: Node, adds: bool) -> Node:
    """`base` with `value` at each place."""
    view, positions = place
    value = broadcast(value, view.shape)
    return build.lowered.add(Scatter(view, base, value, positions, adds))


def _mask(build: Builder, base: Node, index: Any) -> Node | None:
    """An index that is one array of truth values over all of `base`."""
    part = index[0] if isinstance(index, tuple) and len(index) == 1 else index
    if part.__class__ is not Ref or _kind_of(build, part) != "b":
        return None
    node = build.node(part)
    return node if node.shape == base.shape else None


# -- NumPy's functions --------------------------------------------------------------------------


@lowers(np.take)
def _take(
    build: Builder, a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise"
) -> Any:
    node = build.node(a)
    if out is not None or mode == "wrap" or has_refs(axis, mode):
        return NotImplemented
    if axis is None:
        node, axis = build.reshape(node, (node.size,)), 0
    axis %= len(node.shape)
    if not node.shape[axis]:
        return NotImplemented
    if mode == "clip":
        indices = checked(build, indices, node.shape[axis], mode)
    elif indices.__class__ is not Ref:
        indices = np.asarray(indices)
    return gathered(build, node, (*[slice(None)] * axis, indices))


def along(build: Builder, node: Node, indices: Any, axis: int) -> tuple[View, Node] | None:
    """Places where the index along one axis is given for each entry."""
    where = build.node(indices)
    if where.dtype.kind not in "iu" or not node.shape[axis]:
        return None
    rest = [n for a, n in enumerate(node.shape) if a != axis]
    others = [n for a, n in enumerate(where.shape) if a != axis]
    shape = list(np.broadcast_shapes(tuple(rest), tuple(others)))
    shape.insert(axis, where.shape[axis])
    base, strides, offset = access(node)
    steps = [0 if a == axis or n == 1 else strides[a] for a, n in enumerate(node.shape)]
    index = indices if indices.__class__ is Ref else np.asarray(indices)
    positions = _added_up(build, [(checked(build, index, node.shape[axis]), strides[axis])])
    return View(base, shape, steps, offset), broadcast(positions, shape)


@lowers(np.take_along_axis)
def _take_along_axis(build: Builder, arr: Any, indices: Any, axis: Any = -1) -> Any:
    node = build.node(arr)
    if axis is None:
        node, axis = build.reshape(node, (node.size,)), 0
    node = solid(build, node)
    if has_refs(axis) or len(build.node(indices).shape) != len(node.shape):
        return NotImplemented
    found = along(build, node, indices, axis % len(node.shape))
    return NotImplemented if found is None else build.lowered.add(Gather(*found))
