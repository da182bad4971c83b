"""Running the code cells of a notebook as Jupyter does, without Jupyter."""

from __future__ import annotations

import ast
import json
import os
import sys
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any, NoReturn

from gradtape.tf.serving import magics, script
from gradtape.tf.serving.outputs import Recorder


def run_file(path: str, arguments: list[str], output: str | None = None) -> None:
    """Run the notebook at `path`, as a program with `arguments`.

    Parameters
    ----------
    path
        A file of the notebook format 4.
    arguments
        What the cells find in ``sys.argv[1:]``.
    output
        Where to write a copy that holds what each cell gave.

    Notes
    -----
    What a cell prints goes to standard output, and so does the value of its last expression. The
    first error ends the run, with the number of the cell; cells are counted as Jupyter does. The
    working directory stays; modules are looked for beside the notebook.
    """
    document = read(path)
    sys.argv = [path, *arguments]
    script.set_first_path(os.path.dirname(os.path.realpath(path)))
    session = Session(path)
    recorder = Recorder(session) if output else None
    try:
        for cell in document["cells"]:
            if cell.get("cell_type") == "code":
                script.with_user_frames(partial(_run_cell, session, cell, recorder), session.fail)
    finally:
        if output:
            _write(document, output)


def _run_cell(session: Session, cell: dict[str, Any], recorder: Recorder | None) -> None:
    text = _text(cell)
    if recorder is None:
        session.run(text)
    else:
        with recorder.recording(cell):
            session.run(text)


def _text(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def read(path: str) -> dict[str, Any]:
    """The notebook as JSON; a file that is none ends the program with exit code 2."""
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        if document["nbformat"] != 4:
            raise ValueError(f"notebook format {document['nbformat']}, not 4")
        for cell in document["cells"]:
            _text(cell)
    except OSError as error:
        _refuse(f"can't open file {path!r}: {error.strerror}")
    except (ValueError, KeyError, TypeError) as error:
        _refuse(f"save {path!r} again with Jupyter, it is no notebook of format 4: {error}")
    return dict(document)


def _refuse(reason: str) -> NoReturn:
    print(f"python -m gradtape.tf: {reason}", file=sys.stderr)
    sys.exit(2)


def _write(document: dict[str, Any], path: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, indent=1)
        file.write("\n")


class Session:
    """The one namespace of a notebook, and what Jupyter keeps there.

    Attributes
    ----------
    count
        The number of the last cell that ran.
    emit
        Takes the text of the value that a cell shows.
    """

    def __init__(self, path: str) -> None:
        self.count = 0
        self.emit: Callable[[str], object] = print
        self._path = path
        self._names = script.fresh_main(In=[""], Out={}, _="", display=_display)
        self._last: Any = ""
        sys.displayhook = self.show

    def run(self, source: str) -> None:
        """Run one cell; an empty one does not count."""
        if not source.strip():
            return
        self.count += 1
        self._names["In"].append(source)
        filename = self._filename()
        script.remember_lines(filename, source)
        tree, timed = magics.parse(source, filename)
        if timed:
            with magics.timed():
                self._execute(tree, source, filename)
        else:
            self._execute(tree, source, filename)

    def _execute(self, tree: ast.Module, source: str, filename: str) -> None:
        shown: list[ast.stmt] = []
        if tree.body and isinstance(tree.body[-1], ast.Expr) and not _is_silenced(source):
            shown = [tree.body.pop()]
        if tree.body:
            exec(compile(tree, filename, "exec", dont_inherit=True), self._names)
        if shown:
            single = compile(ast.Interactive(shown), filename, "single", dont_inherit=True)
            exec(single, self._names)

    def show(self, value: Any) -> None:
        """Print the value of a cell, and keep it; the ``sys.displayhook``."""
        if value is None:
            return
        self.emit(repr(value))
        self._names["Out"][self.count] = self._names[f"_{self.count}"] = value
        if self._names.get("_") is self._last:  # the notebook may use the name itself
            self._names["_"] = self._last = value

    def fail(
        self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        """Print a traceback under the number of the cell; the ``sys.excepthook``."""
        from traceback import print_exception  # knows linecache; Python's own hook may not

        print(f"Cell {self.count} of {self._path}:", file=sys.stderr)
        print_exception(kind, error, traceback)

    def _filename(self) -> str:
        return f"{self._path}, cell {self.count}"


def _display(*values: object) -> None:
    for value in values:
        print(repr(value))


def _is_silenced(source: str) -> bool:
    """Whether a cell ends with a semicolon, which keeps its value from being shown."""
    if ";" not in source.rstrip().rpartition("\n")[2]:
        return False
    from io import StringIO
    from tokenize import COMMENT, ENDMARKER, NEWLINE, NL, generate_tokens

    blank = (COMMENT, ENDMARKER, NEWLINE, NL)
    tokens = [t.string for t in generate_tokens(StringIO(source).readline) if t.type not in blank]
    return tokens[-1] == ";"
