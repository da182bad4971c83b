"""Interpolation and evenly spaced numbers: kinks, ends, dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import assert_gradient, gradient, tensor

import gradtape as gt

XP = np.array([0.0, 1.0, 3.0])
FP = np.array([1.0, 2.0, 0.0])

# -- interp -------------------------------------------------------------------------------------


@given(data=st.data())
def test_values_are_numpys(data: st.DataObject) -> None:
    draw = data.draw
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    n = draw(st.integers(1, 5))
    xp, fp = np.sort(rng.integers(-4, 4, n) + 0.1), rng.normal(size=n)
    x = np.concatenate([rng.uniform(-6, 6, 5), xp, [np.inf, -np.inf, np.nan]])
    options: dict[str, Any] = {}
    if draw(st.booleans()):
        options["left"] = 7.0
    if draw(st.booleans()):
        options["right"] = -7.0
    if draw(st.booleans()) and len(set(xp)) == n:
        options, x = {"period": 9.0}, x[:-3]
    expected = np.interp(x, xp, fp, **options)
    found = np.interp(tensor(x), xp, fp, **options).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)


def test_at_a_knot_the_slope_is_that_of_the_piece_to_its_right() -> None:
    found = gradient(lambda x: np.interp(x, XP, FP), np.array([-1.0, 0.0, 1.0, 2.0, 3.0, 4.0]))
    np.testing.assert_array_equal(found, [0, 1, -1, -1, -1, 0])


def test_what_lies_outside_has_the_gradient_of_the_end() -> None:
    x = np.array([-1.0, 0.5, 9.0])
    assert gradient(lambda f: np.interp(x, XP, f), FP).tolist() == [1.5, 0.5, 1]
    y = tensor(5.0)
    found = gradient(lambda f, e: np.interp(tensor(x), XP, f, e, e), FP, y)
    assert found[0].tolist() == [0.5, 0.5, 0]
    assert found[1] == 2


@pytest.mark.parametrize("period", [None, 2.9])
def test_all_arguments_move(period: Any) -> None:
    x = np.array([0.2, 1.7, 2.5, -0.4])
    assert_gradient(lambda x, xp, fp: np.interp(x, xp, fp, period=period), x, XP[:3] + 0.05, FP)
    if period:
        assert_gradient(lambda p: np.interp(tensor(x), XP[:2], FP[:2], period=p), np.array(2.9))


def test_interp_computes_in_double_precision() -> None:
    x = tensor(0.5, dtype=np.float32)
    assert np.interp(x, XP, FP).dtype == np.float64
    assert np.interp(x, XP, FP + 0j).dtype == np.complex128


def test_errors_of_interp() -> None:
    with pytest.raises(ValueError, match="same length"):
        np.interp(tensor(0.5), XP, FP[:2])
    with pytest.raises(ValueError, match="non-zero"):
        np.interp(tensor(0.5), XP, FP, period=0)


# -- evenly spaced numbers ----------------------------------------------------------------------


@pytest.mark.parametrize("function", [np.linspace, np.logspace, np.geomspace])
@pytest.mark.parametrize(
    "options",
    [
        *({}, {"num": 1}, {"num": 0}, {"num": 5, "endpoint": False}),
        *({"num": 5, "dtype": np.float32}, {"num": 5, "dtype": int}, {"num": 4, "axis": -1}),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.filterwarnings("ignore:Casting complex:numpy.exceptions.ComplexWarning")
def test_values_and_dtypes(function: Any, options: Any, dtype: Any) -> None:
    if function is np.linspace and dtype is np.complex128 and options.get("dtype") is int:
        pytest.skip("NumPy refuses it")
    start, stop = np.array([1.0, 2.0], dtype), 3.5
    expected = function(start, stop, **options)
    found = function(gt.constant(start), stop, **options)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found.numpy(), expected, rtol=2e-6)


def test_linspace_ends_where_it_should() -> None:
    assert np.linspace(tensor(0.1), tensor(0.7), 7).numpy()[-1] == 0.7
    found = gradient(lambda a, b: np.linspace(a, b, 5), np.array(1.0), np.array(3.0))
    np.testing.assert_allclose(found, [2.5, 2.5])
    _, step = np.linspace(tensor(1.0), 3.0, 5, retstep=True)
    assert step.numpy() == 0.5


def test_geomspace_of_negative_and_complex_ends() -> None:
    for start, stop in ((-1.0, -8.0), (1j, -8.0), (1 + 1j, 2.0)):
        x = np.asarray(start)
        expected = np.geomspace(start, stop, 4)
        np.testing.assert_allclose(np.geomspace(gt.constant(x), stop, 4).numpy(), expected)
        assert_gradient(lambda x, stop=stop: np.geomspace(x, stop, 4), x)
    with pytest.raises(ValueError, match="zero"):
        np.geomspace(tensor(0.0), 1.0)
