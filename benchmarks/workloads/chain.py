"""A hundred thousand operations in a row on a float32 scalar, and the gradient through them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from benchmarks.workload import AS_FAST_AS_TORCH, NO_MORE_MEMORY, Factory, Work, Workload

LENGTH = 100_000
FACTOR = 1.0001

Chain = Callable[[Any, Any, int], Any]
"""``chain(sin, x, length)``; `sin` is the library's."""


def scale(sin: Any, x: Any, length: int) -> Any:
    """`length` multiplications."""
    for _ in range(length):
        x = x * FACTOR
    return x


def alternate(sin: Any, x: Any, length: int) -> Any:
    """`length` operations: a multiplication, a sine, a multiplication, ..."""
    for _ in range(length // 2):
        x = sin(x * FACTOR)
    return x


def _numpy(chain: Chain, length: int) -> Any:
    """Value and gradient in float32, by hand."""
    y = slope = np.float32(1.0)
    if chain is scale:
        y = scale(None, y, length)
        return y, y
    for _ in range(length // 2):
        scaled = y * FACTOR
        y, slope = np.sin(scaled), slope * np.cos(scaled) * FACTOR
    return y, slope


def _gradtape(chain: Chain, length: int) -> Work:
    import gradtape as gt

    def work() -> Any:
        x = gt.Variable(1.0)
        with gt.GradientTape() as tape:
            y = chain(np.sin, x, length)
        return y, tape.gradient(y, x)

    return work


def _torch(chain: Chain, length: int) -> Work:
    import torch

    def work() -> Any:
        x = torch.tensor(1.0, requires_grad=True)
        y = chain(torch.sin, x, length)
        return y, *torch.autograd.grad(y, x)

    return work


def _tensorflow(chain: Chain, length: int) -> Work:
    import tensorflow as tf

    def work() -> Any:
        x = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = chain(tf.sin, x, length)
        return y, tape.gradient(y, x)

    return work


def _jax(chain: Chain, length: int) -> Work:
    import jax
    import jax.numpy as jnp

    both = jax.value_and_grad(lambda x: chain(jnp.sin, x, length))
    return lambda: jax.block_until_ready(both(jnp.float32(1.0)))


def _jax_jit(chain: Chain, length: int) -> Work:
    import jax
    import jax.numpy as jnp

    # Unrolled, XLA would compile for minutes: this is how its user would write it.
    pair = jax.jit(
        jax.value_and_grad(
            lambda x: jax.lax.scan(
                lambda y, _: (chain(jnp.sin, y, 2), None), x, length=length // 2
            )[0]
        )
    )
    return lambda: jax.block_until_ready(pair(jnp.float32(1.0)))


def _autograd(chain: Chain, length: int) -> Work:
    import autograd.numpy as anp
    from autograd import value_and_grad

    both = value_and_grad(lambda x: chain(anp.sin, x, length))
    return lambda: both(np.float32(1.0))


def _mygrad(chain: Chain, length: int) -> Work:
    import mygrad as mg

    def work() -> Any:
        x = mg.tensor(1.0, dtype=np.float32)
        y = chain(mg.sin, x, length)
        y.backward()
        return y.data.astype(np.float32), x.grad  # MyGrad takes the Python factor for float64

    return work


_WORKS = {
    "gradtape": _gradtape,
    "torch": _torch,
    "tensorflow": _tensorflow,
    "jax": _jax,
    "jax-jit": _jax_jit,
    "autograd": _autograd,
    "mygrad": _mygrad,
}


def _factories(chain: Chain, length: int) -> Mapping[str, Factory]:
    return {key: partial(factory, chain, length) for key, factory in _WORKS.items()}


def _workload(name: str, title: str, chain: Chain) -> Workload:
    return Workload(
        name=name,
        title=title,
        works=_factories(chain, LENGTH),
        warmups=_factories(chain, 10),
        expected=partial(_numpy, chain, LENGTH),
        rtol=2e-2,  # rounding errors of 100,000 float32 operations, in each library's order
        targets=(AS_FAST_AS_TORCH, NO_MORE_MEMORY),
        note="`JAX, jitted` is a `lax.scan` of pairs of operations; its memory includes compiling.",
    )


WORKLOADS = (
    _workload("chain", "Chain of 100,000 multiplications and its gradient", scale),
    _workload("chain-sin", "Chain of 100,000 operations, every other a sine", alternate),
)
