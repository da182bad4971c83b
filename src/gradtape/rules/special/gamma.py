"""Gamma and beta functions, and the distributions that are made of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from gradtape.core.domains import Domain, call, draw, positive_real
from gradtape.core.rules import constant, elementwise
from gradtape.rules.special.unavailable import unavailable

_fraction = Domain(0.1, 0.9)
_upward = Domain(1.2, 4.0)
A, B = np.array([0.7, 1.9]), np.array([2.5, 1.3])
"""Parameters for tests of functions that have no derivative in them."""

# -- gamma --------------------------------------------------------------------------------------


def _reciprocal_slope(y: Any, x: Any) -> Any:
    """``-y psi(x)``; at the poles of gamma, 0, -1, ..., it is ``(-1)**n n!``."""
    if x.dtype.kind == "c":
        return -y * special.psi(x)
    pole = (x <= 0) & (x == np.floor(x))
    n = np.where(pole, -x, 0)
    at_pole = np.where(n % 2 == 0, 1, -1) * special.gamma(n + 1)
    return np.where(pole, at_pole, -y * special.psi(np.where(pole, 1, x)))


def polygamma(n: Any, x: Any) -> Any:
    """`scipy.special.polygamma`, which takes plain arrays only: what is recorded."""
    return special.polygamma(n, x).astype(x.dtype, copy=False)


# Of complex numbers too, once: SciPy has no complex `polygamma`.
elementwise(special.gamma, lambda y, x: y * special.psi(x), domain=_upward)
elementwise(special.gammaln, lambda y, x: special.psi(x), domain=positive_real)
elementwise(special.loggamma, lambda y, x: special.psi(x), domain=positive_real)
elementwise(special.rgamma, _reciprocal_slope, domain=_upward)
constant(special.gammasgn)
elementwise(
    polygamma,
    unavailable("polygamma", "n"),
    lambda y, n, x: _polygamma(n + 1, x),
    domain=(positive_real, positive_real),
    calls=[call(1, draw(2, 3, domain=positive_real)), call(2, draw(domain=positive_real))],
)


def _polygamma(n: Any, x: Any) -> Any:
    from gradtape.core.kinds import invoke
    from gradtape.core.rules import RULES

    return invoke(RULES[polygamma], (n, x), {})


for _psi in {special.psi, special.digamma}:
    elementwise(_psi, lambda y, x: _polygamma(1, x), domain=positive_real)

elementwise(
    special._ufuncs._zeta,
    unavailable("zeta", "x"),
    lambda y, x, q: -x * special.zeta(x + 1, q),
    domain=(_upward, positive_real),
    calls=[call(np.array([1.5, 3.0]), draw(2, domain=positive_real))],
)
elementwise(
    special.poch,
    lambda y, z, m: y * (special.psi(z + m) - special.psi(z)),
    lambda y, z, m: y * special.psi(z + m),
    domain=(positive_real, positive_real),
)
elementwise(
    special.binom,
    lambda y, n, k: y * (special.psi(n + 1) - special.psi(n - k + 1)),
    lambda y, n, k: y * (special.psi(n - k + 1) - special.psi(k + 1)),
    domain=(Domain(4.0, 6.0), positive_real),
)

# -- beta ---------------------------------------------------------------------------------------


def _log_slope(a: Any, b: Any) -> Any:
    return special.psi(a) - special.psi(a + b)


elementwise(
    special.beta,
    lambda y, a, b: y * _log_slope(a, b),
    lambda y, a, b: y * _log_slope(b, a),
    domain=(positive_real, positive_real),
)
elementwise(
    special.betaln,
    lambda y, a, b: _log_slope(a, b),
    lambda y, a, b: _log_slope(b, a),
    domain=(positive_real, positive_real),
)

# -- incomplete functions -----------------------------------------------------------------------
#
# Their slopes are densities. The derivatives in the parameters have no closed form.


def gamma_density(a: Any, x: Any) -> Any:
    """``x**(a - 1) exp(-x) / gamma(a)``."""
    return np.exp(special.xlogy(a - 1, x) - x - special.gammaln(a))


def beta_density(a: Any, b: Any, x: Any) -> Any:
    """``x**(a - 1) (1 - x)**(b - 1) / beta(a, b)``."""
    return np.exp(special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - special.betaln(a, b))


def _of_gamma(function: Any, slope: Any, domain: Domain) -> None:
    elementwise(
        function,
        unavailable(function.__name__, "a"),
        slope,
        domain=(positive_real, domain),
        calls=[call(A, draw(2, domain=domain)), call(A[:, None], draw(3, domain=domain))],
    )


_of_gamma(special.gammainc, lambda y, a, x: gamma_density(a, x), positive_real)
_of_gamma(special.gammaincc, lambda y, a, x: -gamma_density(a, x), positive_real)
_of_gamma(special.gammaincinv, lambda y, a, p: 1 / gamma_density(a, y), _fraction)
_of_gamma(special.gammainccinv, lambda y, a, p: -1 / gamma_density(a, y), _fraction)


def _of_beta(function: Any, slope: Any, domain: Domain = _fraction) -> None:
    name = function.__name__
    elementwise(
        function,
        unavailable(name, "its first argument"),
        unavailable(name, "its second argument"),
        slope,
        domain=(positive_real, positive_real, domain),
        calls=[call(A, B, draw(2, domain=domain)), call(A[:, None], 2.5, draw(3, domain=domain))],
    )


_of_beta(special.betainc, lambda y, a, b, x: beta_density(a, b, x))
_of_beta(special.betaincc, lambda y, a, b, x: -beta_density(a, b, x))
_of_beta(special.betaincinv, lambda y, a, b, p: 1 / beta_density(a, b, y))
_of_beta(special.betainccinv, lambda y, a, b, p: -1 / beta_density(a, b, y))

# -- distributions ------------------------------------------------------------------------------


def _f_density(a: Any, b: Any, x: Any) -> Any:
    scale = b + a * x
    return beta_density(a / 2, b / 2, a * x / scale) * a * b / (scale * scale)


def _t_density(df: Any, t: Any) -> Any:
    log = -(df + 1) / 2 * np.log1p(t * t / df) - special.betaln(0.5, df / 2)
    return np.exp(log) / np.sqrt(df)


def _of_df(function: Any, slope: Any, domain: Domain) -> None:
    elementwise(
        function,
        unavailable(function.__name__, "the degrees of freedom"),
        slope,
        domain=(positive_real, domain),
        calls=[call(B, draw(2, domain=domain))],
    )


_of_beta(special.fdtr, lambda y, a, b, x: _f_density(a, b, x), positive_real)
_of_beta(special.fdtrc, lambda y, a, b, x: -_f_density(a, b, x), positive_real)
_of_beta(special.fdtri, lambda y, a, b, p: 1 / _f_density(a, b, y))
_of_df(special.chdtr, lambda y, v, x: gamma_density(v / 2, x / 2) / 2, positive_real)
_of_df(special.chdtrc, lambda y, v, x: -gamma_density(v / 2, x / 2) / 2, positive_real)
_of_df(special.chdtri, lambda y, v, p: -2 / gamma_density(v / 2, y / 2), _fraction)
_of_df(special.stdtr, lambda y, df, t: _t_density(df, t), Domain(-2.0, 2.0))
_of_df(special.stdtrit, lambda y, df, p: 1 / _t_density(df, y), _fraction)


def _of_scaled_gamma(function: Any, sign: int) -> None:
    elementwise(
        function,
        lambda y, a, b, x: sign * x * gamma_density(b, a * x),
        unavailable(function.__name__, "b"),
        lambda y, a, b, x: sign * a * gamma_density(b, a * x),
        domain=(positive_real, positive_real, positive_real),
        calls=[call(draw(2, domain=positive_real), A, draw(2, domain=positive_real))],
    )


_of_scaled_gamma(special.gdtr, 1)
_of_scaled_gamma(special.gdtrc, -1)

# -- the normal distribution --------------------------------------------------------------------

_ROOT_PI, _ROOT_2PI = math.sqrt(math.pi), math.sqrt(2 * math.pi)
_real = Domain(-2.0, 2.0, complex=True)
_real_only = Domain(-2.0, 2.0)


def _scaled_erfc_slope(y: Any, x: Any) -> Any:
    """``2 x y - 2 / sqrt(pi)``, by the asymptotic series where that cancels."""
    if x.dtype.kind == "c":
        return 2 * x * y - 2 / _ROOT_PI
    far = x > 100
    z = 1 / np.where(far, x, 1) ** 2
    series = -z * (1 - 1.5 * z * (1 - 2.5 * z * (1 - 3.5 * z))) / _ROOT_PI
    return np.where(far, series, 2 * x * y - 2 / _ROOT_PI)


def _dawson_slope(y: Any, x: Any) -> Any:
    """``1 - 2 x y``, by the asymptotic series where that cancels."""
    if x.dtype.kind == "c":
        return 1 - 2 * x * y
    far = np.absolute(x) > 100
    z = 1 / np.where(far, x, 1) ** 2
    series = -z / 2 * (1 + 1.5 * z * (1 + 2.5 * z * (1 + 3.5 * z)))
    return np.where(far, series, 1 - 2 * x * y)


elementwise(special.erf, lambda y, x: 2 / _ROOT_PI * np.exp(-x * x), domain=_real)
elementwise(special.erfc, lambda y, x: -2 / _ROOT_PI * np.exp(-x * x), domain=_real)
elementwise(special.erfi, lambda y, x: 2 / _ROOT_PI * np.exp(x * x), domain=_real)
elementwise(special.erfcx, _scaled_erfc_slope, domain=_real)
elementwise(special.dawsn, _dawson_slope, domain=_real)
elementwise(
    special.wofz,
    lambda y, x: 2j / _ROOT_PI - 2 * x * y,
    domain=_real,
)
elementwise(special.erfinv, lambda y, x: _ROOT_PI / 2 * np.exp(y * y), domain=Domain(-0.85, 0.85))
elementwise(special.erfcinv, lambda y, x: -_ROOT_PI / 2 * np.exp(y * y), domain=Domain(0.2, 1.8))
elementwise(special.ndtr, lambda y, x: np.exp(-x * x / 2) / _ROOT_2PI, domain=_real)
elementwise(special.ndtri, lambda y, x: _ROOT_2PI * np.exp(y * y / 2), domain=_fraction)
# The ratio of density and distribution, without a quotient of two tiny numbers.
elementwise(
    special.log_ndtr,
    lambda y, x: 2 / _ROOT_2PI / special.erfcx(-x / math.sqrt(2)),
    domain=_real_only,
)
elementwise(
    special.ndtri_exp,
    lambda y, x: _ROOT_2PI * np.exp(x + y * y / 2),
    domain=Domain(-3.0, -0.2),
)
elementwise(
    special.owens_t,
    lambda y, h, a: -np.exp(-h * h / 2) / (2 * _ROOT_2PI) * special.erf(a * h / math.sqrt(2)),
    lambda y, h, a: np.exp(-h * h * (1 + a * a) / 2) / (2 * math.pi * (1 + a * a)),
    domain=(_real_only, _real_only),
)
