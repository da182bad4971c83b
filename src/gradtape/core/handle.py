"""A handle: what a name in the user's program refers to, a value with an identity."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable
from types import EllipsisType, NoneType
from typing import Any, ClassVar, NamedTuple

import numpy as np

new_identity: Callable[[], int] = itertools.count(1).__next__

UNTRACKED = 0
"""The identity of a value that no recorder has met."""

REAL_SCALARS = frozenset({np.float16, np.float32, np.float64})
"""The classes of rank-0 values that need no care: nothing to broadcast, no array to keep alive."""

PYTHON_NUMBERS = frozenset({float, int, bool, complex})
"""The classes of numbers that have no dtype and take that of what they meet."""


class Handle:
    """A value and its identity.

    The value never changes in place; an in-place update gives the handle a new value *and* a new
    identity. A record can therefore hold bare values and identities, and keeps no handle alive.
    """

    __slots__ = ("__weakref__", "_id", "_value")

    _value: Any
    _id: int
    _trainable: bool = False
    _intercepts = True  # NumPy's functions of it are done by its protocols
    _result: ClassVar[type[Handle]]  # the class of what operations return

    def __init__(self, value: Any, ident: int = UNTRACKED) -> None:
        self._value = value
        self._id = ident

    def _require_mutable(self) -> None:
        """Raise if the handle may not be updated in place."""


class Spec(NamedTuple):
    """Shape and dtype of a value that a derivative needs to know but not to read."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @classmethod
    def of(cls, value: Any) -> Spec:
        """The spec of an array, a NumPy scalar or a Python number."""
        try:
            return cls(value.shape, value.dtype)
        except AttributeError:
            return cls(np.shape(value), np.result_type(value))

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of entries."""
        return math.prod(self.shape)


new_spec: Callable[[type[Spec], tuple[tuple[int, ...], np.dtype[Any]]], Spec] = tuple.__new__
"""``new_spec(Spec, (shape, dtype))``: a `Spec` at half the price, for hot code."""


def is_foreign(value: Any) -> bool:
    """Whether `value` is an array that is not NumPy's own but speaks its protocols, as Dask's."""
    return (
        hasattr(value, "__array_ufunc__")
        and hasattr(value, "__array_function__")
        and not isinstance(value, (np.ndarray, np.generic, Handle))
    )


def settled(value: Any) -> Any:
    """`value` as a Tensor's value: a NumPy scalar for rank 0, an array nobody writes into."""
    if value.__class__ is np.ndarray:
        if not value.ndim:
            return value[()]
        value.setflags(write=False)
    return value


def frozen(value: Any) -> Any:
    """`value`, copied if the user could still write into it.

    A record that kept the user's own buffer would give a wrong gradient after ``buffer[:] = ...``.
    """
    array = value
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return np.array(value)
        array = array.base
    if array is None or value.__class__ in PYTHON_NUMBERS or value.__class__ in REAL_SCALARS:
        return value
    # A value of a program that is being recorded changes in place as an array does.
    return value.copy() if getattr(value, "is_known", False) else value


_PLAIN_INDEX = frozenset({int, bool, NoneType, EllipsisType, np.int64, np.bool_})


def frozen_index(index: Any) -> Any:
    """`index` as nobody can change it later: lists become arrays, arrays are copied.

    The arrays are in C order, for NumPy's choice of the last of several writes to one entry
    depends on it.
    """
    if index.__class__ is tuple:
        return tuple([_frozen_part(part) for part in index])
    return _frozen_part(index)


def _frozen_part(part: Any) -> Any:
    if isinstance(part, Handle):
        part = part._value
    if part.__class__ in _PLAIN_INDEX or getattr(part, "_intercepts", False):
        return part
    if part.__class__ is slice:
        start, stop, step = part.start, part.stop, part.step
        if (
            start.__class__ in _PLAIN_INDEX
            and stop.__class__ in _PLAIN_INDEX
            and step.__class__ in _PLAIN_INDEX
        ):
            return part
        bounds = start, stop, step
        return slice(*(None if bound is None else operator.index(bound) for bound in bounds))
    if part.__class__ is np.ndarray and part.flags.c_contiguous and not part.flags.writeable:
        return part
    array = np.array(part, order="C")
    if not array.size and part.__class__ is list:
        array = array.astype(np.intp)
    return settled(array)
