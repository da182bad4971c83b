"""A notebook cell: both gradients of a function of two scalars, on a fresh tape."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workload import FASTER_THAN_EAGER, Work, Workload


def g(x1: Any, x2: Any) -> Any:
    """The notebook's function of two variables."""
    return (x1 + 5) * x2**2


def _gradtape() -> Work:
    import gradtape as gt

    def work() -> Any:
        x1, x2 = gt.Variable(2.0), gt.Variable(3.0)
        with gt.GradientTape() as tape:
            z = g(x1, x2)
        return tape.gradient(z, [x1, x2])

    return work


def _torch() -> Work:
    import torch

    def work() -> Any:
        x1 = torch.tensor(2.0, requires_grad=True)
        x2 = torch.tensor(3.0, requires_grad=True)
        return torch.autograd.grad(g(x1, x2), [x1, x2])

    return work


def _tensorflow() -> Work:
    import tensorflow as tf

    def work() -> Any:
        x1, x2 = tf.Variable(2.0), tf.Variable(3.0)
        with tf.GradientTape() as tape:
            z = g(x1, x2)
        return tape.gradient(z, [x1, x2])

    return work


def _jax(jit: bool) -> Work:
    import jax
    import jax.numpy as jnp

    gradients = jax.grad(g, argnums=(0, 1))
    if jit:
        gradients = jax.jit(gradients)
    two, three = np.float32(2.0), np.float32(3.0)
    return lambda: jax.block_until_ready(gradients(jnp.asarray(two), jnp.asarray(three)))


def _autograd() -> Work:
    from autograd import grad

    gradients = grad(g, argnum=(0, 1))
    return lambda: gradients(np.float32(2.0), np.float32(3.0))


def _mygrad() -> Work:
    import mygrad as mg

    def work() -> Any:
        x1 = mg.tensor(2.0, dtype=np.float32)
        x2 = mg.tensor(3.0, dtype=np.float32)
        g(x1, x2).backward()
        return x1.grad, x2.grad

    return work


WORKLOAD = Workload(
    name="cell",
    title="Notebook cell: both gradients of (x1 + 5) * x2 ** 2 on a fresh tape",
    works={
        "gradtape": _gradtape,
        "torch": _torch,
        "tensorflow": _tensorflow,
        "jax": lambda: _jax(jit=False),
        "jax-jit": lambda: _jax(jit=True),
        "autograd": _autograd,
        "mygrad": _mygrad,
    },
    expected=lambda: [np.float32(9.0), np.float32(42.0)],
    rtol=1e-6,
    targets=(FASTER_THAN_EAGER,),
)
