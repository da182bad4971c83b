"""How a batch axis passes through a function: what a rule states as its `batch`.

A batching is called as ``batch(call, values, batched, options)``: `values` are the positional
arguments, where ``batched[i]`` those with the batch axis as their first; ``call(*values,
**options)`` computes the rule's function on them. It returns what the function would give for each
example, stacked along a first axis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Batching = Callable[[Callable[..., Any], Sequence[Any], Sequence[bool], dict[str, Any]], Any]


def aligned(values: Sequence[Any], batched: Sequence[bool], cores: Sequence[int]) -> list[Any]:
    """`values` with the batch axis in front of all axes that broadcast.

    The last ``cores[i]`` axes of each do not broadcast.
    """
    loops = max(
        [
            getattr(v, "ndim", 0) - core - own
            for v, own, core in zip(values, batched, cores, strict=True)
        ]
    )
    return [
        _stretched(value, loops - (value.ndim - core - 1)) if own else value
        for value, own, core in zip(values, batched, cores, strict=True)
    ]


def _stretched(value: Any, missing: int) -> Any:
    """`value` with `missing` axes of length 1 after the batch axis."""
    if not missing:
        return value
    return value.reshape((value.shape[0], *(1,) * missing, *value.shape[1:]))


def leading(*cores: int) -> Batching:
    """Of a function that works on the last `cores` axes of its arguments, and loops over the rest.

    NumPy broadcasts the axes looped over, so a batch axis only has to stand in front of them all.
    An argument without a number in `cores` is not an array.
    """

    def batch(
        call: Callable[..., Any],
        values: Sequence[Any],
        batched: Sequence[bool],
        options: dict[str, Any],
    ) -> Any:
        count = min(len(cores), len(values))
        arrays = aligned(values[:count], batched[:count], cores[:count])
        return call(*arrays, *values[count:], **options)

    return batch


def everywhere(
    call: Callable[..., Any], values: Sequence[Any], batched: Sequence[bool], options: Any
) -> Any:
    """The batching of a function of each entry alone."""
    return call(*aligned(values, batched, (0,) * len(values)), **options)


def past(axis: Any, ndim: int) -> Any:
    """`axis`, of an example of `ndim` axes, where a batch axis stands in front of them."""
    if axis is None:
        return tuple(range(1, ndim + 1))
    if isinstance(axis, (tuple, list)):
        return tuple([past(a, ndim) for a in axis])
    return axis + 1 if axis >= 0 else axis


def along_axis(
    call: Callable[..., Any], values: Sequence[Any], _: Sequence[bool], options: Any
) -> Any:
    """The batching of a function ``f(a, axis=None, ...)`` of one array."""
    a, *rest = values
    axis, *more = rest or [options.get("axis")]
    axis = past(axis, a.ndim - 1)
    if axis == () and a.ndim == 1:  # an example of rank 0: there is nothing to reduce
        return call(a[:, None], 1, *more, **{**options, "axis": 1} if not rest else options)
    if rest:
        return call(a, axis, *more, **options)
    return call(a, **{**options, "axis": axis})
