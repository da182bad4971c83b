"""``tf.keras.activations``: functions of each entry, and of an axis.

At a kink the derivative is TensorFlow's: that of `relu` at 0 is 0, that of `leaky_relu` the
negative slope. A branch that was not taken contributes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from gradtape import special
from gradtape.core.dtypes import floatx
from gradtape.core.tensor import Tensor as Plain
from gradtape.tf import curves
from gradtape.tf.errors import invalid_type
from gradtape.tf.operation import operation
from gradtape.tf.policy import tensor


def _activation(kinds: str = "f") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An operation whose first argument is a Tensor of one of these kinds of dtypes."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(x: Any, *args: Any, **kwargs: Any) -> Any:
            x = x if x.__class__ is Plain else tensor(x)
            if x._value.dtype.kind in "iu" and "i" not in kinds:
                x = x.astype(floatx())
            if x._value.dtype.kind not in kinds:
                raise invalid_type(
                    f"Cast the argument with tf.cast: {function.__name__} got dtype "
                    f"{x._value.dtype}."
                )
            return function(x, *args, **kwargs)

        return operation(call)

    return decorate


@_activation("iuf")
def relu(
    x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Any:
    """``max(x, 0)``; or `x` above `threshold`, at most `max_value`, and a line below.

    The line is ``negative_slope * (x - threshold)``. The derivative at 0 is that of the left.
    """
    if negative_slope and max_value is None and not threshold:
        return np.where(x > 0, x, x * negative_slope)
    y = np.where(x > threshold, x, 0) if threshold else np.maximum(0, x)
    if max_value is not None:
        y = np.minimum(6, y) if max_value == 6 and not threshold else np.clip(y, 0, max_value)
    return y - np.maximum(0, threshold - x) * negative_slope if negative_slope else y


@_activation()
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """`x` above 0, ``negative_slope * x`` below; the derivative at 0 is `negative_slope`."""
    return curves.leaky(x, negative_slope)


@_activation("iuf")
def relu6(x: Any) -> Any:
    """``min(max(x, 0), 6)``; the derivative at 0 and 6 is 0."""
    return curves.relu6(x)


@_activation()
def elu(x: Any, alpha: float = 1.0) -> Any:
    """`x` above 0, ``alpha * (exp(x) - 1)`` up to it."""
    return curves.elu(x, alpha)


@_activation()
def selu(x: Any) -> Any:
    """A multiple of `elu` that keeps mean 0 and variance 1 (Klambauer et al., 2017)."""
    return curves.selu(x)


@_activation()
def celu(x: Any, alpha: float = 1.0) -> Any:
    """`x` above 0, ``alpha * (exp(x / alpha) - 1)`` up to it; the derivative at 0 is 1."""
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0) / alpha) * alpha)


@_activation()
def softplus(x: Any) -> Any:
    """``log(1 + exp(x))``."""
    return special.softplus(x)


@_activation()
def log_sigmoid(x: Any) -> Any:
    """``-log(1 + exp(-x))``."""
    return -special.softplus(-x)


@_activation()
def softsign(x: Any) -> Any:
    """``x / (1 + |x|)``."""
    return x / (1 + np.abs(x))


@_activation()
def squareplus(x: Any, b: float = 4) -> Any:
    """``(x + sqrt(x**2 + b)) / 2``."""
    return (x + np.sqrt(x * x + b)) / 2


@_activation()
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """`x` brought nearer to 0 by `threshold`, and 0 within it."""
    return np.where(x > threshold, x - threshold, np.where(x < -threshold, x + threshold, 0))


@_activation()
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """`x`, but 0 where ``|x| <= threshold``."""
    return np.where(np.abs(x) > threshold, x, 0)


@_activation()
def tanh_shrink(x: Any) -> Any:
    """``x - tanh(x)``."""
    return x - np.tanh(x)


@_activation()
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """`x` above `threshold`, else `default_value`."""
    return np.where(x > threshold, x, default_value)


@_activation("fc")
def sigmoid(x: Any) -> Any:
    """``1 / (1 + exp(-x))``."""
    return curves.sigmoid(x)


@_activation()
def silu(x: Any) -> Any:
    """``x * sigmoid(x)``."""
    return curves.silu(x)


swish = silu


@_activation()
def mish(x: Any) -> Any:
    """``x * tanh(softplus(x))``."""
    return x * np.tanh(special.softplus(x))


@_activation()
def gelu(x: Any, approximate: bool = False) -> Any:
    """`x` times the normal distribution function of `x`, or an approximation by tanh."""
    return curves.gelu(x, approximate)


@_activation("fc")
def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return np.tanh(x)


@_activation("fc")
def exponential(x: Any) -> Any:
    """``exp(x)``."""
    return np.exp(x)


@_activation()
def hard_tanh(x: Any) -> Any:
    """`x`, from -1 to 1."""
    return np.clip(x, -1, 1)


@_activation()
def hard_sigmoid(x: Any) -> Any:
    """``relu6(x + 3) / 6``."""
    return np.minimum(6, np.maximum(0, x + 3)) / 6


@_activation()
def hard_silu(x: Any) -> Any:
    """``x * relu6(x + 3) / 6``."""
    return x * (np.minimum(6, np.maximum(0, x + 3)) / 6)


hard_swish = hard_silu


@_activation()
def sparse_sigmoid(x: Any) -> Any:
    """0 up to -1, 1 from 1 on, a line between."""
    return np.where(x <= -1, 0, np.where(x >= 1, 1, (x + 1) * 0.5))


@_activation()
def sparse_plus(x: Any) -> Any:
    """0 up to -1, `x` from 1 on, ``(x + 1)**2 / 4`` between."""
    return np.where(x <= -1, 0, np.where(x < 1, (x + 1) ** 2 * 0.25, x))


def linear(x: Any) -> Any:
    """`x` itself."""
    return x


def glu(x: Any, axis: int = -1) -> Any:
    """The first half along `axis` times the sigmoid of the second.

    Raises
    ------
    ValueError
        If the length along `axis` is odd.
    """
    shape = tensor(x)._value.shape
    if shape[axis] % 2:
        raise ValueError(f"Give glu an even length along axis {axis}: got shape {shape}.")
    return _glu(x, axis)


@_activation()
def _glu(x: Any, axis: int) -> Any:
    first, second = np.split(x, 2, axis=axis)
    return first * curves.sigmoid(second)


@_activation()
def softmax(x: Any, axis: Any = -1) -> Any:
    """``exp(x) / sum(exp(x))`` over `axis`, an axis, a tuple of axes, or None for all."""
    return special.softmax(x, axis=axis)


@_activation()
def log_softmax(x: Any, axis: Any = -1) -> Any:
    """The logarithm of `softmax`."""
    return special.log_softmax(x, axis=axis)


@_activation()
def sparsemax(x: Any, axis: int = -1) -> Any:
    """The nearest point of the simplex to `x`, along `axis` (Martins, Astudillo, 2016)."""
    descending = -np.sort(-x, axis=axis)
    total = np.cumsum(descending, axis=axis) - 1
    shape = [1] * x.ndim
    shape[axis] = -1
    count = np.arange(1, x.shape[axis] + 1, dtype=x.dtype).reshape(shape)
    support: Any = descending * count > total
    size = np.sum(support._value, axis=axis, keepdims=True)
    last = np.take_along_axis(total, size - 1, axis=axis)
    return np.maximum(x - last / size.astype(x.dtype), 0)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        relu, leaky_relu, relu6, softmax, celu, elu, selu, softplus, softsign, squareplus,
        soft_shrink, sparse_plus, silu, gelu, glu, tanh, tanh_shrink, threshold, sigmoid,
        sparse_sigmoid, exponential, hard_sigmoid, hard_silu, hard_tanh, hard_shrink, linear,
        mish, log_softmax, log_sigmoid, sparsemax,
    )
}  # fmt: skip
_FUNCTIONS |= {"swish": silu, "hard_swish": hard_silu}


def get(identifier: Any) -> Any:
    """An activation by its name; a function as it is, and `linear` for None.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    if identifier is None:
        return linear
    found = _FUNCTIONS.get(identifier) if isinstance(identifier, str) else identifier
    if not callable(found):
        raise ValueError(f"Give the name of an activation, or a function: got {identifier!r}.")
    return found


def serialize(activation: Any) -> Any:
    """The name of an activation.

    Raises
    ------
    ValueError
        If it is none of these here.
    """
    name = getattr(activation, "__name__", None)
    if name not in _FUNCTIONS:
        raise ValueError(f"Give an activation of tf.keras.activations: got {activation!r}.")
    return name


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The activation of that name, also among `custom_objects`."""
    return get((custom_objects or {}).get(config, config))
