"""``tf.keras.losses``: functions of targets and predictions, and the classes that average them.

A function gives one loss for each example: it reduces the last axis, or `axis`. Predictions of
probabilities are kept ``1e-7`` away from 0 and 1, as in Keras.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from gradtape import special
from gradtape.core.handle import Handle
from gradtape.core.tensor import Tensor as Plain
from gradtape.tf.errors import OpError, translated
from gradtape.tf.policy import lifted, lowered, tensor

_EPSILON = 1e-7


class _RefusedError(Exception):
    """What becomes a ValueError: NumPy's own become `InvalidArgumentError`."""


def _loss(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function of the engine's Tensors; the targets take the predictions' dtype."""

    @wraps(function)
    def call(y_true: Any, y_pred: Any, *args: Any, **kwargs: Any) -> Any:
        pred = tensor(lowered(y_pred))
        true = tensor(lowered(y_true))
        try:
            return lifted(function(true.astype(pred.dtype), pred, *args, **kwargs))
        except _RefusedError as error:
            raise ValueError(str(error)) from None
        except (ValueError, IndexError) as error:
            if isinstance(error, OpError):
                raise
            raise translated(error, f"keras.losses.{function.__name__}") from error

    return call


def _same_rank(a: Any, b: Any) -> tuple[Any, Any]:
    """Both, with a last axis of length 1 added or taken away where only one has it."""
    if a.ndim == b.ndim + 1 and a.shape[-1] == 1:
        return (a, b[..., None]) if b.ndim == 1 else (a[..., 0], b)
    if b.ndim == a.ndim + 1 and b.shape[-1] == 1:
        return (a[..., None], b) if a.ndim == 1 else (a, b[..., 0])
    return a, b


def _same_shape(true: Any, pred: Any) -> None:
    if true.shape != pred.shape:
        raise _RefusedError(
            f"Give y_true and y_pred the same shape: got {true.shape} and {pred.shape}."
        )


def _bounded(p: Any) -> Any:
    return np.clip(p, _EPSILON, 1 - _EPSILON)


# -- regression ---------------------------------------------------------------------------------


@_loss
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """``mean((y_true - y_pred)**2)``."""
    y_true, y_pred = _same_rank(y_true, y_pred)
    return np.mean((y_true - y_pred) ** 2, axis=-1)


@_loss
def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """``mean(|y_true - y_pred|)``."""
    y_true, y_pred = _same_rank(y_true, y_pred)
    return np.mean(np.abs(y_true - y_pred), axis=-1)


@_loss
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """``100 mean(|(y_true - y_pred) / y_true|)``."""
    y_true, y_pred = _same_rank(y_true, y_pred)
    scale = np.maximum(np.abs(y_true), _EPSILON)
    return np.mean(np.abs((y_true - y_pred) / scale), axis=-1) * 100


@_loss
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """``mean((log(1 + y_true) - log(1 + y_pred))**2)``, of values above 0."""
    y_true, y_pred = _same_rank(y_true, y_pred)
    first, second = (np.log(np.maximum(y, _EPSILON) + 1) for y in (y_pred, y_true))
    return np.mean((first - second) ** 2, axis=-1)


@_loss
def cosine_similarity(y_true: Any, y_pred: Any, axis: Any = -1) -> Any:
    """Minus the cosine of the angle between the two; 0 if either is 0."""
    y_true, y_pred = _same_rank(y_true, y_pred)
    return -np.sum(_unit(y_true, axis) * _unit(y_pred, axis), axis=axis)


def _unit(x: Any, axis: Any) -> Any:
    square = np.sum(x * x, axis=axis, keepdims=True)
    live = square > _EPSILON**2
    return np.where(live, x / np.sqrt(np.where(live, square, 1)), x / _EPSILON)


@_loss
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """The mean of ``e**2 / 2`` for errors up to `delta`, ``delta |e| - delta**2 / 2`` beyond."""
    y_true, y_pred = _same_rank(y_true, y_pred)
    error = y_pred - y_true
    size = np.abs(error)
    far = size * delta - 0.5 * delta * delta
    return np.mean(np.where(size <= delta, error * error * 0.5, far), axis=-1)


@_loss
def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """``mean(log(cosh(y_pred - y_true)))``."""
    y_true, y_pred = _same_rank(y_true, y_pred)
    error = y_pred - y_true
    return np.mean(error + special.softplus(error * -2) - float(np.log(2)), axis=-1)


# -- margins ------------------------------------------------------------------------------------


def _signs(y_true: Any) -> Any:
    """Labels 0 and 1 as -1 and 1; others as they are."""
    values = y_true._value
    return y_true * 2 - 1 if np.all((values == 0) | (values == 1)) else y_true


@_loss
def hinge(y_true: Any, y_pred: Any) -> Any:
    """``mean(max(1 - y_true * y_pred, 0))``, of labels -1 and 1, or 0 and 1."""
    return np.mean(np.maximum(1 - _signs(y_true) * y_pred, 0), axis=-1)


@_loss
def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """``mean(max(1 - y_true * y_pred, 0)**2)``, of labels -1 and 1, or 0 and 1."""
    return np.mean(np.maximum(1 - _signs(y_true) * y_pred, 0) ** 2, axis=-1)


@_loss
def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """``max(1 + max((1 - y_true) y_pred) - sum(y_true y_pred), 0)``."""
    right = np.sum(y_true * y_pred, axis=-1)
    wrong = np.max((1 - y_true) * y_pred, axis=-1)
    return np.maximum(wrong - right + 1, 0)


# -- probabilities ------------------------------------------------------------------------------


@_loss
def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """``sum(y_true log(y_true / y_pred))``, both at least 1e-7."""
    y_true, y_pred = (np.clip(y, _EPSILON, 1) for y in (y_true, y_pred))
    return np.sum(y_true * np.log(y_true / y_pred), axis=-1)


@_loss
def poisson(y_true: Any, y_pred: Any) -> Any:
    """``mean(y_pred - y_true log(y_pred + 1e-7))``."""
    return np.mean(y_pred - y_true * np.log(y_pred + _EPSILON), axis=-1)


def _binary(y_true: Any, y_pred: Any, from_logits: bool) -> Any:
    _same_shape(y_true, y_pred)
    if from_logits:
        return special.softplus(y_pred) - y_true * y_pred
    p = _bounded(y_pred)
    return -(y_true * np.log(p) + (1 - y_true) * np.log(1 - p))


@_loss
def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: Any = -1,
) -> Any:
    """The mean of ``-y_true log(y_pred) - (1 - y_true) log(1 - y_pred)``, over `axis`."""
    y_true = y_true * (1 - label_smoothing) + 0.5 * label_smoothing
    return np.mean(_binary(y_true, y_pred, from_logits), axis=axis)


@_loss
def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: Any = -1,
) -> Any:
    """`binary_crossentropy` times ``(1 - p)**gamma``, ``p`` the probability given to the truth.

    With `apply_class_balancing`, times `alpha` for the class 1, and ``1 - alpha`` for 0.
    """
    from scipy.special import expit

    y_true = y_true * (1 - label_smoothing) + 0.5 * label_smoothing
    p = expit(y_pred) if from_logits else y_pred
    entropy = _binary(y_true, p, from_logits=False)
    truth = y_true * p + (1 - y_true) * (1 - p)
    loss = (1 - truth) ** gamma * entropy
    if apply_class_balancing:
        loss = (y_true * alpha + (1 - y_true) * (1 - alpha)) * loss
    return np.mean(loss, axis=axis)


def _smoothed(y_true: Any, smoothing: float, axis: Any, y_pred: Any, name: str) -> Any:
    """Targets moved towards the uniform distribution."""
    if isinstance(axis, bool):
        raise _RefusedError(f"Give axis as an integer: got {axis}.")
    if y_pred.shape and y_pred.shape[-1] == 1:
        warnings.warn(
            f"Use binary_crossentropy for two classes: {name} got predictions of shape "
            f"{y_pred.shape}, of one class.",
            SyntaxWarning,
            stacklevel=4,
        )
    return y_true * (1 - smoothing) + smoothing / y_true.shape[-1] if smoothing else y_true


@_loss
def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: Any = -1,
) -> Any:
    """``-sum(y_true log(p))`` over `axis`; ``p`` is `y_pred` scaled to sum 1, or its softmax."""
    y_true = _smoothed(y_true, label_smoothing, axis, y_pred, "categorical_crossentropy")
    if not y_true.ndim:
        raise _RefusedError("Give y_true and y_pred one axis at least: got scalars.")
    _same_shape(y_true, y_pred)
    if from_logits:
        return -np.sum(y_true * special.log_softmax(y_pred, axis=axis), axis=axis)
    p = _bounded(y_pred / np.sum(y_pred, axis=axis, keepdims=True))
    return -np.sum(y_true * np.log(p), axis=axis)


@_loss
def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: Any = -1,
) -> Any:
    """``-sum(alpha (1 - p)**gamma y_true log(p))`` over `axis`."""
    y_true = _smoothed(y_true, label_smoothing, axis, y_pred, "categorical_focal_crossentropy")
    if from_logits:
        y_pred = special.softmax(y_pred, axis=axis)
    p = _bounded(y_pred / np.sum(y_pred, axis=axis, keepdims=True))
    return np.sum((1 - p) ** gamma * alpha * (-y_true * np.log(p)), axis=axis)


@_loss
def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: Any = -1,
) -> Any:
    """``-log(p[y_true])`` for classes by number; 0 where the class is `ignore_class`.

    ``p`` is the softmax of `y_pred`, or of its logarithm: `y_pred` scaled to sum 1.
    """
    if axis not in (-1, y_pred.ndim - 1):
        raise _RefusedError(f"Give axis as -1, and move the classes there: got {axis}.")
    labels = y_true._value
    if labels.ndim == y_pred.ndim and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.shape != y_pred.shape[:-1]:
        raise _RefusedError(
            f"Give y_true the shape of y_pred without the classes, {y_pred.shape[:-1]}: got "
            f"{labels.shape}."
        )
    valid = np.ones(labels.shape, bool) if ignore_class is None else labels != ignore_class
    where = np.where(valid, labels, 0).astype(int)[..., None]
    logits = y_pred if from_logits else np.log(_bounded(y_pred))
    known = (where >= 0) & (where < y_pred.shape[-1])
    if not np.all(known):
        raise ValueError(f"give classes from 0 to {y_pred.shape[-1] - 1}: got {where[~known][0]}")
    chosen = np.take_along_axis(special.log_softmax(logits, axis=-1), where, axis=-1)
    return np.where(valid, -chosen[..., 0], 0)


@_loss
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """``(1 - p**q) / q``, ``p`` the probability of class `y_true` (Zhang, Sabuncu, 2018)."""
    where = y_true._value.astype(int)[..., None]
    return (1 - np.take_along_axis(y_pred, where, axis=-1)[..., 0] ** q) / q


# -- overlaps and distances ---------------------------------------------------------------------


@_loss
def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """``1 - 2 sum(y_true y_pred) / (sum(y_true) + sum(y_pred))``."""
    both = np.sum(y_true * y_pred, axis=axis) * 2
    either = np.sum(y_true, axis=axis) + np.sum(y_pred, axis=axis)
    return 1 - both / (either + _EPSILON)


@_loss
def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None
) -> Any:
    """``1 - b / (b + alpha m + beta f)``: of both, missed and false (Salehi et al., 2017)."""
    both = np.sum(y_true * y_pred, axis=axis)
    missed = np.sum((1 - y_pred) * y_true, axis=axis)
    false = np.sum(y_pred * (1 - y_true), axis=axis)
    return 1 - both / (both + missed * alpha + false * beta + _EPSILON)


def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Any:
    """The circle loss of unit vectors with labels (Sun et al., CVPR 2020, equation 6)."""
    labels = ref_labels if ref_labels is not None else y_true
    embeddings = y_pred if ref_embeddings is None else ref_embeddings
    return _circle(
        y_true,
        y_pred,
        _integers(labels),
        tensor(lowered(embeddings)),
        remove_diagonal,
        gamma,
        margin,
    )


def _integers(labels: Any) -> Any:
    plain = labels._value if isinstance(labels, Handle) else np.asarray(labels)
    return plain.astype(np.int32).reshape(-1)


@_loss
def _circle(
    y_true: Any, y_pred: Any, labels: Any, others: Any, off: bool, gamma: float, margin: float
) -> Any:
    same = _integers(y_true)[:, None] == labels
    different = np.logical_not(same)
    if off:
        same &= np.arange(len(same))[:, None] != np.arange(same.shape[1])
    distance = np.maximum(1 - y_pred @ others.T, 0)
    near = distance + margin
    far = np.maximum(1 + margin - distance, 0)
    p = near * (margin - distance) * -gamma
    n = far * (1 - margin - distance) * gamma
    parts = [
        special.logsumexp(np.where(mask, terms, -np.inf), axis=1)
        for mask, terms in ((same, p), (different, n))
    ]
    return special.softplus(parts[0] + parts[1])
