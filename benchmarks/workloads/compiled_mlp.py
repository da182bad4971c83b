"""A training step of a perceptron with Adam, compiled: 784-256-10, batch 128, float32."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workload import Work, Workload
from benchmarks.workloads.ways import faster

BATCH, INPUTS, HIDDEN, CLASSES = 128, 784, 256, 10
RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-12


def _data() -> tuple[Any, Any, list[Any]]:
    """Features, labels, and the initial parameters ``w1, b1, w2, b2``."""
    rng = np.random.default_rng(0)
    shapes = (INPUTS, HIDDEN), (HIDDEN,), (HIDDEN, CLASSES), (CLASSES,)
    x = rng.standard_normal((BATCH, INPUTS), np.float32)
    labels = rng.integers(0, CLASSES, BATCH)
    return x, labels, [rng.standard_normal(shape, np.float32) * np.float32(0.1) for shape in shapes]


def _gradtape() -> Work:
    import gradtape as gt

    x, labels, initial = _data()
    x = gt.constant(x)
    parameters = [gt.Variable(p) for p in initial]
    optimizer = gt.optimizers.Adam(RATE, beta_1=BETA1, beta_2=BETA2, epsilon=EPSILON)
    optimizer.build(parameters)

    @gt.function
    def step(x: Any) -> Any:
        w1, b1, w2, b2 = parameters
        with gt.GradientTape() as tape:
            logits = np.maximum(x @ w1 + b1, 0.0) @ w2 + b2
            value = np.mean(gt.nn.softmax_cross_entropy(logits, labels))
        gradients = tape.gradient(value, parameters)
        optimizer.apply_gradients(zip(gradients, parameters, strict=True))
        return value

    return lambda: (step(x), parameters)


def _torch(compiled: bool = False) -> Work:
    import torch
    from torch.nn import functional

    x, labels, initial = _data()
    x, labels = torch.tensor(x), torch.tensor(labels)
    parameters = [torch.tensor(p, requires_grad=True) for p in initial]
    optimizer = torch.optim.Adam(parameters, RATE, (BETA1, BETA2), EPSILON, fused=True)

    def loss() -> Any:
        w1, b1, w2, b2 = parameters
        return functional.cross_entropy(torch.relu(x @ w1 + b1) @ w2 + b2, labels)

    forward = torch.compile(loss) if compiled else loss

    def work() -> Any:
        optimizer.zero_grad()
        value = forward()
        value.backward()
        optimizer.step()
        return value, parameters

    return work


def _jax() -> Work:
    import jax
    import jax.numpy as jnp

    x, labels, initial = _data()
    x, labels = jnp.asarray(x), jnp.asarray(labels)
    rows = jnp.arange(BATCH)

    def loss(parameters: Any) -> Any:
        w1, b1, w2, b2 = parameters
        logits = jnp.maximum(x @ w1 + b1, 0.0) @ w2 + b2
        return jnp.mean(jax.nn.logsumexp(logits, axis=1) - logits[rows, labels])

    def update(p: Any, g: Any, m: Any, v: Any, scale: Any) -> Any:
        m = BETA1 * m + (1 - BETA1) * g
        v = BETA2 * v + (1 - BETA2) * g**2
        return p - scale * m / (jnp.sqrt(v) + EPSILON), m, v

    def step(parameters: Any, first: Any, second: Any, t: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(parameters)
        scale = RATE * jnp.sqrt(1 - BETA2**t) / (1 - BETA1**t)
        new = map(update, parameters, gradients, first, second, [scale] * 4)
        return value, *map(list, zip(*new, strict=True)), t + 1

    compiled = jax.jit(step, donate_argnums=(0, 1, 2))
    zeros = [np.zeros_like(p) for p in initial]
    state: list[Any] = [[jnp.asarray(p) for p in group] for group in (initial, zeros, zeros)]
    state.append(jnp.float32(1))

    def work() -> Any:
        value, *state[:] = jax.block_until_ready(compiled(*state))
        return value, state[0]

    return work


def _by_hand() -> Any:
    x, labels, initial = _data()
    w1, b1, w2, b2 = (p.astype(float) for p in initial)
    rows = np.arange(BATCH)
    hidden = np.maximum(x @ w1 + b1, 0.0)
    logits = hidden @ w2 + b2
    exp = np.exp(logits - logits.max(1, keepdims=True))
    share = exp / exp.sum(1, keepdims=True)
    value = -np.mean(np.log(share[rows, labels]))
    share[rows, labels] -= 1.0
    share /= BATCH
    pulled = (share @ w2.T) * (hidden > 0)
    gradients = x.T @ pulled, pulled.sum(0), hidden.T @ share, share.sum(0)
    corrected = EPSILON / np.sqrt(1 - BETA2)  # so the first step of Adam divides by |g| + this
    new = [
        p - RATE * g / (np.abs(g) + corrected)
        for p, g in zip((w1, b1, w2, b2), gradients, strict=True)
    ]
    return np.float32(value), [p.astype(np.float32) for p in new]


WORKLOAD = Workload(
    name="compiled-mlp",
    title="Compiled: a training step of a perceptron, 784-256-10, batch 128, float32, Adam",
    works={
        "gradtape": _gradtape,
        "jax-jit": _jax,
        "torch": _torch,
        "torch-one": _torch,
        "torch-compile": lambda: _torch(True),
    },
    expected=_by_hand,
    rtol=1e-3,
    targets=(faster(1.0),),
)
