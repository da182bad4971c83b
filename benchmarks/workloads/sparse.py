"""The sparse Jacobian of a tridiagonal system of 100,000 equations, with and without its pattern.

Libraries that know no sparsity push three directions by hand: columns three apart share no row.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workload import FASTER_THAN_AUTOGRAD_AND_TORCH, FASTER_THAN_CASADI, Work, Workload

SIZE, COLORS = 100_000, 3


def _points() -> Any:
    return np.random.default_rng(0).uniform(-1.0, 1.0, SIZE)


def f(concatenate: Any, zero: Any, x: Any) -> Any:
    """Broyden's tridiagonal function ``(3 - 2 x[i]) x[i] - x[i-1] - 2 x[i+1] + 1``."""
    left = concatenate([zero, x[:-1]])
    right = concatenate([x[1:], zero])
    return (3.0 - 2.0 * x) * x - left - 2.0 * right + 1.0


def _entries() -> tuple[Any, Any]:
    """Row and column of every entry, row by row."""
    rows = np.repeat(np.arange(SIZE), COLORS)[1:-1]
    columns = np.add.outer(np.arange(SIZE), [-1, 0, 1]).ravel()[1:-1]
    return rows, columns


def _numpy() -> Work:
    x = _points()

    def work() -> Any:
        entries = np.tile([-1.0, 0.0, -2.0], (SIZE, 1))
        entries[:, 1] = 3.0 - 4.0 * x
        return entries.ravel()[1:-1]

    return work


def _seeds() -> Any:
    """The three directions, one a row."""
    return (np.arange(SIZE) % COLORS == np.arange(COLORS)[:, None]).astype(float)


def _gradtape(detect: bool) -> Work:
    import gradtape as gt
    from gradtape.transforms.coloring import color_jacobian

    x, zero = _points(), np.zeros(1)

    def system(x: Any) -> Any:
        return f(np.concatenate, zero, x)

    known = "detect" if detect else color_jacobian(gt.sparsity_pattern(system)(x))
    jacobian = gt.jacobian(system, sparsity=known)
    return lambda: jacobian(x).data


def _by_hand(products: Any) -> Work:
    """The entries read off ``J @ S``, which `products` gives as a NumPy array."""
    rows, columns = _entries()
    colors = columns % COLORS
    return lambda: products()[colors, rows]


def _torch() -> Work:
    import torch

    x, zero, seeds = torch.tensor(_points()), torch.zeros(1, dtype=float), torch.tensor(_seeds())

    def push(seed: Any) -> Any:
        return torch.func.jvp(lambda x: f(torch.cat, zero, x), (x,), (seed,))[1]

    return _by_hand(lambda: np.stack([push(seed).numpy() for seed in seeds]))


def _jax(jit: bool) -> Work:
    import jax
    import jax.numpy as jnp

    x, zero, seeds = jnp.asarray(_points()), jnp.zeros(1), jnp.asarray(_seeds())

    def push(x: Any, seeds: Any) -> Any:
        def one(seed: Any) -> Any:
            return jax.jvp(lambda x: f(jnp.concatenate, zero, x), (x,), (seed,))[1]

        return jax.vmap(one)(seeds)

    if jit:
        push = jax.jit(push)
    return _by_hand(lambda: np.asarray(push(x, seeds)))


def _autograd() -> Work:
    import autograd.numpy as anp
    from autograd import make_jvp

    x, zero, seeds = _points(), np.zeros(1), _seeds()
    push = make_jvp(lambda x: f(anp.concatenate, zero, x))(x)
    return _by_hand(lambda: np.stack([push(seed)[1] for seed in seeds]))


def _casadi(detect: bool) -> Work:
    import casadi as ca

    values = ca.DM(_points())

    def build() -> Any:
        x = ca.MX.sym("x", SIZE)
        y = f(lambda parts: ca.vertcat(*parts), ca.DM.zeros(1), x)
        # By columns, as it stores a matrix, the transpose holds the Jacobian's rows.
        return ca.Function("jacobian", [x], [ca.jacobian(y, x).T])

    known = build()

    def work() -> Any:
        jacobian = build() if detect else known
        return jacobian(values).tocsc().data

    return work


def _workload(name: str, title: str, detect: bool) -> Workload:
    return Workload(
        name=name,
        title=f"{title}, tridiagonal system of {SIZE:,} equations, float64",
        works={
            "gradtape": lambda: _gradtape(detect),
            "numpy": _numpy,
            "torch": _torch,
            "torch-one": _torch,
            "jax": lambda: _jax(jit=False),
            "jax-jit": lambda: _jax(jit=True),
            "autograd": _autograd,
            "casadi": lambda: _casadi(detect),
        },
        expected=lambda: _numpy()(),
        rtol=1e-12,
        targets=(FASTER_THAN_CASADI,)
        if detect
        else (FASTER_THAN_AUTOGRAD_AND_TORCH, FASTER_THAN_CASADI),
        note=(
            "gradtape and CasADi find the pattern and the colours within the time; the others are "
            "told them."
            if detect
            else "The pattern and its colours are known: three directions, their entries put in "
            "place. CasADi runs a function that it built before."
        ),
        limits=(
            "a quarter of the time goes to a fourth direction, by which gradtape checks the "
            "pattern that it was given. The others believe what they are told."
        ),
    )


WORKLOADS = (
    _workload("sparse-detect", "Sparse Jacobian, its pattern detected", detect=True),
    _workload("sparse-reuse", "Sparse Jacobian, with a known colouring", detect=False),
)
