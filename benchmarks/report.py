"""Measurements turned into ratios, verdicts and tables. Pure: nothing is measured or read here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from textwrap import shorten

from benchmarks.libraries import OURS
from benchmarks.workload import Target, Workload


@dataclass(frozen=True)
class Measurement:
    """What one column did in one workload.

    Attributes
    ----------
    column, label
        The column's key, and its name for a reader.
    times
        Seconds of one call, by round.
    peak
        Bytes of memory beyond those in use before, where that was asked.
    error
        Why there are no times; empty if there are.
    """

    column: str
    label: str
    times: Mapping[int, float]
    peak: int | None = None
    error: str = ""

    @property
    def median(self) -> float:
        """The median time, in seconds."""
        return median(self.times.values())

    @property
    def minimum(self) -> float:
        """The shortest time, in seconds."""
        return min(self.times.values())


@dataclass(frozen=True)
class Verdict:
    """Whether a target is reached (None: it could not be judged), and by what figure."""

    target: Target
    reached: bool | None
    figure: str

    def __str__(self) -> str:
        word = {True: "yes", False: "no", None: "not judged"}[self.reached]
        return f"{self.target.text}: {word} ({self.figure})"


@dataclass(frozen=True)
class Result:
    """A workload with what was measured."""

    workload: Workload
    measurements: Sequence[Measurement]

    @property
    def ours(self) -> Measurement | None:
        """gradtape's measurement, if it has numbers."""
        return self.timed(OURS)

    def timed(self, key: str) -> Measurement | None:
        """The measurement of a column, if it has numbers."""
        found = (m for m in self.measurements if m.column == key and not m.error)
        return next(found, None)

    def ranked(self) -> list[Measurement]:
        """gradtape, then the others from fast to slow, then those without numbers."""
        return sorted(
            self.measurements,
            key=lambda m: (m.column != OURS, bool(m.error), 0.0 if m.error else m.median),
        )

    def verdicts(self) -> list[Verdict]:
        """The judgement of each target."""
        return [judge(target, self) for target in self.workload.targets]


def ratio(measurement: Measurement, base: Measurement) -> float:
    """How many times longer `measurement` takes than `base`.

    The median over the rounds that both took part in of the ratio within the round, so that what
    slowed both at once cancels.
    """
    shared = measurement.times.keys() & base.times.keys()
    return median(measurement.times[r] / base.times[r] for r in shared)


def judge(target: Target, result: Result) -> Verdict:
    """Whether `result` reaches `target`, beside those of its peers that have figures."""
    ours = result.ours
    if ours is None:
        return Verdict(target, None, "gradtape has no figure")
    asked = [m for m in result.measurements if m.column in target.peers]
    peers = [m for m in asked if not m.error and (target.of != "memory" or m.peak is not None)]
    missing = ", ".join(m.label for m in asked if m not in peers)
    if not peers:
        return Verdict(target, None, f"no figure for {missing or 'any peer'}")
    reached, figure = _JUDGES[target.of](target.factor, ours, peers)
    return Verdict(target, reached, f"{figure}; no figure for {missing}" if missing else figure)


Judgement = tuple[bool, str]


def _judge_time(factor: float, ours: Measurement, peers: Sequence[Measurement]) -> Judgement:
    best, label = min((ratio(peer, ours), peer.label) for peer in peers)
    return best >= factor, f"{faster(best)} than {label}"


def _judge_memory(factor: float, ours: Measurement, peers: Sequence[Measurement]) -> Judgement:
    mine = ours.peak or 0
    least, label = min((peer.peak or 0, peer.label) for peer in peers)
    return mine * factor <= least, f"{size_text(mine)}, {label} {size_text(least)}"


def _judge_excess(factor: float, ours: Measurement, peers: Sequence[Measurement]) -> Judgement:
    excess = min(_median_excess(ours, peer) for peer in peers)
    return excess <= factor, f"{excess:+.3f} s"


def _judge_alone(factor: float, ours: Measurement, peers: Sequence[Measurement]) -> Judgement:
    return ours.median <= factor, time_text(ours.median)


def _median_excess(ours: Measurement, base: Measurement) -> float:
    shared = ours.times.keys() & base.times.keys()
    return median(ours.times[r] - base.times[r] for r in shared)


_JUDGES = {
    "time": _judge_time,
    "memory": _judge_memory,
    "excess": _judge_excess,
    "alone": _judge_alone,
}


def faster(times: float) -> str:
    """A ratio in words: "4.2x faster", "1.3x slower"."""
    return f"{times:.2f}x faster" if times >= 1 else f"{1 / times:.2f}x slower"


_UNITS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6}


def time_text(seconds: float) -> str:
    """A time with three digits and its unit."""
    units = (unit for unit in _UNITS if seconds >= _UNITS[unit] * 0.9995)
    unit = next(units, "µs")
    return f"{_three_digits(seconds / _UNITS[unit])} {unit}"


def size_text(size: float) -> str:
    """A number of bytes in MB."""
    return f"{size / 1e6:.1f} MB"


def _three_digits(value: float) -> str:
    decimals = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{decimals}f}"


def rows(result: Result) -> list[list[str]]:
    """The table of a workload, its heading first."""
    memory = any(m.peak is not None for m in result.measurements)
    heading = ["library", "median", "minimum", "time / gradtape's"] + ["peak memory"] * memory
    return [heading, *(_row(m, result.ours, memory) for m in result.ranked())]


def _row(measurement: Measurement, ours: Measurement | None, memory: bool) -> list[str]:
    if measurement.error:
        return [measurement.label, shorten(measurement.error, 90), "", ""] + [""] * memory
    times = f"{ratio(measurement, ours):.2f}" if ours else ""
    peak = "" if measurement.peak is None else size_text(measurement.peak)
    return [
        measurement.label,
        time_text(measurement.median),
        time_text(measurement.minimum),
        times,
        *[peak] * memory,
    ]


def terminal(result: Result) -> str:
    """The table and the verdicts as plain text."""
    table = rows(result)
    shown = [row for row in table if any(row[2:])] or table
    widths = [max(len(row[i]) for row in shown) for i in range(len(table[0]))]
    widths[0] = max(len(row[0]) for row in table)
    lines = [f"{result.workload.name}: {result.workload.title}"]
    lines += ["  " + "  ".join(map(_pad, row, widths)).rstrip() for row in table]
    lines += [f"  reach {verdict}" for verdict in result.verdicts()]
    return "\n".join(lines)


def _pad(cell: str, width: int) -> str:
    return cell.ljust(width)


INTRODUCTION = (
    "Written by `python -m benchmarks`. Each library runs in a process of its own; the "
    "measurements go round the libraries in short batches, so that drift of the machine hits all "
    "alike. A ratio is the median of the ratios within the rounds. Every result was compared with "
    "one by NumPy alone before it was timed. `JAX, jitted` is no eager tape and stands there for "
    "orientation."
)


def markdown(results: Sequence[Result], machine: str, versions: Mapping[str, str]) -> str:
    """The whole of RESULTS.md."""
    libraries = ", ".join(f"{name} {version}" for name, version in versions.items())
    parts = [
        "# Benchmarks",
        INTRODUCTION,
        f"- Machine: {machine}\n- Versions: {libraries}",
        "![Times of every library in every workload](results.png)",
        "## What to reach\n\n" + _summary(results),
        *map(_section, results),
    ]
    return "\n\n".join(parts) + "\n"


def _summary(results: Sequence[Result]) -> str:
    table = [["workload", "reach", "reached", "figure"]]
    for result in results:
        for verdict in result.verdicts():
            word = {True: "yes", False: "**no**", None: "not judged"}[verdict.reached]
            table.append([result.workload.name, verdict.target.text, word, verdict.figure])
    return markdown_table(table)


def _section(result: Result) -> str:
    parts = [f"## {result.workload.name}\n\n{result.workload.title}."]
    parts.append(markdown_table(rows(result)))
    parts += [f"- Reach {verdict}" for verdict in result.verdicts()]
    if result.workload.note:
        parts.append(result.workload.note)
    if result.workload.limits and any(v.reached is False for v in result.verdicts()):
        parts.append(f"What a profile says: {result.workload.limits}")
    return "\n\n".join(parts)


def markdown_table(table: Sequence[Sequence[str]]) -> str:
    """A Markdown table; `table` begins with its heading."""
    heading, *body = [[cell.replace("|", "\\|") for cell in row] for row in table]
    rule = ["---"] * len(heading)
    return "\n".join("| " + " | ".join(row) + " |" for row in [heading, rule, *body])
