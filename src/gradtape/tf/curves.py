"""Activations of the engine's Tensors, which `tf.nn` and `tf.keras.activations` both spell.

At a kink the derivative is TensorFlow's: that of `relu` at 0 is 0, that of `leaky` the slope of the
left, those of `elu` and `selu` the slope of the right.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.dispatch import apply
from gradtape.rules.neural import activations


def relu(x: Any) -> Any:
    """``max(x, 0)``."""
    return apply(np.maximum, (0, x))  # at a tie the first argument counts


def relu6(x: Any) -> Any:
    """``min(max(x, 0), 6)``; the derivative at 0 and 6 is 0."""
    return apply(np.minimum, (6, apply(np.maximum, (0, x))))


def leaky(x: Any, slope: Any) -> Any:
    """`x` above 0, ``slope * x`` up to it."""
    return apply(activations.leaky, (x, slope))


def elu(x: Any, alpha: Any = 1.0) -> Any:
    """`x` above 0, ``alpha * (exp(x) - 1)`` up to it."""
    if alpha.__class__ is float and alpha == 1:
        return apply(activations.elu, (x,))
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)) * alpha)


def selu(x: Any) -> Any:
    """A multiple of `elu` that keeps mean 0 and variance 1 (Klambauer et al., 2017)."""
    return apply(activations.selu, (x,))


def _of_dtype(y: Any, x: Any) -> Any:
    """`y` in the dtype of `x`: SciPy's functions know no float16."""
    return y if y.dtype == x.dtype else y.astype(x.dtype)


def sigmoid(x: Any) -> Any:
    """``1 / (1 + exp(-x))``."""
    if x.dtype.kind == "c":
        return 1 / (1 + np.exp(-x))
    from scipy.special import expit

    return _of_dtype(expit(x), x)


def silu(x: Any) -> Any:
    """``x * sigmoid(x)``."""
    return x * sigmoid(x)


def gelu(x: Any, approximate: Any = False) -> Any:
    """`x` times the normal distribution function of `x`, or an approximation by tanh."""
    if approximate:
        return x * 0.5 * (1 + np.tanh((x + x**3 * 0.044715) * 0.7978845608028654))
    from scipy.special import erf

    return x * 0.5 * (1 + _of_dtype(erf(x * 0.7071067811865476), x))
