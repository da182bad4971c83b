"""What a program means at each stage of the compiler, in plain NumPy, and what must hold there.

`interpret` computes the nodes one by one, each array in memory of its own kind: the meaning of
lowered nodes. `check_nodes` and `check_schedule` verify what code generation relies on: reads stay
within memory, nothing reads what a `Region` overwrites, loops are joined only at the same index.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.linalg
import scipy.special

from gradtape.compiler.loops.nodes import (
    Cluster,
    Gather,
    Map,
    Node,
    Reduce,
    Region,
    Routine,
    Scan,
    Scatter,
    Source,
    Step,
    View,
    access,
    nodes_of,
    space_of,
)
from gradtape.compiler.lowering.builder import Lowered
from gradtape.compiler.lowering.passes import wanted
from gradtape.compiler.program import substituted

# -- what must hold -----------------------------------------------------------------------------


def _places(shape: Sequence[int], strides: Sequence[int], offset: int) -> tuple[int, int]:
    """The first and the last place of an access."""
    spans = [(length - 1) * stride for length, stride in zip(shape, strides, strict=True)]
    return offset + sum(min(s, 0) for s in spans), offset + sum(max(s, 0) for s in spans)


def check_access(memory: Node, shape: Sequence[int], strides: Sequence[int], offset: int) -> None:
    """Every index of an access lies within its memory."""
    if 0 in shape:
        return
    low, high = _places(shape, strides, offset)
    assert low >= 0, (memory.shape, shape, strides, offset)
    assert high < memory.size, (memory.shape, shape, strides, offset)


def _results(node: Node) -> list[Node]:
    if isinstance(node, Step):
        return list(node.results)
    if isinstance(node, Routine) and node.status is not None:
        return [node, node.status]
    return [node]


def check_nodes(lowered: Lowered, nodes: Sequence[Node], own_memory: bool) -> None:
    """Each node reads what is there, within its bounds; if `own_memory`, `Region` may write."""
    known = {value for value in lowered.values.values() if isinstance(value, Source)}
    known -= {result for n in lowered.nodes if isinstance(n, Step) for result in n.results}
    for node in nodes:
        for operand in node.operands:
            base, strides, offset = access(operand)
            assert base in known or (isinstance(base, Source) and base.constant is not None), node
            assert not isinstance(base, View)
            if not isinstance(node, Step):
                assert operand.dtype == base.dtype
            check_access(base, operand.shape, strides, offset)
        if isinstance(node, Map) and not isinstance(node, (Gather, Scan)):
            assert all(operand.shape == node.shape for operand in node.operands), node.op
        if isinstance(node, Region):
            assert node.shape == node.operands[0].shape
            if not isinstance(node, Scatter):
                check_access(node, node.operands[1].shape, node.strides, node.offset)
        known.update(_results(node))
    assert wanted(lowered) <= known | {
        n for n in wanted(lowered) if isinstance(n, Source) and n.constant is not None
    }
    if own_memory:
        check_own_memory(lowered, nodes)


def check_own_memory(lowered: Lowered, nodes: Sequence[Node]) -> None:
    """Memory that is written into has no other reader, and nobody outside wants what it was."""
    readers: dict[Node, list[Node]] = {}
    for node in nodes:
        for operand in node.operands:
            readers.setdefault(access(operand)[0], []).append(node)
    for node in nodes:
        overwrites = isinstance(node, Routine) and node.name in ("solve", "factor_diagonal")
        if isinstance(node, Region) or overwrites:
            base = access(node.operands[0])[0]
            assert not isinstance(base, Source)
            assert readers[base] == [node]
            assert base not in wanted(lowered)


def check_schedule(lowered: Lowered, schedule: Sequence[Cluster | Step]) -> None:
    """What is read was computed before, or in the same turn of the same loops."""
    nodes = [n for item in schedule for n in nodes_of(item)]
    statuses = {n.status for n in nodes if isinstance(n, Routine)}
    check_nodes(lowered, [n for n in nodes if n not in statuses], True)
    for item in schedule:
        if isinstance(item, Step) or isinstance(item.nodes[0], Routine):
            continue
        inside = set(item.nodes)
        for node in item.nodes:
            assert space_of(node) == item.shape
            for number, operand in enumerate(node.operands):
                base = access(operand)[0]
                if base not in inside:
                    continue
                # Joined loops: read whole, at the index at which it is made, never as memory.
                assert base is operand
                assert isinstance(base, Map)
                assert base.shape == item.shape
                assert not (isinstance(node, Region) and number == 0)


# -- what it means ------------------------------------------------------------------------------


def _scalar_function(name: str) -> Any:
    return getattr(np, name, None) or getattr(scipy.special, name)


_REDUCERS = {
    "add": np.add,
    "multiply": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
    "and": np.logical_and,
    "or": np.logical_or,
}


class Interpreter:
    """Computes nodes with NumPy; an array lies in flat memory of its own."""

    def __init__(self, lowered: Lowered, inputs: Sequence[Any]) -> None:
        self.lowered = lowered
        self.memory: dict[Node, Any] = {}
        for index, value in zip(lowered.program.inputs, inputs, strict=True):
            node = lowered.values[index]
            self.memory[node] = np.array(value, node.dtype, order="C").reshape(-1)

    def place(self, shape: Sequence[int], strides: Sequence[int], offset: int) -> Any:
        """The places in flat memory of an access."""
        place = np.array(offset)
        for length, stride in zip(shape, strides, strict=True):
            place = np.add.outer(place, np.arange(length) * stride)
        return place

    def value(self, node: Node) -> Any:
        """A node as an array."""
        base, strides, offset = access(node)
        if isinstance(base, Source) and base.constant is not None:
            flat = base.constant.reshape(-1)
        else:
            flat = self.memory[base]
        return flat[self.place(node.shape, strides, offset)]

    def run(self, nodes: Sequence[Node]) -> list[Any]:
        """The outputs of the program."""
        with np.errstate(all="ignore"):
            for node in nodes:
                self._compute(node)
        program = self.lowered.program

        def output(ref: Any) -> Any:
            value = self.lowered.values[ref.index]
            return self.value(value) if isinstance(value, Node) else value

        return substituted(output, program.outputs)  # type: ignore[no-any-return]

    def _compute(self, node: Node) -> None:
        if isinstance(node, Step):
            self._step(node)
            return
        made = _MEANING[type(node)](self, node)
        self.memory[node] = np.array(made).astype(node.dtype).reshape(-1)

    def _step(self, node: Step) -> None:
        def plain(tree: Any) -> Any:
            if isinstance(tree, Node):
                return self.value(tree)[()]
            if isinstance(tree, (list, tuple)):
                return type(tree)(map(plain, tree))
            if isinstance(tree, dict):
                return {key: plain(value) for key, value in tree.items()}
            if isinstance(tree, slice):
                return slice(*map(plain, (tree.start, tree.stop, tree.step)))
            return tree

        call = node.call
        kwargs = {key: plain(value) for key, value in call.kwargs.items()}
        result = call.function(*plain(call.args), **kwargs)
        parts = result if call.several else (result,)
        for source, part in zip(node.results, parts, strict=True):
            self.memory[source] = np.array(part, source.dtype, order="C").reshape(-1)

    def _map(self, node: Map) -> Any:
        operands = [self.value(operand) for operand in node.operands]
        if node.op in ("cast", "copy"):
            return operands[0].astype(node.dtype)
        return _scalar_function(node.op)(*operands)

    def _reduce(self, node: Reduce) -> Any:
        value = self.value(node.operands[0])
        if node.op in ("add", "multiply"):
            return _REDUCERS[node.op].reduce(value, axis=node.axes, dtype=node.dtype)
        return _REDUCERS[node.op].reduce(value, axis=node.axes)

    def _region(self, node: Region) -> Any:
        base = node.operands[0]
        if isinstance(base, Map) and base not in self.memory:  # a copy put in by a later pass
            self._compute(base)
        flat = self.value(base).reshape(-1)
        value = self.value(node.operands[1])
        place = self.place(value.shape, node.strides, node.offset)
        if isinstance(node, Scatter):
            place = place + self.value(node.operands[2])
        if node.adds:
            np.add.at(flat, place, value)
        else:
            flat[place.reshape(-1)] = value.reshape(-1)
        return flat

    def _gather(self, node: Gather) -> Any:
        view, positions = node.operands
        base, strides, offset = access(view)
        place = self.place(view.shape, strides, offset) + self.value(positions)
        return self.value(base).reshape(-1)[place]

    def _scan(self, node: Scan) -> Any:
        ufunc = _scalar_function(node.op)
        return ufunc.accumulate(self.value(node.operands[0]), node.axis, node.dtype)

    def _routine(self, node: Routine) -> Any:
        operands = [self.value(operand) for operand in node.operands]
        failed = 0
        try:
            made = _ROUTINES[node.name](node, *operands)
        except np.linalg.LinAlgError:
            made, failed = np.full(node.shape, np.nan), 1
        if node.status is not None:
            self.memory[node.status] = np.array([failed])
        return made


def _triangle(node: Routine, a: Any, b: Any) -> Any:
    lower, unit = node.options["lower"], node.options["unit"]
    x = scipy.linalg.solve_triangular(a, np.swapaxes(b, -1, -2), lower=lower, unit_diagonal=unit)
    return np.swapaxes(x, -1, -2)


def _factor(node: Routine, a: Any) -> Any:
    result = np.empty(node.shape)
    for index in np.ndindex(a.shape[:-2]):
        factors, pivots = scipy.linalg.lu_factor(a[index], check_finite=False)
        turns = np.sum(pivots != np.arange(len(pivots)))
        result[index] = [*np.diagonal(factors), (-1.0) ** turns]
    return result


def _words(node: Routine, state: Any) -> Any:
    key, draw = (int(word) for word in state[:2])
    start = draw << 128
    bits = np.random.Philox(key=key, counter=start).random_raw(max(node.size, 1))
    return bits[: node.size]


_ROUTINES: dict[str, Any] = {
    "product": lambda node, a, b: np.matmul(a, b),
    "matrix_vector": lambda node, a, x: np.matmul(a, x),
    "cholesky": lambda node, a: np.linalg.cholesky(a),
    "solve": lambda node, a, b: np.swapaxes(
        np.linalg.solve(np.swapaxes(a, -1, -2), np.swapaxes(b, -1, -2)), -1, -2
    ),
    "solve_triangle": _triangle,
    "factor_diagonal": _factor,
    "philox": _words,
}
_MEANING: dict[type, Any] = {
    Map: Interpreter._map,
    Reduce: Interpreter._reduce,
    Region: Interpreter._region,
    Scatter: Interpreter._region,
    Gather: Interpreter._gather,
    Scan: Interpreter._scan,
    Routine: Interpreter._routine,
}


def interpret(lowered: Lowered, nodes: Sequence[Node], inputs: Sequence[Any]) -> list[Any]:
    """The outputs of the program that `nodes` compute."""
    return Interpreter(lowered, inputs).run(nodes)
