"""The cross-entropies of a softmax along the last axis, and of a sigmoid, each as one operation.

With ``z`` the logits and ``s = softmax(z)``, the loss ``log(sum(exp(z))) - z[label]`` has slope
``s - onehot`` in `z`. With weights ``p`` in place of a label it is
``sum(p) log(sum(exp(z))) - sum(p z)``, with slopes ``sum(p) s - p`` in `z` and
``log(sum(exp(z))) - z`` in `p`.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from gradtape.core.batching import leading
from gradtape.core.domains import call, draw, positive_real, real_only
from gradtape.core.rules import elementwise, raw, register
from gradtape.rules.reductions import Reduction

_MAX: Any = np.maximum.reduce
_SUM: Any = np.add.reduce


def label_cross_entropy(logits: Any, labels: Any) -> Any:
    """The loss of `logits` of shape ``(..., n)`` for integer `labels` of shape ``(...)``."""
    below = _below(logits)
    return np.log(_total(np.exp(below)))[..., 0] - _picked(below, labels)


def weighted_cross_entropy(logits: Any, weights: Any) -> Any:
    """The loss of `logits` of shape ``(..., n)`` for `weights` of that shape."""
    below = _below(logits)
    # Weight 0 on a logit of -inf says nothing, and is not NaN.
    terms = weights * np.where(weights == 0, 0, below)
    log = np.log(_total(np.exp(below)))[..., 0]
    return np.sum(weights, axis=-1) * log - np.sum(terms, axis=-1)


def _below(logits: Any) -> Any:
    """How far each logit is below the largest: the loss is the same for that."""
    plain = raw(logits)
    if isinstance(plain, np.ndarray):
        return logits - _MAX(plain, -1, None, None, True)
    return logits - np.max(plain, axis=-1, keepdims=True)


def _total(exp: Any) -> Any:
    """The sum of each row, as a column."""
    if isinstance(exp, np.ndarray):
        return _SUM(exp, -1, None, None, True)
    return np.sum(exp, axis=-1, keepdims=True)


def _softmax(logits: Any) -> Any:
    exp = np.exp(_below(logits))
    return exp / _total(exp)


def _picked(below: Any, labels: Any) -> Any:
    """The entry of each row that its label names."""
    count = below.shape[-1]
    if not isinstance(below, np.ndarray) or not isinstance(labels, np.ndarray):
        return np.sum(np.where(_is_label(labels, count), below, 0), axis=-1)
    if labels.size and _MAX(labels.astype(np.uintp), None) >= count:  # where -1 is the largest
        _refuse(labels, count)
    if below.shape[:-1] != labels.shape:  # one of the two differs between examples, or both
        shape = np.broadcast_shapes(labels.shape, below.shape[:-1])
        below, labels = np.broadcast_to(below, (*shape, count)), np.broadcast_to(labels, shape)
    if len(labels.shape) == 1:
        return below[np.arange(len(labels)), labels]
    return np.take_along_axis(below, labels[..., None], -1)[..., 0]


def _is_label(labels: Any, count: int) -> Any:
    return labels[..., None] == np.arange(count)


def _refuse(labels: Any, count: int) -> NoReturn:
    wrong = labels[(labels < 0) | (labels >= count)]
    raise ValueError(
        f"Give labels from 0 to {count - 1}, for {count} classes: softmax_cross_entropy got the "
        f"label {wrong.flat[0]}."
    )


def _label_vjp(g: Any, y: Any, logits: Any, labels: Any) -> Any:
    return g[..., None] * (_softmax(logits) - _is_label(labels, logits.shape[-1]))


def _weighted_in_logits(g: Any, y: Any, logits: Any, weights: Any) -> Any:
    return g[..., None] * (_total(weights) * _softmax(logits) - weights)


def _weighted_in_weights(g: Any, y: Any, logits: Any, weights: Any) -> Any:
    below = _below(logits)
    return g[..., None] * (np.log(_total(np.exp(below))) - below)


class _Loss(Reduction):
    """A loss of each row: a row whose loss is not live has no live entry."""

    spread = staticmethod(lambda g, logits, labels: g[..., None])


register(
    _Loss(
        label_cross_entropy,
        [_label_vjp],
        reads="0",
        batch=leading(1, 0),
        calls=[
            call(draw(4, 3, domain=real_only), np.array([0, 2, 1, 2])),
            call(draw(2, 2, 3, domain=real_only), np.array([[0, 2], [1, 1]])),
            call(draw(3, domain=real_only), np.array(1)),
        ],
    )
)
register(
    _Loss(
        weighted_cross_entropy,
        [_weighted_in_logits, _weighted_in_weights],
        reads="0 1",
        batch=leading(1, 1),
        calls=[
            call(draw(4, 3, domain=real_only), draw(4, 3, domain=positive_real)),
            call(draw(3, domain=real_only), draw(3, domain=positive_real)),
            call(draw(2, 3, domain=real_only), np.array([[0.0, 1.0, 0.0], [0.5, 0.0, 0.5]])),
        ],
    )
)

# -- the sigmoid --------------------------------------------------------------------------------


def logistic_cross_entropy(logits: Any, labels: Any) -> Any:
    """``labels * softplus(-logits) + (1 - labels) * softplus(logits)``, entry by entry."""
    smooth = np.log1p(np.exp(-np.absolute(logits)))
    return np.maximum(logits, 0) - logits * labels + smooth


def _logistic_slope(y: Any, logits: Any, labels: Any) -> Any:
    """``sigmoid(logits) - labels``, with all digits where the sigmoid is nearly 1."""
    from scipy.special import expit

    high = (1 - labels) - expit(-logits)
    return np.where(raw(logits) > 0, high, expit(logits) - labels)


elementwise(
    logistic_cross_entropy,
    _logistic_slope,
    lambda y, logits, labels: -logits,
    domain=(real_only, positive_real),
)
