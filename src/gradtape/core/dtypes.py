"""The floating-point type that Python numbers get."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.handle import Handle, frozen, is_foreign, settled

_COMPLEX = {"float16": "complex64", "float32": "complex64", "float64": "complex128"}
_state = {"floatx": "float32"}
_scalar_type: list[type[np.floating[Any]]] = [np.float32]


def floatx() -> str:
    """The dtype of Tensors and Variables made from Python floats: "float32" unless changed.

    Examples
    --------
    >>> import gradtape as gt
    >>> gt.floatx()
    'float32'
    >>> gt.constant(2.0).dtype
    dtype('float32')
    """
    return _state["floatx"]


def set_floatx(dtype: Any) -> None:
    """Set the dtype of Tensors and Variables made from Python floats.

    Parameters
    ----------
    dtype
        "float16", "float32" or "float64", or a NumPy dtype of that name. Arrays and NumPy scalars
        keep their own dtype whatever is set here.

    Raises
    ------
    ValueError
        For any other dtype; the setting is then unchanged.

    Examples
    --------
    >>> import gradtape as gt
    >>> gt.set_floatx("float64")
    >>> gt.constant(2.0).dtype
    dtype('float64')
    >>> gt.set_floatx("float32")
    """
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = repr(dtype)
    if name not in _COMPLEX:
        raise ValueError(f"Use 'float16', 'float32' or 'float64' in set_floatx: got {dtype!r}.")
    _state["floatx"] = name
    _scalar_type[0] = np.dtype(name).type


def convert(value: Any, dtype: Any = None) -> Any:
    """A private read-only copy of `value`: an array, or a NumPy scalar for rank 0.

    Python floats, and lists of them, become `floatx`; what has a dtype keeps it.
    """
    if dtype is None and value.__class__ is float:
        return _scalar_type[0](value)
    if isinstance(value, Handle):
        value = value._value
    if is_foreign(value):  # nobody writes into a lazy array; one on a GPU is shared
        if getattr(value, "weak", False) and dtype is None:  # a Python number while recording
            dtype = convert(value.current()).dtype
        return frozen(value if dtype is None else value.astype(dtype))
    array = np.array(value, dtype=dtype)
    if dtype is None and array.dtype.kind in "fc" and not _has_dtype(value):
        name = _state["floatx"]
        array = array.astype(name if array.dtype.kind == "f" else _COMPLEX[name])
    if array.dtype.kind not in "biufc":
        raise TypeError(
            f"Give numbers or booleans: got {type(value).__name__} of dtype {array.dtype}."
        )
    return settled(array)


def _has_dtype(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_has_dtype, value))
    return hasattr(value, "dtype")


def in_dtype(value: Any, kind: Any) -> Any:
    """`value` in the dtype that `kind` makes numbers of; a value of a program stays one."""
    return value.astype(kind) if hasattr(value, "astype") else kind(value)
