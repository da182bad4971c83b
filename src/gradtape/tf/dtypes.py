"""TensorFlow's dtypes: names for NumPy's, equal to them, with TensorFlow's attributes."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "DType",
    "as_dtype",
    "bool",
    "complex64",
    "complex128",
    "double",
    "float16",
    "float32",
    "float64",
    "half",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]

_Bool = bool


class DType:
    """A dtype as TensorFlow shows it; ``tf.float32 == np.float32``, and NumPy takes it as its own.

    Examples
    --------
    >>> import gradtape.tf as tf, numpy as np
    >>> tf.constant(2.0).dtype
    tf.float32
    >>> tf.float32 == np.float32, np.zeros(2, tf.float64).dtype, tf.int32.max
    (True, dtype('float64'), 2147483647)
    """

    __slots__ = ("dtype", "name")

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self.name = dtype.name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.dtype, name)

    def __eq__(self, other: object) -> Any:
        try:
            return other is not None and self.dtype == numpy_dtype(other)
        except TypeError:
            return False

    def __hash__(self) -> int:
        return hash(self.dtype)

    def __repr__(self) -> str:
        return f"tf.{self.name}"

    def __str__(self) -> str:
        return f"<dtype: '{self.name}'>"

    def __reduce__(self) -> Any:
        return as_dtype, (self.name,)

    @property
    def as_numpy_dtype(self) -> Any:
        """NumPy's scalar type."""
        return self.dtype.type

    @property
    def base_dtype(self) -> DType:
        """The dtype itself."""
        return self

    @property
    def real_dtype(self) -> DType:
        """The dtype of the real part."""
        return as_dtype(np.finfo(self.dtype).dtype) if self.is_complex else self

    @property
    def is_floating(self) -> _Bool:
        """Whether it holds real floating-point numbers."""
        return self.dtype.kind == "f"

    @property
    def is_integer(self) -> _Bool:
        """Whether it holds integers."""
        return self.dtype.kind in "iu"

    @property
    def is_complex(self) -> _Bool:
        """Whether it holds complex numbers."""
        return self.dtype.kind == "c"

    @property
    def is_bool(self) -> _Bool:
        """Whether it holds booleans."""
        return self.dtype.kind == "b"

    @property
    def is_unsigned(self) -> _Bool:
        """Whether it holds integers of no sign."""
        return self.dtype.kind == "u"

    @property
    def is_numeric_compatible(self) -> _Bool:
        """Whether it holds numbers."""
        return self.dtype.kind in "iufc"

    @property
    def is_numpy_compatible(self) -> _Bool:
        """Whether NumPy has it: always."""
        return True

    @property
    def is_quantized(self) -> _Bool:
        """Whether it holds quantized numbers: never."""
        return False

    @property
    def size(self) -> int:
        """The bytes of one entry."""
        return self.dtype.itemsize

    @property
    def min(self) -> Any:
        """The least number."""
        return self._limits()[0]

    @property
    def max(self) -> Any:
        """The greatest finite number."""
        return self._limits()[1]

    @property
    def limits(self) -> tuple[Any, Any]:
        """The range into which images of this dtype are mapped: ``(0, max)``, or ``(0, 1)``."""
        return (0, 1) if self.is_floating or self.is_bool else (0, self.max)

    def _limits(self) -> tuple[Any, Any]:
        if self.is_integer:
            info = np.iinfo(self.dtype)
            return int(info.min), int(info.max)
        if self.is_floating:
            return np.finfo(self.dtype).min, np.finfo(self.dtype).max
        raise TypeError(f"Take the limits of a real dtype: got {self.name}.")

    def is_compatible_with(self, other: Any) -> _Bool:
        """Whether `other` is the same dtype."""
        return _Bool(self == as_dtype(other))


KNOWN: dict[np.dtype[Any], DType] = {}


def _dtype(name: str) -> DType:
    dtype = np.dtype(name)
    return KNOWN.setdefault(dtype, DType(dtype))


float16 = half = _dtype("float16")
float32 = _dtype("float32")
float64 = double = _dtype("float64")
int8, int16, int32, int64 = map(_dtype, ("int8", "int16", "int32", "int64"))
uint8, uint16, uint32, uint64 = map(_dtype, ("uint8", "uint16", "uint32", "uint64"))
complex64, complex128 = map(_dtype, ("complex64", "complex128"))
bool = _dtype("bool")

_PYTHON = {float: np.dtype(np.float32), int: np.dtype(np.int32)}
_NAMES = {"half": "float16", "double": "float64"}


def numpy_dtype(dtype: Any) -> np.dtype[Any]:
    """NumPy's dtype for what TensorFlow takes as one; Python's ``float`` means float32 there.

    Raises
    ------
    TypeError
        If gradtape has no such dtype.
    """
    if isinstance(dtype, DType):
        return dtype.dtype
    if dtype is None:
        raise TypeError("Give a dtype such as tf.float32: got None.")
    found = _PYTHON.get(dtype) if isinstance(dtype, type) else None
    if found is None:
        if isinstance(dtype, str):
            dtype = _NAMES.get(dtype.removesuffix("_ref"), dtype.removesuffix("_ref"))
        try:
            found = np.dtype(dtype)
        except TypeError:
            found = None
    if found not in KNOWN:
        raise TypeError(f"Use one of {', '.join(d.name for d in KNOWN.values())}: got {dtype!r}.")
    return found


def as_dtype(type_value: Any) -> DType:
    """The `DType` of a name, a NumPy dtype or scalar type, or a Python type."""
    return KNOWN[numpy_dtype(type_value)]


def __getattr__(name: str) -> Any:
    """``tf.dtypes.cast`` and others, which are made of this file."""
    if name == "complex":
        from gradtape.tf import elementwise

        return elementwise.complex
    if name not in ("cast", "saturate_cast"):
        from gradtape.tf.serving.missing import missing

        missing(__name__, name)
    from gradtape.tf import tensors

    return getattr(tensors, name)
