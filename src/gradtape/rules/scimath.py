"""`numpy.emath`: roots, logarithms and inverses that turn complex where a real one would be NaN.

Whether a result is complex depends on the values, as in NumPy. The gradient of a real argument is
real.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.domains import Domain, call, draw, nonzero, positive, unit
from gradtape.core.kinds import somewhere
from gradtape.core.rules import Function, composite, raw
from gradtape.rules.arguments import as_array, cast

_BEYOND_ONE = Domain(1.2, 3.0, complex=True)
_NEGATIVE = Domain(-3.0, -0.3)
_MIXED = draw(4, domain=nonzero)


def _complex_if(test: Function, x: Any) -> Any:
    """`x`, complex if it is real and `test` holds of an entry."""
    x = as_array(x)
    if x.dtype.kind == "c" or not somewhere(test(raw(x))):
        return x
    return cast(x, np.complex64 if x.dtype.char in "fbhBH" else np.complex128)


def _negative(x: Any) -> Any:
    return x < 0


def _beyond_one(x: Any) -> Any:
    return abs(x) > 1


for _function, _plain, _test in (
    (np.emath.sqrt, np.sqrt, _negative),
    (np.emath.log, np.log, _negative),
    (np.emath.log2, np.log2, _negative),
    (np.emath.log10, np.log10, _negative),
):

    @composite(_function, calls=[call(draw(2, 3, domain=positive)), call(_MIXED)])
    def _root_or_log(x: Any, *, plain: Any = _plain, test: Any = _test) -> Any:
        return plain(_complex_if(test, x))


for _function, _plain in (
    (np.emath.arcsin, np.arcsin),
    (np.emath.arccos, np.arccos),
    (np.emath.arctanh, np.arctanh),
):

    @composite(_function, calls=[call(draw(3, domain=unit)), call(draw(3, domain=_BEYOND_ONE))])
    def _inverse(x: Any, *, plain: Any = _plain) -> Any:
        return plain(_complex_if(_beyond_one, x))


@composite(
    np.emath.logn,
    calls=[call(draw(domain=positive), draw(3, domain=positive)), call(2.0, _MIXED)],
)
def _logn(n: Any, x: Any) -> Any:
    return np.log(_complex_if(_negative, x)) / np.log(_complex_if(_negative, n))


@composite(
    np.emath.power,
    calls=[
        call(draw(3, domain=positive), draw(3)),
        call(draw(3, domain=_NEGATIVE), draw()),
        call(draw(3, domain=nonzero), -2),
    ],
)
def _power(x: Any, p: Any) -> Any:
    p = as_array(p)
    if p.dtype.kind in "iu" and somewhere(raw(p) < 0):
        p = cast(p, np.float64)
    return np.power(_complex_if(_negative, x), p)
