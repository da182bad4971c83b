"""Keras's learning rate schedules."""

from __future__ import annotations

from typing import Any

import numpy as np

from compat.cases import case

STEPS = [0, 1, 2, 3, 4, 5, 6, 7, 9, 12, 20, 33]

CALLS: dict[str, list[dict[str, Any]]] = {
    "ExponentialDecay": [
        {"initial_learning_rate": 0.1, "decay_steps": 4, "decay_rate": 0.5},
        {"initial_learning_rate": 0.1, "decay_steps": 4, "decay_rate": 0.5, "staircase": True},
    ],
    "InverseTimeDecay": [
        {"initial_learning_rate": 0.1, "decay_steps": 4, "decay_rate": 0.5},
        {"initial_learning_rate": 0.1, "decay_steps": 4.0, "decay_rate": 2.0, "staircase": True},
    ],
    "PiecewiseConstantDecay": [
        {"boundaries": [2, 5, 12], "values": [1.0, 0.5, 0.1, 0.05]},
        {"boundaries": [2.5], "values": [1.0, 0.5]},
    ],
    "PolynomialDecay": [
        {"initial_learning_rate": 0.1, "decay_steps": 7},
        {"initial_learning_rate": 0.1, "decay_steps": 7, "end_learning_rate": 0.02, "power": 2.0},
        {"initial_learning_rate": 0.1, "decay_steps": 7, "power": 0.5, "cycle": True},
    ],
    "CosineDecay": [
        {"initial_learning_rate": 0.1, "decay_steps": 7},
        {"initial_learning_rate": 0.1, "decay_steps": 7, "alpha": 0.2},
        {
            "initial_learning_rate": 0.01,
            "decay_steps": 7,
            "warmup_target": 0.1,
            "warmup_steps": 5,
        },
    ],
    "CosineDecayRestarts": [
        {"initial_learning_rate": 0.1, "first_decay_steps": 5},
        {"initial_learning_rate": 0.1, "first_decay_steps": 5, "t_mul": 1.0, "m_mul": 0.5},
        {"initial_learning_rate": 0.1, "first_decay_steps": 4, "t_mul": 1.5, "alpha": 0.1},
    ],
}


def _fill() -> None:
    for name, choices in CALLS.items():
        for position, options in enumerate(choices):

            def run(tf: Any, name: str = name, options: Any = options) -> Any:
                schedule = getattr(tf.keras.optimizers.schedules, name)(**options)
                module = tf.keras.optimizers.schedules
                again = module.deserialize(module.serialize(schedule))
                rates = [np.array(schedule(tf.constant(step))) for step in STEPS]
                return rates, schedule(3), again(tf.constant(6)), module.serialize(schedule)

            run.__module__ = __name__
            case(f"{name}/{position}", rtol=1e-6)(run)


_fill()


@case()
def many_steps_at_once(tf: Any) -> Any:
    module = tf.keras.optimizers.schedules
    steps = tf.constant([0, 2, 3, 9])
    return [
        module.ExponentialDecay(0.1, 4, 0.5)(steps),
        module.PiecewiseConstantDecay([2], [1.0, 0.5])(steps),
        module.CosineDecayRestarts(0.1, 4)(steps),
    ]


@case()
def float64_rate(tf: Any) -> Any:
    return tf.keras.optimizers.schedules.ExponentialDecay(np.float64(0.5), 4, 0.5)(4)


@case(
    better="an integer rate is a number like any other, and does not make integers of all rates",
    answer=lambda: [np.float32(0.0), np.float32(0.1), np.float32(0.5)],
)
def integer_rates(tf: Any) -> Any:
    module = tf.keras.optimizers.schedules
    rise = module.CosineDecay(0, 10, warmup_target=0.5, warmup_steps=5)
    rates = rise(0), rise(1), module.PiecewiseConstantDecay([2], [1, 0.5])(3)
    return [np.float32(rate) for rate in rates]


@case()
def no_steps(tf: Any) -> Any:
    return tf.keras.optimizers.schedules.ExponentialDecay(0.1, 0, 0.5)


@case()
def negative_steps(tf: Any) -> Any:
    return tf.keras.optimizers.schedules.CosineDecay(0.1, -1)


@case()
def too_few_values(tf: Any) -> Any:
    return tf.keras.optimizers.schedules.PiecewiseConstantDecay([1], [1.0])


@case()
def base_is_not_callable(tf: Any) -> Any:
    return tf.keras.optimizers.schedules.LearningRateSchedule()(0)


@case()
def base_has_no_configuration(tf: Any) -> Any:
    return tf.keras.optimizers.schedules.LearningRateSchedule().get_config()
