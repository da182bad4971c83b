"""Convolutions and correlations of vectors.

The transposes of a convolution are correlations, of the same cost as the convolution: nothing is
made into a matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw
from gradtape.core.rules import bilinear, composite, name_of
from gradtape.rules.arguments import as_array, conj


def convolve(a: Any, v: Any, *, mode: str) -> Any:
    """``y[k] = sum(a[k - n] * v[n])`` for vectors, `v` no longer than `a`."""
    return np.convolve(a, v, mode)


def _start(mode: str, shorter: int) -> int:
    """Where the entries that `mode` keeps begin in the whole convolution."""
    return {"full": 0, "same": (shorter - 1) // 2, "valid": shorter - 1}[mode]


def _whole(g: Any, mode: str, shorter: int) -> Any:
    """The cotangent of the whole convolution, of which `mode` kept a part."""
    if mode == "full":
        return g
    start = _start(mode, shorter)
    return np.pad(g, (start, shorter - 1 - start))


def _convolve_first(g: Any, a: Any, v: Any, *, mode: str) -> Any:
    if mode == "valid":
        return np.convolve(g, conj(v)[::-1])
    return np.correlate(_whole(g, mode, v.size), v, "valid")


def _convolve_second(g: Any, a: Any, v: Any, *, mode: str) -> Any:
    if mode == "valid":
        return np.convolve(conj(a), g[::-1], "valid")[::-1]
    return np.correlate(_whole(g, mode, v.size), a, "valid")


def _batch(function: Any, values: Sequence[Any], batched: Sequence[bool], kwargs: Any) -> Any:
    """Rows with one kernel are one long vector, in which gaps of zeros keep them apart."""
    a, v = values
    if all(batched):
        return np.stack([function(x, y, **kwargs) for x, y in zip(a, v, strict=True)])
    rows, kernel = (a, v) if batched[0] else (v, a)
    length = rows.shape[1] + kernel.size - 1
    row = np.pad(rows, ((0, 0), (0, kernel.size - 1))).reshape(-1)
    whole = function(row, kernel, mode="full")[: row.size].reshape(-1, length)
    if kwargs["mode"] == "full":
        return whole
    longer, shorter = a.shape[-1], v.shape[-1]
    kept = longer if kwargs["mode"] == "same" else longer - shorter + 1
    start = _start(kwargs["mode"], shorter)
    return whole[:, start : start + kept]


_MODES = ("full", "same", "valid")
_LENGTHS = ((4, 3), (5, 2), (3, 3), (3, 1))

bilinear(
    convolve,
    _convolve_first,
    _convolve_second,
    calls=[call(draw(n), draw(m), mode=mode) for mode in _MODES for n, m in _LENGTHS],
    batch=_batch,
)

_BY_NUMBER: dict[Any, str] = {0: "valid", 1: "same", 2: "full"}
_CALLS = [
    *(call(draw(n), draw(m), mode) for mode in _MODES for n, m in (*_LENGTHS, (2, 5), (3, 4))),
    call(draw(3), draw(2), 1),
    call(draw(3), draw(), "same"),
    call(draw(3), draw(2)),
]


def _vectors(function: Any, a: Any, v: Any, mode: Any) -> tuple[Any, Any, str]:
    """The operands as arrays, and the mode by its name."""
    a, v = as_array(a), as_array(v)
    mode = mode if isinstance(mode, str) else _BY_NUMBER.get(mode)
    if mode not in _MODES:
        raise ValueError(f"Use 'full', 'same' or 'valid' as mode of {name_of(function)}.")
    if a.ndim != 1 or v.ndim != 1 or not a.size or not v.size:
        raise ValueError(
            f"Pass two vectors with entries to {name_of(function)}: got shapes {a.shape} and "
            f"{v.shape}."
        )
    return a, v, mode


@composite(np.convolve, calls=_CALLS)
def _np_convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    a, v = np.atleast_1d(as_array(a)), np.atleast_1d(as_array(v))
    a, v, mode = _vectors(np.convolve, a, v, mode)
    return apply(convolve, (v, a) if v.size > a.size else (a, v), {"mode": mode})


@composite(np.correlate, calls=[c for c in _CALLS if c.args[1].shape])
def _np_correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    a, v, mode = _vectors(np.correlate, a, v, mode)
    if v.size > a.size:  # the same sums, from the last to the first
        return apply(convolve, (conj(v), a[::-1]), {"mode": mode})[::-1]
    return apply(convolve, (a, conj(v)[::-1]), {"mode": mode})
