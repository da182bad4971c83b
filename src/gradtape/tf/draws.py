"""What random numbers are made of: one function for each distribution, given the bits.

Numbers come from NumPy's generators, so they are others than TensorFlow's with the same seed.
Samples of a normal distribution are ``mean + stddev * noise``, and so have gradients; those of a
gamma distribution have them by implicit reparametrisation (Figurnov et al. 2018,
arXiv:1805.08498).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradtape.core.handle import UNTRACKED
from gradtape.core.kinds import raw
from gradtape.core.tensor import Tensor as Plain
from gradtape.tf.dtypes import numpy_dtype
from gradtape.tf.errors import InvalidValueError, invalid
from gradtape.tf.operation import lengths
from gradtape.tf.policy import tensor

if TYPE_CHECKING:  # NumPy loads its generators when the first is made
    Bits = np.random.Generator


def _floating(dtype: Any) -> Any:
    found = numpy_dtype(dtype)
    if found.kind != "f":
        raise TypeError(f"Give a floating-point dtype: got {found}.")
    return found


def _wide(dtype: Any) -> Any:
    """The dtype to draw in: NumPy draws no float16."""
    return dtype if dtype.itemsize > 2 else np.dtype(np.float32)


def _sized(shape: Any) -> tuple[int, ...]:
    size = lengths(shape)
    if any(n < 0 for n in size):
        raise invalid(f"Give a shape of lengths 0 or more: got {size}.")
    return size


def normal(bits: Bits, shape: Any, mean: Any, stddev: Any, dtype: Any) -> Any:
    """``mean + stddev * noise``."""
    dtype = _floating(dtype)
    noise = bits.standard_normal(_sized(shape), _wide(dtype)).astype(dtype)
    return noise * tensor(stddev, dtype) + tensor(mean, dtype)


def truncated_normal(bits: Bits, shape: Any, mean: Any, stddev: Any, dtype: Any) -> Any:
    """As `normal`, but noise of more than 2 is drawn again."""
    dtype = _floating(dtype)
    noise = bits.standard_normal(_sized(shape), _wide(dtype))
    noise = np.asarray(noise)
    while True:
        far = np.absolute(noise) > 2
        count = int(np.count_nonzero(far))
        if not count:
            break
        noise[far] = bits.standard_normal(count, _wide(dtype))
    return noise.astype(dtype) * tensor(stddev, dtype) + tensor(mean, dtype)


_UNIFORM = frozenset(["float16", "float32", "float64", "int32", "int64", "uint32", "uint64"])


def uniform(bits: Bits, shape: Any, low: Any, high: Any, dtype: Any) -> Any:
    """Numbers from `low` up to, without, `high`; by default up to 1, or all integers."""
    dtype = numpy_dtype(dtype)
    if dtype.name not in _UNIFORM:
        raise InvalidValueError(f"Give dtype one of {', '.join(sorted(_UNIFORM))}: got {dtype}.")
    size = _sized(shape)
    if dtype.kind == "f":
        drawn = bits.random(size, _wide(dtype)).astype(dtype)
        high = 1 if high is None else high
        low = tensor(0 if low is None else low, dtype)
        return drawn * (tensor(high, dtype) - low) + low
    if high is None:
        if low is not None:
            raise InvalidValueError(f"Give maxval too for integers of dtype {dtype}.")
        info = np.iinfo(dtype)
        return bits.integers(info.min, info.max, size, dtype, endpoint=True)
    low, high = (raw(tensor(bound, dtype)) for bound in (low, high))
    if np.any(low >= high):
        raise invalid(f"Give minval below maxval: got {low} and {high}.")
    return bits.integers(low, high, size or None, dtype)


def gamma(bits: Bits, shape: Any, alpha: Any, beta: Any, dtype: Any, append: bool) -> Any:
    """Numbers of the density ``x**(alpha - 1) exp(-beta x)``; both parameters have gradients.

    The shape is that of the parameters after `shape`, or with `append` False, `shape` itself.
    """
    dtype = _floating(dtype)
    alpha = tensor(alpha, dtype)
    beta = tensor(1.0 if beta is None else beta, dtype)
    size = _sized(shape)
    if append:
        size = (*size, *np.broadcast_shapes(alpha.shape, beta.shape))
    drawn = np.asarray(bits.standard_gamma(raw(alpha).astype(np.float64), size))
    if alpha._id:
        drawn = drawn + _moving(alpha.astype(np.float64), drawn)
    least = np.finfo(dtype).tiny
    return np.maximum(drawn.astype(dtype) / beta, dtype.type(least))


def _moving(alpha: Any, drawn: Any) -> Any:
    """Zeros, which have the gradient in `alpha` of the quantiles that were drawn."""
    from scipy.special import gammainc, gammaincc, gammainccinv, gammaincinv

    value = np.broadcast_to(raw(alpha), drawn.shape)
    below = drawn < value  # there the lower tail is the smaller one, and keeps its digits
    low = gammaincinv(alpha, np.where(below, gammainc(value, drawn), 0.5))
    high = gammainccinv(alpha, np.where(below, 0.5, gammaincc(value, drawn)))
    quantile = np.where(below, low, high)
    return quantile - Plain(raw(quantile), UNTRACKED)


def poisson(bits: Bits, shape: Any, lam: Any, dtype: Any, append: bool) -> Any:
    """Counts of events of which `lam` are expected."""
    rate = raw(tensor(lam))
    size = (*_sized(shape), *rate.shape) if append else _sized(shape)
    return np.asarray(bits.poisson(rate, size)).astype(numpy_dtype(dtype))


def binomial(bits: Bits, shape: Any, counts: Any, probs: Any, dtype: Any) -> Any:
    """How many of `counts` trials succeed, each with probability `probs`."""
    n, p = raw(tensor(counts)), raw(tensor(probs))
    drawn = bits.binomial(n.astype(np.int64), p, _sized(shape))
    return np.asarray(drawn).astype(numpy_dtype(dtype))


def categorical(bits: Bits, logits: Any, num_samples: Any, dtype: Any) -> Any:
    """For each row of `logits`, classes drawn with probabilities ``softmax(logits)``."""
    x = raw(tensor(logits)).astype(np.float64)
    if x.ndim != 2:
        raise invalid(f"Give logits of shape (rows, classes): got {x.shape}.")
    count = int(raw(num_samples))
    dtype = np.dtype(np.int64) if dtype is None else numpy_dtype(dtype)
    sums = np.cumsum(np.exp(x - x.max(axis=1, keepdims=True, initial=-np.inf)), axis=1)
    drawn = bits.random((len(x), count))
    rows = [np.searchsorted(s, u * s[-1], "right") for s, u in zip(sums, drawn, strict=True)]
    return np.reshape(np.asarray(rows, dtype), (len(x), count))


def truncated(bits: Bits, shape: Any, mean: Any, stddev: Any, low: Any, high: Any) -> Any:
    """Normal numbers between `low` and `high`, by the inverse of the distribution function.

    All four parameters have gradients.
    """
    from scipy.special import ndtr, ndtri

    mean, stddev, low, high = (tensor(v) for v in (mean, stddev, low, high))
    dtype = np.result_type(mean.dtype, stddev.dtype)
    mean, stddev, low, high = (v.astype(np.float64) for v in (mean, stddev, low, high))
    first, last = ndtr((low - mean) / stddev), ndtr((high - mean) / stddev)
    drawn = ndtri(first + bits.random(_sized(shape)) * (last - first))
    return np.clip(mean + stddev * drawn, low, high).astype(dtype)


def order(bits: Bits, value: Any) -> Any:
    """`value` with its rows in a random order."""
    x = tensor(value)
    if not x.ndim:
        return x
    return x[bits.permutation(x.shape[0]), ...]  # without ... the gradient would be IndexedSlices
