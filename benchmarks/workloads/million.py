"""Value and gradient of a formula over a million numbers: what the tape costs beside arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workload import CLOSE_TO_NUMPY, Work, Workload

SIZE = 1_000_000


def _points() -> Any:
    return np.random.default_rng(0).uniform(1.0, 2.0, SIZE)


def f(np: Any, v: Any) -> Any:
    """``sum(exp(sin v) * log v + sqrt v)`` in the spelling of the module `np`."""
    return np.sum(np.exp(np.sin(v)) * np.log(v) + np.sqrt(v))


def _numpy() -> Work:
    v = _points()

    def work() -> Any:
        envelope = np.exp(np.sin(v))
        log = np.log(v)
        root = np.sqrt(v)
        value = np.sum(envelope * log + root)
        return value, envelope * (np.cos(v) * log + 1.0 / v) + 0.5 / root

    return work


def _gradtape() -> Work:
    import gradtape as gt

    v = gt.constant(_points())

    def work() -> Any:
        with gt.GradientTape() as tape:
            tape.watch(v)
            y = f(np, v)
        return y, tape.gradient(y, v)

    return work


def _torch() -> Work:
    import torch

    v = torch.tensor(_points(), requires_grad=True)

    def work() -> Any:
        y = f(torch, v)
        return y, *torch.autograd.grad(y, v)

    return work


def _tensorflow() -> Work:
    import tensorflow as tf

    v = tf.constant(_points())

    def work() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(v)
            y = tf.reduce_sum(tf.exp(tf.sin(v)) * tf.math.log(v) + tf.sqrt(v))
        return y, tape.gradient(y, v)

    return work


def _jax(jit: bool) -> Work:
    import jax
    import jax.numpy as jnp

    v = jnp.asarray(_points())
    both = jax.value_and_grad(lambda v: f(jnp, v))
    if jit:
        both = jax.jit(both)
    return lambda: jax.block_until_ready(both(v))


def _autograd() -> Work:
    import autograd.numpy as anp
    from autograd import value_and_grad

    v = _points()
    both = value_and_grad(lambda v: f(anp, v))
    return lambda: both(v)


def _mygrad() -> Work:
    import mygrad as mg

    points = _points()

    def work() -> Any:
        v = mg.tensor(points, copy=False)
        y = f(mg, v)
        y.backward()
        return y, v.grad

    return work


WORKLOAD = Workload(
    name="million",
    title="Value and gradient of sum(exp(sin v) * log v + sqrt v), a million float64",
    works={
        "gradtape": _gradtape,
        "numpy": _numpy,
        "torch": _torch,
        "torch-one": _torch,
        "tensorflow": _tensorflow,
        "jax": lambda: _jax(jit=False),
        "jax-jit": lambda: _jax(jit=True),
        "autograd": _autograd,
        "mygrad": _mygrad,
    },
    expected=lambda: _numpy()(),
    rtol=1e-10,
    targets=(CLOSE_TO_NUMPY,),
    note="PyTorch, TensorFlow and JAX use all cores here; NumPy and what stands on it use one.",
)
