"""Cases about reductions, running sums, and positions of extremes."""

from __future__ import annotations

from typing import Any

import numpy as np

from compat.cases import case, operation
from gradtape.tf import constant

F = np.float32
real = np.array([[-1.3, 0.4, 2.1], [0.7, -0.2, 1.6]])
cube = np.arange(12.0).reshape(2, 3, 2) / 5 - 0.7
whole = np.array([[7, -7, 5], [-5, 3, 0]], np.int32)
z = np.array([0.3 + 0.4j, -1.2 + 0.1j, 0.8 - 0.6j])
ties = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])


def _zeros(shape: Any) -> Any:
    return constant(np.zeros(shape))


FLOATS = ("sum", "prod", "mean", "max", "min", "logsumexp", "variance", "std", "euclidean_norm")


def _reduce(tf: Any, name: str) -> Any:
    return getattr(tf.math, f"reduce_{name}")


for _name in FLOATS:
    for _options in ({}, {"axis": 1}, {"axis": [0, -1], "keepdims": True}, {"axis": []}):
        if _name == "std" and _options == {"axis": []}:
            continue
        operation(
            f"reduce_{_name} {_options}",
            lambda tf, x, name=_name, options=_options: _reduce(tf, name)(x, **options),
            real,
            order=1 if _options else 2,
            rtol=1e-8,
        )
    operation(
        f"reduce_{_name} of a cube",
        lambda tf, x, name=_name: _reduce(tf, name)(x, axis=(0, 2)),
        cube,
        rtol=1e-8,
    )
    operation(
        f"reduce_{_name} float32",
        lambda tf, x, name=_name: _reduce(tf, name)(x, axis=0),
        real.astype(F),
        order=1,
    )

    @case(f"reduce_{_name} of a scalar")
    def _scalar(tf: Any, name: Any = _name) -> Any:
        return _reduce(tf, name)(tf.constant(2.5))

    @case(f"reduce_{_name} int32")
    def _integers(tf: Any, name: Any = _name) -> Any:
        return _reduce(tf, name)(tf.constant(whole)), _reduce(tf, name)(tf.constant(whole), axis=1)

    @case(f"reduce_{_name} of booleans")
    def _booleans(tf: Any, name: Any = _name) -> Any:
        return _reduce(tf, name)(tf.constant([True, False]))

    @case(f"reduce_{_name} of a wrong axis")
    def _wrong(tf: Any, name: Any = _name) -> Any:
        return _reduce(tf, name)(tf.constant(real), axis=2)

    @case(f"reduce_{_name} of nothing")
    def _nothing(tf: Any, name: Any = _name) -> Any:
        return _reduce(tf, name)(np.zeros((0, 2), F), 0)

    @case(f"reduce_{_name} with tensor axis")
    def _tensor_axis(tf: Any, name: Any = _name) -> Any:
        return _reduce(tf, name)(tf.constant(real), axis=tf.constant([1]))


operation(
    "reduce_std of equal entries",
    lambda tf, x: tf.math.reduce_std(x),
    np.array([1.5, 1.5]),
    order=1,
    better="the subgradient of least norm at a kink; TensorFlow: NaN",
    answer=lambda: {"value": _zeros(()), "gradient": [_zeros(2)]},
)
operation(
    "reduce_euclidean_norm of zeros",
    lambda tf, x: tf.math.reduce_euclidean_norm(x),
    np.zeros(2),
    order=1,
    better="the subgradient of least norm at a kink; TensorFlow: NaN",
    answer=lambda: {"value": _zeros(()), "gradient": [_zeros(2)]},
)
for _name in ("max", "min"):
    operation(f"reduce_{_name} at ties", lambda tf, x, n=_name: _reduce(tf, n)(x, 1), ties, order=1)
    operation(
        f"reduce_{_name} at all ties", lambda tf, x, n=_name: _reduce(tf, n)(x), ties, order=1
    )
for _name in ("sum", "mean", "prod", "variance", "std", "euclidean_norm"):
    operation(
        f"reduce_{_name} complex", lambda tf, x, n=_name: _reduce(tf, n)(x), z, order=1, rtol=1e-9
    )
operation(
    "reduce_prod with zeros",
    lambda tf, x: tf.reduce_prod(x, axis=1),
    np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 1.5]]),
    order=1,
)
operation(
    "reduce_logsumexp of infinities",
    lambda tf, x: tf.reduce_logsumexp(x, axis=1),
    np.array([[-np.inf, 0.5], [1000.0, 1000.0]]),
    order=1,
)


@case("mean of integers towards zero")
def integer_means(tf: Any) -> Any:
    return (
        tf.reduce_mean(tf.constant([-7, 2])),
        tf.reduce_mean(tf.constant([7, 2])),
        tf.reduce_mean(tf.constant([250, 255], tf.uint8)),
        tf.reduce_mean([1, 2, 4]),
    )


for _name in ("all", "any"):

    @case(f"reduce_{_name}")
    def _truth(tf: Any, name: Any = _name) -> Any:
        x = tf.constant([[True, False], [True, True]])
        f = _reduce(tf, name)
        return f(x), f(x, axis=0), f(x, 1, True), f([True, False])

    @case(f"reduce_{_name} of numbers")
    def _truth_of_numbers(tf: Any, name: Any = _name) -> Any:
        return _reduce(tf, name)(tf.constant([1, 0]))


@case()
def count_nonzero(tf: Any) -> Any:
    f = tf.math.count_nonzero
    return (
        f(whole),
        f(whole, axis=0),
        f(whole, axis=1, keepdims=True, dtype=tf.int32),
        f(tf.constant([True, False])),
        f(tf.constant([0.0, 1.5])),
    )


@case()
def zero_fraction(tf: Any) -> Any:
    return tf.math.zero_fraction(tf.constant([0.0, 1.0, 0.0])), tf.math.zero_fraction(whole)


@case()
def orders(tf: Any) -> Any:
    return [
        (tf.math.is_non_decreasing(x), tf.math.is_strictly_increasing(x))
        for x in ([1.0, 2.0], [1.0, 1.0], [2.0, 1.0], [[1, 2], [3, 4]], [5.0])
    ]


for _name in ("argmax", "argmin"):

    @case(_name)
    def _positions(tf: Any, name: Any = _name) -> Any:
        f = getattr(tf.math, name)
        return (
            f(real),
            f(real, axis=1),
            f(real, 1, tf.int32),
            f(ties, axis=-1),
            f(whole, axis=0),
            f(tf.constant([1.0, 3.0])),
            getattr(tf, name)(tf.constant([np.nan, 1.0])),
        )

    @case(f"{_name} of a wrong axis")
    def _wrong_axis(tf: Any, name: Any = _name) -> Any:
        return getattr(tf.math, name)(real, axis=2)

    @case(f"{_name} of nothing")
    def _of_nothing(tf: Any, name: Any = _name) -> Any:
        return getattr(tf.math, name)(np.zeros((0, 2)), axis=0)


for _name in ("cumsum", "cumprod", "cumulative_logsumexp"):
    for _exclusive in (False, True):
        for _reverse in (False, True):
            operation(
                f"{_name} exclusive={_exclusive} reverse={_reverse}",
                lambda tf, x, n=_name, e=_exclusive, r=_reverse: getattr(tf.math, n)(
                    x, axis=1, exclusive=e, reverse=r
                ),
                real,
                order=1,
                rtol=1e-8,
            )
    operation(f"{_name} cube", lambda tf, x, n=_name: getattr(tf.math, n)(x, -2), cube, rtol=1e-8)

    @case(f"{_name} int32")
    def _scan_integers(tf: Any, name: Any = _name) -> Any:
        return getattr(tf.math, name)(tf.constant(whole))

    @case(f"{_name} of a wrong axis")
    def _scan_wrong(tf: Any, name: Any = _name) -> Any:
        return getattr(tf.math, name)(tf.constant(real), axis=3)


operation(
    "cumprod past a zero",
    lambda tf, x: tf.math.cumprod(x),
    np.array([0.0, 3.0]),
    order=1,
    better="the product of the other factors; TensorFlow: 0",
    answer=lambda: {
        "value": constant(np.zeros(2)),
        "gradient": [constant(np.array([0.5 + 3 * 1.118034, 0.0]))],
    },
)
