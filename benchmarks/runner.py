"""Takes the measurements: one process per library, short batches in turn.

The machine's speed drifts. So no column is timed in one go: in each round every column runs one
short batch, in an order drawn anew, and columns are compared within rounds.
"""

from __future__ import annotations

import json
import os
import random
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from benchmarks.libraries import ENVIRONMENT, OURS, Column
from benchmarks.report import Measurement
from benchmarks.workload import Workload

SETTLE = 0.02
"""Seconds before each batch, in which the idle threads of the column before stop spinning."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How long to measure.

    Attributes
    ----------
    rounds
        The most rounds of a workload.
    batch
        Seconds that a column's batch should last, unless a single call takes longer.
    budget
        Seconds that a column may use for one workload, over all rounds; a slow one sits some out.
    fewest
        The rounds that even the slowest column takes part in.
    limit
        Seconds after which a request is given up (torch.compile's first call may take a minute, and
        so do a hundred steps of Keras).
    imports
        Rounds of fresh processes, for the workloads that take a whole one.
    """

    rounds: int
    batch: float
    budget: float
    fewest: int
    limit: float
    imports: int

    def calls(self, seconds: float) -> int:
        """How many calls of so many `seconds` make a batch."""
        return max(1, round(self.batch / seconds))

    def turns(self, seconds: Mapping[str, float]) -> list[set[str]]:
        """Who plays in each round, given the seconds that one call takes in each column.

        There are as many rounds as gradtape can afford; it plays in all of them, so that whoever
        plays can be compared with it, and a slower column in some, evenly spread.
        """
        affordable = {key: self._affordable(one) for key, one in seconds.items()}
        rounds = affordable.get(OURS, max(affordable.values(), default=0))
        shares = {key: min(rounds, share) for key, share in affordable.items()}
        return [
            {key for key, share in shares.items() if number * share % rounds < share}
            for number in range(rounds)
        ]

    def _affordable(self, seconds: float) -> int:
        rounds = int(self.budget / (seconds * self.calls(seconds)))
        return min(self.rounds, max(self.fewest, rounds))


FULL = Plan(rounds=60, batch=0.015, budget=4.0, fewest=1, limit=100.0, imports=5)
QUICK = Plan(rounds=9, batch=0.006, budget=0.5, fewest=1, limit=30.0, imports=3)


IMPORT_LIMIT = 60.0


class Worker:
    """A process that holds one library; started when first asked, and again after a failure."""

    def __init__(self, column: Column, limit: float) -> None:
        self._column = column
        self._limit = limit
        self._process: subprocess.Popen[str] | None = None

    def ask(self, **request: Any) -> dict[str, Any]:
        """The process's reply; its death or silence is an error like any other."""
        if not self._process:
            self._start()
            loaded = self._exchange(IMPORT_LIMIT, {"do": "load", "module": self._column.module})
            if "error" in loaded:
                return loaded
        return self._exchange(self._limit, request)

    def _exchange(self, limit: float, request: Mapping[str, Any]) -> dict[str, Any]:
        process = self._process
        assert process
        assert process.stdin
        assert process.stdout
        print(json.dumps(request), file=process.stdin, flush=True)
        ready, _, _ = select.select([process.stdout], [], [], limit)
        if not ready:
            self.close()
            return {"error": f"gave up after {limit:g} s"}
        line = process.stdout.readline()
        if not line:
            self.close()
            return {"error": "the process died"}
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **ENVIRONMENT, **self._column.environment},
        )

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process:
            process.kill()
            process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class _Lane:
    """One column's way through one workload."""

    column: Column
    worker: Worker
    times: dict[int, float] = field(default_factory=dict)
    peak: int | None = None
    error: str = ""
    trace: str = ""

    def of(self, workload: Workload) -> dict[str, str]:
        """What names this lane in a request."""
        return {"workload": workload.name, "column": self.column.key}

    def ask(self, worker: Worker, do: str, **request: Any) -> Any:
        """The value of a reply; None, and the lane is out, if it is an error."""
        reply = worker.ask(do=do, **request)
        self.error = reply.get("error", "")
        self.trace = reply.get("traceback", "")
        return reply.get("value")


class Runner:
    """Measures workloads, keeping the libraries' processes from one to the next."""

    def __init__(self, columns: Sequence[Column], plan: Plan, say: Say) -> None:
        self._columns = columns
        self._plan = plan
        self._say = say
        self._workers = {column.key: Worker(column, plan.limit) for column in columns}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers.values():
            worker.close()

    def measure(self, workload: Workload) -> list[Measurement]:
        """One measurement for each column that can do this work."""
        lanes = [
            _Lane(column, self._workers[column.key])
            for column in self._columns
            if column.key in workload.works
        ]
        self._race(workload, lanes)
        for lane in lanes:
            if lane.column.key in workload.warmups and not lane.error:
                with Worker(lane.column, self._plan.limit) as fresh:
                    lane.peak = lane.ask(fresh, "peak", **lane.of(workload))
        for lane in lanes:
            if lane.trace:
                self._say(f"{workload.name}, {lane.column.label}: {lane.trace}")
        return [Measurement(x.column.key, x.column.label, x.times, x.peak, x.error) for x in lanes]

    def _race(self, workload: Workload, lanes: Sequence[_Lane]) -> None:
        """Prepare every lane, then time them round by round."""
        seconds = {}
        for lane in lanes:
            if not lane.column.installed:
                lane.error = "not installed"
                continue
            once = lane.ask(lane.worker, "prepare", **lane.of(workload))
            if once is not None:
                seconds[lane.column.key] = once
        order = random.Random(0)
        for number, playing in enumerate(self._plan.turns(seconds)):
            for lane in order.sample(lanes, len(lanes)):
                key = lane.column.key
                if key in playing and not lane.error:
                    time.sleep(SETTLE)
                    once = lane.ask(lane.worker, "batch", calls=self._plan.calls(seconds[key]))
                    if once is not None:
                        lane.times[number] = once
