"""docs/coverage.md says what the registry holds."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from tools import coverage_page as cp

TABLES = (cp.CONSTANT, cp.CREATES, cp.NO_ARRAYS, cp.UNSUPPORTED)
WORKS = 0.97
"""The least share of NumPy's differentiable functions."""


def test_the_page_is_of_this_registry() -> None:
    written = cp.PAGE.read_text()
    if cp.versions() not in written:
        pytest.skip(f"the page is not of {cp.versions()}")
    assert written == cp.page(), "Run `make coverage-page`."


def test_a_function_stands_in_one_table() -> None:
    names = [name for table in TABLES for group in table.values() for name in group.split()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("module", ["numpy", "numpy.linalg", "numpy.fft"])
def test_a_function_with_a_rule_is_in_no_other_table(module: str) -> None:
    differentiable = {e.name for e in cp.entries(module) if e.kind in ("differentiable", "like")}
    excuses = (cp.CREATES, cp.NO_ARRAYS, cp.UNSUPPORTED)
    assert [n for n in sorted(differentiable) for t in excuses if cp.reason_in(t, n)] == []


def test_every_constant_function_of_numpy_says_why() -> None:
    assert [e.name for e in cp.entries("numpy") if e.reason == cp.OTHER_CONSTANT] == []


def test_nearly_all_differentiable_functions_of_numpy_work() -> None:
    works, total = cp.share(cp.entries("numpy"))
    assert works >= WORKS * total


def test_classes_and_constants_are_no_functions() -> None:
    names = dict(cp.functions(importlib.import_module("numpy")))
    assert names["sin"] is np.sin
    assert {"float64", "pi", "linalg", "vectorize", "r_"}.isdisjoint(names)
