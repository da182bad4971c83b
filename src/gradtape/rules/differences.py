"""Differences of neighbours, derivatives and integrals of sampled functions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw, positive
from gradtape.core.rules import composite, raw
from gradtape.rules.arguments import Axis, along, as_array, cast, inexact, is_tensor

# -- differences --------------------------------------------------------------------------------


@composite(
    np.diff,
    calls=[
        call(draw(4)),
        call(draw(2, 4), n=2),
        call(draw(3, 2), axis=0),
        call(draw(2, 3), 1, -1, draw(2, 1), draw()),
        call(draw(2, 3), prepend=0.5, append=draw(2, 2)),
        call(draw(3), n=0),
    ],
)
def _diff(
    a: Any, n: int = 1, axis: int = -1, prepend: Any = np._NoValue, append: Any = np._NoValue
) -> Any:
    if n == 0:
        return a
    if n < 0:
        raise ValueError(f"Give numpy.diff an order n of 0 or more: got {n!r}.")
    a = as_array(a)
    if not a.ndim:
        raise ValueError("Give numpy.diff an array of rank 1 or more: got rank 0.")
    axis = normalize_axis_index(axis, a.ndim)
    if prepend is not np._NoValue or append is not np._NoValue:
        ends = [_end(end, a, axis) for end in (prepend, append)]
        a = np.concatenate([*ends[0], a, *ends[1]], axis=axis)
    before, after = along(axis, slice(None, -1)), along(axis, slice(1, None))
    minus = np.not_equal if a.dtype.kind == "b" else np.subtract
    for _ in range(n):
        a = minus(a[after], a[before])
    return a


def _end(end: Any, a: Any, axis: int) -> list[Any]:
    """What to put before or after `a`: nothing, an array, or one value for each row."""
    if end is np._NoValue:
        return []
    end = as_array(end)
    if end.ndim:
        return [end]
    return [np.broadcast_to(end, (*a.shape[:axis], 1, *a.shape[axis + 1 :]))]


@composite(
    np.ediff1d,
    calls=[
        call(draw(4)),
        call(draw(2, 3), to_end=draw(2), to_begin=draw()),
        call(draw(3), 1.5),
        call(draw(0), to_begin=draw(1)),
    ],
)
def _ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    a = np.ravel(as_array(ary))
    step = a[1:] - a[:-1]
    if to_begin is None and to_end is None:
        return step
    return np.concatenate([*_flat_end(to_begin, a), step, *_flat_end(to_end, a)])


def _flat_end(end: Any, a: Any) -> list[Any]:
    if end is None:
        return []
    end = as_array(end)
    if not np.can_cast(end.dtype, a.dtype, "same_kind"):
        raise TypeError(
            f"Cast the ends given to numpy.ediff1d to {a.dtype}, the dtype of the array: got "
            f"{end.dtype}."
        )
    return [cast(np.ravel(end), a.dtype)]


# -- derivative ---------------------------------------------------------------------------------

_KNOTS = np.array([0.0, 1.0, 2.5, 3.0])


@composite(
    np.gradient,
    calls=[
        call(draw(4)),
        call(draw(3, 4), edge_order=2),
        call(draw(3, 4), 0.5, axis=1),
        call(draw(2, 3), draw(domain=positive), draw(domain=positive)),
        call(draw(4), _KNOTS),
        call(draw(4, 3), _KNOTS, 2.0, edge_order=2),
        call(draw(3, 4), _KNOTS, axis=(1,)),
        call(draw(3), _KNOTS[:3], edge_order=2),
    ],
)
def _gradient(f: Any, *varargs: Any, axis: Axis = None, edge_order: int = 1) -> Any:
    f = inexact(as_array(f))
    axes = normalize_axis_tuple(range(f.ndim) if axis is None else axis, f.ndim)
    if edge_order > 2:
        raise ValueError(f"Give numpy.gradient an edge_order of 1 or 2: got {edge_order}.")
    found = []
    for along_axis, spacing in zip(axes, _spacings(f, axes, varargs), strict=True):
        if f.shape[along_axis] < edge_order + 1:
            raise ValueError(
                f"Give numpy.gradient {edge_order + 1} entries or more along axis {along_axis}, "
                f"edge_order + 1: got {f.shape[along_axis]}."
            )
        found.append(_slope(f, along_axis, spacing, edge_order))
    results = tuple([y if is_tensor(y) else apply(np.positive, (y,)) for y in found])
    return results[0] if len(results) == 1 else results


def _spacings(f: Any, axes: tuple[int, ...], given: tuple[Any, ...]) -> list[Any]:
    """For each axis the distance of its entries, or an array of those of neighbours."""
    spacings = [as_array(spacing) for spacing in given] or [1.0] * len(axes)
    if len(spacings) == 1 and not np.ndim(raw(spacings[0])):
        return [_weak(spacings[0], *given)] * len(axes)
    if len(spacings) != len(axes):
        raise TypeError(
            f"Give numpy.gradient one spacing, or one for each of {len(axes)} axes: got "
            f"{len(spacings)}."
        )
    for position, (axis, spacing) in enumerate(zip(axes, spacings, strict=True)):
        if not np.ndim(raw(spacing)):
            spacings[position] = _weak(spacing, *given[position : position + 1])
            continue
        if spacing.shape != (f.shape[axis],):
            raise ValueError(
                f"Give numpy.gradient coordinates of shape {(f.shape[axis],)} for axis {axis}: "
                f"got shape {spacing.shape}."
            )
        spacings[position] = np.diff(inexact(spacing))
    return spacings


def _weak(spacing: Any, *given: Any) -> Any:
    """A Python number as it was, so that it promotes nothing."""
    return given[0] if given and given[0].__class__ in (int, float, complex) else spacing


def _slope(f: Any, axis: int, h: Any, edge_order: int) -> Any:
    """The derivative along `axis`: differences to both sides inside, to one side at the ends."""
    n = f.shape[axis]

    def part(start: int, stop: int) -> Any:
        return f[along(axis, slice(start, stop))]

    if np.ndim(raw(h)):
        h = np.reshape(h, (-1,) + (1,) * (f.ndim - axis - 1))
        left, right = h[:-1], h[1:]
        inside = (
            -right / (left * (left + right)) * part(0, n - 2)
            + (right - left) / (left * right) * part(1, n - 1)
            + left / (right * (left + right)) * part(2, n)
        )
        first, second, before_last, last = h[0:1], h[1:2], h[n - 3 : n - 2], h[n - 2 : n - 1]
    else:
        inside = (part(2, n) - part(0, n - 2)) / (2.0 * h)
        first = second = before_last = last = h
    if edge_order == 1:
        start = (part(1, 2) - part(0, 1)) / first
        end = (part(n - 1, n) - part(n - 2, n - 1)) / last
    else:
        start = _edge(part(0, 1), part(1, 2), part(2, 3), first, second)
        end = -_edge(part(n - 1, n), part(n - 2, n - 1), part(n - 3, n - 2), last, before_last)
    return np.concatenate([cast(x, f.dtype) for x in (start, inside, end)], axis=axis)


def _edge(f0: Any, f1: Any, f2: Any, h1: Any, h2: Any) -> Any:
    """The slope at the first of three entries, of the parabola through them."""
    a = -(2.0 * h1 + h2) / (h1 * (h1 + h2))
    b = (h1 + h2) / (h1 * h2)
    c = -h1 / (h2 * (h1 + h2))
    return a * f0 + b * f1 + c * f2


# -- integral -----------------------------------------------------------------------------------


@composite(
    np.trapezoid,
    calls=[
        call(draw(4)),
        call(draw(2, 3), dx=0.5),
        call(draw(3, 2), axis=0, dx=draw()),
        call(draw(2, 3), draw(3)),
        call(draw(3, 2), draw(3), axis=0),
        call(draw(2, 3), draw(2, 3), axis=-1),
        call(draw(2, 3), [0.0, 1.0, 4.0]),
    ],
)
def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = as_array(y)
    axis = normalize_axis_index(axis, y.ndim)
    if x is not None:
        x = as_array(x)
        dx = np.diff(x, axis=0 if x.ndim == 1 else axis - y.ndim)
        if x.ndim == 1:
            dx = np.reshape(dx, (-1,) + (1,) * (y.ndim - axis - 1))
    pairs = y[along(axis, slice(1, None))] + y[along(axis, slice(None, -1))]
    return np.sum(dx * pairs / 2.0, axis=axis)
