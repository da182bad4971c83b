"""The example of fitting, run as a user runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

FIT = Path(__file__).parents[2] / "examples" / "fit.py"


def test_exact_derivatives_take_far_fewer_evaluations_to_the_same_optimum() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(FIT)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    rows = re.findall(r"^(\S+), (\w+) +(\d+) +(0\.\d+) +\d+\.\d+$", done.stdout, re.MULTILINE)
    evaluations = {(method, how): int(n) for method, how, n, _ in rows}
    losses = {float(loss) for *_, loss in rows}
    assert list(evaluations) == [
        ("BFGS", "differences"),
        ("BFGS", "exact"),
        ("L-BFGS-B", "exact"),
        ("Newton-CG", "exact"),
    ]
    assert max(losses) - min(losses) < 1e-5
    assert evaluations["BFGS", "exact"] < evaluations["BFGS", "differences"] / 50
    assert evaluations["Newton-CG", "exact"] < evaluations["BFGS", "exact"] / 3
