"""One file per workload; each holds the same work in every library."""

from __future__ import annotations

from benchmarks.workload import Workload
from benchmarks.workloads import (
    adam,
    cell,
    chain,
    compiled,
    compiled_gmm,
    compiled_kmeans,
    compiled_mlp,
    compiled_options,
    cost,
    descent,
    jacobian,
    million,
    mlp,
    rosenbrock,
    second,
    sparse,
)

WORKLOADS: tuple[Workload, ...] = (
    cell.WORKLOAD,
    second.WORKLOAD,
    *descent.WORKLOADS,
    adam.WORKLOAD,
    mlp.WORKLOAD,
    million.WORKLOAD,
    *chain.WORKLOADS,
    jacobian.WORKLOAD,
    *rosenbrock.WORKLOADS,
    *sparse.WORKLOADS,
    *cost.WORKLOADS,
    mlp.COMPILED,
    *compiled.WORKLOADS,
    *compiled_gmm.WORKLOADS,
    compiled_kmeans.WORKLOAD,
    compiled_mlp.WORKLOAD,
    compiled_options.WORKLOAD,
)


def find(name: str) -> Workload:
    """The workload called `name`."""
    return next(w for w in WORKLOADS if w.name == name)
