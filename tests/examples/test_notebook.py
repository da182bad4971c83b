"""The demo, run as a user runs it, with every value it prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

EXAMPLES = Path(__file__).parents[2] / "examples"

EXPECTED = {
    "Differences by hand, of f at 1": "7.999999999999119",
    "Differences by hand, of g at (2, 3)": "(8.999999999993236, 41.999999999994486)",
    "A tape, asked once: dg/dx1": "9.0",
    "The same tape, asked a second time": (
        "RuntimeError: GradientTape.gradient can only be called once on non-persistent tapes."
    ),
    "A persistent tape, asked twice: dg/dx1, dg/dx2": "(9.0, 42.0)",
    "Both sources in one call": "[9.0, 42.0]",
    "Constants, which no tape watches by itself": "[None, None]",
    "Constants, once watched": "[9.0, 42.0]",
    "Two targets, 3x and x**2 at 5, whose gradients add up": "13.0",
    "Second derivatives of g, by one tape inside another": "[[None, 6.0], [6.0, 14.0]]",
    "100 steps of gradient descent on f by assign_sub": "-0.3333333",
    "100 steps of gradient descent on f by optimizers.SGD": "-0.3333333",
}
BREAST_CANCER = "Logistic regression on the Wisconsin breast-cancer data"
PICTURE = "A picture of both descents"


def run(script: str, *args: str, first_on_path: Path | None = None) -> subprocess.CompletedProcess:
    """Run one of the examples in a process of its own."""
    path = [str(first_on_path)] if first_on_path else []
    env = os.environ | {"PYTHONPATH": os.pathsep.join([*path, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, str(EXAMPLES / script), *args]
    return subprocess.run(
        command, capture_output=True, text=True, env=env, timeout=300, check=False
    )


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "made" / "by the demo"


@pytest.fixture(scope="module")
def demo(output: Path) -> subprocess.CompletedProcess:
    done = run("notebook.py", "--output", str(output))
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def sections(demo: subprocess.CompletedProcess) -> dict[str, str]:
    """What the demo printed under each heading."""
    parts = re.split(r"^(?! )(.*)\n", demo.stdout, flags=re.MULTILINE)
    headings, texts = parts[1::2], parts[2::2]
    return {h: textwrap.dedent(t).strip() for h, t in zip(headings, texts, strict=True)}


def test_the_journey_has_these_steps_in_this_order(sections: dict[str, str]) -> None:
    assert list(sections) == [*EXPECTED, BREAST_CANCER, PICTURE]


@pytest.mark.parametrize("heading", EXPECTED)
def test_each_step_prints_the_value_of_the_notebook(sections: dict[str, str], heading: str) -> None:
    assert sections[heading] == EXPECTED[heading]


def test_the_model_is_right_on_held_out_tumours(sections: dict[str, str]) -> None:
    text = sections[BREAST_CANCER]
    accuracy = re.search(r"held-out accuracy (0\.\d{4}) on 143 tumours", text)
    losses = re.search(r"training loss 0\.6931 -> (0\.\d{4}) in 300 steps", text)
    assert accuracy
    assert float(accuracy[1]) >= 0.96
    assert losses
    assert float(losses[1]) < 0.07


def test_nothing_but_the_results_is_printed(demo: subprocess.CompletedProcess) -> None:
    assert demo.stderr == ""  # no progress bar outside a terminal, no warning


def test_the_picture_is_a_png_with_two_panels_drawn(sections: dict[str, str], output: Path) -> None:
    path = output / "descent.png"
    assert sections[PICTURE] == str(path)
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    pixels = imread(path)[..., :3]
    height, width, _ = pixels.shape
    assert (height, width) == (660, 1650)
    for panel in (pixels[:, : width // 2], pixels[:, width // 2 :]):
        red = (panel[..., 0] > 0.7) & (panel[..., 1] < 0.5)
        assert np.mean(panel == 1.0) > 0.5  # white paper
        assert red.sum() > 500  # the descent


def test_the_regression_runs_by_itself() -> None:
    done = run("breast_cancer.py")
    assert done.returncode == 0, done.stderr
    assert "held-out accuracy" in done.stdout


@pytest.mark.parametrize("package", ["matplotlib", "sklearn", "tqdm"])
def test_a_missing_package_is_named_with_the_command_that_installs_it(
    tmp_path: Path, package: str
) -> None:
    name = f"No module named {package!r}"
    (tmp_path / f"{package}.py").write_text(
        f"raise ModuleNotFoundError({name!r}, name={package!r})\n"
    )
    done = run("notebook.py", "--output", str(tmp_path), first_on_path=tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        f"Run `pip install -e '.[examples]'` in the checkout: {package} is not installed.\n"
    )
