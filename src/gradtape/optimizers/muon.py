"""Muon: orthogonal steps for matrices, Adam's for the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from gradtape.core.tensor import Variable
from gradtape.optimizers.adam import adam_step, moments
from gradtape.optimizers.base import Optimizer, Part
from gradtape.optimizers.checks import Common, Rate, number


class Muon(Optimizer):
    """Momentum, orthogonalized by Newton's and Schulz's iteration.

    For a matrix of shape (n, k), with learning rate ``a``, gradient ``g``, and ``m`` 0 at first::

        m <- momentum m + g
        x = g + momentum m          with nesterov, else x = m
        x <- x / |x|, then ns_steps times  x <- muon_a x + (muon_b s + muon_c s s) x, s = x x^T
        w <- w - a rms_rate sqrt(max(n, k)) x

    Other Variables are updated as by `Adam`, at the learning rate ``a adam_lr_ratio``: those of
    another rank, those with "embedding" in their name if `exclude_embeddings`, and those in whose
    name an expression of `exclude_layers` is found.

    Parameters
    ----------
    learning_rate
        The step ``a``: a float, a schedule, or a function without arguments.
    adam_beta_1, adam_beta_2, epsilon
        The constants of `Adam`.
    adam_weight_decay, weight_decay
        The weight decay of the Variables that Adam updates, and of the matrices.
    exclude_layers, exclude_embeddings
        Which matrices Adam updates.
    muon_a, muon_b, muon_c
        The coefficients of the iteration.
    adam_lr_ratio
        The factor of Adam's learning rate.
    momentum
        How much of ``m`` remains in a step.
    ns_steps
        The number of iterations.
    nesterov
        Look ahead along ``m``.
    rms_rate
        See above; None leaves both factors out.
    **options
        What all optimizers take: see `Optimizer`.

    Raises
    ------
    TypeError, ValueError
        For an argument out of its range.

    References
    ----------
    Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024. Liu et al.,
    "Muon is scalable for LLM training", 2025, equation 4, for `rms_rate`.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> w = gt.Variable(np.zeros((2, 2)))
    >>> optimizer = gt.optimizers.Muon(0.25, rms_rate=None)
    >>> calls = optimizer.apply_gradients([(np.diag([1.0, 100.0]), w)])
    >>> bool(w[0, 0] < -0.01)  # a hundred times smaller, but no such small step
    True
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **options: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, **options)
        self.adam_beta_1 = number("adam_beta_1", adam_beta_1)
        self.adam_beta_2 = number("adam_beta_2", adam_beta_2)
        self.adam_weight_decay = adam_weight_decay
        self.epsilon = number("epsilon", epsilon)
        self.exclude_layers = list(exclude_layers or [])
        self.exclude_embeddings = exclude_embeddings
        self.muon_a = number("muon_a", muon_a)
        self.muon_b = number("muon_b", muon_b)
        self.muon_c = number("muon_c", muon_c)
        self.adam_lr_ratio = number("adam_lr_ratio", adam_lr_ratio)
        self.momentum = number("momentum", momentum)
        self.ns_steps = ns_steps
        self.nesterov = nesterov
        self.rms_rate = rms_rate

    def _groups(self) -> tuple[tuple[str, ...], ...]:
        return (("momentum", "velocity"),)

    def _initial(self, variable: Variable) -> dict[str, Any]:
        zeros = np.zeros_like(variable._value)
        if self._by_adam(variable):
            return {"momentum": zeros, "velocity": zeros}
        return {"momentum": zeros}

    def _by_adam(self, variable: Variable) -> bool:
        name = variable.name
        return (
            variable._value.ndim != 2
            or (self.exclude_embeddings and "embedding" in name.lower())
            or any(re.search(expression, name) for expression in self.exclude_layers)
        )

    def _is_plain(self) -> bool:
        return False

    def _decay(self, part: Part) -> float | None:
        decay = self.adam_weight_decay if "velocity" in part.slots else self.weight_decay
        return decay if part.decays else None

    def _coefficients(self, rate: Any, kind: Any) -> Any:
        ratio = rate * kind(self.adam_lr_ratio)
        return rate, adam_step(ratio, self.adam_beta_1, self.adam_beta_2, self._step(kind))

    def _update(self, w: Any, g: Any, c: Any, *slots: Any) -> tuple[Any, ...]:
        rate, alpha = c
        if len(slots) == 2:
            m, v = moments(g, *slots, 1 - self.adam_beta_1, 1 - self.adam_beta_2)
            return w - m * alpha / (np.sqrt(v) + self.epsilon), m, v
        m = slots[0] + (g + slots[0] * (self.momentum - 1))
        x = self._orthogonal(g + m * self.momentum if self.nesterov else m) * rate
        if self.rms_rate is not None:
            x = x * w.dtype.type(np.sqrt(max(w.shape))) * self.rms_rate
        return w - x, m

    def _orthogonal(self, x: Any) -> Any:
        """`x` with its singular values brought near 1."""
        tall = x.shape[0] > x.shape[1]
        if tall:
            x = x.T
        x = x / (np.sqrt(np.sum(x * x)) + 1e-7)
        for _ in range(self.ns_steps):
            s = x @ x.T
            x = x * self.muon_a + (s * self.muon_b + (s * self.muon_c) @ s) @ x
        return x.T if tall else x
