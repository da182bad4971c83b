"""How long it takes until a compiled function has given its first results, in a fresh process."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import processes
from benchmarks.libraries import OURS, Column
from benchmarks.report import Measurement
from benchmarks.workload import Target, Workload, within

PROGRAM = """
from time import perf_counter
import numpy as np
import {module}
from benchmarks.firsts import {name} as case
function, arguments = case("{module}")
start = perf_counter()
for _ in range({calls}):
    result = function(*arguments)
    getattr(result[0], "block_until_ready", bool)()
print(perf_counter() - start)
"""


def _compiler(module: str) -> tuple[Any, Any, Any, Any]:
    """``np``, ``jit``, ``value_and_grad`` and what makes an array, of a library."""
    if module == "jax":
        import jax
        import jax.numpy as jnp

        return jnp, jax.jit, jax.value_and_grad, jnp.asarray
    import numpy as np

    import gradtape as gt

    return np, gt.function, gt.value_and_grad, np.asarray


def formula(module: str) -> tuple[Any, Any]:
    """Value and gradient of a formula at a million points."""
    from benchmarks.workloads import million

    np, jit, value_and_grad, array = _compiler(module)
    return jit(value_and_grad(lambda v: million.f(np, v))), (array(million._points()),)


def scalars(module: str) -> tuple[Any, Any]:
    """5,000 operations on numbers."""
    import numpy

    np, jit, _, array = _compiler(module)

    def f(x: Any, y: Any) -> Any:
        for _ in range(1250):
            x = x * 0.9 + np.sin(y)
            y = y * 1.01 - x
        return x, y

    return jit(f), tuple(array(numpy.float64(v))[()] for v in (0.5, 0.3))


@dataclass(frozen=True)
class First:
    """One such measurement.

    Attributes
    ----------
    case
        The function here that makes the work.
    calls
        How many results: gradtape compiles before the second.
    cached
        Whether a process before this one has compiled the same.
    """

    WORKLOAD: Workload
    case: str
    calls: int
    cached: bool = False

    def measure(self, columns: Sequence[Column], rounds: int) -> list[Measurement]:
        """The time after the import."""
        chosen = [column for column in columns if column.key in (OURS, "jax-jit")]
        return [self._measured(column, rounds) for column in chosen]

    def _measured(self, column: Column, rounds: int) -> Measurement:
        program = PROGRAM.format(module=column.module, name=self.case, calls=self.calls)
        times: dict[int, float] = {}
        with tempfile.TemporaryDirectory() as directory:
            settings = {"GRADTAPE_CACHE_DIR": directory if self.cached else ""}
            if self.cached:
                settings["JAX_COMPILATION_CACHE_DIR"] = str(Path(directory) / "jax")
                settings["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
            for number in range(-1, rounds):
                done = processes.run([sys.executable, "-c", program], settings)
                if done.returncode:
                    error = processes.last_line(done.stderr)
                    return Measurement(column.key, column.label, {}, None, error)
                if number >= 0:
                    times[number] = float(done.stdout)
        return Measurement(column.key, column.label, times)


LIMITS = (
    "the first call runs as it is written: NumPy alone takes two thirds of the time. The second "
    "loads LLVM and compiles, about 50 ms each."
)

FASTER = Target("faster than JAX", ("jax-jit",), 1.0)


def _first(
    name: str, title: str, case: str, calls: int, *targets: Target, cached: bool = False
) -> First:
    workload = Workload(name, title, {}, lambda: None, 0.0, (FASTER, *targets), limits=LIMITS)
    return First(workload, case, calls, cached)


FIRSTS = (
    _first(
        "first",
        "To the first result of a million points, after import",
        "formula",
        1,
        within(0.06, "60 ms"),
    ),
    _first("first-two", "To the second result of a million points", "formula", 2),
    _first(
        "first-cached",
        "To the first result, machine code on disk",
        "formula",
        1,
        within(0.01, "10 ms"),
        cached=True,
    ),
    _first("first-5000", "To the second result of 5,000 scalar operations", "scalars", 2),
)
