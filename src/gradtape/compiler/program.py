"""A program: NumPy calls in order, each result assigned once, shapes and dtypes known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np


class Ref:
    """A value of the program, where a call takes it."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index

    def __repr__(self) -> str:
        return f"v{self.index}"


class Spec(NamedTuple):
    """Shape and dtype of a value; `weak` if it is a Python number, which promotes nothing."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    weak: bool = False

    def __str__(self) -> str:
        name = self.dtype.name
        return f"{name}[{','.join(map(str, self.shape))}]" if not self.weak else f"python {name}"


def is_python_number(value: Any) -> bool:
    """Whether `value` is a number without a dtype (an `np.float64` is a Python float with one)."""
    return isinstance(value, (bool, int, float, complex)) and not isinstance(value, np.generic)


def spec_of(value: Any) -> Spec:
    """The spec of an array, a NumPy scalar or a Python number."""
    if is_python_number(value):
        return Spec((), np.dtype(type(value)), True)
    return Spec(value.shape, value.dtype)


class Call(NamedTuple):
    """``outs = function(*args, **kwargs)``; values stand in the arguments as `Ref`.

    With several `outs` the function returns a sequence. `line` is the user's file and line.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outs: tuple[int, ...]
    several: bool
    line: tuple[str, int] | None = None


@dataclass(frozen=True)
class Guard:
    """A value that Python looked at: the program is right only while it is the same."""

    index: int
    expected: Any
    line: tuple[str, int]


@dataclass
class Program:
    """Calls on values; `specs` has the shape and dtype of each.

    Attributes
    ----------
    specs
        By index. The first are the inputs.
    inputs
        Indices of the arguments' values.
    calls
        In order; each reads inputs and results of earlier calls.
    outputs
        Indices of what is returned, or constants.
    guards
        What must hold, in order.
    """

    specs: list[Spec] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"inputs {', '.join(f'v{i}: {self.specs[i]}' for i in self.inputs)}"]
        lines += [self._line(call) for call in self.calls]
        lines += [f"guard v{g.index} == {g.expected!r}" for g in self.guards]
        lines.append(f"return {', '.join(map(shown, self.outputs))}")
        return "\n".join(lines)

    def _line(self, call: Call) -> str:
        outs = ", ".join(f"v{i}: {self.specs[i]}" for i in call.outs)
        options = [f"{key}={shown(value)}" for key, value in call.kwargs.items()]
        return f"{outs} = {name_of(call.function)}({', '.join([*map(shown, call.args), *options])})"


def leaves_of(tree: Any) -> Iterator[Any]:
    """What stands in a nest of arguments, in order."""
    if isinstance(tree, (list, tuple)):
        for part in tree:
            yield from leaves_of(part)
    elif isinstance(tree, dict):
        for part in tree.values():
            yield from leaves_of(part)
    elif isinstance(tree, slice):
        yield from leaves_of((tree.start, tree.stop, tree.step))
    else:
        yield tree


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """A nest of arguments with `function` of each leaf."""
    if isinstance(tree, (list, tuple)):
        parts = [mapped(function, part) for part in tree]
        return tree.__class__(*parts) if hasattr(tree, "_fields") else tree.__class__(parts)
    if isinstance(tree, dict):
        return {key: mapped(function, part) for key, part in tree.items()}
    if isinstance(tree, slice):
        return slice(*mapped(function, (tree.start, tree.stop, tree.step)))
    return function(tree)


def refs_in(tree: Any) -> Iterator[int]:
    """The indices of the values in a nest of arguments."""
    return (leaf.index for leaf in leaves_of(tree) if leaf.__class__ is Ref)


def substituted(function: Callable[[Ref], Any], tree: Any) -> Any:
    """A nest of arguments with `function` of each `Ref`."""
    return mapped(lambda leaf: function(leaf) if leaf.__class__ is Ref else leaf, tree)


def shown(tree: Any) -> str:
    """An argument as the program's text has it."""
    if tree.__class__ is Ref:
        return f"v{tree.index}"
    if isinstance(tree, np.ndarray):
        return repr(tree.tolist()) if tree.size <= 8 else f"constant {spec_of(tree)}"
    if isinstance(tree, (list, tuple)):
        inside = ", ".join(map(shown, tree))
        return f"[{inside}]" if isinstance(tree, list) else f"({inside}{',' * (len(tree) == 1)})"
    if isinstance(tree, slice):
        parts = (tree.start, tree.stop, tree.step)
        return ":".join("" if part is None else shown(part) for part in parts)
    return repr(tree)


def name_of(function: Any) -> str:
    """The function as the user writes it."""
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"{name_of(owner)}.{function.__name__}"
    if isinstance(function, np.ufunc):
        return f"np.{function.__name__}"
    module = (getattr(function, "__module__", "") or "").replace("numpy", "np", 1)
    return f"{module}.{getattr(function, '__name__', repr(function))}"


def pruned(program: Program) -> Program:
    """`program` without the calls that nothing depends on."""
    needed = {*refs_in(program.outputs), *[guard.index for guard in program.guards]}
    calls = []
    for call in reversed(program.calls):
        if needed.intersection(call.outs):
            calls.append(call)
            needed.update(refs_in(call.args), refs_in(call.kwargs))
    return Program(program.specs, program.inputs, calls[::-1], program.outputs, program.guards)


def run(program: Program, inputs: Sequence[Any]) -> list[Any]:
    """The outputs for `inputs`, call by call: the meaning of a program.

    Raises
    ------
    GuardError
        If a value that Python looked at has changed, or a result has another shape or dtype.
    """
    values: dict[int, Any] = dict(zip(program.inputs, inputs, strict=True))
    pending = list(program.guards)

    def value_of(ref: Ref) -> Any:
        return values[ref.index]

    for call in program.calls:
        args, kwargs = substituted(value_of, call.args), substituted(value_of, call.kwargs)
        result = call.function(*args, **kwargs)
        for index, part in zip(call.outs, result if call.several else (result,), strict=True):
            if spec_of(part)[:2] != program.specs[index][:2]:
                raise GuardError(f"{name_of(call.function)} gave {spec_of(part)}", call.line)
            values[index] = part
        while pending and pending[0].index in values:
            check(pending.pop(0), values)
    while pending:
        check(pending.pop(0), values)
    return substituted(value_of, program.outputs)  # type: ignore[no-any-return]


def check(guard: Guard, values: dict[int, Any]) -> None:
    """Raise a `GuardError` unless the guard holds."""
    if not same(values[guard.index], guard.expected):
        raise GuardError(
            f"a value was {guard.expected!r} and is {values[guard.index]!r}", guard.line
        )


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal, a NaN being equal to itself."""
    return bool(np.array_equal(a, b, equal_nan=np.result_type(a).kind in "fc"))


class GuardError(Exception):
    """The program does not hold for these inputs."""

    def __init__(self, why: str, line: tuple[str, int] | None) -> None:
        super().__init__(why)
        self.line = line
