"""Cases about functions of each entry, special functions, clipping and counting."""

from __future__ import annotations

from typing import Any

import numpy as np

from compat.cases import case, operation
from gradtape.tf import constant

F = np.float32
real = np.array([[-1.3, 0.4, 2.1], [0.7, -0.2, 1.6]])
unit = np.array([[-0.8, 0.3], [0.55, -0.1]])
positive = np.array([[0.3, 1.7, 2.4], [0.9, 3.2, 0.05]])
above = np.array([1.2, 2.5, 4.0])
other = np.array([[0.5, -1.1, 0.8]])
kinks = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan], F)
whole = np.array([[7, -7, 5], [-5, 3, 0]], np.int32)
divisors = np.array([[2, 2, -3], [3, -2, 4]], np.int32)
z = np.array([0.3 + 0.4j, -1.2 + 0.1j, 0.8 - 0.6j])


def _elementwise(name: str, array: Any, **rest: Any) -> None:
    """The function `name` of `tf.math` at ordinary points in two dtypes, and at singular ones."""
    operation(name, lambda tf, x: _get(tf, name)(x), array, **rest)
    operation(f"{name} float32", lambda tf, x: _get(tf, name)(x), array.astype(F), **rest)


def _get(tf: Any, name: str) -> Any:
    found = tf.math
    for part in name.split("."):
        found = getattr(found, part)
    return found


for _name, _array in {
    **dict.fromkeys(
        ("abs", "asinh", "atan", "ceil", "cos", "cosh", "exp", "expm1", "floor", "log_sigmoid"),
        real,
    ),
    **dict.fromkeys(
        ("negative", "reciprocal", "reciprocal_no_nan", "rint", "round", "sigmoid", "sign"), real
    ),
    **dict.fromkeys(("sin", "sinh", "softplus", "square", "tan", "tanh"), real),
    **dict.fromkeys(("acos", "asin", "atanh"), unit),
    **dict.fromkeys(("log", "log1p", "rsqrt", "sqrt"), positive),
    "acosh": above,
}.items():
    _elementwise(_name, _array)
    operation(f"{_name} at kinks", lambda tf, x, name=_name: _get(tf, name)(x), kinks, order=0)

operation(
    "softsign",
    lambda tf, x: tf.math.softsign(x),
    real,
    order=1,
)

for _name in ("abs", "exp", "sigmoid", "softplus", "square", "tanh", "sign", "reciprocal_no_nan"):
    operation(
        f"{_name} gradient at kinks",
        lambda tf, x, name=_name: _get(tf, name)(x),
        kinks[:4],
        order=1,
    )

for _name in (
    *("acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "exp", "expm1", "log"),
    *("log1p", "negative", "reciprocal", "rsqrt", "sign", "sigmoid", "sin", "sinh", "sqrt"),
    *("square", "tan", "tanh", "conj", "real", "imag", "angle", "abs", "reciprocal_no_nan"),
):
    operation(
        f"{_name} complex", lambda tf, x, name=_name: _get(tf, name)(x), z, order=1, rtol=1e-9
    )

for _name in ("conj", "real", "imag", "angle"):
    operation(f"{_name} of reals", lambda tf, x, name=_name: _get(tf, name)(x), real, order=1)

for _name in ("abs", "negative", "sign", "square", "round", "conj", "real", "imag"):

    @case(f"{_name} int32")
    def _integers(tf: Any, name: Any = _name) -> Any:
        return _get(tf, name)(whole)


for _name in ("exp", "sqrt", "sin", "is_nan", "erf", "sigmoid", "floor", "softplus"):

    @case(f"{_name} refuses int32")
    def _refuses(tf: Any, name: Any = _name) -> Any:
        return _get(tf, name)(tf.constant(whole))


for _name in ("is_finite", "is_inf", "is_nan"):

    @case(_name)
    def _tests(tf: Any, name: Any = _name) -> Any:
        return _get(tf, name)(kinks)


for _name in (
    *("abs", "exp", "log1p", "sigmoid", "softplus", "softsign", "log_sigmoid", "erf", "lgamma"),
    *("tanh", "rsqrt", "square", "reciprocal_no_nan", "floor", "round", "sinh"),
    *("reduce_sum", "reduce_mean", "reduce_max", "reduce_logsumexp", "reduce_std", "cumsum"),
    *("reduce_variance", "reduce_euclidean_norm", "l2_normalize", "zero_fraction"),
):
    operation(
        f"{_name} float16",
        lambda tf, x, name=_name: _get(tf, name)(x),
        np.array([0.25, 1.5, 0.75], np.float16),
        order=1,
        rtol=4e-3,
    )

# -- special functions --------------------------------------------------------------------------

_SPECIAL: dict[str, Any] = {
    **dict.fromkeys(
        ("bessel_i0", "bessel_i0e", "bessel_i1", "bessel_i1e", "erf", "erfc", "digamma"), real
    ),
    **dict.fromkeys(("special.bessel_j0", "special.bessel_j1", "special.dawsn"), positive),
    **dict.fromkeys(("special.bessel_k0", "special.bessel_k0e", "special.bessel_k1"), positive),
    **dict.fromkeys(("special.bessel_k1e", "special.bessel_y0", "special.bessel_y1"), positive),
    **dict.fromkeys(("special.expint", "special.fresnel_cos", "special.fresnel_sin"), positive),
    **dict.fromkeys(("lgamma", "special.spence"), positive),
    **dict.fromkeys(("erfinv", "special.bessel_i0"), unit),
    "erfcinv": unit + 1,
    "ndtri": np.array([0.1, 0.4, 0.93]),
}
for _name, _array in _SPECIAL.items():
    operation(_name, lambda tf, x, name=_name: _get(tf, name)(x), _array, rtol=1e-7)
    operation(
        f"{_name} float32",
        lambda tf, x, name=_name: _get(tf, name)(x),
        _array.astype(F),
        order=1,
        rtol=3e-5,
    )
    if _name not in ("digamma", "special.bessel_y1"):
        operation(
            f"{_name} at kinks",
            lambda tf, x, name=_name: _get(tf, name)(x),
            np.array([0.0, np.nan], F),
            order=0,
        )
for _name in ("digamma", "special.bessel_y1"):
    operation(
        f"{_name} at its pole",
        lambda tf, x, name=_name: _get(tf, name)(x),
        np.array([0.0], F),
        order=0,
        better="the limit from above, as SciPy has it; TensorFlow: NaN",
        answer=lambda: {"value": constant(np.array([-np.inf], F))},
    )

_a = np.array([0.7, 2.0, 3.5])
_x = np.array([0.4, 2.5, 1.1])
operation("igamma", lambda tf, a, x: tf.math.igamma(a, x), _a, _x, order=1, rtol=1e-6)
operation("igammac", lambda tf, a, x: tf.math.igammac(a, x), _a, _x, order=1, rtol=1e-6)
operation("zeta", lambda tf, q: tf.math.zeta(tf.constant(2.5, tf.float64), q), _a)
operation(
    "polygamma", lambda tf, x: tf.math.polygamma(tf.constant(1.0, tf.float64), x), _a, rtol=1e-8
)
operation(
    "polygamma of no order",
    lambda tf, x: tf.math.polygamma(tf.constant(1.5, tf.float64), x),
    _a,
    order=0,
)
operation(
    "betainc",
    lambda tf, x: tf.math.betainc(tf.constant(_a), tf.constant(_a + 0.5), x),
    np.array([0.2, 0.5, 0.9]),
    rtol=1e-8,
)
operation("lbeta", lambda tf, x: tf.math.lbeta(x), positive, rtol=1e-8)
operation("lbeta of a vector", lambda tf, x: tf.math.lbeta(x), _a, rtol=1e-8)

# -- two arguments ------------------------------------------------------------------------------

for _name in ("add", "subtract", "multiply", "divide", "truediv", "squared_difference"):
    operation(_name, lambda tf, x, y, name=_name: _get(tf, name)(x, y), real, other)
    operation(
        f"{_name} complex", lambda tf, x, y, name=_name: _get(tf, name)(x, y), z, z[::-1], order=1
    )
for _name in ("maximum", "minimum", "atan2", "floormod", "mod", "nextafter"):
    operation(_name, lambda tf, x, y, name=_name: _get(tf, name)(x, y), real, other, order=1)
for _name in ("divide_no_nan", "multiply_no_nan", "xdivy"):
    operation(_name, lambda tf, x, y, name=_name: _get(tf, name)(x, y), real, other, rtol=1e-9)
for _name in ("add", "maximum", "pow", "xlogy", "divide_no_nan", "floormod", "atan2"):
    operation(
        f"{_name} float16",
        lambda tf, x, y, name=_name: _get(tf, name)(x, y),
        np.array([0.25, 1.5], np.float16),
        np.array([0.5, 2.0], np.float16),
        order=1,
        rtol=4e-3,
    )
for _name in ("xlogy", "xlog1py", "pow"):
    operation(_name, lambda tf, x, y, name=_name: _get(tf, name)(x, y), positive, positive[::-1])

for _name in ("maximum", "minimum"):
    operation(
        f"{_name} at ties",
        lambda tf, x, y, name=_name: _get(tf, name)(x, y),
        np.array([1.0, 2.0, 3.0]),
        np.array([1.0, 3.0, 2.0]),
        order=1,
    )
for _name in ("divide_no_nan", "xlogy", "xlog1py", "xdivy"):
    operation(
        f"{_name} at zeros",
        lambda tf, x, y, name=_name: _get(tf, name)(x, y),
        np.array([0.0, 0.0, 2.0, 1.5]),
        np.array([0.0, 2.0, 0.5, 1.5]),
        order=1,
    )
operation(
    "multiply_no_nan at zeros",
    lambda tf, x, y: tf.math.multiply_no_nan(x, y),
    np.array([np.inf, 2.0, np.nan, 1.5]),
    np.array([0.0, 0.0, 2.0, 1.5]),
    order=0,
)
operation(
    "pow at zeros",
    lambda tf, x, y: tf.pow(x, y),
    np.array([0.0, -2.0, 0.0]),
    np.array([2.0, 3.0, 1.0]),
    order=1,
)
operation(
    "pow at zero to the zero",
    lambda tf, x: tf.pow(x, 0.0),
    np.array([0.0]),
    order=1,
    better="1 everywhere, so the slope is 0; TensorFlow: NaN",
    answer=lambda: {"value": constant([1.0], "float64"), "gradient": [constant([0.0], "float64")]},
)
for _name in (
    *("add", "subtract", "multiply", "divide", "floordiv", "floormod", "maximum", "minimum"),
    *("squared_difference", "equal", "not_equal", "less", "less_equal", "greater"),
    "greater_equal",
):

    @case(f"{_name} int32")
    def _pairs(tf: Any, name: Any = _name) -> Any:
        return _get(tf, name)(tf.constant(whole), tf.constant(divisors))

    @case(f"{_name} of shapes that do not fit")
    def _misfits(tf: Any, name: Any = _name) -> Any:
        return _get(tf, name)(tf.constant([1.0, 2.0]), tf.constant([1.0, 2.0, 3.0]))

    @case(f"{_name} with numbers")
    def _numbers(tf: Any, name: Any = _name) -> Any:
        return _get(tf, name)(tf.constant([4.0, 6.0]), 2), _get(tf, name)(3.0, tf.constant([2.0]))


for _name in ("truncatediv", "truncatemod", "realdiv"):

    @case(_name)
    def _truncated(tf: Any, name: Any = _name) -> Any:
        f = getattr(tf, name)
        floats = f(tf.constant([7.5, -7.5, 2.0]), tf.constant([2.0, 2.0, -3.0]))
        return floats if name == "realdiv" else (floats, f(whole, divisors))


for _name in ("floordiv", "floormod", "divide"):

    @case(f"{_name} by integer zero")
    def _by_zero(tf: Any, name: Any = _name) -> Any:
        f = getattr(tf, name, None) or getattr(tf.math, name)
        return f(tf.constant([1, 2]), tf.constant([0, 1]))


for _name in ("logical_and", "logical_or", "logical_xor"):

    @case(_name)
    def _truth(tf: Any, name: Any = _name) -> Any:
        return _get(tf, name)([True, True, False], [True, False, False])


@case()
def logical_not(tf: Any) -> Any:
    return tf.math.logical_not([True, False])


@case()
def logical_and_refuses_numbers(tf: Any) -> Any:
    return tf.logical_and(tf.constant([1, 0]), tf.constant([1, 0]))


@case()
def integer_powers(tf: Any) -> Any:
    return tf.pow(tf.constant([2, 3]), tf.constant([3, 2])), tf.pow(tf.constant(2), 5)


@case()
def negative_integer_power(tf: Any) -> Any:
    return tf.pow(tf.constant([2, 3]), tf.constant([-1, 2]))


@case()
def divide_python_numbers(tf: Any) -> Any:
    return tf.divide(3, 2), tf.math.truediv(3, 2), tf.add(1, 2), tf.multiply(1.5, 2)


@case()
def divide_small_integers(tf: Any) -> Any:
    small = tf.constant([3, 4], tf.int8)
    return tf.divide(small, small), tf.math.truediv(tf.constant([3], tf.int64), 2)


@case()
def add_of_booleans(tf: Any) -> Any:
    return tf.add(tf.constant([True]), tf.constant([False]))


operation(
    "polyval",
    lambda tf, x: tf.math.polyval([tf.constant(c, tf.float64) for c in (2.0, -1.0, 0.5)], x),
    real,
)


@case()
def polyval_of_no_list(tf: Any) -> Any:
    return tf.math.polyval(tf.constant([1.0, 2.0]), tf.constant(2.0))


@case()
def polyval_of_no_coefficients(tf: Any) -> Any:
    return tf.math.polyval([], tf.constant([1.0, 2.0]))


operation("complex", lambda tf, x, y: tf.complex(x, y), real, real[::-1], order=1)


@case()
def complex_dtypes(tf: Any) -> Any:
    return tf.complex([1.0], [2.0]), tf.complex(np.array([1.0]), np.array([2.0]))


@case()
def complex_of_integers(tf: Any) -> Any:
    return tf.complex(tf.constant([1]), tf.constant([2]))


# -- clipping -----------------------------------------------------------------------------------

operation("clip_by_value", lambda tf, x: tf.clip_by_value(x, -1.0, 1.0), real)
operation(
    "clip_by_value at its bounds",
    lambda tf, x: tf.clip_by_value(x, -1.0, 1.0),
    np.array([-1.0, 1.0, 2.0, -3.0, 0.0]),
    order=1,
)
operation(
    "clip_by_value between arrays",
    lambda tf, x, low, high: tf.clip_by_value(x, low, high),
    real,
    np.array([-1.0, 0.5, 0.0]),
    np.array([[0.5], [0.6]]),
    order=1,
)
operation("clip_by_norm", lambda tf, x: tf.clip_by_norm(x, 1.5), real, rtol=1e-9)
operation("clip_by_norm of less", lambda tf, x: tf.clip_by_norm(x, 9.0), real, order=1)
operation("clip_by_norm axes", lambda tf, x: tf.clip_by_norm(x, 1.5, axes=[1]), real, rtol=1e-9)
operation("clip_by_norm of zeros", lambda tf, x: tf.clip_by_norm(x, 1.5), np.zeros(3), order=1)
operation("l2_normalize", lambda tf, x: tf.math.l2_normalize(x, axis=1), real)
operation("l2_normalize all", lambda tf, x: tf.math.l2_normalize(x), real)
operation("l2_normalize zeros", lambda tf, x: tf.math.l2_normalize(x), np.zeros(3), order=1)
operation("global_norm", lambda tf, x, y: tf.linalg.global_norm([x, None, y]), real, z.real)
operation(
    "clip_by_global_norm",
    lambda tf, x, y: tf.clip_by_global_norm([x, y], 1.5),
    real,
    np.array([1.0, 2.0]),
    rtol=1e-9,
)
operation(
    "clip_by_global_norm of less",
    lambda tf, x: tf.clip_by_global_norm([x], 100.0)[0],
    real,
    order=1,
    rtol=1e-9,
)


@case()
def clip_by_value_integers(tf: Any) -> Any:
    return tf.clip_by_value(tf.constant(whole), -2, 4)


@case()
def clip_by_value_bounds_too_large(tf: Any) -> Any:
    return tf.clip_by_value(tf.constant(1.0), tf.constant([0.0, 1.0]), 2.0)


@case()
def clip_by_global_norm_details(tf: Any) -> Any:
    a, b = tf.constant([3.0, 4.0]), tf.constant([12.0])
    clipped, norm = tf.clip_by_global_norm((a, None, b), 6.5)
    used, _ = tf.clip_by_global_norm([a], 1.0, use_norm=tf.constant(10.0))
    return clipped, norm, used, tf.clip_by_global_norm([tf.constant([np.inf, 1.0])], 1.0)


@case()
def clip_by_global_norm_of_slices(tf: Any) -> Any:
    rows = tf.IndexedSlices(tf.constant([[3.0], [4.0]]), tf.constant([0, 2]), tf.constant([3, 1]))
    return tf.clip_by_global_norm([rows], 1.0), tf.scalar_mul(2.0, rows)


@case()
def clip_by_global_norm_of_no_list(tf: Any) -> Any:
    return tf.clip_by_global_norm(tf.constant([1.0]), 1.0)


operation("add_n", lambda tf, x, y: tf.add_n([x, y, x]), real, real[::-1], order=1)
operation("scalar_mul", lambda tf, x: tf.scalar_mul(2.5, x), real, order=1)


@case()
def accumulate_n(tf: Any) -> Any:
    return tf.math.accumulate_n([tf.constant([1, 2]), tf.constant([3, 4])])


@case()
def add_n_of_one(tf: Any) -> Any:
    return tf.add_n([tf.constant([1.0, 2.0])])


@case()
def add_n_of_none(tf: Any) -> Any:
    return tf.add_n([])


@case()
def add_n_of_two_shapes(tf: Any) -> Any:
    return tf.add_n([tf.constant([1.0]), tf.constant([1.0, 2.0])])


@case()
def scalar_mul_of_no_scalar(tf: Any) -> Any:
    return tf.scalar_mul(tf.constant([1.0, 2.0]), tf.constant([1.0, 2.0]))


# -- counting -----------------------------------------------------------------------------------


@case()
def bincount(tf: Any) -> Any:
    values = tf.constant([1, 1, 4, 2])
    return (
        tf.math.bincount(values),
        tf.math.bincount(values, minlength=7),
        tf.math.bincount(values, maxlength=3, dtype=tf.int64),
        tf.math.bincount(values, weights=tf.constant([0.5, 1.0, 2.0, 3.0])),
        tf.math.bincount(values, binary_output=True),
        tf.math.bincount(tf.constant([[1, 1], [0, 2]]), axis=-1),
        tf.math.bincount(tf.constant([[1, 1], [0, 2]])),
    )


@case()
def bincount_of_negative(tf: Any) -> Any:
    return tf.math.bincount(tf.constant([1, -1]))


@case()
def confusion_matrix(tf: Any) -> Any:
    f = tf.math.confusion_matrix
    return (
        f([1, 2, 4], [2, 2, 4]),
        f([0, 1], [1, 1], num_classes=3, dtype=tf.float32),
        f([0, 1], [1, 1], weights=tf.constant([2, 3])),
    )


@case()
def confusion_matrix_of_too_many(tf: Any) -> Any:
    return tf.math.confusion_matrix([0, 5], [1, 1], num_classes=3)


@case()
def invert_permutation(tf: Any) -> Any:
    return tf.math.invert_permutation(tf.constant([2, 0, 1]))


@case()
def invert_no_permutation(tf: Any) -> Any:
    return tf.math.invert_permutation(tf.constant([2, 0, 0]))


@case()
def names_at_the_top(tf: Any) -> Any:
    x = tf.constant([0.25, 0.5])
    names = (
        "abs acos acosh asin asinh atan atanh cos cosh exp floor negative round sigmoid sign sin"
    )
    found = [getattr(tf, name)(x) for name in names.split()]
    return [*found, tf.sqrt(x), tf.square(x), tf.tan(x), tf.sinh(x), tf.tanh(x)]
