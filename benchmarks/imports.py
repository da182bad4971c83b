"""What it takes to import each library."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from benchmarks import processes
from benchmarks.libraries import Column
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
    """The wall time of importing each column's library."""
    chosen = list({column.module: column for column in reversed(columns)}.values())[::-1]
    commands = [(c, [sys.executable, "-c", f"import {c.module}"]) for c in chosen]
    return processes.measure(commands, rounds)
