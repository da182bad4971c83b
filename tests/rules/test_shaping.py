"""What the registry's test of shaping cannot show: signatures, layouts, empty arrays, errors."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from support import check_moves

import gradtape as gt

rng = np.random.default_rng(0)
X = rng.normal(size=(2, 3))

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
    check_moves(lambda x: np.ravel(x, order=order), x)
    if order != "K":
        check_moves(lambda x: np.reshape(x, (-1, 1), order=order), x)


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
        lambda x: np.copy(a=x),
    ],
)
def test_array_by_keyword(f: Any) -> None:
    check_moves(f, X)


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
        check_moves(f, x)


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
