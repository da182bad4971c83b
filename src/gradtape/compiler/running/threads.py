"""How many threads share large loops; `team` has them."""

from __future__ import annotations

import os


def allowed_cores() -> set[int]:
    """The cores that this thread may run on; none where the system does not say."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


WANTED = [len(allowed_cores()) or os.cpu_count() or 1]
"""How many threads there are to be, the caller among them."""


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
    WANTED[0] = int(count)
