"""A program as plain NumPy calls: straight Python code, for where there is no native code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.compiler.program import Call, Program, Ref, refs_in, same
from gradtape.compiler.running.source import assignment, broken, holds

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
        self.names: dict[str, Any] = {"_same": same, "_broken": broken}
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
        lines.append(f"    return [{', '.join(map(self._part, program.outputs))}]")
        exec(compile("\n".join(lines), "<gradtape program>", "exec"), self.names)
        run: Runner = self.names["run"]
        return run

    def _call(self, call: Call) -> list[str]:
        function = self._named(call.function)
        lines = [f"    {assignment(call, [f'v{i}' for i in call.outs], function, self._part)}"]
        if call.function in VARYING:
            for index in call.outs:
                spec = self._named(self.program.specs[index])
                lines.append(f"    if v{index}.shape != {spec}.shape: _broken({self._named(call)})")
        return lines

    def _guards(self, done: set[int]) -> list[str]:
        lines = []
        while self._pending and self._pending[0].index in done:
            guard = self._pending.pop(0)
            test = holds(guard, f"v{guard.index}", self._part(guard.expected))
            lines.append(f"    if not ({test}): _broken({self._named(guard)})")
        return lines

    def _part(self, part: Any) -> str:
        """What stands in the arguments of a call."""
        if part.__class__ is Ref:
            return f"v{part.index}"
        if part is None or part is Ellipsis or part.__class__ in (bool, int, str):
            return repr(part)
        return self._named(part)

    def _named(self, thing: Any) -> str:
        name = self._by_id.get(id(thing))
        if name is None:
            name = self._by_id[id(thing)] = f"c{len(self._by_id)}"
            self.names[name] = thing
        return name


VARYING = frozenset({np.nonzero, np.flatnonzero, np.argwhere, np.unique, np.compress, np.extract})
"""Functions whose result has a shape that depends on values."""


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
