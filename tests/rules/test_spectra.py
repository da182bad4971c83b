"""Eigenvalues and singular values: equal ones, zero ones, phases."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import gradtape as gt

RNG = np.random.default_rng(0)
Q, _ = np.linalg.qr(RNG.normal(size=(4, 4)))
EQUAL = Q @ np.diag([2.0, 2.0, 2.0, 5.0]) @ Q.T
E = RNG.normal(size=(4, 4))
E = E + E.T


def along(f, a, e, h=1e-5):
    return (f(a + h * e) - f(a - h * e)) / (2 * h)


FUNCTIONS = {
    "sum of exp of eigvalsh": lambda a: np.sum(np.exp(np.linalg.eigvalsh(a))),
    "trace of a function": lambda a: np.sum(np.log(np.linalg.eigh(a).eigenvalues)),
    "nuclear norm": lambda a: np.linalg.norm(a, "nuc"),
    "sum of squared singular values": lambda a: np.sum(np.linalg.svdvals(a) ** 2),
    "determinant": lambda a: np.linalg.det(a),
    "logarithm of the determinant": lambda a: np.linalg.slogdet(a)[1],
    "inverse": lambda a: np.sum(np.linalg.inv(a) ** 2),
    "pseudo-inverse": lambda a: np.sum(np.linalg.pinv(a) ** 2),
    "frobenius": lambda a: np.linalg.norm(a),
    "expm": lambda a: np.sum(gt.linalg.expm(a) ** 2),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_smooth_functions_at_equal_eigenvalues(name) -> None:
    f = FUNCTIONS[name]
    got = np.sum(gt.grad(f)(EQUAL) * E)
    np.testing.assert_allclose(got, along(f, EQUAL, E), rtol=1e-7)
    with warnings.catch_warnings():
        if "eigh" in f.__code__.co_names:  # forward mode pushes the vectors too, and cannot know
            warnings.simplefilter("ignore", gt.GradientWarning)
        _, tangent = gt.jvp(f, (EQUAL,), (E,))
    np.testing.assert_allclose(tangent, got, rtol=1e-9)


@pytest.mark.parametrize(
    "name", ["determinant", "logarithm of the determinant", "inverse", "pseudo-inverse", "expm"]
)
def test_second_derivatives_at_equal_eigenvalues(name) -> None:
    f = FUNCTIONS[name]
    got = gt.hvp(f, EQUAL, E)
    np.testing.assert_allclose(got, along(gt.grad(f), EQUAL, E), rtol=1e-6, atol=1e-7)


def test_the_identity_has_finite_gradients() -> None:
    eye = np.eye(3)
    for f in FUNCTIONS.values():
        assert np.all(np.isfinite(gt.grad(f)(eye)))
    projector = gt.grad(lambda a: np.sum(np.linalg.eigh(a).eigenvalues))(eye)
    np.testing.assert_allclose(projector, eye)


def test_a_basis_of_equal_eigenvalues_that_would_turn_is_warned_about() -> None:
    x = gt.constant(EQUAL)
    with gt.GradientTape() as tape:
        tape.watch(x)
        v = np.linalg.eigh(x).eigenvectors
        y = np.sum(v[:, 0] * np.arange(4.0))
    with pytest.warns(gt.GradientWarning, match="leaves out how their vectors turn"):
        found = tape.gradient(y, x)
    assert np.all(np.isfinite(found.numpy()))


def test_a_singular_matrix() -> None:
    a = np.diag([3.0, 0.0])
    np.testing.assert_allclose(gt.grad(np.linalg.det)(a), np.diag([0.0, 3.0]), atol=1e-15)
    np.testing.assert_allclose(gt.grad(np.linalg.det)(np.zeros((3, 3))), np.zeros((3, 3)))
    slope = gt.grad(lambda a: np.linalg.norm(a, "nuc"))(a)
    np.testing.assert_allclose(slope, np.diag([1.0, 0.0]), atol=1e-15)


def test_only_the_triangle_that_is_read_has_a_gradient() -> None:
    for uplo, unread in (("L", np.triu_indices(4, 1)), ("U", np.tril_indices(4, -1))):
        slope = gt.grad(lambda a, uplo=uplo: np.sum(np.linalg.eigvalsh(a, uplo) ** 2))(EQUAL)
        np.testing.assert_array_equal(slope[unread], 0)


def test_results_keep_their_names() -> None:
    x = gt.constant(EQUAL)
    assert np.linalg.eigh(x).eigenvectors.shape == (4, 4)
    assert np.linalg.svd(x).S.shape == (4,)
    assert np.linalg.qr(x).R.shape == (4, 4)
    assert np.linalg.slogdet(x).sign.numpy() == 1.0


def hermitian_part(a):
    return (a + a.T) / 2


OF_VALUES = {
    "eigvalsh": lambda a: np.sum(np.exp(np.linalg.eigvalsh(hermitian_part(a)))),
    "svdvals": lambda a: np.sum(np.linalg.svdvals(a) ** 4),
    "eigvals": lambda a: np.sum(np.real(np.linalg.eigvals(a) ** 3)),
}
DIRECTION = np.arange(9.0).reshape(3, 3) - 3.5
SECOND = {
    "reverse over forward": lambda f, a: gt.hvp(f, a, DIRECTION),
    "forward over reverse": lambda f, a: gt.jvp(gt.grad(f), (a,), (DIRECTION,))[1],
    "reverse over reverse": lambda f, a: gt.grad(lambda x: np.sum(gt.grad(f)(x) * DIRECTION))(a),
    "linearize": lambda f, a: gt.linearize(gt.grad(f), a)[1](DIRECTION),
    "hessian": lambda f, a: np.sum(gt.hessian(f)(a) * DIRECTION, (2, 3)),
    "batched": lambda f, a: gt.vmap(lambda x: gt.hvp(f, x, DIRECTION))(np.stack([a, a]))[0],
}


@pytest.mark.parametrize("mode", SECOND)
@pytest.mark.parametrize("name", OF_VALUES)
def test_second_derivatives_of_values_are_right_or_warned_about(name, mode) -> None:
    f, second = OF_VALUES[name], SECOND[mode]
    apart = np.diag([1.0, 2.0, 4.0])
    expected = along(gt.grad(f), apart, DIRECTION)
    np.testing.assert_allclose(second(f, apart), expected, rtol=1e-6, atol=1e-6)
    for equal in (np.eye(3), np.diag([1.0, 1.0, 2.0])):
        with pytest.warns(gt.GradientWarning, match="leaves out how their vectors turn"):
            second(f, equal)


@pytest.mark.parametrize("name", OF_VALUES)
def test_first_derivatives_of_values_are_right_without_a_warning(name) -> None:
    f = OF_VALUES[name]
    for equal in (np.eye(3), np.diag([1.0, 1.0, 2.0])):
        expected = along(f, equal, DIRECTION)
        np.testing.assert_allclose(gt.jvp(f, (equal,), (DIRECTION,))[1], expected, rtol=1e-6)
        for jacobian in (gt.grad, gt.jacfwd, gt.jacrev):
            got = np.sum(jacobian(f)(equal) * DIRECTION)
            np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_forward_mode_warns_of_equal_eigenvalues_too() -> None:
    def function_of_matrix(a):
        w, v = np.linalg.eigh(hermitian_part(a))
        return (v * np.exp(w)) @ v.T

    with pytest.warns(gt.GradientWarning, match="leaves out how their vectors turn"):
        gt.jvp(function_of_matrix, (np.eye(3),), (DIRECTION,))


def test_a_matrix_without_entries() -> None:
    empty = np.zeros((0, 0))
    for f in (np.linalg.svdvals, lambda a: np.linalg.svd(a).U, np.linalg.eigvalsh):
        assert gt.grad(lambda a, f=f: np.sum(f(a)))(empty).shape == (0, 0)
