"""``tf.autograph``: Python's control flow runs as it is, so nothing is converted."""

from __future__ import annotations

from typing import Any

from gradtape.tf.autograph import experimental


def set_verbosity(level: int, alsologtostdout: bool = False) -> None:
    """Of no effect."""


def trace(*args: Any) -> None:
    """Print `args`, for debugging."""
    print(*args)  # noqa: T201


def to_graph(
    entity: Any, recursive: bool = True, experimental_optional_features: Any = None
) -> Any:
    """`entity` itself."""
    return entity
