"""The threads that large loops share."""

from __future__ import annotations

import array
import contextlib
import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from gradtape.compiler.machine.native import waiting
from gradtape.compiler.machine.sharing import DONE, SPINS
from gradtape.compiler.running.threads import WANTED, allowed_cores

FEW = 8
"""So many threads are told where to run; for more that takes too long, and cores abound."""

Share = Callable[[int, int, int], Any]
"""The native function that takes chunks until none is left."""


class Team:
    """Threads that wait until there is something to do; the caller is one of them."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._wait = waiting().function("gradtape_wait")
        self._bell = array.array("Q", [0])
        self._helpers: list[int] = []
        self._cores = allowed_cores()
        self._kept_off = -1
        for _ in range(size - 1):
            threading.Thread(target=self._work, daemon=True, name="gradtape").start()

    def run(self, share: Share, tables: int, chunks: int) -> None:
        """Let the threads do `chunks` of work, one table for each; it returns when all are done.

        A KeyboardInterrupt is raised then: the helpers write into our arrays.
        """
        job, interrupt = _Job(share, tables, self._bell), None
        self._keep_off(_core())
        for _ in range(min(self.size, chunks) - 1):
            self._jobs.put(job)
        while job.cells[DONE] < chunks:
            try:
                share(job.address, 1, SPINS)
                if job.cells[DONE] < chunks:  # a helper has its chunk, and no core
                    time.sleep(0)
            except KeyboardInterrupt as error:
                interrupt = error
        if interrupt is not None:
            raise interrupt

    def _keep_off(self, core: int) -> None:
        """Let the helpers run on other cores than the caller's.

        Linux may wake them where the caller keeps the core busy, and leave them there for as long
        as the work takes.
        """
        if core == self._kept_off or not self.size <= min(len(self._cores), FEW):
            return
        self._kept_off = core
        for helper in self._helpers:
            with contextlib.suppress(OSError):
                os.sched_setaffinity(helper, self._cores - {core})

    def _work(self) -> None:
        self._helpers.append(threading.get_native_id())
        self._kept_off = -1
        bell = self._bell.buffer_info()[0]
        while (job := self._jobs.get()) is not None:
            job.share(job.address, 0, 0)
            # The next work often comes at once, and to wake a thread takes longer than that.
            if self._jobs.empty():
                self._wait(bell, self._bell[0], SPINS)

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


def _core_asker() -> Callable[[], int]:
    if sys.platform != "linux":
        return lambda: -1
    return getattr(ctypes.PyDLL(None), "sched_getcpu", lambda: -1)


_core = _core_asker()
"""On which core this thread runs now."""

_present: list[Team | None] = [None]
_lock = [threading.Lock()]


def _after_fork() -> None:
    """A child has none of the threads, and the lock may be held by one of them."""
    _present[0], _lock[0] = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def team() -> Team:
    """The threads; new ones where another number is wanted, and after a fork."""
    found = _present[0]
    if found is not None and found.size == WANTED[0]:
        return found
    with _lock[0]:
        found = _present[0]
        if found is None or found.size != WANTED[0]:
            if found is not None:
                found.dismiss()
            found = _present[0] = Team(WANTED[0])
        return found
