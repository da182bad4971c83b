"""The threads that large loops share."""

from __future__ import annotations

import array
import os
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from gradtape.compiler.machine.native import waiting
from gradtape.compiler.machine.sharing import DONE, SPINS

Share = Callable[[int, int, int], Any]
"""The native function that takes chunks until none is left."""


class Team:
    """Threads that wait until there is something to do; the caller is one of them."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._bell = array.array("Q", [0])
        for _ in range(size - 1):
            threading.Thread(target=self._work, daemon=True, name="gradtape").start()

    def run(self, share: Share, tables: int, chunks: int) -> None:
        """Let the threads do `chunks` of work, one table for each; it returns when all are done."""
        job = _Job(share, tables, self._bell)
        for _ in range(min(self.size, chunks) - 1):
            self._jobs.put(job)
        share(job.address, 1, SPINS)
        while job.cells[DONE] < chunks:  # a thread was interrupted by another process
            time.sleep(0)
            share(job.address, 1, SPINS)

    def _work(self) -> None:
        wait, bell = waiting().function("gradtape_wait"), self._bell.buffer_info()[0]
        while (job := self._jobs.get()) is not None:
            job.share(job.address, 0, 0)
            # The next work often comes at once, and to wake a thread takes longer than that.
            if self._jobs.empty():
                wait(bell, self._bell[0], SPINS)

    def dismiss(self) -> None:
        """End the threads."""
        for _ in range(self.size - 1):
            self._jobs.put(None)


class _Job:
    """Work that several threads share. One that comes late finds none left, and touches no table.

    The cells are what native code reads and writes: see `shared_text`.
    """

    __slots__ = ("address", "cells", "share")

    def __init__(self, share: Share, tables: int, bell: array.array[int]) -> None:
        self.share = share
        self.cells = array.array("Q", [0, 0, tables, bell.buffer_info()[0]])
        self.address = self.cells.buffer_info()[0]


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1


_wanted = [_cores()]
_present: list[Any] = [None, None]


def set_num_threads(count: int) -> None:
    """Let compiled functions use `count` threads for large loops: by default one for each core.

    Results do not depend on it.

    Parameters
    ----------
    count
        At least 1.

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
    if _present[0] != key:
        if _present[1] is not None and _present[0][0] == key[0]:
            _present[1].dismiss()
        _present[:] = [key, Team(_wanted[0])]
    found: Team = _present[1]
    return found
