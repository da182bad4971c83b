"""Incomplete gamma and beta functions, and the distributions made of them.

Each is a distribution function at a point that depends on its arguments. Of an inverse, the
derivatives follow from the implicit function theorem: where ``F(p, x) = c`` is held,
``dx/dp = -F_p / F_x`` and ``dx/dc = 1 / F_x``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import _ufuncs as special

from gradtape.core.domains import Domain, call, draw, positive_real, real_only
from gradtape.core.rules import elementwise
from gradtape.rules.special.incomplete import (
    beta_cdf_slope,
    beta_pdf,
    gamma_cdf_slope,
    gamma_pdf,
)
from gradtape.rules.special.unavailable import unavailable

Slope = Callable[..., Any]
_fraction = Domain(0.1, 0.9)
_p = positive_real

# -- the gamma distribution ---------------------------------------------------------------------


def _gamma(a: Any, x: Any) -> tuple[Any, Any]:
    """The derivatives of the distribution function in its parameter and at its point."""
    return gamma_cdf_slope(1, a, x), gamma_pdf(a, x)


def _ratio(pair: tuple[Any, Any]) -> Any:
    return pair[0] / pair[1]


elementwise(
    special.gammainc,
    lambda y, a, x: gamma_cdf_slope(1, a, x),
    lambda y, a, x: gamma_pdf(a, x),
    domain=(_p, _p),
)
elementwise(
    special.gammaincc,
    lambda y, a, x: -gamma_cdf_slope(1, a, x),
    lambda y, a, x: -gamma_pdf(a, x),
    domain=(_p, _p),
)
for _function, _sign in ((special.gammaincinv, 1), (special.gammainccinv, -1)):
    elementwise(
        _function,
        lambda y, a, p: -_ratio(_gamma(a, y)),
        lambda y, a, p, sign=_sign: sign / gamma_pdf(a, y),
        domain=(_p, _fraction),
    )
for _function, _sign in ((special.chdtr, 1), (special.chdtrc, -1)):
    elementwise(
        _function,
        lambda y, v, x, sign=_sign: sign / 2 * gamma_cdf_slope(1, v / 2, x / 2),
        lambda y, v, x, sign=_sign: sign / 2 * gamma_pdf(v / 2, x / 2),
        domain=(_p, _p),
    )
elementwise(
    special.chdtri,
    lambda y, v, p: -_ratio(_gamma(v / 2, y / 2)),
    lambda y, v, p: -2 / gamma_pdf(v / 2, y / 2),
    domain=(_p, _fraction),
)
elementwise(
    special.chdtriv,
    lambda y, p, x: 2 / gamma_cdf_slope(1, y / 2, x / 2),
    lambda y, p, x: -1 / _ratio(_gamma(y / 2, x / 2)),
    domain=(_fraction, _p),
)
for _function, _sign in ((special.gdtr, 1), (special.gdtrc, -1)):
    elementwise(
        _function,
        lambda y, a, b, x, sign=_sign: sign * x * gamma_pdf(b, a * x),
        lambda y, a, b, x, sign=_sign: sign * gamma_cdf_slope(1, b, a * x),
        lambda y, a, b, x, sign=_sign: sign * a * gamma_pdf(b, a * x),
        domain=(_p, _p, _p),
    )
elementwise(
    special.gdtrix,
    lambda y, a, b, p: -y / a,
    lambda y, a, b, p: -_ratio(_gamma(b, a * y)) / a,
    lambda y, a, b, p: 1 / (a * gamma_pdf(b, a * y)),
    domain=(_p, _p, _fraction),
)
elementwise(
    special.gdtria,
    lambda y, p, b, x: 1 / (x * gamma_pdf(b, y * x)),
    lambda y, p, b, x: -_ratio(_gamma(b, y * x)) / x,
    lambda y, p, b, x: -y / x,
    domain=(_fraction, _p, _p),
)
elementwise(
    special.gdtrib,
    lambda y, a, p, x: -x / _ratio(_gamma(y, a * x)),
    lambda y, a, p, x: 1 / gamma_cdf_slope(1, y, a * x),
    lambda y, a, p, x: -a / _ratio(_gamma(y, a * x)),
    domain=(_p, _fraction, _p),
)
# The counts of a Poisson distribution are rounded down: steps, of slope 0.
_COUNTS = np.array([0.0, 1.5, 4.0])
for _function, _sign in ((special.pdtr, -1), (special.pdtrc, 1)):
    elementwise(
        _function,
        0,
        lambda y, k, m, sign=_sign: sign * gamma_pdf(np.floor(k) + 1, m),
        domain=(_p, _p),
        calls=[call(_COUNTS, draw(3, domain=_p))],
    )
elementwise(
    special.pdtri,
    0,
    lambda y, k, p: -1 / gamma_pdf(np.floor(k) + 1, y),
    domain=(_p, _fraction),
    calls=[call(np.array([0.0, 1.0, 4.0]), draw(3, domain=_fraction))],
)
elementwise(
    special.pdtrik,
    lambda y, p, m: -1 / gamma_cdf_slope(1, y + 1, m),
    lambda y, p, m: -1 / _ratio(_gamma(y + 1, m)),
    domain=(Domain(0.3, 0.6), Domain(2.0, 4.0)),
)

# -- the beta distribution ----------------------------------------------------------------------


def _in_a(a: Any, b: Any, x: Any, y: Any) -> Any:
    return beta_cdf_slope(1, 0, a, b, x, y)


def _in_b(a: Any, b: Any, x: Any, y: Any) -> Any:
    return beta_cdf_slope(0, 1, a, b, x, y)


for _function, _sign in ((special.betainc, 1), (special.betaincc, -1)):
    elementwise(
        _function,
        lambda y, a, b, x, sign=_sign: sign * _in_a(a, b, x, 1 - x),
        lambda y, a, b, x, sign=_sign: sign * _in_b(a, b, x, 1 - x),
        lambda y, a, b, x, sign=_sign: sign * beta_pdf(a, b, x, 1 - x),
        domain=(_p, _p, _fraction),
    )
for _function, _sign in ((special.betaincinv, 1), (special.betainccinv, -1)):
    elementwise(
        _function,
        lambda y, a, b, p: -_in_a(a, b, y, 1 - y) / beta_pdf(a, b, y, 1 - y),
        lambda y, a, b, p: -_in_b(a, b, y, 1 - y) / beta_pdf(a, b, y, 1 - y),
        lambda y, a, b, p, sign=_sign: sign / beta_pdf(a, b, y, 1 - y),
        domain=(_p, _p, _fraction),
    )
elementwise(
    special.btdtria,
    lambda y, p, b, x: 1 / _in_a(y, b, x, 1 - x),
    lambda y, p, b, x: -_in_b(y, b, x, 1 - x) / _in_a(y, b, x, 1 - x),
    lambda y, p, b, x: -beta_pdf(y, b, x, 1 - x) / _in_a(y, b, x, 1 - x),
    domain=(_fraction, _p, _fraction),
)
elementwise(
    special.btdtrib,
    lambda y, a, p, x: -_in_a(a, y, x, 1 - x) / _in_b(a, y, x, 1 - x),
    lambda y, a, p, x: 1 / _in_b(a, y, x, 1 - x),
    lambda y, a, p, x: -beta_pdf(a, y, x, 1 - x) / _in_b(a, y, x, 1 - x),
    domain=(_p, _fraction, _fraction),
)

# The counts of a binomial distribution, and the number of trials, are integers.
_K, _N = np.array([0.0, 2.0, 3.0]), np.array([4, 5, 3])


def _binomial(k: Any, n: Any, p: Any) -> Any:
    """The slope in p of the probability of more than k successes; all n are certain."""
    k = np.floor(k)
    certain = k >= n
    density = beta_pdf(k + 1, np.where(certain, 1, n - k), p, 1 - p)
    return np.where(certain, 0, density)


def _negative_binomial(k: Any, n: Any, p: Any) -> Any:
    return beta_pdf(n, np.floor(k) + 1, p, 1 - p)


for _function, _slope in (
    (special.bdtr, lambda y, k, n, p: -_binomial(k, n, p)),
    (special.bdtrc, lambda y, k, n, p: _binomial(k, n, p)),
    (special.nbdtr, lambda y, k, n, p: _negative_binomial(k, n, p)),
    (special.nbdtrc, lambda y, k, n, p: -_negative_binomial(k, n, p)),
):
    elementwise(
        _function,
        0,
        0,
        _slope,
        domain=(_p, _p, _fraction),
        calls=[call(_K, _N, draw(3, domain=_fraction))],
    )
for _function, _slope in (
    (special.bdtri, lambda y, k, n, p: -1 / _binomial(k, n, y)),
    (special.nbdtri, lambda y, k, n, p: 1 / _negative_binomial(k, n, y)),
):
    elementwise(
        _function,
        0,
        0,
        _slope,
        domain=(_p, _p, _fraction),
        calls=[call(_K[:2].astype(int), _N[:2], draw(2, domain=_fraction))],
    )

# -- F and Student's t --------------------------------------------------------------------------


def _f_in_first(d1: Any, d2: Any, x: Any) -> Any:
    a, b, p, q, all_ = *_f_point(d1, d2, x), d1 * x + d2
    return _in_a(a, b, p, q) / 2 + beta_pdf(a, b, p, q) * x * d2 / (all_ * all_)


def _f_in_second(d1: Any, d2: Any, x: Any) -> Any:
    a, b, p, q, all_ = *_f_point(d1, d2, x), d1 * x + d2
    return _in_b(a, b, p, q) / 2 - beta_pdf(a, b, p, q) * x * d1 / (all_ * all_)


def _f_density(d1: Any, d2: Any, x: Any) -> Any:
    all_ = d1 * x + d2
    return beta_pdf(*_f_point(d1, d2, x)) * d1 * d2 / (all_ * all_)


def _f_point(d1: Any, d2: Any, x: Any) -> tuple[Any, ...]:
    return d1 / 2, d2 / 2, d1 * x / (d1 * x + d2), d2 / (d1 * x + d2)


for _function, _sign in ((special.fdtr, 1), (special.fdtrc, -1)):
    elementwise(
        _function,
        lambda y, a, b, x, sign=_sign: sign * _f_in_first(a, b, x),
        lambda y, a, b, x, sign=_sign: sign * _f_in_second(a, b, x),
        lambda y, a, b, x, sign=_sign: sign * _f_density(a, b, x),
        domain=(_p, _p, _p),
    )
elementwise(
    special.fdtri,
    lambda y, a, b, p: -_f_in_first(a, b, y) / _f_density(a, b, y),
    lambda y, a, b, p: -_f_in_second(a, b, y) / _f_density(a, b, y),
    lambda y, a, b, p: 1 / _f_density(a, b, y),
    domain=(_p, _p, _fraction),
)


def _t_density(df: Any, t: Any) -> Any:
    log = -(df + 1) / 2 * np.log1p(t * t / df) - special.betaln(0.5, df / 2)
    return np.exp(log) / np.sqrt(df)


def _t_in_df(df: Any, t: Any) -> Any:
    middle = t == 0
    square = np.where(middle, 1, t * t)
    a, x, y = df / 2, df / (df + square), square / (df + square)
    slope = _in_a(a, 0.5, x, y) / 2 + beta_pdf(a, 0.5, x, y) * x * y / df
    return np.where(middle, 0, -np.sign(t) / 2 * slope)


elementwise(
    special.stdtr,
    lambda y, df, t: _t_in_df(df, t),
    lambda y, df, t: _t_density(df, t),
    domain=(_p, Domain(-2.0, 2.0, holes=(0.0,))),
)
elementwise(
    special.stdtrit,
    lambda y, df, p: -_t_in_df(df, y) / _t_density(df, y),
    lambda y, df, p: 1 / _t_density(df, y),
    domain=(_p, Domain(0.1, 0.9, holes=(0.5,), margin=0.1)),
)

# -- the noncentral chi-square distribution -----------------------------------------------------


def _noncentral_density(x: Any, df: Any, nc: Any) -> Any:
    """By DLMF 10.25.2's function of ``sqrt(nc x)``, scaled; for nc = 0 the chi-square density."""
    central = nc == 0
    m, root = df / 2 - 1, np.sqrt(x * np.where(central, 1, nc))
    gap = np.sqrt(x) - np.sqrt(np.where(central, 1, nc))
    power = (x / np.where(central, 1, nc)) ** (m / 2)
    shifted = power * np.exp(-gap * gap / 2) * special.ive(m, root)
    return np.where(central, gamma_pdf(df / 2, x / 2), shifted) / 2


elementwise(
    special.chndtr,
    lambda y, x, df, nc: _noncentral_density(x, df, nc),
    unavailable("chndtr", "df"),
    lambda y, x, df, nc: -_noncentral_density(x, df + 2, nc),
    domain=(_p, _p, _p),
    calls=[call(draw(3, domain=_p), 2.5, draw(3, domain=_p))],
)
elementwise(
    special.chndtrix,
    lambda y, p, df, nc: 1 / _noncentral_density(y, df, nc),
    unavailable("chndtrix", "df"),
    lambda y, p, df, nc: _noncentral_density(y, df + 2, nc) / _noncentral_density(y, df, nc),
    domain=(_fraction, _p, _p),
    calls=[call(draw(3, domain=_fraction), 2.5, draw(3, domain=_p))],
)

# -- the normal distribution's parameters, Kolmogorov's and Tukey's distributions ---------------


def _quantile_slope(z: Any) -> Any:
    return math.sqrt(2 * math.pi) * np.exp(z * z / 2)


elementwise(
    special.nrdtrimn,
    lambda y, p, std, x: -std * _quantile_slope((x - y) / std),
    lambda y, p, std, x: (y - x) / std,
    1,
    domain=(_fraction, _p, real_only),
)
elementwise(
    special.nrdtrisd,
    lambda y, mn, p, x: -y / (x - mn),
    lambda y, mn, p, x: -y * y / (x - mn) * _quantile_slope((x - mn) / y),
    lambda y, mn, p, x: y / (x - mn),
    domain=(Domain(-2.0, -1.0), Domain(0.6, 0.9), Domain(0.5, 2.0)),
)


def _kolmogorov_slope(x: Any) -> Any:
    """By the series of the survival function, and by that of its theta transform below 1."""
    low = x < 1
    far, near = np.where(low, 1, x), np.where(low, np.maximum(x, 0.04), 1)
    total, inner = 0, 0
    for k in range(1, 7):
        total = total + (-1) ** k * 8 * k * k * far * np.exp(-2 * k * k * far * far)
        c = ((2 * k - 1) * math.pi) ** 2 / 8 / (near * near)
        inner = inner - math.sqrt(2 * math.pi) * np.exp(-c) * (2 * c - 1) / (near * near)
    return np.where(low, inner, total)


elementwise(
    special.kolmogorov, lambda y, x: _kolmogorov_slope(x), domain=Domain(0.5, 2.0)
)
elementwise(special.kolmogi, lambda y, p: 1 / _kolmogorov_slope(y), domain=_fraction)


def _tukey_density(y: Any, x: Any, shape: Any) -> Any:
    outside = (y == 0) | (y == 1)  # beyond the ends of the support, for a positive shape
    p = np.where(outside, 0.5, y)
    return np.where(outside, 0, 1 / (p ** (shape - 1) + (1 - p) ** (shape - 1)))


elementwise(
    special.tklmbda,
    _tukey_density,
    unavailable("tklmbda", "lmbda"),
    domain=(real_only, _p),
    calls=[call(draw(3, domain=Domain(-0.8, 0.8)), 0.5)],
)
