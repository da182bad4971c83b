"""Recording a function: what goes in, what comes out, and the Variables between calls."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.compiler.program import Program, Ref, pruned, refs_in
from gradtape.compiler.trace import TRACING, Trace, Traced, constant, plain
from gradtape.core import structure
from gradtape.core.handle import UNTRACKED, Handle, settled
from gradtape.core.tape import in_quiet
from gradtape.core.tensor import LIVE, Variable

Runner = Callable[..., list[Any]]


class Compiled:
    """A program with all that a call needs: ``call(args, kwargs)`` is written for the one program.

    Attributes
    ----------
    program
        The program.
    native
        Its machine code; None where plain NumPy runs it.
    seconds
        How long it took to compile.
    call
        Takes the inputs out of the arguments, runs the program, assigns the Variables, and gives
        the result its structure.
    """

    def __init__(self, program: Program, taken: _Taken, given: _Given) -> None:
        self.program = program
        self.variables, self.assigned = given.variables, given.assigned
        start = time.perf_counter()
        self.native, run = runner(program)
        self.seconds = time.perf_counter() - start
        names: dict[str, Any] = {"_run": run, "_settled": settled}
        lines = ["def call(args, kwargs):"]
        inputs = taken.source(names)
        for k, variable in enumerate(self.variables):
            names[f"_v{k}"] = variable
            inputs.append(f"_v{k}._value")
        count = len(program.outputs)
        outputs = [f"o{k}" for k in range(count)]
        if count:
            lines.append(f"    {', '.join(outputs)}, = _run({', '.join(inputs)})")
        else:
            lines.append(f"    _run({', '.join(inputs)})")
        first = count - len(self.assigned)
        for k, variable in enumerate(self.assigned):
            names[f"_a{k}"] = variable
            lines.append(f"    _a{k}._value = _settled(o{first + k})")
        lines.append(f"    return {given.source(outputs[:first], names)}")
        exec(compile("\n".join(lines), "<gradtape call>", "exec"), names)
        self.call: Callable[[tuple[Any, ...], dict[str, Any]], Any] = names["call"]


def runner(program: Program) -> tuple[Any, Runner]:
    """The machine code of `program`, if there is llvmlite, and what runs the program."""
    from gradtape.compiler import native

    if not native.available():
        from gradtape.compiler.replay import replay

        replayed = replay(program)
        return None, lambda *inputs: in_quiet(replayed, inputs)
    from gradtape.compiler.execute import Native

    compiled = Native(program)
    run = compiled.run
    if len(compiled.kernels) == len(compiled.schedule):
        return compiled, run
    return compiled, lambda *inputs: in_quiet(run, *inputs)  # NumPy's warnings were given before


class _Taken:
    """How the inputs of a program are taken out of the arguments."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.tree = [list(args), kwargs]
        self.leaves = structure.flatten(self.tree)
        self.numbers = [i for i, leaf in enumerate(self.leaves) if is_value(leaf)]
        self._flat = not kwargs and len(self.leaves) == len(args)

    def source(self, names: dict[str, Any]) -> list[str]:
        """An expression for each input."""
        texts = []
        for i in self.numbers:
            leaf = f"args[{i}]" if self._flat else f"_leaves(args, kwargs)[{i}]"
            texts.append(f"{leaf}._value" if isinstance(self.leaves[i], Handle) else leaf)
        names["_leaves"] = _leaves
        return texts


def _leaves(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    return structure.flatten([list(args), kwargs])


def is_value(leaf: Any) -> bool:
    """Whether an argument is a value of the program."""
    if isinstance(leaf, Variable):
        return False
    return isinstance(leaf, (Handle, np.ndarray, np.generic)) or leaf.__class__ in (
        float,
        int,
        complex,
    )


class _Given:
    """How a result is put together from the outputs of a program."""

    def __init__(
        self,
        result: Any,
        kinds: Sequence[Any],
        variables: Sequence[Variable],
        assigned: Sequence[Variable],
    ) -> None:
        self.result = result
        self.kinds = list(kinds)
        self.variables = list(variables)
        self.assigned = list(assigned)

    def source(self, outputs: Sequence[str], names: dict[str, Any]) -> str:
        """An expression for the result."""
        parts = []
        fixed = structure.flatten(self.result)
        remaining = iter(outputs)
        for k, kind in enumerate(self.kinds):
            if kind is None:
                names[f"_c{k}"] = fixed[k]
                parts.append(f"_c{k}")
            elif kind is np.ndarray:
                parts.append(next(remaining))
            else:
                name = f"_k{kind.__module__}{kind.__name__}".replace(".", "_")
                names[name] = kind
                parts.append(f"{name}(_settled({next(remaining)}), 0)")
        return self._rebuilt(self.result, iter(parts), names)

    def _rebuilt(self, tree: Any, parts: Any, names: dict[str, Any]) -> str:
        if not structure.is_nested(tree):
            return str(next(parts))
        inside = [self._rebuilt(child, parts, names) for child in structure.children(tree).values()]
        if tree.__class__ is tuple:
            return f"({''.join(f'{part}, ' for part in inside)})"
        if tree.__class__ is list:
            return f"[{', '.join(inside)}]"
        name = f"_r{len(names)}"
        names[name] = tree
        names["_refilled"] = structure.refilled
        return f"_refilled({name}, [{', '.join(inside)}])"

    def put_together(self, leaves: Sequence[Any]) -> Any:
        """The result from values of its leaves."""
        made = [
            leaf if kind is None else _own(leaf) if kind is np.ndarray else kind(settled(leaf), 0)
            for kind, leaf in zip(self.kinds, leaves, strict=True)
        ]
        return structure.rebuild(self.result, made) if made else self.result


def _own(value: Any) -> Any:
    """`value` as an array that is the caller's alone."""
    return value.copy() if isinstance(value, np.ndarray) else value


def _value(leaf: Any) -> Any:
    return leaf._value if isinstance(leaf, Handle) else leaf


def record(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, Compiled | None]:
    """Run ``f(*args, **kwargs)``, and write down what it does.

    There is no program where it could not be used again: if Variables were made that live on, as
    an optimizer makes them at its first step.
    """
    taken, trace = _Taken(args, kwargs), Trace()
    leaves = list(taken.leaves)
    for i in taken.numbers:
        leaf, traced = leaves[i], trace.input(constant(_value(leaves[i])))
        leaves[i] = leaf._result(traced, UNTRACKED) if isinstance(leaf, Handle) else traced
    held = [(variable, variable._value) for variable in list(LIVE.values())]
    before = [trace.input(value) for _, value in held]
    tree = structure.rebuild(taken.tree, leaves)
    result, assigned = _run(f, tree, trace, held, before)
    known = {variable._id for variable, _ in held}
    new = [variable for ident, variable in LIVE.items() if ident not in known]
    for variable in new:
        variable._value = settled(plain(variable._value))
    found = structure.flatten(result)
    kinds = [_kind_of(leaf) for leaf in found]
    trace.program.outputs = [
        _reference(_value(leaf), trace)
        for leaf, kind in zip(found, kinds, strict=True)
        if kind is not None
    ] + [_reference(value, trace) for _, value in assigned]
    program, variables = _with_used_inputs(trace.program, len(taken.numbers), held, before)
    given = _Given(result, kinds, variables, [variable for variable, _ in assigned])
    values = [
        leaf if k is None else plain(_value(leaf)) for leaf, k in zip(found, kinds, strict=True)
    ]
    answer = given.put_together(values)
    return answer, None if new else Compiled(program, taken, given)


def _run(
    f: Callable[..., Any],
    tree: Any,
    trace: Trace,
    held: Sequence[tuple[Variable, Any]],
    before: Sequence[Traced],
) -> tuple[Any, list[tuple[Variable, Any]]]:
    """The result of `f`, and the Variables that it assigned, with their new values.

    After an exception the Variables keep what was assigned before it, as in a plain run.
    """
    TRACING.add(threading.get_ident())
    try:
        for (variable, _), traced in zip(held, before, strict=True):
            variable._value = traced
        result = f(*tree[0], **tree[1])
    finally:
        TRACING.discard(threading.get_ident())
        trace.open = False
        assigned = []
        for (variable, value), traced in zip(held, before, strict=True):
            now = variable._value
            if now is not traced:
                assigned.append((variable, now))
            variable._value = value if now is traced else settled(plain(now))
    return result, assigned


def _kind_of(leaf: Any) -> Any:
    """The class of a result: of Tensors, or arrays; None for what is no value, or a Variable."""
    value = _value(leaf)
    if isinstance(leaf, Variable) or not isinstance(value, (Traced, np.ndarray, np.generic)):
        return None
    return leaf._result if isinstance(leaf, Handle) else np.ndarray


def _reference(value: Any, trace: Trace) -> Any:
    own = isinstance(value, Traced) and value.owner is trace
    return Ref(value.index) if own else plain(value)


def _with_used_inputs(
    program: Program,
    first: int,
    held: Sequence[tuple[Variable, Any]],
    before: Sequence[Traced],
) -> tuple[Program, list[Variable]]:
    """The program without calls that nothing needs, and the Variables that it reads."""
    program = pruned(program)
    used = {*refs_in(program.outputs), *[guard.index for guard in program.guards]}
    for call in program.calls:
        used.update(refs_in(call.args), refs_in(call.kwargs))
    variables = [v for (v, _), traced in zip(held, before, strict=True) if traced.index in used]
    program.inputs = [*program.inputs[:first], *[i for i in program.inputs[first:] if i in used]]
    return program, variables
