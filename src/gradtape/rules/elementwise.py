"""Ufuncs that act on each entry alone: arithmetic, powers, exponentials, trigonometry, selection.

A partial derivative is ``lambda y, x: ...``: the result comes first, so that it can be reused. A
factor is a Python number, never a NumPy scalar, which would promote float32.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradtape.core.domains import (
    above_one,
    nonzero,
    nonzero_real,
    positive,
    positive_real,
    real,
    real_only,
    unit,
)
from gradtape.core.domains import call, draw
from gradtape.core.rules import composite, constant, elementwise, selection

_LN2 = math.log(2.0)
_LN10 = math.log(10.0)

# -- arithmetic ---------------------------------------------------------------------------------

elementwise(np.add, 1, 1, domain=real)
elementwise(np.subtract, 1, -1, domain=real)
elementwise(np.multiply, lambda y, a, b: b, lambda y, a, b: a, domain=real)
elementwise(np.true_divide, lambda y, a, b: 1 / b, lambda y, a, b: -y / b, domain=(real, nonzero))
elementwise(np.negative, -1, domain=real)
elementwise(np.positive, 1, domain=real)
elementwise(np.reciprocal, lambda y, x: -y * y, domain=nonzero)
elementwise(np.square, lambda y, x: 2 * x, domain=real)
elementwise(np.sqrt, lambda y, x: 0.5 / y, domain=positive)  # inf at 0: the one-sided slope
elementwise(np.cbrt, lambda y, x: 1 / (3 * y * y), domain=nonzero_real)

# Both jump where a/b is an integer; between the jumps a - b * round(a/b) has these slopes.
elementwise(
    np.remainder, 1, lambda y, a, b: -np.floor_divide(a, b), domain=(real_only, positive_real)
)
elementwise(np.fmod, 1, lambda y, a, b: -np.trunc(a / b), domain=(real_only, positive_real))


def _power_in_base(y: Any, a: Any, b: Any) -> Any:
    if b.__class__ is int or b.__class__ is float:
        if b:
            return b * a ** (b - 1)
    # x ** 0 is 1 everywhere, so its slope is 0 also at x = 0, where 0 * 0 ** -1 would be NaN.
    return b * np.where((a == 0) & (b == 0), 1, a) ** (b - 1)


def _power_in_exponent(y: Any, a: Any, b: Any) -> Any:
    # 0 ** b is 0 around every b > 0, so its slope is 0; at b <= 0 it jumps, and NumPy's -inf stands.
    flat = (a == 0) & (np.real(b) > 0)
    return np.where(flat, 0, y * np.log(np.where(flat, 1, a)))


for _power in (np.power, np.float_power):
    elementwise(_power, _power_in_base, _power_in_exponent, domain=(positive, real))

# -- exponentials and logarithms ----------------------------------------------------------------

elementwise(np.exp, lambda y, x: y, domain=real)
elementwise(np.exp2, lambda y, x: y * _LN2, domain=real)
elementwise(np.expm1, lambda y, x: y + 1, domain=real)
elementwise(np.log, lambda y, x: 1 / x, domain=positive)
elementwise(np.log2, lambda y, x: 1 / (x * _LN2), domain=positive)
elementwise(np.log10, lambda y, x: 1 / (x * _LN10), domain=positive)
elementwise(np.log1p, lambda y, x: 1 / (1 + x), domain=positive)


def _share(power: Any, scale: float) -> tuple[Any, Any]:
    """Slopes of ``log(exp(a) + exp(b))``: each argument's share of the sum.

    ``a - y`` is NaN where all is infinite. A tie at -inf is split evenly, as any finite tie is;
    at +inf the argument that is infinite has it all.
    """

    def share(y: Any, one: Any, other: Any) -> Any:
        same = one == other
        return np.where(
            np.isinf(one) | np.isinf(other),
            np.where(same, 0.5, np.where(one > other, 1.0, 0.0)).astype(y.dtype),
            power(np.where(same, 0, one - y) + np.where(same, one - y, 0)),
        )

    return lambda y, a, b: share(y, a, b), lambda y, a, b: share(y, b, a)


# -- trigonometry -------------------------------------------------------------------------------

elementwise(np.sin, lambda y, x: np.cos(x), domain=real)
elementwise(np.cos, lambda y, x: -np.sin(x), domain=real)
elementwise(np.tan, lambda y, x: 1 + y * y, domain=unit)
elementwise(np.arcsin, lambda y, x: 1 / np.sqrt(1 - x * x), domain=unit)
elementwise(np.arccos, lambda y, x: -1 / np.sqrt(1 - x * x), domain=unit)
elementwise(np.arctan, lambda y, x: 1 / (1 + x * x), domain=unit)
elementwise(np.sinh, lambda y, x: np.cosh(x), domain=real)
elementwise(np.cosh, lambda y, x: np.sinh(x), domain=real)
elementwise(np.tanh, lambda y, x: 1 - y * y, domain=real)
elementwise(np.arcsinh, lambda y, x: 1 / np.sqrt(1 + x * x), domain=unit)
elementwise(np.arccosh, lambda y, x: 1 / (np.sqrt(x - 1) * np.sqrt(x + 1)), domain=above_one)
elementwise(np.arctanh, lambda y, x: 1 / (1 - x * x), domain=unit)
for _ufunc, _factor in (
    (np.deg2rad, math.pi / 180),
    (np.radians, math.pi / 180),
    (np.rad2deg, 180 / math.pi),
    (np.degrees, 180 / math.pi),
):
    elementwise(_ufunc, lambda y, x, factor=_factor: factor, domain=real_only)
