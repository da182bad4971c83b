"""Native code that reads and writes at computed positions, and that runs along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.compiler.loops.nodes import Gather, Node, Scan, Scatter, access
from gradtape.compiler.scalar.code import OPS, TYPES


def _positions(body: Any, node: Node) -> tuple[str, bool]:
    """Positions at the present index, and whether they differ between lanes."""
    value = body._operand(node)
    number = body.kernel._slot.get(access(node))
    if number in body.loaded and node not in body.values:
        return body.loaded[number]  # type: ignore[no-any-return]
    return value, body.lanes > 1


def _moved(body: Any, dtype: Any, place: str, by: str) -> str:
    memory = "i8" if dtype.kind == "b" else TYPES[dtype.name]
    return str(body.plain.new(f"getelementptr {memory}, ptr {place}, i64 {by}"))


def _lane(body: Any, place: str, dtype: Any, positions: str, lane: int, inner: int) -> str:
    """The address that one lane reads or writes."""
    code = body.plain
    by = code.new(f"extractelement <{body.lanes} x i64> {positions}, i32 {lane}")
    if inner and lane:
        by = code.new(f"add nsw i64 {by}, {lane * inner}")
    return _moved(body, dtype, place, by)


def gather(body: Any, node: Gather) -> str:
    """The entries at computed positions."""
    view, where = node.operands
    place, inner = body._where(body.kernel._slot[access(view)])
    positions, wide = _positions(body, where)
    if not wide:
        moved = _moved(body, node.dtype, place, positions)
        value, is_vector = body._loaded(node.dtype, moved, inner)
        return str(value if is_vector or body.lanes == 1 else body._spread(value, node.dtype))
    result, code = "zeroinitializer", body.plain
    kind, scalar = body.vector.type(node.dtype), TYPES[node.dtype.name]
    for lane in range(body.count):
        at = _lane(body, place, node.dtype, positions, lane, inner)
        one = body._load(node.dtype, at, code)
        result = code.new(f"insertelement {kind} {result}, {scalar} {one}, i32 {lane}")
    return result


def scatter(body: Any, node: Scatter) -> None:
    """Write, or add, entries at computed positions: lane by lane, for two may be the same."""
    kernel, code = body.kernel, body.plain
    number = len(kernel._accesses) + 1 + len(kernel.reductions) + kernel.regions.index(node)
    steps = [axis.steps[number] for axis in body.axes]
    place = body._place(node, body._offset(steps, len(body.axes), node.offset))
    inner = steps[-1] if steps else 1
    value = body._operand(node.operands[1])
    positions, wide = _positions(body, node.operands[2])
    if not wide and (body.lanes == 1 or inner == 1):
        at = _moved(body, node.dtype, place, positions)
        _put(body, node, at, value, body.vector)
        return
    if not wide:
        positions = body._spread(positions, np.dtype(np.int64))
    kind = body.vector.type(node.dtype)
    for lane in range(body.count):
        at = _lane(body, place, node.dtype, positions, lane, inner)
        one = code.new(f"extractelement {kind} {value}, i32 {lane}")
        _put(body, node, at, one, code)


def _put(body: Any, node: Scatter, at: str, value: str, code: Any) -> None:
    if node.adds:
        old = body._load(node.dtype, at, code)
        value = OPS["add"].emit(code, [old, value], node.dtype, node.dtype)
    body._store(node.dtype, value, at, code)


def scan(body: Any, node: Scan, value: str) -> str:
    """An entry of a running sum: the one before it is in memory already."""
    kernel, code, vector = body.kernel, body.plain, body.vector
    number = len(kernel.reductions) + kernel.scans.index(node)
    along = next(k for k, axis in enumerate(body.axes) if not axis.kept[number])
    own = [axis.steps[len(kernel._accesses)] for axis in body.axes]
    place = body._place(node, body._offset(own, len(body.axes)))
    first = code.new(f"icmp eq i64 {body.indices[along]}, 0")
    back = code.new(f"select i1 {first}, i64 0, i64 {-own[along]}")
    old = body._load(node.dtype, _moved(body, node.dtype, place, back), vector)
    total = OPS[node.op].emit(vector, [old, value], node.dtype, node.dtype)
    kind = vector.type(node.dtype)
    return str(code.new(f"select i1 {first}, {kind} {value}, {kind} {total}"))
