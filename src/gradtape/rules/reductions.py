"""Functions that combine the entries along axes: sums, products, extremes, moments, norms.

NumPy's functions are composites here: they sort out ``where``, ``initial`` and ``dtype``, and then
call a primitive that takes only ``(a, axis, keepdims)``. The primitives are the private functions
of this file.
"""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from gradtape.core.cotangents import Masked
from gradtape.core.dispatch import apply
from gradtape.core.domains import (
    Call,
    Domain,
    call,
    draw,
    nonzero,
    nonzero_real,
    positive,
    real,
    real_only,
)
from gradtape.core.rules import RULES, Primitive, composite, constant, linear, name_of, raw

Function = Callable[..., Any]
Axis = Any  # None, an integer or a tuple of integers

# -- axes ---------------------------------------------------------------------------------------


def _axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes that `axis` means, ascending. NumPy lets a rank-0 value be reduced along axis 0."""
    if axis is None or not ndim:
        return tuple(range(ndim))
    return tuple(sorted(normalize_axis_tuple(axis, ndim)))


def _length(a: Any, axis: Axis) -> int:
    """How many entries of `a` are combined into one."""
    if axis is None:
        return int(a.size)
    if axis.__class__ is int and a.ndim:
        return int(a.shape[axis])
    return math.prod(a.shape[i] for i in _axes(axis, a.ndim))


def _kept(result: Any, axis: Axis, keepdims: bool) -> Any:
    """The result of a reduction in a shape that broadcasts against what was reduced."""
    return result if keepdims or not result.ndim else np.expand_dims(result, axis)


def _order(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The permutation that brings the axes to reduce to the front."""
    axes = _axes(axis, ndim)
    return (*axes, *(i for i in range(ndim) if i not in axes))


def _to_front(a: Any, axis: Axis) -> Any:
    """`a` with the axes to reduce made one, and that the first."""
    order = _order(axis, a.ndim)
    kept = order[len(_axes(axis, a.ndim)) :]
    if order != tuple(range(a.ndim)):
        a = np.transpose(a, order)
    shape = (_length(a, tuple(range(a.ndim - len(kept)))), *a.shape[a.ndim - len(kept) :])
    return a if a.shape == shape else np.reshape(a, shape)


def _from_front(front: Any, shape: tuple[int, ...], axis: Axis) -> Any:
    """The inverse of `_to_front` for an array of `shape`."""
    order = _order(axis, len(shape))
    lengths = tuple(shape[i] for i in order)
    if front.shape != lengths:
        front = np.reshape(front, lengths)
    if order == tuple(range(len(shape))):
        return front
    return np.transpose(front, tuple(map(int, np.argsort(order))))


# -- arguments ----------------------------------------------------------------------------------


def _over(primitive: Function, a: Any, axis: Axis, keepdims: Any) -> Any:
    """Apply `primitive`; the plain calls go the fast way, without keyword arguments."""
    if not keepdims:
        if axis is None:
            return apply(primitive, (a,))
        if axis.__class__ is int:
            return apply(primitive, (a, axis))
    return apply(primitive, (a,), {"axis": axis, "keepdims": bool(keepdims)})


def _prepared(function: Any, a: Any, dtype: Any, out: Any) -> Any:
    """`a` as an array of `dtype`."""
    if out is not None:
        raise TypeError(
            f"Use the value that {name_of(function)} returns instead of out=: it cannot be written "
            f"into an array and keep its gradient."
        )
    if not hasattr(a, "dtype"):
        a = np.stack(a) if isinstance(a, (list, tuple)) and len(a) else np.array(a)
    return a if dtype is None else _cast(a, dtype)


def _cast(a: Any, dtype: Any) -> Any:
    """`a`, an array, a Tensor or a number, in `dtype`."""
    if hasattr(a, "dtype"):
        return a if a.dtype == dtype else apply(np.ndarray.astype, (a, np.dtype(dtype)))
    return np.dtype(dtype).type(a)


def _conj(a: Any) -> Any:
    """The conjugate, without a copy of real numbers."""
    return np.conj(a) if a.dtype.kind == "c" else a


def _real_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype in which to count entries that will divide numbers of `dtype`."""
    return np.finfo(dtype).dtype if dtype.kind in "fc" else np.dtype(np.float64)


def _count(a: Any, where: Any, axis: Axis, keepdims: bool) -> Any:
    """How many entries `where` takes, as real numbers that promote nothing."""
    dtype = _real_dtype(a.dtype)
    if where is True:
        return dtype.type(_length(a, axis))
    mask = np.broadcast_to(raw(where), a.shape)
    return np.sum(mask, axis=axis, dtype=dtype, keepdims=keepdims)


_SHAPES: tuple[tuple[tuple[int, ...], dict[str, Any]], ...] = (
    ((), {}),
    ((3,), {}),
    ((4,), {"axis": 0, "keepdims": True}),
    ((2, 3), {}),
    ((2, 3), {"axis": -1}),
    ((3, 2), {"axis": 0}),
    ((2, 3, 2), {"axis": (0, -1)}),
    ((2, 3, 2), {"axis": (1, 2), "keepdims": True}),
)
_MASK = np.array([[True, False, True], [True, True, False]])


def _calls(*more: Call, domain: Domain = real, **options: Any) -> list[Call]:
    """Calls over ranks, axes and keepdims, and `more`."""
    return [*(call(draw(*s, domain=domain), **k, **options) for s, k in _SHAPES), *more]


# -- kinds of rules -----------------------------------------------------------------------------


def _sum_transpose(g: Any, a: Any, axis: Axis = None, keepdims: bool = False, **_: Any) -> Any:
    return _kept(g, axis, keepdims)


class _Reduction(Primitive):
    """A primitive whose entries reach the results that they would reach in a sum.

    So an entry all of whose results are masked is masked too. `spread` is the transpose of that
    sum, for it tells which these are. A product may return `Masked` itself: both masks hold.
    """

    spread: Function = staticmethod(_sum_transpose)

    def cotangent(self, position: int, g: Any, mask: Any, saved: Any, kwargs: Any) -> Any:
        c = super().cotangent(position, g, mask, saved, kwargs)
        if mask is None or c.__class__ is not Masked:
            return c
        return Masked(c.value, np.logical_and(c.mask, self._live(mask, saved, kwargs)))

    def mask(self, position: int, c: Any, mask: Any, saved: Any, kwargs: Any) -> Any:
        live = self._live(mask, saved, kwargs)
        return Masked(np.where(live, c, 0), live)

    def _live(self, mask: Any, saved: Any, kwargs: Any) -> Any:
        return self.spread(mask.astype(np.float64), *map(raw, saved[1:]), **kwargs) != 0


class _Scan(_Reduction):
    """The same for a cumulative function."""

    spread: Function = staticmethod(lambda g, a, axis: _backward_sum(g, axis))


def _reduction(
    function: Function,
    vjp: Function,
    *,
    reads: str,
    calls: Sequence[Call],
    kind: type[_Reduction] = _Reduction,
) -> None:
    """Register a `_Reduction`."""
    RULES[function] = kind(function, [vjp], reads=reads, calls=calls)


def _reducer(ufunc: Any, function: Function) -> Function:
    """`function` as a primitive, past its Python wrapper where the array is NumPy's own."""

    def primitive(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
        if isinstance(a, (np.ndarray, np.generic)):
            return ufunc.reduce(a, axis, None, None, keepdims)
        return function(a, axis=axis, keepdims=keepdims)

    primitive.__module__, primitive.__qualname__ = "numpy", function.__name__
    return primitive


# -- totals -------------------------------------------------------------------------------------


def _without_nan(a: Any, neutral: int) -> Any:
    return np.where(np.isnan(a), neutral, a) if a.dtype.kind in "fc" else a


def _register_total(
    function: Function, primitive: Function, combine: np.ufunc, ignore_nan: bool = False
) -> Function:
    """A rule of the sum or product that `primitive` computes; `combine` adds `initial`."""
    neutral: int = combine.identity

    @composite(
        function,
        calls=_calls(
            call(draw(2, 3), axis=1, where=_MASK, initial=1.5),
            call(draw(2, 3), dtype=np.complex128),
            call(draw(2, 3), axis=()),
            call(a=draw(3)),
        ),
    )
    def total(
        a: Any,
        axis: Axis = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        if dtype is not None or out is not None:
            a = _prepared(function, a, dtype, out)
        if ignore_nan:
            a = _without_nan(a, neutral)
        if where is not True:
            a = np.where(where, a, neutral)
        y = _over(primitive, a, axis, keepdims)
        return y if initial is None else combine(y, _cast(initial, y.dtype))

    return total


_sum = _reducer(np.add, np.sum)
linear(_sum, _sum_transpose, moves=True, calls=_calls())


def _others(a: Any) -> Any:
    """For each entry the product of all others along axis 0.

    A tree of products: a node's others are its sibling times its parent's others. Nothing is
    divided, so zeros need no care, and the multiplications have derivatives of every order.
    """
    levels = []
    while a.shape[0] > 1:
        levels.append(a)
        half = a.shape[0] // 2
        pairs = a[:half] * a[half : 2 * half]
        a = np.concatenate((pairs, a[2 * half :])) if a.shape[0] % 2 else pairs
    others = np.ones(a.shape, a.dtype)
    for level in reversed(levels):
        half = level.shape[0] // 2
        above = others[:half]
        parts = (above * level[half : 2 * half], above * level[:half], others[half:])
        others = np.concatenate(parts)
    return others


def _prod_vjp(g: Any, y: Any, a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    others = _from_front(_others(_to_front(a, axis)), a.shape, axis)
    return _kept(g, axis, keepdims) * _conj(others)


_prod = _reducer(np.multiply, np.prod)
_reduction(_prod, _prod_vjp, reads="0", calls=_calls())

_np_sum = _register_total(np.sum, _sum, np.add)
_np_prod = _register_total(np.prod, _prod, np.multiply)
_register_total(np.nansum, _sum, np.add, ignore_nan=True)
_register_total(np.nanprod, _prod, np.multiply, ignore_nan=True)

# -- mean ---------------------------------------------------------------------------------------

_sum_of_array: Any = np.add.reduce


def _mean(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    # NumPy computes float16 and integers in wider types, and warns of nothing to average.
    if isinstance(a, (np.ndarray, np.generic)) and a.dtype.char in "fdFD" and a.size:
        return _sum_of_array(a, axis, None, None, keepdims) / _length(a, axis)
    return np.mean(a, axis=axis, keepdims=keepdims)


def _mean_transpose(g: Any, a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return _kept(g, axis, keepdims) / _length(a, axis)


linear(_mean, _mean_transpose, moves=True, calls=_calls())


def _present(a: Any, where: Any) -> Any:
    """Which entries are numbers and taken."""
    if a.dtype.kind not in "fc":
        return where
    present = np.logical_not(np.isnan(a))
    return present if where is True else np.logical_and(present, where)


def _register_mean(function: Function, ignore_nan: bool) -> Function:
    @composite(
        function,
        calls=_calls(
            call(draw(2, 3), axis=1, where=_MASK),
            call(draw(2, 3), where=_MASK, keepdims=True),
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
            a = _prepared(function, a, dtype, out)
        if ignore_nan:
            where = _present(a, where)
        if where is True:
            return _over(_mean, a, axis, keepdims)
        total = _np_sum(a, axis, None, None, keepdims, None, where)
        return total / _count(a, where, axis, keepdims)

    return mean


_np_mean = _register_mean(np.mean, ignore_nan=False)
_register_mean(np.nanmean, ignore_nan=True)

# -- extremes -----------------------------------------------------------------------------------


def _attained(
    g: Any, y: Any, a: Any, axis: Axis = None, keepdims: bool = False, *, nan: bool
) -> Any:
    """Cotangent of a maximum or minimum: ties share it evenly, the other entries are masked.

    With `nan`, a NaN is attained by the NaNs that made it.
    """
    g, y = _kept(g, axis, keepdims), _kept(y, axis, keepdims)
    taken = a == y
    ties = _ties(taken, axis, g.dtype)
    if nan and not np.all(ties):
        taken = np.logical_or(taken, np.isnan(a))
        ties = _ties(taken, axis, g.dtype)
    return Masked(np.where(taken, g / ties, 0), raw(taken))


def _ties(taken: Any, axis: Axis, dtype: Any) -> Any:
    if axis is None or not taken.ndim:
        return np.count_nonzero(taken)
    return np.count_nonzero(taken, axis=axis, keepdims=True).astype(dtype)


def _least(dtype: np.dtype[Any], of: np.ufunc) -> Any:
    """What `of`, a maximum or minimum, never prefers to a value of `dtype`."""
    largest = of in (np.minimum, np.fmin)
    if dtype.kind == "b":
        return largest
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return int(limits.max if largest else limits.min)
    return math.inf if largest else -math.inf


def _register_extreme(ufunc: np.ufunc, function: Function, *aliases: Function) -> Function:
    """Rules of the maximum or minimum that `ufunc` folds.

    `fmax` and `fmin` ignore NaN: it then has gradient 0, also where nothing else is there.
    """
    ignores_nan = ufunc in (np.fmax, np.fmin)
    primitive = _reducer(ufunc, function)

    def vjp(g: Any, y: Any, a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
        return _attained(g, y, a, axis, keepdims, nan=not ignores_nan)

    _reduction(primitive, vjp, reads="y 0", calls=_calls(domain=real_only))

    def extreme(
        a: Any,
        axis: Axis = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        if out is not None:
            a = _prepared(function, a, None, out)
        if where is not True:
            if initial is None:
                return function(raw(a), axis=axis, where=raw(where))  # raises: initial is missing
            a = np.where(where, a, _least(a.dtype, ufunc))
        if initial is None:
            y = _over(primitive, a, axis, keepdims)
        elif _length(a, axis):
            y = ufunc(_over(primitive, a, axis, keepdims), _cast(initial, a.dtype))
        else:
            y = np.sum(a, axis=axis, keepdims=keepdims) + _cast(initial, a.dtype)
        return y

    def warning(*args: Any, **kwargs: Any) -> Any:
        y = extreme(*args, **kwargs)
        if np.any(np.isnan(raw(y))):
            warnings.warn("All-NaN slice encountered", RuntimeWarning, stacklevel=4)
        return y

    calls = _calls(
        call(draw(2, 3, domain=real_only), axis=1, where=_MASK, initial=0.3),
        call(draw(2, 3, domain=nonzero_real), axis=0, initial=-0.1),
        domain=real_only,
    )
    composite(function, *aliases, calls=calls)(warning if ignores_nan else extreme)
    return extreme


_np_max = _register_extreme(np.maximum, np.max, np.amax)
_np_min = _register_extreme(np.minimum, np.min, np.amin)
_np_nanmax = _register_extreme(np.fmax, np.nanmax)
_np_nanmin = _register_extreme(np.fmin, np.nanmin)


@composite(np.ptp, calls=_calls(domain=real_only))
def _np_ptp(a: Any, axis: Axis = None, out: Any = None, keepdims: Any = False) -> Any:
    a = _prepared(np.ptp, a, None, out)
    return _np_max(a, axis, None, keepdims) - _np_min(a, axis, None, keepdims)


# -- variance and standard deviation ------------------------------------------------------------


def _var(a: Any, axis: Axis = None, keepdims: bool = False, ddof: Any = 0) -> Any:
    return np.var(a, axis=axis, ddof=ddof, keepdims=keepdims)


def _std(a: Any, axis: Axis = None, keepdims: bool = False, ddof: Any = 0) -> Any:
    return np.std(a, axis=axis, ddof=ddof, keepdims=keepdims)


def _centred(a: Any, axis: Axis) -> Any:
    return a - np.mean(a, axis=axis, keepdims=True)


def _freedom(a: Any, axis: Axis, ddof: Any) -> Any:
    return max(_length(a, axis) - ddof, 0)


def _var_vjp(
    g: Any, y: Any, a: Any, axis: Axis = None, keepdims: bool = False, ddof: Any = 0
) -> Any:
    # The deviations sum to zero, so what flows through the mean is zero.
    return _kept(g, axis, keepdims) * 2 / _freedom(a, axis, ddof) * _centred(a, axis)


def _std_vjp(
    g: Any, y: Any, a: Any, axis: Axis = None, keepdims: bool = False, ddof: Any = 0
) -> Any:
    # Where all entries are equal the deviation has a kink: 0 is its subgradient of least norm.
    scale = np.where(y == 0, 0, g / y)
    return _kept(scale, axis, keepdims) / _freedom(a, axis, ddof) * _centred(a, axis)


_MOMENTS = _calls(call(draw(4), ddof=1), call(draw(2, 3), axis=1, ddof=0.5))
_MOMENTS_OF_ALL = [
    call(draw(2, 3), axis=1, mean=draw(2, 1)),
    call(draw(2, 3), dtype=np.complex128),
]
_reduction(_var, _var_vjp, reads="0", calls=_MOMENTS)
_reduction(_std, _std_vjp, reads="y 0", calls=_MOMENTS)


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
    squares = np.real(d * np.conj(d)) if d.dtype.kind == "c" else d * d
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


def _register_moment(
    function: Function, primitive: Function, root: Function | None, ignore_nan: bool = False
) -> None:
    """A rule of the variance, or of the standard deviation, its `root`."""

    @composite(
        function,
        calls=[
            *_MOMENTS,
            call(draw(2, 3), axis=1, correction=1),
            call(draw(2, 3), axis=1, where=_MASK),
            call(draw(2, 3), where=_MASK, ddof=1, keepdims=True),
            *([] if ignore_nan else _MOMENTS_OF_ALL),
        ],
    )
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
        a = _prepared(function, a, dtype, out)
        ddof = _correction(function, ddof, correction)
        if ignore_nan:
            where = _present(a, where)
        if where is True and mean is None:
            if not ddof:
                return _over(primitive, a, axis, keepdims)
            options = {"axis": axis, "keepdims": bool(keepdims), "ddof": ddof}
            return apply(primitive, (a,), options)
        variance = _spread_around(mean, a, axis, ddof, keepdims, where)
        if ignore_nan:
            enough = _count(a, where, axis, keepdims) > ddof
            variance = variance if np.all(enough) else np.where(enough, variance, math.nan)
        return variance if root is None else root(variance)


_register_moment(np.var, _var, None)
_register_moment(np.std, _std, _root)
_register_moment(np.nanvar, _var, None, ignore_nan=True)
_register_moment(np.nanstd, _std, _root, ignore_nan=True)


# -- median -------------------------------------------------------------------------------------


def _middle(a: Any, axis: Axis, keepdims: bool, ignore_nan: bool) -> Any:
    """The mean of the one or two entries in the middle of each slice.

    Which these are is no differentiable question, so they are found in the plain values; among
    equal entries one has the gradient.
    """
    rows = np.moveaxis(_to_front(a, axis), 0, -1)
    values = raw(rows)
    if not values.shape[-1]:
        return np.mean(a, axis=axis, keepdims=keepdims)  # NaN, and NumPy's warning
    missing = np.isnan(values).sum(axis=-1, keepdims=True)
    low, high = _middle_ranks(values.shape[-1], missing, ignore_nan)
    ranks = low if np.array_equal(low, high) else np.concatenate((low, high), axis=-1)
    found = np.take_along_axis(np.argsort(values, axis=-1), ranks, axis=-1)
    y = np.mean(np.take_along_axis(rows, found, axis=-1), axis=-1)
    empty = (missing == values.shape[-1])[..., 0]
    if ignore_nan and empty.any():
        warnings.warn("All-NaN slice encountered", RuntimeWarning, stacklevel=5)
        y = np.where(empty, math.nan, y)
    if not keepdims:
        return y
    axes = _axes(axis, a.ndim)
    return np.reshape(y, tuple(1 if i in axes else n for i, n in enumerate(a.shape)))


def _middle_ranks(length: int, missing: Any, ignore_nan: bool) -> tuple[Any, Any]:
    """The two places of the median in sorted order, where NaNs come last."""
    if ignore_nan:
        present = length - missing
        return np.maximum(present - 1, 0) // 2, np.minimum(present // 2, length - 1)
    # With a NaN in it, the slice's median is that NaN.
    last = np.full_like(missing, length - 1)
    return np.where(missing, last, last // 2), np.where(missing, last, length // 2)


def _register_median(function: Function, ignore_nan: bool) -> None:
    @composite(function, calls=_calls(domain=real_only))
    def median(
        a: Any,
        axis: Axis = None,
        out: Any = None,
        overwrite_input: bool = False,
        keepdims: Any = False,
    ) -> Any:
        return _middle(_prepared(function, a, None, out), axis, keepdims, ignore_nan)


_register_median(np.median, ignore_nan=False)
_register_median(np.nanmedian, ignore_nan=True)

# -- cumulative ---------------------------------------------------------------------------------


def _cumsum(a: Any, axis: int) -> Any:
    return np.cumsum(a, axis=axis)


def _cumprod(a: Any, axis: int) -> Any:
    return np.cumprod(a, axis=axis)


def _backward_sum(g: Any, axis: int) -> Any:
    """For each entry the sum from it to the end."""
    return np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis)


def _backward_recurrence(g: Any, a: Any) -> Any:
    """The solution of ``r[j] = g[j] + a[j + 1] * r[j + 1]`` along axis 0.

    By doubling: after a step ``r[j]`` covers twice as many terms, and ``a`` the factors between.
    """
    n, step = g.shape[0], 1
    a = a[1:]
    while step < n:
        g = np.concatenate((g[: n - step] + a * g[step:], g[n - step :]))
        a = a[: max(n - 2 * step, 0)] * a[step:]
        step *= 2
    return g


def _cumprod_vjp(g: Any, y: Any, a: Any, axis: int) -> Any:
    # d y[k] / d a[j] is the product of a[:j] and of a[j + 1 : k + 1]: no division, zeros or not.
    a, g = (np.moveaxis(x, axis, 0) for x in (_conj(a), g))
    first = np.ones((min(1, a.shape[0]), *a.shape[1:]), a.dtype)
    before = np.concatenate((first, np.cumprod(a[:-1], axis=0)))
    return np.moveaxis(before * _backward_recurrence(g, a), 0, axis)


_SCANS = [call(draw(4), 0), call(draw(2, 3), -1), call(draw(5, 2), 0), call(draw(2, 3, 2), 1)]
linear(_cumsum, lambda g, a, axis: _backward_sum(g, axis), moves=True, calls=_SCANS)
_reduction(_cumprod, _cumprod_vjp, reads="0", calls=_SCANS, kind=_Scan)


def _register_scan(
    function: Function, primitive: Function, neutral: int, ignore_nan: bool = False
) -> Function:
    """A rule of the cumulative sum or product that `primitive` computes along one axis."""

    @composite(
        function,
        calls=[
            *(call(draw()), call(draw(3)), call(draw(2, 3)), call(draw(2, 3), axis=-1)),
            *(call(draw(2, 3, 2), axis=1), call(draw(2, 3), dtype=np.complex128)),
        ],
    )
    def scan(a: Any, axis: Axis = None, dtype: Any = None, out: Any = None) -> Any:
        if dtype is not None or out is not None:
            a = _prepared(function, a, dtype, out)
        if ignore_nan:
            a = _without_nan(a, neutral)
        if axis is None or not a.ndim:
            a, axis = np.reshape(a, (-1,)), 0
        return apply(primitive, (a, operator.index(axis)))

    return scan


def _register_array_api_scan(function: Function, plain: Function, neutral: int) -> None:
    """The array API's name for a scan, which may put the neutral element first."""

    @composite(function, calls=[call(draw(3)), call(draw(2, 3), axis=1, include_initial=True)])
    def scan(
        x: Any,
        /,
        *,
        axis: Axis = None,
        dtype: Any = None,
        out: Any = None,
        include_initial: bool = False,
    ) -> Any:
        if axis is None:
            if x.ndim > 1:
                raise ValueError(
                    f"Give {name_of(function)} an axis: the array has shape {x.shape}."
                )
            axis = 0
        result = plain(_prepared(function, x, dtype, out), axis)
        if not include_initial:
            return result
        shape = list(result.shape)
        shape[axis] = 1
        return np.concatenate((np.full(shape, neutral, result.dtype), result), axis=axis)


_np_cumsum = _register_scan(np.cumsum, _cumsum, 0)
_np_cumprod = _register_scan(np.cumprod, _cumprod, 1)
_register_scan(np.nancumsum, _cumsum, 0, ignore_nan=True)
_register_scan(np.nancumprod, _cumprod, 1, ignore_nan=True)
if hasattr(np, "cumulative_sum"):  # NumPy 2.1
    _register_array_api_scan(np.cumulative_sum, _np_cumsum, 0)
    _register_array_api_scan(np.cumulative_prod, _np_cumprod, 1)

# -- norms --------------------------------------------------------------------------------------
#
# A norm has a kink at the zero vector: 0 is its subgradient of least norm.


def _norm2(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    norm = np.linalg.vector_norm if axis.__class__ is tuple else np.linalg.norm
    return norm(a, axis=axis, keepdims=keepdims)


def _norm2_vjp(g: Any, y: Any, a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return _kept(np.where(y == 0, 0, g / y), axis, keepdims) * a


def _norm_p(a: Any, axis: Axis = None, keepdims: bool = False, *, p: float) -> Any:
    return np.linalg.vector_norm(a, axis=axis, keepdims=keepdims, ord=p)


def _norm_p_vjp(
    g: Any, y: Any, a: Any, axis: Axis = None, keepdims: bool = False, *, p: float
) -> Any:
    # An entry that is 0 has slope 0 for p > 1, and a kink for p <= 1: 0 again.
    size = np.absolute(a)
    slope = a / size * (size / _kept(y, axis, keepdims)) ** (p - 1)
    return np.where(a == 0, 0, _kept(g, axis, keepdims) * slope)


_reduction(_norm2, _norm2_vjp, reads="y 0", calls=_calls(domain=nonzero))
_reduction(
    _norm_p,
    _norm_p_vjp,
    reads="y 0",
    calls=[*_calls(domain=nonzero, p=3), call(draw(3, domain=nonzero), p=0.5)],
)


def _vector_norm(x: Any, ord: Any, axis: Axis, keepdims: Any) -> Any:
    if ord is None or ord == 2:
        return _over(_norm2, x, axis, keepdims)
    if isinstance(ord, str):
        raise ValueError(f"Invalid norm order '{ord}' for vectors")
    size = np.absolute(x)
    if ord == 0:
        return np.sum(size != 0, axis=axis, dtype=size.dtype, keepdims=keepdims)
    if ord == 1:
        return np.sum(size, axis=axis, keepdims=keepdims)
    if abs(ord) == math.inf:
        extreme = np.max if ord > 0 else np.min
        return extreme(size, axis=axis, keepdims=keepdims)
    return apply(_norm_p, (x,), {"axis": axis, "keepdims": bool(keepdims), "p": float(ord)})


_MATRIX_NORMS = {1: (np.max, 0), -1: (np.min, 0), math.inf: (np.max, 1), -math.inf: (np.min, 1)}
"""Order: the extreme, among the sums along the first or the second of the axes."""


def _matrix_norm(x: Any, ord: Any, axis: tuple[int, int], keepdims: Any) -> Any:
    if ord in (None, "fro", "f"):
        return _over(_norm2, x, axis, keepdims)
    if ord in (2, -2, "nuc"):
        raise TypeError(
            f"Compute it from np.linalg.svd, or pass gradtape.stop_gradient(x): gradtape has no "
            f"derivative rule for numpy.linalg.norm of a matrix with ord={ord!r}."
        )
    if ord not in _MATRIX_NORMS:
        raise ValueError("Invalid norm order for matrices.")
    axes = normalize_axis_tuple(axis, x.ndim)
    extreme, summed = _MATRIX_NORMS[ord]
    sums = np.sum(np.absolute(x), axis=axes[summed], keepdims=True)
    y = extreme(sums, axis=axes[1 - summed], keepdims=True)
    return y if keepdims else np.squeeze(y, axis=axes)


def _inexact(x: Any) -> Any:
    return x if x.dtype.kind in "fc" else _cast(x, np.float64)


@composite(
    np.linalg.norm,
    calls=[
        *(call(draw(*shape)) for shape in ((), (3,), (2, 3), (2, 2, 2))),
        *(call(draw(3, domain=nonzero), p) for p in (0, 1, 2, 3, -1.5, math.inf, -math.inf)),
        *(call(draw(2, 3, domain=nonzero), p, axis=-1) for p in (None, 1, 2.5, math.inf)),
        *(call(draw(2, 3, domain=nonzero), p) for p in ("fro", *_MATRIX_NORMS)),
        *(call(draw(2, 3, 2, domain=nonzero), p, (0, -1)) for p in (None, 1, -math.inf)),
        call(draw(2, 3, 2, domain=nonzero), 1, axis=(2, 1), keepdims=True),
        call(draw(2, 3), axis=(1,), keepdims=True),
    ],
)
def _np_norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: Any = False) -> Any:
    x = _inexact(x)
    if axis is None:
        if ord is None:
            return _over(_norm2, x, None, keepdims)
        axis = tuple(range(x.ndim))
    elif not isinstance(axis, tuple):
        axis = (operator.index(axis),)
    if len(axis) == 1:
        return _vector_norm(x, ord, axis[0], keepdims)
    if len(axis) == 2:
        return _matrix_norm(x, ord, axis, keepdims)
    raise ValueError("Improper number of dimensions to norm.")


@composite(
    np.linalg.vector_norm,
    calls=[call(draw(2, 3)), call(draw(2, 3, 2, domain=nonzero), axis=(0, 1), ord=3)],
)
def _np_vector_norm(
    x: Any,
    /,
    *,
    axis: Axis = None,
    keepdims: Any = False,
    ord: Any = 2,
) -> Any:
    return _vector_norm(_inexact(x), ord, axis, keepdims)


@composite(np.linalg.matrix_norm, calls=[call(draw(2, 3)), call(draw(2, 2, 2), ord=math.inf)])
def _np_matrix_norm(x: Any, /, *, keepdims: Any = False, ord: Any = "fro") -> Any:
    return _matrix_norm(_inexact(x), ord, (-2, -1), keepdims)


# -- average ------------------------------------------------------------------------------------


def _aligned(weights: Any, a: Any, axis: Axis) -> Any:
    """`weights` in a shape that broadcasts against `a`."""
    if weights.shape == a.shape:
        return weights
    if axis is None:
        raise TypeError("Axis must be specified when shapes of a and weights differ.")
    axes = normalize_axis_tuple(axis, a.ndim)
    if weights.shape != tuple(a.shape[i] for i in axes):
        raise ValueError(
            "Shape of weights must be consistent with shape of a along specified axis."
        )
    if len(axes) > 1:
        weights = np.transpose(weights, tuple(map(int, np.argsort(axes))))
    return np.reshape(weights, tuple(n if i in axes else 1 for i, n in enumerate(a.shape)))


@composite(
    np.average,
    calls=_calls(
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
    a = _inexact(_prepared(np.average, a, None, None))
    if weights is None:
        y = _over(_mean, a, axis, keepdims)
        total = apply(np.positive, (np.full(y.shape, _length(a, axis), y.dtype),))
    else:
        weights = _aligned(_prepared(np.average, weights, None, None), a, axis)
        if weights.shape != a.shape:
            weights = np.broadcast_to(weights, a.shape)
        dtype = np.result_type(a.dtype, weights.dtype)
        total = _np_sum(weights, axis, dtype, None, keepdims)
        if np.any(raw(total) == 0):
            raise ZeroDivisionError("Weights sum to zero, can't be normalized")
        y = _np_sum(a * weights, axis, dtype, None, keepdims) / total
    if not returned:
        return y
    return y, total if total.shape == y.shape else np.broadcast_to(total, y.shape)


# -- methods of ufuncs --------------------------------------------------------------------------


def _register_fold(ufunc: np.ufunc, function: Function, **domain: Any) -> None:
    """``ufunc.reduce`` as the array function that does the same, with its other default axis."""

    @composite((ufunc, "reduce"), calls=[call(draw(3, **domain)), call(draw(2, 3, **domain), 1)])
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
            array = _prepared((ufunc, "reduce"), array, dtype, out)
        return function(array, axis=axis, keepdims=keepdims, initial=initial, where=where)


def _register_accumulate(ufunc: np.ufunc, function: Function) -> None:
    @composite((ufunc, "accumulate"), calls=[call(draw(3)), call(draw(2, 3), axis=1)])
    def accumulate(array: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
        return function(_prepared((ufunc, "accumulate"), array, dtype, out), axis)


_register_fold(np.add, _np_sum)
_register_fold(np.multiply, _np_prod)
_register_fold(np.maximum, _np_max, domain=real_only)
_register_fold(np.minimum, _np_min, domain=real_only)
_register_fold(np.fmax, _np_nanmax, domain=real_only)
_register_fold(np.fmin, _np_nanmin, domain=real_only)
_register_accumulate(np.add, _np_cumsum)
_register_accumulate(np.multiply, _np_cumprod)

# Any other ufunc is folded slice by slice. NumPy's own method goes first, and refuses what it
# refuses.


@composite(
    "reduce",
    calls=[
        call(np.subtract, draw(4)),
        call(np.true_divide, draw(3, 2, domain=nonzero), axis=0, keepdims=True),
        call(np.logaddexp, draw(2, 3, domain=real_only), axis=None),
        call(np.hypot, draw(2, 3, domain=nonzero_real), -1, initial=1.0, where=_MASK),
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
    array = _prepared((ufunc, "reduce"), array, dtype, out)
    options = {} if initial is None else {"initial": raw(initial)}
    ufunc.reduce(raw(array), axis=axis, where=raw(where), **options)
    slices = _to_front(array, axis)
    mask = None
    if where is not True:
        mask = _to_front(np.broadcast_to(raw(where), array.shape), axis)
    if initial is None and (mask is not None or not slices.shape[0]):
        initial = ufunc.identity
    if initial is None:
        y, start = slices[0], 1
    else:
        y, start = np.broadcast_to(_cast(initial, array.dtype), slices.shape[1:]), 0
    for i in range(start, slices.shape[0]):
        step = ufunc(y, slices[i])
        y = step if mask is None else np.where(mask[i], step, y)
    y = apply(np.positive, (y,))  # a Tensor also where there was nothing to fold
    return _kept(y, _axes(axis, array.ndim), False) if keepdims and y.ndim else y


@composite(
    "accumulate",
    calls=[call(np.subtract, draw(4)), call(np.hypot, draw(2, 3, domain=nonzero_real), axis=1)],
)
def _accumulate(
    ufunc: np.ufunc, array: Any, axis: int = 0, dtype: Any = None, out: Any = None
) -> Any:
    array = _prepared((ufunc, "accumulate"), array, dtype, out)
    ufunc.accumulate(raw(array), axis=axis)
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
    array = _prepared((ufunc, "reduceat"), array, dtype, out)
    starts = np.array(raw(indices)).tolist()
    ufunc.reduceat(raw(array), starts, axis=axis)
    slices = np.moveaxis(array, axis, 0)
    stops = [*starts[1:], slices.shape[0]]
    results = [
        ufunc.reduce(slices[i : j if i < j else i + 1], axis=0)
        for i, j in zip(starts, stops, strict=True)
    ]
    return np.stack(results, axis=axis) if results else np.moveaxis(slices[:0], 0, axis)


# -- no gradient --------------------------------------------------------------------------------

constant(
    *(np.any, np.all, np.count_nonzero),
    *(np.argmax, np.argmin, np.nanargmax, np.nanargmin),
)
