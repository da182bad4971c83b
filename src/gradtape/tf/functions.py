"""``tf.function``, which compiles, and what belongs to it."""

from __future__ import annotations

import builtins
import inspect
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial, update_wrapper
from types import TracebackType
from typing import Any, Self

import numpy as np

from gradtape.compiler.function import Function as Compiled
from gradtape.compiler.function import bound
from gradtape.core.handle import Handle
from gradtape.tf import nest
from gradtape.tf.dtypes import DType, as_dtype, float32
from gradtape.tf.scopes import current
from gradtape.tf.shapes import TensorShape
from gradtape.tf.tensors import Tensor, TensorSpec, Variable, constant, convert_to_tensor

_NUMBERS = (int, float, bool, complex, np.ndarray, np.generic)


class Function:
    """What `function` makes: the Python function, recorded once and compiled.

    NumPy arrays come to the body as Tensors, and numbers and arrays that it returns come out as
    Tensors. Python's numbers are constants of the trace.
    """

    def __init__(self, python_function: Callable[..., Any], input_signature: Any = None) -> None:
        if not callable(python_function):
            raise TypeError(f"Give tf.function a callable: got {python_function!r}.")
        self.python_function = python_function
        self.input_signature = None if input_signature is None else (*input_signature,)
        self._compiled = Compiled(_unfixing(python_function))
        update_wrapper(self, python_function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result of the Python function."""
        if _EAGERLY[0]:
            return self.python_function(*args, **kwargs)
        if self.input_signature is not None:
            args, kwargs = (*self._fitting(args, kwargs),), {}
        return _outside(
            self._compiled(
                *[_inside(arg) for arg in args],
                **{key: _inside(value) for key, value in kwargs.items()},
            )
        )

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        if type(getattr(instance, "__dict__", None)) is not dict:
            return Function(self.python_function.__get__(instance, owner), self.input_signature)
        make = partial(Function, input_signature=self.input_signature)
        return bound(instance, self.python_function, make)

    def _fitting(self, args: Any, kwargs: dict[str, Any]) -> list[Any]:
        """The arguments in the dtypes of `input_signature`; a TypeError if one does not fit."""
        signature = self.input_signature or ()
        bound = inspect.signature(self.python_function).bind(*args, **kwargs)
        given = bound.args
        if len(given) != len(signature):
            raise TypeError(
                f"Give {self.__name__} {len(signature)} arguments, as its input_signature says: "  # type: ignore[attr-defined]
                f"got {len(given)}."
            )
        return [_cast(spec, arg) for spec, arg in zip(signature, given, strict=True)]

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """The function for these arguments, which may be `TensorSpec`."""
        specs = [x for x in nest.flatten([args, kwargs]) if isinstance(x, TensorSpec)]
        return ConcreteFunction(self, specs)

    def experimental_get_tracing_count(self) -> int:
        """How many programs it has been traced to."""
        return len(self._compiled.programs)


class ConcreteFunction:
    """A `Function` for arguments of one signature."""

    def __init__(self, function: Function, specs: Sequence[TensorSpec] = ()) -> None:
        self.function = function
        self.inputs = list(specs)
        self.name = getattr(function, "__name__", "function")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result of the function."""
        return self.function(*args, **kwargs)


class _Fixed:
    """A Python number, which is a constant of the trace."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Fixed):
            return NotImplemented
        return repr(self.value) == repr(other.value)  # 0.0 is not -0.0, nor 1 True

    def __hash__(self) -> int:
        return hash(self.value)


def _unfixing(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, with its numbers taken out of `_Fixed`."""

    def plain(value: Any) -> Any:
        if value.__class__ is _Fixed:
            return value.value
        if value.__class__ in (list, builtins.tuple, dict) and value:
            return nest.map_structure(plain, value)
        return value

    def call(*args: Any, **kwargs: Any) -> Any:
        return f(*map(plain, args), **{key: plain(value) for key, value in kwargs.items()})

    return update_wrapper(call, f)


def _inside(value: Any) -> Any:
    """An argument as the program takes it: arrays are Tensors, Python's numbers are fixed."""
    if isinstance(value, (np.ndarray, np.generic)):
        return constant(value)
    if value.__class__ in (int, float, complex):
        return _Fixed(value)
    if value.__class__ in (list, builtins.tuple, dict):
        return nest.map_structure(_inside, value) if value else value
    return value


def _outside(value: Any) -> Any:
    """A result as the caller sees it."""
    if value.__class__ is Tensor or value is None:
        return value
    if isinstance(value, (*_NUMBERS, Variable)):
        return convert_to_tensor(value)
    if nest.is_nested(value):
        leaves = [_outside(leaf) for leaf in nest.flatten(value)]
        return nest.pack_sequence_as(value, leaves)
    return value


def _cast(spec: Any, value: Any) -> Any:
    if nest.is_nested(spec):
        leaves = zip(nest.flatten(spec), nest.flatten(value), strict=True)
        return nest.pack_sequence_as(spec, [_cast(*pair) for pair in leaves])
    if not isinstance(spec, TensorSpec):
        return value
    try:
        made = convert_to_tensor(value, None if isinstance(value, Handle) else spec.dtype)
    except ValueError as error:
        raise TypeError(f"Give what the input_signature says, {spec}: got {value!r}.") from error
    if not spec.is_compatible_with(made):
        raise TypeError(f"Give what the input_signature says, {spec}: got {made!r}.")
    return made


_EAGERLY = [False]


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Whether functions take and return what the Python function does, unconverted."""
    _EAGERLY[0] = bool(run_eagerly)


def functions_run_eagerly() -> bool:
    """What was last given to `run_functions_eagerly`."""
    return _EAGERLY[0]


def function(
    func: Any = None,
    input_signature: Any = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    experimental_implements: str | None = None,
    experimental_autograph_options: Any = None,
    experimental_attributes: Any = None,
    experimental_relax_shapes: bool | None = None,
    experimental_compile: bool | None = None,
    experimental_follow_type_hints: bool | None = None,
) -> Any:
    """`func`, compiled by `gradtape.function` when it is first called.

    Python's side effects happen while it is traced; ``if`` and ``for`` need no AutoGraph, and
    Variables may be created inside. What has an effect at every call, such as ``tf.print``, leaves
    the function as it is written, with a warning. All other arguments but `input_signature` are
    of no effect.

    Parameters
    ----------
    func
        The function; without it, a decorator is returned.
    input_signature
        A `TensorSpec` for each argument, to whose dtypes numbers and arrays are converted.

    Raises
    ------
    TypeError
        When called with what `input_signature` does not allow.

    Examples
    --------
    >>> import gradtape.tf as tf
    >>> @tf.function
    ... def double(x):
    ...     return 2 * x
    >>> double(3)
    <tf.Tensor: shape=(), dtype=int32, numpy=6>
    """
    if func is None:
        return lambda f: Function(f, input_signature)
    return Function(func, input_signature)


class device:  # noqa: N801 (TensorFlow's name)
    """A context of no effect: everything is computed on the CPU."""

    def __init__(self, device_name: Any) -> None:
        if callable(device_name):
            raise RuntimeError(f"Give tf.device a name: got {device_name!r}.")
        self.name = device_name

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing ends here."""


@contextmanager
def init_scope() -> Iterator[None]:
    """A context of no effect: everything is eager already."""
    yield


@contextmanager
def control_dependencies(control_inputs: Any) -> Iterator[None]:
    """A context of no effect: operations run in the order of the program."""
    if callable(control_inputs):
        control_inputs()
    yield


def executing_eagerly() -> bool:
    """Always true here."""
    return True


def inside_function() -> bool:
    """Always false here: functions are not traced."""
    return False


def group(*inputs: Any, **kwargs: Any) -> None:
    """Nothing: the operations `inputs` have run."""
    if set(kwargs) - {"name"}:
        raise ValueError(f"Give tf.group operations and name=: got {', '.join(kwargs)}.")


def no_op(name: str | None = None) -> None:
    """Nothing."""


def get_current_name_scope() -> str:
    """The `name_scope` that is open, without its last slash."""
    return current().removesuffix("/")


def tuple(tensors: Any, control_inputs: Any = None, name: str | None = None) -> list[Any]:
    """`tensors` as a list: all are computed already."""
    return [*tensors]


def timestamp(name: str | None = None) -> Tensor:
    """The seconds since 1970, as a float64."""
    return constant(np.float64(time.time()))


def is_symbolic_tensor(tensor: Any) -> bool:
    """Always false here: every Tensor has its value."""
    return False


def type_spec_from_value(value: Any) -> TensorSpec:
    """The `TensorSpec` of a Tensor, array or Variable.

    Raises
    ------
    TypeError
        If `value` is none of these.
    """
    if not isinstance(value, (Handle, np.ndarray, np.generic)):
        raise TypeError(f"Give a Tensor, array or Variable: got {value!r}.")
    return TensorSpec.from_tensor(value)


def get_logger() -> Any:
    """The logger of the name "tensorflow", to which nothing is written here."""
    import logging

    return logging.getLogger("tensorflow")


def gradients(*args: Any, **kwargs: Any) -> Any:
    """Not here, nor in eager TensorFlow.

    Raises
    ------
    RuntimeError
        Always.
    """
    raise RuntimeError("Use tf.GradientTape: tf.gradients needs a graph.")


def hessians(*args: Any, **kwargs: Any) -> Any:
    """Not here, nor in eager TensorFlow.

    Raises
    ------
    RuntimeError
        Always.
    """
    raise RuntimeError("Use two tf.GradientTape and jacobian: tf.hessians needs a graph.")


def no_gradient(op_type: str) -> None:
    """Nothing: operations here are Python functions; use `stop_gradient` or `custom_gradient`."""
    if not isinstance(op_type, str):
        raise TypeError(f"Give tf.no_gradient the name of an operation: got {op_type!r}.")
