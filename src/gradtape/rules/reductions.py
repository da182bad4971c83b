"""Functions that combine the entries along axes: sums, products, extremes.

NumPy's functions are composites here: they sort out ``where``, ``initial`` and ``dtype``, and then
call a primitive that takes only ``(a, axis, keepdims)``. The primitives are the private functions
of this file.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from gradtape.core.batching import Batching, reducing, searching
from gradtape.core.cotangents import Masked
from gradtape.core.dispatch import apply
from gradtape.core.domains import (
    Call,
    Domain,
    call,
    draw,
    nonzero,
    real,
)
from gradtape.core.kinds import somewhere, surely
from gradtape.core.rules import (
    Function,
    Primitive,
    composite,
    constant,
    linear,
    raw,
    register,
)
from gradtape.rules.arguments import (
    Axis,
    cast,
    conj,
    from_front,
    kept,
    length_along,
    prepared,
    to_front,
)

# -- kinds of rules -----------------------------------------------------------------------------


def _sum_transpose(g: Any, a: Any, axis: Axis = None, keepdims: bool = False, **_: Any) -> Any:
    return kept(g, axis, keepdims)


class Reduction(Primitive):
    """A primitive whose entries reach the results that they would reach in a sum.

    So an entry all of whose results are masked is masked too. `spread` is the transpose of that
    sum, for it tells which these are. A product may return `Masked` itself: both masks hold.
    """

    spread: Function = staticmethod(_sum_transpose)

    def cotangent(self, position: int, g: Any, mask: Any, saved: Any, kwargs: Any) -> Any:
        """The cotangent of one argument."""
        c = super().cotangent(position, g, mask, saved, kwargs)
        if mask is None or c.__class__ is not Masked:
            return c
        return Masked(c.value, np.logical_and(c.mask, self._live(mask, saved, kwargs)))

    def mask(self, position: int, c: Any, mask: Any, saved: Any, kwargs: Any) -> Any:
        """`c` with the mask of the entries that reach a live result."""
        live = self._live(mask, saved, kwargs)
        return Masked(np.where(live, c, 0), live)

    def _live(self, mask: Any, saved: Any, kwargs: Any) -> Any:
        return self.spread(mask.astype(np.float64), *map(raw, saved[1:]), **kwargs) != 0


def reduction(
    function: Function,
    vjp: Function,
    *,
    reads: str,
    calls: Sequence[Call],
    kind: type[Reduction] = Reduction,
    batch: Batching = reducing,
) -> None:
    """Register a `Reduction`."""
    register(kind(function, [vjp], reads=reads, calls=calls, batch=batch))


def _reducer(ufunc: Any, function: Function) -> Function:
    """`function` as a primitive, past its Python wrapper where the array is NumPy's own."""

    def primitive(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
        if isinstance(a, (np.ndarray, np.generic)):
            return ufunc.reduce(a, axis, None, None, keepdims)
        return function(a, axis=axis, keepdims=keepdims)

    primitive.__module__, primitive.__qualname__ = "numpy", function.__name__
    return primitive


# -- calls -----------------------------------------------------------------------------------


def over(primitive: Function, a: Any, axis: Axis, keepdims: Any) -> Any:
    """Apply `primitive`; the plain calls go the fast way, without keyword arguments."""
    if not keepdims:
        if axis is None:
            return apply(primitive, (a,))
        if axis.__class__ is int:
            return apply(primitive, (a, axis))
    return apply(primitive, (a,), {"axis": axis, "keepdims": bool(keepdims)})


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
MASK = np.array([[True, False, True], [True, True, False]])
"""Some entries of an array of shape (2, 3)."""


def calls_along(*more: Call, domain: Domain = real, **options: Any) -> list[Call]:
    """Calls over ranks, axes and keepdims, and `more`."""
    return [*(call(draw(*s, domain=domain), **k, **options) for s, k in _SHAPES), *more]


# -- totals -------------------------------------------------------------------------------------


def without_nan(a: Any, neutral: int) -> Any:
    """`a` with `neutral` in place of NaN."""
    return np.where(np.isnan(a), neutral, a) if a.dtype.kind in "fc" else a


def _register_total(
    function: Function, primitive: Function, combine: np.ufunc, ignore_nan: bool = False
) -> Function:
    """A rule of the sum or product that `primitive` computes; `combine` adds `initial`."""
    neutral: int = combine.identity

    @composite(
        function,
        calls=calls_along(
            call(draw(2, 3), axis=1, where=MASK, initial=1.5),
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
            a = prepared(function, a, dtype, out)
        if ignore_nan:
            a = without_nan(a, neutral)
        if where is not True:
            a = np.where(where, a, neutral)
        y = over(primitive, a, axis, keepdims)
        if initial is not None:
            y = combine(y, cast(initial, y.dtype))
        return y if dtype is None else cast(y, dtype)  # NumPy widens small integers unasked

    return total


_sum = _reducer(np.add, np.sum)
linear(_sum, _sum_transpose, moves=True, calls=calls_along(), batch=reducing)


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
    others = from_front(_others(to_front(a, axis)), a.shape, axis)
    return kept(g, axis, keepdims) * conj(others)


_prod = _reducer(np.multiply, np.prod)
reduction(_prod, _prod_vjp, reads="0", calls=calls_along())

np_sum = _register_total(np.sum, _sum, np.add)
np_prod = _register_total(np.prod, _prod, np.multiply)
_register_total(np.nansum, _sum, np.add, ignore_nan=True)
_register_total(np.nanprod, _prod, np.multiply, ignore_nan=True)

# -- extremes -----------------------------------------------------------------------------------


def _attained(
    g: Any, y: Any, a: Any, axis: Axis = None, keepdims: bool = False, *, nan: bool
) -> Any:
    """Cotangent of a maximum or minimum: ties share it evenly, the other entries are masked.

    With `nan`, a NaN is attained by the NaNs that made it.
    """
    g, y = kept(g, axis, keepdims), kept(y, axis, keepdims)
    taken = a == y
    ties = _ties(taken, axis, g.dtype)
    if nan and not surely(ties):
        taken = np.logical_or(taken, np.logical_and(np.isnan(a), np.isnan(y)))
        ties = _ties(taken, axis, g.dtype)
    return Masked(np.where(taken, g / ties, 0), raw(taken))


def _ties(taken: Any, axis: Axis, dtype: Any) -> Any:
    if axis is None or not taken.ndim:
        return np.count_nonzero(taken)
    return np.sum(taken, axis=axis, keepdims=True).astype(dtype)


def _least(dtype: np.dtype[Any], of: np.ufunc) -> Any:
    """What `of`, a maximum or minimum, never prefers to a value of `dtype`."""
    largest = of in (np.minimum, np.fmin)
    if dtype.kind == "b":
        return largest
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return int(limits.max if largest else limits.min)
    return math.inf if largest else -math.inf


_EXTREME_CALLS = calls_along(
    call(draw(2, 3), axis=1, where=MASK, initial=0.3),
    call(draw(2, 3, domain=nonzero), axis=0, initial=-0.1),
)


def _register_extreme(ufunc: np.ufunc, function: Function, *aliases: Function) -> Function:
    """Rules of the maximum or minimum that `ufunc` folds.

    `fmax` and `fmin` ignore NaN: it then has gradient 0, also where nothing else is there.
    """
    ignores_nan = ufunc in (np.fmax, np.fmin)
    primitive = _reducer(ufunc, function)
    vjp = partial(_attained, nan=not ignores_nan)
    reduction(primitive, vjp, reads="y 0", calls=calls_along())

    def extreme(
        a: Any,
        axis: Axis = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        if out is not None:
            a = prepared(function, a, None, out)
        if where is not True:
            if initial is None:
                return function(raw(a), axis=axis, where=raw(where))  # raises: initial is missing
            a = np.where(where, a, _least(a.dtype, ufunc))
        if initial is None:
            return over(primitive, a, axis, keepdims)
        initial = cast(initial, a.dtype)
        if length_along(a, axis):
            return ufunc(over(primitive, a, axis, keepdims), initial)
        return np.sum(a, axis=axis, keepdims=keepdims) + initial

    implementation = _warning_of_nan(extreme) if ignores_nan else extreme
    composite(function, *aliases, calls=_EXTREME_CALLS)(implementation)
    return extreme


def _warning_of_nan(extreme: Function) -> Function:
    """`extreme`, warning at the user's line of a result that had nothing but NaN to choose from."""

    def warning(*args: Any, **kwargs: Any) -> Any:
        y = extreme(*args, **kwargs)
        if somewhere(np.isnan(raw(y))):
            warnings.warn("All-NaN slice encountered", RuntimeWarning, stacklevel=4)
        return y

    return warning


np_max = _register_extreme(np.maximum, np.max, np.amax)
np_min = _register_extreme(np.minimum, np.min, np.amin)
np_nanmax = _register_extreme(np.fmax, np.nanmax)
np_nanmin = _register_extreme(np.fmin, np.nanmin)


@composite(np.ptp, calls=calls_along())
def _np_ptp(a: Any, axis: Axis = None, out: Any = None, keepdims: Any = False) -> Any:
    a = prepared(np.ptp, a, None, out)
    return np_max(a, axis, None, keepdims) - np_min(a, axis, None, keepdims)


# -- no gradient --------------------------------------------------------------------------------

constant(np.any, np.all, np.count_nonzero, batch=reducing)
constant(
    *(np.argmax, np.argmin, np.nanargmax, np.nanargmin),
    batch=searching,
)
