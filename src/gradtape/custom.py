"""Functions whose gradient the user writes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from gradtape.core import structure
from gradtape.core.batch import Batch, Level, deepest
from gradtape.core.cotangents import accumulate, dense
from gradtape.core.dispatch import finish
from gradtape.core.errors import warn_user
from gradtape.core.handle import UNTRACKED, Handle, Spec, frozen, settled
from gradtape.core.rules import Recorded, raw
from gradtape.core.tape import Recorder, active, recording
from gradtape.core.tensor import Tensor


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function that returns its result together with its gradient function.

    ``f(*args, **kwargs)`` returns ``(y, grad)``. `grad` takes the cotangent of each output in `y`
    (Tensors) and returns the cotangent of each positional argument, in order; None stands for no
    gradient. If it computes with Tensors, it can be differentiated again. Keyword arguments are
    passed to `f` and get no gradient.

    If the body reads trainable Variables that are not arguments, `grad` must accept
    ``variables=`` (their list) and return ``(cotangents of the arguments, cotangents of them)``.

    Raises
    ------
    TypeError
        When called: if `f` does not return such a pair, a watched Tensor is passed by keyword, or
        `grad` lacks a ``variables`` argument that is needed.
    ValueError
        In the sweep: if `grad` returns the wrong number of cotangents, or one of a wrong shape.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> @gt.custom_gradient
    ... def log1pexp(x):
    ...     e = np.exp(x)
    ...     return np.log(1 + e), lambda dy: dy * (1 - 1 / (1 + e))
    >>> x = gt.Variable(100.0, dtype="float64")
    >>> with gt.GradientTape() as tape:
    ...     y = log1pexp(x)
    >>> tape.gradient(y, x)
    Tensor(1.0, shape=(), dtype=float64)
    """

    @wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        if not active():
            return _pair(f, f(*args, **kwargs))[0]
        inputs = structure.flatten(list(args))
        _refuse_keywords(f, kwargs)
        watcher = Watcher(inputs)
        with recording(watcher):
            result, grad = _pair(f, f(*args, **kwargs))
        if watcher.captured:
            warn_user(
                f"Pass every watched Tensor that {_name(f)} reads as an argument, or through "
                f"gradtape.stop_gradient: one that is only captured gets no gradient."
            )
        variables = list(watcher.variables.values())
        if variables and not _accepts_variables(grad):
            names = ", ".join(repr(variable.name) for variable in variables)  # type: ignore[attr-defined]
            raise TypeError(
                f"Give the gradient function of {_name(f)} a `variables` argument: its body reads "
                f"{names}."
            )
        return record_call(_Custom(f, grad, inputs, variables), result, [*inputs, *variables])

    return decorated


class Watcher(Recorder):
    """Notes what a body reads that is not among its arguments.

    Attributes
    ----------
    variables
        The trainable Variables, by identity.
    captured
        Whether it reads another Tensor that a recorder around knows.
    """

    def __init__(self, inputs: Sequence[Any]) -> None:
        self._met = {x._id for x in inputs if isinstance(x, Handle)}
        self._outer = active()
        self.variables: dict[int, Handle] = {}
        self.captured = False

    def record(  # noqa: D102 (as the base class says)
        self,
        rule: Any,
        y: Any,
        values: Sequence[Any],
        args: Sequence[Any],
        kwargs: Any,
        out: Any,
    ) -> Any:
        for arg in args:
            if not isinstance(arg, Handle) or arg._id in self._met:
                continue
            if arg._trainable:
                self.variables[arg._id] = arg
            elif any([recorder.knows(arg) for recorder in self._outer]):
                self.captured = True
        self._met.update(out if isinstance(out, tuple) else (out,))
        return out


class _Custom(Recorded):
    """One call of a decorated function, as a rule of its own."""

    user_code = True

    def __init__(
        self, f: Any, grad: Callable[..., Any], inputs: Sequence[Any], variables: Sequence[Handle]
    ) -> None:
        super().__init__(f)
        self.grad = grad
        plain = [_plain(x) for x in (*inputs, *variables)]
        self.specs: list[Spec | None] = [Spec.of(x) if _is_number(x) else None for x in plain]
        self.arity = len(inputs)
        self.variables = list(variables)

    def save(self, y: Any, values: Sequence[Any], ids: Sequence[int], kwargs: Any) -> Any:
        outs = tuple(map(Spec.of, y)) if isinstance(y, tuple) else Spec.of(y)
        return (None,) * (1 + len(values)), (None, outs, self.specs)

    def pull(
        self, g: Any, ids: Sequence[int], saved: Any, options: Any, live: Any, into: dict[int, Any]
    ) -> None:
        _, out, specs = options
        dys = list(g) if out.__class__ is tuple else [dense(g, out)]
        level = deepest(dys)
        tensors = [dy if isinstance(dy, Handle) else Tensor(settled(dy), UNTRACKED) for dy in dys]
        # The user's function takes one cotangent: of a batch it sees a single example.
        if level is None or level.open:
            level, found = None, self._cotangents(tensors)
        else:
            found = level.run(self._cotangents, tensors)
        recorded = bool(active())
        for ident, spec, c in zip(ids, specs, found, strict=True):
            if c is not None and ident in live:
                inside = level is not None and deepest((_plain(c),)) is level
                keep = recorded and isinstance(c, Handle) and not inside
                accumulate(into, ident, dense(c if keep else frozen(_plain(c)), spec))

    def _cotangents(self, dys: Sequence[Handle]) -> list[Any]:
        """What the user's function returns, one for each argument and Variable."""
        if not self.variables:
            return self._counted(self.grad(*dys), self.arity, "arguments", self.specs)
        for_inputs, for_variables = self.grad(*dys, variables=self.variables)
        count = len(self.variables)
        return [
            *self._counted(for_inputs, self.arity, "arguments", self.specs),
            *self._counted(for_variables, count, "variables", self.specs[self.arity :]),
        ]

    def _counted(
        self, found: Any, count: int, what: str, specs: Sequence[Spec | None]
    ) -> list[Any]:
        cotangents = structure.flatten(list(found) if isinstance(found, tuple) else found)
        if len(cotangents) != count:
            raise ValueError(
                f"Return {count} cotangents for the {what} of {_name(self.function)} from its "
                f"gradient function: got {len(cotangents)}."
            )
        for position, (c, spec) in enumerate(zip(cotangents, specs)):  # noqa: B905 (specs go on)
            if c is None:
                continue
            if spec is None or np.shape(_plain(c)) not in ((), spec.shape):
                wanted = "None" if spec is None else f"a cotangent of shape {spec.shape}"
                raise ValueError(
                    f"Return {wanted} for number {position} of the {what} of "
                    f"{_name(self.function)}: got shape {np.shape(_plain(c))}."
                )
        return cotangents


def record_call(rule: Recorded, result: Any, inputs: Sequence[Any]) -> Any:
    """The results as new Tensors, recorded under `rule` instead of what the body recorded."""
    leaves = [_plain(y) for y in structure.flatten(result)]
    numbers = [frozen(y) for y in leaves if _is_number(y)]
    level = next((recorder for recorder in active() if isinstance(recorder, Level)), None)
    if level is not None and any([deepest((y,)) is level for y in numbers]):
        numbers = level.beneath(_record_outside, level, rule, numbers, inputs)
    y = numbers[0] if len(numbers) == 1 else tuple(numbers)
    outputs = finish(rule, y, [_plain(x) for x in inputs], inputs, None, Tensor)
    remaining = iter([outputs] if len(numbers) == 1 else outputs)
    return structure.rebuild(result, [next(remaining) if _is_number(y) else y for y in leaves])


def _record_outside(
    level: Level, rule: Recorded, numbers: Sequence[Any], inputs: Sequence[Any]
) -> list[Any]:
    """The batches `numbers`, recorded by what is around `vmap` as results of `rule`."""
    y = numbers[0] if len(numbers) == 1 else tuple(numbers)
    mapped = _Mapped(rule, level, y, [_plain(x) for x in inputs])
    whole = [level.examples(raw(number)) for number in numbers]
    args = [
        value.examples if own else x
        for x, value, own in zip(inputs, map(_plain, inputs), mapped.own, strict=True)
    ]
    outputs = structure.flatten(record_call(mapped, whole, args))
    return [Batch(out if out._id else out._value, level) for out in outputs]


class _Mapped(Recorded):
    """One call of a decorated function under `vmap`, as the recorders around that see it."""

    user_code = True

    def __init__(self, rule: Recorded, level: Level, y: Any, values: Sequence[Any]) -> None:
        super().__init__(rule.function)
        self.rule = rule
        self.level = level
        self.own = [deepest((value,)) is level for value in values]
        self.saved, self.options = rule.save(y, values, [1] * len(values), None)

    def save(self, y: Any, values: Sequence[Any], ids: Sequence[int], kwargs: Any) -> Any:
        outs = tuple(map(Spec.of, y)) if isinstance(y, tuple) else Spec.of(y)
        kept = None if self.saved[0] is None else y
        return (kept, *[None] * len(values)), (None, outs)

    def pull(
        self, g: Any, ids: Sequence[int], saved: Any, options: Any, live: Any, into: dict[int, Any]
    ) -> None:
        out, positions = options[1], range(len(ids))
        seeds = self._batches(g if out.__class__ is tuple else dense(g, out))
        y = self._batches(saved[0])  # as the recorders outside know it
        found: dict[int, Any] = {}
        asked = {k for k in positions if ids[k] in live}
        with self.level.again():
            self.rule.pull(seeds, positions, (y, *self.saved[1:]), self.options, asked, found)
            for k, c in found.items():
                whole = self.level.examples(c)
                accumulate(into, ids[k], whole if self.own[k] else np.sum(whole, axis=0))

    def _batches(self, values: Any) -> Any:
        """Stacked examples as a batch, also in a tuple; None as it is."""
        if values.__class__ is tuple:
            return tuple(map(self._batches, values))
        return None if values is None else Batch(values, self.level)


def _plain(value: Any) -> Any:
    """The array behind a Tensor; a number as a NumPy scalar; anything else as it is."""
    if isinstance(value, Handle):
        return value._value
    return np.asarray(value)[()] if isinstance(value, (int, float, complex, list)) else value


def _is_number(value: Any) -> bool:
    return getattr(getattr(value, "dtype", None), "kind", "O") in "biufc"


def _pair(f: Any, returned: Any) -> tuple[Any, Callable[..., Any]]:
    if not (isinstance(returned, tuple) and len(returned) == 2 and callable(returned[1])):
        raise TypeError(f"Return (result, gradient function) from {_name(f)}: got {returned!r}.")
    return returned


def _refuse_keywords(f: Any, kwargs: dict[str, Any]) -> None:
    for key, value in kwargs.items():
        handles = [leaf for leaf in structure.flatten(value) if isinstance(leaf, Handle)]
        if any([recorder.knows(handle) for recorder in active() for handle in handles]):
            raise TypeError(
                f"Pass {key!r} to {_name(f)} by position: keyword arguments of a custom_gradient "
                f"function get no gradient."
            )


def _accepts_variables(grad: Callable[..., Any]) -> bool:
    parameters = inspect.signature(grad).parameters
    return "variables" in parameters or any(
        p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()
    )


def _name(f: Any) -> str:
    return getattr(f, "__qualname__", repr(f))
