"""What neural networks need beyond NumPy: convolutions, pooling, segments, top entries, losses.

Arrays of NumPy give arrays, Tensors give Tensors. Channels come last and examples first, as in
``(batch, height, width, channels)``, with any number of axes between.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradtape.core.kinds import invoke
from gradtape.core.rules import RULES
from gradtape.rules import losses, segments, sorting
from gradtape.rules.arguments import as_array, inexact
from gradtape.rules.neural import convolutions, pooling

__all__ = [
    "avg_pool",
    "conv",
    "conv_transpose",
    "max_pool",
    "segment_max",
    "segment_mean",
    "segment_min",
    "segment_prod",
    "segment_sum",
    "softmax_cross_entropy",
    "top_k",
]

# -- windows ------------------------------------------------------------------------------------


def conv(
    x: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "VALID",
    dilations: Any = 1,
    groups: int = 1,
) -> Any:
    """The product of each window of `x` with `kernel`, summed: what networks call a convolution.

    ``y[n, i, o] = sum(x[n, i * strides + j * dilations - before, c] * kernel[j, c, o])`` over the
    entries ``j`` of the window and the channels ``c``, where ``i`` and ``j`` have an entry for each
    axis and ``before`` is the padding. The kernel is not flipped: it is a correlation.

    Parameters
    ----------
    x
        Of shape ``(batch, *lengths, channels)``, real or complex.
    kernel
        Of shape ``(*window, channels // groups, outputs)``.
    strides
        How far windows are apart; an integer, or one for each axis.
    padding
        "VALID": none. "SAME": zeros so that there are ``ceil(length / stride)`` windows, of which
        the odd one comes last. Or a pair of counts, before and after, for each axis.
    dilations
        How far the entries of a window are apart.
    groups
        Into how many groups the channels and the outputs fall, which meet only each other. With as
        many groups as channels the convolution is depthwise.

    Returns
    -------
    Of shape ``(batch, *counts, outputs)``, of the dtype to which NumPy promotes the two.

    Raises
    ------
    ValueError
        If shapes, groups or padding do not fit.
    TypeError
        If strides or dilations are no integers, or an array is one of another library.

    Notes
    -----
    The gradients are `conv_transpose` of the cotangent with the kernel, and the correlation of `x`
    with the cotangent.

    References
    ----------
    V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning",
    arXiv:1603.07285, 2016.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> x = np.array([1.0, 2.0, 4.0, 7.0]).reshape(1, 4, 1)
    >>> gt.nn.conv(x, np.array([-1.0, 1.0]).reshape(2, 1, 1)).ravel()
    array([1., 2., 3.])
    """
    return convolutions.conv(x, kernel, strides, padding, dilations, groups)


def conv_transpose(
    x: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "VALID",
    dilations: Any = 1,
    groups: int = 1,
    output_shape: Any = None,
) -> Any:
    """The transpose of `conv` in its input: each entry of `x` adds a kernel to the result.

    ``sum(conv_transpose(g, kernel) * x) == sum(g * conv(x, kernel))`` for all ``x`` and ``g``.

    Parameters
    ----------
    x
        Of shape ``(batch, *counts, outputs)``: what `conv` gives.
    kernel
        As `conv` takes it, ``(*window, channels // groups, outputs)``.
    strides, padding, dilations, groups
        Of that `conv`.
    output_shape
        The lengths that `conv` came from; an integer, or one for each axis. With strides several
        lead to the same counts. By default ``counts * strides`` for "SAME", else the least of them.

    Returns
    -------
    Of shape ``(batch, *output_shape, channels)``.

    Raises
    ------
    ValueError
        If shapes, groups or padding do not fit.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> x = np.array([1.0, 10.0]).reshape(1, 2, 1)
    >>> gt.nn.conv_transpose(x, np.array([1.0, 2.0, 3.0]).reshape(3, 1, 1), strides=2).ravel()
    array([ 1.,  2., 13., 20., 30.])
    """
    return convolutions.conv_transpose(x, kernel, strides, padding, dilations, groups, output_shape)


def max_pool(
    x: Any, window: Any, strides: Any = None, padding: Any = "VALID", dilations: Any = 1
) -> Any:
    """The greatest entry of each window of each channel.

    Parameters
    ----------
    x
        Of shape ``(batch, *lengths, channels)``, real.
    window
        How many entries a window has; an integer, or one for each axis.
    strides
        How far windows are apart, by default `window`.
    padding, dilations
        As for `conv`; what is padded is never the greatest.

    Returns
    -------
    Of shape ``(batch, *counts, channels)``; NaN for a window with NaN in it.

    Raises
    ------
    ValueError
        If a window does not fit, or would stand in the padding alone.
    TypeError
        If `x` is not real.

    Notes
    -----
    The gradient goes to the first of the greatest entries of a window, in row order.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> x = np.array([1.0, 5.0, 2.0, 2.0]).reshape(1, 4, 1)
    >>> gt.grad(lambda x: np.sum(gt.nn.max_pool(x, 2)))(x).ravel()
    array([0., 1., 1., 0.])
    """
    return pooling.max_pool(x, window, strides, padding, dilations)


def avg_pool(
    x: Any, window: Any, strides: Any = None, padding: Any = "VALID", dilations: Any = 1
) -> Any:
    """The mean of each window of each channel.

    Parameters and errors as for `max_pool`, but `x` may be complex; what is padded does not count.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> x = np.array([1.0, 5.0, 3.0]).reshape(1, 3, 1)
    >>> gt.nn.avg_pool(x, 2, padding="SAME").ravel()
    array([3., 3.])
    """
    return pooling.avg_pool(x, window, strides, padding, dilations)


# -- segments -----------------------------------------------------------------------------------


def segment_sum(data: Any, segment_ids: Any, num_segments: int) -> Any:
    """The sums of the entries that have the same number: ``y[s] = sum(data[segment_ids == s])``.

    Parameters
    ----------
    data
        Of shape ``(*shape, *rest)``.
    segment_ids
        Integers of shape ``shape``, in any order; what has a negative one is left out.
    num_segments
        How many segments there are, more than the greatest number.

    Returns
    -------
    Of shape ``(num_segments, *rest)``; 0 for a segment without entries.

    Raises
    ------
    TypeError
        If the numbers are no integers.
    ValueError
        If shapes do not fit, or a number is `num_segments` or more.

    Notes
    -----
    The gradient is ``g[segment_ids]``.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> gt.nn.segment_sum(np.array([1.0, 2.0, 4.0]), [0, 1, 0], 3)
    array([5., 2., 0.])
    """
    return segments.segment_sum(data, segment_ids, num_segments)


def segment_mean(data: Any, segment_ids: Any, num_segments: int) -> Any:
    """The mean of each segment, 0 of one without entries; integers become float64.

    Parameters and errors as for `segment_sum`.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> gt.nn.segment_mean(np.array([1.0, 2.0, 4.0]), [0, 1, 0], 3)
    array([2.5, 2. , 0. ])
    """
    return segments.segment_mean(data, segment_ids, num_segments)


def segment_prod(data: Any, segment_ids: Any, num_segments: int) -> Any:
    """The product of each segment, 1 of one without entries.

    Parameters and errors as for `segment_sum`. Zeros need no care in derivatives of any order, for
    nothing is divided: neighbours are multiplied in pairs.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> x = np.array([3.0, 0.0, 5.0])
    >>> gt.grad(lambda x: np.sum(gt.nn.segment_prod(x, [0, 0, 1], 2)))(x)
    array([0., 3., 1.])
    """
    return segments.segment_prod(data, segment_ids, num_segments)


def segment_max(data: Any, segment_ids: Any, num_segments: int, empty: Any = None) -> Any:
    """The greatest entry of each segment; NaN if there is one.

    Parameters and errors as for `segment_sum`, and `empty`, the value of a segment without entries:
    by default negative infinity, or the least integer. Entries that tie share the gradient evenly.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> x = np.array([4.0, 4.0, 1.0])
    >>> gt.grad(lambda x: np.sum(gt.nn.segment_max(x, [0, 0, 1], 2)))(x)
    array([0.5, 0.5, 1. ])
    """
    return segments.segment_max(data, segment_ids, num_segments, empty)


def segment_min(data: Any, segment_ids: Any, num_segments: int, empty: Any = None) -> Any:
    """The least entry of each segment; NaN if there is one.

    As `segment_max`, but `empty` is infinity by default, or the greatest integer.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> gt.nn.segment_min(np.array([4.0, 2.0, 1.0]), [0, 0, 1], 3)
    array([ 2.,  1., inf])
    """
    return segments.segment_min(data, segment_ids, num_segments, empty)


# -- order --------------------------------------------------------------------------------------


def top_k(x: Any, k: int) -> tuple[Any, Any]:
    """The `k` greatest entries along the last axis, in descending order, and where they are.

    Parameters
    ----------
    x
        Real numbers of rank 1 or more; NaN counts as the greatest.
    k
        From 0 to the length of the last axis.

    Returns
    -------
    Values and indices, of shape ``(..., k)``. Among equal entries the first comes first. The
    gradient goes to the entries that were taken.

    Raises
    ------
    TypeError
        If `x` is not real.
    ValueError
        If there are no `k` entries.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> gt.nn.top_k(np.array([3.0, 9.0, 3.0, 7.0]), 3)
    (array([9., 7., 3.]), array([1, 3, 0]))
    """
    return sorting.top_k(x, k)


# -- losses -------------------------------------------------------------------------------------


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
