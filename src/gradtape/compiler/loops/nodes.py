"""What a program becomes on the way to machine code: loop nests over arrays.

A `Node` is an array value. `Source` lies in memory before any loop runs; `Map`, `Reduce` and
`Region` are computed by loops; `View` reads another node's memory by strides; `Step` is left to
Python.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

Dtype = np.dtype[Any]


class Node:
    """An array of the program: `shape` and `dtype`, in C order where it lies in memory."""

    __slots__ = ("dtype", "operands", "shape")

    def __init__(self, shape: Sequence[int], dtype: Dtype, operands: Sequence[Node] = ()) -> None:
        self.shape = tuple(shape)
        self.dtype = dtype
        self.operands = tuple(operands)

    @property
    def size(self) -> int:
        """The number of entries."""
        return math.prod(self.shape)


class Source(Node):
    """What lies in memory already: an input, a constant, or a result of a step."""

    __slots__ = ("constant",)

    def __init__(self, shape: Sequence[int], dtype: Dtype, constant: Any = None) -> None:
        super().__init__(shape, dtype)
        self.constant = constant


class Map(Node):
    """``op`` of operands of the same shape, entry by entry."""

    __slots__ = ("op",)

    def __init__(self, op: str, operands: Sequence[Node], dtype: Dtype) -> None:
        super().__init__(operands[0].shape, dtype, operands)
        self.op = op


class Reduce(Node):
    """`op` over the `axes` of the operand, which the result lacks."""

    __slots__ = ("axes", "op")

    def __init__(self, op: str, operand: Node, axes: Sequence[int], dtype: Dtype) -> None:
        kept = [n for axis, n in enumerate(operand.shape) if axis not in axes]
        super().__init__(kept, dtype, [operand])
        self.op = op
        self.axes = tuple(axes)


FOLDS: dict[str, np.ufunc] = {
    "add": np.add,
    "multiply": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
    "and": np.logical_and,
    "or": np.logical_or,
}
"""What puts two entries together, for each `op` of a `Reduce`."""


class Region(Node):
    """The first operand with the second written, or added, at ``offset + i @ strides``.

    It takes over the memory of the first operand, which nothing else reads then.
    """

    __slots__ = ("adds", "offset", "strides")

    def __init__(
        self, base: Node, value: Node, strides: Sequence[int], offset: int, adds: bool
    ) -> None:
        super().__init__(base.shape, base.dtype, [base, value])
        self.strides = tuple(strides)
        self.offset = offset
        self.adds = adds


class Gather(Map):
    """Entry ``i`` of the first operand, a view, read ``positions[i]`` entries further on."""

    __slots__ = ()

    def __init__(self, place: View, positions: Node) -> None:
        super().__init__("gather", [place, positions], place.dtype)


class Scatter(Region):
    """A `Region` where entry ``i`` goes ``positions[i]`` entries further on, in order.

    Positions may repeat: then values add up, or the last one stays.
    """

    __slots__ = ()

    def __init__(self, place: View, base: Node, value: Node, positions: Node, adds: bool) -> None:
        super().__init__(base, value, place.strides, place.offset, adds)
        self.operands = (base, value, positions)


class Scan(Map):
    """``r[i] = op(r[i - 1], operand[i])`` along `axis`."""

    __slots__ = ("axis",)

    def __init__(self, op: str, operand: Node, axis: int) -> None:
        super().__init__(op, [operand], operand.dtype)
        self.axis = axis


class Routine(Node):
    """What a native function of its own computes, such as one of BLAS.

    Attributes
    ----------
    name
        The function; `compiler/routines.py` writes it.
    status
        A number that is not 0 where it failed, if it can.
    """

    __slots__ = ("name", "options", "status")

    def __init__(
        self,
        name: str,
        shape: Sequence[int],
        dtype: Dtype,
        operands: Sequence[Node],
        can_fail: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(shape, dtype, operands)
        self.name = name
        self.options = options
        self.status = Node((), np.dtype(np.int64)) if can_fail else None


class View(Node):
    """Entry ``i`` is entry ``offset + i @ strides`` of the operand's memory."""

    __slots__ = ("offset", "strides")

    def __init__(
        self, base: Node, shape: Sequence[int], strides: Sequence[int], offset: int = 0
    ) -> None:
        if isinstance(base, View):
            raise TypeError("A view stands on what lies in memory.")
        super().__init__(shape, base.dtype, [base])
        self.strides = tuple(strides)
        self.offset = offset

    @property
    def base(self) -> Node:
        """What the view reads."""
        return self.operands[0]


class Step(Node):
    """A NumPy call left to Python; its results are `Source` nodes in `results`."""

    __slots__ = ("call", "results")

    def __init__(self, call: Any, operands: Sequence[Node], results: Sequence[Source]) -> None:
        super().__init__((), np.dtype(bool), operands)
        self.call = call
        self.results = list(results)


def contiguous(shape: Sequence[int]) -> tuple[int, ...]:
    """The strides, in entries, of an array in C order."""
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(step)
        step *= length
    return tuple(reversed(strides))


def access(node: Node) -> tuple[Node, tuple[int, ...], int]:
    """The memory that `node` reads: base, strides, offset."""
    if isinstance(node, View):
        return node.base, node.strides, node.offset
    return node, contiguous(node.shape), 0


def is_number(node: Node) -> bool:
    """Whether a node is one constant number, perhaps read at many indices."""
    base = access(node)[0]
    return isinstance(base, Source) and base.constant is not None and not base.shape


def viewed(node: Node, shape: Sequence[int], axes_strides: Sequence[int], offset: int = 0) -> Node:
    """A view of `node`'s memory; the node itself where that changes nothing."""
    base = access(node)[0]
    shape, strides = tuple(shape), tuple(axes_strides)
    if shape == base.shape and offset == 0 and _same_order(shape, strides, contiguous(shape)):
        return base
    return View(base, shape, strides, offset)


def _same_order(shape: Sequence[int], a: Sequence[int], b: Sequence[int]) -> bool:
    return all(n == 1 or s == t for n, s, t in zip(shape, a, b, strict=True))


def broadcast(node: Node, shape: Sequence[int]) -> Node:
    """`node` read at every index of the larger `shape`."""
    if node.shape == tuple(shape):
        return node
    _, strides, offset = access(node)
    added = len(shape) - len(node.shape)
    stretched = [
        0 if own == 1 and length != 1 else stride
        for own, length, stride in zip(node.shape, shape[added:], strides, strict=True)
    ]
    return viewed(node, shape, [*[0] * added, *stretched], offset)


def transposed(node: Node, order: Sequence[int]) -> Node:
    """`node` with its axes permuted."""
    _, strides, offset = access(node)
    return viewed(node, [node.shape[a] for a in order], [strides[a] for a in order], offset)


def reshaped(node: Node, shape: Sequence[int]) -> Node | None:
    """`node` in another shape, if that is a view of the same memory; else None."""
    _, strides, offset = access(node)
    new = _reshaped_strides(node.shape, strides, tuple(shape))
    return None if new is None else viewed(node, shape, new, offset)


def _reshaped_strides(
    shape: Sequence[int], strides: Sequence[int], new: Sequence[int]
) -> list[int] | None:
    """The strides of the same memory in shape `new`; None if there are none. As NumPy does it."""
    if 0 in new:
        return [0] * len(new)
    old = [(n, s) for n, s in zip(shape, strides, strict=True) if n != 1]
    result: list[int] = []
    position = 0
    i = 0
    while i < len(new):
        if new[i] == 1:
            result.append(0)
            i += 1
            continue
        if position == len(old):
            return None
        first, wanted, held = i, new[i], old[position][0]
        last = position
        while wanted != held:
            if wanted < held:
                i += 1
                wanted *= new[i]
            else:
                last += 1
                held *= old[last][0]
        for a in range(position, last):
            if old[a][1] != old[a + 1][1] * old[a + 1][0]:
                return None
        step = old[last][1]
        steps = []
        for k in range(i, first - 1, -1):
            steps.append(step)
            step *= new[k]
        result.extend(reversed(steps))
        position, i = last + 1, i + 1
    return result


class Cluster:
    """Nodes computed by one loop nest over `shape`."""

    __slots__ = ("nodes", "shape")

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.nodes: list[Node] = []


def nodes_of(item: Cluster | Step) -> list[Node]:
    """The nodes of an item of a schedule."""
    return [item] if isinstance(item, Step) else item.nodes


def space_of(node: Node) -> tuple[int, ...]:
    """The shape of the loops that compute `node`."""
    if isinstance(node, Region):
        return node.operands[1].shape
    return node.operands[0].shape if isinstance(node, Reduce) else node.shape


def with_own_memory(nodes: Sequence[Node], kept: set[Node]) -> list[Node]:
    """`nodes`, with copies put in where a `Region` may not take its operand's memory over.

    It may where the operand is made by loops, nothing else reads it, and it is not `kept`.
    """
    readers: dict[Node, int] = {}
    for node in nodes:
        for operand in node.operands:
            base = access(operand)[0]
            readers[base] = readers.get(base, 0) + 1
    result: list[Node] = []
    for node in nodes:
        if isinstance(node, Region):
            base = node.operands[0]
            own = isinstance(base, (Map, Region)) and readers[base] == 1 and base not in kept
            if not own:
                copy = Map("copy", [base], base.dtype)
                result.append(copy)
                node.operands = (copy, *node.operands[1:])
        result.append(node)
    return result


def clustered(nodes: Sequence[Node]) -> list[Cluster | Step]:
    """`nodes`, in order of computation, grouped into as few loop nests as this greedy pass finds.

    A node joins the first nest of its shape that runs no earlier than whatever it reads; a value of
    the same nest only where it is read at the very index at which it is computed.
    """
    schedule: list[Cluster | Step] = []
    place: dict[Node, int] = {}
    by_shape: dict[Any, list[int]] = {}
    for node in nodes:
        if isinstance(node, Step):
            for result in node.results:
                place[result] = len(schedule)
            schedule.append(node)
            continue
        if isinstance(node, Routine):
            place[node] = len(schedule)
            alone = Cluster(())
            alone.nodes = [node] if node.status is None else [node, node.status]
            schedule.append(alone)
            continue
        space = space_of(node)
        kind = space, isinstance(node, (Scan, Scatter))  # whose loops run one after the other
        earliest = 0
        for operand in node.operands:
            base = access(operand)[0]
            if base in place:
                fused = base is operand and isinstance(base, Map) and base.shape == space
                if isinstance(node, Region) and operand is node.operands[0]:
                    fused = False
                earliest = max(earliest, place[base] + (not fused))
        spot = next((k for k in by_shape.get(kind, ()) if k >= earliest), None)
        if spot is None:
            spot = len(schedule)
            schedule.append(Cluster(space))
            by_shape.setdefault(kind, []).append(spot)
        cluster = schedule[spot]
        assert isinstance(cluster, Cluster)
        cluster.nodes.append(node)
        place[node] = spot
    return schedule
