"""Turning a watched value into a plain one is never silent."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import gradtape as gt


def _fill(x: Any) -> Any:
    array = np.zeros(1)
    array[...] = x
    return array


LEAKS: dict[str, Callable[[Any], Any]] = {
    "asarray": np.asarray,
    "array of Tensors": lambda x: np.array([x, x]),
    "fill": _fill,
    "math": lambda x: math.sin(x[0]),
    "float": lambda x: float(x[0]),
    "complex": lambda x: complex(x[0]),
    "ndarray.dot": lambda x: np.ones(1).dot(x),
    "item": lambda x: x.item(),
    "tolist": lambda x: x.tolist(),
    "out": lambda x: np.add(x, 1.0, out=np.zeros(1)),
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_a_leak_is_warned_about(leak: Callable[[Any], Any]) -> None:
    x = gt.Variable([2.0])
    with gt.GradientTape(), pytest.warns(gt.GradientWarning, match="Use NumPy functions") as found:
        leak(x)
    assert found[0].filename == __file__


def test_once_for_each_line() -> None:
    x = gt.Variable(2.0)
    with warnings.catch_warnings(record=True) as caught, gt.GradientTape():
        warnings.simplefilter("default")
        for _ in range(3):
            float(x)
        float(x)
    assert len(caught) == 2


def test_what_is_meant_is_not_warned_about() -> None:
    x = gt.Variable([2.0])
    float(x[0])
    with gt.GradientTape() as tape:
        np.asarray(x.numpy())
        np.asarray(gt.stop_gradient(x))
        np.asarray(gt.constant([1.0]))
        np.asarray(x > 1.0)
        int(x[0])
        bool(x[0] > 0)
        f"{x} {x[0]:.3f}"
        with tape.stop_recording():
            np.asarray(x)


def test_accumulating_into_a_plain_array_is_differentiable() -> None:
    x = gt.Variable([1.0, 2.0])
    with gt.GradientTape() as tape:
        total: Any = np.zeros(2)
        for _ in range(3):
            total += x * x
    assert tape.gradient(total, x).numpy().tolist() == [6.0, 12.0]


def test_updating_a_view_of_a_plain_array_is_warned_about() -> None:
    x = gt.Variable([1.0, 2.0])
    out = np.zeros(4)
    with gt.GradientTape():
        part = out[:2]
        with pytest.warns(gt.GradientWarning, match="write into gradtape.constant"):
            part += x
    assert out.tolist() == [1.0, 2.0, 0.0, 0.0]


def test_an_unsupported_function_says_so() -> None:
    x = gt.Variable([[2.0]])
    with gt.GradientTape():
        with pytest.raises(TypeError, match=r"no derivative rule for numpy\..*sliding_window_view"):
            sliding_window_view(x, 1, axis=0)
    assert sliding_window_view(x, 1, axis=0).numpy().tolist() == [[[2.0]]]  # nothing to lose
