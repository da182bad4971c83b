"""No public function of NumPy takes a watched Tensor and loses its gradient without a word."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradtape as gt
from gradtape.core import structure
from tools.coverage_page import CONSTANT, CREATES, NO_ARRAYS, functions, reason_in

NOT_TO_BE_CALLED = {
    "files": CONSTANT["the result is text, or a file"],
    "of Python functions": CREATES["of Python functions, text, buffers and files"],
    "uninitialised": "empty empty_like",
    "a step decides which entries there are": "intersect1d setdiff1d",
    **NO_ARRAYS,
}
"""Not with whatever comes: they write files, change NumPy's settings, or are not continuous."""


def _arguments(x: Any, s: Any) -> Iterator[tuple[Any, ...]]:
    """What a function may be called with: a Tensor `x` of shape (2, 2), its row, a scalar `s`."""
    for t in (x, x[0], s):
        yield from ((t,), (t, t), (t, t, t), ([t, t],), ([t, t], [t, t]))
        yield from ((t, 1), (1, t), (3, t), (t, 0.5), (0.5, t), (t, [0, 1]), ([0, 1], t))
        yield from ((np.ones(2), t), (t, np.ones(2)), (np.ones((2, 2)), t), (t, np.ones((2, 2))))
        yield from ((np.sum, 0, t), (np.sum, t, 0), (1, 2, t), ([0.0, 1.0], [0.0, 1.0], t))


ATTEMPTS = len(list(_arguments(np.ones((2, 2)), 1.0)))


def _called(function: Any, attempt: int, step: float) -> tuple[list[Any], bool]:
    """The real results of one call with values moved by `step`, and whether all was in order."""
    with warnings.catch_warnings(record=True) as caught, gt.GradientTape() as tape:
        warnings.simplefilter("always")
        x = gt.Variable(np.array([[0.52, 0.27], [0.73, 0.61]]) + step)
        s = gt.Variable(np.float64(0.52 + step))
        try:
            result = function(*list(_arguments(x, s))[attempt])
        except Exception:  # noqa: BLE001 (whatever it is, the call is refused)
            return [], True
        leaves = structure.flatten(result)
        followed = any(isinstance(y, gt.Tensor) and tape.knows(y) for y in leaves)
    warned = any(issubclass(w.category, gt.GradientWarning) for w in caught)
    values = [y.numpy() if isinstance(y, gt.Tensor) else y for y in leaves]
    return [y for y in values if _is_real(y)], followed or warned


def _is_real(y: Any) -> bool:
    """Whether `y` holds numbers that might have carried a gradient."""
    return isinstance(y, (float, complex, np.ndarray)) and np.asarray(y).dtype.kind in "fc"


def _same(a: list[Any], b: list[Any]) -> bool:
    return len(a) == len(b) and all(
        np.array_equal(x, y, equal_nan=True) for x, y in zip(a, b, strict=True)
    )


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(function, id=f"{module}.{name}")
        for module in ("numpy", "numpy.linalg", "numpy.fft")
        for name, function in functions(importlib.import_module(module))
        if reason_in(NOT_TO_BE_CALLED, name) is None
    ],
)
def test_no_gradient_is_lost_in_silence(function: Any) -> None:
    for attempt in range(ATTEMPTS):
        here, in_order = _called(function, attempt, 0.0)
        if not in_order:
            there, _ = _called(function, attempt, 1e-3)
            arguments = list(_arguments("x", "s"))[attempt]
            assert _same(here, there), f"{function.__name__}{arguments} depends on a watched Tensor"
