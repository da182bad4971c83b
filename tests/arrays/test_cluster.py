"""Gradients over data that no process holds whole, on two workers, of which one is killed."""

from __future__ import annotations

import os
import signal
import warnings
from typing import Any

import dask.array as da
import numpy as np
import pytest
from arrays.support import LOSSES, PARAMETERS

import gradtape as gt

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("ignore")

ROWS, COLUMNS, CHUNK = 2_000_000, 5, 50_000
"""80 MB of data in chunks of 2 MB."""


@pytest.fixture
def client() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cluster = distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            memory_limit="1GB",
            silence_logs=50,
        )
        client = distributed.Client(cluster, timeout=60)
        try:
            yield client
        finally:
            client.close(timeout=10)
            cluster.close(timeout=10)


def peak() -> int:
    """The most memory this process has had, in bytes."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def lazy_gradients() -> tuple[list[Any], list[Any]]:
    state = da.random.default_rng(0)
    x = state.standard_normal((ROWS, COLUMNS), chunks=(CHUNK, COLUMNS))
    y = da.sign(x[:, 0] + 0.1)
    parameters = [gt.Variable(p) for p in PARAMETERS["logistic"]]
    with gt.GradientTape() as tape:
        loss = LOSSES["logistic"](x, y, *parameters)
    return [g._value for g in tape.gradient(loss, parameters)], [x, y]


def expected(data: list[Any]) -> Any:
    x, y = (np.asarray(part) for part in data)
    return gt.grad(lambda *p: LOSSES["logistic"](x, y, *p), (0, 1))(*PARAMETERS["logistic"])


def test_no_worker_holds_the_data(client: Any) -> None:
    gradients, data = lazy_gradients()
    before = client.run(peak)
    found = client.gather(client.compute(gradients))
    after = client.run(peak)
    whole = ROWS * COLUMNS * 8
    for worker, most in after.items():
        assert most - before[worker] < whole
    for g, e in zip(found, expected(data), strict=True):
        np.testing.assert_allclose(g, e, rtol=1e-8)


def test_a_killed_worker_changes_nothing(client: Any) -> None:
    gradients, data = lazy_gradients()
    futures = client.compute(gradients)
    pids = list(client.run(os.getpid).values())
    os.kill(pids[0], signal.SIGKILL)
    found = client.gather(futures)
    for g, e in zip(found, expected(data), strict=True):
        np.testing.assert_allclose(g, e, rtol=1e-8)
