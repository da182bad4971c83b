"""Follow the regularized leader, which gives sparse linear models."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from gradtape.core.tensor import Variable
from gradtape.optimizers.base import Optimizer
from gradtape.optimizers.checks import Options, Rate, at_least, number


class Ftrl(Optimizer):
    """Follow the regularized leader (proximal).

    With learning rate ``a``, gradient ``g``, power ``q = -learning_rate_power``, and at first ``n =
    initial_accumulator_value`` and ``z = 0``::

        n' = n + g**2
        z <- z + g + 2 l2_shrinkage_regularization_strength w - (n'**q - n**q) / a w
        w <- (clip(z, -l1, l1) - z) / (n'**q / a + 2 l2 + beta / a)
        n <- n'

    Parameters
    ----------
    learning_rate
        The step ``a``: a float, a schedule, or a function without arguments.
    learning_rate_power
        ``-q``; at most 0.
    initial_accumulator_value
        ``n`` at first; at least 0.
    l1_regularization_strength, l2_regularization_strength
        ``l1`` and ``l2``; at least 0.
    l2_shrinkage_regularization_strength
        A penalty on the Variable where it is, rather than on the solution; at least 0.
    beta
        The constant of the paper.
    **options
        What all optimizers take: see `Optimizer`.

    Raises
    ------
    TypeError, ValueError
        For an argument out of its range.

    Notes
    -----
    ``z`` knows nothing of where `w` starts: the first step forgets most of an initial value.

    References
    ----------
    McMahan et al., "Ad click prediction: a view from the trenches", KDD 2013, algorithm 1.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> x = gt.Variable(0.0)
    >>> optimizer = gt.optimizers.Ftrl(0.5, initial_accumulator_value=0.0)
    >>> calls = optimizer.apply_gradients([(np.float32(4.0), x)])
    >>> print(x.numpy())
    -0.5
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        at_least(
            0,
            initial_accumulator_value=initial_accumulator_value,
            l1_regularization_strength=l1_regularization_strength,
            l2_regularization_strength=l2_regularization_strength,
            l2_shrinkage_regularization_strength=l2_shrinkage_regularization_strength,
        )
        if number("learning_rate_power", learning_rate_power) > 0:
            raise ValueError(f"Give learning_rate_power up to 0: got {learning_rate_power!r}.")
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = number("beta", beta)

    def _groups(self) -> tuple[tuple[str, ...], ...]:
        return (("accumulator", "linear"),)

    def _initial(self, variable: Variable) -> dict[str, Any]:
        w = variable._value
        return {
            "accumulator": np.full_like(w, self.initial_accumulator_value),
            "linear": np.zeros_like(w),
        }

    def _update(self, w: Any, g: Any, c: Any, *slots: Any) -> tuple[Any, ...]:
        n, z = slots
        q, l1 = -self.learning_rate_power, self.l1_regularization_strength
        l2 = self.l2_regularization_strength + self.beta / (2 * c)
        n_new = n + g * g
        n_power = n_new**q
        shrunk = g + w * (2 * self.l2_shrinkage_regularization_strength)
        z = z + (shrunk - (n_power - n**q) / c * w)
        return (np.clip(z, -l1, l1) - z) / (n_power / c + 2 * l2), n_new, z
