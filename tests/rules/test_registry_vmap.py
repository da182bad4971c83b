"""Every rule on batches: `vmap` of each declared call equals a loop over examples.

So do its gradients, inside `vmap` and around it, and batches of cotangents and tangents, of which
Jacobians are made.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from support import Program, calls_of, differentiable_rules, values

import gradtape as gt
from gradtape.core import batch
from gradtape.core.batching import UnbatchableError

COUNT = 3
NOT_BATCHED = {
    "numpy.polydiv": "it trims leading zeros, by value",
    "numpy.polymul": "it trims leading zeros, by value",
    "numpy.trim_zeros": "the shape depends on values",
    **dict.fromkeys(
        [
            *("numpy.unique", "numpy.unique_all", "numpy.unique_counts", "numpy.unique_inverse"),
            *("numpy.unique_values", "numpy.intersect1d", "numpy.setdiff1d", "numpy.setxor1d"),
            "numpy.union1d",
        ],
        "the shape depends on values",
    ),
}
"""What some declared call cannot do: it says so, and never gives a wrong number."""

LOOPED = {
    "gradtape.rules.polynomials.roots": "NumPy takes one polynomial",
    "gradtape.rules.solvers.least_squares": "NumPy takes one system",
    "numpy.linalg.lstsq": "NumPy takes one system",
    "numpy.linalg.cond": "asked for the norms that have no derivative",
    "numpy.histogram_bin_edges": "the edges depend on values",
    "numpy.searchsorted": "NumPy takes one array to search in",
    "numpy.ravel_multi_index": "a tuple of batches",
    "numpy.real_if_close": "whether the result is real depends on values",
    "numpy.trim_zeros": "the shape depends on values",
}
"""What is done for one example after the other; one call of NumPy does all of anything else."""

PROGRAMS = [
    pytest.param(Program(rule, case), id=f"{rule.name}-{index}")
    for rule in differentiable_rules()
    for index, case in enumerate(calls_of(rule))
]
SOME = [
    param if k % 4 == 0 else pytest.param(*param.values, id=param.id, marks=pytest.mark.slow)
    for k, param in enumerate(PROGRAMS)
]


def examples(program: Program) -> list[list[Any]]:
    return [program.arguments(seed, np.float64) for seed in range(1, COUNT + 1)]


def real(program: Program) -> Any:
    """The results of `program` that have a derivative, as real numbers."""

    def f(*xs: Any) -> list[Any]:
        ys = [y for y in program(*xs) if isinstance(y, gt.Tensor) and y.dtype.kind in "fc"]
        return [y if y.dtype.kind == "f" else np.real(y) + 2 * np.imag(y) for y in ys]

    return f


def total(f: Any) -> Any:
    return lambda *xs: sum([np.sum(np.sin(y)) for y in f(*xs)], np.float64(0.0))


def stacked(rows: list[Any]) -> list[Any]:
    return [np.stack(column) for column in zip(*rows, strict=True)]


def attempt(program: Program, call: Any) -> Any:
    """The result of `call`, unless it is one that is known to be refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            return call()
        except UnbatchableError:
            if program.rule.name in NOT_BATCHED:
                pytest.skip(NOT_BATCHED[program.rule.name])
            raise


def assert_close(got: list[Any], expected: list[Any]) -> None:
    for y, e in zip(got, expected, strict=True):
        np.testing.assert_allclose(y, e, rtol=1e-9, atol=1e-10)


@pytest.fixture
def looped(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the functions that are done for one example after the other."""
    names = set()
    one_by_one = batch._one_by_one

    def noting(level: Any, rule: Any, *rest: Any) -> Any:
        names.add(rule.name)
        return one_by_one(level, rule, *rest)

    monkeypatch.setattr(batch, "_one_by_one", noting)
    return names


@pytest.mark.parametrize("program", PROGRAMS)
def test_values_and_gradients_of_each_example(program: Program, looped: set[str]) -> None:
    rows = examples(program)
    if not rows[0]:
        pytest.skip("takes no array")
    columns = stacked(rows)
    expected = stacked([values(program(*map(gt.constant, row))) for row in rows])
    got = attempt(program, lambda: gt.vmap(lambda *xs: program(*xs))(*columns))
    assert_close(got, expected)
    for y, e in zip(got, expected, strict=True):
        assert y.dtype == e.dtype
    gradient = gt.grad(total(real(program)), tuple(range(len(columns))))
    expected = attempt(program, lambda: stacked([gradient(*row) for row in rows]))
    assert_close(attempt(program, lambda: gt.vmap(gradient)(*columns)), expected)
    assert looped <= set(LOOPED)


@pytest.mark.parametrize("program", SOME)
def test_shared_arguments(program: Program) -> None:
    rows = examples(program)
    for position in range(len(rows[0]) if len(rows[0]) > 1 else 0):
        mixed = [[row[k] if k == position else rows[0][k] for k in range(len(row))] for row in rows]
        arguments = list(rows[0])
        arguments[position] = np.stack([row[position] for row in rows])
        axes = tuple([0 if k == position else None for k in range(len(arguments))])
        expected = stacked([values(program(*map(gt.constant, row))) for row in mixed])
        got = attempt(program, lambda: gt.vmap(lambda *xs: program(*xs), axes)(*arguments))
        assert_close(got, expected)


@pytest.mark.parametrize("program", SOME)
def test_the_gradient_of_all_examples_together(program: Program) -> None:
    rows = examples(program)
    if not rows[0]:
        pytest.skip("takes no array")
    numbers = tuple(range(len(rows[0])))
    gradient = gt.grad(total(real(program)), numbers)
    expected = attempt(program, lambda: stacked([gradient(*row) for row in rows]))
    mapped = total(lambda *xs: gt.vmap(real(program))(*xs))
    assert_close(attempt(program, lambda: gt.grad(mapped, numbers)(*stacked(rows))), expected)


@pytest.mark.parametrize("program", SOME)
def test_jacobians_of_both_modes(program: Program) -> None:
    row = program.arguments(1, np.float64)
    if not row:
        pytest.skip("takes no array")
    f, numbers = real(program), tuple(range(len(row)))
    columns = attempt(program, lambda: gt.jacfwd(f, numbers)(*row))
    rows = attempt(program, lambda: gt.jacrev(f, numbers)(*row))
    _, push = gt.linearize(f, *row)
    rng = np.random.default_rng(0)
    u = [rng.normal(size=x.shape) for x in row]
    moved = push(*u)
    for forward, reverse, t in zip(columns, rows, moved, strict=True):
        assert_close(list(reverse), list(forward))
        along = sum(
            [np.tensordot(j, d, d.ndim) for j, d in zip(forward, u, strict=True)], np.zeros(t.shape)
        )
        np.testing.assert_allclose(along, t, rtol=1e-8, atol=1e-9)


def test_the_table_of_what_is_not_batched_holds_nothing_else() -> None:
    refused = set()
    for program in [param.values[0] for param in PROGRAMS]:
        if program.rule.name in NOT_BATCHED:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                try:
                    gt.vmap(program)(*stacked(examples(program)))
                except UnbatchableError:
                    refused.add(program.rule.name)
    assert refused == set(NOT_BATCHED)
