"""``tf.name_scope``: prefixes of the names of Variables."""

from __future__ import annotations

from contextvars import ContextVar
from types import TracebackType

_prefix: ContextVar[str] = ContextVar("gradtape name scope", default="")


def scoped(name: str | None) -> str | None:
    """The full name of a Variable that is made here under `name`."""
    prefix = _prefix.get()
    return f"{prefix}{name or 'Variable'}" if prefix else name


def current() -> str:
    """The open scopes, each with its slash."""
    return _prefix.get()


class name_scope:  # noqa: N801 (TensorFlow's name)
    """A context in which the names of new Variables begin with `name` and a slash.

    Scopes nest; one whose `name` ends with a slash stands for itself.

    Examples
    --------
    >>> import gradtape.tf as tf
    >>> with tf.name_scope("layer"):
    ...     v = tf.Variable(1.0, name="w")
    >>> v.name
    'layer/w:0'
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise ValueError(f"Give tf.name_scope a string: got {name!r}.")
        self.name = name
        self._outer: list[str] = []

    def __enter__(self) -> str:
        outer = _prefix.get()
        self._outer.append(outer)
        full = self.name if self.name.endswith("/") else f"{outer}{self.name}/"
        _prefix.set(full if self.name else "")
        return _prefix.get()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _prefix.set(self._outer.pop())
