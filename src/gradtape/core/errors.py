"""Where in the user's program something happened."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from types import FrameType

_OURS = tuple(
    os.path.dirname(os.path.abspath(sys.modules[name].__file__ or "")) + os.sep
    for name in ("gradtape", "numpy")
)
_registry: dict[str | tuple[str, type[Warning], int], int] = {}


class GradientWarning(UserWarning):
    """A gradient will be missing or incomplete; the message says where and what to write."""


SPELLINGS: dict[str, str] = {}
"""Functions that take plain arrays only, and what to call instead."""


class UnrecordedError(BaseException):
    """A function cannot become a program; the text says what to do. It then runs as written.

    The user's ``except Exception`` lets it pass.
    """


RECORDING: list[Callable[[], bool]] = []
"""Whether this thread records a program: the compiler's answer, once it is loaded."""


def at_every_call(name: str) -> None:
    """Say that what follows has an effect at every call, which no program has.

    A function of the user's that is being recorded runs as it is written then.
    """
    if any([recording() for recording in RECORDING]):
        raise UnrecordedError(f"Keep {name} out of compiled functions")


def library_call() -> str | None:
    """The function of NumPy or SciPy that the user called, if one is at work."""
    frame, inner = sys._getframe(1), None
    while frame.f_back is not None and _is_library(frame.f_code.co_filename):
        if not frame.f_code.co_filename.startswith(_OURS[0]):
            inner = frame
        frame = frame.f_back
    if inner is None:
        return None
    parts, name = str(inner.f_globals.get("__name__", "")).split("."), _called(inner)
    for module in (parts[0], ".".join(parts[:2])):
        if callable(getattr(sys.modules.get(module), name, None)):
            return f"{module}.{name}"
    return None


def _called(frame: FrameType) -> str:
    """The name of the function, or callable object, at work in `frame`, also in its wrapper's."""
    code = frame.f_code
    if code.co_name == "__call__":
        return str(getattr(frame.f_locals.get("self"), "__name__", code.co_name))
    if code.co_name in ("wrapper", "wrapped"):
        for name in code.co_freevars:
            function = frame.f_locals.get(name)
            if callable(function):
                return str(getattr(function, "__name__", code.co_name))
    return code.co_name


def user_line() -> tuple[str, int]:
    """File and line of the innermost frame outside gradtape, NumPy and SciPy."""
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_library(frame.f_code.co_filename):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def warn_user(message: str) -> tuple[str, int]:
    """Warn at the user's own line, once for each line; return the line."""
    filename, line = user_line()
    warnings.warn_explicit(message, GradientWarning, filename, line, registry=_registry)
    return filename, line


def _is_library(filename: str) -> bool:
    return filename.startswith(_OURS) or f"{os.sep}scipy{os.sep}" in filename
