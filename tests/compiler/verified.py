"""Every program of a test is checked after each pass, and run at each stage: `verified`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from compiler.specification import check_nodes, check_schedule, interpret

from gradtape.compiler.loops.nodes import nodes_of
from gradtape.compiler.lowering import passes
from gradtape.compiler.lowering.builder import Lowered
from gradtape.compiler.program import pruned, run
from gradtape.compiler.running import execute

Agree = Callable[[Any, Any], None]


def _check(name: str, lowered: Lowered, made: Any) -> None:
    if name in ("clustered", "recomputed"):
        check_schedule(lowered, made)
    else:
        check_nodes(lowered, made, name == "own memory")


@contextmanager
def verified(agree: Agree) -> Iterator[list[Any]]:
    """Check programs compiled inside, and their results by ``agree(got, expected)``.

    Yields the list of the programs that were run.
    """
    ran: list[Any] = []
    before = execute.Native.__init__

    def init(self: Any, program: Any) -> None:
        before(self, program)
        native = self.run

        def checked(*inputs: Any) -> list[Any]:
            expected = _by_stages(self, [np.array(x)[()] for x in inputs], agree)
            got = native(*inputs)
            _agree_all(got, expected, agree)
            ran.append(program)
            return got  # type: ignore[no-any-return]

        self.run = checked

    execute.Native.__init__ = init  # type: ignore[method-assign]
    passes.WATCHERS.append(_check)
    try:
        yield ran
    finally:
        passes.WATCHERS.remove(_check)
        execute.Native.__init__ = before  # type: ignore[method-assign]


def _by_stages(native: Any, inputs: Sequence[Any], agree: Agree) -> list[Any]:
    """The program's meaning, after every stage has given the same."""
    program, lowered = native.program, native.lowered
    with np.errstate(all="ignore"):
        expected = run(program, inputs)
        _agree_all(run(pruned(program), inputs), expected, agree)
    fresh = Lowered(program)  # for passes change the operands of nodes
    _agree_all(interpret(fresh, fresh.nodes, inputs), expected, agree)
    order = [n for item in native.schedule for n in nodes_of(item)]
    statuses = {getattr(n, "status", None) for n in order}
    order = [n for n in order if n not in statuses]
    _agree_all(interpret(lowered, order, inputs), expected, agree)
    return expected


def _agree_all(got: Sequence[Any], expected: Sequence[Any], agree: Agree) -> None:
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        agree(a, b)
