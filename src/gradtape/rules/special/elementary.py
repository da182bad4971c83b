"""Exponentials, logarithms, entropies, transformations of data and losses of `scipy.special`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import _ufuncs as special

from gradtape.core.domains import (
    Domain,
    call,
    draw,
    nonzero_real,
    positive,
    positive_real,
    real,
    real_only,
)
from gradtape.core.rules import Over, constant, elementwise

_fraction = Domain(0.1, 0.9)
_LN2, _LN10, _DEGREE = math.log(2.0), math.log(10.0), math.pi / 180

# -- NumPy's functions under SciPy's name -------------------------------------------------------

elementwise(special.expm1, lambda y, x: y + 1, domain=real)
elementwise(special.log1p, Over(lambda y, x: 1 + x), domain=positive)
elementwise(special.exp2, lambda y, x: y * _LN2, domain=real_only)
elementwise(special.exp10, lambda y, x: y * _LN10, domain=real_only)
elementwise(special.cbrt, Over(lambda y, x: 3 * y * y), domain=nonzero_real)
elementwise(
    special.powm1,
    lambda y, x, p: p * np.power(x, p - 1),
    lambda y, x, p: np.power(x, p) * np.log(np.where((x == 0) & (p > 0), 1, x)),
    domain=(positive_real, real_only),
)
elementwise(special.cosm1, lambda y, x: -np.sin(x), domain=real_only)
elementwise(special.sindg, lambda y, x: _DEGREE * special.cosdg(x), domain=real_only)
elementwise(special.cosdg, lambda y, x: -_DEGREE * special.sindg(x), domain=real_only)
elementwise(special.tandg, lambda y, x: _DEGREE * (1 + y * y), domain=real_only)
elementwise(special.cotdg, lambda y, x: -_DEGREE * (1 + y * y), domain=positive_real)

elementwise(
    special.radian,
    lambda y, d, m, s: _DEGREE,
    lambda y, d, m, s: _DEGREE / 60,
    lambda y, d, m, s: _DEGREE / 3600,
    domain=(real_only, real_only, real_only),
)
constant(special.round)

# -- logistic functions -------------------------------------------------------------------------

# 1 - expit(x) would lose all digits for large x.
elementwise(special.expit, lambda y, x: y * special.expit(-x), domain=real_only)
elementwise(special.log_expit, lambda y, x: special.expit(-x), domain=real_only)
elementwise(special.logit, Over(lambda y, x: x * (1 - x)), domain=_fraction)  # inf at 0 and 1

# -- products with a logarithm ------------------------------------------------------------------
#
# ``0 log 0`` is 0; so is what an argument does that is multiplied by 0.


def _log_unless(dead: Any, z: Any, log: Any) -> Any:
    return np.where(dead, 0, log(np.where(dead, 1, z)))


def _ratio(x: Any, z: Any) -> Any:
    return np.where(x == 0, 0, x / np.where(x == 0, 1, z))


elementwise(
    special.xlogy,
    lambda y, a, b: _log_unless((a == 0) & (b == 0), b, np.log),
    lambda y, a, b: _ratio(a, b),
    domain=(real, positive),
)
elementwise(
    special.xlog1py,
    lambda y, a, b: _log_unless((a == 0) & (b == -1), b, np.log1p),
    lambda y, a, b: _ratio(a, 1 + b),
    domain=(real, positive),
)
elementwise(special.entr, lambda y, x: -np.log(x) - 1, domain=positive_real)  # inf at 0


def _log_ratio(a: Any, b: Any) -> Any:
    """``log(a / b)``: -inf for a = 0, the one-sided slope, but 0 where b is 0 too."""
    dead = (a == 0) & (b == 0)
    return np.where(dead, 0, np.log(np.where(dead, 1, a) / np.where(dead, 1, b)))


elementwise(
    special.rel_entr,
    lambda y, a, b: np.where((a == 0) & (b == 0), 0, _log_ratio(a, b) + 1),
    lambda y, a, b: -_ratio(a, b),
    domain=(positive_real, positive_real),
)
elementwise(
    special.kl_div,
    lambda y, a, b: _log_ratio(a, b),
    lambda y, a, b: 1 - _ratio(a, b),
    domain=(positive_real, positive_real),
)

# -- powers of data -----------------------------------------------------------------------------

_SERIES = [1 / ((n + 2) * math.factorial(n)) for n in range(20)]


def _bend(u: Any) -> Any:
    """``(u exp(u) - expm1(u)) / u**2``, the derivative of `exprel`; by its series near 0."""
    near = np.absolute(u) < 1
    small, large = np.where(near, u, 0), np.where(near, 2, u)
    series = small * 0 + _SERIES[-1]
    for coefficient in reversed(_SERIES[:-1]):
        series = series * small + coefficient
    return np.where(near, series, (large * np.exp(large) - np.expm1(large)) / (large * large))


elementwise(special.exprel, lambda y, x: _bend(x), domain=real_only)


def _boxcox_in_power(log: Any, power: Any) -> Any:
    """``log**2`` times the slope of `exprel` at ``power * log``; its limit at the power of 0."""
    end = np.isneginf(log) & (power > 0)
    log = np.where(end, 0, log)
    return np.where(end, 1 / np.where(end, power, 1) ** 2, log * log * _bend(power * log))


elementwise(
    special.boxcox,
    lambda y, x, p: x ** (p - 1),
    lambda y, x, p: _boxcox_in_power(np.log(x), p),
    domain=(positive_real, real_only),
)
elementwise(
    special.boxcox1p,
    lambda y, x, p: (1 + x) ** (p - 1),
    lambda y, x, p: _boxcox_in_power(np.log1p(x), p),
    domain=(positive_real, real_only),
)
# By the implicit function theorem, of boxcox(inv_boxcox(x, p), p) = x.
elementwise(
    special.inv_boxcox,
    lambda y, x, p: y ** (1 - p),
    lambda y, x, p: -_boxcox_in_power(np.log(y), p) * y ** (1 - p),
    domain=(positive_real, _fraction),
)
elementwise(
    special.inv_boxcox1p,
    lambda y, x, p: (1 + y) ** (1 - p),
    lambda y, x, p: -_boxcox_in_power(np.log1p(y), p) * (1 + y) ** (1 - p),
    domain=(positive_real, _fraction),
)

# -- losses -------------------------------------------------------------------------------------

elementwise(
    special.huber,
    lambda y, d, r: np.where(np.absolute(r) <= d, 0, np.absolute(r) - d),
    lambda y, d, r: np.where(np.absolute(r) <= d, r, d * np.sign(r)),
    domain=(Domain(0.9, 1.1), Domain(-2.0, 2.0, holes=(-1.0, 1.0))),
)


def _pseudo_huber_in_delta(d: Any, r: Any) -> Any:
    h = np.hypot(d, r)
    flat = (h == 0) | (h + d == 0)
    rest = r / np.where(flat, 1, h + d)
    return np.where(flat, 0, rest * rest * r * (r / np.where(flat, 1, h)))


# With h = hypot(d, r), nothing cancels; at d = r = 0 the loss is flat.
elementwise(
    special.pseudo_huber,
    lambda y, d, r: _pseudo_huber_in_delta(d, r),
    lambda y, d, r: np.where((d == 0) & (r == 0), 0, d * r / np.hypot(d, np.where(d == 0, 1, r))),
    domain=(positive_real, real_only),
)

# -- inverses of products with exponentials -----------------------------------------------------


def _lambert_slope(y: Any, x: Any, k: Any, tol: Any) -> Any:
    return np.exp(-y) / (1 + y)  # infinite at the branch point, y = -1


_lambertw = special._lambertw
elementwise(
    _lambertw,
    _lambert_slope,
    None,
    None,
    domain=(positive, positive, positive),
    calls=[call(draw(2, 3, domain=positive), 0, 1e-8), call(draw(domain=positive), 0, 1e-8)],
)
elementwise(special.wrightomega, lambda y, x: y / (1 + y), domain=real)
