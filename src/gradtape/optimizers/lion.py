"""Lion: steps of one size, in the direction of the sign."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from gradtape.optimizers.base import Optimizer
from gradtape.optimizers.checks import Options, Rate, number


class Lion(Optimizer):
    """Sign descent with momentum.

    With learning rate ``a``, gradient ``g``, and ``m`` 0 at first::

        w <- w - a sign(beta_1 m + (1 - beta_1) g)
        m <- beta_2 m + (1 - beta_2) g

    Parameters
    ----------
    learning_rate
        The step ``a``: a float, a schedule, or a function without arguments.
    beta_1
        The weight of the mean in the direction; in (0, 1].
    beta_2
        How much of the mean remains in a step.
    **options
        What all optimizers take: see `Optimizer`.

    Raises
    ------
    TypeError, ValueError
        For an argument out of its range.

    References
    ----------
    Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023, algorithm 2.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> x = gt.Variable(1.0)
    >>> calls = gt.optimizers.Lion(0.25).apply_gradients([(np.float32(9.0), x)])
    >>> print(x.numpy())
    0.75
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        if not 0 < number("beta_1", beta_1) <= 1:
            raise ValueError(f"Give beta_1 above 0, up to 1: got {beta_1!r}.")
        self.beta_1 = beta_1
        self.beta_2 = number("beta_2", beta_2)

    def _groups(self) -> tuple[tuple[str, ...], ...]:
        return (("momentum",),)

    def _coefficients(self, rate: Any, kind: Any) -> Any:
        return rate, kind(self.beta_1), kind(self.beta_2)

    def _update(self, w: Any, g: Any, c: Any, *slots: Any) -> tuple[Any, ...]:
        (rate, beta_1, beta_2), (m,) = c, slots
        new = w - np.sign(m * beta_1 + g * (1 - beta_1)) * rate
        return new, m * beta_2 + g * (1 - beta_2)
