"""Iterations of our own: Anderson's for fixed points, Newton's steps that refine a minimum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.core.kinds import raw
from gradtape.implicit.linear import DENSE, solve_by_products
from gradtape.transforms.gradients import grad, linearize
from gradtape.transforms.jacobians import jacobian


def anderson(step: Callable[..., Any], x: Any, tol: float, maxiter: int, memory: int) -> Any:
    """Anderson's acceleration of ``x <- step(x)``.

    With the last residuals ``r = step(x) - x``, the next iterate combines their steps in the way
    that makes the combined residual smallest.
    """
    steps: list[Any] = []
    residuals: list[Any] = []
    for _ in range(maxiter):
        y = step(x)
        r = y - x
        if not np.all(np.isfinite(r)):
            break
        if np.max(np.absolute(r), initial=0) <= tol * (1 + np.max(np.absolute(x), initial=0)):
            return np.array(y, np.float64)
        steps, residuals = [*steps, y][-memory - 1 :], [*residuals, r][-memory - 1 :]
        x = y
        if memory and len(residuals) > 1:
            differences = np.diff(np.stack(residuals), axis=0).T
            weights = np.linalg.lstsq(differences, r, rcond=None)[0]
            x = y - np.diff(np.stack(steps), axis=0).T @ weights
    raise RuntimeError(
        f"Give a start nearer to the solution, a contraction, method='hybr' or a wider tol: "
        f"implicit.fixed_point did not converge in {maxiter} iterations."
    )


@np.errstate(all="ignore")  # a step may leave the domain of f; it is then not taken
def newton(f: Callable[..., Any], x: Any) -> tuple[Any, bool]:
    """`x` after Newton steps that make the gradient of `f` smaller, and whether it is a minimum.

    It is one if the next step would be no longer than rounding explains, and, where the Hessian is
    formed, that is positive definite.
    """
    slope = grad(f)
    g = slope(x)
    for _ in range(10):
        step = _newton_step(slope, x, g)
        if step is None:
            return x, False
        moved = x - step
        after = slope(moved)
        if not np.linalg.norm(after) < np.linalg.norm(g):
            break
        x, g = moved, after
    eps = float(np.finfo(np.result_type(raw(f(x)), np.float16)).eps)
    small = np.max(np.absolute(step)) <= np.sqrt(eps) * (1 + np.max(np.absolute(x)))
    return x, bool(small)


def _newton_step(slope: Callable[..., Any], x: Any, g: Any) -> Any:
    """``inv(H) @ g``, or None."""
    if not np.all(np.isfinite(g)):
        return None
    if len(x) > DENSE:
        try:
            return solve_by_products("cg", linearize(slope, x)[1], g)
        except RuntimeError:
            return None
    hessian = jacobian(slope)(x)
    try:
        np.linalg.cholesky(hessian)
        return np.linalg.solve(hessian, g)
    except np.linalg.LinAlgError:
        return None
