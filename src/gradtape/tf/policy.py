"""TensorFlow's dtype policy, and the way in and out of this spelling.

The engine and the rules know one kind of Tensor, with NumPy's promotion. A Tensor of this spelling
is that kind too, with other manners: what meets it and has no identity of its own (a number, a
list, an array) takes its dtype. So it is brought in (`lowered`: the engine's Tensor, same value,
same identity), plain NumPy code computes, and the result is brought out (`lifted`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.core.dispatch import apply, watched
from gradtape.core.handle import UNTRACKED, Handle, settled
from gradtape.core.tensor import Tensor as Plain
from gradtape.core.tensor import constant as plain_constant
from gradtape.tf.dtypes import numpy_dtype
from gradtape.tf.errors import invalid, invalid_type

NUMBERS = frozenset({int, float, bool})
_ALL = frozenset({int, float, bool, complex})
_HELD = {
    "f": NUMBERS,
    "i": frozenset({int, bool}),
    "u": frozenset({int, bool}),
    "b": frozenset({bool}),
}
"""The Python numbers that a dtype holds, by its kind."""

_LEAST = -(2**31)
_GREATEST = float(np.finfo(np.float32).max)


def lowered(value: Any) -> Any:
    """`value` with the engine's own Tensors, also inside lists, tuples and dicts."""
    if isinstance(value, Handle):
        if value._trainable:
            watched([value])
        return Plain(value._value, value._id)
    kind = value.__class__
    if kind is list or kind is tuple:
        return kind([lowered(part) for part in value])
    if kind is dict:
        return {key: lowered(part) for key, part in value.items()}
    if hasattr(value, "_densely"):  # IndexedSlices
        return lowered(value._densely())
    return value


def plain(handle: Handle) -> Plain:
    """The engine's Tensor of the same value and identity; a Variable is read."""
    return lowered(handle)  # type: ignore[no-any-return]


def lifted(value: Any) -> Any:
    """`value` with Tensors of this spelling, also inside lists, tuples and dicts."""
    kind = value.__class__
    if kind is Plain:
        return SPELLED[0](value._value, value._id)
    if isinstance(value, (np.ndarray, np.generic)):
        return SPELLED[0](settled(value), UNTRACKED)
    if kind is list or kind is tuple:
        return kind([lifted(part) for part in value])
    if kind is dict:
        return {key: lifted(part) for key, part in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return kind(*[lifted(part) for part in value])
    if getattr(value, "is_known", False):  # of a program that is being recorded
        return SPELLED[0](value, UNTRACKED)
    return value


SPELLED: list[Any] = []
"""The class of Tensors of this spelling, which is made above this file."""


def adopted(value: Any, dtype: np.dtype[Any]) -> Any:
    """`value`, which has no identity, as an operand beside a Tensor of `dtype`.

    Raises
    ------
    TypeError
        For a Python number that `dtype` does not hold, as TensorFlow does.
    """
    kind = value.__class__
    if kind in NUMBERS or kind is complex:
        if kind not in _HELD.get(dtype.kind, _ALL):
            raise invalid_type(
                f"Cast the Tensor with tf.cast first, or give a number of dtype {dtype}: "
                f"got {value!r}."
            )
        return _integer(value, dtype) if dtype.kind in "iu" and kind is not bool else value
    if isinstance(value, Handle):
        return value
    if kind is list or kind is tuple:
        return tensor(value, dtype)
    if isinstance(value, (np.ndarray, np.generic)):
        return value if value.dtype == dtype else value.astype(dtype)
    if getattr(value, "is_known", False):  # of a program that is being recorded
        if value.weak:
            adopted(value.current(), dtype)  # refuses what it does not hold
            return value
        return value if value.dtype == dtype else value.astype(dtype)
    if hasattr(value, "__array__"):
        return np.asarray(value, dtype)
    if hasattr(value, "_densely"):
        return tensor(value)
    if value is None or isinstance(value, (str, bytes, dict)):
        raise invalid_type(f"Give numbers, an array or a Tensor: got {value!r}.")
    return value


def _integer(value: int, dtype: np.dtype[Any]) -> Any:
    try:
        return dtype.type(value)
    except OverflowError:
        raise invalid_type(f"Give a number that dtype {dtype} holds: got {value}.") from None


def adopt_floats(value: Any, dtype: np.dtype[Any]) -> Any:
    """`value` with its floating-point arrays in `dtype`; positions stay integers."""
    kind = value.__class__
    if isinstance(value, (np.ndarray, np.generic)):
        return value.astype(dtype) if value.dtype.kind == "f" and value.dtype != dtype else value
    if kind is list or kind is tuple:
        return kind([adopt_floats(part, dtype) for part in value])
    return value


def tensor(value: Any, dtype: Any = None) -> Plain:
    """`value` as one of the engine's Tensors, as `tf.convert_to_tensor` makes it.

    Python floats are float32 and integers int32; what has a dtype keeps it, unless `dtype` is
    given. Lists of Tensors are stacked, and stay connected.

    Raises
    ------
    TypeError, ValueError
        If `value` holds no numbers, or numbers that `dtype` does not hold.
    """
    kind = value.__class__
    if kind is Plain and dtype is None:
        return value  # type: ignore[no-any-return]
    if kind is float and dtype is None and not _GREATEST < abs(value) < math.inf:
        return Plain(np.float32(value), UNTRACKED)
    if kind is int and dtype is None and _LEAST <= value < -_LEAST:
        return Plain(np.int32(value), UNTRACKED)
    wanted = None if dtype is None else numpy_dtype(dtype)
    if kind is float and wanted is not None and wanted.kind == "f" and wanted.itemsize == 8:
        return Plain(np.float64(value), UNTRACKED)
    if kind is Plain:
        return value if value.dtype == wanted else value.astype(wanted)  # type: ignore[no-any-return]
    if isinstance(value, Handle):
        return tensor(plain(value), wanted)
    if hasattr(value, "_densely"):
        return tensor(value._densely(), wanted)
    if wanted is None and getattr(value, "weak", False):  # a Python number while recording
        wanted = tensor(value.current()).dtype
    if isinstance(value, (np.ndarray, np.generic)) or hasattr(value, "dtype"):
        return plain_constant(value, wanted)
    if kind in (list, tuple) and _holds_tensor(value):
        return tensor(_stack(value, wanted), wanted)
    return Plain(settled(_array(value, wanted)), UNTRACKED)


def _array(value: Any, wanted: np.dtype[Any] | None) -> Any:
    """Python numbers, perhaps in lists, as an array of the dtype `wanted`, or of their own."""
    try:
        array = np.array(value)
    except ValueError as error:
        raise invalid(f"Give rows of one length: {error}.") from error
    if array.dtype.kind not in _WIDER:
        raise invalid_type(f"Give numbers or booleans: got {value!r}.")
    if wanted is None:
        wanted = _natural(array, value)
    elif array.size and wanted.kind not in _WIDER[array.dtype.kind]:
        raise invalid_type(f"Give numbers that dtype {wanted} holds, or cast: got {value!r}.")
    if wanted.kind in "iu" and array.dtype.kind in "iu" and array.dtype != wanted:
        bounds = np.iinfo(wanted)
        if array.size and not bounds.min <= array.min() <= array.max() <= bounds.max:
            raise invalid_type(f"Give numbers that dtype {wanted} holds: got {value!r}.")
    with np.errstate(over="ignore"):
        return _in_range(array.astype(wanted, copy=False), array)


_WIDER = {"b": "biufc", "i": "iufc", "u": "iufc", "f": "fc", "c": "c"}
"""The kinds of dtypes that hold the Python numbers of a kind."""


def _in_range(cast: Any, value: Any) -> Any:
    """`cast`, unless a finite number of `value` became infinite in float32."""
    if cast.dtype == np.float32 and not np.isfinite(cast).all():
        if (np.isinf(cast) & np.isfinite(value)).any():
            raise invalid(f"Give dtype=tf.float64: float32 does not hold {value}.")
    return cast


def _natural(array: Any, value: Any) -> np.dtype[Any]:
    """The dtype that TensorFlow gives to lists of Python numbers, in which arrays may be."""
    kind = array.dtype.kind
    if kind in "fc":
        own = [leaf.dtype for leaf in _leaves(value) if hasattr(leaf, "dtype")]
        own = [dtype for dtype in own if dtype.kind in "fc"]
        default = np.float32 if kind == "f" else np.complex128
        return np.result_type(*own) if own else np.dtype(default)
    if kind == "i" and not any(isinstance(leaf, np.ndarray) for leaf in _leaves(value)):
        if not array.size or (array.min() >= _LEAST and array.max() < -_LEAST):
            return np.dtype(np.int32)
    if kind == "u":
        raise invalid(f"Give integers that int64 holds: got {value!r}.")
    return array.dtype  # type: ignore[no-any-return]


def _leaves(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _leaves(part)
    else:
        yield value


def _holds_tensor(value: Any) -> bool:
    return any(isinstance(leaf, Handle) for leaf in _leaves(value))


def _stack(parts: Sequence[Any], dtype: np.dtype[Any] | None) -> Any:
    """`parts` stacked; numbers among them take the dtype of the first Tensor."""
    first = dtype or next(leaf._value.dtype for leaf in _leaves(parts) if isinstance(leaf, Handle))
    rows = [
        tensor(part, dtype)
        if isinstance(part, Handle)
        else _stack(part, dtype)
        if _holds_tensor(part)
        else tensor(adopted(part, first), first)
        for part in parts
    ]
    try:
        return apply(np.stack, (rows,))
    except ValueError as error:
        raise invalid(f"Give Tensors of one shape: {error}.") from error


def together(*values: Any) -> tuple[Any, ...]:
    """The operands of one operation; what has no dtype takes that of the first that has.

    Raises
    ------
    TypeError
        For a number that this dtype does not hold.
    """
    if all([v.__class__ is Plain for v in values]):
        return values
    if len(values) == 2:
        a, b = values
        if a.__class__ is Plain and _is_held(b, a):
            return a, Plain(a._value.dtype.type(b), UNTRACKED)
        if b.__class__ is Plain and _is_held(a, b):
            return Plain(b._value.dtype.type(a), UNTRACKED), b
    dtype = next((v._value.dtype for v in values if isinstance(v, Handle)), None)
    if dtype is None:
        first = next((v for v in values if hasattr(v, "dtype")), None)
        dtype = numpy_dtype(first.dtype) if first is not None else None
    if dtype is None:
        made = [tensor(v) for v in values]
        dtype = made[0].dtype
        return (made[0], *[tensor(adopted(v, dtype), dtype) for v in values[1:]])
    return tuple(
        plain(v) if isinstance(v, Handle) else tensor(adopted(v, dtype), dtype) for v in values
    )


def _is_held(number: Any, beside: Plain) -> bool:
    """Whether `number` is a Python number that the floating-point dtype of `beside` holds."""
    kind = number.__class__
    return (
        (kind is float or kind is int)
        and beside._value.dtype.kind == "f"
        and -_GREATEST <= number <= _GREATEST
    )
