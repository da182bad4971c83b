"""The example of learning through a minimum: it must learn."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_it_learns_and_the_hessian_agrees_with_its_products() -> None:
    run = subprocess.run(
        [sys.executable, "examples/restore.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    first, last, before, after = map(float, re.findall(r"0\.\d{4}", run.stdout)[:4])
    assert last < 0.95 * first
    assert after < 0.9 * before
    residual = float(re.findall(r"to (\S+e-\d+)", run.stdout)[0])
    assert residual < 1e-9
