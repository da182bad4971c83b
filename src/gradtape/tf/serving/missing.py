"""What to say when a program asks for a part of TensorFlow that gradtape.tf does not have."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import partial
from importlib.machinery import PathFinder
from types import FrameType, ModuleType
from typing import NoReturn

TABLE = "docs/tensorflow.md"

_MODULE = "Write it as a tf.Module, with its Variables as attributes"
_ARRAYS = "Feed NumPy arrays, or slices of them, to the training loop"
_FILES = "Read and write with Python and NumPy, np.load and np.save"
_VALUES = "Save the Variables' values with np.savez"
_ONE = "Leave it out, for one process computes everything"
_VERSION_2 = "Use the names of TensorFlow 2, without sessions, graphs and placeholders"
_OPERATIONS = "Call the operation of the same meaning in tf itself"
_PUBLIC = "Import the public name from tensorflow itself"

ADVICE = {
    "tf.keras.layers": _MODULE,
    "tf.keras.models": _MODULE,
    "tf.keras.Model": _MODULE,
    "tf.keras.Sequential": _MODULE,
    "tf.keras.Input": _MODULE,
    "tf.keras.applications": _MODULE,
    "tf.keras.metrics": "Compute the metric with tf.reduce_mean, in a tf.Module if it has a state",
    "tf.keras.callbacks": "Call it from the training loop, which is yours to write",
    "tf.keras.datasets": _ARRAYS,
    "tf.keras.preprocessing": _ARRAYS,
    "tf.keras.utils": _ARRAYS,
    "tf.keras.backend": _OPERATIONS,
    "tf.raw_ops": _OPERATIONS,
    "tf.data": _ARRAYS,
    "tf.io": _FILES,
    "tf.saved_model": _VALUES,
    "tf.distribute": _ONE,
    "tf.tpu": _ONE,
    "tf.compat.v1": _VERSION_2,
    "tf.estimator": _VERSION_2,
    "tf.contrib": _VERSION_2,
    "tf.Session": _VERSION_2,
    "tf.placeholder": _VERSION_2,
    "tf.global_variables_initializer": _VERSION_2,
    "tf.python": _PUBLIC,
    "tf.core": _PUBLIC,
    "tf.summary": "Print the values, or keep them in a list and plot them",
    "tf.lite": "Run it in Python, for there is nothing to convert",
}
"""The part of TensorFlow, and what to write instead."""

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def missing(module: str, attribute: str) -> NoReturn:
    """Refuse ``module.attribute``: what the ``__getattr__`` of a module of gradtape.tf does.

    Parameters
    ----------
    module
        The ``__name__`` of the module that was asked.
    attribute
        What it was asked for.

    Raises
    ------
    AttributeError
        For ``tf.data``. The text says what to write instead, or which names are near.
    ImportError
        For ``from tensorflow import data``, with the same text.
    """
    if attribute.startswith("_"):
        raise AttributeError(f"module {module!r} has no attribute {attribute!r}", name=attribute)
    frame = _asking()
    if frame is not None and _importing(frame, module, attribute):
        raise ImportError(text(module, attribute), name=f"{module}.{attribute}")
    raise AttributeError(text(module, attribute), name=attribute)


def guard(module: str | ModuleType) -> None:
    """Give a loaded module, and those below it that it names, a ``__getattr__`` that refuses.

    It is set from outside, since type checkers take a module that defines one to have every name.
    A module that defines its own keeps it.

    Parameters
    ----------
    module
        The module, or its ``__name__``, by which it calls this at its own end.
    """
    home = sys.modules[module] if isinstance(module, str) else module
    names = vars(home)
    names.setdefault("__getattr__", partial(missing, home.__name__))
    for child in [m for m in names.values() if isinstance(m, ModuleType)]:
        if child.__name__.startswith(f"{home.__name__}."):
            guard(child)


def text(module: str, attribute: str) -> str:
    """The message: what to write instead, what is missing, and where the table is."""
    name = f"{spelled(module)}.{attribute}"
    tail = f"gradtape.tf has no {name}. {TABLE} lists what it has."
    if name in ADVICE:
        return f"{ADVICE[name]}: {tail}"
    near = _near(module, attribute)
    if near:
        return f"Did you mean {' or '.join(near)}? {tail}"
    if attribute.startswith("LinearOperator"):
        return f"Use matrices with tf.linalg.matmul, solve, logdet and so on: {tail}"
    parts = [part for part in ADVICE if name.startswith(part + ".")]
    return f"{ADVICE[parts[-1]]}: {tail}" if parts else tail


def spelled(module: str) -> str:
    """A module's name as programs write it: ``tf.keras`` for ``gradtape.tf.keras``."""
    for root, name in (("gradtape.tf", "tf"), ("tensorflow", "tf"), ("keras", "tf.keras")):
        if module == root or module.startswith(root + "."):
            return name + module[len(root) :]
    return module


def _near(module: str, attribute: str) -> list[str]:
    """Names that the program may have meant, the likeliest first."""
    from difflib import get_close_matches

    home = sys.modules.get(module)
    if home is None:
        return []
    names = [name for name in dir(home) if not name.startswith("_")]
    found = [f"{spelled(other.__name__)}.{attribute}" for other in _others(attribute)]
    found += [f"{spelled(module)}.{n}" for n in get_close_matches(attribute, names, 2, 0.75)]
    return found[:3]


def _others(attribute: str) -> Iterator[ModuleType]:
    """The modules of gradtape.tf that are loaded and offer `attribute`."""
    tf = sys.modules.get("gradtape.tf")
    for other in list(vars(tf).values()) if tf else []:
        if isinstance(other, ModuleType) and attribute in getattr(other, "__all__", ()):
            yield other


def _asking() -> FrameType | None:
    """The frame outside gradtape.tf that asks for the attribute."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return frame


def _importing(frame: FrameType, module: str, attribute: str) -> bool:
    """Whether `frame` is at ``from module import attribute``, and can find no such file.

    `from` swallows an AttributeError and its text, so it gets an ImportError. It asks twice: first
    importlib, for a package, which on AttributeError looks for a file; then the bytecode.
    """
    code = frame.f_code
    if code.co_filename == "<frozen importlib._bootstrap>" and code.co_name == "_handle_fromlist":
        places = getattr(sys.modules.get(module), "__path__", [])
        return PathFinder.find_spec(f"{module}.{attribute}", places) is None
    from opcode import opmap

    return code.co_code[frame.f_lasti] == opmap["IMPORT_FROM"]
