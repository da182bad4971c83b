"""The Python array API standard, 2024.12: what `Tensor.__array_namespace__` gives.

NumPy's main namespace is the standard's, and Tensors speak NumPy's protocols, so nearly every name
here is NumPy's own function. Only what would make a plain array, and the few functions where NumPy
and the standard differ, stand here. A float without a dtype becomes float64, as in NumPy:
`gradtape.set_floatx` has no say in this namespace.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import linalg as linalg

from gradtape.array_api import fft as fft
from gradtape.array_api import special as special
from gradtape.core.dispatch import apply, handles_in, stacked, wrap
from gradtape.core.tensor import Tensor, constant

__array_api_version__ = "2024.12"

VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12")
"""The versions of the standard that can be asked for; each contains the earlier ones."""

SECTIONS = {
    "constants": "e inf nan newaxis pi",
    "data types": (
        "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 "
        "float32 float64 complex64 complex128"
    ),
    "creation": (
        "arange asarray empty empty_like eye from_dlpack full full_like linspace meshgrid ones "
        "ones_like tril triu zeros zeros_like"
    ),
    "data type functions": "astype can_cast finfo iinfo isdtype result_type",
    "elementwise": (
        "abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_invert "
        "bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor ceil clip conj copysign cos "
        "cosh divide equal exp expm1 floor floor_divide greater greater_equal hypot imag isfinite "
        "isinf isnan less less_equal log log10 log1p log2 logaddexp logical_and logical_not "
        "logical_or logical_xor maximum minimum multiply negative nextafter not_equal positive pow "
        "real reciprocal remainder round sign signbit sin sinh sqrt square subtract tan tanh trunc"
    ),
    "indexing": "take take_along_axis",
    "inspection": "__array_namespace_info__",
    "linear algebra": "matmul matrix_transpose tensordot vecdot",
    "manipulation": (
        "broadcast_arrays broadcast_shapes broadcast_to concat expand_dims flip moveaxis "
        "permute_dims repeat reshape roll squeeze stack tile unstack"
    ),
    "searching": "argmax argmin count_nonzero nonzero searchsorted where",
    "sets": "isin unique_all unique_counts unique_inverse unique_values",
    "sorting": "argsort sort",
    "statistics": "cumulative_prod cumulative_sum max mean min prod std sum var",
    "utilities": "all any diff",
}
"""The names of the standard's main namespace, by its sections."""

EXTENSIONS = {
    "linalg": (
        "cholesky cross det diagonal eigh eigvalsh inv matmul matrix_norm matrix_power "
        "matrix_rank matrix_transpose outer pinv qr slogdet solve svd svdvals tensordot trace "
        "vecdot vector_norm"
    ),
    "fft": (
        "fft ifft fftn ifftn rfft irfft rfftn irfftn hfft ihfft fftfreq rfftfreq fftshift ifftshift"
    ),
}
"""The names of the standard's extensions, each an attribute of this namespace."""

_NAMES = frozenset(" ".join(SECTIONS.values()).split())


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(np, name)
    raise AttributeError(f"The array API standard has no {name!r}: use NumPy's, or numpy.{name}.")


def __dir__() -> list[str]:
    return sorted({*_NAMES, *EXTENSIONS, "__array_api_version__"})


# -- creation -----------------------------------------------------------------------------------


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Any:
    """`obj` as a Tensor; a Tensor stays itself, and keeps its gradient.

    Parameters
    ----------
    obj
        A number, array, nested list (with Tensors anywhere in it) or Tensor.
    dtype
        The dtype of the result; by default that of NumPy's `asarray`.
    device
        None or "cpu".
    copy
        Whether the result has to be another handle. What is no Tensor is always copied, for nobody
        else may write into a Tensor's value.

    Raises
    ------
    ValueError
        If `copy` is False and a copy is needed, or the device is not "cpu".
    """
    _check_device(device)
    if isinstance(obj, Tensor) and (dtype is None or obj.dtype == dtype):
        return constant(obj) if copy else obj
    if copy is False:
        raise ValueError(
            "Leave out copy=False: only a Tensor of the dtype asked for is not copied."
        )
    if not hasattr(obj, "dtype"):
        obj = stacked(obj) if handles_in(obj) else np.asarray(obj, dtype=dtype)
    return constant(obj, dtype)


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Any:
    """A Tensor of the data of `x`, an array of any library; a Tensor stays itself.

    Raises
    ------
    ValueError
        If `copy` is False and `x` no Tensor, or the device is not "cpu".
    """
    _check_device(device)
    return asarray(x if isinstance(x, Tensor) else np.from_dlpack(x), copy=copy)


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """A Tensor of `shape`, every entry of which is `fill_value`; that may be a Tensor."""
    _check_device(device)
    if handles_in(fill_value):
        return np.broadcast_to(asarray(fill_value, dtype=dtype), shape)
    return wrap(np.full(shape, fill_value, dtype), Tensor)


def _creating(function: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's `function`, which makes an array, making a Tensor."""

    @functools.wraps(function)
    def create(*args: Any, **kwargs: Any) -> Any:
        return wrap(function(*args, **kwargs), Tensor)

    return create


arange = _creating(np.arange)
empty = _creating(np.empty)
eye = _creating(np.eye)
linspace = _creating(np.linspace)
ones = _creating(np.ones)
zeros = _creating(np.zeros)


def _check_device(device: Any) -> None:
    if device not in (None, "cpu"):
        raise ValueError(f"Leave out device=, or give 'cpu': got {device!r}.")


# -- where NumPy and the standard differ --------------------------------------------------------


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """`x` with what is below `min` or above `max` replaced by it; keeps the dtype of `x`."""
    y = np.clip(x, min, max)
    return y if y.dtype == x.dtype else apply(np.ndarray.astype, (y, x.dtype))


def count_nonzero(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """How many entries are not zero, along `axis` or in all; always a Tensor."""
    return asarray(np.count_nonzero(x, axis=axis, keepdims=keepdims))


def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """The entries of `x` along `axis` in ascending, or descending, order."""
    y = np.sort(x, axis=axis, stable=stable)
    return np.flip(y, axis=axis) if descending else y


def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """The indices that sort `x` along `axis`, in ascending or descending order."""
    if not descending:
        return np.argsort(x, axis=axis, stable=stable)
    # Sorted in reverse from the reverse, equal entries stay in their order.
    backwards = np.argsort(np.flip(x, axis=axis), axis=axis, stable=stable)
    return x.shape[axis] - 1 - np.flip(backwards, axis=axis)


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Any:
    """The entries of `x` at `indices` along `axis`; NumPy has the default since version 2.3."""
    return np.take_along_axis(x, indices, axis)
