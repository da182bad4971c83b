"""Incomplete gamma and beta functions, and the distributions made of them.

A distribution states its slopes, the derivatives of ``F(a, b, ...)`` in each argument. Those of an
inverse, which solves ``F = p`` for one of them, follow from the implicit function theorem: for
the solution s, ``ds/dp = 1 / F_s`` and ``ds/da = -F_a / F_s``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.special import _ufuncs as special

from gradtape.core.domains import Call, Domain, call, draw, positive_real, real_only
from gradtape.core.rules import elementwise
from gradtape.rules.special.incomplete import (
    beta_cdf_slope,
    beta_pdf,
    gamma_cdf_slope,
    gamma_pdf,
)
from gradtape.rules.special.unavailable import unavailable

Slope = Callable[..., Any] | int | str
"""A derivative ``f(a, b, ...)``, the number 0, or the name of an argument that has none."""

_fraction = Domain(0.1, 0.9)
_p = positive_real


def _distribution(
    function: Any,
    slopes: Sequence[Slope],
    domain: tuple[Domain, ...],
    *,
    sign: int = 1,
    calls: Sequence[Call] = (),
) -> None:
    """A distribution function, or with ``sign=-1`` its complement."""

    def partial(slope: Slope) -> Any:
        if isinstance(slope, str):
            return unavailable(function.__name__, slope)
        if isinstance(slope, int):
            return slope
        if len(slopes) == 2:
            return (lambda y, a, b: slope(a, b)) if sign == 1 else (lambda y, a, b: -slope(a, b))
        if sign == 1:
            return lambda y, a, b, c: slope(a, b, c)
        return lambda y, a, b, c: -slope(a, b, c)

    elementwise(function, *map(partial, slopes), domain=domain, calls=calls)


def _inverse(
    function: Any,
    slopes: Sequence[Slope],
    solved: int,
    domain: tuple[Domain, ...],
    *,
    sign: int = 1,
    calls: Sequence[Call] = (),
) -> None:
    """The inverse in argument `solved`, in whose place the probability stands."""

    def slope_at(position: int, y: Any, args: tuple[Any, ...]) -> Any:
        point = (*args[:solved], y, *args[solved + 1 :])
        along: Any = slopes[solved]
        if position == solved:
            return sign / along(*point)
        across: Any = slopes[position]
        change = across(*point)
        still = change == 0  # at an end of the support, where the density may vanish too
        return np.where(still, 0, -change / np.where(still, 1, along(*point)))

    def partial(position: int) -> Any:
        slope = slopes[position]
        if isinstance(slope, str):
            return unavailable(function.__name__, slope)
        if isinstance(slope, int):
            return slope
        if len(slopes) == 2:
            return lambda y, a, b: slope_at(position, y, (a, b))
        return lambda y, a, b, c: slope_at(position, y, (a, b, c))

    elementwise(function, *map(partial, range(len(slopes))), domain=domain, calls=calls)


# -- the gamma, chi-square and Poisson distributions --------------------------------------------

_GAMMA: tuple[Slope, ...] = (lambda a, x: gamma_cdf_slope(1, a, x), lambda a, x: gamma_pdf(a, x))
_distribution(special.gammainc, _GAMMA, (_p, _p))
_distribution(special.gammaincc, _GAMMA, (_p, _p), sign=-1)
_inverse(special.gammaincinv, _GAMMA, 1, (_p, _fraction))
_inverse(special.gammainccinv, _GAMMA, 1, (_p, _fraction), sign=-1)

_CHI_SQUARE: tuple[Slope, ...] = (
    lambda v, x: gamma_cdf_slope(1, v / 2, x / 2) / 2,
    lambda v, x: gamma_pdf(v / 2, x / 2) / 2,
)
_distribution(special.chdtr, _CHI_SQUARE, (_p, _p))
_distribution(special.chdtrc, _CHI_SQUARE, (_p, _p), sign=-1)
_inverse(special.chdtri, _CHI_SQUARE, 1, (_p, _fraction), sign=-1)
_inverse(special.chdtriv, _CHI_SQUARE, 0, (_fraction, _p))

_SCALED_GAMMA: tuple[Slope, ...] = (
    lambda a, b, x: x * gamma_pdf(b, a * x),
    lambda a, b, x: gamma_cdf_slope(1, b, a * x),
    lambda a, b, x: a * gamma_pdf(b, a * x),
)
_distribution(special.gdtr, _SCALED_GAMMA, (_p, _p, _p))
_distribution(special.gdtrc, _SCALED_GAMMA, (_p, _p, _p), sign=-1)
_inverse(special.gdtria, _SCALED_GAMMA, 0, (_fraction, _p, _p))
_inverse(special.gdtrib, _SCALED_GAMMA, 1, (_p, _fraction, _p))
_inverse(special.gdtrix, _SCALED_GAMMA, 2, (_p, _p, _fraction))

# Counts are rounded down: steps, of slope 0. Only the inverses in a count have it continuous.
_POISSON: tuple[Slope, ...] = (0, lambda k, m: -gamma_pdf(np.floor(k) + 1, m))
_CONTINUOUS_POISSON: tuple[Slope, ...] = (
    lambda k, m: -gamma_cdf_slope(1, k + 1, m),
    lambda k, m: -gamma_pdf(k + 1, m),
)
_counts = [call(np.array([0.0, 1.5, 4.0]), draw(3, domain=_p))]
_distribution(special.pdtr, _POISSON, (_p, _p), calls=_counts)
_distribution(special.pdtrc, _POISSON, (_p, _p), sign=-1, calls=_counts)
_inverse(
    special.pdtri,
    _POISSON,
    1,
    (_p, _fraction),
    calls=[call(np.array([0, 1, 4]), draw(3, domain=_fraction))],
)
_inverse(special.pdtrik, _CONTINUOUS_POISSON, 0, (Domain(0.3, 0.6), Domain(2.0, 4.0)))

# -- the beta and binomial distributions --------------------------------------------------------

_BETA: tuple[Slope, ...] = (
    lambda a, b, x: beta_cdf_slope(1, 0, a, b, x, None),
    lambda a, b, x: beta_cdf_slope(0, 1, a, b, x, None),
    lambda a, b, x: beta_pdf(a, b, x, None),
)
_distribution(special.betainc, _BETA, (_p, _p, _fraction))
_distribution(special.betaincc, _BETA, (_p, _p, _fraction), sign=-1)
_inverse(special.betaincinv, _BETA, 2, (_p, _p, _fraction))
_inverse(special.betainccinv, _BETA, 2, (_p, _p, _fraction), sign=-1)
_inverse(special.btdtria, _BETA, 0, (_fraction, _p, _fraction))
_inverse(special.btdtrib, _BETA, 1, (_p, _fraction, _fraction))


def _binomial_in_p(k: Any, n: Any, p: Any) -> Any:
    """Of at most k successes among n, the limit that is certain among them."""
    certain = k >= n
    return np.where(certain, 0, -beta_pdf(np.where(certain, 1, n - k), k + 1, 1 - p, p))


def _binomial_in_k(k: Any, n: Any, p: Any) -> Any:
    first = beta_cdf_slope(1, 0, n - k, k + 1, 1 - p, p)
    return beta_cdf_slope(0, 1, n - k, k + 1, 1 - p, p) - first


_BINOMIAL: tuple[Slope, ...] = (0, 0, lambda k, n, p: _binomial_in_p(np.floor(k), n, p))
_CONTINUOUS_BINOMIAL: tuple[Slope, ...] = (
    _binomial_in_k,
    lambda k, n, p: beta_cdf_slope(1, 0, n - k, k + 1, 1 - p, p),
    _binomial_in_p,
)
_NEGATIVE: tuple[Slope, ...] = (0, 0, lambda k, n, p: beta_pdf(n, np.floor(k) + 1, p, 1 - p))
_CONTINUOUS_NEGATIVE: tuple[Slope, ...] = (
    lambda k, n, p: beta_cdf_slope(0, 1, n, k + 1, p, 1 - p),
    lambda k, n, p: beta_cdf_slope(1, 0, n, k + 1, p, 1 - p),
    lambda k, n, p: beta_pdf(n, k + 1, p, 1 - p),
)
_K, _N = np.array([0, 2, 3]), np.array([4, 5, 3])
_trials = [call(_K.astype(float), _N, draw(3, domain=_fraction))]
_some_trials = [call(_K[:2], _N[:2], draw(2, domain=_fraction))]
_three = (_p, _p, _fraction)
_distribution(special.bdtr, _BINOMIAL, _three, calls=_trials)
_distribution(special.bdtrc, _BINOMIAL, _three, sign=-1, calls=_trials)
_inverse(special.bdtri, _BINOMIAL, 2, _three, calls=_some_trials)
_distribution(special.nbdtr, _NEGATIVE, _three, calls=_trials)
_distribution(special.nbdtrc, _NEGATIVE, _three, sign=-1, calls=_trials)
_inverse(special.nbdtri, _NEGATIVE, 2, _three, calls=_some_trials)
_many, _half = Domain(6.0, 9.0), Domain(0.4, 0.6)
_inverse(special.bdtrik, _CONTINUOUS_BINOMIAL, 0, (_half, _many, _half))
_inverse(special.bdtrin, _CONTINUOUS_BINOMIAL, 1, (Domain(1.0, 3.0), _half, _half))
_inverse(special.nbdtrik, _CONTINUOUS_NEGATIVE, 0, (_half, Domain(1.0, 3.0), _half))
_inverse(special.nbdtrin, _CONTINUOUS_NEGATIVE, 1, (Domain(1.0, 3.0), _half, _half))

# -- F and Student's t --------------------------------------------------------------------------


def _f_slope(position: int) -> Slope:
    """Of `fdtr`, the beta distribution function of ``d1 x / (d1 x + d2)``."""

    def slope(d1: Any, d2: Any, x: Any) -> Any:
        total = d1 * x + d2
        point = d1 / 2, d2 / 2, d1 * x / total, d2 / total
        density = beta_pdf(*point) / (total * total)
        if position == 0:
            return beta_cdf_slope(1, 0, *point) / 2 + density * x * d2
        if position == 1:
            return beta_cdf_slope(0, 1, *point) / 2 - density * x * d1
        return density * d1 * d2

    return slope


_F: tuple[Slope, ...] = tuple(map(_f_slope, range(3)))
_distribution(special.fdtr, _F, (_p, _p, _p))
_distribution(special.fdtrc, _F, (_p, _p, _p), sign=-1)
_inverse(special.fdtri, _F, 2, (_p, _p, _fraction))
_inverse(special.fdtridfd, _F, 1, (Domain(2.0, 3.0), Domain(0.6, 0.65), Domain(1.3, 1.5)))


def _t_density(df: Any, t: Any) -> Any:
    log = -(df + 1) / 2 * np.log1p(t * t / df) - special.betaln(0.5, df / 2)
    return np.exp(log) / np.sqrt(df)


def _t_in_df(df: Any, t: Any) -> Any:
    middle = t == 0
    square = np.where(middle, 1, t * t)
    a, x, y = df / 2, df / (df + square), square / (df + square)
    slope = beta_cdf_slope(1, 0, a, 0.5, x, y) / 2 + beta_pdf(a, 0.5, x, y) * x * y / df
    return np.where(middle, 0, -np.sign(t) / 2 * slope)


_T: tuple[Slope, ...] = (_t_in_df, _t_density)
_distribution(special.stdtr, _T, (_p, Domain(-2.0, 2.0, holes=(0.0,))))
_inverse(special.stdtrit, _T, 1, (_p, Domain(0.1, 0.9, holes=(0.5,), margin=0.1)))
_inverse(special.stdtridf, _T, 0, (Domain(0.74, 0.76), Domain(2.0, 2.05)))

# -- the noncentral chi-square distribution -----------------------------------------------------


def _noncentral_density(x: Any, df: Any, nc: Any) -> Any:
    """By a modified Bessel function of ``sqrt(nc x)``, scaled; for nc = 0 the chi-square density.

    Its difference quotient in `nc` is that of the Poisson weights: minus the density of df + 2.
    """
    central = nc == 0
    m, size = df / 2 - 1, np.where(central, 1, nc)
    gap = np.sqrt(x) - np.sqrt(size)
    shifted = (x / size) ** (m / 2) * np.exp(-gap * gap / 2) * special.ive(m, np.sqrt(x * size))
    return np.where(central, gamma_pdf(df / 2, x / 2), shifted) / 2


_NONCENTRAL: tuple[Slope, ...] = (
    _noncentral_density,
    "df",
    lambda x, df, nc: -_noncentral_density(x, df + 2, nc),
)
_distribution(
    special.chndtr,
    _NONCENTRAL,
    (_p, _p, _p),
    calls=[call(draw(3, domain=_p), 2.5, draw(3, domain=_p))],
)
_inverse(
    special.chndtrix,
    _NONCENTRAL,
    0,
    (_fraction, _p, _p),
    calls=[call(draw(3, domain=_fraction), 2.5, draw(3, domain=_p))],
)
_inverse(
    special.chndtrinc,
    _NONCENTRAL,
    2,
    (_p, _p, _fraction),
    calls=[call(draw(3, domain=Domain(4.0, 5.0)), 2.5, draw(3, domain=Domain(0.3, 0.5)))],
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


elementwise(special.kolmogorov, lambda y, x: _kolmogorov_slope(x), domain=Domain(0.5, 2.0))
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
