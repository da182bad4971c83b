"""A program as plain NumPy calls: straight Python code, for where there is no native code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.compiler.program import Call, GuardError, Program, Ref, name_of, refs_in, same

Runner = Callable[[Sequence[Any]], list[Any]]


def replay(program: Program) -> Runner:
    """A function from the inputs to the outputs of `program`.

    It raises `GuardError` where a guard does not hold, or a result has another shape or dtype
    than when the program was recorded.
    """
    return _Writer(program).runner()


class _Writer:
    """Writes the program's source, and keeps what it names."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.names: dict[str, Any] = {"_same": same, "_broken": _broken}
        self._by_id: dict[int, str] = {}
        self._pending = list(program.guards)

    def runner(self) -> Runner:
        program = self.program
        inputs = "".join(f"v{i}, " for i in program.inputs)
        lines = ["def run(inputs):"]
        if inputs:
            lines.append(f"    {inputs} = inputs")
        lines += self._guards(set(program.inputs))
        done = set(program.inputs)
        last = last_uses(program)
        for number, call in enumerate(program.calls):
            done.update(call.outs)
            lines += [*self._call(call), *self._guards(done)]
            dead = [f"v{i}" for i in last.get(number, ())]
            if dead:
                lines.append(f"    del {', '.join(dead)}")
        lines.append(f"    return [{', '.join(map(self._argument, program.outputs))}]")
        exec(compile("\n".join(lines), "<gradtape program>", "exec"), self.names)
        run: Runner = self.names["run"]
        return run

    def _call(self, call: Call) -> list[str]:
        outs = ", ".join(f"v{i}" for i in call.outs)
        args = [self._argument(arg) for arg in call.args]
        args += [f"{key}={self._argument(value)}" for key, value in call.kwargs.items()]
        comma = "," if call.several and len(call.outs) == 1 else ""
        lines = [f"    {outs}{comma} = {self._named(call.function)}({', '.join(args)})"]
        if call.function in VARYING:
            for index in call.outs:
                spec = self._named(self.program.specs[index])
                lines.append(f"    if v{index}.shape != {spec}.shape: _broken({self._named(call)})")
        return lines

    def _guards(self, done: set[int]) -> list[str]:
        lines = []
        while self._pending and self._pending[0].index in done:
            guard = self._pending.pop(0)
            expected = self._argument(guard.expected)
            test = f"v{guard.index} == {expected}"
            if not isinstance(guard.expected, (bool, int, np.bool_, np.integer)):
                test = f"_same(v{guard.index}, {expected})"
            lines.append(f"    if not ({test}): _broken({self._named(guard)})")
        return lines

    def _argument(self, tree: Any) -> str:
        if tree.__class__ is Ref:
            return f"v{tree.index}"
        if tree is None or tree is Ellipsis or tree.__class__ in (bool, int, str):
            return repr(tree)
        if tree.__class__ is tuple:
            return f"({''.join(f'{self._argument(part)}, ' for part in tree)})"
        if tree.__class__ is list:
            return f"[{', '.join(map(self._argument, tree))}]"
        if tree.__class__ is dict:
            pairs = [f"{key!r}: {self._argument(value)}" for key, value in tree.items()]
            return f"{{{', '.join(pairs)}}}"
        if isinstance(tree, slice):
            bounds = (tree.start, tree.stop, tree.step)
            return f"slice({', '.join(map(self._argument, bounds))})"
        return self._named(tree)

    def _named(self, thing: Any) -> str:
        name = self._by_id.get(id(thing))
        if name is None:
            name = self._by_id[id(thing)] = f"c{len(self._by_id)}"
            self.names[name] = thing
        return name


VARYING = frozenset({np.nonzero, np.flatnonzero, np.argwhere, np.unique, np.compress, np.extract})
"""Functions whose result has a shape that depends on values."""


def _broken(what: Any) -> None:
    if isinstance(what, Call):
        raise GuardError(f"{name_of(what.function)} gave another shape", what.line)
    raise GuardError(f"a value was {what.expected!r}", what.line)


def last_uses(program: Program) -> dict[int, list[int]]:
    """After which call a value is not read any more; results that nobody reads at their own."""
    last: dict[int, int] = {}
    for number, call in enumerate(program.calls):
        for index in (*call.outs, *refs_in(call.args), *refs_in(call.kwargs)):
            last[index] = number
    kept = {*refs_in(program.outputs), *[guard.index for guard in program.guards]}
    dead: dict[int, list[int]] = {}
    for index, number in last.items():
        if index not in kept:
            dead.setdefault(number, []).append(index)
    return dead


__all__ = ["last_uses", "replay"]
