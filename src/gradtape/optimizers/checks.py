"""What is refused before anything changes."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any, TypedDict

import numpy as np

from gradtape.core.dtypes import floatx
from gradtape.core.handle import Handle, is_foreign
from gradtape.core.tensor import Variable
from gradtape.optimizers.schedules import LearningRateSchedule

Rate = float | LearningRateSchedule | Callable[[], Any]
"""A learning rate: a float, a schedule, or a function without arguments."""


class Common(TypedDict, total=False):
    """`Options` without the weight decay, for optimizers that have a default of their own."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None


class Options(Common, total=False):
    """The arguments that all optimizers take; `Optimizer` says what they mean."""

    weight_decay: float | None


DEFAULTS: Options = {
    "weight_decay": None,
    "clipnorm": None,
    "global_clipnorm": None,
    "clipvalue": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
    "name": None,
}

_CLIPS = ("clipnorm", "clipvalue", "global_clipnorm")
_NUMBERS = (*_CLIPS, "weight_decay", "ema_momentum", "loss_scale_factor")


def options_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """All options, those not given at their defaults.

    Raises
    ------
    TypeError, ValueError
        For what is no option, or not in its range.
    """
    given = dict(given)
    if given.pop("decay", None) is not None:
        warnings.warn("Use a schedule as learning_rate: `decay` is ignored.", stacklevel=4)
    if unknown := given.keys() - DEFAULTS.keys():
        raise ValueError(
            f"Leave out {', '.join(sorted(unknown))}: an optimizer takes its own arguments and "
            f"{', '.join(DEFAULTS)}."
        )
    options = {**DEFAULTS, **given}
    for name in _NUMBERS:
        if options[name] is not None:
            number(name, options[name])
    _check_choices(options)
    return options


def _check_choices(options: Mapping[str, Any]) -> None:
    clips = [name for name in _CLIPS if options[name] is not None]
    if len(clips) > 1:
        raise ValueError(f"Give one of {', '.join(_CLIPS)}: got {' and '.join(clips)}.")
    if options["use_ema"]:
        if not 0 <= options["ema_momentum"] <= 1:
            raise ValueError(f"Give ema_momentum from 0 to 1: got {options['ema_momentum']!r}.")
        _check_count("ema_overwrite_frequency", options["ema_overwrite_frequency"], 1)
    _check_count("gradient_accumulation_steps", options["gradient_accumulation_steps"], 2)


def _check_count(name: str, value: Any, least: int) -> None:
    if value and (not isinstance(value, int) or value < least):
        raise ValueError(f"Give {name} as an integer of at least {least}, or None: got {value!r}.")


def number(name: str, value: Any) -> float:
    """`value`, if it is a real number and not NaN."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"Give {name} as a number: got {value!r}.")
    if math.isnan(value):
        raise ValueError(f"Give {name} as a number: got nan.")
    return value  # type: ignore[return-value]


def at_least(least: float, **values: Any) -> None:
    """Refuse values that are no numbers, or below `least`."""
    for name, value in values.items():
        if number(name, value) < least:
            raise ValueError(f"Give {name} of at least {least:g}: got {value!r}.")


def rate_of(value: Any) -> Any:
    """A learning rate: a schedule or function as it is, a float as a Variable.

    Raises
    ------
    ValueError
        For anything else, an integer too.
    """
    if callable(value) and not isinstance(value, Handle):
        return value
    if not isinstance(value, float) or math.isnan(value):
        raise ValueError(
            f"Give learning_rate as a float, a LearningRateSchedule, or a function without "
            f"arguments: got {value!r}."
        )
    return Variable(value, trainable=False, name="learning_rate", dtype=floatx())


def name_of(kind: str, value: Any, taken: dict[str, int]) -> str:
    """The name given, or one made of that of the class: ``adam``, ``adam_1`` ..."""
    if value is None:
        base = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", kind)
        base = re.sub(r"([a-z])([A-Z])", r"\1_\2", base).lower()
        taken[base] = count = taken.get(base, -1) + 1
        return f"{base}_{count}" if count else base
    if not isinstance(value, str) or "/" in value:
        raise ValueError(f"Give name as a string without '/': got {value!r}.")
    return value


def checked_variable(variable: Any, complex_too: bool) -> Variable:
    """`variable`, if an optimizer can update it."""
    if not isinstance(variable, Variable):
        raise TypeError(
            f"Give apply_gradients pairs (gradient, Variable): got {type(variable).__name__} "
            f"as the second."
        )
    kind = variable._value.dtype.kind
    if kind not in ("fc" if complex_too else "f"):
        hint = "Use SGD, or two real Variables" if kind == "c" else "Use a floating-point dtype"
        raise TypeError(f"{hint}, for {variable.name!r}: its dtype is {variable._value.dtype}.")
    return variable


def checked(gradient: Any, variable: Variable) -> Any:
    """The gradient's plain value, in the Variable's shape and dtype."""
    if hasattr(gradient, "_densely"):  # IndexedSlices
        gradient = gradient._densely()
    value = gradient._value if isinstance(gradient, Handle) else gradient
    old = variable._value
    if not hasattr(value, "dtype") or (is_foreign(value) and not is_foreign(old)):
        value = np.asarray(value)[()]  # a Dask array is computed here
    if value.shape != old.shape:
        raise ValueError(
            f"Give {variable.name!r} a gradient of its shape {old.shape}: got {value.shape}."
        )
    if value.dtype == old.dtype:
        return value
    if value.dtype.kind not in "biufc" or (value.dtype.kind == "c" and old.dtype.kind != "c"):
        raise TypeError(
            f"Give {variable.name!r} a gradient of its dtype {old.dtype}: got {value.dtype}."
        )
    return value.astype(old.dtype)
