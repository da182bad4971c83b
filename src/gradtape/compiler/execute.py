"""Runs a program as machine code: kernels, and the NumPy calls between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.compiler.emit import Kernel, identity
from gradtape.compiler.loops import Node, Reduce, Source, Step, View, access, clustered
from gradtape.compiler.lower import Lowered, sources
from gradtape.compiler.native import Module, new_name
from gradtape.compiler.program import GuardError, Program, Ref, mapped, name_of, same, spec_of
from gradtape.compiler.replay import Runner


def compiled(program: Program) -> Runner:
    """A function from the inputs to the outputs of `program`, in machine code.

    It raises `GuardError` where a guard does not hold.
    """
    return _Native(program).run


class _Native:
    def __init__(self, program: Program) -> None:
        self.program = program
        lowered = Lowered(program)
        self.values = lowered.values
        nodes = _needed(lowered)
        self.inputs = list(sources(lowered))
        schedule = clustered(nodes)
        read_outside = self._read_outside(schedule)
        self.steps: list[Any] = []
        kernels = []
        for item in schedule:
            if isinstance(item, Step):
                self.steps.append(item)
            else:
                kernel = Kernel(item, new_name(), read_outside)
                kernels.append(kernel)
                self.steps.append(kernel)
        self.module = Module(kernels)
        self.functions = dict(zip(kernels, self.module.functions, strict=True))
        self.constants = {
            node: node.constant
            for kernel in kernels
            for node in kernel.reads
            if isinstance(node, Source) and node.constant is not None
        }

    def _read_outside(self, schedule: Sequence[Any]) -> set[Node]:
        """The nodes that must lie in memory, because something besides their own loops reads them."""
        place = {n: k for k, item in enumerate(schedule) if not isinstance(item, Step) for n in item.nodes}
        needed: set[Node] = set()
        for k, item in enumerate(schedule):
            for node in [item] if isinstance(item, Step) else item.nodes:
                for operand in node.operands:
                    base = access(operand)[0]
                    if place.get(base, k) != k or isinstance(operand, View) or isinstance(item, Step):
                        needed.add(base)
        for index in self._wanted():
            if isinstance(self.values[index], Node):
                needed.add(access(self.values[index])[0])
        return needed

    def _wanted(self) -> list[int]:
        found = [out.index for out in self.program.outputs if out.__class__ is Ref]
        return [*found, *[guard.index for guard in self.program.guards]]

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        memory: dict[Node, Any] = dict(self.constants)
        for node, value in zip(self.inputs, inputs, strict=True):
            memory[node] = np.ascontiguousarray(value, node.dtype).reshape(node.shape)
        for step in self.steps:
            if isinstance(step, Step):
                self._call(step, memory)
            else:
                self._kernel(step, memory)
        for guard in self.program.guards:
            value = self._value(self.values[guard.index], memory)
            if not same(value, guard.expected):
                raise GuardError(f"a value was {guard.expected!r} and is {value!r}", guard.line)
        return [
            self._output(out, memory) if out.__class__ is Ref else out
            for out in self.program.outputs
        ]

    def _kernel(self, kernel: Kernel, memory: dict[Node, Any]) -> None:
        for node in kernel.writes:
            memory[node] = array = np.empty(node.shape, node.dtype)
            if isinstance(node, Reduce):
                array.fill(identity(node))
        arrays = [memory[node] for node in (*kernel.reads, *kernel.writes)]
        if 0 in kernel.cluster.shape:
            return
        table = np.array([array.ctypes.data for array in arrays], np.uintp)
        end = kernel.axes[0].length if kernel.axes else 0
        self.functions[kernel](table.ctypes.data, 0, end)

    def _call(self, step: Step, memory: dict[Node, Any]) -> None:
        operands = iter(step.operands)

        def value(_: Any) -> Any:
            return self._value(next(operands), memory)

        call = step.call
        args = _filled(call.args, memory, self)
        kwargs = _filled(call.kwargs, memory, self)
        del value
        result = call.function(*args, **kwargs)
        parts = result if call.several else (result,)
        for node, part, index in zip(step.results, parts, call.outs, strict=True):
            if spec_of(part)[:2] != self.program.specs[index][:2]:
                raise GuardError(f"{name_of(call.function)} gave {spec_of(part)}", call.line)
            memory[node] = np.ascontiguousarray(part).reshape(node.shape)

    def _value(self, node: Any, memory: dict[Node, Any]) -> Any:
        """A node's value as NumPy has it: a scalar for rank 0."""
        if not isinstance(node, Node):
            return node
        base, strides, offset = access(node)
        array = base.constant if isinstance(base, Source) and base.constant is not None else memory[base]
        if base is not node:
            size = node.dtype.itemsize
            array = np.lib.stride_tricks.as_strided(
                array.reshape(-1)[offset:] if array.size else array,
                node.shape,
                [s * size for s in strides],
            ) if min(strides, default=0) >= 0 else _backwards(array, node, strides, offset)
        return array if array.ndim else array[()]

    def _output(self, out: Ref, memory: dict[Node, Any]) -> Any:
        value = self._value(self.values[out.index], memory)
        if isinstance(value, np.ndarray):
            return value.copy() if value.base is not None or not value.flags.owndata else value
        return value.item() if self.program.specs[out.index].weak else value


def _backwards(array: Any, node: Any, strides: Sequence[int], offset: int) -> Any:
    """A view with negative steps."""
    flat = array.reshape(-1)
    index = np.array(offset)
    for length, stride in zip(node.shape, strides, strict=True):
        index = np.add.outer(index, np.arange(length) * stride)
    return flat[index]


def _filled(tree: Any, memory: dict[Node, Any], native: _Native) -> Any:
    if isinstance(tree, Node):
        return native._value(tree, memory)
    if isinstance(tree, (list, tuple)):
        parts = [_filled(part, memory, native) for part in tree]
        return tree.__class__(*parts) if hasattr(tree, "_fields") else tree.__class__(parts)
    if isinstance(tree, dict):
        return {key: _filled(part, memory, native) for key, part in tree.items()}
    if isinstance(tree, slice):
        return slice(*_filled((tree.start, tree.stop, tree.step), memory, native))
    return tree


def _needed(lowered: Lowered) -> list[Node]:
    """The nodes that an output or a guard depends on, in order."""
    program = lowered.program
    wanted = [out.index for out in program.outputs if out.__class__ is Ref]
    wanted += [guard.index for guard in program.guards]
    live: set[Node] = set()
    for index in wanted:
        if isinstance(lowered.values[index], Node):
            live.add(access(lowered.values[index])[0])
    kept: list[Node] = []
    for node in reversed(lowered.nodes):
        results = node.results if isinstance(node, Step) else [node]
        if live.intersection(results):
            kept.append(node)
            live.update(access(operand)[0] for operand in node.operands)
    return kept[::-1]


__all__ = ["compiled", "mapped"]
