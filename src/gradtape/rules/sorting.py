"""Functions that put entries in order: sorting, medians, unique entries."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw
from gradtape.core.handle import settled
from gradtape.core.rules import Function, composite, constant, linear, raw
from gradtape.rules.arguments import Axis, as_array, axes_of, cast, counting, prepared, to_front
from gradtape.rules.reductions import calls_along

# -- order --------------------------------------------------------------------------------------


def permute(a: Any, *, order: Any, axis: int) -> Any:
    """`a` with the entries along `axis` in another order: what is recorded."""
    return np.take_along_axis(a, order, axis)


def _permute_back(g: Any, a: Any, order: Any, axis: int) -> Any:
    back = np.empty_like(order)
    np.put_along_axis(back, order, counting(axis, order.shape), axis)
    return np.take_along_axis(g, back, axis)


linear(
    permute,
    _permute_back,
    moves=True,
    calls=[call(draw(2, 3), order=np.array([[2, 0, 1], [0, 2, 1]]), axis=1)],
)


def _ordered(argsort: Any, a: Any, axis: Any, *args: Any, **kwargs: Any) -> Any:
    """`a` in the order that `argsort` finds."""
    if axis is None:
        a, axis = np.ravel(a), -1
    axis = normalize_axis_index(axis, a.ndim)
    order = argsort(raw(a), *args, axis=axis, **kwargs)
    return apply(permute, (a,), {"order": settled(order), "axis": axis})


@composite(
    np.sort,
    calls=[
        call(draw(5)),
        call(draw(3, 4), axis=0),
        call(draw(3, 4), axis=None),
        call(draw(2, 3, 2), 1, stable=True),
    ],
)
def _sort(
    a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Any:
    return _ordered(np.argsort, a, axis, kind=kind, order=order, stable=stable)


@composite(np.sort_complex, calls=[call(draw(2, 3)), call(draw(0))])
def _sort_complex(a: Any) -> Any:
    a = as_array(a)
    return cast(np.sort(a), np.sort_complex(np.zeros(0, a.dtype)).dtype)


@composite(
    np.partition,
    calls=[
        call(draw(5), 2),
        call(draw(3, 4), (0, -1), axis=0),
        call(draw(3, 4), 5, axis=None),
    ],
)
def _partition(
    a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None
) -> Any:
    return _ordered(np.argpartition, a, axis, raw(kth), kind=kind, order=order)


@composite(
    np.unique,
    calls=[
        call(draw(4)),
        call(draw(3, 2), axis=1),
    ],
)
def _unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    **options: Any,
) -> Any:
    _, first, inverse, counts = apply(_unique_parts, (ar,), {"axis": axis, **options})
    values = np.take(ar, first, axis)
    results = [values]
    results += [first] * return_index + [inverse] * return_inverse + [counts] * return_counts
    return tuple(results) if len(results) > 1 else values


def _unique_parts(ar: Any, axis: Any, **options: Any) -> Any:
    return tuple(np.unique(ar, True, True, True, axis, **options))


# -- median -------------------------------------------------------------------------------------


def _middle(a: Any, axis: Axis, keepdims: bool, ignore_nan: bool) -> Any:
    """The mean of the one or two entries in the middle of each slice.

    Which these are is no differentiable question, so they are found in the plain values; among
    equal entries one has the gradient.
    """
    rows = np.moveaxis(to_front(a, axis), 0, -1)
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
    axes = axes_of(axis, a.ndim)
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
    @composite(function, calls=calls_along())
    def median(
        a: Any,
        axis: Axis = None,
        out: Any = None,
        overwrite_input: bool = False,
        keepdims: Any = False,
    ) -> Any:
        return _middle(prepared(function, a, None, out), axis, keepdims, ignore_nan)


_register_median(np.median, ignore_nan=False)
_register_median(np.nanmedian, ignore_nan=True)

# -- positions carry no gradient ----------------------------------------------------------------

constant(_unique_parts)
constant(
    *(np.argsort, np.argpartition, np.lexsort, np.searchsorted, np.digitize, np.isin),
)
constant(*[getattr(np, name) for name in ["in1d"] if hasattr(np, name)])  # until NumPy 2.3
