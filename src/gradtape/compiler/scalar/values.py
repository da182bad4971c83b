"""Formulas in Python's operators, written as LLVM instructions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.compiler.scalar.code import OPS, Code, op
from gradtape.compiler.scalar.processor import fuses

TRUTH = np.dtype(bool)


class Value:
    """A number or vector under construction; Python numbers beside it become constants."""

    __slots__ = ("code", "dtype", "text")

    def __init__(self, code: Code, text: str, dtype: np.dtype[Any]) -> None:
        self.code = code
        self.text = text
        self.dtype = dtype

    def like(self, value: Any) -> Value:
        """A constant of the same dtype."""
        if isinstance(value, Value):
            return value
        return Value(self.code, self.code.number(value, self.dtype), self.dtype)

    def new(self, text: str, dtype: np.dtype[Any] | None = None) -> Value:
        """Another value of the same code."""
        return Value(self.code, text, dtype or self.dtype)

    def _binary(self, floats: str, others: str, a: Value | Any, b: Value | Any) -> Value:
        a, b = self.like(a), self.like(b)
        name = floats if self.dtype.kind == "f" else others
        return self.new(self.code.binary(name, self.dtype, a.text, b.text))

    def __add__(self, other: Any) -> Value:
        return self._binary("fadd", "add", self, other)

    def __radd__(self, other: Any) -> Value:
        return self._binary("fadd", "add", other, self)

    def __sub__(self, other: Any) -> Value:
        return self._binary("fsub", "sub", self, other)

    def __rsub__(self, other: Any) -> Value:
        return self._binary("fsub", "sub", other, self)

    def __mul__(self, other: Any) -> Value:
        return self._binary("fmul", "mul", self, other)

    def __rmul__(self, other: Any) -> Value:
        return self._binary("fmul", "mul", other, self)

    def __truediv__(self, other: Any) -> Value:
        return self._binary("fdiv", "", self, other)

    def __rtruediv__(self, other: Any) -> Value:
        return self._binary("fdiv", "", other, self)

    def __neg__(self) -> Value:
        if self.dtype.kind == "f":
            return self.new(self.code.new(f"fneg {self.code.type(self.dtype)} {self.text}"))
        return 0 - self

    def __abs__(self) -> Value:
        return self.intrinsic("fabs")

    def __and__(self, other: Any) -> Value:
        return self._binary("", "and", self, other)

    def __or__(self, other: Any) -> Value:
        return self._binary("", "or", self, other)

    def __xor__(self, other: Any) -> Value:
        return self._binary("", "xor", self, other)

    def __lshift__(self, count: int) -> Value:
        return self._binary("", "shl", self, count)

    def __rshift__(self, count: int) -> Value:
        """Zeros come in from the left."""
        return self._binary("", "lshr", self, count)

    def _compare(self, how: str, other: Any) -> Value:
        other = self.like(other)
        return self.new(self.code.compare(how, self.text, other.text, self.dtype), TRUTH)

    def __lt__(self, other: Any) -> Value:
        return self._compare("olt", other)

    def __le__(self, other: Any) -> Value:
        return self._compare("ole", other)

    def __gt__(self, other: Any) -> Value:
        return self._compare("ogt", other)

    def __ge__(self, other: Any) -> Value:
        return self._compare("oge", other)

    def same(self, other: Any) -> Value:
        """Where the two are equal."""
        return self._compare("oeq", other)

    def differs(self, other: Any) -> Value:
        """Where the two are not equal; NaN is not equal to itself."""
        return self._compare("une", other)

    def isnan(self) -> Value:
        """Where it is NaN."""
        return self._compare("uno", self)

    def intrinsic(self, name: str, *others: Any) -> Value:
        """LLVM's function `name` of this value and others."""
        texts = [self.like(other).text for other in others]
        return self.new(self.code.intrinsic(name, self.dtype, self.text, *texts))

    def cast_bits(self, dtype: np.dtype[Any]) -> Value:
        """The same bits as another dtype of the same size."""
        source, target = self.code.type(self.dtype), self.code.type(dtype)
        return self.new(self.code.new(f"bitcast {source} {self.text} to {target}"), dtype)

    def bits(self) -> Value:
        """The bits of floating-point numbers, as integers."""
        return self.cast_bits(np.dtype(f"i{self.dtype.itemsize}"))

    def real(self) -> Value:
        """The floating-point numbers that have these bits."""
        return self.cast_bits(np.dtype(f"f{self.dtype.itemsize}"))

    def cast(self, dtype: np.dtype[Any]) -> Value:
        """The same numbers in another dtype."""
        return self.new(OPS["cast"].emit(self.code, [self.text], self.dtype, dtype), dtype)

    def sign_of(self, other: Value) -> Value:
        """Its size, with the sign of `other`."""
        return self.intrinsic("copysign", other)

    def op(self, name: str, *others: Any) -> Value:
        """The scalar operation `name` of this value and others."""
        texts = [self.text, *[self.like(other).text for other in others]]
        return self.new(OPS[name].emit(self.code, texts, self.dtype, self.dtype))


def where(condition: Value, a: Any, b: Any) -> Value:
    """`a` where the condition holds, else `b`; one of them may be a Python number."""
    known = a if isinstance(a, Value) else b
    a, b = known.like(a), known.like(b)
    return known.new(condition.code.select(condition.text, a.text, b.text, known.dtype))


def fma(a: Any, b: Any, c: Any) -> Value:
    """``a * b + c``; rounded once where the processor can."""
    known: Value = next(v for v in (a, b, c) if isinstance(v, Value))
    if not fuses():
        return known.like(a) * known.like(b) + known.like(c)
    return known.like(a).intrinsic("fma", b, c)


def polynomial(x: Value, coefficients: Sequence[float]) -> Value:
    """``c[0] + c[1] x + ...``: even and odd powers apart, so that two run at once."""
    if len(coefficients) < 5:
        return _horner(x, coefficients)
    square = x * x
    odd = _horner(square, coefficients[1::2])
    return fma(odd, x, _horner(square, coefficients[::2]))


def _horner(x: Value, coefficients: Sequence[float]) -> Value:
    result: Any = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        result = fma(result, x, c)
    return result if isinstance(result, Value) else x.like(result)


def both(a: Value, b: Value) -> Value:
    """Where two conditions hold."""
    return a & b


Formula = Callable[..., Value]


def formula(name: str, kinds: str = "f", wide: bool = False) -> Callable[[Formula], Formula]:
    """Decorate a scalar operation that is written as a formula.

    Parameters
    ----------
    kinds
        The kinds of numbers it serves.
    wide
        Whether float32 is computed in float64: where the formula cancels, or makes an error of its
        argument larger.
    """

    def register(function: Formula) -> Formula:
        def emit(code: Code, x: Sequence[str], dtype: np.dtype[Any], _: np.dtype[Any]) -> str:
            values = [Value(code, text, dtype) for text in x]
            if not (wide and dtype == np.float32):
                return function(*values).text
            inner = np.dtype(np.float64)
            return function(*[v.cast(inner) for v in values]).cast(dtype).text

        op(name, kinds)(emit)
        return function

    return register
