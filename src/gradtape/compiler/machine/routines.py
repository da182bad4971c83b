"""Native functions that are no loops over entries: they call BLAS and LAPACK, or draw bits."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from gradtape.compiler.loops.nodes import Cluster, Node, Routine, access
from gradtape.compiler.machine import blas
from gradtape.compiler.scalar.code import TYPES, Code, literal


class RoutineKernel:
    """The native function of a `Routine`: what `Kernel` is for loops."""

    def __init__(self, cluster: Cluster, name: str, needed: set[Node]) -> None:
        node: Any = cluster.nodes[0]
        self.name = name
        self.cluster = cluster
        self.node: Routine = node
        self.reads = list(dict.fromkeys(access(operand)[0] for operand in node.operands))
        self.writes = list(cluster.nodes)
        self.axes: list[Any] = []
        self.regions: list[Any] = []
        self.reductions: list[Any] = []
        self.lanes = 1
        self.declared: dict[str, str] = {}
        self.globals: list[str] = []
        self.code = Code(1, self.declared, [0])
        self._arrays = {
            memory: self._array(k) for k, memory in enumerate((*self.reads, *self.writes))
        }
        ROUTINES[node.name](self, node)
        self.text = "\n".join(
            [
                *self.globals,
                f"define internal void @{name}(ptr noalias %args, i64 %begin, i64 %end) #0 {{",
                "entry:",
                *self.code.lines,
                "  ret void",
                "}",
            ]
        )

    def _array(self, number: int) -> str:
        """The address of an array: the table says where it stands."""
        slot = self.code.new(f"getelementptr ptr, ptr %args, i64 {number}")
        cell = self.code.new(f"load ptr, ptr {slot}")
        return self.code.new(f"load ptr, ptr {cell}")

    def address(self, node: Node, offset: str = "") -> str:
        """Where a node's first entry lies, or the one `offset` entries further on."""
        base, _, start = access(node)
        place, memory = self._arrays[base], TYPES[node.dtype.name]
        for by in (str(start) if start else "", offset):
            if by:
                place = self.code.new(f"getelementptr {memory}, ptr {place}, i64 {by}")
        return place

    def constant(self, kind: str, value: Any) -> str:
        """The address of a constant, as Fortran takes its arguments."""
        name = f"@{self.name}_c{len(self.globals)}"
        self.globals.append(f"{name} = private constant {kind} {value}")
        return name

    def call(self, symbol: str, *args: str) -> None:
        """Call a function that takes addresses."""
        kinds = ", ".join(["ptr"] * len(args))
        self.declared.setdefault(symbol, f"declare void @{symbol}({kinds})")
        self.code.do(f"call void @{symbol}({', '.join(f'ptr {arg}' for arg in args)})")

    def loop(self, count: int | str, body: Callable[[str], None]) -> None:
        """``for i in range(count)``."""
        code = self.code
        code._counter[0] += 1
        n = code._counter[0]
        before = f"before{n}"
        code.do(f"br label %{before}")
        code.lines.append(f"{before}:")
        code.do(f"br label %test{n}")
        code.lines.append(f"test{n}:")
        code.lines.append(f"  %i{n} = phi i64 [ 0, %{before} ], [ %after{n}, %next{n} ]")
        more = code.new(f"icmp slt i64 %i{n}, {count}")
        code.do(f"br i1 {more}, label %body{n}, label %done{n}")
        code.lines.append(f"body{n}:")
        body(f"%i{n}")
        code.do(f"br label %next{n}")
        code.lines.append(f"next{n}:")
        code.lines.append(f"  %after{n} = add nsw i64 %i{n}, 1")
        code.do(f"br label %test{n}")
        code.lines.append(f"done{n}:")

    def offset(self, index: str, shape: Sequence[int], strides: Sequence[int]) -> str:
        """Where the matrix of number `index` in a stack of `shape` begins."""
        code, total, rest = self.code, "0", index
        for length, stride in reversed(list(zip(shape, strides, strict=True))):
            digit = code.new(f"urem i64 {rest}, {length}")
            rest = code.new(f"udiv i64 {rest}, {length}")
            term = code.new(f"mul nsw i64 {digit}, {stride}")
            total = code.new(f"add nsw i64 {total}, {term}")
        return total

    def matrix(self, node: Node, index: str) -> str:
        """The address of the matrix of number `index` of a stack."""
        _, strides, _ = access(node)
        return self.address(node, self.offset(index, node.shape[:-2], strides[:-2]))


def layout(node: Node) -> tuple[bool, int] | None:
    """Whether the matrices of a node lie in memory by columns, and how far apart the lines are.

    None if they lie in no order that BLAS reads.
    """
    (rows, columns), (down, across) = node.shape[-2:], access(node)[1][-2:]
    if (across == 1 or columns == 1) and (down >= columns or rows == 1):
        return False, max(down, columns) if rows > 1 else columns
    if (down == 1 or rows == 1) and (across >= rows or columns == 1):
        return True, max(across, rows) if columns > 1 else rows
    return None


def _product(kernel: RoutineKernel, node: Routine) -> None:
    """``a @ b`` in C order, which is ``b' @ a'`` by columns."""
    a, b = node.operands
    symbol, integer = blas.routine("gemm", node.dtype)  # type: ignore[misc]
    *stack, rows, columns = node.shape
    flags, sizes = [], []
    for part in (b, a):
        turned, between = layout(part)  # type: ignore[misc]
        flags.append(kernel.constant("i8", ord("T" if turned else "N")))
        sizes.append(kernel.constant(integer, between))
    n, m, k = (kernel.constant(integer, x) for x in (columns, rows, a.shape[-1]))
    kind = TYPES[node.dtype.name]
    one, zero = (kernel.constant(kind, literal(x, node.dtype)) for x in (1, 0))
    ldc = kernel.constant(integer, columns)
    if not stack:
        _product_rows(kernel, node, symbol, integer, [*flags, n, k, one, *sizes, zero, ldc])
        return

    def multiply(i: str) -> None:
        second, first = kernel.matrix(b, i), kernel.matrix(a, i)
        out = kernel.matrix(node, i)
        args = [*flags, n, m, k, one, second, sizes[0], first, sizes[1], zero, out, ldc]
        kernel.call(symbol, *args)

    kernel.loop(math.prod(stack), multiply)


def _product_rows(
    kernel: RoutineKernel, node: Routine, symbol: str, integer: str, constants: Sequence[str]
) -> None:
    """The rows from ``%begin`` to ``%end`` of one product."""
    code, (a, b) = kernel.code, node.operands
    first_flag, second_flag, n, k, one, ldb, lda, zero, ldc = constants
    count = code.new("sub nsw i64 %end, %begin")
    if integer != "i64":
        count = code.new(f"trunc i64 {count} to {integer}")
    m = code.new(f"alloca {integer}")
    code.do(f"store {integer} {count}, ptr {m}")
    own, given = (
        code.new(f"mul nsw i64 %begin, {step}") for step in (node.shape[1], access(a)[1][0])
    )
    rows, out = kernel.address(a, given), kernel.address(node, own)
    args = [n, m, k, one, kernel.address(b), ldb, rows, lda, zero, out, ldc]
    kernel.call(symbol, first_flag, second_flag, *args)


def _matrix_vector(kernel: RoutineKernel, node: Routine) -> None:
    """``a @ x`` of one matrix and one vector."""
    a, x = node.operands
    symbol, integer = blas.routine("gemv", node.dtype)  # type: ignore[misc]
    turned, between = layout(a)  # type: ignore[misc]
    rows, columns = a.shape if turned else a.shape[::-1]  # as BLAS reads it, by columns
    flag = kernel.constant("i8", ord("N" if turned else "T"))
    m, n, lda, step = (kernel.constant(integer, v) for v in (rows, columns, between, 1))
    one, zero = (kernel.constant(TYPES[node.dtype.name], literal(v, node.dtype)) for v in (1, 0))
    first, second, out = (kernel.address(part) for part in (a, x, node))
    kernel.call(symbol, flag, m, n, one, first, lda, second, step, zero, out, step)


def _start_status(kernel: RoutineKernel, node: Routine, integer: str) -> tuple[str, str]:
    """The address of the status, and of the number by which LAPACK says what failed."""
    assert node.status is not None
    status = kernel.address(node.status)
    kernel.code.do(f"store i64 0, ptr {status}")
    info = kernel.code.new(f"alloca {integer}")
    return status, info


def _note_status(kernel: RoutineKernel, status: str, info: str, integer: str) -> None:
    code = kernel.code
    value = code.new(f"load {integer}, ptr {info}")
    if integer != "i64":
        value = code.new(f"sext {integer} {value} to i64")
    old = code.new(f"load i64, ptr {status}")
    code.do(f"store i64 {code.new(f'or i64 {old}, {value}')}, ptr {status}")


def _copy(kernel: RoutineKernel, node: Routine, source: Node) -> None:
    declaration = "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)"
    kernel.declared["llvm.memcpy.p0.p0.i64"] = declaration
    size = node.size * node.dtype.itemsize
    to, start = kernel.address(node), kernel.address(source)
    kernel.code.do(f"call void @llvm.memcpy.p0.p0.i64(ptr {to}, ptr {start}, i64 {size}, i1 false)")


def _cholesky(kernel: RoutineKernel, node: Routine) -> None:
    """The lower factor; above the diagonal stays what was there. By columns it is the upper one."""
    symbol, integer = blas.routine("potrf", node.dtype)  # type: ignore[misc]
    status, info = _start_status(kernel, node, integer)
    _copy(kernel, node, node.operands[0])
    *stack, n, _ = node.shape
    which, size = kernel.constant("i8", ord("U")), kernel.constant(integer, n)

    def factor(i: str) -> None:
        kernel.call(symbol, which, size, kernel.matrix(node, i), size, info)
        _note_status(kernel, status, info, integer)

    kernel.loop(math.prod(stack), factor)


def _solve(kernel: RoutineKernel, node: Routine) -> None:
    """The transpose of ``inv(a) @ b``, given the transposes; that of `a` is overwritten."""
    a, b = node.operands
    symbol, integer = blas.routine("gesv", node.dtype)  # type: ignore[misc]
    status, info = _start_status(kernel, node, integer)
    _copy(kernel, node, b)
    *stack, columns, n = node.shape
    pivots = kernel.code.new(f"alloca {integer}, i64 {n}")
    size, count = kernel.constant(integer, n), kernel.constant(integer, columns)

    def solve(i: str) -> None:
        first, second = kernel.matrix(a, i), kernel.matrix(node, i)
        kernel.call(symbol, size, count, first, size, pivots, second, size, info)
        _note_status(kernel, status, info, integer)

    kernel.loop(math.prod(stack), solve)


def _solve_triangle(kernel: RoutineKernel, node: Routine) -> None:
    """The transpose of ``inv(a) @ b`` for a triangle of `a`, given `a` and the transpose of `b`."""
    a, b = node.operands
    symbol, integer = blas.routine("trtrs", node.dtype)  # type: ignore[misc]
    status, info = _start_status(kernel, node, integer)
    _copy(kernel, node, b)
    *stack, columns, n = node.shape
    turned, between = layout(a)  # type: ignore[misc]
    lower = node.options["lower"] == turned  # as LAPACK reads it, by columns
    flags = ["L" if lower else "U", "N" if turned else "T", "U" if node.options["unit"] else "N"]
    letters = [kernel.constant("i8", ord(letter)) for letter in flags]
    size, count, lda = (kernel.constant(integer, x) for x in (n, columns, between))

    def solve(i: str) -> None:
        first, second = kernel.matrix(a, i), kernel.matrix(node, i)
        kernel.call(symbol, *letters, size, count, first, lda, second, size, info)
        _note_status(kernel, status, info, integer)

    kernel.loop(math.prod(stack), solve)


def _factor_diagonal(kernel: RoutineKernel, node: Routine) -> None:
    """The diagonal of the upper factor of each matrix, then 1 or -1 as rows were exchanged.

    The matrix is overwritten; a singular one has a 0 on the diagonal, which is no failure.
    """
    a, code, kind = node.operands[0], kernel.code, TYPES[node.dtype.name]
    symbol, integer = blas.routine("getrf", node.dtype)  # type: ignore[misc]
    n = a.shape[-1]
    info = code.new(f"alloca {integer}")
    pivots = code.new(f"alloca {integer}, i64 {n}")
    size = kernel.constant(integer, n)

    def factor(i: str) -> None:
        first = kernel.matrix(a, i)
        out = kernel.address(node, code.new(f"mul i64 {i}, {n + 1}"))
        sign = code.new(f"getelementptr {kind}, ptr {out}, i64 {n}")
        kernel.call(symbol, size, size, first, size, pivots, info)
        code.do(f"store {kind} {literal(1, node.dtype)}, ptr {sign}")

        def take(k: str) -> None:
            place = code.new(f"mul i64 {k}, {n + 1}")
            entry = code.new(f"getelementptr {kind}, ptr {first}, i64 {place}")
            to = code.new(f"getelementptr {kind}, ptr {out}, i64 {k}")
            code.do(f"store {kind} {code.new(f'load {kind}, ptr {entry}')}, ptr {to}")
            pivot = code.new(f"getelementptr {integer}, ptr {pivots}, i64 {k}")
            row = code.new(f"load {integer}, ptr {pivot}")
            wide = code.new(f"sext {integer} {row} to i64") if integer != "i64" else row
            same = code.new(f"icmp eq i64 {wide}, {code.new(f'add i64 {k}, 1')}")
            old = code.new(f"load {kind}, ptr {sign}")
            turned = code.new(f"fneg {kind} {old}")
            new = code.new(f"select i1 {same}, {kind} {old}, {kind} {turned}")
            code.do(f"store {kind} {new}, ptr {sign}")

        kernel.loop(n, take)

    kernel.loop(math.prod(node.shape[:-1]), factor)


_FACTORS = 0xD2E7470EE14C6C93, 0xCA5A826395121157
_STEPS = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B


def _signed(word: int) -> int:
    return word - (1 << 64) if word >> 63 else word


def _block(code: Code, counter: Sequence[str], key: str) -> list[str]:
    """Four words of 64 random bits for a counter of four: ten rounds of Philox."""

    def halves(word: str, factor: int) -> tuple[str, str]:
        wide = code.new(f"zext i64 {word} to i128")
        product = code.new(f"mul i128 {wide}, {factor}")
        high = code.new(f"trunc i128 {code.new(f'lshr i128 {product}, 64')} to i64")
        return high, code.new(f"trunc i128 {product} to i64")

    a, b, c, d = counter
    for turn in range(10):
        keys = [
            code.new(f"add i64 {start}, {_signed(turn * step % (1 << 64))}")
            for start, step in zip((key, "0"), _STEPS, strict=True)
        ]
        (high0, low0), (high1, low1) = halves(a, _FACTORS[0]), halves(c, _FACTORS[1])
        first, second = code.new(f"xor i64 {high1}, {b}"), code.new(f"xor i64 {high0}, {d}")
        a, c = (code.new(f"xor i64 {x}, {k}") for x, k in zip((first, second), keys, strict=True))
        b, d = low1, low0
    return [a, b, c, d]


def _philox(kernel: RoutineKernel, node: Routine) -> None:
    """The words of `numpy.random.Philox` whose counter starts at the number of the draw."""
    code, state = kernel.code, node.operands[0]
    key, draw = (code.new(f"load i64, ptr {kernel.address(state, offset)}") for offset in ("", "1"))
    whole, rest = divmod(node.size, 4)

    def write(block: str, count: int) -> None:
        first = code.new(f"add i64 {block}, 1")
        start = code.new(f"mul i64 {block}, 4")
        for k, word in enumerate(_block(code, [first, "0", draw, "0"], key)[:count]):
            place = kernel.address(node, code.new(f"add i64 {start}, {k}"))
            code.do(f"store i64 {word}, ptr {place}")

    kernel.loop(whole, lambda block: write(block, 4))
    if rest:
        write(str(whole), rest)


ROUTINES: dict[str, Callable[[RoutineKernel, Routine], None]] = {
    "product": _product,
    "matrix_vector": _matrix_vector,
    "cholesky": _cholesky,
    "solve": _solve,
    "solve_triangle": _solve_triangle,
    "factor_diagonal": _factor_diagonal,
    "philox": _philox,
}
