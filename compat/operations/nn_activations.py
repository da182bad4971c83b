"""`tf.nn`'s activations: values and two derivatives, at kinks too, for each option."""

from __future__ import annotations

from typing import Any

import numpy as np

from compat.cases import case, expressions, operation

X = np.array([[-4.5, -0.7, 0.3], [0.6, 1.8, 7.5]], np.float32)

CALLS: dict[str, list[dict[str, Any]]] = {
    "relu": [{}],
    "relu6": [{}],
    "elu": [{}],
    "selu": [{}],
    "crelu": [{}, {"axis": 0}],
    "leaky_relu": [{}, {"alpha": 0.5}],
    "gelu": [{}, {"approximate": True}],
    "silu": [{}, {"beta": 0.5}],
    "swish": [{}],
    "softplus": [{}],
    "softsign": [{}],
    "sigmoid": [{}],
    "tanh": [{}],
    "softmax": [{}, {"axis": 0}, {"axis": -2}],
    "log_softmax": [{}, {"axis": 0}, {"axis": 1}],
}

KINKS = {
    "relu": [0.0],
    "leaky_relu": [0.0],
    "relu6": [0.0, 6.0],
    "elu": [0.0],
    "selu": [0.0],
    "crelu": [0.0, 1.0],
    "softsign": [0.0],
    "softplus": [0.0, 100.0, -100.0],
    "sigmoid": [100.0, -100.0],
    "silu": [0.0, 100.0, -100.0],
    "gelu": [0.0, 20.0, -20.0],
}

ONCE = {"softsign"}
"""Whose second derivative TensorFlow has not, or wrongly."""

for name, choices in CALLS.items():
    for options in choices:
        title = " ".join([name, *(f"{key}={value}" for key, value in options.items())])
        x = X / 4 if "softmax" in name else X  # or differences of nearly equal numbers decide

        def call(tf: Any, x: Any, name: str = name, options: Any = options) -> Any:
            return getattr(tf.nn, name)(x, **options)

        order = 1 if name in ONCE else 2
        operation(title, call, x, order=order, rtol=2e-5)
        operation(f"{title} float64", call, x.astype(np.float64), order=order, rtol=1e-7)
for name, points in KINKS.items():
    operation(
        f"{name} kink",
        lambda tf, x, name=name: getattr(tf.nn, name)(x),
        np.array(points, np.float32),
        order=1,
    )
operation(
    "silu in beta",
    lambda tf, x, beta: tf.nn.silu(x, beta),
    X,
    np.array(0.5, np.float32),
    order=1,
    rtol=2e-5,
)
operation(
    "leaky_relu in alpha",
    lambda tf, x, alpha: tf.nn.leaky_relu(x, alpha),
    X,
    np.array(0.5, np.float32),
    order=1,
    better="alpha may be a Tensor, and has a gradient; TensorFlow takes a number",
    answer=lambda: _leaky_in_alpha(),
)


def _leaky_in_alpha() -> dict[str, Any]:
    from compat.cases import weights_of

    w = weights_of((2, 3)).astype(np.float32)
    low = X <= 0
    alpha = np.float32((w * X)[low].sum())
    value = np.where(low, 0.5 * X, X)
    return {
        "value": _tensor(value),
        "gradient": [_tensor(w * np.where(low, 0.5, 1)), _tensor(alpha)],
    }


def _tensor(array: Any) -> Any:
    import gradtape.tf as tf

    return tf.constant(np.asarray(array, np.float32))


expressions(
    __name__,
    """
    tf.nn.relu(i)
    tf.nn.relu6(i)
    tf.nn.crelu(i)
    tf.nn.leaky_relu(i)
    tf.nn.elu(i)
    tf.nn.selu(i)
    tf.nn.gelu(i)
    tf.nn.softplus(i)
    tf.nn.softmax(i)
    tf.nn.tanh(i)
    tf.nn.sigmoid(i)
    tf.nn.relu([-1.0,2.0])
    tf.nn.relu(-1.0)
    tf.nn.relu(b)
    tf.nn.relu(c)
    tf.nn.relu(v)
    tf.nn.relu(features=v)
    tf.nn.relu(v,name="r")
    tf.nn.softplus(features=v)
    tf.nn.tanh(c)
    tf.nn.softmax(x,axis=2)
    tf.nn.softmax(x,axis=-3)
    tf.nn.softmax(2.0)
    tf.nn.softmax(tf.zeros([2,0]))
    tf.nn.log_softmax(x,axis=2)
    tf.nn.log_softmax(tf.constant([1000.0,0.0]))
    tf.nn.softmax(tf.constant([1000.0,0.0]))
    tf.nn.softmax([1.0,2.0])
    tf.nn.gelu(tf.cast(x,tf.float16)).dtype
    tf.nn.softmax(tf.cast(x,tf.float16)).dtype
    tf.nn.silu(tf.cast(x,tf.float16)).dtype
    tf.math.softmax(x)
    tf.math.log_softmax(x,axis=0)
    tf.math.softplus(x)
    tf.math.softsign(x)
    tf.nn.zero_fraction([0.0,1.0,2.0,0.0])
    tf.nn.in_top_k([0,1],[[0.1,0.9],[0.5,0.5]],1)
    tf.nn.top_k(x,2)
    """,
    x=lambda tf: tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    v=lambda tf: tf.Variable([1.0, 2.0, -3.0]),
    i=lambda tf: tf.constant([1, -2, 3]),
    b=lambda tf: tf.constant([True, False]),
    c=lambda tf: tf.constant([1 + 2j]),
)


@case()
def untaken_branches_give_no_nan(tf: Any) -> Any:
    x = tf.constant([-1000.0, 1000.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.nn.elu(x) + tf.nn.selu(x) + tf.nn.softplus(x)
    return tape.gradient(y, x)
