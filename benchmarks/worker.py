"""The process that holds one library: answers requests, one JSON object a line.

==========  =====================  ================================================================
``do``      with                   reply
==========  =====================  ================================================================
"load"      "module"               ``{"value": null}``, once the library is imported
"prepare"   "workload", "column"   ``{"value": seconds of one call}``, once the result was checked
"batch"     "calls"                ``{"value": seconds of one call}`` over so many calls
"peak"      "workload", "column"   ``{"value": bytes}``, the most that one call used beyond before
==========  =====================  ================================================================

An exception becomes ``{"error": its last line, "traceback": all of it}``.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.libraries import COLUMNS, OURS
from benchmarks.workload import Factory, Work, Workload
from benchmarks.workloads import find

SLOW = 3.0
"""Seconds from which a first call that does not compile says enough of how long the next takes."""

COMPILING = frozenset(column.key for column in COLUMNS if not column.eager)


class Session:
    """What the process is working on."""

    def __init__(self) -> None:
        self._work: Work | None = None

    def load(self, module: str) -> None:
        """Import the library; what it prints on the way is of no interest."""
        with _silence():
            importlib.import_module(module)

    def prepare(self, workload: str, column: str) -> float:
        """Build the work, check what it computes, and time one call."""
        self._work = None
        gc.unfreeze()
        chosen = find(workload)
        work = chosen.works[column]()
        start = perf_counter()
        result = _first_result(work, column)
        first = perf_counter() - start
        check(result, chosen, column)
        self._work = work
        # Imported modules are no garbage: without them a collection costs what the work makes it.
        gc.collect()
        gc.freeze()
        if first > SLOW and column not in COMPILING:
            return first
        return min(self.batch(1) for _ in range(3))

    def batch(self, calls: int) -> float:
        """Seconds of one call, over `calls` of them."""
        work = self._work
        if work is None:
            raise RuntimeError("Prepare a workload before timing it.")
        start = perf_counter()
        for _ in range(calls):
            work()
        return (perf_counter() - start) / calls

    def peak(self, workload: str, column: str) -> int:
        """How far one call raises this process's resident memory, once the library is warm."""
        chosen = find(workload)
        _warm_up(chosen.warmups[column])
        work = chosen.works[column]()
        gc.collect()
        before = _restart_peak()
        work()
        return _memory("VmHWM") - before


@contextmanager
def _silence() -> Iterator[None]:
    """Send the standard error of this process, also of compiled code, nowhere."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _warm_up(factory: Factory) -> None:
    work = factory()
    for _ in range(3):
        work()


def _first_result(work: Work, column: str) -> Any:
    """The first result; gradtape may not warn on the way, for a warning there is a wrong use."""
    if column != OURS:
        return work()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return work()


def check(result: Any, chosen: Workload, column: str = OURS) -> None:
    """Raise ValueError unless `result` is what the workload expects of `column`."""
    found, expected = _leaves(result), _leaves(chosen.result(column))
    if len(found) != len(expected):
        raise ValueError(f"wrong result: {len(found)} values instead of {len(expected)}")
    for position, (got, want) in enumerate(zip(found, expected, strict=True)):
        problem = _difference(got, want, chosen.rtol)
        if problem:
            raise ValueError(f"wrong result, value {position}: {problem}")


def _difference(got: Any, want: Any, rtol: float) -> str | None:
    """What is wrong with `got`; None, no derivative, is as good as 0."""
    if got is None or want is None:
        return None if not np.any(got) and not np.any(want) else f"{got} instead of {want}"
    if (got.shape, got.dtype) != (want.shape, want.dtype):
        return f"{got.dtype}{got.shape} instead of {want.dtype}{want.shape}"
    error, scale = np.max(np.abs(got - want)), np.max(np.abs(want))
    return None if error <= rtol * scale else f"off by {error:.3g} where the largest is {scale:.3g}"


def _leaves(tree: Any) -> list[Any]:
    if isinstance(tree, (list, tuple)):
        return [leaf for part in tree for leaf in _leaves(part)]
    return [None if tree is None else _array(tree)]


def _array(value: Any) -> Any:
    """A NumPy copy of any library's array."""
    if hasattr(value, "detach"):
        value = value.detach()
    if hasattr(value, "numpy"):
        value = value.numpy()
    return np.array(value)


def _restart_peak() -> int:
    """Begin a new peak of resident memory, where the system allows it; the bytes in use now."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return _memory("VmHWM")
    return _memory("VmRSS")


def _memory(field: str) -> int:
    """A line of /proc/self/status, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise OSError(f"/proc/self/status has no {field}")


def _answer(session: Session, do: str, **request: Any) -> dict[str, Any]:
    try:
        return {"value": getattr(session, do)(**request)}
    except Exception as error:  # whatever goes wrong in a library is that column's result
        last = traceback.format_exception_only(error)[-1].strip()
        return {"error": last, "traceback": traceback.format_exc()}


def main() -> None:
    """Answer until the requests end."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no reply
    session = Session()
    for line in sys.stdin:
        print(json.dumps(_answer(session, **json.loads(line))), file=replies, flush=True)


if __name__ == "__main__":
    main()
