"""Notebooks, run in a process without Jupyter."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tf.programs import serve

SEED = Path(__file__).parent / "data" / "gradient_tape.ipynb"

NINE = "<tf.Tensor: shape=(), dtype=float32, numpy=9.0>"
FORTY_TWO = "<tf.Tensor: shape=(), dtype=float32, numpy=42.0>"
SIX = "<tf.Tensor: shape=(), dtype=float32, numpy=6.0>"

PRINTED = [
    "7.999999999999119",
    "(8.999999999993236, 41.999999999994486)",
    "tf.Tensor(9.0, shape=(), dtype=float32)",
    "GradientTape.gradient can only be called once on non-persistent tapes.",
    "tf.Tensor(9.0, shape=(), dtype=float32)",
    "tf.Tensor(42.0, shape=(), dtype=float32)",
    f"[{NINE}, {FORTY_TWO}]",
    "[None, None]",
    f"[{NINE}, {FORTY_TWO}]",
    "<tf.Tensor: shape=(), dtype=float32, numpy=13.0>",
    f"[[None, {SIX}], [{SIX}, <tf.Tensor: shape=(), dtype=float32, numpy=14.0>]]",
]
VARIABLE = re.compile(r"<tf\.Variable 'Variable:0' shape=\(\) dtype=float32, numpy=(\S+)>")


def write(path: Path, *sources: Any, **document: Any) -> str:
    """A notebook of these code cells."""
    cells = [{"cell_type": "code", "metadata": {}, "source": s, "outputs": []} for s in sources]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "cells": cells} | document))
    return path.name


def run(tmp_path: Path, *sources: Any) -> Any:
    return serve(write(tmp_path / "book.ipynb", *sources), "-x", cwd=tmp_path)


def test_the_gradient_tape_notebook_prints_what_it_did_in_tensorflow(tmp_path: Path) -> None:
    done = serve(str(SEED), cwd=tmp_path)
    assert done.stderr == ""
    *lines, by_hand, by_sgd = done.stdout.splitlines()
    assert lines == PRINTED
    for line in (by_hand, by_sgd):
        found = VARIABLE.fullmatch(line)
        assert found
        assert np.float32(found[1]) == np.float32(-0.3333333)
    assert done.returncode == 0


def test_cells_share_one_namespace_that_is_main(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        ["import sys\n", "x = 1\n", "print(__name__, sys.argv, sys.path[0])"],
        "def f():\n    return x",
        "x = 2\nprint(f(), sys.modules['__main__'].f is f, '__file__' in globals())",
    )
    assert done.stderr == ""
    assert done.stdout == f"__main__ ['book.ipynb', '-x'] {tmp_path}\n2 True False\n"


def test_the_last_expression_is_shown_and_kept(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        "1\n'two'",  # shown
        "",  # not counted
        "_ * 2",
        "3;",
        "4; # quiet",
        "';'",  # a semicolon, but not at the end
        "None",
        "Out, _1, In[1]",
        "display(1, 'x')",
        "for _ in range(3): pass",
        "5",
        "_",  # the notebook's own
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "'two'",
        "'twotwo'",
        "';'",
        """({1: 'two', 2: 'twotwo', 5: ';'}, 'two', "1\\n'two'")""",
        "1",
        "'x'",
        "5",
        "2",
    ]


def test_an_error_ends_the_run_with_the_cell_and_the_user_s_lines(tmp_path: Path) -> None:
    done = run(tmp_path, "print(1)", "def f(x):\n    return [][x]", "\nf(0)", "print(2)")
    assert done.stdout == "1\n"
    assert re.sub(r"^ +[\^~]+\n", "", done.stderr, flags=re.MULTILINE) == (
        "Cell 3 of book.ipynb:\n"
        "Traceback (most recent call last):\n"
        '  File "book.ipynb, cell 3", line 2, in <module>\n'
        "    f(0)\n"
        '  File "book.ipynb, cell 2", line 2, in f\n'
        "    return [][x]\n"
        "IndexError: list index out of range\n"
    )
    assert done.returncode == 1


def test_what_is_missing_fails_at_the_line_of_the_cell(tmp_path: Path) -> None:
    done = run(tmp_path, "import tensorflow as tf\ntf.data.Dataset")
    lines = done.stderr.splitlines()
    assert lines[:3] == [
        "Cell 1 of book.ipynb:",
        "Traceback (most recent call last):",
        '  File "book.ipynb, cell 1", line 2, in <module>',
    ]
    assert lines[-1].startswith("AttributeError: Feed NumPy arrays")
    assert not [line for line in lines if "gradtape/" in line]


def test_a_syntax_error_has_no_line_of_ours(tmp_path: Path) -> None:
    done = run(tmp_path, "x = 1\ny = (")
    assert done.stderr.splitlines()[:3] == [
        "Cell 1 of book.ipynb:",
        '  File "book.ipynb, cell 1", line 2',
        "    y = (",
    ]
    assert done.returncode == 1


def test_exit_codes_and_hooks_are_python_s(tmp_path: Path) -> None:
    assert run(tmp_path, "import sys\nsys.exit(5)").returncode == 5
    hook = "import sys\nsys.excepthook = lambda kind, e, t: print(e, t.tb_frame.f_code.co_name)"
    assert run(tmp_path, hook, "1 / 0").stdout == "division by zero <module>\n"


def test_magics_that_change_nothing_are_ignored_and_time_runs(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        "%matplotlib inline\n%config InlineBackend.figure_format = 'svg'\nx = 1",
        "%load_ext autoreload\n%autoreload 2",
        "if x:\n    %time y = x + 1\ny",
        "%%time\nz = y + 1\nz",
        "%timeit 1 + 1",
        'print("""\n%ls\n!ls""")\n%matplotlib\n7 \\\n% 4',
    )
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"Wall time: \S+ (s|ms|µs|ns)", lines[0])
    assert lines[1:3] == ["2", "3"]
    assert lines[3].startswith("Wall time: ")
    assert re.fullmatch(r"\S+ ns per loop \(best of 7 runs, \d+ loops each\)", lines[4])
    assert lines[5:] == ["", "%ls", "!ls", "3"]


@pytest.mark.parametrize(
    "line",
    [
        "!ls it's",
        "%cd ..",
        "%time",
        "%timeit -n 3 x",
        "x?",
        "?x",
        "%%bash",
        "%%time x",
        "%run a.py",
    ],
)
def test_other_magics_are_an_error_that_names_the_line(tmp_path: Path, line: str) -> None:
    done = run(tmp_path, "print(1)", f"{line}\nprint(2)")
    assert done.stdout == "1\n"
    lines = done.stderr.splitlines()
    assert lines[:3] == [
        "Cell 2 of book.ipynb:",
        '  File "book.ipynb, cell 2", line 1',
        f"    {line}",
    ]
    assert lines[-1].startswith(f"SyntaxError: Remove `{line}`, or run the notebook in Jupyter")
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "no notebook of format 4: Expecting"),
        ("[]", "no notebook of format 4"),
        ('{"nbformat": 3, "worksheets": []}', "notebook format 3, not 4"),
        ('{"nbformat": 4}', "'cells'"),
        ('{"nbformat": 4, "cells": [{"cell_type": "code"}]}', "'source'"),
    ],
)
def test_a_file_that_is_no_notebook(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "book.ipynb").write_text(text)
    done = serve("book.ipynb", cwd=tmp_path)
    assert done.stderr.startswith("python -m gradtape.tf: save 'book.ipynb' again with Jupyter")
    assert reason in done.stderr
    assert done.returncode == 2


def test_a_notebook_that_is_not_there(tmp_path: Path) -> None:
    done = serve("book.ipynb", cwd=tmp_path)
    assert done.stderr.startswith("python -m gradtape.tf: can't open file 'book.ipynb': ")
    assert done.returncode == 2


def test_figures_are_drawn_without_a_window(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        "%matplotlib inline\nimport matplotlib.pyplot as plt",
        "plt.plot([1, 2])\nplt.savefig('plot.png')\nplt.show()",
    )
    assert done.stderr == ""
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
