"""Functions that call a function of the user's: `apply_along_axis`, `apply_over_axes`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradtape.core.domains import call, draw
from gradtape.core.rules import composite, raw
from gradtape.rules.arguments import as_array


@composite(
    np.apply_along_axis,
    calls=[
        call(np.sum, 0, draw(2, 3)),
        call(np.cumprod, -1, draw(2, 3)),
        call(lambda v, k: np.multiply.outer(v, v) * k, 1, draw(2, 3, 2), 2.0),
        call(lambda v: np.sum(v * v), 0, draw(3)),
    ],
)
def _apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    arr = as_array(arr)
    axis = normalize_axis_index(axis, arr.ndim)
    rows = np.moveaxis(arr, axis, -1)
    loops = rows.shape[:-1]
    if 0 in loops:
        raise ValueError(
            f"Give numpy.apply_along_axis at least one slice along axis {axis}: the array has "
            f"shape {arr.shape}."
        )
    found = [as_array(func1d(rows[index], *args, **kwargs)) for index in np.ndindex(loops)]
    result = np.reshape(np.stack(found), loops + found[0].shape)
    own = range(len(loops), result.ndim)
    return np.moveaxis(result, tuple(own), tuple(axis + i for i in range(len(own))))


@composite(
    np.apply_over_axes,
    calls=[call(np.sum, draw(2, 3, 2), (0, -1)), call(np.cumsum, draw(2, 3), 1)],
)
def _apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    a = as_array(a)
    for axis in np.atleast_1d(raw(axes)).tolist():
        axis = axis + a.ndim if axis < 0 else axis
        result = func(a, axis)
        if result.ndim != a.ndim:
            result = np.expand_dims(result, axis)
        if result.ndim != a.ndim:
            raise ValueError(
                f"Give numpy.apply_over_axes a function that keeps the rank or reduces one axis: "
                f"it made shape {result.shape} of {a.shape}."
            )
        a = result
    return a
