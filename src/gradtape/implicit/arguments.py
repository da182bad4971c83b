"""What a solution depends on: the parameters given, and what the function reads by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.core import structure
from gradtape.core.batch import Batch, Level, deepest
from gradtape.core.dispatch import renamed, stacked
from gradtape.core.handle import UNTRACKED, Handle, settled
from gradtape.core.kinds import raw
from gradtape.core.tape import activate, active, is_discrete
from gradtape.core.tensor import Tensor
from gradtape.transforms.checkpoint import Captures, apart


class Dependence:
    """A function of unknowns and parameters, and all Tensors that its values depend on.

    `inputs` are the leaves of the parameters that are Tensors, `captured` the Variables and watched
    Tensors that the function reads by itself; `capture` finds those.
    """

    def __init__(self, f: Callable[..., Any], params: Sequence[Any]) -> None:
        self.f = f
        self._params = tuple(params)
        self._leaves = structure.flatten(self._params)
        self.inputs = [leaf for leaf in self._leaves if isinstance(leaf, Handle)]
        self.captured: list[Handle] = []

    def call(self, unknowns: Sequence[Any], sources: Sequence[Any]) -> Any:
        """The function with the first of `sources` in place of `inputs`."""
        remaining = iter(sources)
        leaves = [next(remaining) if isinstance(leaf, Handle) else leaf for leaf in self._leaves]
        return self.f(*unknowns, *structure.rebuild(self._params, leaves))

    def at_values(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """``f`` of the unknowns alone, at the plain values of the parameters."""
        values = structure.rebuild(self._params, [raw(leaf) for leaf in self._leaves])
        return lambda *unknowns: f(*unknowns, *values)

    def capture(self, function: Callable[..., Any], *args: Any) -> Any:
        """``function(*args)``, which calls ours; `captured` is what that reads."""
        captures = Captures([])
        result = apart(captures, function, args, {})
        self.captured = [h for h in captures.found.values() if not is_discrete(h._value)]
        return result

    def sources(self, values: Sequence[Any]) -> list[Any]:
        """Tensors of their own for the `values` of the inputs, and the captured ones."""
        count = len(self.inputs)
        for handle, value in zip(self.captured, values[count:], strict=True):
            if handle._value is not raw(value):
                raise RuntimeError(
                    f"Take the gradient before assigning what the function of a solution reads: "
                    f"{handle!r} has another value now."
                )
        return [*map(own, values[:count]), *self.captured]


def own(value: Any) -> Any:
    """A Tensor of `value` with an identity of its own, connected to it."""
    return renamed(value) if isinstance(value, Handle) else as_tensor(value)


def as_tensor(value: Any) -> Any:
    """`value` as a Tensor."""
    if isinstance(value, Handle):
        return value
    return Tensor(settled(value if hasattr(value, "dtype") else np.asarray(value)), UNTRACKED)


def unrecorded(f: Callable[..., Any], *args: Any) -> Any:
    """``f(*args)``, and no recorder is told."""
    inside = active()
    activate(())
    try:
        return f(*args)
    finally:
        activate(inside)


def joined(tree: Any) -> Any:
    """All numbers of nested values as one vector."""
    parts = [np.ravel(leaf) for leaf in structure.flatten(tree)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def joined_like(what: str, like: Any, result: Any) -> Any:
    """All numbers of the `result` of `what`, which must have the structure and shapes of `like`."""
    parts = structure.match(like, result, f"the result of {what}")
    parts = [stacked(part) if part.__class__ in (list, tuple) else part for part in parts]
    for leaf, part, path in zip(
        structure.flatten(like), parts, structure.paths(like), strict=True
    ):
        if np.shape(raw(part)) != np.shape(raw(leaf)):
            raise ValueError(
                f"Give the result of {what} the shapes of the unknowns: result{path} has shape "
                f"{np.shape(raw(part))}, not {np.shape(raw(leaf))}."
            )
    return joined(parts)


def widened(tree: Any) -> Any:
    """The plain values of `tree` in float64: solvers need its precision."""
    leaves = [np.asarray(raw(leaf), np.float64)[()] for leaf in structure.flatten(tree)]
    return structure.rebuild(tree, leaves)


def one_by_one(f: Callable[..., list[Any]], *values: Any) -> list[Any]:
    """``f(*values)``; where there are batches among `values`, of each example in turn."""
    level = deepest([raw(value) for value in values])
    if level is None:
        return f(*values)
    return level.beneath(_stacked, level, f, values)  # type: ignore[no-any-return]


def _stacked(level: Level, f: Callable[..., list[Any]], values: Sequence[Any]) -> list[Any]:
    whole = [
        level.examples(raw(value)) if deepest([raw(value)]) is level else None for value in values
    ]
    results = []
    for i in range(level.size):
        chosen = [v if w is None else w[i] for v, w in zip(values, whole, strict=True)]
        results.append(one_by_one(f, *chosen))
    stacks = [np.stack(parts) for parts in zip(*results, strict=True)]
    return [Batch(y if getattr(y, "_id", 0) else raw(y), level) for y in stacks]
