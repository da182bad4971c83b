"""Cumulative sums, products and extremes.

The primitives take an axis that counts from the end, so that a batch axis in front changes nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradtape.core.batching import leading
from gradtape.core.cotangents import is_finite
from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw, real_only
from gradtape.core.rules import Function, composite, constant, linear, name_of, raw
from gradtape.rules.arguments import Axis, cast, conj, prepared
from gradtape.rules.reductions import Reduction, reduction, without_nan


def _cumsum(a: Any, axis: int) -> Any:
    return np.cumsum(a, axis=axis)


def _cumprod(a: Any, axis: int) -> Any:
    return np.cumprod(a, axis=axis)


def _backward_sum(g: Any, axis: int) -> Any:
    """For each entry the sum from it to the end."""
    return np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis)


class _Scan(Reduction):
    """A primitive whose entries reach the results that they would reach in a cumulative sum."""

    spread: Function = staticmethod(lambda g, a, axis: _backward_sum(g, axis))

    def cotangent(self, position: int, g: Any, mask: Any, saved: Any, kwargs: Any) -> Any:
        """The cotangent of one argument; what reaches no live result counts as 1."""
        c = super().cotangent(position, g, mask, saved, kwargs)
        if mask is None or is_finite(raw(c)):
            return c
        y, a, *rest = saved
        a = np.where(self._live(mask, saved, kwargs), a, 1)
        return super().cotangent(position, g, mask, (y, a, *rest), kwargs)


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
    a, g = (np.moveaxis(x, axis, 0) for x in (conj(a), g))
    first = np.ones((min(1, a.shape[0]), *a.shape[1:]), a.dtype)
    before = np.concatenate((first, np.cumprod(a[:-1], axis=0)))
    return np.moveaxis(before * _backward_recurrence(g, a), 0, axis)


_SCANS = [call(draw(4), -1), call(draw(2, 3), -1), call(draw(5, 2), -2), call(draw(2, 3, 2), -2)]
linear(
    _cumsum,
    lambda g, a, axis: _backward_sum(g, axis),
    moves=True,
    calls=_SCANS,
    batch=leading(0),
)
reduction(_cumprod, _cumprod_vjp, reads="0", calls=_SCANS, kind=_Scan, batch=leading(0))


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
            a = prepared(function, a, dtype, out)
        if ignore_nan:
            a = without_nan(a, neutral)
        if axis is None or not a.ndim:
            a, axis = np.reshape(a, (-1,)), 0
        y = apply(primitive, (a, normalize_axis_index(axis, a.ndim) - a.ndim))
        return y if dtype is None else cast(y, dtype)  # NumPy widens small integers unasked

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
        result = plain(prepared(function, x, dtype, out), axis)
        if not include_initial:
            return result
        shape = list(result.shape)
        shape[axis] = 1
        return np.concatenate((np.full(shape, neutral, result.dtype), result), axis=axis)


np_cumsum = _register_scan(np.cumsum, _cumsum, 0)
np_cumprod = _register_scan(np.cumprod, _cumprod, 1)
_register_scan(np.nancumsum, _cumsum, 0, ignore_nan=True)
_register_scan(np.nancumprod, _cumprod, 1, ignore_nan=True)
if hasattr(np, "cumulative_sum"):  # NumPy 2.1
    _register_array_api_scan(np.cumulative_sum, np_cumsum, 0)
    _register_array_api_scan(np.cumulative_prod, np_cumprod, 1)

# -- running extremes ---------------------------------------------------------------------------


def _leaders(a: Any, *, ufunc: np.ufunc, axis: int) -> Any:
    """Where along `axis` each running extreme stood first: ties leave it where it is."""
    y = np.moveaxis(ufunc.accumulate(a, axis=axis), axis, -1)
    old, new = y[..., :-1], y[..., 1:]
    same = (old == new) | (np.isnan(old) & np.isnan(new))
    places = np.zeros(y.shape, np.intp)
    places[..., 1:] = np.where(same, 0, np.arange(1, y.shape[-1]))
    return np.moveaxis(np.maximum.accumulate(places, axis=-1), -1, axis)


constant(_leaders, batch=leading(0))

for _ufunc in (np.maximum, np.minimum, np.fmax, np.fmin):

    @composite(
        (_ufunc, "accumulate"),
        calls=[call(draw(5, domain=real_only)), call(draw(2, 4, domain=real_only), axis=-1)],
    )
    def _running(
        array: Any, axis: int = 0, dtype: Any = None, out: Any = None, *, ufunc: Any = _ufunc
    ) -> Any:
        a = prepared((ufunc, "accumulate"), array, dtype, out)
        axis = normalize_axis_index(axis, a.ndim) - a.ndim
        places = apply(_leaders, (a,), {"ufunc": ufunc, "axis": axis})
        return np.take_along_axis(a, places, axis)
