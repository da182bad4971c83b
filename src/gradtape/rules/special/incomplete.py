"""The densities of the gamma and the beta distribution, and what the parameters do below them.

The incomplete gamma and beta functions, and all distributions made of them, have densities as
their slopes. Their derivatives in the parameters have no closed form. Here they are

- near an end of the interval, the derivative of the power series there (DLMF 8.7.1, 8.17.7);
- elsewhere the integral of the derivative of the density, over the tail in which it has one sign:
  nothing cancels. After scaling by the width of the integrand, the trapezoidal rule in ``w`` with
  ``v = exp(w - exp(-w))`` converges exponentially [1]_.

Parameters go up to second derivatives; a third is an error that says so.

References
----------
.. [1] H. Takahasi and M. Mori, "Double exponential formulas for numerical integration", Publ. RIMS
   9, 1974.
.. [2] R. J. Boik and J. F. Robison-Cox, "Derivatives of the incomplete beta function", J. Stat.
   Software 3, 1998: what these derivatives are, and are needed for.
"""

from __future__ import annotations

import math
from typing import Any, NoReturn

import numpy as np
from scipy.special import _ufuncs as special

from gradtape.core.domains import Domain, call, draw, positive_real
from gradtape.core.rules import elementwise
from gradtape.rules.special.gamma import psi_step, step
from gradtape.rules.special.recorded import recorded

_STEP = 1 / 14
_NODES = [
    (v, _STEP * v * (1 + math.exp(-w)))
    for w in (_STEP * k for k in range(-50, 67))
    for v in (math.exp(w - math.exp(-w)),)
]
"""Points ``v`` and weights of an integral over all positive ``v``."""

# -- powers over gamma functions, without cancellation of large logarithms ----------------------

_STIRLING = (
    1 / 12,
    -1 / 360,
    1 / 1260,
    -1 / 1680,
    1 / 1188,
    -691 / 360360,
    1 / 156,
    -3617 / 122400,
)
_ROOT_2PI = math.sqrt(2 * math.pi)


def _correction(a: Any) -> Any:
    """``log(gamma(a + 1) / sqrt(2 pi a) * (e / a)**a)`` for positive `a` (DLMF 5.11.1)."""
    far = a >= 10
    z = 1 / np.where(far, a, 10)
    series = _STIRLING[-1] * z * z
    for c in reversed(_STIRLING[1:-1]):
        series = (series + c) * z * z
    near = np.where(far, 1, a)
    exact = special.gammaln(near + 1) - special.xlogy(near + 0.5, near) + near
    return np.where(far, (series + _STIRLING[0]) * z, exact - math.log(_ROOT_2PI))


def _log_ratio(x: Any, offset: Any, a: Any) -> Any:
    """``log(x / a)``, where ``offset = x - a`` is known as well."""
    mu = offset / a
    near = np.absolute(mu) < 0.5
    return np.where(near, np.log1p(np.where(near, mu, 0)), np.log(x) - np.log(a))


def gamma_power(a: Any, x: Any) -> Any:
    """``x**a exp(-x) / gamma(a + 1)``."""
    far = a >= 10
    large, small = np.where(far, a, 10), np.where(far, 1, a)
    x = np.minimum(x, 1e30)  # infinity has the same value, 0, and no NaN
    log = large * _log_ratio(x, x - large, large) - (x - large) - _correction(large)
    direct = x**small * np.exp(-x) * special.rgamma(small + 1)
    return np.where(far, np.exp(log) / (_ROOT_2PI * np.sqrt(large)), direct)


def beta_power(a: Any, b: Any, x: Any, y: Any) -> Any:
    """``x**a y**b / beta(a, b)`` for ``x + y = 1``."""
    far = np.maximum(a, b) >= 10
    p, q = np.where(far, a, 1), np.where(far, b, 1)
    offset = np.where(x < y, x * (p + q) - p, q - y * (p + q))
    log = p * _log_ratio(x * (p + q), offset, p) + q * _log_ratio(y * (p + q), -offset, q)
    log = log + _correction(p + q) - _correction(p) - _correction(q)
    scaled = np.exp(log) * np.sqrt(p / (p + q) * q) / _ROOT_2PI
    direct = x**a * y**b / special.beta(np.where(far, 1, a), np.where(far, 1, b))
    return np.where(far, scaled, direct)


def _trigamma(a: Any) -> Any:
    return special._zeta(2.0, a)


# -- the incomplete gamma function --------------------------------------------------------------


def gamma_in_parameter(k: int, a: Any, x: Any) -> Any:
    """The `k`-th derivative of `gammainc` in `a`, for k = 1 or 2."""
    x = np.minimum(x, 1e30)
    near = x <= 1
    series = _gamma_series(k, a, np.where(near, x, 1))
    tail = _gamma_tail(k, a, np.where(near, 2, x))
    return np.where(x == 0, 0, np.where(near, series, tail))


def _gamma_series(k: int, a: Any, x: Any) -> Any:
    """From ``x**a / gamma(a + 1) * F``, ``F = 1 + sum a / (a + n) (-x)**n / n!``."""
    f, slope, bend, power = 1 + 0 * a, 0, 0, 1
    for n in range(1, 25):
        power = power * -x / n
        f = f + a / (a + n) * power
        slope = slope + n / (a + n) ** 2 * power
        bend = bend - 2 * n / (a + n) ** 3 * power
    log = np.log(x) - special.psi(a + 1)
    scale = gamma_power(a, x) * np.exp(x)
    if k == 1:
        return scale * (log * f + slope)
    return scale * ((log * log - _trigamma(a + 1)) * f + 2 * log * slope + bend)


def _gamma_tail(k: int, a: Any, x: Any) -> Any:
    """The integral of the density's derivative, below `x` where that is negative there, or above.

    With ``u = log(t / x)`` the density at t is ``a exp(a u - x expm1(u)) / t`` times a constant.
    """
    log = np.log(x) - special.psi(a + 1)
    lower = a * log + 1 < 0
    width = np.where(
        lower,
        1 / (np.maximum(a - x, 0) + np.sqrt(x)),
        1 / (np.maximum(1 - (a - 1) / x, 0) + np.sqrt(np.maximum(a - 1, 0)) / x),
    )
    bend = _trigamma(a + 1) if k == 2 else 0
    total = 0
    for v, weight in _NODES:
        s = v * width
        u = np.where(lower, -s, np.log1p(s / x))
        factor = a * (log + u) + 1 if k == 1 else a * ((log + u) ** 2 - bend) + 2 * (log + u)
        measure = np.where(lower, weight, -weight * np.exp(-u) / x)
        total = total + measure * factor * np.exp(a * u - x * np.expm1(u))
    return total * width * gamma_power(a, x)


def gamma_density(a: Any, x: Any) -> Any:
    """``x**(a - 1) exp(-x) / gamma(a)``."""
    inside = gamma_power(a, x) * a / np.where(x == 0, 1, x)
    return np.where(x == 0, x ** (a - 1) * special.rgamma(a), inside)


# -- the incomplete beta function ---------------------------------------------------------------
#
# Its argument comes as x and y = 1 - x, for neither is exact where it is made of the other; y may
# be None. Derivatives in x are those with y = 1 - x; so the partial in y is 0.


def _rest(x: Any, y: Any) -> Any:
    return 1 - x if y is None else y


def beta_in_parameters(i: int, j: int, a: Any, b: Any, x: Any, y: Any) -> Any:
    """The derivative of `betainc`, `i` times in `a` and `j` times in `b`, for i + j = 1 or 2."""
    y = _rest(x, y)
    left = (x <= 0.3) & (b * x <= 1)
    right = (y <= 0.3) & (a * y <= 1)
    inside = ~(left | right)
    tail = _beta_tail(i, j, a, b, np.where(inside, x, 0.5), np.where(inside, y, 0.5))
    p, q = np.where(right, b, a), np.where(right, a, b)
    z = np.where(inside, 0.25, np.where(right, y, x))
    series = _beta_series(i, j, p, q, z), _beta_series(j, i, p, q, z)
    value = np.where(inside, tail, np.where(right, -series[1], series[0]))
    return np.where((x == 0) | (y == 0), 0, value)


def _beta_series(i: int, j: int, a: Any, b: Any, x: Any) -> Any:
    """From ``x**a / (a beta(a, b)) * F``, ``F = 1 + sum a / (a + n) (1 - b)_n x**n / n!``."""
    sums = {(p, q): 0 for p in range(i + 1) for q in range(j + 1)}
    rising = [1 + 0 * (b + x), 0, 0]  # (1 - b)_n x**n / n! and its derivatives in b
    for n in range(1, 36):
        e, slope, bend = rising
        factor = x / n
        rising = [
            e * (n - b) * factor,
            (slope * (n - b) - e) * factor,
            (bend * (n - b) - 2 * slope) * factor,
        ]
        fractions = a / (a + n), n / (a + n) ** 2, -2 * n / (a + n) ** 3
        for (p, q), part in sums.items():
            sums[p, q] = part + fractions[p] * rising[q]
    sums[0, 0] = sums[0, 0] + 1
    both = _trigamma(a + b)
    log, other = np.log(x) + psi_step(a + 1, b - 1), psi_step(b, a)
    scale = {
        (0, 0): 1,
        (1, 0): log,
        (0, 1): other,
        (2, 0): log * log + both - _trigamma(a + 1),
        (1, 1): log * other + both,
        (0, 2): other * other + both - _trigamma(b),
    }
    terms = [math.comb(i, p) * math.comb(j, q) * scale[p, q] * sums[i - p, j - q] for p, q in sums]
    return sum(terms) * beta_power(a, b, x, 1 - x) / (a * (1 - x) ** b)


def _beta_tail(i: int, j: int, a: Any, b: Any, x: Any, y: Any) -> Any:
    """The integral of the density's derivative, from the end where it has one sign.

    With p, q = a, b and z = x below, or b, a and y above: ``u = z exp(-s)`` goes to the end.
    """
    in_a, in_b, both = psi_step(a, b), psi_step(b, a), _trigamma(a + b)
    changes = np.log(x) + in_a if i else -np.log(y) - in_b
    lower = changes < 0
    p, q = np.where(lower, a, b), np.where(lower, b, a)
    z, rest = np.where(lower, x, y), np.where(lower, y, x)
    more = np.maximum(q - 1, 0)
    width = 1 / (np.maximum(p - more * z / rest, 0) + np.sqrt(more * z) / rest)
    bends = {(2, 0): both - _trigamma(a), (1, 1): both, (0, 2): both - _trigamma(b)}
    total = 0
    for v, weight in _NODES:
        s = v * width
        near, far = np.log(z) - s, np.log1p(-z * np.expm1(-s) / rest)
        away = np.log(rest) + far
        logs = np.where(lower, near, away) + in_a, np.where(lower, away, near) + in_b
        factor = logs[0] ** i * logs[1] ** j + bends.get((i, j), 0)
        total = total + weight * factor * np.exp((q - 1) * far - p * s)
    sign = np.where(lower, 1, -1)
    return sign * total * width * beta_power(a, b, x, y) / rest


def beta_density(a: Any, b: Any, x: Any, y: Any) -> Any:
    """``x**(a - 1) y**(b - 1) / beta(a, b)``."""
    y = _rest(x, y)
    edge = (x == 0) | (y == 0)
    inside = beta_power(a, b, x, y) / np.where(edge, 1, x * y)
    return np.where(edge, x ** (a - 1) * y ** (b - 1) / special.beta(a, b), inside)


# -- their rules --------------------------------------------------------------------------------

gamma_pdf, gamma_cdf_slope = recorded(gamma_density), recorded(gamma_in_parameter)
beta_pdf, beta_cdf_slope = recorded(beta_density), recorded(beta_in_parameters)


def _third(name: str) -> NoReturn:
    raise TypeError(
        f"Differentiate the incomplete {name} function at most twice in its parameters: there is "
        f"no rule for a third derivative."
    )


def _log(y: Any, x: Any) -> Any:
    """``log(x)``, or anything finite where its factor y is 0."""
    return np.log(np.where(y == 0, 1, x))


def _gamma_density_in_x(y: Any, a: Any, x: Any) -> Any:
    edge = x == 0
    zero = np.where(a == 1, 0, (a - 1) * x ** (a - 2) * special.rgamma(a)) - y
    return np.where(edge, zero, y * ((a - 1) / np.where(edge, 1, x) - 1))


def _beta_density_in_x(y: Any, a: Any, b: Any, x: Any, rest: Any) -> Any:
    rest = _rest(x, rest)
    left, right = x == 0, rest == 0
    first = np.where(a == 1, 0, (a - 1) * x ** (a - 2) * rest ** (b - 1))
    second = np.where(b == 1, 0, (b - 1) * x ** (a - 1) * rest ** (b - 2))
    edge = (first - second) / special.beta(a, b)
    inside = y * ((a - 1) / np.where(left, 1, x) - (b - 1) / np.where(right, 1, rest))
    return np.where(left | right, edge, inside)


def _gamma_cdf_slope_in_x(k: int, a: Any, x: Any) -> Any:
    y = gamma_pdf(a, x)
    log = _log(y, x) - special.psi(a)
    return y * log if k == 1 else y * (log * log - _trigamma(a))


def _beta_cdf_slope_in_x(i: int, j: int, a: Any, b: Any, x: Any, y: Any) -> Any:
    y = _rest(x, y)
    f = beta_pdf(a, b, x, y)
    p, q = _log(f, x) + step(a, b), _log(f, y) + step(b, a)
    both = _trigamma(a + b)
    bends = {(2, 0): both - _trigamma(a), (1, 1): both, (0, 2): both - _trigamma(b)}
    return f * (p**i * q**j + bends.get((i, j), 0))


elementwise(
    gamma_density,
    lambda y, a, x: y * (_log(y, x) - special.psi(a)),
    _gamma_density_in_x,
    domain=(positive_real, positive_real),
)
elementwise(
    gamma_in_parameter,
    None,
    lambda y, k, a, x: gamma_cdf_slope(2, a, x) if k == 1 else _third("gamma"),
    lambda y, k, a, x: _gamma_cdf_slope_in_x(k, a, x),
    domain=(positive_real, positive_real, positive_real),
    calls=[call(k, 1.7, draw(3, domain=positive_real)) for k in (1, 2)],
)
_fraction = Domain(0.1, 0.9)
elementwise(
    beta_density,
    lambda y, a, b, x, rest: y * (_log(y, x) + step(a, b)),
    lambda y, a, b, x, rest: y * (_log(y, _rest(x, rest)) + step(b, a)),
    _beta_density_in_x,
    0,
    domain=(positive_real, positive_real, _fraction, _fraction),
    calls=[call(*[draw(3, domain=positive_real)] * 2, draw(3, domain=_fraction), None)],
)
elementwise(
    beta_in_parameters,
    None,
    None,
    lambda y, i, j, a, b, p, q: (
        beta_cdf_slope(i + 1, j, a, b, p, q) if i + j == 1 else _third("beta")
    ),
    lambda y, i, j, a, b, p, q: (
        beta_cdf_slope(i, j + 1, a, b, p, q) if i + j == 1 else _third("beta")
    ),
    lambda y, i, j, a, b, p, q: _beta_cdf_slope_in_x(i, j, a, b, p, q),
    0,
    domain=(positive_real,) * 4 + (_fraction,) * 2,
    calls=[call(*ij, 1.7, 1.3, draw(3, domain=_fraction), None) for ij in ((1, 0), (1, 1), (0, 2))],
)
