"""``tf.math``: elementwise functions and reductions."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.tf.arrays import invert_permutation
from gradtape.tf.operation import axes, binary, operation, unary
from gradtape.tf.policy import tensor
from gradtape.tf.segments import (
    segment_max,
    segment_mean,
    segment_min,
    segment_prod,
    segment_sum,
    unsorted_segment_max,
    unsorted_segment_mean,
    unsorted_segment_min,
    unsorted_segment_prod,
    unsorted_segment_sqrt_n,
    unsorted_segment_sum,
)
from gradtape.tf.sorting import in_top_k, top_k

# -- elementwise --------------------------------------------------------------------------------

abs = unary(np.absolute, "abs", "iufc")
acos = unary(np.arccos, "acos")
acosh = unary(np.arccosh, "acosh")
angle = unary(np.angle, "angle", argument="input")
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
imag = unary(np.imag, "imag", argument="input")
is_finite = unary(np.isfinite, "is_finite", "f")
is_inf = unary(np.isinf, "is_inf", "f")
is_nan = unary(np.isnan, "is_nan", "f")
log = unary(np.log, "log")
log1p = unary(np.log1p, "log1p")
logical_not = unary(np.logical_not, "logical_not", "b")
negative = unary(np.negative, "negative", "iufc")
real = unary(np.real, "real", "fc", argument="input")
reciprocal = unary(lambda x: 1 / x, "reciprocal")
rint = unary(np.rint, "rint", "f")
rsqrt = unary(lambda x: 1 / np.sqrt(x), "rsqrt")
sign = unary(np.sign, "sign", "iufc")
sin = unary(np.sin, "sin")
sinh = unary(np.sinh, "sinh")
sqrt = unary(np.sqrt, "sqrt")
square = unary(np.square, "square", "iufc")
tan = unary(np.tan, "tan")
tanh = unary(np.tanh, "tanh")

add = binary(np.add, "add")
atan2 = binary(np.arctan2, "atan2", "f", "y x")
divide = binary(np.true_divide, "divide")
equal = binary(np.equal, "equal", "biufc")
floordiv = binary(np.floor_divide, "floordiv")
floormod = binary(np.remainder, "floormod")
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
not_equal = binary(np.not_equal, "not_equal", "biufc")
pow = binary(np.power, "pow")
subtract = binary(np.subtract, "subtract")

# -- reductions ---------------------------------------------------------------------------------


@operation
def reduce_sum(input_tensor: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum over `axis`, or over all entries; integers keep their dtype."""
    x = tensor(input_tensor)
    dtype = x.dtype if x.dtype.kind in "iu" else None
    return np.sum(x, axis=axes(axis), keepdims=keepdims, dtype=dtype)
