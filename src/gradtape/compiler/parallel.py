"""Large loops in chunks, by several threads.

The chunks depend on the shapes alone, and what each has summed is added up in their order. So results
are the same for every number of threads.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

import numpy as np

from gradtape.compiler.emit import Kernel, identity
from gradtape.compiler.loops import Node, Reduce

CHUNK = 1 << 16
"""Entries of a chunk, about."""

LARGE = 1 << 17
"""Entries from which a loop is cut into chunks."""

_COMBINE = {
    "add": np.add,
    "multiply": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
    "and": np.logical_and,
    "or": np.logical_or,
}


class Team:
    """The threads that help; they wait until there is something to do."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        for _ in range(size - 1):
            threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.help()

    def run(self, task: Callable[[int], Any], count: int) -> None:
        """``task(k)`` for every ``k`` below `count`."""
        job = _Job(task, count)
        helpers = min(self.size, count) - 1
        for _ in range(helpers):
            self._jobs.put(job)
        job.help()
        job.done.acquire()

    def dismiss(self) -> None:
        """End the threads."""
        for _ in range(self.size - 1):
            self._jobs.put(None)


class _Job:
    __slots__ = ("_count", "_left", "_lock", "_next", "_task", "done")

    def __init__(self, task: Callable[[int], Any], count: int) -> None:
        self._task = task
        self._count = self._left = count
        self._next = itertools.count()
        self._lock = threading.Lock()
        self.done = threading.Lock()
        self.done.acquire()

    def help(self) -> None:
        """Do tasks until none is left to begin."""
        finished = 0
        while (k := next(self._next)) < self._count:
            self._task(k)
            finished += 1
        with self._lock:
            self._left -= finished
            if finished and not self._left:
                self.done.release()


_team: list[Any] = [0, None]


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1


_wanted = [_cores()]


def set_num_threads(count: int) -> None:
    """Let compiled functions use `count` threads for large loops: by default one for each core.

    Results do not depend on it.

    Raises
    ------
    ValueError
        If `count` is less than 1.

    Examples
    --------
    >>> import gradtape as gt
    >>> gt.set_num_threads(2)
    """
    if count < 1:
        raise ValueError(f"Give set_num_threads a count of at least 1: got {count!r}.")
    _wanted[0] = int(count)


def team() -> Team:
    """The threads; new ones after a fork, or when another number is wanted."""
    key = os.getpid(), _wanted[0]
    if _team[0] != key:
        if _team[1] is not None and _team[0][0] == key[0]:
            _team[1].dismiss()
        _team[:] = [key, Team(_wanted[0])]
    found: Team = _team[1]
    return found


class Split:
    """A kernel that runs in chunks.

    Attributes
    ----------
    partial
        The reductions that each chunk makes a part of, by their place among the kernel's arrays.
    """

    def __init__(self, kernel: Kernel, function: Any) -> None:
        self.kernel = kernel
        self.function = function
        outer = kernel.axes[0].length
        inner = max(1, int(np.prod([axis.length for axis in kernel.axes[1:]])))
        step = max(1, CHUNK // inner)
        if len(kernel.axes) == 1:
            step = CHUNK
        self.bounds = [(low, min(low + step, outer)) for low in range(0, outer, step)]
        if len(self.bounds) > 1 and len(kernel.axes) == 1 and outer - self.bounds[-1][0] < kernel.lanes:
            low = self.bounds.pop()[0]
            self.bounds[-1] = (self.bounds[-1][0], outer)
            del low
        reads = len(kernel.reads)
        self.partial: dict[int, Reduce] = {
            reads + k: node
            for k, node in enumerate(kernel.writes)
            if isinstance(node, Reduce) and not kernel.axes[0].kept[kernel.reductions.index(node)]
        }

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
            self.partials[at].fill(identity(split.partial[at]))
        row, base, function, bounds = tables.shape[1] * 8, self.address, split.function, split.bounds

        def task(k: int) -> None:
            function(base + row * k, *bounds[k])

        team().run(task, len(bounds))
        return {
            at: _COMBINE[node.op].reduce(self.partials[at], axis=0)
            for at, node in split.partial.items()
        }


def large(kernel: Kernel) -> bool:
    """Whether a kernel is worth several threads."""
    return bool(kernel.axes) and int(np.prod([axis.length for axis in kernel.axes])) >= LARGE


__all__ = ["Node", "Split", "Team", "large", "set_num_threads", "team"]
