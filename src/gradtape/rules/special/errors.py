"""The error function, its relatives, and the normal distribution.

Their scaled forms share one family, ``f_n(x) = exp(x**2) i^n erfc(x)`` with the repeated integrals
of DLMF 7.18: ``f_0`` is `erfcx`, and ``f_n' = -2 (n + 1) f_{n+1}``. So no derivative of any order
is a difference of large numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import _ufuncs as special

from gradtape.core.domains import Domain, call, draw, positive_real
from gradtape.core.kinds import is_complex
from gradtape.core.rules import elementwise
from gradtape.rules.special.recorded import recorded

_ROOT_PI, _ROOT_2, _ROOT_2PI = math.sqrt(math.pi), math.sqrt(2.0), math.sqrt(2 * math.pi)
_real = Domain(-2.0, 2.0, complex=True)
_real_only = Domain(-2.0, 2.0)
_fraction = Domain(0.1, 0.9)

# -- repeated integrals -------------------------------------------------------------------------


def scaled_integral(n: int, x: Any) -> Any:
    """``exp(x**2) i^n erfc(x)``, where ``i^n erfc`` is the complementary error function integrated.

    To the right by the continued fraction of the ratios of neighbours, which is that of the
    recurrence's minimal solution (DLMF 7.18.7, 3.10); far away by the asymptotic series (7.18.14);
    elsewhere by the recurrence itself, which there loses little.
    """
    right = np.real(x) > 1.5
    result = np.where(
        right, _by_fraction(n, np.where(right, x, 2)), _by_recurrence(n, np.where(right, 1, x))
    )
    if is_complex(x):
        far = (np.absolute(x) > 6.5) & (np.real(x) > -0.5 * np.absolute(np.imag(x)))
        result = np.where(far, _by_series(n, np.where(far, x, 10)), result)
    return result.astype(x.dtype, copy=False)[()]


def _by_fraction(n: int, x: Any) -> Any:
    ratio, product = 0, special.erfcx(x)
    for k in range(80 + n, 0, -1):
        ratio = 1 / (2 * x + 2 * (k + 1) * ratio)  # of f_k and f_{k-1}
        if k <= n:
            product = product * ratio
    return product


def _by_recurrence(n: int, x: Any) -> Any:
    before, f = 2 / _ROOT_PI, special.erfcx(x)
    for k in range(1, n + 1):
        before, f = f, (before / 2 - x * f) / k
    return f


def _by_series(n: int, x: Any) -> Any:
    z = 1 / (2 * x) ** 2
    term = 2 / _ROOT_PI / (2 * x) ** (n + 1)
    total = term
    for m in range(25):
        term = -term * z * ((2 * m + n + 1) * (2 * m + n + 2) / (m + 1))
        total = total + term
    return total


_scaled = recorded(scaled_integral)
elementwise(
    scaled_integral,
    None,
    lambda y, n, x: -2 * (n + 1) * _scaled(n + 1, x),
    domain=(_real, _real),
    calls=[call(1, draw(2, 3, domain=_real)), call(2, draw(domain=Domain(1.0, 3.0)))],
)

# -- error functions ----------------------------------------------------------------------------

elementwise(special.erf, lambda y, x: 2 / _ROOT_PI * np.exp(-x * x), domain=_real)
elementwise(special.erfc, lambda y, x: -2 / _ROOT_PI * np.exp(-x * x), domain=_real)
elementwise(special.erfi, lambda y, x: 2 / _ROOT_PI * np.exp(x * x), domain=_real)
elementwise(special.erfcx, lambda y, x: -2 * _scaled(1, x), domain=_real)
elementwise(special.wofz, lambda y, x: _scaled(1, x * -1j) * 2j, domain=_real)
# inf at -1 and 1, and at 0 and 2
elementwise(special.erfinv, lambda y, x: _ROOT_PI / 2 * np.exp(y * y), domain=Domain(-0.85, 0.85))
elementwise(special.erfcinv, lambda y, x: -_ROOT_PI / 2 * np.exp(y * y), domain=Domain(0.2, 1.8))


def _dawson_slope(x: Any) -> Any:
    """``1 - 2 x dawsn(x)``, even in x."""
    if not is_complex(x):
        return _ROOT_PI * np.real(_scaled(1, x * -1j))
    z = np.where(np.imag(x) < 0, -x, x)
    return _ROOT_PI * (_scaled(1, z * -1j) - 1j * z * np.exp(-z * z))


elementwise(special.dawsn, lambda y, x: _dawson_slope(x), domain=_real)


def _voigt(order: int, s: Any, x: Any, g: Any) -> Any:
    """``s**(order + 1) / sqrt(pi)`` times derivative `order` of `wofz` at ``(x + i g) s``."""
    factor = 2j if order == 1 else -8  # w' = 2i f_1(-iz), w'' = -8 f_2(-iz)
    return factor * _scaled(order, s * (g - x * 1j)) * (s ** (order + 1) / _ROOT_PI)


def _voigt_slope(order: int, x: Any, sigma: Any, g: Any) -> Any:
    """Derivative `order` in x + i g; for sigma = 0 that of ``i / pi / (x + i g)``, Lorentz."""
    sharp = sigma == 0
    z = np.where(sharp, x + g * 1j, 1)
    lorentz = (-1j if order == 1 else 2j) / math.pi / z ** (order + 1)
    return np.where(sharp, lorentz, _voigt(order, 1 / (_ROOT_2 * np.where(sharp, 1, sigma)), x, g))


elementwise(
    special.voigt_profile,
    lambda y, x, s, g: np.real(_voigt_slope(1, x, s, g)),
    # The profile solves the heat equation, with sigma**2 / 2 for time.
    lambda y, x, s, g: s * np.real(_voigt_slope(2, x, s, g)),
    lambda y, x, s, g: -np.imag(_voigt_slope(1, x, s, g)),
    domain=(_real_only, positive_real, positive_real),
)

# -- the normal distribution --------------------------------------------------------------------


def _inverse_mills(x: Any) -> Any:
    """The density over the distribution, without a quotient of two tiny or two huge numbers."""
    density = np.exp(-x * x / 2) / _ROOT_2PI
    if is_complex(x):
        return density / special.ndtr(x)
    left = x < 0
    low = _ROOT_2 / _ROOT_PI / special.erfcx(-np.where(left, x, 0) / _ROOT_2)
    return np.where(left, low, density / special.ndtr(np.where(left, 0, x)))


elementwise(special.ndtr, lambda y, x: np.exp(-x * x / 2) / _ROOT_2PI, domain=_real)
elementwise(special.ndtri, lambda y, x: _ROOT_2PI * np.exp(y * y / 2), domain=_fraction)
elementwise(special.log_ndtr, lambda y, x: _inverse_mills(x), domain=_real)
elementwise(special.ndtri_exp, lambda y, x: 1 / _inverse_mills(y), domain=Domain(-3.0, -0.2))
elementwise(
    special.owens_t,
    lambda y, h, a: -np.exp(-h * h / 2) / (2 * _ROOT_2PI) * special.erf(a * h / _ROOT_2),
    lambda y, h, a: np.exp(-h * h * (1 + a * a) / 2) / (2 * math.pi * (1 + a * a)),
    domain=(_real_only, _real_only),
)
