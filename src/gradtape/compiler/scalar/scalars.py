"""The scalar operations of native code that are an instruction or a few, and the casts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.compiler.scalar.code import Code, op
from gradtape.compiler.scalar.values import Formula, Value, formula, where

# -- arithmetic ---------------------------------------------------------------------------------

formula("add", "fiu")(lambda a, b: a + b)
formula("subtract", "fiu")(lambda a, b: a - b)
formula("multiply", "fiu")(lambda a, b: a * b)
formula("divide")(lambda a, b: a / b)
formula("negative", "fi")(lambda a: -a)
formula("positive", "fiu")(lambda a: a)
formula("copy", "fiub")(lambda a: a)
formula("conjugate", "fiu")(lambda a: a)
formula("square", "fiu")(lambda a: a * a)
formula("reciprocal")(lambda a: 1 / a)
formula("fabs")(abs)
formula("absolute", "f")(abs)
formula("absolute", "ub")(lambda a: a)
formula("absolute", "i")(lambda a: where(a < 0, -a, a))

formula("add", "b")(lambda a, b: a | b)
formula("multiply", "b")(lambda a, b: a & b)


@formula("sign")
def _sign(x: Value) -> Value:
    """1, -1, or the number itself: NaN; NumPy gives 0 for -0."""
    rest = where(x.same(0), 0, x)
    return where(x > 0, 1, where(x < 0, -1, rest))


# -- comparison and choice ----------------------------------------------------------------------

formula("equal", "fiub")(lambda a, b: a.same(b))
formula("not_equal", "fiub")(lambda a, b: a.differs(b))
formula("less", "fiub")(lambda a, b: a < b)
formula("less_equal", "fiub")(lambda a, b: a <= b)
formula("greater", "fiub")(lambda a, b: a > b)
formula("greater_equal", "fiub")(lambda a, b: a >= b)

# Of equal numbers, such as 0 and -0, the second, as NumPy's loops have it.
for _name, _nan in {"maximum": 0, "fmax": 1}.items():
    formula(_name, "iu")(lambda a, b: where(a >= b, a, b))
    formula(_name, "b")(lambda a, b: a | b)
    formula(_name)(lambda a, b, nan=_nan: where((a > b) | (a, b)[nan].isnan(), a, b))
for _name, _nan in {"minimum": 0, "fmin": 1}.items():
    formula(_name, "iu")(lambda a, b: where(a <= b, a, b))
    formula(_name, "b")(lambda a, b: a & b)
    formula(_name)(lambda a, b, nan=_nan: where((a < b) | (a, b)[nan].isnan(), a, b))


@formula("clip", "fiu")
def _clip(x: Value, low: Value, high: Value) -> Value:
    """``minimum(maximum(x, low), high)``, with NumPy's choice between equal numbers."""
    above, isnan = x > low, x.dtype.kind == "f"
    y = where(above | x.isnan() if isnan else above, x, low)
    below = y < high
    return where(below | y.isnan() if isnan else below, y, high)


@op("where", "")
def _where(code: Code, x: Sequence[str], _: Any, out: np.dtype[Any]) -> str:
    return code.select(x[0], x[1], x[2], out)


# -- truth --------------------------------------------------------------------------------------

_LOGIC: dict[str, Formula] = {
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
}

for _name, _logic in _LOGIC.items():
    formula(f"bitwise_{_name}", "biu")(_logic)
    formula(f"logical_{_name}", "b")(_logic)
    formula(f"logical_{_name}", "fiu")(lambda a, b, f=_logic: f(a.differs(0), b.differs(0)))

formula("invert", "iu")(lambda a: a ^ -1)
formula("invert", "b")(lambda a: a ^ True)
formula("logical_not", "b")(lambda a: a ^ True)
formula("logical_not", "fiu")(lambda a: a.same(0))

# -- the parts of floating-point numbers --------------------------------------------------------

formula("isnan")(lambda a: a.isnan())
formula("isfinite")(lambda a: abs(a) < np.inf)
formula("isinf")(lambda a: abs(a).same(np.inf))
formula("signbit")(lambda a: a.bits() < 0)
formula("copysign")(lambda a, b: a.sign_of(b))

for _name in ("sqrt", "floor", "ceil", "trunc", "rint"):
    formula(_name)(lambda a, name=_name: a.intrinsic(name))

# -- casts --------------------------------------------------------------------------------------


@op("cast", "fiub")
def _cast(code: Code, x: Sequence[str], dtype: np.dtype[Any], out: np.dtype[Any]) -> str:
    if out.kind == "b":
        return code.compare("une", x[0], code.number(0, dtype), dtype)
    name = _conversion(dtype, out)
    return code.new(f"{name} {code.type(dtype)} {x[0]} to {code.type(out)}") if name else x[0]


def _conversion(dtype: np.dtype[Any], out: np.dtype[Any]) -> str:
    """The instruction that converts a number; nothing where the bits stay."""
    wider = out.itemsize > dtype.itemsize
    if dtype.kind == out.kind == "f":
        return "fpext" if wider else "fptrunc"
    if dtype.kind == "f":
        return "fptosi" if out.kind == "i" else "fptoui"
    if out.kind == "f":
        return "sitofp" if dtype.kind == "i" else "uitofp"
    if dtype.kind == "b" or wider:
        return "sext" if dtype.kind == "i" else "zext"
    return "trunc" if out.itemsize < dtype.itemsize else ""
