"""Keras's optimizers: 25 steps of each, with each option on and off; settings; what is refused."""

from __future__ import annotations

import warnings
from functools import wraps
from typing import Any

import numpy as np

from compat.cases import Function, case

STEPS = 25

OWN: dict[str, list[dict[str, Any]]] = {
    "SGD": [
        {"learning_rate": 0.1},
        {"learning_rate": 0.1, "momentum": 0.9},
        {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True},
        {"nesterov": True},
    ],
    "Adam": [
        {"learning_rate": 0.1},
        {"learning_rate": 0.1, "amsgrad": True},
        {"learning_rate": 0.05, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.01},
    ],
    "AdamW": [{"learning_rate": 0.1}, {"learning_rate": 0.1, "weight_decay": 0.2}],
    "Adamax": [{"learning_rate": 0.1}, {"learning_rate": 0.1, "beta_1": 0.5, "epsilon": 0.1}],
    "Nadam": [{"learning_rate": 0.1}, {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.9}],
    "RMSprop": [
        {"learning_rate": 0.1},
        {"learning_rate": 0.05, "momentum": 0.7},
        {"learning_rate": 0.05, "centered": True, "epsilon": 0.01},
        {"learning_rate": 0.05, "momentum": 0.7, "centered": True, "epsilon": 0.01, "rho": 0.8},
    ],
    "Adagrad": [
        {"learning_rate": 0.1},
        {"learning_rate": 0.5, "initial_accumulator_value": 0.0, "epsilon": 0.01},
    ],
    "Adadelta": [{"learning_rate": 1.0}, {"learning_rate": 5.0, "rho": 0.8, "epsilon": 0.001}],
    "Ftrl": [
        {"learning_rate": 0.1},
        {"learning_rate": 0.5, "l1_regularization_strength": 0.2},
        {"learning_rate": 0.5, "l2_regularization_strength": 0.3, "beta": 0.5},
        {"learning_rate": 0.5, "l2_shrinkage_regularization_strength": 0.3},
        {"learning_rate": 0.2, "learning_rate_power": -0.25, "initial_accumulator_value": 1.0},
        {"learning_rate": 0.05, "learning_rate_power": 0.0},
    ],
    "Lion": [{"learning_rate": 0.03}, {"learning_rate": 0.03, "beta_1": 0.5, "beta_2": 0.7}],
    "Adafactor": [
        {"learning_rate": 0.5},
        {"learning_rate": 0.5, "relative_step": False, "clip_threshold": 0.5, "epsilon_2": 0.1},
        {"learning_rate": 0.1, "beta_2_decay": -0.5, "epsilon_1": 0.01},
    ],
    "Lamb": [{"learning_rate": 0.03}, {"learning_rate": 0.03, "beta_1": 0.5, "epsilon": 0.01}],
    "Muon": [
        {"learning_rate": 0.1},
        {"learning_rate": 0.1, "rms_rate": None, "nesterov": False, "momentum": 0.8},
        {"learning_rate": 0.1, "ns_steps": 2, "muon_a": 3.0, "adam_lr_ratio": 0.5},
        {"learning_rate": 0.1, "adam_weight_decay": None, "weight_decay": 0.5},
    ],
}

EXACT: dict[str, dict[str, Any]] = {
    "SGD": {"learning_rate": 0.125, "momentum": 0.9},
    "Adam": {"learning_rate": 0.125, "beta_1": 0.75, "beta_2": 0.875, "epsilon": 1e-7},
    "AdamW": {"learning_rate": 0.125, "beta_1": 0.75, "beta_2": 0.875, "weight_decay": 0.25},
    "Adamax": {"learning_rate": 0.125, "beta_1": 0.75},
    "Nadam": {"learning_rate": 0.125, "beta_1": 0.75, "beta_2": 0.875},
    "RMSprop": {"learning_rate": 0.125, "rho": 0.9, "momentum": 0.7, "centered": True},
    "Adagrad": {"learning_rate": 0.125, "initial_accumulator_value": 0.25},
    "Adadelta": {"learning_rate": 1.0, "rho": 0.9},
    "Ftrl": {"learning_rate": 0.125, "initial_accumulator_value": 0.25, "beta": 0.5},
    "Lion": {"learning_rate": 0.125, "beta_1": 0.75, "beta_2": 0.875},
    "Adafactor": {"learning_rate": 0.125, "epsilon_2": 0.125},
    "Lamb": {"learning_rate": 0.03, "beta_1": 0.75, "beta_2": 0.875},
}
"""For float64, in which Keras rounds most numbers to float32 first: such as it does not change."""

SHARED: dict[str, dict[str, Any]] = {
    "decay": {"weight_decay": 0.1},
    "clipnorm": {"clipnorm": 0.5},
    "clipvalue": {"clipvalue": 0.3},
    "global_clipnorm": {"global_clipnorm": 0.7},
    "ema": {"use_ema": True, "ema_momentum": 0.8},
    "ema_every": {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 4},
    "accumulation": {"gradient_accumulation_steps": 3},
    "accumulation_ema": {
        "gradient_accumulation_steps": 2,
        "use_ema": True,
        "ema_overwrite_frequency": 3,
    },
    "accumulation_clip_decay": {
        "gradient_accumulation_steps": 2,
        "clipnorm": 0.5,
        "weight_decay": 0.1,
    },
    "loss_scale": {"loss_scale_factor": 8.0},
}

A = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])
B = np.array([0.5, -1.5, 1.0])


def targets(tf: Any, dtype: str) -> list[Any]:
    """A matrix, a vector and a scalar."""
    # Keras's Muon asks a matrix for its name in a way that a tf.Variable has not.
    return [
        tf.Variable(np.array(A, dtype), name="w"),
        tf.Variable(np.array(B, dtype), name="b"),
        tf.Variable(np.array(0.75, dtype), name="s"),
    ]


def gradients_at(tf: Any, variables: list[Any], step: int) -> list[Any]:
    """Gradients that depend on all Variables and on the step, by NumPy: the same for both."""
    w, b, s = (np.array(v.numpy(), float) for v in variables)
    away = w * s - b + 0.1 * (step % 3)
    found = [4 * away * s + w, -4 * away.sum(axis=0) + b, 4 * (away * w).sum() + s]
    return [tf.constant(g.astype(v.numpy().dtype)) for g, v in zip(found, variables, strict=True)]


def train(tf: Any, optimizer: Any, dtype: str = "float32", steps: int = STEPS) -> list[Any]:
    variables = targets(tf, dtype)
    for step in range(steps):
        gradients = gradients_at(tf, variables, step)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return variables


def quiet(function: Function) -> Function:
    """`function` without the warnings of Keras's on NumPy 2."""

    @wraps(function)
    def run(tf: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(tf)

    return run


def make(tf: Any, name: str, **options: Any) -> Any:
    if name == "Muon":
        options.setdefault("exclude_embeddings", False)
    return getattr(tf.keras.optimizers, name)(**options)


def trained(name: str, options: dict[str, Any], dtype: str) -> Function:
    @quiet
    def run(tf: Any) -> Any:
        optimizer = make(tf, name, **options)
        variables = train(tf, optimizer, dtype)
        state = optimizer.variables
        found: dict[str, Any] = {"variables": variables, "iterations": optimizer.iterations}
        if name != "Adafactor":  # which keeps placeholders for vectors
            found["state"] = [float(np.sum(np.array(v.numpy(), float))) for v in state[1:]]
        return found

    return run


def _fill() -> None:
    for name, choices in OWN.items():
        rtol = 1e-5 if name == "Muon" else 2e-6  # matrix products round as the library adds
        for position, options in enumerate(choices):
            case(f"{name}/{position}", rtol=rtol)(trained(name, options, "float32"))
        if name != "Muon":  # Keras's fails for float64
            fine = 1e-6 if name == "Nadam" else None  # Keras rounds its 0.96 to float32
            case(f"{name}/float64", rtol=fine)(trained(name, EXACT[name], "float64"))
        for label, options in SHARED.items():
            if name in ("SGD", "Adam", "Adafactor", "Muon", "Nadam") or label == "decay":
                both = {**choices[0], **options}
                case(f"{name}/{label}", rtol=rtol)(trained(name, both, "float32"))


_fill()


@case()
@quiet
def half_precision(tf: Any) -> Any:
    return [train(tf, make(tf, name), "float16", 3)[0] for name in ("SGD", "Adam", "RMSprop")]


@case()
@quiet
def schedule_as_rate(tf: Any) -> Any:
    schedules = tf.keras.optimizers.schedules
    rate = schedules.ExponentialDecay(0.1, 5, 0.5)
    optimizer = make(tf, "SGD", learning_rate=rate, weight_decay=0.1, gradient_accumulation_steps=2)
    return train(tf, optimizer), optimizer.learning_rate, len(optimizer.variables)


@case()
@quiet
def user_schedule(tf: Any) -> Any:
    class Harmonic(tf.keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
        def __call__(self, step: Any) -> Any:
            return 0.1 / (tf.cast(step, tf.float32) + 1.0)

    optimizer = make(tf, "Adam", learning_rate=Harmonic())
    return train(tf, optimizer), optimizer.learning_rate


@case()
@quiet
def function_as_rate(tf: Any) -> Any:
    rate = [0.1]
    optimizer = make(tf, "SGD", learning_rate=lambda: rate[0])
    first = train(tf, optimizer, steps=1)
    return first, optimizer.learning_rate


@case()
@quiet
def rate_is_a_variable(tf: Any) -> Any:
    optimizer = make(tf, "SGD", learning_rate=0.1)
    before = optimizer.learning_rate
    optimizer.learning_rate = 0.5
    given = float(before)
    optimizer.learning_rate.assign(0.25)
    return before, given, optimizer.get_config()["learning_rate"], len(optimizer.variables)


@case()
@quiet
def function_replaces_rate(tf: Any) -> Any:
    optimizer = make(tf, "SGD", learning_rate=0.1)
    optimizer.learning_rate = lambda: 0.5
    return train(tf, optimizer, steps=2), len(optimizer.variables)


@case()
@quiet
def schedule_is_not_assigned(tf: Any) -> Any:
    rate = tf.keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.5)
    optimizer = make(tf, "SGD", learning_rate=rate)
    optimizer.learning_rate = 0.1


@case()
@quiet
def schedule_is_replaced_by_another(tf: Any) -> Any:
    kind = tf.keras.optimizers.schedules.ExponentialDecay
    optimizer = make(tf, "SGD", learning_rate=kind(0.1, 5, 0.5))
    optimizer.learning_rate = kind(0.2, 5, 0.5)
    return optimizer.learning_rate


def _rates() -> dict[str, Function]:
    return {
        "int": lambda tf: 1,
        "float32": lambda tf: np.float32(0.5),
        "float64": lambda tf: np.float64(0.5),
        "tensor": lambda tf: tf.constant(0.5),
        "text": lambda tf: "fast",
        "none": lambda tf: None,
        "bool": lambda tf: True,
        "negative": lambda tf: -0.5,
        "array": lambda tf: np.array(0.5),
    }


def _ask_rates() -> None:
    for label, value in _rates().items():

        def made(tf: Any, value: Function = value) -> Any:
            return make(tf, "SGD", learning_rate=value(tf)).learning_rate

        def assigned(tf: Any, value: Function = value) -> Any:
            optimizer = make(tf, "SGD")
            optimizer.learning_rate = value(tf)
            return optimizer.learning_rate

        case(f"rate/{label}")(quiet(made))
        case(f"assigned_rate/{label}")(quiet(assigned))


_ask_rates()

BAD: dict[str, tuple[str, dict[str, Any]]] = {
    "momentum_int": ("SGD", {"momentum": 0}),
    "momentum_high": ("SGD", {"momentum": 1.5}),
    "momentum_low": ("SGD", {"momentum": -0.1}),
    "two_clips": ("SGD", {"clipnorm": 1.0, "clipvalue": 1.0}),
    "ema_momentum": ("SGD", {"use_ema": True, "ema_momentum": 2.0}),
    "ema_momentum_unused": ("SGD", {"ema_momentum": 2.0}),
    "ema_frequency": ("SGD", {"use_ema": True, "ema_overwrite_frequency": 1.5}),
    "ema_frequency_zero": ("SGD", {"use_ema": True, "ema_overwrite_frequency": 0}),
    "accumulation_one": ("SGD", {"gradient_accumulation_steps": 1}),
    "accumulation_zero": ("SGD", {"gradient_accumulation_steps": 0}),
    "clipnorm_zero": ("SGD", {"clipnorm": 0.0}),
    "decay": ("SGD", {"decay": 0.1}),
    "unknown": ("SGD", {"foo": 1}),
    "name_number": ("SGD", {"name": 3}),
    "name_slash": ("SGD", {"name": "a/b"}),
    "adamw_decay": ("AdamW", {"weight_decay": None}),
    "lion_beta_1": ("Lion", {"beta_1": 0.0}),
    "ftrl_power": ("Ftrl", {"learning_rate_power": 0.5}),
    "ftrl_l1": ("Ftrl", {"l1_regularization_strength": -1.0}),
    "ftrl_l2": ("Ftrl", {"l2_regularization_strength": -1.0}),
    "ftrl_accumulator": ("Ftrl", {"initial_accumulator_value": -1.0}),
    "base": ("Optimizer", {"learning_rate": 0.1}),
}


def _ask_bad() -> None:
    for label, (name, options) in BAD.items():

        def run(tf: Any, name: str = name, options: dict[str, Any] = options) -> Any:
            return train(tf, make(tf, name, **options), steps=1)[2]

        case(f"argument/{label}")(quiet(run))


_ask_bad()


@case()
@quiet
def all_gradients_none(tf: Any) -> Any:
    make(tf, "SGD").apply_gradients([(None, tf.Variable(1.0))])


@case()
def some_gradients_none(tf: Any) -> Any:
    a, b = tf.Variable(1.0, name="a"), tf.Variable(1.0, name="b")
    optimizer = make(tf, "Adam", learning_rate=0.5)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        optimizer.apply_gradients([(tf.constant(1.0), a), (None, b)])
    told = [str(w.message) for w in caught if issubclass(w.category, UserWarning)]
    return a, b, len(told), "b:0" in told[0], "a:0" in told[0], len(optimizer.variables)


@case()
@quiet
def no_gradients(tf: Any) -> Any:
    make(tf, "SGD").apply_gradients([])


@case()
@quiet
def apply_nothing(tf: Any) -> Any:
    return make(tf, "SGD").apply([])


@case()
@quiet
def apply_unbuilt(tf: Any) -> Any:
    return make(tf, "SGD").apply([tf.constant(1.0)])


@case()
@quiet
def apply_built(tf: Any) -> Any:
    optimizer, a = make(tf, "SGD", learning_rate=0.5), tf.Variable(1.0)
    optimizer.build([a])
    optimizer.apply([tf.constant(1.0)])
    return a, optimizer.iterations


@case()
@quiet
def apply_too_many(tf: Any) -> Any:
    optimizer = make(tf, "SGD")
    optimizer.build([tf.Variable(1.0)])
    optimizer.apply([tf.constant(1.0), tf.constant(1.0)])


@case()
@quiet
def unknown_variable(tf: Any) -> Any:
    optimizer = make(tf, "SGD")
    for _ in range(2):
        optimizer.apply_gradients([(tf.constant(1.0), tf.Variable(1.0))])


@case(
    better="a wrong shape is a ValueError here, also a tf.errors.InvalidArgumentError's base",
    answer=lambda: {"refused": True},
)
@quiet
def wrong_shape(tf: Any) -> Any:
    try:
        make(tf, "SGD").apply_gradients([(tf.constant([1.0, 2.0]), tf.Variable(1.0))])
    except ValueError:
        return {"refused": True}
    return {"refused": False}


@case(
    better="a gradient that only broadcasts is refused, not spread",
    answer=lambda: {"refused": True},
)
@quiet
def wrong_shape_that_broadcasts(tf: Any) -> Any:
    try:
        make(tf, "Adam").apply_gradients([(tf.constant(1.0), tf.Variable([1.0, 2.0]))])
    except ValueError:
        return {"refused": True}
    return {"refused": False}


@case()
@quiet
def other_dtypes(tf: Any) -> Any:
    a, b, c = tf.Variable(1.0), tf.Variable(1.0), tf.Variable(1 + 1j)
    gradients = [2.0, tf.constant(2.0, tf.float64), tf.constant(1 + 2j, tf.complex128)]
    make(tf, "SGD", learning_rate=0.5).apply_gradients(zip(gradients, [a, b, c], strict=True))
    return a, b, c


@case()
@quiet
def the_same_variable_twice(tf: Any) -> Any:
    a = tf.Variable(1.0)
    optimizer = make(tf, "Adam", learning_rate=0.5)
    optimizer.apply_gradients([(tf.constant(1.0), a), (tf.constant(-3.0), a)])
    return a


@case()
@quiet
def constraint(tf: Any) -> Any:
    a = tf.Variable(0.25, constraint=lambda x: tf.math.maximum(x, 0.0))
    make(tf, "SGD", learning_rate=1.0).apply_gradients([(tf.constant(1.0), a)])
    return a


@case()
@quiet
def excluded_from_decay(tf: Any) -> Any:
    optimizer = make(tf, "AdamW", learning_rate=0.1, weight_decay=0.5)
    variables = targets(tf, "float32")
    optimizer.exclude_from_weight_decay(var_list=[variables[2]], var_names=["^b"])
    for step in range(3):
        pairs = zip(gradients_at(tf, variables, step), variables, strict=True)
        optimizer.apply_gradients(pairs)
    return variables


@case()
@quiet
def finalized(tf: Any) -> Any:
    optimizer = make(tf, "SGD", learning_rate=0.1, use_ema=True, ema_momentum=0.5)
    variables = train(tf, optimizer, steps=5)
    optimizer.finalize_variable_values(variables)
    return variables


@case()
@quiet
def finalized_without_averages(tf: Any) -> Any:
    optimizer = make(tf, "SGD", learning_rate=0.1)
    variables = train(tf, optimizer, steps=2)
    optimizer.finalize_variable_values(variables)
    return variables


@case()
@quiet
def scaled_loss(tf: Any) -> Any:
    optimizer = make(tf, "SGD", loss_scale_factor=4.0)
    return optimizer.scale_loss(tf.constant(2.0)), make(tf, "SGD").scale_loss(tf.constant(2.0))


@case()
@quiet
def iterations(tf: Any) -> Any:
    optimizer = make(tf, "SGD", gradient_accumulation_steps=2)
    variables, found = targets(tf, "float32"), [optimizer.iterations]
    for step in range(3):
        pairs = zip(gradients_at(tf, variables, step), variables, strict=True)
        found += [optimizer.apply_gradients(pairs).numpy(), optimizer.iterations]
    return found


@case()
@quiet
def iterations_are_not_assigned(tf: Any) -> Any:
    make(tf, "SGD").iterations = 3


@case()
@quiet
def configurations(tf: Any) -> Any:
    found = {}
    for name in OWN:
        config = getattr(tf.keras.optimizers, name)(name="mine").get_config()
        again = getattr(tf.keras.optimizers, name).from_config(config)
        found[name] = {**config, "same": again.get_config() == config}
    return found


@case()
@quiet
def configuration_of_schedule(tf: Any) -> Any:
    rate = tf.keras.optimizers.schedules.CosineDecay(0.1, 5)
    optimizer = make(tf, "Adam", learning_rate=rate, clipnorm=1.0, name="mine")
    config = optimizer.get_config()
    again = type(optimizer).from_config(dict(config))
    return config, again.learning_rate, tf.keras.optimizers.serialize(optimizer)


@case()
@quiet
def got_by_name(tf: Any) -> Any:
    get = tf.keras.optimizers.get
    made = [get("adam"), get("SGD"), get("RMSprop"), get({"class_name": "adamw", "config": {}})]
    return [type(optimizer).__name__ for optimizer in made], get(None), get(made[0]) is made[0]


@case()
@quiet
def got_by_an_unknown_name(tf: Any) -> Any:
    tf.keras.optimizers.get("nope")


@case()
@quiet
def got_by_a_number(tf: Any) -> Any:
    tf.keras.optimizers.get(3)


@case()
@quiet
def state_is_set(tf: Any) -> Any:
    first, second = make(tf, "Adam", learning_rate=0.5), make(tf, "Adam")
    variables = train(tf, first, steps=3)
    second.build(variables)
    store: dict[str, Any] = {}
    first.save_own_variables(store)
    second.load_own_variables(store)
    second.apply_gradients(zip(gradients_at(tf, variables, 0), variables, strict=True))
    return sorted(store), variables


@case()
@quiet
def state_is_set_unbuilt(tf: Any) -> Any:
    make(tf, "Adam").set_weights([])


@case()
@quiet
def state_of_wrong_shape(tf: Any) -> Any:
    optimizer = make(tf, "Adam")
    optimizer.build([tf.Variable([1.0])])
    optimizer.set_weights([np.zeros(2)])
