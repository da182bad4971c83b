"""How a batch axis passes through a function: what a rule states as its `batch`.

A batching is called as ``batch(function, values, batched, kwargs)``: `values` are the arguments,
where ``batched[i]`` those with the batch axis as their first; it returns what the function would
for each example, stacked along a first axis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Batching = Callable[[Any, Sequence[Any], Sequence[bool], dict[str, Any]], Any]


def leading(*cores: int) -> Batching:
    """Of a function that works on the last `cores` axes of its arguments, and loops over the rest.

    NumPy broadcasts the axes looped over, so a batch axis only has to stand in front of them all.
    An argument without a number in `cores` is not an array.
    """

    def batch(
        function: Any, values: Sequence[Any], batched: Sequence[bool], kwargs: dict[str, Any]
    ) -> Any:
        arrays = list(zip(values, cores, batched, strict=False))
        loops = max(value.ndim - core - own for value, core, own in arrays)
        aligned = [
            _aligned(value, loops - (value.ndim - core - 1)) if own else value
            for value, core, own in arrays
        ]
        return function(*aligned, *values[len(cores) :], **kwargs)

    return batch


def _aligned(value: Any, missing: int) -> Any:
    """`value` with `missing` axes of length 1 after the batch axis."""
    if not missing:
        return value
    return value.reshape((value.shape[0], *(1,) * missing, *value.shape[1:]))
