"""Functions with several results: integrals of Bessel functions, Airy and Fresnel functions ..."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import _ufuncs as special

from gradtape.core.batching import leading
from gradtape.core.cotangents import project
from gradtape.core.domains import Domain, call, draw, nonzero_real, positive_real, real_only
from gradtape.core.handle import Spec
from gradtape.core.kinds import is_complex
from gradtape.core.rules import elementwise, primitive
from gradtape.rules.special.bessel import over_argument
from gradtape.rules.special.elliptic import first_in_parameter
from gradtape.rules.special.recorded import recorded
from gradtape.rules.special.unavailable import only_real, unavailable

_positive = Domain(0.3, 3.0, complex=True)


def _along(g: Any, slopes: Any, spec: Any) -> Any:
    """The cotangent of an argument of `spec`: those of the results times their slopes in it."""
    total = None
    for cotangent, slope in zip(g, slopes, strict=True):
        unused = (cotangent == 0) & np.isinf(slope)  # a pole of a result that nobody took
        slope = np.where(unused, 0, slope)
        c = cotangent * (np.conj(slope) if is_complex(slope) else slope)
        total = c if total is None else total + c
    return project(total, spec)


def _several(function: Any, slopes: Callable[..., Any], domain: Domain) -> None:
    """A function of one argument; ``slopes(y, x)`` gives the derivative of each result."""
    primitive(
        function,
        lambda g, y, x: _along(g, slopes(y, x), x),
        jvp=lambda tangents, y, x: tuple([tangents[0] * slope for slope in slopes(y, x)]),
        reads="y 0",
        batch=leading(0),
        calls=[call(draw(2, 3, domain=domain)), call(draw(domain=domain))],
    )


def _of_order(function: Any, slopes: Callable[..., Any], orders: Any, domain: Domain) -> None:
    """A function of an order, in which it has no derivative, and an argument."""
    refuse = unavailable(function.__name__, "the order")

    def jvp(tangents: Any, y: Any, v: Any, x: Any) -> Any:
        if tangents[0] is not None:
            refuse()
        return tuple([tangents[1] * slope for slope in slopes(y, v, x)])

    primitive(
        function,
        lambda g, y, v, x: refuse(),
        lambda g, y, v, x: _along(g, slopes(y, v, x), x),
        jvp=jvp,
        reads="y 0 1",
        batch=leading(0, 0),
        calls=[
            call(orders, draw(orders.size, domain=domain)),
            call(orders[:, None], draw(2, domain=domain)),
        ],
    )


# -- sines, exponentials and Fresnel integrals --------------------------------------------------


def sinhc(x: Any) -> Any:
    """``sinh(x) / x``."""
    zero = x == 0
    safe = np.where(zero, 1, x)
    return np.where(zero, 1, np.sinh(safe) / safe)


_sinhc = recorded(sinhc)


def _sinhc_slope(y: Any, x: Any) -> Any:
    """``(cosh(x) - sinhc(x)) / x``, by its series near 0."""
    near = np.absolute(x) < 1
    small, far = np.where(near, x, 0), np.where(near, 1, x)
    series = small * 0
    for n in reversed(range(1, 10)):
        series = series * small * small + 2 * n / math.factorial(2 * n + 1)
    return np.where(near, small * series, (np.cosh(far) - np.sinh(far) / far) / far)


elementwise(sinhc, lambda y, x: _sinhc_slope(y, x), domain=Domain(-2.0, 2.0, complex=True))


def _sinc(x: Any) -> Any:
    """``sin(x) / x``."""
    return np.real(_sinhc(x * 1j)) if not is_complex(x) else _sinhc(x * 1j)


_several(special.sici, lambda y, x: (_sinc(x), np.cos(x) / x), _positive)
_several(special.shichi, lambda y, x: (_sinhc(x), np.cosh(x) / x), _positive)
_several(
    special.fresnel,
    lambda y, x: (np.sin(math.pi / 2 * x * x), np.cos(math.pi / 2 * x * x)),
    Domain(-1.5, 1.5, complex=True),
)


def _modified_fresnel(sign: int) -> Callable[..., Any]:
    """Of ``F(x) = integral of exp(sign i t**2) above x`` and its scaled form."""
    turn = complex(math.sqrt(0.5), -sign * math.sqrt(0.5)) / math.sqrt(math.pi)
    return lambda y, x: (-np.exp(x * x * (sign * 1j)), y[1] * x * (-sign * 2j) - turn)


# For negative x SciPy 1.17's imaginary part is wrong; the slopes are those of the right function.
_several(special.modfresnelp, _modified_fresnel(1), Domain(0.3, 2.0))
_several(special.modfresnelm, _modified_fresnel(-1), Domain(0.3, 2.0))

# -- Airy functions (DLMF 9.2) ------------------------------------------------------------------

_several(special.airy, lambda y, x: (y[1], x * y[0], y[3], x * y[2]), _positive)


def _scaled_airy(y: Any, x: Any) -> Any:
    """Ai and Ai' are scaled by ``exp(2/3 x sqrt(x))``, Bi and Bi' by its inverse where x > 0."""
    x = only_real(x, "airye", "airy(z) * np.exp(...)")
    root = np.sqrt(np.where(x > 0, x, 0))
    return (
        y[1] + root * y[0],
        x * y[0] + root * y[1],
        y[3] - root * y[2],
        x * y[2] - root * y[3],
    )


_several(special.airye, _scaled_airy, positive_real)
_several(
    special.itairy,
    lambda y, x: (
        *special.airy(x)[::2],
        *special.airy(-x)[::2],
    ),
    Domain(0.1, 1.0),
)

# -- integrals of Bessel and Struve functions ---------------------------------------------------


def _lost_unit(x: Any, f: Any, sign: int) -> Any:
    """``sign (f(x) - 1) / x`` for ``f(x) = 1 + sign x**2 / 4 + x**4 / 64 + ...``, j0 or i0."""
    near = np.absolute(x) < 0.1
    small, far = np.where(near, x, 0), np.where(near, 1, x)
    z = small * small / 4
    series = small / 4 * (1 + sign * z / 4 * (1 + sign * z / 9 * (1 + sign * z / 16)))
    return np.where(near, series, sign * (f(far) - 1) / far)


_several(special.itj0y0, lambda y, x: (special.j0(x), special.y0(x)), positive_real)
_several(special.iti0k0, lambda y, x: (special.i0(x), special.k0(x)), positive_real)
_several(
    special.it2j0y0,
    lambda y, x: (_lost_unit(x, special.j0, -1), -special.y0(x) / x),
    positive_real,
)
_several(
    special.it2i0k0,
    lambda y, x: (_lost_unit(x, special.i0, 1), -special.k0(x) / x),
    positive_real,
)
elementwise(special.itstruve0, lambda y, x: special.struve(0.0, x), domain=positive_real)
elementwise(special.itmodstruve0, lambda y, x: special.modstruve(0.0, x), domain=positive_real)
elementwise(
    special.it2struve0,
    lambda y, x: -over_argument(special.struve(0.0, x), x, 2 / math.pi),
    domain=nonzero_real,
)

# -- Kelvin and parabolic cylinder functions (DLMF 10.61, 12.2) ---------------------------------


def _kelvin(y: Any, x: Any) -> Any:
    be, ke, be_slope, ke_slope = y
    return (
        be_slope,
        ke_slope,
        be * 1j - over_argument(be_slope, x, 0.5j),
        ke * 1j - ke_slope / x,
    )


_several(special.kelvin, _kelvin, positive_real)
for _function in (special.pbdv, special.pbvv):
    _of_order(
        _function,
        lambda y, v, x: (y[1], (x * x / 4 - v - 0.5) * y[0]),
        np.array([0.0, 1.0, 2.5]),
        positive_real,
    )
_of_order(
    special.pbwa,
    lambda y, a, x: (y[1], (a - x * x / 4) * y[0]),
    np.array([0.0, 1.0, 2.5]),
    positive_real,
)

# -- Jacobi's elliptic functions (DLMF 22.13, 22.16) --------------------------------------------


def _jacobi(y: Any, u: Any, m: Any) -> tuple[Any, Any]:
    """The slopes of sn, cn, dn and the amplitude in u and in m."""
    sn, cn, dn, amplitude = y
    turn = -dn * first_in_parameter(amplitude, m)  # u = ellipkinc(amplitude, m) is held
    in_u = cn * dn, -sn * dn, -m * sn * cn, dn
    in_m = cn * turn, -sn * turn, -sn * (sn / 2 + m * cn * turn) / dn, turn
    return in_u, in_m


def _jacobi_jvp(tangents: Any, y: Any, u: Any, m: Any) -> Any:
    slopes = zip(*_jacobi(y, u, m), strict=True)
    moved = [0 if t is None else t for t in tangents]
    return tuple([moved[0] * in_u + moved[1] * in_m for in_u, in_m in slopes])


_parameter = Domain(0.1, 0.8)
primitive(
    special.ellipj,
    lambda g, y, u, m: _along(g, _jacobi(y, u, m)[0], Spec.of(u)),
    lambda g, y, u, m: _along(g, _jacobi(y, u, m)[1], Spec.of(m)),
    jvp=_jacobi_jvp,
    reads="y 0 1",
    batch=leading(0, 0),
    calls=[
        call(draw(2, 3, domain=real_only), draw(3, domain=_parameter)),
        call(draw(domain=real_only), draw(2, domain=_parameter)),
    ],
)
