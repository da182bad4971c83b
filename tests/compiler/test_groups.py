"""Kernels in groups: chunks of rows, what is kept on the stack, and products by rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradtape as gt
from gradtape.compiler.loops.groups import Group


def _groups(f: Any, *args: Any) -> list[Group]:
    found: list[Group] = f._compiled(args, {}).native.groups
    return found


def _check(f: Callable[..., Any], *args: Any) -> Any:
    compiled = gt.function(f)
    for _ in range(2):
        got = compiled(*args)
    for a, b in zip(got, f(*args), strict=True):
        rounding = 1e3 * np.finfo(b.dtype).eps if b.dtype.kind == "f" else 0
        np.testing.assert_allclose(a, b, rtol=rounding, atol=rounding)
    return compiled


def _softmax(x: Any) -> Any:
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


@pytest.mark.parametrize(
    "shape", [(1031, 300), (300, 1031), (2, 100_003), (100_003, 2), (131_072, 1)]
)
def test_rows_run_one_chunk_after_the_other(shape: tuple[int, int]) -> None:
    x = np.random.default_rng(0).standard_normal(shape)
    compiled = _check(lambda x: (_softmax(x), np.sum(_softmax(x) ** 2, axis=0)), x)
    rows = [group for group in _groups(compiled, x) if group.rows]
    assert rows
    assert all(group.rows in shape or group.rows == x.size for group in rows)


def test_what_only_a_chunk_needs_is_never_whole() -> None:
    x = np.random.default_rng(0).standard_normal((4000, 100))
    compiled = _check(lambda x: (np.sum(np.sin(_softmax(x)), axis=1),), x)
    (group,) = [group for group in _groups(compiled, x) if group.rows]
    assert group.scratch
    assert all(node.size // group.rows * group.step * 8 <= 1 << 19 for node in group.scratch)


def test_sums_over_rows_are_not_read_before_all_rows_are_done() -> None:
    x = np.random.default_rng(0).standard_normal((600, 600))
    _check(lambda x: (x - np.mean(x, axis=0), x - np.mean(x, axis=0)[:, None]), x)


def test_a_reader_of_other_rows_waits() -> None:
    x = np.random.default_rng(0).standard_normal((700, 700))
    _check(lambda x: (np.exp(np.sin(x)[::-1]), np.exp(np.sin(x).T), np.cos(np.sin(x)[1:])), x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("turned", [False, True])
def test_products_by_rows(dtype: Any, turned: bool) -> None:
    rng = np.random.default_rng(0)
    a, b = (
        rng.standard_normal((700, 90)).astype(dtype),
        rng.standard_normal((90, 400)).astype(dtype),
    )
    if turned:
        a, b = np.ascontiguousarray(a.T), np.ascontiguousarray(b.T)

    def f(a: Any, b: Any) -> Any:
        c = a.T @ b.T if turned else a @ b
        return np.sum(np.tanh(c), axis=1)

    compiled = gt.function(f)
    for _ in range(2):
        got = compiled(a, b)
    np.testing.assert_allclose(got, f(a, b), rtol=0, atol=3e3 * np.finfo(dtype).eps)
    assert any(group.rows == 700 for group in _groups(compiled, a, b))


def test_threads_do_not_change_results() -> None:
    x = np.random.default_rng(0).standard_normal((1000, 333))
    f = gt.function(lambda x: (_softmax(x), np.sum(_softmax(x), axis=0), np.sum(x @ x.T)))
    results = []
    for count in (1, 2, 3):
        gt.set_num_threads(count)
        results.append([f(x) for _ in range(2)][1])
    gt.set_num_threads(2)
    for other in results[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(results[0], other, strict=True))


@pytest.mark.parametrize("length", range(1, 20))
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.bool_])
def test_ends_of_loops(length: int, dtype: Any) -> None:
    x = (np.random.default_rng(0).standard_normal((7, length)) * 9).astype(dtype)
    _check(
        lambda x: (x * x, np.sum(x, axis=0), np.sum(x, axis=1), np.max(x, axis=0), x[:, ::-1] * 1),
        x,
    )


def test_what_runs_once_is_not_compiled() -> None:
    f = gt.function(lambda x: np.exp(x))
    f(np.ones(3))
    (program,) = next(iter(f._programs.values()))
    assert program._made is None
    f(np.ones(3))
    assert program._made is not None
