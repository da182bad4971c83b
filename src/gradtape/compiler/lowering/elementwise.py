"""Elementwise functions."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from gradtape.compiler.copies import cast
from gradtape.compiler.lowering.builder import LOWERINGS, Builder, Lowering, lowers
from gradtape.compiler.scalar.operations import OPS, operation


@lowers("ufunc")
def _elementwise(build: Builder, *args: Any, **kwargs: Any) -> Any:
    """A ufunc whose loop for these dtypes is among the scalar operations."""
    ufunc: Any = build.call.function
    op = operation(ufunc)
    if op is None or ufunc.nout != 1 or ufunc.signature or kwargs or len(args) != ufunc.nin:
        return NotImplemented
    *dtypes, out = ufunc.resolve_dtypes((*[build.spec_of(arg) for arg in args], None))
    if any(
        dtype.kind not in op.kinds or dtype.itemsize not in (1, 2, 4, 8) or dtype == np.float16
        for dtype in dtypes
    ):
        return NotImplemented
    power = op.special(args, dtypes) if op.special else None
    if power is not None:
        return power(build, dtypes[0])
    return build.map(ufunc.__name__, *map(build.node, args, dtypes), dtype=out)


_EXACT = frozenset({("f", "f"), ("b", "f"), ("b", "i"), ("b", "b")})
"""Kinds of result and operands that machines compute as Python does, whose integers have no end."""


def _python_operator(ufunc: np.ufunc) -> Lowering:
    """An operator of two Python numbers, in float64 or int64."""

    def lowering(build: Builder, *args: Any) -> Any:
        dtype = build.spec.dtype
        inner = np.result_type(*[np.dtype(build.spec_of(arg)) for arg in args])
        op = OPS.get(ufunc.__name__)
        if op is None or inner.kind not in op.kinds or (dtype.kind, inner.kind) not in _EXACT:
            return NotImplemented
        return build.map(ufunc.__name__, *[build.node(a, inner) for a in args], dtype=dtype)

    return lowering


for _name, _ufunc in {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.true_divide,
    "neg": np.negative,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}.items():
    LOWERINGS[getattr(operator, _name)] = _python_operator(_ufunc)


@lowers(np.where)
def _where(build: Builder, condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None:
        return NotImplemented
    mask = build.node(condition, np.dtype(bool))
    dtype = build.spec.dtype
    return build.map("where", mask, build.node(x, dtype), build.node(y, dtype), dtype=dtype)


@lowers(np.clip)
def _clip(build: Builder, a: Any, a_min: Any = None, a_max: Any = None, **options: Any) -> Any:
    if a_min is None or a_max is None or options or build.spec.dtype.kind not in "fiu":
        return NotImplemented
    nodes = [build.node(x, build.spec.dtype) for x in (a, a_min, a_max)]
    return build.map("clip", *nodes, dtype=build.spec.dtype)


@lowers(cast)
def _cast(build: Builder, a: Any, dtype: Any) -> Any:
    node = build.node(a)
    return NotImplemented if node.dtype.kind == "c" else build.cast(node, np.dtype(dtype))


@lowers(np.real, np.conj, np.positive)
def _same(build: Builder, a: Any) -> Any:
    return build.node(a)


@lowers(np.copy)
def _copy(build: Builder, a: Any, order: Any = "K", subok: bool = False) -> Any:
    return build.node(a)
