"""Functions that move entries, or leave some out: views, regions of arrays and masks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from gradtape.compiler.loops.nodes import Node, Source, access, broadcast, transposed, viewed
from gradtape.compiler.lowering.builder import Builder, axis_numbers, has_refs, lowers
from gradtape.compiler.lowering.shapes import indexed


def joined(build: Builder, parts: Sequence[Node], axis: int, shape: Sequence[int]) -> Node:
    """Parts one behind the other along an axis."""
    whole, start = build.full(0, shape, parts[0].dtype), 0
    for part in parts:
        index: list[Any] = [slice(None)] * len(shape)
        index[axis] = slice(start, start + part.shape[axis])
        start += part.shape[axis]
        if part.size:
            whole = build.place(whole, part, indexed(Source(shape, part.dtype), index), False)
    return whole


def _slice(node: Node, axis: int, start: int | None, stop: int | None, step: int = 1) -> Node:
    index: list[Any] = [slice(None)] * len(node.shape)
    index[axis] = slice(start, stop, step)
    return indexed(node, index)


@lowers(np.hstack, np.vstack, np.dstack, np.column_stack)
def _stacked(build: Builder, tup: Any, **options: Any) -> Any:
    if options or not isinstance(tup, (list, tuple)):
        return NotImplemented
    function, dtype = build.call.function, build.spec.dtype
    parts = [build.node(part, dtype) for part in tup]
    shapes: Any = {
        np.hstack: lambda s: s or (1,),
        np.vstack: lambda s: (1,) * (2 - len(s)) + s,
        np.dstack: lambda s: (*((1,) * (2 - len(s)) + s), *(1,) * (3 - max(len(s), 2))),
        np.column_stack: lambda s: s if len(s) > 1 else (*(s or (1,)), 1),
    }[function]
    parts = [build.reshape(part, shapes(part.shape)) for part in parts]
    axis = {np.hstack: int(len(parts[0].shape) > 1), np.vstack: 0, np.dstack: 2}.get(function, 1)
    return joined(build, parts, axis, build.spec.shape)


@lowers(np.roll)
def _roll(build: Builder, a: Any, shift: Any, axis: Any = None) -> Any:
    if has_refs(shift, axis):
        return NotImplemented
    node = build.node(a)
    shape = node.shape
    if not node.size:
        return node
    if axis is None or not node.shape:
        node, axis = build.reshape(node, (node.size,)), 0
    pairs = np.broadcast(np.atleast_1d(shift), np.atleast_1d(axis))
    for by, along in pairs:
        length = node.shape[along]
        cut = -int(by) % length
        if cut:
            parts = [_slice(node, along, cut, None), _slice(node, along, None, cut)]
            node = joined(build, parts, along, node.shape)
    return build.reshape(node, shape)


@lowers(np.tile)
def _tile(build: Builder, A: Any, reps: Any) -> Any:  # noqa: N803 (NumPy's name)
    if has_refs(reps):
        return NotImplemented
    node = build.node(A)
    counts = [reps] if isinstance(reps, (int, np.integer)) else list(reps)
    rank = max(len(counts), len(node.shape))
    counts = [1] * (rank - len(counts)) + counts
    shape = [1] * (rank - len(node.shape)) + list(node.shape)
    apart = build.reshape(node, [n for length in shape for n in (1, length)])
    whole = broadcast(apart, [n for c, x in zip(counts, shape, strict=True) for n in (c, x)])
    return build.reshape(whole, build.spec.shape)


@lowers(np.repeat)
def _repeat(build: Builder, a: Any, repeats: Any, axis: Any = None) -> Any:
    count = repeats if isinstance(repeats, (int, np.integer)) else None
    if count is None:
        return NotImplemented
    node = build.node(a)
    if axis is None or not node.shape:
        node, axis = build.reshape(node, (node.size,)), 0
    axis %= len(node.shape)
    before, after = node.shape[: axis + 1], node.shape[axis + 1 :]
    apart = build.reshape(node, (*before, 1, *after))
    return build.reshape(broadcast(apart, (*before, int(count), *after)), build.spec.shape)


@lowers(np.pad)
def _pad(build: Builder, array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    value = kwargs.pop("constant_values", 0)
    if mode != "constant" or kwargs or has_refs(pad_width) or isinstance(pad_width, dict):
        return NotImplemented
    if not isinstance(value, (int, float, np.number)):
        return NotImplemented
    node = build.node(array)
    widths = np.broadcast_to(pad_width, (len(node.shape), 2)).tolist()
    whole = build.full(value, build.spec.shape, node.dtype)
    if not node.size:
        return whole
    index = [slice(w, w + n) for (w, _), n in zip(widths, node.shape, strict=True)]
    return build.place(whole, node, indexed(Source(whole.shape, whole.dtype), index), False)


@lowers(np.rot90)
def _rot90(build: Builder, m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    if has_refs(k, axes):
        return NotImplemented
    node = build.node(m)
    first, second = axis_numbers(list(axes), len(node.shape))
    order = list(range(len(node.shape)))
    order[first], order[second] = second, first
    if k % 4 == 0:
        return node
    if k % 4 == 2:
        return _slice(_slice(node, first, None, None, -1), second, None, None, -1)
    if k % 4 == 1:
        return transposed(_slice(node, second, None, None, -1), order)
    return _slice(transposed(node, order), second, None, None, -1)


@lowers(np.fliplr, np.flipud)
def _flipped(build: Builder, m: Any) -> Any:
    return _slice(build.node(m), int(build.call.function is np.fliplr), None, None, -1)


@lowers(np.atleast_1d, np.atleast_2d, np.atleast_3d)
def _at_least(build: Builder, *arrays: Any) -> Any:
    specs = [build.lowered.program.specs[index] for index in build.call.outs]
    parts = [
        build.reshape(build.node(a), spec.shape) for a, spec in zip(arrays, specs, strict=True)
    ]
    return parts if build.call.several else parts[0]


@lowers(np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit)
def _split(build: Builder, ary: Any, where: Any, axis: int = 0) -> Any:
    """The lengths of the parts are known from recording."""
    function, node = build.call.function, build.node(ary)
    if has_refs(where, axis):
        return NotImplemented
    own = {np.hsplit: int(len(node.shape) > 1), np.vsplit: 0, np.dsplit: 2}
    axis = own.get(function, axis) % len(node.shape)
    if isinstance(where, (int, np.integer)):
        lengths = [build.lowered.program.specs[index].shape[axis] for index in build.call.outs]
        cuts = np.cumsum([0, *lengths]).tolist()
        return [_slice(node, axis, a, b) for a, b in pairwise(cuts)]
    cuts = [0, *[int(cut) for cut in where], node.shape[axis]]
    return [_slice(node, axis, a, b) for a, b in pairwise(cuts)]


@lowers(np.unstack)
def _unstack(build: Builder, x: Any, /, *, axis: int = 0) -> Any:
    node = build.node(x)
    axis %= len(node.shape)
    index: list[Any] = [slice(None)] * len(node.shape)
    return [indexed(node, [*index[:axis], k, *index[axis + 1 :]]) for k in range(node.shape[axis])]


@lowers(np.meshgrid)
def _meshgrid(build: Builder, *xi: Any, **options: Any) -> Any:
    if set(options) - {"indexing"}:
        return NotImplemented
    nodes = [build.node(x) for x in xi]
    rank = len(nodes)
    shape = [node.size for node in nodes]
    whole = [
        broadcast(build.reshape(node, [node.size if a == k else 1 for a in range(rank)]), shape)
        for k, node in enumerate(nodes)
    ]
    if options.get("indexing", "xy") == "xy" and rank > 1:
        whole = [transposed(node, [1, 0, *range(2, rank)]) for node in whole]
    return whole


# -- diagonals and triangles --------------------------------------------------------------------


def diagonal(node: Node, offset: int, axis1: int, axis2: int) -> Node:
    """The view of a diagonal, as the last axis."""
    _, strides, start = access(node)
    first, second = axis_numbers([axis1, axis2], len(node.shape))
    rows, columns = node.shape[first], node.shape[second]
    length = min(rows + min(offset, 0), columns - max(offset, 0))
    if length <= 0:
        length = 0
    else:
        start += max(-offset, 0) * strides[first] + max(offset, 0) * strides[second]
    rest = [a for a in range(len(node.shape)) if a not in (first, second)]
    shape = [*[node.shape[a] for a in rest], length]
    return viewed(
        node, shape, [*[strides[a] for a in rest], strides[first] + strides[second]], start
    )


@lowers(np.diagonal, np.linalg.diagonal)
def _diagonal(build: Builder, a: Any, offset: Any = 0, axis1: int = 0, axis2: int = 1) -> Any:
    if has_refs(offset, axis1, axis2):
        return NotImplemented
    if build.call.function is np.linalg.diagonal:
        axis1, axis2 = -2, -1
    return diagonal(build.node(a), int(offset), axis1, axis2)


@lowers(np.trace)
def _trace(
    build: Builder,
    a: Any,
    offset: Any = 0,
    axis1: int = 0,
    axis2: int = 1,
    dtype: Any = None,
    out: Any = None,
) -> Any:
    if out is not None or has_refs(offset, axis1, axis2, dtype):
        return NotImplemented
    node = build.cast(diagonal(build.node(a), int(offset), axis1, axis2), build.spec.dtype)
    return build.reduce("add", node, -1, False)


@lowers(np.diag, np.diagflat)
def _diag(build: Builder, v: Any, k: Any = 0) -> Any:
    node = build.node(v)
    if has_refs(k):
        return NotImplemented
    if len(node.shape) == 2 and build.call.function is np.diag:
        return diagonal(node, int(k), 0, 1)
    node = build.reshape(node, (node.size,))
    whole = build.full(0, build.spec.shape, node.dtype)
    place = diagonal(Source(whole.shape, whole.dtype), int(k), 0, 1)
    return build.place(whole, node, place, False) if node.size else whole


@lowers(np.tril, np.triu)
def _triangle(build: Builder, m: Any, k: Any = 0) -> Any:
    if has_refs(k):
        return NotImplemented
    node, dtype = build.node(m), build.spec.dtype
    if len(node.shape) < 2:
        return NotImplemented
    mask = build.call.function(np.ones(node.shape[-2:], bool), int(k))
    zero = build.node(0, dtype)
    return build.map("where", build.node(mask), node, zero, dtype=dtype)


@lowers(np.diff)
def _diff(build: Builder, a: Any, n: Any = 1, axis: Any = -1, **options: Any) -> Any:
    node = build.node(a)
    if has_refs(n, axis) or options or node.dtype.kind not in "fiu":
        return NotImplemented
    axis %= len(node.shape)
    for _ in range(int(n)):
        if not node.shape[axis]:
            return node
        pair = _slice(node, axis, 1, None), _slice(node, axis, None, -1)
        node = build.map("subtract", *pair, dtype=node.dtype)
    return node
