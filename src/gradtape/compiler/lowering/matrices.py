"""Equations and factors of matrices, by LAPACK; where it fails, NumPy is asked, and says why."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.compiler.loops.nodes import Node, Routine, broadcast, transposed
from gradtape.compiler.lowering.builder import Builder, has_refs, lowers
from gradtape.compiler.lowering.products import readable
from gradtape.compiler.lowering.shapes import indexed
from gradtape.compiler.machine import blas
from gradtape.rules.solvers import solve_triangle

LARGEST = 2048
"""Rows of a matrix up to which its pivots are kept on the stack."""


def _has(name: str, build: Builder, *nodes: Node) -> bool:
    there = blas.routine(name, build.spec.dtype) is not None
    return there and all(0 < min(n.shape[-2:]) <= LARGEST and n.size for n in nodes)


def turned(node: Node) -> Node:
    """The transpose of each matrix."""
    rank = len(node.shape)
    return transposed(node, [*range(rank - 2), rank - 1, rank - 2])


def _factored(build: Builder, routine: Routine) -> Node:
    build.lowered.add(routine)
    assert routine.status is not None
    build.lowered.checks.append((routine.status, build.call))
    return routine


@lowers(np.linalg.cholesky)
def _cholesky(build: Builder, a: Any, /, *, upper: bool = False) -> Any:
    kind = build.spec.dtype
    node = build.node(a, kind)
    if upper or not _has("potrf", build, node):
        return NotImplemented
    source = build.copied(node)
    factor = _factored(build, Routine("cholesky", node.shape, kind, [source], True))
    mask = build.node(np.tri(*node.shape[-2:], dtype=bool))
    return build.map("where", mask, factor, build.node(0, kind), dtype=kind)


def _solved(build: Builder, a: Node, b: Node) -> Any:
    if not _has("gesv", build, a, b):
        return NotImplemented
    stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    columns = [build.copied(turned(broadcast(node, (*stack, *node.shape[-2:])))) for node in (a, b)]
    result = Routine("solve", columns[1].shape, build.spec.dtype, columns, True)
    return turned(_factored(build, result))


@lowers(np.linalg.solve)
def _solve(build: Builder, a: Any, b: Any) -> Any:
    kind = build.spec.dtype
    first, second = build.node(a, kind), build.node(b, kind)
    if len(second.shape) == 1:
        second = build.reshape(second, (second.size, 1))
        found = _solved(build, first, second)
        return found if found is NotImplemented else build.reshape(found, build.spec.shape)
    return _solved(build, first, second)


@lowers(np.linalg.inv)
def _inv(build: Builder, a: Any) -> Any:
    kind = build.spec.dtype
    node = build.node(a, kind)
    eye = build.node(np.eye(node.shape[-1], dtype=kind))
    return _solved(build, node, eye)


@lowers(solve_triangle)
def _solve_triangle(
    build: Builder, a: Any, b: Any, *, lower: bool, unit: bool, check: bool = False
) -> Any:
    kind = build.spec.dtype
    first, second = build.node(a, kind), build.node(b, kind)
    if check or has_refs(lower, unit) or not _has("trtrs", build, first, second):
        return NotImplemented
    stack = np.broadcast_shapes(first.shape[:-2], second.shape[:-2])
    first = readable(build, broadcast(first, (*stack, *first.shape[-2:])))
    second = build.copied(turned(broadcast(second, (*stack, *second.shape[-2:]))))
    options = {"lower": bool(lower), "unit": bool(unit)}
    result = Routine("solve_triangle", second.shape, kind, [first, second], True, **options)
    return turned(_factored(build, result))


def _factor_diagonal(build: Builder, a: Any) -> tuple[Node, Node] | None:
    """The diagonal of the upper factor, and 1 or -1 as rows were exchanged."""
    kind = np.result_type(build.spec.dtype)
    node = build.node(a, kind)
    if not _has("getrf", build, node):
        return None
    *stack, n, _ = node.shape
    source = build.copied(turned(node))
    whole = build.lowered.add(Routine("factor_diagonal", (*stack, n + 1), kind, [source]))
    last = [Ellipsis, n]
    return indexed(whole, [Ellipsis, slice(0, n)]), indexed(whole, last)


@lowers(np.linalg.det)
def _det(build: Builder, a: Any) -> Any:
    parts = _factor_diagonal(build, a)
    if parts is None:
        return NotImplemented
    diagonal, parity = parts
    product = build.reduce("multiply", diagonal, -1, False)
    return build.map("multiply", parity, product, dtype=product.dtype)


@lowers(np.linalg.slogdet)
def _slogdet(build: Builder, a: Any) -> Any:
    parts = _factor_diagonal(build, a)
    if parts is None:
        return NotImplemented
    diagonal, parity = parts
    kind = diagonal.dtype
    signs = build.reduce("multiply", build.map("sign", diagonal, dtype=kind), -1, False)
    size = build.map("absolute", diagonal, dtype=kind)
    log = build.reduce("add", build.map("log", size, dtype=kind), -1, False)
    return [build.map("multiply", parity, signs, dtype=kind), log]
