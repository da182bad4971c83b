"""What complex numbers need besides: phases without jumps, dropping what is no imaginary part."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradtape.core.batching import leading
from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw, real_only
from gradtape.core.rules import composite, primitive, raw
from gradtape.rules.arguments import as_array


def unwrap(p: Any, *, discont: Any, axis: int, period: Any) -> Any:
    """`p` plus multiples of `period`, so that neighbours along `axis` differ by half of it at most.

    Where a difference is exactly half a period the multiple jumps; the slope is 1 on both sides.
    """
    return np.unwrap(p, discont, axis, period=period)


primitive(
    unwrap,
    lambda g, y, p, **options: g,
    reads="",
    jvp=lambda tangents, y, p, **options: tangents[0],
    calls=[call(draw(2, 4, domain=real_only), discont=None, axis=-1, period=1.5)],
    batch=leading(1),
)


@composite(
    np.unwrap,
    calls=[
        call(draw(5, domain=real_only)),
        call(draw(4, 2, domain=real_only), axis=0, period=0.9),
        call(draw(2, 4, domain=real_only), 1.3, period=2.0),
    ],
)
def _unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * math.pi) -> Any:
    p = as_array(p)
    axis = int(normalize_axis_index(operator.index(axis), p.ndim)) - p.ndim
    return apply(unwrap, (p,), {"discont": discont, "axis": axis, "period": period})


@composite(np.real_if_close, calls=[call(draw(2, 3)), call(draw(3), tol=1e20)])
def _real_if_close(a: Any, tol: Any = 100) -> Any:
    a = as_array(a)
    close = np.real_if_close(raw(a), raw(tol)).dtype != a.dtype
    return np.real(a) if close else a
