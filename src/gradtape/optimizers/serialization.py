"""Objects as dicts that JSON can hold, in Keras's form, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Registry:
    """The classes of one of Keras's modules, by name.

    Parameters
    ----------
    module
        Keras's name for the module.
    classes
        The classes.
    """

    def __init__(self, module: str, classes: Iterable[type]) -> None:
        self.module = module
        self.classes = {cls.__name__: cls for cls in classes}

    def serialize(self, instance: Any) -> dict[str, Any]:
        """`instance`, which has `get_config`, as a dict."""
        cls = type(instance)
        ours = self.classes.get(cls.__name__) is cls
        return {
            "module": self.module if ours else cls.__module__,
            "class_name": cls.__name__,
            "config": instance.get_config(),
            "registered_name": None if ours else cls.__name__,
        }

    def deserialize(self, config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
        """The object that `serialize` described; names of ours in upper or lower case."""
        if not isinstance(config, dict) or "class_name" not in config:
            raise TypeError(f"Give a dict with 'class_name' and 'config': got {config!r}.")
        cls = self.find(config["class_name"], custom_objects)
        if cls is None:
            raise ValueError(
                f"Name {config['class_name']!r} in custom_objects, or one of "
                f"{', '.join(self.classes)}: it is not known."
            )
        return cls.from_config(dict(config.get("config", {})))

    def find(self, name: str, custom_objects: dict[str, Any] | None = None) -> Any:
        """The class called `name`, or None."""
        if custom_objects and name in custom_objects:
            return custom_objects[name]
        if name in self.classes:
            return self.classes[name]
        return {key.lower(): cls for key, cls in self.classes.items()}.get(name.lower())
