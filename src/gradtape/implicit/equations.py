"""Roots, fixed points and minima as functions of their parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.core import structure
from gradtape.core.kinds import raw
from gradtape.core.tape import active
from gradtape.implicit.arguments import (
    Dependence,
    as_tensor,
    joined,
    joined_like,
    one_by_one,
    outline,
    unrecorded,
    vector_of,
)
from gradtape.implicit.linear import DENSE, check_solver
from gradtape.implicit.refine import anderson, newton
from gradtape.implicit.rule import attach
from gradtape.solvers import minimize as solvers
from gradtape.solvers.parameters import Parameters
from gradtape.transforms.arguments import returned
from gradtape.transforms.gradients import grad


def root(
    f: Callable[..., Any],
    x0: Any,
    *params: Any,
    method: str | Callable[..., Any] = "hybr",
    tol: float | None = None,
    options: dict[str, Any] | None = None,
    linear_solver: str = "auto",
) -> Any:
    """The solution ``x`` of ``f(x, *params) = 0``, differentiable with respect to `params`.

    By the implicit function theorem ``dx/dp = -inv(df/dx) df/dp`` at the solution, whatever found
    it; in both modes, to any order.

    Parameters
    ----------
    f
        ``f(x, *params)``, as many real equations as unknowns, of any structure.
    x0
        The start: real numbers, of any structure; the solution has its structure, shapes and
        dtypes. It carries no gradient. `f` gets `x` in float64, whose precision solvers need.
    params
        Numbers, arrays or Tensors, nested in any way. Variables and watched Tensors that `f` reads
        by itself get gradients too.
    method, tol, options
        As for `gradtape.root`, which has the exact Jacobian. Or `method` is a solver of your own,
        ``method(equations, x0)`` with ``equations(x) = f(x, *params)``, which returns ``x``.
    linear_solver
        How derivatives solve their linear system. "dense" forms the matrix; "gmres", "bicgstab",
        "cg" (for a symmetric positive definite one) and "neumann" (the series, for a contraction
        ``x - f``) use products with it; "auto" is "dense" up to 400 unknowns.

    Returns
    -------
    In the structure of `x0`
        Tensors if any parameter is one or is recorded, NumPy values otherwise.

    Raises
    ------
    RuntimeError
        If the solver, or that of the linear system, does not converge.
    ValueError
        If there are not as many equations as unknowns.
    numpy.linalg.LinAlgError
        In the derivative, if ``df/dx`` is singular at the solution to working precision.

    References
    ----------
    A. Griewank and A. Walther, *Evaluating Derivatives*, SIAM 2008, chapter 15. M. Blondel et al.,
    "Efficient and modular implicit differentiation", NeurIPS 2022.

    Examples
    --------
    >>> import gradtape as gt
    >>> cube_root = lambda p: gt.implicit.root(lambda x, p: x**3 - p, 1.0, p)
    >>> round(float(gt.grad(cube_root)(8.0)), 9)
    0.083333333
    """

    def solve(equations: Callable[..., Any], start: Any) -> Any:
        if callable(method):
            return _by_user("root", method, equations, start)
        found = solvers.root(equations, start, method=method, tol=tol, options=options)
        return _converged("root", found)

    return _solution("root", f, f, x0, params, solve, linear_solver)


def fixed_point(
    f: Callable[..., Any],
    x0: Any,
    *params: Any,
    method: str | Callable[..., Any] = "anderson",
    tol: float = 1e-12,
    maxiter: int = 1000,
    memory: int = 5,
    linear_solver: str = "auto",
) -> Any:
    """The solution ``x`` of ``x = f(x, *params)``, differentiable with respect to `params`.

    By the implicit function theorem ``dx/dp = inv(I - df/dx) df/dp``, as for `root`.

    Parameters
    ----------
    f
        ``f(x, *params)``, of the structure and shapes of `x`.
    x0, params, linear_solver
        As for `root`. For a contraction "neumann" sums the series of ``inv(I - df/dx)``.
    method
        "anderson": Anderson's acceleration of the iteration ``x <- f(x)``. Or a method of
        `gradtape.root` for ``x - f(x) = 0``, which needs no contraction; or a solver of your own,
        ``method(f, x0)``.
    tol
        The iteration ends when ``max|f(x) - x| <= tol * (1 + max|x|)``.
    maxiter
        After how many iterations to give up.
    memory
        How many earlier iterates the acceleration combines; 0 for the plain iteration.

    Returns
    -------
    As for `root`.

    Raises
    ------
    RuntimeError, numpy.linalg.LinAlgError
        As for `root`.
    ValueError
        If `f` does not return the structure and shapes of `x`.

    References
    ----------
    D. G. Anderson, "Iterative procedures for nonlinear integral equations", J. ACM 12, 1965.
    H. F. Walker and P. Ni, "Anderson acceleration for fixed-point iterations", SIAM J. Numer.
    Anal. 49, 2011.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> x = gt.implicit.fixed_point(np.cos, 1.0)
    >>> round(float(x), 9)
    0.739085133
    """

    def residual(x: Any, *params: Any) -> Any:
        return joined(x) - joined_like(_STEP, x, f(x, *params))

    def solve(step: Callable[..., Any], start: Any) -> Any:
        if callable(method):
            return _by_user("fixed_point", method, step, start)
        parameters = Parameters("implicit.fixed_point", start)

        def next_of(vector: Any) -> Any:
            x = parameters.nest(vector)
            return np.asarray(raw(joined_like(_STEP, x, step(x))))

        if method == "anderson":
            return anderson(next_of, parameters.vector, tol, maxiter, memory)
        found = solvers.root(
            lambda x: joined(x) - joined_like(_STEP, x, step(x)),
            start,
            method=method,
            tol=tol,
        )
        return _converged("fixed_point", found)

    return _solution("fixed_point", residual, f, x0, params, solve, linear_solver)


def minimize(
    f: Callable[..., Any],
    x0: Any,
    *params: Any,
    method: str | None = None,
    tol: float | None = 1e-10,
    options: dict[str, Any] | None = None,
    linear_solver: str = "auto",
) -> Any:
    """The ``x`` that minimizes ``f(x, *params)``, differentiable with respect to `params`.

    By the implicit function theorem for ``df/dx = 0``: the linear system has the Hessian. Without
    bounds and constraints.

    Parameters
    ----------
    f
        ``f(x, *params)``, a real number.
    x0, params
        As for `root`.
    method, tol, options
        As for `gradtape.minimize`. A few Newton steps follow, for derivatives are only as accurate
        as the solution.
    linear_solver
        As for `root`; "auto" is "cg" beyond 400 unknowns.

    Returns
    -------
    As for `root`.

    Raises
    ------
    RuntimeError, numpy.linalg.LinAlgError
        As for `root`. A solver that stops early is forgiven if the Newton steps converge.

    References
    ----------
    S. Gould et al., "On differentiating parameterized argmin and argmax problems with application
    to bi-level optimization", 2016.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> ridge = lambda p: gt.implicit.minimize(lambda x, p: (x - 3) ** 2 + p * x**2, 0.0, p)
    >>> round(float(ridge(1.0)), 6), round(float(gt.grad(ridge)(1.0)), 6)
    (1.5, -0.75)
    """

    def solve(value: Callable[..., Any], start: Any) -> Any:
        parameters = Parameters("implicit.minimize", start)
        chosen = method or ("BFGS" if parameters.vector.size <= DENSE else "Newton-CG")
        found = solvers.minimize(value, start, method=chosen, tol=tol, options=options)
        vector = np.asarray(found.x_flat, np.float64)
        vector, converged = newton(lambda v: value(parameters.nest(v)), vector)
        return vector if converged else _converged("minimize", found, vector)

    def slope(x: Any, *params: Any) -> Any:
        return grad(lambda x: f(x, *params))(x)

    return _solution("minimize", slope, f, x0, params, solve, linear_solver, large="cg")


_STEP = "the function of implicit.fixed_point"


def _solution(
    name: str,
    equation: Callable[..., Any],
    f: Callable[..., Any],
    x0: Any,
    params: Sequence[Any],
    solve: Callable[..., Any],
    linear_solver: str,
    large: str = "gmres",
) -> Any:
    """What `solve` finds for `f`, recorded as what satisfies `equation`."""
    check_solver(linear_solver)
    as_given, wide = outline(f"implicit.{name}", x0)
    dependence = Dependence(equation, params)

    def solution_at(start: Any, *values: Any) -> list[Any]:
        plain = wide.nest(np.array(raw(start)))
        return [unrecorded(solve, dependence.at(f, values), plain)]

    (vector,) = one_by_one(solution_at, vector_of(x0), *dependence.inputs)
    if active():
        dependence.capture(wide.nest(as_tensor(vector)))
    if linear_solver == "auto":
        linear_solver = "dense" if vector.size <= DENSE else large
    solution = attach(dependence, wide.nest, vector, linear_solver)
    tensors = bool(dependence.inputs) or bool(dependence.captured)
    return returned(as_given.nest(solution), tensors)


def _converged(name: str, found: Any, vector: Any = None) -> Any:
    if not found.success:
        raise RuntimeError(
            f"Give a start nearer to the solution, another method or more iterations: "
            f"implicit.{name} did not converge ({str(found.message).strip()})."
        )
    return np.asarray(found.x_flat if vector is None else vector, np.float64)


def _by_user(name: str, method: Callable[..., Any], f: Callable[..., Any], start: Any) -> Any:
    """The solution that the user's `method` finds, as a vector."""

    def of_plain(x: Any) -> Any:
        result = f(x)
        return structure.rebuild(result, [raw(leaf) for leaf in structure.flatten(result)])

    found = joined_like(f"the method of implicit.{name}", start, method(of_plain, start))
    vector = np.array(raw(found), np.float64)
    if not np.all(np.isfinite(vector)):
        raise RuntimeError(
            f"Return a solution from the method of implicit.{name}: it has infinite or NaN entries."
        )
    return vector
