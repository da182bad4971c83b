"""`numpy.array`, `asarray` and kin where ``like=`` names a Tensor.

NumPy hands them to another library only then; without ``like=`` they make a plain array, which
warns if a tape watches the Tensor. ``np.zeros(3, like=x)`` and the other functions that make arrays
of numbers need no rule: their result is a Tensor, and a constant.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw, real_only
from gradtape.core.rules import composite
from gradtape.rules.arguments import as_array, cast, lengths

_LISTS = [call(draw(2, 3)), call([draw(2), draw(2)]), call(draw(3, domain=real_only), np.float64)]


@composite(
    *(np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray, np.require),
    calls=_LISTS,
)
def _array(a: Any, dtype: Any = None, *_: Any, ndmin: int = 0, **options: Any) -> Any:
    a = as_array(a)
    a = apply(np.positive, (a,)) if dtype is None else cast(a, dtype)
    return np.reshape(a, (1,) * (ndmin - a.ndim) + a.shape) if ndmin > a.ndim else a


@composite(np.full, calls=[call((2, 3), draw(3)), call(2, draw(domain=real_only), np.float64)])
def _full(shape: Any, fill_value: Any, dtype: Any = None, **options: Any) -> Any:
    fill = as_array(fill_value)
    return np.broadcast_to(fill if dtype is None else cast(fill, dtype), lengths(shape))
