"""Lines that only IPython understands: what they mean here, without it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

IGNORED = frozenset({"matplotlib", "config", "load_ext", "reload_ext", "autoreload"})
"""Magics about the notebook's page, or its editing; a program means the same without them."""

_SELF = f"__import__({__name__!r}, fromlist=['timed'])"


def parse(source: str, filename: str) -> tuple[ast.Module, bool]:
    """The tree of a cell, its magics translated, and whether ``%%time`` heads it.

    A line counts as a magic only where Python cannot read it, so a line of a long string or
    expression may start with ``%`` or ``!``.

    Raises
    ------
    SyntaxError
        At the user's line: for what Python cannot read, and for magics that are not supported.
    """
    lines = source.splitlines()
    whole = _take_cell_magic(lines, filename)
    while True:
        try:
            return _tree("\n".join(lines) + "\n", filename), whole
        except SyntaxError as error:
            number = error.lineno or 0
            line = lines[number - 1] if 0 < number <= len(lines) else ""
            if not _is_magic(line):
                raise
        lines[number - 1] = _translate(line, filename, number)


def _tree(source: str, filename: str) -> ast.Module:
    """As `ast.parse`, which would show a line of its own in the traceback."""
    tree = compile(source, filename, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    return tree


def _take_cell_magic(lines: list[str], filename: str) -> bool:
    """Blank out a ``%%time`` at the head, and say if there was one."""
    for number, line in enumerate(lines, 1):
        if line.startswith("%%"):
            if line.split() != ["%%time"]:
                _refuse(line, filename, number)
            lines[number - 1] = ""
            return True
        if line.strip():
            break
    return False


def _is_magic(line: str) -> bool:
    return line.lstrip().startswith(("%", "!", "?")) or line.rstrip().endswith("?")


def _translate(line: str, filename: str, number: int) -> str:
    """Python for one magic."""
    text = line.lstrip()
    indent = line[: len(line) - len(text)]
    name, _, rest = text[1:].partition(" ")
    if text[0] == "%" and name in IGNORED:
        return f"{indent}pass"
    if text[0] == "%" and name == "time" and rest.strip():
        return f"{indent}with {_SELF}.timed(): {rest}"
    if text[0] == "%" and name == "timeit" and rest.strip() and not rest.lstrip().startswith("-"):
        return f"{indent}{_SELF}.time_often({rest.strip()!r}, globals())"
    return _refuse(line, filename, number)


def _refuse(line: str, filename: str, number: int) -> NoReturn:
    text = line.strip()
    offset = line.index(text) + 1
    raise SyntaxError(
        f"Remove `{text}`, or run the notebook in Jupyter: without it only %time, %timeit, %%time "
        f"and settings such as %matplotlib are understood",
        (filename, number, offset, line, number, offset + len(text)),
    )


@contextmanager
def timed() -> Iterator[None]:
    """Print the time that the block takes: ``%time``."""
    from time import perf_counter

    start = perf_counter()
    yield
    sys.stdout.write(f"Wall time: {_seconds(perf_counter() - start)}\n")


def time_often(statement: str, names: dict[str, Any]) -> None:
    """Print the time of one run of a statement, the least of seven means: ``%timeit``."""
    from timeit import Timer

    timer = Timer(statement, globals=names)
    loops, _ = timer.autorange()
    best = min(timer.repeat(7, loops)) / loops
    sys.stdout.write(f"{_seconds(best)} per loop (best of 7 runs, {loops} loops each)\n")


def _seconds(time: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if time >= scale:
            return f"{time / scale:.3g} {unit}"
    return f"{time / 1e-9:.3g} ns"
