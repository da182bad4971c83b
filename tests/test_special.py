"""gt.special: functions that SciPy does not pass on to Tensors."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import special

import gradtape as gt

X = np.random.default_rng(0).normal(size=(3, 4)) * 3


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1)])
def test_the_softmax_family(axis) -> None:
    for name in ("softmax", "log_softmax", "logsumexp"):
        ours, theirs = getattr(gt.special, name), getattr(special, name)
        np.testing.assert_allclose(ours(X, axis), theirs(X, axis), rtol=1e-12)
        gt.check_gradients(lambda x, f=ours: f(x, axis), X)
        assert np.all(np.isfinite(gt.grad(lambda x, f=ours: np.sum(f(x, axis)))(1e4 * X)))


def test_weights_and_signs() -> None:
    b = np.array([1.0, -2.0, 0.0, 0.5])
    expected = special.logsumexp(X, 1, b, keepdims=True, return_sign=True)
    found = gt.special.logsumexp(X, 1, b, keepdims=True, return_sign=True)
    np.testing.assert_allclose(found, expected)
    gt.check_gradients(lambda x, b: gt.special.logsumexp(x, 1, b, return_sign=True)[0], X, b + 0.1)
    slope = gt.grad(lambda x: gt.special.logsumexp(x, b=np.array([1.0, 0.0])))(
        np.array([0.0, np.inf])
    )
    np.testing.assert_array_equal(slope, [1.0, 0.0])
    z = X[0] + 1j * X[1]
    np.testing.assert_allclose(gt.special.logsumexp(z), special.logsumexp(z))


def test_polygamma_and_multigammaln() -> None:
    x = np.array([1.5, 2.5])
    np.testing.assert_allclose(gt.special.polygamma(2, x), special.polygamma(2, x))
    np.testing.assert_allclose(gt.special.multigammaln(x, 2), special.multigammaln(x, 2))
    gt.check_gradients(lambda x: gt.special.polygamma(1, x), x)
    gt.check_gradients(lambda x: gt.special.multigammaln(x, 2), x)
    np.testing.assert_allclose(gt.grad(gt.grad(special.gammaln))(1.0), np.pi**2 / 6)
    with pytest.raises(ValueError, match="Give d as a positive integer: got 0"):
        gt.special.multigammaln(x, 0)
    with pytest.raises(ValueError, match="Give numbers above 1 for dimension 3"):
        gt.special.multigammaln(0.5, 3)


def test_softplus() -> None:
    gt.check_gradients(gt.special.softplus, X)
    np.testing.assert_allclose(gt.special.softplus(np.array([-1e4, 1e4])), [0.0, 1e4])


@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax"])
def test_the_leak_warning_names_the_function_and_ours(name) -> None:
    x = gt.Variable(X)
    with gt.GradientTape():
        with pytest.warns(
            gt.GradientWarning,
            match=rf"Use gradtape.special.{name} instead of scipy.special.{name}",
        ):
            getattr(special, name)(x)


@pytest.mark.parametrize("name", ["spherical_jn", "spherical_yn", "spherical_in", "spherical_kn"])
@pytest.mark.parametrize("derivative", [False, True])
def test_spherical_bessel_functions(name, derivative) -> None:
    ours, theirs = getattr(gt.special, name), getattr(special, name)
    z = np.array([-1.3, 0.7, 2.0])
    for n in (0, 1, 3):
        np.testing.assert_allclose(ours(n, z, derivative), theirs(n, z, derivative), rtol=1e-12)
        np.testing.assert_allclose(ours(n, z + 1j), theirs(n, z + 1j), rtol=1e-12)
        gt.check_gradients(lambda z, n=n: ours(n, z, derivative), z)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda x: special.spherical_jn(1, x),
            "Use gradtape.special.spherical_jn instead of scipy",
        ),
        (lambda x: special.comb(x, 2.0), "Use scipy.special.binom instead of scipy.special.comb"),
        (lambda x: special.legendre_p(1, x), "Use scipy.special.eval_legendre instead"),
        (lambda x: special.diric(x, 3), "Write scipy.special.diric with functions that take Ten"),
    ],
)
def test_the_leak_warning_names_the_function(call, text) -> None:
    x = gt.Variable([0.5])
    with gt.GradientTape(), pytest.warns(gt.GradientWarning, match=text):
        call(x)


def test_scipy_is_not_imported_with_gradtape() -> None:
    code = "import sys, gradtape; print('scipy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
