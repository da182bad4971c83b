"""Draw the arguments that rules declare, and compare derivatives with differences."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import gradtape as gt
import gradtape.rules.special  # which is registered late
from gradtape.core import structure
from gradtape.core.dispatch import apply
from gradtape.core.domains import Call, Draw, call, draw
from gradtape.core.rules import RULES, Constant, Elementwise, Rule

ARRAYS = (np.ndarray, gt.Tensor)

BROADCASTS: dict[int, list[tuple[tuple[int, ...], ...]]] = {
    1: [((2, 3),), ((),), ((0, 2),)],
    2: [((2, 3), (2, 3)), ((3,), (2, 3)), ((2, 1), (1, 3)), ((), (2, 2)), ((), ())],
    3: [((2, 3), (2, 3), (2, 3)), ((2, 1), (3,), ()), ((), (), ())],
}
"""The shapes that every elementwise rule is tested with, by its number of arguments."""


def calls_of(rule: Rule) -> list[Call]:
    """The calls to test `rule` with: declared, or made from its domain."""
    calls = list(rule.calls)
    if isinstance(rule, Elementwise) and not calls:
        calls.extend(
            call(*(draw(*s, domain=d) for s, d in zip(shapes, rule.domain, strict=True)))
            for shapes in BROADCASTS[len(rule.domain)]
        )
    return calls


def differentiable_rules() -> list[Rule]:
    """Every rule that claims a derivative."""
    return [rule for rule in RULES.values() if not isinstance(rule, Constant)]


def drawn(case: Call) -> list[Draw]:
    """The draws in a call, in order."""
    return [leaf for leaf in structure.flatten([case.args, case.kwargs]) if isinstance(leaf, Draw)]


class Program:
    """One declared call as a function of its arrays alone."""

    def __init__(self, rule: Rule, case: Call) -> None:
        self.rule = rule
        self.case = case

    def arguments(self, seed: int, dtype: Any) -> list[Any]:
        """Fresh arrays for the draws."""
        rng = np.random.default_rng(seed)
        return [np.asarray(d.domain.draw(rng, d.shape, dtype)) for d in drawn(self.case)]

    def __call__(self, *arrays: Any) -> list[Any]:
        """The results, flat."""
        remaining = iter(arrays)
        leaves = [
            next(remaining) if isinstance(leaf, Draw) else leaf
            for leaf in structure.flatten([self.case.args, self.case.kwargs])
        ]
        args, kwargs = structure.rebuild([self.case.args, self.case.kwargs], leaves)
        # A function that works in place gets a copy to change, which is then the result.
        first = next((k for k, arg in enumerate(args) if isinstance(arg, ARRAYS)), None)
        if first is None:
            return structure.flatten(self._invoke(args, kwargs))
        target = copy.copy(args[first])
        result = self._invoke((*args[:first], target, *args[first + 1 :]), kwargs)
        return structure.flatten(target if result is None else result)

    def _invoke(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        function = self.rule.function
        if isinstance(function, str):  # a method of any ufunc, which comes first
            return getattr(args[0], function)(*args[1:], **kwargs)
        if isinstance(function, tuple):
            return getattr(function[0], function[1])(*args, **kwargs)
        if isinstance(function, np.ufunc) or hasattr(function, "_implementation"):
            return function(*args, **kwargs)
        if any(isinstance(leaf, gt.Tensor) for leaf in structure.flatten([args, kwargs])):
            return apply(function, args, kwargs)
        return self.rule.compute(*args, **kwargs)


def values(results: Sequence[Any]) -> list[Any]:
    """Plain values of results that may be Tensors."""
    return [r.numpy() if isinstance(r, gt.Tensor) else r for r in results]


def cotangents(results: Sequence[Any], seed: int) -> list[Any]:
    """A random cotangent for each result that has a derivative."""
    rng = np.random.default_rng(seed)
    drawn_cotangents = []
    for result in values(results):
        v = rng.uniform(0.5, 1.5, np.shape(result))
        if np.iscomplexobj(result):
            v = v + 1j * rng.uniform(-1, 1, np.shape(result))
        drawn_cotangents.append(np.asarray(v))
    return drawn_cotangents


def pair(a: Sequence[Any], b: Sequence[Any]) -> Any:
    """The real inner product of two lists of arrays."""
    total = 0.0
    for x, y in zip(a, b, strict=True):
        if x is not None and y is not None:
            total = total + np.real(np.sum(np.conj(x) * y))
    return total


def gradients(program: Callable[..., list[Any]], arrays: Sequence[Any], v: Sequence[Any]) -> Any:
    """Gradients of ``<v, program(*arrays)>`` by the tape, as plain values."""
    xs = [gt.constant(x) for x in arrays]
    with gt.GradientTape() as tape:
        tape.watch(xs)
        ys = [y for y in program(*xs) if isinstance(y, gt.Tensor)]
    found = tape.gradient(ys, xs, output_gradients=list(v))
    return [
        np.zeros_like(x) if g is None else g.numpy() for g, x in zip(found, arrays, strict=True)
    ]


def second_gradients(
    program: Callable[..., list[Any]], arrays: Sequence[Any], v: Sequence[Any], w: Sequence[Any]
) -> Any:
    """Gradients of ``<w, gradients(program)>`` by two nested tapes."""
    xs = [gt.constant(x) for x in arrays]
    with gt.GradientTape() as outer:
        outer.watch(xs)
        with gt.GradientTape() as inner:
            inner.watch(xs)
            ys = [y for y in program(*xs) if isinstance(y, gt.Tensor)]
        firsts = inner.gradient(ys, xs, output_gradients=list(v))
    kept = [(g, wi) for g, wi in zip(firsts, w, strict=True) if g is not None]
    found = outer.gradient([g for g, _ in kept], xs, output_gradients=[wi for _, wi in kept])
    return [
        np.zeros_like(x) if g is None else g.numpy() for g, x in zip(found, arrays, strict=True)
    ]


def tangents(
    program: Callable[..., list[Any]], arrays: Sequence[Any], u: Sequence[Any]
) -> list[Any]:
    """The derivative of the results of `program` along `u`, by an accumulator."""
    xs = [gt.constant(x) for x in arrays]
    with gt.ForwardAccumulator(xs, list(u)) as accumulator:
        ys = [y for y in program(*xs) if isinstance(y, gt.Tensor)]
    found = accumulator.jvp(ys)
    for t, y in zip(found, ys, strict=True):
        assert t is None or (t.shape == y.shape and t.dtype == y.dtype)
    return [None if t is None else t.numpy() for t in found]


def tangents_of_gradients(
    program: Callable[..., list[Any]], arrays: Sequence[Any], v: Sequence[Any], u: Sequence[Any]
) -> list[Any]:
    """The derivative of `gradients` along `u`: an accumulator around a tape."""
    xs = [gt.constant(x) for x in arrays]
    with gt.ForwardAccumulator(xs, list(u)) as accumulator:
        with gt.GradientTape() as tape:
            tape.watch(xs)
            ys = [y for y in program(*xs) if isinstance(y, gt.Tensor)]
        found = tape.gradient(ys, xs, output_gradients=list(v), unconnected_gradients="zero")
    pushed = accumulator.jvp(found, unconnected_gradients="zero")
    return [t.numpy() for t in pushed]


def directional(f: Callable[..., Any], arrays: Sequence[Any], u: Sequence[Any], h: float) -> Any:
    """The derivative of scalar `f` along `u`, by central differences of fourth order."""

    def at(t: float) -> Any:
        return f(*(np.asarray(x + t * d) for x, d in zip(arrays, u, strict=True)))

    return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)


def directions(arrays: Sequence[Any], seed: int) -> list[Any]:
    """A random direction in the space of `arrays`."""
    return cotangents(arrays, seed)


# -- single functions ---------------------------------------------------------------------------


def tensor(*values: Any, dtype: Any = np.float64) -> Any:
    """A Tensor of the one array given, or of several numbers."""
    return gt.constant(np.array(values[0] if len(values) == 1 else values, dtype))


def gradient(f: Callable[..., Any], *arrays: Any) -> Any:
    """The gradient of ``sum(f(*arrays))``: one plain array, or one for each argument."""
    xs = [x if isinstance(x, gt.Tensor) else gt.constant(np.asarray(x)) for x in arrays]
    with gt.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
    found = [g.numpy() for g in tape.gradient(y, xs)]
    return found if len(found) > 1 else found[0]


def second(f: Callable[..., Any], x: Any, w: Any = None) -> Any:
    """The gradient of ``<w, gradient of f>``: the Hessian times `w`, by default ones."""
    x = gt.constant(np.asarray(x))
    with gt.GradientTape() as outer:
        outer.watch(x)
        with gt.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        slope = inner.gradient(y, x)
    w = None if w is None else np.asarray(w)
    return outer.gradient(slope, x, output_gradients=w, unconnected_gradients="zero").numpy()


def assert_gradient(f: Callable[..., Any], *arrays: Any) -> None:
    """The gradient of `f` agrees with central differences, and its value with NumPy's."""

    def program(*xs: Any) -> list[Any]:
        return [f(*xs)]

    result = program(*map(gt.constant, arrays))
    v = cotangents(result, 1)
    u = directions(arrays, 2)

    def loss(*xs: Any) -> Any:
        return pair(v, values(program(*map(gt.constant, xs))))

    got = pair(gradients(program, arrays, v), u)
    np.testing.assert_allclose(got, directional(loss, arrays, u, 1e-3), rtol=1e-8, atol=1e-9)


def check_moves(f: Any, *arrays: Any) -> None:
    """Compare the value of `f` with NumPy's, and its gradient with that of a numbered array.

    A function that only moves entries is told apart by where it sends the numbers 0, 1, 2, ...:
    the gradient of the sum of ``w * f(x)`` is the sum of the `w` at which each entry arrives.
    """
    xs = [gt.constant(x) for x in arrays]
    with gt.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
    expected = f(*arrays)
    np.testing.assert_array_equal(y.numpy(), expected)
    assert y.dtype == np.asarray(expected).dtype
    w = np.random.default_rng(0).normal(size=np.shape(expected))
    starts = np.cumsum([0, *(x.size for x in arrays)])
    numbers = [np.empty_like(x, dtype=float) for x in arrays]  # laid out as x is
    for x, s in zip(numbers, starts[:-1], strict=True):
        x[...] = np.arange(x.size).reshape(x.shape) + s + 1.0
    sent = np.asarray(f(*numbers)).astype(int)
    sums = np.bincount(sent.ravel(), np.ravel(w), minlength=starts[-1] + 1)[1:]
    got = tape.gradient(y, xs, output_gradients=w, unconnected_gradients="zero")
    for g, x, s in zip(got, arrays, starts[:-1], strict=True):
        np.testing.assert_allclose(
            g.numpy(), sums[s : s + x.size].reshape(x.shape), rtol=1e-13, atol=1e-14
        )


ZEROS = [[2, 3, 4], [0, 3, 4], [0, 3, 0], [0, 0, 0], [5], [0], [], [1, 2, 0, 4, 5, 6, 7]]
"""Vectors whose products test what a rule does about zeros."""


def product_without(x: Any, *left_out: int) -> float:
    """The product of the entries of `x` at all other positions."""
    return math.prod(v for i, v in enumerate(x) if i not in left_out)
