"""The picture of the demo: a descent on the notebook's function, and a training loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from extras import missing

try:
    import matplotlib as mpl
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
except ModuleNotFoundError as error:
    raise SystemExit(missing(error)) from None

CURVE, POINT, MUTED = "#4c566a", "#d1495b", "#8a8f98"
STYLE = {
    "font.size": 10.5,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "grid.color": "#e6e8ec",
}


def save(
    path: Path, f: Callable[[Any], Any], iterates: Sequence[float], losses: Sequence[float]
) -> None:
    """Write both panels to `path` as a PNG."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11, 4.4), dpi=150, layout="constrained")
        left, right = figure.subplots(1, 2)
        draw_descent(left, f, np.asarray(iterates))
        draw_losses(right, losses)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)


def draw_descent(axes: Axes, f: Callable[[Any], Any], iterates: np.ndarray) -> None:
    """The curve of `f` with the point reached after each step."""
    x = np.linspace(-0.74, 0.08, 400)
    axes.plot(x, f(x), color=CURVE, linewidth=2)
    axes.plot(iterates, f(iterates), "o-", color=POINT, linewidth=1.2, markersize=6)
    for label, x_at in zip(("start", "step 1", "step 2"), iterates, strict=False):
        axes.annotate(
            label, (x_at, f(x_at)), xytext=(10, -9), textcoords="offset points", color=POINT
        )
    axes.annotate(
        f"step {len(iterates) - 1}: x = {iterates[-1]:.7f}",
        (iterates[-1], f(iterates[-1])),
        xytext=(0, 100),
        textcoords="offset points",
        ha="center",
        arrowprops={"arrowstyle": "-", "color": MUTED, "shrinkB": 5},
    )
    axes.set(title=r"Descent on $f(x) = 3x^2 + 2x - 1$", xlabel="x", ylabel="f(x)")


def draw_losses(axes: Axes, losses: Sequence[float]) -> None:
    """The training loss at each step."""
    axes.plot(losses, color=POINT, linewidth=2)
    axes.set(title="Breast cancer: training loss", xlabel="step", ylabel="loss", ylim=(0, None))
    axes.annotate(
        f"{losses[-1]:.4f}",
        (len(losses) - 1, losses[-1]),
        xytext=(0, 8),
        textcoords="offset points",
        ha="right",
        color=POINT,
    )
