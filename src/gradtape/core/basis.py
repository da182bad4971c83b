"""Jacobians of what was recorded: all basis vectors go through the record at once, as one batch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradtape.core.batch import Batch, Level
from gradtape.core.cotangents import Masked, dense, is_finite
from gradtape.core.forward import Linearization
from gradtape.core.handle import Handle, Spec
from gradtape.core.kinds import raw
from gradtape.core.tape import GradientTape


def pull_basis(
    tape: GradientTape, target: Any, sources: Sequence[Any], chunk: int | None = None
) -> list[Any]:
    """The Jacobian of `target` with respect to each source, by reverse mode.

    Each has shape ``target.shape + source.shape``; None where nothing connects the two. At most
    `chunk` rows are computed at once.
    """
    shape = target._value.shape
    blocks = [
        pull_rows(tape, target, sources, basis.reshape(len(basis), *shape))
        for basis in _identity(math.prod(shape), target._value.dtype, chunk)
    ]
    return [
        _joined(parts, (*shape, *source._value.shape)) for parts, source in _by(blocks, sources)
    ]


def pull_rows(
    tape: GradientTape, target: Any, sources: Sequence[Any], cotangents: Any
) -> list[Any]:
    """What `tape` gives for each of the `cotangents`, stacked along a first axis."""
    ids = [tape._source_identity(source) for source in sources]
    with Level(len(cotangents)) as level:
        seed = Batch(cotangents, level)
        found = tape._sweep([target], [seed], ids, keep=True)
        rows = [_examples(found.get(i), s._value, level) for i, s in zip(ids, sources, strict=True)]
        if all([row is None or is_finite(raw(row)) for row in rows]):
            return rows
        # An infinite slope has met a zero of the basis: those zeros are structural.
        masked = Masked(seed, Batch(cotangents != 0, level))
        found = tape._sweep([target], [masked], ids, keep=True)
        return [_examples(found.get(i), s._value, level) for i, s in zip(ids, sources, strict=True)]


def push_basis(
    record: Linearization, source: int, targets: Sequence[Any], chunk: int | None = None
) -> list[Any]:
    """The Jacobian of each target with respect to the source number `source`, by forward mode."""
    value = record.sources[source]._value
    size = math.prod(value.shape)
    blocks = [
        push_columns(record, source, targets, basis.reshape(len(basis), *value.shape))
        for basis in _identity(size, value.dtype, chunk)
    ]
    columns = [_joined(parts, (size, *y._value.shape)) for parts, y in _by(blocks, targets)]
    return [
        None if c is None else np.reshape(np.moveaxis(c, 0, -1), (*y._value.shape, *value.shape))
        for c, y in zip(columns, targets, strict=True)
    ]


def push_columns(
    record: Linearization, source: int, targets: Sequence[Any], tangents: Any
) -> list[Any]:
    """The tangents of the targets for each of `tangents`, stacked along a first axis."""
    if len(tangents) == 1:  # one direction needs no batch
        only: list[Any] = [None] * len(record.sources)
        only[source] = tangents[0]
        pushed = record.push(only, targets)
        return [None if t is None else t.reshape((1, *t.shape)) for t in pushed]
    with Level(len(tangents)) as level:
        moved: list[Any] = [None] * len(record.sources)
        moved[source] = Batch(tangents, level)
        pushed = record.push(moved, targets)
        return [_examples(t, y._value, level) for t, y in zip(pushed, targets, strict=True)]


def _identity(size: int, dtype: Any, chunk: int | None) -> Iterator[Any]:
    """The rows of the identity, at most `chunk` at a time; at least one block."""
    step = size if chunk is None else max(1, chunk)
    for start in range(0, max(size, 1), max(step, 1)):
        yield np.eye(min(step, size - start), size, start, dtype=dtype)


def _by(blocks: Sequence[Sequence[Any]], leaves: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    return zip(zip(*blocks, strict=True), leaves, strict=True)


def _joined(parts: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """The blocks of rows as one array of `shape`."""
    if any([part is None for part in parts]):
        return None
    whole = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return np.reshape(whole, shape)


def _examples(found: Any, value: Any, level: Level) -> Any:
    """What a batch holds, the same for every example if it is none; None for None."""
    if found is None:
        return None
    found = dense(found, Spec(value.shape, value.dtype))
    if isinstance(found, Handle) and isinstance(found._value, Batch):
        found = found._value
    if found.__class__ is Batch:
        return found.examples
    return np.broadcast_to(found, (level.size, *value.shape))
