"""How examples pass through indexing: where an index into one of them points in all of them.

A batch axis in front of an array is one more ``:`` in front of the index, with two exceptions. An
index that is itself a batch names other entries in each example, so the examples are counted by an
index array, too. And index arrays with a slice between them put their axes first, in front of the
examples; counted by an array, the examples are among them.
"""

from __future__ import annotations

from types import EllipsisType
from typing import Any, NamedTuple

import numpy as np

from gradtape.core.batching import Examples, refuse, sees_options
from gradtape.core.handle import Spec


class _Place(NamedTuple):
    """`index` into all examples; `moved` says from where to where it displaces axes."""

    index: tuple[Any, ...]
    rank: int
    moved: tuple[tuple[int, ...], tuple[int, ...]] | None = None

    def read(self, getitem: Any, a: Any) -> Any:
        """What each example of `a` has at the place, which has `rank` axes."""
        y = getitem(a, index=self.index)
        return y if self.moved is None else np.moveaxis(y, *self.moved)

    def ready(self, value: Any, own: bool) -> Any:
        """`value` so that it broadcasts to the place; `own` if it has examples."""
        if not own and self.moved is None:
            return value
        shape = value.shape if own else (1, *np.shape(value))
        inner = (1,) * (self.rank - len(shape) + 1) + shape[max(len(shape) - self.rank, 1) :]
        value = np.reshape(value, (shape[0], *inner))
        return value if self.moved is None else np.moveaxis(value, *self.moved[::-1])


def is_condition(part: Any) -> bool:
    """Whether `part` holds booleans."""
    dtype: np.dtype[Any] | None = getattr(part, "dtype", None)
    return dtype is not None and dtype.kind == "b"


def _axes(part: Any) -> int:
    """How many axes of an array a part of an index names."""
    if part is None or isinstance(part, EllipsisType):
        return 0
    return part.ndim if is_condition(part) else 1


def _parts(index: Any, shape: tuple[int, ...]) -> list[Any]:
    """The parts of `index`, with slices for an ellipsis and integers for conditions."""
    parts: list[Any] = []
    given = index if isinstance(index, tuple) else (index,)
    given = [np.asarray(part) if isinstance(part, (list, bool)) else part for part in given]
    missing = len(shape) - sum(map(_axes, given))
    for part in given:
        if isinstance(part, EllipsisType):
            parts.extend([slice(None)] * missing)
        elif is_condition(part) and part.ndim:
            parts.extend(np.nonzero(part))
        else:
            parts.append(part)
    return parts


def _place(index: Any, shape: tuple[int, ...], size: int, shared: bool = False) -> _Place | None:
    """Where `index` into an array of `shape` points in `size` of them; None if not known.

    If the array is `shared`, only the index has examples.
    """
    parts = _parts(index, shape)
    own = [isinstance(part, Examples) for part in parts]
    ranks = [getattr(p.array if o else p, "ndim", 0) - o for p, o in zip(parts, own, strict=True)]
    if any([is_condition(part) for part in parts]):  # of rank 0: it adds an axis
        return None
    arrays = [k for k, p in enumerate(parts) if p is not None and not isinstance(p, slice)]
    inner = max([ranks[k] for k in arrays], default=0)
    rank = len(shape) - len(arrays) + inner + sum([part is None for part in parts])
    apart = len(arrays) > 0 and arrays[-1] - arrays[0] >= len(arrays)
    if not any(own) and not (apart and any(ranks)):
        return _Place((slice(None), *(index if isinstance(index, tuple) else (index,))), rank)
    for k in arrays:
        if own[k]:
            ones = (1,) * (inner - ranks[k])
            array = parts[k].array
            parts[k] = array.reshape((size, *ones, *array.shape[1:]))
    before = 0 if apart else arrays[0]
    if shared:
        return _Place(tuple(parts), rank, ((before,), (0,)) if before else None)
    counted = (np.arange(size).reshape(-1, *(1,) * inner), *parts)
    if not inner or not before:
        return _Place(counted, rank)
    first = tuple(range(1, inner + 1))
    return _Place(counted, rank, (first, tuple([k + before for k in first])))


def _flat(index: Any) -> tuple[Any, ...]:
    return index if isinstance(index, tuple) else (index,)


def _by_condition(index: Any) -> bool:
    """Whether `index` is a condition that differs between the examples."""
    return any([isinstance(p, Examples) and is_condition(p.array) for p in _flat(index)])


def _size(values: Any, batched: Any, *indices: Any) -> int:
    """The number of examples."""
    sizes = [value.shape[0] for value, own in zip(values, batched, strict=True) if own]
    parts = [part for index in indices for part in _flat(index)]
    return int([*sizes, *[p.array.shape[0] for p in parts if isinstance(p, Examples)]][0])


@sees_options
def take_examples(getitem: Any, values: Any, batched: Any, options: Any) -> Any:
    """The batching of ``a[index]``."""
    (a,), (own,), index = values, batched, options["index"]
    if _by_condition(index):
        refuse("x[condition], for which np.where may do")
    place = _place(index, a.shape[own:], _size(values, batched, index), shared=not own)
    return NotImplemented if place is None else place.read(getitem, a)


@sees_options
def write_examples(overwrite: Any, values: Any, batched: Any, options: Any) -> Any:
    """The batching of a copy of `a` with ``a[index] = value``."""
    (a, value), (own, own_value), index = values, batched, options["index"]
    size = _size(values, batched, index)
    place = None if _by_condition(index) else _place(index, a.shape[own:], size)
    if place is None:
        return NotImplemented
    a = a if own else np.broadcast_to(a, (size, *a.shape))
    return overwrite(a, place.ready(value, own_value), index=place.index)


@sees_options
def add_examples(scatter_add: Any, values: Any, batched: Any, options: Any) -> Any:
    """The batching of `scatter_add`."""
    spec, indices = options["spec"], options["indices"]
    size = _size(values, batched, *indices)
    places = [None if _by_condition(i) else _place(i, spec.shape, size) for i in indices]
    ready = []
    for place, value, own in zip(places, values, batched, strict=True):
        if place is None:
            return NotImplemented
        ready.append(place.ready(value, own))
    whole = Spec((size, *spec.shape), spec.dtype)
    return scatter_add(*ready, spec=whole, indices=tuple([p.index for p in places if p]))
