"""What the registry's test of products cannot show: signatures, singular values, what is kept."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from support import assert_gradient, gradient

import gradtape as gt

rng = np.random.default_rng(0)
A, B = rng.normal(size=(2, 3)), rng.normal(size=(3, 4))

# -- matmul -------------------------------------------------------------------------------------


def test_matmul_transposes_of_matrices() -> None:
    g = rng.normal(size=(2, 4))
    a, b = gt.constant(A), gt.constant(B)
    with gt.GradientTape() as tape:
        tape.watch([a, b])
        y = a @ b
    da, db = tape.gradient(y, [a, b], output_gradients=g)
    np.testing.assert_array_equal(da.numpy(), g @ B.T)
    np.testing.assert_array_equal(db.numpy(), A.T @ g)


def test_matmul_computes_nothing_for_a_constant_operand(monkeypatch: Any) -> None:
    from gradtape.core.rules import RULES

    asked = []
    rule = RULES[np.matmul]
    first, second = rule.transposes  # type: ignore[attr-defined]

    def spy(name: str, transpose: Any) -> Any:
        return lambda *args, **kwargs: (asked.append(name), transpose(*args, **kwargs))[1]

    monkeypatch.setattr(rule, "transposes", (spy("first", first), spy("second", second)))
    w = gt.constant(B)
    with gt.GradientTape() as tape:
        tape.watch(w)
        y = np.matmul(A, w)
    tape.gradient(y, w)
    assert asked == ["second"]


def test_matmul_of_real_arrays_never_conjugates(monkeypatch: Any) -> None:
    monkeypatch.setattr(np, "conj", lambda x: pytest.fail("a copy of a real array"))
    gradient(np.matmul, A, B)


def test_matmul_broadcast_cotangent_is_exact() -> None:
    da, db = gradient(np.matmul, A, B)  # the cotangent is one number, broadcast
    np.testing.assert_allclose(da, np.ones((2, 4)) @ B.T, rtol=1e-15)
    np.testing.assert_allclose(db, A.T @ np.ones((2, 4)), rtol=1e-15)


@pytest.mark.parametrize(
    ("a", "b"), [((0, 3), (3, 2)), ((2, 0), (0, 3)), ((0, 2, 3), (3, 2)), ((0,), (0,))]
)
def test_matmul_of_empty_arrays(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    da, db = gradient(np.matmul, np.ones(a), np.ones(b))
    np.testing.assert_array_equal(da, np.zeros(a) if 0 in b else np.ones(a))
    np.testing.assert_array_equal(db, np.zeros(b))


def test_matmul_with_a_list_and_with_integers() -> None:
    dw = gradient(lambda w: np.matmul([[1, 2, 3]], w), B)
    np.testing.assert_array_equal(dw, np.repeat([[1.0], [2.0], [3.0]], 4, axis=1))


def test_matmul_axes_are_refused_by_the_gradient() -> None:
    x = gt.constant(A)
    with gt.GradientTape() as tape:
        tape.watch(x)
        y = np.matmul(x, np.ones((1, 2, 3)), axes=[(0, 1), (2, 1), (0, 1)])
    with pytest.raises(TypeError, match=r"Move the axes of numpy.matmul with numpy.moveaxis"):
        tape.gradient(y, x)


def test_real_operand_of_a_complex_product_has_a_real_gradient() -> None:
    da, db = gradient(np.matmul, A, B + 1j)
    assert da.dtype == np.float64
    assert db.dtype == np.complex128
    np.testing.assert_allclose(da, np.ones((2, 4)) @ B.T, rtol=1e-15)


def test_a_branch_not_taken_stays_out_of_a_product() -> None:
    def f(x: Any) -> Any:
        return np.where(x > 0, np.sqrt(x), 0.0) @ np.array([1.0, np.inf])

    with np.errstate(invalid="ignore"):
        dx = gradient(f, np.array([4.0, -1.0]))
    assert dx[1] == 0.0
    assert dx[0] == 0.25


# -- dot, vdot, inner, outer --------------------------------------------------------------------


@pytest.mark.parametrize("function", [np.dot, np.outer])
def test_operands_by_keyword(function: Any) -> None:
    assert_gradient(lambda x: function(a=x, b=np.arange(3.0)), A[0])


@pytest.mark.parametrize("function", [np.dot, np.inner, np.outer, np.kron, np.cross])
def test_operand_is_a_list_with_tensors(function: Any) -> None:
    assert_gradient(lambda x, y: function([x[0], 2.0, x[1]], y), A[0], B[:, 0])


@pytest.mark.parametrize("function", [np.dot, np.outer])
def test_out_is_refused(function: Any) -> None:
    with pytest.raises(TypeError, match=r"Assign the result of numpy\.\w+ instead of passing out="):
        function(gt.constant(A[0]), B[:, 0], out=np.empty(3))


def test_vdot_conjugates_its_first_argument() -> None:
    a, b = np.array([1 + 2j]), np.array([3 - 1j])
    da, db = gradient(np.vdot, a, b)
    np.testing.assert_array_equal(da, b)
    np.testing.assert_array_equal(db, a)


@pytest.mark.parametrize("function", [np.dot, np.inner, np.vdot])
def test_products_of_empty_vectors(function: Any) -> None:
    for g in gradient(function, np.ones(0), np.ones(0)):
        assert g.shape == (0,)


def test_linalg_outer_takes_vectors() -> None:
    with pytest.raises(ValueError, match="Pass one-dimensional arrays"):
        np.linalg.outer(gt.constant(A), A)


# -- cross --------------------------------------------------------------------------------------


@pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) >= "2.5.0", reason="NumPy 2.5 knows 3-vectors only"
)
@pytest.mark.parametrize(
    ("a", "b", "options"),
    [
        ((2,), (2,), {}),
        ((4, 2), (2,), {}),
        ((2,), (3,), {}),
        ((4, 3), (2,), {}),
        ((2, 4), (4, 3), {"axisa": 0, "axisc": 0}),
    ],
)
def test_cross_in_the_plane_without_a_warning(a: Any, b: Any, options: Any) -> None:
    x, y = rng.normal(size=a), rng.normal(size=b)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_gradient(lambda p, q: np.cross(p, q, **options), x, y)
        got = np.cross(gt.constant(x), gt.constant(y), **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        np.testing.assert_array_equal(got.numpy(), np.cross(x, y, **options))


@pytest.mark.parametrize("shape", [(4,), ()])
def test_cross_of_other_lengths(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="dimension"):
        np.cross(gt.constant(np.ones(shape)), np.ones(3))
    with pytest.raises(ValueError, match="3-dimensional vectors"):
        np.linalg.cross(gt.constant(np.ones(2)), np.ones(2))


# -- tensordot ----------------------------------------------------------------------------------


def test_tensordot_of_too_many_axes() -> None:
    with pytest.raises(ValueError, match="Contract at most 2 axes"):
        np.tensordot(gt.constant(A), B, axes=3)
