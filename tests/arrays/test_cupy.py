"""The same losses on a GPU, where there is one."""

from __future__ import annotations

import numpy as np
import pytest
from arrays.support import LOSSES, PARAMETERS, X, Y

import gradtape as gt

cupy = pytest.importorskip("cupy", reason="CuPy is not installed")


@pytest.fixture(autouse=True)
def _gpu() -> None:
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError:
        count = 0
    if not count:
        pytest.skip("there is no GPU")


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name: str) -> None:
    loss, values = LOSSES[name], PARAMETERS[name]
    expected = gt.grad(lambda *p: loss(X, Y, *p), tuple(range(len(values))))(*values)
    parameters = [gt.Variable(cupy.asarray(p)) for p in values]
    with gt.GradientTape() as tape:
        target = loss(cupy.asarray(X), cupy.asarray(Y), *parameters)
    for e, gradient in zip(expected, tape.gradient(target, parameters), strict=True):
        assert isinstance(gradient._value, cupy.ndarray)
        np.testing.assert_allclose(gradient.numpy(), e, rtol=1e-9)


def test_a_step_of_descent_stays_on_the_gpu() -> None:
    w = gt.Variable(cupy.zeros(X.shape[1]))
    with gt.GradientTape() as tape:
        loss = np.mean((cupy.asarray(X) @ w - cupy.asarray(Y)) ** 2)
    w.assign_sub(0.1 * tape.gradient(loss, w))
    assert isinstance(w._value, cupy.ndarray)
