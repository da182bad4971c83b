"""Solutions of ordinary differential equations as functions of start, parameters and times.

By the adjoint equation: with ``dy/dt = f(y, t, p)`` and cotangents ``g[i]`` of ``y(t[i])``,

    da/dt = -(df/dy)' a,   dL/dp = integral of (df/dp)' a,   dL/dy0 = a(t[0]),

integrated backwards, where ``a`` jumps by ``g[i]`` at ``t[i]``. Or directly: the steps that SciPy
chose are done again as recorded operations, and differentiated like any program.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.core import structure
from gradtape.core.cotangents import accumulate, dense
from gradtape.core.handle import UNTRACKED, Handle, Spec, settled
from gradtape.core.kinds import Recorded
from gradtape.core.tape import active, is_discrete
from gradtape.core.tensor import Tensor
from gradtape.custom import record_call
from gradtape.implicit.arguments import Dependence, joined, plain, unrecorded
from gradtape.solvers.parameters import Parameters
from gradtape.transforms.arguments import returned
from gradtape.transforms.gradients import jvp, vjp
from gradtape.transforms.jacobians import jacobian

_EXPLICIT = frozenset({"RK23", "RK45", "DOP853"})
_STIFF = frozenset({"Radau", "BDF", "LSODA"})


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
        ``f(y, t, *params)``, of the structure of `y`.
    y0
        The start: real numbers, of any structure.
    t
        Times, ascending or descending, of shape ``(n,)``.
    params
        Numbers, arrays or Tensors, nested in any way. Variables and watched Tensors that `f` reads
        by itself get gradients too.
    method
        A method of `scipy.integrate.solve_ivp`. "Radau", "BDF" and "LSODA", for stiff equations,
        get the exact Jacobian.
    rtol, atol
        Tolerances of the solution, and of the adjoint equation: gradients are as accurate.
    adjoint
        Differentiate by the adjoint equation (by the sensitivity equation in forward mode): memory
        for the solution only, first derivatives only. Otherwise the steps are recorded: memory for
        every step, all orders and modes, explicit methods only.

    Returns
    -------
    In the structure of `y0`
        Each of shape ``(n, *y0.shape)``. Gradients flow to `y0`, `params` and, with `adjoint`, to
        `t`.

    Raises
    ------
    ValueError
        If `t` is not ascending or descending, or the method is none of these.
    RuntimeError
        If the solver fails.
    TypeError
        When a second derivative is asked for with `adjoint`.

    References
    ----------
    R. T. Q. Chen et al., "Neural ordinary differential equations", NeurIPS 2018. Y. Cao, S. Li,
    L. Petzold and R. Serban, "Adjoint sensitivity analysis for differential-algebraic equations",
    SIAM J. Sci. Comput. 24, 2003. E. Hairer, S. P. Norsett and G. Wanner, *Solving Ordinary
    Differential Equations I*, Springer 1993.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> decay = lambda rate: gt.implicit.odeint(
    ...     lambda y, t, rate: -rate * y, 1.0, np.array([0.0, 1.0]), rate)[-1]
    >>> round(float(decay(2.0)), 6), round(float(gt.grad(decay)(2.0)), 6)
    (0.135335, -0.135335)
    """
    times = np.asarray(plain(t), np.float64)
    _check(times, method, adjoint)
    start = structure.rebuild(y0, [plain(leaf) for leaf in structure.flatten(y0)])
    parameters = Parameters("implicit.odeint", start)

    def flow(y: Any, t: Any, *params: Any) -> Any:
        return joined(f(parameters.nest(y), t, *params))

    vector = joined(structure.rebuild(y0, [_floating(leaf) for leaf in structure.flatten(y0)]))
    dependence = Dependence(flow, params)
    tensors = [x for x in (vector, t) if isinstance(x, Handle)]
    if adjoint:
        solution = _by_adjoint(dependence, vector, t, times, method, rtol, atol)
    else:
        solution = _directly(dependence, vector, times, method, rtol, atol)
    leaves = [
        np.moveaxis(np.reshape(part, (*shape, len(times))), -1, 0)
        for part, shape in _rows(parameters, np.transpose(solution))
    ]
    tree = structure.rebuild(y0, leaves)
    return returned(tree, bool(tensors) or bool(dependence.inputs) or bool(dependence.captured))


def _floating(leaf: Any) -> Any:
    if isinstance(leaf, Handle):
        return leaf.astype(np.float64)  # type: ignore[attr-defined]
    return np.asarray(leaf, np.float64)


def _rows(parameters: Parameters, columns: Any) -> list[tuple[Any, Any]]:
    """The rows of each leaf among the ``(size, n)`` of the solution, and the leaf's shape."""
    rows, start = [], 0
    for shape in parameters.shapes:
        size = int(np.prod(shape))
        rows.append((columns[start : start + size], shape))
        start += size
    return rows


def _check(times: Any, method: str, adjoint: bool) -> None:
    steps = np.diff(times)
    if times.ndim != 1 or not len(times) or not (np.all(steps > 0) or np.all(steps < 0)):
        raise ValueError(
            f"Give odeint times of shape (n,), strictly ascending or descending: got shape "
            f"{times.shape}."
        )
    if method not in _EXPLICIT | _STIFF:
        raise ValueError(f"Give odeint one of {sorted(_EXPLICIT | _STIFF)}: got {method!r}.")
    if not adjoint and method not in _EXPLICIT:
        raise ValueError(
            f"Give method 'RK23', 'RK45' or 'DOP853' with adjoint=False, whose steps can be "
            f"recorded: got {method!r}."
        )


def _integrate(flow: Callable[..., Any], y: Any, start: float, stop: float, **options: Any) -> Any:
    """SciPy's solution of ``dy/dt = flow(y, t)`` from `start` to `stop`, with its steps."""
    from scipy.integrate import solve_ivp

    if options["method"] in _STIFF:
        options = {**options, "jac": lambda t, y: np.asarray(jacobian(flow)(y, t))}
    found = solve_ivp(
        lambda t, y: np.asarray(plain(flow(y, t)), np.float64), (start, stop), y, **options
    )
    if not found.success:
        raise RuntimeError(
            f"Use a method for stiff equations ('BDF', 'Radau', 'LSODA') or wider tolerances: the "
            f"integration stopped at t = {found.t[-1]:g} ({found.message})."
        )
    return found


# -- by the adjoint equation --------------------------------------------------------------------


def _by_adjoint(
    dependence: Dependence, vector: Any, t: Any, times: Any, method: str, rtol: float, atol: float
) -> Any:
    options = {"method": method, "rtol": rtol, "atol": atol}
    flow = dependence.of_plain(dependence.f)
    solution = unrecorded(_trajectory, flow, np.asarray(plain(vector)), times, options)
    if active():
        y = Tensor(settled(np.array(plain(vector))), UNTRACKED)
        dependence.find_captured(y, Tensor(np.float64(times[0]), UNTRACKED))
    smooth_t = isinstance(t, Handle) and not is_discrete(t._value)
    moved = [x for x, own in ((vector, isinstance(vector, Handle)), (t, smooth_t)) if own]
    rule = _Adjoint(dependence, times, options, isinstance(vector, Handle), smooth_t)
    return record_call(rule, solution, [*moved, *dependence.inputs, *dependence.captured])


def _trajectory(flow: Callable[..., Any], y: Any, times: Any, options: Any) -> Any:
    rows = [y]
    for start, stop in itertools.pairwise(times):
        rows.append(_integrate(flow, rows[-1], start, stop, **options).y[:, -1])
    return np.stack(rows)


class _Adjoint(Recorded):
    """One solution of a differential equation, as a rule of its own."""

    user_code = True

    def __init__(
        self, dependence: Dependence, times: Any, options: Any, start_moves: bool, times_move: bool
    ) -> None:
        super().__init__(dependence.f)
        self.dependence = dependence
        self.times = times
        self.options = options
        self.before = int(start_moves) + int(times_move)
        self.start_moves = start_moves
        self.times_move = times_move

    def save(self, y: Any, values: Sequence[Any], ids: Sequence[int], kwargs: Any) -> Any:
        return (y, *values), (None, Spec.of(y))

    def pull(
        self, g: Any, ids: Sequence[int], saved: Any, options: Any, live: Any, into: dict[int, Any]
    ) -> None:
        if active():
            raise TypeError(
                "Use odeint(..., adjoint=False) for second derivatives: the adjoint equation is "
                "integrated by SciPy, and gives first ones only."
            )
        y, *values = saved
        sources = [plain(x) for x in self.dependence.sources(values[self.before :])]
        cotangents = self._backwards(np.asarray(dense(g, options[1])), y, sources)
        for ident, c in zip(ids, cotangents, strict=True):
            if ident in live:
                accumulate(into, ident, c)

    def _pieces(self, sources: Sequence[Any]) -> tuple[list[int], list[int]]:
        """Which sources have gradients, and where each ends among all their entries."""
        moving = [k for k, x in enumerate(sources) if not is_discrete(np.asarray(x))]
        return moving, np.cumsum([np.size(sources[k]) for k in moving]).tolist()

    def _call(self, y: Any, t: Any, sources: Sequence[Any]) -> Any:
        count = len(self.dependence.inputs)
        # What the function reads by itself is lent the values to differentiate at.
        kept = [(h, h._value, h._id) for h in self.dependence.captured]
        try:
            for (handle, _, _), value in zip(kept, sources[count:], strict=True):
                handle._value, handle._id = plain(value), getattr(value, "_id", handle._id)
            return self.dependence.call((y, t), sources[:count])
        finally:
            for handle, value, ident in kept:
                handle._value, handle._id = value, ident

    def _backwards(self, g: Any, y: Any, sources: list[Any]) -> list[Any]:
        """The cotangents of start, times and sources, from the last time to the first."""
        moving, ends = self._pieces(sources)
        a, p = np.array(g[-1]), np.zeros(ends[-1] if ends else 0)
        at_times = np.zeros(len(self.times))
        for k in range(len(self.times) - 1, 0, -1):
            at_times[k] = np.dot(g[k], self._value(y[k], self.times[k], sources))
            a, p = unrecorded(self._segment, k, y, a, p, sources, moving)
            a = a + g[k - 1]
        at_times[0] = -np.dot(a - g[0], self._value(y[0], self.times[0], sources))
        found = dict(zip(moving, np.split(p, ends[:-1]) if ends else [], strict=True))
        own = [a] * self.start_moves + [at_times] * self.times_move
        return [
            *own,
            *[
                np.reshape(found[k], np.shape(x)) if k in found else np.zeros(np.shape(x))
                for k, x in enumerate(sources)
            ],
        ]

    def _segment(
        self, k: int, y: Any, a: Any, p: Any, sources: Sequence[Any], moving: Sequence[int]
    ) -> tuple[Any, Any]:
        """The adjoint at ``t[k - 1]`` from that at ``t[k]``."""
        size, start, stop = len(a), self.times[k], self.times[k - 1]

        def back(y: Any, a: Any, t: Any) -> list[Any]:
            def of(y: Any, *moved: Any) -> Any:
                return self._at(y, t, sources, moving, moved)

            value, pull = vjp(of, y, *[sources[k] for k in moving])
            return [value, *[np.ravel(c) for c in pull(-a)]]

        if self.options["method"] in _STIFF:
            # Backwards a stiff equation explodes: the solution comes from its interpolant.
            flow = lambda y, t: self._call(y, t, sources)  # noqa: E731
            path = _integrate(flow, y[k - 1], stop, start, dense_output=True, **self.options).sol

            def slopes(state: Any, t: Any) -> Any:
                return np.concatenate(back(path(float(plain(t))), state[:size], t)[1:])

            end = _integrate(slopes, np.concatenate([a, p]), start, stop, **self.options).y[:, -1]
            return end[:size], end[size:]

        def both(state: Any, t: Any) -> Any:
            return np.concatenate(back(state[:size], state[size : 2 * size], t))

        state = np.concatenate([y[k], a, p])
        end = _integrate(both, state, start, stop, **self.options).y[:, -1]
        return end[size : 2 * size], end[2 * size :]

    def _at(self, y: Any, t: Any, sources: Any, moving: Any, moved: Any) -> Any:
        current = list(sources)
        for k, value in zip(moving, moved, strict=True):
            current[k] = value
        return self._call(y, t, current)

    def _value(self, y: Any, t: float, sources: Sequence[Any]) -> Any:
        return np.asarray(plain(unrecorded(self._call, y, t, sources)))

    def push(self, y: Any, values: Sequence[Any], tangents: Sequence[Any], kwargs: Any) -> Any:
        """Integrate the sensitivity equation ``ds/dt = df/dy s + df/dp dp`` beside the solution."""
        if active():
            raise TypeError(
                "Use odeint(..., adjoint=False) for second derivatives: the sensitivity equation "
                "is integrated by SciPy, and gives first ones only."
            )
        sources = [plain(x) for x in self.dependence.sources(values[self.before :])]
        directions = [
            np.zeros(np.shape(x)) if t is None else plain(t)
            for x, t in zip(sources, tangents[self.before :], strict=True)
        ]
        moving, _ = self._pieces(sources)
        size = y.shape[1]

        def slopes(state: Any, t: Any) -> Any:
            def of(y: Any, *moved: Any) -> Any:
                return self._at(y, t, sources, moving, moved)

            primals = (state[:size], *[sources[k] for k in moving])
            moved = (state[size:], *[directions[k] for k in moving])
            return np.concatenate(jvp(of, primals, moved))

        own = iter(tangents[: self.before])
        s = next(own) if self.start_moves else None
        dt = next(own) if self.times_move else None
        s = np.zeros(size) if s is None else np.asarray(plain(s))
        first = plain(y)[0]
        at_start = 0.0 if dt is None else plain(dt)[0] * self._value(first, self.times[0], sources)
        state = np.concatenate([first, s - at_start])
        rows = [s - at_start]
        for start, stop in zip(self.times[:-1], self.times[1:], strict=True):
            state = _integrate(slopes, state, start, stop, **self.options).y[:, -1]
            rows.append(state[size:])
        found = np.stack(rows)
        if dt is not None:
            speeds = [self._value(r, t, sources) for r, t in zip(plain(y), self.times, strict=True)]
            found = found + np.stack(speeds) * plain(dt)[:, None]
        return found


# -- directly -----------------------------------------------------------------------------------


def _directly(
    dependence: Dependence, y: Any, times: Any, method: str, rtol: float, atol: float
) -> Any:
    """The steps that SciPy chooses, done again as recorded operations."""
    import scipy.integrate

    solver = getattr(scipy.integrate, method)
    count = solver.n_stages
    table = solver.A[:count, :count], solver.B[:count], solver.C[:count]
    flow = dependence.of_plain(dependence.f)
    rows = [y]
    for start, stop in itertools.pairwise(times):
        steps = unrecorded(
            lambda start=start, stop=stop: (
                _integrate(
                    flow,
                    np.asarray(plain(rows[-1])),
                    start,
                    stop,
                    method=method,
                    rtol=rtol,
                    atol=atol,
                ).t
            )
        )
        y = rows[-1]
        for t, after in itertools.pairwise(steps):
            y = _step(dependence, y, t, after - t, table)
        rows.append(y)
    return np.stack(rows)


def _step(dependence: Dependence, y: Any, t: float, h: float, table: Any) -> Any:
    """One explicit Runge-Kutta step."""
    rows, weights, nodes = table
    slopes: list[Any] = []
    for row, node in zip(rows, nodes, strict=True):
        at = y
        for factor, slope in zip(row, slopes, strict=False):
            if factor:
                at = at + float(h * factor) * slope
        slopes.append(dependence.call((at, float(t + h * node)), dependence.inputs))
    for weight, slope in zip(weights, slopes, strict=True):
        if weight:
            y = y + float(h * weight) * slope
    return y
