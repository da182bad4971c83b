"""All second derivatives of a function of two scalars, as nested persistent tapes give them."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workload import Work, Workload, faster_than_torch
from benchmarks.workloads.cell import g


def _tapes(library: Any) -> Work:
    """The notebook's cell, in the spelling that gradtape and TensorFlow share."""

    def work() -> Any:
        x1, x2 = library.Variable(2.0), library.Variable(3.0)
        with library.GradientTape(persistent=True) as outer_tape:
            with library.GradientTape(persistent=True) as inner_tape:
                z = g(x1, x2)
            inner_grads = inner_tape.gradient(z, [x1, x2])
        return [outer_tape.gradient(inner_grad, [x1, x2]) for inner_grad in inner_grads]

    return work


def _gradtape() -> Work:
    import gradtape

    return _tapes(gradtape)


def _tensorflow() -> Work:
    import tensorflow

    return _tapes(tensorflow)


def _torch() -> Work:
    import torch

    def work() -> Any:
        xs = [torch.tensor(2.0, requires_grad=True), torch.tensor(3.0, requires_grad=True)]
        inner = torch.autograd.grad(g(*xs), xs, create_graph=True)
        return [
            torch.autograd.grad(d, xs, retain_graph=keep, allow_unused=True)
            for d, keep in zip(inner, (True, False), strict=True)
        ]

    return work


def _jax(jit: bool) -> Work:
    import jax
    import jax.numpy as jnp

    hessian = jax.hessian(g, argnums=(0, 1))
    if jit:
        hessian = jax.jit(hessian)
    two, three = np.float32(2.0), np.float32(3.0)
    return lambda: jax.block_until_ready(hessian(jnp.asarray(two), jnp.asarray(three)))


def _autograd() -> Work:
    from autograd import grad

    rows = [grad(grad(g, argnum=i), argnum=(0, 1)) for i in (0, 1)]
    return lambda: [row(np.float32(2.0), np.float32(3.0)) for row in rows]


WORKLOAD = Workload(
    name="second",
    title="All second derivatives of (x1 + 5) * x2 ** 2 by nested persistent tapes",
    works={
        "gradtape": _gradtape,
        "torch": _torch,
        "tensorflow": _tensorflow,
        "jax": lambda: _jax(jit=False),
        "jax-jit": lambda: _jax(jit=True),
        "autograd": _autograd,
    },
    expected=lambda: [[None, np.float32(6.0)], [np.float32(6.0), np.float32(14.0)]],
    rtol=1e-6,
    targets=(faster_than_torch(4.0),),
    note="MyGrad has first derivatives only. A library may say 0 where the notebook has None.",
)
