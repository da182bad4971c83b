"""``tf.keras``: its optimizers, schedules, losses and activations. Models are `tf.Module` here."""

import sys
from importlib.abc import MetaPathFinder
from typing import Any

from gradtape.optimizers import Optimizer as Optimizer
from gradtape.tf.keras import activations, losses, optimizers
from gradtape.tf.keras.losses.classes import Loss as Loss

_HAS = "optimizers, optimizers.schedules, losses and activations"


def _absence(name: str) -> str:
    return (
        f"Write the model as a class derived from tf.Module, with tf.Variable and functions of "
        f"tf: gradtape has no tf.keras.{name}, only {_HAS}."
    )


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    raise AttributeError(_absence(name))


class _Absent(MetaPathFinder):
    """What `import` asks last, for modules of Keras that are not here: it says so."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        parent, _, name = fullname.partition(f"{__name__}.")
        if not parent and name and not name.split(".")[-1].startswith("_"):
            raise ImportError(_absence(name), name=fullname)


sys.meta_path.append(_Absent())
