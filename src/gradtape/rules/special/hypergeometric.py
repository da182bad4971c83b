"""Exponential integrals, the dilogarithm, hypergeometric functions and those of Wright.

NIST DLMF 6, 8.19, 13.3, 15.5, 16.3 and 25.12.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import _ufuncs as special

from gradtape.core.domains import Domain, call, draw, nonzero_real, positive, positive_real
from gradtape.core.rules import elementwise
from gradtape.rules.special.unavailable import unavailable

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


def _dilog_slope(x: Any) -> Any:
    """``log(x) / (1 - x)``; near 1 as a hypergeometric function, for its own derivatives."""
    near = np.absolute(x - 1) < 0.3
    small, far = np.where(near, 1 - x, 0), np.where(near, 2, x)
    return np.where(near, -special.hyp2f1(1.0, 1.0, 2.0, small), np.log(far) / (1 - far))


elementwise(special.spence, lambda y, x: _dilog_slope(x), domain=positive)

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

# -- Wright's generalized Bessel function: its series, term by term -----------------------------

elementwise(
    special.wright_bessel,
    unavailable("wright_bessel", "a"),
    unavailable("wright_bessel", "b"),
    lambda y, a, b, x: special.wright_bessel(a, a + b, x),
    domain=(positive_real, positive_real, positive_real),
    calls=[call(0.5, 1.5, draw(2, 3, domain=positive_real))],
)
elementwise(
    special.log_wright_bessel,
    unavailable("log_wright_bessel", "a"),
    unavailable("log_wright_bessel", "b"),
    lambda y, a, b, x: np.exp(special.log_wright_bessel(a, a + b, x) - y),
    domain=(positive_real, positive_real, positive_real),
    calls=[call(0.5, 1.5, draw(2, 3, domain=positive_real))],
)
