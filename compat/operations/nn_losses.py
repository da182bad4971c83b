"""`tf.nn`'s losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from compat.cases import case, expressions, operation

LOGITS = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]], np.float32)
LABELS = np.array([[0.2, 0.5, 0.3], [0.0, 1.0, 0.0]], np.float32)

for dtype in (np.float32, np.float64):
    z, p = LOGITS.astype(dtype), LABELS.astype(dtype)
    operation(
        f"sigmoid_cross_entropy {z.dtype}",
        lambda tf, p, z: tf.nn.sigmoid_cross_entropy_with_logits(labels=p, logits=z),
        p,
        z,
    )
    operation(
        f"weighted_cross_entropy {z.dtype}",
        lambda tf, p, z: tf.nn.weighted_cross_entropy_with_logits(p, z, 2.5),
        p,
        z,
        rtol=2e-6,
    )
    operation(
        f"softmax_cross_entropy {z.dtype}",
        lambda tf, z: tf.nn.softmax_cross_entropy_with_logits(
            labels=LABELS.astype(z.dtype.as_numpy_dtype), logits=z
        ),
        z,
        rtol=2e-6,
    )
    operation(
        f"softmax_cross_entropy in labels {z.dtype}",
        lambda tf, p: tf.nn.softmax_cross_entropy_with_logits(
            labels=p, logits=LOGITS.astype(p.dtype.as_numpy_dtype)
        ),
        p,
        order=1,
    )
    operation(
        f"sparse_softmax_cross_entropy {z.dtype}",
        lambda tf, z: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[2, 0], logits=z),
        z,
        rtol=2e-6,
    )
    operation(
        f"log_poisson_loss {z.dtype}",
        lambda tf, p, z: tf.nn.log_poisson_loss(p, z),
        p,
        z,
        order=1,
    )
    operation(f"l2_loss {z.dtype}", lambda tf, x: tf.nn.l2_loss(x), z)
operation(
    "log_poisson_loss full",
    lambda tf, z: tf.nn.log_poisson_loss(
        tf.constant([[0.0, 0.5, 3.0], [1.0, 2.0, 1.5]]), z, compute_full_loss=True
    ),
    LOGITS,
    rtol=2e-6,
)
operation(
    "softmax_cross_entropy axis",
    lambda tf, z: tf.nn.softmax_cross_entropy_with_logits(
        [[0.2, 0.5, 1.0], [0.8, 0.5, 0.0]], z, axis=0
    ),
    LOGITS,
    rtol=2e-6,
)
operation(
    "sigmoid_cross_entropy far away",
    lambda tf, z: tf.nn.sigmoid_cross_entropy_with_logits([1.0, 0.0, 1.0, 0.0, 0.5], z),
    np.array([30, -30, -200, 200, 0], np.float32),
    order=2,
)
operation(
    "weighted_cross_entropy far away",
    lambda tf, z: tf.nn.weighted_cross_entropy_with_logits([1.0, 0.0, 1.0, 0.0], z, 3.0),
    np.array([30, -30, -200, 200], np.float32),
    order=1,
)
operation(
    "softmax_cross_entropy far away",
    lambda tf, z: tf.nn.softmax_cross_entropy_with_logits([[1.0, 0.0], [0.0, 1.0]], z),
    np.array([[1000, 0], [1000, 0]], np.float32),
    order=1,
)


@case(
    better="the gradient sum(p) softmax(z) - p is right for labels that do not sum to 1",
    answer=lambda: _of_sums(),
)
def labels_that_do_not_sum_to_1(tf: Any) -> Any:
    z, p = tf.constant([[0.0, 0.0]]), tf.constant([[2.0, 1.0]])
    with tf.GradientTape() as tape:
        tape.watch(z)
        loss = tf.nn.softmax_cross_entropy_with_logits(labels=p, logits=z)
    return loss, tape.gradient(loss, z)


def _of_sums() -> Any:
    import gradtape.tf as tf

    return tf.constant([3 * np.log(2)], tf.float32), tf.constant([[-0.5, 0.5]])


@case(
    better="at 0 the slope of the smooth loss; TensorFlow's pieces there add up to another one",
    answer=lambda: _at_zero(),
)
def weighted_cross_entropy_at_0(tf: Any) -> Any:
    z = tf.constant([0.0, 0.0])
    with tf.GradientTape() as tape:
        tape.watch(z)
        loss = tf.nn.weighted_cross_entropy_with_logits([1.0, 0.0], z, 3.0)
    return loss, tape.gradient(loss, z)


def _at_zero() -> Any:
    import gradtape.tf as tf

    return tf.constant([3 * np.log(2), np.log(2)], tf.float32), tf.constant([-1.5, 0.5])


expressions(
    __name__,
    """
    tf.nn.sigmoid_cross_entropy_with_logits(x,x)
    tf.nn.sigmoid_cross_entropy_with_logits([1.0],x)
    tf.nn.sigmoid_cross_entropy_with_logits(None,x)
    tf.nn.sigmoid_cross_entropy_with_logits(logits=x)
    tf.nn.sigmoid_cross_entropy_with_logits(i,i)
    tf.nn.weighted_cross_entropy_with_logits([1.0],x,1.0)
    tf.nn.weighted_cross_entropy_with_logits(x,x,tf.constant([1.0,2.0,3.0]))
    tf.nn.softmax_cross_entropy_with_logits(x,tf.zeros([2,2]))
    tf.nn.softmax_cross_entropy_with_logits(tf.ones([1,3]),x)
    tf.nn.softmax_cross_entropy_with_logits(i,i)
    tf.nn.softmax_cross_entropy_with_logits([0.5,0.5],[0.0,0.0])
    tf.nn.softmax_cross_entropy_with_logits(tf.ones([2,2,2]),tf.ones([2,2,2]))
    tf.nn.softmax_cross_entropy_with_logits(tf.ones([2,2,2]),tf.ones([2,2,2]),axis=1)
    tf.nn.sparse_softmax_cross_entropy_with_logits([0,1],x)
    tf.nn.sparse_softmax_cross_entropy_with_logits([0,3],x)
    tf.nn.sparse_softmax_cross_entropy_with_logits([0,1,2],x)
    tf.nn.sparse_softmax_cross_entropy_with_logits([[0],[1]],x)
    tf.nn.sparse_softmax_cross_entropy_with_logits([0.0,1.0],x)
    tf.nn.sparse_softmax_cross_entropy_with_logits(1,[0.0,1.0])
    tf.nn.sparse_softmax_cross_entropy_with_logits([[0,1],[1,0]],tf.ones([2,2,3]))
    tf.nn.sparse_softmax_cross_entropy_with_logits(tf.constant([0,1],tf.int64),x)
    tf.nn.sparse_softmax_cross_entropy_with_logits([0,1],tf.cast(x,tf.float16))
    tf.nn.l2_loss(i)
    tf.nn.l2_loss(2.0)
    tf.nn.log_poisson_loss([1.0],x)
    tf.nn.scale_regularization_loss(2.0)
    tf.nn.compute_average_loss([1.0,2.0])
    tf.nn.compute_average_loss([1.0,2.0],sample_weight=[2.0,1.0],global_batch_size=4)
    tf.nn.compute_average_loss(1.0)
    """,
    x=lambda tf: tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    i=lambda tf: tf.constant([1, 2, 3]),
)


@case(
    better="an array takes the dtype of the Tensor that it meets",
    answer=lambda: ["float32", [2]],
)
def labels_in_an_array(tf: Any) -> Any:
    loss = tf.nn.sigmoid_cross_entropy_with_logits(np.ones(2), tf.constant([0.5, 1.5]))
    return [loss.dtype.name, list(loss.shape)]
