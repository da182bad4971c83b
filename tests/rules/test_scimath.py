"""`numpy.emath`: dtypes, and the side of a branch cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import assert_gradient, gradient, tensor

FUNCTIONS = {
    **{name: getattr(np.emath, name) for name in ("sqrt", "log", "log2", "log10")},
    **{name: getattr(np.emath, name) for name in ("arcsin", "arccos", "arctanh")},
    "logn": lambda x: np.emath.logn(-3.0, x),
    "power": lambda x: np.emath.power(x, 1.5),
}


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize(
    "x", [[0.5, 0.2], [-0.5, 0.2], [-2.0, 3.0], [2, -3], [1.5 + 1j, -2.0 + 0.5j]]
)
def test_values_dtypes_and_gradients(f: Any, x: Any) -> None:
    x = np.array(x)
    expected = f(x)
    found = f(tensor(x, dtype=x.dtype))
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-13)
    if x.dtype.kind != "i":
        assert_gradient(f, x)
        single = tensor(x, dtype=np.complex64 if x.dtype.kind == "c" else np.float32)
        assert f(single).dtype == f(single.numpy()).dtype


def test_powers() -> None:
    for x, p in ((np.array([2, 4]), -1), (np.array([-2.0, 4.0]), 0.5)):
        found = np.emath.power(tensor(x, dtype=x.dtype), p)
        np.testing.assert_allclose(found.numpy(), np.emath.power(x, p))


def test_the_gradient_of_a_real_number_is_real() -> None:
    found = gradient(lambda x: np.imag(np.emath.sqrt(x)), np.array([-4.0]))
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, -0.25)


@pytest.mark.parametrize("f", [np.arcsin, np.arccos])
@pytest.mark.parametrize("x", [2.0 + 0j, complex(2.0, -0.0), -2.0 + 0j, complex(-2.0, -0.0)])
def test_on_a_branch_cut_the_sign_of_zero_says_the_side(f: Any, x: complex) -> None:
    slope = gradient(lambda x: np.real(f(x)), np.array(x))
    h = np.copysign(1e-7, x.imag) * 1j
    off = (f(x + 2 * h) - f(x + h)) / h
    np.testing.assert_allclose(slope, np.conj(off), rtol=1e-5, atol=1e-6)
