"""Bands and diagonals of stacks of matrices, with TensorFlow's alignment of short diagonals."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from gradtape.core.kinds import raw
from gradtape.tf.errors import InvalidValueError, invalid
from gradtape.tf.operation import axes, operation
from gradtape.tf.policy import adopted, tensor

# -- where the entries of a band are --------------------------------------------------------------

_ALIGNMENTS = {
    f"{above}_{below}": (above == "RIGHT", below == "RIGHT")
    for above in ("LEFT", "RIGHT")
    for below in ("LEFT", "RIGHT")
}
"""Whether diagonals above, and below the main one, end at the right of their row."""


class Band:
    """The diagonals `lower` to `upper` of matrices of ``(rows, columns)``, as rows of one array.

    Attributes
    ----------
    shape
        Of the array of diagonals: their number, and the length of the longest.
    single
        Whether it is one diagonal: then the first axis is dropped.
    row, column
        Where in the matrix each entry of that array is; outside for padding.
    inside, padded
        Which entries are no padding, and whether some are.
    flat
        Where in the flat matrix each entry is.
    """

    def __init__(self, limits: tuple[int, int], rows: int, columns: int, align: str) -> None:
        if align not in _ALIGNMENTS:
            raise InvalidValueError(f"Give align one of {', '.join(_ALIGNMENTS)}: got {align!r}.")
        lower, upper = limits
        for limit in (lower, upper):
            if limit and not -rows < limit < columns:
                raise invalid(
                    f"Give k from {1 - rows} to {columns - 1} for the diagonals of matrices of "
                    f"shape {(rows, columns)}: got {limit}."
                )
        length = min(rows + min(upper, 0), columns - max(lower, 0))
        d: Any = np.arange(upper, lower - 1, -1)[:, None]
        own = np.minimum(rows + np.minimum(d, 0), columns - np.maximum(d, 0))
        above, below = _ALIGNMENTS[align]
        right = np.where(d > 0, above, np.where(d < 0, below, above and below))
        place = np.arange(length) - right * (length - own)
        self.shape = (upper - lower + 1, length)
        self.single = lower == upper
        self.row = place + np.maximum(-d, 0)
        self.column = place + np.maximum(d, 0)
        self.inside = (place >= 0) & (place < own)
        self.padded = not self.inside.all()
        self.flat = np.where(self.inside, self.row * columns + self.column, 0)

    def places(self, rows: int, columns: int) -> tuple[Any, Any]:
        """For each entry of a matrix its place among the diagonals, and if it has one."""
        source = np.zeros((rows, columns), np.intp)
        taken = np.zeros((rows, columns), bool)
        where = self.row[self.inside], self.column[self.inside]
        source[where] = np.flatnonzero(self.inside)
        taken[where] = True
        return source, taken


_band = lru_cache(maxsize=64)(Band)


def band_limits(k: Any) -> tuple[int, int]:
    """The lowest and highest diagonal that `k` means: one number, or two."""
    found = axes(k)
    if isinstance(found, int):
        return found, found
    if len(found) == 1:
        return found[0], found[0]
    if len(found) != 2 or found[0] > found[1]:
        raise invalid(f"Give k as one number, or a lower and a greater one: got {k!r}.")
    return found[0], found[1]


# -- diagonals ------------------------------------------------------------------------------------


@operation
def diag_part(
    input: Any,
    name: Any = "diag_part",
    k: Any = 0,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Any:
    """The diagonals of matrices.

    Parameters
    ----------
    input
        Of shape ``(..., rows, columns)``.
    k
        The diagonal, 0 the main one and positive ones above it; two numbers for all between them,
        which come from the highest to the lowest.
    padding_value
        What fills up diagonals shorter than the longest.
    align
        To which side diagonals above, and below, the main one are moved: "RIGHT_LEFT",
        "LEFT_RIGHT", "LEFT_LEFT" or "RIGHT_RIGHT".
    """
    x = _matrices(input, "diag_part")
    rows, columns = x.shape[-2:]
    band = _band(band_limits(k), rows, columns, align)
    if band.single:
        return np.diagonal(x, band_limits(k)[0], -2, -1)
    found = np.reshape(x, (*x.shape[:-2], rows * columns))[..., band.flat]
    return np.where(band.inside, found, _number(padding_value, x)) if band.padded else found


@operation
def diag(
    diagonal: Any,
    name: Any = "diag",
    k: Any = 0,
    num_rows: Any = -1,
    num_cols: Any = -1,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Any:
    """Matrices with these diagonals, and `padding_value` elsewhere.

    Parameters
    ----------
    diagonal
        Of shape ``(..., length)``, or ``(..., count, length)`` if `k` means several.
    num_rows, num_cols
        The shape of each matrix; -1 for the least that fits, square if both are.
    k, align
        As in `diag_part`.
    """
    d = tensor(diagonal)
    lower, upper = band_limits(k)
    if d.ndim < 1 + (lower != upper):
        raise invalid(f"Give the diagonals one axis more: got shape {d.shape}.")
    rows, columns = _least(d.shape[-1], lower, upper, int(raw(num_rows)), int(raw(num_cols)))
    loops = d.shape[: d.ndim - 1 - (lower != upper)]
    blank = np.full((*loops, rows, columns), raw(_number(padding_value, d)), d.dtype)
    return _with_diagonals(blank, d, k, align)


def _least(length: int, lower: int, upper: int, rows: int, columns: int) -> tuple[int, int]:
    """The rows and columns that were given, or what the diagonals need."""
    needed = length - min(upper, 0), length + max(lower, 0)
    if rows == columns == -1:
        return (max(needed),) * 2
    found = needed[0] if rows == -1 else rows, needed[1] if columns == -1 else columns
    if found[0] < needed[0] or found[1] < needed[1]:
        raise invalid(f"Give at least {needed[0]} rows and {needed[1]} columns: got {found}.")
    if found[0] != needed[0] and found[1] != needed[1]:
        raise invalid(f"Give {needed[0]} rows or {needed[1]} columns: got {found}.")
    return found


@operation
def set_diag(
    input: Any, diagonal: Any, name: Any = "set_diag", k: Any = 0, align: str = "RIGHT_LEFT"
) -> Any:
    """Matrices with their diagonals replaced; arguments as `diag_part` and `diag`."""
    x = _matrices(input, "set_diag")
    return _with_diagonals(x, tensor(adopted(diagonal, x.dtype)), k, align)


def _with_diagonals(x: Any, d: Any, k: Any, align: str) -> Any:
    """`x` with `d` on its diagonals."""
    rows, columns = x.shape[-2:]
    band = _band(band_limits(k), rows, columns, align)
    shape = band.shape[1:] if band.single else band.shape
    if d.shape != (*x.shape[:-2], *shape):
        raise invalid(f"Give diagonals of shape {(*x.shape[:-2], *shape)}: got {d.shape}.")
    source, taken = band.places(rows, columns)
    flat = np.reshape(d, (*x.shape[:-2], math.prod(band.shape)))
    return np.where(taken, flat[..., source], x)


@operation
def band_part(input: Any, num_lower: Any, num_upper: Any, name: Any = None) -> Any:
    """Matrices with zeros outside of a band.

    Parameters
    ----------
    input
        Of shape ``(..., rows, columns)``.
    num_lower, num_upper
        How many diagonals stay below and above the main one; negative for all.
    """
    x = _matrices(input, "band_part")
    rows, columns = x.shape[-2:]
    below, above = int(raw(num_lower)), int(raw(num_upper))
    if below > rows or above > columns:
        raise invalid(
            f"Give at most {rows} lower and {columns} upper diagonals: got {below}, {above}."
        )
    step = np.arange(rows)[:, None] - np.arange(columns)
    inside = ((below < 0) | (step <= below)) & ((above < 0) | (-step <= above))
    return np.where(inside, x, x.dtype.type(0))


@operation
def trace(x: Any, name: Any = None) -> Any:
    """The sum of the main diagonal of each matrix."""
    x = _matrices(x, "trace")
    return np.sum(np.diagonal(x, 0, -2, -1), axis=-1, dtype=x.dtype)


@operation
def tensor_diag(diagonal: Any, name: Any = None) -> Any:
    """The Tensor of twice the rank with `diagonal` where both halves of its index agree."""
    d = tensor(diagonal)
    flat = np.ravel(d)
    square = np.where(np.eye(d.size, dtype=bool), flat[:, None], flat.dtype.type(0))
    return np.reshape(square, (*d.shape, *d.shape))


@operation
def tensor_diag_part(input: Any, name: Any = None) -> Any:
    """The entries where both halves of the index agree: undoes `tensor_diag`."""
    x = tensor(input)
    half = x.ndim // 2
    shape = x.shape[:half]
    if not x.ndim or x.ndim % 2 or shape != x.shape[half:]:
        raise invalid(f"Give a shape of two equal halves: got {x.shape}.")
    count = math.prod(shape)
    return np.reshape(np.diagonal(np.reshape(x, (count, count))), shape)


def _matrices(value: Any, name: str) -> Any:
    x = tensor(value)
    if x.ndim < 2:
        raise invalid(f"Give tf.linalg.{name} matrices, of rank 2 or more: got shape {x.shape}.")
    return x


def _number(value: Any, x: Any) -> Any:
    """`value` in the dtype of `x`."""
    return tensor(value).astype(x.dtype)
