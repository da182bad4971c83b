"""Means, variances, norms, and what is made of sums and polynomials."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.compiler.loops.nodes import Node, access, broadcast, viewed
from gradtape.compiler.lowering.builder import (
    LOWERINGS,
    Builder,
    Lowering,
    axis_numbers,
    has_refs,
    kept,
    lowers,
)
from gradtape.compiler.lowering.moves import joined
from gradtape.compiler.lowering.positions import solid
from gradtape.compiler.lowering.shapes import indexed

_TRUTH = np.dtype(bool)

MOST_TERMS = 64
"""Degrees of polynomials up to which the terms are written out."""


def _count(node: Node, axes: list[int]) -> int:
    count = 1
    for axis in axes:
        count *= node.shape[axis]
    return count


def _sum(build: Builder, node: Node, axes: list[int], keepdims: bool) -> Node:
    return build.reduce("add", node, axes, keepdims)


@lowers(np.var, np.std)
def _spread(
    build: Builder,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    **options: Any,
) -> Any:
    keepdims = kept(keepdims)
    kind = build.spec.dtype
    if out is not None or options or has_refs(axis, ddof, dtype) or kind.kind != "f":
        return NotImplemented
    node = build.node(a, kind)
    axes = axis_numbers(axis, len(node.shape))
    count = _count(node, axes)
    if not count or count - ddof <= 0:
        return NotImplemented  # NumPy warns
    total = _sum(build, node, axes, True)
    mean = build.map("divide", total, build.node(float(count), kind), dtype=kind)
    apart = build.map("subtract", node, mean, dtype=kind)
    squares = _sum(build, build.map("square", apart, dtype=kind), axes, keepdims)
    result = build.map("divide", squares, build.node(float(count - ddof), kind), dtype=kind)
    return build.map("sqrt", result, dtype=kind) if build.call.function is np.std else result


def _without_nan(op: str, neutral: float, *, mean: bool = False) -> Lowering:
    def lowering(
        build: Builder,
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        **options: Any,
    ) -> Any:
        keepdims = kept(keepdims)
        node, kind = build.node(a), build.spec.dtype
        if out is not None or options or has_refs(axis, dtype) or node.dtype.kind != "f":
            return NotImplemented
        lost = build.map("isnan", node, dtype=_TRUTH)
        known = build.map("where", lost, build.node(neutral, node.dtype), node, dtype=node.dtype)
        total = build.reduce(op, build.cast(known, kind), axis, keepdims)
        if not mean:
            return total
        there = build.cast(build.map("logical_not", lost, dtype=_TRUTH), kind)
        return build.map("divide", total, build.reduce("add", there, axis, keepdims), dtype=kind)

    return lowering


LOWERINGS[np.nansum], LOWERINGS[np.nanprod] = _without_nan("add", 0), _without_nan("multiply", 1)


@lowers(np.nanmax, np.nanmin)
def _extreme_without_nan(
    build: Builder, a: Any, axis: Any = None, out: Any = None, keepdims: Any = False
) -> Any:
    """The extreme of the numbers; NaN where there is none."""
    keepdims = kept(keepdims)
    node, kind = build.node(a), build.spec.dtype
    if out is not None or has_refs(axis) or kind.kind != "f" or not node.size:
        return NotImplemented
    op, least = ("max", -np.inf) if build.call.function is np.nanmax else ("min", np.inf)
    lost = build.map("isnan", node, dtype=_TRUTH)
    known = build.map("where", lost, build.node(least, kind), node, dtype=kind)
    found = build.reduce(op, known, axis, keepdims)
    none = build.reduce("and", lost, axis, keepdims)
    return build.map("where", none, build.node(np.nan, kind), found, dtype=kind)


@lowers(np.linalg.norm, np.linalg.vector_norm)
def _norm(
    build: Builder,
    x: Any,
    ord: Any = None,  # noqa: A002 (NumPy's name)
    axis: Any = None,
    keepdims: Any = False,
    **options: Any,
) -> Any:
    node, kind = build.node(x, build.spec.dtype), build.spec.dtype
    vectors = build.call.function is np.linalg.vector_norm
    if not vectors and ord is not None and axis is None and len(node.shape) != 1:
        return NotImplemented
    if vectors and not build.call.kwargs.keys() & {"ord"}:
        ord = 2  # noqa: A001
    if options or has_refs(ord, axis, keepdims) or kind.kind != "f":
        return NotImplemented
    axes = axis_numbers(axis, len(node.shape))
    if not vectors and ord is not None and len(axes) != 1:
        return NotImplemented
    if ord is None or ord == 2:
        squares = build.map("square", node, dtype=kind)
        return build.map("sqrt", _sum(build, squares, axes, bool(keepdims)), dtype=kind)
    size = build.map("absolute", node, dtype=kind)
    if ord == 1:
        return _sum(build, size, axes, bool(keepdims))
    if ord in (np.inf, -np.inf) and node.size:
        return build.reduce("max" if ord > 0 else "min", size, axes, bool(keepdims))
    return NotImplemented


@lowers(np.polyval)
def _polyval(build: Builder, p: Any, x: Any) -> Any:
    """Horner's rule, as NumPy does it."""
    kind = build.spec.dtype
    coefficients, value = build.node(p, kind), build.node(x, kind)
    if kind.kind not in "fi" or coefficients.shape[0] > MOST_TERMS:
        return NotImplemented
    total: Node = build.full(0, value.shape, kind)
    for k in range(coefficients.shape[0]):
        term = indexed(coefficients, [k])
        product = build.map("multiply", total, value, dtype=kind)
        total = build.map("add", product, term, dtype=kind)
    return broadcast(total, build.spec.shape)


@lowers(np.convolve, np.correlate)
def _convolve(build: Builder, a: Any, v: Any, mode: Any = None) -> Any:
    """Sums over windows, which overlap in memory."""
    function, kind = build.call.function, build.spec.dtype
    first, second = build.node(a, kind), build.node(v, kind)
    mode = mode or ("full" if function is np.convolve else "valid")
    if kind.kind not in "fi" or len(first.shape) != 1 or len(second.shape) != 1:
        return NotImplemented
    if first.size < second.size:
        if function is np.correlate:
            return NotImplemented
        first, second = second, first
    n, m = first.size, second.size
    if not m or mode not in ("full", "same", "valid"):
        return NotImplemented
    before = {"full": m - 1, "valid": 0, "same": m // 2}
    length = {"full": n + m - 1, "valid": n - m + 1, "same": n}[mode]
    if function is np.convolve:
        second = indexed(second, [slice(None, None, -1)])
    start = before[mode]
    rest = length + m - 1 - start - n
    if start or rest:
        pads = [build.full(0, (count,), kind) for count in (start, rest)]
        first = joined(build, [pads[0], first, pads[1]], 0, (start + n + rest,))
    windows = _windows(solid(build, first), length, m)
    return build.reduce("add", build.map("multiply", windows, second, dtype=kind), 1, False)


def _windows(node: Node, count: int, length: int) -> Node:
    _, strides, offset = access(node)
    return viewed(node, (count, length), [strides[0], strides[0]], offset)


@lowers(np.cross)
def _cross(build: Builder, a: Any, b: Any, **options: Any) -> Any:
    """The product of vectors of three entries, along the last axis."""
    kind = build.spec.dtype
    first, second = build.node(a, kind), build.node(b, kind)
    if kind.kind not in "fi" or options.get("axis", -1) not in (-1, None):
        return NotImplemented
    if set(options) - {"axis"} or first.shape[-1:] != (3,) or second.shape[-1:] != (3,):
        return NotImplemented
    x, y = ([indexed(node, [Ellipsis, k]) for k in range(3)] for node in (first, second))
    parts = []
    for i, j in ((1, 2), (2, 0), (0, 1)):
        plus = build.map("multiply", x[i], y[j], dtype=kind)
        minus = build.map("multiply", x[j], y[i], dtype=kind)
        part = build.map("subtract", plus, minus, dtype=kind)
        parts.append(build.reshape(part, (*part.shape, 1)))
    return joined(build, parts, len(build.spec.shape) - 1, build.spec.shape)


@lowers(np.round, np.around)
def _round(build: Builder, a: Any, decimals: Any = 0, out: Any = None) -> Any:
    """Times a power of ten, rounded to an integer, and back: as NumPy does it."""
    node, kind = build.node(a), build.spec.dtype
    if out is not None or has_refs(decimals) or node.dtype != kind or kind.kind not in "fiu":
        return NotImplemented
    if kind.kind != "f":
        return node if decimals >= 0 else NotImplemented
    if not decimals:
        return build.map("rint", node, dtype=kind)
    factor = build.node(10.0 ** abs(int(decimals)), kind)
    names = ("multiply", "divide") if decimals > 0 else ("divide", "multiply")
    scaled = build.map(names[0], node, factor, dtype=kind)
    return build.map(names[1], build.map("rint", scaled, dtype=kind), factor, dtype=kind)


@lowers(np.isposinf, np.isneginf)
def _is_infinite(build: Builder, x: Any, out: Any = None) -> Any:
    node = build.node(x)
    if out is not None or node.dtype.kind != "f":
        return NotImplemented
    bound = np.inf if build.call.function is np.isposinf else -np.inf
    return build.map("equal", node, build.node(bound, node.dtype), dtype=_TRUTH)
