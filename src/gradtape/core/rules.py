"""The registry ``{NumPy function: rule}``, and how the files of `rules` declare what is in it.

A rule belongs to one function and is written in plain NumPy. `core/kinds.py` has the classes.

====================  ==============================================================
`elementwise`         one partial derivative for each argument
`selection`           one mask for each argument: the entries that were taken
`linear`              the transpose
`bilinear`            the two transposes
`primitive`           a vector-Jacobian product for each argument
`composite`           the same function in terms of others
`constant`            nothing: the result carries no gradient
====================  ==============================================================
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from gradtape.core.batching import Batching
from gradtape.core.domains import Call
from gradtape.core.kinds import (
    Bilinear,
    Composite,
    Constant,
    Elementwise,
    Function,
    Linear,
    Over,
    Primitive,
    Recorded,
    Rule,
    Selection,
    Variadic,
    is_complex,
    name_of,
    not_differentiable,
    raw,
)

__all__ = [
    "RULES",
    "Bilinear",
    "Composite",
    "Constant",
    "Elementwise",
    "Function",
    "Linear",
    "Over",
    "Primitive",
    "Recorded",
    "Rule",
    "Selection",
    "Variadic",
    "bilinear",
    "composite",
    "constant",
    "elementwise",
    "is_complex",
    "late",
    "linear",
    "name_of",
    "not_differentiable",
    "primitive",
    "raw",
    "register",
    "rule_of",
    "selection",
    "variadic",
]

F = TypeVar("F", bound=Function)

RULES: dict[Any, Rule] = {}
"""The registry. A key is a NumPy function, or ``(ufunc, "reduce")`` for a ufunc's method."""


def elementwise(
    function: Any, *partials: Function | Over | int | None, domain: Any, **rest: Any
) -> Elementwise:
    """Register an elementwise function by its partial derivatives ``lambda y, a, b, ...:``.

    A partial that is the number 1, -1 or 0 costs nothing; ``Over(lambda y, a, b, ...:)`` states its
    reciprocal; None says that nothing flows to that argument. `domain` is one `Domain`, or one for
    each argument.
    """
    domains = domain if isinstance(domain, tuple) else (domain,) * len(partials)
    return register(Elementwise(function, partials, domain=domains, **rest))


def selection(function: Any, *masks: Function | None, domain: Any, **rest: Any) -> Selection:
    """Register a function that picks one of its arguments at each entry, by the masks of each.

    The mask of an argument that is never the result, such as a condition, is None.
    """
    domains = domain if isinstance(domain, tuple) else (domain,) * len(masks)
    return register(Selection(function, masks, domain=domains, **rest))


def linear(
    function: Any, *transposes: Function, calls: Sequence[Call], moves: bool = False, **rest: Any
) -> Linear:
    """Register a linear function by ``transpose(g, a, *args, **kwargs)``, where `a` is a `Spec`."""
    return register(Linear(function, transposes, moves=moves, calls=calls, **rest))


def variadic(
    function: Any, transpose: Function, *, calls: Sequence[Call], moves: bool = False, **rest: Any
) -> Variadic:
    """Register ``f(*arrays, **kwargs)`` by ``transpose(g, position, spec, **kwargs)``."""
    return register(Variadic(function, (transpose,), moves=moves, calls=calls, **rest))


def bilinear(
    function: Any, first: Function, second: Function, *, calls: Sequence[Call], **rest: Any
) -> Bilinear:
    """Register a bilinear function by ``first(g, a, b, ...)`` with `a` a `Spec`, and `second`."""
    return register(Bilinear(function, (first, second), calls=calls, **rest))


def primitive(
    function: Any, *vjps: Function | None, reads: str, calls: Sequence[Call], **rest: Any
) -> Primitive:
    """Register a function by ``vjp(g, y, *args, **kwargs)`` for each argument (None: has none)."""
    return register(Primitive(function, vjps, reads=reads, calls=calls, **rest))


def composite(*functions: Any, calls: Sequence[Call]) -> Callable[[F], F]:
    """Decorate an implementation of `functions` in terms of other functions."""

    def decorate(implementation: F) -> F:
        for function in functions:
            register(Composite(function, compute=implementation, calls=calls))
        return implementation

    return decorate


def constant(*functions: Any, batch: Batching | None = None, of_outline: bool = False) -> None:
    """Register functions whose results carry no gradient.

    With `of_outline` they read no more of an array than its shape and dtype.
    """
    for function in functions:
        register(Constant(function, batch=batch, of_outline=of_outline))


WHY_NOT: dict[Any, str] = {}
"""Why a function has no rule, as errors say it after "for"."""

LATE: dict[str, Callable[[], object]] = {}
"""Families of rules that are registered when first needed, by the module they are about."""


def late(module: str, load: Callable[[], object]) -> None:
    """Let `load` register the rules of `module` once that is imported and one of them is missed.

    So importing gradtape does not import the module.
    """
    LATE[module] = load


def rule_of(function: Any) -> Rule | None:
    """The rule of `function`, also one that is registered late; None if there is none."""
    rule = RULES.get(function)
    if rule is None:
        for module in [module for module in LATE if module in sys.modules]:
            LATE.pop(module)()
        # With SciPy's array-API switch its ufuncs are functions around the ufuncs.
        rule = RULES.get(function) or RULES.get(getattr(function, "__wrapped__", None))
    return rule


R = TypeVar("R", bound=Rule)


def register(rule: R) -> R:
    """Add a rule to the registry, which must not have one of that function."""
    if rule.function in RULES:
        raise ValueError(f"{rule.name} has a rule already: {RULES[rule.function]!r}")
    RULES[rule.function] = rule
    return rule
