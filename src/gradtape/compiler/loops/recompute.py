"""Values that are cheaper to compute again, or later, than to keep in memory between two loops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradtape.compiler.loops.nodes import (
    Cluster,
    Map,
    Node,
    Region,
    Scan,
    access,
    is_number,
    nodes_of,
)

CHEAP = frozenset(
    {"absolute", "add", "cast", "copy", "maximum", "minimum", "multiply", "negative", "square"}
    | {"subtract", "where", "isfinite", "isinf", "isnan", "bitwise_and", "bitwise_or", "invert"}
    | {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"}
    | {"logical_and", "logical_or", "logical_not", "logical_xor"}
)
"""Operations that cost no more than the memory that they save, though they are done twice."""

MOST = 16
"""Operations that are done again for one value."""


def recomputed(schedule: Sequence[Any], kept: set[Node]) -> list[Any]:
    """The schedule, in which loops compute what they need where that saves memory accesses.

    A value that one loop nest computes and another of the same shape reads costs two accesses. It
    costs none, or one, where the second computes it from what it reads anyway. Then the first nest
    need not compute it, unless it uses it itself: in that case only cheap operations are repeated.
    """
    work = _Work(schedule, kept)
    for item in reversed(schedule):
        if isinstance(item, Cluster) and not any(_is_ordered(node) for node in item.nodes):
            work.fill(item)
    return _live(schedule, kept)


def _is_ordered(node: Node) -> bool:
    return isinstance(node, (Region, Scan)) or not node.operands


class _Work:
    def __init__(self, schedule: Sequence[Any], kept: set[Node]) -> None:
        self.kept = kept
        self.place: dict[Node, Any] = {}
        self.readers: dict[Node, set[Node]] = {}
        for item in schedule:
            for node in nodes_of(item):
                self.place[node] = item
                self._note(node)

    def _note(self, node: Node) -> None:
        for operand in node.operands:
            self.readers.setdefault(access(operand)[0], set()).add(node)

    def fill(self, target: Cluster) -> None:
        """Let `target` compute what it can."""
        for value in dict.fromkeys(o for node in target.nodes for o in node.operands):
            recipe = self._recipe(value, target)
            if recipe:
                self._copy(recipe, target)

    def _recipe(self, value: Node, target: Cluster) -> list[Node] | None:
        """What `target` has to compute for `value`, in order; None if that does not pay."""
        inside: dict[Node, None] = {}
        if not self._is_movable(value, inside, target):
            return None
        held = {access(o)[0] for node in target.nodes for o in node.operands}
        pending, leaves = [value], set()
        while pending:
            node = pending.pop()
            inside.pop(node, None)  # it comes earlier
            inside[node] = None
            for operand in node.operands:
                base = access(operand)[0]
                if base is operand and self._is_movable(base, inside, target):
                    pending.append(base)
                elif not (is_number(operand) or base in held or 4 * base.size <= value.size):
                    leaves.add(base)
            if len(inside) > MOST or len(leaves) > 1:
                return None
        return list(inside)[::-1]

    def _is_movable(self, node: Any, inside: dict[Node, None], target: Cluster) -> bool:
        """Whether `target` may compute a node that another nest of its shape computes now."""
        home = self.place.get(node)
        if node.__class__ is not Map or home is target or node.shape != target.shape:
            return False
        if node.op in CHEAP:
            return True
        others = self.readers.get(node, set()) - inside.keys()
        return node not in self.kept and all(self.place[other] is target for other in others)

    def _copy(self, recipe: Sequence[Any], target: Cluster) -> None:
        copies: dict[Node, Node] = {}
        for node in recipe:
            copies[node] = Map(node.op, [copies.get(o, o) for o in node.operands], node.dtype)
        for node in target.nodes:
            node.operands = tuple([copies.get(o, o) for o in node.operands])
            self._note(node)
        target.nodes[:0] = copies.values()
        for old, new in copies.items():
            self.place[new] = target
            self.readers[old] -= set(target.nodes)
            self._note(new)


def _live(schedule: Sequence[Any], kept: set[Node]) -> list[Any]:
    """The schedule without nodes that nothing reads any more."""
    live = set(kept)
    result: list[Any] = []
    for item in reversed(schedule):
        if isinstance(item, Cluster):
            nodes = []
            for node in reversed(item.nodes):
                if node in live or node.__class__ is not Map:
                    nodes.append(node)
                    live.update(access(o)[0] for o in node.operands)
            item.nodes[:] = nodes[::-1]
            if not nodes:
                continue
        else:
            live.update(access(o)[0] for o in item.operands)
        result.append(item)
    return result[::-1]
