"""``like=`` keeps a Tensor a Tensor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import gradient, tensor

import gradtape as gt

X = np.array([1.0, 2.0])
MAKERS = (np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray, np.require)


@pytest.mark.parametrize("make", MAKERS)
def test_arrays_like_a_tensor_are_followed(make: Any) -> None:
    x = tensor(X)
    assert gradient(lambda x: make(x, like=x) ** 2, X).tolist() == [2, 4]
    assert gradient(lambda x: make([x, 3 * x], like=x) ** 2, X).tolist() == [20, 40]
    assert make(x, np.float32, like=x).dtype == np.float32


def test_options() -> None:
    x = tensor(X)
    assert np.array(x, ndmin=3, like=x).shape == (1, 1, 2)
    assert np.array(x, copy=True, like=x) is not x
    assert gradient(lambda v: np.full((2, 3), v, like=v), np.array(2.0)) == 6
    assert np.full(2, x, dtype=np.float32, like=x).dtype == np.float32


def test_numbers_like_a_tensor_are_constant_tensors() -> None:
    x = gt.Variable([1.0, 2.0])
    with gt.GradientTape():
        for y in (np.zeros(3, like=x), np.arange(3.0, like=x), np.eye(2, like=x)):
            assert isinstance(y, gt.Tensor)
            np.asarray(y)  # nothing is lost
