"""The results as one picture: a panel per workload, a dot per library, on a log scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Any

from benchmarks.libraries import OURS
from benchmarks.report import Measurement, Result, size_text, time_text

ACCENT, GREY, INK, RULE = "#c2410c", "#64748b", "#1e293b", "#e2e8f0"
ACROSS = 2


@dataclass(frozen=True)
class Panel:
    """What one panel shows: a value per measurement, and how a value is written."""

    title: str
    quantity: str
    values: list[tuple[Measurement, float]]
    text: Callable[[float], str]


def draw(results: Sequence[Result], path: Path) -> None:
    """Write the picture to `path`."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    panels = [panel for result in results for panel in _panels(result)]
    if not panels:
        return
    lines = [panels[i : i + ACROSS] for i in range(0, len(panels), ACROSS)]
    dots = [max(len(panel.values) for panel in line) for line in lines]
    layout = ConstrainedLayoutEngine(hspace=0.05, wspace=0.04)
    figure, axes = plt.subplots(
        len(lines),
        ACROSS,
        figsize=(13, sum(0.26 * count + 0.9 for count in dots)),
        gridspec_kw={"height_ratios": [count + 0.5 for count in dots]},
        squeeze=False,
        layout=layout,
    )
    for line, row, count in zip(lines, axes, dots, strict=True):
        for axis in row[len(line) :]:
            axis.axis("off")
        for panel, axis in zip(line, row, strict=False):
            _plot(axis, panel, count)
    figure.savefig(path, dpi=110, facecolor="white")
    plt.close(figure)


def _panels(result: Result) -> list[Panel]:
    """The panels of one workload: the time, and the peak memory where there is one."""
    timed = [m for m in result.measurements if not m.error]
    title = result.workload.title.replace("`", "")
    times = sorted(((m, m.median) for m in timed), key=lambda pair: pair[1])
    peaks = sorted(((m, float(m.peak)) for m in timed if m.peak), key=lambda pair: pair[1])
    panels = [
        Panel(title, "median time", times, time_text),
        Panel(f"{title}: peak memory", "peak memory", peaks, size_text),
    ]
    return [panel for panel in panels if panel.values]


def _plot(axis: Any, panel: Panel, dots: int) -> None:
    values = [value for _, value in panel.values]
    colors = [ACCENT if m.column == OURS else GREY for m, _ in panel.values]
    axis.scatter(values, range(len(values)), s=46, c=colors, zorder=3)
    for position, (value, color) in enumerate(zip(values, colors, strict=True)):
        axis.annotate(
            panel.text(value),
            (value, position),
            (8, 0),
            textcoords="offset points",
            va="center",
            color=color,
            fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
        )
    _scale(axis, panel, values)
    axis.set_ylim(dots - 0.4, -0.6)
    axis.set_yticks(range(len(values)), [m.label for m, _ in panel.values])
    for label, color in zip(axis.get_yticklabels(), colors, strict=True):
        label.set_color(ACCENT if color == ACCENT else INK)
        label.set_fontweight("bold" if color == ACCENT else "normal")
    axis.set_title(fill(panel.title, 52), loc="left", fontsize=10, color=INK, fontweight="bold")


def _scale(axis: Any, panel: Panel, values: Sequence[float]) -> None:
    """The log scale, its ticks written with their unit."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    low, high = min(values) / 1.6, max(values) * 1.6
    axis.set_xscale("log")
    axis.set_xlim(low, high * (high / low) ** 0.18)
    steps = (1.0,) if high / low > 25 else (1.0, 2.0, 5.0)
    axis.xaxis.set_major_locator(LogLocator(subs=steps, numticks=20))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(panel.text(value))))
    axis.set_xlabel(f"{panel.quantity}, log scale", fontsize=8, color=GREY)
    axis.tick_params(axis="x", labelsize=8, colors=GREY, length=0)
    axis.tick_params(axis="y", length=0)
    axis.grid(color=RULE)
    axis.set_axisbelow(True)
    for side in axis.spines.values():
        side.set_visible(False)


def _short(text: str) -> str:
    """ "10.0 ms" as "10 ms"."""
    number, unit = text.split()
    return f"{float(number):g} {unit}"
