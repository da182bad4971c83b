"""The cases, and how a function of `tf` becomes one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Function = Callable[..., Any]

PACKAGES = ("compat.operations", "compat.programs")


@dataclass(frozen=True)
class Case:
    """One question to both libraries.

    Attributes
    ----------
    name
        Unique; before the first ``/`` stands the module that states the case.
    run
        ``run(tf)``: the answer, any nesting of tensors, arrays, numbers and strings, or an
        exception.
    rtol
        How far the answers may differ, relative to the largest entry of a leaf; None: by dtype.
    better
        Why gradtape answers otherwise than TensorFlow, where that is meant.
    answer
        ``answer()``: what gradtape answers then.
    """

    name: str
    run: Function
    rtol: float | None = None
    better: str = ""
    answer: Function | None = None


CASES: dict[str, Case] = {}


def case(
    name: str = "",
    *,
    rtol: float | None = None,
    better: str = "",
    answer: Function | None = None,
) -> Callable[[Function], Function]:
    """Decorate a function of `tf`: it becomes a case under its own name, or `name`."""

    def register(run: Function) -> Function:
        full = f"{run.__module__.rsplit('.', 1)[-1]}/{name or run.__name__}"
        if full in CASES:
            raise ValueError(f"Name each case once: {full!r} is there already.")
        CASES[full] = Case(full, run, rtol, better, answer)
        return run

    return register


def expressions(module: str, text: str, **inputs: Function) -> None:
    """A case for each line of `text`: an expression of `tf`, `np` and the names of `inputs`.

    An input is a function of `tf` that makes it anew for each case. The expression is the case's
    name.
    """
    for line in filter(None, map(str.strip, text.splitlines())):
        code = compile(line, f"<{module}>", "eval")

        def run(tf: Any, code: Any = code) -> Any:
            made = {name: make(tf) for name, make in inputs.items() if name in code.co_names}
            return eval(code, {"tf": tf, "np": np, **made})

        run.__module__ = module
        case(line)(run)


def operation(
    name: str,
    function: Function,
    *args: Any,
    order: int = 2,
    rtol: float | None = None,
    better: str = "",
    answer: Function | None = None,
) -> None:
    """A case that asks for the value and derivatives of ``function(tf, *args)``.

    `args` are arrays, which become constants. The answer holds the results, the gradients with
    respect to each floating-point argument, and with `order` 2 the gradients of these. Entries are
    weighted by fixed numbers, so that no derivative cancels in the sum.
    """

    def run(tf: Any) -> Any:
        tensors = [tf.constant(arg) for arg in args]
        sources = [t for t in tensors if t.dtype.is_floating or t.dtype.is_complex]
        with tf.GradientTape(persistent=True) as outer:
            outer.watch(sources)
            with tf.GradientTape(persistent=True) as inner:
                inner.watch(sources)
                y = function(tf, *tensors)
                loss = _weighted(tf, y)
            if loss is None or order < 1:
                return {"value": y}
            first = inner.gradient(loss, sources)
            again = None if order < 2 else _weighted(tf, [_dense(tf, g) for g in first])
        answers = {"value": y, "gradient": [_dense(tf, g) for g in first]}
        if again is not None:
            second = outer.gradient(again, sources, unconnected_gradients="zero")
            answers["second"] = [_dense(tf, g) for g in second]
        return answers

    case(name, rtol=rtol, better=better, answer=answer)(_in_module(run, function))


def _in_module(run: Function, function: Function) -> Function:
    run.__module__ = function.__module__
    return run


def _dense(tf: Any, gradient: Any) -> Any:
    return None if gradient is None else tf.convert_to_tensor(gradient)


def _weighted(tf: Any, results: Any) -> Any:
    """The sum of all floating-point results, each entry times a weight of its own."""
    total = None
    for leaf in tf.nest.flatten(results):
        if leaf is None or not (leaf.dtype.is_floating or leaf.dtype.is_complex):
            continue
        weights = weights_of(tuple(leaf.shape)).astype(leaf.dtype.as_numpy_dtype)
        term = tf.reduce_sum(leaf * weights)
        if term.dtype.is_complex:
            term = tf.math.real(term)
        total = term if total is None else total + tf.cast(term, total.dtype)
    return total


def weights_of(shape: Sequence[int]) -> Any:
    """Weights in general position for the entries of an array."""
    count = int(np.prod(shape, dtype=int))
    return (0.5 + (np.arange(count) * 0.618034) % 1.0).reshape(tuple(shape))


def load() -> dict[str, Case]:
    """All cases."""
    for package in PACKAGES:
        found = importlib.import_module(package)
        for module in pkgutil.iter_modules(found.__path__):
            importlib.import_module(f"{package}.{module.name}")
    return CASES
