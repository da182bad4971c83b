"""Bessel functions, and those of Struve and Kelvin.

Derivatives in the argument follow from the recurrences of NIST DLMF, sections 10.6, 10.29, 10.51,
10.61 and 11.4. Those in the order have no closed form; that of K has an integral of one sign.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import _ufuncs as special

from gradtape.core.domains import Domain, call, draw, nonzero_real, positive_real, real_only
from gradtape.core.kinds import is_complex
from gradtape.core.rules import elementwise
from gradtape.rules.special.recorded import recorded
from gradtape.rules.special.unavailable import only_real, unavailable

_positive = Domain(0.3, 3.0, complex=True)
_ORDERS = np.array([0.0, 1.0, 2.5])


def _of_order(function: Any, slope: Callable[..., Any], domain: Domain, orders: Any) -> None:
    elementwise(
        function,
        unavailable(function.__name__, "the order"),
        slope,
        domain=(real_only, domain),
        calls=[
            call(orders, draw(orders.size, domain=domain)),
            call(orders[:, None], draw(2, domain=domain)),
        ],
    )


def _half(f: Any, sign: int) -> Callable[..., Any]:
    """``(f(v - 1, x) + sign * f(v + 1, x)) / 2``."""
    return lambda y, v, x: (f(v - 1, x) + sign * f(v + 1, x)) / 2


for _function, _sign in (
    (special.jv, -1),
    (special.yv, -1),
    (special.iv, 1),
    (special.hankel1, -1),
    (special.hankel2, -1),
):
    _of_order(_function, _half(_function, _sign), _positive, _ORDERS)
for _function, _turn in ((special.hankel1e, 1j), (special.hankel2e, -1j)):
    _of_order(
        _function,
        lambda y, v, z, f=_function, turn=_turn: _half(f, -1)(y, v, z) - turn * y,
        _positive,
        _ORDERS,
    )
_of_order(special.yn, _half(special.yn, -1), positive_real, np.array([0, 1, 2]))
_of_order(
    special.kn,
    lambda y, n, x: -(special.kn(abs(n - 1), x) + special.kn(n + 1, x)) / 2,
    positive_real,
    np.array([0, 1, 2]),
)

# -- scaled by exponentials ---------------------------------------------------------------------
#
# The slope of a scaled I or K is a difference of almost equal numbers far out, where the
# asymptotic series 10.40.1 and 10.40.2, differentiated, serve better.


def _far(v: Any, x: Any) -> Any:
    return np.absolute(x) > np.maximum(25, 2 * v * v)


def _asymptotic_slope(v: Any, x: Any, sign: int) -> Any:
    """The derivative of ``sum(sign**k a_k(v) / x**(k + 1/2))``, 16 terms."""
    total, term = 0, 1
    for k in range(16):
        total = total - (k + 0.5) * term
        term = term * (sign / (8 * (k + 1)) * (4 * v * v - (2 * k + 1) ** 2) / x)
    return total / (x * np.sqrt(x))


def _scaled_i_slope(v: Any, x: Any, naive: Any) -> Any:
    """Of ``exp(-abs(x)) iv(v, x)``; slope 0 at the kink in 0, its subgradient of least norm."""
    far = _far(v, x) & (x > 0)
    series = _asymptotic_slope(v, np.where(far, x, 100), -1) / math.sqrt(2 * math.pi)
    return np.where(far, series, naive)


def _scaled_k_slope(v: Any, x: Any, naive: Any) -> Any:
    """Of ``exp(x) kv(v, x)``."""
    far = _far(v, x)
    series = _asymptotic_slope(v, np.where(far, x, 100), 1) * math.sqrt(math.pi / 2)
    return np.where(far, series, naive)


def _scaled(function: Any, unscaled: str, part: str, slope: Callable[..., Any]) -> None:
    """A function scaled by ``exp(-abs(part of x))``, holomorphic only where that is 1."""
    name = function.__name__
    instead = f"{unscaled}(v, z) * np.exp(-np.abs(np.{part}(z)))"
    _of_order(
        function,
        lambda y, v, x: slope(y, v, only_real(x, name, instead)),
        positive_real,
        _ORDERS,
    )


_scaled(special.jve, "jv", "imag", _half(special.jve, -1))
_scaled(special.yve, "yv", "imag", _half(special.yve, -1))
_scaled(
    special.ive,
    "iv",
    "real",
    lambda y, v, x: _scaled_i_slope(v, x, _half(special.ive, 1)(y, v, x) - np.sign(x) * y),
)

# -- K, also in its order -----------------------------------------------------------------------

_STEPS = 256


def k_in_order(n: int, v: Any, x: Any) -> Any:
    """The `n`-th derivative in `v` of ``exp(x) kv(v, x)``, by the integral 10.32.9.

    Its integrand ``exp(-x (cosh t - 1)) t**n cosh(v t)``, with sinh for odd n, has one sign and
    falls off doubly exponentially, so the trapezoidal rule converges as fast.
    """
    size = np.absolute(v)
    peak = np.arcsinh(size / x)
    end = np.arccosh(1 + (45 + size * (peak + 3)) / x)  # where it is below the peak by exp(-45)
    total = 0
    for k in range(_STEPS + 1):
        t = end * (k / _STEPS)
        up = np.exp(size * t - 2 * x * np.sinh(t / 2) ** 2)
        both = -np.expm1(-2 * size * t) if n % 2 else 1 + np.exp(-2 * size * t)
        total = total + t**n * up * both * (1 if k else 0.5)
    turn = np.where(v < 0, -1, 1) if n % 2 else 1
    return turn * total * end * (0.5 / _STEPS)


_k_in_order = recorded(k_in_order)


def _of_real(function: str, x: Any) -> Any:
    """`x`; a complex one, of which there is no derivative in the order, is refused."""
    return unavailable(function, "the order")() if is_complex(x) else x


elementwise(
    k_in_order,
    None,
    lambda y, n, v, x: _k_in_order(n + 1, v, x),
    lambda y, n, v, x: y - (_k_in_order(n, v - 1, x) + _k_in_order(n, v + 1, x)) / 2,
    domain=(positive_real, real_only, positive_real),
    calls=[call(n, draw(3, domain=real_only), draw(3, domain=positive_real)) for n in (1, 2)],
)
_K_CALLS = [
    call(draw(2, 3, domain=real_only), draw(3, domain=positive_real)),
    call(_ORDERS[:, None], draw(2, domain=_positive)),
]
elementwise(
    special.kv,
    lambda y, v, x: _k_in_order(1, v, _of_real("kv", x)) * np.exp(-x),
    lambda y, v, x: -(special.kv(v - 1, x) + special.kv(v + 1, x)) / 2,
    domain=(real_only, _positive),
    calls=_K_CALLS,
)
elementwise(
    special.kve,
    lambda y, v, x: _k_in_order(1, v, _of_real("kve", x)),
    lambda y, v, x: _scaled_k_slope(v, x, y - (special.kve(v - 1, x) + special.kve(v + 1, x)) / 2),
    domain=(real_only, _positive),
    calls=_K_CALLS,
)

# -- order 0 and 1 ------------------------------------------------------------------------------

elementwise(special.j0, lambda y, x: -special.j1(x), domain=real_only)
elementwise(special.j1, lambda y, x: (special.j0(x) - special.jv(2.0, x)) / 2, domain=real_only)
elementwise(special.y0, lambda y, x: -special.y1(x), domain=positive_real)
elementwise(special.y1, lambda y, x: (special.y0(x) - special.yv(2.0, x)) / 2, domain=positive_real)
elementwise(special.i0, lambda y, x: special.i1(x), domain=real_only)
elementwise(special.i1, lambda y, x: (special.i0(x) + special.iv(2.0, x)) / 2, domain=real_only)
elementwise(special.k0, lambda y, x: -special.k1(x), domain=positive_real)
elementwise(
    special.k1, lambda y, x: -(special.k0(x) + special.kv(2.0, x)) / 2, domain=positive_real
)
elementwise(
    special.i0e,
    lambda y, x: _scaled_i_slope(0, x, special.i1e(x) - np.sign(x) * y),
    domain=nonzero_real,
)
elementwise(
    special.i1e,
    lambda y, x: _scaled_i_slope(1, x, (special.i0e(x) + special.ive(2.0, x)) / 2 - np.sign(x) * y),
    domain=nonzero_real,
)
elementwise(
    special.k0e, lambda y, x: _scaled_k_slope(0, x, y - special.k1e(x)), domain=positive_real
)
elementwise(
    special.k1e,
    lambda y, x: _scaled_k_slope(1, x, y - (special.k0e(x) + special.kve(2.0, x)) / 2),
    domain=positive_real,
)

# -- Struve and Kelvin --------------------------------------------------------------------------


def _struve_term(v: Any, x: Any) -> Any:
    return (x / 2) ** v * special.rgamma(v + 1.5) / math.sqrt(math.pi)


for _function, _sign in ((special.struve, -1), (special.modstruve, 1)):
    _of_order(
        _function,
        lambda y, v, x, f=_function, sign=_sign: (
            (f(v - 1, x) + sign * f(v + 1, x) + _struve_term(v, x)) / 2
        ),
        positive_real,
        np.array([0.5, 1.0, 2.5]),
    )


def over_argument(y: Any, x: Any, limit: complex) -> Any:
    """``y / x``, and `limit` at 0."""
    zero = x == 0
    return np.where(zero, limit, y / np.where(zero, 1, x))


elementwise(special.ber, lambda y, x: special.berp(x), domain=positive_real)
elementwise(special.bei, lambda y, x: special.beip(x), domain=positive_real)
elementwise(special.ker, lambda y, x: special.kerp(x), domain=positive_real)
elementwise(special.kei, lambda y, x: special.keip(x), domain=positive_real)
elementwise(
    special.berp, lambda y, x: -special.bei(x) - over_argument(y, x, 0), domain=positive_real
)
elementwise(
    special.beip, lambda y, x: special.ber(x) - over_argument(y, x, 0.5), domain=positive_real
)
elementwise(special.kerp, lambda y, x: -special.kei(x) - y / x, domain=positive_real)
elementwise(special.keip, lambda y, x: special.ker(x) - y / x, domain=positive_real)

# -- spherical ones, of integer order -----------------------------------------------------------
#
# Of y'' + 2 y' / x + (c - n (n + 1) / x**2) y = 0, with c = 1 for j and y, c = -1 for i and k.


def _integer(n: Any) -> Any:
    """Orders, which arrive in the dtype of the result, as SciPy takes them."""
    return np.maximum(n, 0).astype(np.intp)


def _spherical(name: str, c: int) -> None:
    function, slope = getattr(special, name), getattr(special, f"{name}_d")
    orders = np.array([0, 1, 3])
    _of_order(function, lambda y, n, x: slope(_integer(n), x), _positive, orders)
    _of_order(
        slope,
        lambda y, n, x: (n * (n + 1) / x / x - c) * function(_integer(n), x) - 2 * y / x,
        _positive,
        orders,
    )


for _name, _c in (
    ("_spherical_jn", 1),
    ("_spherical_yn", 1),
    ("_spherical_in", -1),
    ("_spherical_kn", -1),
):
    _spherical(_name, _c)
