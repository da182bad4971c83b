"""Means, variances and standard deviations, weighted averages."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradtape.core.batching import reducing
from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw, positive
from gradtape.core.kinds import somewhere, surely
from gradtape.core.rules import Function, composite, linear, name_of, raw
from gradtape.rules.arguments import Axis, aligned, as_array, inexact, kept, length_along, prepared
from gradtape.rules.reductions import MASK, calls_along, np_sum, over, reduction

# -- the number of entries ----------------------------------------------------------------------


def _real_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype in which to count entries that will divide numbers of `dtype`."""
    return np.finfo(dtype).dtype if dtype.kind in "fc" else np.dtype(np.float64)


def _count(a: Any, where: Any, axis: Axis, keepdims: bool) -> Any:
    """How many entries `where` takes, as real numbers that promote nothing."""
    dtype = _real_dtype(a.dtype)
    if where is True:
        return dtype.type(length_along(a, axis))
    mask = np.broadcast_to(raw(where), a.shape)
    return np.sum(mask, axis=axis, dtype=dtype, keepdims=keepdims)


def _present(a: Any, where: Any) -> Any:
    """Which entries are numbers and taken."""
    if a.dtype.kind not in "fc":
        return where
    present = np.logical_not(np.isnan(a))
    return present if where is True else np.logical_and(present, where)


# -- mean ---------------------------------------------------------------------------------------

_sum_of_array: Any = np.add.reduce


def _mean(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    # NumPy computes float16 and integers in wider types, and warns of nothing to average.
    if isinstance(a, (np.ndarray, np.generic)) and a.dtype.char in "fdFD" and a.size:
        return _sum_of_array(a, axis, None, None, keepdims) / length_along(a, axis)
    return np.mean(a, axis=axis, keepdims=keepdims)


def _mean_transpose(g: Any, a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return kept(g, axis, keepdims) / length_along(a, axis)


linear(_mean, _mean_transpose, moves=True, calls=calls_along(), batch=reducing)


def _register_mean(function: Function, ignore_nan: bool) -> Function:
    @composite(
        function,
        calls=calls_along(
            call(draw(2, 3), axis=1, where=MASK),
            call(draw(2, 3), where=MASK, keepdims=True),
            call(draw(2, 3), dtype=np.complex128),
        ),
    )
    def mean(
        a: Any,
        axis: Axis = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        *,
        where: Any = True,
    ) -> Any:
        if dtype is not None or out is not None or where is not True:
            a = prepared(function, a, dtype, out)
        if ignore_nan:
            where = _present(a, where)
        if where is True:
            return over(_mean, a, axis, keepdims)
        total = np_sum(a, axis, None, None, keepdims, None, where)
        return total / _count(a, where, axis, keepdims)

    return mean


_np_mean = _register_mean(np.mean, ignore_nan=False)
_register_mean(np.nanmean, ignore_nan=True)

# -- variance and standard deviation ------------------------------------------------------------


def _var(a: Any, axis: Axis = None, keepdims: bool = False, ddof: Any = 0) -> Any:
    return np.var(a, axis=axis, ddof=ddof, keepdims=keepdims)


def _std(a: Any, axis: Axis = None, keepdims: bool = False, ddof: Any = 0) -> Any:
    return np.std(a, axis=axis, ddof=ddof, keepdims=keepdims)


def _centred(a: Any, axis: Axis) -> Any:
    return a - np.sum(a, axis=axis, keepdims=True) / max(length_along(a, axis), 1)


def _freedom(a: Any, axis: Axis, ddof: Any) -> Any:
    return max(length_along(a, axis) - ddof, 0)


def _var_vjp(
    g: Any, y: Any, a: Any, axis: Axis = None, keepdims: bool = False, ddof: Any = 0
) -> Any:
    # The deviations sum to zero, so what flows through the mean is zero.
    return kept(g, axis, keepdims) * 2 / _freedom(a, axis, ddof) * _centred(a, axis)


def _std_vjp(
    g: Any, y: Any, a: Any, axis: Axis = None, keepdims: bool = False, ddof: Any = 0
) -> Any:
    # Where all entries are equal the deviation has a kink: 0 is its subgradient of least norm.
    scale = np.where(y == 0, 0, g / y)
    return kept(scale, axis, keepdims) / _freedom(a, axis, ddof) * _centred(a, axis)


_PRIMITIVE_CALLS = calls_along(call(draw(4), ddof=1), call(draw(2, 3), axis=1, ddof=0.5))
reduction(_var, _var_vjp, reads="0", calls=_PRIMITIVE_CALLS)
reduction(_std, _std_vjp, reads="y 0", calls=_PRIMITIVE_CALLS)


def _root(square: Any) -> Any:
    """The square root, with slope 0 at 0."""
    return np.where(square == 0, 0, np.sqrt(square))


def _spread_around(mean: Any, a: Any, axis: Axis, ddof: Any, keepdims: bool, where: Any) -> Any:
    """The variance of the entries that `where` takes, around `mean` or their own."""
    if mean is None:
        mean = _np_mean(a, axis, keepdims=True, where=where)
    d = a - mean
    if where is not True:
        d = np.where(where, d, 0)
    # As NumPy: real entries around a complex mean have complex squares.
    squares = np.real(d * np.conj(d)) if a.dtype.kind == "c" else d * d
    freedom = np.maximum(_count(d, where, axis, keepdims) - ddof, 0)
    return np.sum(squares, axis=axis, keepdims=keepdims) / freedom


def _correction(function: Function, ddof: Any, correction: Any) -> Any:
    """What to subtract from the number of entries: NumPy has two names for it."""
    if correction is None:
        return ddof
    if ddof:
        raise ValueError(
            f"Give {name_of(function)} either ddof or correction: got ddof={ddof!r} and "
            f"correction={correction!r}."
        )
    return correction


_CALLS_WITH_NAN = [
    *_PRIMITIVE_CALLS,
    call(draw(2, 3), axis=1, correction=1),
    call(draw(2, 3), axis=1, where=MASK),
    call(draw(2, 3), where=MASK, ddof=1, keepdims=True),
]
_CALLS = [
    *_CALLS_WITH_NAN,
    call(draw(2, 3), axis=1, mean=draw(2, 1)),
    call(draw(2, 3), dtype=np.complex128),
]


def _register_moment(
    function: Function, primitive: Function, root: Function | None, ignore_nan: bool = False
) -> None:
    """A rule of the variance, or of the standard deviation, its `root`."""

    @composite(function, calls=_CALLS_WITH_NAN if ignore_nan else _CALLS)
    def moment(
        a: Any,
        axis: Axis = None,
        dtype: Any = None,
        out: Any = None,
        ddof: Any = 0,
        keepdims: Any = False,
        *,
        where: Any = True,
        mean: Any = None,
        correction: Any = None,
    ) -> Any:
        a = prepared(function, a, dtype, out)
        ddof = _correction(function, ddof, correction)
        if ignore_nan:
            where = _present(a, where)
        if where is True and mean is None:
            if not ddof:
                return over(primitive, a, axis, keepdims)
            options = {"axis": axis, "keepdims": bool(keepdims), "ddof": ddof}
            return apply(primitive, (a,), options)
        variance = _spread_around(mean, a, axis, ddof, keepdims, where)
        if ignore_nan:
            enough = _count(a, where, axis, keepdims) > ddof
            variance = variance if surely(enough) else np.where(enough, variance, math.nan)
        return variance if root is None else root(variance)


_register_moment(np.var, _var, None)
_register_moment(np.std, _std, _root)
_register_moment(np.nanvar, _var, None, ignore_nan=True)
_register_moment(np.nanstd, _std, _root, ignore_nan=True)

# -- average ------------------------------------------------------------------------------------


@composite(
    np.average,
    calls=calls_along(
        call(draw(2, 3), weights=draw(2, 3, domain=positive)),
        call(draw(2, 3), axis=1, weights=draw(3, domain=positive), returned=True),
        call(draw(2, 3), 0, draw(2, 3, domain=positive), keepdims=True),
        call(draw(2, 3, 2), (2, 0), draw(2, 2, domain=positive)),
    ),
)
def _np_average(
    a: Any,
    axis: Axis = None,
    weights: Any = None,
    returned: bool = False,
    *,
    keepdims: Any = False,
) -> Any:
    a = inexact(as_array(a))
    if weights is None:
        y = over(_mean, a, axis, keepdims)
        total = apply(np.positive, (np.full(y.shape, length_along(a, axis), y.dtype),))
    else:
        weights = aligned(as_array(weights), a, axis)
        if weights.shape != a.shape:
            weights = np.broadcast_to(weights, a.shape)
        dtype = np.result_type(a.dtype, weights.dtype)
        total = np_sum(weights, axis, dtype, None, keepdims)
        if somewhere(raw(total) == 0):
            raise ZeroDivisionError("Weights sum to zero, can't be normalized")
        y = np_sum(a * weights, axis, dtype, None, keepdims) / total
    if not returned:
        return y
    return y, total if total.shape == y.shape else np.broadcast_to(total, y.shape)
