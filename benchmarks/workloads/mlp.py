"""One training step of a small perceptron: 64-128-10, ReLU, softmax cross-entropy, SGD."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.workload import AS_FAST_AS_ANY_TORCH, Work, Workload

BATCH, INPUTS, HIDDEN, CLASSES = 32, 64, 128, 10
RATE = 0.01


def _data() -> tuple[Any, Any, list[Any]]:
    """Features, labels, and the initial parameters ``w1, b1, w2, b2``."""
    rng = np.random.default_rng(0)
    shapes = (INPUTS, HIDDEN), (HIDDEN,), (HIDDEN, CLASSES), (CLASSES,)
    x = rng.standard_normal((BATCH, INPUTS), np.float32)
    labels = rng.integers(0, CLASSES, BATCH)
    return x, labels, [rng.standard_normal(shape, np.float32) * np.float32(0.1) for shape in shapes]


def loss(np: Any, x: Any, labels: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    """The mean cross-entropy, in the spelling of the module `np`."""
    hidden = np.maximum(x @ w1 + b1, 0.0)
    logits = hidden @ w2 + b2
    top = np.max(logits, axis=1, keepdims=True)
    logsumexp = np.log(np.sum(np.exp(logits - top), axis=1)) + top[:, 0]
    return np.mean(logsumexp - logits[np.arange(BATCH), labels])


def _numpy() -> Work:
    x, labels, parameters = _data()
    rows = np.arange(BATCH)

    def work() -> Any:
        w1, b1, w2, b2 = parameters
        hidden = np.maximum(x @ w1 + b1, 0.0)
        logits = hidden @ w2 + b2
        top = np.max(logits, axis=1, keepdims=True)
        exp = np.exp(logits - top)
        total = np.sum(exp, axis=1, keepdims=True)
        value = np.mean((np.log(total) + top)[:, 0] - logits[rows, labels])
        d_logits = exp / total
        d_logits[rows, labels] -= 1.0
        d_logits /= BATCH
        d_hidden = (d_logits @ w2.T) * (hidden > 0)
        gradients = (
            x.T @ d_hidden,
            np.sum(d_hidden, axis=0),
            hidden.T @ d_logits,
            np.sum(d_logits, axis=0),
        )
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= RATE * gradient
        return value, parameters

    return work


def _gradtape(compiled: bool = False) -> Work:
    import gradtape as gt

    x, labels, initial = _data()
    x, labels = gt.constant(x), gt.constant(labels)
    parameters = [gt.Variable(p) for p in initial]

    def work() -> Any:
        w1, b1, w2, b2 = parameters
        with gt.GradientTape() as tape:
            logits = np.maximum(x @ w1 + b1, 0.0) @ w2 + b2
            value = np.mean(gt.nn.softmax_cross_entropy(logits, labels))
        gradients = tape.gradient(value, parameters)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.assign_sub(RATE * gradient)
        return value, parameters

    return gt.function(work) if compiled else work


def _torch(fused: bool) -> Work:
    import torch
    from torch.nn import functional

    x, labels, initial = _data()
    x, labels = torch.tensor(x), torch.tensor(labels)
    parameters = [torch.tensor(p, requires_grad=True) for p in initial]
    rows, zero = torch.arange(BATCH), torch.tensor(0.0)

    def plain_loss(w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
        logits = torch.maximum(x @ w1 + b1, zero) @ w2 + b2
        return torch.mean(torch.logsumexp(logits, 1) - logits[rows, labels])

    def fused_loss(w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
        return functional.cross_entropy(torch.relu(x @ w1 + b1) @ w2 + b2, labels)

    torch_loss = fused_loss if fused else plain_loss

    def work() -> Any:
        value = torch_loss(*parameters)
        gradients = torch.autograd.grad(value, parameters)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.sub_(gradient, alpha=RATE)
        return value, parameters

    return work


def _tensorflow() -> Work:
    import tensorflow as tf

    x, labels, initial = _data()
    x, labels = tf.constant(x), tf.constant(labels)
    parameters = [tf.Variable(p) for p in initial]

    def work() -> Any:
        w1, b1, w2, b2 = parameters
        with tf.GradientTape() as tape:
            logits = tf.nn.relu(x @ w1 + b1) @ w2 + b2
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            value = tf.reduce_mean(each)
        gradients = tape.gradient(value, parameters)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.assign_sub(RATE * gradient)
        return value, parameters

    return work


def _jax(jit: bool) -> Work:
    import jax
    import jax.numpy as jnp

    x, labels, initial = _data()
    x, labels = jnp.asarray(x), jnp.asarray(labels)
    parameters = [jnp.asarray(p) for p in initial]
    rows = jnp.arange(BATCH)

    def jax_loss(parameters: Any) -> Any:
        w1, b1, w2, b2 = parameters
        logits = jnp.maximum(x @ w1 + b1, 0.0) @ w2 + b2
        return jnp.mean(jax.nn.logsumexp(logits, axis=1) - logits[rows, labels])

    def step(parameters: Any) -> Any:
        value, gradients = jax.value_and_grad(jax_loss)(parameters)
        return value, [p - RATE * g for p, g in zip(parameters, gradients, strict=True)]

    if jit:
        step = jax.jit(step)

    def work() -> Any:
        nonlocal parameters
        value, parameters = jax.block_until_ready(step(parameters))
        return value, parameters

    return work


def _autograd() -> Work:
    import autograd.numpy as anp
    from autograd import value_and_grad

    x, labels, parameters = _data()
    both = value_and_grad(lambda parameters: loss(anp, x, labels, *parameters))

    def work() -> Any:
        value, gradients = both(parameters)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= RATE * gradient
        return value, parameters

    return work


def _mygrad() -> Work:
    import mygrad as mg
    from mygrad.nnet.losses import softmax_crossentropy

    x, labels, initial = _data()
    parameters = [mg.tensor(p) for p in initial]

    def work() -> Any:
        w1, b1, w2, b2 = parameters
        hidden = mg.maximum(mg.matmul(x, w1) + b1, np.float32(0.0))
        value = softmax_crossentropy(mg.matmul(hidden, w2) + b2, labels)
        value.backward()
        for parameter in parameters:
            parameter.data -= RATE * parameter.grad
        return value, parameters

    return work


WORKLOAD = Workload(
    name="mlp",
    title="One training step of an MLP 64-128-10, batch 32, float32",
    works={
        "gradtape": _gradtape,
        "numpy": _numpy,
        "torch": lambda: _torch(fused=True),
        "torch-one": lambda: _torch(fused=True),
        "torch-plain": lambda: _torch(fused=False),
        "tensorflow": _tensorflow,
        "jax": lambda: _jax(jit=False),
        "jax-jit": lambda: _jax(jit=True),
        "autograd": _autograd,
        "mygrad": _mygrad,
    },
    expected=lambda: _numpy()(),
    rtol=2e-6,  # of the largest weight: one thousandth of what a step changes
    targets=(AS_FAST_AS_ANY_TORCH,),
    note=(
        "gradtape runs NumPy's maximum and gt.nn.softmax_cross_entropy; PyTorch, TensorFlow and "
        "MyGrad their own fused cross-entropy, unless the loss is said not to be fused; JAX and "
        "autograd plain code (logsumexp from max, exp, sum, log)."
    ),
    limits=(
        "a step of gradtape is 7,500 bytecodes of Python, two thirds of its time; the numbers by "
        "NumPy alone take the other third. `compiled-mlp-small` is the same step by `gt.function`."
    ),
)

COMPILED = replace(
    WORKLOAD,
    name="compiled-mlp-small",
    title=f"Compiled: {WORKLOAD.title}",
    works={**WORKLOAD.works, "gradtape": lambda: _gradtape(compiled=True)},
    note="gradtape by `gt.function`; the others as in `mlp`.",
)
