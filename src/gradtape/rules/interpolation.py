"""Linear interpolation, and numbers evenly spaced between two ends."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradtape.core.dispatch import apply
from gradtape.core.domains import Domain, call, draw, positive, real_only
from gradtape.core.rules import composite, raw
from gradtape.rules.arguments import as_array, cast, joined, sample

# -- interp -------------------------------------------------------------------------------------

_KNOTS = np.array([-1.5, -0.7, 0.4, 1.2])


# With a kink at each knot: there the slope in x is that of the piece to its right, at the last knot
# that of the piece to its left. Outside the knots it is 0, and fp[0], fp[-1], left or right have
# the gradient.
@composite(
    np.interp,
    calls=[
        call(draw(2, 3, domain=real_only), _KNOTS, draw(4, domain=real_only)),
        call(draw(domain=Domain(-1.2, -0.9)), _KNOTS, draw(4)),
        call(draw(5, domain=real_only), _KNOTS, draw(4, domain=real_only), -1.0, 0.5),
        call(draw(3, domain=real_only), [0.5], draw(1), 1.0),
        call(draw(5, domain=real_only), [0.3, 1.45, 0.9], draw(3), period=1.7),
    ],
)
def _interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    x, xp = cast(as_array(x), np.float64), cast(as_array(xp), np.float64)
    fp = as_array(fp)
    fp = cast(fp, np.complex128 if fp.dtype.kind == "c" else np.float64)
    np.interp(0.0, sample(xp), sample(fp), period=sample(period))  # its errors
    if period is not None:
        x, xp, fp = _wrapped(x, xp, fp, np.absolute(period))
        left = right = None
    last = xp.shape[0] - 1
    knot = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, last)
    inside = _entries(fp, knot)
    if last:
        piece = np.minimum(knot, last - 1)
        width = _entries(xp, piece + 1) - _entries(xp, piece)
        rise = _entries(fp, piece + 1) - _entries(fp, piece)
        slope = rise / np.where(width == 0, 1, width)  # 0 where the last knot stands twice
        inside = inside + slope * (x - _entries(xp, knot))
    inside = np.where(x < xp[0], fp[0] if left is None else left, inside)
    return np.where(x > xp[-1], fp[-1] if right is None else right, inside)


def _entries(a: Any, places: Any) -> Any:
    """`np.take`, which looks for Tensors and batches in its first argument only."""
    return apply(np.take, (a, places))


def _wrapped(x: Any, xp: Any, fp: Any, period: Any) -> tuple[Any, Any, Any]:
    """The knots within one period, and one more at each side."""
    x, xp = x % period, xp % period
    order = np.argsort(xp)
    xp, fp = _entries(xp, order), _entries(fp, order)
    xp = np.concatenate((xp[-1:] - period, xp, xp[:1] + period))
    return x, xp, np.concatenate((fp[-1:], fp, fp[:1]))


# -- evenly spaced numbers ----------------------------------------------------------------------


@composite(
    np.linspace,
    calls=[
        call(draw(), draw(), 4),
        call(draw(2), 1.5, num=3, endpoint=False),
        call(draw(2, 1), draw(3), 3, axis=-1),
        call(0, draw(), 3, retstep=True),
        call(draw(), draw(), 1),
        call(draw(), draw(2), 0),
    ],
)
def _linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    start, stop = joined(start), joined(stop)
    # NumPy goes first: it refuses what it refuses, and chooses the dtypes.
    plain = np.linspace(sample(start), sample(stop), num, endpoint, dtype=dtype, axis=axis)
    if plain.dtype.kind not in "fc":
        return apply(np.positive, (plain,))
    divisions = num - 1 if endpoint else num
    rise = stop - start
    step = rise / divisions if divisions > 0 else math.nan
    kind = np.finfo(np.linspace(sample(start), sample(stop), 0).dtype).dtype
    count = np.reshape(np.arange(num, dtype=kind), (-1,) + (1,) * (plain.ndim - 1))
    y = start + count * (step if divisions > 0 else rise)
    if endpoint and num > 1:
        y = np.where(count == num - 1, stop, y)  # without rounding
    y = cast(np.moveaxis(y, 0, axis), plain.dtype)
    return (y, step) if retstep else y


@composite(
    np.logspace,
    calls=[
        call(draw(), draw(), 4),
        call(draw(2), draw(2), 3, endpoint=False, axis=1),
        call(0, draw(), 3, base=draw(domain=positive)),
        call(0.5, draw(), 3, base=draw(2, domain=positive)),
    ],
)
def _logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    start, stop, base = joined(start), joined(stop), joined(base)
    if np.ndim(raw(base)):
        rank = max(np.ndim(raw(value)) for value in (start, stop, base))
        start, stop, base = (
            np.reshape(value, (1,) * (rank - value.ndim) + value.shape)
            for value in map(as_array, (start, stop, base))
        )
        base = np.expand_dims(base, axis)
    y = np.power(base, np.linspace(start, stop, num, endpoint, axis=axis))
    return y if dtype is None else cast(y, dtype)


@composite(
    np.geomspace,
    calls=[
        call(draw(domain=positive), draw(domain=positive), 4),
        call(-2.0, draw(2, domain=Domain(-3.0, -1.0)), 3, endpoint=False, axis=-1),
        call(draw(domain=positive), 3.0, 1),
        call(draw(domain=positive), draw(domain=positive), 0),
    ],
)
def _geomspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    start, stop = joined(start), joined(stop)
    shown = [raw(start), raw(stop)]
    if hasattr(shown[0], "examples") or hasattr(shown[1], "examples"):
        shown = [np.ones(np.shape(end), np.result_type(end)) for end in shown]  # of one sign
    plain = np.geomspace(*shown, num, endpoint, dtype, axis)
    if plain.dtype.kind not in "fc":
        return apply(np.positive, (plain,))
    wide = np.geomspace(*shown, 0).dtype
    start, stop = cast(as_array(start), wide), cast(as_array(stop), wide)
    # Both are turned so that the first is a positive number, and the result is turned back.
    turn = np.sign(start)
    ends = start / turn, stop / turn
    y = np.logspace(*map(np.log10, ends), num, endpoint)
    count = np.reshape(np.arange(num), (-1,) + (1,) * (plain.ndim - 1))
    y = np.where(count == 0, ends[0], y)  # without rounding
    if endpoint and num > 1:
        y = np.where(count == num - 1, ends[1], y)
    return cast(np.moveaxis(y * turn, 0, axis), plain.dtype)
