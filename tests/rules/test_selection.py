"""Choosing between values: branches not taken, bounds, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import gradient, second, tensor

import gradtape as gt

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of branches not taken

# -- branches not taken -------------------------------------------------------------------------


def by_assignment(x: Any) -> Any:
    y = np.sqrt(x)
    y[x <= 0] = 0.0
    return y


BRANCHES = {
    "where": (lambda x: np.where(x > 0, np.sqrt(x), 0), 0.0, 0.0),
    "overflow": (lambda x: np.where(x < 15, x, 10.0 ** np.exp(x)), 10.0, 1.0),
    "invalid": (lambda x: np.where(x >= 0, x, np.sqrt(-x)), 1.0, 1.0),
    "reciprocal": (lambda x: np.where(x > 0, 1 / x, x), 0.0, 1.0),
    "log": (lambda x: np.where(x > 0, np.log(x), 2 * x), -1.0, 2.0),
    "nested": (
        lambda x: np.where(x > 1, np.log(x - 1), np.where(x > 0, np.sqrt(x), 3 * x)),
        0.0,
        3.0,
    ),
    "untaken inside untaken": (
        lambda x: np.where(x > 1, np.where(x > 2, np.sqrt(x - 2), np.log(x)), x),
        0.0,
        1.0,
    ),
    "select": (lambda x: np.select([x > 0, x < -1], [np.sqrt(x), np.log(-x)], 2 * x), 0.0, 2.0),
    "clip above": (lambda x: np.clip(1 / x, -5.0, 5.0), 0.0, 0.0),
    "clip below": (lambda x: np.clip(np.log(x), 0.0, None), 0.0, 0.0),
    "maximum": (lambda x: np.maximum(x + 1, np.log(x)), 0.0, 1.0),
    "piecewise": (lambda x: np.piecewise(x, [x > 0], [np.sqrt, lambda v: 3 * v]), 0.0, 3.0),
    "choose": (
        lambda x: np.choose((x > 0).astype(int), [2 * x, np.sqrt(x)]),
        0.0,
        2.0,
    ),
    "nan_to_num": (lambda x: np.nan_to_num(np.log(x), neginf=0.0), 0.0, 0.0),
    "assignment": (lambda x: by_assignment(x), 0.0, 0.0),
    "mask": (lambda x: np.sqrt(x)[x > 0], 0.0, 0.0),
    "compress": (lambda x: np.compress(np.ravel((x > 0).numpy()), np.sqrt(x)), 0.0, 0.0),
    "extract": (lambda x: np.extract(x > 0, np.sqrt(x)), 0.0, 0.0),
}


RANK_0_TOO = set(BRANCHES) - {"assignment", "mask", "compress", "extract", "choose"}


@pytest.mark.parametrize("name", sorted(RANK_0_TOO))
def test_branch_not_taken_at_a_point(name: str) -> None:
    f, at, slope = BRANCHES[name]
    np.testing.assert_array_equal(gradient(f, at), slope)


@pytest.mark.parametrize("name", sorted(BRANCHES))
def test_branch_not_taken_among_taken_ones(name: str) -> None:
    f, at, slope = BRANCHES[name]
    others = np.array([1.75, 2.5, 4.0])
    x = np.concatenate([others[:1], [at], others[1:]])
    expected = [gradient(f, others[i : i + 1])[0] for i in range(3)]
    expected.insert(1, slope)
    np.testing.assert_allclose(gradient(f, x), expected, rtol=1e-15)


@pytest.mark.parametrize("name", sorted(BRANCHES))
def test_branch_not_taken_in_second_order(name: str) -> None:
    f, at, _ = BRANCHES[name]
    others = np.array([1.75, 2.5, 4.0])
    x = np.concatenate([others[:1], [at], others[1:]])
    h = 1e-5
    expected = (gradient(f, others + h) - gradient(f, others - h)) / (2 * h)
    got = second(f, x)
    np.testing.assert_allclose(got[[0, 2, 3]], expected, rtol=1e-8, atol=1e-8)
    assert got[1] == 0


def test_where_under_broadcasting() -> None:
    condition = np.array([[True], [False], [True]])
    x = np.arange(12.0).reshape(3, 4) - 5

    def f(x: Any, s: Any) -> Any:
        return np.where(condition & (x > 0), np.sqrt(x), np.where(s > 0, 1.0, np.log(s)) * s)

    gx, gs = gradient(f, x, 2.0)
    taken = condition & (x > 0)
    np.testing.assert_allclose(gx[taken], 0.5 / np.sqrt(x[taken]))
    assert not gx[~taken].any()
    assert gs == (~taken).sum()


def test_a_row_that_is_broadcast_is_masked_where_no_copy_was_taken() -> None:
    condition = np.array([[True, False, False], [True, False, True]])
    g = gradient(lambda x: np.where(condition, np.sqrt(x), 0.0), np.array([4.0, 0.0, 1.0]))
    np.testing.assert_array_equal(g, [0.5, 0, 0.5])


@pytest.mark.parametrize("condition", [True, False, np.True_, np.array(False), 1, 0])
def test_where_with_a_scalar_condition(condition: Any) -> None:
    a, b = gradient(lambda a, b: np.where(condition, a, b), 2.0, np.ones(3))
    np.testing.assert_array_equal(a, 3.0 if condition else 0.0)
    np.testing.assert_array_equal(b, np.full(3, 0.0 if condition else 1.0))


def test_where_keeps_full_precision_after_a_selection() -> None:
    g = gradient(lambda x: np.where(x > 0, np.deg2rad(x), 0), np.array([1.0, -1.0]))
    np.testing.assert_array_equal(g, [np.pi / 180, 0])


def test_where_with_one_argument_gives_indices() -> None:
    (index,) = np.where(tensor(1.0, 0.0, 2.0))
    np.testing.assert_array_equal(index.numpy(), [0, 2])
    with pytest.raises(TypeError):
        np.where(tensor(1.0, 0.0), 1.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_where_with_python_numbers_keeps_the_dtype(dtype: Any) -> None:
    x = tensor(1.0, -1.0, dtype=dtype)
    assert np.where(x > 0, x, 0.0).dtype == dtype
    assert np.select([x > 0, x < -5], [x, 1.0], 2.0).dtype == dtype
    assert np.clip(x, 0.0, 1.0).dtype == dtype
    assert np.nan_to_num(x).dtype == dtype


# -- one of several arrays ----------------------------------------------------------------------


def test_select_agrees_with_numpy_and_its_errors() -> None:
    x = np.array([-2.0, 0.5, 3.0])
    conditions = [x > 2, x < 0]
    got = np.select(conditions, [tensor(x), -tensor(x)], 9.0)
    np.testing.assert_array_equal(got.numpy(), [2, 9, 3])
    g = gradient(lambda x: np.select([x > 2, x < 0], [x * x, -x], default=x), x)
    np.testing.assert_array_equal(g, [-1, 1, 6])
    with pytest.raises(ValueError, match="conditions"):
        np.select(conditions, [tensor(x)])
    with pytest.raises(TypeError, match="boolean"):
        np.select([np.array([1, 0, 1])], [tensor(x)])


@pytest.mark.parametrize("mode", ["raise", "wrap", "clip"])
def test_choose(mode: str) -> None:
    which = np.array([0, 2, 1] if mode == "raise" else [-1, 5, 1])
    options = np.arange(9.0).reshape(3, 3)
    got = np.choose(which, tensor(options), mode=mode)
    np.testing.assert_array_equal(got.numpy(), np.choose(which, options, mode=mode))
    g = gradient(lambda o: np.choose(which, o, mode=mode), options)
    row = np.choose(which, [0, 1, 2], mode=mode)
    np.testing.assert_array_equal(g, row == np.arange(3)[:, None])
    with pytest.raises(ValueError, match="invalid entry"):
        np.choose(np.array([3]), [tensor(1.0)])
    np.testing.assert_array_equal(gt.constant(which).choose([1, 2, 3], mode=mode).numpy(), row + 1)


def test_piecewise_follows_numpy() -> None:
    x = np.array([-2.0, 0.5, 3.0])

    def functions(x: Any) -> Any:
        return np.piecewise(x, [x < 0, x > 2], [lambda v: v * v, 4.0, lambda v: 3 * v])

    np.testing.assert_array_equal(functions(tensor(x)).numpy(), functions(x))
    np.testing.assert_array_equal(gradient(functions, x), [-4, 3, 0])
    overlapping = gradient(lambda x: np.piecewise(x, [x < 1, x < 0], [np.negative, np.square]), x)
    np.testing.assert_array_equal(overlapping, [-4, -1, 0])
    with pytest.raises(ValueError, match="functions are expected"):
        np.piecewise(tensor(x), [x < 0], [1.0, 2.0, 3.0])


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (-1.0, None), (None, 1.0), (None, None)])
def test_clip_has_the_gradient_at_its_bounds(low: Any, high: Any) -> None:
    x = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    inside = (x >= (-9 if low is None else low)) & (x <= (9 if high is None else high))
    np.testing.assert_array_equal(gradient(lambda x: np.clip(x, low, high), x), inside)
    np.testing.assert_array_equal(gradient(lambda x: x.clip(low, high), x), inside)
    np.testing.assert_array_equal(second(lambda x: np.clip(x, low, high) ** 2, x), 2.0 * inside)


@pytest.mark.skipif(not hasattr(np, "unstack"), reason="NumPy 2.1")
def test_clip_by_the_names_of_the_array_api() -> None:
    x = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    got = gradient(lambda x: np.clip(x, min=-1.0, max=1.0), x)
    np.testing.assert_array_equal(got, [0, 1, 1, 1, 0])
    np.testing.assert_array_equal(gradient(lambda x: np.clip(x, max=0.5), x), [1, 1, 1, 0, 0])


def test_clip_passes_to_its_bounds() -> None:
    x = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    got = gradient(np.clip, x, -1.0, 1.0)
    np.testing.assert_array_equal(got[0], [0, 1, 1, 1, 0])
    assert got[1] == got[2] == 1
    crossed = gradient(np.clip, x, 1.0, -1.0)
    assert [np.sum(c) for c in crossed] == [0, 0, 5]
    low = gradient(lambda low: np.ndarray.clip(x, low, 1.0), -1.0)
    assert low == 1


def test_clip_errors_and_out() -> None:
    x = tensor(0.0, 5.0)
    with pytest.raises(ValueError, match="once"):
        np.clip(x, 0.0, 1.0, min=0.0)
    out = tensor(0.0, 0.0)
    assert np.clip(x, 0.0, 1.0, out=out) is out
    np.testing.assert_array_equal(out.numpy(), [0, 1])
    np.testing.assert_array_equal(np.clip(gt.constant(np.arange(3)), 1, 1).numpy(), [1, 1, 1])


def test_nan_to_num() -> None:
    x = np.array([np.nan, np.inf, -np.inf, 2.0])
    np.testing.assert_array_equal(np.nan_to_num(tensor(x)).numpy(), np.nan_to_num(x))
    np.testing.assert_array_equal(gradient(lambda x: np.nan_to_num(x) / 4, x), [0, 0, 0, 0.25])
    t = tensor(x)
    assert np.nan_to_num(t, copy=False, nan=1.0, posinf=2.0, neginf=3.0) is t
    np.testing.assert_array_equal(t.numpy(), [1, 2, 3, 2])
    f = tensor(x, dtype=np.float32)
    np.testing.assert_array_equal(np.nan_to_num(f).numpy(), np.nan_to_num(x.astype(np.float32)))
    z = np.array([complex(np.nan, 1.0)])
    np.testing.assert_array_equal(np.nan_to_num(tensor(z, dtype=complex)).numpy(), [1j])
    i = gt.constant(np.arange(3))
    np.testing.assert_array_equal(np.nan_to_num(i).numpy(), [0, 1, 2])
