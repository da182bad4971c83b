"""Learning rates that change with the step.

A schedule computes in the dtype of its first rate: that of an array or NumPy scalar, else `floatx`.
The step may be a number, a Tensor or an array, and the result has its shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from gradtape.core.dtypes import floatx, in_dtype
from gradtape.core.handle import UNTRACKED, Handle, settled
from gradtape.core.tensor import Tensor
from gradtape.optimizers.serialization import Registry

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]


class LearningRateSchedule:
    """A learning rate as a function of the step; derive from it and define ``__call__(step)``.

    An optimizer calls it with its step counter, an integer Variable that starts at 0. Define
    `get_config` too if the optimizer's configuration is to hold it.

    Examples
    --------
    >>> import gradtape as gt
    >>> class Harmonic(gt.optimizers.schedules.LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.1 / (step + 1)
    >>> gt.optimizers.SGD(Harmonic()).learning_rate
    Tensor(0.1, shape=(), dtype=float64)
    """

    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`."""
        raise NotImplementedError(f"Define __call__(self, step) in {type(self).__name__}.")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        raise NotImplementedError(
            f"Define get_config(self) in {type(self).__name__} to store it: it returns the "
            f"arguments of the constructor as a dict."
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The schedule that `get_config` described."""
        return cls(**config)


class _Formula(LearningRateSchedule):
    """A schedule that is a formula; its configuration is the attributes of these names."""

    _names: tuple[str, ...]

    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`, as a Tensor."""
        kind = self._first().dtype.type
        steps = step._value if isinstance(step, Handle) else step
        with np.errstate(all="ignore"):
            rate = self._rate(self._cast(_number(steps), kind), kind)
        result: Any = step._result if isinstance(step, Handle) else Tensor
        return result(settled(in_dtype(rate, kind)), UNTRACKED)

    def _first(self) -> Any:
        """The rate whose dtype is that of the results."""
        return _typed(self.initial_learning_rate)  # type: ignore[attr-defined]

    def _cast(self, step: Any, kind: Any) -> Any:
        return step.astype(kind)

    def _rate(self, step: Any, kind: Any) -> Any:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        return {name: getattr(self, name) for name in self._names}


def _number(step: Any) -> Any:
    return step if hasattr(step, "astype") else np.asarray(step)[()]


def _typed(value: Any) -> Any:
    """`value` with a floating-point dtype: an integer rate would be rounded down to 0 at once."""
    if isinstance(value, Handle):
        value = value._value
    array = np.asarray(value)
    own = hasattr(value, "dtype") and array.dtype.kind == "f"
    return array if own else array.astype(floatx())


def _positive(name: str, value: Any) -> Any:
    if not value > 0:
        raise ValueError(f"Give {name} above 0: got {value!r}.")
    return value


class ExponentialDecay(_Formula):
    """``initial_learning_rate * decay_rate ** (step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate
        The rate at step 0.
    decay_steps
        The steps in which the rate changes by the factor `decay_rate`; above 0.
    decay_rate
        That factor.
    staircase
        Whether the exponent is rounded down.
    name
        A name.

    Raises
    ------
    ValueError
        If `decay_steps` is not above 0.

    Examples
    --------
    >>> import gradtape as gt
    >>> rate = gt.optimizers.schedules.ExponentialDecay(0.5, decay_steps=10, decay_rate=0.5)
    >>> rate(20)
    Tensor(0.125, shape=(), dtype=float32)
    """

    _names = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def _rate(self, step: Any, kind: Any) -> Any:
        p = step / kind(self.decay_steps)
        if self.staircase:
            p = np.floor(p)
        return kind(self.initial_learning_rate) * np.power(kind(self.decay_rate), p)


class InverseTimeDecay(_Formula):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate
        The rate at step 0.
    decay_steps
        The unit in which steps count; above 0.
    decay_rate
        How fast the rate falls.
    staircase
        Whether ``step / decay_steps`` is rounded down.
    name
        A name.

    Raises
    ------
    ValueError
        If `decay_steps` is not above 0.

    Examples
    --------
    >>> import gradtape as gt
    >>> gt.optimizers.schedules.InverseTimeDecay(1.0, decay_steps=2, decay_rate=0.5)(4)
    Tensor(0.5, shape=(), dtype=float32)
    """

    _names = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def _rate(self, step: Any, kind: Any) -> Any:
        p = step / kind(self.decay_steps)
        if self.staircase:
            p = np.floor(p)
        return kind(self.initial_learning_rate) / (1 + kind(self.decay_rate) * p)


class PiecewiseConstantDecay(_Formula):
    """``values[0]`` up to and including the step ``boundaries[0]``, then ``values[1]``, and so on.

    Parameters
    ----------
    boundaries
        The last steps of all intervals but the last, rising.
    values
        The rates of the intervals, one more than `boundaries`.
    name
        A name.

    Raises
    ------
    ValueError
        If the lengths do not fit.

    Examples
    --------
    >>> import gradtape as gt
    >>> rate = gt.optimizers.schedules.PiecewiseConstantDecay([100], [1.0, 0.5])
    >>> rate([100, 101])
    Tensor([1.  0.5], shape=(2,), dtype=float32)
    """

    _names = ("boundaries", "values", "name")

    def __init__(
        self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant"
    ) -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                f"Give one value more than boundaries: got {len(values)} values, "
                f"{len(boundaries)} boundaries."
            )
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def _first(self) -> Any:
        return _typed(self.values[0])

    def _cast(self, step: Any, kind: Any) -> Any:
        return step  # large integers compare exactly

    def _rate(self, step: Any, kind: Any) -> Any:
        edges = np.array([np.asarray(edge) for edge in self.boundaries], np.float64)
        return np.take(np.asarray(self.values, kind), np.searchsorted(edges, step, side="left"))


class PolynomialDecay(_Formula):
    """From one rate to another, as a power of the steps that are left.

    ``(initial_learning_rate - end_learning_rate) * (1 - step / decay_steps) ** power +
    end_learning_rate``, where `step` stops at `decay_steps`; with `cycle`, `decay_steps` is instead
    multiplied until it is not below `step`.

    Parameters
    ----------
    initial_learning_rate, end_learning_rate
        The rates at step 0 and from `decay_steps` on.
    decay_steps
        The steps in between; above 0.
    power
        The exponent.
    cycle
        Whether to start again, ever more slowly.
    name
        A name.

    Raises
    ------
    ValueError
        If `decay_steps` is not above 0.

    Examples
    --------
    >>> import gradtape as gt
    >>> gt.optimizers.schedules.PolynomialDecay(1.0, 4, end_learning_rate=0.5)([0, 2, 9])
    Tensor([1.   0.75 0.5 ], shape=(3,), dtype=float32)
    """

    _names = (
        "initial_learning_rate",
        "decay_steps",
        "end_learning_rate",
        "power",
        "cycle",
        "name",
    )

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def _rate(self, step: Any, kind: Any) -> Any:
        steps, end = kind(self.decay_steps), kind(self.end_learning_rate)
        if self.cycle:
            steps = steps * np.where(step == 0, kind(1), np.ceil(step / steps))
        else:
            step = np.minimum(step, steps)
        left = np.power(1 - step / steps, kind(self.power))
        return (kind(self.initial_learning_rate) - end) * left + end


class CosineDecay(_Formula):
    """Half a period of a cosine, after a linear rise if wanted.

    ``r * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2 + alpha)`` with
    ``r = initial_learning_rate``, where `step` stops at `decay_steps`. With `warmup_target`, the
    rate first rises to it in `warmup_steps`; then ``r = warmup_target``, and steps count anew.

    Parameters
    ----------
    initial_learning_rate
        The rate at step 0.
    decay_steps
        The steps of the decay; above 0.
    alpha
        The fraction of ``r`` that remains.
    name
        A name.
    warmup_target
        The rate after the rise; None for no rise.
    warmup_steps
        The steps of the rise.

    Raises
    ------
    ValueError
        If `decay_steps` is not above 0.

    References
    ----------
    Loshchilov, Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017,
    equation 5. Goyal et al., "Accurate, large minibatch SGD", 2017, section 2.2, for the rise.

    Examples
    --------
    >>> import gradtape as gt
    >>> rate = gt.optimizers.schedules.CosineDecay(0, 4, warmup_target=1.0, warmup_steps=2)
    >>> rate([0, 1, 2, 4, 6]).numpy().round(4)
    array([0. , 0.5, 1. , 0.5, 0. ], dtype=float32)
    """

    _names = (
        "initial_learning_rate",
        "decay_steps",
        "alpha",
        "name",
        "warmup_target",
        "warmup_steps",
    )

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def _rate(self, step: Any, kind: Any) -> Any:
        initial = kind(self.initial_learning_rate)
        if self.warmup_target is None:
            return self._decayed(initial, step, kind)
        target, rise = kind(self.warmup_target), kind(self.warmup_steps)
        risen = (target - initial) * (step / rise) + initial
        return np.where(step < rise, risen, self._decayed(target, step - rise, kind))

    def _decayed(self, start: Any, step: Any, kind: Any) -> Any:
        done = np.minimum(step, kind(self.decay_steps)) / kind(self.decay_steps)
        wave = 0.5 * (1 + np.cos(kind(np.pi) * done))
        return start * ((1 - self.alpha) * wave + self.alpha)


class CosineDecayRestarts(_Formula):
    """Half periods of a cosine, one after the other, each `t_mul` times as long as the last.

    Within period ``i``, at the fraction ``p`` of it, the rate is ``initial_learning_rate * ((1 -
    alpha) * m_mul**i * (1 + cos(pi * p)) / 2 + alpha)``.

    Parameters
    ----------
    initial_learning_rate
        The rate at step 0.
    first_decay_steps
        The steps of the first period; above 0.
    t_mul, m_mul
        The factors of length and height from one period to the next.
    alpha
        The fraction of the initial rate that remains.
    name
        A name.

    Raises
    ------
    ValueError
        If `first_decay_steps` is not above 0.

    References
    ----------
    Loshchilov, Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017,
    equation 5.

    Examples
    --------
    >>> import gradtape as gt
    >>> gt.optimizers.schedules.CosineDecayRestarts(1.0, 2, t_mul=1.0)([0, 1, 2]).numpy().round(4)
    array([1. , 0.5, 1. ], dtype=float32)
    """

    _names = ("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = _positive("first_decay_steps", first_decay_steps)
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def _rate(self, step: Any, kind: Any) -> Any:
        growth, alpha = kind(self.t_mul), kind(self.alpha)
        done = step / kind(self.first_decay_steps)
        if growth == 1:
            period = np.floor(done)
            done = done - period
        else:
            period = np.floor(np.log(1 - done * (1 - growth)) / np.log(growth))
            length = np.power(growth, period)
            done = (done - (1 - length) / (1 - growth)) / length
        wave = 0.5 * np.power(kind(self.m_mul), period) * (1 + np.cos(kind(np.pi) * done))
        return kind(self.initial_learning_rate) * ((1 - alpha) * wave + alpha)


_registry = Registry(
    "keras.optimizers.schedules",
    [
        ExponentialDecay,
        InverseTimeDecay,
        PiecewiseConstantDecay,
        PolynomialDecay,
        CosineDecay,
        CosineDecayRestarts,
    ],
)


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """A schedule as a dict that JSON can hold, in Keras's form.

    Examples
    --------
    >>> import gradtape as gt
    >>> rate = gt.optimizers.schedules.PiecewiseConstantDecay([1], [1.0, 0.5])
    >>> gt.optimizers.schedules.serialize(rate)["config"]
    {'boundaries': [1], 'values': [1.0, 0.5], 'name': 'PiecewiseConstant'}
    """
    return _registry.serialize(learning_rate_schedule)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The schedule that `serialize` described.

    `custom_objects` names the classes that are not Keras's.

    Raises
    ------
    ValueError, TypeError
        If `config` names no class that is known.
    """
    return _registry.deserialize(config, custom_objects)
