"""Where the channels stand, and the many spellings of one number for each axis of an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradtape.tf.errors import UnimplementedError, invalid
from gradtape.tf.operation import integers

_NAMES = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}


@dataclass(frozen=True)
class Layout:
    """Arrays with `rank` axes between the examples and the channels, which may come `first`."""

    rank: int
    first: bool

    def last(self, x: Any) -> Any:
        """`x` with its channels last."""
        return np.transpose(x, (0, *range(2, self.rank + 2), 1)) if self.first else x

    def back(self, y: Any) -> Any:
        """`y`, whose channels are last, in this layout."""
        return np.transpose(y, (0, self.rank + 1, *range(1, self.rank + 1))) if self.first else y

    def between(self, whole: Any) -> tuple[Any, ...]:
        """Of one entry for each axis, those between examples and channels."""
        return tuple(whole[2:] if self.first else whole[1:-1])

    def outer(self, whole: Any) -> tuple[Any, Any]:
        """Of one entry for each axis, those of the examples and of the channels."""
        return whole[0], whole[1] if self.first else whole[-1]

    def each(self, value: Any, what: str) -> tuple[int, ...]:
        """One number for each axis between; `value` is a number, or one for each of these or all.

        Raises
        ------
        InvalidArgumentError
            If it is none of these.
        UnimplementedError
            If it is not 1 for examples and channels.
        """
        if value.__class__ is int and value > 0:
            return (value,) * self.rank
        numbers = (1,) if value is None else integers(value)
        if len(numbers) == self.rank + 2:
            if self.outer(numbers) != (1, 1):
                raise UnimplementedError(
                    None, None, f"Give {what} 1 for examples and channels: got {list(numbers)}."
                )
            numbers = self.between(numbers)
        if len(numbers) == 1:
            numbers = numbers * self.rank
        if len(numbers) != self.rank or min(numbers) < 1:
            raise invalid(
                f"Give {what} 1, {self.rank} or {self.rank + 2} numbers of 1 or more: "
                f"got {value!r}."
            )
        return numbers

    def padding(self, padding: Any) -> Any:
        """Both names as they are, or a pair of counts for each axis between."""
        if isinstance(padding, str):
            if padding.upper() not in ("SAME", "VALID"):
                raise invalid(f"Give padding 'SAME', 'VALID' or pairs of counts: got {padding!r}.")
            return padding
        pairs = [tuple(integers(pair)) for pair in padding]
        if len(pairs) == self.rank + 2:
            if self.outer(pairs) != ((0, 0), (0, 0)):
                raise invalid(f"Pad neither examples nor channels: got {pairs}.")
            pairs = list(self.between(pairs))
        return pairs


def layout(rank: int, data_format: Any) -> Layout:
    """The layout called `data_format`, channels last by default.

    Raises
    ------
    InvalidArgumentError
        If there is none of that name.
    """
    if rank not in _NAMES:
        raise invalid(f"Give 1, 2 or 3 axes between examples and channels: got {rank}.")
    last, first = _NAMES[rank]
    if data_format is not None and data_format not in (last, first):
        raise invalid(f"Give data_format {last!r} or {first!r}: got {data_format!r}.")
    return Layout(rank, data_format == first)
