"""Runs a program as machine code: kernels, and the NumPy calls between them.

What runs is straight Python code, written here for the one program: it puts numbers and addresses
into a table, calls the kernels, and takes the results out. Temporary arrays live in a `State`,
which is used by one call at a time and kept for the next (`memory`).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.compiler.loops.groups import Group, grouped
from gradtape.compiler.loops.nodes import (
    Cluster,
    Node,
    Reduce,
    Region,
    Routine,
    Scan,
    Step,
    View,
    access,
    nodes_of,
)
from gradtape.compiler.lowering.builder import Lowered, sources
from gradtape.compiler.lowering.passes import scheduled, wanted
from gradtape.compiler.machine.blas import alone
from gradtape.compiler.machine.emit import Kernel, identity
from gradtape.compiler.machine.native import Module
from gradtape.compiler.machine.routines import RoutineKernel
from gradtape.compiler.program import GuardError, Program, Ref, name_of, same, spec_of
from gradtape.compiler.running.memory import FORMATS, Layout, State, cell_layout, is_constant
from gradtape.compiler.running.parallel import Split
from gradtape.compiler.running.source import assignment, broken, holds


class Native:
    """A program in machine code.

    Attributes
    ----------
    run
        ``run(*inputs)`` gives the outputs, or raises `GuardError`.
    kernels
        The native functions, in order.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.lowered = Lowered(program)
        self.schedule = scheduled(self.lowered)
        inside = _read_outside(self.lowered, self.schedule)
        clusters = [item for item in self.schedule if isinstance(item, Cluster)]
        self.kernels: list[Any] = [
            (RoutineKernel if isinstance(item.nodes[0], Routine) else Kernel)(
                item, f"kernel{k}", inside
            )
            for k, item in enumerate(clusters)
        ]
        kernels = iter(self.kernels)
        items = [
            (item, next(kernels) if isinstance(item, Cluster) else None) for item in self.schedule
        ]
        self.plan = grouped(items, _readers(self.schedule), wanted(self.lowered))
        self.groups = [item for item in self.plan if isinstance(item, Group)]
        self.module = Module(self.kernels, self.groups)
        driver = _Driver(self)
        self.run: Callable[..., list[Any]] = driver.function()
        self.source = driver.source
        """The Python code of `run`."""

    def __str__(self) -> str:
        kernels = iter(self.kernels)
        lines = []
        for item in self.schedule:
            if isinstance(item, Step):
                lines.append(f"call {name_of(item.call.function)}")
                continue
            kernel = next(kernels)
            if isinstance(item.nodes[0], Routine):
                lines.append(f"{kernel.name}: {item.nodes[0].name} to {item.nodes[0].shape}")
                continue
            ops = [getattr(n, "op", "place") + "*" * isinstance(n, Reduce) for n in item.nodes]
            lines.append(
                f"{kernel.name}: loops over {item.shape}, {kernel.lanes} at a time: {' '.join(ops)}"
            )
        return "\n".join(lines)


class _Driver:
    """Writes the Python function that runs the program."""

    def __init__(self, native: Native) -> None:
        self.native = native
        self.inputs = list(sources(native.lowered))
        self.layout = Layout(native.kernels, native.groups, self.inputs, self._outputs())
        self.names: dict[str, Any] = {
            "_same": same,
            "_broken": broken,
            "_fail": _fail,
            "_fix": _fix,
        }
        self.lines: list[str] = []
        self.local: dict[Node, str] = {}
        self._checked: set[int] = set()

    def _outputs(self) -> list[Node]:
        """The arrays that go to the caller as they are: new memory for each call."""
        values = self.native.lowered.values
        nodes = [values[o.index] for o in self.native.program.outputs if o.__class__ is Ref]
        return [n for n in nodes if isinstance(n, Node) and not isinstance(n, View) and n.shape]

    def function(self) -> Callable[..., list[Any]]:
        """The function."""
        self._take()
        done = set[Node]()
        for item in self.native.plan:
            if isinstance(item, Step):
                self._checks(done)
                self._step(item)
            elif isinstance(item, Group):
                self._group(item)
                done.update(n for kernel in item.kernels for n in kernel.cluster.nodes)
            else:
                self._nothing(item)
                done.update(item.cluster.nodes)
        self._checks(done)
        self._guards()
        outputs = self._unpacked([self._output(out) for out in self.native.program.outputs])
        pool: list[State] = []
        self.names.update(_pool=pool, _new=lambda: State(self.layout), _id=id)
        names = [f"r{k}" for k in range(len(outputs))]
        body = [
            "s = _pool.pop() if _pool else _new()",
            *self.lines,
            *[f"{n} = {o}" for n, o in zip(names, outputs, strict=True)],
            "_pool.append(s)",
            f"return [{', '.join(names)}]",
        ]
        head = f"def run({', '.join(f'a{k}' for k in range(len(self.inputs)))}):"
        self.source = "\n    ".join([head, *body])
        exec(compile(self.source, "<gradtape driver>", "exec"), self.names)
        run: Callable[..., list[Any]] = self.names["run"]
        return run

    # -- inputs and numbers ---------------------------------------------------------------------

    def _take(self) -> None:
        """The inputs: numbers into their places, arrays made fit."""
        packed = [(n, f"a{k}") for k, n in enumerate(self.inputs) if n in self.layout.scalars]
        if packed:
            # Numbers stand eight bytes apart, the inputs first.
            layout = "".join(cell_layout(node) for node, _ in packed)
            self._let("_pack_inputs", struct.Struct(f"={layout}").pack_into)
            names = ", ".join(name for _, name in packed)
            self.lines.append(f"_pack_inputs(s.scalars, 0, {names})")
        used = {n for kernel in self.native.kernels for n in kernel.reads}
        for k, node in enumerate(self.inputs):
            if node.shape:
                name = f"x{k}"
                self.lines.append(f"{name} = a{k}")
                if node in used:
                    self._let(f"_d{k}", node.dtype)
                    program = self.native.program
                    fixed = program.specs[program.inputs[k]].dtype.isnative
                    self.lines.append(f"f = {name}.flags")
                    test = "if not (f.c_contiguous and f.aligned): " if fixed else ""
                    self.lines.append(f"{test}{name} = _fix({name}, _d{k})")
                self.local[node] = name
            else:
                self.local[node] = f"a{k}"

    def _pack(self, node: Node, name: str) -> None:
        pack = f"_pack_{FORMATS[node.dtype.name]}".replace("?", "bool")
        self._let(pack, struct.Struct(FORMATS[node.dtype.name]).pack_into)
        self.lines.append(f"{pack}(s.scalars, {8 * self.layout.scalars[node]}, {name})")

    def _unpack(self, node: Node) -> str:
        letter = FORMATS[node.dtype.name]
        unpack = f"_unpack_{letter}".replace("?", "bool")
        self._let(unpack, struct.Struct(letter).unpack_from)
        kind = f"_t_{node.dtype.name}"
        self._let(kind, node.dtype.type)
        return f"{kind}({unpack}(s.scalars, {8 * self.layout.scalars[node]})[0])"

    def _let(self, name: str, value: Any) -> str:
        self.names.setdefault(name, value)
        return name

    # -- kernels and steps ----------------------------------------------------------------------

    def _group(self, group: Group) -> None:
        layout, start = self.layout, self.layout.starts[group.kernels[0]]
        for kernel in group.kernels:
            for entry, node in enumerate((*kernel.reads, *kernel.writes), layout.starts[kernel]):
                if node in group.scratch or entry in layout.fixed:
                    continue
                if entry - layout.starts[kernel] >= len(kernel.reads):
                    self._fresh(node)
                self.lines.append(f"s.table[{entry}] = _id({self.local[node]}) + {layout.offset}")
        function = self.native.module.functions[self.native.groups.index(group)]
        if group.rows:
            self._in_chunks(group, function, start)
            return
        call = self._let(f"_{group.name}", function)
        self.lines.append(self._call(group, call, f"s.address + {8 * start}, 0, 0"))

    def _call(self, group: Group, function: str, args: str) -> str:
        """A call of what runs a group."""
        if group.multiplies:
            return f"{self._let('_alone', alone)}({function}, {args})"
        return f"{function}({args})"

    def _nothing(self, kernel: Kernel) -> None:
        """The results of loops that have no turn: sums are what they start from."""
        for node in kernel.writes:
            start = self._let(f"_i{id(node)}", identity(node)) if isinstance(node, Reduce) else "0"
            if node in self.layout.scalars:
                self._pack(node, start)
                continue
            if node not in self.layout.slots:
                self._fresh(node)
            if isinstance(node, Reduce):
                self.lines.append(f"{self._whole(node)}.fill({start})")

    def _in_chunks(self, group: Group, function: Any, start: int) -> None:
        split = Split(group, function)
        count = len(group.nodes)
        number = len(self.layout.splits)
        self.layout.splits.append((split, count))
        run = self._call(group, f"s.chunks[{number}].run", f"s.table[{start}:{start + count}]")
        self.lines.append(f"parts = {run}" if split.partial else run)
        for at, node in split.partial.items():
            if node in self.layout.scalars:
                self._pack(node, f"parts[{at}]")
            else:
                self.lines.append(f"{self._whole(node)}[...] = parts[{at}]")

    def _fresh(self, node: Node) -> None:
        """New memory for a result that the caller gets, or that nobody computes."""
        if node in self.local:
            return
        if isinstance(node, Region):
            self.local[node] = self.local[node.operands[0]]
            return
        name = f"o{len(self.local)}"
        spec = self._let(f"_n{len(self.local)}", node)
        empty = self._let("_empty", np.empty)
        self.lines.append(f"{name} = {empty}({spec}.shape, {spec}.dtype)")
        self.local[node] = name

    def _step(self, step: Step) -> None:
        call = step.call
        function = self._let(f"_f{id(call)}", call.function)
        names = [f"q{index}" for index in call.outs]
        self.lines.append(assignment(call, names, function, self._part))
        for name, index, node in zip(names, call.outs, step.results, strict=True):
            spec = self._let(f"_s{index}", self.native.program.specs[index])
            check = self._let("_spec_of", spec_of)
            where = self._let(f"_c{id(call)}", call)
            self.lines.append(f"if {check}({name})[:2] != {spec}[:2]: _broken({where})")
            if node.shape:
                self.lines.append(f"{name} = _fix({name}, {spec}.dtype)")
            elif node in self.layout.scalars:
                self._pack(node, name)
            self.local[node] = name

    def _part(self, part: Any) -> str:
        """What stands in the arguments of a call."""
        return self._value(part) if isinstance(part, Node) else self._let(f"_k{id(part)}", part)

    # -- results --------------------------------------------------------------------------------

    def _value(self, node: Node) -> str:
        """A node as NumPy has it: a scalar for rank 0."""
        base, strides, offset = access(node)
        if base is node:
            return self._whole(node)
        if not base.shape:
            whole = self._whole(base)
            full = self._let("_full", np.full)
            return whole if not node.shape else f"{full}({node.shape}, {whole})"
        shape = self._let(f"_v{id(node)}", node)
        return f"{self._let('_view', _view)}({self._whole(base)}, {shape}, {strides}, {offset})"

    def _whole(self, node: Node) -> str:
        if node in self.local:
            return self.local[node]
        if is_constant(node):
            return self._let(f"_k{id(node)}", node.constant if node.shape else node.constant[()])
        if node in self.layout.scalars:
            return self._unpack(node)
        return f"s.arrays[{self.layout.slots[node]}]"

    def _unpacked(self, outputs: list[str]) -> list[str]:
        """`outputs`, the numbers among them taken out all at once."""
        values = self.native.lowered.values
        cells: dict[int, Node] = {}
        for position, out in enumerate(self.native.program.outputs):
            node = values[out.index] if out.__class__ is Ref else None
            if isinstance(node, Node) and node in self.layout.scalars and node not in self.local:
                cells[position] = node
        if len(cells) < 2:
            return outputs
        places = {self.layout.scalars[node]: node for node in cells.values()}
        start = at = 8 * min(places)
        layout = ""
        for place, node in sorted(places.items()):
            layout += f"{8 * place - at}x{cell_layout(node)}"
            at = 8 * place + 8
        self._let("_unpack_outputs", struct.Struct(f"={layout}").unpack_from)
        names = ", ".join(f"n{place}" for place in sorted(places))
        self.lines.append(f"{names}, = _unpack_outputs(s.scalars, {start})")
        for position, node in cells.items():
            name = f"n{self.layout.scalars[node]}"
            weak = self.native.program.specs[self.native.program.outputs[position].index].weak
            outputs[position] = name if weak else f"_t_{node.dtype.name}({name})"
        return outputs

    def _checks(self, done: set[Node]) -> None:
        """Test what has been computed, before NumPy is given anything that came of it."""
        for number, (check, call) in enumerate(self.native.lowered.checks):
            if access(check)[0] in done and number not in self._checked:
                self._checked.add(number)
                where = self._let(f"_failed{number}", call)
                self.lines.append(f"if {self._value(check)}: _fail({where})")

    def _guards(self) -> None:
        for number, guard in enumerate(self.native.program.guards):
            value = self.native.lowered.values[guard.index]
            text = self._value(value) if isinstance(value, Node) else repr(value)
            expected = self._let(f"_e{number}", guard.expected)
            where = self._let(f"_g{number}", guard)
            self.lines.append(f"if not ({holds(guard, text, expected)}): _broken({where})")

    def _output(self, out: Any) -> str:
        if out.__class__ is not Ref:
            return self._let(f"_k{id(out)}", out)
        node = self.native.lowered.values[out.index]
        text = self._value(node)
        if node.shape and not (node in self.local and self.local[node].startswith("o")):
            return f"{self._let('_copy', np.array)}({text})"
        if not node.shape and self.native.program.specs[out.index].weak:
            return f"{self._let('_number', _number)}({text})"
        if not node.shape and text == self.local.get(node):  # perhaps the caller's own array
            return f"{text}.copy()"
        return text


def _number(value: Any) -> Any:
    """A Python number."""
    return value.item() if hasattr(value, "item") else value


def _fail(call: Any) -> None:
    """Give a call up that NumPy would refuse, so that it is done again and refused by NumPy."""
    raise GuardError(f"{name_of(call.function)} failed", call.line)


def _fix(value: Any, dtype: Any) -> Any:
    """`value` as kernels read it: in C order, aligned, in the machine's byte order."""
    return np.require(value, dtype, ["C", "A"])


def _view(base: Any, node: Node, strides: Sequence[int], offset: int) -> Any:
    """A view of an array by strides, in entries."""
    shape = node.shape
    if 0 in shape:
        return np.empty(shape, node.dtype)
    if min(strides, default=0) >= 0:
        flat = base.reshape(-1)[offset:]
        size = node.dtype.itemsize
        view = np.lib.stride_tricks.as_strided(flat, shape, [s * size for s in strides])
        return view if shape else view[()]
    index = np.array(offset)
    for length, stride in zip(shape, strides, strict=True):
        index = np.add.outer(index, np.arange(length) * stride)
    return base.reshape(-1)[index]


def _read_outside(lowered: Lowered, schedule: Sequence[Any]) -> set[Node]:
    """The nodes that must lie in memory: something besides their own loops reads them."""
    place = {
        n: k for k, item in enumerate(schedule) if not isinstance(item, Step) for n in item.nodes
    }
    needed: set[Node] = set()
    for k, item in enumerate(schedule):
        step = isinstance(item, Step)
        for node in nodes_of(item):
            for operand in node.operands:
                base = access(operand)[0]
                if place.get(base, k) != k or isinstance(operand, View) or step:
                    needed.add(base)
            if isinstance(node, Region):
                needed.update((node, node.operands[0]))
            if isinstance(node, (Scan, Routine)):
                needed.add(node)
    return needed | wanted(lowered)


def _readers(schedule: Sequence[Any]) -> dict[Node, set[Any]]:
    """What reads each node that lies in memory."""
    found: dict[Node, set[Any]] = {}
    for item in schedule:
        for node in nodes_of(item):
            for operand in node.operands:
                found.setdefault(access(operand)[0], set()).add(item)
    return found


__all__ = ["Native"]
