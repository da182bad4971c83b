"""What the registry's test of products cannot show: signatures, singular values, what is kept."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support import cotangents, directional, directions, gradients, pair, values

import gradtape as gt

rng = np.random.default_rng(0)


def assert_gradient(f: Callable[..., Any], *arrays: Any) -> None:
    """The gradient of `f` agrees with central differences, and its value with NumPy's."""

    def program(*xs: Any) -> list[Any]:
        return [f(*xs)]

    result = program(*map(gt.constant, arrays))
    v = cotangents(result, 1)
    u = directions(arrays, 2)

    def loss(*xs: Any) -> Any:
        return pair(v, values(program(*map(gt.constant, xs))))

    got = pair(gradients(program, arrays, v), u)
    np.testing.assert_allclose(got, directional(loss, arrays, u, 1e-3), rtol=1e-8, atol=1e-9)


def gradient(f: Callable[..., Any], *arrays: Any) -> list[Any]:
    """The gradient of the sum of ``f(*arrays)``."""
    xs = [gt.constant(x) for x in arrays]
    with gt.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
    return [g.numpy() for g in tape.gradient(y, xs)]


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
    (dw,) = gradient(lambda w: np.matmul([[1, 2, 3]], w), B)
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


def test_outer_of_any_ufunc() -> None:
    assert_gradient(np.hypot.outer, A + 3, B[0])
    assert_gradient(lambda x: np.power.outer(np.arange(1.0, 3.0), x), A[0])
    (dx,) = gradient(lambda x: np.maximum.outer(x, np.array([0.0, 5.0])), np.array([1.0, 7.0]))
    np.testing.assert_array_equal(dx, [1.0, 2.0])


def test_linalg_outer_takes_vectors() -> None:
    with pytest.raises(ValueError, match="Pass one-dimensional arrays"):
        np.linalg.outer(gt.constant(A), A)


# -- cross --------------------------------------------------------------------------------------


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


# -- einsum -------------------------------------------------------------------------------------


def test_einsum_index_of_one_operand_that_is_summed_is_broadcast() -> None:
    (dx,) = gradient(lambda x: np.einsum("ij->j", x), A)
    np.testing.assert_array_equal(dx, np.ones((2, 3)))
    da, db = gradient(lambda a, b: np.einsum("ij,kl->", a, b), A, B)
    np.testing.assert_allclose(da, np.full((2, 3), B.sum()), rtol=1e-14)
    np.testing.assert_allclose(db, np.full((3, 4), A.sum()), rtol=1e-14)


def test_einsum_diagonal_ignores_infinite_entries_beside_it() -> None:
    x = np.full((2, 2), np.inf)
    (dx,) = gradient(lambda x: np.einsum("ii->i", x), x)
    np.testing.assert_array_equal(dx, np.eye(2))


def test_einsum_axes_of_length_one_are_broadcast() -> None:
    assert_gradient(lambda a, b: np.einsum("ij,jk->ik", a, b), A[:, :1], B)
    assert_gradient(lambda a, b, c: np.einsum("ij,j,j->i", a, b, c), A, A[0, :1], A[0])


@pytest.mark.parametrize("optimize", [False, True, "greedy", "optimal", ["einsum_path", (0, 1, 2)]])
def test_einsum_optimize(optimize: Any) -> None:
    c = rng.normal(size=(4, 2))

    def f(a: Any, b: Any, c: Any) -> Any:
        return np.einsum("ij,jk,kl->li", a, b, c, optimize=optimize)

    assert_gradient(f, A, B, c)
    np.testing.assert_allclose(f(*map(gt.constant, (A, B, c))).numpy(), f(A, B, c), rtol=1e-13)


def test_einsum_keeps_only_what_the_derivative_reads() -> None:
    x = gt.constant(A)
    with gt.GradientTape() as tape:
        tape.watch(x)
        np.einsum("ij,jk->ik", x, B)
    ((_, _, _, saved, _),) = tape._records
    assert saved[1].__class__.__name__ == "Spec"
    np.testing.assert_array_equal(saved[2], B)


def test_einsum_dtype() -> None:
    y = np.einsum("i,i", gt.constant(A[0].astype(np.float32)), A[1].astype(np.float32), dtype=float)
    assert y.dtype == np.float64


@pytest.mark.parametrize(
    ("subscripts", "message"),
    [
        ("...i->i", r"Write '\.\.\.' in the output"),
        ("ij,jk", "one operand for each"),
        ("ijk->i", "subscripts"),
        ("ij->il", "subscript"),
    ],
)
def test_einsum_errors(subscripts: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        np.einsum(subscripts, gt.constant(A))


def test_einsum_out_is_refused() -> None:
    with pytest.raises(TypeError, match="Assign the result of numpy.einsum"):
        np.einsum("ij->i", gt.constant(A), out=np.empty(2))


# -- tensordot, kron, linalg --------------------------------------------------------------------


def test_tensordot_of_too_many_axes() -> None:
    with pytest.raises(ValueError, match="Contract at most 2 axes"):
        np.tensordot(gt.constant(A), B, axes=3)


@pytest.mark.parametrize("n", [6, 7])
def test_matrix_power(n: int) -> None:
    x = rng.normal(size=(3, 3)) / 2
    assert_gradient(lambda x: np.linalg.matrix_power(x, n), x)
    got = np.linalg.matrix_power(gt.constant(x), n)
    np.testing.assert_allclose(got.numpy(), np.linalg.matrix_power(x, n), rtol=1e-12)


def test_matrix_power_of_a_negative_number_is_refused() -> None:
    with pytest.raises(TypeError, match="Pass a power of 0 or more .* got -1"):
        np.linalg.matrix_power(gt.constant(np.eye(2)), -1)
    with pytest.raises(np.linalg.LinAlgError, match="square"):
        np.linalg.matrix_power(gt.constant(A), 2)


def test_matrix_power_one_is_a_new_tensor() -> None:
    x = gt.constant(np.eye(2))
    y = np.linalg.matrix_power(x, 1)
    y += 1.0
    np.testing.assert_array_equal(x.numpy(), np.eye(2))


def test_multi_dot_errors() -> None:
    with pytest.raises(ValueError, match="two arrays"):
        np.linalg.multi_dot([gt.constant(A)])
    with pytest.raises(np.linalg.LinAlgError, match=r"got ranks \[2, 1, 2\]"):
        np.linalg.multi_dot([gt.constant(A), A[0], B])


def test_a_branch_not_taken_stays_out_of_a_product() -> None:
    def f(x: Any) -> Any:
        return np.where(x > 0, np.sqrt(x), 0.0) @ np.array([1.0, np.inf])

    with np.errstate(invalid="ignore"):
        (dx,) = gradient(f, np.array([4.0, -1.0]))
    assert dx[1] == 0.0
    assert dx[0] == 0.25
