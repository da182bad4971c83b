"""Optimizers: they turn gradients into updates of Variables."""

from typing import Any

from gradtape.optimizers import schedules
from gradtape.optimizers.adafactor import Adafactor
from gradtape.optimizers.adam import Adam, Adamax, AdamW, Nadam
from gradtape.optimizers.adaptive import Adadelta, Adagrad, RMSprop
from gradtape.optimizers.base import Optimizer
from gradtape.optimizers.ftrl import Ftrl
from gradtape.optimizers.lamb import Lamb
from gradtape.optimizers.lion import Lion
from gradtape.optimizers.muon import Muon
from gradtape.optimizers.serialization import Registry
from gradtape.optimizers.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "Muon",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]

_registry = Registry(
    "keras.optimizers",
    [
        SGD,
        Adam,
        AdamW,
        Adamax,
        Nadam,
        RMSprop,
        Adagrad,
        Adadelta,
        Ftrl,
        Lion,
        Adafactor,
        Lamb,
        Muon,
    ],
)


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """An optimizer, without its state, as a dict in Keras's form.

    Examples
    --------
    >>> import gradtape as gt
    >>> gt.optimizers.serialize(gt.optimizers.Lion())["class_name"]
    'Lion'
    """
    return _registry.serialize(optimizer)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The optimizer that `serialize` described.

    `custom_objects` names the classes that are not Keras's.

    Raises
    ------
    ValueError, TypeError
        If `config` names no class that is known.
    """
    return _registry.deserialize(config, custom_objects)


def get(identifier: Any) -> Any:
    """An optimizer by its name, or by what `serialize` gives; an optimizer and None as they are.

    Raises
    ------
    ValueError
        If it is none of these.

    Examples
    --------
    >>> import gradtape as gt
    >>> gt.optimizers.get("adam").beta_1
    0.9
    """
    if identifier is None or isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str) and (cls := _registry.find(identifier)):
        return cls()
    raise ValueError(
        f"Give the name of an optimizer, one of {', '.join(_registry.classes)}: got {identifier!r}."
    )
