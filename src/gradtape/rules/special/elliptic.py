"""Elliptic integrals, by Carlson's symmetric ones (NIST DLMF, chapter 19).

Legendre's are Carlson's, so are their derivatives, and those are integrals of one sign: no
formula here subtracts one elliptic integral from another.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import _ufuncs as special

from gradtape.core.domains import Domain, call, draw, positive_real, real_only
from gradtape.core.kinds import is_complex
from gradtape.core.rules import elementwise
from gradtape.rules.special.recorded import recorded

# -- Carlson's integrals ------------------------------------------------------------------------

_STEPS = 220


def carlson(p: Any, x: Any, y: Any, z: Any, w: Any) -> Any:
    """``integral over t > 0 of t**p[0] (t + x)**p[1] (t + y)**p[2] (t + z)**p[3] (t + w)**p[4]``.

    The numbers are positive, or 0 where the integral still exists; of others it is NaN. As an
    integral over ``log(t)`` it falls off exponentially to both sides, and is analytic in a strip of
    width 2 pi: the trapezoidal rule converges exponentially. A derivative in an argument is an
    integral of the same kind.
    """
    xs, p = (x, y, z, w), tuple(map(float, p))
    size = x + y + z + w
    logs = [np.log(np.where(x > 0, x, size)) for x in xs]
    low = np.minimum(np.minimum(*logs[:2]), np.minimum(*logs[2:]))
    high = np.maximum(np.maximum(*logs[:2]), np.maximum(*logs[2:]))
    left = 1 + p[0] + sum([np.where(x > 0, 0, q) for x, q in zip(xs, p[1:], strict=True)])
    start = low - 37 / np.where(left > 0, left, 1)
    step = (high - 37 / (1 + sum(p)) - start) / _STEPS
    total = 0
    for k in range(_STEPS + 1):
        t = np.exp(start + k * step)
        term = t ** (p[0] + 1)
        for x, q in zip(xs, p[1:], strict=True):
            if q:
                term = term * (t + x) ** q
        total = total + term
    bad = (xs[0] < 0) | (xs[1] < 0) | (xs[2] < 0) | (xs[3] < 0)
    value = np.where(left > 0, total * step, math.inf)
    return np.where(bad, math.nan, value).astype(size.dtype, copy=False)[()]


_carlson = recorded(carlson)


def _slope(p: Any, position: int, *xs: Any) -> Any:
    """The derivative of `carlson` in its number at `position`, 1 to 4."""
    if any(map(is_complex, xs)):
        raise TypeError(
            "Take derivatives of Carlson's elliptic integrals at real numbers: there is no rule "
            "for complex ones."
        )
    less = tuple([q - 1 if k == position else q for k, q in enumerate(p)])
    return p[position] * _carlson(less, *xs)


_H = -0.5
elementwise(
    carlson,
    None,
    lambda y, p, a, b, c, d: _slope(tuple(p), 1, a, b, c, d),
    lambda y, p, a, b, c, d: _slope(tuple(p), 2, a, b, c, d),
    lambda y, p, a, b, c, d: _slope(tuple(p), 3, a, b, c, d),
    lambda y, p, a, b, c, d: _slope(tuple(p), 4, a, b, c, d),
    domain=(positive_real,) * 5,
    calls=[call((0, _H, _H, _H, -1), *[draw(3, domain=positive_real)] * 4)],
)
elementwise(
    special.elliprf,
    lambda y, a, b, c: -special.elliprd(b, c, a) / 6,
    lambda y, a, b, c: -special.elliprd(a, c, b) / 6,
    lambda y, a, b, c: -special.elliprd(a, b, c) / 6,
    domain=(positive_real,) * 3,
)
elementwise(
    special.elliprd,
    lambda y, a, b, c: 1.5 * _slope((0, _H, _H, -1.5, 0), 1, a, b, c, c),
    lambda y, a, b, c: 1.5 * _slope((0, _H, _H, -1.5, 0), 2, a, b, c, c),
    lambda y, a, b, c: 1.5 * _slope((0, _H, _H, -1.5, 0), 3, a, b, c, c),
    domain=(positive_real,) * 3,
)
elementwise(
    special.elliprc,
    lambda y, a, b: 0.5 * _slope((0, _H, -1, 0, 0), 1, a, b, b, b),
    lambda y, a, b: 0.5 * _slope((0, _H, -1, 0, 0), 2, a, b, b, b),
    domain=(positive_real,) * 2,
)
_G = (1, _H, _H, _H, 0)  # of the derivatives, times -4
elementwise(
    special.elliprg,
    lambda y, a, b, c: -0.25 * _slope(_G, 1, a, b, c, c),
    lambda y, a, b, c: -0.25 * _slope(_G, 2, a, b, c, c),
    lambda y, a, b, c: -0.25 * _slope(_G, 3, a, b, c, c),
    domain=(positive_real,) * 3,
)
elementwise(
    special.elliprj,
    lambda y, a, b, c, p: 1.5 * _slope((0, _H, _H, _H, -1), 1, a, b, c, p),
    lambda y, a, b, c, p: 1.5 * _slope((0, _H, _H, _H, -1), 2, a, b, c, p),
    lambda y, a, b, c, p: 1.5 * _slope((0, _H, _H, _H, -1), 3, a, b, c, p),
    lambda y, a, b, c, p: 1.5 * _slope((0, _H, _H, _H, -1), 4, a, b, c, p),
    domain=(positive_real,) * 4,
    calls=[
        call(*[draw(2, domain=positive_real)] * 4),
        call(draw(domain=positive_real), 1.0, 2.0, 0.5),
    ],
)

# -- Legendre's: K = R_F(0, 1 - m, 1), E = K - m / 3 R_D(0, 1 - m, 1) (DLMF 19.25) --------------

_parameter = Domain(0.1, 0.8)
elementwise(special.ellipk, lambda y, m: special.elliprd(0.0, 1.0, 1 - m) / 6, domain=_parameter)
elementwise(special.ellipkm1, lambda y, p: -special.elliprd(0.0, 1.0, p) / 6, domain=_parameter)
elementwise(special.ellipe, lambda y, m: -special.elliprd(0.0, 1 - m, 1.0) / 6, domain=_parameter)


def _whole(phi: Any) -> tuple[Any, Any, Any]:
    """Half turns in `phi`; sine and squared cosine of the rest."""
    turns = np.round(phi / math.pi)
    rest = phi - math.pi * turns
    return turns, np.sin(rest), np.cos(rest) ** 2


def _over_turns(turns: Any, m: Any, complete: Any) -> Any:
    """What `turns` whole periods add, also where one would be infinite."""
    none = turns == 0
    return np.where(none, 0, 2 * turns * complete(np.where(none, 0, m)))


def first_in_parameter(phi: Any, m: Any) -> Any:
    """The derivative of `ellipkinc` in m."""
    turns, s, square = _whole(phi)
    rest = s**3 * special.elliprd(square, 1.0, 1 - m * s * s)
    return (rest + _over_turns(turns, m, lambda m: special.elliprd(0.0, 1.0, 1 - m))) / 6


def _second_in_parameter(phi: Any, m: Any) -> Any:
    """The derivative of `ellipeinc` in m."""
    turns, s, square = _whole(phi)
    rest = s**3 * special.elliprd(square, 1 - m * s * s, 1.0)
    return -(rest + _over_turns(turns, m, lambda m: special.elliprd(0.0, 1 - m, 1.0))) / 6


def _root(phi: Any, m: Any) -> Any:
    return np.sqrt(1 - m * np.sin(phi) ** 2)


elementwise(
    special.ellipkinc,
    lambda y, phi, m: 1 / _root(phi, m),
    lambda y, phi, m: first_in_parameter(phi, m),
    domain=(real_only, _parameter),
)
elementwise(
    special.ellipeinc,
    lambda y, phi, m: _root(phi, m),
    lambda y, phi, m: _second_in_parameter(phi, m),
    domain=(real_only, _parameter),
)


# With R_F(0, a**2, b**2) = pi / (2 agm(a, b)).
def _mean_slope(y: Any, a: Any, b: Any) -> Any:
    zero = y == 0  # where one of them is 0: the slope in that one is infinite
    p, q = np.where(zero, 1, a), np.where(zero, 1, b)
    slope = 2 / (3 * math.pi) * y * y * np.absolute(p) * special.elliprd(0.0, q * q, p * p)
    return np.where(zero, np.where(a == 0, math.inf, 0), slope)


elementwise(
    special.agm,
    lambda y, a, b: _mean_slope(y, a, b),
    lambda y, a, b: _mean_slope(y, b, a),
    domain=(positive_real, positive_real),
)
