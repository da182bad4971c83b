"""What NumPy's signatures accept, brought to one form; the files of this folder share it."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from typing import cast as cast_type

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from gradtape.core.dispatch import apply, watched
from gradtape.core.handle import Handle
from gradtape.core.rules import name_of, raw

F = TypeVar("F", bound=Callable[..., Any])

Axis = Any
"""None, an integer or a tuple of integers."""

# -- arrays and numbers -------------------------------------------------------------------------


def as_array(x: Any) -> Any:
    """`x` as an array or Tensor; a list with Tensors anywhere in it is stacked and recorded."""
    if hasattr(x, "dtype"):
        return x
    return np.stack([as_array(part) for part in x]) if holds_tensor(x) else np.asarray(x)


def is_tensor(x: Any) -> bool:
    """Whether `x` is a Tensor."""
    return isinstance(x, Handle)


def holds_tensor(x: Any) -> bool:
    """Whether `x` is a Tensor, or a nested list with one in it."""
    return is_tensor(x) or (isinstance(x, (list, tuple)) and any(map(holds_tensor, x)))


def is_plain(x: Any) -> bool:
    """Whether `x` is a NumPy array, or a Tensor of one, whose derivative nobody asks for."""
    return isinstance(raw(x), np.ndarray) and not (is_tensor(x) and watched([x]))


def of_plain_arrays(name: str) -> Callable[[F], F]:
    """Decorate a function of gradtape's own that loops over arrays, or writes into them.

    Tensors, batches and what is being compiled take part by NumPy's protocol; a TypeError says
    under `name` that arrays of other libraries cannot.
    """

    def decorate(function: F) -> F:
        @wraps(function)
        def call(*arrays: Any, **options: Any) -> Any:
            for array in arrays:
                if isinstance(array, (np.ndarray, np.generic)):
                    continue
                if getattr(array, "_intercepts", False):
                    return array.__array_function__(call, (), arrays, options)
                raise TypeError(
                    f"Give {name} NumPy arrays: got {type(array).__module__}."
                    f"{type(array).__name__}."
                )
            return function(*arrays, **options)

        call._takes_plain_arrays = True  # type: ignore[attr-defined]
        return cast_type(F, call)

    return decorate


def one_call(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function that hands arrays to SciPy: a program being recorded keeps the call."""

    @wraps(f)
    def called(*args: Any, **kwargs: Any) -> Any:
        for array in args:
            if getattr(array, "is_known", False):
                return array.owner.call(called, args, kwargs)
        return f(*args, **kwargs)

    return called


def joined(value: Any) -> Any:
    """`value`; a list as one array or Tensor. A Python number stays one, and promotes nothing."""
    return as_array(value) if value.__class__ in (list, tuple) else value


def cast(a: Any, dtype: Any) -> Any:
    """`a`, an array, a Tensor or a number, in `dtype`."""
    if hasattr(a, "dtype"):
        return a if a.dtype == dtype else apply(np.ndarray.astype, (a, np.dtype(dtype)))
    return np.dtype(dtype).type(a)


def inexact(x: Any) -> Any:
    """`x`, integers as float64."""
    return x if x.dtype.kind in "fc" else cast(x, np.float64)


def conj(a: Any) -> Any:
    """The conjugate, without a copy of real numbers."""
    return np.conj(a) if a.dtype.kind == "c" else a


def refuse_out(out: Any, function: Any) -> None:
    """Raise a TypeError if `out` is given."""
    if out is not None:
        raise TypeError(f"Assign the result of {name_of(function)} instead of passing out=.")


def into(out: Any, result: Any) -> Any:
    """`result`, written into the Tensor `out` if there is one."""
    if out is None:
        return result
    if not is_tensor(out):
        raise TypeError(
            "Make out= a Tensor with gradtape.constant first: a plain array carries no gradient."
        )
    out[...] = result
    return out


def prepared(function: Any, a: Any, dtype: Any, out: Any) -> Any:
    """`a` as an array of `dtype`; `out` is refused."""
    refuse_out(out, function)
    a = as_array(a)
    return a if dtype is None else cast(a, dtype)


# -- shapes and positions -----------------------------------------------------------------------


def outline(a: Any) -> Any:
    """An array of the shape of `a`, to ask NumPy what a function would make of it."""
    return np.empty(a.shape, bool)


def sample(x: Any) -> Any:
    """What NumPy may look at in place of `x`: its value; ones, like one example, for a batch."""
    value = raw(x)
    return np.ones(value.shape, value.dtype) if hasattr(value, "examples") else value


def lengths(shape: Any) -> tuple[int, ...]:
    """A shape argument as a tuple of Python integers."""
    shape = raw(shape)
    if np.iterable(shape):
        return tuple(map(operator.index, shape))
    return (operator.index(shape),)


def along(axis: int, index: Any) -> tuple[Any, ...]:
    """The index that applies `index` to one axis."""
    return (*(slice(None),) * axis, index)


def counting(axis: int, shape: tuple[int, ...]) -> Any:
    """The positions along one axis, as an array that broadcasts to `shape`."""
    return np.arange(shape[axis]).reshape((-1,) + (1,) * (len(shape) - axis - 1))


def inverse(order: Any) -> tuple[int, ...]:
    """The permutation that undoes `order`."""
    return tuple(sorted(range(len(order)), key=order.__getitem__))


# -- axes to reduce -----------------------------------------------------------------------------


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes that `axis` means, ascending. NumPy lets a rank-0 value be reduced along axis 0."""
    if axis is None or not ndim:
        return tuple(range(ndim))
    return tuple(sorted(normalize_axis_tuple(axis, ndim)))


def length_along(a: Any, axis: Axis) -> int:
    """How many entries of `a` are combined into one."""
    if axis is None:
        return int(a.size)
    if axis.__class__ is int and a.ndim:
        return int(a.shape[axis])
    return math.prod(a.shape[i] for i in axes_of(axis, a.ndim))


def kept(result: Any, axis: Axis, keepdims: bool) -> Any:
    """The result of a reduction in a shape that broadcasts against what was reduced."""
    if keepdims or not result.ndim:
        return result
    if axis.__class__ is int:  # ten times quicker than np.expand_dims, which is Python code
        shape = result.shape
        at = axis if axis >= 0 else axis + len(shape) + 1
        return result.reshape((*shape[:at], 1, *shape[at:]))
    return np.expand_dims(result, axis)


def to_front(a: Any, axis: Axis) -> Any:
    """`a` with the axes to reduce made one, and that the first."""
    order, count = _front_order(axis, a.ndim)
    if order != tuple(range(a.ndim)):
        a = np.transpose(a, order)
    shape = (math.prod(a.shape[:count]), *a.shape[count:])
    return a if a.shape == shape else np.reshape(a, shape)


def from_front(front: Any, shape: tuple[int, ...], axis: Axis) -> Any:
    """The inverse of `to_front` for an array of `shape`."""
    order, _ = _front_order(axis, len(shape))
    permuted = tuple(shape[i] for i in order)
    if front.shape != permuted:
        front = np.reshape(front, permuted)
    return front if order == tuple(range(len(shape))) else np.transpose(front, inverse(order))


def _front_order(axis: Axis, ndim: int) -> tuple[tuple[int, ...], int]:
    """The permutation that brings the axes to reduce to the front, and their number."""
    axes = axes_of(axis, ndim)
    return (*axes, *(i for i in range(ndim) if i not in axes)), len(axes)


def aligned(weights: Any, a: Any, axis: Axis) -> Any:
    """`weights` in a shape that broadcasts against `a`."""
    if weights.shape == a.shape:
        return weights
    if axis is None:
        raise TypeError("Axis must be specified when shapes of a and weights differ.")
    axes = normalize_axis_tuple(axis, a.ndim)
    if weights.shape != tuple(a.shape[i] for i in axes):
        raise ValueError(
            "Shape of weights must be consistent with shape of a along specified axis."
        )
    if len(axes) > 1:
        weights = np.transpose(weights, inverse(axes))
    return np.reshape(weights, tuple(n if i in axes else 1 for i, n in enumerate(a.shape)))
