"""``import tensorflow`` and ``import keras``, answered with the modules of gradtape.tf."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from gradtape.tf.serving.missing import guard, text

HOME = "gradtape.tf"
SERVED = {"tensorflow": HOME, "keras": f"{HOME}.keras"}
"""The packages that programs import, and what they get."""

_served: dict[str, ModuleType] = {}
_made_packages: list[ModuleType] = []


def install() -> None:
    """Serve ``import tensorflow`` and ``import keras``, and what is below them, in this process.

    TensorFlow itself may be installed or not: it is neither imported nor changed. Child processes
    are not affected. Calling it again does nothing.

    Raises
    ------
    RuntimeError
        If TensorFlow or Keras was imported before; nothing is changed then.

    Examples
    --------
    >>> import gradtape.tf
    >>> gradtape.tf.install()
    >>> import tensorflow as tf
    >>> tf is gradtape.tf
    True
    >>> gradtape.tf.uninstall()
    """
    if installed():
        return
    for name in SERVED:
        real = sys.modules.get(name)
        if real is not None:
            raise RuntimeError(
                f"Call gradtape.tf.install() before the first `import {name}`, in a new process: "
                f"{name} was imported from {getattr(real, '__file__', 'elsewhere')}."
            )
    sys.meta_path.insert(0, _FINDER)


def installed() -> bool:
    """Whether ``import tensorflow`` is served in this process."""
    return _FINDER in sys.meta_path


def uninstall() -> None:
    """Undo `install`: from now on ``import tensorflow`` finds what is installed under that name.

    Names that are bound already stay as they are.
    """
    if installed():
        sys.meta_path.remove(_FINDER)
    for name, module in _served.items():
        if sys.modules.get(name) is module:
            del sys.modules[name]
    for module in _made_packages:
        del module.__path__
    _served.clear()
    _made_packages.clear()


class _Finder:
    """Finds every name below those in `SERVED`, or says what is missing; leaves others alone."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] not in SERVED:
            return None
        loader: Any = _Loader(_resolve(name))
        return ModuleSpec(name, loader, origin=HOME, is_package=True)


class _Loader:
    """Puts `module` itself into ``sys.modules``, so that both names mean one object."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def create_module(self, spec: ModuleSpec) -> None:
        """A module for importlib to fill; it is thrown away."""

    def exec_module(self, module: ModuleType) -> None:
        if "__path__" not in vars(self._module):  # or nothing below it can be imported
            self._module.__path__ = []
            _made_packages.append(self._module)
        sys.modules[module.__name__] = _served[module.__name__] = self._module


_FINDER: Any = _Finder()


def _resolve(name: str) -> ModuleType:
    """The module of gradtape.tf that `name` stands for."""
    root, _, below = name.partition(".")
    module = import_module(HOME)
    for part in f"{SERVED[root]}.{below}".removeprefix(HOME).strip(".").split("."):
        if part:
            found = _child(module, part)
            if found is None:
                raise ModuleNotFoundError(text(module.__name__, part), name=name)
            module = found
    return module


def _child(module: ModuleType, part: str) -> ModuleType | None:
    """``module.part``, if it is a module, loaded or not."""
    found = getattr(module, part, None)
    if found is None:
        name = f"{module.__name__}.{part}"
        if PathFinder.find_spec(name, getattr(module, "__path__", [])) is not None:
            found = import_module(name)
    if not isinstance(found, ModuleType):
        return None
    guard(found)  # it may have been loaded just now
    return found
