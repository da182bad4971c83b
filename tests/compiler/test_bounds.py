"""Native code touches no memory outside of its arrays: every array lies between guard pages."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from compiler.drawn import programs
from compiler.guarded import Guarded
from hypothesis import given

import gradtape as gt

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mprotect as Linux has it")

LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 127, 129, 513, 1029]
DTYPES = [np.float64, np.float32, np.int64, np.int32, np.int16, np.uint8, np.bool_]


MAKERS = [
    importlib.import_module(f"gradtape.compiler.running.{name}")
    for name in ("execute", "memory", "parallel")
]
"""The modules that make arrays for native code."""


class _Numpy:
    """NumPy whose new arrays lie between guard pages."""

    def __init__(self, memory: Guarded) -> None:
        self.empty = memory.empty

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def _guard(patch: pytest.MonkeyPatch, memory: Guarded) -> None:
    """Let compiled programs make their arrays in guarded memory."""
    for module in MAKERS:
        patch.setattr(module, "np", _Numpy(memory))


@pytest.fixture(params=[True, False], ids=["before a guard", "after a guard"])
def memory(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Guarded:
    """Guarded memory, in which compiled programs make their arrays too."""
    guarded = Guarded(request.param)
    _guard(monkeypatch, guarded)
    return guarded


def check(f: Any, memory: Guarded, *arrays: Any) -> None:
    """Run `f` compiled on guarded copies of `arrays`."""
    compiled = gt.function(f)
    inputs = [memory.array(x) for x in arrays]
    with np.errstate(all="ignore"):
        for _ in range(2):
            for got, expected in zip(compiled(*inputs), f(*arrays), strict=True):
                np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_a_guard_guards() -> None:
    code = (
        "from compiler.guarded import Guarded; import ctypes\n"
        "for end in (True, False):\n"
        "    x = Guarded(end).empty(5); x[:] = 1; assert x.sum() == 5\n"
        "ctypes.string_at(x.ctypes.data - 1, 1)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd="tests", check=False)
    assert run.returncode == -11


@pytest.mark.parametrize("dtype", DTYPES, ids=[np.dtype(d).name for d in DTYPES])
def test_loops_of_any_length(memory: Guarded, dtype: Any) -> None:
    for n in LENGTHS:
        x = (np.arange(n) % 7).astype(dtype)
        check(
            lambda x: (
                x + x,
                x[::-1] * x,
                x[1:] | x[:-1] if x.dtype.kind in "biu" else x[1:] - x[:-1],
                np.sum(x),
                np.max(x, initial=0),
                x[::3] > 2,
                np.concatenate([x, x]),
                x.astype(np.float32) * 0.5,
                np.where(x > 3, x, x[::-1]),
                np.cumsum(x),
            ),
            memory,
            x,
        )


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (7, 9), (2, 33), (33, 2), (5, 0), (13, 17)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_loops_over_two_axes(memory: Guarded, shape: Any, dtype: Any) -> None:
    x = np.random.default_rng(0).uniform(0.5, 1, shape).astype(dtype)

    def f(x: Any) -> Any:
        y = x.copy()
        y[1:, ::2] += x[:-1, ::2]
        y[..., -1] = 0
        rows = np.arange(len(x)) // 2
        return (
            *(np.sum(x, 0), np.sum(x, 1), np.sum(x.T * x.T), x.T @ x, x @ x[0], np.exp(x.T)),
            *(x[rows], x[:, ::-2], np.diff(x, axis=1), y, np.log(x) + x[:1], x / x[:, :1]),
            *(gt.grad(lambda x: np.sum(np.sin(x[:, 1:]) * x[:, :-1]))(x),),
        )

    if shape[1]:
        check(f, memory, x)
    else:
        check(lambda x: (np.sum(x, 0), np.sum(x, 1), x * 2, x.T @ x), memory, x)


def test_positions_that_are_computed(memory: Guarded) -> None:
    x, index = np.arange(35.0).reshape(5, 7), np.array([0, 4, -1, -5, 2])

    def f(x: Any, index: Any) -> Any:
        y = np.zeros_like(x) + x
        y[index] = x[::-1]
        np.add.at(y, (index, index), 1.0)
        return x[index], x[:, index], np.take(x, index, axis=1), y

    check(f, memory, x, index)
    compiled = gt.function(lambda x, index: x[index])
    guarded = memory.array(x)
    compiled(guarded, index)
    for bad in (5, -6, 2**62, -(2**62)):
        with pytest.raises(IndexError):
            compiled(guarded, np.array([0, bad, 1, 2, 3]))


def test_chunks(memory: Guarded) -> None:
    for n in ((1 << 17) + 1, (1 << 17) + 65_537):
        x = np.linspace(0.5, 1, n)
        check(lambda x: (np.sum(np.sin(x)), x * 2, np.max(x)), memory, x)
        check(lambda x: (np.sum(x, 0), np.sum(x, 1)), memory, x[: n // 11 * 11].reshape(-1, 11))


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 13])
def test_routines(memory: Guarded, n: int) -> None:
    rng = np.random.default_rng(n)
    a = rng.normal(size=(3, n, n))
    a = a @ np.swapaxes(a, 1, 2) + np.eye(n)
    check(
        lambda a: (np.linalg.cholesky(a), np.linalg.solve(a, a[:, :, :1]), np.linalg.det(a)),
        memory,
        a,
    )


@given(programs(special=False))
def test_random_programs(program: Any) -> None:
    for at_end in (True, False):
        memory = Guarded(at_end)
        with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
            _guard(patch, memory)
            compiled = gt.function(program)
            for inputs in program.inputs:
                compiled(*[memory.array(x) for x in inputs])
