"""Adam and its kin: steps in units of the gradient's recent size."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Unpack

import numpy as np

from gradtape.core.dtypes import in_dtype
from gradtape.core.tensor import Variable
from gradtape.optimizers.base import Optimizer, Part
from gradtape.optimizers.checks import Common, Options, Rate, number


class Adam(Optimizer):
    """Adaptive moments.

    With learning rate ``a``, gradient ``g``, the step ``t = 1, 2 ...``, and ``m``, ``v`` 0 at
    first::

        m <- m + (1 - beta_1) (g - m)
        v <- v + (1 - beta_2) (g**2 - v)
        w <- w - a sqrt(1 - beta_2**t) / (1 - beta_1**t) m / (sqrt(v) + epsilon)

    and with `amsgrad` the largest ``v`` so far in the place of ``v``.

    Parameters
    ----------
    learning_rate
        The step ``a``: a float, a schedule, or a function without arguments.
    beta_1, beta_2
        How much of the mean and of the mean square remains in a step.
    epsilon
        The constant in the denominator.
    amsgrad
        Never let the denominator fall.
    **options
        What all optimizers take: see `Optimizer`.

    Raises
    ------
    TypeError, ValueError
        For an argument out of its range.

    References
    ----------
    Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015, the form before section
    2.1, where `epsilon` is "epsilon hat". Reddi et al., "On the convergence of Adam and beyond",
    ICLR 2018, algorithm 2.

    Examples
    --------
    >>> import gradtape as gt
    >>> x = gt.Variable(1.0)
    >>> optimizer = gt.optimizers.Adam(learning_rate=0.1)
    >>> with gt.GradientTape() as tape:
    ...     loss = x**2
    >>> calls = optimizer.apply_gradients([(tape.gradient(loss, x), x)])
    >>> print(f"{x:.3f}")
    0.900
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = number("beta_1", beta_1)
        self.beta_2 = number("beta_2", beta_2)
        self.epsilon = number("epsilon", epsilon)
        self.amsgrad = amsgrad

    def _groups(self) -> tuple[tuple[str, ...], ...]:
        return (("momentum", "velocity"), *([("velocity_hat",)] if self.amsgrad else []))

    def _coefficients(self, rate: Any, kind: Any) -> Any:
        return adam_step(rate, self.beta_1, self.beta_2, self._step(kind))

    def _update(self, w: Any, g: Any, c: Any, *slots: Any) -> tuple[Any, ...]:
        m, v, *top = slots
        m, v = moments(g, m, v, 1 - self.beta_1, 1 - self.beta_2)
        if self.amsgrad:
            v_hat = np.maximum(top[0], v)
            return w - m * c / (np.sqrt(v_hat) + self.epsilon), m, v, v_hat
        return w - m * c / (np.sqrt(v) + self.epsilon), m, v


def moments(g: Any, m: Any, v: Any, new_1: Any, new_2: Any) -> tuple[Any, Any]:
    """The running means of ``g`` and ``g**2``, which weigh the new by `new_1` and `new_2`."""
    return m + (g - m) * new_1, v + (g * g - v) * new_2


def adam_step(rate: Any, beta_1: float, beta_2: float, step: Any) -> Any:
    """The learning rate that makes up for means that start at 0."""
    kind = step.dtype.type
    return rate * np.sqrt(1 - kind(beta_2) ** step) / (1 - kind(beta_1) ** step)


class AdamW(Adam):
    """Adam with weight decay, `Optimizer`'s: apart from the gradient, and so not divided.

    Parameters
    ----------
    learning_rate
        The step ``a``: a float, a schedule, or a function without arguments.
    weight_decay
        In each step first ``w <- w - a weight_decay w``.
    beta_1, beta_2, epsilon, amsgrad
        As for `Adam`.
    **options
        What all optimizers take: see `Optimizer`.

    Raises
    ------
    TypeError, ValueError
        For an argument out of its range; None as `weight_decay` is.

    References
    ----------
    Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> x = gt.Variable(1.0)
    >>> optimizer = gt.optimizers.AdamW(0.1, weight_decay=0.5)
    >>> calls = optimizer.apply_gradients([(np.float32(0.0), x)])
    >>> print(x.numpy())
    0.95
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[Common],
    ) -> None:
        if weight_decay is None:
            raise ValueError("Give AdamW a weight_decay, or use Adam: got None.")
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **options
        )


class Adamax(Optimizer):
    """Adam with the largest recent gradient in the place of the root mean square.

    With ``m`` and ``u`` 0 at first and the step ``t = 1, 2 ...``::

        m <- m + (1 - beta_1) (g - m)
        u <- max(beta_2 u, |g|)
        w <- w - a m / ((1 - beta_1**t) (u + epsilon))

    Parameters
    ----------
    learning_rate
        The step ``a``: a float, a schedule, or a function without arguments.
    beta_1, beta_2
        How much of the mean and of the maximum remains in a step.
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
    Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 2; `epsilon` is
    Keras's.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> x = gt.Variable(1.0)
    >>> calls = gt.optimizers.Adamax(0.1).apply_gradients([(np.float32(3.0), x)])
    >>> print(f"{x:.3f}")
    0.900
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
        return (("momentum", "norm"),)

    def _coefficients(self, rate: Any, kind: Any) -> Any:
        return rate, 1 - kind(self.beta_1) ** self._step(kind)

    def _update(self, w: Any, g: Any, c: Any, *slots: Any) -> tuple[Any, ...]:
        (rate, correction), (m, u) = c, slots
        m = m + (g - m) * (1 - self.beta_1)
        u = np.maximum(u * self.beta_2, np.abs(g))
        return w - m * rate / ((u + self.epsilon) * correction), m, u


class Nadam(Optimizer):
    """Adam with Nesterov's look ahead.

    With ``m`` and ``v`` as in `Adam`, the step ``t = 1, 2 ...``, ``u_t = beta_1 (1 - 0.96**t / 2)``
    and ``p`` the product of ``u_1 ... u_t``::

        m_hat = u_(t+1) m / (1 - p u_(t+1)) + (1 - u_t) g / (1 - p)
        w <- w - a m_hat / (sqrt(v / (1 - beta_2**t)) + epsilon)

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
    Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016, algorithm 2, with the
    schedule of ``u`` that it recommends.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> x = gt.Variable(1.0)
    >>> calls = gt.optimizers.Nadam(0.1).apply_gradients([(np.float32(3.0), x)])
    >>> print(f"{x:.3f}")
    0.894
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
        self._product = Variable(1.0, trainable=False, name="u_product")

    def _groups(self) -> tuple[tuple[str, ...], ...]:
        return (("momentum", "velocity"),)

    def _shared(self) -> list[Variable]:
        return [self._product]

    def build(self, variables: Iterable[Variable]) -> None:
        """Fix the Variables; the product of ``u`` has the dtype of the first."""
        if not self.built:
            super().build(variables := list(variables))
            dtype = variables[0].dtype if variables else None
            self._product = Variable(1.0, trainable=False, name="u_product", dtype=dtype)

    def _advance(self, work: list[tuple[Any, Part]]) -> None:
        p = self._product._value
        kind = p.dtype.type
        step = self._step(kind)
        self._product._value = p * self.beta_1 * (1 - 0.5 * kind(0.96) ** step)
        super()._advance(work)

    def _coefficients(self, rate: Any, kind: Any) -> Any:
        t, beta_1, beta_2 = self._step(kind), kind(self.beta_1), kind(self.beta_2)
        u, u_next = (beta_1 * (1 - 0.5 * kind(0.96) ** power) for power in (t, t + 1))
        p = in_dtype(self._product._value, kind)
        ahead, here = (u_next, 1 - p * u_next), (1 - u, 1 - p)
        return rate, ahead, here, 1 - beta_2**t, (1 - beta_1, 1 - beta_2)

    def _update(self, w: Any, g: Any, c: Any, *slots: Any) -> tuple[Any, ...]:
        rate, ahead, here, correction, new = c
        m, v = moments(g, *slots, *new)
        m_hat = m * ahead[0] / ahead[1] + g * here[0] / here[1]
        return w - m_hat * rate / (np.sqrt(v / correction) + self.epsilon), m, v
