"""Processes that multiprocessing starts afresh and that import the program again.

Under "spawn" and "forkserver" a child runs the program's file, with its ``import tensorflow``, in a
new interpreter. So what a parent sends to prepare its child gets one more entry, and unpickling
that installs us there. "fork" copies the parent, and other child processes are not ours to change.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from gradtape.tf.serving.finder import install, installed

_SPAWN = "multiprocessing.spawn"


def follow() -> None:
    """Serve the children that multiprocessing starts from now on too."""
    spawn = sys.modules.get(_SPAWN)
    if spawn is not None:
        _extend(spawn)
    else:
        finder: Any = _Finder()  # few programs need multiprocessing: it is not loaded for this
        sys.meta_path.insert(0, finder)


class _Finder:
    """Extends ``multiprocessing.spawn`` once it is loaded."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != _SPAWN:
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            loader.exec_module = _then_extend(loader.exec_module)
        return spec


def _then_extend(load: Callable[[ModuleType], None]) -> Callable[[ModuleType], None]:
    def loaded(module: ModuleType) -> None:
        load(module)
        _extend(module)

    return loaded


def _extend(spawn: Any) -> None:
    prepare = spawn.get_preparation_data

    def get_preparation_data(name: str) -> dict[str, Any]:
        data: dict[str, Any] = prepare(name)
        return {**data, "gradtape.tf": _Installed()} if installed() else data

    spawn.get_preparation_data = get_preparation_data


class _Installed:
    """Pickled in the parent, it calls `install` in the child."""

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return install, ()
