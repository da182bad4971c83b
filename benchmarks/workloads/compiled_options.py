"""Black and Scholes, compiled: prices of European calls and all their first derivatives."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.workload import Work, Workload
from benchmarks.workloads.ways import FIRST_CALL, faster, no_more_memory

COUNT = 1_000_000


def _options(count: int) -> list[Any]:
    """Spot, strike, rate, volatility, time."""
    rng = np.random.default_rng(0)
    bounds = (80.0, 120.0), (80.0, 120.0), (0.0, 0.05), (0.1, 0.5), (0.2, 2.0)
    return [rng.uniform(low, high, count) for low, high in bounds]


def price(np: Any, erf: Any, s: Any, k: Any, r: Any, v: Any, t: Any) -> Any:
    """The price of a call, in the spelling of the module `np`."""
    spread = v * np.sqrt(t)
    d1 = (np.log(s / k) + (r + 0.5 * v**2) * t) / spread
    d2 = d1 - spread

    def below(d: Any) -> Any:
        return 0.5 + 0.5 * erf(d * 0.7071067811865476)

    return s * below(d1) - k * np.exp(-r * t) * below(d2)


def _gradtape(count: int) -> Work:
    from scipy.special import erf

    import gradtape as gt

    options = [gt.constant(x) for x in _options(count)]

    @gt.function
    def greeks(*xs: Any) -> Any:
        with gt.GradientTape() as tape:
            tape.watch(xs)
            y = price(np, erf, *xs)
        return y, tape.gradient(y, xs)

    return lambda: greeks(*options)


def _jax(count: int) -> Work:
    import jax
    import jax.numpy as jnp

    options = [jnp.asarray(x) for x in _options(count)]

    @jax.jit
    def greeks(*xs: Any) -> Any:
        y, pull = jax.vjp(partial(price, jnp, jax.scipy.special.erf), *xs)
        return y, pull(jnp.ones_like(y))

    return lambda: jax.block_until_ready(greeks(*options))


def _torch(count: int, compiled: bool = False) -> Work:
    import torch

    options = [torch.tensor(x, requires_grad=True) for x in _options(count)]
    forward = partial(price, torch, torch.erf)
    if compiled:
        forward = torch.compile(forward)
    ones = torch.ones(count, dtype=torch.float64)

    def work() -> Any:
        y = forward(*options)
        return y, torch.autograd.grad(y, options, ones)

    return work


def _by_hand() -> Any:
    from scipy.special import ndtr

    s, k, r, v, t = _options(COUNT)
    root = np.sqrt(t)
    d1 = (np.log(s / k) + (r + 0.5 * v**2) * t) / (v * root)
    d2, discount = d1 - v * root, np.exp(-r * t)
    density = np.exp(-0.5 * d1**2) / np.sqrt(2.0 * np.pi)
    held = k * discount * ndtr(d2)
    greeks = (
        ndtr(d1),
        -discount * ndtr(d2),
        t * held,
        s * density * root,
        s * density * v / (2.0 * root) + r * held,
    )
    return s * ndtr(d1) - held, greeks


def _works(count: int) -> Any:
    return {
        "gradtape": partial(_gradtape, count),
        "jax-jit": partial(_jax, count),
        "torch": partial(_torch, count),
        "torch-one": partial(_torch, count),
        "torch-compile": partial(_torch, count, True),
    }


WORKLOAD = Workload(
    name="compiled-options",
    title="Compiled: Black-Scholes price and all first Greeks, a million options",
    works=_works(COUNT),
    expected=_by_hand,
    rtol=1e-10,
    targets=(faster(2.0), no_more_memory()),
    warmups=_works(10),
    limits=FIRST_CALL,
)
