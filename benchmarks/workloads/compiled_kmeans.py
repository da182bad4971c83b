"""k-means, compiled: the gradient and the diagonal of the Hessian with respect to the centres."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.workload import Work, Workload
from benchmarks.workloads.ways import FIRST_CALL, faster, no_more_memory

SIZE = 10_000, 1_000, 8
"""Points, centres, coordinates."""


def _data(size: tuple[int, int, int]) -> tuple[Any, Any]:
    n, k, d = size
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, d)), rng.standard_normal((k, d))


def cost(np: Any, points: Any, centres: Any) -> Any:
    """The sum of the squared distances to the nearest centre, spelled for the module `np`."""
    nearest = np.argmin(np.sum(centres**2, 1) - 2.0 * (points @ centres.T), 1)
    return np.sum((points - centres[nearest]) ** 2)


def _gradtape(size: tuple[int, int, int]) -> Work:
    import gradtape as gt

    points, centres = _data(size)
    slope = gt.grad(partial(cost, np, points))
    both = gt.function(lambda c: gt.jvp(slope, (c,), (np.ones_like(c),)))
    return lambda: both(centres)


def _jax(size: tuple[int, int, int]) -> Work:
    import jax
    import jax.numpy as jnp

    points, centres = map(jnp.asarray, _data(size))
    slope = jax.grad(partial(cost, jnp, points))
    both = jax.jit(lambda c: jax.jvp(slope, (c,), (jnp.ones_like(c),)))
    return lambda: jax.block_until_ready(both(centres))


def _torch(size: tuple[int, int, int]) -> Work:
    import torch

    points, centres = map(torch.tensor, _data(size))
    slope = torch.func.grad(partial(cost, torch, points))
    ones = torch.ones_like(centres)
    return lambda: torch.func.jvp(slope, (centres,), (ones,))


def _by_hand() -> Any:
    points, centres = _data(SIZE)
    nearest = [int(np.argmin(np.sum((centres - point) ** 2, 1))) for point in points]
    gradient, count = np.zeros_like(centres), np.zeros_like(centres)
    np.add.at(gradient, nearest, 2.0 * (centres[nearest] - points))
    np.add.at(count, nearest, 2.0)
    return gradient, count


def _works(size: tuple[int, int, int]) -> Any:
    return {
        "gradtape": partial(_gradtape, size),
        "jax-jit": partial(_jax, size),
        "torch": partial(_torch, size),
        "torch-one": partial(_torch, size),
    }


WORKLOAD = Workload(
    name="compiled-kmeans",
    title="Compiled: gradient and Hessian diagonal of k-means, 10,000 points, 1,000 centres, d = 8",
    works=_works(SIZE),
    expected=_by_hand,
    rtol=1e-9,
    targets=(faster(4.0, ("jax-jit",)), no_more_memory()),
    warmups=_works((10, 4, 8)),
    limits=FIRST_CALL,
)
