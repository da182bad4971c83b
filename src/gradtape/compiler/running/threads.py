"""The threads that large loops share."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any


class Team:
    """Threads that wait until there is something to do; the caller is one of them."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        for _ in range(size - 1):
            threading.Thread(target=self._work, daemon=True, name="gradtape").start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.help()

    def run(self, task: Callable[[int], Any], count: int) -> None:
        """``task(k)`` for every ``k`` below `count`."""
        job = _Job(task, count)
        for _ in range(min(self.size, count) - 1):
            self._jobs.put(job)
        job.help()
        job.done.acquire()

    def dismiss(self) -> None:
        """End the threads."""
        for _ in range(self.size - 1):
            self._jobs.put(None)


class _Job:
    """Tasks that several threads take one by one."""

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
