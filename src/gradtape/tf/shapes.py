"""TensorFlow's shapes: tuples with a few methods more."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from typing import Any, Self


class TensorShape(tuple[Any, ...]):  # noqa: SLOT001 (it says whether its rank is known)
    """The lengths of the axes, a tuple that equals a list too; None stands for any length.

    ``TensorShape(None)``, of unknown rank, is empty and has `rank` None.

    Examples
    --------
    >>> import gradtape.tf as tf
    >>> shape = tf.constant([[1.0, 2.0]]).shape
    >>> shape.as_list(), shape == [1, 2], shape[0], str(shape)
    ([1, 2], True, 1, '(1, 2)')
    """

    _unknown = False

    def __new__(cls, dims: Any) -> Self:
        """The shape of these lengths."""
        lengths: Iterable[Any] = (dims,) if isinstance(dims, int) else () if dims is None else dims
        try:
            found = [None if n is None else operator.index(n) for n in lengths]
        except TypeError:
            raise TypeError(f"Give lengths as integers or None: got {dims!r}.") from None
        if any([n is not None and n < 0 for n in found]):
            raise ValueError(f"Give lengths of 0 or more: got {dims!r}.")
        shape = super().__new__(cls, found)
        shape._unknown = dims is None or getattr(dims, "_unknown", False)
        return shape

    @classmethod
    def of(cls, value: Any) -> TensorShape:
        """The shape of an array, at once: its lengths are known to be integers."""
        return tuple.__new__(cls, value.shape)

    def __eq__(self, other: object) -> bool:
        if other is None or getattr(other, "_unknown", False) or self._unknown:
            return self._unknown and (other is None or getattr(other, "_unknown", False))
        try:
            return tuple(self) == tuple(other)  # type: ignore[arg-type]
        except TypeError:
            return False

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = tuple.__hash__

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return TensorShape(found) if isinstance(key, slice) else found

    def __add__(self, other: Any) -> TensorShape:
        return TensorShape((*self, *TensorShape(other)))

    def __radd__(self, other: Any) -> TensorShape:
        return TensorShape((*TensorShape(other), *self))

    concatenate = __add__

    def __str__(self) -> str:
        return "<unknown>" if self._unknown else repr(tuple(self))

    def __repr__(self) -> str:
        return f"TensorShape({None if self._unknown else list(self)})"

    def __reduce__(self) -> Any:
        return TensorShape, (None if self._unknown else tuple(self),)

    @property
    def rank(self) -> int | None:
        """The number of axes; None if unknown."""
        return None if self._unknown else len(self)

    ndims = rank

    @property
    def dims(self) -> list[Any] | None:
        """The lengths as a list; None if the rank is unknown."""
        return None if self._unknown else list(self)

    def as_list(self) -> list[Any]:
        """The lengths as a list.

        Raises
        ------
        ValueError
            If the rank is unknown.
        """
        if self._unknown:
            raise ValueError("Take as_list() of a shape of known rank: this one is unknown.")
        return list(self)

    def num_elements(self) -> int | None:
        """The number of entries; None if a length is unknown."""
        return math.prod(self) if self.is_fully_defined() else None

    def is_fully_defined(self) -> bool:
        """Whether every length is known."""
        return not self._unknown and None not in tuple(self)

    def is_compatible_with(self, other: Any) -> bool:
        """Whether some shape fits both."""
        other = TensorShape(other)
        if self._unknown or other._unknown:
            return True
        return len(self) == len(other) and all(
            a is None or b is None or a == b for a, b in zip(self, other, strict=True)
        )

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raise a ValueError unless `is_compatible_with` holds."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Give compatible shapes: got {self} and {TensorShape(other)}.")

    def assert_has_rank(self, rank: int) -> None:
        """Raise a ValueError unless the shape has `rank`."""
        if self.rank not in (None, rank):
            raise ValueError(f"Give a shape of rank {rank}: got {self}.")

    def with_rank(self, rank: int) -> TensorShape:
        """The shape, which must have `rank`."""
        self.assert_has_rank(rank)
        return TensorShape([None] * rank) if self._unknown else self

    def merge_with(self, other: Any) -> TensorShape:
        """The shape that both describe together."""
        self.assert_is_compatible_with(other)
        other = TensorShape(other)
        if self._unknown or other._unknown:
            return other if self._unknown else self
        return TensorShape([a if b is None else b for a, b in zip(self, other, strict=True)])

    def __len__(self) -> int:
        if self._unknown:
            raise ValueError("Take len() of a shape of known rank: this one is unknown.")
        return super().__len__()

    def __bool__(self) -> bool:
        return not self._unknown

    def assert_is_fully_defined(self) -> None:
        """Raise a ValueError unless every length is known."""
        if not self.is_fully_defined():
            raise ValueError(f"Give a shape of known lengths: got {self}.")

    def assert_same_rank(self, other: Any) -> None:
        """Raise a ValueError unless `other` has as many axes."""
        other = TensorShape(other)
        if None not in (self.rank, other.rank) and self.rank != other.rank:
            raise ValueError(f"Give shapes of one rank: got {self} and {other}.")

    def with_rank_at_least(self, rank: int) -> TensorShape:
        """The shape, which must have `rank` or more axes."""
        if self.rank is not None and self.rank < rank:
            raise ValueError(f"Give a shape of rank {rank} or more: got {self}.")
        return self

    def with_rank_at_most(self, rank: int) -> TensorShape:
        """The shape, which must have `rank` or fewer axes."""
        if self.rank is not None and self.rank > rank:
            raise ValueError(f"Give a shape of rank {rank} or less: got {self}.")
        return self

    def most_specific_compatible_shape(self, other: Any) -> TensorShape:
        """The narrowest shape that both fit."""
        other = TensorShape(other)
        if self._unknown or other._unknown or self.rank != other.rank:
            return TensorShape(None)
        return TensorShape([a if a == b else None for a, b in zip(self, other, strict=True)])

    def is_subtype_of(self, other: Any) -> bool:
        """Whether every shape that fits here fits `other`."""
        other = TensorShape(other)
        if other._unknown:
            return True
        return self.rank == other.rank and all(
            b is None or a == b for a, b in zip(self, other, strict=True)
        )
