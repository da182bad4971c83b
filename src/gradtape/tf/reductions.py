"""Reductions along axes, running sums and products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradtape.core.handle import Handle
from gradtape.core.kinds import raw
from gradtape.tf.dtypes import int64, numpy_dtype
from gradtape.tf.errors import invalid, invalid_type
from gradtape.tf.operation import axes, operation
from gradtape.tf.policy import tensor

# -- arguments ----------------------------------------------------------------------------------


def operand(value: Any, name: str, kinds: str = "iufc") -> Any:
    """`value` as a Tensor whose dtype is of one of these `kinds`."""
    x = tensor(value)
    if x._value.dtype.kind not in kinds:
        raise invalid_type(f"Cast the argument with tf.cast: tf.{name} got dtype {x.dtype}.")
    return x


# -- sums and means -----------------------------------------------------------------------------


@operation
def reduce_sum(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None
) -> Any:
    """The sum over `axis`, or over all entries; integers keep their dtype."""
    x = operand(input_tensor, "reduce_sum")
    dtype = x._value.dtype if x._value.dtype.kind in "iu" else None
    return np.sum(x, axis=axes(axis), keepdims=bool(keepdims), dtype=dtype)


@operation
def reduce_prod(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None
) -> Any:
    """The product over `axis`, or of all entries; integers keep their dtype."""
    x = operand(input_tensor, "reduce_prod")
    dtype = x._value.dtype if x._value.dtype.kind in "iu" else None
    return np.prod(x, axis=axes(axis), keepdims=bool(keepdims), dtype=dtype)


@operation
def reduce_mean(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None
) -> Any:
    """The mean over `axis`, or of all entries; that of integers is rounded towards zero."""
    x = operand(input_tensor, "reduce_mean")
    if x._value.dtype.kind in "fc":
        return _averaged(np.mean, x, axis, keepdims)
    value = x._value
    total = np.sum(value, axis=axes(axis), keepdims=bool(keepdims), dtype=np.int64)
    count = value.size // max(total.size, 1)
    if not count:
        raise invalid("Give tf.reduce_mean integers to average: got none.")
    return (np.sign(total) * (np.absolute(total) // count)).astype(value.dtype)


@operation
def reduce_variance(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None
) -> Any:
    """The mean squared distance from the mean."""
    return _averaged(np.var, _numbers(input_tensor, "variance"), axis, keepdims)


@operation
def reduce_std(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None
) -> Any:
    """The root of the variance; of equal entries its gradient is 0."""
    return _averaged(np.std, _numbers(input_tensor, "std"), axis, keepdims)


def _averaged(function: Any, x: Any, axis: Any, keepdims: Any) -> Any:
    """`function` of `x`; of no entries it is NaN, of which NumPy would warn."""
    if x.size:
        return function(x, axis=axes(axis), keepdims=bool(keepdims))
    return np.sum(x, axis=axes(axis), keepdims=bool(keepdims)) * math.nan


def _numbers(value: Any, name: str) -> Any:
    x = tensor(value)
    if x._value.dtype.kind not in "fc":
        kind = invalid_type if x._value.dtype.kind == "b" else TypeError
        raise kind(f"Cast the argument with tf.cast: tf.math.reduce_{name} got {x.dtype}.")
    return x


@operation
def reduce_euclidean_norm(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None
) -> Any:
    """The root of the sum of squares; of zeros its gradient is 0."""
    x = operand(input_tensor, "math.reduce_euclidean_norm")
    axis = axes(axis)
    axis = tuple(range(x.ndim)) if axis is None else axis
    if x._value.dtype.kind in "iu":
        root = np.sqrt(np.sum(np.square(raw(x)), axis=axis, keepdims=bool(keepdims)))
        return root.astype(x._value.dtype)
    y = np.linalg.vector_norm(x, axis=axis, keepdims=bool(keepdims)) if x.ndim else np.absolute(x)
    return y.astype(x._value.dtype)


@operation
def reduce_logsumexp(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None
) -> Any:
    """``log(sum(exp(x)))``, without overflow."""
    x = operand(input_tensor, "reduce_logsumexp", "f")
    fold: Any = np.logaddexp.reduce
    return fold(x, axis=axes(axis), keepdims=bool(keepdims))


# -- extremes -----------------------------------------------------------------------------------


@operation
def reduce_max(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None
) -> Any:
    """The greatest entry; equal ones share the gradient evenly."""
    return _extreme(np.max, input_tensor, axis, keepdims, least=True)


@operation
def reduce_min(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None
) -> Any:
    """The least entry; equal ones share the gradient evenly."""
    return _extreme(np.min, input_tensor, axis, keepdims, least=False)


def _extreme(function: Any, value: Any, axis: Any, keepdims: bool, least: bool) -> Any:
    """`function`, of no entries the `least` number of the dtype, or else the greatest."""
    x = operand(value, f"reduce_{function.__name__.removeprefix('a')}", "iuf")
    options: dict[str, Any] = {}
    if not x.size:
        dtype = x._value.dtype
        ends = (-np.inf, np.inf) if dtype.kind == "f" else _ends(dtype)
        options["initial"] = ends[0] if least else ends[1]
    return function(x, axis=axes(axis), keepdims=bool(keepdims), **options)


def _ends(dtype: Any) -> tuple[int, int]:
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)


@operation
def argmax(input: Any, axis: Any = None, output_type: Any = int64, name: Any = None) -> Any:
    """The position of the greatest entry along `axis`, the first one by default."""
    return _position(np.argmax, input, axis, output_type)


@operation
def argmin(input: Any, axis: Any = None, output_type: Any = int64, name: Any = None) -> Any:
    """The position of the least entry along `axis`, the first one by default."""
    return _position(np.argmin, input, axis, output_type)


def _position(function: Any, value: Any, axis: Any, output_type: Any) -> Any:
    x = operand(value, function.__name__, "biufc")
    axis = 0 if axis is None else axes(axis)
    if not x.ndim:
        raise invalid(f"Give tf.{function.__name__} an array: got a scalar.")
    value = raw(x)
    if value.dtype.kind == "f" and np.isnan(value).any():  # NaN is neither greater nor less
        value = np.where(np.isnan(value), -np.inf if function is np.argmax else np.inf, value)
    return function(value, axis=axis).astype(numpy_dtype(output_type))


# -- truth --------------------------------------------------------------------------------------


@operation
def reduce_all(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None
) -> Any:
    """Whether all entries are true."""
    x = operand(input_tensor, "reduce_all", "b")
    return np.all(x, axis=axes(axis), keepdims=bool(keepdims))


@operation
def reduce_any(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: Any = None
) -> Any:
    """Whether some entry is true."""
    x = operand(input_tensor, "reduce_any", "b")
    return np.any(x, axis=axes(axis), keepdims=bool(keepdims))


@operation
def count_nonzero(
    input: Any, axis: Any = None, keepdims: Any = None, dtype: Any = int64, name: Any = None
) -> Any:
    """How many entries are not zero."""
    x = tensor(input)
    count = np.count_nonzero(raw(x), axis=axes(axis), keepdims=bool(keepdims))
    return np.asarray(count).astype(numpy_dtype(dtype))[()]


@operation
def zero_fraction(value: Any, name: Any = None) -> Any:
    """The fraction of entries that are zero, float32; NaN of none."""
    x = raw(tensor(value))
    return np.float32(np.count_nonzero(x == 0)) / np.float32(x.size)


@operation
def is_non_decreasing(x: Any, name: Any = None) -> Any:
    """Whether each entry is at least as great as the one before, in row-major order."""
    x = np.ravel(raw(operand(x, "math.is_non_decreasing")))
    return np.all(x[1:] >= x[:-1])


@operation
def is_strictly_increasing(x: Any, name: Any = None) -> Any:
    """Whether each entry is greater than the one before, in row-major order."""
    x = np.ravel(raw(operand(x, "math.is_strictly_increasing")))
    return np.all(x[1:] > x[:-1])


# -- running sums -------------------------------------------------------------------------------


@operation
def cumsum(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: Any = None
) -> Any:
    """The sums of the entries up to each one along `axis`.

    Parameters
    ----------
    x
        Numbers.
    axis
        The axis.
    exclusive
        Leave each entry out of its own sum.
    reverse
        Begin at the end.
    """
    return _scan(np.cumsum, x, axis, exclusive, reverse, 0)


@operation
def cumprod(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: Any = None
) -> Any:
    """The products of the entries up to each one along `axis`; arguments as `cumsum`."""
    return _scan(np.cumprod, x, axis, exclusive, reverse, 1)


@operation
def cumulative_logsumexp(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: Any = None
) -> Any:
    """``log(cumsum(exp(x)))`` without overflow; arguments as `cumsum`."""
    x = operand(x, "math.cumulative_logsumexp", "f")
    return _scan(_running_logsumexp, x, axis, exclusive, reverse, -np.inf)


def _running_logsumexp(x: Any, axis: int, dtype: Any = None) -> Any:
    """By doubling: after a step each entry stands for twice as many."""
    x = np.moveaxis(x, axis, 0)
    n, step = x.shape[0], 1
    while step < n:
        x = np.concatenate((x[:step], np.logaddexp(x[step:], x[: n - step])))
        step *= 2
    return np.moveaxis(x, 0, axis)


def _scan(scan: Any, x: Any, axis: Any, exclusive: bool, reverse: bool, neutral: Any) -> Any:
    """`scan` along `axis`, perhaps from the end, and perhaps shifted by one `neutral` entry."""
    x = operand(x, scan.__name__)
    axis = _one_axis(axis)
    dtype = x._value.dtype if x._value.dtype.kind in "iu" else None
    if not x.ndim:
        raise invalid(f"Give tf.{scan.__name__} an array: got a scalar.")
    if reverse:
        x = np.flip(x, axis)
    if exclusive and x.shape[axis]:
        first = np.full_like(raw(np.take(x, [0], axis)), neutral)
        x = np.concatenate((first, np.delete(x, -1, axis)), axis=axis)
    y = scan(x, axis=axis, dtype=dtype)
    return np.flip(y, axis) if reverse else y


def _one_axis(axis: Any) -> int:
    found = axes(axis._value if isinstance(axis, Handle) else axis)
    if not isinstance(found, int):
        raise invalid(f"Give one axis: got {axis!r}.")
    return found
