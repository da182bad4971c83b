"""Second derivatives, Jacobians and constraints in the forms that SciPy's solvers take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.solvers.functions import Equations
from gradtape.solvers.parameters import Parameters
from gradtape.transforms.gradients import grad, linearize, vjp
from gradtape.transforms.jacobians import jacobian


def products(gradient: Callable[..., Any]) -> Callable[..., Any]:
    """``hessp(x, p)``, forward over reverse; the gradient is linearized once at each point."""
    at: Any = None
    push: Any = None

    def product(x: Any, p: Any) -> Any:
        nonlocal at, push
        if at is None or not np.array_equal(at, x):
            at, push = np.array(x), linearize(gradient, x)[1]
        return push(p)

    return product


def in_float64(derivative: Callable[..., Any]) -> Callable[[Any], Any]:
    """`derivative`, a function that gives a dense or sparse matrix, as SciPy wants it."""
    return lambda x: derivative(x).astype(np.float64)


def operator(f: Callable[..., Any]) -> Callable[[Any], Any]:
    """The Jacobian as a linear operator."""
    from scipy.sparse.linalg import LinearOperator

    def at(x: Any) -> Any:
        value, push = linearize(f, x)
        pull = vjp(f, x)[1]
        return LinearOperator(
            (np.size(value), np.size(x)),
            matvec=lambda t: push(np.ravel(t)),
            rmatvec=lambda v: pull(np.ravel(v).astype(value.dtype))[0],
            dtype=np.float64,
        )

    return at


def constraints(given: Any, parameters: Parameters, second_order: bool) -> list[Any]:
    """SciPy's constraints of the vector, with exact derivatives where the user gives none.

    Second derivatives only where the method reads them: others warn about what they ignore.
    """
    from scipy.optimize import LinearConstraint, NonlinearConstraint

    if isinstance(given, (dict, LinearConstraint, NonlinearConstraint)):
        given = [given]
    return [_constraint(one, parameters, second_order) for one in given]


_LIMITS = {"eq": (0, 0), "ineq": (0, np.inf)}


def _constraint(given: Any, parameters: Parameters, second_order: bool) -> Any:
    from scipy.optimize import NonlinearConstraint

    if isinstance(given, dict):
        args = given.get("args", ())
        f = Equations("minimize", given["fun"], parameters, args)
        rest = {key: given[key] for key in given if key not in ("fun", "jac", "args")}
        jac = _own(given.get("jac"), f, args) or in_float64(jacobian(f))
        limits = _LIMITS.get(str(given.get("type")).lower())
        if second_order and limits:  # a dict has no place for the Hessian
            return NonlinearConstraint(f.values, *limits, jac=jac, hess=_hessian(f))
        return {**rest, "fun": f.values, "jac": jac}
    if not isinstance(given, NonlinearConstraint):
        return given
    f = Equations("minimize", given.fun, parameters, ())
    second = {"hess": _own(given.hess, f, ()) or _hessian(f)} if second_order else {}
    return NonlinearConstraint(
        f.values,
        given.lb,
        given.ub,
        jac=_own(given.jac, f, ()) or in_float64(jacobian(f)),
        keep_feasible=given.keep_feasible,
        **second,
    )


def _own(derivative: Any, f: Equations, args: Any) -> Callable[..., Any] | None:
    """The user's derivative, which gets nested parameters and gives SciPy's matrix; or None."""
    if not callable(derivative):
        return None
    more = args if isinstance(args, tuple) else (args,)
    return lambda x, *v: derivative(f.parameters.nest(x), *v, *more)


def _hessian(f: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """``sum_i v[i] * hessian(f[i])`` as a linear operator."""
    from scipy.sparse.linalg import LinearOperator

    def at(x: Any, v: Any) -> Any:
        push = linearize(grad(lambda y: np.dot(v, f(y))), x)[1]
        return LinearOperator(
            (len(x), len(x)), matvec=lambda p: push(np.ravel(p)), dtype=np.float64
        )

    return at
