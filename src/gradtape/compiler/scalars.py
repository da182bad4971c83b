"""The scalar operations of native code: for each name the instructions, of one number or a vector."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

TYPES = {
    "float64": "double",
    "float32": "float",
    "int64": "i64",
    "int32": "i32",
    "int16": "i16",
    "int8": "i8",
    "uint64": "i64",
    "uint32": "i32",
    "uint16": "i16",
    "uint8": "i8",
    "bool": "i1",
}
"""LLVM's type of a number in a register."""


class Code:
    """LLVM instructions as text; a value is the text that names it.

    Parameters
    ----------
    lanes
        How many numbers a vector holds; 1 for plain numbers.
    """

    def __init__(self, lanes: int, declared: dict[str, str], counter: list[int]) -> None:
        self.lanes = lanes
        self.lines: list[str] = []
        self._declared = declared
        self._counter = counter

    def new(self, instruction: str) -> str:
        """The result of an instruction, under a new name."""
        self._counter[0] += 1
        name = f"%t{self._counter[0]}"
        self.lines.append(f"  {name} = {instruction}")
        return name

    def do(self, instruction: str) -> None:
        """An instruction without a result."""
        self.lines.append(f"  {instruction}")

    def type(self, dtype: np.dtype[Any]) -> str:
        """The type of a value of `dtype`."""
        scalar = TYPES[dtype.name]
        return scalar if self.lanes == 1 else f"<{self.lanes} x {scalar}>"

    def number(self, value: Any, dtype: np.dtype[Any]) -> str:
        """A constant of `dtype`."""
        text = literal(value, dtype)
        if self.lanes == 1:
            return text
        scalar = TYPES[dtype.name]
        return f"<{', '.join([f'{scalar} {text}'] * self.lanes)}>"

    def call(self, name: str, dtype: np.dtype[Any], *args: str, result: str = "") -> str:
        """A call of a function of equal types."""
        kind = self.type(dtype)
        result = result or kind
        self._declared.setdefault(
            name, f"declare {result} @{name}({', '.join([kind] * len(args))})"
        )
        return self.new(f"call {result} @{name}({', '.join(f'{kind} {a}' for a in args)})")

    def intrinsic(self, name: str, dtype: np.dtype[Any], *args: str) -> str:
        """A call of LLVM's own function of this name."""
        bits = f"f{8 * dtype.itemsize}" if dtype.kind == "f" else f"i{8 * dtype.itemsize}"
        suffix = bits if self.lanes == 1 else f"v{self.lanes}{bits}"
        return self.call(f"llvm.{name}.{suffix}", dtype, *args)

    def select(self, condition: str, a: str, b: str, dtype: np.dtype[Any]) -> str:
        """`a` where the condition holds, else `b`."""
        kind, mask = self.type(dtype), self.type(np.dtype(bool))
        return self.new(f"select {mask} {condition}, {kind} {a}, {kind} {b}")

    def compare(self, how: str, a: str, b: str, dtype: np.dtype[Any]) -> str:
        """A comparison; ``how`` as LLVM says it for floating-point numbers."""
        if dtype.kind == "f":
            return self.new(f"fcmp {how} {self.type(dtype)} {a}, {b}")
        sign = "" if how in ("oeq", "une") else "s" if dtype.kind == "i" else "u"
        how = {"oeq": "eq", "une": "ne"}.get(how, sign + how[1:])
        return self.new(f"icmp {how} {self.type(dtype)} {a}, {b}")

    def binary(self, name: str, dtype: np.dtype[Any], a: str, b: str) -> str:
        """An arithmetic instruction."""
        return self.new(f"{name} {self.type(dtype)} {a}, {b}")


def literal(value: Any, dtype: np.dtype[Any]) -> str:
    """A number as LLVM writes it, exactly."""
    if dtype.kind == "f":
        bits = int(np.array(np.dtype(dtype).type(value), np.float64).view(np.uint64))
        return f"0x{bits:016X}"
    if dtype.kind == "b":
        return "true" if value else "false"
    return str(int(value))


Emit = Callable[[Code, Sequence[str], np.dtype[Any], np.dtype[Any]], str]


@dataclass(frozen=True)
class Op:
    """A scalar operation.

    Attributes
    ----------
    kinds
        The kinds of the operands' dtype that it knows.
    emit
        ``emit(code, operands, dtype of the operands, dtype of the result)``.
    special
        ``special(args, dtypes)``: a cheaper lowering for some arguments, or None.
    """

    kinds: str
    emit: Emit
    special: Callable[..., Any] | None = None


OPS: dict[str, Op] = {}


def _op(name: str, kinds: str) -> Callable[[Emit], Emit]:
    def register(emit: Emit) -> Emit:
        OPS[name] = Op(kinds, emit)
        return emit

    return register


# -- arithmetic ---------------------------------------------------------------------------------


def _arithmetic(name: str, of_floats: str, of_integers: str, of_truth: str = "") -> None:
    def emit(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
        kind = {"f": of_floats, "b": of_truth}.get(dtype.kind, of_integers)
        return code.binary(kind, dtype, x[0], x[1])

    OPS[name] = Op("fiu" + ("b" if of_truth else ""), emit)


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


OPS["fabs"] = Op("f", _absolute)


@_op("positive", "fiu")
def _positive(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
    return x[0]


OPS["copy"] = Op("fiub", _positive)
OPS["conjugate"] = Op("fiu", _positive)


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
    OPS[_name] = Op(
        "fiu" + ("b" if _name in ("equal", "not_equal") else ""),
        lambda code, x, dtype, out, how=_how: code.compare(how, x[0], x[1], dtype),  # type: ignore[misc]
    )


def _extreme(name: str, how: str, ignores_nan: bool) -> None:
    def emit(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
        first = code.compare(how, x[0], x[1], dtype)
        if dtype.kind == "f":
            nan = code.compare("uno", *[x[1 if ignores_nan else 0]] * 2, dtype)
            first = code.binary("or", np.dtype(bool), first, nan)
        return code.select(first, x[0], x[1], dtype)

    OPS[name] = Op("fiu", emit)


_extreme("maximum", "oge", ignores_nan=False)
_extreme("minimum", "ole", ignores_nan=False)
_extreme("fmax", "oge", ignores_nan=True)
_extreme("fmin", "ole", ignores_nan=True)


def _logical(name: str, instruction: str, kinds: str) -> None:
    def emit(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
        return code.binary(instruction, dtype, x[0], x[1])

    OPS[name] = Op(kinds, emit)


for _name, _instruction in {"and": "and", "or": "or", "xor": "xor"}.items():
    _logical(f"logical_{_name}", _instruction, "b")
    _logical(f"bitwise_{_name}", _instruction, "biu")


def _not(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
    ones = code.number(True if dtype.kind == "b" else -1, dtype)
    return code.binary("xor", dtype, x[0], ones)


OPS["logical_not"] = Op("b", _not)
OPS["invert"] = Op("biu", _not)


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
    OPS[_name] = Op(
        "f",
        lambda code, x, dtype, out, name=_name: code.intrinsic(name, dtype, x[0]),  # type: ignore[misc]
    )


@_op("copysign", "f")
def _copysign(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
    return code.intrinsic("copysign", dtype, x[0], x[1])


# -- the C library ------------------------------------------------------------------------------

LIBRARY = {
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
    "erf": "erf",
    "erfc": "erfc",
}
"""NumPy's and SciPy's names of functions that the C library has."""

VECTOR: dict[tuple[str, str, int], str] = {}
"""The vector function for (C name, dtype, lanes), where there is one that may be used."""


def library(code: Code, name: str, x: Sequence[str], dtype: np.dtype[Any]) -> str:
    """A function of the C library, in its vector form, or lane by lane."""
    plain = name + ("f" if dtype == np.float32 else "")
    if code.lanes == 1:
        return code.call(plain, dtype, *x)
    vector = VECTOR.get((name, dtype.name, code.lanes))
    if vector:
        return code.call(vector, dtype, *x)
    half = VECTOR.get((name, dtype.name, code.lanes // 2))
    return _by_halves(code, half, x, dtype) if half else _by_lanes(code, plain, x, dtype)


def _by_halves(code: Code, vector: str, x: Sequence[str], dtype: np.dtype[Any]) -> str:
    lanes, scalar = code.lanes, TYPES[dtype.name]
    small = Code(lanes // 2, code._declared, code._counter)
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


def _by_lanes(code: Code, plain: str, x: Sequence[str], dtype: np.dtype[Any]) -> str:
    whole, scalar = code.type(dtype), TYPES[dtype.name]
    one = Code(1, code._declared, code._counter)
    one.lines = code.lines
    result = "poison"
    for lane in range(code.lanes):
        taken = [code.new(f"extractelement {whole} {v}, i32 {lane}") for v in x]
        value = one.call(plain, dtype, *taken)
        result = code.new(f"insertelement {whole} {result}, {scalar} {value}, i32 {lane}")
    return result


for _name, _c in LIBRARY.items():
    OPS[_name] = Op(
        "f",
        lambda code, x, dtype, out, c=_c: library(code, c, x, dtype),  # type: ignore[misc]
    )


@_op("logaddexp", "f")
def _logaddexp(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
    """``max + log1p(exp(-abs(a - b)))``; equal infinities have no difference."""
    a, b = x
    same = code.compare("oeq", a, b, dtype)
    difference = code.binary("fsub", dtype, a, b)
    size = code.intrinsic("fabs", dtype, difference)
    small = library(code, "exp", [code.new(f"fneg {code.type(dtype)} {size}")], dtype)
    rest = library(code, "log1p", [small], dtype)
    top = code.select(code.compare("oge", a, b, dtype), a, b, dtype)
    apart = code.binary("fadd", dtype, top, rest)
    equal = code.binary("fadd", dtype, a, code.number(np.log(2.0), dtype))
    return code.select(same, equal, apart, dtype)


@_op("expit", "f")
def _expit(code: Code, x: Sequence[str], dtype: Any, out: Any) -> str:
    one = code.number(1, dtype)
    e = library(code, "exp", [code.new(f"fneg {code.type(dtype)} {x[0]}")], dtype)
    return code.binary("fdiv", dtype, one, code.binary("fadd", dtype, one, e))


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


# -- cheaper ways -------------------------------------------------------------------------------


def _special_power(args: Sequence[Any], dtypes: Sequence[Any]) -> Any:
    """NumPy's own short cuts for constant exponents, and integer powers of floats."""
    exponent = args[1]
    if not isinstance(exponent, (int, float, np.integer, np.floating)) or dtypes[0].kind != "f":
        return None
    if exponent == 1:
        return lambda build, dtype: build.node(args[0], dtype)
    simple = {2: "square", -1: "reciprocal", 0.5: "sqrt"}.get(exponent)
    if simple:
        return lambda build, dtype: build.map(simple, build.node(args[0], dtype), dtype=dtype)
    if exponent == 0:
        return lambda build, dtype: build.map(
            "where",
            *[build.node(True, np.dtype(bool)), build.node(1.0, dtype), build.node(args[0], dtype)],
            dtype=dtype,
        )
    return None


OPS["power"] = Op("f", OPS["power"].emit, _special_power)
