"""The C library's functions: in their vector form where that is accurate, else lane by lane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.compiler.scalar.code import TYPES, Code
from gradtape.compiler.scalar.processor import vectors

NAMES = {
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "exp": "exp",
    "exp2": "exp2",
    "expm1": "expm1",
    "log": "log",
    "log2": "log2",
    "log10": "log10",
    "log1p": "log1p",
    "cbrt": "cbrt",
    "arctan2": "atan2",
    "hypot": "hypot",
    "power": "pow",
    "float_power": "pow",
    "fmod": "fmod",
    "nextafter": "nextafter",
    "erf": "erf",
    "erfc": "erfc",
}
"""NumPy's and SciPy's names of functions that the C library has."""

INACCURATE: set[tuple[str, str]] = {("erfc", "float64"), ("erfc", "float32")}
"""The vector functions that are off by more than 4 units in the last place, or wrong at ends."""


def library(code: Code, name: str, x: Sequence[str], dtype: np.dtype[Any]) -> str:
    """A function of the C library, in its vector form, or lane by lane."""
    plain = name + ("f" if dtype == np.float32 else "")
    if code.lanes == 1:
        return code.call(plain, dtype, *x)
    if (name, dtype.name) in INACCURATE:
        return by_lanes(code, plain, x, dtype)
    vector = vectors().get((name, dtype.name, code.lanes))
    if vector:
        return code.call(vector, dtype, *x)
    half = vectors().get((name, dtype.name, code.lanes // 2))
    return _by_halves(code, half, x, dtype) if half else by_lanes(code, plain, x, dtype)


def _by_halves(code: Code, vector: str, x: Sequence[str], dtype: np.dtype[Any]) -> str:
    lanes, scalar = code.lanes, TYPES[dtype.name]
    small = Code(lanes // 2, code.declared, code._counter)
    small.lines = code.lines
    whole = code.type(dtype)
    parts = []
    for start in (0, lanes // 2):
        order = ", ".join(f"i32 {start + k}" for k in range(lanes // 2))
        taken = [
            code.new(f"shufflevector {whole} {v}, {whole} poison, <{lanes // 2} x i32> <{order}>")
            for v in x
        ]
        parts.append(small.call(vector, dtype, *taken))
    order = ", ".join(f"i32 {k}" for k in range(lanes))
    half = f"<{lanes // 2} x {scalar}>"
    return code.new(
        f"shufflevector {half} {parts[0]}, {half} {parts[1]}, <{lanes} x i32> <{order}>"
    )


def by_lanes(code: Code, plain: str, x: Sequence[str], dtype: np.dtype[Any]) -> str:
    """The plain function `plain`, once for each lane."""
    whole, scalar = code.type(dtype), TYPES[dtype.name]
    one = Code(1, code.declared, code._counter)
    one.lines = code.lines
    result = "poison"
    for lane in range(code.lanes):
        taken = [code.new(f"extractelement {whole} {v}, i32 {lane}") for v in x]
        value = one.call(plain, dtype, *taken)
        result = code.new(f"insertelement {whole} {result}, {scalar} {value}, i32 {lane}")
    return result
