"""Histograms: how many samples, or how much weight, fall between the edges of bins.

The counts are linear in `weights`. They are piecewise constant in the samples, which have no
gradient through them; the edges that NumPy lays between the least and the greatest sample do depend
on these two, and so does a density, which divides by their distances.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw, positive_real, real_only
from gradtape.core.rules import composite, raw
from gradtape.rules.arguments import as_array, cast, holds_tensor

# -- bins ---------------------------------------------------------------------------------------


def _edges(a: Any, bins: Any, limits: Any, weights: Any = None) -> Any:
    """The edges of the bins: given, or evenly spaced between the limits or the extreme samples."""
    fixed = None if limits is None else tuple(map(raw, limits))
    plain = np.histogram_bin_edges(raw(a), raw(bins), fixed, raw(weights))
    if not isinstance(bins, str) and np.ndim(raw(bins)):
        return as_array(bins)
    low, high = (a, a) if limits is None else limits
    if not holds_tensor([low, high]) or not np.size(raw(low)):
        return plain
    if limits is None:
        low, high = np.min(a), np.max(a)
    # NumPy widens an empty interval by a half to both sides.
    widened = np.where(raw(low) == raw(high), 0.5, 0.0)
    return cast(np.linspace(low - widened, high + widened, plain.size), plain.dtype)


def _bin_of(a: Any, edges: Any) -> Any:
    """The bin of each sample, from 1; 0 or one more than there are for those outside."""
    a, edges = raw(a), raw(edges)
    return np.searchsorted(edges, a, side="right") - (a == edges[-1])


def _added(bins: Any, weights: Any, length: int) -> Any:
    """The number, or the weight, of the samples of each bin."""
    if weights is None:
        return np.bincount(bins, minlength=length)
    if weights.dtype.kind == "c":
        real, imag = (np.bincount(bins, part, length) for part in (weights.real, weights.imag))
        return real + 1j * imag
    return cast(np.bincount(bins, weights, length), weights.dtype)


# -- one dimension ------------------------------------------------------------------------------


@composite(
    np.histogram_bin_edges,
    calls=[call(draw(5, domain=real_only), 3), call(draw(6, domain=real_only), "sturges")],
)
def _histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    return apply(np.positive, (_edges(as_array(a), bins, range, weights),))


_SAMPLES = np.array([0.1, 0.5, 2.5, 0.7, 9.0, 1.0])


@composite(
    np.histogram,
    calls=[
        call(_SAMPLES, 3, weights=draw(6)),
        call(_SAMPLES, [0.0, 0.5, 1.0], weights=draw(6), density=True),
        call(_SAMPLES.reshape(2, 3), 3, (0.0, 2.0), weights=draw(2, 3)),
        call(draw(6, domain=real_only), 4, density=True),
    ],
)
def _histogram(
    a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    a = as_array(a)
    weights = None if weights is None else as_array(weights)
    if weights is not None and weights.shape != a.shape:
        raise ValueError(
            f"Give numpy.histogram weights of shape {a.shape}, that of the samples: got shape "
            f"{weights.shape}."
        )
    edges = _edges(a, bins, range, weights)
    flat = None if weights is None else np.ravel(weights)
    counts = _added(_bin_of(np.ravel(raw(a)), edges), flat, edges.shape[0] + 1)[1:-1]
    edges = apply(np.positive, (edges,))
    if density:
        widths = np.diff(edges)
        return counts / cast(widths, np.float64) / np.sum(counts), edges
    return apply(np.positive, (counts,)), edges


# -- several dimensions -------------------------------------------------------------------------

_POINTS = np.array([[0.1, 2.0], [0.5, 1.0], [2.5, 0.0], [0.7, 1.5]])


@composite(
    np.histogramdd,
    calls=[
        call(_POINTS, 2, weights=draw(4, domain=real_only)),
        call(_POINTS, [[0.0, 0.6, 3.0], 2], weights=draw(4, domain=positive_real), density=True),
        call(_POINTS, 2, ((0.0, 2.0), None), weights=draw(4, domain=real_only)),
        call([draw(5, domain=real_only), np.arange(5.0)], (3, 2), density=True),
    ],
)
def _histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    sample = (
        as_array(sample)
        if getattr(sample, "ndim", 0) == 2
        else np.transpose(np.atleast_2d(as_array(sample)))
    )
    columns = [sample[:, i] for i in np.arange(sample.shape[1]).tolist()]
    bins = list(bins) if np.iterable(bins) else [bins] * len(columns)
    limits = [None] * len(columns) if range is None else list(range)
    if not len(bins) == len(limits) == len(columns):
        raise ValueError(
            f"Give numpy.histogramdd bins and a range for each of {len(columns)} dimensions: got "
            f"{len(bins)} and {len(limits)}."
        )
    edges = [_edges(*column) for column in zip(columns, bins, limits, strict=True)]
    shape = tuple(edge.shape[0] + 1 for edge in edges)
    places = [_bin_of(*pair) for pair in zip(columns, edges, strict=True)]
    weights = None if weights is None else as_array(weights)
    flat = _added(np.ravel_multi_index(places, shape), weights, int(np.prod(shape)))
    counts = cast(np.reshape(flat, shape)[(slice(1, -1),) * len(shape)], np.float64)
    edges = [apply(np.positive, (edge,)) for edge in edges]
    if density:
        total = np.sum(counts)
        for axis, edge in enumerate(edges):
            counts = counts / np.reshape(np.diff(edge), (-1,) + (1,) * (len(edges) - axis - 1))
        counts = counts / total
    return apply(np.positive, (counts,)), edges


@composite(
    np.histogram2d,
    calls=[
        call(*_POINTS.T, 2, weights=draw(4, domain=real_only)),
        call(draw(5, domain=real_only), np.arange(5.0), [0.0, 2.0, 4.0], density=True),
    ],
)
def _histogram2d(
    x: Any,
    y: Any,
    bins: Any = 10,
    range: Any = None,
    density: Any = None,
    weights: Any = None,
) -> Any:
    if len(x) != len(y):
        raise ValueError(f"Give numpy.histogram2d x and y of one length: got {len(x)}, {len(y)}.")
    if hasattr(bins, "__len__") and len(bins) not in (1, 2):  # the edges of both
        bins = [bins, bins]
    pair = np.stack((as_array(x), as_array(y)), axis=1)
    counts, edges = np.histogramdd(pair, bins, range, density, weights)
    return counts, edges[0], edges[1]
