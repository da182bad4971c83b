"""``tf.autograph.experimental``."""

from __future__ import annotations

from typing import Any


def do_not_convert(func: Any = None) -> Any:
    """`func` itself; without it, a decorator."""
    return func if func is not None else lambda f: f


def set_loop_options(
    parallel_iterations: Any = None,
    swap_memory: Any = None,
    maximum_iterations: Any = None,
    shape_invariants: Any = None,
) -> None:
    """Of no effect."""
