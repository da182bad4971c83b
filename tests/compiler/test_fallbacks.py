"""Where there is no compiler, or no disk, functions give the same."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiler.drawn import Drawn, programs
from hypothesis import given

import gradtape as gt
from gradtape.compiler.machine import native

PROGRAM = """
import sys, warnings
{before}
import numpy as np, gradtape as gt
w = gt.Variable([1.0, 2.0])
optimizer = gt.optimizers.Adam(0.1)

@gt.function
def step(x):
    with gt.GradientTape() as tape:
        loss = np.sum(np.sin(w * x) ** 2)
    optimizer.apply_gradients([(tape.gradient(loss, w), w)])
    return loss

with warnings.catch_warnings(record=True) as given:
    warnings.simplefilter("always")
    losses = [float(step(gt.constant([1.0, 0.5]))) for _ in range(5)]
print(losses)
print(len(step.programs), len(given), *[str(warning.message)[:16] for warning in given])
"""


def _outputs(before: str = "", **environment: str) -> tuple[list[float], str]:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(before=before)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    losses, rest = run.stdout.splitlines()
    return [float(x) for x in losses.strip("[]").split(",")], rest


def test_without_what_compiles(tmp_path: Path) -> None:
    expected, rest = _outputs()
    assert rest == "1 0"
    blocked = tmp_path / "file"
    blocked.write_text("")
    cases: list[tuple[Any, str]] = [
        (_outputs(GRADTAPE_DISABLE_COMPILE="1"), "0 0"),
        (_outputs("sys.modules['llvmlite'] = None"), "1 1 Install llvmlite"),
        (_outputs(GRADTAPE_CACHE_DIR=str(blocked / "below")), "1 0"),
        (_outputs(GRADTAPE_CACHE_DIR=""), "1 0"),
    ]
    for (losses, rest), wanted in cases:
        np.testing.assert_allclose(losses, expected, rtol=1e-5)
        assert rest == wanted


@given(programs())
def test_random_programs_as_numpy_calls(program: Drawn) -> None:
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setattr(native, "available", lambda: False)
        warnings.simplefilter("ignore")
        compiled = gt.function(program)
        with np.errstate(all="ignore"):
            for inputs in (*program.inputs, program.inputs[0]):
                for got, expected in zip(compiled(*inputs), program(*inputs), strict=True):
                    np.testing.assert_array_equal(got, expected)
                    assert np.result_type(got) == np.result_type(expected)
