"""Blocks of pixels moved between axes, and sequences reversed each on its own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradtape.core.dispatch import apply
from gradtape.tf.errors import invalid
from gradtape.tf.operation import axes, integers, operation
from gradtape.tf.policy import tensor


def _pairs(value: Any, count: int, what: str) -> Any:
    found = tensor(value)._value
    if found.shape != (count, 2) or found.min(initial=0) < 0:
        raise invalid(f"Give {count} pairs of {what}, none negative: got {found.tolist()}.")
    return found


@operation
def space_to_batch(input: Any, block_shape: Any, paddings: Any, name: Any = None) -> Any:
    """The entries of each block of the axes after the first, after padding, as examples."""
    x, blocks = tensor(input), _blocks(block_shape, input)
    pairs = _pairs(paddings, len(blocks), "paddings")
    rest = x._value.shape[len(blocks) + 1 :]
    widths = ((0, 0), *map(tuple, pairs.tolist()), *((0, 0),) * len(rest))
    x = apply(np.pad, (x, widths))
    shape = [x._value.shape[0]]
    for length, block in zip(x._value.shape[1:], blocks, strict=False):
        if length % block:
            raise invalid(f"Pad to a multiple of {block}: got a length of {length}.")
        shape += [length // block, block]
    places = range(1, 2 * len(blocks), 2)
    order = (*[k + 1 for k in places], 0, *places, *range(len(shape), len(shape) + len(rest)))
    x = apply(np.transpose, (apply(np.reshape, (x, (*shape, *rest))), order))
    lengths = [shape[k] for k in places]
    return apply(np.reshape, (x, (shape[0] * math.prod(blocks), *lengths, *rest)))


space_to_batch_nd = space_to_batch


@operation
def batch_to_space(input: Any, block_shape: Any, crops: Any, name: Any = None) -> Any:
    """Examples as the entries of blocks, of which `crops` are cut off: undoes `space_to_batch`."""
    x, blocks = tensor(input), _blocks(block_shape, input)
    pairs = _pairs(crops, len(blocks), "crops")
    batch, *lengths = x._value.shape
    count, rest = len(blocks), lengths[len(blocks) :]
    if batch % math.prod(blocks):
        raise invalid(f"Give a multiple of {math.prod(blocks)} examples: got {batch}.")
    batch //= math.prod(blocks)
    x = apply(np.reshape, (x, (*blocks, batch, *lengths)))
    order = [count]
    for k in range(count):
        order += [count + 1 + k, k]
    x = apply(np.transpose, (x, (*order, *range(2 * count + 1, x.ndim))))
    whole = [length * block for length, block in zip(lengths, blocks, strict=False)]
    x = apply(np.reshape, (x, (batch, *whole, *rest)))
    cut = [
        slice(first, length - last)
        for (first, last), length in zip(pairs.tolist(), whole, strict=True)
    ]
    return x[(slice(None), *cut)]


def _blocks(block_shape: Any, input: Any) -> tuple[int, ...]:
    blocks, ndim = integers(block_shape), tensor(input).ndim
    if len(blocks) >= ndim or min(blocks) < 1:
        raise invalid(f"Give at most {ndim - 1} lengths of a block, of 1 or more: got {blocks}.")
    return blocks


@operation
def space_to_depth(input: Any, block_size: int, data_format: str = "NHWC", name: Any = None) -> Any:
    """The pixels of each square block as channels."""
    x, size = _channels_last(input, data_format), block_size
    batch, height, width, depth = x._value.shape
    if height % size or width % size:
        raise invalid(f"Give lengths that {size} divides: got {height} and {width}.")
    x = apply(np.reshape, (x, (batch, height // size, size, width // size, size, depth)))
    x = apply(np.transpose, (x, (0, 1, 3, 2, 4, 5)))
    shape = (batch, height // size, width // size, size * size * depth)
    return _channels_back(apply(np.reshape, (x, shape)), data_format)


@operation
def depth_to_space(input: Any, block_size: int, data_format: str = "NHWC", name: Any = None) -> Any:
    """Channels as the pixels of square blocks: undoes `space_to_depth`."""
    x, size = _channels_last(input, data_format), block_size
    batch, height, width, depth = x._value.shape
    if depth % (size * size):
        raise invalid(f"Give a multiple of {size * size} channels: got {depth}.")
    depth //= size * size
    x = apply(np.reshape, (x, (batch, height, width, size, size, depth)))
    x = apply(np.transpose, (x, (0, 1, 3, 2, 4, 5)))
    x = apply(np.reshape, (x, (batch, height * size, width * size, depth)))
    return _channels_back(x, data_format)


def _channels_last(input: Any, data_format: str) -> Any:
    x = tensor(input)
    if data_format not in ("NHWC", "NCHW") or x.ndim != 4:
        raise invalid(f"Give images of rank 4, NHWC or NCHW: got {data_format}, rank {x.ndim}.")
    return x if data_format == "NHWC" else apply(np.transpose, (x, (0, 2, 3, 1)))


def _channels_back(x: Any, data_format: str) -> Any:
    return x if data_format == "NHWC" else apply(np.transpose, (x, (0, 3, 1, 2)))


@operation
def reverse_sequence(
    input: Any, seq_lengths: Any, seq_axis: Any = None, batch_axis: Any = None, name: Any = None
) -> Any:
    """The first ``seq_lengths[i]`` entries of example i in the opposite order."""
    x, ends = tensor(input), tensor(seq_lengths)._value
    along, batch = axes(seq_axis) or 0, axes(batch_axis) or 0
    count, examples = x._value.shape[along], x._value.shape[batch]
    if ends.shape != (examples,) or ends.min(initial=0) < 0 or ends.max(initial=0) > count:
        raise invalid(f"Give {examples} lengths from 0 to {count}: got {ends.tolist()}.")
    places = np.arange(count)
    order = np.where(places < ends[:, None], ends[:, None] - 1 - places, places)
    shape = [1] * x.ndim
    shape[batch], shape[along] = examples, count
    order = (order if batch < along else order.T).reshape(shape)
    return apply(np.take_along_axis, (x, order, along))
