"""A batch: one array that stands for many of equal shape, which differ along a hidden first axis.

A `Batch` is a value like any other: it speaks NumPy's protocols, has the shape of *one* example,
and an operation on it is done for all examples at once, as the rule of the function says. So a
rule, a sweep or a program of the user runs on it unchanged. `vmap` and Jacobians are made of it.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from functools import partial
from typing import Any, NoReturn, Self

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from gradtape.core.batching import (
    Examples,
    UnbatchableError,
    everywhere,
    of_no_one_shape,
    refuse,
)
from gradtape.core.handle import Handle
from gradtape.core.kinds import Composite, Constant, invoke, raw
from gradtape.core.rules import RULES, rule_of
from gradtape.core.tape import Recorder, activate, active

_numbers = itertools.count(1)

_asking: ContextVar[tuple[Composite, ...]] = ContextVar("gradtape composites", default=())

LEVELS: set[Level] = set()
"""The levels in use; while it is empty, no value anywhere is a `Batch`."""


class Level(Recorder):
    """One use of `vmap`, or one set of directions: the batches that belong together.

    While it is `open`, the user's function runs on single examples: then the recorders outside do
    not see its operations, but what the batches are made of.
    """

    __slots__ = ("number", "open", "outer", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.number = next(_numbers)
        self.open = False
        self.outer: tuple[Recorder, ...] = ()

    def __enter__(self) -> Self:
        LEVELS.add(self)
        return self

    def __exit__(self, *error: object) -> None:
        LEVELS.discard(self)

    def again(self) -> AbstractContextManager[object]:
        """A context in which the level is in use, perhaps once more."""
        return nullcontext() if self in LEVELS else self

    def examples(self, value: Any) -> Any:
        """What `value` is in each example, stacked."""
        if value.__class__ is Batch and value.level is self:
            return value.examples
        return np.broadcast_to(value, (self.size, *np.shape(value)))

    def knows(self, handle: Any) -> bool:
        return any([recorder.knows(handle) for recorder in self.outer])

    def record(
        self,
        rule: Any,
        y: Any,
        values: Sequence[Any],
        args: Sequence[Any],
        kwargs: Any,
        out: Any,
    ) -> Any:
        """Pass on what is no batch of this level; those are recorded when they are computed."""
        if deepest((y,)) is self:
            return out
        inside = active()
        activate(self.outer)
        try:
            for recorder in self.outer:
                out = recorder.record(rule, y, values, args, kwargs, out)
        finally:
            activate(inside)
        return out

    def leak(self, handle: Any) -> None:
        for recorder in self.outer:
            recorder.leak(handle)

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        """``function(*args)`` on single examples."""
        before = self.outer, self.open  # a sweep may run the user's function in between
        self.outer, self.open = active(), True
        activate((self,) if self.outer else ())
        try:
            return function(*args)
        finally:
            activate(self.outer)
            self.outer, self.open = before

    def beneath(self, function: Callable[..., Any], *args: Any) -> Any:
        """``function(*args)`` on whole batches, seen by the recorders outside."""
        if not self.open:
            return function(*args)
        inside = active()
        self.open = False
        activate(self.outer)
        try:
            return function(*args)
        finally:
            self.open = True
            activate(inside)


class Batch(NDArrayOperatorsMixin):
    """The examples of a `level`, stacked in `examples` along its first axis."""

    __slots__ = ("examples", "level")

    __hash__ = None  # type: ignore[assignment]

    _intercepts = True

    def __init__(self, examples: Any, level: Level) -> None:
        self.examples = examples
        self.level = level

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one example."""
        return tuple(self.examples.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype."""
        dtype: np.dtype[Any] = self.examples.dtype
        return dtype

    @property
    def ndim(self) -> int:
        """The rank of one example."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of entries of one example."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """The bytes of one example."""
        return self.size * self.dtype.itemsize

    @property
    def T(self) -> Any:
        """The transpose of each example."""
        return np.transpose(self)

    @property
    def real(self) -> Any:
        """The real part."""
        return np.real(self)

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return np.imag(self)

    def bare(self) -> Batch:
        """The batch of the arrays behind Tensors."""
        return Batch(raw(self.examples), self.level)

    def __repr__(self) -> str:
        return f"Batch of {self.level.size} arrays of shape {self.shape}, dtype {self.dtype}"

    # -- protocols ------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("out") is None:
            kwargs.pop("out", None)
        if method == "__call__":
            if "where" in kwargs or "out" in kwargs:
                return refuse(f"{ufunc.__name__} with where= or out=")
            return on_batches(ufunc, args, kwargs)
        key = (ufunc, method)
        return on_batches(key if key in RULES else getattr(ufunc, method), args, kwargs)

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        return on_batches(function, args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        raise UnbatchableError(
            "Loop over the examples instead of using gradtape.vmap, join Tensors with np.stack, or "
            "wrap a plain array in gradtape.constant before a Tensor indexes it or is written into "
            "it: vmap cannot batch a function that takes plain arrays only."
        )

    def __bool__(self) -> NoReturn:
        raise UnbatchableError(
            "Use np.where instead of if, or loop over the examples instead of using "
            "gradtape.vmap: a condition differs between them."
        )

    def __float__(self) -> NoReturn:
        refuse("float()")

    def __int__(self) -> NoReturn:
        refuse("int()")

    def __index__(self) -> NoReturn:  # noqa: PLE0305
        refuse("what Python or NumPy counts by, as range() does")

    def __complex__(self) -> NoReturn:
        refuse("complex()")

    def item(self, *args: Any) -> NoReturn:
        """Refused: it differs between the examples."""
        refuse("item()")

    def get(self) -> NoReturn:
        """Refused: `Tensor.numpy` asks arrays for it that are not NumPy's."""
        refuse("numpy()")

    def tolist(self) -> NoReturn:
        """Refused: it differs between the examples."""
        refuse("tolist()")

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        return on_batches(operator.getitem, (self,), {"index": index})

    # -- how the entries lie in memory ----------------------------------------------------------

    @property
    def strides(self) -> Any:
        """Those of an example."""
        return self.examples.strides[1:]

    @property
    def flags(self) -> Any:
        """Those of an example, as far as they tell of its layout."""
        return self.examples[:1].flags

    # -- methods --------------------------------------------------------------------------------

    def reshape(self, *shape: Any) -> Any:
        """The entries of each example in another shape."""
        return np.reshape(self, shape[0] if len(shape) == 1 else shape)

    def astype(self, dtype: Any, **options: Any) -> Any:
        """Each example in another dtype."""
        return Batch(self.examples.astype(dtype), self.level)

    def copy(self) -> Any:
        """The batch: nobody writes into one."""
        return self

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        """`numpy.sum` of each example."""
        return np.sum(self, axis=axis, keepdims=keepdims)

    def all(self, axis: Any = None) -> Any:
        """`numpy.all` of each example."""
        return np.all(self, axis=axis)

    def any(self, axis: Any = None) -> Any:
        """`numpy.any` of each example."""
        return np.any(self, axis=axis)

    def conj(self) -> Any:
        """The conjugate."""
        return np.conjugate(self)


# -- operations ---------------------------------------------------------------------------------


def on_batches(function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """``function(*args, **kwargs)`` where a `Batch` is among the arguments."""
    rule = rule_of(function)
    if isinstance(rule, Composite):
        asked = _asking.get()
        if rule in asked:  # by its own implementation, which wants what NumPy makes of bare arrays
            return batched(Constant(function), args, kwargs)
        token = _asking.set((*asked, rule))
        try:
            return rule.compute(*args, **kwargs)
        except UnbatchableError:
            rule = None
        finally:
            _asking.reset(token)
    if isinstance(rule, Constant) and rule.of_outline:
        return rule.compute(*_outlines(args), **kwargs)
    level = deepest(args, kwargs)
    if level is not None and level.open:
        for arg in args:
            if isinstance(arg, Handle):  # it may be recorded, so it decides
                return arg.__array_function__(function, (), args, kwargs)  # type: ignore[attr-defined]
    return batched(rule or Constant(function), args, kwargs)


def batched(rule: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The function of `rule` for all examples of the deepest level among the arguments."""
    level = deepest(args, kwargs)
    if level is None:
        return invoke(rule, args, kwargs)
    if level not in LEVELS:
        raise RuntimeError(
            "Return what is computed for each example from the function that gradtape.vmap maps: "
            f"{rule.name} got a value of an example that left it by another way."
        )
    return level.beneath(_for_all, level, rule, args, kwargs)


def _for_all(level: Level, rule: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    own = [arg.__class__ is Batch and arg.level is level for arg in args]
    batch = rule.batch
    if batch is None and isinstance(rule.function, np.ufunc) and rule.function.signature is None:
        batch = everywhere
    rest = [arg for arg, is_own in zip(args, own, strict=True) if not is_own]
    inside = _holds(level, [rest, kwargs])
    y = NotImplemented
    if batch is not None and (not inside or getattr(batch, "sees_options", False)):
        values = [arg.examples if is_own else arg for arg, is_own in zip(args, own, strict=True)]
        options = _with_examples(level, kwargs) if inside else kwargs
        y = batch(partial(_call, rule), values, own, options)
    if y is NotImplemented:
        y = _one_by_one(level, rule, args, kwargs)
    if isinstance(y, (tuple, list)):
        return tuple([Batch(part, level) for part in y])
    return Batch(y, level)


def _call(rule: Any, /, *args: Any, **kwargs: Any) -> Any:
    if not any([isinstance(arg, Handle) for arg in args]):
        return batched(rule, args, kwargs)
    return invoke(rule, args, kwargs)


def _one_by_one(level: Level, rule: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The results for each example in turn, stacked: what no rule says how to batch."""
    if not level.size:
        refuse(f"{rule.name} of no examples")
    results = []
    for i in range(level.size):
        chosen, options = _example(level, [list(args), kwargs], i)
        results.append(invoke(rule, chosen, options))
    if results[0] is None:
        refuse(f"{rule.name} on a plain array or at places that differ between the examples")
    several = isinstance(results[0], (tuple, list))
    parts = list(zip(*results, strict=True)) if several else [results]
    if any([np.shape(part[0]) != np.shape(x) for part in parts for x in part]):
        of_no_one_shape()
    return tuple(map(np.stack, parts)) if several else np.stack(results)


def _example(level: Level, tree: Any, i: int) -> Any:
    """`tree` with example `i` of each batch in it."""
    if tree.__class__ is Batch and tree.level is level:
        return tree.examples[i]
    if tree.__class__ in (list, tuple):
        return tree.__class__([_example(level, part, i) for part in tree])
    if tree.__class__ is dict:
        return {key: _example(level, part, i) for key, part in tree.items()}
    return tree


def _with_examples(level: Level, tree: Any) -> Any:
    """`tree` with `Examples` for each batch of `level`."""
    if tree.__class__ is Batch and tree.level is level:
        return Examples(tree.examples)
    if tree.__class__ in (list, tuple):
        return tree.__class__([_with_examples(level, part) for part in tree])
    if tree.__class__ is dict:
        return {key: _with_examples(level, part) for key, part in tree.items()}
    return tree


def _outlines(args: Sequence[Any]) -> list[Any]:
    """`args` with an array like one example in place of each batch."""
    return [np.zeros(a.shape, a.dtype) if a.__class__ is Batch else a for a in args]


def _holds(level: Level, tree: Any) -> bool:
    return any([batch.level is level for batch in _batches_in(tree)])


def _batches_in(tree: Any) -> list[Batch]:
    if tree.__class__ is Batch:
        return [tree]
    if tree.__class__ is dict:
        tree = list(tree.values())
    if tree.__class__ in (list, tuple):
        return [batch for part in tree for batch in _batches_in(part)]
    return []


def deepest(*trees: Any) -> Level | None:
    """The innermost level of the batches among nested arguments."""
    levels = [batch.level for tree in trees for batch in _batches_in(tree)]
    return max(levels, key=lambda level: level.number, default=None)
