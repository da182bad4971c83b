"""Running programs in processes of their own, with gradtape importable."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import gradtape

SOURCES = str(Path(gradtape.__file__).parents[1])


def python(
    *arguments: str, cwd: Path, stdin: str | None = None, path: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """``python ARGUMENTS`` in `cwd`; `path` comes before gradtape on ``PYTHONPATH``."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*path, SOURCES])},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def serve(
    *arguments: str, cwd: Path, stdin: str | None = None, path: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """``python -m gradtape.tf ARGUMENTS`` in `cwd`."""
    return python("-m", "gradtape.tf", *arguments, cwd=cwd, stdin=stdin, path=path)
