"""Adafactor: second moments of a matrix kept as a row and a column."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from gradtape.core.tensor import Variable
from gradtape.optimizers.base import Optimizer
from gradtape.optimizers.checks import Options, Rate, number


class Adafactor(Optimizer):
    """Adam's denominator in little memory, and steps relative to the Variable's size.

    With learning rate ``a``, gradient ``g``, step ``t = 1, 2 ...``, ``b = 1 - t**beta_2_decay`` and
    ``s = g**2 + epsilon_1``, for a Variable of rank 2 or more::

        r <- b r + (1 - b) mean(s, over its columns);  c <- b c + (1 - b) mean(s, over its rows)
        v = r / mean(r) c

    and for others ``v <- b v + (1 - b) s``. Then, with the root mean square ``rms``::

        u = g / sqrt(v);  u <- u / max(1, rms(u) / clip_threshold)
        w <- w - min(a, 1 / sqrt(t)) max(epsilon_2, rms(w)) u

    Parameters
    ----------
    learning_rate
        The step ``a``: a float, a schedule, or a function without arguments.
    beta_2_decay
        The exponent of ``b``.
    epsilon_1
        What is added to squares.
    epsilon_2
        The least size that a Variable is taken to have.
    clip_threshold
        The largest root mean square of ``u``.
    relative_step
        Of no effect: the step is bounded by ``1 / sqrt(t)`` either way, as in Keras.
    **options
        What all optimizers take: see `Optimizer`.

    Raises
    ------
    TypeError, ValueError
        For an argument out of its range.

    References
    ----------
    Shazeer, Stern, "Adafactor: adaptive learning rates with sublinear memory cost", ICML 2018,
    algorithms 4 and 5.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> x = gt.Variable(2.0)
    >>> calls = gt.optimizers.Adafactor(0.1).apply_gradients([(np.float32(9.0), x)])
    >>> print(f"{x:.2f}")
    1.80
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_2_decay = number("beta_2_decay", beta_2_decay)
        self.epsilon_1 = number("epsilon_1", epsilon_1)
        self.epsilon_2 = number("epsilon_2", epsilon_2)
        self.clip_threshold = number("clip_threshold", clip_threshold)
        self.relative_step = relative_step

    def _groups(self) -> tuple[tuple[str, ...], ...]:
        return (("row", "column", "velocity"),)

    def _initial(self, variable: Variable) -> dict[str, Any]:
        w = variable._value
        if w.ndim < 2:
            return {"velocity": np.zeros_like(w)}
        row, column = np.zeros_like(w[..., 0]), np.zeros_like(w[..., 0, :])
        return {"row": row, "column": column, "velocity": np.zeros_like(w)}

    def _coefficients(self, rate: Any, kind: Any) -> Any:
        t = self._step(kind)
        return np.minimum(rate, 1 / np.sqrt(t)), 1 - t ** kind(self.beta_2_decay)

    def _update(self, w: Any, g: Any, c: Any, *slots: Any) -> tuple[Any, ...]:
        rho, b = c
        kept = self._squares(g * g + self.epsilon_1, b, *slots)
        u = g / np.sqrt(kept[-1])
        u = u / np.maximum(1, _rms(u) / self.clip_threshold)
        size = np.maximum(w.dtype.type(self.epsilon_2), _rms(w))
        return w - size * rho * u, *kept

    def _squares(self, s: Any, b: Any, *slots: Any) -> tuple[Any, ...]:
        if len(slots) == 1:
            return (slots[0] * b + s * (1 - b),)
        r, c, _ = slots
        r = r * b + np.mean(s, axis=-1) * (1 - b)
        c = c * b + np.mean(s, axis=-2) * (1 - b)
        v = (r / np.mean(r, axis=-1, keepdims=True))[..., None] * c[..., None, :]
        return r, c, v


def _rms(x: Any) -> Any:
    return np.sqrt(np.mean(x * x))
