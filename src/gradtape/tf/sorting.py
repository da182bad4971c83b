"""Order: sort, the largest entries, unique values, positions in a sorted vector."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradtape.core.kinds import somewhere
from gradtape.rules.indexing import gathered
from gradtape.rules.sorting import permute
from gradtape.tf.dtypes import int32, numpy_dtype
from gradtape.tf.errors import invalid, invalid_type
from gradtape.tf.operation import axes, direct, operation
from gradtape.tf.policy import tensor, together


class TopKV2(NamedTuple):
    """The largest entries and their positions."""

    values: Any
    indices: Any


class Unique(NamedTuple):
    """Unique values, and for each entry the position of its value among them."""

    y: Any
    idx: Any


class UniqueWithCounts(NamedTuple):
    """Unique values, for each entry the position of its value among them, and how many it has."""

    y: Any
    idx: Any
    count: Any


# -- order --------------------------------------------------------------------------------------


def _descending(value: Any, axis: int) -> Any:
    """The positions that sort `value` in descending order; equal entries keep theirs."""
    if value.dtype.kind == "f" and not somewhere(np.isnan(value)):
        return np.argsort(-value, axis=axis, kind="stable")
    flipped = np.argsort(np.flip(value, axis), axis=axis, kind="stable")
    return np.flip(value.shape[axis] - 1 - flipped, axis)


def _ascending(value: Any, axis: int) -> Any:
    """The positions that sort `value` in ascending order, NaN first, as TensorFlow has it."""
    if value.dtype.kind == "f" and somewhere(np.isnan(value)):
        value = np.where(np.isnan(value), -np.inf, value)
    return np.argsort(value, axis=axis, kind="stable")


def _order(values: Any, axis: Any, direction: str) -> tuple[Any, Any, int]:
    """The Tensor, the positions that sort it, and the axis."""
    x, axis = tensor(values), axes(axis)
    if direction not in ("ASCENDING", "DESCENDING"):
        raise invalid(f"Give direction 'ASCENDING' or 'DESCENDING': got {direction!r}.")
    if not -x.ndim <= axis < x.ndim:
        raise invalid(f"Give an axis of a Tensor of rank {x.ndim}: got {axis}.")
    if x.dtype.kind not in "iuf":
        raise invalid_type(f"Cast the Tensor with tf.cast: {x.dtype} has no order.")
    find = _ascending if direction == "ASCENDING" else _descending
    return x, find(x._value, axis), axis


@operation
def sort(values: Any, axis: Any = -1, direction: str = "ASCENDING", name: Any = None) -> Any:
    """The entries in order along `axis`."""
    x, order, axis = _order(values, axis, direction)
    return direct(permute, (x, order), {"axis": axis if axis < 0 else axis - x.ndim})


@operation
def argsort(
    values: Any,
    axis: Any = -1,
    direction: str = "ASCENDING",
    stable: bool = False,
    name: Any = None,
) -> Any:
    """The positions, int32, of the entries in order along `axis`; equal ones keep theirs."""
    return _order(values, axis, direction)[1].astype(np.int32)


@operation
def top_k(
    input: Any, k: Any = 1, sorted: bool = True, index_type: Any = int32, name: Any = None
) -> Any:
    """The `k` largest entries of each row, in descending order, and their positions."""
    x, count = tensor(input), axes(k)
    if not x.ndim or not 0 <= count <= x._value.shape[-1]:
        raise invalid(f"Give k from 0 to the length of the last axis: got {k} for shape {x.shape}.")
    order = _order(x, -1, "DESCENDING")[1][..., :count]
    return TopKV2(direct(gathered, (x, order), {"axis": -1}), order.astype(numpy_dtype(index_type)))


@operation
def in_top_k(targets: Any, predictions: Any, k: Any, name: Any = None) -> Any:
    """Whether the entry at each target is among the `k` largest of its row; ties count."""
    rows, wanted = tensor(predictions)._value, tensor(targets)._value
    if rows.ndim != 2 or wanted.shape != rows.shape[:1]:
        raise invalid(
            f"Give a matrix and one target for each row: got {rows.shape} and {wanted.shape}."
        )
    inside = (wanted >= 0) & (wanted < rows.shape[1])
    own = rows[np.arange(len(rows)), np.where(inside, wanted, 0)]
    finite = np.isfinite(own) & np.isfinite(rows).all(axis=1)
    return inside & finite & ((rows > own[:, None]).sum(axis=1) < axes(k))


# -- unique values ------------------------------------------------------------------------------


def _unique(x: Any, out_idx: Any) -> tuple[Any, Any, Any]:
    """The unique values in the order in which they come, with positions and counts."""
    x, dtype = tensor(x), numpy_dtype(out_idx)
    if x.ndim != 1:
        raise invalid(f"Give a vector: tf.unique got shape {x.shape}.")
    _, first, inverse, counts = np.unique(
        x._value, return_index=True, return_inverse=True, return_counts=True, equal_nan=False
    )
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return x[first[order]], place[inverse].astype(dtype), counts[order].astype(dtype)


@operation
def unique(x: Any, out_idx: Any = int32, name: Any = None) -> Any:
    """The values of a vector, each once, in the order in which they come."""
    return Unique(*_unique(x, out_idx)[:2])


@operation
def unique_with_counts(x: Any, out_idx: Any = int32, name: Any = None) -> Any:
    """The values of a vector, each once, and how often they come."""
    return UniqueWithCounts(*_unique(x, out_idx))


@operation
def searchsorted(
    sorted_sequence: Any,
    values: Any,
    side: str = "left",
    out_type: Any = int32,
    name: Any = None,
) -> Any:
    """Where `values` go into sorted rows: before equal entries ("left"), or after them."""
    rows, wanted = (part._value for part in together(sorted_sequence, values))
    if side not in ("left", "right"):
        raise invalid(f"Give side 'left' or 'right': got {side!r}.")
    if rows.shape[:-1] != wanted.shape[:-1]:
        raise invalid(
            f"Give rows and values the same leading lengths: got {rows.shape}, {wanted.shape}."
        )
    pairs = zip(rows.reshape(-1, rows.shape[-1]), wanted.reshape(-1, wanted.shape[-1]), strict=True)
    find: Any = np.searchsorted  # its overloads want a literal side
    found = [find(row, value, side) for row, value in pairs]
    return np.array(found, numpy_dtype(out_type)).reshape(wanted.shape)
