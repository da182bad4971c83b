"""Roots, fixed points and minima as functions of their parameters.

If ``f(x(p), p) = 0`` then ``df/dx dx/dp = -df/dp``. So the cotangent ``v`` of ``x`` becomes
``-df/dp' w`` with ``(df/dx)' w = v``: one linear system, whatever the solver did.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.core import structure
from gradtape.core.cotangents import accumulate, dense
from gradtape.core.handle import UNTRACKED, Handle, Spec, settled
from gradtape.core.kinds import Recorded
from gradtape.core.tape import GradientTape, active
from gradtape.core.tensor import Tensor
from gradtape.custom import record_call
from gradtape.implicit.arguments import Dependence, joined, plain, smooth, unrecorded
from gradtape.solvers import minimize as solvers
from gradtape.solvers.parameters import Parameters
from gradtape.transforms.arguments import returned
from gradtape.transforms.gradients import grad

_DENSE = 400
"""Up to how many unknowns a matrix is formed."""


def root(
    f: Callable[..., Any],
    x0: Any,
    *params: Any,
    method: str = "hybr",
    tol: float | None = None,
    options: dict[str, Any] | None = None,
    linear_solver: str = "auto",
) -> Any:
    """The solution ``x`` of ``f(x, *params) = 0``, differentiable with respect to `params`.

    Parameters
    ----------
    f
        ``f(x, *params)``, as many equations as unknowns, of any structure.
    x0
        The start, of any structure; the solution has its structure. It carries no gradient.
    params
        Numbers, arrays or Tensors, nested in any way. Variables and watched Tensors that `f` reads
        by itself get gradients too.
    method, tol, options
        As for `gradtape.root`.
    linear_solver
        How derivatives solve their linear system: "dense" forms the matrix, "iterative" uses
        products with it (GMRES); "auto" chooses by the number of unknowns.

    Returns
    -------
    In the structure of `x0`
        Tensors if any parameter is one or is recorded, NumPy values otherwise.

    Raises
    ------
    RuntimeError
        If the solver does not converge.
    numpy.linalg.LinAlgError
        In the derivative, if ``df/dx`` is singular at the solution.

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
        found = solvers.root(equations, start, method=method, tol=tol, options=options)
        return _converged("root", found)

    return _solution("root", f, f, x0, params, solve, linear_solver)


def fixed_point(
    f: Callable[..., Any],
    x0: Any,
    *params: Any,
    tol: float = 1e-12,
    maxiter: int = 1000,
    memory: int = 5,
    linear_solver: str = "auto",
) -> Any:
    """The solution ``x`` of ``x = f(x, *params)``, differentiable with respect to `params`.

    Found by Anderson's acceleration of the iteration ``x <- f(x)``.

    Parameters
    ----------
    f
        ``f(x, *params)``, of the structure of `x`.
    x0, params, linear_solver
        As for `root`.
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
    RuntimeError
        If it does not converge.

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

    def solve(step: Callable[..., Any], start: Any) -> Any:
        parameters = Parameters("fixed_point", start)

        def flat(v: Any) -> Any:
            return np.asarray(plain(joined(step(parameters.nest(v)))))

        return _anderson(flat, parameters.vector, tol, maxiter, memory)

    def residual(x: Any, *params: Any) -> Any:
        return joined(x) - joined(f(x, *params))

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
    x0, params, linear_solver
        As for `root`.
    method, tol, options
        As for `gradtape.minimize`.

    Returns
    -------
    As for `root`.

    Raises
    ------
    RuntimeError
        If the solver does not converge.

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
        found = solvers.minimize(value, start, method=method, tol=tol, options=options)
        return _converged("minimize", found)

    def slope(x: Any, *params: Any) -> Any:
        return grad(lambda x: f(x, *params))(x)

    return _solution("minimize", slope, f, x0, params, solve, linear_solver)


# -- from a solution to its derivative ----------------------------------------------------------


def _solution(
    name: str,
    equation: Callable[..., Any],
    f: Callable[..., Any],
    x0: Any,
    params: Sequence[Any],
    solve: Callable[..., Any],
    linear_solver: str,
) -> Any:
    """What `solve` finds for `f`, recorded as what satisfies `equation`."""
    if linear_solver not in ("auto", "dense", "iterative"):
        raise ValueError(
            f"Give linear_solver 'auto', 'dense' or 'iterative': got {linear_solver!r}."
        )
    start = structure.rebuild(x0, [plain(leaf) for leaf in structure.flatten(x0)])
    parameters = Parameters(f"implicit.{name}", start)
    dependence = Dependence(equation, params)
    vector = unrecorded(solve, dependence.of_plain(f), start)
    if active():
        dependence.find_captured(parameters.nest(Tensor(settled(vector), UNTRACKED)))
    iterative = linear_solver == "iterative" or (linear_solver == "auto" and len(vector) > _DENSE)
    solution = _attach(dependence, parameters.nest, vector, iterative)
    tree = parameters.nest(solution)
    return returned(tree, bool(dependence.inputs) or bool(dependence.captured))


def _attach(dependence: Dependence, nest: Callable[..., Any], vector: Any, iterative: bool) -> Any:
    """`vector` as a Tensor that depends on what `dependence` depends on."""
    rule = _Implicit(dependence, nest, iterative)
    return record_call(rule, vector, [*dependence.inputs, *dependence.captured])


class _Implicit(Recorded):
    """One solution, as a rule of its own."""

    user_code = True

    def __init__(self, dependence: Dependence, nest: Callable[..., Any], iterative: bool) -> None:
        super().__init__(dependence.f)
        self.dependence = dependence
        self.nest = nest
        self.iterative = iterative

    def save(self, y: Any, values: Sequence[Any], ids: Sequence[int], kwargs: Any) -> Any:
        return (y, *values), (None, Spec.of(y))

    def pull(
        self, g: Any, ids: Sequence[int], saved: Any, options: Any, live: Any, into: dict[int, Any]
    ) -> None:
        v = dense(g, options[1])
        x, sources = _as_tensor(saved[0]), self.dependence.sources(saved[1:])
        moving = smooth(sources)
        with GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch([x, *moving.values()])
            residual = joined(self.dependence.call((self.nest(x),), sources[: self._count]))
        if self.iterative:
            w = self._by_products(tape, residual, x, v, sources)
        else:
            w = _solve(tape.jacobian(residual, x, "zero"), v)
        found = tape.gradient(residual, list(moving.values()), -_as_tensor(w))
        for position, c in zip(moving, found, strict=True):
            if c is not None and ids[position] in live:
                accumulate(into, ids[position], c if active() else c._value)

    @property
    def _count(self) -> int:
        return len(self.dependence.inputs)

    def _by_products(self, tape: Any, residual: Any, x: Any, v: Any, sources: Any) -> Any:
        """``w`` with ``(df/dx)' w = v`` by GMRES, itself a solution that depends on `v` and `x`."""

        def product(w: Any) -> Any:
            return tape.gradient(residual, x, w, "zero")

        w = unrecorded(_gmres, lambda w: product(w)._value, plain(v))
        if not active():
            return w

        # A linear equation for w, whose own derivative is found in the same way.
        def equation(w: Any, v: Any, x: Any, *sources: Any) -> Any:
            with GradientTape(watch_accessed_variables=False) as inner:
                x = x * 1.0
                inner.watch(x)
                r = joined(self.dependence.call((self.nest(x),), sources))
            return inner.gradient(r, x, w, "zero") - v

        linear = Dependence(equation, (_as_tensor(v), x, *sources[: self._count]))
        linear.find_captured(_as_tensor(w))
        return _attach(linear, lambda w: w, w, True)


def _as_tensor(value: Any) -> Any:
    return value if isinstance(value, Handle) else Tensor(settled(value), UNTRACKED)


def _solve(jacobian: Any, v: Any) -> Any:
    matrix = np.swapaxes(jacobian, -1, -2)
    try:
        return np.linalg.solve(matrix, _as_tensor(v))
    except np.linalg.LinAlgError:
        raise np.linalg.LinAlgError(
            "Take the derivative where the solution moves smoothly with the parameters: the "
            "derivative of the equation in the unknowns is singular here."
        ) from None


def _gmres(product: Callable[..., Any], v: Any) -> Any:
    from scipy.sparse.linalg import LinearOperator, gmres

    operator = LinearOperator(
        (len(v), len(v)), matvec=lambda w: np.array(product(w)), dtype=v.dtype
    )
    options: dict[str, Any] = {"restart": min(len(v), 100), "maxiter": 100}
    w, info = gmres(operator, np.array(v), rtol=1e-12, atol=0.0, **options)
    if info:
        raise RuntimeError(
            "Use linear_solver='dense', or a better conditioned equation: GMRES did not solve the "
            "linear system of the derivative."
        )
    return w


def _converged(name: str, found: Any) -> Any:
    if not found.success:
        raise RuntimeError(
            f"Give a start nearer to the solution, another method or more iterations: "
            f"implicit.{name} did not converge ({str(found.message).strip()})."
        )
    return np.asarray(found.x_flat, np.float64)


def _anderson(step: Callable[..., Any], x: Any, tol: float, maxiter: int, memory: int) -> Any:
    """Anderson's acceleration of ``x <- step(x)``."""
    steps: list[Any] = []
    residuals: list[Any] = []
    for _ in range(maxiter):
        y = step(x)
        r = y - x
        if not np.all(np.isfinite(r)):
            break
        if np.max(np.absolute(r), initial=0) <= tol * (1 + np.max(np.absolute(x), initial=0)):
            return y
        steps, residuals = [*steps, y][-memory - 1 :], [*residuals, r][-memory - 1 :]
        x = y
        if memory and len(residuals) > 1:
            differences = np.diff(np.stack(residuals), axis=0).T
            weights = np.linalg.lstsq(differences, r, rcond=None)[0]
            x = y - np.diff(np.stack(steps), axis=0).T @ weights
    raise RuntimeError(
        f"Give a start nearer to the solution, or a contraction: implicit.fixed_point did not "
        f"converge in {maxiter} iterations."
    )
