"""The softmax over axes and its logarithm, each as one operation.

With ``y = softmax(x)`` a cotangent ``g`` becomes ``y * (g - sum(g * y))``, and for its logarithm
``g - y * sum(g)``. Axes are counted from the last, so that any axis may stand in front.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from gradtape.core.batching import everywhere
from gradtape.core.domains import call, draw, real_only
from gradtape.core.kinds import invoke
from gradtape.core.rules import RULES, composite, primitive
from gradtape.rules.arguments import as_array, inexact

_MAX: Any = np.maximum.reduce
_SUM: Any = np.add.reduce


def _total(x: Any, axes: Any) -> Any:
    if isinstance(x, np.ndarray):
        return _SUM(x, axes, None, None, True)
    return np.sum(x, axis=axes, keepdims=True)


def _below(x: Any, axes: Any) -> Any:
    """How far each entry is below the largest: the results are the same for that."""
    if isinstance(x, np.ndarray):
        return x - _MAX(x, axes, None, None, True, -np.inf)
    return x - np.max(x, axis=axes, keepdims=True, initial=-np.inf)


def probabilities(x: Any, *, axes: tuple[int, ...]) -> Any:
    """``exp(x) / sum(exp(x))`` over negative `axes`: what is recorded."""
    exp = np.exp(_below(x, axes))
    return exp / _total(exp, axes)


def log_probabilities(x: Any, *, axes: tuple[int, ...]) -> Any:
    """``x - log(sum(exp(x)))`` over negative `axes`: what is recorded."""
    below = _below(x, axes)
    return below - np.log(_total(np.exp(below), axes))


def _onto_tangents(t: Any, y: Any, axes: Any) -> Any:
    return y * (t - _total(t * y, axes))


def _moved(t: Any, y: Any, axes: Any) -> Any:
    return t - _total(t * np.exp(y), axes)


_CALLS = [
    call(draw(3, domain=real_only), axes=(-1,)),
    call(draw(2, 3, domain=real_only), axes=(-2,)),
    call(draw(2, 2, 2, domain=real_only), axes=(-3, -1)),
]

primitive(
    probabilities,
    lambda g, y, x, axes: _onto_tangents(g, y, axes),
    jvp=lambda tangents, y, x, axes: _onto_tangents(tangents[0], y, axes),
    reads="y",
    batch=everywhere,
    calls=_CALLS,
)
primitive(
    log_probabilities,
    lambda g, y, x, axes: g - np.exp(y) * _total(g, axes),
    jvp=lambda tangents, y, x, axes: _moved(tangents[0], y, axes),
    reads="y",
    batch=everywhere,
    calls=_CALLS,
)


def _over(function: Any, x: Any, axis: Any) -> Any:
    x = inexact(as_array(x))
    rank = len(x.shape)
    if axis.__class__ is int and -rank <= axis < 0:
        axes: Any = (axis,)
    elif axis is None:
        axes = tuple(range(-rank, 0))
    else:
        axes = tuple([k - rank for k in normalize_axis_tuple(axis, rank)])
    return invoke(RULES[function], (x,), {"axes": axes})


def softmax(x: Any, axis: Any = None) -> Any:
    """Positive numbers that sum to 1 along `axis`: `gradtape.special.softmax`."""
    return _over(probabilities, x, axis)


def log_softmax(x: Any, axis: Any = None) -> Any:
    """The logarithm of `softmax`: `gradtape.special.log_softmax`."""
    return _over(log_probabilities, x, axis)


_BY_AXIS = [call(draw(2, 3, domain=real_only), axis) for axis in (None, 0, -1, (0, 1))]
composite(softmax, calls=_BY_AXIS)(softmax)
composite(log_softmax, calls=_BY_AXIS)(log_softmax)
