"""Diagonals of matrices, matrices of diagonals, triangles."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from gradtape.core.batching import leading, past, renamed
from gradtape.core.cotangents import Masked
from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw
from gradtape.core.kinds import invoke
from gradtape.core.rules import RULES, composite, linear
from gradtape.rules.arguments import as_array, refuse_out


def diagonals(a: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    """The diagonals of the matrices along two axes of `a`, as a last axis."""
    return np.diagonal(a, offset, axis1, axis2)


def matrices_of(v: Any, *, shape: tuple[int, int], offset: int) -> Any:
    """Matrices of zeros with the last axis of `v` on a diagonal."""
    matrices = np.zeros_like(v, shape=(*v.shape[:-1], *shape))
    row = np.arange(v.shape[-1]) + max(-offset, 0)
    matrices[..., row, row + offset] = v
    return matrices


def _diagonals_transpose(g: Any, a: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    options: dict[str, Any] = {"shape": (a.shape[axis1], a.shape[axis2]), "offset": offset}
    back = np.moveaxis(_matrices_of(g, options), (-2, -1), (axis1, axis2))
    on = matrices_of(np.ones(g.shape[-1:], bool), **options)
    on = np.moveaxis(np.broadcast_to(on, (*g.shape[:-1], *on.shape)), (-2, -1), (axis1, axis2))
    return Masked(back, on)


def _matrices_of(v: Any, options: dict[str, Any]) -> Any:
    return invoke(RULES[matrices_of], (v,), options)


linear(
    diagonals,
    _diagonals_transpose,
    moves=True,
    batch=renamed(
        axis1=lambda axis, a: past(axis, a.ndim - 1), axis2=lambda axis, a: past(axis, a.ndim - 1)
    ),
    calls=[call(draw(2, 3, 4), offset=1, axis1=2, axis2=0)],
)
linear(
    matrices_of,
    lambda g, v, *, shape, offset: np.diagonal(g, offset, -2, -1),
    moves=True,
    batch=leading(1),
    calls=[
        call(draw(2, 3), shape=(3, 3), offset=0),
        call(draw(2), shape=(2, 4), offset=1),
        call(draw(2), shape=(3, 2), offset=-1),
    ],
)


@composite(
    np.diagonal,
    calls=[
        call(draw(3, 3)),
        call(draw(2, 4), offset=1),
        call(draw(4, 2), -2),
        call(draw(2, 3, 4), axis1=2, axis2=1),
        call(draw(2, 3, 4), -1, 0, -1),
        call(draw(2, 2), 5),
    ],
)
def _diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    options = {"offset": operator.index(offset), "axis1": axis1, "axis2": axis2}
    return apply(diagonals, (as_array(a),), options)


@composite(
    np.diag,
    calls=[
        call(draw(3)),
        call(draw(2), k=1),
        call(draw(2), -2),
        call(draw(2, 3)),
        call(draw(3, 2), 1),
    ],
)
def _diag(v: Any, k: int = 0) -> Any:
    v = as_array(v)
    if v.ndim == 2:
        return np.diagonal(v, k)
    if v.ndim != 1:
        raise ValueError("Input must be 1- or 2-d.")
    length = v.shape[0] + abs(k)
    return apply(matrices_of, (v,), {"shape": (length, length), "offset": k})


@composite(np.diagflat, calls=[call(draw(2, 2)), call(draw(2), k=-1), call(draw())])
def _diagflat(v: Any, k: int = 0) -> Any:
    return np.diag(np.ravel(as_array(v)), k)


@composite(
    np.trace,
    calls=[call(draw(3, 3)), call(draw(2, 4), 1), call(draw(2, 3, 4), axis1=2, axis2=0)],
)
def _trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Any:
    refuse_out(out, np.trace)
    return np.sum(np.diagonal(as_array(a), offset, axis1, axis2), axis=-1, dtype=dtype)


for _function in (np.tril, np.triu):

    @composite(
        _function,
        calls=[call(draw(3, 3)), call(draw(2, 2, 4), k=1), call(draw(3, 2), -1), call(draw(2))],
    )
    def _triangle(m: Any, k: int = 0, *, function: Any = _function) -> Any:
        m = as_array(m)
        mask = function(np.ones(m.shape[-2:], bool), k)
        # As a selection, so that an infinite derivative outside the triangle does no harm.
        return np.where(mask, m, np.zeros((), m.dtype))
