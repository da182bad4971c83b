"""Functions of NumPy and SciPy that others make up, as formulas."""

from __future__ import annotations

import numpy as np

from gradtape.compiler.scalar.processor import fuses
from gradtape.compiler.scalar.values import Value, both, fma, formula, where
from gradtape.compiler.scalar.vectormath import erfc_positive

# -- division -----------------------------------------------------------------------------------


@formula("floor_divide")
def _floor_divide(a: Value, b: Value) -> Value:
    """As NumPy: the remainder goes off before the division, which is then nearly exact."""
    mod = a.op("fmod", b)
    opposite = both(mod.differs(0), (b < 0) ^ (mod < 0))
    div = (a - mod) / b
    div = where(opposite, div - 1, div)
    floor = div.intrinsic("floor")
    floor = where(div - floor > 0.5, floor + 1, floor)
    quotient = a / b
    floor = where(div.same(0), quotient * 0, floor)
    floor = where(div.same(0), div.like(0).sign_of(quotient), floor)
    return where(b.same(0), quotient, floor)


@formula("remainder")
def _remainder(a: Value, b: Value) -> Value:
    """What is left of `a`, with the sign of `b`."""
    mod = a.op("fmod", b)
    opposite = (b < 0) ^ (mod < 0)
    signed = where(mod.same(0), mod.like(0).sign_of(b), where(opposite, mod + b, mod))
    return where(b.same(0), mod, signed)


# -- steps, angles ------------------------------------------------------------------------------


@formula("heaviside")
def _heaviside(x: Value, at_zero: Value) -> Value:
    step = where(x < 0, x.like(0), 1.0)
    return where(x.isnan(), x, where(x.same(0), at_zero, step))


for _name in ("deg2rad", "radians"):
    formula(_name)(lambda x: x * (x.dtype.type(np.pi) / x.dtype.type(180)))
for _name in ("rad2deg", "degrees"):
    formula(_name)(lambda x: x * (x.dtype.type(180) / x.dtype.type(np.pi)))


# -- exponentials and logarithms ----------------------------------------------------------------


@formula("logaddexp")
def _logaddexp(a: Value, b: Value) -> Value:
    """``max + log1p(exp(-abs(a - b)))``; equal infinities have no difference."""
    apart = where(a >= b, a, b) + (-abs(a - b)).op("exp").op("log1p")
    return where(a.same(b), a + np.log(2.0), where(b.isnan(), b, apart))


@formula("logaddexp2")
def _logaddexp2(a: Value, b: Value) -> Value:
    """``max + log2(1 + 2**-abs(a - b))``."""
    apart = where(a >= b, a, b) + (-abs(a - b)).op("exp2").op("log1p") * (1 / np.log(2.0))
    return where(a.same(b), a + 1, where(b.isnan(), b, apart))


@formula("expit")
def _expit(x: Value) -> Value:
    """``1 / (1 + exp(-x))``, with the exponential of a number that is not positive."""
    e = (-abs(x)).op("exp")
    return where(x < 0, e, 1.0) / (e + 1)


@formula("log_expit")
def _log_expit(x: Value) -> Value:
    """``-log(1 + exp(-x))``."""
    return -((-abs(x)).op("exp").op("log1p") - where(x < 0, x, 0.0))


@formula("logit", wide=True)
def _logit(p: Value) -> Value:
    """``log(p / (1 - p))``; near one half ``2 artanh(2 p - 1)``, which does not cancel."""
    s = (p - 0.5) * 2
    near = s.op("log1p") - (-s).op("log1p")
    return where(abs(s) < 0.4, near, (p / (1 - p)).op("log"))


@formula("exp10")
def _exp10(x: Value) -> Value:
    return x.like(10.0).op("power", x)


@formula("exprel", wide=True)
def _exprel(x: Value) -> Value:
    """``(exp(x) - 1) / x``; 1 at 0."""
    tiny = abs(x) < 1e-17
    ratio = x.op("expm1") / where(tiny, x.like(1), x)
    return where(tiny, x.like(1), where(x.same(np.inf), x, ratio))


def _x_log(name: str, log: str) -> None:
    @formula(name)
    def product(x: Value, y: Value) -> Value:
        """``x log(y)``; 0 for x = 0 unless y is NaN."""
        zero = both(x.same(0), y.same(y))
        return where(zero, x.like(0), x * y.op(log))


_x_log("xlogy", "log")
_x_log("xlog1py", "log1p")


@formula("entr")
def _entr(x: Value) -> Value:
    """``-x log(x)``; 0 at 0, -inf below."""
    inside = where(x > 0, -x * x.op("log"), x.like(-np.inf))
    return where(x.isnan(), x, where(x.same(0), x.like(0), inside))


@formula("rel_entr", wide=True)
def _rel_entr(x: Value, y: Value) -> Value:
    """``x log(x / y)``, in other words where the two are near or far apart; inf where undefined."""
    ratio = x / y
    near = ((x - y) / y).op("log1p")
    far = x.op("log") - y.op("log")
    normal = both(ratio > np.finfo(np.float64).tiny, ratio < np.inf)
    log = where(both(ratio > 0.5, ratio < 2), near, where(normal, ratio.op("log"), far))
    value = where(both(x > 0, y > 0), x * log, x.like(np.inf))
    value = where(both(x.same(0), y >= 0), x.like(0), value)
    return where(x.isnan(), x, where(y.isnan(), y, value))


# -- errors -------------------------------------------------------------------------------------


_ROOT_HALF = (np.sqrt(0.5), -4.833646656726457e-17)
"""The square root of one half, in two parts."""


@formula("ndtr")
def _ndtr(x: Value) -> Value:
    """``erfc(-x / sqrt(2)) / 2``, the argument in two parts since erfc makes its error larger."""
    size, first = abs(x), x.dtype.type(_ROOT_HALF[0])
    z = size * first
    if fuses():
        second = _ROOT_HALF[0] - float(first) + _ROOT_HALF[1]
        tail = erfc_positive(z, fma(size, second, fma(size, first, -z))) * 0.5
    else:
        tail = z.op("erfc") * 0.5
    return where(x > 0, 1 - tail, tail)


@formula("huber", wide=True)
def _huber(delta: Value, r: Value) -> Value:
    """``r**2 / 2`` up to `delta`, straight beyond it; inf for a negative `delta`."""
    size = abs(r)
    inside = r * 0.5 * r
    value = where(size <= delta, inside, delta * (size - delta * 0.5))
    return where(delta < 0, r.like(np.inf), value)
