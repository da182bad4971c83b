"""`numpy.pad` in all its modes: widths, dtypes, watched values, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import check_moves

import gradtape as gt

rng = np.random.default_rng(0)
X = rng.normal(size=(2, 3))


@pytest.mark.parametrize("kind", ["even", "odd"])
@pytest.mark.parametrize("mode", ["reflect", "symmetric"])
@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("widths", [(0, 1), (2, 0), (3, 4), (11, 7)])
def test_pad_reflections_of_any_width(mode: Any, kind: Any, length: int, widths: Any) -> None:
    x = rng.normal(size=(length, 2))
    options = {"mode": mode, "reflect_type": kind}
    got = np.pad(gt.constant(x), (widths, (1, 0)), **options)
    np.testing.assert_allclose(got.numpy(), np.pad(x, (widths, (1, 0)), **options), rtol=1e-13)


@pytest.mark.parametrize(
    "width", [0, 1, (1,), (1, 2), [[1, 2]], ((1,), (2,)), [(1, 0), (0, 2)], {0: 1, -1: (0, 2)}]
)
@pytest.mark.parametrize("mode", ["constant", "edge", "wrap", "mean", "linear_ramp"])
def test_pad_widths(width: Any, mode: Any) -> None:
    try:
        expected = np.pad(X, width, mode)
    except (TypeError, AttributeError):
        pytest.skip("this NumPy takes no dict")
    np.testing.assert_allclose(np.pad(gt.constant(X), width, mode).numpy(), expected, rtol=1e-14)


@pytest.mark.parametrize("mode", ["constant", "linear_ramp"])
def test_pad_with_a_watched_value(mode: Any) -> None:
    name = "constant_values" if mode == "constant" else "end_values"
    x, c = gt.constant(X), gt.constant(np.array([1.0, 2.0]))
    with gt.GradientTape() as tape:
        tape.watch([x, c])
        y = np.pad(x, 1, mode, **{name: c})
    np.testing.assert_allclose(y.numpy(), np.pad(X, 1, mode, **{name: (1.0, 2.0)}), rtol=1e-15)
    dx, dc = tape.gradient(y, [x, c])
    np.testing.assert_array_equal(dx.numpy(), np.ones((2, 3)))
    np.testing.assert_array_equal(dc.numpy(), [7.0, 7.0])


@pytest.mark.parametrize("dtype", [np.int64, np.float32, np.bool_])
@pytest.mark.parametrize("mode", ["constant", "edge", "linear_ramp", "maximum", "reflect"])
def test_pad_keeps_the_dtype(dtype: Any, mode: Any) -> None:
    x = np.arange(4).astype(dtype)
    got = np.pad(gt.constant(x), 2, mode)
    assert got.dtype == x.dtype
    np.testing.assert_allclose(got.numpy(), np.pad(x, 2, mode), rtol=1e-6)


def test_pad_of_integers_rounds_as_numpy_does() -> None:
    x = np.array([1, 2, 4])
    np.testing.assert_array_equal(np.pad(gt.constant(x), 1, "mean").numpy(), np.pad(x, 1, "mean"))


def test_pad_empty_and_empty_axes() -> None:
    x = gt.constant(X)
    with gt.GradientTape() as tape:
        tape.watch(x)
        y = np.pad(x, 1, "empty")
    assert y.shape == (4, 5)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), np.ones((2, 3)))
    for mode in ("edge", "mean", "linear_ramp", "reflect"):
        with pytest.raises(ValueError, match="can't extend empty axis 0"):
            np.pad(gt.constant(np.ones((0, 2))), 1, mode)


def test_pad_by_a_function_is_refused() -> None:
    with pytest.raises(TypeError, match="Use a named mode of numpy.pad"):
        np.pad(gt.constant(X), 1, lambda *args: None)


def test_pad_with_infinity_keeps_the_frame_apart() -> None:
    check_moves(lambda x: np.nan_to_num(np.pad(x, 1, constant_values=np.inf), posinf=0.0), X)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.pad(array=x, pad_width=1),
    ],
)
def test_array_by_keyword(f: Any) -> None:
    check_moves(f, X)


@pytest.mark.parametrize(
    ("f", "error"),
    [
        (lambda x: np.pad(x, -1), ValueError),
        (lambda x: np.pad(x, 1.5), TypeError),
        (lambda x: np.pad(x, 1, "nonsense"), ValueError),
        (lambda x: np.pad(x, 1, "edge", constant_values=1), ValueError),
    ],
)
def test_errors_of_numpy(f: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        f(gt.constant(X))
