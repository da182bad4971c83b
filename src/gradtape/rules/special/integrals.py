"""Elliptic and exponential integrals, hypergeometric functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import _ufuncs as special

from gradtape.core.domains import Domain, call, draw, nonzero_real, positive, positive_real
from gradtape.core.kinds import invoke
from gradtape.core.rules import RULES, elementwise
from gradtape.rules.special.unavailable import unavailable

_parameter = Domain(0.1, 0.8)

# -- complete elliptic integrals ----------------------------------------------------------------
#
# With D = (K - E) / m, which SciPy's `elliprd` computes without cancellation (DLMF 19.25.1),
#   dK/dm = (K - D) / (2 (1 - m)),  dE/dm = -D / 2.

_SQUARES = [math.prod([(2 * k - 1) / (2 * k) for k in range(1, n + 1)]) ** 2 for n in range(40)]


def difference(m: Any) -> Any:
    """``(ellipk(m) - ellipe(m)) / m``."""
    return special.elliprd(0.0, 1 - m, 1.0) / 3


def _difference(m: Any) -> Any:
    return invoke(RULES[difference], (m,), {})


def _difference_slope(m: Any, d: Any) -> Any:
    near = np.absolute(m) < 0.3
    small, far = np.where(near, m, 0), np.where(near, 0.5, m)
    series = small * 0
    for n in reversed(range(2, 40)):
        series = series * small + math.pi * _SQUARES[n] * n * (n - 1) / (2 * n - 1)
    k, d = special.ellipk(far), np.where(near, 0, d)
    return np.where(near, series, (k - 2 * d + far * d) / (2 * far * (1 - far)))


elementwise(special.ellipk, lambda y, m: (y - _difference(m)) / (2 * (1 - m)), domain=_parameter)
elementwise(special.ellipe, lambda y, m: -_difference(m) / 2, domain=_parameter)
elementwise(special.ellipkm1, lambda y, p: -(y - _difference(1 - p)) / (2 * p), domain=_parameter)
elementwise(difference, lambda y, m: _difference_slope(m, y), domain=_parameter)

# -- incomplete ones (DLMF 19.4) ----------------------------------------------------------------


def _root(phi: Any, m: Any) -> Any:
    return np.sqrt(1 - m * np.sin(phi) ** 2)


def _second_in_parameter(phi: Any, m: Any) -> Any:
    """``(E - F) / (2 m)``; at m = 0 its limit."""
    zero = m == 0
    safe = np.where(zero, 0.5, m)
    rest = (special.ellipeinc(phi, safe) - special.ellipkinc(phi, safe)) / (2 * safe)
    return np.where(zero, np.sin(2 * phi) / 8 - phi / 4, rest)


def _first_in_parameter(phi: Any, m: Any) -> Any:
    zero = m == 0
    safe = np.where(zero, 0.5, m)
    e, f = special.ellipeinc(phi, safe), special.ellipkinc(phi, safe)
    rest = (e / (1 - safe) - f) / (2 * safe) - np.sin(2 * phi) / (4 * (1 - safe) * _root(phi, safe))
    return np.where(zero, phi / 4 - np.sin(2 * phi) / 8, rest)


_angle = Domain(0.2, 1.4)
elementwise(
    special.ellipkinc,
    lambda y, phi, m: 1 / _root(phi, m),
    lambda y, phi, m: _first_in_parameter(phi, m),
    domain=(_angle, _parameter),
)
elementwise(
    special.ellipeinc,
    lambda y, phi, m: _root(phi, m),
    lambda y, phi, m: _second_in_parameter(phi, m),
    domain=(_angle, _parameter),
)

# -- exponential integrals ----------------------------------------------------------------------

elementwise(special.expi, lambda y, x: np.exp(x) / x, domain=nonzero_real)
elementwise(special.exp1, lambda y, x: -np.exp(-x) / x, domain=positive)


def _expn_slope(y: Any, n: Any, x: Any) -> Any:
    first = n == 0
    return np.where(first, -y * (1 + 1 / x), -special.expn(np.where(first, 1, n) - 1, x))


elementwise(
    special.expn,
    unavailable("expn", "n"),
    _expn_slope,
    domain=(positive_real, positive_real),
    calls=[call(np.array([0, 1, 3]), draw(3, domain=positive_real))],
)

# -- hypergeometric functions (DLMF 13.3, 15.5) -------------------------------------------------

_inner = Domain(-0.6, 0.6)
_P, _Q, _R = np.array([0.5, 1.2]), np.array([1.5, 0.7]), np.array([2.2, 1.9])

elementwise(
    special.hyp2f1,
    *(unavailable("hyp2f1", name) for name in "abc"),
    lambda y, a, b, c, z: a * b / c * special.hyp2f1(a + 1, b + 1, c + 1, z),
    domain=(_inner, _inner, _inner, _inner),
    calls=[call(_P, _Q, _R, draw(2, domain=_inner)), call(0.5, 1.5, 2.2, draw(domain=_inner))],
)
elementwise(
    special.hyp1f1,
    unavailable("hyp1f1", "a"),
    unavailable("hyp1f1", "b"),
    lambda y, a, b, x: a / b * special.hyp1f1(a + 1, b + 1, x),
    domain=(_inner, _inner, _inner),
    calls=[call(_P, _Q, draw(2, domain=_inner))],
)
elementwise(
    special.hyperu,
    unavailable("hyperu", "a"),
    unavailable("hyperu", "b"),
    lambda y, a, b, x: -a * special.hyperu(a + 1, b + 1, x),
    domain=(_inner, _inner, positive_real),
    calls=[call(_P, _Q, draw(2, domain=positive_real))],
)
elementwise(
    special.hyp0f1,
    unavailable("hyp0f1", "v"),
    lambda y, v, z: special.hyp0f1(v + 1, z) / v,
    domain=(_inner, positive_real),
    calls=[call(_P, draw(2, domain=positive_real))],
)
