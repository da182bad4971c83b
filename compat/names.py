"""``python -m compat --names``: TensorFlow's public names, written to compat/names.txt.

The page docs/tensorflow.md is generated from this list, so that it needs no TensorFlow.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "names.txt"

MODULES = (
    "tf",
    "tf.autodiff",
    "tf.autograph",
    "tf.autograph.experimental",
    "tf.bitwise",
    "tf.config",
    "tf.config.experimental",
    "tf.config.optimizer",
    "tf.config.threading",
    "tf.debugging",
    "tf.dtypes",
    "tf.errors",
    "tf.keras.activations",
    "tf.keras.losses",
    "tf.keras.optimizers",
    "tf.keras.optimizers.schedules",
    "tf.linalg",
    "tf.math",
    "tf.math.special",
    "tf.nest",
    "tf.nn",
    "tf.random",
    "tf.random.experimental",
    "tf.signal",
    "tf.test",
    "tf.train",
    "tf.version",
)
"""The modules that gradtape.tf is about."""


def write(tf: Any) -> None:
    """Record the names of TensorFlow, and of its modules that are left out altogether."""
    lines = [f"# TensorFlow {tf.__version__}"]
    for module in MODULES:
        found = module_of(tf, module)
        lines += [f"{module}.{name}" for name, value in public(found) if not _is_module(value)]
    lines += [f"{module} (module)" for module in _others(tf)]
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def module_of(tf: Any, path: str) -> Any:
    """The module of this name in `tf`; None if there is none."""
    found = tf
    for part in path.split(".")[1:]:
        found = getattr(found, part, None)
    return found


def public(module: Any) -> Iterator[tuple[str, Any]]:
    """The names that do not begin with an underscore, and what they stand for."""
    for name in sorted(dir(module)):
        if not name.startswith("_"):
            yield name, getattr(module, name, None)


def _is_module(value: Any) -> bool:
    return isinstance(value, types.ModuleType)


def _others(tf: Any) -> list[str]:
    """The modules of TensorFlow itself that MODULES leaves out."""
    modules = (f"tf.{name}" for name, value in public(tf) if _is_module(value))
    return [path for path in modules if not any(m.startswith(path) for m in MODULES)]


def read() -> list[str]:
    """The recorded names, in order; the first line says of which version."""
    return FILE.read_text(encoding="utf-8").splitlines()
