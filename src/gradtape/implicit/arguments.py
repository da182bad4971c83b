"""What a solution depends on: the parameters given, and what the function reads by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.core import structure
from gradtape.core.dispatch import apply
from gradtape.core.handle import UNTRACKED, Handle, settled
from gradtape.core.tape import activate, active, is_discrete
from gradtape.core.tensor import Tensor
from gradtape.transforms.checkpoint import Captures, apart


class Dependence:
    """A function of unknowns and parameters, and all Tensors that its values depend on.

    `call` takes the unknowns and the leaves of the parameters; `inputs` are the leaves that are
    Tensors, `captured` the Variables and watched Tensors that the function reads by itself.
    """

    def __init__(self, f: Callable[..., Any], params: Sequence[Any]) -> None:
        self.f = f
        self.params = tuple(params)
        self.leaves = structure.flatten(self.params)
        self.inputs = [leaf for leaf in self.leaves if isinstance(leaf, Handle)]
        self.captured: list[Handle] = []

    def call(self, unknowns: Sequence[Any], tensors: Sequence[Any]) -> Any:
        """The function with `tensors` in place of `inputs`."""
        remaining = iter(tensors)
        leaves = [next(remaining) if isinstance(leaf, Handle) else leaf for leaf in self.leaves]
        return self.f(*unknowns, *structure.rebuild(self.params, leaves))

    def of_plain(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """``f`` of the unknowns alone, at the plain values of the parameters."""
        values = [leaf._value if isinstance(leaf, Handle) else leaf for leaf in self.leaves]
        return lambda *unknowns: f(*unknowns, *structure.rebuild(self.params, values))

    def find_captured(self, *unknowns: Any) -> None:
        """Run the function once, to see what it reads."""
        captures = Captures(self.inputs)
        apart(captures, self.call, (unknowns, self.inputs), {})
        self.captured = [h for h in captures.found.values() if not is_discrete(h._value)]
        self._values = [handle._value for handle in self.captured]

    def sources(self, values: Sequence[Any]) -> list[Any]:
        """Tensors of their own for the saved `values` of the inputs, and the captured ones."""
        for handle, value in zip(self.captured, self._values, strict=True):
            if handle._value is not value:
                raise RuntimeError(
                    f"Take the gradient before assigning what the function of a solution reads: "
                    f"{handle!r} has another value now."
                )
        fresh = [
            apply(np.positive, (v,)) if isinstance(v, Handle) else Tensor(settled(v), UNTRACKED)
            for v in values[: len(self.inputs)]
        ]
        return [*fresh, *self.captured]


def unrecorded(f: Callable[..., Any], *args: Any) -> Any:
    """``f(*args)``, and no recorder is told."""
    inside = active()
    activate(())
    try:
        return f(*args)
    finally:
        activate(inside)


def smooth(tensors: Sequence[Any]) -> dict[int, Any]:
    """Those of `tensors` that can have a gradient, by position."""
    return {k: x for k, x in enumerate(tensors) if not is_discrete(x._value)}


def joined(tree: Any) -> Any:
    """All numbers of nested values as one vector."""
    parts = [np.ravel(leaf) for leaf in structure.flatten(tree)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def plain(value: Any) -> Any:
    """The array behind a Tensor."""
    return value._value if isinstance(value, Handle) else value
