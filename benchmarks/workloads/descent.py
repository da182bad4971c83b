"""A hundred steps of gradient descent on a scalar: by hand, and by the library's optimizer."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workload import Work, Workload, faster_than_torch

STEPS = 100
RATE = 0.1


def f(x: Any) -> Any:
    """The notebook's function of one variable; its minimum is at -1/3."""
    return 3.0 * x**2 + 2.0 * x - 1


def _tape(library: Any) -> Work:
    """The notebook's cell, in the spelling that gradtape and TensorFlow share."""

    def work() -> Any:
        x = library.Variable(0.0)
        for _ in range(STEPS):
            with library.GradientTape() as tape:
                z = f(x)
            dz_dx = tape.gradient(z, x)
            x.assign_sub(RATE * dz_dx)
        return x

    return work


def _tape_sgd(library: Any, optimizers: Any) -> Work:
    def work() -> Any:
        x = library.Variable(0.0)
        optimizer = optimizers.SGD(learning_rate=RATE)
        for _ in range(STEPS):
            with library.GradientTape() as tape:
                z = f(x)
            dz_dx = tape.gradient(z, x)
            optimizer.apply_gradients([(dz_dx, x)])
        return x

    return work


def _gradtape() -> Work:
    import gradtape

    return _tape(gradtape)


def _gradtape_sgd() -> Work:
    import gradtape
    from gradtape import optimizers

    return _tape_sgd(gradtape, optimizers)


def _tensorflow() -> Work:
    import tensorflow

    return _tape(tensorflow)


def _tensorflow_sgd() -> Work:
    import keras
    import tensorflow

    return _tape_sgd(tensorflow, keras.optimizers)


def _torch() -> Work:
    import torch

    def work() -> Any:
        x = torch.tensor(0.0, requires_grad=True)
        for _ in range(STEPS):
            (dz_dx,) = torch.autograd.grad(f(x), x)
            with torch.no_grad():
                x.sub_(dz_dx, alpha=RATE)
        return x

    return work


def _torch_sgd() -> Work:
    import torch

    def work() -> Any:
        x = torch.tensor(0.0, requires_grad=True)
        optimizer = torch.optim.SGD([x], lr=RATE)
        for _ in range(STEPS):
            optimizer.zero_grad()
            f(x).backward()
            optimizer.step()
        return x

    return work


def _jax(jit: bool) -> Work:
    import jax
    import jax.numpy as jnp

    slope = jax.grad(f)

    def step(x: Any) -> Any:
        return x - RATE * slope(x)

    if jit:
        step = jax.jit(step)

    def work() -> Any:
        x = jnp.asarray(np.float32(0.0))
        for _ in range(STEPS):
            x = step(x)
        return jax.block_until_ready(x)

    return work


def _autograd() -> Work:
    from autograd import grad

    slope = grad(f)

    def work() -> Any:
        x = np.float32(0.0)
        for _ in range(STEPS):
            x = x - RATE * slope(x)
        return x

    return work


def _mygrad() -> Work:
    import mygrad as mg

    def work() -> Any:
        x = mg.tensor(0.0, dtype=np.float32)
        for _ in range(STEPS):
            f(x).backward()
            x.data -= RATE * x.grad
        return x

    return work


def _minimum() -> Any:
    return np.float32(-1 / 3)


WORKLOADS = (
    Workload(
        name="descent",
        title="100 steps of gradient descent on 3x^2 + 2x - 1, by assign_sub",
        works={
            "gradtape": _gradtape,
            "torch": _torch,
            "tensorflow": _tensorflow,
            "jax": lambda: _jax(jit=False),
            "jax-jit": lambda: _jax(jit=True),
            "autograd": _autograd,
            "mygrad": _mygrad,
        },
        expected=_minimum,
        rtol=1e-6,
        targets=(faster_than_torch(5.0),),
        note="In `JAX, jitted` one step is compiled; the loop is Python's.",
    ),
    Workload(
        name="descent-sgd",
        title="100 steps of gradient descent on 3x^2 + 2x - 1, by the library's SGD",
        works={
            "gradtape": _gradtape_sgd,
            "torch": _torch_sgd,
            "tensorflow": _tensorflow_sgd,
        },
        expected=_minimum,
        rtol=1e-6,
        targets=(faster_than_torch(5.0),),
        note="TensorFlow by keras.optimizers.SGD. JAX, autograd and MyGrad have no such optimizer.",
    ),
)
