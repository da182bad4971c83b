"""The executed copy that ``--output`` writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tf.programs import serve

BOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"kernelspec": {"name": "python3"}},
    "cells": [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# 标题"},
        {"cell_type": "code", "id": "b", "metadata": {}, "source": "print('é')\nprint(1)\n2"},
        {"cell_type": "code", "id": "c", "metadata": {}, "source": ""},
        {
            "cell_type": "code",
            "id": "d",
            "metadata": {},
            "source": "import sys\nprint(3, file=sys.stderr)\nprint(4)\n1 / 0",
        },
        {"cell_type": "code", "id": "e", "metadata": {}, "source": "5", "outputs": []},
    ],
}


def stream(name: str, *text: str) -> Any:
    return {"output_type": "stream", "name": name, "text": list(text)}


@pytest.mark.parametrize("first", [True, False])
def test_a_copy_with_what_each_cell_gave(tmp_path: Path, first: bool) -> None:
    (tmp_path / "book.ipynb").write_text(json.dumps(BOOK), encoding="utf-8")
    option = ("--output", "run.ipynb")
    words = (*option, "book.ipynb") if first else ("book.ipynb", *option)
    done = serve(*words, cwd=tmp_path)
    assert done.stdout == "é\n1\n2\n4\n"
    assert done.stderr.startswith("3\nCell 2 of book.ipynb:\n")
    assert done.returncode == 1
    assert json.loads((tmp_path / "book.ipynb").read_text()) == BOOK
    text = (tmp_path / "run.ipynb").read_text(encoding="utf-8")
    assert "标题" in text
    written = json.loads(text)
    counts = [cell.get("execution_count") for cell in written["cells"]]
    assert counts == [None, 1, None, 2, None]
    assert written["cells"][1]["outputs"] == [
        stream("stdout", "é\n", "1\n"),
        {
            "output_type": "execute_result",
            "data": {"text/plain": ["2"]},
            "metadata": {},
            "execution_count": 1,
        },
    ]
    *streams, error = written["cells"][3]["outputs"]
    assert streams == [stream("stderr", "3\n"), stream("stdout", "4\n")]
    assert (error["output_type"], error["ename"]) == ("error", "ZeroDivisionError")
    assert error["evalue"] == "division by zero"
    assert error["traceback"][1].startswith('  File "book.ipynb, cell 2", line 4, in <module>')
    assert written["cells"][4]["outputs"] == []
    assert written["metadata"] == BOOK["metadata"]
