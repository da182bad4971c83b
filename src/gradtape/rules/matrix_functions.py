"""Functions of matrices: exponential, logarithm, square root. SciPy computes them.

The derivative of a matrix function in direction e is a block of the function itself,

    f([[a, e], [0, a]]) = [[f(a), L(a, e)], [0, f(a)]]

(Mathias 1996; Najfeld and Havel 1995 for the exponential; Al-Mohy and Higham 2009), which is how
`expm` and `logm` find it. That is a call of the same function, so it has every higher derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.core.batching import leading
from gradtape.core.domains import call, draw
from gradtape.core.rules import Function, primitive
from gradtape.rules.arguments import cast, conj, one_call
from gradtape.rules.matrices import adjoint, per_matrix, run, separated
from gradtape.rules.solvers import solve_sylvester


def _direction(function: Function, a: Any, e: Any) -> Any:
    """The derivative of `function` at `a` in direction `e`."""
    n = a.shape[-1]
    # A long `e` would cost squarings, and digits. Scaled by a power of 2, which carries no
    # gradient (`floor` has none), it is as long as `a`.
    ratio = _size(e) / _size(a)
    usable = np.logical_and(ratio > 0, np.isfinite(ratio))
    scale = np.exp2(np.floor(np.log2(np.where(usable, ratio, 1))))
    top = np.concatenate((a, e / scale), axis=-1)
    bottom = np.concatenate((np.zeros_like(a), a), axis=-1)
    return run(function, np.concatenate((top, bottom), axis=-2))[..., :n, n:] * scale


def _size(x: Any) -> Any:
    return np.max(np.absolute(x), axis=(-2, -1), keepdims=True, initial=0)


def _back(function: Function) -> Function:
    """The transpose: in direction `conj(g)` at the transposed matrix, conjugated."""

    def vjp(g: Any, y: Any, a: Any) -> Any:
        return conj(_direction(function, np.matrix_transpose(a), conj(g)))

    return vjp


def _like(y: Any, a: Any) -> Any:
    """`y` in the precision of `a`."""
    return cast(y, np.result_type(a, np.complex64) if y.dtype.kind == "c" else a.dtype)


@one_call
def expm(a: Any) -> Any:
    """The exponential of matrices."""
    from scipy.linalg import expm

    return _like(expm(a), a)


primitive(
    expm,
    _back(expm),
    jvp=lambda tangents, y, a: _direction(expm, a, tangents[0]),
    reads="0",
    batch=leading(2),
    calls=[call(draw(*shape)) for shape in ((3, 3), (2, 2, 2), (1, 1))],
)


@one_call
def logm(a: Any) -> Any:
    """The principal logarithm of matrices."""
    from scipy.linalg import logm

    return _like(per_matrix(logm, a), a)


def _off_the_cut(derivative: Callable[..., Any]) -> Function:
    """`derivative`, refused for a real matrix with a complex logarithm."""

    def checked(g: Any, y: Any, a: Any) -> Any:
        if y.dtype.kind == "c" and a.dtype.kind != "c":
            raise ValueError(
                "Pass gradtape.linalg.logm a matrix without negative eigenvalues: the logarithm "
                "has no derivative on the negative real axis."
            )
        return derivative(g, y, a)

    return checked


_logm_jvp = _off_the_cut(lambda g, y, a: _direction(logm, a, g))

primitive(
    logm,
    _off_the_cut(_back(logm)),
    jvp=lambda tangents, y, a: _logm_jvp(tangents[0], y, a),
    reads="y 0",
    batch=leading(2),
    calls=[call(draw(3, 3, domain=separated)), call(draw(2, 2, 2, domain=separated))],
)


@one_call
def sqrtm(a: Any) -> Any:
    """The principal square root of matrices."""
    from scipy.linalg import sqrtm

    return _like(per_matrix(sqrtm, a), a)


# y dy + dy y = da: a Sylvester equation. With an eigenvalue 0 it has no solution (the slope is
# infinite).
primitive(
    sqrtm,
    lambda g, y, a: run(solve_sylvester, adjoint(y), g),
    jvp=lambda tangents, y, a: run(solve_sylvester, y, tangents[0]),
    reads="y",
    batch=leading(2),
    calls=[call(draw(3, 3, domain=separated)), call(draw(2, 2, 2, domain=separated))],
)
