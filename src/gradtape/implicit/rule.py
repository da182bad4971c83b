"""The solution of an equation as one recorded operation.

If ``f(x(p), p) = 0`` then ``df/dx dx/dp = -df/dp``. So the cotangent ``v`` of ``x`` becomes
``-(df/dp)' w`` with ``(df/dx)' w = v``, and a tangent ``t`` of ``p`` becomes the ``s`` with
``df/dx s = -df/dp t``: one linear system each, whatever the solver did.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradtape.core.batch import deepest
from gradtape.core.cotangents import accumulate, dense
from gradtape.core.forward import ForwardAccumulator
from gradtape.core.handle import Spec
from gradtape.core.kinds import Recorded, raw
from gradtape.core.tape import GradientTape, active
from gradtape.custom import record_call
from gradtape.implicit.arguments import (
    Dependence,
    as_tensor,
    joined,
    one_by_one,
    unless_inside,
    unrecorded,
)
from gradtape.implicit.linear import solve_by_products, solve_dense
from gradtape.transforms.gradients import linearize, vjp


def attach(
    dependence: Dependence, nest: Callable[..., Any], vector: Any, linear_solver: str
) -> Any:
    """`vector` as a Tensor, the solution of the equation of `dependence` for ``nest(vector)``."""
    rule = _Implicit(dependence, nest, linear_solver)
    return record_call(rule, vector, [*dependence.inputs, *dependence.captured])


class _Implicit(Recorded):
    """One solution, as a rule of its own."""

    user_code = True

    def __init__(
        self, dependence: Dependence, nest: Callable[..., Any], linear_solver: str
    ) -> None:
        super().__init__(dependence.f)
        self.dependence = dependence
        self.nest = nest
        self.linear_solver = linear_solver

    def save(self, y: Any, values: Sequence[Any], ids: Sequence[int], kwargs: Any) -> Any:
        return (y, *values), (None, Spec.of(y))

    def pull(
        self, g: Any, ids: Sequence[int], saved: Any, options: Any, live: Any, into: dict[int, Any]
    ) -> None:
        v = dense(g, options[1])
        asked = [k for k, ident in enumerate(ids) if ident in live]
        if deepest([raw(x) for x in saved]) is None:
            found = self._pulled(v, saved, asked)  # of a batch of cotangents at once
        else:
            found = unless_inside(lambda v, *saved: self._pulled(v, saved, asked), v, *saved)
        for k, c in zip(asked, found, strict=True):
            accumulate(into, ids[k], c if active() else raw(c))

    def _pulled(self, v: Any, saved: Sequence[Any], asked: Sequence[int]) -> list[Any]:
        x, sources = as_tensor(saved[0]), self.dependence.sources(saved[1:])
        moving = [sources[k] for k in asked]
        with GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch([x, *moving])
            residual = self._residual(x, sources)
        if self.linear_solver == "dense":
            w = solve_dense(np.swapaxes(tape.jacobian(residual, x, "zero"), -1, -2), v)
        else:
            w = self._by_products(_against, v, x, sources)
        return tape.gradient(residual, moving, -w, "zero")  # type: ignore[no-any-return]

    def push(self, y: Any, values: Sequence[Any], tangents: Sequence[Any], kwargs: Any) -> Any:
        if deepest([raw(x) for x in (y, *values)]) is None:
            return self._pushed(y, values, tangents)
        count = len(values) + 1

        def push(*both: Any) -> list[Any]:
            return [self._pushed(both[0], both[1:count], both[count:])]

        return unless_inside(push, y, *values, *tangents)[0]

    def _pushed(self, y: Any, values: Sequence[Any], tangents: Sequence[Any]) -> Any:
        x, sources = as_tensor(y), self.dependence.sources(values)
        moved = [(s, t) for s, t in zip(sources, tangents, strict=True) if t is not None]
        with (
            ForwardAccumulator([s for s, _ in moved], [t for _, t in moved]) as accumulator,
            GradientTape(persistent=True, watch_accessed_variables=False) as tape,
        ):
            tape.watch(x)
            residual = self._residual(x, sources)
        v = accumulator.jvp(residual, "zero")
        v = v if active() else raw(v)
        if self.linear_solver == "dense":
            w = solve_dense(tape.jacobian(residual, x, "zero"), v)
        else:
            w = self._by_products(_along, v, x, sources)
        return -(w if active() else raw(w))

    def _residual(self, x: Any, sources: Sequence[Any]) -> Any:
        residual = as_tensor(joined(self.dependence.call((self.nest(x),), sources)))
        if residual.shape != x.shape or residual.dtype.kind != "f":
            raise ValueError(
                f"Give as many real equations as unknowns, {x.size}: got {residual.size} of dtype "
                f"{residual.dtype}."
            )
        return residual

    def _by_products(self, direction: Any, v: Any, x: Any, sources: Sequence[Any]) -> Any:
        """`w` whose product with the Jacobian (as `direction` forms it) is `v`.

        It is itself the solution of an equation, whose derivative is found in the same way.
        """
        inputs = sources[: len(self.dependence.inputs)]

        def map_at(x: Any, inputs: Sequence[Any]) -> Callable[[Any], Any]:
            return direction(lambda x: self._residual(x, inputs), x)  # type: ignore[no-any-return]

        def solve(v: Any, x: Any, *inputs: Any) -> list[Any]:
            product = unrecorded(map_at, raw(x), list(map(raw, inputs)))
            return [unrecorded(solve_by_products, self.linear_solver, product, raw(v))]

        (w,) = one_by_one(solve, v, x, *inputs)
        if not active():
            return w

        def equation(w: Any, v: Any, x: Any, *inputs: Any) -> Any:
            return map_at(x, inputs)(w) - v

        linear = Dependence(equation, (as_tensor(v), x, *inputs))
        linear.capture(as_tensor(w))
        return attach(linear, lambda w: w, w, self.linear_solver)


def _against(f: Callable[..., Any], x: Any) -> Callable[[Any], Any]:
    pull = vjp(f, x)[1]
    return lambda w: pull(w)[0]


def _along(f: Callable[..., Any], x: Any) -> Callable[[Any], Any]:
    push: Callable[[Any], Any] = linearize(f, x)[1]
    return push
