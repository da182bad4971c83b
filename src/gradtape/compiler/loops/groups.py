"""Kernels that run one after the other in one native call: all at once, or rows by rows.

Large kernels over the same first axis run in chunks of rows: all of them on one chunk, then on the
next. What one computes for the other stays in the cache, and what nothing else reads is kept for
one chunk only, on the stack.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from gradtape.compiler.loops.nodes import Gather, Node, Reduce, Scatter, access

CHUNK = 1 << 15
"""Entries of a chunk, about."""

LARGE = 1 << 17
"""Entries, or for products an eighth of the multiplications, from which threads share the work."""

PRODUCT_ROWS = 32
"""Rows that a product takes at once, at least: with fewer BLAS reads the other matrix too often."""

STACK = 1 << 18
"""Bytes of a chunk that its kernels keep for each other, about; never more than twice that."""


class Group:
    """Kernels that run in order, with nothing between them.

    Attributes
    ----------
    rows
        How many rows there are, where they run in chunks; else 0.
    step
        Rows of a chunk.
    scratch
        What is kept for one chunk only, and the bytes of a row of it.
    text
        The native function.
    """

    def __init__(self, kernels: Sequence[Any], rows: int = 0) -> None:
        self.kernels = list(kernels)
        self.rows = rows
        self.step = 0
        self.scratch: dict[Node, int] = {}
        self.name = f"group_{self.kernels[0].name}"

    @property
    def nodes(self) -> list[Node]:
        """What stands at each place of the table."""
        return [n for kernel in self.kernels for n in (*kernel.reads, *kernel.writes)]

    def takes(self, kernel: Any) -> bool:
        """Whether a kernel may run on a chunk after the others did, before they run on the next."""
        if rows_of(kernel) != self.rows or _is_product(kernel) or _moves(kernel):
            return False
        if _is_product(self.kernels[0]) and self._first_row() * PRODUCT_ROWS > STACK:
            return False
        if any(_moves(other) for other in self.kernels):
            return False
        made = {n for other in self.kernels for n in other.writes}
        sums = {n for other in self.kernels for n in partial(other)}
        if any(
            isinstance(n, Gather) and access(n.operands[0])[0] in made for n in kernel.cluster.nodes
        ):
            return False
        return all(
            read[0] not in sums and _in_rows(kernel.cluster.shape, *read)
            for read in kernel._accesses
            if read[0] in made
        )

    def _first_row(self) -> int:
        node = self.kernels[0].node
        return int(node.shape[1] * node.dtype.itemsize)

    def settle(self, inner: set[Node]) -> None:
        """Choose the chunks; `inner` is what nothing outside reads."""
        least = max([1, *[k.lanes for k in self.kernels if len(k.axes) == 1]])
        if _is_product(self.kernels[0]):
            least = PRODUCT_ROWS
        sums = {n for kernel in self.kernels for n in partial(kernel)}
        made = [n for kernel in self.kernels for n in kernel.writes if n in inner and n not in sums]
        kept = {n: n.size // self.rows * n.dtype.itemsize for n in made}
        row = sum(kept.values())
        step = CHUNK // max(_entries(kernel) // self.rows for kernel in self.kernels)
        if row * least <= 2 * STACK:
            self.scratch = kept
            step = min(step, STACK // max(row, 1))
        self.step = max(step // least, 1) * least

    @property
    def multiplies(self) -> bool:
        """Whether BLAS makes a product for one of the kernels."""
        return any(_routine(kernel) in ("product", "matrix_vector") for kernel in self.kernels)

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return -(-self.rows // self.step)

    @property
    def text(self) -> str:
        """The native function: it calls the kernels, on the rows that it is given if in chunks."""
        lines = [f"define void @{self.name}(ptr noalias %args, i64 %begin, i64 %end) #0 {{"]
        table = "%args"
        if self.scratch:
            table = "%table"
            lines += self._table()
        start = 0
        for k, kernel in enumerate(self.kernels):
            lines.append(f"  %t{k} = getelementptr ptr, ptr {table}, i64 {start}")
            low, high = "0", str(length(kernel))
            if self.rows:
                low, high = f"%low{k}", f"%high{k}"
                each = length(kernel) // self.rows
                lines.append(f"  {low} = mul nsw i64 %begin, {each}")
                lines.append(f"  {high} = mul nsw i64 %end, {each}")
            lines.append(f"  call void @{kernel.name}(ptr %t{k}, i64 {low}, i64 {high})")
            start += len(kernel.reads) + len(kernel.writes)
        return "\n".join([*lines, "  ret void", "}"])

    def _table(self) -> list[str]:
        """A table where the addresses of what is kept on the stack stand too."""
        nodes, lines = self.nodes, []
        lines.append(f"  %table = alloca [{len(nodes)} x ptr]")
        cells = {}
        for k, (node, size) in enumerate(self.scratch.items()):
            cells[node] = f"%cell{k}"
            lines += [
                f"  %memory{k} = alloca [{size * self.step} x i8], align 64",
                f"  %cell{k} = alloca ptr",
                f"  %back{k} = mul nsw i64 %begin, {-size}",
                f"  %first{k} = getelementptr i8, ptr %memory{k}, i64 %back{k}",
                f"  store ptr %first{k}, ptr %cell{k}",
            ]
        for k, node in enumerate(nodes):
            lines.append(f"  %place{k} = getelementptr ptr, ptr %table, i64 {k}")
            cell = cells.get(node)
            if cell is None:
                lines.append(f"  %given{k} = getelementptr ptr, ptr %args, i64 {k}")
                cell = f"%loaded{k}"
                lines.append(f"  {cell} = load ptr, ptr %given{k}")
            lines.append(f"  store ptr {cell}, ptr %place{k}")
        return lines


def _in_rows(shape: Sequence[int], base: Node, strides: Sequence[int], offset: int) -> bool:
    """Whether row ``i`` of a loop over `shape` reads nothing but row ``i`` of `base`."""
    first = next(a for a, n in enumerate(shape) if n != 1)
    row = base.size // shape[first]
    steps = [(n - 1) * s for n, s in zip(shape[first + 1 :], strides[first + 1 :], strict=True)]
    low, high = (offset + sum(pick(step, 0) for step in steps) for pick in (min, max))
    return strides[first] == row and low >= 0 and high < row


def length(kernel: Any) -> int:
    """How far the outermost loop of a kernel goes."""
    if _is_product(kernel):
        return int(kernel.node.shape[-2])
    return int(kernel.axes[0].length) if kernel.axes else 0


def _entries(kernel: Any) -> int:
    """What a kernel costs, in entries of a loop of a few operations."""
    if _is_product(kernel):
        return int(kernel.node.size * kernel.node.operands[0].shape[-1]) // 8
    operations = len(kernel.cluster.nodes)
    entries: int = math.prod([axis.length for axis in kernel.axes])
    return entries * (1 + operations // 8)


def _routine(kernel: Any) -> str | None:
    """The name of a native function of its own; None for loops."""
    return kernel.node.name if hasattr(kernel, "node") else None


def _is_product(kernel: Any) -> bool:
    return _routine(kernel) == "product"


def partial(kernel: Any) -> list[Reduce]:
    """The reductions along the outermost loop, of which a chunk makes only a part."""
    return [
        node
        for number, node in enumerate(kernel.reductions)
        if node in kernel.writes and not kernel.axes[0].kept[number]
    ]


def _moves(kernel: Any) -> bool:
    """Whether a kernel writes into the memory of another node."""
    return bool(kernel.regions)


def rows_of(kernel: Any) -> int:
    """The length of the axis along which a kernel may be cut; 0 if it may not."""
    if _is_product(kernel):
        return int(kernel.node.shape[0]) if len(kernel.node.shape) == 2 else 0
    if not kernel.axes or any(isinstance(node, Scatter) for node in kernel.regions):
        return 0
    if not all(kernel.axes[0].kept[len(kernel.reductions) :]):
        return 0
    return int(next(n for n in kernel.cluster.shape if n != 1))


def is_large(kernel: Any) -> bool:
    """Whether a kernel is worth several threads, and may run in any order."""
    return rows_of(kernel) > 1 and _entries(kernel) >= LARGE


def grouped(
    items: Sequence[tuple[Any, Any]], read: Mapping[Node, set[Any]], kept: set[Node]
) -> list[Any]:
    """The schedule with its kernels put together.

    Parameters
    ----------
    items
        What is to be done, in order: each with its kernel, or None for a call of Python.
    read
        The items that read a node.
    kept
        The nodes that are read after all of them.
    """
    result: list[Any] = []
    places: list[set[Any]] = []
    for item, kernel in items:
        last = result[-1] if result and isinstance(result[-1], Group) else None
        if kernel is None or 0 in kernel.cluster.shape:
            result.append(item if kernel is None else kernel)
            places.append({item})
        elif last is not None and (last.takes(kernel) if last.rows else not is_large(kernel)):
            last.kernels.append(kernel)
            places[-1].add(item)
        else:
            result.append(Group([kernel], rows_of(kernel) if is_large(kernel) else 0))
            places.append({item})
    for group, members in zip(result, places, strict=True):
        if isinstance(group, Group) and group.rows:
            made = {n for kernel in group.kernels for n in kernel.writes}
            group.settle({n for n in made - kept if read.get(n, set()) <= members})
    return result
