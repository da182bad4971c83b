"""Partial derivatives that have no closed form: asking for one is an error that says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn


def unavailable(function: str, argument: str) -> Callable[..., Any]:
    """The partial derivative of `function` with respect to `argument`, which nobody can write."""

    def partial(*_: Any) -> NoReturn:
        raise TypeError(
            f"Pass {argument} of scipy.special.{function} through gradtape.stop_gradient: the "
            f"derivative with respect to it has no closed form."
        )

    return partial
