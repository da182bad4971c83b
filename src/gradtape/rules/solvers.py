"""Linear systems: inverses, solutions, least squares, triangular and Sylvester equations."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from gradtape.core.batching import leading
from gradtape.core.cotangents import project
from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw
from gradtape.core.rules import composite, primitive, raw
from gradtape.rules.arguments import as_array, inexact, one_call
from gradtape.rules.matrices import (
    adjoint,
    from_triangle,
    matrix,
    per_matrix,
    run,
    separated,
)

# -- inverses and solutions ---------------------------------------------------------------------

primitive(
    np.linalg.inv,
    lambda g, y, a: -adjoint(y) @ g @ adjoint(y),
    jvp=lambda tangents, y, a: -y @ tangents[0] @ y,
    reads="y",
    batch=leading(2),
    calls=[call(draw(*shape, domain=separated)) for shape in ((1, 1), (3, 3), (2, 2, 2))],
)


def solve(a: Any, b: Any) -> Any:
    """``inv(a) @ b`` for matrices `b`."""
    return np.linalg.solve(a, b)


def _solve_first(g: Any, y: Any, a: Any, b: Any) -> Any:
    return project(-np.linalg.solve(adjoint(a), g) @ adjoint(y), a)


def _solve_second(g: Any, y: Any, a: Any, b: Any) -> Any:
    return project(np.linalg.solve(adjoint(a), g), b)


def _solve_jvp(tangents: Any, y: Any, a: Any, b: Any) -> Any:
    da, db = tangents
    if da is None:
        return np.linalg.solve(a, db)
    moved = da @ y
    return np.linalg.solve(a, -moved if db is None else db - moved)


_SYSTEMS = [((3, 3), (3, 2)), ((2, 2, 2), (2, 1)), ((2, 2), (2, 2, 1)), ((2, 1, 2, 2), (3, 2, 1))]

primitive(
    solve,
    _solve_first,
    _solve_second,
    jvp=_solve_jvp,
    reads="y 0",
    batch=leading(2, 2),
    calls=[call(draw(*a, domain=separated), draw(*b)) for a, b in _SYSTEMS],
)


@composite(
    np.linalg.solve,
    calls=[
        call(draw(3, 3, domain=separated), draw(3, 2)),
        call(draw(3, 3, domain=separated), draw(3)),
        call(draw(2, 2, 2, domain=separated), draw(2)),
        call(draw(2, 2, 2, domain=separated), draw(2, 2)),
    ],
)
def _np_solve(a: Any, b: Any) -> Any:
    """NumPy 2: `b` is a vector only if it has one axis, otherwise matrices."""
    a, b = inexact(as_array(a)), inexact(as_array(b))
    if b.ndim == 1:
        return apply(solve, (a, b[:, None]))[..., 0]
    return apply(solve, (a, b))


@composite(
    np.linalg.tensorinv,
    calls=[call(draw(2, 2, 2, 2)), call(draw(4, 2, 2), ind=1)],
)
def _tensorinv(a: Any, ind: int = 2) -> Any:
    a, ind = as_array(a), operator.index(ind)
    if ind <= 0:
        raise ValueError("Invalid ind argument.")
    shape = a.shape[ind:] + a.shape[:ind]
    return np.reshape(np.linalg.inv(np.reshape(a, (math.prod(a.shape[ind:]), -1))), shape)


@composite(
    np.linalg.tensorsolve,
    calls=[
        call(draw(2, 2, 2, 2), draw(2, 2)),
        call(draw(2, 4, 2), draw(4), axes=(0,)),
    ],
)
def _tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    a, b = as_array(a), as_array(b)
    if axes is not None:
        order = list(range(a.ndim))
        for axis in axes:
            order.remove(axis)
            order.insert(a.ndim, axis)
        a = np.transpose(a, order)
    shape = a.shape[b.ndim - a.ndim :]
    size = math.prod(shape)
    if a.size != size**2:
        raise np.linalg.LinAlgError(
            "Input arrays must satisfy the requirement "
            "prod(a.shape[b.ndim:]) == prod(a.shape[:b.ndim])"
        )
    return np.reshape(np.linalg.solve(np.reshape(a, (size, size)), np.ravel(b)), shape)


# -- least squares ------------------------------------------------------------------------------
#
# Golub and Pereyra (1973), "The differentiation of pseudo-inverses": with y = pinv(a),
#   dy = -y da y + y y' da' (1 - a y) + (1 - y a) da' y' y,
# as long as the rank does not change. Where it does the pseudo-inverse jumps; below full rank this
# is its derivative along matrices of the same rank.


def _pinv(a: Any, *, rcond: Any) -> Any:
    return np.linalg.pinv(a, rcond)


def _pinv_vjp(g: Any, y: Any, a: Any, *, rcond: Any) -> Any:
    yh, gh = adjoint(y), adjoint(g)
    left, right = gh @ (y @ yh), (yh @ y) @ gh
    return (left - a @ (y @ left)) + (right - (right @ y) @ a) - yh @ g @ yh


def _pinv_jvp(tangents: Any, y: Any, a: Any, *, rcond: Any) -> Any:
    t, th, yh = tangents[0], adjoint(tangents[0]), adjoint(y)
    left, right = th @ (yh @ y), (y @ yh) @ th
    return (left - y @ (a @ left)) + (right - (right @ a) @ y) - y @ t @ y


primitive(
    _pinv,
    _pinv_vjp,
    jvp=_pinv_jvp,
    reads="y 0",
    batch=leading(2),
    calls=[call(draw(*s, domain=separated), rcond=1e-15) for s in ((2, 3), (3, 2), (2, 2, 2))],
)


@composite(
    np.linalg.pinv,
    calls=[
        call(draw(3, 2, domain=separated)),
        call(draw(2, 3, domain=separated), rtol=1e-8),
        call(draw(3, 3, domain=separated), 1e-8, hermitian=True),
    ],
)
def _np_pinv(a: Any, rcond: Any = None, hermitian: bool = False, **tolerance: Any) -> Any:
    a = matrix(a)
    if "rtol" in tolerance:
        if rcond is not None:
            raise ValueError("`rtol` and `rcond` can't be both set.")
        rcond = tolerance.pop("rtol")
        if rcond is None:
            rcond = _rounding(a)
    if tolerance:
        raise TypeError(f"numpy.linalg.pinv has no argument {next(iter(tolerance))!r}.")
    if hermitian:
        a = from_triangle(a, "L")
    return apply(_pinv, (a,), {"rcond": 1e-15 if rcond is None else rcond})


def _rounding(a: Any) -> float:
    """The relative size below which LAPACK takes a singular value of `a` for zero."""
    return float(max(a.shape[-2:]) * np.finfo(a.dtype).eps)


def least_squares(a: Any, b: Any, *, rcond: float) -> Any:
    """The shortest `x` with the least ``norm(b - a @ x)``, for each column of `b`."""
    return np.linalg.lstsq(a, b, rcond)[0]


def _least_squares_first(g: Any, y: Any, a: Any, b: Any, *, rcond: float) -> Any:
    inverse = _np_pinv(a, rcond)
    back = adjoint(inverse) @ g
    null = g - inverse @ (a @ g)
    residual = (b - a @ y) @ adjoint(inverse @ back)
    return residual + (adjoint(inverse) @ y) @ adjoint(null) - back @ adjoint(y)


def _least_squares_jvp(tangents: Any, y: Any, a: Any, b: Any, *, rcond: float) -> Any:
    da, db = tangents
    inverse = _np_pinv(a, rcond)
    total = 0 if db is None else inverse @ db
    if da is None:
        return total
    dah, back = adjoint(da), adjoint(inverse)
    null = dah @ (back @ y)
    shrunk = inverse @ (back @ (dah @ (b - a @ y)) - da @ y)
    return total + shrunk + null - inverse @ (a @ null)


primitive(
    least_squares,
    _least_squares_first,
    lambda g, y, a, b, *, rcond: adjoint(_np_pinv(a, rcond)) @ g,
    jvp=_least_squares_jvp,
    reads="y 0 1",
    calls=[
        call(draw(3, 2, domain=separated), draw(3, 2), rcond=1e-15),
        call(draw(2, 3, domain=separated), draw(2, 1), rcond=1e-15),
    ],
)


@composite(
    np.linalg.lstsq,
    calls=[
        call(draw(3, 2, domain=separated), draw(3)),
        call(draw(4, 2, domain=separated), draw(4, 2), rcond=None),
        call(draw(2, 3, domain=separated), draw(2)),
    ],
)
def _np_lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """`x`, the squared norms of the residuals, the rank, and the singular values."""
    a, b = matrix(a), inexact(as_array(b))
    rcond = _rounding(a) if rcond is None else float(raw(rcond))
    sums = np.linalg.lstsq(raw(a), raw(b), rcond)[1]
    rows = b if b.ndim > 1 else b[:, None]
    x = apply(least_squares, (a, rows), {"rcond": rcond})
    residuals = np.sum(np.absolute(rows - a @ x) ** 2, axis=0)[: sums.size]
    s = np.linalg.svdvals(a)
    rank = np.count_nonzero(s > rcond * np.max(s, initial=0.0))
    return x if b.ndim > 1 else x[:, 0], residuals, rank, s


# -- equations that SciPy solves ----------------------------------------------------------------


_PREFIXES = {"f": "s", "d": "d", "F": "c", "D": "z"}
"""The first letter of LAPACK's routines for a dtype."""


@one_call
def solve_triangle(a: Any, b: Any, *, lower: bool, unit: bool, check: bool = False) -> Any:
    """``inv(a) @ b`` for matrices `b`, where one triangle of `a` is read."""
    return per_matrix(lambda a, b: _solved(a, b, lower, unit, check), a, b)


def _solved(a: Any, b: Any, lower: bool, unit: bool, check: bool) -> Any:
    from scipy.linalg import lapack, solve_triangular

    if check or a.dtype != b.dtype or a.dtype.char not in _PREFIXES or not a.size or not b.size:
        return solve_triangular(a, b, lower=lower, unit_diagonal=unit, check_finite=check)
    # SciPy's function asks LAPACK for much else: this call is what it comes to.
    solve = getattr(lapack, _PREFIXES[a.dtype.char] + "trtrs")
    if a.flags.f_contiguous:
        x, info = solve(a, b, lower=lower, unitdiag=unit)
    else:  # LAPACK reads columns: it gets the transpose, and turns it
        x, info = solve(a.T, b, lower=not lower, trans=1, unitdiag=unit)
    if info:
        raise np.linalg.LinAlgError(f"singular matrix: resolution failed at diagonal {info - 1}")
    return x


def _triangle_second(g: Any, y: Any, a: Any, b: Any, *, lower: bool, unit: bool, **_: Any) -> Any:
    return project(run(solve_triangle, adjoint(a), g, lower=not lower, unit=unit), b)


def _triangle_first(g: Any, y: Any, a: Any, b: Any, *, lower: bool, unit: bool, **_: Any) -> Any:
    moved = run(solve_triangle, adjoint(a), g, lower=not lower, unit=unit)
    return project(-_triangle(moved @ adjoint(y), lower, unit), a)


def _triangle(x: Any, lower: bool, unit: bool) -> Any:
    """The triangle of `x` that is read."""
    return np.tril(x, -int(unit)) if lower else np.triu(x, int(unit))


def _triangle_jvp(
    tangents: Any, y: Any, a: Any, b: Any, *, lower: bool, unit: bool, **_: Any
) -> Any:
    da, db = tangents
    moved = db if da is None else -_triangle(da, lower, unit) @ y
    if da is not None and db is not None:
        moved = db + moved
    return run(solve_triangle, a, moved, lower=lower, unit=unit)


primitive(
    solve_triangle,
    _triangle_first,
    _triangle_second,
    jvp=_triangle_jvp,
    reads="y 0",
    batch=leading(2, 2),
    calls=[
        call(draw(*a, domain=separated), draw(*b), lower=lower, unit=unit)
        for (a, b), (lower, unit) in zip(
            _SYSTEMS,
            [(True, False), (False, False), (True, True), (False, True)],
            strict=True,
        )
    ],
)


@one_call
def solve_sylvester(a: Any, q: Any) -> Any:
    """The `x` with ``a @ x + x @ a = q``."""
    from scipy.linalg import solve_sylvester

    return per_matrix(lambda a, q: solve_sylvester(a, a, q), a, q)


def _sylvester_first(g: Any, y: Any, a: Any, q: Any) -> Any:
    z, yh = run(solve_sylvester, adjoint(a), g), adjoint(y)
    return project(-(z @ yh + yh @ z), a)


def _sylvester_jvp(tangents: Any, y: Any, a: Any, q: Any) -> Any:
    da, dq = tangents
    moved = dq if da is None else -(da @ y + y @ da)
    return run(solve_sylvester, a, moved if da is None or dq is None else dq + moved)


primitive(
    solve_sylvester,
    _sylvester_first,
    lambda g, y, a, q: project(run(solve_sylvester, adjoint(a), g), q),
    jvp=_sylvester_jvp,
    reads="y 0",
    batch=leading(2, 2),
    calls=[
        call(draw(3, 3, domain=separated), draw(3, 3)),
        call(draw(2, 2, 2, domain=separated), draw(2, 2)),
    ],
)
