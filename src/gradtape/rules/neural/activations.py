"""Activations with a kink, each as one operation.

At 0 the derivative of `leaky` is the slope of the left, those of `elu` and `selu` that of the
right, as TensorFlow's are. The exponential of a branch that is not taken is never computed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.domains import nonzero_real, real_only
from gradtape.core.rules import elementwise, raw

SCALE, ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
"""The constants of `selu`."""


def leaky(x: Any, slope: Any) -> Any:
    """`x` above 0, ``slope * x`` up to it."""
    return np.where(x > 0, x, x * slope)


def elu(x: Any) -> Any:
    """`x` above 0, ``exp(x) - 1`` up to it."""
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def selu(x: Any) -> Any:
    """A multiple of `elu` that keeps mean 0 and variance 1 (Klambauer et al., 2017)."""
    return np.where(x >= 0, x, np.expm1(np.minimum(x, 0)) * ALPHA) * SCALE


elementwise(
    leaky,
    lambda y, x, slope: np.where(raw(x) > 0, 1, slope),
    lambda y, x, slope: np.minimum(x, 0),
    domain=(nonzero_real, real_only),
)
elementwise(elu, lambda y, x: np.exp(np.minimum(x, 0)), domain=nonzero_real)
elementwise(
    selu,
    lambda y, x: np.where(raw(x) >= 0, 1, np.exp(np.minimum(x, 0)) * ALPHA) * SCALE,
    domain=nonzero_real,
)
