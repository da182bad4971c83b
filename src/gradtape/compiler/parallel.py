"""Large loops in chunks, by several threads.

The chunks depend on the shapes alone, and what each has summed is added up in their order. So
results are the same for every number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.compiler.groups import Group, partial
from gradtape.compiler.threads import team

_COMBINE = {
    "add": np.add,
    "multiply": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
    "and": np.logical_and,
    "or": np.logical_or,
}


class Split:
    """A group that runs in chunks.

    Attributes
    ----------
    partial
        The reductions that each chunk makes a part of, by their place among the group's arrays.
    """

    def __init__(self, group: Group, function: Any) -> None:
        self.function = function
        self.bounds = group.bounds
        sums = {node for kernel in group.kernels for node in partial(kernel)}
        self.partial: dict[int, Any] = {k: n for k, n in enumerate(group.nodes) if n in sums}

    def memory(self, entries: int) -> _Chunks:
        """What one call at a time needs."""
        return _Chunks(self, entries)


class _Chunks:
    """The tables and partial results of the chunks."""

    def __init__(self, split: Split, entries: int) -> None:
        count = len(split.bounds)
        self.split = split
        self.tables = np.zeros((count, entries), np.uint64)
        self.address = self.tables.ctypes.data
        self.partials = {
            at: np.empty((count, *node.shape), node.dtype) for at, node in split.partial.items()
        }
        self.cells = {}
        for at, array in self.partials.items():
            row = array.nbytes // count
            cells = np.array([array.ctypes.data + row * k for k in range(count)], np.uint64)
            self.cells[at] = cells, cells.ctypes.data + 8 * np.arange(count, dtype=np.uint64)

    def run(self, entries: Sequence[int]) -> dict[int, Any]:
        """Run the chunks; the results of the reductions that were made in parts."""
        tables, split = self.tables, self.split
        tables[:] = entries
        for at, (_, addresses) in self.cells.items():
            tables[:, at] = addresses
        row, base, function, bounds = (
            tables.shape[1] * 8,
            self.address,
            split.function,
            split.bounds,
        )

        def task(k: int) -> None:
            function(base + row * k, *bounds[k])

        team().run(task, len(bounds))
        return {
            at: _COMBINE[node.op].reduce(self.partials[at], axis=0)
            for at, node in split.partial.items()
        }
