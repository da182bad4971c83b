"""Windows: weights that fade out at both ends of a frame."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradtape.core.kinds import raw
from gradtape.tf.dtypes import float32, numpy_dtype
from gradtape.tf.errors import InvalidValueError
from gradtape.tf.operation import operation
from gradtape.tf.policy import tensor


def _checked(window_length: Any, dtype: Any) -> tuple[int, Any]:
    dtype = numpy_dtype(dtype)
    if dtype.kind != "f":
        raise InvalidValueError(f"Give a floating-point dtype: got {dtype}.")
    length = raw(tensor(window_length))
    if length.ndim:
        raise InvalidValueError(f"Give window_length as one number: got shape {length.shape}.")
    return int(length), dtype


def _raised_cosine(window_length: Any, periodic: Any, dtype: Any, a: float, b: float) -> Any:
    length, dtype = _checked(window_length, dtype)
    if length == 1:
        return np.ones(1, dtype)
    period = length - 1 + (bool(raw(periodic)) and length % 2 == 0)
    angles = 2 * math.pi / max(period, 1) * np.arange(length)
    return (a - b * np.cos(angles)).astype(dtype)


@operation
def hann_window(
    window_length: Any, periodic: Any = True, dtype: Any = float32, name: Any = None
) -> Any:
    """``0.5 - 0.5 cos(2 pi k / n)``; n is the length if even and `periodic`, else 1 less."""
    return _raised_cosine(window_length, periodic, dtype, 0.5, 0.5)


@operation
def hamming_window(
    window_length: Any, periodic: Any = True, dtype: Any = float32, name: Any = None
) -> Any:
    """``0.54 - 0.46 cos(2 pi k / n)``, with n as in `hann_window`."""
    return _raised_cosine(window_length, periodic, dtype, 0.54, 0.46)


@operation
def kaiser_window(
    window_length: Any, beta: Any = 12.0, dtype: Any = float32, name: Any = None
) -> Any:
    """``i0(beta sqrt(1 - t**2)) / i0(beta)`` for t from -1 to 1; `beta` has a gradient."""
    length, dtype = _checked(window_length, dtype)
    return _kaiser(length, tensor(beta).astype(np.float64)).astype(dtype)


def _kaiser(length: int, beta: Any) -> Any:
    if length == 1:
        return np.ones(1)
    half = (length - 1) / 2
    t = (np.arange(length) - half) / half
    return np.i0(beta * np.sqrt(np.maximum(1 - t * t, 0))) / np.i0(beta)


@operation
def kaiser_bessel_derived_window(
    window_length: Any, beta: Any = 12.0, dtype: Any = float32, name: Any = None
) -> Any:
    """The root of running sums of `kaiser_window`, and the same backwards."""
    length, dtype = _checked(window_length, dtype)
    sums = np.cumsum(_kaiser(length // 2 + 1, tensor(beta).astype(np.float64)))
    half = np.sqrt(sums[:-1] / sums[-1])
    return np.concatenate((half, np.flip(half, 0))).astype(dtype)


@operation
def vorbis_window(window_length: Any, dtype: Any = float32, name: Any = None) -> Any:
    """``sin(pi / 2 * sin(pi (k + 0.5) / n)**2)``."""
    length, dtype = _checked(window_length, dtype)
    sines = np.sin(math.pi / length * (np.arange(length) + 0.5))
    return np.sin(math.pi / 2 * sines**2).astype(dtype)
