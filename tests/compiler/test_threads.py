"""Threads share large loops: all chunks are done once, whoever calls, and whoever comes late."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradtape as gt
from gradtape.compiler.machine import blas
from gradtape.compiler.running import team

X = np.random.default_rng(0).standard_normal(400_000)


@pytest.fixture
def three() -> Iterator[None]:
    """Three threads, however many cores there are."""
    gt.set_num_threads(3)
    yield
    gt.set_num_threads(2)


def _curved(x: Any) -> Any:
    return np.sum(np.exp(np.sin(x))), np.max(x), np.exp(x) * 2


def _check(got: Any, expected: Any) -> None:
    assert got[:2] == expected[:2]
    np.testing.assert_array_equal(got[2], expected[2])


@pytest.mark.usefixtures("three")
def test_many_callers_at_once() -> None:
    compiled = gt.function(_curved)
    compiled(X)
    inputs = [X + k for k in range(4)]
    expected = [compiled(x) for x in inputs]
    wrong: list[Any] = []

    def work(k: int) -> None:
        for _ in range(30):
            try:
                _check(compiled(inputs[k]), expected[k])
            except AssertionError as error:
                wrong.append(error)

    callers = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert wrong == []


@pytest.mark.usefixtures("three")
def test_calls_one_after_the_other_and_after_a_rest() -> None:
    compiled = gt.function(_curved)
    compiled(X)
    expected = compiled(X)
    np.testing.assert_allclose(expected[0], _curved(X)[0], rtol=1e-13)
    for rest in (0.0,) * 50 + (0.001, 0.02):
        time.sleep(rest)
        _check(compiled(X), expected)


def test_threads_that_are_not_wanted_any_more_end() -> None:
    def alive() -> int:
        return sum(thread.name == "gradtape" for thread in threading.enumerate())

    compiled = gt.function(_curved)
    compiled(X)
    for count in (5, 1, 2):
        gt.set_num_threads(count)
        compiled(X)
        deadline = time.monotonic() + 5
        while alive() != count - 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert alive() == count - 1


@pytest.mark.skipif(sys.platform != "linux", reason="cores as Linux numbers them")
def test_helpers_keep_off_the_core_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = os.sched_getaffinity(0)
    if len(allowed) < 2:
        pytest.skip("one core only")
    compiled = gt.function(_curved)
    compiled(X)
    for core in sorted(allowed)[:2]:
        monkeypatch.setattr(team, "_core", lambda core=core: core)
        for _ in range(2):
            compiled(X)
            time.sleep(0.01)  # a helper that has just begun is told at the next call
        for helper in team.team()._helpers:
            assert os.sched_getaffinity(helper) == allowed - {core}
    assert os.sched_getaffinity(0) == allowed


# -- threads of BLAS ----------------------------------------------------------------------------


@pytest.fixture
def blas_threads() -> Iterator[Any]:
    """How many threads BLAS uses: two, until asked to use others."""
    control = blas._threads()
    if control is None:
        pytest.skip("a BLAS whose threads nobody knows")
    count, set_count = control
    before = count()
    set_count(2)
    if count() != 2:
        pytest.skip("a BLAS without threads")
    yield count
    set_count(before)


def test_blas_is_left_alone_for_a_while(blas_threads: Any) -> None:
    def fails() -> None:
        assert blas_threads() == 1
        raise ValueError("lost")

    assert blas.alone(lambda: blas.alone(blas_threads)) == 1
    assert blas_threads() == 2
    with pytest.raises(ValueError, match="lost"):
        blas.alone(fails)
    assert blas_threads() == 2


def test_blas_has_its_threads_again_when_the_last_call_is_over(blas_threads: Any) -> None:
    inside, go = threading.Barrier(3), threading.Event()

    def work() -> None:
        inside.wait()
        go.wait()

    callers = [threading.Thread(target=blas.alone, args=(work,)) for _ in range(2)]
    for caller in callers:
        caller.start()
    inside.wait()
    assert blas_threads() == 1
    go.set()
    for caller in callers:
        caller.join()
    assert blas_threads() == 2


def test_products_run_alone(blas_threads: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def noting(function: Any, *args: Any) -> Any:
        return blas.alone(lambda: (seen.append(blas_threads()), function(*args))[1])

    monkeypatch.setattr("gradtape.compiler.running.execute.alone", noting)
    a, b = X[:160_000].reshape(400, 400), X[-40_000:].reshape(400, 100)
    compiled = gt.function(lambda a, b: (a @ b, a[:9, :30] @ b[:30, :8]))
    for _ in range(2):
        got = compiled(a, b)
    for c, expected in zip(got, (a @ b, a[:9, :30] @ b[:30, :8]), strict=True):
        np.testing.assert_allclose(c, expected, rtol=0, atol=1e-11)
    assert set(seen) == {1}
    assert blas_threads() == 2
