"""`minimize`, `least_squares` and `root`: SciPy's solvers with exact derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.solvers.derivatives import constraints as exact_constraints
from gradtape.solvers.derivatives import in_float64, operator, products
from gradtape.solvers.functions import Equations, Objective, unrecorded
from gradtape.solvers.parameters import Parameters
from gradtape.solvers.reports import Reports
from gradtape.transforms.gradients import grad
from gradtape.transforms.jacobians import hessian, jacobian

_WITHOUT_GRADIENT = frozenset({"nelder-mead", "powell", "cobyla", "cobyqa"})
_WITH_PRODUCTS = frozenset({"newton-cg", "trust-ncg", "trust-krylov", "trust-constr"})
_WITH_HESSIAN = frozenset({"dogleg", "trust-exact"})
_WITH_JACOBIAN = frozenset({"hybr", "lm"})


def minimize(
    fun: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    method: str | Callable[..., Any] | None = None,
    *,
    bounds: Any = None,
    constraints: Any = (),
    tol: float | None = None,
    callback: Callable[..., Any] | None = None,
    options: dict[str, Any] | None = None,
    progress: bool = False,
) -> Any:
    """Minimize a scalar function of nested parameters, by `scipy.optimize.minimize`.

    SciPy gets the exact gradient ``df/dx[i]`` (one evaluation gives value and gradient); for
    "Newton-CG", "trust-ncg", "trust-krylov" and "trust-constr" exact products ``H @ p`` with the
    Hessian ``H[i, j] = d^2 f / dx[i] dx[j]``, which is never formed, and for "dogleg" and
    "trust-exact" the exact Hessian.

    Parameters
    ----------
    fun
        ``fun(x, *args)``, plain NumPy code that returns a real number. Where derivatives are taken
        the leaves of `x` are Tensors, elsewhere NumPy values.
    x0
        The start: numbers, arrays or Tensors, or nested lists, tuples, dicts and dataclasses of
        them. A list of numbers is such a nesting: pass ``np.array`` for a vector. SciPy works in
        float64; `fun` gets each leaf in its own dtype, Python numbers as float64.
    args
        Further arguments of `fun`, which stay as they are.
    method
        Any method of SciPy's, or a function as there, which gets Hessian-vector products too; the
        default is SciPy's choice. "Nelder-Mead", "Powell", "COBYLA" and "COBYQA" take no
        derivatives.
    bounds
        In the structure of `x0`, for each leaf a pair ``(low, high)``, a `scipy.optimize.Bounds`
        or None. A low or high is None, a number, or an array that broadcasts to the leaf. For one
        array also a list of pairs, one for each entry, and for any `x0` a `Bounds` of the flat
        vector.
    constraints
        SciPy's dictionaries and `NonlinearConstraint`, of functions of nested parameters with
        results of any structure, and `LinearConstraint` of the flat vector. Jacobians, and for
        "trust-constr" Hessians, are exact; your own functions ``jac`` and ``hess`` are kept: they
        get nested parameters and return matrices for the flat vector.
    tol, options
        As in SciPy.
    callback
        Called after each iteration, with every method, as ``callback(x)`` with nested parameters,
        or, if its only parameter is named so, as ``callback(intermediate_result)`` with ``x`` and
        ``fun`` (and for "trust-constr" all of its state). StopIteration ends the run.
    progress
        Show a progress bar with the value; needs tqdm.

    Returns
    -------
    scipy.optimize.OptimizeResult
        SciPy's result, with `x` and the gradient (`jac`, or `grad` for "trust-constr") in the
        structure and dtypes of `x0`, and the flat vectors as `x_flat` and `jac_flat` (or
        `grad_flat`); the rest is SciPy's, for the flat vector, in which the leaves follow each
        other in order. Tensors and Variables come back as new Tensors, Python numbers as NumPy
        scalars; no Variable is assigned.

    Raises
    ------
    TypeError
        If `fun` does not return one real number, or a parameter holds integers or complex numbers.
    ValueError
        If there are no parameters, bounds do not fit them, or SciPy knows no such method.
    ImportError
        If `progress` is asked for and tqdm is not installed.

    Warns
    -----
    GradientWarning
        If the value at the start is not finite, or a tape outside follows what enters: the result
        carries no gradient.

    References
    ----------
    J. Nocedal and S. J. Wright, *Numerical Optimization*, 2nd edition, Springer 2006: chapters 3
    to 7 (line search, trust region, conjugate gradients, quasi-Newton, products with the Hessian),
    8 (derivatives), 18 and 19 (constraints).

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
    limits = parameters.bounds(bounds, pairs_of_entries=True)
    objective = Objective("minimize", fun, parameters, args)
    objective.warn_if_watched()
    wanted = method.lower() if isinstance(method, str) else method
    call: Any = objective.value
    derivatives: dict[str, Any] = {}
    if wanted not in _WITHOUT_GRADIENT:
        call, derivatives["jac"] = objective.value_and_grad, True
    if wanted in _WITH_PRODUCTS or callable(wanted):
        derivatives["hessp"] = products(grad(objective))
    if wanted in _WITH_HESSIAN:
        derivatives["hess"] = in_float64(hessian(objective))

    def tell(x: Any, state: Any = None) -> Any:
        return reports.tell(x, lambda: objective.value(x), state)

    total = (options or {}).get("maxiter")
    with Reports(parameters, callback, progress, total) as reports, unrecorded():
        objective.first(call)
        objective.warn_unless_finite(objective.value(parameters.vector))
        try:
            found = scipy_minimize(
                call,
                parameters.vector.copy(),
                method=method,
                bounds=limits,
                constraints=exact_constraints(constraints, parameters, wanted == "trust-constr"),
                tol=tol,
                callback=tell if reports.wanted else None,
                options=options,
                **derivatives,
            )
        except StopIteration:  # which TNC lets through
            if reports.stopped_at is None:
                raise
            found = _stopped(objective, reports)
    return _finished(found, parameters)


def least_squares(
    fun: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    *,
    bounds: Any = None,
    method: str = "trf",
    sparsity: Any = None,
    callback: Callable[..., Any] | None = None,
    progress: bool = False,
    **options: Any,
) -> Any:
    """Minimize ``sum(rho(fun(x) ** 2)) / 2`` by `scipy.optimize.least_squares`.

    SciPy gets the exact Jacobian ``J[i, j] = d fun(x)[i] / dx[j]``: dense; with `sparsity` a sparse
    one in as many directions as it has colours; with ``tr_solver="lsmr"`` alone as a linear
    operator that is never formed, for large problems.

    Parameters
    ----------
    fun
        ``fun(x, *args)``, the residuals: real numbers or arrays of any structure.
    x0, args, progress
        As for `minimize`; the bar shows half the sum.
    bounds
        As for `minimize`, in the structure of `x0`; for one array the pair ``(low, high)`` is
        SciPy's own form.
    method
        "trf", "dogbox" or "lm".
    sparsity
        As for `jacobian`: "detect", a pattern or a `Coloring`. `x0` and the residuals are then one
        array.
    callback
        As for `minimize`, where `intermediate_result` has all that SciPy tells, and ``fun`` is the
        residuals. Callback and progress need SciPy 1.16; "lm" tells of no iterations.
    options
        What else SciPy takes: ``loss``, ``f_scale``, ``x_scale``, ``ftol``, ``tr_solver`` ...

    Returns
    -------
    scipy.optimize.OptimizeResult
        SciPy's result, with `x` and `grad` in the structure of `x0`, and the flat vectors as
        `x_flat` and `grad_flat`; `jac` is SciPy's, for the flat vector.

    Raises
    ------
    TypeError, ValueError, ImportError
        As for `minimize`; a TypeError if residuals are complex.

    Warns
    -----
    GradientWarning
        If a tape outside follows what enters: the result carries no gradient.

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
    limits = parameters.bounds(bounds, pairs_of_entries=False)
    residuals = Equations("least_squares", fun, parameters, args)
    residuals.warn_if_watched()
    unformed = options.get("tr_solver") == "lsmr" and sparsity is None
    jac = operator(residuals) if unformed else in_float64(jacobian(residuals, sparsity=sparsity))

    def tell(intermediate_result: Any) -> Any:
        state = intermediate_result
        return reports.tell(state.x, lambda: state.cost, state)

    if limits is not None:
        options["bounds"] = limits
    with (
        Reports(parameters, callback, progress, options.get("max_nfev")) as reports,
        unrecorded(),
    ):
        residuals.first(residuals.values)
        if reports.wanted:
            options["callback"] = tell
        found = scipy_least_squares(
            residuals.values, parameters.vector.copy(), jac=jac, method=method, **options
        )
    return _finished(found, parameters)


def root(
    fun: Callable[..., Any],
    x0: Any,
    args: tuple[Any, ...] = (),
    method: str = "hybr",
    *,
    tol: float | None = None,
    callback: Callable[..., Any] | None = None,
    options: dict[str, Any] | None = None,
    progress: bool = False,
) -> Any:
    """Solve ``fun(x) = 0`` by `scipy.optimize.root`, with the exact Jacobian.

    Parameters
    ----------
    fun
        ``fun(x, *args)``, as many equations as there are unknowns, of any structure.
    x0, args
        As for `minimize`.
    method
        Any method of SciPy's; "hybr" and "lm" get the Jacobian ``d fun(x)[i] / dx[j]``, the others
        approximate what they need of it.
    tol, options
        As in SciPy.
    callback
        Called after each iteration as ``callback(x)`` with nested unknowns, or as
        ``callback(intermediate_result)`` with ``x`` and ``fun``. "hybr" and "lm" tell of none.
    progress
        Show a progress bar with the largest residual; needs tqdm.

    Returns
    -------
    scipy.optimize.OptimizeResult
        SciPy's result, with `x` in the structure of `x0`, and the flat vector as `x_flat`.

    Raises
    ------
    TypeError
        As for `minimize`, and if equations are complex.
    ValueError
        If there are not as many equations as unknowns, or `callback` or `progress` is asked of a
        method without iterations to tell of.

    Warns
    -----
    GradientWarning
        As for `minimize`.

    References
    ----------
    J. Nocedal and S. J. Wright, *Numerical Optimization*, 2nd edition, Springer 2006, chapter 11.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> found = gt.root(lambda x: x**3 - np.array([1.0, 8.0]), np.array([0.5, 1.0]))
    >>> found.x.round(6)
    array([1., 2.])
    """
    from scipy.optimize import root as scipy_root

    parameters = Parameters("root", x0)
    equations = Equations("root", fun, parameters, args)
    has_jacobian = method.lower() in _WITH_JACOBIAN
    if has_jacobian and (callback is not None or progress):
        raise ValueError(
            f"Choose another method of root, such as 'krylov', for callback and progress: "
            f"{method!r} tells of no iterations."
        )

    def tell(x: Any, f: Any) -> Any:
        return reports.tell(x, lambda: np.max(np.abs(f)), {"fun": f})

    equations.warn_if_watched()
    more: dict[str, Any] = {"jac": in_float64(jacobian(equations))} if has_jacobian else {}
    with Reports(parameters, callback, progress) as reports, unrecorded():
        values = equations.first(equations.values)
        if len(values) != len(parameters.vector):
            raise ValueError(
                f"Give root as many equations as unknowns, {len(parameters.vector)}: got "
                f"{len(values)}."
            )
        equations.warn_unless_finite(values)
        if reports.wanted:
            more["callback"] = tell
        found = scipy_root(
            equations.values,
            parameters.vector.copy(),
            method=method,
            tol=tol,
            options=options,
            **more,
        )
    return _finished(found, parameters)


def _stopped(objective: Objective, reports: Reports) -> Any:
    """What SciPy returns after StopIteration, where it does not by itself."""
    from scipy.optimize import OptimizeResult

    x = reports.stopped_at
    value, slope = objective.value_and_grad(x)
    return OptimizeResult(
        x=x,
        fun=value,
        jac=slope,
        nit=reports.count,
        nfev=objective.calls,
        success=False,
        status=99,
        message="`callback` raised `StopIteration`.",
    )


def _finished(found: Any, parameters: Parameters) -> Any:
    """SciPy's result with what has the shape of the vector in the parameters' structure."""
    for key in ("x", "jac", "grad"):
        flat = found.get(key)
        if isinstance(flat, np.ndarray) and flat.shape == parameters.vector.shape:
            found[f"{key}_flat"], found[key] = flat, parameters.result(flat)
    return found
