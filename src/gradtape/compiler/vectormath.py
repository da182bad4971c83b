"""Our own exponential, logarithm, sine and their kin, inlined into loops of vectors.

Each reduces its argument as Cody and Waite (Software Manual for the Elementary Functions, 1980) do, with
fused multiply-add; then comes a polynomial, most from `tools/minimax.py` (Remez' algorithm), that of log in
float64 from FreeBSD's e_log.c. See also Muller et al., Handbook of
Floating-Point Arithmetic, 2nd edition (2018), chapter 10, and Shibata and Petrogiannis, SLEEF (2020), whose
single reduction by multiples of pi the sine follows. Arguments outside the range of the short way (infinite,
NaN, denormal, very large) are rare: if one is in a vector, the C library does the whole vector.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradtape.compiler.code import Code, op
from gradtape.compiler.library import NAMES, library
from gradtape.compiler.processor import fuses
from gradtape.compiler.values import Formula, Value, both, fma, polynomial, where


@dataclass(frozen=True)
class Format:
    """What the formulas need to know about a floating-point format.

    Attributes
    ----------
    bits, bias
        How many bits of the significand are stored; the bias of the exponent.
    shifter
        Adding it leaves a rounded integer in the lowest bits: 1.5 * 2**bits.
    log2
        The logarithm of 2, in parts; products of the first with integers are exact.
    pi
        Pi, in parts.
    root
        The bits of the square root of one half.
    """

    bits: int
    bias: int
    shifter: float
    log2: tuple[float, ...]
    pi: tuple[float, ...]
    root: int
    largest_sin: float
    largest_exp: float
    exp_clamp: tuple[float, float]
    exp: tuple[float, ...]
    expm1: tuple[float, ...]
    sin: tuple[float, ...]
    log: tuple[float, ...]
    erfc_center: float
    erfc_end: float
    erfc: tuple[float, ...]


_hex = float.fromhex

FORMATS = {
    "float64": Format(
        bits=52,
        bias=1023,
        shifter=1.5 * 2.0**52,
        log2=(_hex("0x1.62e42fefa3800p-1"), _hex("0x1.ef35793c76730p-45")),
        pi=(
            _hex("0x1.921fb54442d18p+1"),
            _hex("0x1.1a62633145c07p-53"),
            _hex("-0x1.f1976b7ed8fbcp-109"),
        ),
        root=0x3FE6A09E667F3BCD,
        largest_sin=2.0**29,
        largest_exp=708.0,
        exp_clamp=(-750.0, 711.0),
        exp=(
            0.5000000000000012,
            0.166666666666667,
            0.04166666666651607,
            0.008333333333307182,
            0.0013888888946871998,
            0.00019841269917439343,
            2.4801490072946588e-05,
            2.755721624969722e-06,
            2.7631238480741397e-07,
            2.5117877031324497e-08,
        ),
        expm1=(
            0.5,
            0.16666666666666677,
            0.0416666666666667,
            0.008333333333321648,
            0.0013888888888866826,
            0.0001984126988608465,
            2.480158736057972e-05,
            2.755724425029376e-06,
            2.7557242739303826e-07,
            2.5109022696394494e-08,
            2.0924449815981602e-09,
        ),
        sin=(
            -0.16666666666666666,
            0.008333333333333214,
            -0.0001984126984121554,
            2.755731921217018e-06,
            -2.5052106963359826e-08,
            1.6058944077735184e-10,
            -7.643101030298696e-13,
            2.722287843059089e-15,
        ),
        log=(
            6.666666666666735130e-01,
            3.999999999940941908e-01,
            2.857142874366239149e-01,
            2.222219843214978396e-01,
            1.818357216161805012e-01,
            1.531383769920937332e-01,
            1.479819860511658591e-01,
        ),
        erfc_center=4.0,
        erfc_end=28.0,
        erfc=(
            1.2329951186255526,
            -0.1396211168405629,
            0.015379652102619924,
            0.06809705425473522,
            -0.10103906603630879,
            0.09373283499686466,
            -0.06633036581241683,
            0.03716751556131304,
            -0.016197734049916587,
            0.005031969767346863,
            -0.0007577733958489102,
            -0.0001992555763895305,
            0.0001506224373745032,
            -2.440290658671856e-05,
            -1.1225200643869366e-05,
            5.717252573108148e-06,
            3.018338582251501e-07,
            -8.342234921963891e-07,
            6.249219630434075e-08,
            1.1457601816502303e-07,
            -7.817444481695925e-09,
            -1.3399113425605488e-08,
            -1.7163156592813124e-09,
        ),
    ),
    "float32": Format(
        bits=23,
        bias=127,
        shifter=1.5 * 2.0**23,
        log2=(_hex("0x1.62e4000000000p-1"), _hex("0x1.7f7d1c0000000p-20")),
        pi=(
            _hex("0x1.921fb60000000p+1"),
            _hex("-0x1.777a5c0000000p-24"),
            _hex("-0x1.ee59da0000000p-49"),
        ),
        root=0x3F3504F3,
        largest_sin=2.0**15,
        largest_exp=87.0,
        exp_clamp=(-105.0, 89.0),
        exp=(
            0.5000000095618174,
            0.1666651891256454,
            0.04166620442988804,
            0.00836888273859782,
            0.001395057538176176,
        ),
        expm1=(
            0.5000000046177772,
            0.1666666681706384,
            0.04166635531109682,
            0.008333273042706296,
            0.0013940969211324683,
            0.00019914177025506804,
        ),
        sin=(
            -0.1666666047430725,
            0.008333088395940312,
            -0.00019811125877564886,
            2.6089558532779075e-06,
        ),
        log=(
            0.3333331680884449,
            -0.2500079657672582,
            0.20002281161034846,
            -0.16624968655260108,
            0.14181443617505213,
            -0.1312532737406933,
            0.12879074216288428,
            -0.0786522661850866,
        ),
        erfc_center=3.0,
        erfc_end=11.0,
        erfc=(
            1.253008059948767,
            -0.13562114476757917,
            -0.047562490558696414,
            0.1296465143543977,
            -0.11926941361914414,
            0.0682962012655625,
            -0.023805844519169214,
            0.002558886418474278,
            0.0020133554724358306,
            -0.0007563135823199914,
            -0.0002595199581497064,
        ),
    ),
}

# -- functions of the text ----------------------------------------------------------------------


@dataclass(frozen=True)
class Function:
    """A function: its formula, where that holds, and the function of ours for elsewhere, if not C's."""

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
    """Where ``low <= x < high``, both positive: one comparison of bits moved to the end of the integers."""
    first, end = (int(b) for b in np.array([low, high], x.dtype).view(f"i{x.dtype.itemsize}"))
    move = 2 ** (8 * x.dtype.itemsize - 1) - end
    return (x.bits() + move) >= first + move


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


def _turned(x: Value, n: Value, bits: Value, unit: float) -> Value:
    """``sin(x - n unit pi)``, its sign changed for odd integers in `bits`."""
    f = FORMATS[x.dtype.name]
    r = x
    for part in f.pi:
        r = fma(n, -part * unit, r)
    z = r * r
    y = fma(z * r, polynomial(z, f.sin), r)
    return (y.bits() ^ (bits << (8 * x.dtype.itemsize - 1))).real()


def _within_turns(x: Value) -> Value:
    return abs(x) <= FORMATS[x.dtype.name].largest_sin


@_function("sin", _within_turns)
def sin(x: Value) -> Value:
    """``(-1)**n sin(x - n pi)``."""
    n, bits = _rounded(x, 1 / np.pi)
    y = _turned(x, n, bits, 1.0)
    return where(x.same(0), x, y)


@_function("cos", _within_turns)
def cos(x: Value) -> Value:
    """``(-1)**(n + 1) sin(x - (2 n + 1) pi/2)``."""
    f = FORMATS[x.dtype.name]
    shifted = fma(x, 1 / np.pi, -0.5) + f.shifter
    n = shifted - f.shifter
    return _turned(x, n * 2 + 1, shifted.bits() + 1, 0.5)


# -- the error function -------------------------------------------------------------------------


@_function("erfc_positive")
def erfc_positive(x: Value, rest: Value) -> Value:
    """``erfc(x + rest)`` for x >= 0 as ``exp(-x**2) p(q) / (1 + 2 x)`` with ``q = (x - c) / (x + c)``.

    Schonfelder (Mathematics of Computation 32, 1978) makes the interval finite so. The square is kept in
    two parts, and `q` corrected by its residual; the polynomial hardly feels `rest`.
    """
    f = FORMATS[x.dtype.name]
    beyond = x > f.erfc_end
    x, rest = where(beyond, f.erfc_end, x), where(beyond, 0, rest)
    inverse = 1 / (x + f.erfc_center)
    q = (x - f.erfc_center) * inverse
    q = fma(inverse, fma(-x, q, fma(q + 1, -f.erfc_center, x)), q)
    p = fma(q, polynomial(q, f.erfc[1:]), f.erfc[0])
    square = x * x
    lost = fma(x, x, -square) + x * rest * 2
    e = exp(-square)
    return fma(-lost, e, e) * (p / (x * 2 + 1))


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


def _emit(name: str) -> Callable[..., str]:
    own = CALLS.get(name) if fuses() else None
    if own is None:
        return lambda code, x, dtype, out: library(code, NAMES[name], x, dtype)
    return lambda code, x, dtype, out: own(*[Value(code, text, dtype) for text in x]).text


for _name in NAMES:
    op(_name, "f")(lambda code, x, dtype, out, n=_name: _emit(n)(code, x, dtype, out))  # type: ignore[misc]
