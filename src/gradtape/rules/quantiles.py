"""Medians, quantiles and percentiles.

A quantile is an entry of the sorted slice, or lies between two neighbours. Which entries these are
is no differentiable question; what lies between is a linear function of them, and of `q`:

    y = (1 - t) * low + t * high,    with t the fraction that the method leaves of its index

Among equal entries one has the gradient. As a function of `q` the continuous methods of R. J.
Hyndman and Y. Fan, "Sample quantiles in statistical packages", The American Statistician 50 (1996),
are piecewise linear; where two pieces meet `q` has the slope of the upper one, and at the ends 0.
The discrete methods, and whatever `weights` are given, only pick: there `q` and `weights` have no
gradient, for the result is piecewise constant in them.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.core.dispatch import apply
from gradtape.core.domains import Domain, call, draw, real_only
from gradtape.core.kinds import somewhere
from gradtape.core.rules import Function, composite, raw
from gradtape.rules.arguments import (
    Axis,
    aligned,
    as_array,
    axes_of,
    cast,
    inexact,
    is_tensor,
    prepared,
    sample,
    to_front,
)
from gradtape.rules.reductions import calls_along

# -- entries by rank ----------------------------------------------------------------------------


def _rows(a: Any, axis: Axis) -> Any:
    """`a` with the axes to reduce made one, and that the last."""
    return np.moveaxis(to_front(a, axis), 0, -1)


def _missing(rows: Any) -> Any:
    """How many entries of each row are NaN."""
    return np.sum(np.isnan(rows), axis=-1, keepdims=True)


def _at_ranks(rows: Any, ranks: Any, nan_wins: bool) -> Any:
    """The entries of each row that have `ranks` in sorted order, where NaNs come last.

    The ranks are one vector, or one for each row. A vector of numbers saves sorting all. With
    `nan_wins`, all the entries of a row are its NaN if there is one.
    """
    last = np.array([rows.shape[-1] - 1])
    real = rows.dtype.kind == "f"
    nan_wins = nan_wins and real
    if ranks.ndim == 1 and isinstance(ranks, np.ndarray):
        ranks = np.concatenate((ranks, last)) if nan_wins else ranks
        order = np.argpartition(rows, np.unique(ranks), axis=-1)
    else:
        if nan_wins:
            ranks = np.concatenate((ranks, np.broadcast_to(last, (*ranks.shape[:-1], 1))), axis=-1)
        order = np.argsort(rows, axis=-1)
    places = np.broadcast_to(ranks, (*rows.shape[:-1], ranks.shape[-1]))
    found = np.take_along_axis(rows, np.take_along_axis(order, places, axis=-1), axis=-1)
    if nan_wins:
        nan = found[..., -1:]
        return np.where(np.isnan(nan), nan, found[..., :-1])
    # A row of nothing but NaN has no gradient where NaNs are ignored.
    return np.where(np.isnan(found), math.nan, found) if real else found


def _warn_of_empty(rows: Any, stacklevel: int) -> None:
    """Warn, as NumPy does, of a row that has nothing but NaN to choose from."""
    if rows.dtype.kind == "f" and somewhere(raw(_missing(rows)) == rows.shape[-1]):
        warnings.warn("All-NaN slice encountered", RuntimeWarning, stacklevel=stacklevel + 1)


def _shaped(y: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    """`y`, with an axis for each quantile in front, with or without the reduced axes."""
    if not keepdims:
        return y
    axes = axes_of(axis, a.ndim)
    front = y.shape[: y.ndim - a.ndim + len(axes)]
    return np.reshape(y, front + tuple(1 if i in axes else n for i, n in enumerate(a.shape)))


# -- median -------------------------------------------------------------------------------------


def _register_median(function: Function, ignore_nan: bool) -> None:
    @composite(function, calls=calls_along(domain=real_only))
    def median(
        a: Any,
        axis: Axis = None,
        out: Any = None,
        overwrite_input: bool = False,
        keepdims: Any = False,
    ) -> Any:
        a = prepared(function, a, None, out)
        rows = _rows(a, axis)
        n = rows.shape[-1]
        if not n:
            return np.mean(a, axis=axis, keepdims=keepdims)  # NaN, and NumPy's warning
        if ignore_nan and rows.dtype.kind == "f":
            present = n - _missing(rows)
            ranks = np.concatenate((np.maximum(present - 1, 0) // 2, present // 2), axis=-1)
            y = np.mean(_at_ranks(rows, np.minimum(ranks, n - 1), False), axis=-1)
            _warn_of_empty(rows, stacklevel=4)
        else:
            ranks = np.unique([(n - 1) // 2, n // 2])
            y = np.mean(_at_ranks(rows, ranks, nan_wins=True), axis=-1)
        return _shaped(y, a, axis, keepdims)


_register_median(np.median, ignore_nan=False)
_register_median(np.nanmedian, ignore_nan=True)

# -- where the methods look ---------------------------------------------------------------------

Index = Callable[[Any, Any], Any]
"""``index(n, q)``, where in ``n`` sorted entries a method finds the quantile `q`."""


def _between(alpha: float, beta: float) -> Index:
    return lambda n, q: n * q + (alpha + q * (1 - alpha - beta)) - 1


_CONTINUOUS: dict[str, Index] = {
    "interpolated_inverted_cdf": _between(0, 1),
    "hazen": _between(0.5, 0.5),
    "weibull": _between(0, 0),
    "linear": lambda n, q: (n - 1) * q,
    "median_unbiased": _between(1 / 3, 1 / 3),
    "normal_unbiased": _between(3 / 8, 3 / 8),
}


def _closest(n: Any, q: Any) -> Any:
    index = n * q - 1.5
    down = np.floor(index)
    return down + np.where((index == down) & (down % 2 == 1), 0, 1)


def _averaged(n: Any, q: Any) -> Any:
    index = n * q - 1
    down = np.floor(index)
    return np.where(index == down, down + 0.5, down + 1)


_DISCRETE: dict[str, Index] = {
    "inverted_cdf": lambda n, q: np.ceil(n * q - 1),
    "averaged_inverted_cdf": _averaged,
    "closest_observation": _closest,
    "lower": lambda n, q: np.floor((n - 1) * q),
    "higher": lambda n, q: np.ceil((n - 1) * q),
    "midpoint": lambda n, q: 0.5 * (np.floor((n - 1) * q) + np.ceil((n - 1) * q)),
    "nearest": lambda n, q: np.around((n - 1) * q),
}
"""Whole numbers, or halves for the mean of two neighbours."""


def _index(method: str, n: Any, q: Any) -> Any:
    if method in _CONTINUOUS:
        return _CONTINUOUS[method](n, q)
    return _DISCRETE[method](n, raw(q))


def _interpolated(rows: Any, n: Any, q: Any, method: str, nan_wins: bool) -> Any:
    """The quantiles `q` of each row, of which the first `n` in order count."""
    index = _index(method, n, q)
    low = np.floor(index)
    top = np.maximum(n - 1, 0)
    inside = (index >= 0) & (index < n - 1)
    first = np.where(inside, low, np.where(index < 0, 0, top)).astype(np.intp)
    if method in _DISCRETE and method not in ("midpoint", "averaged_inverted_cdf"):
        return _at_ranks(rows, first, nan_wins)
    second = np.where(inside, first + 1, first).astype(np.intp)
    pair = _at_ranks(rows, np.concatenate((first, second), axis=-1), nan_wins)
    k = first.shape[-1]
    a, b = pair[..., :k], pair[..., k:]
    t = cast(np.where(inside, index - low, 0), inexact(pair).dtype)
    step = b - a
    # NumPy's form, exact at both ends.
    return np.where(t >= 0.5, b - step * (1 - t), a + step * t)


# -- weights ------------------------------------------------------------------------------------


def _weighted(rows: Any, weights: Any, q: Any, nan_wins: bool) -> Any:
    """The first entries, in order, up to which the weights make up the shares `q` of all."""
    values, q = raw(rows), raw(q)
    order = np.argsort(values, axis=-1)
    present = values.shape[-1] - _missing(values)
    if not nan_wins:
        weights = np.where(np.isnan(values), 0, weights)  # they are last, and not to be reached
    cdf = np.cumsum(np.take_along_axis(weights, order, axis=-1), axis=-1, dtype=np.float64)
    total = cdf[..., -1:]
    if somewhere((present > 0) & ~((total > 0) & np.isfinite(total))):
        raise ValueError("Weights included NaN, inf or were all zero.")
    cdf = cdf / np.where(total > 0, total, 1)
    if q.dtype.kind == "f":
        cdf = cdf.astype(q.dtype)
    below = (cdf[..., None, :] < q[:, None]) | (cdf[..., None, :] == 0)
    ranks = np.minimum(np.sum(below, axis=-1), np.maximum(present, 1) - 1)
    return _at_ranks(rows, ranks, nan_wins)


# -- quantiles ----------------------------------------------------------------------------------

_WEIGHTS = np.array([[1.0, 2.0, 0.5], [0.3, 1.0, 1.0]])
_METHOD_CALLS = [
    *(call(draw(5, domain=real_only), 0.3, method=name) for name in (*_CONTINUOUS, *_DISCRETE)),
    *(call(draw(2, 4, domain=real_only), [0.4, 0.9], 1, method=name) for name in _DISCRETE),
    call(draw(3, 4, domain=real_only), np.array([[0.0, 0.2], [0.55, 1.0]]), axis=0),
    call(draw(2, 3, 2, domain=real_only), [0.1, 0.5], axis=(0, 2), keepdims=True),
    call(draw(2, 3, domain=real_only), 0.35, keepdims=True),
    call(draw(domain=real_only), 0.3),
    *(
        call(draw(2, 3, domain=real_only), *args, method="inverted_cdf", weights=_WEIGHTS)
        for args in ([0.6], [[0.3, 0.8], 1])
    ),
]


def _calls(scale: int) -> list[Any]:
    """The calls, with `q` in percent if `scale` is 100, and some in which `q` moves too."""
    scaled = [
        call(a, _times(q, scale), *rest, **c.kwargs)
        for c in _METHOD_CALLS
        for a, q, *rest in [c.args]
    ]
    shares = Domain(0.42 * scale, 0.46 * scale)  # no method has a kink there
    moving = [
        call(draw(4, domain=real_only), draw(domain=shares), method=name) for name in _CONTINUOUS
    ]
    return [*scaled, *moving, call(draw(3, 4, domain=real_only), draw(3, domain=shares), -1)]


def _times(q: Any, scale: int) -> Any:
    return q if scale == 1 else np.multiply(q, scale)


def _register_quantile(function: Function, scale: int, ignore_nan: bool) -> None:
    plain = np.quantile if scale == 1 else np.percentile

    @composite(function, calls=_calls(scale))
    def quantile(
        a: Any,
        q: Any,
        axis: Axis = None,
        out: Any = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: Any = False,
        *,
        weights: Any = None,
    ) -> Any:
        a = prepared(function, a, None, out)
        rows, weights = _rows(a, axis), raw(weights)
        options = {} if weights is None else {"weights": np.ones(1)}
        # NumPy goes first: it refuses what it refuses, and chooses the dtype.
        dtype = np.result_type(plain(np.zeros(1, a.dtype), sample(q), method=method, **options))
        if not rows.shape[-1]:
            empty = function(raw(a), raw(q), axis=axis, method=method, keepdims=keepdims)
            return apply(np.positive, (empty,))
        q = as_array(q)
        shares = np.ravel(q if scale == 1 else q / scale)
        if weights is not None:
            weights = _rows(_checked(weights, a, axis), axis)
            y = _weighted(rows, weights, shares, not ignore_nan)
        else:
            present: Any = rows.shape[-1]
            if ignore_nan and rows.dtype.kind == "f":
                present = present - _missing(rows)
            y = _interpolated(rows, present, shares, method, not ignore_nan)
        if ignore_nan:
            _warn_of_empty(rows, stacklevel=4)
        y = cast(y if is_tensor(y) else apply(np.positive, (y,)), dtype)
        y = np.reshape(np.moveaxis(y, -1, 0), q.shape + rows.shape[:-1])
        return _shaped(y, a, axis, keepdims)


def _checked(weights: Any, a: Any, axis: Axis) -> Any:
    weights = aligned(np.asarray(weights), a, axis)
    if somewhere(weights < 0):
        raise ValueError("Weights must be non-negative.")
    return np.broadcast_to(weights, a.shape)


for _function, _scale, _ignore_nan in (
    (np.quantile, 1, False),
    (np.percentile, 100, False),
    (np.nanquantile, 1, True),
    (np.nanpercentile, 100, True),
):
    _register_quantile(_function, _scale, _ignore_nan)
