"""Functions for neural networks that NumPy has no name for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradtape.core.kinds import invoke
from gradtape.core.rules import RULES
from gradtape.rules import losses
from gradtape.rules.arguments import as_array, inexact

__all__ = ["softmax_cross_entropy"]


def softmax_cross_entropy(logits: Any, labels: Any, axis: int = -1) -> Any:
    """The cross-entropy of ``softmax(logits)`` against `labels`: one loss for each example.

    For a label ``k``, and for probabilities ``p``::

        log(sum(exp(z))) - z[k]
        sum(p) log(sum(exp(z))) - sum(p z)

    Parameters
    ----------
    logits
        Real numbers ``z``, one for each class along `axis`.
    labels
        Integers, the class of each example, of the shape of `logits` without `axis`; or
        floating-point probabilities of the shape of `logits`. They need not sum to 1.
    axis
        The axis of the classes.

    Returns
    -------
    Of the shape of `logits` without `axis`.

    Raises
    ------
    TypeError
        If the logits are complex, or the labels neither integers nor floating-point numbers.
    ValueError
        If the shapes do not fit, there are no classes, or a label is not one of them.

    Notes
    -----
    With ``s = softmax(z)`` the gradient is ``s - onehot(k)``, or ``sum(p) s - p``; that in ``p`` is
    ``log(sum(exp(z))) - z``. Logits may be so large that their exponentials overflow, or be -inf,
    which excludes a class.

    References
    ----------
    I. Goodfellow, Y. Bengio and A. Courville, *Deep Learning*, MIT Press 2016, section 6.2.2.3.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> logits, labels = np.array([[0.0, 0.0], [1000.0, 0.0]]), np.array([0, 0])
    >>> gt.nn.softmax_cross_entropy(logits, labels).round(4)
    array([0.6931, 0.    ])
    >>> gt.grad(lambda z: np.mean(gt.nn.softmax_cross_entropy(z, labels)))(logits)
    array([[-0.25,  0.25],
           [ 0.  ,  0.  ]])
    """
    logits, labels = inexact(as_array(logits)), as_array(labels)
    axis = normalize_axis_index(axis, len(logits.shape))
    of_labels = labels.dtype.kind in "iu"
    _check(logits, labels, axis, of_labels)
    if axis != len(logits.shape) - 1:
        logits = np.moveaxis(logits, axis, -1)
        labels = labels if of_labels else np.moveaxis(labels, axis, -1)
    if of_labels:
        return invoke(RULES[losses.label_cross_entropy], (logits, labels), {})
    return invoke(RULES[losses.weighted_cross_entropy], (logits, labels), {})


def _check(logits: Any, labels: Any, axis: int, of_labels: bool) -> None:
    if logits.dtype.kind != "f" or labels.dtype.kind not in "iuf":
        raise TypeError(
            f"Give softmax_cross_entropy real logits, and integer labels or floating-point "
            f"probabilities: got dtypes {logits.dtype} and {labels.dtype}."
        )
    shape = logits.shape
    if not shape[axis]:
        raise ValueError(f"Give softmax_cross_entropy at least one class: logits have {shape}.")
    expected = shape[:axis] + shape[axis + 1 :] if of_labels else shape
    if labels.shape != expected:
        what = "integer labels" if of_labels else "probabilities"
        raise ValueError(
            f"Give softmax_cross_entropy {what} of shape {expected}, for logits of shape {shape}: "
            f"got shape {labels.shape}."
        )
