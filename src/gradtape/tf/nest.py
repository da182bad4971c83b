"""``tf.nest``: structures of lists, tuples and dicts; dicts go by sorted keys.

A dataclass is a leaf, as in TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from gradtape.core import structure
from gradtape.tf.shapes import TensorShape

__all__ = [
    "assert_same_structure",
    "flatten",
    "is_nested",
    "map_structure",
    "pack_sequence_as",
]


def is_nested(structure: Any) -> bool:
    """Whether `structure` has parts."""
    return _is_nested(structure)


def _is_nested(tree: Any) -> bool:
    return _nests(tree.__class__)


@lru_cache(maxsize=1024)
def _nests(kind: type) -> bool:
    """`is_nested` of the instances of a class."""
    return issubclass(kind, (list, tuple, Mapping)) and not issubclass(kind, TensorShape)


def _parts(tree: Any) -> Any:
    kind = tree.__class__
    if kind is list or kind is tuple:
        return tree
    if kind is dict:
        return [tree[key] for key in sorted(tree)]
    found = structure.children(tree)
    return [found[key] for key in (sorted(found) if isinstance(tree, Mapping) else found)]


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """The leaves, in order; those of a dict in the order of its sorted keys."""
    leaves: list[Any] = []
    _collect(structure, leaves)
    return leaves


def _collect(tree: Any, leaves: list[Any]) -> None:
    if not _is_nested(tree):
        leaves.append(tree)
        return
    for part in _parts(tree):
        _collect(part, leaves)


def _refill(tree: Any, leaves: Any) -> Any:
    if not _is_nested(tree):
        return next(leaves)
    filled = [_refill(part, leaves) for part in _parts(tree)]
    if tree.__class__ is list:
        return filled
    if tree.__class__ is tuple:
        return tuple(filled)
    if isinstance(tree, Mapping):
        by_key = dict(zip(sorted(tree), filled, strict=True))
        ordered = [by_key[key] for key in tree]
    else:
        ordered = filled
    return structure.refilled(tree, ordered)


def pack_sequence_as(structure: Any, flat_sequence: Any, expand_composites: bool = False) -> Any:
    """`structure` with the leaves `flat_sequence`.

    Raises
    ------
    ValueError
        If there are more or fewer.
    """
    flat = list(flat_sequence)
    count = len(flatten(structure))
    if count != len(flat):
        raise ValueError(f"Give {count} leaves for the structure: got {len(flat)}.")
    return _refill(structure, iter(flat))


def assert_same_structure(
    nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False
) -> None:
    """Raise unless both nest alike.

    Raises
    ------
    ValueError
        If the parts differ.
    TypeError
        If, with `check_types`, the kinds of sequence differ.
    """
    if _is_nested(nest1) != _is_nested(nest2):
        raise ValueError(f"Give two structures that nest alike: got {nest1!r} and {nest2!r}.")
    if not _is_nested(nest1):
        return
    both_dicts = isinstance(nest1, Mapping) and isinstance(nest2, Mapping)
    if check_types and not both_dicts and not _same_kind(nest1, nest2):
        raise TypeError(
            f"Give two structures of one type: got {type(nest1).__name__} and "
            f"{type(nest2).__name__}."
        )
    first, second = structure.children(nest1), structure.children(nest2)
    if len(first) != len(second) or (both_dicts and set(first) != set(second)):
        raise ValueError(f"Give two structures that nest alike: got {nest1!r} and {nest2!r}.")
    for a, b in zip(_parts(nest1), _parts(nest2), strict=True):
        assert_same_structure(a, b, check_types)


def _same_kind(first: Any, second: Any) -> bool:
    """Whether two sequences are of one type; namedtuples may have one name and fields instead."""
    if type(first) is type(second):
        return True
    kinds = [(type(x).__name__, getattr(x, "_fields", None)) for x in (first, second)]
    return kinds[0] == kinds[1] and kinds[0][1] is not None


def map_structure(func: Callable[..., Any], *structures: Any, **kwargs: Any) -> Any:
    """`func` of the corresponding leaves of all `structures`, in their structure.

    Raises
    ------
    TypeError
        If `func` is not callable.
    ValueError
        If there is no structure, or they nest differently.
    """
    unknown = kwargs.keys() - {"check_types", "expand_composites"}
    if unknown:
        raise ValueError(f"Give map_structure check_types= at most: got {', '.join(unknown)}=.")
    if not callable(func):
        raise TypeError(f"Give map_structure a function first: got {func!r}.")
    if not structures:
        raise ValueError("Give map_structure at least one structure.")
    for other in structures[1:]:
        assert_same_structure(structures[0], other, kwargs.get("check_types", True))
    leaves = [func(*group) for group in zip(*map(flatten, structures), strict=True)]
    return pack_sequence_as(structures[0], leaves)
