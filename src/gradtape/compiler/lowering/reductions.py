"""Sums, products, extremes, and what is made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.compiler.loops.nodes import FOLDS
from gradtape.compiler.lowering.builder import LOWERINGS, Builder, Lowering, has_refs, kept, lowers


def _owner(build: Builder) -> Any:
    """The ufunc whose method is called."""
    return getattr(build.call.function, "__self__", None)


def _reduction(op: str) -> Lowering:
    def lowering(
        build: Builder,
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        **options: Any,
    ) -> Any:
        if out is not None or options or has_refs(axis, keepdims):
            return NotImplemented
        node = build.node(a)
        if node.dtype.kind not in "fiub" or (op in ("max", "min") and not node.size):
            return NotImplemented
        keepdims = kept(keepdims)
        return build.reduce(op, build.cast(node, build.spec.dtype), axis, keepdims)

    return lowering


_sum, _prod = _reduction("add"), _reduction("multiply")
LOWERINGS[np.sum], LOWERINGS[np.prod] = _sum, _prod


@lowers(np.max, np.min)
def _extreme(
    build: Builder, a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, **options: Any
) -> Any:
    op = "max" if build.call.function is np.max else "min"
    initial = options.pop("initial", np._NoValue)
    if initial is np._NoValue:
        return _reduction(op)(build, a, axis, None, out, keepdims, **options)
    node = build.node(a, build.spec.dtype)
    if out is not None or options or has_refs(axis, keepdims) or node.dtype.kind not in "fiu":
        return NotImplemented
    found = build.reduce(op, node, axis, kept(keepdims))
    return build.map(FOLDS[op].__name__, found, build.node(initial, node.dtype), dtype=node.dtype)


@lowers(np.mean)
def _mean(
    build: Builder,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
) -> Any:
    total = _sum(build, a, axis, None, out, keepdims)
    if total is NotImplemented:
        return total
    count = build.node(a).size // max(total.size, 1)
    dtype = build.spec.dtype
    return build.map("divide", total, build.node(float(count), dtype), dtype=dtype)


_REDUCERS = {ufunc: op for op, ufunc in FOLDS.items()}


def _ufunc_reduce(
    build: Builder,
    a: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    **options: Any,
) -> Any:
    op = _REDUCERS.get(_owner(build))
    if op is None:
        return NotImplemented
    if op in ("and", "or"):
        if out is not None or options:
            return NotImplemented
        return build.reduce(op, build.node(a, np.dtype(bool)), axis, bool(keepdims))
    return _reduction(op)(build, a, axis, None, out, keepdims, **options)


def _logsumexp(build: Builder, a: Any, axis: Any, keepdims: Any) -> Any:
    """``log(sum(exp(a - max)) ) + max``; where the maximum is infinite, it is the result."""
    dtype, truth = build.spec.dtype, np.dtype(bool)
    node = build.node(a, dtype)
    if dtype.kind != "f" or not node.size:
        return NotImplemented
    top = build.reduce("max", node, axis, True)
    finite = build.map("isfinite", top, dtype=truth)
    shift = build.map("where", finite, top, build.node(0.0, dtype), dtype=dtype)
    terms = build.map("exp", build.map("subtract", node, shift, dtype=dtype), dtype=dtype)
    total = build.reduce("add", terms, axis, True)
    log = build.map("log", total, dtype=dtype)
    whole = build.map("add", log, shift, dtype=dtype)
    return build.reshape(whole, build.spec.shape)


def _reduce_method(build: Builder, a: Any, *args: Any, **kwargs: Any) -> Any:
    if _owner(build) is np.logaddexp:
        axis = args[0] if args else kwargs.get("axis", 0)
        keepdims = args[3] if len(args) > 3 else kwargs.get("keepdims", False)
        if any(x is not None for x in args[1:3]) or not set(kwargs) <= {"axis", "keepdims"}:
            return NotImplemented
        return _logsumexp(build, a, axis, keepdims)
    return _ufunc_reduce(build, a, *args, **kwargs)


LOWERINGS["reduce"] = _reduce_method


@lowers(np.all, np.any)
def _truth(
    build: Builder, a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, **options: Any
) -> Any:
    if out is not None or options:
        return NotImplemented
    op = "and" if build.call.function is np.all else "or"
    return build.reduce(op, build.truth(build.node(a)), axis, kept(keepdims))


@lowers(np.argmax, np.argmin)
def _arg_extreme(
    build: Builder, a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False
) -> Any:
    """The least index of an entry that equals the extreme; that of a NaN, if there is one."""
    node, truth, kind = build.node(a), np.dtype(bool), np.dtype(np.int64)
    if out is not None or has_refs(axis, keepdims) or not node.size:
        return NotImplemented
    if node.dtype.kind == "b":
        node = build.cast(node, np.dtype(np.uint8))
    if node.dtype.kind not in "fiu" or not node.shape:
        return NotImplemented
    if axis is None:
        node, axis = build.reshape(node, (node.size,)), 0
    axis %= len(node.shape)
    op = "max" if build.call.function is np.argmax else "min"
    hit = build.map("equal", node, build.reduce(op, node, axis, True), dtype=truth)
    if node.dtype.kind == "f":
        lost = build.map("isnan", node, dtype=truth)
        hit = build.map("logical_or", hit, lost, dtype=truth)
    length = node.shape[axis]
    ones = [1] * (len(node.shape) - axis - 1)
    places = build.node(np.arange(length).reshape(length, *ones), kind)
    found = build.map("where", hit, places, build.node(length, kind), dtype=kind)
    return build.reshape(build.reduce("min", found, axis, False), build.spec.shape)
