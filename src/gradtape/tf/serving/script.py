"""Running a program as ``python`` runs it: its names, path, arguments, exit code and tracebacks."""

from __future__ import annotations

import builtins
import os
import sys
from collections.abc import Callable
from importlib.machinery import BuiltinImporter, SourceFileLoader
from types import ModuleType, TracebackType
from typing import Any

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_REFUSALS = tuple(f"{_OURS}serving{os.sep}{name}.py" for name in ("missing", "finder"))

Hook = Callable[[type[BaseException], BaseException, TracebackType | None], object]


def run_file(path: str, arguments: list[str]) -> None:
    """``python PATH ARGUMENTS``: a script, or a directory or zip file with a ``__main__.py``."""
    sys.argv = [path, *arguments]
    full = os.path.abspath(path)
    try:
        source = None if os.path.isdir(full) else _read(full)
    except OSError as error:
        reason = f"[Errno {error.errno}] {error.strerror}"
        print(f"{sys.executable}: can't open file {full!r}: {reason}", file=sys.stderr)
        sys.exit(2)
    if source is None or source.startswith(b"PK\3\4"):
        _run_container(full)
        return
    set_first_path(os.path.dirname(os.path.realpath(full)))
    loader = SourceFileLoader("__main__", full)
    names = fresh_main(__file__=full, __cached__=None, __loader__=loader)
    exec(compile(source, full, "exec", dont_inherit=True), names)


def run_code(source: str, arguments: list[str]) -> None:
    """``python -c SOURCE ARGUMENTS``."""
    sys.argv = ["-c", *arguments]
    set_first_path("")
    if sys.version_info >= (3, 13):  # whose tracebacks show the lines of such code
        remember_lines("<string>", source)
    exec(compile(source, "<string>", "exec", dont_inherit=True), fresh_main())


def run_stdin(arguments: list[str]) -> None:
    """``python - ARGUMENTS``: the program comes from standard input."""
    sys.argv = ["-", *arguments]
    set_first_path("")
    source = sys.stdin.buffer.read()
    names = fresh_main(__file__="<stdin>", __cached__=None)
    exec(compile(source, "<stdin>", "exec", dont_inherit=True), names)


def run_module(name: str, arguments: list[str]) -> None:
    """``python -m NAME ARGUMENTS``."""
    sys.argv = ["-m", *arguments]
    fresh_main()
    _runpy()._run_module_as_main(name)


def _run_container(path: str) -> None:
    set_first_path(path)
    fresh_main()
    _runpy()._run_module_as_main("__main__", False)


def _runpy() -> Any:
    import runpy  # loaded already, where ``python -m`` started us

    return runpy


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def set_first_path(directory: str) -> None:
    """Look for the program's own modules in `directory`, unless Python was told not to."""
    if not sys.flags.safe_path:
        sys.path[0] = directory


def fresh_main(**names: Any) -> dict[str, Any]:
    """The names of a new module ``__main__``: the program's, with none of ours."""
    module = ModuleType("__main__")
    vars(module).update(__builtins__=builtins, __annotations__={}, __loader__=BuiltinImporter)
    vars(module).update(names)
    sys.modules["__main__"] = module
    return vars(module)


def remember_lines(filename: str, source: str) -> None:
    """Let tracebacks and warnings show lines of code that is in no file."""
    import linecache  # loaded already, by NumPy

    linecache.cache[filename] = len(source), None, source.splitlines(keepends=True), filename


def with_user_frames(run: Callable[[], object], show: Hook | None = None) -> None:
    """Run; should an exception escape, its traceback will show the program's frames only.

    The exception goes on to Python, which calls the hook, sets the exit code and knows what
    SystemExit and KeyboardInterrupt mean. `show` stands in for Python's own hook.
    """
    try:
        run()
    except BaseException:
        hook = sys.excepthook
        if show is not None and hook is sys.__excepthook__:
            hook = show
        sys.excepthook = _trimming(hook)
        raise


def _trimming(hook: Hook) -> Hook:
    def trimmed(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        frames = user_frames(traceback)
        sys.last_traceback = frames
        hook(kind, error.with_traceback(frames), frames)

    return trimmed


def user_frames(traceback: TracebackType | None) -> TracebackType | None:
    """The traceback from the program's first frame on; without ours at its end if we refused."""
    while traceback is not None and _runs_programs(traceback):
        traceback = traceback.tb_next
    entries, entry = [], traceback
    while entry is not None:
        entries.append(entry)
        entry = entry.tb_next
    if entries and _file(entries[-1]) in _REFUSALS:
        last = next(i for i, entry in enumerate(entries) if _file(entry).startswith(_OURS))
        if last == 0:
            return None
        entries[last - 1].tb_next = None
    return traceback


def _runs_programs(entry: TracebackType) -> bool:
    names = entry.tb_frame.f_globals
    return names.get("__name__") == "runpy" or _file(entry).startswith(_OURS)


def _file(entry: TracebackType) -> str:
    return entry.tb_frame.f_code.co_filename
