"""Indexing, writing, choosing: branches not taken, repeated entries, updates in place, errors."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradtape as gt
from gradtape.core import cotangents
from gradtape.core.dispatch import apply

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of branches not taken

T = np.array([True, False, True, False])


def tensor(*values: Any, dtype: Any = np.float64) -> Any:
    """A Tensor of the one array given, or of several numbers."""
    return constant(np.array(values[0] if len(values) == 1 else values, dtype))


def constant(array: Any) -> Any:
    """A Tensor of `array` in its own dtype; to type checkers, anything."""
    return gt.constant(array)


def gradient(f: Callable[..., Any], *arrays: Any) -> Any:
    """The gradients of the sum of `f` as plain arrays; one alone for one argument."""
    xs = [x if isinstance(x, gt.Tensor) else tensor(x) for x in arrays]
    with gt.GradientTape() as tape:
        tape.watch(xs)
        y = f(*xs)
    found = tape.gradient(y, xs, unconnected_gradients="zero")
    values = [g.numpy() for g in found]
    return values[0] if len(values) == 1 else values


def second(f: Callable[[Any], Any], array: Any) -> Any:
    """The gradient of the sum of the gradient of the sum of `f`."""
    x = tensor(array)
    with gt.GradientTape() as outer:
        outer.watch(x)
        with gt.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        g = inner.gradient(y, x)
    return outer.gradient(g, x, unconnected_gradients="zero").numpy()


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
        y = constant(np.zeros(3))
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
    i = constant(np.array([1, 1]))
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
    x = constant(np.arange(3))
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
        x = constant(np.zeros(3))
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


# -- functions that write into their first argument ---------------------------------------------

WRITES: dict[str, tuple[Callable[[Any, Any], Any], Any, Any]] = {
    "put": (lambda x, v: np.put(x, [5, 0, 5, 1], v), (2, 3), (2,)),
    "put long": (lambda x, v: np.put(x, [0], v), (3,), (2,)),
    "put wrap": (lambda x, v: np.put(x, [7, -1], v, mode="wrap"), (3,), (2,)),
    "put clip": (lambda x, v: np.put(x, ind=7, v=v, mode="clip"), (3,), ()),
    "place": (lambda x, v: np.place(x, T, v), (4,), (3,)),
    "place cycles": (lambda x, v: np.place(x, np.ones(4, bool), v), (4,), (3,)),
    "putmask": (lambda x, v: np.putmask(x, T, v), (4,), (3,)),
    "put_along_axis": (
        lambda x, v: np.put_along_axis(x, np.array([[0], [2]]), v, axis=1),
        (2, 3),
        (2, 1),
    ),
    "put_along_axis flat": (
        lambda x, v: np.put_along_axis(x, np.array([0, 5]), v, None),
        (2, 3),
        (2,),
    ),
    "fill_diagonal": (lambda x, v: np.fill_diagonal(x, v), (3, 3), (2,)),
    "fill_diagonal wrap": (lambda x, v: np.fill_diagonal(x, v, wrap=True), (7, 2), (3,)),
    "copyto": (lambda x, v: np.copyto(x, v), (2, 3), (3,)),
    "copyto where": (lambda x, v: np.copyto(x, v, where=[True, False, True]), (2, 3), (2, 1)),
    "copyto rank 0": (lambda x, v: np.copyto(x, v), (), ()),
}


@pytest.mark.parametrize("name", sorted(WRITES))
def test_writes_do_what_numpy_does(name: str) -> None:
    write, shape, value_shape = WRITES[name]
    rng = np.random.default_rng(0)
    x, v, w = rng.random(shape), rng.random(value_shape), rng.random(shape)

    def f(x: Any, v: Any) -> Any:
        x = x * 1.0
        assert write(x, v) is None
        return np.sum(x * w)

    expected = np.array(x)
    write(expected, v)
    target = tensor(x)
    write(target, tensor(v))
    np.testing.assert_array_equal(target.numpy(), expected)
    for position, got in enumerate(gradient(f, x, v)):
        for index in np.ndindex(got.shape):
            shifted = [x.copy(), v.copy()]
            shifted[position] = np.array(shifted[position])
            shifted[position][index] += 1.0
            moved = np.array(shifted[0])
            write(moved, shifted[1])
            np.testing.assert_allclose(got[index], np.sum((moved - expected) * w), atol=1e-14)


# numpy.fill_diagonal does not ask its value: the Tensor warns as it becomes an array.
@pytest.mark.parametrize("name", [name for name in sorted(WRITES) if "diagonal" not in name])
def test_writes_refuse_to_lose_a_gradient(name: str) -> None:
    write, shape, value_shape = WRITES[name]
    target = np.zeros(shape)
    v = tensor(np.ones(value_shape))
    with gt.GradientTape() as tape:
        tape.watch(v)
        with pytest.raises(TypeError, match=r"gradtape\.constant first"):
            write(target, v)
    assert not target.any()
    write(target, v)  # nothing records: the numbers are all that is asked for
    assert target.any()


def test_writes_raise_what_numpy_raises() -> None:
    x = tensor(np.zeros((2, 2)))
    with pytest.raises(IndexError):
        np.put(x, [4], 1.0)
    with pytest.raises(ValueError, match="empty"):
        np.place(x, np.ones((2, 2), bool), [])
    with pytest.raises(ValueError, match="same size"):
        np.place(x, np.ones(3, bool), [1.0])
    with pytest.raises(ValueError, match="casting"):
        np.copyto(x, 1.0, casting="no-such")
    with pytest.raises(TypeError, match="Cast the value first"):
        np.copyto(constant(np.zeros(2, int)), 1.5)
    with pytest.raises(ValueError, match="at least 2"):
        np.fill_diagonal(tensor(np.zeros(2)), 1.0)
    assert not x.numpy().any()


def test_a_variable_is_not_written_into() -> None:
    v = gt.Variable([1.0, 2.0])
    with pytest.raises(RuntimeError, match="assign"):
        np.put(v, 0, 5.0)
    with pytest.raises(RuntimeError, match="assign"):
        np.add.at(v, 0, 5.0)


def test_lists_of_tensors_may_be_put() -> None:
    def f(a: Any) -> Any:
        x = constant(np.zeros(4))
        np.put(x, [3, 0], [a * a, 5 * a])
        return x * np.arange(4.0)

    assert gradient(f, 2.0) == 12


# -- ufunc.at -----------------------------------------------------------------------------------

AT = {
    "add": (np.add, [0, 2, 0], (3,)),
    "add broadcast": (np.add, [0, 2, 0], ()),
    "subtract": (np.subtract, [0, 2, 0], (3,)),
    "multiply": (np.multiply, [0, 2, 0, 0], (4,)),
    "add in two dimensions": (np.add, np.array([[0, 2], [0, 0]]), (2,)),
    "divide in two dimensions": (np.divide, np.array([[0, 2], [0, 0]]), (2,)),
    "power": (np.power, [1, 1], (2,)),
    "maximum": (np.maximum, [0, 1, 0], (3,)),
    "slice": (np.multiply, slice(0, 2), (2,)),
    "mask": (np.multiply, np.array([True, False, True]), ()),
    "unary": (np.square, [0, 2, 0], None),
}


def at(ufunc: Any, x: Any, index: Any, *b: Any) -> Any:
    """A copy of `x`, updated by NumPy.

    NumPy 2.4 reads beyond a vector `b` that is broadcast along a two-dimensional index.
    """
    y = np.array(x)
    ufunc.at(y, index, *(np.broadcast_to(v, y[index].shape) for v in b))
    return y


@pytest.mark.parametrize("name", sorted(AT))
def test_at_with_repeated_indices(name: str) -> None:
    ufunc, index, shape = AT[name]
    x = np.array([1.5, 2.5, 3.5])
    values = np.array([1.0, 1.5, 2.0, 2.5])
    b = () if shape is None else (values[: np.prod(shape, dtype=int)].reshape(shape),)

    def f(x: Any, *b: Any) -> Any:
        x = x * 1.0
        ufunc.at(x, index, *b)
        return x * np.array([1.0, 10.0, 100.0])

    expected = at(ufunc, x, index, *b)
    got = tensor(x)
    ufunc.at(got, index, *map(tensor, b))
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-15)

    gradients = gradient(f, x, *b) if b else [gradient(f, x)]
    h = 1e-6
    arrays = [x, *b]
    for position, g in enumerate(gradients):
        for entry in np.ndindex(g.shape):
            sums = []
            for step in (h, -h):
                moved = [np.array(a) for a in arrays]
                moved[position][entry] += step
                sums.append(np.sum(at(ufunc, *moved[:1], index, *moved[1:]) * [1.0, 10.0, 100.0]))
            np.testing.assert_allclose(g[entry], (sums[0] - sums[1]) / (2 * h), rtol=1e-7)


def test_at_of_a_plain_array() -> None:
    a, b = np.zeros(3), tensor(1.0, 2.0)
    np.add.at(a, [0, 0], b)
    np.testing.assert_array_equal(a, [3, 0, 0])
    with gt.GradientTape() as tape:
        tape.watch(b)
        with pytest.raises(TypeError, match=r"numpy\.add\.at would write"):
            np.add.at(a, [0, 0], b)


@pytest.mark.parametrize("ufunc", [np.add, np.multiply])
def test_at_refuses_to_truncate(ufunc: Any) -> None:
    x = constant(np.zeros(3, int))
    with pytest.raises(TypeError, match="dtype float64"):
        ufunc.at(x, [0], 0.5)
    ufunc.at(x, [0, 0], 2)
    assert x.numpy()[0] == (4 if ufunc is np.add else 0)


def test_at_leaves_other_names_of_the_value_alone() -> None:
    x = constant(np.array([1, 2]))
    y = constant(x)
    np.bitwise_or.at(x, [0, 0], 4)
    np.testing.assert_array_equal(x.numpy(), [5, 2])
    np.testing.assert_array_equal(y.numpy(), [1, 2])


@pytest.mark.parametrize("ufunc", [np.add, np.multiply])
def test_at_of_rank_0(ufunc: Any) -> None:
    def f(x: Any, b: Any) -> Any:
        x = x * 1.0
        ufunc.at(x, (), b)
        return x

    expected = (1, 1) if ufunc is np.add else (5, 3)
    assert tuple(gradient(f, 3.0, 5.0)) == expected


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
    counts = np.bincount(constant(x), minlength=5)
    np.testing.assert_array_equal(counts.numpy(), [1, 1, 2, 0, 0])
    g = gradient(lambda w: np.bincount(x, w) * np.array([1.0, 2.0, 3.0]), np.ones(4))
    np.testing.assert_array_equal(g, [1, 3, 3, 2])


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
    np.testing.assert_array_equal(constant(which).choose([1, 2, 3], mode=mode).numpy(), row + 1)


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
    np.testing.assert_array_equal(gradient(lambda x: np.clip(x, min=low, max=high), x), inside)
    np.testing.assert_array_equal(gradient(lambda x: x.clip(low, high), x), inside)
    np.testing.assert_array_equal(second(lambda x: np.clip(x, low, high) ** 2, x), 2.0 * inside)


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
    np.testing.assert_array_equal(np.clip(constant(np.arange(3)), 1, 1).numpy(), [1, 1, 1])


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
    i = constant(np.arange(3))
    np.testing.assert_array_equal(np.nan_to_num(i).numpy(), [0, 1, 2])


# -- order --------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_sort_and_partition(axis: Any) -> None:
    x = np.array([[3.0, 1.0, 2.0], [0.5, 9.0, -1.0]])
    weight = np.arange(1.0, 7.0).reshape(6 if axis is None else (2, 3))
    for f in (np.sort, lambda x, axis: np.partition(x, 1, axis)):
        np.testing.assert_array_equal(f(tensor(x), axis=axis).numpy(), f(x, axis=axis))
        g = gradient(lambda x, f=f: f(x, axis=axis) * weight, x)
        for i in np.ndindex(x.shape):
            e = np.zeros_like(x)
            e[i] = 1e-6
            slope = np.sum((f(x + e, axis=axis) - f(x - e, axis=axis)) * weight) / 2e-6
            np.testing.assert_allclose(g[i], slope, rtol=1e-8)


def test_sort_with_ties_and_nans() -> None:
    x = np.array([2.0, np.nan, 1.0, 2.0])
    g = gradient(lambda x: np.sort(x, stable=True) * np.array([1.0, 10.0, 100.0, 1000.0]), x)
    np.testing.assert_array_equal(g, [10, 1000, 1, 100])
    with pytest.raises(np.exceptions.AxisError):
        np.sort(tensor(1.0))
    np.testing.assert_array_equal(np.argsort(tensor(3.0, 1.0)).numpy(), [1, 0])
    assert np.sort(tensor(np.zeros((0, 2)))).shape == (0, 2)


def test_unique() -> None:
    x = np.array([3.0, 1.0, 3.0, 2.0])
    np.testing.assert_array_equal(gradient(lambda x: np.unique(x) ** 2, x), [6, 2, 0, 4])
    values, first, inverse, counts = np.unique(tensor(x), True, True, True)
    for got, expected in zip(
        (values, first, inverse, counts), np.unique(x, True, True, True), strict=True
    ):
        np.testing.assert_array_equal(got.numpy(), expected)
    _, counts = np.unique(tensor(x), return_counts=True)
    np.testing.assert_array_equal(counts.numpy(), [1, 1, 2])


def test_indices_and_counts_are_constants() -> None:
    x = tensor(0.0, 2.0, 1.0)
    np.testing.assert_array_equal(np.argwhere(x).numpy(), [[1], [2]])
    np.testing.assert_array_equal(np.flatnonzero(x).numpy(), [1, 2])
    np.testing.assert_array_equal(np.searchsorted(np.array([0.5, 1.5]), x).numpy(), [0, 2, 1])
    np.testing.assert_array_equal(np.digitize(x, np.array([0.5, 1.5])).numpy(), [0, 2, 1])
    np.testing.assert_array_equal(np.isin(x, [1.0]).numpy(), [False, False, True])
    np.testing.assert_array_equal(np.argpartition(x, 0).numpy()[:1], [0])
    assert [i.numpy() for i in np.unravel_index(constant(5), (2, 3))] == [1, 2]
    assert np.ravel_multi_index((constant(1), constant(2)), (2, 3)).numpy() == 5
