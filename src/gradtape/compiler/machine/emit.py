"""From a cluster of nodes to the text of one native function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradtape.compiler.loops.nodes import (
    FOLDS,
    Cluster,
    Gather,
    Map,
    Node,
    Reduce,
    Region,
    Scan,
    Scatter,
    access,
    contiguous,
    is_number,
)
from gradtape.compiler.loops.recompute import CHEAP
from gradtape.compiler.machine import indexed
from gradtape.compiler.scalar.code import OPS, TYPES, Code, literal

VECTOR_BYTES = 32
LONG = 16
"""Vectors from which a loop may take several at a time."""

BLOCK = 128
"""Vectors that one accumulator adds up, before it is added to the next: keeps sums accurate."""


@dataclass
class Axis:
    """A loop: how long, and the step of each access and each result along it."""

    length: int
    steps: list[int]
    kept: list[bool]


class Kernel:
    """The native function of a cluster.

    Attributes
    ----------
    reads, writes
        The nodes whose memory the function is given, in this order.
    text
        The function in LLVM's words.
    """

    def __init__(self, cluster: Cluster, name: str, needed: set[Node]) -> None:
        self.name = name
        self.cluster = cluster
        inside = set(cluster.nodes)
        self.reads: list[Node] = []
        self.writes = [node for node in cluster.nodes if node in needed]
        self._accesses: list[tuple[Node, tuple[int, ...], int]] = []
        self._slot: dict[Any, int] = {}
        for node in cluster.nodes:
            for operand in node.operands[isinstance(node, Region) :]:
                if operand not in inside and not is_number(operand):
                    self._note(operand)
        self.regions = [node for node in cluster.nodes if isinstance(node, Region)]
        self.reductions = [node for node in cluster.nodes if isinstance(node, Reduce)]
        self.scans = [node for node in cluster.nodes if isinstance(node, Scan)]
        self.declared: dict[str, str] = {}
        self._emit()

    def _note(self, operand: Node) -> None:
        base, strides, offset = access(operand)
        key = base, strides, offset
        if key not in self._slot:
            self._slot[key] = len(self._accesses)
            self._accesses.append(key)
            if base not in self.reads:
                self.reads.append(base)

    # -- the loops ------------------------------------------------------------------------------

    def _axes(self) -> list[Axis]:
        """The loops, outermost first: axes of length 1 dropped, those that run on joined."""
        shape = self.cluster.shape
        own = contiguous(shape)
        kept_strides = [_kept_strides(node, shape) for node in self.reductions]
        axes: list[Axis] = []
        for a, length in enumerate(shape):
            if length == 1:
                continue
            steps = [strides[a] for _, strides, _ in self._accesses]
            steps += [own[a]] + [strides[a] for strides in kept_strides]
            steps += [node.strides[a] for node in self.regions]
            kept = [a not in node.axes for node in self.reductions]
            kept += [a != node.axis for node in self.scans]
            axis = Axis(length, steps, kept)
            if axes and _joins(axes[-1], axis):
                axes[-1] = Axis(axes[-1].length * length, steps, kept)
            else:
                axes.append(axis)
        return axes

    def _emit(self) -> None:
        counter = [0]
        axes = self._axes()
        widest = max(
            [n.dtype.itemsize for n in self.cluster.nodes]
            + [operand.dtype.itemsize for n in self.cluster.nodes for operand in n.operands]
        )
        lanes = VECTOR_BYTES // widest if axes else 1
        while lanes > 1 and lanes // 2 >= axes[-1].length:
            lanes //= 2
        if axes and not all(axes[-1].kept[len(self.reductions) :]):
            lanes = 1  # each entry along the last axis needs the one before
        if lanes > 1 and axes[-1].length >= LONG * lanes:
            lanes *= _abreast(self.cluster)
        self.lanes = lanes
        body = _Body(self, axes, lanes, counter)
        lines = body.lines()
        self.text = "\n".join(
            [
                f"define internal void @{self.name}(ptr noalias %args, i64 %begin, i64 %end) #0 {{",
                *lines,
                "}",
            ]
        )
        self.axes = axes


_FEW = frozenset({"divide", "sqrt"}) | CHEAP
"""Operations that are one or a few instructions."""


def _abreast(cluster: Cluster) -> int:
    """How many vectors an inner loop takes at a time, so that they need not wait for each other.

    As many as leave what is live at once in the sixteen registers of a processor.
    """
    maps = [node for node in cluster.nodes if isinstance(node, Map)]
    simple = len(maps) + sum(isinstance(n, Reduce) for n in cluster.nodes) == len(cluster.nodes)
    if not simple or any(node.op not in _FEW for node in maps):
        return 1
    last = {operand: k for k, node in enumerate(cluster.nodes) for operand in node.operands}
    live: set[Node] = set()
    most = 0
    for k, node in enumerate(cluster.nodes):
        live.update(operand for operand in node.operands if any(access(operand)[1]))
        most = max(most, len(live) + 1)
        live = {value for value in live if last[value] > k}
        if last.get(node, -1) > k:
            live.add(node)
    return 4 if most <= 4 else 2 if most <= 8 else 1


def _joins(outer: Axis, inner: Axis) -> bool:
    return outer.kept == inner.kept and all(
        o == i * inner.length for o, i in zip(outer.steps, inner.steps, strict=True)
    )


def _kept_strides(node: Reduce, shape: Sequence[int]) -> list[int]:
    """The step of the result along each axis of the loops; 0 where it is reduced."""
    own = iter(contiguous(node.shape))
    return [0 if a in node.axes else next(own) for a in range(len(shape))]


_IDENTITY = {"add": 0, "multiply": 1, "and": True, "or": False}


def identity(node: Reduce) -> Any:
    """What a reduction starts from."""
    if node.op in _IDENTITY:
        return _IDENTITY[node.op]
    low = node.op == "max"
    if node.dtype.kind == "f":
        return -np.inf if low else np.inf
    if node.dtype.kind == "b":
        return not low
    info = np.iinfo(node.dtype)
    return info.min if low else info.max


def _sum_dtype(node: Reduce) -> Any:
    """What a sum is added up in: float32 in float64, for NumPy's sums in pairs lose less too."""
    single = node.op == "add" and node.dtype == np.float32
    return np.dtype(np.float64) if single else node.dtype


class _Body:
    """Writes the loops of a kernel, from the outermost in."""

    def __init__(self, kernel: Kernel, axes: list[Axis], lanes: int, counter: list[int]) -> None:
        self.kernel = kernel
        self.axes = axes
        self.lanes = lanes
        self.plain = Code(1, kernel.declared, counter)
        self.vector = Code(lanes, kernel.declared, counter)
        self.vector.lines = self.plain.lines
        self.allocas: list[str] = []
        self.values: dict[Node, tuple[str, bool]] = {}
        self.loaded: dict[int, tuple[str, bool]] = {}
        self.count = lanes
        """How many lanes of a vector count: less at the end of a loop."""

    def lines(self) -> list[str]:
        self.indices: list[str] = []
        self._pointers()
        self.cells = [self._cells(node) for node in self.kernel.reductions]
        for number in range(len(self.kernel.reductions)):
            self._clear(number)
        self._loops(0)
        self.plain.do("ret void")
        return ["entry:", *self.allocas, *self.plain.lines]

    def _alloca(self, kind: str) -> str:
        """A place for one value, on the stack of the whole function."""
        self.plain._counter[0] += 1
        name = f"%cell{self.plain._counter[0]}"
        self.allocas.append(f"  {name} = alloca {kind}")
        return name

    def _pointers(self) -> None:
        """The address of each array: the table says where it stands."""
        code, kernel = self.plain, self.kernel
        self.address: dict[Node, str] = {}
        for position, node in enumerate([*kernel.reads, *kernel.writes]):
            slot = code.new(f"getelementptr ptr, ptr %args, i64 {position}")
            cell = code.new(f"load ptr, ptr {slot}")
            self.address[node] = code.new(f"load ptr, ptr {cell}")

    # -- reductions -----------------------------------------------------------------------------

    def _depth(self, number: int) -> int:
        """How many of the outer loops fix a result of reduction `number`."""
        kept = [axis.kept[number] for axis in self.axes]
        return max((d + 1 for d, k in enumerate(kept) if k), default=0)

    def _cells(self, node: Reduce) -> tuple[str, str]:
        """The accumulator of a reduction and, for sums of many, the total before it."""
        number = self.kernel.reductions.index(node)
        vector = self._depth(number) < len(self.axes)
        kind = (self.vector if vector and self.lanes > 1 else self.plain).type(_sum_dtype(node))
        return self._alloca(kind), self._alloca(kind)

    def _starts(self, depth: int) -> list[int]:
        """The reductions whose accumulators begin at this depth."""
        return [
            number
            for number in range(len(self.kernel.reductions))
            if self._depth(number) == depth < len(self.axes)
        ]

    def _begin_reductions(self, depth: int) -> None:
        for number in self._starts(depth):
            node = self.kernel.reductions[number]
            for cell in self.cells[number]:
                dtype = _sum_dtype(node)
                start = self.vector.number(identity(node), dtype)
                self.plain.do(f"store {self.vector.type(dtype)} {start}, ptr {cell}")

    def _end_reductions(self, depth: int) -> None:
        for number in self._starts(depth):
            node = self.kernel.reductions[number]
            dtype = _sum_dtype(node)
            kind = self.vector.type(dtype)
            parts = [self.plain.new(f"load {kind}, ptr {cell}") for cell in self.cells[number]]
            whole = self._across(node, self._combined(node, parts[0], parts[1], self.vector, dtype))
            if dtype != node.dtype:
                whole = OPS["cast"].emit(self.plain, [whole], dtype, node.dtype)
            self._store_result(number, whole, self.plain)

    def _combined(self, node: Reduce, a: str, b: str, code: Code, dtype: Any = None) -> str:
        dtype = dtype or node.dtype
        return OPS[FOLDS[node.op].__name__].emit(code, [a, b], dtype, dtype)

    def _across(self, node: Reduce, vector: str) -> str:
        """All lanes of a vector together."""
        if self.lanes == 1:
            return vector
        dtype, code = _sum_dtype(node), self.plain
        kind = self.vector.type(dtype)
        parts = [code.new(f"extractelement {kind} {vector}, i32 {k}") for k in range(self.lanes)]
        while len(parts) > 1:
            half = len(parts) // 2
            pairs = zip(parts[:half], parts[half:], strict=True)
            parts = [self._combined(node, a, b, code, dtype) for a, b in pairs]
        return parts[0]

    def _store_result(self, number: int, value: str, code: Code) -> None:
        """Put a finished sum into its result, or add it there where more will come."""
        node = self.kernel.reductions[number]
        if node not in self.address:
            return
        depth = self._depth(number)
        offset = self._offset(
            [axis.steps[len(self.kernel._accesses) + 1 + number] for axis in self.axes], depth
        )
        place = self._place(node, offset)
        if any(not axis.kept[number] for axis in self.axes[:depth]):
            value = self._combined(node, self._load(node.dtype, place, code), value, code)
        self._store(node.dtype, value, place, code)

    def _clear(self, number: int) -> None:
        """Begin a reduction that is added up where its result lies."""
        node = self.kernel.reductions[number]
        kept = [axis.kept[number] for axis in self.axes[: self._depth(number)]]
        if node not in self.address or all(kept) or 0 in self.kernel.cluster.shape:
            return
        low, high = "0", str(node.size)
        if kept[0]:
            row = node.size // self.axes[0].length
            low, high = (self.plain.new(f"mul nsw i64 {at}, {row}") for at in ("%begin", "%end"))

        def clear(i: str, _: str) -> None:
            start = self.plain.number(identity(node), node.dtype)
            self._store(node.dtype, start, self._place(node, i), self.plain)

        self._loop(low, high, 1, clear, False)

    # -- memory ---------------------------------------------------------------------------------

    def _offset(self, steps: Sequence[int], depth: int, start: int = 0) -> str:
        """``start + steps @ indices``."""
        code, total = self.plain, ""
        for index, step in zip(self.indices[:depth], steps[:depth], strict=True):
            if step == 0:
                continue
            term = index if step == 1 else code.new(f"mul nsw i64 {index}, {step}")
            total = code.new(f"add nsw i64 {total}, {term}") if total else term
        if not total:
            return str(start)
        return code.new(f"add nsw i64 {total}, {start}") if start else total

    def _place(self, node: Node, offset: str) -> str:
        memory = _memory(node.dtype)
        return self.plain.new(f"getelementptr {memory}, ptr {self.address[node]}, i64 {offset}")

    def _load(self, dtype: Any, place: str, code: Code) -> str:
        lanes = code.lanes
        memory = _memory(dtype)
        kind = memory if lanes == 1 else f"<{lanes} x {memory}>"
        partial = lanes > 1 and self.count < lanes
        held = self._part(memory) if partial else kind
        value = code.new(f"load {held}, ptr {place}, align {dtype.itemsize}")
        if partial and self.count == 1:
            value = self.plain.new(f"insertelement {kind} zeroinitializer, {memory} {value}, i32 0")
        elif partial:
            value = self._resized(value, held, lanes)
        if dtype.kind == "b":
            return code.new(f"trunc {kind} {value} to {code.type(dtype)}")
        return value

    def _store(self, dtype: Any, value: str, place: str, code: Code) -> None:
        memory = _memory(dtype)
        kind = memory if code.lanes == 1 else f"<{code.lanes} x {memory}>"
        if dtype.kind == "b":
            value = code.new(f"zext {code.type(dtype)} {value} to {kind}")
        if code.lanes > 1 and self.count < code.lanes:
            if self.count == 1:
                value = self.plain.new(f"extractelement {kind} {value}, i32 0")
            else:
                value = self._resized(value, kind, self.count)
            kind = self._part(memory)
        code.do(f"store {kind} {value}, ptr {place}, align {dtype.itemsize}")

    def _part(self, memory: str) -> str:
        """The type of the lanes that count; of one, a number: LLVM mistakes vectors of one."""
        return memory if self.count == 1 else f"<{self.count} x {memory}>"

    def _resized(self, value: str, kind: str, lanes: int) -> str:
        """A vector of so many lanes: those of `value` that count, then zeros."""
        order = ", ".join(f"i32 {min(k, self.count)}" for k in range(lanes))
        other = "zeroinitializer" if lanes > self.count else "poison"
        return self.plain.new(
            f"shufflevector {kind} {value}, {kind} {other}, <{lanes} x i32> <{order}>"
        )

    def _read(self, operand: Node, dtype_lanes: Code) -> str:
        """An operand that lies in memory, at the present index."""
        number = self.kernel._slot[access(operand)]
        if number in self.loaded:
            value, wide = self.loaded[number]
        else:
            value, wide = self._loaded(operand.dtype, *self._where(number))
            self.loaded[number] = value, wide
        return value if wide or self.lanes == 1 else self._spread(value, operand.dtype)

    def _where(self, number: int) -> tuple[str, int]:
        """The address that an access reads at the present index, and its step along the lanes."""
        base, _, start = self.kernel._accesses[number]
        steps = [axis.steps[number] for axis in self.axes]
        place = self._place(base, self._offset(steps, len(self.axes), start))
        return place, steps[-1] if steps else 0

    def _loaded(self, dtype: Any, place: str, inner: int) -> tuple[str, bool]:
        """What lies at `place` and further lanes, and whether it is a vector."""
        wide = self.lanes > 1 and inner != 0
        if wide and inner == 1:
            return self._load(dtype, place, self.vector), True
        if wide:
            return self._gather(dtype, place, inner), True
        return self._load(dtype, place, self.plain), False

    def _gather(self, dtype: Any, place: str, step: int) -> str:
        """A vector of entries that do not lie side by side."""
        memory, kind = _memory(dtype), self.vector.type(dtype)
        code, result = self.plain, "zeroinitializer"
        scalar = TYPES[dtype.name]
        for lane in range(self.count):
            at = code.new(f"getelementptr {memory}, ptr {place}, i64 {lane * step}")
            one = self._load(dtype, at, code)
            result = code.new(f"insertelement {kind} {result}, {scalar} {one}, i32 {lane}")
        return result

    def _spread(self, value: str, dtype: Any) -> str:
        kind, scalar = self.vector.type(dtype), TYPES[dtype.name]
        first = self.plain.new(f"insertelement {kind} poison, {scalar} {value}, i32 0")
        zeros = f"<{self.lanes} x i32> zeroinitializer"
        return self.plain.new(f"shufflevector {kind} {first}, {kind} poison, {zeros}")

    # -- the loops ------------------------------------------------------------------------------

    def _loops(self, depth: int) -> None:
        self._begin_reductions(depth)
        if depth == len(self.axes):
            self._entry()
            return
        length = self.axes[depth].length
        low, high = ("0", str(length)) if depth else ("%begin", "%end")
        if depth == len(self.axes) - 1:
            self._vectors(depth, low, high)
        else:
            self._loop(low, high, 1, lambda i, end: self._inside(i), False)
        self._end_reductions(depth)

    def _vectors(self, depth: int, low: str, high: str) -> None:
        """The inner loop: whole vectors, and what is left of them at the end."""
        code, lanes, length = self.plain, self.lanes, self.axes[depth].length
        left = length % lanes
        end = high
        if left:
            full = code.new(f"icmp slt i64 {high}, {length - left}")
            end = code.new(f"select i1 {full}, i64 {high}, i64 {length - left}")
        if self._starts(depth) and length > BLOCK * lanes:
            step = BLOCK * lanes
            self._loop(low, end, step, lambda i, stop: self._block(depth, i, stop), True)
        elif length >= lanes:
            self._loop(low, end, lanes, lambda i, stop: self._inside(i), False)
        if left:
            self._if(f"icmp eq i64 {high}, {length}", lambda: self._rest(length - left, left))

    def _rest(self, start: int, left: int) -> None:
        """The last vector of a loop, of which only some lanes count."""
        self.count = left
        self._inside(str(start))
        self.count = self.lanes

    def _if(self, condition: str, body: Callable[[], None]) -> None:
        code = self.plain
        code._counter[0] += 1
        n = code._counter[0]
        holds = code.new(condition)
        code.do(f"br i1 {holds}, label %then{n}, label %end{n}")
        code.lines.append(f"then{n}:")
        body()
        code.do(f"br label %end{n}")
        code.lines.append(f"end{n}:")

    def _block(self, depth: int, start: str, end: str) -> None:
        """A run of the inner loop, after which the accumulators go into the totals."""
        self._loop(start, end, self.lanes, lambda i, stop: self._inside(i), False)
        for number in self._starts(depth):
            node = self.kernel.reductions[number]
            dtype = _sum_dtype(node)
            kind = self.vector.type(dtype)
            cell, total = self.cells[number]
            old, new = (self.plain.new(f"load {kind}, ptr {c}") for c in (total, cell))
            whole = self._combined(node, old, new, self.vector, dtype)
            self.plain.do(f"store {kind} {whole}, ptr {total}")
            fresh = self.vector.number(identity(node), dtype)
            self.plain.do(f"store {kind} {fresh}, ptr {cell}")

    def _loop(self, low: str, high: str, step: int, body: Any, bounded: bool) -> None:
        """``for i in range(low, high, step)``; a body that is `bounded` gets where it ends."""
        code = self.plain
        code._counter[0] += 1
        n = code._counter[0]
        cell = self._alloca("i64")
        code.do(f"store i64 {low}, ptr {cell}")
        code.do(f"br label %test{n}")
        code.lines.append(f"test{n}:")
        i = code.new(f"load i64, ptr {cell}")
        more = code.new(f"icmp slt i64 {i}, {high}")
        code.do(f"br i1 {more}, label %body{n}, label %done{n}")
        code.lines.append(f"body{n}:")
        after = code.new(f"add nsw i64 {i}, {step}")
        end = high
        if bounded:
            within = code.new(f"icmp slt i64 {after}, {high}")
            end = code.new(f"select i1 {within}, i64 {after}, i64 {high}")
        body(i, end)
        code.do(f"store i64 {after}, ptr {cell}")
        code.do(f"br label %test{n}")
        code.lines.append(f"done{n}:")

    def _inside(self, index: str) -> None:
        self.indices.append(index)
        self._loops(len(self.indices))
        self.indices.pop()

    def _entry(self) -> None:
        """One index, or a vector of them: compute every node."""
        self.values, self.loaded = {}, {}
        for node in self.kernel.cluster.nodes:
            if isinstance(node, Map):
                self._map(node)
            elif isinstance(node, Reduce):
                self._accumulate(node)
            elif isinstance(node, Scatter):
                indexed.scatter(self, node)
            elif isinstance(node, Region):
                self._write(node)

    def _counted(self, value: str, nothing: Any, dtype: Any) -> str:
        """`value` in the lanes that count, and `nothing` in the others."""
        if self.count == self.lanes:
            return value
        mask = ", ".join(f"i1 {str(k < self.count).lower()}" for k in range(self.lanes))
        return self.vector.select(f"<{mask}>", value, self.vector.number(nothing, dtype), dtype)

    def _operand(self, operand: Node) -> str:
        if operand in self.values:
            return self.values[operand][0]
        if is_number(operand):
            base: Any = access(operand)[0]
            return self.vector.number(base.constant[()], operand.dtype)
        return self._read(operand, self.vector)

    def _computed(self, node: Map) -> str:
        if isinstance(node, Gather):
            return indexed.gather(self, node)
        operands = [self._operand(operand) for operand in node.operands]
        if isinstance(node, Scan):
            return indexed.scan(self, node, operands[0])
        dtype = node.operands[-1].dtype if node.op == "where" else node.operands[0].dtype
        return OPS[node.op].emit(self.vector, operands, dtype, node.dtype)

    def _map(self, node: Map) -> None:
        value = self._computed(node)
        self.values[node] = value, True
        if node in self.address:
            steps = [axis.steps[len(self.kernel._accesses)] for axis in self.axes]
            place = self._place(node, self._offset(steps, len(self.axes)))
            self._store(node.dtype, value, place, self.vector)

    def _write(self, node: Region) -> None:
        """Put a value into its place in a larger array."""
        kernel = self.kernel
        number = len(kernel._accesses) + 1 + len(kernel.reductions) + kernel.regions.index(node)
        steps = [axis.steps[number] for axis in self.axes]
        place = self._place(node, self._offset(steps, len(self.axes), node.offset))
        value, inner = self._operand(node.operands[1]), steps[-1] if steps else 1
        if self.lanes == 1 or inner == 1:
            if node.adds:
                old = self._load(node.dtype, place, self.vector)
                value = OPS["add"].emit(self.vector, [old, value], node.dtype, node.dtype)
            self._store(node.dtype, value, place, self.vector)
            return
        kind, code = self.vector.type(node.dtype), self.plain
        for lane in range(self.count):
            at = code.new(f"getelementptr {_memory(node.dtype)}, ptr {place}, i64 {lane * inner}")
            one = code.new(f"extractelement {kind} {value}, i32 {lane}")
            if node.adds:
                old = self._load(node.dtype, at, code)
                one = OPS["add"].emit(code, [old, one], node.dtype, node.dtype)
            self._store(node.dtype, one, at, code)

    def _accumulate(self, node: Reduce) -> None:
        value = self._counted(self._operand(node.operands[0]), identity(node), node.dtype)
        number = self.kernel.reductions.index(node)
        if self._depth(number) == len(self.axes):
            self._store_result(number, value, self.vector)
            return
        dtype, cell = _sum_dtype(node), self.cells[number][0]
        if dtype != node.dtype:
            value = OPS["cast"].emit(self.vector, [value], node.dtype, dtype)
        kind = self.vector.type(dtype)
        old = self.plain.new(f"load {kind}, ptr {cell}")
        whole = self._combined(node, old, value, self.vector, dtype)
        self.plain.do(f"store {kind} {whole}, ptr {cell}")


def _memory(dtype: Any) -> str:
    return "i8" if dtype.kind == "b" else TYPES[dtype.name]


__all__ = ["Kernel", "identity", "literal"]
