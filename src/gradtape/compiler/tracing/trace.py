"""Tracing: run a function once on values that write down every NumPy call made of them.

A `Traced` is a value like any other: it speaks NumPy's protocols, so Tensors hold it, rules and
sweeps run on it, and what a tape or an optimizer computes is recorded along with the user's own
code. Each call is done at once on the value behind it, and appended to the program.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.compiler.copies import cast
from gradtape.compiler.program import Call, Guard, Program, Ref, is_python_number, mapped, spec_of
from gradtape.compiler.tracing.traced import Traced, plain, traced_in
from gradtape.compiler.tracing.views import Part, linked
from gradtape.core.errors import user_line


class Trace:
    """The program that is being written; it belongs to one thread."""

    def __init__(self) -> None:
        self.program = Program()
        self.open = True
        self._thread = threading.get_ident()
        self._looked: set[int] = set()

    def input(self, value: Any) -> Traced:
        """A new input."""
        traced = self._new(value)
        self.program.inputs.append(traced.index)
        return traced

    def _new(self, value: Any) -> Traced:
        if isinstance(value, np.ndarray) and value.flags.writeable:
            value = value.view()
            value.setflags(write=False)  # what has a number in the program stays as it is
        self.program.specs.append(spec_of(value))
        return Traced(value, len(self.program.specs) - 1, self)

    def call(
        self, function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Any:
        """``function(*args, **kwargs)``, done and written down."""
        function, given = _known(function, tuple(args), kwargs)
        result = function(*plain(given), **plain(kwargs))
        if not self.open or function in _STATIC:
            return result
        several = isinstance(result, (tuple, list))
        parts = list(result) if several else [result]
        if threading.get_ident() != self._thread or not all(map(_is_number, parts)):
            self.look_at(given, kwargs)  # the result is no value of the program
            return result
        # Refs before the results get numbers of their own, for an argument may be one of these.
        taken, options = self._refs(given), self._refs(kwargs)
        outs = [self._new(part) for part in parts]
        indices = tuple([out.index for out in outs])
        self.program.calls.append(Call(function, taken, options, indices, several, user_line()))
        if not several:
            return linked(outs[0], function, given, kwargs)
        outs = [linked(out, Part(function, k), given, kwargs) for k, out in enumerate(outs)]
        return type(result)(*outs) if hasattr(result, "_fields") else type(result)(outs)

    def look(self, traced: Traced) -> Any:
        """The value itself, because Python asks for it: from now on the program depends on it."""
        value = plain(traced)
        if self.open and traced.index not in self._looked:
            self._looked.add(traced.index)
            self.program.guards.append(Guard(traced.index, value, user_line()))
        return value

    def look_at(self, *trees: Any) -> None:
        """`look` at each value in nests of arguments."""
        for traced in traced_in(trees):
            self.look(traced)

    def write(self, target: Any, function: Callable[..., Any], args: Sequence[Any]) -> None:
        """Let `target` be what ``function(copy of target, *args)`` returns."""
        target.become(self.call(function, (target, *args), {}))

    def _refs(self, tree: Any) -> Any:
        """`tree` with a `Ref` for each value of this trace, and other arrays as constants."""
        return mapped(self._ref, tree)

    def _ref(self, leaf: Any) -> Any:
        if isinstance(leaf, Traced):
            value = leaf.current()
            return Ref(leaf.index) if leaf.owner is self else value
        return constant(leaf) if isinstance(leaf, np.ndarray) else leaf


def constant(array: Any) -> Any:
    """`array` as part of a program: a copy, if somebody could still write into it."""
    owner = array
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable:
            array = array.copy()
            array.setflags(write=False)
            return array
        owner = owner.base
    return array


_STATIC = frozenset(
    {np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.common_type}
    | {np.iscomplexobj, np.isrealobj, np.may_share_memory, np.shares_memory, np.min_scalar_type}
)
"""Functions that read no more than shapes and dtypes."""


def _is_number(part: Any) -> bool:
    """Whether a result can be a value of a program."""
    if isinstance(part, (np.ndarray, np.generic)):
        return part.dtype.kind in KINDS
    return is_python_number(part)


def _known(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`function` in a form that takes NumPy's scalars too, as its methods of arrays do not."""
    owner = getattr(function, "__objclass__", None)
    if function.__class__ is not _METHOD or owner is not np.ndarray:
        return function, args
    if function.__name__ == "astype" and len(args) == 2 and not kwargs:
        return cast, (args[0], np.dtype(args[1]))
    return _method_named(function.__name__), args


_METHOD: Any = type(np.ndarray.astype)


@functools.cache
def _method_named(name: str) -> Callable[..., Any]:
    def method(a: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(np.asarray(a), name)(*args, **kwargs)

    method.__name__ = method.__qualname__ = name
    return method


KINDS = frozenset("biufcmM")
"""The kinds of dtypes whose arrays are values of programs."""
