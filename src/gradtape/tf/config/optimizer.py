"""``tf.config.optimizer``: there is no graph to optimize."""

from __future__ import annotations

from typing import Any

_OPTIONS: dict[str, Any] = {}
_JIT = [""]


def set_jit(enabled: Any) -> None:
    """Of no effect."""
    _JIT[0] = "autoclustering" if enabled is True else str(enabled or "")


def get_jit() -> str:
    """What was last set."""
    return _JIT[0]


def set_experimental_options(options: dict[str, Any]) -> None:
    """Of no effect."""
    _OPTIONS.update(options)


def get_experimental_options() -> dict[str, Any]:
    """What was last set."""
    return dict(_OPTIONS)
