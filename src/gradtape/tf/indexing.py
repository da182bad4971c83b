"""Reading entries by position and writing them: gather, scatter, masks, partitions."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.core.dispatch import apply
from gradtape.core.kinds import somewhere
from gradtape.rules import segments
from gradtape.rules.indexing import overwrite
from gradtape.tf.errors import invalid, invalid_type
from gradtape.tf.operation import axes, direct, lengths, operation
from gradtape.tf.policy import adopted, tensor

as_tensor = tensor

# -- positions ----------------------------------------------------------------------------------


def positions(indices: Any, operation: str) -> Any:
    """The values of `indices`, which must be integers."""
    found = tensor(indices)._value
    if found.dtype.kind not in "iu":
        raise invalid_type(f"Give tf.{operation} integer indices: got dtype {found.dtype}.")
    return found


_UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


def check_within(places: Any, length: int, operation: str) -> None:
    """Raise an `InvalidArgumentError` unless all `places` are in ``range(length)``."""
    if isinstance(places, np.ndarray):
        # Read as unsigned, a negative position is a large one.
        wrong = places.size and places.view(_UNSIGNED[places.itemsize]).max() >= length
    else:
        wrong = somewhere((places < 0) | (places >= length))
    if wrong:
        raise invalid(
            f"Give indices from 0 to {length - 1}: tf.{operation} got {np.asarray(places)}."
        )


def _columns(places: Any, shape: Sequence[int], operation: str) -> tuple[Any, ...]:
    """The rows of `places`, positions in an array of `shape`, as an index of that array."""
    if not places.ndim or places.shape[-1] > len(shape):
        raise invalid(
            f"Give indices with a last axis of length at most {len(shape)}: "
            f"tf.{operation} got shape {places.shape}."
        )
    columns = tuple(places[..., k] for k in range(places.shape[-1]))
    for column, length in zip(columns, shape, strict=False):
        check_within(column, length, operation)
    return columns


def _counting(shape: Sequence[int], ndim: int) -> tuple[Any, ...]:
    """For each axis of `shape` its positions, to broadcast against the leading of `ndim` axes."""
    return tuple(
        np.arange(length).reshape((-1,) + (1,) * (ndim - axis - 1))
        for axis, length in enumerate(shape)
    )


# -- gather -------------------------------------------------------------------------------------


@operation
def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    axis: Any = None,
    batch_dims: Any = 0,
    name: Any = None,
) -> Any:
    """The slices of `params` at `indices` along `axis`.

    The first `batch_dims` axes of both belong together, and `axis` is the next one by default. The
    gradient of a Tensor that is only gathered from along its first axis is `IndexedSlices`.
    """
    x, places = tensor(params), positions(indices, "gather")
    batch, axis = axes(batch_dims), axes(axis)
    if batch < 0:
        batch += places.ndim
    axis = batch if axis is None else axis + x.ndim if axis < 0 else axis
    if not batch <= axis < x.ndim:
        raise invalid(
            f"Give an axis from {batch} to {x.ndim - 1}: tf.gather got {axis}, batch_dims {batch}."
        )
    check_within(places, x._value.shape[axis], "gather")
    if batch:
        return _gather_rows(x, places, axis, batch)
    if places.ndim or axis:
        return x[(*(slice(None),) * axis, places)]
    row = x[(np.reshape(places, (1,)),)]  # an array of positions, for IndexedSlices
    return apply(np.reshape, (row, x._value.shape[1:]))


def _gather_rows(x: Any, places: Any, axis: int, batch: int) -> Any:
    """`gather` where the first `batch` axes belong together."""
    if x._value.shape[:batch] != places.shape[:batch]:
        raise invalid(
            f"Give params and indices the same first {batch} lengths: "
            f"tf.gather got shapes {x._value.shape} and {places.shape}."
        )
    order = [*range(batch), axis, *range(batch, axis), *range(axis + 1, x.ndim)]
    if axis > batch:
        x = apply(np.transpose, (x, tuple(order)))
    found = x[(*_counting(places.shape[:batch], places.ndim), places)]
    if axis == batch:
        return found
    # The axes of the positions go where `axis` was.
    new, between = places.ndim - batch, axis - batch
    moved = [*range(places.ndim, places.ndim + between), *range(batch, batch + new)]
    rest = range(places.ndim + between, found.ndim)
    return apply(np.transpose, (found, (*range(batch), *moved, *rest)))


@operation
def gather_nd(
    params: Any,
    indices: Any,
    batch_dims: Any = 0,
    name: Any = None,
    bad_indices_policy: str = "",
) -> Any:
    """The slices of `params` at the rows of `indices`: ``y[i] = params[tuple(indices[i])]``."""
    x, places, batch = tensor(params), positions(indices, "gather_nd"), axes(batch_dims)
    columns = _columns(places, x._value.shape[batch:], "gather_nd")
    if not columns:
        shape = (*places.shape[:-1], *x._value.shape[batch:])
        between = (1,) * (places.ndim - 1 - batch)
        x = apply(np.reshape, (x, x._value.shape[:batch] + between + x._value.shape[batch:]))
        return apply(np.broadcast_to, (x, shape))
    if x._value.shape[:batch] != places.shape[:batch]:
        raise invalid(
            f"Give params and indices the same first {batch} lengths: "
            f"tf.gather_nd got shapes {x._value.shape} and {places.shape}."
        )
    return x[(*_counting(places.shape[:batch], places.ndim - 1), *columns)]


# -- scatter ------------------------------------------------------------------------------------


def checked(indices: Any, updates: Any, shape: Sequence[int], operation: str) -> tuple[Any, ...]:
    """The index of an array of `shape` that `indices` mean; `updates` must fit it."""
    places = positions(indices, operation)
    columns = _columns(places, shape, operation)
    wanted = (*places.shape[:-1], *shape[len(columns) :])
    if updates._value.shape != wanted:
        raise invalid(f"Give tf.{operation} updates of shape {wanted}: got {updates._value.shape}.")
    return columns


def _flat(columns: tuple[Any, ...], shape: Sequence[int]) -> Any:
    """The rows of an index of several columns as positions in an array with one leading axis."""
    flat, *rest = columns
    for length, column in zip(shape[1:], rest, strict=False):
        flat = flat * length + column
    return flat


def add_up(x: Any, columns: tuple[Any, ...], updates: Any, shape: tuple[int, ...]) -> Any:
    """`x`, or zeros of `shape` if it is None, with `updates` added at an index."""
    if not columns:
        more = np.ndim(updates) - len(shape)
        total = np.sum(updates, axis=tuple(range(more)), dtype=updates.dtype)
    else:
        count = math.prod(shape[: len(columns)])
        ids = _flat(columns, shape)
        total = direct(segments.added, (updates, ids), {"count": count})
        if len(columns) > 1:
            total = np.reshape(total, shape)
    return total if x is None else x + total


@operation
def scatter_nd(
    indices: Any, updates: Any, shape: Any, bad_indices_policy: str = "", name: Any = None
) -> Any:
    """Zeros of `shape`, with each row of `updates` added at a row of `indices`."""
    updates, shape = tensor(updates), lengths(shape)
    columns = checked(indices, updates, shape, "scatter_nd")
    return add_up(None, columns, updates, shape)


@operation
def tensor_scatter_nd_add(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: Any = None
) -> Any:
    """`tensor` with `updates` added at the rows of `indices`."""
    x, updates, columns = _prepared(tensor, indices, updates, "tensor_scatter_nd_add")
    return add_up(x, columns, updates, x._value.shape)


@operation
def tensor_scatter_nd_sub(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: Any = None
) -> Any:
    """`tensor` with `updates` subtracted at the rows of `indices`."""
    x, updates, columns = _prepared(tensor, indices, updates, "tensor_scatter_nd_sub")
    return add_up(x, columns, -updates, x._value.shape)


@operation
def tensor_scatter_nd_update(tensor: Any, indices: Any, updates: Any, name: Any = None) -> Any:
    """`tensor` with `updates` written at the rows of `indices`; of several, the last stays."""
    x, updates, columns = _prepared(tensor, indices, updates, "tensor_scatter_nd_update")
    return direct(overwrite, (x, updates), {"index": columns})


@operation
def tensor_scatter_nd_max(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: Any = None
) -> Any:
    """The maximum of `tensor` and of all `updates` at each place; ties share the gradient."""
    return _extreme(np.maximum, tensor, indices, updates, "tensor_scatter_nd_max")


@operation
def tensor_scatter_nd_min(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: Any = None
) -> Any:
    """The minimum of `tensor` and of all `updates` at each place; ties share the gradient."""
    return _extreme(np.minimum, tensor, indices, updates, "tensor_scatter_nd_min")


def _prepared(x: Any, indices: Any, updates: Any, operation: str) -> tuple[Any, Any, Any]:
    """The Tensors of a scatter into `x`, and the index of `x` that is meant."""
    x = tensor(x)
    updates = tensor(adopted(updates, x.dtype))
    if updates.dtype != x.dtype:
        updates = updates.astype(x.dtype)
    return x, updates, checked(indices, updates, x._value.shape, operation)


def _extreme(ufunc: Any, x: Any, indices: Any, updates: Any, operation: str) -> Any:
    x, updates, columns = _prepared(x, indices, updates, operation)
    shape, rest = x._value.shape, x._value.shape[len(columns) :]
    # What is there is one more entry of each place.
    count = math.prod(shape[: len(columns)])
    data = np.concatenate([np.reshape(part, (-1, *rest)) for part in (x, updates)])
    more = np.ravel(_flat(columns, shape)) if columns else np.zeros(len(data) - 1, int)
    ids = np.concatenate((np.arange(count), more))
    options = {"ufunc": ufunc, "count": count, "empty": x.dtype.type(0)}
    return np.reshape(direct(segments.extreme, (data, ids), options), shape)


# -- masks and partitions -----------------------------------------------------------------------


@operation
def boolean_mask(tensor: Any, mask: Any, axis: Any = None, name: Any = "boolean_mask") -> Any:
    """The slices of `tensor` where `mask` holds, whose axes start at `axis` of the Tensor."""
    x, chosen, axis = as_tensor(tensor), as_tensor(mask)._value, axes(axis) or 0
    if not chosen.ndim:
        raise invalid("Give tf.boolean_mask a mask of rank 1 or more: got a scalar.")
    axis = axis + x.ndim if axis < 0 else axis
    if x._value.shape[axis : axis + chosen.ndim] != chosen.shape:
        raise invalid(
            f"Give a mask of the shape of the axes from {axis} on of {x._value.shape}: "
            f"got {chosen.shape}."
        )
    return x[(*(slice(None),) * axis, chosen.astype(bool))]


@operation
def dynamic_partition(data: Any, partitions: Any, num_partitions: int, name: Any = None) -> Any:
    """The list of the slices of `data` whose entry in `partitions` is 0, 1, ..."""
    x, parts = tensor(data), positions(partitions, "dynamic_partition")
    if x._value.shape[: parts.ndim] != parts.shape:
        raise invalid(
            f"Give data whose shape starts with {parts.shape}, that of partitions: "
            f"got {x._value.shape}."
        )
    check_within(parts, num_partitions, "dynamic_partition")
    return [x[parts == k] for k in range(num_partitions)]


@operation
def dynamic_stitch(indices: Any, data: Any, name: Any = None) -> Any:
    """The slices of the Tensors of `data`, each at its position; of several, the last stays."""
    places = [positions(part, "dynamic_stitch") for part in indices]
    parts = [tensor(part) for part in data]
    tail = parts[0]._value.shape[places[0].ndim :]
    for where, part in zip(places, parts, strict=True):
        if part._value.shape != (*where.shape, *tail):
            raise invalid(f"Give data of shape {(*where.shape, *tail)}: got {part._value.shape}.")
    where = np.concatenate([np.ravel(place) for place in places])
    length = int(where.max(initial=-1)) + 1
    check_within(where, length, "dynamic_stitch")
    rows = np.concatenate([np.reshape(part, (-1, *tail)) for part in parts])
    return apply(operator.setitem, (tensor(np.zeros((length, *tail), rows.dtype)), where, rows))


parallel_stitch = dynamic_stitch
