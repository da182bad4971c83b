"""The solution of a differential equation as one recorded operation.

With ``dy/dt = f(y, t, p)`` and cotangents ``g[i]`` of ``y(t[i])``, the adjoint equation

    da/dt = -(df/dy)' a,   dL/dp = integral of (df/dp)' a,   dL/dy0 = a(t[0])

is integrated backwards, where ``a`` jumps by ``g[i]`` at ``t[i]``. Tangents follow the sensitivity
equation ``ds/dt = df/dy s + df/dp dp``. Both are differential equations again, whose solutions are
recorded in the same way where someone records: so there are derivatives of every order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from gradtape.core.cotangents import accumulate, dense
from gradtape.core.forward import ForwardAccumulator
from gradtape.core.handle import Handle, Spec
from gradtape.core.kinds import Recorded, raw
from gradtape.core.tape import GradientTape, active
from gradtape.custom import record_call
from gradtape.implicit.arguments import (
    Dependence,
    as_tensor,
    one_by_one,
    own,
    unless_inside,
    unrecorded,
)
from gradtape.transforms.checkpoint import Captures, apart
from gradtape.transforms.jacobians import jacobian

EXPLICIT = frozenset({"RK23", "RK45", "DOP853"})
STIFF = frozenset({"Radau", "BDF", "LSODA"})

Options = dict[str, Any]


def solved(dependence: Dependence, y0: Any, t: Any, options: Options) -> Any:
    """``y(t)`` of shape ``(len(t), len(y0))``, recorded, for a `dependence` of ``f(y, t, *p)``."""
    captures = Captures([]) if active() else None

    def rows_at(y0: Any, t: Any, *values: Any) -> list[Any]:
        flow = dependence.at(dependence.f, values)
        args = (flow, np.asarray(raw(y0), np.float64), np.asarray(raw(t), np.float64), options)
        if captures is None:
            return [trajectory(*args)]
        return [apart(captures, trajectory, args, {})]  # what is read at some times counts too

    (rows,) = one_by_one(rows_at, y0, t, *dependence.inputs)
    if captures is not None:
        dependence.keep(captures)
    rule = _Trajectory(dependence, t, options, isinstance(y0, Handle), isinstance(t, Handle))
    moved = [x for x in (y0, t) if isinstance(x, Handle)]
    return record_call(rule, rows, [*moved, *dependence.inputs, *dependence.captured])


# -- by SciPy -----------------------------------------------------------------------------------


def trajectory(flow: Callable[..., Any], y: Any, times: Any, options: Options) -> Any:
    """The plain solution at `times`."""
    check_times(times)
    rows, step = [y], None
    for start, stop in pairwise(times):
        y, steps = integrate(flow, y, start, stop, options, step)
        step = last_step(steps)
        rows.append(y)
    return np.stack(rows)


def check_times(times: Any) -> None:
    """Raise a ValueError unless `times` go in one direction."""
    if times.ndim != 1 or not len(times):
        raise ValueError(f"Give odeint times of shape (n,): got shape {times.shape}.")
    steps = np.diff(times)
    if not (np.all(steps > 0) or np.all(steps < 0)):
        wrong = int(np.flatnonzero(~(steps * steps[0] > 0))[0])
        raise ValueError(
            f"Give odeint strictly ascending or descending times: t[{wrong}] = {times[wrong]:g}, "
            f"t[{wrong + 1}] = {times[wrong + 1]:g}."
        )


def integrate(
    flow: Callable[..., Any],
    y: Any,
    start: float,
    stop: float,
    options: Options,
    step: float | None = None,
) -> tuple[Any, list[float]]:
    """SciPy's solution at `stop`, and the times at which its steps end; `step` is the first."""
    solver = _solver(flow, y, start, stop, options, step)
    steps = [start]
    while solver.status == "running":
        _advance(solver)
        steps.append(solver.t)
    return solver.y, steps


def last_step(steps: Sequence[float]) -> float:
    """The length of a step to go on with; the very last was cut off at the end."""
    return float(np.max(np.absolute(np.diff(steps[-3:]))))


def _path(flow: Callable[..., Any], y: Any, start: float, stop: float, options: Options) -> Any:
    """The solution between `start` and `stop`, as a function of time."""
    from scipy.integrate import OdeSolution

    solver = _solver(flow, y, start, stop, options, None)
    steps, pieces = [start], []
    while solver.status == "running":
        _advance(solver)
        steps.append(solver.t)
        pieces.append(solver.dense_output())
    return OdeSolution(steps, pieces)


def _solver(
    flow: Callable[..., Any], y: Any, start: float, stop: float, options: Options, step: Any
) -> Any:
    from scipy import integrate

    options = dict(options)
    method = options.pop("method")
    if method in STIFF:
        options["jac"] = lambda t, y: np.asarray(unrecorded(jacobian(flow), y, t), np.float64)
    if step is not None:
        options["first_step"] = min(step, abs(stop - start))
    return getattr(integrate, method)(
        lambda t, y: np.asarray(raw(flow(y, t)), np.float64), start, y, stop, **options
    )


def _advance(solver: Any) -> None:
    message = solver.step()
    if solver.status == "failed":
        raise RuntimeError(
            f"Use a method for stiff equations ('BDF', 'Radau', 'LSODA') or wider tolerances: the "
            f"integration stopped at t = {solver.t:g} ({message})."
        )


# -- as an operation ----------------------------------------------------------------------------


class _Trajectory(Recorded):
    """One solution of a differential equation, as a rule of its own."""

    user_code = True

    def __init__(
        self, dependence: Dependence, t: Any, options: Options, start_moves: bool, times_move: bool
    ) -> None:
        super().__init__(dependence.f)
        self.dependence = dependence
        self.times = None if times_move else t
        self.options = options
        self.start_moves = start_moves
        self.times_move = times_move
        self.before = int(start_moves) + int(times_move)

    def save(self, y: Any, values: Sequence[Any], ids: Sequence[int], kwargs: Any) -> Any:
        return (y, *values), (None, Spec.of(y))

    def pull(
        self, g: Any, ids: Sequence[int], saved: Any, options: Any, live: Any, into: dict[int, Any]
    ) -> None:
        asked = [k for k, ident in enumerate(ids) if ident in live]

        def pull(g: Any, y: Any, *values: Any) -> list[Any]:
            return self._pulled(g, y, values, asked)

        found = unless_inside(pull, dense(g, options[1]), *saved)
        for k, c in zip(asked, found, strict=True):
            accumulate(into, ids[k], c if active() else raw(c))

    def push(self, y: Any, values: Sequence[Any], tangents: Sequence[Any], kwargs: Any) -> Any:
        count = len(values) + 1

        def push(*both: Any) -> list[Any]:
            return [self._pushed(both[0], both[1:count], both[count:])]

        (found,) = unless_inside(push, y, *values, *tangents)
        return found if active() else raw(found)

    def _times(self, values: Sequence[Any]) -> Any:
        """The times, as they are recorded."""
        return values[int(self.start_moves)] if self.times_move else self.times

    def _slope(self, y: Any, t: Any, sources: Sequence[Any]) -> Any:
        return self.dependence.call((y, t), sources)

    # -- backwards ------------------------------------------------------------------------------

    def _pulled(self, g: Any, y: Any, values: Sequence[Any], asked: Sequence[int]) -> list[Any]:
        """The cotangents of the arguments `asked` for."""
        sources = self.dependence.sources(values[self.before :])
        moving = [k - self.before for k in asked if k >= self.before]
        times = self._times(values)
        want_times = self.times_move and int(self.start_moves) in asked
        sizes = [_count(sources[k]) for k in moving]
        a, p, at_times = g[-1], np.zeros(sum(sizes)), []
        for k in range(len(y) - 1, 0, -1):
            if want_times:
                at_times.append(np.dot(g[k], self._slope(y[k], times[k], sources)))
            if not isinstance(a, np.ndarray) or np.any(a):
                a, p = self._segment(k, y, times, a, p, sources, moving)
            if k == 1 and want_times:
                at_times.append(-np.dot(a, self._slope(y[0], times[0], sources)))
            a = a + g[k - 1]
        ends = {0: a} if self.start_moves else {}
        if want_times:
            ends[int(self.start_moves)] = np.stack(at_times[::-1]) if at_times else np.zeros(1)
        found = iter(_parts(p, [sources[k] for k in moving]))
        return [ends[k] if k < self.before else next(found) for k in asked]

    def _segment(
        self,
        k: int,
        y: Any,
        times: Any,
        a: Any,
        p: Any,
        sources: Sequence[Any],
        moving: Sequence[int],
    ) -> tuple[Any, Any]:
        """The adjoint, and the integral for the parameters, at ``t[k - 1]`` from those at `k`."""
        size, inputs = y.shape[1], sources[: len(self.dependence.inputs)]
        if self.options["method"] in STIFF:
            return self._stiff_segment(k, y, times, a, p, inputs, moving)

        def back(state: Any, t: Any, *inputs: Any) -> Any:
            return self._backwards(state[:size], state[size : 2 * size], t, inputs, moving)

        state = np.concatenate([y[k], a, p])
        both = [times[k], times[k - 1]]
        span = np.asarray(both) if isinstance(times, np.ndarray) else np.stack(both)
        end = solved(Dependence(back, tuple(inputs)), state, span, self.options)[-1]
        return end[size : 2 * size], end[2 * size :]

    def _stiff_segment(
        self,
        k: int,
        y: Any,
        times: Any,
        a: Any,
        p: Any,
        inputs: Sequence[Any],
        moving: Sequence[int],
    ) -> tuple[Any, Any]:
        """Backwards a stiff equation explodes: the solution comes from its interpolant."""
        if active():
            raise TypeError(
                f"Use a method that is not for stiff equations, odeint(..., adjoint=False), or "
                f"forward mode for derivatives of this gradient: the adjoint equation of "
                f"{self.options['method']!r} reads an interpolant, and gives first ones only."
            )
        size = y.shape[1]

        def segment(y: Any, start: Any, stop: Any, a: Any, p: Any, *inputs: Any) -> list[Any]:
            flow = lambda y, t: self._slope(y, t, inputs)  # noqa: E731
            path = _path(flow, np.asarray(y), stop, start, self.options)

            def back(state: Any, t: Any) -> Any:
                at = path(float(raw(t)))
                return self._backwards(at, state[:size], t, inputs, moving)[size:]

            end, _ = integrate(back, np.concatenate([a, p]), start, stop, self.options)
            return [end[:size], end[size:]]

        values = [y[k - 1], times[k], times[k - 1], a, p, *inputs]
        a, p = one_by_one(segment, *map(raw, values))
        return a, p

    def _backwards(
        self, y: Any, a: Any, t: Any, inputs: Sequence[Any], moving: Sequence[int]
    ) -> Any:
        """``f``, and the slopes ``-(df/dy)' a`` and ``-(df/dp)' a``, as one vector."""
        y, sources = own(y), [*map(own, inputs), *self.dependence.captured]
        wanted = [y, *[sources[k] for k in moving]]
        with GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(wanted)
            value = as_tensor(self._slope(y, t, sources))
        found = tape.gradient(value, wanted, a, "zero")
        return np.concatenate([value, *[-real for c in found for real in _reals(c)]])

    # -- forwards -------------------------------------------------------------------------------

    def _pushed(self, y: Any, values: Sequence[Any], tangents: Sequence[Any]) -> Any:
        """The tangent of the solution, by the sensitivity equation."""
        sources = self.dependence.sources(values[self.before :])
        moving = [k for k, t in enumerate(tangents[self.before :]) if t is not None]
        directions = [tangents[self.before + k] for k in moving]
        count, size, times = len(self.dependence.inputs), y.shape[1], self._times(values)

        def along(state: Any, t: Any, *rest: Any) -> Any:
            y, sources = own(state[:size]), [*map(own, rest[:count]), *self.dependence.captured]
            primals = [y, *[sources[k] for k in moving]]
            with ForwardAccumulator(primals, [state[size:], *rest[count:]]) as accumulator:
                value = as_tensor(self._slope(y, t, sources))
            return np.concatenate([value, accumulator.jvp(value, "zero")])

        s = tangents[0] if self.start_moves else None
        s = np.zeros(size) if s is None else s
        dt = tangents[int(self.start_moves)] if self.times_move else None
        if dt is not None:
            s = s - dt[0] * self._slope(y[0], times[0], sources)
        params = (*sources[:count], *directions)
        both = solved(Dependence(along, params), np.concatenate([y[0], s]), times, self.options)
        found = both[:, size:]
        if dt is not None:
            speeds = [self._slope(y[k], times[k], sources) for k in range(len(y))]
            found = found + np.stack(speeds) * dt[:, np.newaxis]
        return found


def _count(source: Any) -> int:
    """How many real numbers `source` holds."""
    return int(source.size * (2 if source.dtype.kind == "c" else 1))


def _reals(c: Any) -> list[Any]:
    """The numbers of `c` as real vectors."""
    flat = np.ravel(c)
    return [np.real(flat), np.imag(flat)] if c.dtype.kind == "c" else [flat]


def _parts(p: Any, like: Sequence[Any]) -> list[Any]:
    """The vector `p` of real numbers in the shapes and dtypes of `like`."""
    parts, start = [], 0
    for x in like:
        part = p[start : start + x.size]
        if x.dtype.kind == "c":
            part = part + 1j * p[start + x.size : start + 2 * x.size]
        parts.append(np.reshape(part, x.shape).astype(x.dtype))
        start += _count(x)
    return parts
