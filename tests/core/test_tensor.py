"""Tensors behave like the arrays and scalars they hold."""

from __future__ import annotations

import copy
import operator
import pickle
from typing import Any

import numpy as np
import pytest

import gradtape as gt

BINARY = [
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.pow),
    *(operator.mod, operator.floordiv),
    *(operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne),
]
OTHERS: list[Any] = [
    2, 2.5, True, np.float32(1.5), np.float64(1.5), np.array([1.0, 2.0]), np.array([[2], [3]]),
    np.array([1.5, 2.5], np.float32), [1.0, 2.0],
]  # fmt: skip
VALUES: list[Any] = [np.float32(3.0), np.array([3.0, 4.0], np.float32), np.array([[3.0, 4.0]])]


@pytest.mark.parametrize("op", BINARY, ids=lambda op: op.__name__)
@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("other", OTHERS, ids=repr)
def test_binary_operators_agree_with_numpy(op: Any, value: Any, other: Any) -> None:
    x = gt.constant(value)
    array = np.asarray(other) if isinstance(other, list) else other
    for got, expected in (
        (op(x, other), op(value, array)),
        (op(other, x), op(array, value)),
        (op(x, gt.constant(value)), op(value, value)),
    ):
        assert isinstance(got, gt.Tensor)
        assert got.dtype == expected.dtype
        assert got.shape == expected.shape
        # NumPy's scalars and arrays compute powers by different code.
        np.testing.assert_allclose(got.numpy(), expected, rtol=1e-6 if op is operator.pow else 0)


def test_matmul_divmod_abs_round_neg_invert() -> None:
    a = np.arange(6.0).reshape(2, 3) - 2.5
    x = gt.constant(a)
    np.testing.assert_array_equal((x @ a.T).numpy(), a @ a.T)
    np.testing.assert_array_equal((a.T @ x).numpy(), a.T @ a)
    for got, expected in zip(divmod(x, 2.0), divmod(a, 2.0), strict=True):
        np.testing.assert_array_equal(got.numpy(), expected)
    for got, expected in zip(divmod(7.0, x), divmod(7.0, a), strict=True):
        np.testing.assert_array_equal(got.numpy(), expected)
    np.testing.assert_array_equal(abs(x).numpy(), abs(a))
    np.testing.assert_array_equal(round(x, 1).numpy(), a.round(1))
    np.testing.assert_array_equal((-x).numpy(), -a)
    np.testing.assert_array_equal((+x).numpy(), a)
    np.testing.assert_array_equal((~(x > 0)).numpy(), ~(a > 0))
    np.testing.assert_array_equal(((x > 0) & (x < 2)).numpy(), (a > 0) & (a < 2))
    assert round(gt.constant(2.6)) == 3


def test_unknown_operands_are_refused() -> None:
    x = gt.constant(1.0)
    for op in (operator.add, operator.matmul, operator.lt, operator.mod):
        with pytest.raises(TypeError):
            op(x, "text")
        with pytest.raises(TypeError):
            op("text" if op is not operator.mod else object(), x)
    assert (x == "text") is False
    with pytest.raises(TypeError, match="unhashable"):
        hash(x)


def test_conversions() -> None:
    x = gt.constant(2.5)
    assert (bool(x), int(x), float(x), complex(x)) == (True, 2, 2.5, 2.5 + 0j)
    assert [10, 20, 30][gt.constant(2)] == 30
    with pytest.raises(TypeError):
        operator.index(x)
    assert f"{x:.2f}" == "2.50"
    assert f"{x}" == "Tensor(2.5, shape=(), dtype=float32)"
    assert repr(gt.constant([1.0, 2.0])) == "Tensor([1. 2.], shape=(2,), dtype=float32)"
    with pytest.raises(ValueError, match="ambiguous"):
        bool(gt.constant([1.0, 2.0]))


def test_dtypes_of_python_numbers() -> None:
    assert gt.constant(2.0).dtype == np.float32
    assert gt.constant([1.0, 2.0]).dtype == np.float32
    assert gt.constant([[1, 2.0], [3, 4]]).dtype == np.float32
    assert gt.constant(1j).dtype == np.complex64
    assert gt.constant(2).dtype == np.int64
    assert gt.constant(True).dtype == np.bool_
    assert gt.constant(np.float64(2.0)).dtype == np.float64
    assert gt.constant([np.float64(2.0)]).dtype == np.float64
    assert gt.constant(np.ones(2)).dtype == np.float64
    assert gt.constant(2.0, dtype="float16").dtype == np.float16
    gt.set_floatx("float64")
    try:
        assert gt.constant(2.0).dtype == np.float64
        assert gt.Variable([1j]).dtype == np.complex128
    finally:
        gt.set_floatx("float32")
    with pytest.raises(ValueError, match="Use 'float16', 'float32' or 'float64'"):
        gt.set_floatx("int32")
    with pytest.raises(TypeError, match="Give numbers or booleans"):
        gt.constant("text")


def test_rank_0_is_held_as_a_scalar() -> None:
    assert isinstance(gt.constant(np.array(2.0)).numpy(), np.float64)
    assert isinstance(np.sum(gt.constant([1.0, 2.0])).numpy(), np.float32)
    assert isinstance(gt.constant([1.0, 2.0])[0].numpy(), np.float32)


def test_container() -> None:
    a = np.arange(6.0).reshape(2, 3)
    x = gt.constant(a)
    assert len(x) == 2
    assert [row.numpy().tolist() for row in x] == a.tolist()
    assert 5.0 in x
    assert 7.0 not in x
    for value in x.flat:
        assert value.shape == ()
    with pytest.raises(TypeError, match="Iterate over a Tensor of rank 1"):
        iter(gt.constant(1.0))
    with pytest.raises(TypeError, match="Take len\\(\\) of a Tensor of rank 1"):
        len(gt.constant(1.0))
    with pytest.raises(IndexError):
        x[5]


def test_the_value_is_private() -> None:
    a = np.ones(2)
    x = gt.constant(a)
    a[0] = 5.0
    x.numpy()[1] = 7.0
    assert x.numpy().tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(x)[0] = 3.0
    np.array(x)[0] = 3.0
    assert x.numpy().tolist() == [1.0, 1.0]


def test_the_class_itself_copies_and_converts() -> None:
    a = np.ones(2)
    x = gt.Tensor(a)
    a[0] = 5.0
    assert x.numpy().tolist() == [1.0, 1.0]
    assert (gt.Tensor(1.0) * 2).dtype == np.float32
    assert gt.Tensor.sum.__doc__ == "`numpy.sum` of the Tensor."


def test_in_place_updates_keep_the_handle() -> None:
    x = gt.constant(np.ones(3))
    other = x
    x += 1.0
    x *= np.arange(3.0)
    x[0] = 9.0
    assert other is x
    assert x.numpy().tolist() == [9.0, 2.0, 4.0]
    with pytest.raises(ValueError, match="Write `x = x \\+ y` instead"):
        x += np.ones((2, 3))
    i = gt.constant([1, 2])
    with pytest.raises(TypeError, match="the result has dtype float64"):
        i += 0.5
    assert i.numpy().tolist() == [1, 2]
    small = gt.constant(np.ones(2, np.float32))
    small += np.ones(2)
    assert small.dtype == np.float32


def test_updating_a_scalar_binds_the_name_anew() -> None:
    x = gt.constant(2.0)
    y = x
    y += 1.0
    assert (x.numpy(), y.numpy()) == (2.0, 3.0)


def test_in_place_updates_are_differentiable() -> None:
    x = gt.Variable([1.0, 2.0, 3.0])
    with gt.GradientTape() as tape:
        y = x * 1.0
        y *= x
        y[0] = x[2] * 10.0
        y += 5.0
        z = np.sum(y)
    assert tape.gradient(z, x).numpy().tolist() == [0.0, 4.0, 16.0]


def test_methods_agree_with_numpy() -> None:
    a = np.arange(1.0, 7.0).reshape(2, 3)
    x = gt.constant(a)
    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
        ("sum", (), {}), ("sum", (0,), {}), ("sum", (), {"axis": 1, "keepdims": True}),
        ("prod", (), {}), ("max", (1,), {}), ("min", (), {}), ("mean", (0,), {}),
        ("var", (), {}), ("std", (), {"ddof": 1}), ("argmax", (), {}), ("argmin", (1,), {}),
        ("reshape", (3, 2), {}), ("reshape", ((3, -1),), {}), ("ravel", (), {}),
        ("flatten", (), {}),
        ("transpose", (), {}), ("transpose", (1, 0), {}), ("transpose", ((1, 0),), {}),
        ("swapaxes", (0, 1), {}), ("squeeze", (), {}), ("astype", (np.float32,), {}),
        ("dot", (a.T,), {}), ("clip", (2, 4), {}), ("repeat", (2,), {}), ("take", ([0, 1],), {}),
        ("cumsum", (), {}), ("cumprod", (1,), {}), ("diagonal", (), {}), ("trace", (), {}),
        ("copy", (), {}), ("conj", (), {}), ("round", (), {}), ("all", (), {}), ("any", (), {}),
        ("nonzero", (), {}), ("argsort", (), {}), ("compress", ([True, False], 0), {}),
    ]  # fmt: skip
    for name, args, kwargs in calls:
        got = getattr(x, name)(*args, **kwargs)
        expected = getattr(a, name)(*args, **kwargs)
        for part, wanted in zip(
            got if isinstance(got, tuple) else (got,),
            expected if isinstance(expected, tuple) else (expected,),
            strict=True,
        ):
            np.testing.assert_array_equal(part.numpy(), wanted, err_msg=name)
            assert part.dtype == wanted.dtype, name
    x.put([0, 5], [9.0, -9.0])
    np.put(a, [0, 5], [9.0, -9.0])
    np.testing.assert_array_equal(x.numpy(), a)
    for got, expected in ((x, a), (x, a)):
        got.sort(axis=0)
        expected.sort(axis=0)
        np.testing.assert_array_equal(got.numpy(), expected)
        got.partition(1)
        expected.partition(1)
        np.testing.assert_array_equal(np.sort(got.numpy()), np.sort(expected))
    x.fill(2.0)
    assert x.numpy().tolist() == [[2.0] * 3] * 2


def test_attributes() -> None:
    a = np.arange(6.0).reshape(1, 2, 3)
    x = gt.constant(a)
    assert (x.shape, x.ndim, x.size, x.dtype) == ((1, 2, 3), 3, 6, np.float64)
    assert (x.itemsize, x.nbytes) == (8, 48)
    np.testing.assert_array_equal(x.T.numpy(), a.T)
    np.testing.assert_array_equal(x.mT.numpy(), a.mT)
    np.testing.assert_array_equal(x.real.numpy(), a)
    np.testing.assert_array_equal(x.imag.numpy(), 0 * a)


def test_ufunc_keywords() -> None:
    a = np.array([1.0, 4.0, 9.0])
    x = gt.Variable(a)
    with gt.GradientTape(persistent=True) as tape:
        some = np.sqrt(x, where=[True, False, True])
        wide = np.multiply(x.astype(np.float32), np.float32(2), dtype=np.float64)
        target = gt.constant(np.zeros(3))
        returned = np.multiply(x, x, out=target)
        kept = np.sqrt(x, where=[True, False, False], out=gt.constant(np.full(3, 7.0)))
    assert some.numpy().tolist() == [1.0, 0.0, 3.0]
    np.testing.assert_allclose(tape.gradient(some, x).numpy(), [0.5, 0.0, 1 / 6])
    assert wide.dtype == np.float64
    assert tape.gradient(wide, x).numpy().tolist() == [2.0, 2.0, 2.0]
    assert returned is target
    assert tape.gradient(target, x).numpy().tolist() == [2.0, 8.0, 18.0]
    assert kept.numpy().tolist() == [1.0, 7.0, 7.0]
    assert tape.gradient(kept, x).numpy().tolist() == [0.5, 0.0, 0.0]


def test_a_masked_off_entry_does_not_count_even_where_its_slope_is_infinite() -> None:
    x = gt.Variable([0.0, 4.0])
    with gt.GradientTape() as tape:
        y = np.sqrt(x, where=[False, True])
    assert tape.gradient(y, x).numpy().tolist() == [0.0, 0.25]


def test_copies_and_pickles() -> None:
    x = gt.constant([1.0, 2.0])
    for twin in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert type(twin) is gt.Tensor
        assert twin.numpy().tolist() == [1.0, 2.0]
        assert twin.dtype == np.float32
    v = gt.Variable(1.0)
    with gt.GradientTape() as tape:
        y = copy.deepcopy(v * 3.0)
    assert tape.gradient(y, v).numpy() == 3.0


def test_lists_with_tensors_are_stacked() -> None:
    a, b = gt.Variable(1.0), gt.Variable(2.0)
    with gt.GradientTape() as tape:
        y = np.add([a, b], gt.constant([10.0, 20.0])) * [a, 1.0]
    assert y.numpy().tolist() == [11.0, 22.0]
    assert [g.numpy() for g in tape.gradient(y, [a, b])] == [12.0, 1.0]
