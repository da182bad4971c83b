"""Functions of arrays as sets: `unique`, `union1d`, `intersect1d` and kin.

Each result is an entry of an argument, and has its gradient; of equal entries the first has it, in
the first argument before the second. Which entries are equal is no differentiable question.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.batching import of_no_one_shape
from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw, real_only
from gradtape.core.rules import Function, composite, constant
from gradtape.rules.arguments import as_array

# -- one set ------------------------------------------------------------------------------------


@composite(
    np.unique,
    calls=[
        call(draw(4, domain=real_only)),
        call(draw(3, 2, domain=real_only), axis=1),
    ],
)
def _unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    **options: Any,
) -> Any:
    _, first, inverse, counts = apply(_unique_parts, (ar,), {"axis": axis, **options})
    values = np.take(ar, first, axis)
    results = [values]
    results += [first] * return_index + [inverse] * return_inverse + [counts] * return_counts
    return tuple(results) if len(results) > 1 else values


def _unique_parts(ar: Any, axis: Any, **options: Any) -> Any:
    return tuple(np.unique(ar, True, True, True, axis, **options))


def _with_first(x: Any, *, function: Function) -> Any:
    """What `function`, of the array API, finds in `x`, and where each value stands first."""
    found = function(x)
    values = found[0] if isinstance(found, tuple) else found
    ordered, first = np.unique(x, return_index=True)
    return found, first[np.searchsorted(ordered, values)]


constant(_unique_parts, _with_first, batch=of_no_one_shape)

for _function in (np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values):

    @composite(_function, calls=[call(draw(2, 3, domain=real_only))])
    def _unique_named(x: Any, /, *, function: Any = _function) -> Any:
        found, first = apply(_with_first, (x,), {"function": function})
        values = np.take(x, first)
        return type(found)(values, *found[1:]) if isinstance(found, tuple) else values


# -- two sets -----------------------------------------------------------------------------------


@composite(
    np.union1d,
    calls=[call(draw(3, domain=real_only), draw(2, 2, domain=real_only))],
)
def _union1d(ar1: Any, ar2: Any) -> Any:
    return np.unique(np.concatenate((as_array(ar1), as_array(ar2)), axis=None))


def _common(a: Any, b: Any, *, assume_unique: bool) -> Any:
    return tuple(np.intersect1d(a, b, assume_unique, return_indices=True))


constant(_common, batch=of_no_one_shape)


_SECOND = np.array([3.0, 0.5, -5.0])
"""Nothing that is drawn."""


@composite(np.intersect1d, calls=[call(draw(3, domain=real_only), _SECOND)])
def _intersect1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False
) -> Any:
    a, b = as_array(ar1), as_array(ar2)
    _, first, second = apply(_common, (a, b), {"assume_unique": assume_unique})
    values = np.take(a, first)
    return (values, first, second) if return_indices else values


@composite(
    np.setdiff1d,
    calls=[
        call(draw(4, domain=real_only), _SECOND),
        call(draw(2, 2, domain=real_only), _SECOND, assume_unique=True),
    ],
)
def _setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    a = np.ravel(as_array(ar1)) if assume_unique else np.unique(ar1)
    return np.take(a, np.flatnonzero(np.isin(a, ar2, invert=True)))


@composite(
    np.setxor1d,
    calls=[call(draw(3, domain=real_only), draw(2, domain=real_only))],
)
def _setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    pair = (as_array(ar1), as_array(ar2))
    both = np.concatenate(pair if assume_unique else [np.unique(x) for x in pair], axis=None)
    both = np.sort(both)
    if not both.size:
        return both
    differs = np.not_equal(both[1:], both[:-1])
    edge = np.ones(1, bool)
    alone = np.concatenate((edge, differs)) & np.concatenate((differs, edge))
    return np.take(both, np.flatnonzero(alone))
