"""Value and gradient of one function of one array, compiled by each library."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy

from benchmarks.workload import Factory, Work

Spelled = Callable[[Any, Any], Any]
"""``f(np, x)``, in the spelling of the module `np`."""


def gradtape(f: Spelled, point: Any) -> Work:
    """``gt.function`` of ``gt.value_and_grad``."""
    import gradtape as gt

    both = gt.function(gt.value_and_grad(partial(f, numpy)))
    return lambda: both(point)


def jax(f: Spelled, point: Any) -> Work:
    """``jax.jit`` of ``jax.value_and_grad``."""
    import jax
    import jax.numpy as jnp

    x = jnp.asarray(point)
    both = jax.jit(jax.value_and_grad(partial(f, jnp)))
    return lambda: jax.block_until_ready(both(x))


def torch(f: Spelled, point: Any, compiled: bool = False) -> Work:
    """Eager PyTorch, or ``torch.compile`` of the function."""
    import torch

    x = torch.tensor(point, requires_grad=True)
    forward = partial(f, torch)
    if compiled:
        forward = torch.compile(forward)

    def work() -> Any:
        y = forward(x)
        return y, *torch.autograd.grad(y, x)

    return work


def tensorflow(f: Spelled, point: Any) -> Work:
    """``tf.function`` with XLA."""
    import tensorflow as tf

    x = tf.constant(point)

    @tf.function(jit_compile=True)
    def both(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(tf, x)
        return y, tape.gradient(y, x)

    return lambda: both(x)


def compiled_works(
    spelled: Mapping[str, Spelled], point: Callable[[], Any]
) -> dict[str, Factory]:
    """The columns of a workload: `spelled` has the function for each library."""
    numpys = spelled["numpy"]
    works: dict[str, Factory] = {
        "gradtape": lambda: gradtape(spelled.get("gradtape", numpys), point()),
        "jax-jit": lambda: jax(spelled.get("jax", numpys), point()),
    }
    if "torch" in spelled:
        works["torch"] = lambda: torch(spelled["torch"], point())
        works["torch-one"] = works["torch"]
        works["torch-compile"] = lambda: torch(spelled["torch"], point(), True)
    if "tensorflow" in spelled:
        works["tensorflow-xla"] = lambda: tensorflow(spelled["tensorflow"], point())
    return works


PEERS: Sequence[str] = (
    "jax-jit",
    "torch",
    "torch-one",
    "torch-compile",
    "tensorflow-xla",
    "casadi",
)
"""The columns of other libraries in the workloads of compiled functions."""
