"""Functions that write into their first argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support import gradient, tensor

import gradtape as gt

T = np.array([True, False, True, False])

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
        np.copyto(gt.constant(np.zeros(2, int)), 1.5)
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
        x = gt.constant(np.zeros(4))
        np.put(x, [3, 0], [a * a, 5 * a])
        return x * np.arange(4.0)

    assert gradient(f, 2.0) == 12
