"""The ratios, verdicts and tables of the benchmarks, on made-up measurements."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks.libraries import COLUMNS
from benchmarks.report import (
    Measurement,
    Result,
    faster,
    judge,
    markdown,
    markdown_table,
    ratio,
    rows,
    size_text,
    terminal,
    time_text,
)
from benchmarks.runner import QUICK, Plan
from benchmarks.worker import check
from benchmarks.workload import Target, Workload
from benchmarks.workloads import WORKLOADS

FASTER = Target("at least 4x faster than the best", ("torch", "mygrad"), 4.0)
LEANER = Target("no more memory than PyTorch", ("torch",), 1.0, "memory")
LIGHT = Target("within 0.1 s of NumPy", ("numpy",), 0.1, "excess")

OURS = Measurement("gradtape", "gradtape", {0: 1e-6, 1: 2e-6, 2: 4e-6}, 10_000_000)
TORCH = Measurement("torch", "PyTorch", {0: 5e-6, 1: 10e-6, 2: 90e-6}, 20_000_000)
MYGRAD = Measurement("mygrad", "MyGrad", {1: 9e-6}, 30_000_000)
MISSING = Measurement("mygrad", "MyGrad", {}, None, "not installed")


def workload(*targets: Target, expected: Any = None, rtol: float = 1e-6) -> Workload:
    return Workload("cell", "A cell", {}, lambda: expected, rtol, targets, note="A note.")


def result(*measurements: Measurement, targets: tuple[Target, ...] = (FASTER,)) -> Result:
    return Result(workload(*targets), measurements)


def test_ratio_is_the_median_within_rounds() -> None:
    assert ratio(TORCH, OURS) == pytest.approx(5.0)  # of the medians it would be 5, of means 15
    assert ratio(OURS, TORCH) == pytest.approx(0.2)


def test_ratio_counts_only_rounds_that_both_took_part_in() -> None:
    assert ratio(MYGRAD, OURS) == pytest.approx(4.5)


def test_time_is_judged_by_the_fastest_peer() -> None:
    verdict = judge(FASTER, result(OURS, TORCH, MYGRAD))
    assert verdict.reached is True
    assert verdict.figure == "4.50x faster than MyGrad"
    slower = Measurement("gradtape", "gradtape", {1: 3e-6})
    verdict = judge(FASTER, result(slower, TORCH, MYGRAD))
    assert verdict.reached is False
    assert str(verdict) == "at least 4x faster than the best: no (3.00x faster than MyGrad)"


def test_a_peer_without_figures_is_named() -> None:
    verdict = judge(FASTER, result(OURS, TORCH, MISSING))
    assert verdict.reached is True
    assert verdict.figure == "5.00x faster than PyTorch; no figure for MyGrad"
    assert judge(FASTER, result(OURS, MISSING)).reached is None
    assert judge(FASTER, result(OURS)).figure == "no figure for any peer"


def test_nothing_is_judged_when_gradtape_failed() -> None:
    failed = Measurement("gradtape", "gradtape", {}, None, "ValueError: wrong result")
    verdict = judge(FASTER, result(failed, TORCH))
    assert (verdict.reached, verdict.figure) == (None, "gradtape has no figure")


@pytest.mark.parametrize(("ours", "reached"), [(10, True), (20, True), (21, False)])
def test_memory(ours: int, reached: bool) -> None:
    mine = Measurement("gradtape", "gradtape", {0: 1.0}, ours * 1_000_000)
    verdict = judge(LEANER, result(mine, TORCH))
    assert verdict.reached is reached
    assert verdict.figure == f"{ours}.0 MB, PyTorch 20.0 MB"


@pytest.mark.parametrize(("ours", "reached"), [(0.15, True), (0.25, False)])
def test_excess(ours: float, reached: bool) -> None:
    numpy = Measurement("numpy", "NumPy", {0: 0.1, 1: 0.1})
    verdict = judge(LIGHT, result(Measurement("gradtape", "gradtape", {0: ours, 1: ours}), numpy))
    assert verdict.reached is reached
    assert verdict.figure == f"+{ours - 0.1:.3f} s"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.5e-7, "0.15 µs"),
        (5.123e-6, "5.12 µs"),
        (99.96e-6, "100 µs"),
        (999.7e-6, "1.00 ms"),
        (0.0404, "40.4 ms"),
        (2.0, "2.00 s"),
        (123.4, "123 s"),
    ],
)
def test_time_text(seconds: float, text: str) -> None:
    assert time_text(seconds) == text


def test_size_and_ratio_texts() -> None:
    assert size_text(35_340_000) == "35.3 MB"
    assert faster(4.0) == "4.00x faster"
    assert faster(0.5) == "2.00x slower"


def test_rows_rank_gradtape_first_and_failures_last() -> None:
    slow = Measurement("jax", "JAX", {0: 1.0})
    table = rows(result(MISSING, slow, TORCH, OURS))
    assert [row[0] for row in table[1:]] == ["gradtape", "PyTorch", "JAX", "MyGrad"]
    assert table[0] == ["library", "median", "minimum", "time / gradtape's", "peak memory"]
    assert table[1] == ["gradtape", "2.00 µs", "1.00 µs", "1.00", "10.0 MB"]
    assert table[2] == ["PyTorch", "10.0 µs", "5.00 µs", "5.00", "20.0 MB"]
    assert table[4] == ["MyGrad", "not installed", "", "", ""]


def test_a_long_error_does_not_widen_the_table() -> None:
    failed = Measurement("gradtape", "gradtape", {}, None, "TypeError: " + "word " * 100)
    lines = terminal(result(failed, TORCH)).splitlines()
    assert max(map(len, lines)) < 120
    assert "TypeError: word" in lines[2]


def test_terminal() -> None:
    assert terminal(result(OURS, MYGRAD, targets=(FASTER, LEANER))).splitlines() == [
        "cell: A cell",
        "  library   median   minimum  time / gradtape's  peak memory",
        "  gradtape  2.00 µs  1.00 µs  1.00               10.0 MB",
        "  MyGrad    9.00 µs  9.00 µs  4.50               30.0 MB",
        "  reach at least 4x faster than the best: yes (4.50x faster than MyGrad)",
        "  reach no more memory than PyTorch: not judged (no figure for any peer)",
    ]


def test_markdown_has_the_machine_the_versions_and_every_verdict() -> None:
    text = markdown([result(OURS, TORCH)], "2 cores", {"numpy": "2.0", "torch": "2.13"})
    assert "- Machine: 2 cores" in text
    assert "numpy 2.0, torch 2.13" in text
    row = "| cell | at least 4x faster than the best | yes | 5.00x faster than PyTorch |"
    assert row in text.splitlines()
    assert "A note." in text


def test_markdown_table_escapes_bars() -> None:
    assert markdown_table([["a"], ["x|y"]]) == "| a |\n| --- |\n| x\\|y |"


@pytest.mark.parametrize(
    ("got", "problem"),
    [
        ([np.float32(9.0)], "1 values instead of 2"),
        ([np.float32(9.0), np.float32(42.1)], "value 1: off by 0.1"),
        ([np.float64(9.0), np.float32(42.0)], "float64() instead of float32()"),
        ([np.ones(1, np.float32), np.float32(42.0)], "float32(1,) instead of float32()"),
        ([np.float32(np.nan), np.float32(42.0)], "value 0: off by nan"),
        ([None, np.float32(42.0)], "None instead of 9.0"),
    ],
)
def test_a_wrong_result_is_an_error(got: Any, problem: str) -> None:
    expected = [np.float32(9.0), np.float32(42.0)]
    with pytest.raises(ValueError, match="wrong result") as caught:
        check(got, workload(expected=expected))
    assert problem in str(caught.value)


def test_a_right_result_passes_in_any_nesting() -> None:
    expected = [[None, np.float32(6.0)], np.ones(3)]
    check(((np.float32(0.0), np.float32(6.0)), [np.ones(3)]), workload(expected=expected))


def test_the_function_alone_gives_its_value_only() -> None:
    both = replace(workload(expected=[np.float64(2.0), np.ones(3)]), value=lambda: np.float64(2.0))
    check(np.float64(2.0), both, "function")
    with pytest.raises(ValueError, match="1 values instead of 2"):
        check(np.float64(2.0), both)


def test_gradtape_plays_every_round_and_slow_columns_some() -> None:
    plan = Plan(rounds=10, batch=0.01, budget=1.0, fewest=2, limit=1.0, imports=1)
    turns = plan.turns({"gradtape": 1e-6, "torch": 1e-5, "jax": 0.25, "tensorflow": 9.0})
    assert len(turns) == 10
    counts = {key: sum(key in turn for turn in turns) for key in ("gradtape", "torch", "jax")}
    assert counts == {"gradtape": 10, "torch": 10, "jax": 4}
    assert sum("tensorflow" in turn for turn in turns) == 2
    assert plan.calls(1e-6) == 10_000
    assert plan.calls(9.0) == 1
    assert QUICK.turns({}) == []


def test_every_workload_has_gradtape_and_known_columns_and_targets() -> None:
    known = {column.key for column in COLUMNS}
    for each in WORKLOADS:
        assert "gradtape" in each.works
        assert known.issuperset(each.works)
        assert each.targets
        assert all(known.issuperset(target.peers) for target in each.targets)
