"""What it takes to import each library: fresh processes, in turn."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from time import perf_counter

from benchmarks.libraries import ENVIRONMENT, Column
from benchmarks.report import Measurement
from benchmarks.workload import LIGHT_IMPORT, Workload

WORKLOAD = Workload(
    name="import",
    title='Import: `python -c "import ..."` in a fresh process',
    works={},
    expected=lambda: None,
    rtol=0.0,
    targets=(LIGHT_IMPORT,),
    note="The whole process, from start to end; files cached by the system.",
)


def measure(columns: Sequence[Column], rounds: int) -> list[Measurement]:
    """The wall time of importing each column's library, after one import that does not count."""
    chosen = list({column.module: column for column in reversed(columns)}.values())[::-1]
    present = [column for column in chosen if column.installed]
    times: dict[str, dict[int, float]] = {column.key: {} for column in chosen}
    errors = {column.key: "" if column.installed else "not installed" for column in chosen}
    for number in range(-1, rounds):
        for column in present:
            start = perf_counter()
            done = _import(column.module)
            if done.returncode:
                errors[column.key] = done.stderr.strip().splitlines()[-1]
            elif number >= 0:
                times[column.key][number] = perf_counter() - start
    return [Measurement(c.key, c.library, times[c.key], None, errors[c.key]) for c in chosen]


def _import(module: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"import {module}"],
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )
