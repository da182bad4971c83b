"""Random programs of several operations against differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import directional, directions, gradients, pair, second_gradients, values

import gradtape as gt

SHAPES: list[tuple[int, ...]] = [(), (3,), (1, 3), (2, 3), (2, 1)]

# Every operation is smooth at almost every point and keeps its values moderate.
UNARY: dict[str, Callable[[Any], Any]] = {
    "sin": np.sin,
    "tanh": np.tanh,
    "exp of tanh": lambda x: np.exp(np.tanh(x)),
    "log of 1 + square": lambda x: np.log(1.0 + x * x),
    "sqrt": lambda x: np.sqrt(2.0 + np.cos(x)),
    "power": lambda x: (1.0 + x * x) ** -0.5,
    "reflected": lambda x: 2.0 / (3.0 - np.sin(x)),
    "sum": np.sum,
    "sum of the last axis": lambda x: np.sum(x, axis=-1) if x.ndim else x,
    "mean, kept": lambda x: np.mean(x, axis=0, keepdims=True) if x.ndim else x,
    "std": lambda x: np.std(x) if x.size > 1 else x,
    "max": np.max,
    "prod": lambda x: np.prod(np.tanh(x) + 1.5),
    "logsumexp": lambda x: np.log(np.sum(np.exp(np.tanh(x)))),
    "transpose": np.transpose,
    "ravel": np.ravel,
    "reverse": lambda x: x[..., ::-1] if x.ndim else x,
    "first": lambda x: x[0] if x.ndim else x,
    "gather": lambda x: x[np.array([0, -1, 0])] if x.ndim else x,
    "positive entries": lambda x: np.sum(x[x > 0]) + np.sum(x),
    "where": lambda x: np.where(x > 0, x, np.sin(x)),
    "guarded": lambda x: np.where(x > 0, np.sqrt(np.abs(x)), 0.5 * x),
    "clip": lambda x: np.clip(x, -1.0, 1.0) + 0.1 * x,
    "cumulative": lambda x: 0.3 * np.cumsum(x),
    "sorted": lambda x: np.sort(x, axis=None) * np.arange(1.0, x.size + 1.0),
    "stacked": lambda x: np.stack([x, 2.0 * x]),
    "updated": lambda x: _updated(x),
    "outer": lambda x: np.outer(np.tanh(x), np.sin(x)),
}
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * np.tanh(b),
    "divide": lambda a, b: a / (2.0 + np.sin(b)),
    "power": lambda a, b: (1.5 + np.tanh(a)) ** np.tanh(b),
    "maximum": np.maximum,
    "hypot": lambda a, b: np.hypot(a + 3.0, b),
    "arctan2": lambda a, b: np.arctan2(a, 4.0 + np.cos(b)),
    "where": lambda a, b: np.where(np.abs(a) < np.abs(b), a, b),
    "matmul": lambda a, b: 0.3 * (np.atleast_2d(np.ravel(a)) @ np.ones((a.size, 2)) * np.sum(b)),
}


def _updated(x: Any) -> Any:
    if not x.ndim:
        return x
    y = x * 2.0
    y[0] = np.sin(x[-1])
    y += x
    return y


class Composed:
    """A straight-line program: each step names an operation and what it works on."""

    def __init__(self, steps: Sequence[tuple[str, ...]]) -> None:
        self.steps = steps

    def __call__(self, *arrays: Any) -> list[Any]:
        stack = list(arrays)
        for kind, name, *operands in self.steps:
            chosen = [stack[int(k) % len(stack)] for k in operands]
            if kind == "unary":
                stack.append(UNARY[name](chosen[0]))
                continue
            try:
                np.broadcast_shapes(chosen[0].shape, chosen[1].shape)
            except ValueError:
                chosen = [np.sum(c) for c in chosen]
            stack.append(BINARY[name](*chosen))
        return stack[len(arrays) :]

    def __repr__(self) -> str:
        return f"Composed({self.steps})"


operand = st.integers(0, 9).map(str)
step = st.one_of(
    st.tuples(st.just("unary"), st.sampled_from(sorted(UNARY)), operand),
    st.tuples(st.just("binary"), st.sampled_from(sorted(BINARY)), operand, operand),
)
programs = st.builds(Composed, st.lists(step, min_size=2, max_size=8))
points = st.tuples(
    st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3), st.integers(0, 2**32 - 1)
)


def _check(program: Composed, shapes: Sequence[tuple[int, ...]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    arrays = [np.asarray(rng.uniform(-1.5, 1.5, shape)) for shape in shapes]
    results = program(*map(gt.constant, arrays))
    if max(y.size for y in results) > 200:
        return
    for got, expected in zip(values(results), program(*arrays), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-10)
    v = [np.asarray(rng.uniform(0.5, 1.5, y.shape)) for y in results]

    def loss(*xs: Any) -> Any:
        return pair(v, values(program(*xs)))

    first = gradients(program, arrays, v)
    u, w = directions(arrays, 1), directions(arrays, 2)
    numeric, coarse = (directional(loss, arrays, u, h) for h in (1e-4, 2e-4))
    if abs(numeric - coarse) > 1e-6 * (1 + abs(numeric)):
        return  # a kink lies between the points: differences say nothing
    np.testing.assert_allclose(pair(first, u), numeric, rtol=1e-6, atol=1e-6)

    def slope(*xs: Any) -> Any:
        return pair(w, gradients(program, xs, v))

    second = second_gradients(program, arrays, v, w)
    numeric, coarse = (directional(slope, arrays, u, h) for h in (1e-4, 2e-4))
    if abs(numeric - coarse) > 1e-5 * (1 + abs(numeric)):
        return
    np.testing.assert_allclose(pair(second, u), numeric, rtol=1e-5, atol=1e-5)


@given(programs, points)
@settings(max_examples=60, deadline=None)
def test_random_programs(program: Composed, point: tuple[list[tuple[int, ...]], int]) -> None:
    _check(program, *point)


@pytest.mark.slow
@given(programs, points)
@settings(max_examples=1500, deadline=None)
def test_many_random_programs(program: Composed, point: tuple[list[tuple[int, ...]], int]) -> None:
    _check(program, *point)
