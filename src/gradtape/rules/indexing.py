"""Reading entries of arrays and writing them: ``x[index]``, ``x[index] = value``, `take` and kin.

Whatever reads entries is expressed by `operator.getitem`, whose cotangents are collected in one
buffer for each array; whatever writes them by `operator.setitem`, which makes a new array.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradtape.core.batching import Examples, leading, looked_up, of_no_one_shape, sees_options
from gradtape.core.cotangents import (
    DEAD,
    Masked,
    Scattered,
    holds_batch,
    may_repeat,
    project,
    scatter,
    scatter_add,
)
from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw, real_only
from gradtape.core.handle import Spec, frozen_index
from gradtape.core.kinds import somewhere, surely
from gradtape.core.rules import composite, constant, is_complex, linear, raw, variadic
from gradtape.rules.arguments import along, as_array, cast, into, sample
from gradtape.rules.places import add_examples, is_condition, take_examples, write_examples

# -- x[index] -----------------------------------------------------------------------------------


def _taken(a: Any, *, index: Any) -> Any:
    return a[index]


def taken(a: Any, index: Any) -> Any:
    """``a[index]``, also of an array that knows no batches at an index that is one."""
    return apply(operator.getitem, (a,), {"index": index}) if holds_batch(index) else a[index]


linear(
    operator.getitem,
    lambda g, a, index: Scattered(a, [(index, g)]),
    compute=_taken,
    moves=True,
    batch=take_examples,
    calls=[
        call(draw(3, 4), index=1),
        call(draw(3, 4), index=-1),
        call(draw(3, 4), index=(1, 2)),
        call(draw(3, 4), index=slice(None, None, -2)),
        call(draw(3, 4), index=(slice(1, None), slice(None, 3))),
        call(draw(2, 3, 4), index=(Ellipsis, 0)),
        call(draw(3), index=(None, slice(1, 3), None)),
        call(draw(3, 4), index=np.array([0, 2, 0])),
        call(draw(3, 4), index=[[0, -1], [2, 2]]),
        call(draw(3, 4), index=(np.array([0, 2, 0]), np.array([1, 3, 1]))),
        call(draw(2, 3, 4), index=(0, slice(None), [1, 1, 3])),
        call(draw(2, 3, 4), index=([0, 1], slice(None), [1, 1])),
        call(draw(3, 4), index=(np.array([[0], [2]]), np.array([0, 3]))),
        call(draw(3), index=np.array([True, False, True])),
        call(draw(2, 2), index=np.array([[True, False], [True, True]])),
        call(draw(2, 3), index=(slice(None), np.array([True, False, True]))),
        call(draw(), index=()),
        call(draw(), index=None),
        call(draw(0, 3), index=slice(None)),
    ],
)

variadic(
    scatter_add,
    lambda g, position, value, spec, indices: _onto(taken(g, indices[position]), value),
    moves=True,
    batch=add_examples,
    calls=[
        call(
            draw(2, domain=real_only),
            draw(3, domain=real_only),
            draw(domain=real_only),
            spec=Spec((4,), np.dtype(np.float64)),
            indices=(slice(0, 2), np.array([0, 0, 3]), 3),
        )
    ],
)


def _onto(c: Any, spec: Any) -> Any:
    """`project`, also where the value had leading axes of length 1 that NumPy ignores."""
    extra = spec.ndim - c.ndim
    if extra <= 0:
        return project(c, spec)
    return np.reshape(project(c, Spec(spec.shape[extra:], spec.dtype)), spec.shape)


# -- x[index] = value ---------------------------------------------------------------------------


def overwrite(a: Any, value: Any, *, index: Any) -> Any:
    """A copy of `a` with `value` written at a fixed index: what is recorded."""
    if is_complex(value) and not is_complex(a):
        raise TypeError(
            f"Write np.real(value) instead: the Tensor has dtype {a.dtype}, the value is complex."
        )
    y = a.copy() if a.ndim else np.array(a)
    y[index] = value
    return y


def _put(a: Any, value: Any, index: Any) -> Any:
    """`overwrite` of a plain array, also at an index that is a batch."""
    if holds_batch(index):
        return apply(overwrite, (a, value), {"index": index})
    return overwrite(a, value, index=index)


def _kept(g: Any, a: Any, value: Any, index: Any) -> Any:
    written = _put(np.zeros(a.shape, bool), True, index)
    return DEAD if surely(written) else Masked(np.where(written, 0, g), ~written)


def _written(g: Any, a: Any, value: Any, index: Any) -> Any:
    c = taken(g, index)
    if not may_repeat(index):
        return _onto(c, value)
    writes = np.arange(c.size).reshape(c.shape)
    owner = _put(np.zeros(a.shape, np.intp), writes, index)
    last = taken(owner, index) == writes  # a value overwritten by a later one has no effect
    live = _onto(last.astype(np.float64), Spec(value.shape, np.dtype(np.float64))) > 0
    return Masked(_onto(np.where(last, c, 0), value), live)


linear(
    overwrite,
    _kept,
    _written,
    moves=True,
    batch=write_examples,
    calls=[call(draw(3, 4), draw(4), index=1)],
)


@composite(
    operator.setitem,
    calls=[
        call(draw(3, 4), 1, draw(4)),
        call(draw(3, 4), (1, 2), draw()),
        call(draw(3, 4), slice(0, 2), draw(1, 4)),
        call(draw(4), slice(0, 2), draw(1, 1, 2)),
        call(draw(3, 4), Ellipsis, draw()),
        call(draw(3, 4), (slice(None), [0, 2]), draw(3, 1)),
        call(draw(3, 4), np.array([2, 0, 2]), draw(3, 4)),
        call(draw(3, 4), (np.array([0, 0, 1]), np.array([1, 1, 1])), draw(3)),
        call(draw(3, 4), (np.array([[0], [0]]), np.array([1, 1])), draw(2, 1)),
        call(draw(4), np.array([True, False, True, True]), draw(3)),
        call(draw(2, 2), np.array([[True, False], [True, True]]), draw()),
        call(draw(), (), draw()),
        call(draw(3), slice(0, 0), draw()),
        call(draw(3), slice(0, 2), 5.0),
    ],
)
def _setitem(a: Any, b: Any, c: Any) -> Any:
    index = frozen_index(b)
    if holds_batch(index) and is_condition(index):
        if np.ndim(raw(c)) <= a.ndim - index.ndim:  # one value, wherever the condition holds
            condition = np.reshape(index, index.shape + (1,) * (a.ndim - index.ndim))
            return np.where(condition, cast(c, a.dtype), a)
    return apply(overwrite, (a, c), {"index": index})


# -- functions that take entries ----------------------------------------------------------------


def _positions(indices: Any, length: int, mode: str) -> Any:
    """Integer `indices` into an axis of `length`, within its bounds unless `mode` is "raise"."""
    indices = as_array(raw(indices))
    if not np.can_cast(indices.dtype, np.intp, "same_kind"):
        raise TypeError(f"Give integer indices: got dtype {indices.dtype}.")
    indices = indices.astype(np.intp)
    if mode == "wrap":
        return indices % length
    if mode == "clip":
        return np.clip(indices, 0, length - 1)
    if mode != "raise":
        raise ValueError(f"Give mode='raise', 'wrap' or 'clip': got {mode!r}.")
    if somewhere((indices < -length) | (indices >= length)):
        raise IndexError(f"Give indices within an axis of length {length}: got {indices}.")
    return np.where(indices < 0, indices + length, indices)


@composite(
    np.take,
    calls=[
        call(draw(3, 4), [0, 2, 0], axis=0),
        call(draw(3, 4), np.array([[0, 2], [1, 1]]), axis=-1),
        call(draw(3, 4), [5, -1, 5]),
        call(draw(3, 4), 1, axis=1),
        call(draw(3, 4), [5, -7], 1, mode="wrap"),
        call(draw(3, 4), [5, -7], 1, mode="clip"),
        call(draw(2, 3, 2), [2, 2], axis=1),
        call(draw(), [0, 0]),
        call(draw(3), 2),
    ],
)
def _take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    a = as_array(a)
    if not a.ndim:
        a, axis = a[None], 0
    if axis is None:
        places = np.unravel_index(_positions(indices, a.size, mode), a.shape)
        return into(out, taken(a, places))
    axis = normalize_axis_index(axis, a.ndim)
    return into(out, taken(a, along(axis, _positions(indices, a.shape[axis], mode))))


def gathered(a: Any, places: Any, *, axis: int) -> Any:
    """The entries of `a` at `places` along `axis`, which is negative: what is recorded."""
    if axis == -1 and a.ndim == places.ndim == 2 and len(a) == len(places):
        return a[np.arange(len(a))[:, None], places]  # several times quicker
    return np.take_along_axis(*same_rank(a, places), axis)


def same_rank(a: Any, places: Any) -> tuple[Any, Any]:
    """Both with as many axes, for one of them may lack the axes of a batch."""
    missing = a.ndim - places.ndim
    if missing > 0:
        places = np.reshape(places, (1,) * missing + places.shape)
    elif missing:
        a = np.reshape(a, (1,) * -missing + a.shape)
    return a, places


def _gathered_transpose(g: Any, a: Any, places: Any, *, axis: int) -> Any:
    places, shape = raw(places), a.shape
    mesh = list(np.ogrid[tuple(map(slice, shape))])
    mesh[axis] = np.where(places < 0, places + shape[axis], places)
    # One index array into the flat array: adding at it is much quicker than at several.
    flat = 0
    for length, part in zip(shape, mesh, strict=True):
        flat = flat * length + part
    total = scatter(Spec((a.size,), g.dtype), [(flat, g)])

    def touched() -> Any:
        return np.reshape(_put(np.zeros(a.size, bool), True, flat), shape)

    return Masked(np.reshape(total, shape), touched)


linear(
    gathered,
    _gathered_transpose,
    moves=True,
    batch=leading(0, 0),  # the axis counts from the end, whatever the ranks
    calls=[
        call(draw(2, 3), np.array([[0, 2, 2, 1]]), axis=-1),
        call(draw(3, 2), np.array([[1, -1]]), axis=-2),
    ],
)


@composite(
    np.take_along_axis,
    calls=[
        call(draw(3, 4), np.array([[0, 2], [1, 1], [3, -1]]), axis=1),
        call(draw(3, 4), np.array([[0, 2, 2, 1]]), axis=0),
        call(draw(3, 4), np.array([5, 0, 5]), axis=None),
        call(draw(2, 3, 2), np.array([[[0], [2]]]), axis=1),
        call(draw(1, 3), np.array([[0], [2]]), axis=-1),
    ],
)
def _take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    arr, indices = as_array(arr), as_array(indices)
    if axis is None:
        arr, axis = np.ravel(arr), 0
    if indices.ndim != arr.ndim:
        raise ValueError(
            f"Give indices as many axes as the array has, {arr.ndim}: got {indices.ndim}."
        )
    if indices.dtype.kind not in "iu":
        raise TypeError(f"Give integer indices: got dtype {indices.dtype}.")
    axis = normalize_axis_index(axis, arr.ndim) - arr.ndim
    return apply(gathered, (arr, indices), {"axis": axis})


@composite(
    np.compress,
    calls=[
        call([True, False, True], draw(3, 4), axis=0),
        call([False, True], draw(3, 4), axis=1),
        call([False, True, True], draw(2, 3)),
    ],
)
def _compress(condition: Any, a: Any, axis: Any = None, out: Any = None) -> Any:
    condition = np.asarray(raw(condition))
    if condition.ndim != 1:
        raise ValueError(f"Give a condition of rank 1: got rank {condition.ndim}.")
    return np.take(a, np.flatnonzero(condition), axis, out)


@composite(
    np.extract,
    calls=[call(np.array([[True, False, True], [False, False, True]]), draw(2, 3))],
)
def _extract(condition: Any, arr: Any) -> Any:
    return np.take(arr, np.flatnonzero(raw(condition)))


@composite(np.ix_, calls=[call(draw(2), draw(3)), call(draw(2))])
def _ix(*args: Any) -> Any:
    # Meant for indices, but NumPy reshapes any numbers.
    grids = np.ix_(*map(sample, args))
    pairs = [(as_array(arg), grid) for arg, grid in zip(args, grids, strict=True)]
    parts = [arg if arg.dtype.kind in "fc" else grid for arg, grid in pairs]
    return tuple(
        np.reshape(apply(np.positive, (part,)), grid.shape)
        for part, grid in zip(parts, grids, strict=True)
    )


@composite(np.bincount, calls=[call(np.array([0, 2, 2]), weights=draw(3, domain=real_only))])
def _bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    if weights is None:
        return apply(_count, (x,), {"minlength": minlength})
    return apply(weighted_count, (weights,), {"x": frozen_index(x), "minlength": minlength})


def _count(x: Any, minlength: int) -> Any:
    return np.bincount(x, minlength=minlength)


def weighted_count(weights: Any, *, x: Any, minlength: int) -> Any:
    """`numpy.bincount` as a function of its weights: what is recorded."""
    return np.bincount(x, weights, minlength)


def _apart(x: Any, size: int, minlength: int) -> tuple[Any, int]:
    """The numbers `x`, none of which two of `size` examples have in common; how many each has."""
    if not isinstance(x, np.ndarray):
        return None, 0
    rows = np.broadcast_to(x, (size, x.shape[-1]))
    counts = np.maximum(rows.max(axis=1, initial=-1) + 1, minlength)
    if counts.size and counts.min() != counts.max():
        of_no_one_shape()
    length = int(counts.max(initial=minlength))
    return (rows + length * np.arange(size)[:, None]).ravel(), length


def _count_examples(count: Any, values: Any, batched: Any, options: Any) -> Any:
    (x,) = values
    flat, length = _apart(x, x.shape[0], options["minlength"])
    if flat is None:
        return NotImplemented
    return np.reshape(count(flat, minlength=x.shape[0] * length), (x.shape[0], length))


@sees_options
def _add_up_examples(weighted_count: Any, values: Any, batched: Any, options: Any) -> Any:
    (weights,), (own,), x, minlength = values, batched, options["x"], options["minlength"]
    x = x.array if isinstance(x, Examples) else x
    size = weights.shape[0] if own else x.shape[0]
    flat, length = _apart(x, size, minlength)
    if flat is None:
        return NotImplemented
    weights = np.reshape(np.broadcast_to(weights, (size, weights.shape[-1])), -1)
    return np.reshape(weighted_count(weights, x=flat, minlength=size * length), (size, length))


linear(
    weighted_count,
    lambda g, weights, x, minlength: taken(g, x),
    moves=True,
    batch=_add_up_examples,
    calls=[call(draw(3, domain=real_only), x=np.array([0, 2, 2]), minlength=4)],
)

constant(_count, batch=_count_examples)

# -- indices carry no gradient ------------------------------------------------------------------


constant(np.unravel_index, batch=looked_up(0))
constant(np.nonzero, np.flatnonzero, np.argwhere, batch=of_no_one_shape)
constant(
    np.ravel_multi_index,
    *(np.diag_indices_from, np.tril_indices_from, np.triu_indices_from),
)
