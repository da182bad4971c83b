"""Functions that put entries in order: `sort`, `partition`, `sort_complex`, and our own `top_k`.

The largest `k` entries, in no order, are ``np.partition(x, -k)[-k:]``; sorting them costs more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradtape.core.batching import leading, looked_up, ordering
from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw, real_only
from gradtape.core.kinds import invoke
from gradtape.core.rules import RULES, composite, constant, linear, raw
from gradtape.rules.arguments import as_array, cast, counting
from gradtape.rules.indexing import same_rank

# -- order --------------------------------------------------------------------------------------


def permute(a: Any, order: Any, *, axis: int) -> Any:
    """`a` with the entries along `axis`, which is negative, in another order: what is recorded."""
    return np.take_along_axis(*same_rank(a, order), axis)


def _permute_back(g: Any, a: Any, order: Any, *, axis: int) -> Any:
    order = raw(order)
    if isinstance(order, np.ndarray):  # quicker than to sort again
        back = np.empty_like(order)
        np.put_along_axis(back, order, counting(order.ndim + axis, order.shape), axis)
    else:
        back = np.argsort(order, axis=axis)
    return np.take_along_axis(*same_rank(g, back), axis)


linear(
    permute,
    _permute_back,
    moves=True,
    batch=leading(0, 0),  # the axis counts from the end, whatever the ranks
    calls=[
        call(draw(2, 3), np.array([[2, 0, 1], [0, 2, 1]]), axis=-1),
        call(draw(2, 2), np.array([[1, 0], [0, 1]]), axis=-2),
    ],
)


def _ordered(argsort: Any, a: Any, axis: Any, *args: Any, **kwargs: Any) -> Any:
    """`a` in the order that `argsort` finds."""
    a = as_array(a)
    if axis is None:
        a, axis = np.ravel(a), -1
    axis = normalize_axis_index(axis, a.ndim) - a.ndim
    order = argsort(a, *args, axis=axis, **kwargs)
    return apply(permute, (a, order), {"axis": axis})


@composite(
    np.sort,
    calls=[
        call(draw(5)),
        call(draw(3, 4), axis=0),
        call(draw(3, 4), axis=None),
        call(draw(2, 3, 2), 1, stable=True),
    ],
)
def _sort(
    a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Any:
    return _ordered(np.argsort, a, axis, kind=kind, order=order, stable=stable)


@composite(np.sort_complex, calls=[call(draw(2, 3)), call(draw(0))])
def _sort_complex(a: Any) -> Any:
    a = as_array(a)
    return cast(np.sort(a), np.sort_complex(np.zeros(0, a.dtype)).dtype)


@composite(
    np.partition,
    calls=[
        call(draw(5), 2),
        call(draw(3, 4), (0, -1), axis=0),
        call(draw(3, 4), 5, axis=None),
    ],
)
def _partition(
    a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None
) -> Any:
    return _ordered(np.argpartition, a, axis, raw(kth), kind=kind, order=order)


# -- the greatest entries -----------------------------------------------------------------------

_SHORT = 500
"""Up to how many entries sorting all is quicker than to look for the greatest first."""


def _descending(a: Any) -> Any:
    """The order along the last axis from the greatest to the least; ties as they stand."""
    return a.shape[-1] - 1 - np.argsort(a[..., ::-1], axis=-1, kind="stable")[..., ::-1]


def _places_of_top(a: Any, *, k: int) -> Any:
    """Where the `k` greatest entries along the last axis are, in order; the first among equals."""
    size = a.shape[-1]
    if size <= _SHORT or k > size // 4 or not k:
        return _descending(a)[..., :k]
    least = np.partition(a, size - k, axis=-1)[..., size - k, None]
    if a.dtype.kind == "f" and np.isnan(a).any():
        return _descending(a)[..., :k]
    above = a > least
    missing = k - np.count_nonzero(above, axis=-1, keepdims=True)
    ties = a == least
    chosen = above | (ties & (np.cumsum(ties, axis=-1) <= missing))
    places = np.nonzero(chosen)[-1].reshape((*a.shape[:-1], k))
    order = _descending(np.take_along_axis(a, places, -1))
    return np.take_along_axis(places, order, -1)


constant(_places_of_top, batch=leading(1))


def top_k(x: Any, k: int) -> tuple[Any, Any]:
    """The `k` greatest entries along the last axis, and where they are: `gradtape.nn.top_k`."""
    x = as_array(x)
    if x.dtype.kind not in "fiub":
        raise TypeError(f"Give top_k real numbers: got dtype {x.dtype}.")
    if not x.ndim or not 0 <= k <= x.shape[-1]:
        raise ValueError(
            f"Give top_k a k from 0 to the length of the last axis: got {k} for shape {x.shape}."
        )
    places = invoke(RULES[_places_of_top], (x,), {"k": k})
    return np.take_along_axis(x, places, -1), places


composite(
    top_k,
    calls=[call(draw(5, domain=real_only), 3), call(draw(2, 4, domain=real_only), 2)],
)(top_k)

# -- positions carry no gradient ----------------------------------------------------------------

constant(np.argsort, batch=ordering(1))
constant(np.argpartition, batch=ordering(2))
constant(np.searchsorted, batch=looked_up(1))
constant(np.digitize, np.isin, batch=looked_up(0))
constant(np.lexsort)
constant(*[getattr(np, name) for name in ["in1d"] if hasattr(np, name)])  # until NumPy 2.3
