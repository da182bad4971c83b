"""Functions that write into an argument, or to ``out=``: what they make of a copy of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.compiler.copies import added_at, changed, stored
from gradtape.compiler.loops.nodes import Node, Source, broadcast
from gradtape.compiler.lowering.builder import Builder, has_refs, lowers
from gradtape.compiler.lowering.moves import diagonal
from gradtape.compiler.lowering.positions import along, put, scattered


@lowers(changed)
def _changed(build: Builder, a: Any, function: Any, *args: Any) -> Any:
    name, owner = getattr(function, "__name__", ""), getattr(function, "__self__", None)
    if name == "at" and owner is np.add and len(args) == 2:
        return build.again(added_at, a, *args)
    way = _WAYS.get(function)
    return NotImplemented if way is None else way(build, build.node(a), *args)


def _put_along(build: Builder, base: Node, indices: Any, values: Any, axis: Any = -1) -> Any:
    if axis is None or has_refs(axis) or not base.shape:
        return NotImplemented
    if len(build.node(indices).shape) != len(base.shape):
        return NotImplemented
    base = build.copied(base)
    found = along(build, base, indices, axis % len(base.shape))
    value = build.node(values, base.dtype)
    return NotImplemented if found is None else put(build, base, found, value, False)


def _put(build: Builder, base: Node, index: Any, value: Any) -> Any:
    """Write one value for each index into the entries, in row order."""
    if has_refs(index) or not base.size:
        return NotImplemented
    where, new = np.asarray(index).reshape(-1), build.node(value, base.dtype)
    if new.size != where.size or not where.size:
        return NotImplemented
    flat = build.copied(build.reshape(base, (base.size,)))
    written = scattered(build, flat, where, build.reshape(new, (new.size,)), False)
    return written if written is NotImplemented else build.reshape(written, base.shape)


def _copy_to(build: Builder, base: Node, value: Any) -> Any:
    return broadcast(build.node(value, base.dtype), base.shape)


def _fill_diagonal(build: Builder, base: Node, value: Any) -> Any:
    new = build.node(value, base.dtype)
    if len(base.shape) != 2 or new.shape or base.shape[0] > base.shape[1] or not base.size:
        return NotImplemented
    place = diagonal(Source(base.shape, base.dtype), 0, 0, 1)
    return build.place(base, broadcast(new, place.shape), place, False)


_WAYS: dict[Any, Any] = {
    np.put_along_axis: _put_along,
    np.put: _put,
    np.copyto: _copy_to,
    np.fill_diagonal: _fill_diagonal,
    np.ndarray.fill: _copy_to,
}


@lowers(stored)
def _stored(build: Builder, a: Any, function: Any, options: Any, *args: Any) -> Any:
    """A ufunc with ``out=``, which decides the dtype of the result, and may be larger."""
    if options or not isinstance(function, np.ufunc):
        return NotImplemented
    found = build.again(function, *args)
    if found is NotImplemented:
        return found
    return broadcast(build.cast(found, build.spec.dtype), build.spec.shape)
