"""The Python blocks of the README and of docs/ run, and print what their comments say."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import scipy.special

import gradtape as gt
from gradtape.core.rules import RULES, rule_of

README = Path(__file__).parents[1] / "README.md"
PAGES = [README, *sorted(README.parent.glob("docs/*.md"))]
FENCED = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{block.splitlines()[-1]}")
    for page in PAGES
    for block in FENCED.findall(page.read_text())
]
PRINTED = re.compile(r"^\s*print\(.*\)(?:  |\n)# (.*)$", re.MULTILINE)
WARNED = "# GradientWarning"


def test_the_first_block_is_ten_lines_that_stand_alone() -> None:
    first = FENCED.findall(README.read_text())[0]
    assert sum(bool(line) for line in first.splitlines()) == 10
    exec(compile(first, str(README), "exec"), {})


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_prints_and_warns_as_its_comments_say(block: str) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(compile(block, "example", "exec"), {"gt": gt, "np": np})
    assert printed.getvalue().splitlines() == PRINTED.findall(block)
    assert len(caught) == block.count(WARNED)


def test_the_two_commands_come_before_the_first_section() -> None:
    opening = README.read_text().split("\n## ")[0]
    assert "make demo" in opening
    assert "make test" in opening


def test_the_functions_it_names_are_supported() -> None:
    table = README.read_text().split("\n## Supported functions\n")[1].split("\n## ")[0]
    names = re.findall(r"`(\w+)`", table)
    assert len(names) > 50
    homes = np, scipy.special
    known = {n for n in names for home in homes if rule_of(getattr(home, n, None)) is not None}
    ours = {*gt.linalg.__all__, *gt.special.__all__}
    assert [n for n in names if n not in RULES and n not in known | ours] == []
