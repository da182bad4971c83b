"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any, Unpack

from gradtape.core.handle import REAL_SCALARS, settled
from gradtape.core.tensor import Variable
from gradtape.optimizers.base import Optimizer, Part, as_kind
from gradtape.optimizers.checks import Options, Rate


class SGD(Optimizer):
    """Gradient descent, optionally with momentum.

    With learning rate ``a``, momentum ``m``, gradient ``g`` and velocity ``v`` (0 at first)::

        w <- w - a g                             if m = 0
        v <- m v - a g;  w <- w + v              with momentum
        v <- m v - a g;  w <- w + m v - a g      with nesterov

    Parameters
    ----------
    learning_rate
        The step ``a``: a float, a schedule, or a function without arguments.
    momentum
        ``m``, a float in [0, 1].
    nesterov
        Look ahead along the velocity.
    **options
        What all optimizers take: see `Optimizer`.

    Raises
    ------
    TypeError, ValueError
        For an argument out of its range.

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
    >>> calls = optimizer.apply_gradients([(tape.gradient(loss, x), x)])
    >>> x
    <Variable 'Variable:0' shape=() dtype=float32, numpy=0.8>
    """

    _complex = True

    def __init__(
        self,
        learning_rate: Rate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        given: Any = momentum
        if not isinstance(given, float) or not 0 <= given <= 1:
            raise ValueError(f"Give momentum as a float from 0 to 1: got {momentum!r}.")
        self.momentum = momentum
        self.nesterov = nesterov

    def _groups(self) -> tuple[tuple[str, ...], ...]:
        return (("momentum",),) if self.momentum else ()

    def _advance(self, work: list[tuple[Any, Part]]) -> None:
        if self.momentum or not self._plain:
            super()._advance(work)
            return
        # As there, for the commonest and cheapest update of all, of which calls are most.
        rate = self._learning_rate
        rate = rate._value if rate.__class__ is Variable else self._rate()
        for g, part in work:
            variable, kind = part.variable, part.kind
            w = variable._value - g * (rate if rate.__class__ is kind else as_kind(rate, kind))
            variable._value = w if w.__class__ in REAL_SCALARS else settled(w)
            if part.constraint is not None:
                variable.assign(part.constraint(variable))

    def _update(self, w: Any, g: Any, c: Any, *slots: Any) -> tuple[Any, ...]:
        if not self.momentum:
            return (w - g * c,)
        (v,) = slots
        step = g * c
        v = v * self.momentum - step
        return (w + (v * self.momentum - step) if self.nesterov else w + v), v
