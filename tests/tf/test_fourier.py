"""Transforms that TensorFlow has on no processor here, or without a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradtape as gt
import gradtape.tf as tf

X = np.arange(24.0).reshape(2, 3, 4) ** 1.5 % 5 - 2
Z = X + 1j * X[::-1]


@pytest.mark.parametrize("name", ["fftnd", "ifftnd", "rfftnd", "irfftnd"])
def test_over_any_axes(name: str) -> None:
    x = X if name == "rfftnd" else Z
    reference: Any = getattr(np.fft, name.replace("nd", "n"))
    got = getattr(tf.signal, name)(x, [3, 2], [1, 2])
    np.testing.assert_allclose(got, reference(x, [3, 2], [1, 2]), atol=1e-12)
    got = getattr(tf.signal, name)(x, axes=[2], norm="ortho")
    np.testing.assert_allclose(got, reference(x, axes=[2], norm="ortho"), atol=1e-12)


@pytest.mark.parametrize("name", ["rfft3d", "irfft3d", "rfft"])
def test_gradients(name: str) -> None:
    f = getattr(tf.signal, name)
    gt.check_gradients(f, Z if name == "irfft3d" else X)


def test_cropped() -> None:
    gt.check_gradients(lambda x: tf.signal.rfft(x, [3]), X[0])


@pytest.mark.parametrize("kind", [1, 2, 3, 4])
@pytest.mark.parametrize("norm", [None, "ortho"])
def test_cosine_transforms_against_scipy(kind: int, norm: str | None) -> None:
    from scipy import fft

    if kind == 1 and norm:
        pytest.skip("TensorFlow refuses it")
    np.testing.assert_allclose(tf.signal.dct(X, kind, norm=norm), fft.dct(X, kind, norm=norm))
    gt.check_gradients(lambda x: tf.signal.dct(x, kind, norm=norm), X[0])
