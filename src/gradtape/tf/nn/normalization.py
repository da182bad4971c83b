"""Moments, normalisation with them, biases, dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.handle import Handle
from gradtape.core.kinds import invoke, raw
from gradtape.core.rules import RULES
from gradtape.rules.neural.pooling import window_sums
from gradtape.rules.neural.windows import Windows
from gradtape.tf.errors import InvalidValueError, invalid, invalid_type
from gradtape.tf.generators import bits_of
from gradtape.tf.operation import axes as axes_of
from gradtape.tf.operation import lengths, operation
from gradtape.tf.policy import tensor, together
from gradtape.tf.random import stream
from gradtape.tf.reductions import reduce_mean

# -- moments ------------------------------------------------------------------------------------


def _numbers(value: Any, name: str) -> Any:
    x = tensor(value)
    if x._value.dtype.kind not in "fc":
        raise invalid_type(f"Cast the argument with tf.cast: tf.nn.{name} got dtype {x.dtype}.")
    return x


_mean = reduce_mean.__wrapped__  # type: ignore[attr-defined]


def _axis(axes: Any) -> Any:
    found = axes_of(axes)
    return tuple(found) if isinstance(found, tuple) else found


@operation
def moments(x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: Any = None) -> Any:
    """The mean and the variance over `axes`.

    `shift` has no effect. Derivatives of any order are those of the formulas.
    """
    x, axis = tensor(x), _axis(axes)
    wide = x.astype(np.float32) if x._value.dtype == np.float16 else x
    mean = _mean(wide, axis, True)
    variance = _mean(_squares(wide - mean), axis, keepdims)
    if not keepdims:
        mean = np.squeeze(mean, axis)
    if wide is not x:
        return mean.astype(x.dtype), variance.astype(x.dtype)
    return mean, variance


def _squares(x: Any) -> Any:
    if x.dtype.kind != "c":
        return np.square(x)
    return (np.square(np.real(x)) + np.square(np.imag(x))).astype(x.dtype)


@operation
def weighted_moments(
    x: Any, axes: Any, frequency_weights: Any, keepdims: bool = False, name: Any = None
) -> Any:
    """The mean and the variance over `axes` where each entry counts as often as its weight."""
    x, axis = _numbers(x, "weighted_moments"), _axis(axes)
    weights = together(x, frequency_weights)[1]
    weights = np.broadcast_to(weights.astype(x.dtype), x._value.shape)
    share = 1 / np.sum(weights, axis=axis, keepdims=True)
    mean = np.sum(x * weights, axis=axis, keepdims=True) * share
    variance = np.sum(weights * _squares(x - mean), axis=axis, keepdims=True) * share
    if keepdims:
        return mean, variance
    return np.squeeze(mean, axis), np.squeeze(variance, axis)


@operation
def sufficient_statistics(
    x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: Any = None
) -> Any:
    """How many entries, their sum and sum of squares over `axes`, less `shift`; and the shift."""
    x, axis = _numbers(x, "sufficient_statistics"), _axis(axes)
    if shift is not None:
        x, shift = together(x, shift)
    m = x if shift is None else x - shift
    total = np.sum(m, axis=axis, keepdims=bool(keepdims))
    squares = np.sum(_squares(m), axis=axis, keepdims=bool(keepdims))
    count = x._value.size // max(total._value.size, 1)
    return tensor(x.dtype.type(count)), total, squares, shift


@operation
def normalize_moments(
    counts: Any, mean_ss: Any, variance_ss: Any, shift: Any, name: Any = None
) -> Any:
    """The mean and the variance, from what `sufficient_statistics` gives."""
    mean_ss, variance_ss, counts = together(mean_ss, variance_ss, counts)
    mean = mean_ss / counts
    variance = variance_ss / counts - np.square(mean)
    return mean if shift is None else mean + together(mean, shift)[1], variance


# -- normalisation ------------------------------------------------------------------------------


@operation
def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    offset: Any,
    scale: Any,
    variance_epsilon: Any,
    name: Any = None,
) -> Any:
    """``(x - mean) / sqrt(variance + variance_epsilon) * scale + offset``; either may be None."""
    return _normalized(tensor(x), mean, variance, offset, scale, variance_epsilon)


def _normalized(x: Any, mean: Any, variance: Any, offset: Any, scale: Any, epsilon: Any) -> Any:
    x, mean, variance = together(x, mean, variance)
    factor = 1 / np.sqrt(variance + together(variance, epsilon)[1])
    if scale is not None:
        factor = factor * together(x, scale)[1]
    moved = -mean * factor if offset is None else together(x, offset)[1] - mean * factor
    return x * factor.astype(x.dtype) + moved.astype(x.dtype)


@operation
def batch_norm_with_global_normalization(
    input: Any,
    mean: Any,
    variance: Any,
    beta: Any,
    gamma: Any,
    variance_epsilon: Any,
    scale_after_normalization: bool,
    name: Any = None,
) -> Any:
    """`batch_normalization` with offset `beta`, and scale `gamma` if asked."""
    scale = gamma if scale_after_normalization else None
    return _normalized(tensor(input), mean, variance, beta, scale, variance_epsilon)


@operation
def local_response_normalization(
    input: Any,
    depth_radius: int = 5,
    bias: float = 1,
    alpha: float = 1,
    beta: float = 0.5,
    name: Any = None,
) -> Any:
    """``x / (bias + alpha * s)**beta``; ``s`` sums squares of channels up to `depth_radius` away.

    Of images ``(batch, height, width, channels)`` (Krizhevsky, Sutskever, Hinton, 2012).
    """
    x = tensor(input)
    if x.ndim != 4 or x._value.dtype.kind != "f":
        raise invalid(
            f"Give images of rank 4, of floating-point numbers: tf.nn.lrn got shape "
            f"{x._value.shape}, dtype {x.dtype}."
        )
    shape = x._value.shape
    radius = min(int(depth_radius), max(shape[-1] - 1, 0))
    squares = np.reshape(np.square(x), (-1, shape[-1], 1))
    windows = Windows((shape[-1],), (2 * radius + 1,), (1,), (1,), ((radius, radius),))
    sums = np.reshape(invoke(RULES[window_sums], (squares,), {"windows": windows}), shape)
    base = sums * float(alpha) + float(bias)
    return x / np.sqrt(base) if beta == 0.5 else x * base ** -float(beta)


lrn = local_response_normalization


@operation
def bias_add(value: Any, bias: Any, data_format: Any = None, name: Any = None) -> Any:
    """`value` with a vector added along its channels: last, or with "NC..." the second axis.

    Raises
    ------
    ValueError
        For another `data_format`.
    InvalidArgumentError
        If `bias` is no vector of as many entries as there are channels.
    """
    x, bias = together(value, bias)
    if data_format is not None and not str(data_format).startswith("N"):
        raise InvalidValueError(f"Give data_format 'N...C' or 'NC...': got {data_format!r}.")
    at = 1 if str(data_format).startswith("NC") else x.ndim - 1
    if x.ndim < 2 or bias._value.shape != x._value.shape[at : at + 1]:
        raise invalid(
            f"Give tf.nn.bias_add a value of rank 2 or more, and as many biases as channels: got "
            f"shapes {x._value.shape} and {bias._value.shape}."
        )
    if at != x.ndim - 1:
        bias = np.reshape(bias, (-1,) + (1,) * (x.ndim - 2))
    return x + bias


# -- dropout ------------------------------------------------------------------------------------


def _dropped(x: Any, rate: Any, noise_shape: Any, bits: Any) -> Any:
    """`x` with entries set to 0 with probability `rate`, and the others scaled up."""
    x = tensor(x)
    if x._value.dtype.kind != "f":
        raise InvalidValueError(f"Cast the argument with tf.cast: tf.nn.dropout got {x.dtype}.")
    share = float(raw(tensor(rate)))
    if not 0 <= share < 1 and not (isinstance(rate, Handle) and share == 1):
        raise InvalidValueError(f"Give a rate from 0 to below 1: tf.nn.dropout got {share}.")
    if not share:
        return x
    shape = x._value.shape if noise_shape is None else _noise(noise_shape, x._value.shape)
    kept = bits().random(shape, np.float32) >= share
    # By a product, what is infinite would become NaN.
    scaled = x * (1 / (1 - share)) if share < 1 else x
    return np.where(np.broadcast_to(kept, x._value.shape), scaled, x.dtype.type(0))


def _noise(noise_shape: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The lengths of the noise, in which None is that of the Tensor."""
    if isinstance(noise_shape, (list, tuple)) and len(noise_shape) == len(shape):
        noise_shape = [n if own is None else own for own, n in zip(noise_shape, shape, strict=True)]
    found = lengths(noise_shape)
    if len(found) > len(shape) or np.broadcast_shapes(found, shape) != shape:
        raise invalid(f"Give a noise_shape that broadcasts to {shape}: got {found}.")
    return found


@operation
def dropout(x: Any, rate: Any, noise_shape: Any = None, seed: Any = None, name: Any = None) -> Any:
    """Each entry 0 with probability `rate`, else divided by ``1 - rate``: its mean stays.

    Parameters
    ----------
    x
        Floating-point numbers.
    rate
        From 0 to below 1.
    noise_shape
        The shape of what is drawn, which broadcasts to that of `x`; None in it is the length there.
    seed
        As for `tf.random.uniform`.

    Raises
    ------
    ValueError
        If `rate` is out of range or `x` holds integers.
    """
    return _dropped(x, rate, noise_shape, lambda: stream(seed))


@operation
def stateless_dropout(
    x: Any,
    rate: Any,
    seed: Any,
    rng_alg: Any = None,
    noise_shape: Any = None,
    name: Any = None,
) -> Any:
    """`dropout` that is the same for the same `seed`, a pair of integers."""
    return _dropped(x, rate, noise_shape, lambda: bits_of(seed))


@operation
def general_dropout(
    x: Any, rate: Any, uniform_sampler: Any, noise_shape: Any = None, name: Any = None
) -> Any:
    """`dropout` by the numbers of ``uniform_sampler(shape=..., dtype=...)``, from 0 to below 1."""
    return _dropped(x, rate, noise_shape, lambda: _Sampler(uniform_sampler))


class _Sampler:
    """What draws by a function of the program."""

    def __init__(self, sampler: Any) -> None:
        self._sampler = sampler

    def random(self, shape: Any, dtype: Any) -> Any:
        """Numbers from 0 to below 1."""
        return raw(self._sampler(shape=shape, dtype=dtype))
