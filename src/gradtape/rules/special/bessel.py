"""Bessel functions and their relatives.

Derivatives in the argument follow from the recurrences of NIST DLMF, sections 10.6, 10.29, 10.61
and 11.4; those in the order have no closed form.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import _ufuncs as special

from gradtape.core.domains import Domain, call, draw, positive_real, real_only
from gradtape.core.rules import elementwise, primitive
from gradtape.rules.special.unavailable import unavailable

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
_of_order(
    special.kv,
    lambda y, v, x: -(special.kv(v - 1, x) + special.kv(v + 1, x)) / 2,
    _positive,
    _ORDERS,
)
# Scaled by exp(-abs(Im x)), which is 1 for real numbers; of complex ones they are not holomorphic.
_of_order(special.jve, _half(special.jve, -1), positive_real, _ORDERS)
_of_order(special.yve, _half(special.yve, -1), positive_real, _ORDERS)
# Scaled by exp(-abs(x)), which has a kink at 0: slope 0 there, its subgradient of least norm.
_of_order(
    special.ive,
    lambda y, v, x: (special.ive(v - 1, x) + special.ive(v + 1, x)) / 2 - np.sign(x) * y,
    positive_real,
    _ORDERS,
)
_of_order(
    special.kve,
    lambda y, v, x: y - (special.kve(v - 1, x) + special.kve(v + 1, x)) / 2,
    _positive,
    _ORDERS,
)
_of_order(special.yn, _half(special.yn, -1), positive_real, np.array([1, 2, 3]))
_of_order(
    special.kn,
    lambda y, n, x: -(special.kn(abs(n - 1), x) + special.kn(n + 1, x)) / 2,
    positive_real,
    np.array([0, 1, 2]),
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
elementwise(special.i0e, lambda y, x: special.i1e(x) - np.sign(x) * y, domain=positive_real)
elementwise(
    special.i1e,
    lambda y, x: (special.i0e(x) + special.ive(2.0, x)) / 2 - np.sign(x) * y,
    domain=positive_real,
)
elementwise(special.k0e, lambda y, x: y - special.k1e(x), domain=positive_real)
elementwise(
    special.k1e, lambda y, x: y - (special.k0e(x) + special.kve(2.0, x)) / 2, domain=positive_real
)

# -- Struve, Kelvin, Airy -----------------------------------------------------------------------


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

elementwise(special.ber, lambda y, x: special.berp(x), domain=positive_real)
elementwise(special.bei, lambda y, x: special.beip(x), domain=positive_real)
elementwise(special.ker, lambda y, x: special.kerp(x), domain=positive_real)
elementwise(special.kei, lambda y, x: special.keip(x), domain=positive_real)
elementwise(special.berp, lambda y, x: -special.bei(x) - y / x, domain=positive_real)
elementwise(special.beip, lambda y, x: special.ber(x) - y / x, domain=positive_real)
elementwise(special.kerp, lambda y, x: -special.kei(x) - y / x, domain=positive_real)
elementwise(special.keip, lambda y, x: special.ker(x) - y / x, domain=positive_real)


def _several(function: Any, slopes: Callable[..., Any], domain: Domain) -> None:
    """A function of one argument with several results; `slopes` of ``(y, x)`` gives one each."""

    def vjp(g: Any, y: Any, x: Any) -> Any:
        total = None
        for gi, slope in zip(g, slopes(y, x), strict=True):
            c = gi * (np.conj(slope) if slope.dtype.kind == "c" else slope)
            total = c if total is None else total + c
        return total

    primitive(
        function,
        vjp,
        jvp=lambda tangents, y, x: tuple([tangents[0] * slope for slope in slopes(y, x)]),
        reads="y 0",
        calls=[call(draw(2, 3, domain=domain)), call(draw(domain=domain))],
    )


_several(special.airy, lambda y, x: (y[1], x * y[0], y[3], x * y[2]), _positive)
_several(special.sici, lambda y, x: (np.sin(x) / x, np.cos(x) / x), positive_real)
_several(special.shichi, lambda y, x: (np.sinh(x) / x, np.cosh(x) / x), positive_real)
_several(
    special.fresnel,
    lambda y, x: (np.sin(math.pi / 2 * x * x), np.cos(math.pi / 2 * x * x)),
    Domain(-1.5, 1.5, complex=True),
)
_several(special.itj0y0, lambda y, x: (special.j0(x), special.y0(x)), positive_real)
_several(special.iti0k0, lambda y, x: (special.i0(x), special.k0(x)), positive_real)
