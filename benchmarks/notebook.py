"""What it takes to run a whole notebook that is written for TensorFlow, from start to end."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import processes
from benchmarks.libraries import OURS, Column
from benchmarks.report import Measurement
from benchmarks.workload import FASTER_THAN_TENSORFLOW, Workload

NOTEBOOK = Path(__file__).parents[1] / "tests" / "tf" / "data" / "gradient_tape.ipynb"

WORKLOAD = Workload(
    name="notebook-process",
    title="The gradient tape notebook, unchanged, in a fresh process",
    works={},
    expected=lambda: None,
    rtol=0.0,
    targets=(FASTER_THAN_TENSORFLOW,),
    note=(
        "gradtape by `python -m gradtape.tf gradient_tape.ipynb`, TensorFlow by `python` on the "
        "same cells as a script: neither starts Jupyter. The whole process, as for import."
    ),
)


def measure(columns: Sequence[Column], rounds: int) -> list[Measurement]:
    """The wall time of running the notebook, under gradtape and under TensorFlow."""
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory) / "gradient_tape.py"
        program.write_text(_script(NOTEBOOK), encoding="utf-8")
        commands = {
            OURS: [sys.executable, "-m", "gradtape.tf", str(NOTEBOOK)],
            "tensorflow": [sys.executable, str(program)],
        }
        chosen = [(c, commands[c.key]) for c in columns if c.key in commands]
        return processes.measure(chosen, rounds)


def _script(notebook: Path) -> str:
    """The code cells of a notebook, one after the other."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(c["source"]) + "\n" for c in cells if c["cell_type"] == "code")
