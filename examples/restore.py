"""Learn from one photograph, with noise added, how to clean another.

The clean picture u minimises, for the noisy picture f and filters K_k of 3 by 3 pixels,

    E(u, p) = 1/2 sum (u - f)**2 + sum_k exp(p_k) * sum sqrt((K_k u)**2 + exp(2 q))

with one weight ``exp(p_k)`` for each filter, and q, how sharp an edge is. What p and q are best is
learned on a photograph of which the clean state is known, by descending along the derivative of
the error *through the minimum*; then they are put to the test on another one (Kunisch and Pock, "A
bilevel optimization approach for parameter learning in variational models", SIAM Journal on Imaging
Sciences 6, 2013).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from extras import missing
from scipy.fft import idctn
from scipy.sparse.linalg import splu

import gradtape as gt

try:
    from sklearn.datasets import load_sample_image
except ModuleNotFoundError as error:
    raise SystemExit(missing(error)) from None

SIDE, NOISE = 32, 0.1
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


def cleaned(p: Any, noisy: Any, start: Any) -> Any:
    """The minimum of the energy; it can be differentiated with respect to p."""
    return gt.implicit.minimize(energy, start, p, noisy, method="trust-ncg", tol=1e-6)


def learn(data: Data) -> tuple[Any, list[float]]:
    """The parameters that clean `data` best, and the errors on the way."""
    errors: list[float] = []
    last = data.noisy

    def loss(p: Any) -> Any:
        nonlocal last
        u = cleaned(p, data.noisy, last)  # from the last minimum, which is near
        last = gt.stop_gradient(u)
        last = last.numpy() if isinstance(last, gt.Tensor) else last
        found = error(u, data.truth)
        errors.append(float(gt.stop_gradient(found)))
        return 100 * found

    start = np.log([NOISE / 10] * len(FILTERS) + [NOISE / 2])
    found = gt.minimize(
        loss, start, method="L-BFGS-B", bounds=[(-9.0, 0.0)] * len(start), options={"maxiter": 6}
    )
    return found.x, errors


def error_bars(u: Any, p: Any, noisy: Any) -> tuple[Any, int, float]:
    """How far the noise moves each pixel of a column: columns of the inverse of the Hessian.

    The Hessian is sparse, for a pixel meets only those that a filter can see with it. With them
    come the number of its entries, and how well a product checks a solution.
    """
    hessian = gt.hessian(energy, sparsity="detect")(u, p, noisy)
    pixels = np.arange(0, u.size, SIDE)
    columns = splu(hessian.tocsc()).solve(np.eye(u.size)[:, pixels])
    back = gt.hvp(lambda u: energy(u, p, noisy), u, columns[:, 0].reshape(u.shape))
    residual = np.abs(np.ravel(back) - np.eye(u.size)[0]).max()
    return NOISE * np.linalg.norm(columns, axis=0), hessian.nnz, float(residual)


def report() -> str:
    """The result in a few lines."""
    lesson, test = load("china.jpg", 0), load("flower.jpg", 1)
    p, errors = learn(lesson)
    u = cleaned(p, test.noisy, test.noisy)
    before, after = (np.sqrt(error(x, test.truth)) for x in (test.noisy, u))
    bars, entries, residual = error_bars(u, p, test.noisy)
    return (
        f"error on the lesson {errors[0] ** 0.5:.4f} -> {min(errors) ** 0.5:.4f} in {len(errors)} "
        f"steps, on the test {before:.4f} -> {after:.4f}\n"
        f"noise of {NOISE} per pixel leaves {bars.mean():.4f}, by a Hessian of {u.size} pixels "
        f"with {entries} entries that agrees with its products to {residual:.0e}"
    )


if __name__ == "__main__":
    print(report())
