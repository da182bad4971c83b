"""Shapes of arrays, and functions that only move, join and repeat entries."""

from __future__ import annotations

from itertools import accumulate, zip_longest
from typing import Any

import numpy as np

from gradtape.core.dispatch import apply
from gradtape.core.handle import UNTRACKED, Handle, settled
from gradtape.core.tensor import Tensor as Plain
from gradtape.rules.indexing import overwrite
from gradtape.rules.joining import concat as joined
from gradtape.rules.selection import choice
from gradtape.rules.shaping import reshaped, transposed
from gradtape.tf.dtypes import int32, numpy_dtype
from gradtape.tf.errors import invalid, invalid_type
from gradtape.tf.operation import axes, direct, integers, lengths, operation
from gradtape.tf.policy import lifted, tensor, together
from gradtape.tf.shapes import TensorShape
from gradtape.tf.tensors import Tensor

as_tensor = tensor

# -- what a shape is ----------------------------------------------------------------------------


def _integers(values: Any, dtype: Any) -> Tensor:
    """`values`, Python integers, as a constant."""
    wanted = np.dtype(np.int32) if dtype is None else numpy_dtype(dtype)
    if wanted.kind != "i" or wanted.itemsize < 4:
        raise invalid(f"Ask for out_type tf.int32 or tf.int64: got {wanted}.")
    return lifted(np.array(values, wanted))  # type: ignore[no-any-return]


def _shape_of(value: Any) -> tuple[int, ...]:
    """The shape of a Tensor, an array or a nested list."""
    found: tuple[int, ...] = (value if isinstance(value, Handle) else tensor(value))._value.shape
    return found


def shape(input: Any, out_type: Any = None, name: Any = None) -> Tensor:
    """The lengths of the axes, as an integer vector."""
    return _integers(_shape_of(input), out_type)


def shape_n(input: Any, out_type: Any = int32, name: Any = None) -> list[Tensor]:
    """The shape of each Tensor of a list."""
    return [shape(part, out_type) for part in input]


def rank(input: Any, name: Any = None) -> Tensor:
    """The number of axes."""
    return _integers(len(_shape_of(input)), None)


def size(input: Any, out_type: Any = None, name: Any = None) -> Tensor:
    """The number of entries."""
    return _integers(int(np.prod(_shape_of(input), dtype=int)), out_type)


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """The shape to which both broadcast.

    Raises
    ------
    ValueError
        If there is none.
    """
    first, second = TensorShape(shape_x), TensorShape(shape_y)
    if first.rank is None or second.rank is None:
        return TensorShape(None)
    pairs = zip_longest(reversed(first), reversed(second), fillvalue=1)
    return TensorShape([_common(a, b, first, second) for a, b in pairs][::-1])


def _common(a: Any, b: Any, first: TensorShape, second: TensorShape) -> Any:
    """The length to which the lengths `a` and `b` broadcast; None is any."""
    if a is None or b is None:
        known = b if a is None else a
        return known if known is not None and known > 1 else None
    if a != b and 1 not in (a, b):
        raise ValueError(f"Give shapes that broadcast: got {first} and {second}.")
    return b if a == 1 else a


@operation
def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Any:
    """The shape to which both broadcast, as an integer vector."""
    return np.array(np.broadcast_shapes(lengths(shape_x), lengths(shape_y)), np.int32)


@operation
def ensure_shape(x: Any, shape: Any, name: Any = None) -> Any:
    """`x` itself, if its shape is `shape`, in which None stands for any length."""
    x = tensor(x)
    if not TensorShape(shape).is_compatible_with(x._value.shape):
        raise invalid(f"Give a Tensor of shape {TensorShape(shape)}: got {x._value.shape}.")
    return apply(np.positive, (x,)) if x._value.dtype.kind in "fc" else x


# -- other shapes of the same entries -----------------------------------------------------------


@operation
def reshape(tensor: Any, shape: Any, name: Any = None) -> Any:
    """The same entries, in row-major order, in another shape; one length may be -1."""
    x = as_tensor(tensor)
    if isinstance(shape, Handle) and not shape._value.shape:
        raise invalid(f"Give the shape as a vector: got {shape._value!r}.")
    return direct(reshaped, x, {"shape": lengths(shape)})


@operation
def transpose(a: Any, perm: Any = None, conjugate: bool = False, name: Any = None) -> Any:
    """The axes in the order `perm`, or reversed; with `conjugate` the conjugate transpose."""
    a = tensor(a)
    ndim = a.ndim
    order = tuple(range(ndim))[::-1] if perm is None else integers(perm)
    if len(order) != ndim or sorted(order) != list(range(ndim)):
        raise invalid(f"Give a permutation of 0 ... {ndim - 1}: tf.transpose got {order}.")
    result = direct(transposed, a, {"axes": order})
    return np.conjugate(result) if conjugate and a.dtype.kind == "c" else result


@operation
def squeeze(input: Any, axis: Any = None, name: Any = None) -> Any:
    """`input` without its axes of length 1, or without those at `axis`."""
    x, axis = tensor(input), axes(axis)
    if axis is None or axis == ():
        return direct(reshaped, x, {"shape": tuple([n for n in x._value.shape if n != 1])})
    return apply(np.squeeze, (x, axis))


@operation
def expand_dims(input: Any, axis: Any, name: Any = None) -> Any:
    """`input` with a new axis of length 1 at `axis`."""
    x, axis = tensor(input), axes(axis)
    if axis is None:
        raise invalid("Give tf.expand_dims an axis: got None.")
    if isinstance(axis, tuple):
        if len(axis) != 1:
            raise invalid(f"Give tf.expand_dims one axis: got {axis}.")
        (axis,) = axis
    ndim = x.ndim
    if not -ndim - 1 <= axis <= ndim:
        raise invalid(f"Give an axis from {-ndim - 1} to {ndim}: tf.expand_dims got {axis}.")
    shape, at = x._value.shape, axis % (ndim + 1)
    return direct(reshaped, x, {"shape": (*shape[:at], 1, *shape[at:])})


@operation
def broadcast_to(input: Any, shape: Any, name: Any = None) -> Any:
    """`input` repeated along axes of length 1, and along new leading ones, to `shape`."""
    x, wanted = tensor(input), lengths(shape)
    return apply(np.broadcast_to, (x, wanted))


@operation
def reverse(tensor: Any, axis: Any, name: Any = None) -> Any:
    """The entries in the opposite order along each axis of the list `axis`."""
    x, axis = as_tensor(tensor), axes(axis)
    if not isinstance(axis, tuple):
        raise invalid(f"Give tf.reverse a list of axes: got {axis!r}.")
    return apply(np.flip, (x, axis)) if axis else x


@operation
def roll(input: Any, shift: Any, axis: Any, name: Any = None) -> Any:
    """The entries moved by `shift` along `axis`; what leaves at the end returns at the start."""
    x, shift, axis = tensor(input), axes(shift), axes(axis)
    if np.ndim(shift) != np.ndim(axis) or (np.ndim(axis) and len(shift) != len(axis)):
        raise invalid(f"Give as many shifts as axes: tf.roll got {shift} and {axis}.")
    if not x.ndim:
        raise invalid("Give tf.roll a Tensor of rank 1 or more: this one is a scalar.")
    return apply(np.roll, (x, shift, axis))


# -- joining and cutting ------------------------------------------------------------------------


@operation
def concat(values: Any, axis: Any, name: Any = None) -> Any:
    """The Tensors of a list, one after the other along `axis`."""
    if not isinstance(values, (list, tuple)):
        return tensor(values)
    if not values:
        raise invalid("Give tf.concat at least one Tensor: got none.")
    found = axes(axis)
    if isinstance(found, tuple):
        (found,) = found
    return _joined(together(*values), int(found))


def _joined(parts: tuple[Any, ...], axis: int) -> Any:
    ndim = parts[0].ndim
    at = axis + ndim if axis < 0 else axis
    if not 0 <= at < ndim or any([part.ndim != ndim for part in parts]):
        return apply(np.concatenate, (parts, axis))  # which says what is wrong
    ends = tuple(accumulate([part._value.shape[at] for part in parts], initial=0))
    return direct(joined, tuple(parts), {"axis": at, "starts": ends[:-1]})


@operation
def stack(values: Any, axis: Any = 0, name: Any = None) -> Any:
    """The Tensors of a list, of one shape, along a new axis."""
    if isinstance(values, Plain):
        values = _rows(values, 0)
    if not len(values):
        return tensor([])
    parts = together(*values)
    ndim = parts[0].ndim + 1
    if not -ndim <= axis < ndim:
        raise invalid(f"Give an axis from {-ndim} to {ndim - 1}: tf.stack got {axis}.")
    return apply(np.stack, (parts, axis))


def parallel_stack(values: Any, name: Any = None) -> Any:
    """`stack` along the first axis."""
    return stack(values)


@operation
def unstack(value: Any, num: Any = None, axis: int = 0, name: Any = None) -> Any:
    """The list of the slices along `axis`, which is dropped."""
    x = tensor(value)
    if not -x.ndim <= axis < x.ndim:
        raise invalid(f"Give an axis from {-x.ndim} to {x.ndim - 1}: tf.unstack got {axis}.")
    if num is not None and num != x._value.shape[axis]:
        raise invalid(f"Give num={x._value.shape[axis]}, the length of axis {axis}: got {num}.")
    return _rows(x, axis)


def _rows(x: Any, axis: int) -> list[Any]:
    before = (slice(None),) * (axis % x.ndim)
    return [x[(*before, i)] for i in range(x._value.shape[axis])]


@operation
def split(
    value: Any, num_or_size_splits: Any, axis: Any = 0, num: Any = None, name: Any = None
) -> Any:
    """The list of the parts along `axis`: so many equal ones, or of these lengths."""
    x, axis = tensor(value), axes(axis)
    if not -x.ndim <= axis < x.ndim:
        raise invalid(f"Give an axis from {-x.ndim} to {x.ndim - 1}: tf.split got {axis}.")
    if isinstance(num_or_size_splits, Handle) and not num_or_size_splits._value.shape:
        raise invalid(
            f"Give tf.split a Python number of parts: got the Tensor {num_or_size_splits!r}."
        )
    sizes, start, parts = _sizes(axes(num_or_size_splits), x._value.shape[axis]), 0, []
    before = (slice(None),) * (axis % x.ndim)
    for length in sizes:
        parts.append(x[(*before, slice(start, start + length))])
        start += length
    return parts


def _sizes(asked: Any, length: int) -> list[int]:
    """The lengths of the parts of an axis; one -1 among them means the rest."""
    if not isinstance(asked, tuple):
        if asked < 1 or length % asked:
            raise invalid(f"Give a number of parts that divides {length}: tf.split got {asked}.")
        return [length // asked] * asked
    sizes = list(asked)
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = length - sum(sizes) - 1
    if sum(sizes) != length or min(sizes, default=0) < 0:
        raise invalid(f"Give lengths that add up to {length}: tf.split got {list(asked)}.")
    return sizes


# -- repeating and padding ----------------------------------------------------------------------


@operation
def tile(input: Any, multiples: Any, name: Any = None) -> Any:
    """`input` repeated as a whole, so often along each axis."""
    x, times = tensor(input), axes(multiples)
    if not isinstance(times, tuple) or len(times) != x.ndim or min(times, default=0) < 0:
        raise invalid(f"Give tf.tile {x.ndim} multiples, none negative: got {times!r}.")
    lengths = x._value.shape
    apart = direct(reshaped, x, {"shape": tuple([k for n in lengths for k in (1, n)])})
    pairs = tuple([k for pair in zip(times, lengths, strict=True) for k in pair])
    whole = tuple([k * n for k, n in zip(times, lengths, strict=True)])
    return direct(reshaped, apply(np.broadcast_to, (apart, pairs)), {"shape": whole})


@operation
def repeat(input: Any, repeats: Any, axis: Any = None, name: Any = None) -> Any:
    """Each entry `repeats` times along `axis`, or of the flat Tensor."""
    x, times = tensor(input), np.asarray(_plain(repeats))
    if axis is None:
        x, axis = apply(np.ravel, (x,)), 0
    elif not -x.ndim <= axis < x.ndim:
        raise invalid(f"Give an axis from {-x.ndim} to {x.ndim - 1}: tf.repeat got {axis}.")
    length = x._value.shape[axis]
    if times.ndim > 1 or (times.ndim and len(times) not in (1, length)):
        raise invalid(f"Give one number, or {length}: tf.repeat got {times.tolist()}.")
    if not times.ndim:
        return apply(np.repeat, (x, int(times), axis))
    return apply(np.repeat, (x, times, axis))


def _plain(value: Any) -> Any:
    return value._value if isinstance(value, Handle) else value


_MODES = {"CONSTANT": "constant", "REFLECT": "reflect", "SYMMETRIC": "symmetric"}


@operation
def pad(
    tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, name: Any = None
) -> Any:
    """`tensor` with ``paddings[axis] = (before, after)`` entries more along each axis.

    These are `constant_values`, or mirror images of the entries: without the outermost ("REFLECT")
    or with it ("SYMMETRIC").
    """
    x, widths = as_tensor(tensor), np.asarray(_plain(paddings))
    if mode.upper() not in _MODES:
        raise invalid(f"Give mode 'CONSTANT', 'REFLECT' or 'SYMMETRIC': got {mode!r}.")
    if widths.dtype.kind not in "iu":
        raise invalid_type(f"Give integer paddings: got {widths.tolist()}.")
    if widths.shape != (x.ndim, 2) or widths.min(initial=0) < 0:
        raise invalid(f"Give {x.ndim} pairs of paddings, none negative: got {widths.tolist()}.")
    if mode.upper() == "CONSTANT":
        return _padded(x, widths, constant_values)
    longest = np.array(x._value.shape) - (mode.upper() == "REFLECT")
    if (widths > longest[:, None]).any():
        raise invalid(f"Give paddings of at most {longest.tolist()} along the axes: got {widths}.")
    return apply(np.pad, (x, tuple(map(tuple, widths.tolist())), _MODES[mode.upper()]))


def _padded(x: Any, widths: Any, constant_values: Any) -> Any:
    pairs = tuple(map(tuple, widths.tolist()))
    if isinstance(constant_values, Handle):  # differentiable too
        frame = np.pad(np.ones(x._value.shape, bool), pairs)
        return apply(np.where, (frame, apply(np.pad, (x, pairs)), constant_values))
    shape = tuple([n + a + b for n, (a, b) in zip(x._value.shape, pairs, strict=True)])
    inside = tuple([slice(a, a + n) for n, (a, _) in zip(x._value.shape, pairs, strict=True)])
    value = together(x, constant_values)[1]._value if constant_values else 0
    around = Plain(settled(np.full(shape, value, x._value.dtype)), UNTRACKED)
    return apply(overwrite, (around, x), {"index": inside})


# -- the same -----------------------------------------------------------------------------------


@operation
def identity(input: Any, name: Any = None) -> Any:
    """A Tensor of the same value, connected to `input`."""
    x = tensor(input)
    return apply(np.positive, (x,)) if x._value.dtype.kind in "fc" else x


guarantee_const = identity


def identity_n(input: Any, name: Any = None) -> list[Any]:
    """`identity` of each Tensor of a list."""
    return [identity(part) for part in input]


# -- choosing -----------------------------------------------------------------------------------


@operation
def where(condition: Any, x: Any = None, y: Any = None, name: Any = None) -> Any:
    """`x` where `condition` holds and `y` elsewhere; without them, where it holds.

    The positions of true, or nonzero, entries are the rows of an int64 matrix. What was not chosen
    contributes nothing to a gradient, also where its derivative is infinite.
    """
    chosen = tensor(condition)
    if (x is None) != (y is None):
        raise invalid("Give tf.where both x and y, or neither.")
    if x is None:
        return apply(np.argwhere, (chosen,))
    if chosen._value.dtype.kind != "b":
        raise invalid_type(f"Give tf.where a boolean condition: got {chosen._value.dtype}.")
    return apply(choice, (chosen, *together(x, y)))


@operation
def slice_(input_: Any, begin: Any, size: Any, name: Any = None) -> Any:
    """The block that starts at `begin`, of `size`; a length of -1 means all that is left."""
    x, first, extent = tensor(input_), integers(begin), integers(size)
    if not len(first) == len(extent) == x.ndim:
        raise invalid(f"Give tf.slice {x.ndim} numbers each: got {first} and {extent}.")
    index = []
    for length, start, count in zip(x._value.shape, first, extent, strict=True):
        count = length - start if count == -1 else count
        if start < 0 or count < 0 or start + count > length:
            raise invalid(
                f"Stay within the shape {x._value.shape}: "
                f"tf.slice got begin {first}, size {extent}."
            )
        index.append(slice(start, start + count))
    return x[tuple(index)]


@operation
def strided_slice(
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    var: Any = None,
    name: Any = None,
) -> Any:
    """``input_[begin[0]:end[0]:strides[0], ...]``; bit i of a mask changes what place i means.

    `begin_mask`, `end_mask`: the bound is left out; `ellipsis_mask`: it is ``...``;
    `new_axis_mask`: it is a new axis; `shrink_axis_mask`: it is the integer ``begin[i]``.
    """
    x, first, last = tensor(input_), integers(begin), integers(end)
    steps = (1,) * len(first) if strides is None else integers(strides)
    if not len(first) == len(last) == len(steps):
        raise invalid(f"Give as many begins, ends and strides: got {first}, {last}, {steps}.")
    index: list[Any] = []
    for i, (start, stop, step) in enumerate(zip(first, last, steps, strict=True)):
        bit = 1 << i
        if ellipsis_mask & bit:
            index.append(Ellipsis)
        elif new_axis_mask & bit:
            index.append(None)
        elif shrink_axis_mask & bit:
            index.append(start)
        else:
            index.append(
                slice(None if begin_mask & bit else start, None if end_mask & bit else stop, step)
            )
    return x[tuple(index)]


@operation
def unravel_index(indices: Any, dims: Any, name: Any = None) -> Any:
    """The positions, in an array of the shape `dims`, of flat positions."""
    flat = tensor(indices)
    return np.stack(np.unravel_index(flat._value, lengths(dims))).astype(flat.dtype)


@operation
def bitcast(input: Any, type: Any, name: Any = None) -> Any:
    """The same bytes read as another dtype; an axis of the ratio of the sizes goes or comes."""
    value, dtype = np.ascontiguousarray(tensor(input)._value), numpy_dtype(type)
    value = value.reshape(tensor(input)._value.shape)
    old, new = value.dtype.itemsize, dtype.itemsize
    if new <= old:
        return value[..., None].view(dtype) if new < old else value.view(dtype)
    if not value.ndim or value.shape[-1] != new // old:
        raise invalid(f"Give a last axis of length {new // old}: got shape {value.shape}.")
    return value.view(dtype)[..., 0]
