"""Indexing: masks, repeated entries, indices that change, writing entries, taking them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support import gradient, second, tensor

import gradtape as gt
from gradtape.core import cotangents
from gradtape.core.dispatch import apply

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of branches not taken

# -- masks pass through indexing ----------------------------------------------------------------


PASSES = {
    "slice": lambda z: np.where(z[1:] > 0, z[1:], 0),
    "integers": lambda z: np.where(z[[1, 2, 1]] > 0, z[[1, 2, 1]], 0),
    "mask": lambda z: np.where(z[z < 9] > 0, z[z < 9], 0),
    "take": lambda z: np.where(np.take(z, [0, 1]) > 0, np.take(z, [0, 1]), 0),
    "sort": lambda z: np.where(np.sort(z) > 0, np.sort(z), 0),
    "and one entry": lambda z: np.where(z > 0, z, 0).sum() + z[0],
    "and a slice": lambda z: np.where(z > 0, z, 0)[:2].sum() + z[2:].sum(),
    "two slices": lambda z: z[:1].sum() + z[2:].sum(),
}


@pytest.mark.parametrize("name", sorted(PASSES))
@pytest.mark.parametrize("order", [1, 2])
def test_an_entry_that_nothing_takes_stays_dead(name: str, order: int) -> None:
    f = PASSES[name]
    x = np.array([4.0, 0.0, 9.0])
    derivative = gradient if order == 1 else second
    got = derivative(lambda x: f(np.sqrt(x)), x)
    plain = derivative(lambda x: f(np.sqrt(x + np.array([0.0, 1e-9, 0.0]))), x)
    assert got[1] == 0
    np.testing.assert_allclose(got[[0, 2]], plain[[0, 2]])


def test_a_dead_entry_stays_dead_through_an_update() -> None:
    def f(x: Any) -> Any:
        y = np.sqrt(x)
        y[0] = 1.0
        return np.where(np.array([True, False, True]), y, 0)

    np.testing.assert_array_equal(gradient(f, np.array([0.0, 0.0, 4.0])), [0, 0, 0.25])


def test_a_value_overwritten_by_a_later_one_is_dead() -> None:
    def f(v: Any) -> Any:
        y = gt.constant(np.zeros(3))
        y[[1, 1]] = np.sqrt(v)
        return y

    np.testing.assert_array_equal(gradient(f, np.array([0.0, 4.0])), [0, 0.25])


# -- x[index] -----------------------------------------------------------------------------------


def test_many_readings_fill_one_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    n = 10_000
    filled = []

    def counted(*values: Any, spec: Any, indices: Any) -> Any:
        filled.append(len(values))
        return add(*values, spec=spec, indices=indices)

    add = cotangents.scatter_add
    monkeypatch.setattr(cotangents, "scatter_add", counted)
    x = tensor(np.arange(float(n)))

    def f(x: Any) -> Any:
        total = 0.0
        for i in range(n):
            total = total + x[i] * x[i]
        return total

    np.testing.assert_array_equal(gradient(f, x), 2 * np.arange(float(n)))
    assert filled == [2 * n]


def test_readings_of_several_kinds_add_up() -> None:
    x = np.arange(1.0, 7.0).reshape(2, 3)
    g = gradient(lambda x: x[0].sum() + x[1, 2] + x[:, [0, 0]].sum() + (x * x).sum(), x)
    np.testing.assert_array_equal(g, 2 * x + [[3, 1, 1], [2, 0, 1]])


def test_second_order_of_many_readings() -> None:
    x = np.arange(1.0, 31.0)
    got = second(lambda x: sum((x[i] ** 3 for i in range(30)), start=0.0), x)
    np.testing.assert_allclose(got, 6 * x, rtol=1e-14)


@pytest.mark.parametrize("kind", ["array", "list", "array in a tuple", "mask"])
def test_the_index_may_change_after_it_was_used(kind: str) -> None:
    index: Any = {
        "array": np.array([0, 2]),
        "list": [0, 2],
        "array in a tuple": np.array([0, 2]),
        "mask": np.array([True, False, True]),
    }[kind]
    x = tensor(1.0, 2.0, 3.0)
    with gt.GradientTape() as tape:
        tape.watch(x)
        y = x[(index,)] if "tuple" in kind else x[index]
    index[0] = 1 if kind != "mask" else False
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [1, 0, 1])


def test_indices_may_be_tensors() -> None:
    x = np.arange(4.0)
    i = gt.constant(np.array([1, 1]))
    np.testing.assert_array_equal(gradient(lambda x: x[i], x), [0, 2, 0, 0])
    np.testing.assert_array_equal(gradient(lambda x: x[i[0] :], x), [0, 1, 1, 1])
    np.testing.assert_array_equal(gradient(lambda x: x[np.nonzero(x > 1)], x), [0, 0, 1, 1])
    np.testing.assert_array_equal(gradient(lambda x: x[x > 1], x), [0, 0, 1, 1])
    np.testing.assert_array_equal(gradient(lambda x: x[range(2)], x), [1, 1, 0, 0])
    np.testing.assert_array_equal(gradient(lambda x: x[[]], x), np.zeros(4))


@pytest.mark.parametrize("index", [(), Ellipsis, None, True, np.array(True), (None, Ellipsis)])
def test_rank_0(index: Any) -> None:
    x = tensor(3.0)
    y = x[index]
    assert y.shape == np.array(3.0)[index].shape
    assert gradient(lambda x: 2 * x[index], x) == 2


def test_nested_tuples_are_arrays() -> None:
    x = np.arange(4.0).reshape(2, 2)
    np.testing.assert_array_equal(gradient(lambda x: x[(0, 0), (1, 1)], x), [[0, 2], [0, 0]])


def test_an_index_out_of_range() -> None:
    x = tensor(1.0, 2.0)
    with pytest.raises(IndexError):
        x[2]
    with pytest.raises(IndexError):
        x[2] = 1.0
    with pytest.raises(IndexError):
        x[0.5]
    np.testing.assert_array_equal(x.numpy(), [1, 2])


def test_integers_carry_no_gradient() -> None:
    x = gt.constant(np.arange(3))
    assert x[1].dtype == x.dtype
    x[1] = 2.9
    np.testing.assert_array_equal(x.numpy(), [0, 2, 2])


# -- x[index] = value ---------------------------------------------------------------------------


def updated(index: Any) -> Callable[..., Any]:
    """``w * (x with value written at index)``."""

    def f(x: Any, value: Any) -> Any:
        x = x * 1.0
        x[index] = value
        return x * np.arange(1.0, x.size + 1).reshape(x.shape)

    return f


def test_a_write_takes_the_gradient_over() -> None:
    x, v = gradient(updated(slice(1, 3)), np.ones(4), np.ones(2))
    np.testing.assert_array_equal(x, [1, 0, 0, 4])
    np.testing.assert_array_equal(v, [2, 3])


def test_a_value_is_broadcast_into_the_index() -> None:
    x, v = gradient(updated((slice(None), [0, 2])), np.ones((2, 3)), np.ones((2, 1)))
    np.testing.assert_array_equal(x, [[0, 2, 0], [0, 5, 0]])
    np.testing.assert_array_equal(v, [[4], [10]])
    assert gradient(updated(Ellipsis), np.ones(3), 1.0)[1] == 6


def test_the_last_of_several_writes_counts() -> None:
    index = np.array([2, 0, 2, 2])
    x, v = gradient(updated(index), np.ones(3), np.arange(4.0))
    np.testing.assert_array_equal(x, [0, 2, 0])
    np.testing.assert_array_equal(v, [0, 1, 0, 3])
    assert gradient(updated(index), np.ones(3), 1.0)[1] == 4


@pytest.mark.parametrize("layout", [lambda i: i, np.asfortranarray, lambda i: i[::-1].copy()[::-1]])
def test_the_last_write_is_last_in_c_order(layout: Any) -> None:
    index = layout(np.array([[0, 1], [1, 0], [0, 0]]))
    value = layout(np.arange(6.0).reshape(3, 2))
    _, v = gradient(updated(index), np.ones(2), value)
    np.testing.assert_array_equal(v, [[0, 0], [2, 0], [0, 1]])
    y = tensor(np.zeros(2))
    y[index] = value
    np.testing.assert_array_equal(y.numpy(), [5, 2])


def test_a_handle_keeps_its_dtype() -> None:
    x = tensor(1.0, 2.0, dtype=np.float32)
    x[0] = np.float64(0.1)
    assert x.dtype == np.float32
    gx, gv = gradient(lambda x, v: updated(0)(x, v), tensor([1.0], dtype=np.float32), 2.0)
    assert gx.dtype == np.float32
    assert gv.dtype == np.float64


@pytest.mark.parametrize("value", [1j, np.complex64(1j), np.array([1j])])
def test_complex_into_real(value: Any) -> None:
    x = tensor(1.0, 2.0)
    with pytest.raises(TypeError, match=r"np\.real"):
        x[:1] = value
    np.testing.assert_array_equal(x.numpy(), [1, 2])


def test_real_into_complex() -> None:
    z = tensor(1j, 2.0, dtype=np.complex128)
    g = gradient(lambda v: np.real(updated(0)(z, v) * (1 + 1j)), 3.0)
    assert g == 1
    assert g.dtype == np.float64


def test_a_list_with_tensors_may_be_written() -> None:
    def f(a: Any) -> Any:
        x = gt.constant(np.zeros(3))
        x[:2] = [2 * a, a * a]
        return x

    assert gradient(f, 3.0) == 8


def test_the_value_may_change_after_it_was_written() -> None:
    v = np.array([1.0, 2.0])
    x = tensor(0.0, 0.0, 0.0)
    x[1:] = v
    v[:] = 7
    np.testing.assert_array_equal(x.numpy(), [0, 1, 2])


def test_a_recurrence_written_entry_by_entry() -> None:
    def f(x: Any) -> Any:
        x = x * 1.0
        for i in range(1, 4):
            x[i] = x[i] * x[i - 1]
        return x[3]

    x = np.array([2.0, 3.0, 5.0, 7.0])
    np.testing.assert_allclose(gradient(f, x), 210 / x)
    h = 1e-5
    slopes = [
        (gradient(f, x + h * e).sum() - gradient(f, x - h * e).sum()) / (2 * h) for e in np.eye(4)
    ]
    np.testing.assert_allclose(second(f, x), slopes, rtol=1e-8)


def test_setitem_gives_a_new_array() -> None:
    x = tensor(1.0, 2.0)
    y = apply(operator.setitem, (x, 0, 5.0))
    np.testing.assert_array_equal(x.numpy(), [1, 2])
    np.testing.assert_array_equal(y.numpy(), [5, 2])


# -- functions that take entries ----------------------------------------------------------------


@pytest.mark.parametrize("mode", ["raise", "wrap", "clip"])
@pytest.mark.parametrize("axis", [None, 0, -1])
def test_take(mode: str, axis: Any) -> None:
    x = np.arange(12.0).reshape(3, 4)
    index = np.array([[0, -2], [2, 0]]) if mode == "raise" else np.array([[0, -9], [2, 50]])
    got = np.take(tensor(x), indices=index, axis=axis, mode=mode)
    np.testing.assert_array_equal(got.numpy(), np.take(x, index, axis, mode=mode))
    g = gradient(lambda x: np.take(x, index, axis, mode=mode) * 2, x)
    picks = np.take(np.arange(12).reshape(3, 4), index, axis, mode=mode)
    np.testing.assert_array_equal(np.ravel(g), 2 * np.bincount(picks.ravel(), minlength=12))


def test_take_errors_and_out() -> None:
    x = tensor(1.0, 2.0)
    with pytest.raises(IndexError):
        np.take(x, [2])
    with pytest.raises(IndexError):
        np.take(x, -3)
    with pytest.raises(TypeError):
        np.take(x, [0.5])
    with pytest.raises(TypeError, match="out="):
        np.take(x, [0], out=np.zeros(1))
    with pytest.raises(ValueError, match="mode"):
        np.take(x, [0], mode="no-such")
    out = tensor(np.zeros(1))
    assert np.take(x, [1], out=out) is out
    assert out.numpy() == [2]
    assert x.take(1).numpy() == 2


def test_take_along_axis_checks_its_arguments() -> None:
    x = tensor(np.ones((2, 3)))
    with pytest.raises(IndexError):
        np.take_along_axis(x, np.array([[3]]), 1)
    with pytest.raises(ValueError, match="axes"):
        np.take_along_axis(x, np.array([0]), 1)
    with pytest.raises(TypeError):
        np.take_along_axis(x, np.array([[0.5]]), 1)


def test_take_along_axis_at_an_argmax() -> None:
    x = np.array([[1.0, 3.0, 2.0], [5.0, 4.0, 6.0]])
    g = gradient(lambda x: np.take_along_axis(x, np.argmax(x.numpy(), 1)[:, None], 1) ** 2, x)
    np.testing.assert_array_equal(g, [[0, 6, 0], [0, 0, 12]])


def test_bincount() -> None:
    x = np.array([0, 2, 2, 1])
    counts = np.bincount(gt.constant(x), minlength=5)
    np.testing.assert_array_equal(counts.numpy(), [1, 1, 2, 0, 0])
    g = gradient(lambda w: np.bincount(x, w) * np.array([1.0, 2.0, 3.0]), np.ones(4))
    np.testing.assert_array_equal(g, [1, 3, 3, 2])


# -- constants ----------------------------------------------------------------------------------


def test_indices_and_counts_are_constants() -> None:
    x = tensor(0.0, 2.0, 1.0)
    np.testing.assert_array_equal(np.argwhere(x).numpy(), [[1], [2]])
    np.testing.assert_array_equal(np.flatnonzero(x).numpy(), [1, 2])
    np.testing.assert_array_equal(np.searchsorted(np.array([0.5, 1.5]), x).numpy(), [0, 2, 1])
    np.testing.assert_array_equal(np.digitize(x, np.array([0.5, 1.5])).numpy(), [0, 2, 1])
    np.testing.assert_array_equal(np.isin(x, [1.0]).numpy(), [False, False, True])
    np.testing.assert_array_equal(np.argpartition(x, 0).numpy()[:1], [0])
    assert [i.numpy() for i in np.unravel_index(gt.constant(5), (2, 3))] == [1, 2]
    assert np.ravel_multi_index((gt.constant(1), gt.constant(2)), (2, 3)).numpy() == 5
