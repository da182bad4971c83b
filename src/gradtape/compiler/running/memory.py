"""Where the values of a program lie while it runs, and the memory of one call.

Native code finds everything through a table of addresses. Numbers have a cell of eight bytes each;
arrays that nobody else sees are kept from call to call.
"""

from __future__ import annotations

import array
import ctypes
import struct
from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np

from gradtape.compiler.loops.groups import Group
from gradtape.compiler.loops.nodes import Node, Region, Source
from gradtape.compiler.machine.emit import Kernel
from gradtape.compiler.running.parallel import Split

FORMATS = {
    "float64": "d",
    "float32": "f",
    "int64": "q",
    "int32": "i",
    "int16": "h",
    "int8": "b",
    "uint64": "Q",
    "uint32": "I",
    "uint16": "H",
    "uint8": "B",
    "bool": "?",
}
"""The dtypes of numbers in cells, in the letters of `struct`."""


def cell_layout(node: Node) -> str:
    """The layout of one number in its eight bytes."""
    return f"{FORMATS[node.dtype.name]}{8 - node.dtype.itemsize}x"


def is_constant(node: Node) -> TypeGuard[Source]:
    """Whether the node's value is known before the program runs."""
    return isinstance(node, Source) and node.constant is not None


class Layout:
    """The places of a program's values.

    Attributes
    ----------
    entries
        The length of the table.
    starts
        The first entry of each kernel: what it reads, then what it writes.
    fixed
        The node of each entry that is the same for every call of a `State`.
    scalars
        The cell of each number.
    slots
        The place of each kept array among those of a `State`.
    outgoing
        Nodes whose memory becomes the caller's: new for each call.
    splits
        What runs in chunks, and how many entries each takes.
    """

    def __init__(
        self,
        kernels: Sequence[Kernel],
        groups: Sequence[Group],
        inputs: Sequence[Node],
        outputs: Sequence[Node],
    ) -> None:
        self.entries = 0
        self.starts: dict[Kernel, int] = {}
        self.fixed: dict[int, Node] = {}
        self.scalars: dict[Node, int] = {}
        self.slots: dict[Node, int] = {}
        self.outgoing = _memory_of(outputs)
        self.splits: list[tuple[Split, int]] = []
        self.offset = _data_offset()
        read = {n for kernel in kernels for n in kernel.reads}
        for node in inputs:
            if node in read and _has_cell(node):
                self.scalars[node] = len(self.scalars)
        scratch = {node for group in groups for node in group.scratch}
        for kernel in kernels:
            self.starts[kernel] = self.entries
            for node in (*kernel.reads, *kernel.writes):
                if node not in scratch:
                    self._place(node)
                self.entries += 1

    def _place(self, node: Node) -> None:
        """Give a node a cell, or an array that is kept, unless its memory comes with each call."""
        given = isinstance(node, Source) and not is_constant(node)
        if _has_cell(node):
            places, new = self.scalars, len(self.scalars)
        elif given or node in self.outgoing:
            return
        else:
            places, new = self.slots, len(self.slots)
        if isinstance(node, Region):
            places[node] = places[node.operands[0]]
        places.setdefault(node, new)
        self.fixed[self.entries] = node


def _has_cell(node: Node) -> bool:
    return not node.shape and node.dtype.name in FORMATS


def _memory_of(outputs: Sequence[Node]) -> set[Node]:
    """The nodes that lie in the memory of `outputs`: they, and what a `Region` took over."""
    found: set[Node] = set()
    for node in outputs:
        found.add(node)
        while isinstance(node, Region):
            node = node.operands[0]
            found.add(node)
    return found


def _data_offset() -> int:
    """Where in an array object the address of its data stands."""
    probe = np.zeros(1)
    wanted = probe.ctypes.data
    for offset in range(8, 64, 8):
        if ctypes.c_void_p.from_address(id(probe) + offset).value == wanted:
            return offset
    raise RuntimeError("Use NumPy calls instead of native code: the layout of arrays is unknown.")


class State:
    """The memory that one call of a program uses at a time.

    Attributes
    ----------
    table, address
        The addresses of all values, and where they stand.
    scalars
        The cells.
    arrays
        The arrays that are kept.
    chunks
        What the groups that run in chunks need.
    """

    __slots__ = ("_cells", "address", "arrays", "chunks", "scalars", "table")

    def __init__(self, layout: Layout) -> None:
        count = max(1, len(layout.scalars))
        self.scalars = bytearray(8 * count)
        base = ctypes.addressof(ctypes.c_char.from_buffer(self.scalars))
        self._cells = array.array("Q", [base + 8 * k for k in range(count)])
        self.table = array.array("Q", [0] * max(1, layout.entries))
        self.address = self.table.buffer_info()[0]
        self.chunks = [split.memory(entries) for split, entries in layout.splits]
        self.arrays: list[Any] = [None] * (1 + max(layout.slots.values(), default=-1))
        cells = self._cells.buffer_info()[0]
        for entry, node in layout.fixed.items():
            constant = node.constant if isinstance(node, Source) else None
            if node in layout.scalars:
                at = 8 * layout.scalars[node]
                self.table[entry] = cells + at
                if constant is not None:
                    struct.pack_into(FORMATS[node.dtype.name], self.scalars, at, constant[()])
                continue
            slot = layout.slots[node]
            if self.arrays[slot] is None:
                made = np.empty(node.shape, node.dtype) if constant is None else constant
                self.arrays[slot] = made
            self.table[entry] = id(self.arrays[slot]) + layout.offset
