"""The command line of ``python -m gradtape.tf``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import NoReturn

from gradtape.tf.serving import children, script
from gradtape.tf.serving.finder import install

USAGE = """\
usage: python -m gradtape.tf [--output OUT.ipynb] PROGRAM [argument ...]

Run a program that is written for TensorFlow, as it stands, on gradtape.
PROGRAM is as python takes it, or a notebook:

  SCRIPT.py        a script, or a directory or zip file with a __main__.py
  -m MODULE        a module
  -c CODE          code given here
  -                code from standard input
  NOTEBOOK.ipynb   the code cells of a notebook, in order

  --output OUT.ipynb   for a notebook: write a copy with its outputs
"""


def main() -> None:
    """Run what the command line names, in this process."""
    arguments = sys.argv[1:]
    output = None
    if arguments and arguments[0] == "--output":
        if len(arguments) < 3 or not arguments[2].endswith(".ipynb"):
            _refuse("--output takes the file to write, and then a notebook")
        output, arguments = arguments[1], arguments[2:]
    if arguments and arguments[0] in ("-h", "--help"):
        print(USAGE, end="")
        return
    if not arguments:
        _refuse("name a program")
    run = _program(arguments[0], arguments[1:], output)
    install()
    children.follow()
    run()


def _program(word: str, rest: list[str], output: str | None) -> Callable[[], None]:
    option, value = word[:2], word[2:]
    if option in ("-m", "-c"):
        if not value and not rest:
            _refuse(f"{option} takes {'a module' if option == '-m' else 'code'}")
        value, rest = (value, rest) if value else (rest[0], rest[1:])
        start = script.run_module if option == "-m" else script.run_code
        return partial(script.with_user_frames, partial(start, value, rest))
    if word == "-":
        return partial(script.with_user_frames, partial(script.run_stdin, rest))
    if word.startswith("-"):
        _refuse(f"unknown option {word}")
    if word.endswith(".ipynb"):
        from gradtape.tf.serving import notebook

        if rest[:1] == ["--output"] and len(rest) > 1:
            output, rest = rest[1], rest[2:]
        return partial(notebook.run_file, word, rest, output)
    return partial(script.with_user_frames, partial(script.run_file, word, rest))


def _refuse(reason: str) -> NoReturn:
    print(f"{USAGE}\npython -m gradtape.tf: {reason}", file=sys.stderr)
    sys.exit(2)
