"""Large loops in chunks, by several threads.

The chunks depend on the shapes alone, and what each has summed is added up in their order. So
results are the same for every number of threads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradtape.compiler.loops.groups import Group, partial
from gradtape.compiler.loops.nodes import FOLDS
from gradtape.compiler.running.team import team


class Split:
    """A group that runs in chunks.

    Attributes
    ----------
    partial
        The reductions that each chunk makes a part of, by their place among the group's arrays.
    """

    def __init__(self, group: Group, function: Any) -> None:
        self.function = function
        self.chunks = group.chunks
        sums = {node for kernel in group.kernels for node in partial(kernel)}
        self.partial: dict[int, Any] = {k: n for k, n in enumerate(group.nodes) if n in sums}

    def memory(self, entries: int) -> _Chunks:
        """What one call at a time needs."""
        return _Chunks(self, entries)


class _Chunks:
    """The tables and partial results of the chunks."""

    def __init__(self, split: Split, entries: int) -> None:
        count = split.chunks
        self.split = split
        self.tables = np.zeros((count, entries), np.uint64)
        self.address = self.tables.ctypes.data
        self.parts: list[tuple[Any, Any, list[int]]] = []
        for (op, dtype, _), places in _alike(split.partial).items():
            shape = split.partial[places[0]].shape
            array = np.empty((count, len(places), *shape), dtype)
            self.parts.append((FOLDS[op], array, places))
        self.places = [at for _, _, places in self.parts for at in places]
        starts = [_addresses(array) for _, array, _ in self.parts]
        self.starts = np.concatenate(starts, axis=1) if starts else None
        cells = 8 * np.arange(count * len(self.places), dtype=np.uint64).reshape(count, -1)
        self.cells = cells + np.uint64(0 if self.starts is None else self.starts.ctypes.data)

    def run(self, entries: Sequence[int]) -> dict[int, Any]:
        """Run the chunks; the results of the reductions that were made in parts."""
        split = self.split
        self.tables[:] = entries
        if self.places:
            self.tables[:, self.places] = self.cells
        team().run(split.function, self.address, split.chunks)
        results: dict[int, Any] = {}
        for combine, array, places in self.parts:
            results.update(zip(places, combine.reduce(array, axis=0), strict=True))
        return results


def _alike(partial: Mapping[int, Any]) -> dict[Any, list[int]]:
    """The places of numbers that are put together in the same way, and of each array."""
    found: dict[Any, list[int]] = {}
    for at, node in partial.items():
        found.setdefault((node.op, node.dtype, at if node.shape else None), []).append(at)
    return found


def _addresses(array: Any) -> Any:
    """Where the part of each chunk lies, for each place."""
    rows, columns = array.shape[:2]
    size = array.nbytes // (rows * columns)
    return (
        (array.ctypes.data + size * np.arange(rows * columns))
        .astype(np.uint64)
        .reshape(rows, columns)
    )
