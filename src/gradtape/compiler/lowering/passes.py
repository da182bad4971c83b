"""From the nodes of a program to a schedule of loop nests: the passes, in order, with reasons.

`tests/compiler/specification.py` checks and runs what each of them makes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from gradtape.compiler.loops.nodes import (
    Cluster,
    Node,
    Routine,
    Step,
    access,
    clustered,
    with_own_memory,
)
from gradtape.compiler.loops.recompute import recomputed
from gradtape.compiler.lowering.builder import Lowered
from gradtape.compiler.program import Ref


class Pass(NamedTuple):
    """A change to the list of nodes that keeps what outputs, guards and checks are."""

    name: str
    reason: str
    run: Callable[[Lowered, list[Node]], list[Node]]


def wanted(lowered: Lowered) -> set[Node]:
    """The nodes that outputs, guards and checks read."""
    program = lowered.program
    indices = [out.index for out in program.outputs if out.__class__ is Ref]
    indices += [guard.index for guard in program.guards]
    values = [lowered.values[index] for index in indices]
    values += [check for check, _ in lowered.checks]
    return {access(value)[0] for value in values if isinstance(value, Node)}


def _needed(lowered: Lowered, nodes: list[Node]) -> list[Node]:
    """The nodes that an output or a guard depends on, in order."""
    live = wanted(lowered)
    kept: list[Node] = []
    for node in reversed(nodes):
        if live.intersection(_results(node)):
            kept.append(node)
            live.update(access(operand)[0] for operand in node.operands)
    return kept[::-1]


def _results(node: Node) -> list[Any]:
    """What is computed with a node."""
    if isinstance(node, Routine):
        return [node, node.status]
    return list(node.results) if isinstance(node, Step) else [node]


PASSES = (
    Pass("needed", "Lowerings make nodes that nothing reads in the end.", _needed),
    Pass(
        "own memory",
        "A `Region` writes into its operand, which others must not see.",
        lambda lowered, nodes: with_own_memory(nodes, wanted(lowered)),
    ),
)

WATCHERS: list[Callable[[str, Lowered, Any], None]] = []
"""Told of what lowering, each pass, clustering and recomputing made; for tests."""


def scheduled(lowered: Lowered) -> list[Cluster | Step]:
    """The loop nests and NumPy calls that compute a lowered program, in order."""
    nodes = lowered.nodes
    _tell("lowered", lowered, nodes)
    for change in PASSES:
        nodes = change.run(lowered, nodes)
        _tell(change.name, lowered, nodes)
    schedule = clustered(nodes)
    _tell("clustered", lowered, schedule)
    schedule = recomputed(schedule, wanted(lowered))
    _tell("recomputed", lowered, schedule)
    return schedule


def _tell(name: str, lowered: Lowered, made: Any) -> None:
    for watch in WATCHERS:
        watch(name, lowered, made)


__all__ = ["PASSES", "WATCHERS", "Pass", "scheduled", "wanted"]
