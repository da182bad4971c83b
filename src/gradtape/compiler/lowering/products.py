"""Products of vectors and matrices: loops where they are small or thin, BLAS where they are not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.compiler.loops.nodes import Node, Routine, access, reshaped, transposed, viewed
from gradtape.compiler.lowering.builder import Builder, axis_numbers, has_refs, lowers
from gradtape.compiler.machine import blas
from gradtape.compiler.machine.routines import layout

UNROLLED = 4
"""Sums of up to so many products are written out, so that they join the loops around them."""

SMALL = 512
"""Multiplications of a matrix product up to which loops are as quick as BLAS."""


THIN = 4096
"""Entries of a matrix up to which loops multiply it with a vector as quickly as BLAS."""


def contracted(build: Builder, a: Node, la: str, b: Node, lb: str, out: str) -> Node:
    """``einsum("la,lb->out", a, b)``; no label stands twice in one operand."""
    a, la = _summed(build, a, la, lb + out)
    b, lb = _summed(build, b, lb, la + out)
    both = [x for x in la if x in lb]
    stack, k = "".join(x for x in both if x in out), "".join(x for x in both if x not in out)
    m, n = "".join(x for x in la if x not in lb), "".join(x for x in lb if x not in la)
    length: dict[str, int] = dict(zip(la + lb, (*a.shape, *b.shape), strict=True))
    sizes: list[int] = [math.prod([length[x] for x in part]) for part in (m, k, n)]
    matrices: int = math.prod([length[x] for x in stack])
    if matrices and _is_for_blas(build.spec.dtype, sizes):
        result = _by_blas(build, (a, la), (b, lb), (stack, m, k, n))
    elif _is_matrix_and_vector(build.spec.dtype, sizes) and not stack:
        result = _by_vectors(build, (a, la), (b, lb), (m, k, n))
    else:
        result = _by_loops(build, (a, la), (b, lb), stack + m, k, n)
    labels = stack + m + n
    return transposed(result, [labels.index(x) for x in out])


def _summed(build: Builder, node: Node, labels: str, kept: str) -> tuple[Node, str]:
    """`node` without the axes that nobody else names."""
    alone = [axis for axis, x in enumerate(labels) if x not in kept]
    if not alone:
        return node, labels
    return build.reduce("add", node, alone, False), "".join(x for x in labels if x in kept)


def _is_for_blas(dtype: Any, sizes: Sequence[int]) -> bool:
    m, k, n = sizes
    return (
        min(m, n) > 1
        and k > UNROLLED
        and m * k * n > SMALL
        and blas.routine("gemm", dtype) is not None
    )


def _is_matrix_and_vector(dtype: Any, sizes: Sequence[int]) -> bool:
    m, k, n = sizes
    return (
        min(m, n) == 1
        and min(max(m, n), k) > UNROLLED
        and k * max(m, n) > THIN
        and blas.routine("gemv", dtype) is not None
    )


def _by_vectors(
    build: Builder, first: tuple[Node, str], second: tuple[Node, str], labels: Sequence[str]
) -> Node:
    """The product of a matrix and a vector; what is left has the axes of both."""
    m, k, n = labels
    length = dict(zip(first[1] + second[1], (*first[0].shape, *second[0].shape), strict=True))
    if math.prod([length[x] for x in m]) == 1:
        first, second = second, first
        rows = n
    else:
        rows = m
    (a, la), (b, lb) = first, second
    sizes = [math.prod([length[x] for x in part]) for part in (rows, k)]
    matrix = transposed(a, [la.index(x) for x in rows + k])
    order = [lb.index(x) for x in (*[x for x in lb if x not in k], *k)]
    vector = build.reshape(transposed(b, order), sizes[1:])
    if not access(vector)[0].shape or access(vector)[1] != (1,):
        vector = build.copied(vector)
    operands = [readable(build, build.reshape(matrix, sizes)), vector]
    result = Routine("matrix_vector", sizes[:1], build.spec.dtype, operands)
    whole = reshaped(build.lowered.add(result), [length[x] for x in m + n])
    assert whole is not None
    return whole


def _aligned(node: Node, labels: str, wanted: str, shape: Sequence[int]) -> Node:
    """`node` with its axes named as in `wanted`; those that it lacks are stretched."""
    order = [labels.index(x) for x in wanted if x in labels]
    moved = transposed(node, order)
    _, strides, offset = access(moved)
    rest = iter(strides)
    steps = [next(rest) if x in labels else 0 for x in wanted]
    return viewed(moved, shape, steps, offset)


def _by_loops(
    build: Builder, first: tuple[Node, str], second: tuple[Node, str], m: str, k: str, n: str
) -> Node:
    """Products summed over `k`; written out where these are few."""
    (a, la), (b, lb) = first, second
    length = dict(zip(la + lb, (*a.shape, *b.shape), strict=True))
    count = math.prod([length[x] for x in k])
    few = bool(k) and 0 < count <= UNROLLED
    labels = k + m + n if few else _loop_order(first, second, (m, k, n))
    shape = [length[x] for x in labels]
    left, right = _aligned(a, la, labels, shape), _aligned(b, lb, labels, shape)
    if few:
        return _written_out(build, left, right, len(k))
    product = build.map("multiply", left, right, dtype=build.spec.dtype)
    start = labels.index(k)
    total = build.reduce("add", product, range(start, start + len(k)), False) if k else product
    left_over = [x for x in labels if x not in k]
    return transposed(total, [left_over.index(x) for x in m + n])


def _loop_order(
    first: tuple[Node, str], second: tuple[Node, str], labels: tuple[str, str, str]
) -> str:
    """The labels, those last whose entries of the larger operand lie side by side."""
    (a, _), (b, _) = first, second
    node, own = first if a.size > b.size else second
    strides = access(node)[1]
    inner = {x for x, stride in zip(own, strides, strict=True) if stride == 1}
    m, k, n = labels
    if inner.intersection(k):
        return m + n + k
    return n + k + m if inner.intersection(m) else m + k + n


def _written_out(build: Builder, left: Node, right: Node, count: int) -> Node:
    total = None
    for index in np.ndindex(*left.shape[:count]):
        pair = [_part(node, index) for node in (left, right)]
        term = build.map("multiply", *pair, dtype=build.spec.dtype)
        total = term if total is None else build.map("add", total, term, dtype=term.dtype)
    assert total is not None
    return total


def _part(node: Node, index: Sequence[int]) -> Node:
    """``node[index]``."""
    _, strides, offset = access(node)
    offset += sum(i * s for i, s in zip(index, strides, strict=False))
    return viewed(node, node.shape[len(index) :], strides[len(index) :], offset)


def _by_blas(
    build: Builder, first: tuple[Node, str], second: tuple[Node, str], labels: Sequence[str]
) -> Node:
    (a, la), (b, lb) = first, second
    stack, m, k, n = labels
    length = dict(zip(la + lb, (*a.shape, *b.shape), strict=True))
    lengths = [length[x] for x in stack]

    def matrices(node: Node, own: str, rows: str, columns: str) -> Node:
        moved = transposed(node, [own.index(x) for x in stack + rows + columns])
        shape = [*lengths, *[math.prod(length[x] for x in part) for part in (rows, columns)]]
        return readable(build, build.reshape(moved, shape))

    left, right = matrices(a, la, m, k), matrices(b, lb, k, n)
    shape = (*lengths, left.shape[-2], right.shape[-1])
    dtype = build.spec.dtype
    result = build.lowered.add(Routine("product", shape, dtype, [left, right]))
    whole = reshaped(result, [*lengths, *[length[x] for x in m + n]])
    assert whole is not None
    return whole


def readable(build: Builder, node: Node) -> Node:
    """`node`, or a copy that lies as BLAS reads it."""
    base = access(node)[0]
    return build.copied(node) if not base.shape or layout(node) is None else node


# -- NumPy's functions --------------------------------------------------------------------------

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _pair(build: Builder, a: Any, b: Any) -> tuple[Node, Node] | None:
    dtype = build.spec.dtype
    if dtype.kind not in "fiu" or dtype == np.float16:
        return None
    return build.node(a, dtype), build.node(b, dtype)


def _rank(build: Builder, a: Any) -> int:
    return len(build.node(a).shape)


def _stacked(build: Builder, a: Any, b: Any, cores: tuple[str, str, str]) -> Any:
    """A product of the last axes, named `cores`, with the axes before them broadcast."""
    pair = _pair(build, a, b)
    if pair is None:
        return NotImplemented
    own = [len(node.shape) - len(core) for node, core in zip(pair, cores, strict=False)]
    whole = np.broadcast_shapes(
        *[node.shape[:count] for node, count in zip(pair, own, strict=True)]
    )
    names = _LETTERS[len(_LETTERS) - len(whole) :]
    (x, lx), (y, ly) = (
        _unstretched(build, node, whole[len(whole) - count :], names[len(whole) - count :], core)
        for node, count, core in zip(pair, own, cores, strict=False)
    )
    return contracted(build, x, lx, y, ly, names + cores[2])


def _unstretched(
    build: Builder, node: Node, whole: Sequence[int], names: str, core: str
) -> tuple[Node, str]:
    """`node` without the axes of length 1 that are stretched to `whole`, and its labels."""
    count = len(names)
    used = [k for k in range(count) if node.shape[k] == whole[k]]
    shape = [*[node.shape[k] for k in used], *node.shape[count:]]
    return build.reshape(node, shape), "".join(names[k] for k in used) + core


@lowers(np.matmul)
def _matmul(build: Builder, a: Any, b: Any, **options: Any) -> Any:
    if options:
        return NotImplemented
    first, second = _rank(build, a), _rank(build, b)
    left, right = "k" if first == 1 else "mk", "k" if second == 1 else "kn"
    return _stacked(build, a, b, (left, right, left[:-1] + right[1:]))


@lowers(np.vecdot)
def _vecdot(build: Builder, a: Any, b: Any, **options: Any) -> Any:
    return NotImplemented if options else _stacked(build, a, b, ("k", "k", ""))


@lowers(np.matvec)
def _matvec(build: Builder, a: Any, b: Any, **options: Any) -> Any:
    return NotImplemented if options else _stacked(build, a, b, ("mk", "k", "m"))


@lowers(np.vecmat)
def _vecmat(build: Builder, a: Any, b: Any, **options: Any) -> Any:
    return NotImplemented if options else _stacked(build, a, b, ("k", "kn", "n"))


@lowers(np.dot)
def _dot(build: Builder, a: Any, b: Any, out: Any = None) -> Any:
    pair = _pair(build, a, b)
    if out is not None or pair is None:
        return NotImplemented
    x, y = (len(node.shape) for node in pair)
    if not x or not y:
        return build.map("multiply", *pair, dtype=build.spec.dtype)
    return _tensordot(build, a, b, ([x - 1], [max(y - 2, 0)]))


@lowers(np.inner)
def _inner(build: Builder, a: Any, b: Any) -> Any:
    x, y = _rank(build, a), _rank(build, b)
    if not x or not y:
        return _dot(build, a, b)
    return _tensordot(build, a, b, ([x - 1], [y - 1]))


@lowers(np.tensordot)
def _tensordot(build: Builder, a: Any, b: Any, axes: Any = 2) -> Any:
    pair = _pair(build, a, b)
    if pair is None or has_refs(axes):
        return NotImplemented
    first, second = pair
    x, y = len(first.shape), len(second.shape)
    if isinstance(axes, (int, np.integer)):
        axes = range(x - axes, x), range(axes)
    left, right = axis_numbers(axes[0], x), axis_numbers(axes[1], y)
    la, lb = list(_LETTERS[:x]), list(_LETTERS[x : x + y])
    for one, other in zip(left, right, strict=True):
        lb[other] = la[one]
    out = [name for k, name in enumerate(la) if k not in left]
    out += [name for k, name in enumerate(lb) if k not in right]
    return contracted(build, first, "".join(la), second, "".join(lb), "".join(out))


@lowers(np.outer)
def _outer(build: Builder, a: Any, b: Any, out: Any = None) -> Any:
    pair = _pair(build, a, b)
    if out is not None or pair is None:
        return NotImplemented
    x, y = (build.reshape(node, (node.size,)) for node in pair)
    return contracted(build, x, "a", y, "b", "ab")


@lowers(np.vdot)
def _vdot(build: Builder, a: Any, b: Any) -> Any:
    pair = _pair(build, a, b)
    if pair is None:
        return NotImplemented
    x, y = (build.reshape(node, (node.size,)) for node in pair)
    return contracted(build, x, "a", y, "a", "")


@lowers(np.einsum)
def _einsum(build: Builder, subscripts: Any, *operands: Any, **options: Any) -> Any:
    options.pop("optimize", None)
    if options or not isinstance(subscripts, str) or "." in subscripts or not operands:
        return NotImplemented
    dtype = build.spec.dtype
    if dtype.kind not in "fiu" or dtype == np.float16:
        return NotImplemented
    left, arrow, out = subscripts.replace(" ", "").partition("->")
    if not arrow:
        out = "".join(x for x in sorted(set(left) - {","}) if left.count(x) == 1)
    nodes = [build.node(operand, dtype) for operand in operands]
    named = list(zip(nodes, left.split(","), strict=True))
    lengths = {(x, n) for node, labels in named for x, n in zip(labels, node.shape, strict=True)}
    if len(lengths) != len(dict(lengths)):
        return NotImplemented  # an axis of length 1 is stretched
    parts = [_diagonal(node, labels) for node, labels in named]
    while len(parts) > 1:
        (a, la), (b, lb), *rest = parts
        later = out + "".join(labels for _, labels in rest)
        kept = "".join(dict.fromkeys(x for x in la + lb if x in later))
        parts = [(contracted(build, a, la, b, lb, kept), kept), *rest]
    node, labels = _summed(build, *parts[0], out)
    return transposed(node, [labels.index(x) for x in out])


def _diagonal(node: Node, labels: str) -> tuple[Node, str]:
    """`node` with each label once: its diagonal where one stands twice."""
    _, strides, offset = access(node)
    found = "".join(dict.fromkeys(labels))
    steps = [sum(s for s, x in zip(strides, labels, strict=True) if x == name) for name in found]
    shape = [node.shape[labels.index(name)] for name in found]
    return viewed(node, shape, steps, offset), found
