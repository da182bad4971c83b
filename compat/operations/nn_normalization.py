"""`tf.nn`'s moments, normalisation, biases, dropout and tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from compat.cases import case, expressions, operation, weights_of

X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]], np.float32)
V = np.array([0.5, 1.0, 2.0], np.float32)

for axes in ([0], [1], [0, 1]):
    for keepdims in (False, True):
        operation(
            f"moments {axes} {keepdims}",
            lambda tf, x, axes=axes, keepdims=keepdims: tf.nn.moments(x, axes, keepdims=keepdims),
            X,
            order=1,
        )
        operation(
            f"weighted_moments {axes} {keepdims}",
            lambda tf, x, w, axes=axes, keepdims=keepdims: tf.nn.weighted_moments(
                x, axes, w, keepdims=keepdims
            ),
            X,
            np.array([[1.0, 2.0, 0.5], [3.0, 0.25, 1.5]], np.float32),
            order=1,
            rtol=2e-6,
        )
operation("moments float64", lambda tf, x: tf.nn.moments(x, [1]), X.astype(float), order=1)


def _second_of_moments() -> Any:
    """The second derivatives of each row's variance in its first entry and each other."""
    import gradtape.tf as tf

    scaled = weights_of((2,))[:, None] * 2 / 3
    return tf.constant(scaled * (np.eye(3)[0] - 1 / 3) * np.ones((2, 1)), tf.float32)


@case(
    rtol=1e-5,
    better="the variance is differentiated through its mean in every order",
    answer=_second_of_moments,
)
def second_derivative_of_moments(tf: Any) -> Any:
    x = tf.constant(X)
    weights = tf.constant(weights_of((2,)), tf.float32)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.reduce_sum(tf.nn.moments(x, [1])[1] * weights)
        first = tf.reduce_sum(inner.gradient(y, x)[:, 0])
    return outer.gradient(first, x)


operation(
    "batch_normalization",
    lambda tf, x, m, v, b, g: tf.nn.batch_normalization(x, m, v, b, g, 1e-3),
    X,
    V,
    V + 1,
    V - 1,
    V * 2,
    rtol=5e-6,
)
operation(
    "batch_normalization plain",
    lambda tf, x, m, v: tf.nn.batch_normalization(x, m, v, None, None, 1e-3),
    X,
    V,
    V + 1,
    rtol=5e-6,
)
operation(
    "batch_norm_with_global_normalization",
    lambda tf, x, m, v, b, g: tf.nn.batch_norm_with_global_normalization(x, m, v, b, g, 1e-3, True),
    X.reshape(1, 1, 2, 3),
    V,
    V + 1,
    V - 1,
    V * 2,
    rtol=5e-6,
)
operation(
    "normalize_moments",
    lambda tf, m, v, s: tf.nn.normalize_moments(2.0, m, v, s),
    V,
    V + 9,
    V,
)
operation(
    "local_response_normalization",
    lambda tf, x: tf.nn.local_response_normalization(x, 1, 1.5, 0.5, 0.75),
    X.reshape(1, 1, 1, 6),
    order=1,
    rtol=1e-5,
)
operation("lrn", lambda tf, x: tf.nn.lrn(x), X.reshape(1, 1, 1, 6), order=1, rtol=1e-5)
operation("bias_add", lambda tf, x, b: tf.nn.bias_add(x, b), X, V)
operation(
    "bias_add first",
    lambda tf, x, b: tf.nn.bias_add(x, b, data_format="NCHW"),
    X.reshape(1, 3, 2, 1),
    V,
)
for axis in (None, 0, 1):
    operation(
        f"l2_normalize {axis}",
        lambda tf, x, axis=axis: tf.nn.l2_normalize(x, axis=axis),
        X,
        rtol=5e-6,
    )
operation("embedding_lookup", lambda tf, t: tf.nn.embedding_lookup(t, [1, 0, 1]) ** 2, X)
operation(
    "embedding_lookup bounded",
    lambda tf, t: tf.nn.embedding_lookup(t, [1, 0, 1], max_norm=1.0),
    X,
    rtol=5e-6,
)
operation(
    "embedding_lookup parts",
    lambda tf, a, b: tf.nn.embedding_lookup([a, b], [3, 0, 1]) ** 2,
    X,
    X + 1,
)


@case()
def gradient_of_a_table(tf: Any) -> Any:
    table = tf.Variable(X)
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.nn.embedding_lookup(table, tf.constant([[1], [1]])))
    return tape.gradient(y, table)


@case()
def dropout_scales_and_drops(tf: Any) -> Any:
    x = tf.ones([1000])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.nn.dropout(x, 0.2, seed=1)
    slope = tape.gradient(y, x)
    some = np.unique(y.numpy())
    share = float((y.numpy() == 0).mean())
    same = bool((slope.numpy() == y.numpy()).all())
    return some, 0.1 < share < 0.3, same


@case()
def dropout_of_whole_rows(tf: Any) -> Any:
    y = tf.nn.dropout(tf.ones([8, 50]), 0.5, noise_shape=[None, 1], seed=3).numpy()
    return bool((y == y[:, :1]).all()), bool(0 < y[:, 0].sum() < 16)


@case()
def stateless_dropout_repeats(tf: Any) -> Any:
    drop = tf.nn.experimental.stateless_dropout
    a, b = (drop(tf.ones([50]), 0.5, seed=[1, 2]).numpy() for _ in range(2))
    return bool((a == b).all()), np.unique(a)


expressions(
    __name__,
    """
    tf.nn.moments(i,[0])
    tf.nn.moments(x,axes=1)
    tf.nn.moments(x,[2])
    tf.nn.moments(tf.cast(x,tf.float16),[0])
    tf.nn.sufficient_statistics(x,[0])
    tf.nn.sufficient_statistics(x,[1],shift=1.0,keepdims=True)
    tf.nn.sufficient_statistics(x,[0,1])
    tf.nn.normalize_moments(2.0,[1.0],[4.0],None)
    tf.nn.weighted_moments(x,[0],1.0)
    tf.nn.batch_normalization(x,tf.constant([1.0,2.0]),1.0,None,None,0.0)
    tf.nn.bias_add(x,[1.0,2.0])
    tf.nn.bias_add(x,[[1.0,2.0,3.0]])
    tf.nn.bias_add(x,[1.0,2.0,3.0],data_format="CN")
    tf.nn.bias_add(i,[1,2,3])
    tf.nn.bias_add(i[None],[1,2,3])
    tf.nn.bias_add([1.0,2.0],[1.0,2.0])
    tf.nn.lrn(x)
    tf.nn.dropout(x,0.0)
    tf.nn.dropout(x,1.0)
    tf.nn.dropout(x,-0.1)
    tf.nn.dropout(x,1.5)
    tf.nn.dropout(i,0.5)
    tf.nn.dropout(x,0.5,noise_shape=[3,1])
    tf.nn.dropout(x,tf.constant(0.0))
    tf.nn.embedding_lookup(x,[0,1])
    tf.nn.embedding_lookup(x,1)
    tf.nn.embedding_lookup(x,[2])
    tf.nn.embedding_lookup(x,[0.5])
    tf.nn.embedding_lookup(None,[0])
    tf.nn.embedding_lookup([],[0])
    tf.nn.embedding_lookup([[1.0,2.0],[3.0,4.0]],[0])
    tf.nn.embedding_lookup(i,[[0,1],[2,2]])
    tf.nn.embedding_lookup(tf.constant([3.0,-5.0]),[1],max_norm=2.0)
    """,
    x=lambda tf: tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    i=lambda tf: tf.constant([1, 2, 3]),
)


@case()
def dropout_by_a_sampler(tf: Any) -> Any:
    def uniform(shape: Any, dtype: Any) -> Any:
        return tf.linspace(0.0, 1.0, 6)

    return tf.nn.experimental.general_dropout(tf.ones([6]), 0.5, uniform)
