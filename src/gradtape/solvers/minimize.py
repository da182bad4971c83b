"""`minimize`, `least_squares` and `root`: SciPy's solvers with exact derivatives."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.core import structure
from gradtape.core.errors import warn_user
from gradtape.core.handle import Handle
from gradtape.solvers.parameters import Parameters
from gradtape.transforms.gradients import grad, linearize, value_and_grad, vjp
from gradtape.transforms.jacobians import hessian, jacobian

_WITHOUT_GRADIENT = frozenset({"nelder-mead", "powell", "cobyla", "cobyqa"})
_WITH_PRODUCTS = frozenset({"newton-cg", "trust-ncg", "trust-krylov", "trust-constr"})
_WITH_HESSIAN = frozenset({"dogleg", "trust-exact"})


def minimize(
    fun: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    method: str | None = None,
    bounds: Any = None,
    constraints: Any = (),
    tol: float | None = None,
    callback: Callable[..., Any] | None = None,
    options: dict[str, Any] | None = None,
    progress: bool = False,
) -> Any:
    """Minimize a scalar function of nested parameters, by `scipy.optimize.minimize`.

    SciPy gets the exact gradient (one evaluation gives value and gradient); for "Newton-CG",
    "trust-ncg", "trust-krylov" and "trust-constr" exact Hessian-vector products, and for "dogleg"
    and "trust-exact" the exact Hessian.

    Parameters
    ----------
    fun
        ``fun(x, *args)``, plain NumPy code that returns a real number.
    x0
        The start: numbers, arrays or Tensors, or nested lists, tuples, dicts and dataclasses of
        them. SciPy works in float64; `fun` gets each leaf in its own dtype.
    args
        Further arguments of `fun`, which stay as they are.
    method
        Any method of SciPy's; the default is SciPy's choice.
    bounds
        A pair ``(low, high)`` or None for each leaf, in the structure of `x0`; or as SciPy wants
        them for the flat vector.
    constraints
        SciPy's dictionaries and `NonlinearConstraint`, of functions of nested parameters, whose
        Jacobians are filled in; `LinearConstraint` of the flat vector.
    tol, options
        As in SciPy.
    callback
        Called after each iteration as ``callback(x)`` with nested parameters, or, if its parameter
        is named so, as ``callback(intermediate_result)`` with ``x`` and ``fun``. StopIteration ends
        the run where SciPy lets it.
    progress
        Show a progress bar with the value; needs tqdm.

    Returns
    -------
    scipy.optimize.OptimizeResult
        SciPy's result, with `x` and `jac` in the structure of `x0`, and the flat vector as
        `x_flat`.

    Raises
    ------
    TypeError
        If `fun` does not return one real number, or a parameter holds integers.
    ValueError
        If bounds do not fit the parameters.
    ImportError
        If `progress` is asked for and tqdm is not installed.

    References
    ----------
    J. Nocedal and S. J. Wright, *Numerical Optimization*, 2nd edition, Springer 2006.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> rosenbrock = lambda p: (1 - p["x"]) ** 2 + 100 * (p["y"] - p["x"] ** 2) ** 2
    >>> found = gt.minimize(rosenbrock, {"x": -1.0, "y": 2.0}, method="trust-ncg")
    >>> round(float(found.x["x"]), 3), round(float(found.x["y"]), 3)
    (1.0, 1.0)
    """
    from scipy.optimize import minimize as scipy_minimize

    parameters = Parameters("minimize", x0)
    limits = parameters.bounds(bounds)

    def objective(vector: Any) -> Any:
        return fun(parameters.nest(vector), *args)

    _check_scalar(objective(parameters.vector))
    wanted = (method or "").lower()
    derivatives: dict[str, Any] = {}
    call: Any = lambda vector: float(_plain(objective(vector)))  # noqa: E731
    if wanted not in _WITHOUT_GRADIENT:
        call, derivatives["jac"] = value_and_grad(objective), True
    if wanted in _WITH_PRODUCTS:
        derivatives["hessp"] = _products(grad(objective))
    if wanted in _WITH_HESSIAN:
        derivatives["hess"] = hessian(objective)
    reports = _Reports(objective, parameters, callback, progress, options)
    try:
        found = scipy_minimize(
            call,
            parameters.vector,
            method=method,
            bounds=limits,
            constraints=_constraints(constraints, parameters),
            tol=tol,
            callback=reports.callback,
            options=options,
            **derivatives,
        )
    finally:
        reports.close()
    return _finished(found, parameters)


def least_squares(
    fun: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    bounds: Any = None,
    method: str = "trf",
    sparsity: Any = None,
    **options: Any,
) -> Any:
    """Minimize ``sum(rho(fun(x) ** 2)) / 2`` by `scipy.optimize.least_squares`.

    SciPy gets the exact Jacobian: dense; with `sparsity` a sparse one in as many directions as it
    has colours; with ``tr_solver="lsmr"`` alone as a linear operator that is never formed.

    Parameters
    ----------
    fun
        ``fun(x, *args)``, the residuals: arrays of any structure.
    x0, args, bounds
        As for `minimize`.
    method
        "trf", "dogbox" or "lm".
    sparsity
        As for `jacobian`: "detect", a pattern or a `Coloring`. `x0` and the residuals are then one
        array.
    options
        What else SciPy takes: ``loss``, ``f_scale``, ``x_scale``, ``ftol``, ``tr_solver`` ...

    Returns
    -------
    scipy.optimize.OptimizeResult
        SciPy's result, with `x` in the structure of `x0`, and the flat vector as `x_flat`.

    Raises
    ------
    TypeError, ValueError
        As for `minimize`.

    References
    ----------
    J. Nocedal and S. J. Wright, *Numerical Optimization*, 2nd edition, Springer 2006, chapter 10.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> t = np.linspace(0, 3, 7)
    >>> y = 2.0 * np.exp(-1.5 * t)
    >>> model = lambda p: p["scale"] * np.exp(-p["rate"] * t) - y
    >>> found = gt.least_squares(model, {"scale": 1.0, "rate": 1.0})
    >>> round(float(found.x["scale"]), 6), round(float(found.x["rate"]), 6)
    (2.0, 1.5)
    """
    from scipy.optimize import least_squares as scipy_least_squares

    parameters = Parameters("least_squares", x0)
    limits = parameters.bounds(bounds)

    def residuals(vector: Any) -> Any:
        return _joined(fun(parameters.nest(vector), *args))

    if options.get("tr_solver") == "lsmr" and sparsity is None:
        jac = _operator(residuals)
    else:
        jac = jacobian(residuals, sparsity=sparsity)
    found = scipy_least_squares(
        lambda vector: np.asarray(_plain(residuals(vector)), np.float64),
        parameters.vector,
        jac=jac,
        method=method,
        **({} if limits is None else {"bounds": limits}),
        **options,
    )
    found.x_flat, found.x = found.x, parameters.result(found.x)
    return found


def root(
    fun: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    method: str = "hybr",
    tol: float | None = None,
    callback: Callable[..., Any] | None = None,
    options: dict[str, Any] | None = None,
) -> Any:
    """Solve ``fun(x) = 0`` by `scipy.optimize.root`, with the exact Jacobian.

    Parameters
    ----------
    fun
        ``fun(x, *args)``, as many equations as there are unknowns, of any structure.
    x0, args
        As for `minimize`.
    method
        Any method of SciPy's; "hybr" and "lm" get the Jacobian, the others approximate it.
    tol, options
        As in SciPy.
    callback
        Called as ``callback(x)`` with nested unknowns, where the method has iterations to tell of.

    Returns
    -------
    scipy.optimize.OptimizeResult
        SciPy's result, with `x` in the structure of `x0`, and the flat vector as `x_flat`.

    Raises
    ------
    ValueError
        If there are not as many equations as unknowns.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> found = gt.root(lambda x: x**3 - np.array([1.0, 8.0]), np.array([0.5, 1.0]))
    >>> found.x.round(6)
    array([1., 2.])
    """
    from scipy.optimize import root as scipy_root

    parameters = Parameters("root", x0)

    def equations(vector: Any) -> Any:
        return _joined(fun(parameters.nest(vector), *args))

    count = np.size(_plain(equations(parameters.vector)))
    if count != len(parameters.vector):
        raise ValueError(
            f"Give root as many equations as unknowns, {len(parameters.vector)}: got {count}."
        )
    exact = {"jac": jacobian(equations)} if method in ("hybr", "lm") else {}
    told = {}
    if callback is not None and method not in ("hybr", "lm"):
        told = {"callback": lambda x, _: callback(parameters.result(x))}
    found = scipy_root(
        lambda vector: np.asarray(_plain(equations(vector)), np.float64),
        parameters.vector,
        method=method,
        tol=tol,
        options=options,
        **exact,
        **told,
    )
    found.x_flat, found.x = found.x, parameters.result(found.x)
    return found


# -- derivatives --------------------------------------------------------------------------------


def _products(gradient: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    """``hessp(x, p)``; the gradient is linearized once at each point."""
    at: list[Any] = [None, None]

    def product(x: Any, p: Any) -> Any:
        if at[0] is None or not np.array_equal(at[0], x):
            at[:] = [np.array(x), linearize(gradient, x)[1]]
        return at[1](p)

    return product


def _operator(residuals: Callable[..., Any]) -> Callable[[Any], Any]:
    """The Jacobian as a linear operator."""
    from scipy.sparse.linalg import LinearOperator

    def at(x: Any) -> Any:
        value, push = linearize(residuals, x)
        pull = vjp(residuals, x)[1]
        return LinearOperator(
            (np.size(value), np.size(x)),
            matvec=lambda t: push(np.ravel(t)),
            rmatvec=lambda v: pull(np.ravel(v))[0],
            dtype=np.float64,
        )

    return at


def _constraints(constraints: Any, parameters: Parameters) -> Any:
    """SciPy's constraints of the vector, with exact derivatives where none are given."""
    from scipy.optimize import LinearConstraint, NonlinearConstraint

    if isinstance(constraints, (dict, LinearConstraint, NonlinearConstraint)):
        constraints = [constraints]
    return [_constraint(c, parameters, NonlinearConstraint) for c in constraints]


def _constraint(constraint: Any, parameters: Parameters, nonlinear: type) -> Any:
    if isinstance(constraint, dict):
        more = tuple(constraint.get("args", ()))
        f = _of_vector(constraint["fun"], parameters, more)
        rest = {k: v for k, v in constraint.items() if k not in ("fun", "jac", "args")}
        return {**rest, "fun": lambda x: np.asarray(_plain(f(x))), "jac": jacobian(f)}
    if not isinstance(constraint, nonlinear):
        return constraint
    f = _of_vector(constraint.fun, parameters, ())  # type: ignore[attr-defined]
    return nonlinear(
        lambda x: np.asarray(_plain(f(x))),
        constraint.lb,  # type: ignore[attr-defined]
        constraint.ub,  # type: ignore[attr-defined]
        jac=jacobian(f),
        hess=lambda x, v: hessian(lambda y: np.dot(v, f(y)))(x),
        keep_feasible=constraint.keep_feasible,  # type: ignore[attr-defined]
    )


def _of_vector(
    fun: Callable[..., Any], parameters: Parameters, more: tuple[Any, ...]
) -> Callable[[Any], Any]:
    return lambda vector: _joined(fun(parameters.nest(vector), *more))


# -- values -------------------------------------------------------------------------------------


def _joined(tree: Any) -> Any:
    """All numbers of nested results as one vector."""
    parts: Sequence[Any] = [np.ravel(leaf) for leaf in structure.flatten(tree)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _plain(value: Any) -> Any:
    return value._value if isinstance(value, Handle) else value


def _check_scalar(value: Any) -> None:
    plain = np.asarray(_plain(value))
    if plain.shape or plain.dtype.kind not in "fiu":
        raise TypeError(
            f"Return one real number, as np.sum gives, from the function that minimize gets: got "
            f"shape {plain.shape}, dtype {plain.dtype}."
        )
    if not np.isfinite(plain):
        warn_user(f"Give minimize a start where the function is finite: it is {plain} at x0.")


def _finished(found: Any, parameters: Parameters) -> Any:
    found.x_flat, found.x = found.x, parameters.result(found.x)
    slope = found.get("jac")
    if isinstance(slope, np.ndarray) and slope.shape == parameters.vector.shape:
        found.jac = parameters.result(slope)
    return found


class _Reports:
    """Tells the user's callback and the progress bar of each iteration."""

    def __init__(
        self,
        objective: Callable[..., Any],
        parameters: Parameters,
        callback: Callable[..., Any] | None,
        progress: bool,
        options: dict[str, Any] | None,
    ) -> None:
        self._objective = objective
        self._parameters = parameters
        self._user = callback
        self._bar = _bar(options) if progress else None
        self.callback = self._tell if callback is not None or progress else None

    def _tell(self, xk: Any, state: Any = None) -> Any:
        from scipy.optimize import OptimizeResult

        wants_result = self._user is not None and list(
            inspect.signature(self._user).parameters
        ) == ["intermediate_result"]
        if self._bar is not None or wants_result:
            value = float(_plain(self._objective(xk)))
        if self._bar is not None:
            self._bar.set_postfix(fun=f"{value:.6g}")
            self._bar.update()
        if self._user is None:
            return None
        x = self._parameters.result(xk)
        if wants_result:
            return self._user(intermediate_result=OptimizeResult(x=x, fun=value))
        return self._user(x)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def _bar(options: dict[str, Any] | None) -> Any:
    try:
        from tqdm import tqdm
    except ImportError:
        raise ImportError(
            "Install tqdm for progress=True, as with pip install tqdm, or leave it out."
        ) from None
    return tqdm(total=(options or {}).get("maxiter"), unit="iteration")
