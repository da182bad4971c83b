"""What a solution depends on: the parameters given, and what the function reads by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradtape.core import structure
from gradtape.core.batch import Batch, Level, deepest
from gradtape.core.dispatch import renamed, stacked
from gradtape.core.handle import UNTRACKED, Handle, settled
from gradtape.core.kinds import raw
from gradtape.core.tape import activate, active, is_discrete
from gradtape.core.tensor import Tensor
from gradtape.solvers.parameters import Parameters
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

    def at(self, f: Callable[..., Any], values: Sequence[Any]) -> Callable[..., Any]:
        """``f`` of the unknowns alone, with plain `values` in place of `inputs`."""
        remaining = iter(values)
        leaves = [raw(next(remaining)) if isinstance(x, Handle) else x for x in self._leaves]
        params = structure.rebuild(self._params, leaves)
        return lambda *unknowns: f(*unknowns, *params)

    def capture(self, *unknowns: Any) -> None:
        """Call the function once, to see what it reads."""
        captures = Captures([])
        # With Tensors of their own for the inputs, for it may also read those by itself.
        inputs = [Tensor(handle._value, UNTRACKED) for handle in self.inputs]
        apart(captures, self.call, (unknowns, inputs), {})
        self.keep(captures)

    def keep(self, captures: Captures) -> None:
        """Take what was read for `captured`."""
        self.captured = [h for h in captures.found.values() if not is_discrete(h._value)]

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
    for leaf, part, path in zip(structure.flatten(like), parts, structure.paths(like), strict=True):
        if np.shape(raw(part)) != np.shape(raw(leaf)):
            raise ValueError(
                f"Give the result of {what} the shapes of the unknowns: result{path} has shape "
                f"{np.shape(raw(part))}, not {np.shape(raw(leaf))}."
            )
    return joined(parts)


def outline(name: str, tree: Any) -> tuple[Parameters, Parameters]:
    """The unknowns as the user gave them, and in float64, whose precision solvers need."""
    leaves = [raw(leaf) for leaf in structure.flatten(tree)]
    zeros = [np.zeros(np.shape(x), np.result_type(x)) if deepest([x]) else x for x in leaves]
    as_given = Parameters(name, structure.rebuild(tree, zeros))
    wide = [np.zeros(np.shape(leaf))[()] for leaf in leaves]
    return as_given, Parameters(name, structure.rebuild(tree, wide))


def vector_of(tree: Any) -> Any:
    """The numbers of `tree` as one vector of float64, recorded where they are Tensors."""
    return joined(structure.rebuild(tree, [_wide(leaf) for leaf in structure.flatten(tree)]))


def _wide(leaf: Any) -> Any:
    if isinstance(leaf, Handle):
        return leaf if leaf._value.dtype == np.float64 else leaf.astype(np.float64)  # type: ignore[attr-defined]
    return np.asarray(leaf, np.float64)


def one_by_one(f: Callable[..., list[Any]], *values: Any) -> list[Any]:
    """``f(*values)``; where there are batches among `values`, of each example in turn.

    Inside `vmap` what `f` does is seen by the recorders outside only.
    """
    level = deepest(list(map(_held, values)))
    if level is None:
        return f(*values)
    again = partial(one_by_one, f)
    return level.beneath(_stacked, level, again, values)  # type: ignore[no-any-return]


def unless_inside(f: Callable[..., list[Any]], *values: Any) -> list[Any]:
    """`one_by_one`, but directly inside `vmap`, where what `f` does must be seen as it is."""
    level = deepest(list(map(_held, values)))
    if level is None or level.open:
        return f(*values)
    return _stacked(level, partial(unless_inside, f), values)


def _held(value: Any) -> Any:
    """What a Tensor holds: perhaps a batch, perhaps of Tensors."""
    return value._value if isinstance(value, Handle) else value


def _stacked(level: Level, f: Callable[..., list[Any]], values: Sequence[Any]) -> list[Any]:
    own = [deepest([_held(value)]) is level for value in values]
    whole = [level.examples(_held(v)) if mine else v for v, mine in zip(values, own, strict=True)]
    results = []
    for i in range(level.size):
        chosen = [v[i] if mine else v for v, mine in zip(whole, own, strict=True)]
        results.append(f(*chosen))
    stacks = [np.stack(parts) for parts in zip(*results, strict=True)]
    return [Batch(y if getattr(y, "_id", 0) else raw(y), level) for y in stacks]
