"""A compiled function among other operations: one record on a tape, whose pull is compiled too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.core import structure
from gradtape.core.cotangents import accumulate, dense
from gradtape.core.dispatch import finish
from gradtape.core.handle import UNTRACKED, Handle, Spec, settled
from gradtape.core.kinds import Recorded, raw
from gradtape.core.tape import GradientTape, activate, active
from gradtape.core.tensor import Tensor, Variable


def recorded_call(
    compiled: Callable[..., Any],
    pull: Any,
    variables: Sequence[Variable],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """``compiled(*args, **kwargs)`` with the recorders told of it, as of one operation.

    `pull` is the compiled function that gives the cotangents of the inputs: the floating-point
    Tensors among the arguments, the Variables among them, and `variables`. See `pulling`.
    """
    inside = active()
    activate(())
    try:
        result = compiled(args, kwargs)
    finally:
        activate(inside)
    given = [x for x in structure.flatten([list(args), kwargs]) if isinstance(x, Variable)]
    read = {x._id: x for x in (*given, *variables)}
    inputs = [*_sources(args, kwargs), *read.values()]
    leaves = structure.flatten(result)
    numbers = [leaf for leaf in leaves if isinstance(leaf, (Handle, np.ndarray, np.generic))]
    values = [settled(raw(leaf)) for leaf in numbers]
    if not values:
        return result
    rule = _Call(pull, inputs, args, kwargs, [Spec.of(value) for value in values])
    y = values[0] if len(values) == 1 else tuple(values)
    recorded = finish(rule, y, [x._value for x in inputs], inputs, {}, Tensor)
    remaining = iter([recorded] if len(values) == 1 else recorded)
    number = (Handle, np.ndarray, np.generic)
    made = [_like(leaf, next(remaining)) if isinstance(leaf, number) else leaf for leaf in leaves]
    return structure.rebuild(result, made)


def _like(leaf: Any, tensor: Any) -> Any:
    kind = leaf._result if isinstance(leaf, Handle) else Tensor
    return kind(tensor._value, tensor._id)


def _sources(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """The Tensors among the arguments that may have a derivative."""
    return [
        leaf
        for leaf in structure.flatten([list(args), kwargs])
        if isinstance(leaf, Handle)
        and not isinstance(leaf, Variable)
        and leaf._value.dtype.kind in "fc"
    ]


class _Call(Recorded):
    """One call of a compiled function, as a rule of its own."""

    user_code = True

    def __init__(
        self,
        pull: Any,
        inputs: Sequence[Handle],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        specs: Sequence[Spec],
    ) -> None:
        super().__init__(pull)
        self.pull_function = pull
        self.variables = [x for x in inputs if isinstance(x, Variable)]
        self.args, self.kwargs = args, kwargs
        self.specs = list(specs)

    def save(self, y: Any, values: Sequence[Any], ids: Sequence[int], kwargs: Any) -> Any:
        outs = tuple(self.specs) if isinstance(y, tuple) else self.specs[0]
        return (None, *values), (None, outs, [Spec.of(value) for value in values])

    def pull(
        self, g: Any, ids: Sequence[int], saved: Any, options: Any, live: Any, into: dict[int, Any]
    ) -> None:
        _, out, specs = options
        gs = list(g) if out.__class__ is tuple else [dense(g, out)]
        cotangents = [c if isinstance(c, Handle) else Tensor(settled(c), UNTRACKED) for c in gs]
        inputs = [x if isinstance(x, Handle) else Tensor(x, UNTRACKED) for x in saved[1:]]
        found = self.pull_function(inputs, cotangents, self.args, self.kwargs, self.variables)
        for ident, spec, c in zip(ids, specs, found, strict=True):
            if c is not None and ident in live:
                accumulate(into, ident, dense(c if active() else c._value, spec))


def pulling(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function that pulls cotangents of the results of `f` back to its inputs."""

    def pull(
        inputs: list[Any],
        cotangents: list[Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        variables: Sequence[Variable],
    ) -> list[Any]:
        tree = [list(args), kwargs]
        leaves = structure.flatten(tree)
        count = len(inputs) - len(variables)
        remaining = iter(inputs[:count])
        wanted = {id(x) for x in _sources(args, kwargs)}
        filled = structure.rebuild(
            tree, [next(remaining) if id(x) in wanted else x for x in leaves]
        )
        with GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(inputs[:count])
            tape.watch(list(variables))
            results = structure.flatten(f(*filled[0], **filled[1]))
        ys = [y for y in results if isinstance(y, Handle)]
        return tape.gradient(ys, [*inputs[:count], *variables], cotangents)  # type: ignore[no-any-return]

    return pull
