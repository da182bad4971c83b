"""What integers do otherwise than floating-point numbers: division, shifts, parts."""

from __future__ import annotations

import numpy as np

from gradtape.compiler.scalar.values import TRUTH, Value, both, formula, where


def _divisor(a: Value, b: Value) -> Value:
    """`b`, or 1 where dividing by it would stop the program: 0, and -1 under the least integer."""
    stops = b.same(0)
    if a.dtype.kind == "i":
        stops = stops | both(b.same(-1), a.same(np.iinfo(a.dtype).min))
    return where(stops, 1, b)


def _instruction(name: str, a: Value, b: Value) -> Value:
    sign = "s" if a.dtype.kind == "i" else "u"
    return a.new(a.code.binary(sign + name, a.dtype, a.text, b.text))


def _rounds_down(rest: Value, b: Value) -> Value:
    """Where the quotient cut off is not the one rounded down."""
    return both(rest.differs(0), (rest < 0) ^ (b < 0))


@formula("floor_divide", "iu")
def _floor_divide(a: Value, b: Value) -> Value:
    """The quotient rounded down; 0 for a divisor of 0, as in NumPy."""
    d = _divisor(a, b)
    quotient = _instruction("div", a, d)
    if a.dtype.kind == "i":
        quotient = where(_rounds_down(a - quotient * d, d), quotient - 1, quotient)
    return where(b.same(0), 0, quotient)


@formula("fmod", "iu")
def _fmod(a: Value, b: Value) -> Value:
    """The remainder, with the sign of `a`; 0 for a divisor of 0, as in NumPy."""
    return where(b.same(0), 0, _instruction("rem", a, _divisor(a, b)))


@formula("remainder", "iu")
def _remainder(a: Value, b: Value) -> Value:
    """The remainder, with the sign of `b`; 0 for a divisor of 0, as in NumPy."""
    rest = _instruction("rem", a, _divisor(a, b))
    if a.dtype.kind == "i":
        rest = where(_rounds_down(rest, b), rest + b, rest)
    return where(b.same(0), 0, rest)


def _shift_fits(count: Value) -> tuple[Value, Value]:
    """Where a shift leaves bits, and a count that is right there."""
    size = 8 * count.dtype.itemsize
    fits = both(count >= 0, count < size) if count.dtype.kind == "i" else count < size
    return fits, where(fits, count, 0)


@formula("left_shift", "iu")
def _left_shift(a: Value, count: Value) -> Value:
    fits, within = _shift_fits(count)
    return where(fits, a.new(a.code.binary("shl", a.dtype, a.text, within.text)), 0)


@formula("right_shift", "iu")
def _right_shift(a: Value, count: Value) -> Value:
    fits, within = _shift_fits(count)
    signed = a.dtype.kind == "i"
    shifted = a.new(a.code.binary("ashr" if signed else "lshr", a.dtype, a.text, within.text))
    return where(fits, shifted, where(a < 0, a.like(-1), 0) if signed else 0)


@formula("sign", "iu")
def _sign(a: Value) -> Value:
    positive = where(a.differs(0), a.like(1), 0)
    return where(a < 0, -1, positive) if a.dtype.kind == "i" else positive


for _name in ("floor", "ceil", "trunc"):
    formula(_name, "iub")(lambda a: a)

for _name, _truth in {"isnan": False, "isinf": False, "isfinite": True}.items():
    formula(_name, "iub")(lambda a, truth=_truth: Value(a.code, a.code.number(truth, TRUTH), TRUTH))
