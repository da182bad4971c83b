"""How a function of NumPy's becomes an operation of TensorFlow's."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature
from typing import Any, TypeVar, cast

import numpy as np

from gradtape.core.batch import LEVELS
from gradtape.core.dispatch import apply, finish, perform
from gradtape.core.handle import Handle
from gradtape.core.kinds import Recorded
from gradtape.core.rules import RULES
from gradtape.core.tensor import Tensor as Plain
from gradtape.tf.errors import InvalidValueError, OpError, invalid_type, translated
from gradtape.tf.policy import lifted, lowered, tensor, together

F = TypeVar("F", bound=Callable[..., Any])

quiet = np.errstate(all="ignore")
"""TensorFlow says nothing of infinities and NaN: neither do its operations here."""


def operation(function: F) -> F:
    """Decorate a function of the engine's Tensors: Tensors of this spelling go in and come out.

    The function computes with NumPy. Its arguments keep their kind but for Tensors and Variables,
    which come as the engine's Tensors; `tensor` and `together` make Tensors of the rest. ``name=``,
    which means nothing without a graph, need not be among its parameters. Errors of NumPy about
    shapes and positions become `InvalidArgumentError`.
    """
    spelled = function.__name__.strip("_")
    compute = quiet(function)

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            kwargs.pop("name", None)
            kwargs = {key: lowered(value) for key, value in kwargs.items()}
        try:
            return lifted(compute(*[lowered(arg) for arg in args], **kwargs))
        except (ValueError, IndexError) as error:
            if isinstance(error, (OpError, InvalidValueError)):
                raise
            raise translated(error, spelled) from error

    return cast(F, call)


def direct(function: Any, args: Any, options: dict[str, Any]) -> Any:
    """``apply(function, args, options)`` for a rule's own function and options nobody changes.

    `args` are the engine's Tensors and plain arrays, or a single Tensor.
    """
    args = args if args.__class__ is tuple else (args,)
    if LEVELS:
        return apply(function, args, options)
    rule = RULES[function]
    values = tuple([arg._value if isinstance(arg, Handle) else arg for arg in args])
    return finish(rule, rule.compute(*values, **options), values, args, options, Plain)


def unary(function: Any, name: str, kinds: str = "fc", argument: str = "x") -> Any:
    """The operation ``name(x)``: a function of NumPy's, of one argument of one of these `kinds`."""
    known = RULES.get(function)
    recorded = known if isinstance(known, Recorded) else None

    def compute(x: Any) -> Any:
        x = x if x.__class__ is Plain else tensor(x)
        if x._value.dtype.kind not in kinds:
            raise invalid_type(
                f"Cast the argument with tf.cast: tf.{name} got dtype {x._value.dtype}."
            )
        return function(x) if recorded is None else perform(recorded, (x,), {})

    return _spelled(compute, name, argument, f"`{_name_of(function)}`, entry by entry.")


def binary(function: Any, name: str, kinds: str = "iufc", arguments: str = "x y") -> Any:
    """The operation ``name(x, y)``: a function of NumPy's, of two arguments that broadcast."""

    def compute(x: Any, y: Any) -> Any:
        x, y = together(x, y)
        if x._value.dtype.kind not in kinds:
            raise invalid_type(
                f"Cast the arguments with tf.cast: tf.{name} got dtype {x._value.dtype}."
            )
        return function(x, y)

    return _spelled(compute, name, arguments, f"`{_name_of(function)}`, with broadcasting.")


def _name_of(function: Any) -> str:
    return str(getattr(function, "__name__", "A function"))


def _spelled(compute: Callable[..., Any], name: str, arguments: str, doc: str) -> Any:
    """The operation `compute` under `name`, its arguments also by their TensorFlow names."""
    keys = arguments.split()
    count = len(keys)
    compute = quiet(compute)

    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs or len(args) != count:
            args = tuple(_positional(name, keys, args, kwargs))
        try:
            return lifted(compute(*[lowered(arg) for arg in args]))
        except (ValueError, IndexError) as error:
            if isinstance(error, (OpError, InvalidValueError)):
                raise
            raise translated(error, name) from error

    call.__name__ = call.__qualname__ = name
    call.__module__ = "gradtape.tf"
    call.__doc__ = doc
    call.__signature__ = _signature(keys)  # type: ignore[attr-defined]
    return call


def _signature(keys: list[str]) -> Signature:
    either = Parameter.POSITIONAL_OR_KEYWORD
    name = Parameter("name", either, default=None)
    return Signature([*(Parameter(key, either) for key in keys), name])


def _positional(name: str, keys: list[str], args: Any, kwargs: dict[str, Any]) -> list[Any]:
    """The arguments in the order of `keys`, without ``name``."""
    given = dict(zip((*keys, "name"), args))  # noqa: B905 (a longer one is refused below)
    if len(args) > len(keys) + 1 or given.keys() & kwargs.keys():
        raise TypeError(f"Give tf.{name} its arguments {', '.join(keys)} once each.")
    given.update(kwargs)
    given.pop("name", None)
    if given.keys() != set(keys):
        raise TypeError(
            f"Give tf.{name} its arguments {', '.join(keys)}: got {', '.join(given) or 'none'}."
        )
    return [given[key] for key in keys]


def axes(value: Any) -> Any:
    """An axis argument, perhaps a Tensor or list, as NumPy takes it."""
    if isinstance(value, Handle):
        value = value._value
    if value is None or isinstance(value, int):
        return value
    if value.__class__ is list or value.__class__ is tuple:
        return lengths(value)
    found = np.asarray(value)
    if found.dtype.kind not in "iu" and found.size:
        raise invalid_type(f"Give integers: got {found.tolist()!r}.")
    return int(found) if not found.ndim else tuple(map(int, found.ravel()))


def lengths(value: Any) -> tuple[int, ...]:
    """A shape argument, perhaps a Tensor or a list of Tensors, as a tuple of Python integers."""
    if isinstance(value, Handle):
        value = value._value
    if isinstance(value, (int, np.integer)):
        return (int(value),)
    try:
        return tuple(map(operator.index, value))
    except TypeError:
        raise invalid_type(f"Give a shape of integers: got {value!r}.") from None


def integers(value: Any) -> tuple[int, ...]:
    """A list of integers, perhaps a Tensor or a list of Tensors, as a tuple."""
    found = axes(value)
    return found if isinstance(found, tuple) else (found,)
