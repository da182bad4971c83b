"""What the registry's test of shaping cannot show: signatures, layouts, empty arrays, errors."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import gradtape as gt

rng = np.random.default_rng(0)
X = rng.normal(size=(2, 3))


def check(f: Any, *arrays: Any) -> list[Any]:
    """Compare the value of `f` with NumPy's, and its gradient with that of a numbered array.

    A function that only moves entries is told apart by where it sends the numbers 0, 1, 2, ...:
    the gradient of the sum of ``w * f(x)`` is the sum of the `w` at which each entry arrives.
    """
    xs = [gt.constant(x) for x in arrays]
    with gt.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
    expected = f(*arrays)
    np.testing.assert_array_equal(y.numpy(), expected)
    assert y.dtype == np.asarray(expected).dtype
    w = rng.normal(size=np.shape(expected))
    starts = np.cumsum([0, *(x.size for x in arrays)])
    numbers = [np.empty_like(x, dtype=float) for x in arrays]  # laid out as x is
    for x, s in zip(numbers, starts[:-1], strict=True):
        x[...] = np.arange(x.size).reshape(x.shape) + s + 1.0
    sent = np.asarray(f(*numbers)).astype(int)
    sums = np.bincount(sent.ravel(), np.ravel(w), minlength=starts[-1] + 1)[1:]
    got = tape.gradient(y, xs, output_gradients=w, unconnected_gradients="zero")
    for g, x, s in zip(got, arrays, starts[:-1], strict=True):
        np.testing.assert_allclose(
            g.numpy(), sums[s : s + x.size].reshape(x.shape), rtol=1e-13, atol=1e-14
        )
    return [g.numpy() for g in got]


# -- reshaping and permuting --------------------------------------------------------------------


@pytest.mark.parametrize("order", ["C", "F", "A", "K"])
@pytest.mark.parametrize(
    "x",
    [
        rng.normal(size=(2, 3, 4)),
        np.asfortranarray(rng.normal(size=(2, 3, 4))),
        rng.normal(size=(4, 3, 2)).transpose(1, 0, 2),
        rng.normal(size=(2, 3, 4))[:, ::-1],
        np.float64(2.0),
    ],
    ids=["C", "F", "permuted", "reversed", "scalar"],
)
def test_orders(x: Any, order: str) -> None:
    check(lambda x: np.ravel(x, order=order), x)
    if order != "K":
        check(lambda x: np.reshape(x, (-1, 1), order=order), x)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.transpose(a=x),
        lambda x: np.transpose(x, axes=[1, 0]),
        lambda x: np.moveaxis(x, source=0, destination=1),
        lambda x: np.squeeze(a=np.expand_dims(a=x, axis=0), axis=0),
        lambda x: np.broadcast_to(array=x, shape=(2, 2, 3)),
        lambda x: np.flip(m=x, axis=1),
        lambda x: np.repeat(a=x, repeats=2),
        lambda x: np.tile(A=x, reps=2),
        lambda x: np.roll(a=x, shift=1),
        lambda x: np.pad(array=x, pad_width=1),
        lambda x: np.tril(m=x),
        lambda x: np.diag(v=x, k=1),
        lambda x: np.stack(arrays=[x, x], axis=1),
        lambda x: np.vstack(tup=(x, x)),
        lambda x: np.append(arr=x, values=x),
        lambda x: np.split(ary=x, indices_or_sections=3, axis=1)[1],
        lambda x: np.insert(arr=x, obj=1, values=0.0, axis=1),
        lambda x: np.delete(arr=x, obj=1, axis=1),
        lambda x: np.copy(a=x),
    ],
)
def test_array_by_keyword(f: Any) -> None:
    check(f, X)


@pytest.mark.parametrize(
    ("f", "error"),
    [
        (lambda x: np.reshape(x, (4, 2)), ValueError),
        (lambda x: np.squeeze(x, 0), ValueError),
        (lambda x: np.moveaxis(x, 0, 2), ValueError),
        (lambda x: np.transpose(x, (0, 0)), ValueError),
        (lambda x: np.broadcast_to(x, (3, 3)), ValueError),
        (lambda x: np.fliplr(x[0]), ValueError),
        (lambda x: np.rot90(x[0]), ValueError),
        (lambda x: np.split(x, 2, axis=1), ValueError),
        (lambda x: np.dsplit(x, 2), ValueError),
        (lambda x: np.stack([x, x[0]]), ValueError),
        (lambda x: np.stack([]), ValueError),
        (lambda x: np.concatenate([x, x], axis=2), ValueError),
        (lambda x: np.diag(np.reshape(x, (1, 2, 3))), ValueError),
        (lambda x: np.pad(x, -1), ValueError),
        (lambda x: np.pad(x, 1.5), TypeError),
        (lambda x: np.pad(x, 1, "nonsense"), ValueError),
        (lambda x: np.pad(x, 1, "edge", constant_values=1), ValueError),
        (lambda x: np.block([[x], x]), ValueError),
        (lambda x: np.delete(x, 7), IndexError),
        (lambda x: np.resize(x, (-1, 2)), ValueError),
    ],
)
def test_errors_of_numpy(f: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        f(gt.constant(X))


def test_results_are_new_handles() -> None:
    x = gt.constant(X)
    same = [
        np.moveaxis(x, 0, 0),
        np.squeeze(x),
        np.atleast_1d(x),
        np.broadcast_to(x, (2, 3)),
        np.pad(x, 0),
        np.pad(x, 0, "edge"),
        np.rot90(x, 0),
        np.roll(x, 0),
        np.concatenate([x]),
        np.block(x),
        np.repeat(x, 1, axis=0),
        x.astype(float, copy=False),
    ]
    for y in same:
        y += 1.0
    np.testing.assert_array_equal(x.numpy(), X)


@pytest.mark.parametrize("shape", [(0,), (0, 2), (2, 0, 3)])
def test_empty_arrays(shape: tuple[int, ...]) -> None:
    x = np.ones(shape)
    for f in (
        np.ravel,
        np.transpose,
        lambda x: np.flip(x, 0),
        lambda x: np.concatenate([x, x]),
        lambda x: np.repeat(x, 3, axis=0),
        lambda x: np.tile(x, 2),
        lambda x: np.pad(x, 1) * 0,
        lambda x: np.resize(x, (2, 2)),
    ):
        check(f, x)


# -- joining and splitting ----------------------------------------------------------------------


def test_joining_takes_dtype_and_plain_members() -> None:
    x = gt.constant(X.astype(np.float32))
    assert np.concatenate([x, X]).dtype == np.float64
    assert np.stack([x, X], dtype=np.float32, casting="same_kind").dtype == np.float32
    assert np.vstack([x, x], dtype=np.float64).dtype == np.float64
    check(lambda a: np.hstack([a, np.zeros((2, 1)), a]), X)
    check(lambda a: np.stack([a[0], [0.0, 0.0, 0.0]]), X)


@pytest.mark.parametrize("function", [np.concatenate, np.stack])
def test_joining_refuses_out(function: Any) -> None:
    with pytest.raises(TypeError, match=r"Assign the result of numpy\.\w+ instead of passing out="):
        function([gt.constant(X)], out=np.empty((2, 3)))


def test_joining_real_and_complex() -> None:
    a, b = gt.constant(X), gt.constant(X + 1j)
    with gt.GradientTape() as tape:
        tape.watch([a, b])
        y = np.concatenate([a, b])
    da, db = tape.gradient(y, [a, b], output_gradients=np.full((4, 3), 2 + 3j))
    np.testing.assert_array_equal(da.numpy(), np.full((2, 3), 2.0))
    np.testing.assert_array_equal(db.numpy(), np.full((2, 3), 2 + 3j))


def test_a_branch_not_taken_stays_out_of_a_join() -> None:
    x = gt.constant(np.array([0.0, 4.0]))
    with gt.GradientTape() as tape:
        tape.watch(x)
        root = np.sqrt(x)
        joined = np.stack([root, x])
        y = np.where(np.array([[False, True], [True, True]]), joined, 0.0)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [1.0, 1.25])


@pytest.mark.parametrize("where", [1, -1, [0, 2], [2, 0], slice(0, 3, 2), np.array([1]), []])
def test_insert(where: Any) -> None:
    check(lambda x, v: np.insert(x, where, v, axis=1), X, np.float64(3.0))
    check(lambda x: np.insert(x, where, 0.0), X)


def test_insert_a_block_at_one_index() -> None:
    check(lambda x, v: np.insert(x, 1, v), X, rng.normal(size=4))
    check(lambda x, v: np.insert(x, 1, v, axis=1), X, rng.normal(size=(4, 2)))
    check(lambda x, v: np.insert(x, [1], v, axis=1), X, rng.normal(size=(2, 4)))


def test_split_with_overlapping_and_empty_parts() -> None:
    check(lambda x: np.concatenate(np.split(x, [2, 1, 5, 9])), rng.normal(size=6))
    check(lambda x: np.array_split(x, 4)[1], rng.normal(size=6))


# -- diagonals and triangles --------------------------------------------------------------------


@pytest.mark.parametrize("offset", [-5, -1, 0, 2, 5])
def test_diagonals_of_any_offset(offset: int) -> None:
    check(lambda x: np.diagonal(x, offset), X)
    check(lambda x: np.diag(x, offset), X[0])


@pytest.mark.parametrize("function", [np.tril, np.triu])
def test_infinities_beside_a_triangle_do_no_harm(function: Any) -> None:
    x = gt.constant(np.array([[1.0, 0.0], [0.0, 1.0]]))
    with gt.GradientTape() as tape:
        tape.watch(x)
        y = function(np.sqrt(x), 1 if function is np.triu else -1)
    grad = tape.gradient(y, x).numpy()
    np.testing.assert_array_equal(np.isnan(grad), False)
    assert grad[0, 0] == grad[1, 1] == 0.0


def test_trace_takes_dtype_and_refuses_out() -> None:
    assert np.trace(gt.constant(X.astype(np.float32)), dtype=np.float64).dtype == np.float64
    with pytest.raises(TypeError, match="Assign the result of numpy.trace"):
        np.trace(gt.constant(X), out=np.empty(()))


# -- dtypes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [X, np.float64(1.5)])
def test_astype(value: Any) -> None:
    x = gt.constant(value)
    with gt.GradientTape(persistent=True) as tape:
        tape.watch(x)
        narrow, whole, truth = x.astype(np.float32), x.astype(int), x.astype(bool)
    grad = tape.gradient(narrow, x)
    assert narrow.dtype == np.float32
    assert grad.dtype == np.float64
    np.testing.assert_array_equal(grad.numpy(), np.ones_like(value))
    assert tape.gradient(whole, x) is None
    assert tape.gradient(truth, x) is None


def test_astype_of_complex_keeps_the_real_part_silently() -> None:
    z = gt.constant(X + 2j)
    with warnings.catch_warnings(), gt.GradientTape() as tape:
        warnings.simplefilter("error")
        tape.watch(z)
        y = z.astype(np.float64)
        assert z.astype(bool).numpy().all()
    np.testing.assert_array_equal(y.numpy(), X)
    np.testing.assert_array_equal(tape.gradient(y, z).numpy(), np.ones((2, 3), complex))


def test_astype_casting() -> None:
    with pytest.raises(TypeError, match="Cannot cast"):
        gt.constant(X).astype(np.float32, casting="safe")


# -- padding ------------------------------------------------------------------------------------


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
    check(lambda x: np.nan_to_num(np.pad(x, 1, constant_values=np.inf), posinf=0.0), X)


# -- constants ----------------------------------------------------------------------------------


def test_questions_have_plain_answers() -> None:
    x = gt.constant(X)
    assert np.shape(x) == (2, 3)
    assert type(np.shape(x)) is tuple
    assert np.ndim(x) == 2
    assert np.size(x) == 6
    assert np.result_type(x, np.float32) == np.float64
    assert np.array_equal(x, X)
    assert np.allclose(x, X)
    assert not np.iscomplexobj(x)
    assert np.array2string(x) == np.array2string(X)
    assert type(np.array_repr(x)) is str
    assert isinstance(np.isclose(x, X), gt.Tensor)
    assert np.ones_like(x, shape=3).shape == (3,)


def test_full_like_of_a_watched_value() -> None:
    x, c = gt.constant(X), gt.constant(2.0)
    with gt.GradientTape() as tape:
        tape.watch([x, c])
        y = np.full_like(x, c)
    dx, dc = tape.gradient(y, [x, c])
    assert dx is None
    assert y.dtype == np.float64
    assert dc == 6.0
    assert isinstance(np.full_like(x, 3), gt.Tensor)
