"""The scalar operations of native code that are instructions: for each name, how it is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.compiler.code import Code
from gradtape.compiler.code import op as _op

# -- arithmetic ---------------------------------------------------------------------------------


def _arithmetic(name: str, of_floats: str, of_integers: str, of_truth: str = "") -> None:
    def emit(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
        kind = {"f": of_floats, "b": of_truth}.get(dtype.kind, of_integers)
        return code.binary(kind, dtype, x[0], x[1])

    _op(name, "fiu" + ("b" if of_truth else ""))(emit)


_arithmetic("add", "fadd", "add", "or")
_arithmetic("subtract", "fsub", "sub")
_arithmetic("multiply", "fmul", "mul", "and")


@_op("divide", "f")
def _divide(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
    return code.binary("fdiv", dtype, x[0], x[1])


@_op("negative", "fi")
def _negative(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
    if dtype.kind == "f":
        return code.new(f"fneg {code.type(dtype)} {x[0]}")
    return code.binary("sub", dtype, code.number(0, dtype), x[0])


@_op("absolute", "fiu")
def _absolute(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
    if dtype.kind == "f":
        return code.intrinsic("fabs", dtype, x[0])
    if dtype.kind == "u":
        return x[0]
    below = code.compare("olt", x[0], code.number(0, dtype), dtype)
    return code.select(below, _negative(code, x, dtype, out), x[0], dtype)


_op("fabs", "f")(_absolute)


@_op("positive", "fiu")
def _positive(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
    return x[0]


_op("copy", "fiub")(_positive)
_op("conjugate", "fiu")(_positive)


@_op("square", "fiu")
def _square(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
    return code.binary("fmul" if dtype.kind == "f" else "mul", dtype, x[0], x[0])


@_op("reciprocal", "f")
def _reciprocal(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
    return code.binary("fdiv", dtype, code.number(1, dtype), x[0])


@_op("sign", "f")
def _sign(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
    zero = code.number(0, dtype)
    above, below = (code.compare(how, x[0], zero, dtype) for how in ("ogt", "olt"))
    rest = code.select(code.compare("oeq", x[0], zero, dtype), zero, x[0], dtype)
    minus = code.select(below, code.number(-1, dtype), rest, dtype)
    return code.select(above, code.number(1, dtype), minus, dtype)


# -- comparison and choice ----------------------------------------------------------------------

for _name, _how in {
    "equal": "oeq",
    "not_equal": "une",
    "less": "olt",
    "less_equal": "ole",
    "greater": "ogt",
    "greater_equal": "oge",
}.items():
    _op(_name, "fiub")(
        lambda code, x, dtype, out, how=_how: code.compare(how, x[0], x[1], dtype)  # type: ignore[misc]
    )


def _extreme(name: str, how: str, ignores_nan: bool) -> None:
    def emit(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
        first = code.compare(how, x[0], x[1], dtype)
        if dtype.kind == "f":
            nan = code.compare("uno", *[x[1 if ignores_nan else 0]] * 2, dtype)
            first = code.binary("or", np.dtype(bool), first, nan)
        return code.select(first, x[0], x[1], dtype)

    _op(name, "fiu")(emit)


_extreme("maximum", "oge", ignores_nan=False)
_extreme("minimum", "ole", ignores_nan=False)
_extreme("fmax", "oge", ignores_nan=True)
_extreme("fmin", "ole", ignores_nan=True)


def _logical(name: str, instruction: str, kinds: str) -> None:
    def emit(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
        return code.binary(instruction, dtype, x[0], x[1])

    _op(name, kinds)(emit)


for _name, _instruction in {"and": "and", "or": "or", "xor": "xor"}.items():
    _logical(f"logical_{_name}", _instruction, "b")
    _logical(f"bitwise_{_name}", _instruction, "biu")


def _not(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
    ones = code.number(True if dtype.kind == "b" else -1, dtype)
    return code.binary("xor", dtype, x[0], ones)


_op("logical_not", "b")(_not)
_op("invert", "biu")(_not)


@_op("where", "")
def _where(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
    return code.select(x[0], x[1], x[2], out)


@_op("isnan", "f")
def _isnan(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
    return code.compare("uno", x[0], x[0], dtype)


@_op("isfinite", "f")
def _isfinite(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
    size = code.intrinsic("fabs", dtype, x[0])
    return code.compare("olt", size, code.number(np.inf, dtype), dtype)


@_op("isinf", "f")
def _isinf(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
    size = code.intrinsic("fabs", dtype, x[0])
    return code.compare("oeq", size, code.number(np.inf, dtype), dtype)


# -- rounding, roots ----------------------------------------------------------------------------

for _name in ("sqrt", "floor", "ceil", "trunc", "rint"):
    _op(_name, "f")(
        lambda code, x, dtype, out, name=_name: code.intrinsic(name, dtype, x[0])  # type: ignore[misc]
    )


@_op("copysign", "f")
def _copysign(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
    return code.intrinsic("copysign", dtype, x[0], x[1])


# -- casts --------------------------------------------------------------------------------------


@_op("cast", "fiub")
def _cast(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
    a, source, target = x[0], code.type(dtype), code.type(out)
    if out.kind == "b":
        return code.compare("une", a, code.number(0, dtype), dtype)
    if dtype.kind == "f":
        if out.kind == "f":
            name = "fpext" if out.itemsize > dtype.itemsize else "fptrunc"
        else:
            name = "fptosi" if out.kind == "i" else "fptoui"
    elif out.kind == "f":
        name = "sitofp" if dtype.kind == "i" else "uitofp"
    elif dtype.kind == "b" or out.itemsize > dtype.itemsize:
        name = "sext" if dtype.kind == "i" else "zext"
    elif out.itemsize < dtype.itemsize:
        name = "trunc"
    else:
        return a
    return code.new(f"{name} {source} {a} to {target}")
