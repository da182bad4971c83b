"""Polynomials: what depends on values, constants of integration, roots, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import assert_gradient, gradient, second, tensor

import gradtape as gt

rng = np.random.default_rng(0)
P, Q, X = rng.normal(size=4), rng.normal(size=2), rng.normal(size=(2, 3))


# -- values -------------------------------------------------------------------------------------


def test_the_value_of_a_polynomial_is_one_operation() -> None:
    found = gradient(np.polyval, P, X)
    np.testing.assert_allclose(found[0], [np.sum(X**k) for k in (3, 2, 1, 0)], rtol=1e-12)
    np.testing.assert_allclose(found[1], np.polyval(np.polyder(P), X), rtol=1e-12)
    twice = second(lambda x: np.polyval(P, x), X)
    np.testing.assert_allclose(twice, np.polyval(np.polyder(P, 2), X), rtol=1e-12)


def test_real_coefficients_at_a_complex_point() -> None:
    assert_gradient(np.polyval, P, X + 1j)
    assert_gradient(np.polyval, P + 1j, X)
    assert [g.dtype.kind for g in gradient(np.polyval, P, X + 1j)] == ["f", "c"]


def test_no_coefficients() -> None:
    np.testing.assert_array_equal(np.polyval(tensor(np.zeros(0)), X).numpy(), np.zeros((2, 3)))


def test_coefficients_in_a_poly1d() -> None:
    x = tensor(X)
    np.testing.assert_allclose(np.polyval(np.poly1d(P), x).numpy(), np.polyval(P, X), rtol=1e-13)
    with pytest.raises(TypeError, match=r"Pass an array to numpy.polyval"):
        np.polyval(tensor(P), np.poly1d([1.0]))


def test_powers_of_zero() -> None:
    found = gradient(lambda x: np.vander(x, 4) @ np.array([5.0, 3.0, 2.0, 1.0]), np.zeros(2))
    np.testing.assert_array_equal(found, [2, 2])


def test_vander_is_as_wide_as_numpys() -> None:
    x = gt.constant(np.ones(2, np.float32))
    assert np.vander(x).dtype == np.vander(x.numpy()).dtype == np.float64
    with pytest.raises(ValueError, match="one-dimensional"):
        np.vander(tensor(X))


# -- arithmetic ---------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [np.polyadd, np.polysub, np.polymul])
@pytest.mark.parametrize("dtypes", [(float, float), (float, complex)])
def test_polynomials_of_two_lengths(function: Any, dtypes: Any) -> None:
    p, q = P.astype(dtypes[0]), Q.astype(dtypes[1])
    assert_gradient(function, p, q)
    assert_gradient(function, q, p)
    with pytest.raises(ValueError, match=r"Pass vectors of coefficients to numpy.poly.*\(2, 3\)"):
        function(tensor(X), tensor(Q))


@pytest.mark.parametrize("p", [[0.0, 0.0, 2.0, 1.0], [0.0, 0.0], [0.0]])
def test_a_leading_zero_is_no_factor_of_the_product(p: Any) -> None:
    expected = np.polymul(np.array(p), Q)
    np.testing.assert_array_equal(np.polymul(tensor(p), tensor(Q)).numpy(), expected)
    found = gradient(np.polymul, np.array(p), Q)[0]
    kept = max(len(np.trim_zeros(p, "f")), 1)
    np.testing.assert_allclose(found, [0] * (len(p) - kept) + [Q.sum()] * kept, rtol=1e-15)


@pytest.mark.parametrize("lengths", [(4, 2), (5, 3), (3, 1), (3, 3), (2, 4)])
@pytest.mark.parametrize("dtype", [float, complex])
def test_quotient_and_remainder(lengths: Any, dtype: Any) -> None:
    u, v = (rng.uniform(1, 2, n).astype(dtype) for n in lengths)
    if dtype is complex:
        u, v = u + 1j * rng.normal(size=u.shape), v - 1j
    found = np.polydiv(gt.constant(u), gt.constant(v))
    for part, expected in zip(found, np.polydiv(u, v), strict=True):
        np.testing.assert_allclose(part.numpy(), expected, rtol=1e-12, atol=1e-14)
    for k in (0, 1):
        assert_gradient(lambda u, v, k=k: np.polydiv(u, v)[k], u, v)


def test_a_division_without_remainder() -> None:
    q, r = np.polydiv(tensor(1.0, 3.0, 2.0), tensor(1.0, 1.0))
    assert (q.numpy().tolist(), r.numpy().tolist()) == ([1, 2], [0])


# -- integrals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("m", "k"), [(1, 1.5), (2, [0.5]), (2, [1.0, 2.0]), (3, [1.0, 2.0, 3.0])])
def test_constants_of_integration_have_gradients(m: int, k: Any) -> None:
    k = np.array(k)
    np.testing.assert_allclose(np.polyint(tensor(P), m, tensor(k)).numpy(), np.polyint(P, m, k))
    assert_gradient(lambda p, k: np.polyint(p, m, k), P, k)


def test_integers() -> None:
    p = gt.constant(np.array([1, 2, 3]))
    for function in (np.polyder, np.polyint):
        y, expected = function(p), function(p.numpy())
        np.testing.assert_array_equal(y.numpy(), expected)
        assert y.dtype == expected.dtype


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda p: np.polyder(p, -1), "Order of derivative must be positive"),
        (lambda p: np.polyint(p, -1), "Order of integral must be positive"),
        (lambda p: np.polyint(p, 3, [1.0, 2.0]), "k must be a scalar"),
        (lambda p: np.poly(np.stack([p, p])), "input must be 1d"),
    ],
)
def test_errors(call: Any, text: str) -> None:
    for p in (P, tensor(P)):
        with pytest.raises(ValueError, match=text):
            call(p)


# -- roots --------------------------------------------------------------------------------------


def test_roots_at_zero_and_leading_zeros() -> None:
    p = np.array([0.0, 1.0, -3.0, 2.0, 0.0])  # x (x - 1) (x - 2)
    np.testing.assert_allclose(np.roots(tensor(p)).numpy(), np.roots(p))
    found = [gradient(lambda p, k=k: np.roots(p)[k], p) for k in range(3)]
    for slopes, r in zip(found, np.roots(p), strict=True):
        powers = r ** np.array([4, 3, 2, 1, 0])
        np.testing.assert_allclose(slopes, -powers / (3 * r**2 - 6 * r + 2), rtol=1e-12, atol=1e-15)


def test_complex_roots_of_real_coefficients() -> None:
    found = gradient(lambda p: np.sum(np.abs(np.roots(p)) ** 2), np.array([1.0, 2.0, 5.0]))
    np.testing.assert_allclose(found, [-10, 0, 2], atol=1e-12)  # |r|**2 is p[2] / p[0]


def test_a_double_root_has_no_derivative() -> None:
    assert not np.isfinite(gradient(np.roots, np.array([1.0, 0.0, 0.0]))).any()


def test_coefficients_from_roots() -> None:
    z = np.array([1 + 2j, 1 - 2j, 3.0])
    y = np.poly(gt.constant(z))
    assert y.dtype == np.float64  # conjugate pairs
    np.testing.assert_array_equal(y.numpy(), np.poly(z))
    assert np.poly(tensor(np.zeros(0))) == 1.0
    assert_gradient(lambda p: np.poly(np.roots(p)), P)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64])
def test_the_derivative_has_the_dtype_of_numpys(dtype: Any) -> None:
    p = np.arange(4).astype(dtype)
    assert np.polyder(gt.constant(p)).dtype == np.polyder(p).dtype


@pytest.mark.parametrize("options", [{}, {"full": True}, {"cov": True}, {"cov": "unscaled"}])
def test_fits_give_what_numpys_give(options: Any) -> None:
    x, y = np.array([0.0, 1.0, 2.0, 3.5, 4.0, 5.2]), np.array([1.0, 0.2, -1.0, 2.0, 2.5, 1.0])
    expected = np.polyfit(x, y, 2, w=x + 1, **options)
    got = np.polyfit(gt.constant(x), y, 2, w=gt.constant(x + 1), **options)
    if not options:
        expected, got = [expected], [got]
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(np.asarray(a.numpy() if isinstance(a, gt.Tensor) else a), b)
    with pytest.raises(TypeError, match="expected x and y to have same length"):
        np.polyfit(gt.constant(x), y[:3], 1)


def test_a_line_through_points_moves_with_them() -> None:
    x, y = np.array([0.0, 1.0, 2.0, 4.0]), np.array([1.0, 3.0, 2.0, 5.0])
    gt.check_gradients(lambda x, y: np.polyfit(x, y, 1), x, y)
    gt.check_gradients(lambda y: np.polyfit(x, y, 1, cov=True)[1], y)
