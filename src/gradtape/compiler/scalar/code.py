"""LLVM instructions as text, of one number or a vector, and what a scalar operation is."""

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
        self.declared = declared
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
        self.declared.setdefault(name, f"declare {result} @{name}({', '.join([kind] * len(args))})")
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
"""The scalar operations by name; NumPy's and SciPy's ufuncs under theirs."""


def op(name: str, kinds: str) -> Callable[[Emit], Emit]:
    """Decorate the `emit` of a scalar operation; another one may serve other kinds of numbers."""

    def register(emit: Emit) -> Emit:
        other = OPS.get(name)
        if other is not None and set(kinds) & set(other.kinds):
            raise ValueError(
                f"State {name} once for each kind of numbers; it was there for some of {kinds}."
            )

        def choose(code: Code, x: Sequence[str], dtype: np.dtype[Any], out: np.dtype[Any]) -> str:
            chosen = emit if other is None or dtype.kind in kinds else other.emit
            return chosen(code, x, dtype, out)

        OPS[name] = Op(kinds, emit) if other is None else Op(kinds + other.kinds, choose)
        return emit

    return register
