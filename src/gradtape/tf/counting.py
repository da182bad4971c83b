"""Counts: histograms of integers, confusion matrices, permutations."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.kinds import raw
from gradtape.tf.dtypes import int32, numpy_dtype
from gradtape.tf.errors import InvalidValueError, invalid
from gradtape.tf.operation import operation
from gradtape.tf.policy import tensor


@operation
def bincount(
    arr: Any,
    weights: Any = None,
    minlength: Any = None,
    maxlength: Any = None,
    dtype: Any = int32,
    name: Any = None,
    axis: Any = None,
    binary_output: bool = False,
) -> Any:
    """How often each integer occurs, or the sum of its weights.

    Parameters
    ----------
    arr
        Integers of 0 or more.
    weights
        A number for each, with its gradient; the result has their dtype.
    minlength, maxlength
        The least and greatest length of the result; greater integers are left out.
    dtype
        The dtype of counts without `weights`.
    axis
        None or 0 counts all of `arr`, -1 each row of a matrix.
    binary_output
        1 for what occurs at all.
    """
    values = raw(tensor(arr))
    if values.size and values.min() < 0:
        raise invalid(f"Give tf.math.bincount integers of 0 or more: got {values.min()}.")
    if axis not in (None, 0, -1):
        raise InvalidValueError(f"Give tf.math.bincount axis None, 0 or -1: got {axis!r}.")
    length = _length(values, minlength, maxlength)
    if axis == -1 and values.ndim > 1:
        rows = values.reshape((-1, values.shape[-1]))
        parts = [None] * len(rows) if weights is None else list(tensor(weights))
        pairs = zip(rows, parts, strict=True)
        return np.stack([_counts(r, w, length, dtype, binary_output) for r, w in pairs])
    flat = None if weights is None else np.ravel(tensor(weights))
    return _counts(values.ravel(), flat, length, dtype, binary_output)


def _length(values: Any, minlength: Any, maxlength: Any) -> int:
    length = int(values.max(initial=-1)) + 1
    if minlength is not None:
        length = max(length, int(raw(minlength)))
    return length if maxlength is None else min(length, int(raw(maxlength)))


def _counts(values: Any, weights: Any, length: int, dtype: Any, binary: bool) -> Any:
    inside = values < length
    if weights is None or binary:
        counts = np.bincount(values[inside], minlength=length)
        return (np.minimum(counts, 1) if binary else counts).astype(numpy_dtype(dtype))
    picked = np.where(inside, weights, weights.dtype.type(0))
    kept = np.where(inside, values, 0)
    if not length:
        return np.zeros(0, weights.dtype)
    return np.bincount(kept, picked, length).astype(weights.dtype)


@operation
def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: Any = None,
    weights: Any = None,
    dtype: Any = int32,
    name: Any = None,
) -> Any:
    """How often each class, a row, was predicted as each other one, a column.

    Raises
    ------
    InvalidArgumentError
        If a class is negative, or not below `num_classes`.
    """
    rows, columns = (np.squeeze(raw(tensor(v))).ravel() for v in (labels, predictions))
    if rows.shape != columns.shape:
        raise invalid(f"Give as many labels as predictions: got {rows.size} and {columns.size}.")
    seen = np.concatenate((rows, columns))
    count = int(seen.max(initial=-1)) + 1 if num_classes is None else int(raw(num_classes))
    if seen.size and (seen.min() < 0 or seen.max() >= count):
        raise invalid(f"Give classes from 0 to {count - 1}: got {seen.min()} to {seen.max()}.")
    matrix = np.zeros((count, count), numpy_dtype(dtype))
    amounts = 1 if weights is None else raw(tensor(weights)).astype(matrix.dtype)
    np.add.at(matrix, (rows.astype(np.int64), columns.astype(np.int64)), amounts)
    return matrix


@operation
def invert_permutation(x: Any, name: Any = None) -> Any:
    """The permutation that undoes `x`: ``y[x[i]] = i``.

    Raises
    ------
    InvalidArgumentError
        If `x` is not a permutation of 0, 1, 2 ...
    """
    order = raw(tensor(x))
    if order.ndim != 1:
        raise invalid(f"Give a vector: got shape {order.shape}.")
    back = np.argsort(order)
    if not np.array_equal(order[back], np.arange(order.size)):
        raise invalid(f"Give each of 0 to {order.size - 1} once: got {order}.")
    return back.astype(order.dtype)
