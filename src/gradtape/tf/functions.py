"""``tf.function`` and what belongs to it: functions run eagerly here."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self


class name_scope:  # noqa: N801 (TensorFlow's name)
    """A context that names nothing: there is no graph."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing ends here."""


def function(func: Any = None, **options: Any) -> Any:
    """`func` itself: it runs eagerly, as after ``tf.config.run_functions_eagerly(True)``."""
    if func is None:
        return lambda f: f
    return func
