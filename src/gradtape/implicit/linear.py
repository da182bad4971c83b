"""Linear systems of derivatives: by a matrix, or by products with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.core.kinds import raw

DENSE = 400
"""Up to how many unknowns "auto" forms the matrix."""

SOLVERS = ("auto", "dense", "gmres", "bicgstab", "cg", "neumann")


def check_solver(name: str) -> None:
    """Raise a ValueError for a linear solver that is none of ours."""
    if name not in SOLVERS:
        known = ", ".join(map(repr, SOLVERS))
        raise ValueError(f"Give linear_solver one of {known}: got {name!r}.")


def solve_dense(matrix: Any, v: Any) -> Any:
    """``inv(matrix) @ v``; a LinAlgError if rounding leaves no digit of it."""
    plain = raw(matrix)
    if isinstance(plain, np.ndarray):
        condition = np.linalg.cond(plain, 1)
        if not condition * np.finfo(plain.dtype).eps < 1:
            raise np.linalg.LinAlgError(
                f"Take the derivative where the solution moves smoothly with the parameters: the "
                f"derivative of the equation in the unknowns is singular here (condition number "
                f"{condition:.1e})."
            )
    return np.linalg.solve(matrix, v)


def solve_by_products(name: str, product: Callable[[Any], Any], v: Any) -> Any:
    """`w` with ``product(w) == v``, a linear map of plain vectors."""
    v = np.array(v)
    if name == "neumann":
        w, failed = _neumann(product, v)
    else:
        w, failed = _krylov(name, product, v)
    if failed:
        raise RuntimeError(
            f"Use linear_solver='dense', or a better conditioned equation: {name!r} did not solve "
            f"the linear system of the derivative."
        )
    return w


def _krylov(name: str, product: Callable[[Any], Any], v: Any) -> tuple[Any, bool]:
    from scipy.sparse import linalg

    shape = (len(v), len(v))
    operator = linalg.LinearOperator(shape, matvec=lambda w: np.array(product(w)), dtype=v.dtype)
    options: dict[str, Any] = {"rtol": 1e-12, "atol": 0.0}
    if name == "gmres":
        options |= {"restart": min(len(v), 100), "maxiter": 100}
    w, failed = getattr(linalg, name)(operator, v, **options)
    return w, bool(failed)


def _neumann(product: Callable[[Any], Any], v: Any) -> tuple[Any, bool]:
    """The series ``v + A v + A (A v) + ...`` for the map ``w - A w``, of a contraction `A`."""
    w, scale = v, np.linalg.norm(v)
    for _ in range(1000):
        rest = v - product(w)
        size = np.linalg.norm(rest)
        if size <= 1e-12 * scale:
            return w, False
        if not size < 1e6 * scale:
            break
        w = w + rest
    return w, True
