"""What flows backwards: arrays, and the three forms that save work or NaNs.

The cotangent of a value is an array that *broadcasts* to the value's shape, so the derivative of a
sum costs nothing until an array is needed; the seed of a sweep is the Python number 1, of any
dtype. Two further forms exist inside a sweep:

`Masked`
    a cotangent that is zero by structure wherever its mask is False: a branch that was not taken.
    Such an entry stays zero whatever derivative it meets, infinite and NaN included.
`Scattered`
    contributions to parts of an array, collected from indexing and added into one buffer.
"""

from __future__ import annotations

import cmath
import math
import sys
from typing import Any

import numpy as np

from gradtape.core.handle import PYTHON_NUMBERS, Spec, is_foreign, settled


class Masked:
    """A cotangent and the mask of its live entries, a plain boolean array or scalar.

    The mask may be given as a function that makes it, for it is seldom read.
    """

    __slots__ = ("_mask", "value")

    def __init__(self, value: Any, mask: Any) -> None:
        self.value = value
        self._mask = mask

    @property
    def mask(self) -> Any:
        """The mask."""
        if callable(self._mask):
            self._mask = self._mask()
        return self._mask


class Dead:
    """The cotangent of a value of which no part was taken: zero, of any shape."""

    __slots__ = ()


DEAD = Dead()


class Scattered:
    """Contributions `parts`, pairs of an index and a value, to an array of `spec`, over `base`.

    A value, and the base, may be `Masked`.
    """

    __slots__ = ("base", "parts", "spec")

    def __init__(self, spec: Spec, parts: list[tuple[Any, Any]], base: Any = None) -> None:
        self.spec = spec
        self.parts = parts
        self.base = base

    def gather(self) -> Any:
        """One dense cotangent; entries that no part touches are dead."""
        base = self.base
        if base is not None and base.__class__ is not Masked:
            return scatter(self.spec, self.parts) + base
        value, mask = scatter(self.spec, self.parts), self._mask()
        if base is not None:
            value, mask = value + base.value, mask | base.mask
        plain = isinstance(mask, np.ndarray)
        return value if plain and mask.all() else Masked(value, mask)

    def _mask(self) -> Any:
        """The entries that a live part touches."""
        masks = [part.mask if part.__class__ is Masked else True for _, part in self.parts]
        indices = [index for index, _ in self.parts]
        if not all([isinstance(mask, (bool, np.ndarray, np.generic)) for mask in masks]) or any(
            map(holds_batch, indices)
        ):
            counts = [np.multiply(mask, 1.0) for mask in masks]
            spec = Spec(self.spec.shape, np.dtype(np.float64))
            return scatter(spec, list(zip(indices, counts, strict=True))) != 0
        total = np.zeros(self.spec.shape, bool)
        for index, mask in zip(indices, masks, strict=True):
            if mask is True:
                total[index] = True
            elif may_repeat(index):
                np.logical_or.at(total, index, mask)
            else:
                total[index] |= mask
        return total


FORMS = frozenset({Masked, Dead, Scattered})


def scatter_add(*values: Any, spec: Spec, indices: tuple[Any, ...]) -> Any:
    """Zeros of `spec` with each value added at its index; a repeated index adds up."""
    foreign = [value for value in values if is_foreign(value)]
    if foreign and getattr(foreign[0], "_intercepts", False):
        options = {"spec": spec, "indices": indices}
        return foreign[0].__array_function__(scatter_add, (), values, options)
    if foreign:
        return _scatter_foreign(foreign[0], values, spec, indices)
    total = np.zeros(spec.shape, spec.dtype)
    for index, value in zip(indices, values, strict=True):
        if not may_repeat(index):
            total[index] += value
        elif index.__class__ is np.ndarray and total.ndim > 1:
            _add_rows(total, index, value)
        else:
            np.add.at(total, index, value)
    return settled(total)


def _add_rows(total: Any, rows: Any, value: Any) -> None:
    """``np.add.at`` by one index into a flat array: several times quicker than by rows."""
    width = math.prod(total.shape[1:])
    value = np.broadcast_to(value, (*rows.shape, *total.shape[1:]))
    rows = np.where(rows < 0, rows + len(total), rows).astype(np.intp)
    places = rows.reshape(-1, 1) * width + np.arange(width)
    np.add.at(total.reshape(-1), places.reshape(-1), value.reshape(-1))


def _scatter_foreign(like: Any, values: Any, spec: Spec, indices: Any) -> Any:
    """`scatter_add` where a value is an array of another library, which makes the result too."""
    total = np.zeros_like(like, shape=spec.shape, dtype=spec.dtype)
    for index, value in zip(indices, values, strict=True):
        if may_repeat(index):
            raise TypeError(
                f"Read entries by slices or masks instead of integer arrays where the array is one "
                f"of {type(like).__module__}: it cannot add at repeated positions."
            )
        index = tuple([part for part in _parts(index) if part is not None])
        old = total[index]  # without the new axes, of which not every library lets one write
        total[index] = old + np.reshape(value, old.shape)
    return total


def scatter(spec: Spec, parts: list[tuple[Any, Any]]) -> Any:
    """`scatter_add` of `parts`, by NumPy's protocol when a value is a Tensor or a batch."""
    indices = tuple([index for index, _ in parts])
    values = tuple([v.value if v.__class__ is Masked else v for _, v in parts])
    for value in (*values, *[part for index in indices for part in _parts(index)]):
        if getattr(value, "_intercepts", False):  # this file knows no dispatch
            options = {"spec": spec, "indices": indices}
            return value.__array_function__(scatter_add, (), values, options)
    return scatter_add(*values, spec=spec, indices=indices)


def _parts(index: Any) -> tuple[Any, ...]:
    return index if isinstance(index, tuple) else (index,)


def holds_batch(index: Any) -> bool:
    """Whether an index differs between the examples of a batch."""
    return any([getattr(part, "_intercepts", False) for part in _parts(index)])


def may_repeat(index: Any) -> bool:
    """Whether `index` holds an integer array, the only kind that can name an entry twice."""
    return any(
        isinstance(part, list) or (getattr(part, "ndim", 0) and part.dtype.kind in "iu")
        for part in _parts(index)
    )


def accumulate(cotangents: dict[int, Any], ident: int, value: Any) -> None:
    """Add `value` to the cotangent of `ident`."""
    if ident in cotangents:
        old = cotangents.pop(ident)
        if (
            old.__class__ is np.ndarray
            and value.__class__ is np.ndarray
            and sys.getrefcount(old) == _ALONE
            and old.shape == value.shape
            and old.dtype == value.dtype
            and old.base is None
            and old.flags.writeable
        ):
            old += value  # nobody else can see it: a new array would cost page faults
            value = old
        else:
            value = combine(old, value)
    cotangents[ident] = value


def _count_alone() -> int:
    """What `sys.getrefcount` says in `accumulate` of an array that only the table held."""
    cotangents = {0: np.zeros(1)}
    old = cotangents.pop(0)
    return sys.getrefcount(old)


_ALONE = _count_alone()


def combine(old: Any, new: Any) -> Any:
    """The sum of two cotangents of one value."""
    a, b = old.__class__, new.__class__
    if a not in FORMS and b not in FORMS:
        return old + new
    if a is Dead:
        return new
    if b is Dead:
        return old
    if a is Scattered or b is Scattered:
        return _combine_scattered(old, new) if a is Scattered else _combine_scattered(new, old)
    if a is Masked and b is Masked:
        return Masked(old.value + new.value, lambda: np.logical_or(old.mask, new.mask))
    return old.value + new if a is Masked else old + new.value


def _combine_scattered(old: Scattered, new: Any) -> Scattered:
    base = new
    if new.__class__ is Scattered:
        base = new.base
        old.parts.extend(new.parts)
    if base is not None:
        old.base = base if old.base is None else combine(old.base, base)
    return old


def dense(cotangent: Any, spec: Spec) -> Any:
    """`cotangent` as an array (or scalar) of exactly `spec`."""
    kind = cotangent.__class__
    if kind is Dead:
        return settled(np.zeros(spec.shape, spec.dtype))
    if kind is Scattered:
        cotangent = cotangent.gather()
        kind = cotangent.__class__
    if kind is Masked:
        cotangent = cotangent.value
    return project(expand(typed(cotangent, spec), spec.shape), spec)


def typed(value: Any, spec: Spec) -> Any:
    """`value`, in the dtype of `spec` if it is a Python number, as at the start of a sweep."""
    return spec.dtype.type(value) if value.__class__ in PYTHON_NUMBERS else value


_SMALL = 10_000
"""Bytes up to which filling an array is quicker than `np.broadcast_to`, which is Python code."""


_add_up: Any = np.add.reduce


def is_finite(value: Any, look: bool = False) -> bool:
    """Whether all entries are finite; False also where their sum overflows, or is not known yet.

    With `look` a program that is being recorded asks, and holds only while the answer is the same.
    """
    if not isinstance(value, (np.ndarray, np.generic)):
        if look and getattr(value, "is_known", False):
            return bool(np.isfinite(_add_up(value, axis=None)))
        examples = getattr(value, "examples", None)  # of a batch
        return examples is not None and is_finite(examples, look)
    return cmath.isfinite(_add_up(value, axis=None))


_AS_INTEGERS = {np.dtype(f"=f{size}"): np.dtype(f"=i{size}") for size in (2, 4, 8)}


def only(value: Any, mask: Any) -> Any:
    """`value` where `mask` is true and zero elsewhere, also where it is infinite or NaN there."""
    integers = _AS_INTEGERS.get(value.dtype)
    if (
        integers is None
        or value.__class__ is not np.ndarray
        or mask.__class__ is not np.ndarray
        or mask.shape != value.shape
        or not value.flags.c_contiguous
    ):
        return np.where(mask, value, value.dtype.type(0))
    # Bitwise: ten times quicker than np.where, whose branches no processor can predict.
    bits = mask.astype(integers)
    np.negative(bits, out=bits)
    np.bitwise_and(bits, value.view(integers), out=bits)
    return bits.view(value.dtype)


def expand(value: Any, shape: tuple[int, ...]) -> Any:
    """`value` broadcast to `shape`."""
    if value.shape == shape:
        return value
    if isinstance(value, (np.ndarray, np.generic)):
        size = value.itemsize * math.prod(shape)
        if size <= _SMALL:
            full = np.empty(shape, value.dtype)
            full[...] = value
            return full
    return np.broadcast_to(value, shape)


def project(value: Any, spec: Spec) -> Any:
    """`value` brought to the shape and dtype of `spec`, the adjoint of NumPy's promotion.

    Axes along which the input was broadcast are summed, the imaginary part of a real input's
    cotangent is dropped, and the result is cast.
    """
    shape, dtype = spec.shape, spec.dtype
    if value.shape != shape:
        added = value.ndim - len(shape)
        stretched = tuple(
            [
                axis
                for axis, length in enumerate(shape, added)
                if length == 1 and value.shape[axis] != 1
            ]
        )
        axes = (*range(added), *stretched)
        if not isinstance(value, (np.ndarray, np.generic)):
            value = np.sum(value, axis=axes, keepdims=bool(stretched))
        elif axes == (0,) and not stretched:
            value = _add_up(value, 0)
        else:
            value = _add_up(value, axes, None, None, bool(stretched))
        if value.shape != shape:
            value = np.reshape(value, shape)
    if value.dtype != dtype:
        if value.dtype.kind == "c" and dtype.kind != "c":
            value = np.real(value)
        value = value.astype(dtype)
    return value
