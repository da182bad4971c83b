"""Measuring whole processes, on small ones."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from benchmarks import notebook, processes
from benchmarks.libraries import COLUMNS

OURS = COLUMNS[0]


def test_each_round_but_the_first_is_timed() -> None:
    (measured,) = processes.measure([(OURS, [sys.executable, "-c", "pass"])], 2)
    assert measured.times.keys() == {0, 1}
    assert measured.minimum > 0
    assert measured.error == ""


@pytest.mark.parametrize(
    ("code", "error"),
    [("1 / 0", "ZeroDivisionError: division by zero"), ("exit(1)", "no word on standard error")],
)
def test_a_process_that_fails_has_its_last_word_and_no_times(code: str, error: str) -> None:
    (measured,) = processes.measure([(OURS, [sys.executable, "-c", code])], 2)
    assert measured.times == {}
    assert measured.error == error


def test_what_is_not_installed_is_not_run() -> None:
    absent = replace(OURS, key="absent", module="no_such_module")
    (measured,) = processes.measure([(absent, ["/no/such/program"])], 1)
    assert measured.error == "not installed"


def test_bytecode_is_kept_as_for_an_installed_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    done = processes.run([sys.executable, "-c", "import sys; print(sys.dont_write_bytecode)"])
    assert done.stdout == "False\n"


def test_the_notebook_is_timed_under_gradtape() -> None:
    measured = {m.column: m for m in notebook.measure(COLUMNS, 1)}
    assert measured.keys() == {"gradtape", "tensorflow"}
    assert measured["gradtape"].error == ""
