"""Keras's activations: values and two derivatives, at kinks too, for each option."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from compat.cases import case, operation

X = np.array([[-4.5, -0.7, 0.3], [0.6, 1.8, 7.5]], np.float32)

CALLS: dict[str, list[dict[str, Any]]] = {
    "relu": [
        {},
        {"negative_slope": 0.1},
        {"max_value": 2.0},
        {"max_value": 6},
        {"threshold": 0.5},
        {"negative_slope": 0.1, "max_value": 2.0, "threshold": 0.5},
        {"negative_slope": 0.25, "max_value": 6},
    ],
    "leaky_relu": [{}, {"negative_slope": 0.5}],
    "relu6": [{}],
    "softmax": [{}, {"axis": 0}, {"axis": (0, 1)}, {"axis": None}],
    "log_softmax": [{}, {"axis": 0}, {"axis": None}],
    "elu": [{}, {"alpha": 0.5}],
    "selu": [{}],
    "celu": [{}, {"alpha": 2.0}],
    "softplus": [{}],
    "softsign": [{}],
    "soft_shrink": [{}, {"threshold": 1.0}],
    "hard_shrink": [{}, {"threshold": 1.0}],
    "tanh_shrink": [{}],
    "sparse_plus": [{}],
    "sparse_sigmoid": [{}],
    "silu": [{}],
    "swish": [{}],
    "squareplus": [{}, {"b": 1.0}],
    "gelu": [{}, {"approximate": True}],
    "glu": [{"axis": 0}],
    "tanh": [{}],
    "hard_tanh": [{}],
    "threshold": [{"threshold": 0.5, "default_value": -1.0}],
    "sigmoid": [{}],
    "exponential": [{}],
    "hard_sigmoid": [{}],
    "hard_silu": [{}],
    "hard_swish": [{}],
    "log_sigmoid": [{}],
    "linear": [{}],
    "mish": [{}],
    "sparsemax": [{}, {"axis": 0}],
}

TWICE = {"softsign"}
"""Whose second derivative TensorFlow has not, or wrongly."""

KINKS = {
    "relu": [0.0],
    "leaky_relu": [0.0],
    "relu6": [0.0, 6.0],
    "elu": [0.0],
    "selu": [0.0],
    "softsign": [0.0],
    "soft_shrink": [-0.5, 0.0, 0.5],
    "hard_shrink": [-0.5, 0.5],
    "sparse_plus": [-1.0, 1.0],
    "sparse_sigmoid": [-1.0, 1.0],
    "hard_tanh": [-1.0, 1.0],
    "hard_sigmoid": [-3.0, 3.0],
    "hard_silu": [-3.0, 3.0],
    "softplus": [0.0, 100.0, -100.0],
    "log_sigmoid": [0.0, 100.0, -100.0],
    "sigmoid": [100.0, -100.0],
    "silu": [0.0, 100.0, -100.0],
    "gelu": [0.0, 20.0, -20.0],
    "mish": [0.0, 50.0, -50.0],
}


def _fill() -> None:
    for name, choices in CALLS.items():
        order = 1 if name in TWICE else 2
        for position, options in enumerate(choices):

            def call(tf: Any, x: Any, name: str = name, options: Any = options) -> Any:
                return getattr(tf.keras.activations, name)(x, **options)

            x = X / 4 if "softmax" in name else X  # or differences of nearly equal numbers decide
            operation(f"{name}/{position}", call, x, order=order, rtol=2e-5)
            if position == len(choices) - 1 and name != "gelu":  # whose sqrt(2) is a float32
                operation(f"{name}/float64", call, x.astype(np.float64), order=order)
    for name, points in KINKS.items():

        def at(tf: Any, x: Any, name: str = name) -> Any:
            return getattr(tf.keras.activations, name)(x)

        operation(f"{name}/kink", at, np.array(points, np.float32), order=1)


_fill()


@case(
    better="celu is smooth: its derivative at 0 is 1, not the 2 of two branches", answer=lambda: 1.0
)
def celu_at_0(tf: Any) -> Any:
    x = tf.Variable(0.0)
    with tf.GradientTape() as tape:
        y = tf.keras.activations.celu(x)
    return float(tape.gradient(y, x).numpy())


@case()
def glu_of_odd_length(tf: Any) -> Any:
    return tf.keras.activations.glu(tf.constant(X))


@case()
def integers(tf: Any) -> Any:
    return tf.keras.activations.relu(tf.constant([-1, 2]))


@case()
def tanh_of_integers(tf: Any) -> Any:
    return tf.keras.activations.tanh(tf.constant([-1, 2]))


@case()
def numbers_and_lists(tf: Any) -> Any:
    return tf.keras.activations.relu([-1.0, 2.0]), tf.keras.activations.sigmoid(0.5)


@case()
def got(tf: Any) -> Any:
    a = tf.keras.activations
    names = ["relu", "swish", "hard_swish", "gelu"]
    return [a.get(n).__name__ for n in names], a.get(None).__name__, a.serialize(a.relu)


@case()
def got_by_an_unknown_name(tf: Any) -> Any:
    tf.keras.activations.get("nope")


@case()
def softmax_over_one(tf: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tf.keras.activations.softmax(tf.constant([[1.0], [2.0]]))
