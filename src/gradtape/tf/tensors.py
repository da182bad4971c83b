"""Making Tensors: constants, conversions, casts, and what describes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.handle import Handle
from gradtape.tf.dtypes import as_dtype, float32, numpy_dtype
from gradtape.tf.errors import invalid_type
from gradtape.tf.policy import lifted, lowered, plain, tensor
from gradtape.tf.shapes import TensorShape
from gradtape.tf.slices import IndexedSlices
from gradtape.tf.spelled import Spelled, Tensor
from gradtape.tf.variables import Variable

__all__ = [
    "IndexedSlices",
    "Spelled",
    "Tensor",
    "TensorSpec",
    "Variable",
    "cast",
    "constant",
    "convert_to_tensor",
    "get_static_value",
    "is_tensor",
]


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Tensor:
    """A Tensor holding a copy of `value`.

    Parameters
    ----------
    value
        A number, array, nested list, or Tensor.
    dtype
        The dtype. By default Python floats are float32 and integers int32; arrays keep theirs.
    shape
        The shape; a single number fills it.
    name
        Of no effect.

    Raises
    ------
    TypeError
        If `value` does not fit `dtype`.
    ValueError
        If `value` is ragged, or does not fit `shape`.
    """
    made: Any = tensor(lowered(value), dtype)
    if shape is not None:
        lengths = tuple(TensorShape(shape))
        if made.size == 1 and lengths != made.shape:
            made = np.broadcast_to(np.reshape(made, ()), lengths)
        elif made.size != int(np.prod(lengths, dtype=int)):
            raise TypeError(f"Give tf.constant {lengths} entries: got shape {made.shape}.")
        else:
            made = np.reshape(made, lengths)
    return lifted(made)  # type: ignore[no-any-return]


def convert_to_tensor(
    value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None
) -> Tensor:
    """`value` as a Tensor: a Variable is read, lists of Tensors are stacked.

    Raises
    ------
    ValueError
        If a Tensor of another dtype than `dtype` is given; use `cast`.
    """
    if isinstance(value, Handle):
        if dtype is not None and numpy_dtype(dtype) != value._value.dtype:
            raise ValueError(
                f"Use tf.cast(x, {as_dtype(dtype)!r}): convert_to_tensor got a Tensor of dtype "
                f"{value._value.dtype}."
            )
        return lifted(plain(value))  # type: ignore[no-any-return]
    if dtype is None and dtype_hint is not None:
        try:
            return constant(value, dtype_hint)
        except (TypeError, ValueError):
            pass
    return constant(value, dtype)


def is_tensor(x: Any) -> bool:
    """Whether `x` is a Tensor, Variable or IndexedSlices."""
    return isinstance(x, (Handle, IndexedSlices))


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """`x` in another dtype.

    The gradient is cast back; that of an integer or boolean is None. A complex number loses its
    imaginary part when cast to a real dtype.
    """
    if isinstance(x, IndexedSlices):
        return IndexedSlices(cast(x.values, dtype), x.indices, x.dense_shape)
    wanted = numpy_dtype(dtype)
    made = tensor(lowered(x))
    if made.dtype == wanted:
        return lifted(made)
    if made.dtype.kind == "c" and wanted.kind not in "cb":
        made = np.real(made)
    if wanted.kind in "fcb" and wanted.itemsize >= made.dtype.itemsize:
        return lifted(made.astype(wanted))
    with np.errstate(invalid="ignore", over="ignore"):  # NaN and what is too large to fit
        return lifted(made.astype(wanted) if wanted.kind in "fcb" else _as_integers(made, wanted))


def _as_integers(made: Any, dtype: np.dtype[Any]) -> Any:
    """`made` in an integer dtype; what does not fit goes by way of a larger one, as on x86."""
    if made.dtype.kind == "f":
        if dtype.itemsize < 4:
            made = made.astype(np.int32)
        elif dtype == np.uint32:
            made = made.astype(np.int64)
        elif dtype == np.uint64:
            made = np.where(np.isinf(made), -np.inf, made)
    return made.astype(dtype)


def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Any:
    """`value` in another dtype, where numbers beyond its range become its least or greatest."""
    x = convert_to_tensor(value)
    own, wanted = x.dtype, as_dtype(dtype)
    low, high = max(wanted.min, own.min), min(wanted.max, own.max)
    return cast(np.clip(x, low, high), dtype)


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """The value of a Tensor as an array; None for a Variable; a number itself."""
    if isinstance(tensor, Variable):
        return None
    return tensor.numpy() if isinstance(tensor, Tensor) else tensor


class TensorSpec:
    """What a Tensor may be: a shape, in which None stands for any length, and a dtype.

    Examples
    --------
    >>> import gradtape.tf as tf
    >>> spec = tf.TensorSpec([None, 3], tf.float32)
    >>> spec, spec.is_compatible_with(tf.zeros([2, 3]))
    (TensorSpec(shape=(None, 3), dtype=tf.float32, name=None), True)
    """

    __slots__ = ("dtype", "name", "shape")

    def __init__(self, shape: Any, dtype: Any = float32, name: str | None = None) -> None:
        self.shape = TensorShape(shape)
        self.dtype = as_dtype(dtype)
        self.name = name

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """What `tensor` is."""
        return cls(tensor.shape, tensor.dtype, name)

    @classmethod
    def from_spec(cls, spec: TensorSpec, name: str | None = None) -> TensorSpec:
        """`spec` with another name, if one is given."""
        return cls(spec.shape, spec.dtype, name or spec.name)

    def is_compatible_with(self, spec_or_tensor: Any) -> bool:
        """Whether a Tensor, or one that the other spec describes, fits."""
        return self.dtype == as_dtype(spec_or_tensor.dtype) and self.shape.is_compatible_with(
            spec_or_tensor.shape
        )

    def is_subtype_of(self, other: Any) -> bool:
        """Whether everything that fits here fits `other`."""
        return self.dtype == other.dtype and self.shape.is_subtype_of(other.shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        return repr(self.shape), self.dtype.name, self.name

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype!r}, name={self.name!r})"

    def __reduce__(self) -> Any:
        return TensorSpec, (self.shape, self.dtype, self.name)
