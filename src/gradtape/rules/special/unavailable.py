"""Partial derivatives that nobody can write: asking for one is an error that says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from gradtape.core.kinds import is_complex


def unavailable(function: str, argument: str) -> Callable[..., Any]:
    """The partial derivative of `function` with respect to `argument`, which nobody can write."""

    def partial(*_: Any) -> NoReturn:
        raise TypeError(
            f"Pass {argument} of scipy.special.{function} through gradtape.stop_gradient: the "
            f"derivative with respect to it has no closed form."
        )

    return partial


def only_real(x: Any, function: str, instead: str) -> Any:
    """`x`, if it is real: of complex numbers `function` is not holomorphic."""
    if is_complex(x):
        raise TypeError(
            f"Write {instead} instead of scipy.special.{function}, which is not holomorphic, for "
            f"its derivative at complex numbers."
        )
    return x
