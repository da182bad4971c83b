"""What all optimizers share: everything but the formula of the update."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self, Unpack

import numpy as np

from gradtape.core.errors import warn_user
from gradtape.core.handle import REAL_SCALARS, UNTRACKED, Handle, settled
from gradtape.core.tape import GradientTape
from gradtape.core.tensor import Tensor, Variable
from gradtape.optimizers import schedules
from gradtape.optimizers.checks import (
    DEFAULTS,
    Options,
    Rate,
    checked,
    checked_variable,
    name_of,
    options_of,
    rate_of,
)
from gradtape.optimizers.clipping import by_global_norm, by_norm, by_value

_REAL = {"F": np.float32, "D": np.float64}
"""The numbers that multiply complex ones."""


_ACTING = (
    "clipnorm",
    "clipvalue",
    "global_clipnorm",
    "use_ema",
    "loss_scale_factor",
    "gradient_accumulation_steps",
)


@dataclass(slots=True)
class Part:
    """One Variable, and what an optimizer keeps for it."""

    variable: Variable
    slots: dict[str, Variable]
    kind: Any  # makes the numbers that multiply it
    average: Variable | None = None
    total: Variable | None = None
    decays: bool = True
    constraint: Any = None

    def kept(self, name: str, value: Any) -> Variable:
        """A Variable for something that is kept."""
        own = self.variable.name.replace("/", "_").replace(":", "_")
        return Variable(value, trainable=False, name=f"{own}_{name}")


class Optimizer:
    """The base of all optimizers, and the arguments that they share.

    Parameters
    ----------
    learning_rate
        The step: a float, a schedule, or a function without arguments.
    weight_decay
        If given, ``w <- w - w * weight_decay * learning_rate`` before each update.
    clipnorm, clipvalue, global_clipnorm
        At most one of them: the largest norm of each gradient, the largest magnitude of each
        entry, the largest norm of all gradients together.
    use_ema
        Whether to keep an average of each Variable: ``a <- m a + (1 - m) w``, and ``a <- w`` at
        first.
    ema_momentum
        ``m``, in [0, 1].
    ema_overwrite_frequency
        The number of updates after which Variables are set to their averages; None: only
        `finalize_variable_values` does that.
    loss_scale_factor
        The factor of `scale_loss`; gradients are divided by it.
    gradient_accumulation_steps
        The number of calls, at least 2, whose mean gradient makes one update.
    name
        A name; by default that of the class, in snake_case.

    Raises
    ------
    TypeError, ValueError
        For an argument that is none of these, or out of its range.

    Notes
    -----
    As in Keras, numbers enter in the dtype of the Variable that they meet, and the learning rate by
    way of `floatx`. The first update fixes the Variables.
    """

    _complex: ClassVar[bool] = False  # whether the formula holds for complex Variables
    _taken: ClassVar[dict[str, int]] = {}  # how often a name was made

    weight_decay: float | None = None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str
    _plain: bool

    def __init__(self, learning_rate: Rate, **options: Unpack[Options]) -> None:
        found = options_of(options)
        self._learning_rate = rate_of(learning_rate)
        self.__dict__.update(found)
        self.name = name_of(type(self).__name__, found["name"], self._taken)
        self._iterations = Variable(np.int64(0), trainable=False, name="iteration")
        self._parts: dict[int, Part] = {}
        self._excluded: list[Variable] = []
        self._excluded_names: str | None = None
        self.built = False

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in DEFAULTS:
            super().__setattr__("_plain", self._is_plain())

    def _is_plain(self) -> bool:
        """Whether no option is set: gradients meet the formula as they are."""
        options = self.__dict__
        return not any(options.get(name) for name in _ACTING) and self.weight_decay is None

    # -- what an optimizer defines --------------------------------------------------------------

    def _groups(self) -> tuple[tuple[str, ...], ...]:
        """The names of what is kept for each Variable, in the groups in which they are listed."""
        return ()

    def _initial(self, variable: Variable) -> dict[str, Any]:
        """What is kept for `variable`, at first."""
        zeros = np.zeros_like(variable._value)
        return {name: zeros for group in self._groups() for name in group}

    def _coefficients(self, rate: Any, kind: Any) -> Any:
        """The numbers of one update, the same for all Variables of a dtype.

        `rate` is the learning rate, and `kind` makes numbers of the dtype.
        """
        return rate

    def _step(self, kind: Any) -> Any:
        """The number of this update, from 1, in a dtype."""
        if self.gradient_accumulation_steps:
            return kind(self._updates() + 1)
        return as_kind(self._iterations._value + 1, kind)

    def _update(self, w: Any, g: Any, c: Any, *slots: Any) -> tuple[Any, ...]:
        """The new value of a Variable, and of what is kept for it.

        `w` is its value, `g` the gradient, `c` what `_coefficients` gave.
        """
        raise NotImplementedError(f"Define _update in {type(self).__name__}.")

    def _decay(self, part: Part) -> float | None:
        """The weight decay of a Variable."""
        return self.weight_decay if part.decays else None

    def _shared(self) -> list[Variable]:
        """What is kept once for all Variables."""
        return []

    # -- updates --------------------------------------------------------------------------------

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """Update each Variable by its gradient.

        Parameters
        ----------
        grads_and_vars
            Pairs of a gradient (Tensor or array, of the Variable's shape) and a Variable.

        Returns
        -------
        Variable
            The number of calls so far.

        Raises
        ------
        ValueError
            If there are no pairs, if all gradients are None, if one has the wrong shape, or if a
            Variable was not there at the first update. The message names the Variable, and none
            has changed.
        TypeError
            If the second of a pair is not a Variable of floating-point numbers.

        Warns
        -----
        GradientWarning
            If some gradients are None; their Variables stay as they are.
        """
        pairs = list(grads_and_vars)
        if not pairs:
            raise ValueError("Give apply_gradients pairs (gradient, Variable): got none.")
        work = self._matched(pairs)
        if self._plain:
            self._advance(work)
        else:
            self._treated(work)
        self._iterations._value += 1
        return self._iterations

    def apply(
        self, grads: Iterable[Any], trainable_variables: Iterable[Variable] | None = None
    ) -> None:
        """Update Variables by their gradients, given as two sequences.

        Parameters
        ----------
        grads
            The gradients; if there are none, nothing happens.
        trainable_variables
            The Variables; by default those of `build`.

        Raises
        ------
        ValueError, TypeError
            As `apply_gradients`; also if the numbers of gradients and Variables differ.
        """
        grads = list(grads)
        if not grads:
            return
        if trainable_variables is None:
            if not self.built:
                raise ValueError("Call build(variables) first, or give apply the Variables too.")
            trainable_variables = [part.variable for part in self._parts.values()]
        variables = list(trainable_variables)
        if len(grads) != len(variables):
            raise ValueError(
                f"Give apply as many gradients as Variables: got {len(grads)} gradients and "
                f"{len(variables)} Variables."
            )
        self.apply_gradients(zip(grads, variables, strict=True))

    def minimize(self, loss: Any, var_list: Any, tape: GradientTape | None = None) -> Variable:
        """Compute gradients and apply them.

        Parameters
        ----------
        loss
            A function without arguments that gives the loss; or the loss, with `tape`.
        var_list
            The Variables, or a function that gives them.
        tape
            The tape that recorded the loss.

        Returns
        -------
        Variable
            The number of calls so far.

        Raises
        ------
        ValueError
            If the loss is a Tensor and there is no tape; else as `apply_gradients`.

        Examples
        --------
        >>> import gradtape as gt
        >>> x = gt.Variable(1.0)
        >>> optimizer = gt.optimizers.Adam(0.5)
        >>> for _ in range(200):
        ...     calls = optimizer.minimize(lambda: (x - 3) ** 2, [x])
        >>> print(f"{x:.2f}")
        3.00
        """
        if callable(loss) and not isinstance(loss, Handle):
            with tape or GradientTape() as tape:
                loss = self.scale_loss(loss())
        elif tape is None:
            raise ValueError("Give minimize the tape that recorded the loss, or a function.")
        elif self.loss_scale_factor is not None:
            with tape:
                loss = self.scale_loss(loss)
        variables = list(var_list() if callable(var_list) else var_list)
        return self.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    def build(self, variables: Iterable[Variable]) -> None:
        """Fix the Variables, and make what is kept for each; only the first call counts.

        Raises
        ------
        TypeError
            If one is not a Variable of floating-point numbers.
        """
        if self.built:
            return
        for variable in (variables := list(variables)):
            checked_variable(variable, self._complex)
        self._parts = {variable._id: self._part(variable) for variable in variables}
        self.built = True

    def _part(self, variable: Variable) -> Part:
        dtype = variable._value.dtype
        kind = dtype.type if dtype.kind == "f" else _REAL[dtype.char]
        part = Part(variable, {}, kind, decays=self._decays(variable))
        part.constraint = getattr(variable, "constraint", None)
        part.slots = {n: part.kept(n, value) for n, value in self._initial(variable).items()}
        zeros = np.zeros_like(variable._value)
        if self.use_ema:
            part.average = part.kept("average", zeros)
        if self.gradient_accumulation_steps:
            part.total = part.kept("gradient_accumulator", zeros)
        return part

    def _matched(self, pairs: list[tuple[Any, Any]]) -> list[tuple[Any, Part]]:
        """The plain gradients, each with what is kept for its Variable."""
        work = []
        for gradient, variable in pairs:
            try:
                part = self._parts[variable._id]
            except (KeyError, AttributeError):
                return self._met(pairs)
            if gradient is None:
                return self._met(pairs)
            g = gradient._value if isinstance(gradient, Handle) else gradient
            # Nearly always a NumPy scalar for a NumPy scalar; the rest is looked at closely.
            if g.__class__ not in REAL_SCALARS or g.__class__ is not variable._value.__class__:
                g = checked(g, variable)
            work.append((g, part))
        return work

    def _met(self, pairs: list[tuple[Any, Any]]) -> list[tuple[Any, Part]]:
        """As `_matched`, for the first update and when gradients are missing."""
        plain = [(self._checked(*pair), pair[1]) for pair in pairs if pair[0] is not None]
        if len(plain) < len(pairs):
            self._report(pairs)
        if not self.built:
            self.build([variable for _, variable in pairs])
        return [(g, self._parts[variable._id]) for g, variable in plain]

    def _checked(self, gradient: Any, variable: Any) -> Any:
        """The gradient's plain value."""
        if getattr(variable, "_id", None) not in self._parts:
            checked_variable(variable, self._complex)
            if self.built:
                raise ValueError(
                    f"Make a new optimizer for {variable.name!r}, or name it in build: the first "
                    f"update fixed the Variables."
                )
        return checked(gradient, variable)

    def _treated(self, work: list[tuple[Any, Part]]) -> None:
        """One update, or none yet, with all the options."""
        if self.loss_scale_factor is not None:
            work = [(g / self.loss_scale_factor, part) for g, part in work]
        if self.gradient_accumulation_steps:
            work = self._accumulated(work, self.gradient_accumulation_steps)
        if work:
            self._advance(self._clipped(work))
        if self.use_ema:
            self._average()

    def _report(self, pairs: Sequence[tuple[Any, Any]]) -> None:
        """Tell which gradients are missing."""
        missing = [checked_variable(v, self._complex) for g, v in pairs if g is None]
        names = ", ".join(repr(variable.name) for variable in missing)
        if len(missing) == len(pairs):
            raise ValueError(
                f"Compute the loss from {names} inside the tape: all gradients are None."
            )
        warn_user(
            f"Compute the loss from {names} inside the tape, or leave the Variable out: its "
            f"gradient is None, and it stays as it is."
        )

    def _advance(self, work: list[tuple[Any, Part]]) -> None:
        """One update."""
        rate = self._learning_rate
        rate = rate._value if rate.__class__ is Variable else self._rate()
        plain, kind, c = self._plain, None, None
        for g, part in work:
            variable = part.variable
            w = variable._value
            if part.kind is not kind:
                kind = part.kind
                own_rate = rate if rate.__class__ is kind else as_kind(rate, kind)
                c = self._coefficients(own_rate, kind)
            if not plain:
                w = self._decayed(w, part, own_rate)
            if part.slots:
                slots = part.slots.values()
                new, *kept = self._update(w, g, c, *[slot._value for slot in slots])
                for slot, value in zip(slots, kept, strict=False):
                    slot._value = settled(value)
            else:
                (new,) = self._update(w, g, c)
            variable._value = new if new.__class__ in REAL_SCALARS else settled(new)
            if part.constraint is not None:
                variable.assign(part.constraint(variable))

    def _decayed(self, w: Any, part: Part, rate: Any) -> Any:
        decay = self._decay(part)
        return w if decay is None else w - w * part.kind(decay) * rate

    def _clipped(self, work: list[tuple[Any, Part]]) -> list[tuple[Any, Part]]:
        gradients = [g for g, _ in work]
        if not (self.clipnorm or self.global_clipnorm or self.clipvalue):
            return work
        if self.clipnorm and self.clipnorm > 0:
            gradients = [by_norm(g, self.clipnorm) for g in gradients]
        elif self.global_clipnorm and self.global_clipnorm > 0:
            gradients = by_global_norm(gradients, self.global_clipnorm)
        elif self.clipvalue and self.clipvalue > 0:
            gradients = [by_value(g, self.clipvalue) for g in gradients]
        return [(g, part) for g, (_, part) in zip(gradients, work, strict=True)]

    def _accumulated(self, work: list[tuple[Any, Part]], steps: int) -> list[tuple[Any, Part]]:
        """The mean gradients, after every `steps` calls; else nothing, and they are added up."""
        sums = [(g + part.total._value, part) for g, part in work if part.total is not None]
        if (int(self._iterations._value) + 1) % steps:
            for total, part in sums:
                part.total._value = settled(total)  # type: ignore[union-attr]
            return []
        for part in self._parts.values():
            part.total._value = settled(np.zeros_like(part.variable._value))  # type: ignore[union-attr]
        return [(total / steps, part) for total, part in sums]

    def _average(self) -> None:
        """Move the averages towards the Variables, or the Variables to their averages."""
        updates = self._updates()
        every = self.ema_overwrite_frequency
        for part in self._parts.values():
            w = part.variable._value
            kind = w.dtype.type
            m = kind(self.ema_momentum if updates else 0)
            average = settled(m * part.average._value + (kind(1) - m) * w)  # type: ignore[union-attr]
            part.average._value = average  # type: ignore[union-attr]
            if every and (updates + 1) % every == 0:
                part.variable._value = average

    def _updates(self) -> int:
        """The number of updates so far."""
        return int(self._iterations._value) // (self.gradient_accumulation_steps or 1)

    def _rate(self) -> Any:
        """The learning rate, a plain number."""
        rate = self._learning_rate
        if rate.__class__ is not Variable:
            rate = self.learning_rate
        return rate._value if isinstance(rate, Handle) else rate

    # -- settings -------------------------------------------------------------------------------

    @property
    def learning_rate(self) -> Any:
        """The step: a Variable, or what the schedule or function now gives.

        A number may be assigned, or a schedule or function; but once there is a schedule, it can
        only be replaced by another, or by a function (else TypeError).
        """
        rate = self._learning_rate
        if isinstance(rate, schedules.LearningRateSchedule):
            return rate(self._iterations)
        return rate if isinstance(rate, Variable) else rate()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if callable(value) and not isinstance(value, Handle):
            self._learning_rate = value
        elif isinstance(self._learning_rate, schedules.LearningRateSchedule):
            raise TypeError(
                "Make the optimizer with a float as learning_rate if it is to be assigned: this "
                "one follows a schedule."
            )
        else:
            self._assign_rate(value)

    def _assign_rate(self, value: Any) -> None:
        plain = np.asarray(value._value if isinstance(value, Handle) else value)
        if plain.dtype.kind not in "biuf":
            error = ValueError if value is None else TypeError
            raise error(f"Give learning_rate as a number: got {value!r}.")
        if plain.shape or np.isnan(plain):
            raise ValueError(f"Give learning_rate as a number: got {value!r}.")
        if isinstance(self._learning_rate, Variable):
            self._learning_rate.assign(plain.astype(self._learning_rate._value.dtype)[()])
        else:
            self._learning_rate = rate_of(float(plain))

    @property
    def iterations(self) -> Any:
        """The number of updates so far: an integer Variable.

        With `gradient_accumulation_steps` it is a Tensor, for that Variable counts calls.
        """
        if self.gradient_accumulation_steps:
            return Tensor(np.int64(self._updates()), UNTRACKED)
        return self._iterations

    @property
    def variables(self) -> list[Variable]:
        """The state: number of calls, learning rate, and what is kept for the Variables."""
        rate = self._learning_rate
        parts = self._parts.values()
        return [
            self._iterations,
            *([rate] if isinstance(rate, Variable) else []),
            *[part.average for part in parts if part.average is not None],
            *[part.total for part in parts if part.total is not None],
            *[
                part.slots[name]
                for group in self._groups()
                for part in parts
                for name in group
                if name in part.slots
            ],
            *(self._shared() if self.built else []),
        ]

    def exclude_from_weight_decay(
        self,
        var_list: Iterable[Variable] | None = None,
        var_names: Iterable[str] | None = None,
    ) -> None:
        """Name the Variables that do not decay, in place of those named before.

        Parameters
        ----------
        var_list
            The Variables.
        var_names
            Regular expressions; a Variable is meant if one is found in its name.

        Raises
        ------
        TypeError
            If an entry of `var_list` is not a Variable.
        """
        excluded = [checked_variable(v, complex_too=True) for v in var_list or ()]
        self._excluded, self._excluded_names = excluded, "|".join(var_names or ()) or None
        for part in self._parts.values():
            part.decays = self._decays(part.variable)

    def _decays(self, variable: Variable) -> bool:
        if any(variable is other for other in self._excluded):
            return False
        pattern = self._excluded_names
        return pattern is None or re.search(pattern, variable.name) is None

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """Set Variables to their averages, if `use_ema`.

        Raises
        ------
        ValueError
            If one has no average.
        """
        if not self.use_ema:
            return
        parts = [self._parts.get(variable._id) for variable in var_list]
        if None in parts:
            raise ValueError("Give Variables that the optimizer has updated: one has no average.")
        for part in parts:
            part.variable._value = part.average._value  # type: ignore[union-attr]

    def scale_loss(self, loss: Any) -> Any:
        """`loss` times `loss_scale_factor`."""
        factor = self.loss_scale_factor
        return loss if factor is None else loss * factor

    # -- state ----------------------------------------------------------------------------------

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set `variables` to these arrays.

        Raises
        ------
        ValueError
            If the optimizer has not been built, or a shape differs.
        """
        if not self.built:
            raise ValueError("Call build(variables) before set_weights.")
        values = [np.asarray(w._value if isinstance(w, Handle) else w) for w in weights]
        for variable, value in zip(self.variables, values, strict=False):
            if variable.shape != value.shape:
                raise ValueError(
                    f"Give {variable.name!r} an array of its shape {variable.shape}: got "
                    f"{value.shape}."
                )
        for variable, value in zip(self.variables, values, strict=False):
            variable.assign(value)

    def save_own_variables(self, store: Any) -> None:
        """Put the state into `store`, a mapping from "0", "1" ... to arrays."""
        for position, variable in enumerate(self.variables):
            store[str(position)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Set the state to what `save_own_variables` stored.

        Raises
        ------
        ValueError
            If the store holds another number of arrays, or a shape differs.
        """
        if len(store) != len(self.variables):
            raise ValueError(
                f"Build the optimizer with the Variables it had, then load: the store holds "
                f"{len(store)} arrays, the optimizer {len(self.variables)}."
            )
        self.set_weights([store[str(position)] for position in range(len(store))])

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer again, without its state."""
        rate = self._learning_rate
        if isinstance(rate, schedules.LearningRateSchedule):
            rate = schedules.serialize(rate)
        elif isinstance(rate, Variable):
            rate = float(rate._value)
        shared = {name: getattr(self, name) for name in DEFAULTS if name != "name"}
        own = {name: getattr(self, name) for name in self._own() if name not in shared}
        return {"name": self.name, "learning_rate": rate, **shared, **own}

    @classmethod
    def _own(cls) -> list[str]:
        """The names of the arguments that other optimizers have not."""
        return [
            name
            for name, parameter in inspect.signature(cls).parameters.items()
            if name != "learning_rate" and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ]

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Self:
        """The optimizer that `get_config` described.

        `custom_objects` names the classes of schedules that are not Keras's.
        """
        config = dict(config)
        if isinstance(config.get("learning_rate"), dict):
            config["learning_rate"] = schedules.deserialize(config["learning_rate"], custom_objects)
        return cls(**config)

    def __getstate__(self) -> dict[str, Any]:
        # Identities mean something in one process only: the Variables go along.
        return {**self.__dict__, "_parts": list(self._parts.values())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._parts = {part.variable._id: part for part in state["_parts"]}


def as_kind(number: Any, kind: Any) -> Any:
    """A number in a dtype. A compiled function does not look at the one that it is given."""
    return number.astype(kind) if hasattr(number, "astype") else kind(number)
