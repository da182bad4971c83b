"""Complex numbers: kinks, cuts, real sources of complex functions, phases."""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np
import pytest
from support import assert_gradient, gradient, second, tensor

import gradtape as gt

rng = np.random.default_rng(0)
X = rng.normal(size=(2, 3))
Z = X + 1j * rng.normal(size=(2, 3))
ABOVE, BELOW = complex(-2, 0.0), complex(-2, -0.0)
"""The two sides of the cut along the negative real axis."""


def one(f: Any, z: complex) -> complex:
    """The gradient of ``real(f(z))`` at one number."""
    return complex(gradient(lambda z: np.real(f(z)), np.array([z]))[0])


# -- the convention -----------------------------------------------------------------------------


def test_the_gradient_points_where_the_function_grows_fastest() -> None:
    found = gradient(lambda z: np.real(z) ** 2 + 3 * np.imag(z), np.array(2 + 5j))
    assert found == 4 + 3j


@pytest.mark.parametrize("f", [np.exp, np.sin, np.log, lambda z: z**3, lambda z: 1 / z])
def test_a_holomorphic_function_pulls_back_by_the_conjugate_of_its_derivative(f: Any) -> None:
    h = 1e-6
    slope = (f(Z + h) - f(Z - h)) / (2 * h)
    np.testing.assert_allclose(gradient(lambda z: np.real(f(z)), Z), np.conj(slope), rtol=1e-7)
    np.testing.assert_allclose(gradient(lambda z: np.imag(f(z)), Z), 1j * np.conj(slope), rtol=1e-7)


def test_a_complex_target_counts_its_real_part() -> None:
    np.testing.assert_array_equal(gradient(np.exp, Z), gradient(lambda z: np.real(np.exp(z)), Z))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.abs(np.exp(1j * x) + x),
        lambda x: np.real(np.log(x + 2j)),
        lambda x: np.abs(np.fft.fft(x)) ** 2,
        lambda x: np.imag(np.power(1 + 1j, x)),
        lambda x: np.angle(x + 1j * x**2),
    ],
)
def test_a_real_source_has_a_real_gradient(f: Any) -> None:
    x = np.abs(X) + 0.1
    assert gradient(f, x).dtype == np.float64
    assert_gradient(f, x)


@pytest.mark.parametrize("function", [np.add, np.multiply, np.true_divide, np.power, np.matmul])
def test_operands_of_both_kinds(function: Any) -> None:
    a, b = np.abs(X[:, :2]) + 1, Z[:, :2]
    assert [g.dtype.kind for g in gradient(function, a, b)] == ["f", "c"]
    assert [g.dtype.kind for g in gradient(function, b, a)] == ["c", "f"]
    assert_gradient(function, a, b)
    assert_gradient(function, b, a)


def test_complex_powers_of_complex_numbers() -> None:
    assert_gradient(np.power, Z, Z[0])
    assert_gradient(lambda z: z**2.5, Z)
    assert_gradient(lambda z: z**-2, Z)
    assert_gradient(lambda w: (-2.0 + 0j) ** w, Z)


# -- kinks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [np.abs, np.sign, np.linalg.norm, lambda z: np.abs(z) ** 2, np.std])
def test_the_gradient_at_the_origin_is_zero(f: Any) -> None:
    np.testing.assert_array_equal(gradient(f, np.zeros(3, complex)), np.zeros(3))


def test_the_second_derivative_of_a_squared_size_at_the_origin() -> None:
    found = second(lambda z: np.real(z * np.conj(z)), np.zeros(2, complex), np.array([1, 1j]))
    np.testing.assert_array_equal(found, [2, 2j])


@pytest.mark.parametrize("power", [0, 1, 2, 3])
def test_whole_powers_of_zero(power: int) -> None:
    expected = 1.0 if power == 1 else 0.0
    assert one(lambda z: z**power, 0j) == expected
    assert one(lambda z: np.power(z, np.full(1, power)), 0j) == expected
    assert one(lambda z: np.power(z, np.full(1, power + 0j)), 0j) == expected


def test_the_angle_of_zero_has_no_slope() -> None:
    assert np.isnan(gradient(np.angle, np.zeros(1, complex))).all()


@pytest.mark.parametrize("z", [1 + 0j, 1j, ABOVE, BELOW, -1j])
def test_an_angle_grows_to_the_left(z: complex) -> None:
    """Its slope is the same on both sides of the cut, where its value jumps."""
    np.testing.assert_allclose(gradient(np.angle, np.array(z)), 1j * z / abs(z) ** 2, atol=1e-16)


@pytest.mark.parametrize("function", [np.maximum, np.fmax, np.minimum, np.fmin])
def test_the_larger_of_two_is_the_one_that_numpy_takes(function: Any) -> None:
    a, b = np.array([1 + 5j, 1 + 2j, 3]), np.array([1 + 2j, 2 + 1j, 1 + 9j])
    taken = function(a, b) == a
    first, other = gradient(function, a, b)
    np.testing.assert_array_equal(first, taken)
    np.testing.assert_array_equal(other, ~taken)


# -- cuts ---------------------------------------------------------------------------------------

CUTS = {
    np.sqrt: (ABOVE, BELOW),
    np.log: (ABOVE, BELOW),
    np.log2: (ABOVE, BELOW),
    np.log10: (ABOVE, BELOW),
    np.log1p: (ABOVE, BELOW),
    np.arcsin: (ABOVE, BELOW, -ABOVE, -BELOW),
    np.arccos: (ABOVE, BELOW, -ABOVE, -BELOW),
    np.arctanh: (ABOVE, BELOW, -ABOVE, -BELOW),
    np.arccosh: (ABOVE, BELOW, complex(0.5, 0.0), complex(0.5, -0.0)),
    np.arcsinh: tuple(complex(re, im) for re in (0.0, -0.0) for im in (2, -2)),
    np.arctan: tuple(complex(re, im) for re in (0.0, -0.0) for im in (2, -2)),
}


@pytest.mark.parametrize(("function", "z"), [(f, z) for f, points in CUTS.items() for z in points])
def test_the_slope_on_a_cut_is_that_of_the_side_that_the_value_is_on(function: Any, z: Any) -> None:
    h = 1e-4  # along the cut, where differences stay on one side
    step = h if z.imag == 0 else 1j * h
    points = [complex(z.real + k * step.real, z.imag + k * step.imag) for k in (-2, -1, 1, 2)]
    if z.imag == 0:
        points = [complex(p.real, z.imag) for p in points]
    else:
        points = [complex(z.real, p.imag) for p in points]
    values = function(np.array(points))
    slope = np.dot(values, [1, -8, 8, -1]) / (12 * step)
    np.testing.assert_allclose(one(function, z), np.conj(slope), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("power", [0.5, 1.5, -0.5, 0.5 + 1j])
@pytest.mark.parametrize("z", [ABOVE, BELOW])
def test_a_power_on_the_cut(power: Any, z: complex) -> None:
    y = np.power(np.array([z]), power)[0]
    assert cmath.isclose(one(lambda z: z**power, z), np.conj(power * y / z), rel_tol=1e-14)


# -- phases -------------------------------------------------------------------------------------


def test_unwrapping_keeps_slopes() -> None:
    p = np.array([0.0, 3.0, -3.0, 1.0, 2 * math.pi])
    np.testing.assert_array_equal(gradient(np.unwrap, p), np.ones(5))
    np.testing.assert_array_equal(np.unwrap(tensor(p)).numpy(), np.unwrap(p))
    np.testing.assert_array_equal(np.unwrap(gt.constant(np.array([0, 9, 2])), period=8), [0, 1, 2])
    with pytest.raises(IndexError, match="axis 1 is out of bounds"):
        np.unwrap(tensor(p), axis=1)


def test_real_if_close() -> None:
    z = np.array([1 + 1e-20j, 2])
    assert np.real_if_close(gt.constant(z)).dtype == np.float64
    assert np.real_if_close(gt.constant(z + 1j)).dtype == np.complex128
    np.testing.assert_array_equal(gradient(np.real_if_close, z), np.ones(2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.int8, np.int64])
def test_sort_complex_is_always_complex(dtype: Any) -> None:
    x = np.array([3, 1, 2], dtype)
    y = np.sort_complex(gt.constant(x))
    assert y.dtype == np.sort_complex(x).dtype
    np.testing.assert_array_equal(y.numpy(), np.sort_complex(x))
