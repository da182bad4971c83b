"""Lamb: Adam's direction, with a step for each Variable relative to its size."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from gradtape.optimizers.adam import moments
from gradtape.optimizers.base import Optimizer
from gradtape.optimizers.checks import Options, Rate, number


class Lamb(Optimizer):
    """Layer-wise adaptive moments.

    With learning rate ``a``, ``m`` and ``v`` as in `Adam`, and the step ``t = 1, 2 ...``::

        u = (m / (1 - beta_1**t)) / (sqrt(v / (1 - beta_2**t)) + epsilon)
        w <- w - a |w| / |u| u

    where the ratio of norms is 1 if either is 0.

    Parameters
    ----------
    learning_rate
        The step ``a``: a float, a schedule, or a function without arguments.
    beta_1, beta_2
        How much of the mean and of the mean square remains in a step.
    epsilon
        The constant in the denominator.
    **options
        What all optimizers take: see `Optimizer`.

    Raises
    ------
    TypeError, ValueError
        For an argument out of its range.

    References
    ----------
    You et al., "Large batch optimization for deep learning: training BERT in 76 minutes", ICLR
    2020, algorithm 2.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> x = gt.Variable([3.0, 4.0])
    >>> g = np.array([1.0, 0.0], np.float32)
    >>> calls = gt.optimizers.Lamb(0.1).apply_gradients([(g, x)])
    >>> print(x.numpy().round(3))
    [2.5 4. ]
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = number("beta_1", beta_1)
        self.beta_2 = number("beta_2", beta_2)
        self.epsilon = number("epsilon", epsilon)

    def _groups(self) -> tuple[tuple[str, ...], ...]:
        return (("momentum", "velocity"),)

    def _coefficients(self, rate: Any, kind: Any) -> Any:
        t = self._step(kind)
        return rate, 1 - kind(self.beta_1) ** t, 1 - kind(self.beta_2) ** t

    def _update(self, w: Any, g: Any, c: Any, *slots: Any) -> tuple[Any, ...]:
        rate, first, second = c
        m, v = moments(g, slots[0], slots[1], 1 - self.beta_1, 1 - self.beta_2)
        u = m / first / (np.sqrt(v / second) + self.epsilon)
        sizes = np.sqrt(np.sum(w * w)), np.sqrt(np.sum(u * u))
        ratio = sizes[0] / sizes[1] if all(sizes) else w.dtype.type(1)
        return w - ratio * rate * u, m, v
