"""Solutions of ordinary differential equations as functions of start, parameters and times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from gradtape.core import structure
from gradtape.core.handle import Handle
from gradtape.core.kinds import raw
from gradtape.implicit.arguments import (
    Dependence,
    joined_like,
    outline,
    unrecorded,
    vector_of,
)
from gradtape.implicit.trajectory import (
    EXPLICIT,
    STIFF,
    Options,
    check_times,
    integrate,
    last_step,
    solved,
)
from gradtape.transforms.arguments import returned


def odeint(
    f: Callable[..., Any],
    y0: Any,
    t: Any,
    *params: Any,
    method: str = "DOP853",
    rtol: float = 1e-8,
    atol: float = 1e-10,
    adjoint: bool = True,
) -> Any:
    """The solution of ``dy/dt = f(y, t, *params)``, ``y(t[0]) = y0``, at the times `t`.

    Parameters
    ----------
    f
        ``f(y, t, *params)``, of the structure and shapes of `y`.
    y0
        The start: real numbers, of any structure. `f` gets `y` in float64, whose precision step
        size control needs.
    t
        Times, ascending or descending, of shape ``(n,)``.
    params
        Numbers, arrays or Tensors, nested in any way. Variables and watched Tensors that `f` reads
        by itself get gradients too.
    method
        A method of `scipy.integrate.solve_ivp`. "Radau", "BDF" and "LSODA", for stiff equations,
        get the exact Jacobian.
    rtol, atol
        Tolerances of the solution, and of the adjoint and sensitivity equations: derivatives are
        as accurate.
    adjoint
        Differentiate by the adjoint equation, and by the sensitivity equation in forward mode:
        memory for the solution only. Otherwise SciPy's steps are recorded, and differentiated like
        any program: the exact derivative of the discrete solution, memory for every step, explicit
        methods only.

    Returns
    -------
    In the structure of `y0`
        Each of shape ``(n, *shape)`` and of the dtype there. Gradients flow to `y0`, `params` and
        `t`, in both modes, to any order.

    Raises
    ------
    ValueError
        If `t` is not ascending or descending, the method is none of these, or `f` does not return
        the structure and shapes of `y`.
    RuntimeError
        If the solver fails.
    TypeError
        When a gradient by the adjoint equation of a method for stiff equations is differentiated
        again: that gives first derivatives only.

    References
    ----------
    R. T. Q. Chen et al., "Neural ordinary differential equations", NeurIPS 2018. Y. Cao, S. Li,
    L. Petzold and R. Serban, "Adjoint sensitivity analysis for differential-algebraic equations",
    SIAM J. Sci. Comput. 24, 2003. E. Hairer, S. P. Norsett and G. Wanner, *Solving Ordinary
    Differential Equations I*, Springer 1993, sections I.14 and II.6.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> decay = lambda rate: gt.implicit.odeint(
    ...     lambda y, t, rate: -rate * y, 1.0, np.array([0.0, 1.0]), rate)[-1]
    >>> round(float(decay(2.0)), 6), round(float(gt.grad(decay)(2.0)), 6)
    (0.135335, -0.135335)
    """
    t = t if isinstance(t, Handle) else np.asarray(t, np.float64)
    _check(method, adjoint)
    as_given, wide = outline("implicit.odeint", y0)

    def flow(y: Any, t: Any, *params: Any) -> Any:
        y = wide.nest(y)
        return joined_like("the function of implicit.odeint", y, f(y, t, *params))

    dependence = Dependence(flow, params)
    start = vector_of(y0)
    options = {"method": method, "rtol": rtol, "atol": atol}
    solution = (solved if adjoint else _directly)(dependence, start, t, options)
    leaves, begin, n = [], 0, solution.shape[0]
    for like in structure.flatten(as_given.nest(as_given.vector)):
        end = begin + int(np.size(like))
        leaf = np.reshape(solution[:, begin:end], (n, *np.shape(like)))
        leaves.append(leaf if leaf.dtype == like.dtype else leaf.astype(like.dtype))
        begin = end
    inputs = [start, t, *dependence.inputs, *dependence.captured]
    return returned(structure.rebuild(y0, leaves), any([isinstance(x, Handle) for x in inputs]))


def _check(method: str, adjoint: bool) -> None:
    if method not in EXPLICIT | STIFF:
        raise ValueError(f"Give odeint one of {sorted(EXPLICIT | STIFF)}: got {method!r}.")
    if not adjoint and method not in EXPLICIT:
        raise ValueError(
            f"Give method 'RK23', 'RK45' or 'DOP853' with adjoint=False, whose steps can be "
            f"recorded: got {method!r}."
        )


# -- directly -----------------------------------------------------------------------------------


def _directly(dependence: Dependence, y: Any, t: Any, options: Options) -> Any:
    """The steps that SciPy chooses, done again as recorded operations."""
    import scipy.integrate

    solver = getattr(scipy.integrate, options["method"])
    count = solver.n_stages
    table = solver.A[:count, :count], solver.B[:count], solver.C[:count]
    flow = dependence.at(dependence.f, dependence.inputs)
    check_times(np.asarray(raw(t), np.float64))
    rows, length = [y], None
    for start, stop in pairwise([t[k] for k in range(t.shape[0])]):
        ends = float(raw(start)), float(raw(stop))
        _, steps = unrecorded(integrate, flow, np.asarray(raw(y)), *ends, options, length)
        length = last_step(steps)
        # Each step is a fixed part of its interval, which may move.
        parts = (np.asarray(steps) - ends[0]) / (ends[1] - ends[0])
        for begin, end in pairwise([float(part) for part in parts]):
            at = start + begin * (stop - start)
            y = _step(dependence, y, at, (end - begin) * (stop - start), table)
        rows.append(y)
    return np.stack(rows)


def _step(dependence: Dependence, y: Any, t: Any, h: Any, table: Any) -> Any:
    """One explicit Runge-Kutta step."""
    rows, weights, nodes = table
    slopes: list[Any] = []
    for row, node in zip(rows, nodes, strict=True):
        at = _combined(y, h, row, slopes)
        slopes.append(dependence.call((at, t + float(node) * h), dependence.inputs))
    return _combined(y, h, weights, slopes)


def _combined(y: Any, h: Any, factors: Sequence[float], slopes: Sequence[Any]) -> Any:
    """``y + h * sum(factor * slope)``."""
    terms = [float(c) * s for c, s in zip(factors, slopes, strict=False) if c]
    return y + h * sum(terms[1:], terms[0]) if terms else y
