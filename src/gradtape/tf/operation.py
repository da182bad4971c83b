"""How a function of NumPy's becomes an operation of TensorFlow's."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np

from gradtape.core.handle import Handle
from gradtape.core.tensor import Tensor as Plain
from gradtape.tf.errors import OpError, translated
from gradtape.tf.policy import lifted, lowered, tensor, together

F = TypeVar("F", bound=Callable[..., Any])


def operation(function: F) -> F:
    """Decorate a function of the engine's Tensors: Tensors of this spelling go in and come out.

    The function computes with NumPy. Its arguments keep their kind but for Tensors and Variables, which come
    as the engine's Tensors; `tensor` and `together` make Tensors of the rest. ``name=``, which means
    nothing without a graph, need not be among its parameters. Errors of NumPy about shapes and positions become
    `InvalidArgumentError`.
    """
    spelled = function.__name__.strip("_")

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            kwargs.pop("name", None)
            kwargs = {key: lowered(value) for key, value in kwargs.items()}
        try:
            return lifted(function(*[lowered(arg) for arg in args], **kwargs))
        except (ValueError, IndexError) as error:
            if isinstance(error, OpError):
                raise
            raise translated(error, spelled) from error

    return cast(F, call)


def unary(function: Any, name: str, *, argument: str = "x", doc: str = "") -> Callable[..., Any]:
    """The operation ``name(x)``: a function of NumPy's, of one argument.

    Integers are refused where NumPy would make floating-point numbers of them.
    """

    @operation
    def call(x: Any) -> Any:
        return function(x if x.__class__ is Plain else tensor(x))

    return _named(call, name, argument, doc or f"`{function.__name__}` of NumPy, entry by entry.")


def binary(
    function: Any, name: str, *, arguments: str = "x y", doc: str = ""
) -> Callable[..., Any]:
    """The operation ``name(x, y)``: a function of NumPy's, of two arguments that broadcast."""

    @operation
    def call(x: Any, y: Any) -> Any:
        return function(*together(x, y))

    return _named(
        call, name, arguments, doc or f"`{function.__name__}` of NumPy, with broadcasting."
    )


def _named(call: Callable[..., Any], name: str, arguments: str, doc: str) -> Callable[..., Any]:
    """`call` under a name of its own, its positional arguments also by keyword."""
    keys = arguments.split()

    def spelled(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            kwargs.pop("name", None)
            args = (*args, *[kwargs.pop(key) for key in keys[len(args) :] if key in kwargs])
            if kwargs:
                raise TypeError(
                    f"Give tf.{name} its arguments {', '.join(keys)}: got {', '.join(kwargs)}."
                )
        if len(args) != len(keys):
            raise TypeError(
                f"Give tf.{name} {len(keys)} arguments ({', '.join(keys)}): got {len(args)}."
            )
        return call(*args)

    spelled.__name__ = spelled.__qualname__ = name
    spelled.__module__ = "gradtape.tf"
    spelled.__doc__ = doc
    return spelled


def axes(value: Any) -> Any:
    """An axis argument, perhaps a Tensor or list, as NumPy takes it."""
    if isinstance(value, Handle):
        value = value._value
    if value is None or isinstance(value, int):
        return value
    found = np.asarray(value)
    return int(found) if not found.ndim else tuple(map(int, found.ravel()))


def lengths(value: Any) -> tuple[int, ...]:
    """A shape argument, perhaps a Tensor or a list of Tensors, as a tuple of Python integers."""
    if isinstance(value, Handle):
        value = value._value
    if isinstance(value, (int, np.integer)):
        return (int(value),)
    parts = [part._value if isinstance(part, Handle) else part for part in value]
    return tuple(map(int, parts))
