"""`function`: a Python function that is recorded once and then runs as a program."""

from __future__ import annotations

import functools
import os
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.compiler.program import GuardError, Program, Ref
from gradtape.compiler.replay import pruned, replay
from gradtape.compiler.trace import Trace, Traced, constant, plain
from gradtape.core import structure
from gradtape.core.errors import GradientWarning
from gradtape.core.handle import UNTRACKED, Handle, settled
from gradtape.core.tape import active, in_quiet
from gradtape.core.tensor import LIVE, Tensor, Variable

MOST_PROGRAMS = 64
"""How many programs a function keeps; the one used longest ago goes first."""

MOST_BROKEN = 4
"""After so many programs for one signature, whose guards all failed, the function stays eager."""

_tracing = threading.local()


def function(f: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Decorate a function: it is recorded when first called, and then runs as a compiled program."""
    if f is None:
        return lambda g: function(g, **options)
    if isinstance(f, Function):
        return f
    return functools.update_wrapper(Function(f), f)


class Function:
    """What `function` makes."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self._f = f
        self._programs: OrderedDict[Any, list[Compiled]] = OrderedDict()
        self._eager: set[Any] = set()
        self._lock = threading.RLock()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if active() or getattr(_tracing, "now", False) or os.environ.get("GRADTAPE_DISABLE_COMPILE"):
            return self._f(*args, **kwargs)
        call = _Arguments(args, kwargs)
        found = self._programs.get(call.key)
        if found:
            for compiled in found:
                try:
                    return compiled(call)
                except GuardError as error:
                    broken = error
            if len(found) >= MOST_BROKEN:
                return self._give_up(call, broken)
        return self._record(call)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    @property
    def programs(self) -> list[Program]:
        """The programs recorded so far."""
        return [compiled.program for group in self._programs.values() for compiled in group]

    def clear(self) -> None:
        """Forget all programs."""
        with self._lock:
            self._programs.clear()
            self._eager.clear()

    def program(self, *args: Any, **kwargs: Any) -> str:
        """The text of the program for such arguments; it is recorded if it must be."""
        call = _Arguments(args, kwargs)
        if call.key not in self._programs:
            self._record(call)
        return str(self._programs[call.key][-1].program)

    def _record(self, call: _Arguments) -> Any:
        if call.key in self._eager:
            return self._f(*call.args, **call.kwargs)
        with self._lock:
            result, compiled = record(self._f, call)
            if compiled is not None:
                self._programs.setdefault(call.key, []).insert(0, compiled)
                self._programs.move_to_end(call.key)
                while len(self._programs) > MOST_PROGRAMS:
                    self._programs.popitem(last=False)
        return result

    def _give_up(self, call: _Arguments, error: GuardError) -> Any:
        self._eager.add(call.key)
        del self._programs[call.key]
        where = f"{error.line[0]}:{error.line[1]}" if error.line else "an unknown line"
        warnings.warn(
            f"Keep Python's decisions out of {self._f.__qualname__}, or pass what they depend on as an "
            f"argument of another type: it runs eagerly from now on, for {error} at {where}.",
            GradientWarning,
            stacklevel=3,
        )
        return self._f(*call.args, **call.kwargs)


class _Arguments:
    """The arguments of a call: their leaves, and the key of the programs that fit them."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args, self.kwargs = args, kwargs
        self.tree = [list(args), kwargs] if kwargs else list(args)
        self.leaves = structure.flatten(self.tree)
        self.key = (_outline(self.tree), tuple(map(_kind, self.leaves)))

    @property
    def numbers(self) -> list[int]:
        """The positions of the leaves that are values of the program."""
        return [i for i, leaf in enumerate(self.leaves) if _is_value(leaf)]


def _outline(tree: Any) -> Any:
    if not structure.is_nested(tree):
        return None
    parts = structure.children(tree)
    return type(tree), tuple(parts), tuple(map(_outline, parts.values()))


def _is_value(leaf: Any) -> bool:
    if isinstance(leaf, Variable):
        return False
    return isinstance(leaf, (Handle, np.ndarray, np.generic)) or leaf.__class__ in (float, int, complex)


def _kind(leaf: Any) -> Any:
    """What a program depends on of an argument."""
    if isinstance(leaf, Variable):
        return leaf._id
    if isinstance(leaf, Handle):
        return type(leaf), leaf._value.shape, leaf._value.dtype
    if isinstance(leaf, (np.ndarray, np.generic)):
        return leaf.shape, leaf.dtype
    if leaf.__class__ in (float, int, complex):
        return leaf.__class__
    try:
        hash(leaf)
    except TypeError:
        return id(leaf)
    return leaf.__class__, leaf


class Compiled:
    """A program, how its inputs are taken, and where its outputs go."""

    def __init__(
        self,
        program: Program,
        numbers: Sequence[int],
        variables: Sequence[Variable],
        assigned: Sequence[Variable],
        result: Any,
        spelled: Sequence[Any],
    ) -> None:
        self.program = program
        self._numbers = list(numbers)
        self._variables = list(variables)
        self._assigned = list(assigned)
        self._result = result
        self._spelled = list(spelled)
        self._run = runner(program)

    def __call__(self, call: _Arguments) -> Any:
        inputs = [_value(call.leaves[i]) for i in self._numbers]
        inputs += [variable._value for variable in self._variables]
        outputs = self._run(inputs)
        count = len(outputs) - len(self._assigned)
        for variable, value in zip(self._assigned, outputs[count:], strict=True):
            variable._value = settled(own(value, inputs))
        return self.assembled(outputs[:count], inputs)

    def assembled(self, outputs: Sequence[Any], inputs: Sequence[Any]) -> Any:
        """The result in its structure, each leaf of its kind."""
        leaves = []
        for made, leaf in zip(self._spelled, outputs, strict=True):
            leaves.append(leaf if made is None else made(own(leaf, inputs)))
        return structure.rebuild(self._result, leaves)


def runner(program: Program) -> Callable[[Sequence[Any]], list[Any]]:
    """What runs `program`: native code, or plain NumPy where there is no llvmlite."""
    from gradtape.compiler import native

    if native.available():
        from gradtape.compiler.execute import Native

        compiled = Native(program)
        run = compiled.run
        steps = len(compiled.kernels) < len(compiled.schedule)
        if not steps:
            return lambda inputs: run(*inputs)
        return lambda inputs: in_quiet(run, *inputs)
    plain_run = replay(program)
    return lambda inputs: in_quiet(plain_run, inputs)


def _value(leaf: Any) -> Any:
    return leaf._value if isinstance(leaf, Handle) else leaf


def own(value: Any, inputs: Sequence[Any]) -> Any:
    """`value`, copied if it is an input of the caller's or a view of one."""
    if isinstance(value, np.ndarray):
        if value.base is not None or not value.flags.writeable or any(value is x for x in inputs):
            return value.copy()
    return value


def record(f: Callable[..., Any], call: _Arguments) -> tuple[Any, Compiled | None]:
    """Run ``f`` once, and write down what it does.

    The program is None where it cannot be used again: the function made Variables that live on.
    """
    trace = Trace()
    numbers = call.numbers
    leaves = list(call.leaves)
    for i in numbers:
        traced = trace.input(constant(_value(leaves[i])))
        kind = leaves[i]._result if isinstance(leaves[i], Handle) else Tensor
        leaves[i] = kind(traced, UNTRACKED)
    held = {variable._id: (variable, variable._value) for variable in list(LIVE.values())}
    before = {ident: trace.input(value) for ident, (_, value) in held.items()}
    tree = structure.rebuild(call.tree, leaves) if leaves else call.tree
    args, kwargs = (tree[0], tree[1]) if call.kwargs else (tree, {})
    failed = True
    _tracing.now = True
    try:
        for ident, (variable, _) in held.items():
            variable._value = before[ident]
        result = f(*args, **kwargs)
        failed = False
    finally:
        _tracing.now = trace.open = False
        assigned = _settle(held, before, failed)
    new = [variable for variable in LIVE.values() if isinstance(variable._value, Traced)]
    for variable in new:
        variable._value = settled(plain(variable._value))
    keeps = any(isinstance(leaf, Handle) for leaf in call.leaves) or not numbers
    compiled = _compiled(trace, call, result, held, before, assigned, keeps)
    outputs = [plain(_value(leaf)) for leaf in structure.flatten(result)]
    values = [leaf for leaf in structure.flatten(result)]
    concrete = [
        plain(_value(leaf)) if made is not None else leaf
        for made, leaf in zip(compiled._spelled, values, strict=True)
    ]
    del outputs
    return compiled.assembled(concrete, [_value(leaf) for leaf in call.leaves]), None if new else compiled


def _settle(
    held: dict[int, tuple[Variable, Any]], before: dict[int, Traced], failed: bool
) -> list[tuple[Variable, Any]]:
    """Give the Variables plain values again; return those assigned, with what they were given.

    After an exception they keep what was assigned before it, as in a plain run.
    """
    assigned = []
    for ident, (variable, value) in held.items():
        now = variable._value
        if now is before[ident]:
            variable._value = value
        else:
            if not failed:
                assigned.append((variable, now))
            variable._value = settled(plain(now))
    return assigned


def _compiled(
    trace: Trace,
    call: _Arguments,
    result: Any,
    held: dict[int, tuple[Variable, Any]],
    before: dict[int, Traced],
    assigned: Sequence[tuple[Variable, Any]],
    keeps: bool,
) -> Compiled:
    leaves = structure.flatten(result)
    outputs, spelled = [], []
    for leaf in leaves:
        value = _value(leaf)
        if isinstance(leaf, Variable) or not isinstance(value, (Traced, np.ndarray, np.generic)):
            outputs.append(None)
            spelled.append(None)
            continue
        outputs.append(_reference(value, trace))
        spelled.append(_Tensors(leaf._result) if keeps and isinstance(leaf, Handle) else _array)
    outputs += [_reference(value, trace) for _, value in assigned]
    program = trace.program
    program.outputs = outputs
    program = pruned(program)
    used = _used(program)
    variables = [variable for ident, (variable, _) in held.items() if before[ident].index in used]
    first = len(call.numbers)
    wanted = {before[variable._id].index for variable in variables}
    program.inputs = [*program.inputs[:first], *[i for i in program.inputs[first:] if i in wanted]]
    constants = structure.rebuild(result, leaves)
    return _WithConstants(
        program, call.numbers, variables, [v for v, _ in assigned], constants, spelled
    )


class _WithConstants(Compiled):
    """A compiled program some of whose results are no values: they are returned as they were."""

    def assembled(self, outputs: Sequence[Any], inputs: Sequence[Any]) -> Any:
        fixed = structure.flatten(self._result)
        leaves = [
            constant_leaf if made is None else made(own(leaf, inputs))
            for made, leaf, constant_leaf in zip(self._spelled, outputs, fixed, strict=True)
        ]
        return structure.rebuild(self._result, leaves)


def _reference(value: Any, trace: Trace) -> Any:
    return Ref(value.index) if isinstance(value, Traced) and value.owner is trace else plain(value)


def _used(program: Program) -> set[int]:
    from gradtape.compiler.program import refs_in

    used = {*refs_in(program.outputs), *[guard.index for guard in program.guards]}
    for item in program.calls:
        used.update(refs_in(item.args), refs_in(item.kwargs))
    return used


class _Tensors:
    """Makes a Tensor of a spelling."""

    def __init__(self, kind: type[Handle]) -> None:
        self.kind = kind

    def __call__(self, value: Any) -> Any:
        return self.kind(settled(value), UNTRACKED)


def _array(value: Any) -> Any:
    return value
