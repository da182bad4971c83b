"""Value and gradient of one function of a few arrays, compiled by each library."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy

from benchmarks.workload import Factory, Target, Work

Spelled = Callable[..., Any]
"""``f(np, *arrays)``, in the spelling of the module `np`."""

Points = Callable[[], Sequence[Any]]
"""Makes the arrays."""


def gradtape(f: Spelled, points: Sequence[Any]) -> Work:
    """``gt.function`` of ``gt.value_and_grad``."""
    import gradtape as gt

    both = gt.function(gt.value_and_grad(partial(f, numpy), argnums=tuple(range(len(points)))))
    return lambda: both(*points)


def jax(f: Spelled, points: Sequence[Any]) -> Work:
    """``jax.jit`` of ``jax.value_and_grad``."""
    import jax
    import jax.numpy as jnp

    xs = [jnp.asarray(point) for point in points]
    both = jax.jit(jax.value_and_grad(partial(f, jnp), argnums=tuple(range(len(points)))))
    return lambda: jax.block_until_ready(both(*xs))


def torch(f: Spelled, points: Sequence[Any], compiled: bool = False) -> Work:
    """Eager PyTorch, or ``torch.compile`` of the function."""
    import torch

    xs = [torch.tensor(point, requires_grad=True) for point in points]
    forward = partial(f, torch)
    forward(*xs)  # what it makes when first called is no part of what is compiled
    if compiled:
        forward = torch.compile(forward)

    def work() -> Any:
        y = forward(*xs)
        return y, torch.autograd.grad(y, xs)

    return work


def tensorflow(f: Spelled, points: Sequence[Any]) -> Work:
    """``tf.function`` with XLA."""
    import tensorflow as tf

    xs = [tf.constant(point) for point in points]

    @tf.function(jit_compile=True)
    def both(*xs: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(xs)
            y = f(tf, *xs)
        return y, tape.gradient(y, xs)

    return lambda: both(*xs)


def compiled_works(spelled: Mapping[str, Spelled], points: Points) -> dict[str, Factory]:
    """The columns of a workload: `spelled` has the function for each library."""
    numpys = spelled["numpy"]
    works: dict[str, Factory] = {
        "gradtape": lambda: gradtape(spelled.get("gradtape", numpys), points()),
        "jax-jit": lambda: jax(spelled.get("jax", numpys), points()),
    }
    if "torch" in spelled:
        works["torch"] = lambda: torch(spelled["torch"], points())
        works["torch-one"] = works["torch"]
        works["torch-compile"] = lambda: torch(spelled["torch"], points(), True)
    if "tensorflow" in spelled:
        works["tensorflow-xla"] = lambda: tensorflow(spelled["tensorflow"], points())
    return works


FIRST_CALL = (
    "the first call of a function, whose memory is shown, runs as it is written, with an array for "
    "each operation. Compiled, it makes the results alone."
)
"""Why gradtape's peak memory is what it is."""

PEERS: Sequence[str] = (
    "jax-jit",
    "torch",
    "torch-one",
    "torch-compile",
    "tensorflow-xla",
    "casadi",
)
"""The columns of other libraries in the workloads of compiled functions."""


def faster(factor: float, peers: tuple[str, ...] = tuple(PEERS)) -> Target:
    """At least `factor` times faster than the fastest of `peers`."""
    names = "the best peer" if len(peers) > 1 else {"jax-jit": "JAX"}[peers[0]]
    text = f"{factor:g}x faster than {names}" if factor != 1 else f"as fast as {names}"
    return Target(text, peers, factor)


def no_more_memory() -> Target:
    """No more than JAX."""
    return Target("no more memory than JAX", ("jax-jit",), 1.0, "memory")
