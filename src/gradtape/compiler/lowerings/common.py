"""What several lowerings do with their arguments."""

from __future__ import annotations

from typing import Any

import numpy as np


def axis_numbers(axis: Any, rank: int) -> list[int]:
    """The axes that an argument names, from 0 up; all if it is None."""
    if axis is None:
        return list(range(rank))
    axes = [axis] if isinstance(axis, (int, np.integer)) else axis
    return [int(a) % rank for a in axes]


def kept(keepdims: Any) -> bool:
    """The value of `keepdims`, which is False where it is not given."""
    return keepdims is not np._NoValue and bool(keepdims)
