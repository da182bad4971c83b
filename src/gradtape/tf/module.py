"""``tf.Module``: an object that knows the Variables and submodules among its attributes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from gradtape.tf.scopes import name_scope
from gradtape.tf.tensors import Variable

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Module:
    """A base class for models: Variables and Modules are found by attribute, also in containers.

    Parameters
    ----------
    name
        A valid Python identifier; the class name in snake_case by default.

    Raises
    ------
    ValueError
        If `name` is no identifier.

    Examples
    --------
    >>> import gradtape.tf as tf
    >>> class Line(tf.Module):
    ...     def __init__(self):
    ...         super().__init__(name="line")
    ...         self.w = tf.Variable(1.0)
    ...     def __call__(self, x):
    ...         return self.w * x
    >>> len(Line().trainable_variables)
    1
    """

    _TF_MODULE_IGNORED_PROPERTIES: frozenset[str] = frozenset()

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = _CAMEL.sub("_", type(self).__name__).lower()
        elif not str(name).isidentifier():
            raise ValueError(f"Name a Module by a valid Python identifier: got {name!r}.")
        self._name = name
        with name_scope(name) as full:
            self._name_scope = name_scope(full)

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    @property
    def name_scope(self) -> Any:
        """The context in which names of Variables begin with the Module's."""
        return self._name_scope

    @property
    def variables(self) -> tuple[Variable, ...]:
        """All Variables, those of submodules too, in the order of the attributes' names."""
        return tuple(self._flatten(lambda x: isinstance(x, Variable)))

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        """The trainable Variables."""
        return tuple(v for v in self.variables if v.trainable)

    @property
    def non_trainable_variables(self) -> tuple[Variable, ...]:
        """The Variables that are not trainable."""
        return tuple(v for v in self.variables if not v.trainable)

    @property
    def submodules(self) -> tuple[Module, ...]:
        """All Modules below this one."""
        return tuple(self._flatten(lambda x: isinstance(x, Module)))

    def _flatten(self, wanted: Callable[[Any], bool]) -> Iterator[Any]:
        """What is wanted: first of each Module's own, then below; each once."""
        seen: set[int] = {id(self)}
        queue: list[Module] = [self]
        while queue:
            below: list[Module] = []
            for leaf in _leaves(queue.pop(0)):
                if id(leaf) in seen:
                    continue
                seen.add(id(leaf))
                if wanted(leaf):
                    yield leaf
                if isinstance(leaf, Module):
                    below.append(leaf)
            queue = below + queue

    @classmethod
    def with_name_scope(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate a method: Variables made in it are named after the Module."""

        @wraps(method)
        def call(self: Module, *args: Any, **kwargs: Any) -> Any:
            with self.name_scope:
                return method(self, *args, **kwargs)

        return call


def _leaves(module: Module) -> Iterator[Any]:
    attributes = vars(module)
    for name in sorted(attributes):
        if name not in module._TF_MODULE_IGNORED_PROPERTIES:
            yield from _inside(attributes[name])


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key in sorted(value, key=str):
            yield from _inside(value[key])
    elif isinstance(value, (list, tuple)) and not hasattr(value, "rank"):
        for part in value:
            yield from _inside(part)
    else:
        yield value
