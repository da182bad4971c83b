"""The Rosenbrock function: its Hessian, products with that at a million dimensions, its minimum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.workload import (
    FASTER_THAN_AUTOGRAD_AND_TORCH,
    FASTER_THAN_DIFFERENCES,
    Work,
    Workload,
    cheap,
)

SMALL, LARGE, STEEP = 100, 1_000_000, 50
OPTIONS = {"maxiter": 10_000, "maxfun": 10_000_000}  # as many as it takes


def f(x: Any) -> Any:
    """``sum(100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2)``, in every library's spelling."""
    return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()


def _points(size: int) -> Any:
    return np.random.default_rng(0).uniform(-1.0, 1.0, size)


def _direction(size: int) -> Any:
    return np.random.default_rng(1).standard_normal(size)


def gradient_by_hand(x: Any) -> tuple[Any, Any]:
    """Value and gradient."""
    head, off, rest = x[:-1], x[1:] - x[:-1] ** 2, 1.0 - x[:-1]
    gradient = np.zeros_like(x)
    gradient[:-1] = -400.0 * off * head - 2.0 * rest
    gradient[1:] += 200.0 * off
    return np.sum(100.0 * off**2 + rest**2), gradient


def _diagonals(x: Any) -> tuple[Any, Any]:
    """The diagonal of the Hessian, and the one beside it."""
    diagonal = np.zeros_like(x)
    diagonal[:-1] = 1200.0 * x[:-1] ** 2 - 400.0 * x[1:] + 2.0
    diagonal[1:] += 200.0
    return diagonal, -400.0 * x[:-1]


def _hessian_by_hand() -> Work:
    x = _points(SMALL)

    def work() -> Any:
        diagonal, beside = _diagonals(x)
        return np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)

    return work


def _hvp_by_hand() -> Work:
    x, t = _points(LARGE), _direction(LARGE)

    def work() -> Any:
        diagonal, beside = _diagonals(x)
        product = diagonal * t
        product[:-1] += beside * t[1:]
        product[1:] += beside * t[:-1]
        return product

    return work


def _hessian_gradtape() -> Work:
    import gradtape as gt

    x, hessian = _points(SMALL), gt.hessian(f)
    return lambda: hessian(x)


def _hessian_torch() -> Work:
    import torch

    x, hessian = torch.tensor(_points(SMALL)), torch.func.hessian(f)
    return lambda: hessian(x)


def _hessian_jax(jit: bool) -> Work:
    import jax
    import jax.numpy as jnp

    x, hessian = jnp.asarray(_points(SMALL)), jax.hessian(f)
    if jit:
        hessian = jax.jit(hessian)
    return lambda: jax.block_until_ready(hessian(x))


def _hessian_autograd() -> Work:
    from autograd import hessian

    x, second = _points(SMALL), hessian(f)
    return lambda: second(x)


def _hvp_gradtape() -> Work:
    import gradtape as gt

    x, t = _points(LARGE), _direction(LARGE)
    return lambda: gt.hvp(f, x, t)


def _hvp_compiled() -> Work:
    import gradtape as gt

    product = gt.function(lambda x, t: gt.hvp(f, x, t))
    x, t = _points(LARGE), _direction(LARGE)
    return lambda: product(x, t)


def _hvp_torch() -> Work:
    import torch

    x, t = torch.tensor(_points(LARGE)), torch.tensor(_direction(LARGE))
    gradient = torch.func.grad(f)
    return lambda: torch.func.jvp(gradient, (x,), (t,))[1]


def _hvp_jax(jit: bool) -> Work:
    import jax
    import jax.numpy as jnp

    x, t = jnp.asarray(_points(LARGE)), jnp.asarray(_direction(LARGE))

    def product(x: Any, t: Any) -> Any:
        return jax.jvp(jax.grad(f), (x,), (t,))[1]

    if jit:
        product = jax.jit(product)
    return lambda: jax.block_until_ready(product(x, t))


def _hvp_autograd() -> Work:
    from autograd import hessian_vector_product

    x, t, product = _points(LARGE), _direction(LARGE), hessian_vector_product(f)
    return lambda: product(x, t)


def _value_only() -> Work:
    x = _points(LARGE)
    return lambda: f(x)


Fun = Callable[[Any], Any]


def _minimum(fun: Fun, jac: bool = True) -> Work:
    """L-BFGS-B from far away; `fun` gives NumPy value and gradient, or without `jac` a value."""
    from scipy.optimize import minimize

    start = np.zeros(STEEP)
    return lambda: minimize(fun, start, jac=jac, method="L-BFGS-B", options=OPTIONS).x


def _minimum_gradtape() -> Work:
    import gradtape as gt

    start = np.zeros(STEEP)
    return lambda: gt.minimize(f, start, method="L-BFGS-B", options=OPTIONS).x


def _minimum_torch() -> Work:
    import torch

    def both(x: Any) -> Any:
        x = torch.tensor(x, requires_grad=True)
        y = f(x)
        return y.item(), torch.autograd.grad(y, x)[0].numpy()

    return _minimum(both)


def _minimum_jax() -> Work:
    import jax

    both = jax.jit(jax.value_and_grad(lambda x: f(jax.numpy.asarray(x))))
    return _minimum(lambda x: tuple(map(np.asarray, both(x))))


def _minimum_autograd() -> Work:
    from autograd import value_and_grad

    return _minimum(value_and_grad(f))


HESSIAN = Workload(
    name="hessian",
    title=f"Hessian of the {SMALL}-dimensional Rosenbrock function, float64",
    works={
        "gradtape": _hessian_gradtape,
        "numpy": _hessian_by_hand,
        "torch": _hessian_torch,
        "torch-one": _hessian_torch,
        "jax": lambda: _hessian_jax(jit=False),
        "jax-jit": lambda: _hessian_jax(jit=True),
        "autograd": _hessian_autograd,
    },
    expected=lambda: _hessian_by_hand()(),
    rtol=1e-12,
    targets=(FASTER_THAN_AUTOGRAD_AND_TORCH,),
)

HVP = Workload(
    name="hvp",
    title="Hessian-vector product of the Rosenbrock function of a million float64",
    works={
        "gradtape": _hvp_gradtape,
        "numpy": _hvp_by_hand,
        "function": _value_only,
        "torch": _hvp_torch,
        "torch-one": _hvp_torch,
        "jax": lambda: _hvp_jax(jit=False),
        "jax-jit": lambda: _hvp_jax(jit=True),
        "autograd": _hvp_autograd,
    },
    expected=lambda: _hvp_by_hand()(),
    value=lambda: _value_only()(),
    rtol=1e-12,
    targets=(FASTER_THAN_AUTOGRAD_AND_TORCH, cheap(4.0)),
    note="PyTorch and JAX use all cores here; NumPy and what stands on it use one.",
    limits=(
        "NumPy makes one pass over memory for each operation, many into pages that the system has "
        "to clear first, and the derivative has four times the function's operations. "
        "`compiled-hvp` is the same as one loop."
    ),
)

COMPILED_HVP = replace(
    HVP,
    name="compiled-hvp",
    title=f"Compiled: {HVP.title}",
    works={**HVP.works, "gradtape": _hvp_compiled},
    note="gradtape by `gt.function`.",
)

MINIMIZE = Workload(
    name="minimize",
    title=f"Minimum of the {STEEP}-dimensional Rosenbrock function by SciPy's L-BFGS-B, float64",
    works={
        "gradtape": _minimum_gradtape,
        "numpy": lambda: _minimum(gradient_by_hand),
        "differences": lambda: _minimum(f, jac=False),
        "torch": _minimum_torch,
        "torch-one": _minimum_torch,
        "jax-jit": _minimum_jax,
        "autograd": _minimum_autograd,
    },
    expected=lambda: np.ones(STEEP),
    rtol=1e-3,  # where the stopping rule stops
    targets=(FASTER_THAN_AUTOGRAD_AND_TORCH, FASTER_THAN_DIFFERENCES),
    note="`gt.minimize`; of the peers value and gradient, given to `scipy.optimize.minimize`. "
    "JAX, not jitted, needs seconds and is left out.",
)

WORKLOADS = (HESSIAN, HVP, COMPILED_HVP, MINIMIZE)
