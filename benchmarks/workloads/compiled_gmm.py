"""The Gaussian mixture of ADBench, compiled: its log-likelihood and the gradient.

F. Srajer, Z. Kukelova and A. Fitzgibbon, "A benchmark of selected algorithmic differentiation
tools on some problems in computer vision and machine learning", Optim. Methods Softw. 33, 2018.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks.workload import Workload
from benchmarks.workloads.ways import Spelled, compiled_works, faster, no_more_memory

POINTS, GAMMA, M = 1000, 1.0, 0


def _points(d: int, k: int) -> list[Any]:
    """Weights, means, and the factors of the inverse covariances: log-diagonals, then the rest."""
    rng = np.random.default_rng(1)
    shapes = (k,), (k, d), (k, d + d * (d - 1) // 2)
    return [0.1 * rng.standard_normal(shape) for shape in shapes]


def _data(d: int) -> Any:
    return np.random.default_rng(0).standard_normal((POINTS, d))


def _places(d: int) -> Any:
    """Where the entries of a factor stand in ``[*diagonal, *strict lower triangle, 0]``."""
    places = np.full((d, d), d + d * (d - 1) // 2)
    places[np.arange(d), np.arange(d)] = np.arange(d)
    places[np.tril_indices(d, -1)] = d + np.arange(d * (d - 1) // 2)
    return places


def _constant(d: int, k: int) -> float:
    """What does not depend on the parameters."""
    n = d + M + 1
    gammas = sum(math.lgamma(0.5 * (n - j)) for j in range(d))
    log_gamma = 0.25 * d * (d - 1) * math.log(math.pi) + gammas
    wishart = n * d * (math.log(GAMMA) - 0.5 * math.log(2)) - log_gamma
    return -POINTS * d * 0.5 * math.log(2 * math.pi) - k * wishart


def _likelihood(d: int, k: int, logsumexp: Any, concatenate: Any, convert: Any) -> Spelled:
    """``f(np, alphas, means, icf)``: one matrix product takes all points through all factors."""
    x, places, constant = convert(_data(d)), convert(_places(d)), _constant(d, k)
    zeros = convert(np.zeros((k, 1)))

    def f(np: Any, alphas: Any, means: Any, icf: Any) -> Any:
        diagonals = np.exp(icf[:, :d])
        sums = np.sum(icf[:, :d], 1)
        factors = concatenate([diagonals, icf[:, d:], zeros], 1)[:, places]
        moved = np.reshape(x @ np.reshape(factors, (k * d, d)).T, (POINTS, k, d))
        centres = np.sum(factors * means[:, None, :], 2)
        squares = np.sum((moved - centres) ** 2, 2)
        terms = alphas + sums - 0.5 * squares
        prior = 0.5 * GAMMA**2 * (np.sum(diagonals**2) + np.sum(icf[:, d:] ** 2)) - M * np.sum(sums)
        return np.sum(logsumexp(terms, 1)) - POINTS * logsumexp(alphas, 0) + prior + constant

    return f


def _gradtape(d: int, k: int) -> Spelled:
    import gradtape as gt

    return _likelihood(d, k, gt.special.logsumexp, np.concatenate, np.asarray)


def _jax(d: int, k: int) -> Spelled:
    import jax.numpy as jnp
    from jax.scipy.special import logsumexp

    return _likelihood(d, k, logsumexp, jnp.concatenate, jnp.asarray)


def _torch(d: int, k: int) -> Spelled:
    import torch

    return _likelihood(d, k, torch.logsumexp, torch.cat, torch.tensor)


def _late(make: Any, d: int, k: int) -> Spelled:
    """``make(d, k)``, which imports its library, when it is first called."""
    made: list[Spelled] = []

    def f(np: Any, *points: Any) -> Any:
        if not made:
            made.append(make(d, k))
        return made[0](np, *points)

    return f


def _by_hand(d: int, k: int) -> Any:
    """Value and gradient, derived by hand, point by factor."""
    alphas, means, icf = _points(d, k)
    x, lower = _data(d), np.tril_indices(d, -1)
    factors = np.zeros((k, d, d))
    factors[:, np.arange(d), np.arange(d)] = np.exp(icf[:, :d])
    factors[:, lower[0], lower[1]] = icf[:, d:]
    away = x[:, None, :] - means
    moved = np.einsum("kij,nkj->nki", factors, away, optimize=True)
    terms = alphas + np.sum(icf[:, :d], 1) - 0.5 * np.sum(moved**2, 2)
    top = terms.max(1, keepdims=True)
    weights = np.exp(terms - top)
    totals = weights.sum(1, keepdims=True)
    weights /= totals
    share = np.exp(alphas) / np.sum(np.exp(alphas))
    prior = 0.5 * GAMMA**2 * (np.sum(np.exp(icf[:, :d]) ** 2) + np.sum(icf[:, d:] ** 2))
    value = np.sum(np.log(totals) + top) - POINTS * np.log(np.sum(np.exp(alphas)))
    pulled = weights[:, :, None] * moved
    d_factors = -np.einsum("nki,nkj->kij", pulled, away, optimize=True)
    d_means = np.einsum("kij,ki->kj", factors, np.zeros((k, d)))
    d_means += np.einsum("kij,nki->kj", factors, pulled, optimize=True)
    diagonal = np.exp(icf[:, :d])
    d_diagonal = weights.sum(0)[:, None] + diagonal * (
        d_factors[:, np.arange(d), np.arange(d)] + GAMMA**2 * diagonal
    )
    d_lower = d_factors[:, lower[0], lower[1]] + GAMMA**2 * icf[:, d:]
    d_icf = np.concatenate([d_diagonal, d_lower], 1)
    whole = value + prior - M * np.sum(icf[:, :d]) + _constant(d, k)
    return whole, (weights.sum(0) - POINTS * share, d_means, d_icf)


def _workload(d: int, k: int) -> Workload:
    spelled = {
        "numpy": _late(_gradtape, d, k),
        "jax": _late(_jax, d, k),
        "torch": _late(_torch, d, k),
    }
    return Workload(
        name=f"compiled-gmm-{d}-{k}",
        title=f"Compiled: ADBench's Gaussian mixture, n = {POINTS:,}, d = {d}, k = {k}, and its "
        "gradient",
        works=compiled_works(spelled, partial(_points, d, k)),
        expected=partial(_by_hand, d, k),
        rtol=1e-8,
        targets=(faster(2.0), no_more_memory()),
        warmups=compiled_works(_WARM, partial(_points, 2, 2)),
        limits="more than half of the time goes to two products by BLAS, as elsewhere.",
    )


_WARM = {"numpy": _late(_gradtape, 2, 2), "jax": _late(_jax, 2, 2), "torch": _late(_torch, 2, 2)}
SIZES: Sequence[tuple[int, int]] = (2, 5), (10, 25), (64, 25), (64, 100)
WORKLOADS = tuple([_workload(d, k) for d, k in SIZES])
