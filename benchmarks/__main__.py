"""``python -m benchmarks [--quick] [--only cell,mlp] [--peers torch,jax] [--output DIR]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import firsts, imports, machine, notebook, picture, report
from benchmarks.libraries import COLUMNS, OURS, Column, versions
from benchmarks.runner import FULL, QUICK, Runner
from benchmarks.workloads import WORKLOADS

HERE = Path(__file__).parent
PROCESSES: tuple[Any, ...] = (imports, notebook, *firsts.FIRSTS)
"""Modules of workloads that take a whole process."""

ALWAYS = (OURS, "numpy", "scipy")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write RESULTS.md and results.png; 1 if gradtape failed somewhere."""
    options = _parser().parse_args(arguments)
    columns = [c for c in COLUMNS if c.module in (*ALWAYS, *options.peers)]
    plan = QUICK if options.quick else FULL
    setting = f"{machine.describe()}; load average before the run {machine.load():.2f}"
    if machine.load() > 0.5:
        _complain("The machine is busy: libraries with several threads will seem slow.")
    results: list[report.Result] = []
    with Runner(columns, plan, _complain) as runner:
        for workload in WORKLOADS:
            if workload.name in options.only:
                _show(results, report.Result(workload, runner.measure(workload)))
    for process in PROCESSES:
        if process.WORKLOAD.name in options.only:
            measured = process.measure(columns, plan.imports)
            _show(results, report.Result(process.WORKLOAD, measured))
    directory = options.output or (HERE if _is_complete(options) else None)
    if directory:
        _write(results, columns, setting, directory)
    return int(any(result.ours is None for result in results))


def _parser() -> argparse.ArgumentParser:
    names = [*(w.name for w in WORKLOADS), *(p.WORKLOAD.name for p in PROCESSES)]
    peers = list(dict.fromkeys(c.module for c in COLUMNS if c.module not in ALWAYS))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter measurements")
    for option, allowed, what in (
        ("--only", names, "workloads"),
        ("--peers", peers, "libraries beside gradtape and NumPy"),
    ):
        parser.add_argument(
            option,
            type=partial(_choice, allowed),
            default=allowed,
            metavar="A,B",
            help=f"{what}, of {', '.join(allowed)} (all)",
        )
    parser.add_argument(
        "--output",
        type=Path,
        help="where RESULTS.md and results.png go; a complete run writes them to benchmarks/",
    )
    return parser


def _choice(allowed: Sequence[str], text: str) -> list[str]:
    chosen = [part for part in text.split(",") if part]
    for part in chosen:
        if part not in allowed:
            raise argparse.ArgumentTypeError(f"choose from {', '.join(allowed)}: got {part!r}")
    return chosen


def _is_complete(options: argparse.Namespace) -> bool:
    everything = _parser().parse_args([])
    return options == everything


def _show(results: list[report.Result], result: report.Result) -> None:
    results.append(result)
    print(report.terminal(result), end="\n\n", flush=True)


def _complain(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _write(
    results: Sequence[report.Result], columns: Sequence[Column], setting: str, directory: Path
) -> None:
    modules = list(dict.fromkeys(column.module for column in columns if column.installed))
    if "tensorflow" in modules:
        modules.append("keras")
    text = report.markdown(results, setting, versions(modules))
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "RESULTS.md").write_text(text, encoding="utf-8")
    picture.draw(results, directory / "results.png")
    print(f"Wrote {directory / 'RESULTS.md'} and {directory / 'results.png'}")


if __name__ == "__main__":
    sys.exit(main())
