"""Gamma, beta and zeta functions.

NIST DLMF, chapters 5 and 25.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.polynomial import polynomial
from scipy.special import _ufuncs as special

from gradtape.core.domains import Domain, call, draw, positive, positive_real
from gradtape.core.kinds import is_complex
from gradtape.core.rules import constant, elementwise
from gradtape.rules.special.recorded import recorded
from gradtape.rules.special.unavailable import unavailable

_upward = Domain(1.2, 4.0, complex=True)
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798)
"""The numbers ``B_2, B_4, ...``."""

# -- polygamma ----------------------------------------------------------------------------------


def polygamma(n: Any, x: Any) -> Any:
    """The `n`-th derivative of `psi`; of complex numbers too, for one positive integer `n`."""
    if is_complex(x):
        return _complex_polygamma(int(n), x)
    n = np.asarray(n) if isinstance(n, (int, float)) else n
    above = (-1.0) ** (n + 1) * special.gamma(n + 1.0) * special._zeta(n + 1.0, x)
    return np.where(n == 0, special.psi(x), above).astype(x.dtype, copy=False)[()]


def _complex_polygamma(n: int, z: Any) -> Any:
    """By DLMF 5.15.6 into the right half plane, by 5.15.5 away from 0, there by 5.15.8."""
    left = np.real(z) < 0
    w = np.where(left, 1 - z, z)
    total, factor = 0, (-1) ** (n + 1) * math.factorial(n)
    for k in range(16):
        total = total + factor / (w + k) ** (n + 1)
    w = w + 16
    series = factor / n / w**n + factor / 2 / w ** (n + 1)
    for j, b in enumerate(_BERNOULLI, 1):
        rising = math.factorial(2 * j + n - 1) / math.factorial(2 * j)
        series = series + (-1) ** (n + 1) * b * rising / w ** (2 * j + n)
    total = total + series
    mirror = math.pi * _cotangent(n, np.where(left, z, 0.5))
    return np.where(left, (-1) ** n * total - mirror, total).astype(z.dtype, copy=False)[()]


def _cotangent(n: int, z: Any) -> Any:
    """The `n`-th derivative of ``cot(pi z)``: a polynomial in the cotangent."""
    coefficients: Any = np.array([0.0, 1.0])
    for _ in range(n):
        coefficients = -math.pi * polynomial.polymul([1, 0, 1], polynomial.polyder(coefficients))
    return polynomial.polyval(1 / np.tan(math.pi * z), coefficients)


_polygamma = recorded(polygamma)
elementwise(
    polygamma,
    unavailable("polygamma", "n"),
    lambda y, n, x: _polygamma(n + 1, x),
    domain=(positive, _upward),
    calls=[
        call(1, draw(2, 3, domain=_upward)),
        call(2, draw(domain=_upward)),
        call(np.array([0, 1, 3]), draw(3, domain=positive_real)),
    ],
)
elementwise(special.psi, lambda y, x: _polygamma(1, x), domain=_upward)

# -- gamma --------------------------------------------------------------------------------------


def reciprocal_slope(y: Any, x: Any) -> Any:
    """The derivative of ``y = rgamma(x)``, by the reflection formula where x < 1/2.

    At the poles of gamma, 0, -1, ..., it is ``(-1)**n n!``.
    """
    if is_complex(x):
        return -y * special.psi(x)
    left = x < 0.5
    mirror = 1 - np.where(left, x, 0)
    turn = np.cos(math.pi * (x - 2 * np.round(x / 2)))
    reflected = special.gamma(mirror) * turn - y * special.psi(mirror)
    return np.where(left, reflected, -y * special.psi(np.where(left, 1, x)))


elementwise(special.gamma, lambda y, x: y * special.psi(x), domain=_upward)
elementwise(special.gammaln, lambda y, x: special.psi(x), domain=positive_real)
elementwise(special.loggamma, lambda y, x: special.psi(x), domain=_upward)
elementwise(special.rgamma, reciprocal_slope, domain=_upward)
constant(special.gammasgn)


def psi_step(a: Any, b: Any) -> Any:
    """``psi(a + b) - psi(a)`` where both are positive, without cancellation (DLMF 5.11.2)."""
    total = 0
    for k in range(10):
        total = total + b / ((a + k) * (a + b + k))
    low, high = a + 10, a + b + 10
    total = total + np.log1p(b / low) + b / (2 * low * high)
    for j, c in enumerate(_BERNOULLI, 1):
        total = total - c / (2 * j) * (high ** (-2 * j) - low ** (-2 * j))
    return total


elementwise(
    psi_step,
    lambda y, a, b: _polygamma(1, a + b) - _polygamma(1, a),
    lambda y, a, b: _polygamma(1, a + b),
    domain=(positive_real, positive_real),
)
_psi_step = recorded(psi_step)


def step(a: Any, b: Any) -> Any:
    """``psi(a + b) - psi(a)``."""
    safe = (a > 0) & (a + b > 0)
    accurate = _psi_step(np.where(safe, a, 1), np.where(safe, b, 1))
    return np.where(safe, accurate, special.psi(a + b) - special.psi(a))


def _reciprocal(x: Any) -> Any:
    """The derivative of `rgamma`."""
    return reciprocal_slope(special.rgamma(x), x)


# Where gamma has a pole below the fraction line the value is 0, and the derivative is not.


def _poch_in_z(y: Any, z: Any, m: Any) -> Any:
    dead = y == 0
    pole = y * special.psi(z + m) + special.gamma(z + m) * _reciprocal(z)
    return np.where(dead, pole, y * step(np.where(dead, 1, z), m))


elementwise(
    special.poch,
    _poch_in_z,
    lambda y, z, m: y * special.psi(z + m),
    domain=(positive_real, positive_real),
)


def _binom_in_n(y: Any, n: Any, k: Any) -> Any:
    dead = y == 0
    scale = special.gamma(n + 1) * special.rgamma(k + 1)
    pole = y * special.psi(n + 1) + scale * _reciprocal(n - k + 1)
    return np.where(dead, pole, y * step(np.where(dead, 1, n - k + 1), np.where(dead, 1, k)))


def _binom_in_k(y: Any, n: Any, k: Any) -> Any:
    dead = y == 0
    first = _reciprocal(k + 1) * special.rgamma(n - k + 1)
    pole = special.gamma(n + 1) * (first - special.rgamma(k + 1) * _reciprocal(n - k + 1))
    return np.where(dead, pole, y * step(np.where(dead, 1, k + 1), np.where(dead, 1, n - 2 * k)))


elementwise(special.binom, _binom_in_n, _binom_in_k, domain=(Domain(4.0, 6.0), positive_real))

# -- beta ---------------------------------------------------------------------------------------

elementwise(
    special.beta,
    lambda y, a, b: -y * step(a, b),
    lambda y, a, b: -y * step(b, a),
    domain=(positive_real, positive_real),
)
elementwise(
    special.betaln,
    lambda y, a, b: -step(a, b),
    lambda y, a, b: -step(b, a),
    domain=(positive_real, positive_real),
)

# -- zeta ---------------------------------------------------------------------------------------


def zeta_in_exponent(s: Any, q: Any) -> Any:
    """The derivative in `s` of ``sum((q + k)**-s)``, by Euler and Maclaurin (DLMF 25.11.5)."""
    total = 0
    for k in range(12):
        total = total - np.log(q + k) * (q + k) ** -s
    end = q + 12
    log, power = np.log(end), end**-s
    lead = end / (s - 1) + 0.5
    slope = -end / (s - 1) ** 2
    rising, change, scale = s, 1, 1 / end
    for j, b in enumerate(_BERNOULLI, 1):
        c = b / math.factorial(2 * j) * scale
        lead, slope = lead + c * rising, slope + c * change
        one, two = s + (2 * j - 1), s + 2 * j
        rising, change = rising * one * two, change * one * two + rising * (one + two)
        scale = scale / (end * end)
    return total + power * (slope - log * lead)


def riemann_slope(s: Any) -> Any:
    """The derivative of the Riemann zeta function; left of -0.3 by its reflection (DLMF 25.4.1)."""
    left = np.real(s) < -0.3
    right = zeta_in_exponent(np.where(left, 2, s), 1.0)
    t = 1 - np.where(left, s, -2)
    scale = 2 * (2 * math.pi) ** -t * special.gamma(t)
    sine, cosine = np.sin(math.pi / 2 * (1 - t)), np.cos(math.pi / 2 * (1 - t))
    change = (math.log(2 * math.pi) - special.psi(t)) * sine + math.pi / 2 * cosine
    return np.where(
        left,
        scale * (change * special._riemann_zeta(t) - sine * zeta_in_exponent(t, 1.0)),
        right,
    )


elementwise(
    special._zeta,
    lambda y, x, q: np.where(np.isnan(y), y, zeta_in_exponent(x, q)),
    lambda y, x, q: -x * special._zeta(x + 1, q),
    domain=(Domain(1.5, 4.0), positive_real),
)
elementwise(special._riemann_zeta, lambda y, x: riemann_slope(x), domain=_upward)
elementwise(special.zetac, lambda y, x: riemann_slope(x), domain=Domain(1.5, 4.0))
