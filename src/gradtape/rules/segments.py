"""Reductions of segments: the entries of an array that have the same number, in any order.

The numbers have the shape of the leading axes of the data; whatever has a negative one counts for
nothing. Everything is made of two maps, the sum of each segment and its transpose.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.core.batching import refuse, spread
from gradtape.core.cotangents import Masked, holds_batch
from gradtape.core.domains import call, draw, real_only
from gradtape.core.kinds import invoke, somewhere
from gradtape.core.rules import RULES, composite, constant, linear, raw, register
from gradtape.rules.arguments import as_array, cast, is_plain, of_plain_arrays
from gradtape.rules.reductions import Reduction


def _columns(mask: Any, data: Any) -> Any:
    """`mask`, of the leading axes of `data`, to broadcast with it."""
    return np.reshape(mask, mask.shape + (1,) * (len(data.shape) - mask.ndim))


# -- sums, and their transpose ------------------------------------------------------------------


def _combined(ufunc: Any, start: Any, data: Any, ids: Any, count: int) -> Any:
    """`ufunc` of the entries of each of `count` segments, and of `start`."""
    shape = data.shape[ids.ndim :]
    width = math.prod(shape)
    data, ids = data.reshape(ids.size, width), ids.reshape(-1)
    total = np.full(count * width, start, data.dtype)
    if data.size:
        if ids.min() < 0:
            data, ids = data[ids >= 0], ids[ids >= 0]
        places = ids
        if width > 1:  # one index into a flat array: much quicker than rows
            places = (ids.astype(np.intp)[:, None] * width + np.arange(width)).reshape(-1)
        if ufunc is np.add:
            np.add.at(total, places, data.reshape(-1))
        else:
            with np.errstate(invalid="ignore"):  # NumPy warns of NaN in a maximum at indices only
                ufunc.at(total, places, data.reshape(-1))
    return total.reshape(count, *shape)


@of_plain_arrays("a reduction of segments")
def added(data: Any, ids: Any, *, count: int) -> Any:
    """The sum of each of `count` segments: what is recorded."""
    return _combined(np.add, 0, data, ids, count)


@of_plain_arrays("a reduction of segments")
def entries(y: Any, ids: Any) -> Any:
    """For each number in `ids` the row of `y`, zeros where it is negative: what is recorded."""
    if not len(y):
        return np.zeros((*ids.shape, *y.shape[1:]), y.dtype)
    found = np.take(y, ids, axis=0, mode="clip")
    left_out = ids < 0
    if left_out.any():
        found = np.where(_columns(left_out, found), y.dtype.type(0), found)
    return found


def _added(data: Any, ids: Any, count: int) -> Any:
    return invoke(RULES[added], (data, ids), {"count": count})


def _entries(y: Any, ids: Any) -> Any:
    return invoke(RULES[entries], (y, ids), {})


def _offset(ids: Any, count: int) -> Any:
    """The numbers of segments of their own for the examples along the first axis."""
    steps = np.arange(ids.shape[0]).reshape((-1,) + (1,) * (ids.ndim - 1))
    return np.where(ids < 0, -1, ids + count * steps)


def _segments_of_examples(
    call: Any, values: Sequence[Any], batched: Sequence[bool], options: Any
) -> Any:
    data, ids = spread(values, batched)
    size, count = data.shape[0], options["count"]
    y = call(data, _offset(ids, count), **{**options, "count": size * count})
    return np.reshape(y, (size, count, *y.shape[1:]))


def _entries_of_examples(
    call: Any, values: Sequence[Any], batched: Sequence[bool], options: Any
) -> Any:
    y, ids = spread(values, batched)
    size, count = y.shape[:2]
    return call(np.reshape(y, (size * count, *y.shape[2:])), _offset(ids, count))


_IDS = np.array([2, 0, -1, 2, 0])


def _added_transpose(g: Any, data: Any, ids: Any, *, count: int) -> Any:
    c = _entries(g, ids)
    if not somewhere(ids < 0):
        return c
    return Masked(c, np.broadcast_to(_columns(ids >= 0, data), data.shape))


def _entries_transpose(c: Any, y: Any, ids: Any) -> Any:
    def touched() -> Any:
        counts = _added(np.ones(ids.shape), ids, y.shape[0])
        return np.broadcast_to(_columns(counts > 0, y), y.shape)

    return Masked(_added(c, ids, y.shape[0]), touched)


linear(
    added,
    _added_transpose,
    calls=[
        call(draw(5), _IDS, count=4),
        call(draw(5, 2), _IDS, count=3),
        call(draw(2, 2, 3), np.array([[0, 1], [1, 1]]), count=2),
        call(draw(2), np.array(1), count=2),
    ],
    moves=True,
    batch=_segments_of_examples,
)
linear(
    entries,
    _entries_transpose,
    calls=[call(draw(3), _IDS), call(draw(4, 2), np.array([[0, -1], [3, 3]]))],
    moves=True,
    batch=_entries_of_examples,
)

# -- extremes -----------------------------------------------------------------------------------


@of_plain_arrays("a reduction of segments")
def extreme(data: Any, ids: Any, *, ufunc: Any, count: int, empty: Any) -> Any:
    """The maximum or minimum of each segment, `empty` of one that has no entries."""
    least = _worst(ufunc, data.dtype)
    y = _combined(ufunc, least, data, ids, count)
    if empty != least:
        used = np.zeros(count, bool)
        used[ids[ids >= 0] if ids.size and ids.min() < 0 else ids] = True
        if not used.all():
            y[~used] = empty
    return y


def _worst(ufunc: Any, dtype: Any) -> Any:
    """What `ufunc`, a maximum or minimum, never prefers."""
    largest = ufunc is np.minimum
    if dtype.kind == "f":
        return np.inf if largest else -np.inf
    limits = np.iinfo(dtype)
    return limits.max if largest else limits.min


def _attained(g: Any, y: Any, data: Any, ids: Any, *, count: int, **_: Any) -> Any:
    """Ties share the cotangent evenly; the entries that are no extreme are masked."""
    values, best = raw(data), _entries(raw(y), ids)
    taken = np.logical_or(values == best, np.logical_and(np.isnan(values), np.isnan(best)))
    taken = np.logical_and(taken, _columns(ids >= 0, data))
    ties = np.maximum(_added(taken.astype(g.dtype), ids, count), 1)
    return Masked(np.where(taken, _entries(g / ties, ids), 0), taken)


class _Extreme(Reduction):
    """A rule of `extreme`."""

    spread = staticmethod(lambda g, data, ids, **_: _entries(g, ids))


register(
    _Extreme(
        extreme,
        [_attained],
        reads="y 0 1",
        calls=[
            call(draw(5, domain=real_only), _IDS, ufunc=np.maximum, count=3, empty=-5.0),
            call(draw(5, 2, domain=real_only), _IDS, ufunc=np.minimum, count=4, empty=0.0),
        ],
        batch=_segments_of_examples,
    )
)

# -- products -----------------------------------------------------------------------------------


def _by_pairs(data: Any, ids: Any, count: int) -> Any:
    """The product of each segment, in a tree: nothing is divided, so zeros need no care.

    Each round multiplies the neighbours in a segment, an entry of even rank with the next one.
    """
    order = np.argsort(ids, kind="stable")
    order = order[np.searchsorted(ids[order], 0) :]
    data, ids = _entries(data, order), ids[order]
    while (ids[1:] == ids[:-1]).any():
        starts = np.searchsorted(ids, ids)
        even = np.flatnonzero((np.arange(ids.size) - starts) % 2 == 0)
        following = np.minimum(even + 1, ids.size - 1)
        paired = (following != even) & (ids[following] == ids[even])
        other = _entries(data, np.where(paired, following, -1))
        data = _entries(data, even) * np.where(_columns(paired, data), other, 1)
        ids = ids[even]
    places = np.full(count, -1)
    places[ids] = np.arange(ids.size)
    return np.where(_columns(places >= 0, data), _entries(data, places), 1)


@of_plain_arrays("a reduction of segments")
def _products(data: Any, ids: Any, *, count: int) -> Any:
    """The product of each segment, where nobody asks for a derivative."""
    return _combined(np.multiply, 1, data, ids, count)


constant(_products, batch=_segments_of_examples)

# -- the user's spelling ------------------------------------------------------------------------


def _checked(name: str, data: Any, segment_ids: Any, num_segments: Any) -> tuple[Any, Any, int]:
    data, ids, count = as_array(data), as_array(segment_ids), int(num_segments)
    if ids.dtype.kind not in "iu":
        raise TypeError(f"Give {name} integer segment_ids: got dtype {ids.dtype}.")
    if data.shape[: ids.ndim] != ids.shape:
        raise ValueError(
            f"Give {name} segment_ids of the shape of the leading axes of the data: got "
            f"{ids.shape} for data of shape {data.shape}."
        )
    if count < 0 or somewhere(ids >= count):
        raise ValueError(
            f"Give {name} num_segments above all segment_ids: got {count} for {raw(ids)}."
        )
    return data, ids, count


def segment_sum(data: Any, segment_ids: Any, num_segments: int) -> Any:
    """The sum of each segment: `gradtape.nn.segment_sum`."""
    return _added(*_checked("segment_sum", data, segment_ids, num_segments))


def segment_mean(data: Any, segment_ids: Any, num_segments: int) -> Any:
    """The mean of each segment: `gradtape.nn.segment_mean`."""
    data, ids, count = _checked("segment_mean", data, segment_ids, num_segments)
    data = data if data.dtype.kind in "fc" else cast(data, np.float64)
    numbers = np.ones(ids.shape, np.empty(0, data.dtype).real.dtype)
    sizes = np.maximum(_added(numbers, ids, count), 1)
    return _added(data, ids, count) / np.reshape(sizes, (count,) + (1,) * (data.ndim - ids.ndim))


def segment_max(data: Any, segment_ids: Any, num_segments: int, empty: Any = None) -> Any:
    """The greatest entry of each segment: `gradtape.nn.segment_max`."""
    return _extreme_of("segment_max", np.maximum, data, segment_ids, num_segments, empty)


def segment_min(data: Any, segment_ids: Any, num_segments: int, empty: Any = None) -> Any:
    """The least entry of each segment: `gradtape.nn.segment_min`."""
    return _extreme_of("segment_min", np.minimum, data, segment_ids, num_segments, empty)


def _extreme_of(name: str, ufunc: Any, data: Any, ids: Any, count: Any, empty: Any) -> Any:
    data, ids, count = _checked(name, data, ids, count)
    if data.dtype.kind not in "fiu":
        raise TypeError(f"Give {name} real numbers: got dtype {data.dtype}.")
    empty = _worst(ufunc, data.dtype) if empty is None else empty
    return invoke(RULES[extreme], (data, ids), {"ufunc": ufunc, "count": count, "empty": empty})


def segment_prod(data: Any, segment_ids: Any, num_segments: int) -> Any:
    """The product of each segment: `gradtape.nn.segment_prod`."""
    data, ids, count = _checked("segment_prod", data, segment_ids, num_segments)
    if is_plain(data):
        return invoke(RULES[_products], (data, ids), {"count": count})
    ids = raw(ids)  # they say which entries meet
    if holds_batch(ids):
        refuse("gradtape.nn.segment_prod of segments that differ between the examples")
    rows = np.reshape(data, (ids.size, *data.shape[ids.ndim :]))
    return _by_pairs(rows, np.reshape(ids, -1), count)


_SEGMENTS = [
    call(draw(5), _IDS, 4),
    call(draw(2, 3, 2), np.array([[0, 1, 0], [1, 0, 0]]), 2),
    call(draw(0, 2), np.zeros(0, int), 2),
]
_REAL = [
    call(draw(5, domain=real_only), _IDS, 4, 0.0),
    call(draw(2, 3, 2, domain=real_only), np.array([[0, 1, 0], [1, 0, 0]]), 2),
]
for _function, _calls in (
    (segment_sum, _SEGMENTS),
    (segment_mean, _SEGMENTS),
    (segment_prod, [*_SEGMENTS, call(draw(7), np.array([1, 1, 1, 0, 1, 1, -1]), 2)]),
    (segment_max, _REAL),
    (segment_min, _REAL),
):
    composite(_function, calls=_calls)(_function)
