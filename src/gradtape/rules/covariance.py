"""Covariances and correlation coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw, positive_real
from gradtape.core.rules import composite
from gradtape.rules.arguments import as_array, cast, conj, sample

_FREQUENCIES = np.array([1, 3, 2, 1])


def _variables(a: Any, dtype: Any, by_rows: bool) -> Any:
    """`a` as a matrix with a variable in each row."""
    a = np.atleast_2d(cast(as_array(a), dtype))
    return a if by_rows else np.transpose(a)


@composite(
    np.cov,
    calls=[
        call(draw(4)),
        call(draw(2, 4)),
        call(draw(2, 4), draw(4), bias=True),
        call(draw(4, 2), draw(4, 1), rowvar=False),
        call(draw(2, 4), ddof=0),
        call(draw(2, 4), fweights=_FREQUENCIES),
        call(draw(2, 4), aweights=draw(4, domain=positive_real)),
        call(draw(2, 4), fweights=_FREQUENCIES, aweights=draw(4, domain=positive_real), ddof=0),
        call(draw(4), None, True, False, 2, _FREQUENCIES, draw(4, domain=positive_real)),
    ],
)
def _cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    m, y = as_array(m), None if y is None else as_array(y)
    f, a = (None if w is None else as_array(w) for w in (fweights, aweights))
    # NumPy goes first: it refuses and warns of what it does, and chooses the dtype.
    options = {"ddof": ddof, "fweights": sample(f), "aweights": sample(a), "dtype": dtype}
    plain = np.cov(sample(m), sample(y), rowvar, bias, **options)
    if not plain.size:
        return apply(np.positive, (plain,))
    x = _variables(m, plain.dtype, rowvar or m.ndim == 1)
    if y is not None:
        y = _variables(y, plain.dtype, rowvar or y.ndim == 1)
        x = np.concatenate((x, y), axis=0)
    if ddof is None:
        ddof = 0 if bias else 1
    weights = f if a is None else a if f is None else f * a
    if weights is None:
        total = freedom = x.shape[1]
        centred = x - np.mean(x, axis=1, keepdims=True)
        weighted = centred
    else:
        total = freedom = np.sum(cast(weights, np.float64))
        centred = x - np.sum(x * weights, axis=1, keepdims=True) / total
        weighted = centred * weights
    if a is None or ddof == 0:
        freedom = freedom - ddof
    else:
        freedom = total - ddof * np.sum(weights * a) / total
    freedom = np.maximum(freedom, 0)
    return np.squeeze(np.matmul(centred, conj(np.transpose(weighted)))) / freedom


# A coefficient that rounding has carried beyond 1 is clipped, and has no gradient, as at a maximum.
@composite(
    np.corrcoef,
    calls=[
        call(draw(3, 4)),
        call(draw(4), draw(4)),
        call(draw(4, 2), draw(4, 1), rowvar=False),
    ],
)
def _corrcoef(
    x: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: Any = np._NoValue,
    ddof: Any = np._NoValue,
    *,
    dtype: Any = None,
) -> Any:
    c = np.cov(x, y, rowvar, dtype=dtype)
    if not c.ndim:
        return c / c
    scale = np.sqrt(np.real(np.diagonal(c)))
    c = c / scale[:, None] / scale
    if c.dtype.kind == "c":
        return np.clip(np.real(c), -1, 1) + 1j * np.clip(np.imag(c), -1, 1)
    return np.clip(c, -1, 1)
