"""Variables while a function is recorded: its own thread sees traced values, the others none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import ref

from gradtape.compiler.tracing.trace import Trace
from gradtape.compiler.tracing.traced import Traced, plain
from gradtape.core.errors import RECORDING
from gradtape.core.handle import Handle, new_identity, settled
from gradtape.core.tensor import Variable

_SLOT: Any = Handle.__dict__["_value"]
_HERE = threading.local()
_LOCK = threading.Lock()
_recordings = [0]


class Seen:
    """What a recording reads of Variables, and assigns to them.

    Attributes
    ----------
    read
        The Variables, with the value that each had, in the order in which they were first read.
    """

    def __init__(self, trace: Trace) -> None:
        self.read: list[tuple[Variable, Traced]] = []
        self._trace = trace
        self._start = new_identity()
        self._made: list[ref[Variable]] = []
        self._variables: dict[int, Variable] = {}
        self._now: dict[int, Any] = {}

    def is_new(self, variable: Variable) -> bool:
        """Whether the Variable was made while recording."""
        return not hasattr(variable, "_id") or variable._id > self._start

    def value(self, variable: Variable) -> Any:
        """The value as the recorded function sees it."""
        if self.is_new(variable):
            return _SLOT.__get__(variable)
        key = variable._id
        if key not in self._now:
            traced = self._trace.input(_SLOT.__get__(variable))
            self.read.append((variable, traced))
            self._variables[key], self._now[key] = variable, traced
        return self._now[key]

    def assign(self, variable: Variable, value: Any) -> None:
        """Let the recorded function see another value."""
        if not hasattr(variable, "_id"):
            self._made.append(ref(variable))
        if self.is_new(variable):
            _SLOT.__set__(variable, value)
        else:
            self._variables[variable._id], self._now[variable._id] = variable, value

    def assigned(self) -> list[tuple[Variable, Any]]:
        """The Variables whose value is another one now."""
        first = {variable._id: traced for variable, traced in self.read}
        return [
            (variable, self._now[key])
            for key, variable in self._variables.items()
            if self._now[key] is not first.get(key)
        ]

    def made(self) -> list[Variable]:
        """The Variables that were made while recording and live on, with plain values."""
        new = [variable for made in self._made if (variable := made()) is not None]
        for variable in new:
            value = _SLOT.__get__(variable)
            if isinstance(value, Traced):
                _SLOT.__set__(variable, settled(plain(value)))
        return new

    def commit(self) -> None:
        """Give the Variables the values that the function assigned."""
        for variable, value in self.assigned():
            _SLOT.__set__(variable, settled(plain(value)))


def _get(variable: Variable) -> Any:
    seen: Seen | None = getattr(_HERE, "seen", None)
    return _SLOT.__get__(variable) if seen is None else seen.value(variable)


def _set(variable: Variable, value: Any) -> None:
    seen: Seen | None = getattr(_HERE, "seen", None)
    if seen is None:
        _SLOT.__set__(variable, value)
    else:
        seen.assign(variable, value)


@contextmanager
def seen_by(trace: Trace) -> Iterator[Seen]:
    """Let this thread see traced Variables, and keep what it assigns to them from the others.

    While any thread records, the attribute that holds a Variable's value is a property that
    knows for whom it speaks; otherwise it is a slot again, as fast as can be.
    """
    seen = Seen(trace)
    with _LOCK:
        _recordings[0] += 1
        setattr(Variable, "_value", property(_get, _set))  # noqa: B010 (a slot below)
    _HERE.seen = seen
    try:
        yield seen
    finally:
        _HERE.seen = None
        with _LOCK:
            _recordings[0] -= 1
            if not _recordings[0]:
                delattr(Variable, "_value")


def is_recording() -> bool:
    """Whether this thread records a program now."""
    return getattr(_HERE, "seen", None) is not None


RECORDING.append(is_recording)
