"""Recording a function: what goes in, what comes out, and the Variables between calls."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.compiler.program import Program, Ref, pruned, refs_in
from gradtape.compiler.tracing.trace import KINDS, Trace, constant
from gradtape.compiler.tracing.traced import Traced, plain
from gradtape.compiler.tracing.variables import Seen, seen_by
from gradtape.core import structure
from gradtape.core.errors import UnrecordedError
from gradtape.core.handle import UNTRACKED, Handle, is_foreign, settled
from gradtape.core.tape import in_quiet
from gradtape.core.tensor import Variable

Runner = Callable[..., list[Any]]


class Compiled:
    """A program with all that a call needs: ``call(args, kwargs)`` is written for the one program.

    It is compiled when it is first used: what runs once only is not.

    Attributes
    ----------
    program
        The program.
    call
        Takes the inputs out of the arguments, runs the program, assigns the Variables, and gives
        the result its structure.
    """

    def __init__(self, program: Program, taken: _Taken, given: _Given) -> None:
        self.program = program
        self.variables, self.assigned = given.variables, given.assigned
        self._made: tuple[Any, float] | None = None
        self._lock = threading.Lock()
        names: dict[str, Any] = {"_run": self._first, "_settled": settled}
        self._names = names
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

    def _first(self, *inputs: Any) -> list[Any]:
        self._compile()
        run: Runner = self._names["_run"]
        return run(*inputs)

    def _compile(self) -> tuple[Any, float]:
        with self._lock:
            if self._made is None:
                start = time.perf_counter()
                native, self._names["_run"] = runner(self.program)
                self._made = native, time.perf_counter() - start
            return self._made

    @property
    def native(self) -> Any:
        """The machine code; None where plain NumPy runs the program."""
        return self._compile()[0]

    @property
    def seconds(self) -> float:
        """How long it took to compile."""
        return self._compile()[1]


def runner(program: Program) -> tuple[Any, Runner]:
    """The machine code of `program`, if there is llvmlite, and what runs the program."""
    from gradtape.compiler.machine import native

    if not native.available():
        from gradtape.compiler.running.replay import replay

        replayed = replay(program)
        return None, lambda *inputs: in_quiet(replayed, inputs)
    from gradtape.compiler.running.execute import Native

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
        self._flat = not kwargs and not any(map(structure.is_nested, args))

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
    if leaf.__class__ is int:
        return -LARGEST <= leaf < LARGEST
    return isinstance(leaf, (Handle, np.ndarray, np.generic)) or leaf.__class__ in (float, complex)


LARGEST = 1 << 63
"""Python integers from here on, which have no dtype, are constants of a program."""


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

    Raises
    ------
    UnrecordedError
        If an argument or a result is nothing that a program has. No Variable has changed then.
    """
    taken, trace = _Taken(args, kwargs), Trace()
    for leaf in taken.leaves:
        _check_argument(leaf)
    if any(is_kind(f) for is_kind in _LATER):
        raise UnrecordedError("Compile what the body calls: a generator or coroutine runs later")
    leaves = list(taken.leaves)
    for i in taken.numbers:
        leaf, traced = leaves[i], trace.input(constant(_value(leaves[i])))
        leaves[i] = leaf._result(traced, UNTRACKED) if isinstance(leaf, Handle) else traced
    tree = structure.rebuild(taken.tree, leaves)
    try:
        with seen_by(trace) as seen:
            result = f(*tree[0], **tree[1])
            found = structure.flatten(result)
            values = [plain(_value(leaf)) for leaf in found]
        kinds = [_kind_of(leaf, taken.leaves) for leaf in found]
    except UnrecordedError:
        seen.made()
        raise
    except BaseException:
        _finish(seen)
        raise
    finally:
        trace.open = False
    assigned = seen.assigned()
    new = _finish(seen)
    trace.program.outputs = [
        _reference(_value(leaf), trace)
        for leaf, kind in zip(found, kinds, strict=True)
        if kind is not None
    ] + [_reference(value, trace) for _, value in assigned]
    program, variables = _with_used_inputs(trace.program, len(taken.numbers), seen.read)
    given = _Given(result, kinds, variables, [variable for variable, _ in assigned])
    answer = given.put_together(
        [leaf if k is None else value for leaf, k, value in zip(found, kinds, values, strict=True)]
    )
    return answer, None if new else Compiled(program, taken, given)


_LATER = (
    inspect.isgeneratorfunction,
    inspect.iscoroutinefunction,
    inspect.isasyncgenfunction,
)


def _check_argument(leaf: Any) -> None:
    """Raise an `UnrecordedError` if an argument is an array that a program does not know."""
    value = _value(leaf)
    if isinstance(value, np.ndarray) and value.__class__ not in (np.ndarray, np.memmap):
        raise UnrecordedError(f"Pass np.asarray(x) instead of {type(value).__name__}")
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind not in KINDS:
        raise UnrecordedError(f"Pass arrays of numbers: got dtype {value.dtype}")
    if is_foreign(value):
        raise UnrecordedError(f"Pass arrays of NumPy's: got {type(value).__name__}")


def _finish(seen: Seen) -> list[Variable]:
    """Assign what was assigned, as in a plain run; the Variables that were made."""
    seen.commit()
    return seen.made()


_VALUES = (Handle, Traced, np.ndarray, np.generic)


def _kind_of(leaf: Any, arguments: Sequence[Any]) -> Any:
    """The class of a result: of Tensors, or arrays; None for what is no value, or a Variable."""
    if isinstance(leaf, Variable) or not isinstance(leaf, _VALUES):
        if not (_is_fixed(leaf) or any(leaf is argument for argument in arguments)):
            raise UnrecordedError(
                f"Return numbers, arrays, Tensors and Variables, nested in any way: got "
                f"{type(leaf).__name__}"
            )
        return None
    return leaf._result if isinstance(leaf, Handle) else np.ndarray


def _is_fixed(leaf: Any) -> bool:
    """Whether every call may return this same object: a Variable, a class, an immutable value."""
    if isinstance(leaf, (Variable, type)) or leaf is None:
        return True
    how: Any = type(leaf).__hash__
    return how is not None and how is not object.__hash__


def _reference(value: Any, trace: Trace) -> Any:
    own = isinstance(value, Traced) and value.owner is trace
    return Ref(value.index) if own else plain(value)


def _with_used_inputs(
    program: Program, first: int, read: Sequence[tuple[Variable, Traced]]
) -> tuple[Program, list[Variable]]:
    """The program without calls that nothing needs, and the Variables that it reads."""
    program = pruned(program)
    used = {*refs_in(program.outputs), *[guard.index for guard in program.guards]}
    for call in program.calls:
        used.update(refs_in(call.args), refs_in(call.kwargs))
    needed = [(variable, traced.index) for variable, traced in read if traced.index in used]
    program.inputs = [*program.inputs[:first], *[index for _, index in needed]]
    return program, [variable for variable, _ in needed]
