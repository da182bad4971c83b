"""Methods of ufuncs: ``reduce``, ``accumulate``, ``reduceat``, ``outer``, ``at``."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.cotangents import is_finite, scatter_add
from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw, nonzero, nonzero_real, real_only
from gradtape.core.handle import Spec, frozen_index, is_foreign
from gradtape.core.rules import Function, composite, name_of, raw
from gradtape.rules.arguments import (
    Axis,
    as_array,
    axes_of,
    cast,
    inexact,
    is_tensor,
    joined,
    kept,
    prepared,
    sample,
    to_front,
)
from gradtape.rules.indexing import taken
from gradtape.rules.reductions import (
    MASK,
    calls_along,
    np_max,
    np_min,
    np_nanmax,
    np_nanmin,
    np_prod,
    np_sum,
    over,
    reduction,
)
from gradtape.rules.scans import np_cumprod, np_cumsum
from gradtape.rules.updates import refuse_loss

# -- folds --------------------------------------------------------------------------------------


def _register_fold(ufunc: np.ufunc, function: Function) -> None:
    """``ufunc.reduce`` as the array function that does the same, with its other default axis."""

    @composite((ufunc, "reduce"), calls=[call(draw(3)), call(draw(2, 3), 1)])
    def reduce(
        array: Any,
        axis: Axis = 0,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        if dtype is not None or out is not None:
            array = prepared((ufunc, "reduce"), array, dtype, out)
        return function(array, axis=axis, keepdims=keepdims, initial=initial, where=where)


def _register_accumulate(ufunc: np.ufunc, function: Function) -> None:
    @composite((ufunc, "accumulate"), calls=[call(draw(3)), call(draw(2, 3), axis=1)])
    def accumulate(array: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
        return function(prepared((ufunc, "accumulate"), array, dtype, out), axis)


_register_fold(np.add, np_sum)
_register_fold(np.multiply, np_prod)
_register_fold(np.maximum, np_max)
_register_fold(np.minimum, np_min)
_register_fold(np.fmax, np_nanmax)
_register_fold(np.fmin, np_nanmin)
_register_accumulate(np.add, np_cumsum)
_register_accumulate(np.multiply, np_cumprod)

# -- logarithm of a sum of exponentials ---------------------------------------------------------


def _logsumexp(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    if is_foreign(a):  # which may fold no ufunc
        top = np.max(a, axis=axis, keepdims=True)
        top = np.where(np.isfinite(top), top, np.zeros_like(top))
        return np.log(np.sum(np.exp(a - top), axis=axis, keepdims=keepdims)) + (
            top if keepdims else np.sum(top, axis=axis)
        )
    return np.logaddexp.reduce(a, axis, None, None, keepdims)


def _softmax(g: Any, y: Any, a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    g, y = kept(g, axis, keepdims), kept(y, axis, keepdims)
    if is_finite(raw(y), look=True):
        return g * np.exp(a - y)
    # Entries equal to an infinite result share alike, as equal finite entries do.
    tied = raw((a == y) & np.isinf(a))
    ties = np.maximum(np.sum(tied, axis=axis, dtype=a.dtype, keepdims=True), 1)
    return g * np.exp(np.where(tied, 0, a) - np.where(tied, 0, y)) / ties


reduction(_logsumexp, _softmax, reads="y 0", calls=calls_along(domain=real_only))


@composite(
    (np.logaddexp, "reduce"),
    calls=[
        *calls_along(domain=real_only),
        call(draw(2, 3, domain=real_only), axis=1, initial=0.3, where=MASK),
    ],
)
def _reduce_logaddexp(
    array: Any,
    axis: Axis = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    array = inexact(prepared((np.logaddexp, "reduce"), array, dtype, out))
    if where is not True:
        array = np.where(where, array, -np.inf)
    y = over(_logsumexp, array, axis, keepdims)
    return y if initial is None else np.logaddexp(y, cast(initial, y.dtype))


# -- any other ufunc ----------------------------------------------------------------------------

# It is folded slice by slice. NumPy's own method goes first, and refuses what it
# refuses.


@composite(
    "reduce",
    calls=[
        call(np.subtract, draw(4)),
        call(np.true_divide, draw(3, 2, domain=nonzero), axis=0, keepdims=True),
        call(np.logaddexp2, draw(2, 3, domain=real_only), axis=None),
        call(np.hypot, draw(2, 3, domain=nonzero_real), -1, initial=1.0, where=MASK),
    ],
)
def _reduce(
    ufunc: np.ufunc,
    array: Any,
    axis: Axis = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    array = prepared((ufunc, "reduce"), array, dtype, out)
    options = {} if initial is None else {"initial": raw(initial)}
    ufunc.reduce(sample(array), axis=axis, where=raw(where), **options)
    slices = to_front(array, axis)
    mask = None
    if where is not True:
        mask = to_front(np.broadcast_to(raw(where), array.shape), axis)
    if initial is None and (mask is not None or not slices.shape[0]):
        initial = ufunc.identity
    if initial is None:
        y, start = slices[0], 1
    else:
        y, start = np.broadcast_to(cast(initial, array.dtype), slices.shape[1:]), 0
    for i in range(start, slices.shape[0]):
        step = ufunc(y, slices[i])
        y = step if mask is None else np.where(mask[i], step, y)
    y = apply(np.positive, (y,))  # a Tensor also where there was nothing to fold
    if not keepdims:
        return y
    axes = axes_of(axis, array.ndim)
    return np.reshape(y, tuple([1 if i in axes else n for i, n in enumerate(array.shape)]))


@composite(
    "accumulate",
    calls=[call(np.subtract, draw(4)), call(np.hypot, draw(2, 3, domain=nonzero_real), axis=1)],
)
def _accumulate(
    ufunc: np.ufunc, array: Any, axis: int = 0, dtype: Any = None, out: Any = None
) -> Any:
    array = prepared((ufunc, "accumulate"), array, dtype, out)
    ufunc.accumulate(sample(array), axis=axis)
    slices = np.moveaxis(array, axis, 0)
    if not slices.shape[0]:
        return array
    results = [slices[0]]
    for i in range(1, slices.shape[0]):
        results.append(ufunc(results[-1], slices[i]))
    return np.stack(results, axis=axis)


@composite(
    "reduceat",
    calls=[
        call(np.add, draw(6), [0, 3, 1, 4]),
        call(np.multiply, draw(2, 5), [0, 2], axis=1),
        call(np.subtract, draw(4, 2), [1, 3, 0]),
    ],
)
def _reduceat(
    ufunc: np.ufunc, array: Any, indices: Any, axis: int = 0, dtype: Any = None, out: Any = None
) -> Any:
    array = prepared((ufunc, "reduceat"), array, dtype, out)
    starts = np.array(raw(indices)).tolist()
    ufunc.reduceat(sample(array), starts, axis=axis)
    slices = np.moveaxis(array, axis, 0)
    stops = [*starts[1:], slices.shape[0]]
    results = [
        ufunc.reduce(slices[i : j if i < j else i + 1], axis=0)
        for i, j in zip(starts, stops, strict=True)
    ]
    return np.stack(results, axis=axis) if results else np.moveaxis(slices[:0], 0, axis)


# -- outer --------------------------------------------------------------------------------------


@composite(
    "outer",
    calls=[
        call(np.multiply, draw(2), draw(3)),
        call(np.add, draw(2, 2), draw()),
        call(np.subtract, draw(), draw(2, 1)),
    ],
)
def _ufunc_outer(ufunc: np.ufunc, a: Any, b: Any, /, **options: Any) -> Any:
    """``ufunc.outer(a, b)`` of any ufunc."""
    a, b = as_array(a), as_array(b)
    return ufunc(np.reshape(a, a.shape + (1,) * b.ndim), b, **options)


# -- at -----------------------------------------------------------------------------------------


@composite(
    "at",
    calls=[
        call(np.add, draw(4), [0, 2, 0], 2.0),
        call(np.subtract, draw(4), 1, 2.0),
        call(np.multiply, draw(3, 2), (np.array([0, 2, 0]), 1), np.array([2.0, 3.0, 4.0])),
        call(np.square, draw(3), [0, 2, 0]),
    ],
)
def _at(ufunc: Any, a: Any, indices: Any, b: Any = None) -> None:
    index, b = frozen_index(indices), joined(b)
    if not is_tensor(a):
        refuse_loss((ufunc, "at"), a, b)
        ufunc.at(a, index, *(() if b is None else (raw(b),)))
    elif ufunc is np.add or ufunc is np.subtract:
        _check_result(ufunc, np.result_type(raw(a), raw(b)), a)
        # NumPy 2.4's own `at` reads beyond a vector that a two-dimensional index has to broadcast.
        shape = taken(np.broadcast_to(True, a.shape), index).shape
        b = b if getattr(b, "shape", None) == shape else np.broadcast_to(b, shape)
        options = {"spec": Spec.of(raw(a)), "indices": (index,)}
        a[...] = ufunc(a, apply(scatter_add, (b,), options))
    else:
        _at_in_rounds(ufunc, a, index, b)


def _at_in_rounds(ufunc: Any, a: Any, index: Any, b: Any) -> None:
    """Apply `ufunc` once to every entry that is named, then again to those named twice, ..."""
    entries = np.arange(a.size).reshape(a.shape)[index]
    named, place = np.unique(entries, return_inverse=True)
    place, rounds = np.ravel(place), _occurrence(np.ravel(entries))
    where = np.unravel_index(named, a.shape) if a.ndim else np.True_
    values = a[where]
    operand = b if b is None else np.ravel(np.broadcast_to(b, entries.shape))
    for number in range(rounds.max(initial=-1) + 1):
        turn = np.flatnonzero(rounds == number)
        old = values[place[turn]]
        new = ufunc(old) if operand is None else ufunc(old, operand[turn])
        _check_result(ufunc, new.dtype, a)
        values[place[turn]] = new
    a[where] = values


def _occurrence(entries: Any) -> Any:
    """How often each entry was named before: ``[7, 3, 7, 7] -> [0, 0, 1, 2]``."""
    order = np.argsort(entries, kind="stable")
    ordered = entries[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    lengths = np.diff(np.append(starts, entries.size))
    counts = np.empty(entries.size, np.intp)
    counts[order] = np.arange(entries.size) - np.repeat(starts, lengths)
    return counts


def _check_result(ufunc: Any, dtype: Any, target: Any) -> None:
    """Raise as NumPy does when a result of ``ufunc.at`` does not fit into the target."""
    if not np.can_cast(dtype, target.dtype, "same_kind"):
        raise TypeError(
            f"Give {name_of((ufunc, 'at'))} a target of dtype {dtype}: got one of {target.dtype}."
        )
