"""Steps divided by the root of past squares: RMSprop, Adagrad, Adadelta."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from gradtape.core.tensor import Variable
from gradtape.optimizers.base import Optimizer
from gradtape.optimizers.checks import Options, Rate, at_least, number


class RMSprop(Optimizer):
    """Steps divided by the root of a running mean of squares.

    With learning rate ``a``, gradient ``g``, and ``v``, ``b``, ``s`` 0 at first::

        v <- rho v + (1 - rho) g**2
        b <- rho b + (1 - rho) g                       if centered, else b = 0
        s <- momentum s + a g / sqrt(v - b**2 + epsilon)
        w <- w - s

    Parameters
    ----------
    learning_rate
        The step ``a``: a float, a schedule, or a function without arguments.
    rho
        How much of the means remains in a step.
    momentum
        How much of the last step is made again.
    epsilon
        The constant under the root.
    centered
        Divide by the standard deviation instead.
    **options
        What all optimizers take: see `Optimizer`.

    Raises
    ------
    TypeError, ValueError
        For an argument out of its range.

    References
    ----------
    Tieleman, Hinton, "Lecture 6.5: RMSprop", Coursera, 2012. Graves, "Generating sequences with
    recurrent neural networks", 2013, equations 38 to 41, for `centered`.

    Examples
    --------
    >>> import gradtape as gt
    >>> x = gt.Variable(10.0)
    >>> calls = gt.optimizers.RMSprop(0.1).minimize(lambda: x**2 / 2, [x])
    >>> print(f"{x:.4f}")
    9.6838
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = number("rho", rho)
        self.momentum = number("momentum", momentum)
        self.epsilon = number("epsilon", epsilon)
        self.centered = centered

    def _groups(self) -> tuple[tuple[str, ...], ...]:
        momentum = [("momentum",)] if self.momentum > 0 else []
        return (("velocity",), *momentum, *([("average_gradient",)] if self.centered else []))

    def _update(self, w: Any, g: Any, c: Any, *slots: Any) -> tuple[Any, ...]:
        v, *rest = slots
        v = v * self.rho + g * g * (1 - self.rho)
        if self.centered:
            rest[-1] = rest[-1] * self.rho + g * (1 - self.rho)
            step = g * c / np.sqrt(v - rest[-1] * rest[-1] + self.epsilon)
        else:
            step = g * c / np.sqrt(v + self.epsilon)
        if self.momentum > 0:
            rest[0] = step = rest[0] * self.momentum + step
        return w - step, v, *rest


class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squares.

    With learning rate ``a``, gradient ``g``, and ``n = initial_accumulator_value`` at first::

        n <- n + g**2
        w <- w - a g / sqrt(n + epsilon)

    Parameters
    ----------
    learning_rate
        The step ``a``: a float, a schedule, or a function without arguments.
    initial_accumulator_value
        The sum at first; at least 0.
    epsilon
        The constant under the root.
    **options
        What all optimizers take: see `Optimizer`.

    Raises
    ------
    TypeError, ValueError
        For an argument out of its range.

    References
    ----------
    Duchi, Hazan, Singer, "Adaptive subgradient methods for online learning and stochastic
    optimization", JMLR 12, 2011, figure 1 with diagonal matrices.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> x = gt.Variable(1.0)
    >>> optimizer = gt.optimizers.Adagrad(0.5, initial_accumulator_value=0.0)
    >>> calls = optimizer.apply_gradients([(np.float32(4.0), x)])
    >>> print(f"{x:.3f}")
    0.500
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        at_least(0, initial_accumulator_value=initial_accumulator_value)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = number("epsilon", epsilon)

    def _groups(self) -> tuple[tuple[str, ...], ...]:
        return (("accumulator",),)

    def _initial(self, variable: Variable) -> dict[str, Any]:
        return {"accumulator": np.full_like(variable._value, self.initial_accumulator_value)}

    def _update(self, w: Any, g: Any, c: Any, *slots: Any) -> tuple[Any, ...]:
        n = slots[0] + g * g
        return w - g * c / np.sqrt(n + self.epsilon), n


class Adadelta(Optimizer):
    """Steps in the units of past steps.

    With learning rate ``a``, gradient ``g``, and ``n`` and ``s`` 0 at first::

        n <- rho n + (1 - rho) g**2
        d = g sqrt(s + epsilon) / sqrt(n + epsilon)
        s <- rho s + (1 - rho) d**2
        w <- w - a d

    Parameters
    ----------
    learning_rate
        The factor ``a``, 1 in the paper: a float, a schedule, or a function without arguments.
    rho
        How much of the means remains in a step.
    epsilon
        The constant under the roots.
    **options
        What all optimizers take: see `Optimizer`.

    Raises
    ------
    TypeError, ValueError
        For an argument out of its range.

    References
    ----------
    Zeiler, "Adadelta: an adaptive learning rate method", 2012, algorithm 1.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> x = gt.Variable(1.0)
    >>> optimizer = gt.optimizers.Adadelta(1.0, rho=0.75, epsilon=1e-4)
    >>> calls = optimizer.apply_gradients([(np.float32(4.0), x)])
    >>> print(f"{x:.3f}")
    0.980
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = number("rho", rho)
        self.epsilon = number("epsilon", epsilon)

    def _groups(self) -> tuple[tuple[str, ...], ...]:
        return (("accumulated_grad", "accumulated_delta_var"),)

    def _update(self, w: Any, g: Any, c: Any, *slots: Any) -> tuple[Any, ...]:
        n, s = slots
        n = n * self.rho + g * g * (1 - self.rho)
        d = np.sqrt(s + self.epsilon) * g / np.sqrt(n + self.epsilon)
        return w - d * c, n, s * self.rho + d * d * (1 - self.rho)
