"""Reductions over segments: rows that one integer vector groups, in order or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.core.kinds import somewhere
from gradtape.core.tape import active
from gradtape.rules import segments
from gradtape.tf.errors import invalid, invalid_type
from gradtape.tf.indexing import positions
from gradtape.tf.operation import axes, direct, operation
from gradtape.tf.policy import tensor

Reduction = Callable[[Any, Any, int], Any]
"""``reduce(rows, ids, count)``: the entries of each of `count` segments, made one."""

# -- the reductions -----------------------------------------------------------------------------


def _sum(rows: Any, ids: Any, count: int) -> Any:
    return direct(segments.added, (rows, ids), {"count": count})


def _sizes(rows: Any, ids: Any, count: int) -> Any:
    """How many entries each segment has, at least 1, to divide its sum."""
    flat = ids.reshape(-1)
    flat = flat[flat >= 0] if flat.size and flat.min() < 0 else flat
    sizes = np.maximum(np.bincount(flat.astype(np.intp), minlength=count), 1)
    dtype = rows.dtype if rows.dtype.kind in "fc" else np.float64
    return sizes.reshape((-1,) + (1,) * (rows.ndim - ids.ndim)).astype(dtype)


def _mean(rows: Any, ids: Any, count: int) -> Any:
    return _sum(rows, ids, count) / _sizes(rows, ids, count)


def _integer_mean(rows: Any, ids: Any, count: int) -> Any:
    mean = _mean(rows, ids, count)
    return mean if mean.dtype == rows.dtype else np.trunc(mean).astype(rows.dtype)


def _sqrt_n(rows: Any, ids: Any, count: int) -> Any:
    if rows.dtype.kind not in "fc":
        raise invalid_type(f"Cast the data with tf.cast: got dtype {rows.dtype}.")
    return _sum(rows, ids, count) / np.sqrt(_sizes(rows, ids, count))


def _prod(rows: Any, ids: Any, count: int) -> Any:
    return segments.segment_prod(rows if active() else rows._value, ids, count)


def _extreme(ufunc: Any, empty: Callable[[Any], Any]) -> Reduction:
    """The largest or smallest entries; `empty` of the dtype is that of none. Ties share."""

    def reduce(rows: Any, ids: Any, count: int) -> Any:
        options = {"ufunc": ufunc, "count": count, "empty": empty(rows.dtype)}
        return direct(segments.extreme, (rows, ids), options)

    return reduce


def _least(dtype: Any) -> Any:
    return np.finfo(dtype).min if dtype.kind == "f" else np.iinfo(dtype).min


def _greatest(dtype: Any) -> Any:
    return np.finfo(dtype).max if dtype.kind == "f" else np.iinfo(dtype).max


def _zero(dtype: Any) -> Any:
    return dtype.type(0)


# -- sorted segments ----------------------------------------------------------------------------


def _of_sorted(reduce: Reduction, name: str, doc: str) -> Any:
    """The operation `name`: segments in ascending order; no rows make 0, or 1."""

    def compute(data: Any, segment_ids: Any, name: Any = None) -> Any:
        rows, ids = tensor(data), positions(segment_ids, spelled)
        shape = rows._value.shape
        if ids.ndim != 1 or not shape or len(ids) != shape[0]:
            raise invalid(
                f"Give tf.math.{spelled} a vector of one segment for each row: "
                f"got shape {ids.shape} for data of shape {shape}."
            )
        if len(ids) and (somewhere(ids[0] < 0) or somewhere(ids[1:] < ids[:-1])):
            raise invalid(f"Give segment_ids of 0 or more in ascending order: got {ids}.")
        return reduce(rows, ids, int(ids[-1]) + 1 if len(ids) else 0)

    spelled = name
    return _named(compute, name, doc)


def _named(compute: Callable[..., Any], name: str, doc: str) -> Any:
    compute.__name__ = compute.__qualname__ = name
    compute.__doc__ = doc
    return operation(compute)


segment_sum = _of_sorted(_sum, "segment_sum", "The sum of the rows of each segment.")
segment_mean = _of_sorted(_integer_mean, "segment_mean", "The mean of the rows of each segment.")
segment_prod = _of_sorted(_prod, "segment_prod", "The product of the rows of each segment.")
segment_max = _of_sorted(
    _extreme(np.maximum, _zero),
    "segment_max",
    "The maximum of the rows of each segment, 0 for none; ties share the gradient.",
)
segment_min = _of_sorted(
    _extreme(np.minimum, _zero),
    "segment_min",
    "The minimum of the rows of each segment, 0 for none; ties share the gradient.",
)

# -- segments in any order ----------------------------------------------------------------------


def _of_unsorted(reduce: Reduction, name: str, doc: str) -> Any:
    """The operation `name`: segments in any order; rows of a negative segment are left out."""

    def compute(data: Any, segment_ids: Any, num_segments: Any, name: Any = None) -> Any:
        rows, ids, count = tensor(data), positions(segment_ids, spelled), axes(num_segments)
        if rows._value.shape[: ids.ndim] != ids.shape:
            raise invalid(
                f"Give tf.math.{spelled} data whose shape starts with {ids.shape}, that of "
                f"segment_ids: got {rows._value.shape}."
            )
        if count < 0:
            raise invalid(f"Give num_segments of 0 or more: got {count}.")
        if somewhere(ids >= count):
            raise invalid(f"Give segment_ids below {count}: tf.math.{spelled} got {ids}.")
        return reduce(rows, ids, count)

    spelled = name
    return _named(compute, name, doc)


unsorted_segment_sum = _of_unsorted(
    _sum, "unsorted_segment_sum", "The sum of the rows of each segment."
)
unsorted_segment_mean = _of_unsorted(
    _mean, "unsorted_segment_mean", "The mean of the rows of each segment, 0 for none."
)
unsorted_segment_sqrt_n = _of_unsorted(
    _sqrt_n,
    "unsorted_segment_sqrt_n",
    "The sum of the rows of each segment over the square root of their number.",
)
unsorted_segment_prod = _of_unsorted(
    _prod, "unsorted_segment_prod", "The product of the rows of each segment, 1 for none."
)
unsorted_segment_max = _of_unsorted(
    _extreme(np.maximum, _least),
    "unsorted_segment_max",
    "The maximum of the rows of each segment, the least number for none; ties share the gradient.",
)
unsorted_segment_min = _of_unsorted(
    _extreme(np.minimum, _greatest),
    "unsorted_segment_min",
    "The minimum of the rows of each segment, the greatest number for none; ties share.",
)
