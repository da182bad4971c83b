"""Fixtures that hold for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import gradtape as gt
from gradtape.core.tape import active


@pytest.fixture(autouse=True)
def _leaves_nothing_behind() -> Iterator[None]:
    """No test may leave a tape active or `floatx` changed."""
    yield
    assert active() == ()
    assert gt.floatx() == "float32"
