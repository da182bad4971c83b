"""The machine, by what matters to a reader: cores and instruction set."""

from __future__ import annotations

import os
import platform
from pathlib import Path

VECTORS = {"avx512f": "AVX-512", "avx2": "AVX2", "avx": "AVX", "asimd": "NEON", "sse4_2": "SSE4.2"}
"""The flags of /proc/cpuinfo that name vector instructions, the widest first."""


def describe() -> str:
    """Such as "2 cores, x86-64 with AVX2"."""
    architecture = platform.machine().replace("x86_64", "x86-64").replace("AMD64", "x86-64")
    flags = _flags()
    widest = next((name for flag, name in VECTORS.items() if flag in flags), "")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, {architecture}" + (f" with {widest}" if widest else "")


def load() -> float:
    """How many processes wanted a core of late; 0 where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def _flags() -> set[str]:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return set()
    lines = [line for line in text.splitlines() if line.startswith(("flags", "Features"))]
    return set(lines[0].split()) if lines else set()
