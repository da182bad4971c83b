"""From NumPy calls to loops: how each function is lowered; what is not here stays a call."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradtape.compiler.code import OPS, TYPES
from gradtape.compiler.loops import (
    Map,
    Node,
    Reduce,
    Source,
    Step,
    access,
    broadcast,
    reshaped,
    transposed,
    viewed,
)
from gradtape.compiler.operations import operation
from gradtape.compiler.program import Call, Program, Ref, Spec, mapped
from gradtape.compiler.trace import cast as cast_call

Lowering = Callable[..., Any]
LOWERINGS: dict[Any, Lowering] = {}


class Lowered:
    """The nodes of a program, in order.

    Attributes
    ----------
    values
        The node, or constant, of each value of the program.
    nodes
        What is to be computed.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.values: dict[int, Any] = {}
        self.nodes: list[Node] = []
        self._shared: dict[Any, Node] = {}
        self._constants: dict[int, Node] = {}
        for index in program.inputs:
            spec = program.specs[index]
            self.values[index] = Source(spec.shape, spec.dtype)
        for call in program.calls:
            self._lower(call)

    def _lower(self, call: Call) -> None:
        specs = [self.program.specs[i] for i in call.outs]
        lowering = LOWERINGS.get(call.function)
        if lowering is None and isinstance(call.function, np.ufunc):
            lowering = _elementwise
        if lowering is None and isinstance(getattr(call.function, "__self__", None), np.ufunc):
            lowering = _METHODS.get(call.function.__name__)
        if lowering is not None and not call.several and specs[0].dtype.kind in "fiub":
            builder = Builder(self, call, specs[0])
            try:
                result = lowering(builder, *call.args, **call.kwargs)
                if result is not NotImplemented:
                    assert result.shape == specs[0].shape, call
                    self.values[call.outs[0]] = builder.cast(result, specs[0].dtype)
                    return
            except NotLoweredError:
                pass
        self._step(call, specs)

    def _step(self, call: Call, specs: Sequence[Spec]) -> None:
        """Leave the call to Python."""
        results = [Source(spec.shape, spec.dtype) for spec in specs]
        operands: list[Node] = []

        def node(ref: Ref) -> Any:
            value = self.values[ref.index]
            operands.append(value)
            return value

        kept = call._replace(args=mapped(node, call.args), kwargs=mapped(node, call.kwargs))
        self.nodes.append(Step(kept, operands, results))
        self.values.update(zip(call.outs, results, strict=True))

    def add(self, node: Node, key: Any = None) -> Node:
        """`node`, or the equal one that is there already."""
        if any(part.dtype.name not in TYPES for part in (node, *node.operands)):
            raise NotLoweredError
        if key is not None:
            found = self._shared.get(key)
            if found is not None:
                return found
            self._shared[key] = node
        self.nodes.append(node)
        return node

    def constant(self, value: Any, dtype: Any) -> Node:
        """A constant array or number as a node."""
        array = np.asarray(value, dtype)
        key = (array.item(), dtype, np.signbit(array) if dtype.kind == "f" else 0) if not array.ndim else id(value)
        node = self._constants.get(key)  # type: ignore[call-overload]
        if node is None:
            node = self._constants[key] = Source(array.shape, array.dtype, np.array(array, order="C"))  # type: ignore[index]
        return node


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
        axes = range(rank) if axis is None else [axis] if isinstance(axis, int) else axis
        axes = sorted(a % rank for a in axes) if rank else []
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


def _has_refs(*trees: Any) -> bool:
    from gradtape.compiler.program import refs_in

    return any(True for tree in trees for _ in refs_in(tree))


# -- elementwise --------------------------------------------------------------------------------


def _elementwise(build: Builder, *args: Any, **kwargs: Any) -> Any:
    """A ufunc whose loop for these dtypes is among the scalar operations."""
    ufunc = build.call.function
    op = operation(ufunc)
    if op is None or ufunc.nout != 1 or ufunc.signature or kwargs or len(args) != ufunc.nin:
        return NotImplemented
    *dtypes, out = ufunc.resolve_dtypes((*[build.spec_of(arg) for arg in args], None))
    if any(dtype.kind not in op.kinds or dtype.itemsize not in (1, 2, 4, 8) or dtype == np.float16 for dtype in dtypes):
        return NotImplemented
    power = op.special(args, dtypes) if op.special else None
    if power is not None:
        return power(build, dtypes[0])
    return build.map(ufunc.__name__, *map(build.node, args, dtypes), dtype=out)


def _python_operator(ufunc: np.ufunc) -> Lowering:
    """An operator of two Python numbers, in float64 or int64."""

    def lowering(build: Builder, *args: Any) -> Any:
        dtype = build.spec.dtype
        inner = np.result_type(*[np.dtype(build.spec_of(arg)) for arg in args])
        op = OPS.get(ufunc.__name__)
        if op is None or inner.kind not in op.kinds or (ufunc is np.power and inner.kind != "f"):
            return NotImplemented
        return build.map(ufunc.__name__, *[build.node(a, inner) for a in args], dtype=dtype)

    return lowering


for _name, _ufunc in {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.true_divide,
    "neg": np.negative,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}.items():
    LOWERINGS[getattr(operator, _name)] = _python_operator(_ufunc)


def lowers(*functions: Any) -> Callable[[Lowering], Lowering]:
    """Decorate the lowering of NumPy's `functions`."""

    def register(lowering: Lowering) -> Lowering:
        for function in functions:
            LOWERINGS[function] = lowering
        return lowering

    return register


@lowers(np.where)
def _where(build: Builder, condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None:
        return NotImplemented
    mask = build.node(condition, np.dtype(bool))
    dtype = build.spec.dtype
    return build.map("where", mask, build.node(x, dtype), build.node(y, dtype), dtype=dtype)


@lowers(cast_call)
def _cast(build: Builder, a: Any, dtype: Any) -> Any:
    node = build.node(a)
    return NotImplemented if node.dtype.kind == "c" else build.cast(node, np.dtype(dtype))


@lowers(np.real, np.conj, np.positive)
def _same(build: Builder, a: Any) -> Any:
    return build.node(a)


@lowers(np.copy)
def _copy(build: Builder, a: Any, order: Any = "K", subok: bool = False) -> Any:
    return build.node(a)


# -- reductions ---------------------------------------------------------------------------------


def _reduction(op: str) -> Lowering:
    def lowering(
        build: Builder,
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        **options: Any,
    ) -> Any:
        if out is not None or options or _has_refs(axis, keepdims):
            return NotImplemented
        node = build.node(a)
        if node.dtype.kind not in "fiub" or (op in ("max", "min") and not node.size):
            return NotImplemented
        keepdims = keepdims is not np._NoValue and bool(keepdims)
        return build.reduce(op, build.cast(node, build.spec.dtype), axis, keepdims)

    return lowering


_sum, _prod = _reduction("add"), _reduction("multiply")
LOWERINGS[np.sum], LOWERINGS[np.prod] = _sum, _prod


@lowers(np.max, np.min)
def _extreme(build: Builder, a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, **options: Any) -> Any:
    op = "max" if build.call.function is np.max else "min"
    return _reduction(op)(build, a, axis, None, out, keepdims, **options)


@lowers(np.mean)
def _mean(build: Builder, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    total = _sum(build, a, axis, None, out, keepdims)
    if total is NotImplemented:
        return total
    count = build.node(a).size // max(total.size, 1)
    dtype = build.spec.dtype
    return build.map("divide", total, build.node(float(count), dtype), dtype=dtype)


_REDUCERS = {np.add: "add", np.multiply: "multiply", np.maximum: "max", np.minimum: "min", np.logical_and: "and", np.logical_or: "or"}


def _ufunc_reduce(build: Builder, a: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: Any = False, **options: Any) -> Any:
    op = _REDUCERS.get(build.call.function.__self__)
    if op is None:
        return NotImplemented
    if op in ("and", "or"):
        if out is not None or options:
            return NotImplemented
        return build.reduce(op, build.node(a, np.dtype(bool)), axis, bool(keepdims))
    return _reduction(op)(build, a, axis, None, out, keepdims, **options)


_METHODS = {"reduce": _ufunc_reduce}


@lowers(np.all, np.any)
def _truth(build: Builder, a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, **options: Any) -> Any:
    if out is not None or options:
        return NotImplemented
    op = "and" if build.call.function is np.all else "or"
    node = build.node(a)
    mask = node if node.dtype == bool else build.map("not_equal", node, build.node(0, node.dtype), dtype=np.dtype(bool))
    return build.reduce(op, mask, axis, keepdims is not np._NoValue and bool(keepdims))


# -- shapes -------------------------------------------------------------------------------------


@lowers(np.broadcast_to)
def _broadcast_to(build: Builder, array: Any, shape: Any, subok: bool = False) -> Any:
    return broadcast(build.node(array), build.spec.shape)


@lowers(np.reshape, np.squeeze, np.expand_dims, np.ravel)
def _reshape(build: Builder, a: Any, *args: Any, **kwargs: Any) -> Any:
    order = kwargs.get("order", args[1] if len(args) > 1 and build.call.function is np.reshape else "C")
    if order not in ("C", "A", "K") or _has_refs(args, kwargs):
        return NotImplemented
    return build.reshape(build.node(a), build.spec.shape)


@lowers(np.transpose)
def _transpose(build: Builder, a: Any, axes: Any = None) -> Any:
    node = build.node(a)
    rank = len(node.shape)
    order = range(rank)[::-1] if axes is None else [axis % rank for axis in axes]
    return transposed(node, list(order))


@lowers(np.swapaxes)
def _swapaxes(build: Builder, a: Any, axis1: int, axis2: int) -> Any:
    node = build.node(a)
    order = list(range(len(node.shape)))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transposed(node, order)


@lowers(np.moveaxis)
def _moveaxis(build: Builder, a: Any, source: Any, destination: Any) -> Any:
    node = build.node(a)
    order = np.moveaxis(np.empty([1] * len(node.shape)), source, destination)
    del order
    positions = np.moveaxis(np.arange(len(node.shape)).reshape([1] * len(node.shape) + [-1]), -1, 0)
    del positions
    rank = len(node.shape)
    sources = [s % rank for s in ([source] if isinstance(source, int) else source)]
    targets = [d % rank for d in ([destination] if isinstance(destination, int) else destination)]
    rest = [axis for axis in range(rank) if axis not in sources]
    for target, axis in sorted(zip(targets, sources, strict=True)):
        rest.insert(target, axis)
    return transposed(node, rest)


@lowers(np.flip)
def _flip(build: Builder, m: Any, axis: Any = None) -> Any:
    node = build.node(m)
    rank = len(node.shape)
    axes = range(rank) if axis is None else [axis] if isinstance(axis, int) else axis
    index = [slice(None)] * rank
    for a in axes:
        index[a] = slice(None, None, -1)
    return _indexed(node, tuple(index))


@lowers(operator.getitem)
def _getitem(build: Builder, a: Any, index: Any) -> Any:
    parts = index if isinstance(index, tuple) else (index,)
    if not all(_is_basic(part) for part in parts) or _has_refs(index):
        return NotImplemented
    return _indexed(build.node(a), parts)


def _is_basic(part: Any) -> bool:
    if isinstance(part, (bool, np.bool_)):
        return False
    return part is None or part is Ellipsis or isinstance(part, (int, np.integer, slice))


def _indexed(node: Node, index: Sequence[Any]) -> Node:
    """The view that a basic index makes."""
    _, strides, offset = access(node)
    rank = len(node.shape)
    given = sum(part is not None and part is not Ellipsis for part in index)
    parts: list[Any] = []
    for part in index:
        parts.extend([slice(None)] * (rank - given) if part is Ellipsis else [part])
    if Ellipsis not in [p for p in index if not isinstance(p, np.ndarray)]:
        parts.extend([slice(None)] * (rank - given))
    shape, steps, axis = [], [], iter(range(rank))
    for part in parts:
        if part is None:
            shape.append(1)
            steps.append(0)
            continue
        a = next(axis)
        if isinstance(part, slice):
            start, stop, step = part.indices(node.shape[a])
            length = len(range(start, stop, step))
            shape.append(length)
            steps.append(strides[a] * step)
            offset += start * strides[a] if length else 0
        else:
            offset += (int(part) % node.shape[a]) * strides[a]
    return viewed(node, shape, steps, offset)


def sources(lowered: Lowered) -> Iterator[Source]:
    """The inputs of the program, as nodes."""
    for index in lowered.program.inputs:
        yield lowered.values[index]
