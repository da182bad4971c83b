"""From NumPy calls to loops: how each function is lowered; what is not here stays a call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradtape.compiler.loops.nodes import (
    Map,
    Node,
    Reduce,
    Region,
    Source,
    Step,
    View,
    access,
    broadcast,
    reshaped,
)
from gradtape.compiler.program import Call, Program, Ref, Spec, refs_in, substituted
from gradtape.compiler.scalar.code import TYPES

Lowering = Callable[..., Any]
LOWERINGS: dict[Any, Lowering] = {}
"""How each function is lowered: by the function itself, or "ufunc" and "reduce" for any ufunc's."""


def _lowering_of(function: Any) -> Lowering | None:
    """The lowering of a function, if it has one."""
    found = LOWERINGS.get(function)
    if found is None and isinstance(function, np.ufunc):
        return LOWERINGS["ufunc"]
    if found is None and isinstance(getattr(function, "__self__", None), np.ufunc):
        return LOWERINGS.get(function.__name__)
    return found


def _asked(lowering: Lowering, builder: Builder, call: Call) -> Any:
    """What a lowering makes of a call; a `NotLoweredError` if it does not know an argument."""
    try:
        return lowering(builder, *call.args, **call.kwargs)
    except TypeError:
        try:
            inspect.signature(lowering).bind(builder, *call.args, **call.kwargs)
        except TypeError:
            raise NotLoweredError from None
        raise


class Lowered:
    """The nodes of a program, in order.

    Attributes
    ----------
    values
        The node, or constant, of each value of the program.
    nodes
        What is to be computed.
    checks
        Numbers that must be 0; where one is not, its call fails as NumPy's does.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.values: dict[int, Any] = {}
        self.nodes: list[Node] = []
        self.checks: list[tuple[Node, Call]] = []
        self._shared: dict[Any, Node] = {}
        self._constants: dict[Any, Source] = {}
        for index in program.inputs:
            spec = program.specs[index]
            self.values[index] = Source(spec.shape, spec.dtype.newbyteorder("="))
        for call in program.calls:
            self._lower(call)
        self._copy_views()

    def _copy_views(self) -> None:
        """Let loops copy the views that are returned: quicker than NumPy, if they are small."""
        for out in self.program.outputs:
            node = self.values[out.index] if out.__class__ is Ref else None
            if isinstance(node, View) and node.size and node.dtype.name in TYPES:
                self.values[out.index] = self.add(Map("copy", [node], node.dtype))

    def _lower(self, call: Call) -> None:
        specs = [self.program.specs[i] for i in call.outs]
        lowering = _lowering_of(call.function)
        if lowering is not None and specs and all(spec.dtype.kind in "fiub" for spec in specs):
            builder = Builder(self, call, specs[0])
            before = len(self.checks)
            try:
                result = _asked(lowering, builder, call)
                if result is not NotImplemented:
                    results = result if call.several else [result]
                    if [node.shape for node in results] != [spec.shape for spec in specs]:
                        raise NotLoweredError
                    for index, spec, node in zip(call.outs, specs, results, strict=True):
                        self.values[index] = builder.cast(node, spec.dtype)
                    return
            except NotLoweredError:
                pass
            del self.checks[before:]
        self._step(call, specs)

    def _step(self, call: Call, specs: Sequence[Spec]) -> None:
        """Leave the call to Python."""
        results = [Source(spec.shape, spec.dtype.newbyteorder("=")) for spec in specs]
        operands: list[Node] = []

        def node(ref: Ref) -> Any:
            value = self.values[ref.index]
            operands.append(value)
            return value

        kept = call._replace(
            args=substituted(node, call.args), kwargs=substituted(node, call.kwargs)
        )
        self.nodes.append(Step(kept, operands, results))
        self.values.update(zip(call.outs, results, strict=True))

    def add(self, node: Node, key: Any = None) -> Node:
        """`node`, or the equal one that is there already."""
        if any([part.dtype not in _KNOWN for part in (node, *node.operands)]):
            raise NotLoweredError
        if key is not None:
            found = self._shared.get(key)
            if found is not None:
                return found
            self._shared[key] = node
        self.nodes.append(node)
        return node

    def constant(self, value: Any, dtype: Any) -> Source:
        """A constant array or number as a node."""
        array = np.array(value, dtype, order="C")
        key: Any = array.tobytes(), array.shape, dtype
        if key not in self._constants:
            self._constants[key] = Source(array.shape, array.dtype, array)
        return self._constants[key]


_KNOWN = frozenset(map(np.dtype, TYPES))

_WEAK: dict[str, Any] = {"f": float, "i": int, "c": complex}


class NotLoweredError(Exception):
    """Native code does not know such numbers."""


class Builder:
    """Makes the nodes of one call."""

    def __init__(self, lowered: Lowered, call: Call, spec: Spec) -> None:
        self.lowered = lowered
        self.call = call
        self.spec = spec

    def spec_of(self, arg: Any) -> Any:
        """The spec of an argument, or its type if it is a Python number."""
        if arg.__class__ is Ref:
            spec = self.lowered.program.specs[arg.index]
            return _WEAK.get(spec.dtype.kind, spec.dtype) if spec.weak else spec.dtype
        if isinstance(arg, (bool, int, float, complex)) and not isinstance(arg, np.generic):
            return np.dtype(bool) if isinstance(arg, bool) else type(arg)
        return np.asarray(arg).dtype

    def node(self, arg: Any, dtype: Any = None) -> Node:
        """An argument as a node, in `dtype`."""
        if arg.__class__ is Ref:
            node = self.lowered.values[arg.index]
        elif isinstance(arg, Node):
            node = arg
        else:
            node = self.lowered.constant(arg, np.asarray(arg).dtype if dtype is None else dtype)
        return node if dtype is None else self.cast(node, dtype)

    def again(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """What the lowering of another function makes of the same result."""
        builder = Builder(self.lowered, self.call, self.spec)
        builder.call = self.call._replace(function=function)
        lowering = _lowering_of(function)
        return NotImplemented if lowering is None else lowering(builder, *args, **kwargs)

    def map(self, op: str, *operands: Node, dtype: Any) -> Node:
        """An elementwise operation, with broadcasting."""
        shape = np.broadcast_shapes(*[node.shape for node in operands])
        parts = [broadcast(node, shape) for node in operands]
        keys = [_key(part) for part in parts]
        if op in ("add", "multiply"):
            keys.sort()
        return self.lowered.add(Map(op, parts, dtype), (op, dtype, *keys))

    def cast(self, node: Node, dtype: Any) -> Node:
        """`node` in another dtype."""
        if node.dtype == dtype:
            return node
        if isinstance(node, Source) and node.constant is not None and not node.shape:
            return self.lowered.constant(node.constant.astype(dtype), dtype)
        return self.lowered.add(Map("cast", [node], dtype), ("cast", dtype, _key(node)))

    def reduce(self, op: str, node: Node, axis: Any, keepdims: bool) -> Node:
        """A reduction over `axis`, in the node's own dtype."""
        rank = len(node.shape)
        axes = sorted(axis_numbers(axis, rank))
        result = node
        if axes:
            result = self.lowered.add(
                Reduce(op, node, axes, node.dtype), ("reduce", op, tuple(axes), _key(node))
            )
        if keepdims:
            shape = [1 if a in axes else n for a, n in enumerate(node.shape)]
            reshaped_result = reshaped(result, shape)
            assert reshaped_result is not None
            return reshaped_result
        return result

    def truth(self, node: Node) -> Node:
        """Whether each entry is not 0."""
        if node.dtype == bool:
            return node
        return self.map("not_equal", node, self.node(0, node.dtype), dtype=np.dtype(bool))

    def full(self, value: Any, shape: Sequence[int], dtype: Any) -> Node:
        """An array of one number."""
        return broadcast(self.lowered.constant(value, dtype), shape)

    def filled(self, a: Any, dtype: Any) -> Node:
        """An argument as a node; a constant array of one number as that number."""
        if isinstance(a, np.ndarray) and a.size and (a == a.flat[0]).all():
            return self.full(a.flat[0], a.shape, dtype)
        return self.node(a, dtype)

    def place(self, base: Node, value: Node, where: Node, adds: bool) -> Node:
        """`base` with `value` written or added where the view `where` reads."""
        _, strides, offset = access(where)
        return self.lowered.add(Region(base, value, strides, offset, adds))

    def copied(self, node: Node) -> Node:
        """`node` in memory of its own, in C order."""
        return self.lowered.add(Map("copy", [node], node.dtype))

    def reshape(self, node: Node, shape: Sequence[int]) -> Node:
        """`node` in another shape, copied if it must be."""
        found = reshaped(node, shape)
        if found is None:
            found = reshaped(self.copied(node), shape)
        assert found is not None
        return found


def _key(node: Node) -> tuple[Any, ...]:
    base, strides, offset = access(node)
    return id(base), node.shape, strides, offset


def has_refs(*trees: Any) -> bool:
    """Whether a value of the program stands among arguments."""
    return any(True for tree in trees for _ in refs_in(tree))


def axis_numbers(axis: Any, rank: int) -> list[int]:
    """The axes that an argument names, from 0 up; all if it is None."""
    if axis is None or not rank:
        return list(range(rank))
    return [int(a) % rank for a in (axis if np.ndim(axis) else [axis])]


def kept(keepdims: Any) -> bool:
    """The value of `keepdims`, which is False where it is not given."""
    return keepdims is not np._NoValue and bool(keepdims)


def lowers(*functions: Any) -> Callable[[Lowering], Lowering]:
    """Decorate the lowering of NumPy's `functions`."""

    def register(lowering: Lowering) -> Lowering:
        for function in functions:
            LOWERINGS[function] = lowering
        return lowering

    return register


def sources(lowered: Lowered) -> Iterator[Source]:
    """The inputs of the program, as nodes."""
    for index in lowered.program.inputs:
        yield lowered.values[index]
