"""Activations: functions of each entry, and the softmax of an axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape import special
from gradtape.tf import curves
from gradtape.tf.errors import InvalidValueError, invalid, invalid_type
from gradtape.tf.operation import axes, operation, unary
from gradtape.tf.policy import tensor, together

elu = unary(curves.elu, "elu", "f", argument="features")
relu = unary(curves.relu, "relu", "iuf", argument="features")
relu6 = unary(curves.relu6, "relu6", "iuf", argument="features")
selu = unary(curves.selu, "selu", "f", argument="features")


def _real(value: Any, name: str, kinds: str = "f") -> Any:
    x = tensor(value)
    if x._value.dtype.kind not in kinds:
        raise invalid_type(f"Cast the argument with tf.cast: tf.nn.{name} got {x.dtype}.")
    return x


@operation
def leaky_relu(features: Any, alpha: Any = 0.2, name: Any = None) -> Any:
    """The entries above 0, and `alpha` times the others; the slope at 0 is `alpha`."""
    x = _real(features, "leaky_relu", "iuf")
    x = x if x.dtype.kind == "f" else x.astype(np.float32)
    return curves.leaky(*together(x, alpha))


@operation
def crelu(features: Any, axis: Any = -1, name: Any = None) -> Any:
    """``relu`` of `features` and of ``-features``, one after the other along `axis`."""
    x = _real(features, "crelu", "iuf")
    return curves.relu(np.concatenate((x, -x), axis=axes(axis)))


@operation
def gelu(features: Any, approximate: Any = False, name: Any = None) -> Any:
    """``x`` times the normal distribution function of ``x``; `approximate`, by tanh.

    Raises
    ------
    ValueError
        If `features` are no floating-point numbers.
    """
    x = tensor(features)
    if x.dtype.kind != "f":
        raise InvalidValueError(f"Cast the argument with tf.cast: tf.nn.gelu got {x.dtype}.")
    return curves.gelu(x, approximate)


@operation
def silu(features: Any, beta: Any = 1.0) -> Any:
    """``x * sigmoid(beta * x)``."""
    x = _real(features, "silu")
    if beta.__class__ is float and beta == 1:
        return curves.silu(x)
    x, beta = together(x, beta)
    return x * curves.sigmoid(beta * x)


swish = silu


@operation
def softmax(logits: Any, axis: Any = None, name: Any = None) -> Any:
    """``exp(x) / sum(exp(x))`` along `axis`, by default the last."""
    x, axis = _logits(logits, axis, "softmax")
    return special.softmax(x, axis)


@operation
def log_softmax(logits: Any, axis: Any = None, name: Any = None) -> Any:
    """``x - log(sum(exp(x)))`` along `axis`, by default the last."""
    x, axis = _logits(logits, axis, "log_softmax")
    return special.log_softmax(x, axis)


def _logits(logits: Any, axis: Any, name: str) -> tuple[Any, int]:
    x, axis = _real(logits, name), -1 if axis is None else axes(axis)
    if isinstance(axis, tuple) or not -x.ndim <= axis < x.ndim:
        raise invalid(f"Give tf.nn.{name} an axis of a Tensor of rank {x.ndim}: got {axis}.")
    return x, axis
