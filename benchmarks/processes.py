"""Whole processes, from start to end: fresh ones, in turn."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from time import perf_counter

from benchmarks.libraries import ENVIRONMENT, Column
from benchmarks.report import Measurement

Command = Sequence[str]


def measure(commands: Sequence[tuple[Column, Command]], rounds: int) -> list[Measurement]:
    """The wall time of each command, after one run that does not count.

    That run lets the system cache the files, and Python keep the bytecode of those of a checkout.
    """
    times: dict[str, dict[int, float]] = {column.key: {} for column, _ in commands}
    errors = {c.key: "" if c.installed else "not installed" for c, _ in commands}
    for number in range(-1, rounds):
        for column, command in commands:
            if errors[column.key]:
                continue
            start = perf_counter()
            done = run(command)
            if done.returncode:
                errors[column.key] = last_line(done.stderr)
            elif number >= 0:
                times[column.key][number] = perf_counter() - start
    return [Measurement(c.key, c.library, times[c.key], None, errors[c.key]) for c, _ in commands]


def run(
    command: Command, settings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `command`, with the settings of every measurement and `settings`."""
    environment = {**os.environ, **ENVIRONMENT, **(settings or {})}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def last_line(text: str) -> str:
    """What an error says at its end."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no word on standard error"
