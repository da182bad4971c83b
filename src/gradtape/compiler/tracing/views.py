"""Views among the values of a program: what is written to one is seen in the other."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.compiler.copies import changed, updated
from gradtape.compiler.tracing.traced import Traced, plain


def linked(
    out: Traced, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Traced:
    """`out`, as a view of the argument whose memory it shares, if it does."""
    if isinstance(out.value, np.ndarray) and out.value.base is not None:
        for k, arg in enumerate(args):
            if (
                isinstance(arg, Traced)
                and isinstance(arg.value, np.ndarray)
                and np.may_share_memory(arg.value, out.value)
            ):
                out.view = View(arg, k, function, args, kwargs)
                break
    return out


class Part:
    """``function(...)[k]``."""

    def __init__(self, function: Callable[..., Any], k: int) -> None:
        self.function = function
        self.k = k

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: D102 (see the class)
        return self.function(*args, **kwargs)[self.k]


class View:
    """How a value is part of another's memory: NumPy's views see what is written to either."""

    __slots__ = ("_args", "_at", "_function", "_kwargs", "_version", "base")

    def __init__(
        self,
        base: Traced,
        at: int,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        self.base = base
        self._at, self._function, self._args, self._kwargs = at, function, args, kwargs
        self._version = base.version

    def _of(self, array: Any) -> Any:
        args = (*self._args[: self._at], array, *self._args[self._at + 1 :])
        return self._function(*plain(args), **plain(self._kwargs))

    def changed(self) -> bool:
        """Whether the base was written into since this was asked for."""
        self.base.current()
        if self.base.version == self._version:
            return False
        self._version = self.base.version
        return True

    def again(self) -> Any:
        """The view of the base as it is now."""
        args = (*self._args[: self._at], self.base, *self._args[self._at + 1 :])
        function: Any = self._function
        part = None
        if isinstance(function, Part):
            function, part = function.function, function.k
        result = self.base.owner.call(function, args, self._kwargs)
        return result if part is None else result[part]

    def write_back(self, view: Traced) -> None:
        """Write what is in the view into the base."""
        base = self.base
        if self._function is operator.getitem:
            base.owner.write(base, updated, (self._args[1], view))
        else:
            place = self._of(np.arange(base.size).reshape(base.shape))
            base.owner.write(base, changed, (np.put, place, view))
        self._version = base.version
