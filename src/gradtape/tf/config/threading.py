"""``tf.config.threading``: NumPy's own libraries choose their threads."""

from __future__ import annotations

_THREADS = {"inter": 0, "intra": 0}


def set_inter_op_parallelism_threads(num_threads: int) -> None:
    """Of no effect."""
    _THREADS["inter"] = int(num_threads)


def set_intra_op_parallelism_threads(num_threads: int) -> None:
    """Of no effect."""
    _THREADS["intra"] = int(num_threads)


def get_inter_op_parallelism_threads() -> int:
    """What was last set."""
    return _THREADS["inter"]


def get_intra_op_parallelism_threads() -> int:
    """What was last set."""
    return _THREADS["intra"]
