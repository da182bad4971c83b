"""Transforms: what the real ones ignore, signatures, errors, dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import assert_gradient, gradient, tensor

import gradtape as gt

rng = np.random.default_rng(0)
X = rng.normal(size=(3, 4))
Z = X + 1j * rng.normal(size=(3, 4))

ONE_AXIS = [getattr(np.fft, n) for n in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")]
SEVERAL = [
    getattr(np.fft, prefix + suffix)
    for prefix in ("fft", "ifft", "rfft", "irfft")
    for suffix in ("2", "n")
]
SHIFTS = [np.fft.fftshift, np.fft.ifftshift]


def input_of(function: Any) -> Any:
    """An array that `function` takes."""
    return X if function.__name__.startswith(("rfft", "ihfft")) else Z


@pytest.mark.parametrize("function", ONE_AXIS)
@pytest.mark.parametrize("norm", [None, "backward", "ortho", "forward"])
@pytest.mark.parametrize("n", [None, 1, 2, 3, 4, 5, 8, 9])
@pytest.mark.parametrize("axis", [0, -1])
def test_every_length_and_norm(function: Any, norm: Any, n: Any, axis: int) -> None:
    assert_gradient(lambda x: function(x, n, axis, norm), input_of(function))


@pytest.mark.parametrize("function", SEVERAL)
@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
def test_several_axes(function: Any, norm: Any) -> None:
    x = input_of(function)
    for s, axes in (
        (None, (0, 1)),
        (None, [1, 0]),
        ((2, 6), (0, 1)),
        ((5, -1), (-1, 0)),
        ((3, 3), (0, 0)),
        ((2, 4, 5), (1, 0, 1)),
        (np.array([4, 4]), np.array([0, 1])),
        ((3,), (-2,)),
    ):
        y = function(gt.constant(x), s, axes, norm)
        np.testing.assert_allclose(y.numpy(), function(x, s, axes, norm), rtol=1e-13, atol=1e-14)
        assert_gradient(lambda x, s=s, axes=axes: function(x, s, axes, norm), x)


def test_no_axes_at_all() -> None:
    np.testing.assert_array_equal(gradient(lambda x: np.fft.fftn(x, axes=()), X), np.ones((3, 4)))


@pytest.mark.parametrize("n", [4, 5])
def test_the_real_inverse_ignores_what_a_real_transform_cannot_have(n: int) -> None:
    found = gradient(lambda z: np.fft.irfft(z, n) * np.arange(1.0, n + 1), Z[0, :3])
    assert found[0].imag == 0
    assert (found[2].imag == 0) == (n == 4)  # the last term stands for itself only if n is even


@pytest.mark.parametrize("function", [np.fft.fft, np.fft.ifft, np.fft.irfft, np.fft.hfft])
def test_a_real_argument_has_a_real_gradient(function: Any) -> None:
    assert_gradient(function, X)
    assert gradient(lambda x: np.abs(function(x)) ** 2, X).dtype == np.float64


@pytest.mark.parametrize("function", ONE_AXIS + SEVERAL)
def test_single_precision_stays_single(function: Any) -> None:
    x = input_of(function)
    x = gt.constant(x.astype(np.complex64 if x.dtype.kind == "c" else np.float32))
    with gt.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    assert y.dtype == function(x.numpy()).dtype
    assert tape.gradient(y, x).dtype == x.dtype


def test_stacked_tensors() -> None:
    a, b = gt.constant(np.float64(1)), gt.constant(np.float64(2))
    with gt.GradientTape() as tape:
        tape.watch([a, b])
        y = np.real(np.fft.fft(np.stack([a, b])))[1]
    assert [g.numpy() for g in tape.gradient(y, [a, b])] == [1, -1]


@pytest.mark.parametrize("function", SHIFTS)
@pytest.mark.parametrize("axes", [None, 0, -1, (0, 1), [1], (1, 1)])
def test_shifts(function: Any, axes: Any) -> None:
    y = function(gt.constant(X), axes)
    np.testing.assert_array_equal(y.numpy(), function(X, axes))
    assert_gradient(lambda x: function(x, axes), X)


@pytest.mark.parametrize("function", ONE_AXIS + SEVERAL)
def test_out_is_refused(function: Any) -> None:
    x = gt.constant(input_of(function))
    with pytest.raises(TypeError, match=f"Assign the result of numpy.fft.{function.__name__} inst"):
        function(x, out=np.zeros((3, 4), complex))


@pytest.mark.parametrize(
    ("error", "text", "call"),
    [
        (ValueError, "Invalid norm value bad", lambda x: np.fft.fft(x, norm="bad")),
        (ValueError, "Invalid norm value bad", lambda x: np.fft.hfft(x, norm="bad")),
        (ValueError, r"number of FFT data points \(0\)", lambda x: np.fft.ifft(x, 0)),
        (ValueError, r"number of FFT data points \(0\)", lambda x: np.fft.irfft(x[:, :1])),
        (IndexError, "axis 2 is out of bounds", lambda x: np.fft.fft(x, axis=2)),
        (IndexError, "axis 2 is out of bounds", lambda x: np.fft.fftn(x, axes=(0, 2))),
        (ValueError, "different lengths", lambda x: np.fft.fft2(x, s=(2,))),
    ],
)
def test_errors(error: Any, text: str, call: Any) -> None:
    with pytest.raises(error, match=text):
        call(tensor(X))
    with pytest.raises(error):
        call(X)


@pytest.mark.parametrize("function", [np.fft.fftn, np.fft.irfftn, np.fft.rfftn])
@pytest.mark.parametrize(("s", "axes"), [((2, 3), None), ((2, None), (0, 1))])
def test_what_numpy_deprecates(function: Any, s: Any, axes: Any) -> None:
    x = input_of(function)
    with pytest.warns(DeprecationWarning, match="NumPy 2.0"):
        expected = function(x, s, axes)
    with pytest.warns(DeprecationWarning, match="Give ") as caught:
        y = function(gt.constant(x), s, axes)
    assert caught[0].filename == __file__
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-13)
