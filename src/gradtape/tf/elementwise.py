"""Functions of each entry: arithmetic, powers, comparisons, trigonometry, complex parts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.core.kinds import raw, somewhere
from gradtape.core.tensor import Tensor as Plain
from gradtape.tf import curves
from gradtape.tf.errors import InvalidValueError, invalid
from gradtape.tf.operation import binary, operation, unary
from gradtape.tf.policy import tensor, together

# -- one argument -------------------------------------------------------------------------------


def _angle(x: Any) -> Any:
    if x.dtype.kind == "c":
        return np.angle(x)
    return np.where(raw(x) < 0, x.dtype.type(math.pi), x.dtype.type(0))


def _imag(x: Any) -> Any:
    return np.imag(x) if x.dtype.kind == "c" else np.zeros_like(raw(x))


def _reciprocal(x: Any) -> Any:
    return 1 / x


def _rsqrt(x: Any) -> Any:
    return 1 / np.sqrt(x)


def _real(x: Any) -> Any:
    return np.real(x) if x.dtype.kind == "c" else x


def _round(x: Any) -> Any:
    return np.rint(x) if x.dtype.kind == "f" else x


def _log_sigmoid(x: Any) -> Any:
    return -np.logaddexp(-x, x.dtype.type(0))


def _softplus(x: Any) -> Any:
    return np.logaddexp(x, x.dtype.type(0))


def _softsign(x: Any) -> Any:
    return x / (1 + np.absolute(x))


def _reciprocal_no_nan(x: Any) -> Any:
    return _quotient_or_zero(x.dtype.type(1), x)


abs = unary(np.absolute, "abs", "iufc")
acos = unary(np.arccos, "acos")
acosh = unary(np.arccosh, "acosh")
angle = unary(_angle, "angle", argument="input")
asin = unary(np.arcsin, "asin")
asinh = unary(np.arcsinh, "asinh")
atan = unary(np.arctan, "atan")
atanh = unary(np.arctanh, "atanh")
ceil = unary(np.ceil, "ceil", "f")
conj = unary(np.conjugate, "conj", "iufc")
cos = unary(np.cos, "cos")
cosh = unary(np.cosh, "cosh")
exp = unary(np.exp, "exp")
expm1 = unary(np.expm1, "expm1")
floor = unary(np.floor, "floor", "f")
imag = unary(_imag, "imag", "iufc", argument="input")
is_finite = unary(np.isfinite, "is_finite", "f")
is_inf = unary(np.isinf, "is_inf", "f")
is_nan = unary(np.isnan, "is_nan", "f")
log = unary(np.log, "log")
log1p = unary(np.log1p, "log1p")
log_sigmoid = unary(_log_sigmoid, "log_sigmoid", "f")
logical_not = unary(np.logical_not, "logical_not", "b")
negative = unary(np.negative, "negative", "iufc")
real = unary(_real, "real", "iufc", argument="input")
reciprocal = unary(_reciprocal, "reciprocal")
reciprocal_no_nan = unary(_reciprocal_no_nan, "reciprocal_no_nan")
rint = unary(np.rint, "rint", "f")
round = unary(_round, "round", "iuf")
rsqrt = unary(_rsqrt, "rsqrt")
sigmoid = unary(curves.sigmoid, "sigmoid")
sign = unary(np.sign, "sign", "iufc")
sin = unary(np.sin, "sin")
sinh = unary(np.sinh, "sinh")
softplus = unary(_softplus, "softplus", "f", argument="features")
softsign = unary(_softsign, "softsign", "f", argument="features")
sqrt = unary(np.sqrt, "sqrt")
square = unary(np.square, "square", "iufc")
tan = unary(np.tan, "tan")
tanh = unary(np.tanh, "tanh")

# -- quotients ----------------------------------------------------------------------------------


def _inexact(x: Any) -> Any:
    """Integers as TensorFlow divides them: float64, or float32 for those of up to 16 bits."""
    if x.dtype.kind not in "iu":
        return x
    return x.astype(np.float32 if x.dtype.itemsize <= 2 else np.float64)


def _true_divide(x: Any, y: Any) -> Any:
    return np.true_divide(_inexact(x), _inexact(y))


def _checked(divide: Callable[..., Any]) -> Callable[..., Any]:
    """`divide`, which refuses integer zeros as divisors."""

    def compute(x: Any, y: Any) -> Any:
        if y.dtype.kind in "iu" and somewhere(y == 0):
            raise invalid("Give divisors other than 0: integers cannot be divided by it.")
        return divide(x, y)

    compute.__name__ = divide.__name__
    return compute


def _truncated_quotient(x: Any, y: Any) -> Any:
    if x.dtype.kind not in "iu":
        return np.trunc(x / y)
    x, y = raw(x), raw(y)
    quotient = x // y  # the floor, one too little where signs differ and something is left over
    return quotient + ((quotient < 0) & (quotient * y != x)).astype(x.dtype)


def _where_zero(x: Any, otherwise: Callable[[], Any]) -> Any:
    """0 where `x` is, and `otherwise` elsewhere: the whole of it, if there are no zeros."""
    value = raw(x)
    if isinstance(value, np.ndarray) and value.all():
        return otherwise()
    zeros = value == 0
    return np.where(zeros, x.dtype.type(0), otherwise()) if somewhere(zeros) else otherwise()


def _quotient_or_zero(x: Any, y: Any) -> Any:
    return _where_zero(y, lambda: x / y)


def _product_or_zero(x: Any, y: Any) -> Any:
    if not somewhere(raw(y) == 0):
        return x * y
    # Where y is 0 the slope in y is still that of the product, unless x is not finite.
    return np.where(y == 0, np.where(np.isfinite(x), x, 0) * y, x * y)


def _x_log(logarithm: Callable[..., Any]) -> Callable[..., Any]:
    def x_log(x: Any, y: Any) -> Any:
        return _where_zero(x, lambda: x * logarithm(y))

    return x_log


def _xdivy(x: Any, y: Any) -> Any:
    return _where_zero(x, lambda: x / y)


def _power(x: Any, y: Any) -> Any:
    # There is no real slope in y where x <= 0: TensorFlow says 0.
    if y._id and x.dtype.kind == "f":
        y = np.where(raw(x) > 0, y, raw(y))
    return np.power(x, y)


def _squared_difference(x: Any, y: Any) -> Any:
    d = x - y
    return d * np.conjugate(d) if d.dtype.kind == "c" else np.square(d)


divide = binary(_true_divide, "divide")
divide_no_nan = binary(_quotient_or_zero, "divide_no_nan", "fc")
floordiv = binary(_checked(np.floor_divide), "floordiv", "iuf")
floormod = binary(_checked(np.remainder), "floormod", "iuf")
mod = binary(_checked(np.remainder), "mod", "iuf")
multiply_no_nan = binary(_product_or_zero, "multiply_no_nan", "fc")
realdiv = binary(np.true_divide, "realdiv", "fc")
truediv = binary(_true_divide, "truediv")
truncatediv = binary(_checked(_truncated_quotient), "truncatediv", "iuf")
truncatemod = binary(_checked(np.fmod), "truncatemod", "iuf")
xdivy = binary(_xdivy, "xdivy", "fc")
xlog1py = binary(_x_log(np.log1p), "xlog1py", "fc")
xlogy = binary(_x_log(np.log), "xlogy", "fc")

# -- two arguments ------------------------------------------------------------------------------

add = binary(np.add, "add")
atan2 = binary(np.arctan2, "atan2", "f", "y x")
equal = binary(np.equal, "equal", "biufc")
greater = binary(np.greater, "greater", "iuf")
greater_equal = binary(np.greater_equal, "greater_equal", "iuf")
less = binary(np.less, "less", "iuf")
less_equal = binary(np.less_equal, "less_equal", "iuf")
logical_and = binary(np.logical_and, "logical_and", "b")
logical_or = binary(np.logical_or, "logical_or", "b")
logical_xor = binary(np.logical_xor, "logical_xor", "b")
maximum = binary(np.maximum, "maximum", "iuf")
minimum = binary(np.minimum, "minimum", "iuf")
multiply = binary(np.multiply, "multiply")
nextafter = binary(np.nextafter, "nextafter", "f", "x1 x2")
not_equal = binary(np.not_equal, "not_equal", "biufc")
pow = binary(_power, "pow")
squared_difference = binary(_squared_difference, "squared_difference")
subtract = binary(np.subtract, "subtract")

# -- several arguments --------------------------------------------------------------------------


@operation
def polyval(coeffs: Any, x: Any, name: Any = None) -> Any:
    """``coeffs[0] * x**(n-1) + ... + coeffs[n-1]``, by Horner's scheme.

    Raises
    ------
    ValueError
        If `coeffs` is not a list.
    """
    if not isinstance(coeffs, list):
        raise InvalidValueError(f"Give tf.math.polyval a list of coefficients: got {type(coeffs)}.")
    x = tensor(x)
    if not coeffs:
        return np.zeros_like(x)
    total = together(x, coeffs[0])[1]
    for coefficient in coeffs[1:]:
        total = together(x, coefficient)[1] + total * x
    return total


@operation
def complex(real: Any, imag: Any, name: Any = None) -> Any:
    """``real + 1j * imag``, complex64 of float32 and complex128 of float64."""
    real, imag = together(real, imag)
    dtype = np.result_type(real.dtype, imag.dtype)
    if dtype not in (np.float32, np.float64):
        raise TypeError(f"Give tf.complex float32 or float64 parts: got {dtype}.")
    z = (real + 1j * imag).astype(np.complex64 if dtype == np.float32 else np.complex128)
    if somewhere(~np.isfinite(raw(imag))):  # 1j * inf has a real part, NaN
        exact = np.array(raw(z))
        exact.real, exact.imag = raw(real), raw(imag)
        return Plain(exact[()], z._id)
    return z
