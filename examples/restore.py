"""Learn from one photograph, with noise added, how to clean another.

The clean picture u minimises, for the noisy picture f and filters K_k of 3 by 3 pixels,

    E(u, p) = 1/2 sum (u - f)**2 + sum_k exp(p_k) * sum sqrt((K_k u)**2 + exp(2 q))

with one weight ``exp(p_k)`` for each filter, and q, how sharp an edge is. What p and q are best is
learned on a photograph of which the clean state is known, by descending along the derivative of
the error *through the minimum*; then they are put to the test on another one (Kunisch and Pock, "A
bilevel optimization approach for parameter learning in variational models", SIAM Journal on Imaging
Sciences 6, 2013).

This draft stands on NumPy and SciPy alone, with derivatives by hand between the two lines below.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np
from extras import missing
from scipy.fft import idctn
from scipy.optimize import minimize
from scipy.sparse import diags_array, kron
from scipy.sparse.linalg import splu

from gradtape.transforms.coloring import color_symmetric

try:
    from sklearn.datasets import load_sample_image
except ModuleNotFoundError as error:
    raise SystemExit(missing(error)) from None

SIDE, NOISE = 64, 0.1
# The 8 cosine patterns of 3 by 3 pixels that ignore a constant.
FILTERS = np.stack([idctn(unit.reshape(3, 3), norm="ortho") for unit in np.eye(9)[1:]])


class Data(NamedTuple):
    """Grey values between 0 and 1, clean and noisy."""

    truth: np.ndarray
    noisy: np.ndarray


def load(name: str, seed: int) -> Data:
    """The middle of one of scikit-learn's photographs, with noise of a known size."""
    photo = load_sample_image(name).mean(axis=2) / 255
    top, left = (photo.shape[0] - 2 * SIDE) // 2, (photo.shape[1] - 2 * SIDE) // 2
    truth = photo[top : top + 2 * SIDE : 2, left : left + 2 * SIDE : 2]
    return Data(truth, truth + NOISE * np.random.default_rng(seed).normal(size=truth.shape))


def filtered(u: Any) -> list[Any]:
    """Each filter's answer, wherever all its 9 pixels are in the picture."""
    n = SIDE - 2
    return [
        sum(f[i, j] * u[i : i + n, j : j + n] for i in range(3) for j in range(3)) for f in FILTERS
    ]


def energy(u: Any, p: Any, noisy: Any) -> Any:
    """E above; the last entry of p is q."""
    width = np.exp(2 * p[-1])
    parts = [
        weight * np.sum(np.sqrt(z**2 + width))
        for weight, z in zip(np.exp(p[:-1]), filtered(u), strict=True)
    ]
    return 0.5 * np.sum((u - noisy) ** 2) + sum(parts)


def error(u: Any, truth: Any) -> Any:
    """The mean squared error of a picture."""
    return np.mean((u - truth) ** 2)


# -- by hand, until it is gradtape's -------------------------------------------------------------


def gradient(u: Any, p: Any, noisy: Any) -> Any:  # grad(energy)
    """The derivative of the energy with respect to u."""
    n, width = SIDE - 2, np.exp(2 * p[-1])
    found = u - noisy
    for weight, f, z in zip(np.exp(p[:-1]), FILTERS, filtered(u), strict=True):
        pull = weight * z / np.sqrt(z**2 + width)
        for i in range(3):
            for j in range(3):
                found[i : i + n, j : j + n] += f[i, j] * pull
    return found


def hvp(u: Any, p: Any, noisy: Any, v: Any) -> Any:  # hvp(energy)
    """The Hessian times v, by a complex step."""
    return np.imag(gradient(u + 1e-30j * v, p, noisy)) / 1e-30


def pattern() -> Any:  # found by gradtape
    """A pixel meets those that a filter can see with it: 5 by 5."""
    near = diags_array([1.0] * 5, offsets=range(-2, 3), shape=(SIDE, SIDE))
    return kron(near, near)


COLORING = color_symmetric(pattern())


def hessian(u: Any, p: Any, noisy: Any) -> Any:  # sparse_hessian(energy)
    """The sparse Hessian, from one product for each colour."""
    products = [hvp(u, p, noisy, v.reshape(u.shape)).ravel() for v in COLORING.seeds().T]
    return COLORING.recover(np.stack(products).T)


def cleaned(p: Any, noisy: Any, u: Any) -> Any:  # minimize, with hvp
    """The minimum of the energy, from u, by Newton's method and conjugate gradients."""
    found = minimize(
        lambda x: energy(x.reshape(u.shape), p, noisy),
        u.ravel(),
        jac=lambda x: gradient(x.reshape(u.shape), p, noisy).ravel(),
        hessp=lambda x, v: hvp(x.reshape(u.shape), p, noisy, v.reshape(u.shape)).ravel(),
        method="trust-ncg",
        options={"gtol": 1e-6},
    )
    return found.x.reshape(u.shape)


def slope(u: Any, p: Any, data: Data) -> Any:  # implicit differentiation of cleaned
    """The derivative of the error at the minimum u with respect to p.

    ``dE/du (u(p), p) = 0`` gives ``H du = -(d2E/du dp) dp``; one solve with the symmetric H serves
    all of p.
    """
    solved = splu(hessian(u, p, data.noisy).tocsc()).solve(2 * (u - data.truth).ravel() / u.size)
    units = np.eye(len(p))
    mixed = [np.imag(gradient(u + 0j, p + 1e-30j * unit, data.noisy)) / 1e-30 for unit in units]
    return np.array([-np.sum(solved.reshape(u.shape) * column) for column in mixed])


# -- the rest stays ------------------------------------------------------------------------------


def learn(data: Data) -> tuple[Any, list[float]]:
    """The parameters that clean `data` best, and the errors on the way."""
    u, errors = data.noisy, []

    def loss(p: Any) -> tuple[float, Any]:
        nonlocal u
        u = cleaned(p, data.noisy, u)  # from the last minimum, which is near
        errors.append(float(error(u, data.truth)))
        return errors[-1], slope(u, p, data)

    start = np.log([NOISE / 10] * len(FILTERS) + [NOISE / 2])
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(-9.0, 0.0)] * len(start),
        options={"maxiter": 30},
    )
    return found.x, errors


def report() -> str:
    """The result in a few lines."""
    start = time.perf_counter()
    lesson, test = load("china.jpg", 0), load("flower.jpg", 1)
    p, errors = learn(lesson)
    u = cleaned(p, test.noisy, test.noisy)
    before, after = (np.sqrt(error(x, test.truth)) for x in (test.noisy, u))
    return (
        f"{u.size} pixels; their Hessian takes {COLORING.number} products\n"
        f"error on the lesson {errors[0] ** 0.5:.4f} -> {errors[-1] ** 0.5:.4f} in {len(errors)} "
        f"steps, with weights {np.exp(p[:-1]).round(3)}, edge {np.exp(p[-1]):.3f}\n"
        f"error on the test {before:.4f} -> {after:.4f} ({time.perf_counter() - start:.1f} s)"
    )


if __name__ == "__main__":
    print(report())
