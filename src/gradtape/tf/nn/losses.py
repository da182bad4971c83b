"""Losses of logits, one for each entry or example, and sums of squares."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradtape import nn, special
from gradtape.core.dispatch import apply
from gradtape.core.kinds import raw
from gradtape.rules.losses import logistic_cross_entropy
from gradtape.tf.errors import InvalidValueError, invalid_type
from gradtape.tf.indexing import positions
from gradtape.tf.operation import axes, operation
from gradtape.tf.policy import adopted, tensor, together


def _pair(labels: Any, logits: Any, name: str) -> tuple[Any, Any]:
    """Labels and logits of one shape, real; labels take the dtype of the logits."""
    if labels is None or logits is None:
        raise InvalidValueError(f"Give tf.nn.{name} both labels and logits.")
    logits, labels = together(logits, labels)
    if logits.dtype.kind != "f":
        raise invalid_type(f"Cast the logits with tf.cast: tf.nn.{name} got {logits.dtype}.")
    return labels if labels.dtype.kind == "f" else labels.astype(logits.dtype), logits


def _of_one_shape(labels: Any, logits: Any, name: str) -> None:
    if labels._value.shape != logits._value.shape:
        raise InvalidValueError(
            f"Give tf.nn.{name} labels and logits of one shape: got {labels._value.shape} and "
            f"{logits._value.shape}."
        )


@operation
def sigmoid_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, name: Any = None
) -> Any:
    """``-z log(p) - (1 - z) log(1 - p)`` with labels ``z`` and ``p = sigmoid(logits)``.

    Raises
    ------
    ValueError
        If one is missing, or their shapes differ.
    """
    labels, logits = _pair(labels, logits, "sigmoid_cross_entropy_with_logits")
    _of_one_shape(labels, logits, "sigmoid_cross_entropy_with_logits")
    return apply(logistic_cross_entropy, (logits, labels))


@operation
def weighted_cross_entropy_with_logits(
    labels: Any, logits: Any, pos_weight: Any, name: Any = None
) -> Any:
    """``-w z log(p) - (1 - z) log(1 - p)``, with `pos_weight` ``w``: below 1 for precision."""
    z, x = _pair(labels, logits, "weighted_cross_entropy_with_logits")
    _of_one_shape(z, x, "weighted_cross_entropy_with_logits")
    weight = together(x, pos_weight)[1]
    return apply(logistic_cross_entropy, (x, z)) + (weight - 1) * z * special.softplus(-x)


@operation
def softmax_cross_entropy_with_logits(
    labels: Any, logits: Any, axis: Any = -1, name: Any = None
) -> Any:
    """``sum(p) log(sum(exp(x))) - sum(p x)`` along `axis`, with labels ``p`` and logits ``x``.

    The gradients, also that in the labels, are right whatever the labels sum to.
    """
    p, x = _pair(labels, logits, "softmax_cross_entropy_with_logits")
    if p._value.shape != x._value.shape:
        shape = np.broadcast_shapes(p._value.shape, x._value.shape)
        p, x = np.broadcast_to(p, shape), np.broadcast_to(x, shape)
    if x._value.dtype.itemsize > 2:
        return nn.softmax_cross_entropy(x, p, axes(axis))
    wide = nn.softmax_cross_entropy(x.astype(np.float32), p.astype(np.float32), axes(axis))
    return wide.astype(x._value.dtype)


@operation
def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any, name: Any = None) -> Any:
    """``log(sum(exp(x))) - x[k]`` along the last axis, with the labels ``k`` integers.

    Raises
    ------
    ValueError
        If the labels have not the shape of the logits without the last axis.
    InvalidArgumentError
        If a label is not that of a class.
    """
    x, k = tensor(logits), positions(labels, "nn.sparse_softmax_cross_entropy_with_logits")
    if x._value.dtype.kind != "f":
        raise invalid_type(f"Cast the logits with tf.cast: got dtype {x.dtype}.")
    if not x._value.shape or x._value.shape[:-1] != k.shape:
        raise InvalidValueError(
            f"Give labels of shape {x._value.shape[:-1]} for logits of shape {x._value.shape}: "
            f"got {k.shape}."
        )
    if x._value.dtype.itemsize > 2:
        return nn.softmax_cross_entropy(x, k)
    return nn.softmax_cross_entropy(x.astype(np.float32), k).astype(x._value.dtype)


@operation
def l2_loss(t: Any, name: Any = None) -> Any:
    """``sum(t**2) / 2``."""
    x = tensor(t)
    if x._value.dtype.kind != "f":
        raise invalid_type(f"Cast the argument with tf.cast: tf.nn.l2_loss got {x.dtype}.")
    flat = apply(np.ravel, (x,))
    return flat @ flat * 0.5


@operation
def log_poisson_loss(
    targets: Any, log_input: Any, compute_full_loss: bool = False, name: Any = None
) -> Any:
    """``exp(c) - c z`` with targets ``z`` and logarithms of rates ``c``.

    With `compute_full_loss` Stirling's ``z log(z) - z + log(2 pi z) / 2`` is added where ``z`` is
    more than 1.
    """
    c = tensor(log_input)
    z = tensor(adopted(targets, c.dtype))
    _of_one_shape(z, c, "log_poisson_loss")
    loss = np.exp(c) - c * z
    if not compute_full_loss:
        return loss
    stirling = z * np.log(z) - z + np.log(z * (2 * math.pi)) * 0.5
    return loss + np.where((raw(z) >= 0) & (raw(z) <= 1), z.dtype.type(0), stirling)


@operation
def scale_regularization_loss(regularization_loss: Any) -> Any:
    """`regularization_loss` itself: there is one replica."""
    return tensor(regularization_loss)


@operation
def compute_average_loss(
    per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None
) -> Any:
    """The sum of the losses, times `sample_weight`, over the number of examples."""
    loss = tensor(per_example_loss)
    if not loss.ndim:
        raise InvalidValueError("Give one loss for each example: got a scalar.")
    weighted = loss if sample_weight is None else loss * together(loss, sample_weight)[1]
    size = loss._value.shape[0] if global_batch_size is None else int(raw(global_batch_size))
    return np.sum(weighted) / float(size)
