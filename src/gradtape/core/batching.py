"""How a batch axis passes through a function: what a rule states as its `batch`.

A batching is called as ``batch(call, values, batched, options)``: `values` are the positional
arguments, where ``batched[i]`` those with the batch axis as their first; ``call(*values,
**options)`` computes the rule's function on them. It returns what the function would give for each
example, stacked along a first axis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

Batching = Callable[[Callable[..., Any], Sequence[Any], Sequence[bool], dict[str, Any]], Any]


class UnbatchableError(TypeError):
    """What is done with a batch needs the numbers of one example."""


def refuse(what: str) -> NoReturn:
    """Raise an `UnbatchableError`."""
    raise UnbatchableError(
        f"Loop over the examples instead of using gradtape.vmap: it cannot batch {what}."
    )


def of_no_one_shape(*_: Any) -> NoReturn:
    """The batching of a function whose result has a shape that depends on values."""
    refuse("a function that gives each example a shape of its own")


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


def reducing(
    call: Callable[..., Any], values: Sequence[Any], _: Sequence[bool], options: dict[str, Any]
) -> Any:
    """The batching of a reduction ``f(a, axis=None, keepdims=False, ...)``."""
    a, *rest = values
    options = {**options, "axis": rest[0] if rest else options.get("axis")}
    if a.ndim == 1:  # examples of rank 0, of which NumPy takes any axis
        return call(a[:, None], **{**options, "axis": 1, "keepdims": False})
    return call(a, **{**options, "axis": past(options["axis"], a.ndim - 1)})


def searching(
    call: Callable[..., Any], values: Sequence[Any], _: Sequence[bool], options: dict[str, Any]
) -> Any:
    """The batching of a function ``f(a, axis=None, ...)`` that flattens for want of an axis."""
    a, *rest = values
    axis = rest.pop(0) if rest else options.get("axis")
    if a.ndim == 1 or (axis is None and not options.get("keepdims")):
        a, axis = a.reshape((a.shape[0], -1)), 0
    elif axis is None:
        return NotImplemented
    return call(a, past(axis, a.ndim - 1), *rest, **{k: options[k] for k in options if k != "axis"})


def ordering(at: int) -> Batching:
    """Of a function ``f(a, ..., axis=-1)`` of one array, in which `axis` is argument `at`."""

    def batch(
        call: Callable[..., Any], values: Sequence[Any], _: Sequence[bool], options: dict[str, Any]
    ) -> Any:
        a, *rest = values
        axis = values[at] if len(values) > at else options.get("axis", -1)
        if a.ndim == 1:
            return NotImplemented
        if axis is None:
            a, axis = a.reshape((a.shape[0], -1)), -1
        options = {k: v for k, v in options.items() if k != "axis"}
        others = rest[at:]
        return call(a, *rest[: at - 1], past(axis, a.ndim - 1), *others, **options)

    return batch


def looked_up(at: int) -> Batching:
    """Of a function of each entry of argument `at` alone, for which it reads all of the others."""

    def batch(
        call: Callable[..., Any], values: Sequence[Any], batched: Sequence[bool], options: Any
    ) -> Any:
        if [k for k, own in enumerate(batched) if own] != [at]:
            return NotImplemented
        return call(*values, **options)

    return batch


def renamed(**change: Callable[[Any, Any], Any]) -> Batching:
    """Of a function of one array whose options change: ``name=lambda option, examples: ...``."""

    def batch(
        call: Callable[..., Any], values: Sequence[Any], _: Sequence[bool], options: dict[str, Any]
    ) -> Any:
        changed = {k: change[k](v, values[0]) if k in change else v for k, v in options.items()}
        return call(*values, **changed)

    return batch


def spread(values: Sequence[Any], batched: Sequence[bool]) -> list[Any]:
    """`values`, each with the batch axis."""
    size = next(v.shape[0] for v, own in zip(values, batched, strict=True) if own)
    return [
        v if own else np.broadcast_to(v, (size, *np.shape(v)))
        for v, own in zip(values, batched, strict=True)
    ]


def sees_options(batch: Batching) -> Batching:
    """Mark a batching that takes batches in its options, each as `Examples`."""
    batch.sees_options = True  # type: ignore[attr-defined]
    return batch


class Examples:
    """A batch among the options of an operation."""

    def __init__(self, array: Any) -> None:
        self.array = array
