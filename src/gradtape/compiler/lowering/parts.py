"""Arrays put together of parts, and written into."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.compiler.copies import added_at, updated
from gradtape.compiler.loops.nodes import Source, broadcast
from gradtape.compiler.lowering.builder import LOWERINGS, Builder, Lowering, has_refs, lowers
from gradtape.compiler.lowering.moves import joined
from gradtape.compiler.lowering.positions import scattered
from gradtape.compiler.lowering.shapes import indexed, is_basic


@lowers(added_at, updated)
def _at(build: Builder, a: Any, index: Any, value: Any) -> Any:
    parts = index if isinstance(index, tuple) else (index,)
    adds = build.call.function is not updated
    base = build.filled(a, build.spec.dtype)
    if not all(is_basic(part) for part in parts) or has_refs(index):
        return scattered(build, base, index, value, adds)
    place = indexed(Source(base.shape, base.dtype), parts)
    value = build.node(value, build.spec.dtype)
    if len(value.shape) > len(place.shape):
        return NotImplemented
    return build.place(base, broadcast(value, place.shape), place, adds)


@lowers(np.concatenate)
def _concatenate(build: Builder, arrays: Any, axis: Any = 0, *args: Any, **kwargs: Any) -> Any:
    if args or kwargs or not isinstance(arrays, (list, tuple)):
        return NotImplemented
    parts = [build.node(array, build.spec.dtype) for array in arrays]
    if axis is None:
        parts, axis = [build.reshape(part, (part.size,)) for part in parts], 0
    return joined(build, parts, axis, build.spec.shape)


@lowers(np.append)
def _append(build: Builder, arr: Any, values: Any, axis: Any = None) -> Any:
    return _concatenate(build, (arr, values), axis)


@lowers(np.stack)
def _stack(build: Builder, arrays: Any, axis: int = 0, **kwargs: Any) -> Any:
    if kwargs or not isinstance(arrays, (list, tuple)):
        return NotImplemented
    shape, dtype = build.spec.shape, build.spec.dtype
    whole = build.full(0, shape, dtype)
    for k, array in enumerate(arrays):
        index: list[Any] = [slice(None)] * len(shape)
        index[axis] = k
        part = build.node(array, dtype)
        if part.size:
            whole = build.place(whole, part, indexed(Source(shape, dtype), index), False)
    return whole


def _filling(value: Any) -> Lowering:
    def lowering(build: Builder, a: Any, *args: Any, **kwargs: Any) -> Any:
        return build.full(value, build.spec.shape, build.spec.dtype)

    return lowering


LOWERINGS[np.zeros_like], LOWERINGS[np.ones_like] = _filling(0), _filling(1)


@lowers(np.full_like)
def _full_like(build: Builder, a: Any, fill_value: Any, *args: Any, **kwargs: Any) -> Any:
    return broadcast(build.node(fill_value, build.spec.dtype), build.spec.shape)


@lowers(np.count_nonzero)
def _count_nonzero(build: Builder, a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    mask = build.truth(build.node(a))
    return build.reduce("add", build.cast(mask, build.spec.dtype), axis, keepdims)
