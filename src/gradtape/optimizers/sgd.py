"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np

from gradtape.core.handle import Handle
from gradtape.core.tensor import Variable


class SGD:
    """Gradient descent, optionally with momentum.

    With learning rate ``a``, momentum ``m``, gradient ``g`` and velocity ``v`` (0 at first)::

        w <- w - a g                             if m = 0
        v <- m v - a g;  w <- w + v              with momentum
        v <- m v - a g;  w <- w + m v - a g      with nesterov

    Parameters
    ----------
    learning_rate
        The step ``a``, at least 0. It can be assigned later.
    momentum
        ``m``, in [0, 1].
    nesterov
        Look ahead along the velocity.

    Raises
    ------
    TypeError, ValueError
        For a learning rate or momentum that is not such a number.

    References
    ----------
    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.
    Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML
    2013, equations 3 and 4, in the form of Keras.

    Examples
    --------
    >>> import gradtape as gt
    >>> x = gt.Variable(1.0)
    >>> optimizer = gt.optimizers.SGD(learning_rate=0.1)
    >>> with gt.GradientTape() as tape:
    ...     loss = x**2
    >>> optimizer.apply_gradients([(tape.gradient(loss, x), x)])
    >>> x
    <Variable 'Variable:0' shape=() dtype=float32, numpy=0.8>
    """

    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False
    ) -> None:
        self.learning_rate = learning_rate
        self.momentum = _number("momentum", momentum, high=1.0)
        self.nesterov = bool(nesterov)
        self._velocities: dict[int, tuple[Variable, Any]] = {}

    def __getstate__(self) -> dict[str, Any]:
        # Identities mean something in one process only: the Variables go along.
        return {**self.__dict__, "_velocities": list(self._velocities.values())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._velocities = {pair[0]._id: pair for pair in state["_velocities"]}

    @property
    def learning_rate(self) -> float:
        """The step."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._learning_rate = _number("learning_rate", value)

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> None:
        """Update each Variable by its gradient.

        Parameters
        ----------
        grads_and_vars
            Pairs of a gradient (Tensor or array, of the Variable's shape) and a Variable.

        Raises
        ------
        ValueError
            If a gradient is None or has the wrong shape; the message names the Variable, and no
            Variable has changed.
        TypeError
            If the second of a pair is not a Variable.
        """
        pairs = [(_checked(gradient, variable), variable) for gradient, variable in grads_and_vars]
        for gradient, variable in pairs:
            variable.assign_add(self._step(gradient, variable))

    def _step(self, gradient: Any, variable: Variable) -> Any:
        step = -self._learning_rate * gradient
        if not self.momentum:
            return step
        _, velocity = self._velocities.get(variable._id, (variable, 0.0))
        velocity = self.momentum * velocity + step
        self._velocities[variable._id] = variable, velocity
        return self.momentum * velocity + step if self.nesterov else velocity


def _number(name: str, value: Any, high: float = float("inf")) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"Give {name} as a number: got {value!r}.")
    if not 0 <= float(value) <= high:
        bound = "at least 0" if high == float("inf") else f"from 0 to {high:g}"
        raise ValueError(f"Give {name} {bound}: got {value!r}.")
    return float(value)


def _checked(gradient: Any, variable: Any) -> Any:
    """The gradient's plain value."""
    if not isinstance(variable, Variable):
        raise TypeError(
            f"Give apply_gradients pairs (gradient, Variable): got {type(variable).__name__} "
            f"as the second."
        )
    if gradient is None:
        raise ValueError(
            f"Compute the loss from {variable.name!r} inside the tape, or leave the Variable out: "
            f"its gradient is None."
        )
    value = gradient._value if isinstance(gradient, Handle) else gradient
    shape = value.shape if hasattr(value, "shape") else np.shape(value)
    if shape != variable._value.shape:
        raise ValueError(
            f"Give {variable.name!r} a gradient of its shape {variable.shape}: got {shape}."
        )
    return value
