"""Parts of a program as Python source, for the functions that are written for one program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.compiler.program import Call, Guard, GuardError, name_of


def source_of(tree: Any, leaf: Callable[[Any], str]) -> str:
    """An expression for a nest of arguments; `leaf` gives that of each part."""
    kind = tree.__class__
    if kind is tuple or kind is list:
        return sequence(kind, [source_of(part, leaf) for part in tree])
    if kind is dict:
        pairs = [f"{key!r}: {source_of(value, leaf)}" for key, value in tree.items()]
        return f"{{{', '.join(pairs)}}}"
    if kind is slice:
        return f"slice{source_of((tree.start, tree.stop, tree.step), leaf)}"
    return leaf(tree)


def sequence(kind: type, parts: Sequence[str]) -> str:
    """A tuple or list of expressions."""
    if kind is list:
        return f"[{', '.join(parts)}]"
    return f"({''.join(f'{part}, ' for part in parts)})"


def assignment(
    call: Call, results: Sequence[str], function: str, leaf: Callable[[Any], str]
) -> str:
    """``results = function(*args, **kwargs)`` with the arguments of `call`."""
    args = [source_of(arg, leaf) for arg in call.args]
    args += [f"{key}={source_of(value, leaf)}" for key, value in call.kwargs.items()]
    comma = "," if call.several and len(results) == 1 else ""
    return f"{', '.join(results)}{comma} = {function}({', '.join(args)})"


def holds(guard: Guard, value: str, expected: str) -> str:
    """A test of whether a guard holds; `same` goes by the name of ``_same``."""
    if isinstance(guard.expected, (bool, int, np.bool_, np.integer)):
        return f"{value} == {expected}"
    return f"_same({value}, {expected})"


def broken(what: Call | Guard) -> None:
    """Raise the `GuardError` of a guard, or of a call whose result has another shape or dtype."""
    if isinstance(what, Call):
        raise GuardError(f"{name_of(what.function)} gave another shape", what.line)
    raise GuardError(f"a value was {what.expected!r}", what.line)
