"""Tapes, accumulators and custom gradients with TensorFlow's names, arguments and exceptions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import update_wrapper, wraps
from typing import Any

import numpy as np

from gradtape.core.cotangents import Scattered
from gradtape.core.forward import ForwardAccumulator as PlainAccumulator
from gradtape.core.handle import Handle
from gradtape.core.tape import GradientTape as PlainTape
from gradtape.core.tape import UnconnectedGradients
from gradtape.core.tensor import Variable as PlainVariable
from gradtape.core.tensor import stop_gradient as plain_stop_gradient
from gradtape.custom import custom_gradient as plain_custom_gradient
from gradtape.tf import nest
from gradtape.tf.policy import lifted, lowered, tensor
from gradtape.tf.tensors import IndexedSlices, Tensor, convert_to_tensor

__all__ = [
    "ForwardAccumulator",
    "GradientTape",
    "UnconnectedGradients",
    "custom_gradient",
    "grad_pass_through",
    "recompute_grad",
    "stop_gradient",
]


class GradientTape(PlainTape):
    """Records what is computed inside ``with``, and differentiates it.

    As `gradtape.GradientTape`, with TensorFlow's signatures. The gradient of a Tensor that was only
    gathered from is `IndexedSlices`.

    Examples
    --------
    >>> import gradtape.tf as tf
    >>> x = tf.Variable(3.0)
    >>> with tf.GradientTape() as tape:
    ...     y = x * x
    >>> tape.gradient(y, x)
    <tf.Tensor: shape=(), dtype=float32, numpy=6.0>
    """

    def watch(self, tensor: Any) -> None:
        """Record what is computed from `tensor`, a Tensor or any nesting of Tensors.

        Raises
        ------
        ValueError
            If a leaf is not a Tensor or Variable.
        """
        for leaf in nest.flatten(tensor):
            if not isinstance(leaf, Handle):
                raise ValueError(
                    f"Wrap the value in tf.constant before watching it: tape.watch got "
                    f"{type(leaf).__name__}."
                )
        super().watch(tensor)

    def watched_variables(self) -> tuple[Any, ...]:
        """The trainable Variables that were read (or watched), in the order of their creation."""
        return tuple(sorted(self._variables, key=lambda variable: variable._id))

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Pause this tape: what is computed inside is not recorded.

        Raises
        ------
        RuntimeError
            When the gradient was taken already.
        ValueError
            Outside the tape's own ``with``.
        """
        if self._used:
            raise RuntimeError("Use stop_recording before the gradient is taken, not after.")
        with super().stop_recording():
            yield

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: UnconnectedGradients | str = UnconnectedGradients.NONE,
    ) -> Any:
        """The gradient of `target` with respect to `sources`, as `gradtape.GradientTape` gives it.

        Raises
        ------
        RuntimeError
            On a second call, unless the tape is persistent.
        TypeError
            If a target or source is not a Tensor.
        """
        if not isinstance(target, Handle):
            target = nest.flatten(lowered(target))
        if output_gradients is not None:
            output_gradients = _as_many(target, output_gradients)
        if isinstance(sources, (Handle, list)):
            return super().gradient(target, sources, output_gradients, unconnected_gradients)
        flat = nest.flatten(sources)
        found = super().gradient(target, flat, output_gradients, unconnected_gradients)
        return nest.pack_sequence_as(sources, found)

    @staticmethod
    def _finish(handle: Handle, gradient: Any, unconnected: UnconnectedGradients | str) -> Any:
        if gradient.__class__ is Scattered:
            rows = _as_rows(gradient)
            if rows is not None:
                return rows
        return PlainTape._finish(handle, gradient, unconnected)

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: UnconnectedGradients | str = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The Jacobian of `target`; all rows go through the record at once."""
        return super().jacobian(target, sources, unconnected_gradients)

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: UnconnectedGradients | str = UnconnectedGradients.ZERO,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The Jacobian of each example; zeros where nothing connects, as in TensorFlow."""
        return super().batch_jacobian(target, source, UnconnectedGradients.ZERO)


def _as_many(target: Any, given: Any) -> Any:
    """The cotangents of the targets; of those beyond the end of a list there are ones."""
    flat = nest.flatten(given)
    if isinstance(target, Handle):
        first: Any = flat[0] if flat else None
        whole = np.shape(getattr(first, "_value", first)) == target._value.shape
        return tensor(lowered(first if whole else given), target._value.dtype)
    if any(v is None for v in flat):
        raise ValueError("Give every target an output gradient: got None for one of them.")
    flat = [tensor(lowered(v), t._value.dtype) for v, t in zip(flat, target, strict=False)]
    ones = [tensor(np.ones_like(t._value)) for t in target[len(flat) :]]
    return [*flat, *ones]


def _as_rows(gradient: Scattered) -> IndexedSlices | None:
    """The gradient of a Tensor of which only rows were gathered; None for any other."""
    if gradient.base is not None:
        return None
    shape, rows, positions = gradient.spec.shape, [], []
    for index, value in reversed(gradient.parts):  # in the order in which they were gathered
        index = index[0] if isinstance(index, tuple) and len(index) == 1 else index
        if not isinstance(index, np.ndarray) or index.dtype.kind not in "iu":
            return None
        dense = getattr(value, "value", value)
        rows.append(np.reshape(dense, (-1, *shape[1:])))
        positions.append(index.ravel())
    values = rows[0] if len(rows) == 1 else np.concatenate(rows)
    indices = positions[0] if len(positions) == 1 else np.concatenate(positions)
    return IndexedSlices(lifted(values), lifted(indices), lifted(np.array(shape, np.int32)))


class ForwardAccumulator(PlainAccumulator):
    """Computes Jacobian-vector products while the function itself is computed.

    As `gradtape.ForwardAccumulator`; tangents without a dtype take that of their primals. Where a
    `custom_gradient` was called, its derivative counts here too: both modes agree. (TensorFlow
    differentiates the body.)

    Examples
    --------
    >>> import gradtape.tf as tf
    >>> x = tf.constant(3.0)
    >>> with tf.autodiff.ForwardAccumulator(x, tf.constant(1.0)) as accumulator:
    ...     y = x * x
    >>> accumulator.jvp(y)
    <tf.Tensor: shape=(), dtype=float32, numpy=6.0>
    """

    def __init__(self, primals: Any, tangents: Any) -> None:
        nest.assert_same_structure(primals, tangents)
        given = nest.flatten(primals)
        super().__init__(given, list(map(_tangent, given, nest.flatten(tangents))))

    def jvp(
        self,
        primals: Any,
        unconnected_gradients: UnconnectedGradients | str = UnconnectedGradients.NONE,
    ) -> Any:
        """The tangent of `primals`, which were computed inside ``with``."""
        return super().jvp(primals, unconnected_gradients)


def _tangent(primal: Any, tangent: Any) -> Any:
    """`tangent` as the engine's Tensor, in the dtype of `primal`; refused where it has another."""
    if not isinstance(primal, Handle):
        raise TypeError(
            f"Wrap the value in tf.constant first: a primal of ForwardAccumulator is "
            f"{type(primal).__name__}."
        )
    return lowered(convert_to_tensor(tangent, primal._value.dtype))


class _CustomGradient:
    """A decorated function; as a method, its first argument is not one of the differentiated."""

    def __init__(self, f: Callable[..., Any]) -> None:
        def body(*args: Any, **kwargs: Any) -> Any:
            result, grad = _pair(f, f(*lifted(args), **kwargs))
            return lowered(result), _spelled(grad)

        self._f = f
        self._inner = plain_custom_gradient(wraps(f)(body))
        update_wrapper(self, f)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return lifted(self._inner(*[_own(arg) for arg in args], **kwargs))

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        return _CustomGradient(self._f.__get__(instance, owner))


def _pair(f: Callable[..., Any], returned: Any) -> Any:
    if not (isinstance(returned, tuple) and len(returned) == 2 and callable(returned[1])):
        raise TypeError(
            f"Return (result, gradient function) from {getattr(f, '__name__', f)}: got "
            f"{returned!r}."
        )
    return returned


def custom_gradient(f: Any = None) -> Any:
    """Decorate a function that returns its result and its gradient function.

    As `gradtape.custom_gradient`. The gradient function gets the cotangent of each output, and
    ``variables=``, the Variables that the body reads, if there are any.

    Raises
    ------
    TypeError
        When called: if the body reads a Variable and the gradient function has no `variables`.
    ValueError
        In the sweep: if it returns a wrong number of gradients.

    Examples
    --------
    >>> import gradtape.tf as tf
    >>> @tf.custom_gradient
    ... def clipped(x):
    ...     return x, lambda dy: tf.clip_by_value(dy, -1.0, 1.0)
    >>> x = tf.constant(2.0)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = 5.0 * clipped(x)
    >>> tape.gradient(y, x).numpy()
    np.float32(1.0)
    """
    return _CustomGradient if f is None else _CustomGradient(f)


def _own(arg: Any) -> Any:
    """An argument as the engine's Tensor; a Variable stays what it is."""
    return arg if isinstance(arg, PlainVariable) else lowered(arg)


def _spelled(grad: Callable[..., Any]) -> Callable[..., Any]:
    """A gradient function of Tensors of this spelling, for the engine to call."""
    takes = inspect.signature(grad).parameters
    anything = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in takes.values())
    if "variables" not in takes and not anything:
        return lambda *dys: lowered(grad(*map(lifted, dys)))

    def with_variables(*dys: Any, variables: Sequence[Any] = ()) -> Any:
        given = {"variables": list(variables)} if variables else {}
        return lowered(grad(*map(lifted, dys), **given))

    return with_variables


def grad_pass_through(f: Callable[..., Any]) -> Any:
    """`f`, with the gradient of the identity: the cotangent goes to the arguments unchanged."""

    @custom_gradient
    def through(*args: Any, **kwargs: Any) -> Any:
        def grad(*dys: Any, **unused: Any) -> Any:
            variables = unused.get("variables")
            if variables is not None:
                return dys, [None] * len(variables)
            return dys

        return f(*args, **kwargs), grad

    return through


def stop_gradient(input: Any, name: str | None = None) -> Any:
    """`input` as a constant: no gradient flows back through the result."""
    leaves = [lifted(plain_stop_gradient(tensor(lowered(x)))) for x in nest.flatten(input)]
    return nest.pack_sequence_as(input, leaves)


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """`f`, of which a tape keeps the arguments only: it runs again when the gradient is taken.

    As `gradtape.checkpoint`.
    """
    from gradtape.transforms.checkpoint import checkpoint

    def body(*args: Any, **kwargs: Any) -> Any:
        return lowered(f(*lifted(args), **kwargs))

    inner = checkpoint(wraps(f)(body))

    @wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Tensor | Any:
        return lifted(inner(*[_own(arg) for arg in args], **kwargs))

    return decorated
