"""Nested lists, tuples, dicts and dataclasses, taken apart and put together again."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Mapping, MutableMapping
from functools import lru_cache
from typing import Any


def flatten(tree: Any) -> list[Any]:
    """The leaves of `tree`: whatever is not a list, tuple, mapping or dataclass instance."""
    if not is_nested(tree):
        return [tree]
    return [leaf for child in children(tree).values() for leaf in flatten(child)]


def rebuild(tree: Any, leaves: list[Any]) -> Any:
    """`tree` with its leaves replaced, in the order of `flatten`."""
    if not is_nested(tree):
        return leaves[0]
    remaining = iter(leaves)
    return _map(lambda _: next(remaining), tree)


def paths(tree: Any, prefix: str = "") -> list[str]:
    """How the user would reach each leaf of `tree`, such as ``['w'][0].bias``."""
    if not is_nested(tree):
        return [prefix]
    attribute = dataclasses.is_dataclass(tree)
    return [
        path
        for key, child in children(tree).items()
        for path in paths(child, prefix + (f".{key}" if attribute else f"[{key!r}]"))
    ]


def match(tree: Any, other: Any, what: str) -> list[Any]:
    """The parts of `other` that stand where `tree` has leaves; a ValueError if it differs."""
    if not is_nested(tree):
        return [other]
    if not is_nested(other) or list(children(tree)) != list(children(other)):
        raise ValueError(f"Give {what} the structure {_outline(tree)}: got {_outline(other)}.")
    theirs = children(other)
    return [
        part for key, child in children(tree).items() for part in match(child, theirs[key], what)
    ]


def is_nested(tree: Any) -> bool:
    """Whether `tree` has children rather than being a leaf."""
    return _are_nested(tree.__class__)


@lru_cache(maxsize=1024)
def _are_nested(kind: type) -> bool:
    """`is_nested` of the instances of a class."""
    return issubclass(kind, (list, tuple, Mapping)) or hasattr(kind, "__dataclass_fields__")


def children(tree: Any) -> dict[Any, Any]:
    """The parts of `tree` by their keys."""
    if isinstance(tree, Mapping):
        return dict(tree)
    if isinstance(tree, (list, tuple)):
        return dict(enumerate(tree))
    return {field.name: getattr(tree, field.name) for field in dataclasses.fields(tree)}


def _map(function: Callable[[Any], Any], tree: Any) -> Any:
    if not is_nested(tree):
        return function(tree)
    return refilled(tree, [_map(function, child) for child in children(tree).values()])


def refilled(tree: Any, parts: list[Any]) -> Any:
    """`tree` with other children, in the order of `children`."""
    mapped = dict(zip(children(tree), parts, strict=True))
    if isinstance(tree, Mapping):
        if not isinstance(tree, MutableMapping):
            return mapped
        same = copy.copy(tree)  # not through the constructor: a defaultdict's takes a factory first
        same.update(mapped)
        return same
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*parts)
    if isinstance(tree, (list, tuple)):
        return type(tree)(parts)
    # Not through __init__, which may check or convert what it is given.
    clone = object.__new__(type(tree))
    for name, child in mapped.items():
        object.__setattr__(clone, name, child)
    return clone


def _outline(tree: Any) -> str:
    if not is_nested(tree):
        return "*"
    parts = children(tree)
    if isinstance(tree, (list, tuple)):
        inside = ", ".join(map(_outline, parts.values()))
        return f"[{inside}]" if isinstance(tree, list) else f"({inside})"
    return "{" + ", ".join(f"{key!r}: {_outline(child)}" for key, child in parts.items()) + "}"
