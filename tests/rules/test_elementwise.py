"""Elementwise rules where differences cannot go: kinks, ties, infinities, zeros."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support import gradient, second, tensor

import gradtape as gt
from gradtape.core.rules import RULES

INF, NAN = np.inf, np.nan

POINTS: list[tuple[Callable[..., Any], tuple[float, ...], tuple[float, ...]]] = [
    # function, arguments, gradients
    (np.sqrt, (0.0,), (INF,)),
    (np.cbrt, (0.0,), (INF,)),
    (np.log, (0.0,), (INF,)),
    (np.absolute, (0.0,), (0.0,)),
    (np.absolute, (-0.0,), (0.0,)),
    (np.fabs, (0.0,), (0.0,)),
    (np.sign, (0.0,), (0.0,)),
    (np.sign, (3.0,), (0.0,)),
    (np.square, (0.0,), (0.0,)),
    (np.reciprocal, (INF,), (-0.0,)),
    (np.hypot, (0.0, 0.0), (0.0, 0.0)),
    (np.hypot, (3.0, 0.0), (1.0, 0.0)),
    (np.arctan2, (0.0, -1.0), (-1.0, -0.0)),
    (np.maximum, (2.0, 2.0), (1.0, 0.0)),
    (np.minimum, (2.0, 2.0), (1.0, 0.0)),
    (np.fmax, (2.0, 2.0), (1.0, 0.0)),
    (np.fmin, (NAN, 2.0), (0.0, 1.0)),
    (np.fmax, (2.0, NAN), (1.0, 0.0)),
    (np.maximum, (-INF, 2.0), (0.0, 1.0)),
    (np.logaddexp, (-INF, 1.0), (0.0, 1.0)),
    (np.logaddexp, (1.0, -INF), (1.0, 0.0)),
    (np.logaddexp, (-INF, -INF), (0.5, 0.5)),
    (np.logaddexp, (INF, INF), (0.5, 0.5)),
    (np.logaddexp, (INF, 1.0), (1.0, 0.0)),
    (np.logaddexp, (0.0, 1000.0), (0.0, 1.0)),
    (np.logaddexp2, (-INF, 0.0), (0.0, 1.0)),
    (np.power, (0.0, 0.0), (0.0, -INF)),
    (np.power, (0.0, 1.0), (1.0, 0.0)),
    (np.power, (0.0, 2.0), (0.0, 0.0)),
    (np.power, (0.0, 0.5), (INF, 0.0)),
    (np.power, (3.0, 0.0), (0.0, np.log(3.0))),
    (np.power, (-2.0, 3.0), (12.0, NAN)),
    (np.float_power, (0.0, 2.0), (0.0, 0.0)),
    (np.true_divide, (0.0, 2.0), (0.5, -0.0)),
    (np.remainder, (7.0, 3.0), (1.0, -2.0)),
    (np.remainder, (-7.0, 3.0), (1.0, 3.0)),
    (np.fmod, (-7.0, 3.0), (1.0, 2.0)),
    (np.copysign, (3.0, -2.0), (-1.0, 0.0)),
    (np.heaviside, (0.0, 0.3), (0.0, 1.0)),
    (np.heaviside, (1.0, 0.3), (0.0, 0.0)),
    (np.nextafter, (1.0, 2.0), (1.0, 0.0)),
]


@pytest.mark.parametrize(
    ("function", "args", "expected"), POINTS, ids=lambda p: str(getattr(p, "__name__", p))
)
@pytest.mark.parametrize("shape", [(), (2,)], ids=["scalar", "array"])
def test_singular_points(function: Any, args: Any, expected: Any, shape: tuple[int, ...]) -> None:
    xs = [gt.constant(np.full(shape, x)) for x in args]
    with gt.GradientTape() as tape, np.errstate(all="ignore"):
        tape.watch(xs)
        y = function(*xs)
    for got, wanted in zip(tape.gradient(y, xs), expected, strict=True):
        np.testing.assert_array_equal(got.numpy(), np.full(shape, wanted))


@pytest.mark.parametrize("base", [0.0, 2.0, INF])
@pytest.mark.parametrize("exponent", [0, 0.0, 1, 2, 3])
def test_powers_with_a_constant_exponent(base: float, exponent: float) -> None:
    """``x ** n`` and its first two derivatives are those of a polynomial, also at 0."""
    x = gt.Variable(base, dtype=np.float64)
    with gt.GradientTape() as outer:
        with gt.GradientTape() as inner:
            y = x**exponent
        first = inner.gradient(y, x)
    second = outer.gradient(first, x)
    power = np.polynomial.Polynomial([0.0] * int(exponent) + [1.0])
    if base < INF:
        assert first.numpy() == power.deriv()(base)
        assert second.numpy() == power.deriv(2)(base)
    elif exponent == 0:
        assert first.numpy() == 0.0


def test_integer_arrays_as_exponents_and_bases() -> None:
    x = gt.Variable([2.0, 3.0], dtype=np.float64)
    with gt.GradientTape(persistent=True) as tape:
        y = x ** np.array([3, 0])
        z = 2**x
    assert tape.gradient(y, x).numpy().tolist() == [12.0, 0.0]
    np.testing.assert_allclose(tape.gradient(z, x).numpy(), np.log(2) * np.array([4.0, 8.0]))


def test_the_second_derivative_of_logaddexp_at_a_tie() -> None:
    x = gt.Variable(1.0, dtype=np.float64)
    with gt.GradientTape() as outer:
        with gt.GradientTape() as inner:
            y = np.logaddexp(x, 1.0)
        first = inner.gradient(y, x)
    assert outer.gradient(first, x).numpy() == 0.25


def test_no_branch_that_was_not_taken_makes_a_nan() -> None:
    x = gt.Variable([0.0, 4.0])
    with gt.GradientTape(persistent=True) as tape:
        y = np.maximum(1.0, np.sqrt(x))
        z = np.minimum(np.sqrt(x), np.log(x + 1e-30) * 0.0 + 1.0)
    assert tape.gradient(y, x).numpy().tolist() == [0.0, 0.25]
    assert np.isfinite(tape.gradient(z, x).numpy()).tolist() == [False, True]  # taken: inf is right


def test_the_sweep_reports_no_floating_point_errors() -> None:
    x = gt.Variable(0.0)
    with gt.GradientTape(persistent=True) as tape:
        y = np.sqrt(x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tape.gradient(y, x).numpy() == INF
        with gt.GradientTape():
            assert tape.gradient(y, x).numpy() == INF
    with pytest.warns(RuntimeWarning, match="divide by zero"):  # NumPy's own settings are intact
        np.float32(1) / np.float32(0)


CONSTANT = [np.floor, np.ceil, np.rint, np.trunc, np.round, np.isfinite, np.logical_not, np.spacing]


@pytest.mark.parametrize("function", CONSTANT, ids=lambda f: f.__name__)
def test_constants_give_none(function: Any) -> None:
    x = gt.Variable([1.3, 2.7])
    with gt.GradientTape() as tape:
        y = function(x)
    assert isinstance(y, gt.Tensor)
    assert tape.gradient(y, x) is None


def test_every_ufunc_of_numpy_has_a_rule() -> None:
    missing = [
        name
        for name, function in vars(np).items()
        if isinstance(function, np.ufunc) and function not in RULES
    ]
    assert missing == []


def test_several_results() -> None:
    x = gt.Variable([5.5, -3.25], dtype=np.float64)
    with gt.GradientTape(persistent=True) as tape:
        fraction, whole = np.modf(x)
        mantissa, exponent = np.frexp(x)
        quotient, rest = np.divmod(x, 2.0)
    np.testing.assert_array_equal(fraction.numpy(), np.modf(x.numpy())[0])
    np.testing.assert_array_equal(whole.numpy(), np.modf(x.numpy())[1])
    np.testing.assert_array_equal(exponent.numpy(), np.frexp(x.numpy())[1])
    assert tape.gradient(fraction, x).numpy().tolist() == [1.0, 1.0]
    assert tape.gradient(mantissa, x).numpy().tolist() == [0.125, 0.25]
    assert tape.gradient(rest, x).numpy().tolist() == [1.0, 1.0]
    for constant in (whole, exponent, quotient):
        assert tape.gradient(constant, x) is None


# -- sinc, i0 -----------------------------------------------------------------------------------


def test_sinc_at_and_near_zero() -> None:
    x = np.array([0.0, 1e-12, -1e-6, 1e-3])
    expected = -(math.pi**2) * x / 3 * (1 - math.pi**2 * x**2 / 10)
    np.testing.assert_allclose(gradient(np.sinc, x), expected, rtol=1e-10)
    np.testing.assert_allclose(second(np.sinc, np.zeros(2)), -(math.pi**2) / 3, rtol=1e-15)


def test_the_slope_of_sinc_is_as_precise_on_both_sides_of_its_formulas() -> None:
    x = np.linspace(0.1, 0.3, 41)  # the series ends at 0.16
    t = np.pi * x.astype(np.longdouble)
    expected = np.pi * (np.cos(t) - np.sin(t) / t) / t
    np.testing.assert_allclose(gradient(np.sinc, x), expected.astype(float), rtol=1e-14)


def test_sinc_at_integers() -> None:
    x = np.array([1.0, 2.0, -3.0])
    np.testing.assert_allclose(gradient(np.sinc, x), [-1, 1 / 2, 1 / 3], rtol=1e-14)


def test_i0_is_even() -> None:
    x = np.array([-1.0, 0.0, 1.0])
    found = gradient(np.i0, x)
    np.testing.assert_allclose(found, [-0.5651591039924851, 0, 0.5651591039924851], rtol=1e-14)
    np.testing.assert_allclose(second(np.i0, np.zeros(1)), [0.5], rtol=1e-15)
    with pytest.raises(TypeError, match="complex"):
        np.i0(tensor(1j, dtype=complex))
