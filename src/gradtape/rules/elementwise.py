"""Ufuncs that act on each entry alone: arithmetic, powers, exponentials, trigonometry, selection.

A partial derivative is ``lambda y, x: ...``: the result comes first, so that it can be reused. A
factor is a Python number, never a NumPy scalar, which would promote float32.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradtape.core.batching import everywhere
from gradtape.core.dispatch import apply
from gradtape.core.domains import (
    above_one,
    call,
    draw,
    nonzero,
    nonzero_real,
    positive,
    positive_real,
    real,
    real_only,
    unit,
)
from gradtape.core.handle import REAL_SCALARS
from gradtape.core.rules import (
    Over,
    composite,
    constant,
    elementwise,
    linear,
    primitive,
    selection,
)
from gradtape.rules.arguments import is_tensor

_LN2 = math.log(2.0)
_LN10 = math.log(10.0)

# -- arithmetic ---------------------------------------------------------------------------------

elementwise(np.add, 1, 1, domain=real)
elementwise(np.subtract, 1, -1, domain=real)
elementwise(np.multiply, lambda y, a, b: b, lambda y, a, b: a, domain=real)
elementwise(np.true_divide, Over(lambda y, a, b: b), lambda y, a, b: -y / b, domain=(real, nonzero))
elementwise(np.negative, -1, domain=real)
elementwise(np.positive, 1, domain=real)
elementwise(np.reciprocal, lambda y, x: -y * y, domain=nonzero)
elementwise(np.square, lambda y, x: 2 * x, domain=real)
elementwise(np.sqrt, lambda y, x: 0.5 / y, domain=positive)  # inf at 0: the one-sided slope
elementwise(np.cbrt, Over(lambda y, x: 3 * y * y), domain=nonzero_real)

# Both jump where a/b is an integer; between the jumps a - b * round(a/b) has these slopes.
elementwise(
    np.remainder, 1, lambda y, a, b: -np.floor_divide(a, b), domain=(real_only, positive_real)
)
elementwise(np.fmod, 1, lambda y, a, b: -np.trunc(a / b), domain=(real_only, positive_real))


def _power_in_base(y: Any, a: Any, b: Any) -> Any:
    if b.__class__ is int or b.__class__ is float:
        # In one pass; a number's slope stays a power, whose own derivatives are 0, not None.
        if b == 2 and a.__class__ not in REAL_SCALARS and bool(getattr(a, "ndim", 0)):
            return 2 * a
        if b:
            return b * a ** (b - 1)
    # x ** 0 is 1 everywhere, so its slope is 0 also at x = 0, where 0 * 0 ** -1 would be NaN.
    return b * np.where((a == 0) & (b == 0), 1, a) ** (b - 1)


def _power_in_exponent(y: Any, a: Any, b: Any) -> Any:
    # 0 ** b is 0 around every b > 0, so its slope is 0; at b <= 0 it jumps, and -inf stands.
    flat = (a == 0) & (np.real(b) > 0)
    return np.where(flat, 0, y * np.log(np.where(flat, 1, a)))


for _power in (np.power, np.float_power):
    elementwise(_power, _power_in_base, _power_in_exponent, domain=(positive, real))

# -- exponentials and logarithms ----------------------------------------------------------------

elementwise(np.exp, lambda y, x: y, domain=real)
elementwise(np.exp2, lambda y, x: y * _LN2, domain=real)
elementwise(np.expm1, lambda y, x: y + 1, domain=real)
elementwise(np.log, Over(lambda y, x: x), domain=positive)
elementwise(np.log2, Over(lambda y, x: x * _LN2), domain=positive)
elementwise(np.log10, Over(lambda y, x: x * _LN10), domain=positive)
elementwise(np.log1p, Over(lambda y, x: 1 + x), domain=positive)


def _share(exp: Any, one: Any, other: Any) -> Any:
    """The slope ``1 / (1 + exp(other - one))`` of ``log(exp(one) + exp(other))`` in `one`.

    Equal infinities share alike, as equal finite arguments do; their difference is NaN.
    """
    same = (one == other) & np.isinf(one)
    d = np.where(same, 0, one) - np.where(same, 0, other)
    # Each half where its exponential cannot overflow, which the second derivative would see.
    return np.where(d > 0, 1 / (1 + exp(-d)), exp(d) / (1 + exp(d)))


elementwise(
    np.logaddexp,
    lambda y, a, b: _share(np.exp, a, b),
    lambda y, a, b: _share(np.exp, b, a),
    domain=real_only,
)
elementwise(
    np.logaddexp2,
    lambda y, a, b: _share(np.exp2, a, b),
    lambda y, a, b: _share(np.exp2, b, a),
    domain=real_only,
)

# -- trigonometry -------------------------------------------------------------------------------

# On a cut the sign of a zero tells the side, and a sum of 0 and -0 loses it: hence differences.


def _one_minus_square(x: Any) -> Any:
    return -(x * x - 1) if x.dtype.kind == "c" else 1 - x * x


elementwise(np.sin, lambda y, x: np.cos(x), domain=real)
elementwise(np.cos, lambda y, x: -np.sin(x), domain=real)
elementwise(np.tan, lambda y, x: 1 + y * y, domain=unit)
elementwise(np.arcsin, Over(lambda y, x: np.sqrt(_one_minus_square(x))), domain=unit)
elementwise(np.arccos, Over(lambda y, x: -np.sqrt(_one_minus_square(x))), domain=unit)
elementwise(np.arctan, Over(lambda y, x: 1 + x * x), domain=unit)
elementwise(np.sinh, lambda y, x: np.cosh(x), domain=real)
elementwise(np.cosh, lambda y, x: np.sinh(x), domain=real)
elementwise(np.tanh, lambda y, x: 1 - y * y, domain=real)
elementwise(np.arcsinh, Over(lambda y, x: np.sqrt(x * x - -1)), domain=unit)
elementwise(np.arccosh, Over(lambda y, x: np.sqrt(x - 1) * np.sqrt(x - -1)), domain=above_one)
elementwise(np.arctanh, Over(lambda y, x: 1 - x * x), domain=unit)
for _ufunc, _factor in (
    (np.deg2rad, math.pi / 180),
    (np.radians, math.pi / 180),
    (np.rad2deg, 180 / math.pi),
    (np.degrees, 180 / math.pi),
):
    elementwise(_ufunc, lambda y, x, factor=_factor: factor, domain=real_only)

# arctan2 has no slope at the origin: NaN stands.
elementwise(
    np.arctan2,
    lambda y, a, b: b / np.hypot(a, b) / np.hypot(a, b),
    lambda y, a, b: -a / np.hypot(a, b) / np.hypot(a, b),
    domain=(nonzero_real, nonzero_real),
)
# hypot has a kink at the origin: 0 is its subgradient of least norm.
elementwise(
    np.hypot,
    lambda y, a, b: np.where(y == 0, 0, a / y),
    lambda y, a, b: np.where(y == 0, 0, b / y),
    domain=(nonzero_real, nonzero_real),
)

# -- sinc, Bessel functions ----------------------------------------------------------------------

_SINC_TERMS = tuple(2 * k * (2 * k + 3) for k in range(6, 0, -1))


def _sinc_slope(y: Any, x: Any) -> Any:
    # (cos(pi x) - sinc(x)) / x cancels near 0, where the first terms of its series are exact.
    t = math.pi * x
    near = np.absolute(t) < 0.5
    away = np.where(near, 1, x)
    square, series = np.where(near, t * t, 0), 1
    for factor in _SINC_TERMS:
        series = 1 - square / factor * series
    return np.where(near, -math.pi / 3 * t * series, (np.cos(math.pi * away) - y) / away)


elementwise(np.sinc, _sinc_slope, domain=real)


def bessel_i(order: int, x: Any) -> Any:
    """The modified Bessel function of the first kind."""
    from scipy.special import iv

    return iv(order, x)


def _bessel(order: int, x: Any) -> Any:
    return apply(bessel_i, (order, x)) if is_tensor(x) else bessel_i(order, x)


def _bessel_slope(y: Any, order: Any, x: Any) -> Any:
    return (_bessel(abs(order - 1), x) + _bessel(order + 1, x)) / 2


elementwise(np.i0, lambda y, x: _bessel(1, x), domain=real_only)
elementwise(
    bessel_i,
    None,
    _bessel_slope,
    domain=(real_only, real_only),
    calls=[call(n, draw(2, 3, domain=real_only)) for n in (0, 1, 2)],
)

# -- size, sign, parts --------------------------------------------------------------------------


def _absolute(y: Any, x: Any) -> Any:
    # |x| has a kink at 0: 0 is its subgradient of least norm.
    return np.where(y == 0, 0, np.conj(x) / y) if x.dtype.kind == "c" else np.sign(x)


def _sign_vjp(g: Any, y: Any, x: Any) -> Any:
    if x.dtype.kind != "c":
        return np.zeros_like(g)
    size = np.absolute(x)
    turn = g - y * np.real(np.conj(y) * g)
    return np.where(size == 0, 0, turn / np.where(size == 0, 1, size))


elementwise(np.absolute, _absolute, domain=nonzero)
elementwise(np.fabs, lambda y, x: np.sign(x), domain=nonzero_real)
primitive(np.sign, _sign_vjp, reads="y 0", calls=[call(draw(2, 3, domain=nonzero))])
elementwise(
    np.copysign,
    lambda y, a, b: np.sign(a) * np.copysign(1, b),
    0,
    domain=(nonzero_real, nonzero_real),
)
elementwise(
    np.heaviside, 0, lambda y, x, h: (x == 0).astype(y.dtype), domain=(nonzero_real, real_only)
)
elementwise(np.nextafter, 1, 0, domain=real_only)
linear(np.conjugate, lambda g, x: np.conj(g), moves=True, calls=[call(draw(2, 3)), call(draw())])
linear(
    np.real, lambda g, val: g, moves=True, batch=everywhere, calls=[call(draw(2, 3)), call(draw())]
)
linear(np.imag, lambda g, val: g * 1j, batch=everywhere, calls=[call(draw(2, 3)), call(draw())])


@composite(np.angle, calls=[call(draw(2, 3, domain=nonzero)), call(draw(3), deg=True)])
def _angle(z: Any, deg: bool = False) -> Any:
    angle = np.arctan2(np.imag(z), np.real(z))
    return np.degrees(angle) if deg else angle


# NumPy drops imaginary parts when all are small: whether the result is real depends on the values.

# -- one of two arguments -----------------------------------------------------------------------


def _not_beaten(beats: np.ufunc, a: Any, b: Any) -> Any:
    """Where `a` is the result: a tie is its own, and a NaN, unless `b` alone is NaN."""
    lost = beats(b, a)
    return ~lost if b.__class__ in (int, float) and b == b else ~lost & ((b == b) | (a != a))


# At a tie the first argument has the whole gradient, as in TensorFlow.
for _ufunc, _first in (
    (np.maximum, lambda y, a, b: _not_beaten(np.greater, a, b)),
    (np.minimum, lambda y, a, b: _not_beaten(np.less, a, b)),
    (np.fmax, lambda y, a, b: (a >= b) | np.isnan(b)),
    (np.fmin, lambda y, a, b: (a <= b) | np.isnan(b)),
):
    selection(
        _ufunc,
        _first,
        lambda y, a, b, first=_first: np.logical_not(first(y, a, b)),
        domain=(real, nonzero),
    )

# -- several results, powers of two -------------------------------------------------------------


@composite(np.divmod, calls=[call(draw(3, domain=real_only), draw(3, domain=positive_real))])
def _divmod(x1: Any, x2: Any, **options: Any) -> Any:
    return np.floor_divide(x1, x2, **options), np.remainder(x1, x2, **options)


@composite(np.modf, calls=[call(draw(3, domain=nonzero_real))])
def _modf(x: Any, **options: Any) -> Any:
    whole = np.trunc(x, **options)
    return x - whole, whole


primitive(
    np.frexp,
    lambda g, y, x: np.ldexp(g[0], -y[1]),
    reads="y",
    calls=[call(draw(3, domain=positive_real))],
)
elementwise(
    np.ldexp,
    lambda y, a, e: np.ldexp(np.ones_like(y), e),
    None,
    domain=(real_only, real_only),
    calls=[call(draw(3, domain=real_only), np.array([1, 2, -1]))],
)

# -- no gradient: piecewise constant, truth values, bits ----------------------------------------

constant(
    *(np.fix, np.round, np.around, np.isneginf, np.isposinf, np.iscomplex, np.isreal, np.isclose),
    batch=everywhere,
)
constant(
    *(np.floor, np.ceil, np.trunc, np.rint, np.floor_divide),
    *(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal),
    *(np.isfinite, np.isinf, np.isnan, np.isnat, np.signbit, np.spacing),
    *(np.logical_and, np.logical_or, np.logical_xor, np.logical_not),
    *(np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.bitwise_count, np.invert),
    *(np.left_shift, np.right_shift, np.gcd, np.lcm, np.packbits, np.unpackbits),
    *(np.busday_count, np.busday_offset, np.is_busday, np.datetime_as_string),
)
