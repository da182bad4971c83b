"""What has a lowering gives natively what NumPy gives, and fails where NumPy fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradtape as gt
from gradtape.compiler.machine import blas
from gradtape.rules import segments

RNG = np.random.default_rng(0)
CUBE = RNG.normal(size=(5, 7, 6))
MATRIX = RNG.normal(size=(7, 6))
LONG = RNG.normal(size=1003)
ROWS = np.array([0, -1, 3, 3])
COLUMN = np.array([[1], [2]])


def check(f: Callable[..., Any], *arrays: Any, rtol: float = 1e-12) -> Any:
    """Compare `f` compiled with `f`, for other values than those it was recorded with."""
    compiled = gt.function(f)
    compiled(*[np.roll(a, 1) if a.dtype.kind == "f" else a for a in arrays])
    got, expected = compiled(*arrays), f(*arrays)
    (stats,) = compiled.stats
    assert stats["numpy_calls"] == 0, compiled.program(*arrays)
    assert stats["guards"] == 0
    parts = (got, expected) if isinstance(expected, (tuple, list)) else ([got], [expected])
    for a, b in zip(*parts, strict=True):
        assert np.asarray(a).dtype == np.asarray(b).dtype
        size = np.abs(np.asarray(b, float)).max(initial=1.0, where=np.isfinite(b))
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * size)
    return compiled


# -- axes ---------------------------------------------------------------------------------------

AXES: dict[str, Callable[..., Any]] = {
    "sum": lambda x, a: np.sum(x, axis=a),
    "all": lambda x, a: np.all(x, axis=a, keepdims=True),
    "nansum": lambda x, a: np.nansum(x, axis=a),
    "count_nonzero": lambda x, a: np.count_nonzero(x, axis=a),
    "var": lambda x, a: np.var(x, axis=a),
    "flip": np.flip,
    "moveaxis": lambda x, a: np.moveaxis(x, a, -1),
    "transpose": lambda x, a: np.transpose(x, (a, 0, 2)),
}


@pytest.mark.parametrize("axis", [1, np.int64(1), np.uint8(1), np.array(1)], ids=repr)
@pytest.mark.parametrize("f", AXES.values(), ids=AXES)
def test_an_axis_is_any_integer(f: Callable[..., Any], axis: Any) -> None:
    check(lambda x: f(x, axis), CUBE)


# -- gather and scatter -------------------------------------------------------------------------

READS: dict[str, Callable[..., Any]] = {
    "rows": lambda x, i, j: x[i],
    "columns": lambda x, i, j: np.exp(x)[:, i] + 1,
    "last": lambda x, i, j: x[..., i] * 2,
    "apart": lambda x, i, j: x[i, :, j],
    "together": lambda x, i, j: x[:, i, j],
    "with an integer": lambda x, i, j: x[1, :, i],
    "with a new axis": lambda x, i, j: x[None, 2, i, ::2],
    "backwards": lambda x, i, j: x[::-1, i, 3],
    "of a constant": lambda x, i, j: np.ones_like(x)[i] + x[i],
    "an element": lambda x, i, j: x[i[0], i[1]],
    "take": lambda x, i, j: np.take(x, i, axis=1),
    "take of all": lambda x, i, j: np.take(x, i),
    "take, clipped": lambda x, i, j: np.take(x, i + 5, axis=2, mode="clip"),
    "one-hot": lambda x, i, j: (i[:, None] == np.arange(4)) * 1.0,
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_reading_at_computed_positions(read: Callable[..., Any]) -> None:
    check(read, CUBE, ROWS, COLUMN)


@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.uint8, np.bool_])
@pytest.mark.parametrize("index", [np.int64, np.int32, np.int8])
def test_reading_many(dtype: Any, index: Any) -> None:
    positions = RNG.integers(-50, 50, 1003).astype(index)
    check(lambda x, i: x[i], (LONG[:50] * 9).astype(dtype), positions)
    check(lambda x, i: x[i], LONG[:50], positions[:0])


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_take_along_axis(axis: int) -> None:
    order = np.argsort(CUBE, axis)
    check(lambda x, k: np.take_along_axis(x, k, axis), CUBE, order)
    check(lambda x, k: np.take_along_axis(x, k, axis), CUBE, order[:, :1] - CUBE.shape[axis])


def _assigned(x: Any, i: Any, v: Any) -> Any:
    y = x.copy()
    y[i] = v
    return y


def _added(x: Any, i: Any, v: Any) -> Any:
    y = x.copy()
    np.add.at(y, i, v)
    return y


def _put_along(x: Any, i: Any, v: Any) -> Any:
    y = x.copy()
    np.put_along_axis(y, i, v, 0)
    return y


@pytest.mark.parametrize("write", [_assigned, _added])
def test_writing_at_computed_positions(write: Callable[..., Any]) -> None:
    check(write, CUBE, ROWS, RNG.normal(size=(4, 7, 6)))
    check(write, CUBE, ROWS, RNG.normal(size=6))
    many = RNG.integers(-50, 50, 1003)
    check(write, LONG[:50], many, LONG)
    check(write, (LONG[:50] * 9).astype(np.int64), many, many)
    check(write, np.full(3, -0.0), np.array([0, 0, 0, 0, 1]), np.full(5, -0.0))


def test_writing_along_an_axis() -> None:
    check(_put_along, MATRIX, np.array([[0, -1, 2, 0, 1, 3]]), MATRIX[:1])


def _in_place(x: Any) -> Any:
    y = x.copy()
    y += np.sin(x)
    y[1:] *= 2.0
    y.T[2] = x[:, 0]
    np.fill_diagonal(y, 7.0)
    np.exp(y[:, 1], out=y[:, 1])
    z = np.empty_like(x)
    z.fill(3.0)
    np.copyto(z[2:], x[0])
    return y, z


def test_writing_in_place() -> None:
    check(_in_place, MATRIX[:5])


def test_writing_under_a_mask() -> None:
    check(lambda x: _assigned(x, x > 0, 2.0) + _added(x, x < 0, 1.0), CUBE)


def test_gradient_of_a_table_of_vectors() -> None:
    """Rows that are read twice get both cotangents."""

    def slope(table: Any, i: Any) -> Any:
        return gt.grad(lambda t: np.sum(t[i] ** 3))(table)

    compiled = check(slope, MATRIX, np.array([1, 1, -6, 3]))
    expected = np.zeros_like(MATRIX)
    np.add.at(expected, [1, 1, -6, 3], 3 * MATRIX[[1, 1, -6, 3]] ** 2)
    np.testing.assert_allclose(compiled(MATRIX, np.array([1, 1, -6, 3])), expected)


@pytest.mark.parametrize("f", [lambda x, i, v: x[i], _assigned, _added])
@pytest.mark.parametrize("bad", [7, -8, 2**62, -(2**62)])
def test_positions_out_of_range_are_refused_as_numpy_does(f: Any, bad: int) -> None:
    compiled, good = gt.function(f), np.arange(7)
    for _ in range(2):
        compiled(LONG[:7], good, LONG[:7])
    wrong = np.where(good == 3, bad, good)
    for _ in range(2):
        with pytest.raises(IndexError, match="out of bounds"):
            compiled(LONG[:7], wrong, LONG[:7])
    np.testing.assert_array_equal(compiled(LONG[:7], good, LONG[:7]), f(LONG[:7], good, LONG[:7]))


# -- scans --------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [0, 1, 2, None])
@pytest.mark.parametrize("f", [np.cumsum, np.cumprod])
def test_running_sums_and_products(f: Any, axis: Any) -> None:
    for x in (CUBE, CUBE.astype(np.float32), (CUBE * 10).astype(np.int32), CUBE[..., ::-1]):
        check(lambda x: f(x, axis=axis), x)
    for x in (CUBE[:1], CUBE[:, :1], CUBE[:0]):
        check(lambda x: f(x, axis=axis), x)


@pytest.mark.parametrize(
    "ufunc", [np.add, np.multiply, np.maximum, np.minimum, np.subtract, np.logaddexp]
)
def test_accumulate(ufunc: np.ufunc) -> None:
    for axis in (0, 1, 2):
        check(lambda x, axis=axis: ufunc.accumulate(x, axis), CUBE)
    x = CUBE.copy()
    x[2, 3, 1] = np.nan
    if ufunc is not np.logaddexp:  # which warns
        check(lambda x: ufunc.accumulate(x, 1), x)


def test_scans_among_loops() -> None:
    check(lambda x: np.cumsum(np.exp(x)) * 2 + np.flip(np.cumsum(np.flip(x))), LONG)
    big = RNG.normal(size=(700, 400))
    check(lambda x: np.cumsum(x, 0) + np.cumsum(x, 1), big)
    check(lambda x: gt.grad(lambda x: np.sum(np.cumsum(x, 1) ** 2))(x), CUBE)


# -- products -----------------------------------------------------------------------------------

SHAPES = [
    ((3,), (3,)),
    ((3, 4), (4,)),
    ((4,), (4, 3)),
    ((2, 3), (3, 4)),
    ((7, 9), (9, 8)),
    ((5, 2, 3), (3, 4)),
    ((5, 1, 2, 3), (4, 3, 2)),
    ((30, 40), (40, 20)),
    ((3, 30, 40), (1, 40, 20)),
    ((2, 1, 30, 40), (3, 40, 20)),
    ((2, 0), (0, 3)),
    ((0, 2), (2, 3)),
    ((0, 30, 40), (40, 20)),
    ((100, 50), (50,)),
    ((50,), (50, 100)),
]


@pytest.mark.parametrize(("a", "b"), SHAPES)
@pytest.mark.parametrize(
    ("dtype", "rtol"), [(np.float64, 1e-13), (np.float32, 2e-6), (np.int64, 0)]
)
def test_matmul(a: Any, b: Any, dtype: Any, rtol: float) -> None:
    x, y = ((RNG.normal(size=shape) * 5).astype(dtype) for shape in (a, b))
    check(np.matmul, x, y, rtol=rtol)


def test_sums_of_nothing_among_loops() -> None:
    def f(a: Any, b: Any) -> Any:
        empty = a[:, :0]
        return empty @ b[:0] + 1.0, 2.0 * np.sum(empty), np.exp(np.prod(empty, axis=1)) * 3.0

    compiled = check(f, MATRIX, MATRIX)
    for _ in range(3):  # memory that other calls have used
        check(np.exp, CUBE)
        for got, expected in zip(compiled(MATRIX, MATRIX), f(MATRIX, MATRIX), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-15)


def test_matrices_that_lie_otherwise() -> None:
    a, b = RNG.normal(size=(30, 40)), RNG.normal(size=(20, 40))
    for f in (
        lambda a, b: a @ b.T,
        lambda a, b: (b @ a.T).T,
        lambda a, b: a[::2, ::2] @ b[:, ::2].T,
        lambda a, b: a[:, 3:30] @ b[:, 3:30].T,
        lambda a, b: np.exp(a[::-1] @ b.T + a[0, 0]),
        lambda a, b: np.broadcast_to(a[:1], (30, 40)) @ np.broadcast_to(b[:, :1], (20, 40)).T,
        lambda a, b: np.ones((9, 30)) @ a,
    ):
        check(f, a, b)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_matrices_and_vectors(dtype: Any) -> None:
    a = RNG.normal(size=(150, 90)).astype(dtype)
    v, w = a[0].copy(), a[:, 0].copy()
    for f in (
        lambda a, v, w: a @ v,
        lambda a, v, w: w @ a,
        lambda a, v, w: a.T @ w,
        lambda a, v, w: np.exp(a) @ v[::-1] + a[:, :1].T @ a @ v,
        lambda a, v, w: (a @ v[:, None], w[None] @ a, np.einsum("ji,j->i", a, w)),
        lambda a, v, w: np.tensordot(a.reshape(150, 9, 10), v.reshape(9, 10), 2),
        lambda a, v, w: np.tensordot(w[None, :, None], a, ([1], [0])),
    ):
        check(f, a, v, w, rtol=1e-13 if dtype == np.float64 else 1e-5)


EINSUMS = {
    "ij,jk->ik": ((30, 40), (40, 50)),
    "ij,kj": ((3, 4), (5, 4)),
    "ii": ((4, 4),),
    "ii->i": ((4, 4),),
    "ij->ji": ((3, 4),),
    "ij->": ((3, 4),),
    "ij,kj,kl->il": ((20, 30), (40, 30), (40, 25)),
    "bij,bjk->bik": ((4, 20, 30), (4, 30, 20)),
    "bi,bi->b": ((4, 20), (4, 20)),
    "i,j->ij": ((3,), (4,)),
    "ijk,ik->j": ((3, 4, 5), (3, 5)),
    "iji->j": ((3, 4, 3),),
    "ij,ij->": ((3, 4), (3, 4)),
    "abc,cd,d->ba": ((2, 3, 4), (4, 5), (5,)),
}


@pytest.mark.parametrize("text", EINSUMS)
def test_einsum(text: str) -> None:
    check(lambda *xs: np.einsum(text, *xs), *[RNG.normal(size=shape) for shape in EINSUMS[text]])


@pytest.mark.parametrize("axes", [0, 1, 2, ([0], [1]), ([0, 1], [1, 0])])
def test_tensordot(axes: Any) -> None:
    a, b = RNG.normal(size=(2, 4, 4))
    check(lambda a, b: np.tensordot(a, b, axes), a, b)


@pytest.mark.parametrize("f", [np.dot, np.inner, np.outer, np.vdot, np.vecdot])
def test_other_products(f: Any) -> None:
    x, y = RNG.normal(size=(2, 9))
    check(f, x, y)
    if f is not np.vdot:
        check(f, MATRIX[:6], MATRIX[:6] + 1)


def test_gradient_of_a_network() -> None:
    def slope(x: Any, w: Any, v: Any) -> Any:
        return gt.grad(lambda w, v: np.sum(np.tanh(x @ w) @ v), (0, 1))(w, v)

    check(slope, *[RNG.normal(size=shape) for shape in ((32, 20), (20, 30), (30, 10))])


@pytest.mark.parametrize("a", [MATRIX, MATRIX.T.copy().T])
@pytest.mark.parametrize("b", [MATRIX[:6].T.copy(), MATRIX[:6, :6].T])
def test_small_products_in_every_order(a: Any, b: Any) -> None:
    check(lambda a, b: (np.einsum("ij,jk->ki", a, b), a @ b, b.T @ a.T, a @ b[:, 0]), a, b)


@pytest.mark.parametrize("name", ["dgemm", "sgemm", "dgesv", "dpotrf", "strtrs"])
def test_scipy_exports_what_numpy_has_not(name: str) -> None:
    assert blas._scipys(name)


# -- matrices -----------------------------------------------------------------------------------

STACK = RNG.normal(size=(4, 6, 6))
POSITIVE = STACK @ STACK.swapaxes(1, 2) + np.eye(6)
RIGHT = RNG.normal(size=(4, 6, 3))


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-11), (np.float32, 1e-3)])
def test_equations_and_factors(dtype: Any, rtol: float) -> None:
    a, b = POSITIVE.astype(dtype), RIGHT.astype(dtype)
    for x in (a, a[0], a[:, :1, :1]):
        check(lambda x: np.linalg.cholesky(x @ x.swapaxes(-1, -2)), x, rtol=rtol)
        check(np.linalg.inv, x, rtol=rtol)
        check(np.linalg.det, x, rtol=rtol)
        check(lambda x: [*np.linalg.slogdet(x)], x - 5, rtol=10 * rtol)
    for x, y in ((a, b), (a[0], b), (a, b[0]), (a[0], b[0, :, 0])):
        check(np.linalg.solve, x, y, rtol=rtol)


def test_determinants_of_singular_matrices() -> None:
    compiled = check(lambda x: [*np.linalg.slogdet(x), np.linalg.det(x)], STACK)
    sign, log, det = compiled(np.zeros((4, 6, 6)))
    np.testing.assert_array_equal(sign, 0)
    np.testing.assert_array_equal(log, -np.inf)
    np.testing.assert_array_equal(det, 0)


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("unit", [True, False])
@pytest.mark.parametrize("turned", [True, False])
def test_triangles(lower: bool, unit: bool, turned: bool) -> None:
    def solve(a: Any, b: Any) -> Any:
        a = gt.constant(a.swapaxes(-1, -2) if turned else a)
        return gt.linalg.solve_triangular(
            a, b, lower=lower, unit_diagonal=unit, check_finite=False
        ).numpy()

    compiled = gt.function(
        lambda a, b: gt.linalg.solve_triangular(
            a.swapaxes(-1, -2) if turned else a,
            b,
            lower=lower,
            unit_diagonal=unit,
            check_finite=False,
        )
    )
    for a, b in ((POSITIVE, RIGHT), (POSITIVE[0], RIGHT[0]), (POSITIVE[1], RIGHT)):
        x, y = gt.constant(a), gt.constant(b)
        compiled(x + 1, y)
        np.testing.assert_allclose(compiled(x, y).numpy(), solve(a, b), rtol=1e-10)
    assert all(s["numpy_calls"] == s["guards"] == 0 for s in compiled.stats)


@pytest.mark.parametrize(
    ("f", "bad"),
    [
        (np.linalg.cholesky, -POSITIVE),
        (np.linalg.inv, np.zeros((4, 6, 6))),
        (lambda a: np.linalg.solve(a, RIGHT), np.ones((4, 6, 6))),
    ],
)
def test_matrices_are_refused_as_numpy_does(f: Any, bad: Any) -> None:
    compiled = gt.function(f)
    for _ in range(2):
        compiled(POSITIVE)
    for _ in range(2):
        with pytest.raises(np.linalg.LinAlgError):
            compiled(bad)
    np.testing.assert_allclose(compiled(POSITIVE), f(POSITIVE))


def test_numpy_is_not_given_what_failed() -> None:
    compiled = gt.function(lambda a: np.linalg.svd(np.linalg.inv(a))[1])
    for _ in range(2):
        compiled(POSITIVE)
    with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
        compiled(np.zeros((4, 6, 6)))


# -- moves --------------------------------------------------------------------------------------

OF_MATRICES: dict[str, Callable[..., Any]] = {
    "hstack": lambda a: np.hstack((a, 2 * a)),
    "hstack of vectors": lambda a: np.hstack((a[0], a[1])),
    "vstack": lambda a: np.vstack((a[0], a)),
    "dstack": lambda a: np.dstack((a, 2 * a)),
    "dstack of vectors": lambda a: np.dstack((a[0], a[1])),
    "column_stack": lambda a: np.column_stack((a[:, 0], a)),
    "append": lambda a: np.append(a, a[0]),
    "append along": lambda a: np.append(a, a, axis=1),
    "roll": lambda a: np.roll(a, 2),
    "roll back": lambda a: np.roll(a, -9),
    "roll along": lambda a: np.roll(a, (1, -2), (0, 1)),
    "tile": lambda a: np.tile(a, 2),
    "tile of more axes": lambda a: np.tile(a, (2, 1, 3)),
    "repeat": lambda a: np.repeat(a, 3),
    "repeat along": lambda a: np.repeat(a, 3, axis=0),
    "pad": lambda a: np.pad(a, ((1, 2), (0, 3))),
    "pad with a number": lambda a: np.pad(a, 1, constant_values=2.5),
    "rot90": lambda a: [np.rot90(a, k) for k in range(-1, 5)],
    "fliplr": np.fliplr,
    "flipud": np.flipud,
    "atleast_2d": lambda a: np.atleast_2d(a[0]),
    "atleast_3d": lambda a: [*np.atleast_3d(a, a[0])],
    "split": lambda a: [*np.split(a, 3, axis=1)],
    "split at": lambda a: [*np.split(a, [1, 4])],
    "array_split": lambda a: [*np.array_split(a, 3)],
    "hsplit": lambda a: [*np.hsplit(a, 2)],
    "unstack": lambda a: [*np.unstack(a, axis=1)],
    "meshgrid": lambda a: [*np.meshgrid(a[0], a[:, 0])],
    "meshgrid, ij": lambda a: [*np.meshgrid(a[0], a[:, 0], indexing="ij")],
    "diff": lambda a: [np.diff(a, axis=0), np.diff(a, n=3)],
    "trace": lambda a: [np.trace(a, k) for k in (-8, -2, 0, 1, 9)],
    "diagonal": lambda a: [np.diagonal(a, k) for k in (-8, -2, 0, 1, 9)],
    "diagonal, turned": lambda a: np.diagonal(a, 1, 1, 0),
    "diag": lambda a: [np.diag(a[0], k) for k in (-2, 0, 1)],
    "tril": lambda a: [np.tril(a, k) for k in (-8, -2, 0, 1, 9)],
    "triu": lambda a: [np.triu(a, k) for k in (-8, -2, 0, 1, 9)],
    "var": lambda a: [np.var(a), np.var(a, axis=0, ddof=1), np.var(a, axis=1, keepdims=True)],
    "std": lambda a: [np.std(a), np.std(a, axis=(0, 1))],
    "norm": lambda a: [np.linalg.norm(a), np.linalg.norm(a[0], 1), np.linalg.norm(a, axis=1)],
    "vector_norm": lambda a: [np.linalg.vector_norm(a, ord=o, axis=0) for o in (1, 2, np.inf)],
    "polyval": lambda a: np.polyval(a[0], a),
    "convolve": lambda a: [np.convolve(a[0], a[:, 0], m) for m in ("full", "same", "valid")],
    "convolve, equal": lambda a: np.convolve(a[0], a[1], "same"),
    "correlate": lambda a: [np.correlate(a[:, 0], a[0], m) for m in ("full", "same", "valid")],
    "cross": lambda a: np.cross(a[:, :3], a[:, 3:]),
    "round": lambda a: [
        np.round(a),
        np.round(a, 2),
        np.round(100 * a, -1),
        np.round((9 * a).astype(int)),
    ],
    "is infinite": lambda a: [np.isposinf(np.inf * a), np.isneginf(-np.inf * abs(a))],
    "of simpler ones": lambda a: [
        np.average(a, axis=1, weights=np.arange(6.0)),
        np.trapezoid(a, axis=0),
        np.ptp(a, axis=1),
        np.kron(a, a),
        np.nanmean(a, axis=0),
        np.nanvar(a),
        np.nan_to_num(a),
        *np.gradient(a),
    ],
    "max, initial": lambda a: np.max(a, axis=0, initial=0.5),
    "min of nothing": lambda a: np.min(a[:0], axis=0, initial=0.5),
}


@pytest.mark.parametrize("f", OF_MATRICES.values(), ids=OF_MATRICES)
def test_functions_of_matrices(f: Callable[..., Any]) -> None:
    check(f, MATRIX)


def test_sums_without_nan() -> None:
    x = CUBE.copy()
    x[1, 2, 3] = np.nan
    for axis in (None, 0, (0, 2)):
        check(lambda x, axis=axis: [np.nansum(x, axis=axis), np.nanprod(x, axis=axis)], x)
        check(lambda x, axis=axis: [np.nanmax(x, axis=axis), np.nanmin(x, axis=axis)], x)


@pytest.mark.parametrize("f", [np.argmax, np.argmin])
def test_places_of_extremes(f: Any) -> None:
    ties = np.round(CUBE)
    ties[1, 2, 3:5] = np.nan
    for x in (
        CUBE,
        ties,
        ties == 1,
        np.round(9 * MATRIX).astype(np.int32),
        ties.astype(np.float32)[:, ::-1],
    ):
        for axis in (None, 0, 1, -1):
            check(lambda x, axis=axis: f(x, axis=axis), x)
    check(lambda x: f(x, axis=1, keepdims=True), CUBE)
    check(lambda x: f(x), LONG)


def test_segments() -> None:
    ids, data = np.array([[0, 2, -1], [2, 2, 0]]), RNG.normal(size=(2, 3, 4))

    def both(data: Any, ids: Any) -> Any:
        total = segments.added(data, ids, count=5)
        return total, segments.entries(np.exp(total), ids)

    check(both, data, ids)
    compiled = gt.function(both)
    for _ in range(2):
        compiled(data, ids)
        with pytest.raises(IndexError):
            compiled(data, np.where(ids == 2, 5, ids))


def test_loops_that_threads_share() -> None:
    many = RNG.integers(-50, 50, 300_000)
    x = RNG.normal(size=300_000)
    check(lambda t, i: np.exp(t[i]), LONG[:50], many)
    compiled = check(_added, LONG[:50], many, x, rtol=1e-10)
    many[170_000] = 50
    with pytest.raises(IndexError):
        compiled(LONG[:50], many, x)
