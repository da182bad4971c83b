"""How a transform takes its arguments apart: which are differentiated, and as what they come back.

NumPy in, NumPy out; a Tensor in, a Tensor out. A Python number counts as float64.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.core import structure
from gradtape.core.dispatch import renamed, watched
from gradtape.core.dtypes import convert
from gradtape.core.handle import UNTRACKED, Handle
from gradtape.core.tape import is_discrete
from gradtape.core.tensor import Tensor

Argnums = int | Sequence[int]


class Arguments:
    """The arguments `args` of a call, of which those at `argnums` are differentiated.

    `tensors` holds the leaves of those, as new Tensors that nothing else refers to. So a tape that
    watches them does not take the user's own Tensor, read elsewhere in the function, for the same.
    """

    def __init__(self, name: str, args: Sequence[Any], argnums: Argnums) -> None:
        self.args = tuple(args)
        self.single = isinstance(argnums, (int, np.integer))
        numbers = [argnums] if isinstance(argnums, (int, np.integer)) else list(argnums)
        if not all([isinstance(number, (int, np.integer)) for number in numbers]):
            raise TypeError(f"Give {name} an integer or integers as argnums: got {argnums!r}.")
        for number in numbers:
            if not -len(args) <= number < len(args):
                raise ValueError(
                    f"Give {name} argnums within its {len(args)} positional arguments: {number}."
                )
        self.argnums = [number % len(args) for number in numbers]
        chosen = [self.args[number] for number in self.argnums]
        self.chosen: Any = chosen[0] if self.single else tuple(chosen)
        leaves = structure.flatten(self.chosen)
        self.tensors = [_source(name, leaf) for leaf in leaves]
        self.are_tensors = any([isinstance(leaf, Handle) for leaf in leaves])

    def call(self, f: Callable[..., Any], kwargs: dict[str, Any]) -> Any:
        """``f`` of the arguments, the chosen ones as Tensors."""
        inputs = structure.rebuild(self.chosen, list(self.tensors))
        args = list(self.args)
        for number, value in zip(self.argnums, [inputs] if self.single else inputs, strict=True):
            args[number] = value
        return f(*args, **kwargs)

    def rebuild(self, leaves: list[Any]) -> Any:
        """`leaves` in the structure of the chosen arguments."""
        return structure.rebuild(self.chosen, leaves)

    def returned(self, tree: Any, new: bool = False) -> Any:
        """`tree`, with its Tensors as the caller expects them."""
        return returned(tree, self.are_tensors, new)


def returned(tree: Any, as_tensors: bool, new: bool = False) -> Any:
    """`tree` with plain values for its Tensors, unless those are wanted or recorded outside.

    `new` says that the Tensors, although perhaps not their arrays, are known to the caller alone.
    """
    leaves = structure.flatten(tree)
    if as_tensors or watched([leaf for leaf in leaves if isinstance(leaf, Handle)]):
        return tree
    return structure.rebuild(tree, [plain(leaf, new) for leaf in leaves])


def plain(leaf: Any, new: bool = False) -> Any:
    """The value of a Tensor as the user may keep it; anything else as it is.

    A copy, unless the Tensor is `new` and nothing else holds its array.
    """
    if not isinstance(leaf, Handle):
        return leaf
    value = leaf._value
    if not isinstance(value, np.ndarray):
        return value
    if new and value.base is None and sys.getrefcount(value) == _ALONE:
        value.setflags(write=True)
        return value
    return value.copy()


def _count_alone() -> int:
    """What `sys.getrefcount` says in `plain` of an array that only the Tensor holds."""
    leaf = Tensor(np.zeros(1), UNTRACKED)
    value = leaf._value
    return sys.getrefcount(value)


_ALONE = _count_alone()


def _source(name: str, leaf: Any) -> Tensor:
    """`leaf` as a Tensor of its own, connected to what is recorded outside."""
    if isinstance(leaf, Handle):
        if is_discrete(leaf._value):
            raise TypeError(_discrete(name, leaf._value.dtype))
        tensor: Tensor = renamed(leaf)
        return tensor
    if isinstance(leaf, (bool, np.bool_)):
        raise TypeError(_discrete(name, "bool"))
    if isinstance(leaf, (int, float)):
        return Tensor(np.float64(leaf), UNTRACKED)
    if isinstance(leaf, complex):
        return Tensor(np.complex128(leaf), UNTRACKED)
    if not hasattr(leaf, "dtype"):
        raise TypeError(
            f"Pass numbers, arrays or Tensors, nested in lists, tuples, dicts or dataclasses, to "
            f"what {name} differentiates: got {type(leaf).__name__}."
        )
    if is_discrete(leaf):
        raise TypeError(_discrete(name, leaf.dtype))
    value = convert(leaf) if isinstance(leaf, (np.ndarray, np.generic)) else leaf
    return Tensor(value, UNTRACKED)


def _discrete(name: str, dtype: Any) -> str:
    return (
        f"Pass floating-point arguments, as with x.astype(float), to what {name} differentiates: "
        f"got dtype {dtype}."
    )


def outputs(name: str, result: Any) -> list[Any]:
    """The leaves of what the function returned, each a Tensor."""
    leaves = structure.flatten(result)
    for leaf in leaves:
        if not isinstance(leaf, Handle) and not hasattr(leaf, "dtype") and not _is_number(leaf):
            raise TypeError(
                f"Return numbers, arrays or Tensors from the function that {name} differentiates: "
                f"got {type(leaf).__name__}."
            )
    return [
        leaf if isinstance(leaf, Handle) else Tensor(convert(leaf), UNTRACKED) for leaf in leaves
    ]


def _is_number(leaf: Any) -> bool:
    return isinstance(leaf, (int, float, complex))


def split_aux(name: str, result: Any, has_aux: bool) -> tuple[Any, Any]:
    """The value and the auxiliary part of what a function returned."""
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise TypeError(f"Return (value, aux) from a function under {name} with has_aux=True.")
    return result
