"""Schedules against their formulas."""

from __future__ import annotations

import numpy as np
import pytest

import gradtape as gt
from gradtape.optimizers import schedules


def test_boundaries_belong_to_the_interval_before() -> None:
    rate = schedules.PiecewiseConstantDecay([2, 2**24 + 1], [1.0, 0.5, 0.25])
    steps = [0, 2, 3, 2**24 + 1, 2**24 + 2]
    assert rate(steps).numpy().tolist() == [1.0, 1.0, 0.5, 0.5, 0.25]


def test_restarts_are_periods_that_grow() -> None:
    rate = schedules.CosineDecayRestarts(1.0, 4, t_mul=2.0, m_mul=0.5)
    first = [0.5 * (1 + np.cos(np.pi * t / 4)) for t in range(4)]
    second = [0.25 * (1 + np.cos(np.pi * t / 8)) for t in range(8)]
    np.testing.assert_allclose(rate(np.arange(12)).numpy(), first + second, atol=1e-5)


def test_the_dtype_is_that_of_the_first_rate() -> None:
    assert schedules.ExponentialDecay(0.5, 1, 0.5)(1).dtype == np.float32
    assert schedules.ExponentialDecay(np.float64(0.5), 1, 0.5)(1).dtype == np.float64
    assert schedules.ExponentialDecay(1, 1, 0.5)(1).numpy() == 0.5


def test_a_step_may_be_a_variable() -> None:
    step = gt.Variable(3)
    assert schedules.InverseTimeDecay(1.0, 1, 1.0)(step).numpy() == 0.25


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="Give decay_steps above 0: got 0"):
        schedules.PolynomialDecay(0.1, 0)
    with pytest.raises(ValueError, match="Give first_decay_steps above 0"):
        schedules.CosineDecayRestarts(0.1, -1)
    with pytest.raises(ValueError, match="Give one value more than boundaries"):
        schedules.PiecewiseConstantDecay([1, 2], [1.0, 0.5])
    with pytest.raises(ValueError, match="Name 'Nope' in custom_objects"):
        schedules.deserialize({"class_name": "Nope", "config": {}})
    with pytest.raises(TypeError, match="Give a dict with 'class_name'"):
        schedules.deserialize({})


def test_a_class_of_ones_own_is_named_to_be_made_again() -> None:
    class Constant(schedules.LearningRateSchedule):
        def __init__(self, rate: float) -> None:
            self.rate = rate

        def __call__(self, step: object) -> float:
            return self.rate

        def get_config(self) -> dict[str, float]:
            return {"rate": self.rate}

    config = gt.optimizers.SGD(Constant(0.5)).get_config()
    again = gt.optimizers.SGD.from_config(config, {"Constant": Constant})
    assert again.learning_rate == 0.5
