"""Our own exponential, logarithm, sine and their kin, inlined into loops of vectors.

Each reduces its argument as Cody and Waite (Software Manual for the Elementary Functions, 1980)
do, with fused multiply-add; then comes a polynomial, most from `tools/minimax.py` (Remez'
algorithm), that of log in float64 from FreeBSD's e_log.c. See also Muller et al., Handbook of
Floating-Point Arithmetic, 2nd edition (2018), chapter 10, and Shibata and Petrogiannis, SLEEF
(2020). Arguments for which a formula
does not hold (infinite, NaN, denormal, very large) are rare: if one is in a vector, the C library
does the vector, too, and each lane takes what is right for it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradtape.compiler.scalar.code import Code
from gradtape.compiler.scalar.formats import FORMATS
from gradtape.compiler.scalar.library import NAMES, library
from gradtape.compiler.scalar.processor import fuses
from gradtape.compiler.scalar.values import Formula, Value, both, fma, formula, polynomial, where

# -- functions of the text ----------------------------------------------------------------------


@dataclass(frozen=True)
class Function:
    """A function: its formula, where that holds, and what serves elsewhere if C does not."""

    formula: Formula
    common: Formula | None
    careful: str


FUNCTIONS: dict[str, Function] = {}


def _function(
    name: str, common: Formula | None = None, careful: str = ""
) -> Callable[[Formula], Formula]:
    """Decorate the formula of a function of our own; gives what calls it."""

    def register(short: Formula) -> Formula:
        FUNCTIONS[name] = Function(short, common, careful)
        return lambda *x: _call(name, *x)

    return register


def _call(name: str, *x: Value) -> Value:
    """Call the function, written into the module once."""
    code, dtype = x[0].code, x[0].dtype
    code.declared.update(_definitions(name, dtype, code.lanes))
    return x[0].new(code.call(_symbol(name, dtype, code.lanes), dtype, *[v.text for v in x]))


def _symbol(name: str, dtype: np.dtype[Any], lanes: int) -> str:
    return f"gradtape_{name}_{dtype.name}x{lanes}"


@functools.cache
def _definitions(name: str, dtype: np.dtype[Any], lanes: int) -> dict[str, str]:
    """The text of a function, and of what it calls."""
    function, symbol = FUNCTIONS[name], _symbol(name, dtype, lanes)
    names = ["%x", "%y"][: function.formula.__code__.co_argcount]
    body = Code(lanes, {}, [0])
    x = [Value(body, name, dtype) for name in names]
    kind = body.type(dtype)
    y = function.formula(*x)
    if function.common:
        y = _with_rare(name, function, x, y)
    body.do(f"ret {kind} {y.text}")
    how = "noinline cold" if name.endswith("careful") else "alwaysinline"
    parameters = ", ".join(f"{kind} {name}" for name in names)
    head = f"define internal {kind} @{symbol}({parameters}) {how} #0 {{"
    return {**body.declared, symbol: "\n".join([head, "entry:", *body.lines, "}"])}


def _with_rare(name: str, function: Function, x: Sequence[Value], y: Value) -> Value:
    """`y`, but what another function gives in the lanes where the formula does not hold."""
    assert function.common
    body, kind = y.code, y.code.type(y.dtype)
    common = function.common(*x)
    body.do(f"br i1 {_all(common)}, label %done, label %rare")
    body.lines.append("rare:")
    if function.careful:
        other = _call(function.careful, *x)
    else:
        other = y.new(library(body, name, [v.text for v in x], y.dtype))
    chosen = where(common, y, other)
    body.do("br label %done")
    body.lines.append("done:")
    return y.new(body.new(f"phi {kind} [ {y.text}, %entry ], [ {chosen.text}, %rare ]"))


def _all(mask: Value) -> str:
    """Whether all lanes of a mask hold."""
    lanes = mask.code.lanes
    if lanes == 1:
        return mask.text
    name = f"llvm.vector.reduce.and.v{lanes}i1"
    mask.code.declared.setdefault(name, f"declare i1 @{name}(<{lanes} x i1>)")
    return mask.code.new(f"call i1 @{name}(<{lanes} x i1> {mask.text})")


MANY = 4
"""A function called more often stays one: a long chain of calls gains nothing from inlining."""


def settled(declared: Mapping[str, str], kernels: Sequence[str]) -> list[str]:
    """The text of declarations and kernels, functions that are called often not inlined."""
    texts = [*declared.values(), *kernels]
    whole = "\n".join(texts)
    for k, symbol in enumerate(declared):
        if symbol.startswith("gradtape_") and whole.count(f"@{symbol}(") > MANY + 1:
            texts[k] = texts[k].replace("alwaysinline", "noinline", 1)
    return texts


# -- the exponential ----------------------------------------------------------------------------


def _rounded(x: Value, factor: float) -> tuple[Value, Value]:
    """``x * factor`` as an integer: the number, and that number's bits (in the lowest places)."""
    f = FORMATS[x.dtype.name]
    shifted = fma(x, factor, f.shifter)
    return shifted - f.shifter, shifted.bits()


def _power_of_two(bits: Value, like: Value) -> Value:
    """``2**n`` of an integer in the lowest places of `bits`."""
    f = FORMATS[like.dtype.name]
    return ((bits << f.bits) + (f.bias << f.bits)).real()


def _reduced(x: Value) -> tuple[Value, Value]:
    """``r`` and the bits of ``n``, such that ``x = n log 2 + r``."""
    f = FORMATS[x.dtype.name]
    n, bits = _rounded(x, 1 / np.log(2.0))
    return fma(n, -f.log2[1], fma(n, -f.log2[0], x)), bits


def _within_exp(x: Value) -> Value:
    return abs(x) <= FORMATS[x.dtype.name].largest_exp


def _exp_of_reduced(r: Value) -> Value:
    q = polynomial(r, FORMATS[r.dtype.name].exp)
    return fma(r * r, q, r) + 1


@_function("exp_careful")
def _exp_careful(x: Value) -> Value:
    """By two powers of two, each of which is a normal number, so that it is rounded once."""
    f = FORMATS[x.dtype.name]
    low, high = f.exp_clamp
    x = where(x > high, high, where(x < low, low, x))
    n, _ = _rounded(x, 1 / np.log(2.0))
    r, _ = _reduced(x)
    half, half_bits = _rounded(n, 0.5)
    rest_bits = ((n - half) + f.shifter).bits()
    return _exp_of_reduced(r) * _power_of_two(half_bits, x) * _power_of_two(rest_bits, x)


@_function("exp", _within_exp, "exp_careful")
def exp(x: Value) -> Value:
    """``2**n (1 + r + r**2 q(r))``."""
    r, bits = _reduced(x)
    return _exp_of_reduced(r) * _power_of_two(bits, x)


def _expm1_short(x: Value) -> Value:
    r, bits = _reduced(x)
    p = fma(r * r, polynomial(r, FORMATS[x.dtype.name].expm1), r)
    scale = _power_of_two(bits, x)
    return fma(scale, p, scale - 1).sign_of(x)


@_function("expm1", _within_exp)
def expm1(x: Value) -> Value:
    """``2**n p + (2**n - 1)`` with ``p = exp(r) - 1``."""
    return _expm1_short(x)


@_function("tanh")
def tanh(x: Value) -> Value:
    """``-e / (e + 2)`` with ``e = exp(-2 abs(x)) - 1``."""
    size = abs(x)
    e = _expm1_short(where(size > 22.0, 22.0, size) * -2.0)
    return (e / (e + 2)).sign_of(x)


# -- the logarithm ------------------------------------------------------------------------------


def _exponent(x: Value) -> tuple[Value, Value]:
    """``m`` from the root of one half to that of two, and ``k``: ``x = 2**k m``."""
    f = FORMATS[x.dtype.name]
    moved = x.bits() + ((f.bias << f.bits) - f.root)
    m = ((moved & ((1 << f.bits) - 1)) + f.root).real()
    biased = ((moved >> f.bits) | (f.bias + f.bits << f.bits)).real()
    return m, biased - (2.0**f.bits + f.bias)


def _log_of(k: Value, rest: Value) -> Value:
    """``k log 2 + log(1 + rest)``, in the order of FreeBSD's e_log.c."""
    f = FORMATS[k.dtype.name]
    square = rest * rest
    half_square = square * 0.5
    if k.dtype == np.float32:
        correction = square * rest * polynomial(rest, f.log)
    else:
        s = rest / (rest + 2)
        z = s * s
        correction = fma(z, polynomial(z, f.log), half_square) * s
    return fma(k, f.log2[0], rest - (half_square - fma(k, f.log2[1], correction)))


def _between(x: Value, low: float, high: float) -> Value:
    """Where ``low <= x < high``, both positive: compares bits, moved to the end of the integers."""
    first, end = (int(b) for b in np.array([low, high], x.dtype).view(f"i{x.dtype.itemsize}"))
    move = 2 ** (8 * x.dtype.itemsize - 1) - end
    moved: Value = x.bits() + move
    return moved >= moved.like(first + move)


def _normal(x: Value) -> Value:
    return _between(x, np.finfo(x.dtype).tiny, np.inf)


@_function("log", _normal)
def log(x: Value) -> Value:
    """``k log 2 + log(m)``."""
    m, k = _exponent(x)
    return _log_of(k, m - 1)


def _within_log1p(x: Value) -> Value:
    return _between(x + 1, np.finfo(x.dtype).tiny, np.finfo(x.dtype).max / 8)


@_function("log1p", _within_log1p)
def log1p(x: Value) -> Value:
    """``k log 2 + log(1 + rest)`` with ``1 + x = 2**k (1 + rest)``, `rest` rounded once."""
    f = FORMATS[x.dtype.name]
    _, k = _exponent(x + 1)
    scale = _power_of_two((f.shifter - k).bits(), x)
    return _log_of(k, fma(x, scale, scale - 1)).sign_of(x)


# -- sine and cosine ----------------------------------------------------------------------------


def _quarter_turns(x: Value, shift: int) -> Value:
    """``sin(x + shift pi/2)``.

    Both polynomials, of sine and cosine, run up to pi/4; since they do not depend on `shift`, LLVM
    computes them once for a sine and a cosine of the same number, which derivatives bring together.
    """
    f = FORMATS[x.dtype.name]
    n, bits = _rounded(x, 2 / np.pi)
    r = x
    for part in f.pi:
        r = fma(n, -part / 2, r)
    z = r * r
    sine = fma(z * r, polynomial(z, f.sin), r)
    cosine = fma(z * z, polynomial(z, f.cos), fma(z, -0.5, 1))
    quarter, top = bits + shift, 8 * x.dtype.itemsize - 1
    y = where((quarter << top) < 0, cosine, sine)
    half = (quarter >> 1) << top
    return (y.bits() ^ half).real()


def _within_turns(x: Value) -> Value:
    return abs(x) <= FORMATS[x.dtype.name].largest_sin


@_function("sin", _within_turns)
def sin(x: Value) -> Value:
    """The sine, with the sign of a zero."""
    return where(x.same(0), x, _quarter_turns(x, 0))


@_function("cos", _within_turns)
def cos(x: Value) -> Value:
    """The cosine."""
    return _quarter_turns(x, 1)


# -- the error function -------------------------------------------------------------------------


@_function("erfc_positive")
def erfc_positive(x: Value, rest: Value) -> Value:
    """``erfc(x + rest) = exp(-x**2) p(q) / (1 + 2 x)``, ``q = (x - c) / (x + c)``, for x >= 0.

    Schonfelder (Mathematics of Computation 32, 1978) makes the interval finite so. The square is
    in two parts, and quotients are corrected by their residuals; `p` hardly feels `rest`.
    """
    f = FORMATS[x.dtype.name]
    beyond = x > f.erfc_end
    x, rest = where(beyond, f.erfc_end, x), where(beyond, 0, rest)
    inverse = 1 / (x + f.erfc_center)
    q = (x - f.erfc_center) * inverse
    q = fma(inverse, fma(-x, q, fma(q + 1, -f.erfc_center, x)), q)
    tail = polynomial(q, f.erfc[1:])
    p = fma(q, tail, f.erfc[0])
    p_lost = fma(q, tail, f.erfc[0] - p)
    square = x * x
    lost = fma(x, x, -square) + x * rest * 2
    e = exp(-square)
    twice = x * 2
    divisor = twice + 1
    inverse = 1 / divisor
    ratio = p * inverse
    residual = fma(-ratio, twice - (divisor - 1), fma(-ratio, divisor, p) + p_lost)
    return fma(-lost, e, e) * fma(residual, inverse, ratio)


@_function("erfc")
def erfc(x: Value) -> Value:
    """``erfc(abs(x))``, or 2 less that."""
    y = erfc_positive(abs(x), x.like(0))
    return where(x < 0, 2 - y, y)


# -- the remainder ------------------------------------------------------------------------------


def _short_quotient(a: Value, b: Value) -> Value:
    short = abs(a / b) < 2.0 ** (FORMATS[a.dtype.name].bits - 1)
    return both(short, abs(b) < np.inf)


@_function("fmod", _short_quotient)
def fmod(a: Value, b: Value) -> Value:
    """``a - n b``, exactly: `n` is the quotient cut off, or one more."""
    n = (a / b).intrinsic("trunc")
    rest = fma(-n, b, a)
    over = both(rest.differs(0), (rest < 0) ^ (a < 0))
    return where(over, rest + abs(b).sign_of(a), rest).sign_of(a)


# -- choice -------------------------------------------------------------------------------------

CALLS: dict[str, Formula] = {
    "exp": exp,
    "expm1": expm1,
    "log": log,
    "log1p": log1p,
    "sin": sin,
    "cos": cos,
    "erfc": erfc,
    "tanh": tanh,
    "fmod": fmod,
}


def _choice(name: str) -> Formula:
    """A function of our own, for vectors, where the processor fuses; else the C library's."""

    def choice(*x: Value) -> Value:
        if name in CALLS and fuses() and x[0].code.lanes > 1:
            return CALLS[name](*x)
        code, texts = x[0].code, [v.text for v in x]
        return x[0].new(library(code, NAMES[name], texts, x[0].dtype))

    return choice


for _name in NAMES:
    formula(_name)(_choice(_name))
