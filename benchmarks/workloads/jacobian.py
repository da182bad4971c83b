"""The Jacobian of a perceptron 200-200-200-200 at one point, float64."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workload import FASTER_THAN_AUTOGRAD_AND_TORCH, Work, Workload

SIZE, LAYERS = 200, 3


def _data() -> tuple[Any, list[Any], list[Any]]:
    """The point, and weights and biases of the layers."""
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal((SIZE, SIZE)) / SIZE**0.5 for _ in range(LAYERS)]
    biases = [0.1 * rng.standard_normal(SIZE) for _ in range(LAYERS)]
    return rng.standard_normal(SIZE), weights, biases


def mlp(np: Any, x: Any, weights: Any, biases: Any) -> Any:
    """The network, in the spelling of the module `np`."""
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        x = np.tanh(x @ w + b)
    return x @ weights[-1] + biases[-1]


def _numpy() -> Work:
    x, weights, biases = _data()

    def work() -> Any:
        jacobian, y = None, x
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            jacobian = w.T if jacobian is None else w.T @ jacobian
            y = np.tanh(y @ w + b)
            jacobian = (1.0 - y * y)[:, None] * jacobian
        return weights[-1].T @ jacobian

    return work


def _gradtape() -> Work:
    import gradtape as gt

    x, weights, biases = _data()
    weights, biases = ([gt.constant(p) for p in group] for group in (weights, biases))
    jacobian = gt.jacobian(lambda x: mlp(np, x, weights, biases))
    return lambda: jacobian(x)


def _torch() -> Work:
    import torch

    x, weights, biases = _data()
    x = torch.tensor(x)
    weights, biases = ([torch.tensor(p) for p in group] for group in (weights, biases))
    jacobian = torch.func.jacrev(lambda x: mlp(torch, x, weights, biases))
    return lambda: jacobian(x)


def _jax(jit: bool) -> Work:
    import jax
    import jax.numpy as jnp

    x, weights, biases = _data()
    x = jnp.asarray(x)
    weights, biases = ([jnp.asarray(p) for p in group] for group in (weights, biases))
    jacobian = jax.jacfwd(lambda x: mlp(jnp, x, weights, biases))
    if jit:
        jacobian = jax.jit(jacobian)
    return lambda: jax.block_until_ready(jacobian(x))


def _autograd() -> Work:
    import autograd.numpy as anp
    from autograd import jacobian

    x, weights, biases = _data()
    rows = jacobian(lambda x: mlp(anp, x, weights, biases))
    return lambda: rows(x)


WORKLOAD = Workload(
    name="jacobian",
    title="Jacobian of an MLP 200-200-200-200 with tanh, float64",
    works={
        "gradtape": _gradtape,
        "numpy": _numpy,
        "torch": _torch,
        "torch-one": _torch,
        "jax": lambda: _jax(jit=False),
        "jax-jit": lambda: _jax(jit=True),
        "autograd": _autograd,
    },
    expected=lambda: _numpy()(),
    rtol=1e-12,
    targets=(FASTER_THAN_AUTOGRAD_AND_TORCH,),
)
