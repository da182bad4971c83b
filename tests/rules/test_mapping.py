"""`apply_along_axis` and `apply_over_axes`: shapes and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import assert_gradient, tensor

X = np.arange(1.0, 25).reshape(2, 3, 4)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize(
    "f", [np.sum, np.cumsum, lambda v: np.multiply.outer(v, v)[:2], lambda v: v[:2] ** 2]
)
def test_apply_along_axis(f: Any, axis: int) -> None:
    expected = np.apply_along_axis(f, axis, X)
    np.testing.assert_array_equal(np.apply_along_axis(f, axis, tensor(X)).numpy(), expected)
    assert_gradient(lambda x: np.apply_along_axis(f, axis, x), X)


def test_a_function_of_plain_numbers_makes_a_constant() -> None:
    found = np.apply_along_axis(lambda v: 3.0, 0, tensor(X))
    np.testing.assert_array_equal(found, np.full((3, 4), 3.0))


@pytest.mark.parametrize("axes", [0, (0, -1), [2, 0]])
@pytest.mark.parametrize("f", [np.sum, np.cumsum])
def test_apply_over_axes(f: Any, axes: Any) -> None:
    expected = np.apply_over_axes(f, X, axes)
    np.testing.assert_array_equal(np.apply_over_axes(f, tensor(X), axes).numpy(), expected)


def test_errors() -> None:
    with pytest.raises(ValueError, match="at least one slice along axis 0"):
        np.apply_along_axis(np.sum, 0, tensor(np.zeros((3, 0))))
    with pytest.raises(ValueError, match="keeps the rank or reduces one axis"):
        np.apply_over_axes(lambda a, axis: np.sum(a), tensor(X), 0)
