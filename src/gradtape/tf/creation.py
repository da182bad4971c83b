"""Arrays made from nothing, or from a few numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradtape.core.dispatch import apply
from gradtape.core.handle import Handle
from gradtape.tf.dtypes import bool as tf_bool
from gradtape.tf.dtypes import float32, numpy_dtype
from gradtape.tf.errors import invalid, invalid_type
from gradtape.tf.operation import axes, lengths, operation
from gradtape.tf.policy import tensor, together

# -- one value everywhere -----------------------------------------------------------------------


@operation
def zeros(shape: Any, dtype: Any = float32, name: Any = None, layout: Any = None) -> Any:
    """Zeros."""
    return np.zeros(lengths(shape), numpy_dtype(dtype))


@operation
def ones(shape: Any, dtype: Any = float32, name: Any = None, layout: Any = None) -> Any:
    """Ones."""
    return np.ones(lengths(shape), numpy_dtype(dtype))


@operation
def fill(dims: Any, value: Any, name: Any = None, layout: Any = None) -> Any:
    """`value`, a scalar, everywhere."""
    value = tensor(value)
    if value.ndim:
        raise invalid(f"Give tf.fill a scalar: got shape {value.shape}.")
    shape = lengths(dims)
    if min(shape, default=0) < 0:
        raise invalid(f"Give lengths of 0 or more: tf.fill got {shape}.")
    return apply(np.broadcast_to, (value, shape))


@operation
def zeros_like(input: Any, dtype: Any = None, name: Any = None, layout: Any = None) -> Any:
    """Zeros of the shape of `input`."""
    return _like(np.zeros, input, dtype)


@operation
def ones_like(input: Any, dtype: Any = None, name: Any = None, layout: Any = None) -> Any:
    """Ones of the shape of `input`."""
    return _like(np.ones, input, dtype)


def _like(make: Any, input: Any, dtype: Any) -> Any:
    value = tensor(input)._value
    return make(value.shape, value.dtype if dtype is None else numpy_dtype(dtype))


@operation
def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: Any = float32,
    name: Any = None,
) -> Any:
    """An identity matrix, or one for each place of `batch_shape`."""
    rows = axes(num_rows)
    columns = rows if num_columns is None else axes(num_columns)
    if min(rows, columns) < 0:
        raise invalid(f"Give tf.eye lengths of 0 or more: got {rows} and {columns}.")
    matrix = np.eye(rows, columns, dtype=numpy_dtype(dtype))
    if batch_shape is None:
        return matrix
    return np.broadcast_to(matrix, (*lengths(batch_shape), rows, columns)).copy()


# -- sequences ----------------------------------------------------------------------------------

_RANGES = tuple(map(np.dtype, ("int32", "int64", "float16", "float32", "float64")))
"""The dtypes of a range; of several, the last."""


@operation
def range_(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: Any = None
) -> Any:
    """``start, start + delta, ...`` below `limit`; with one argument, 0, 1, ... below that."""
    if limit is None:
        start, limit = 0, start
    given = [start, limit, delta]
    if dtype is not None:
        wanted = numpy_dtype(dtype)
        if wanted.kind not in "iuf" or (
            wanted.kind in "iu" and any(isinstance(part, float) for part in given)
        ):
            raise TypeError(f"Give numbers that fit dtype {wanted}: tf.range got {given}.")
        first, last, step = (tensor(part, wanted)._value for part in given)
    else:
        found = [tensor(part)._value for part in given]
        wanted = max((part.dtype for part in found), key=_RANGES.index)
        first, last, step = (part.reshape(-1)[0].astype(wanted) for part in found)
    if not step or (last > first and step < 0) or (last < first and step > 0):
        raise invalid(f"Give a delta that leads from start to limit: got {given}.")
    return _counted(first, last, step, wanted)


def _counted(first: Any, last: Any, step: Any, dtype: Any) -> Any:
    if dtype.kind in "iu":
        return np.arange(int(first), int(last), int(step)).astype(dtype)
    count = math.ceil(abs((float(last) - float(first)) / float(step)))
    return first + np.arange(count).astype(dtype) * step


@operation
def linspace(start: Any, stop: Any, num: Any, name: Any = None, axis: int = 0) -> Any:
    """`num` numbers at equal distances from `start` to `stop`, along `axis`."""
    start, stop = together(start, stop)
    count = _number(num)
    if start.dtype.kind in "iu":
        start, stop = start.astype(np.float64), stop.astype(np.float64)
    result = apply(np.linspace, (start, stop, count), {"axis": axis})
    return result if result.dtype == start.dtype else result.astype(start.dtype)


linspace_nd = linspace


def _number(value: Any) -> int:
    found = value._value if isinstance(value, Handle) else np.asarray(value)
    if found.dtype.kind not in "iu":
        raise invalid_type(f"Give an integer number: got {value!r}.")
    return int(found)


def meshgrid(*args: Any, **kwargs: Any) -> list[Any]:
    """The coordinates of a grid, one Tensor for each vector.

    ``indexing="xy"``, the default, varies the first vector along the second axis; ``"ij"`` along
    the first.
    """
    indexing = kwargs.pop("indexing", "xy")
    kwargs.pop("name", None)
    if kwargs:
        raise TypeError(f"Give tf.meshgrid only indexing=: got {', '.join(kwargs)}=.")
    if indexing not in ("xy", "ij"):
        raise ValueError(f"Give indexing='xy' or 'ij': got {indexing!r}.")
    return list(_meshgrid(list(args), indexing)) if args else []


@operation
def _meshgrid(parts: Any, indexing: str) -> Any:
    vectors = [apply(np.ravel, (tensor(part),)) for part in parts]
    if len(vectors) == 1:
        return vectors
    return tuple(apply(np.meshgrid, vectors, {"indexing": indexing}))


# -- marks --------------------------------------------------------------------------------------


@operation
def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: Any = None,
    dtype: Any = None,
    name: Any = None,
) -> Any:
    """`on_value` where the position along the new axis is the index, `off_value` elsewhere.

    An index outside of ``range(depth)`` has no mark. The values are 1 and 0, in float32, unless
    something else says a dtype.
    """
    places, count = tensor(indices)._value, _number(depth)
    if places.dtype.kind not in "iu":
        raise invalid_type(f"Give integer indices: tf.one_hot got dtype {places.dtype}.")
    if count < 0:
        raise invalid(f"Give a depth of 0 or more: tf.one_hot got {count}.")
    axis, ndim = (-1 if axis is None else axis), places.ndim + 1
    if not -1 <= axis < ndim:
        raise invalid(f"Give an axis from -1 to {ndim - 1}: tf.one_hot got {axis}.")
    at = axis % ndim
    positions = np.arange(count).reshape((-1,) + (1,) * (ndim - 1 - at))
    marked = np.expand_dims(places, at) == positions
    if on_value is None and off_value is None:
        return marked.astype(np.float32 if dtype is None else numpy_dtype(dtype))
    return apply(np.where, (marked, *_marks(on_value, off_value, dtype)))


def _marks(on: Any, off: Any, dtype: Any) -> Any:
    """The two values of `one_hot` in one dtype."""
    given = [None if value is None else tensor(value) for value in (on, off)]
    if dtype is None:
        dtype = next((value.dtype for value in given if value is not None), np.dtype(np.float32))
    wanted = numpy_dtype(dtype)
    if any(value is not None and value.dtype != wanted for value in given):
        raise TypeError(f"Give on_value and off_value of dtype {wanted}: got {on!r} and {off!r}.")
    return [
        wanted.type(one) if value is None else value
        for value, one in zip(given, (1, 0), strict=True)
    ]


@operation
def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = tf_bool, name: Any = None) -> Any:
    """Which of the first `maxlen` places are before each of `lengths`."""
    ends = tensor(lengths)._value
    if maxlen is None:
        count = max(int(np.max(ends, initial=0)), 0)
    else:
        limit = np.asarray(maxlen._value if isinstance(maxlen, Handle) else maxlen)
        if limit.ndim:
            raise invalid(f"Give a scalar maxlen: got shape {limit.shape}.")
        count = int(limit)
    return (np.arange(count) < np.expand_dims(ends, -1)).astype(numpy_dtype(dtype))
