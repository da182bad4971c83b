"""Variables: assignment, names, copies."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import gradtape as gt


def test_attributes_and_repr() -> None:
    v = gt.Variable(2.0)
    assert (v.name, v.trainable, v.dtype, v.shape) == ("Variable:0", True, np.float32, ())
    assert repr(v) == "<Variable 'Variable:0' shape=() dtype=float32, numpy=2.0>"
    w = gt.Variable([1, 2], trainable=False, name="w", dtype=np.float64)
    assert repr(w) == "<Variable 'w:0' shape=(2,) dtype=float64, numpy=array([1., 2.])>"
    assert not w.trainable
    assert isinstance(v.value(), gt.Tensor)
    assert not isinstance(v.value(), gt.Variable)


def test_value_is_connected() -> None:
    v = gt.Variable(2.0)
    with gt.GradientTape() as tape:
        y = v.value() * 3.0
    assert tape.gradient(y, v).numpy() == 3.0


def test_assign() -> None:
    v = gt.Variable([1.0, 2.0], name="w")
    assert v.assign([3, 4]) is v
    assert v.assign_add(np.ones(2)) is v
    assert v.assign_sub(gt.constant([0.5, 0.5])) is v
    assert v.numpy().tolist() == [3.5, 4.5]
    assert v.dtype == np.float32


def test_assign_copies() -> None:
    a = np.ones(2, np.float32)
    v = gt.Variable(a)
    a[0] = 9.0
    v.assign(a)
    a[0] = 7.0
    assert v.numpy().tolist() == [9.0, 1.0]


@pytest.mark.parametrize("method", ["assign", "assign_add", "assign_sub"])
@pytest.mark.parametrize(
    ("bad", "error", "text"),
    [
        ([1.0, 2.0, 3.0], ValueError, r"shape \(2,\), the shape of 'w:0': got shape \(3,\)"),
        (1.0, ValueError, r"got shape \(\)"),
        ([1j, 2j], TypeError, r"float32, the dtype of 'w:0': got dtype complex128, shape \(2,\)"),
    ],
)
def test_a_bad_value_changes_nothing(method: str, bad: Any, error: Any, text: str) -> None:
    v = gt.Variable([1.0, 2.0], name="w")
    with pytest.raises(error, match=text):
        getattr(v, method)(bad)
    assert v.numpy().tolist() == [1.0, 2.0]


def test_unsafe_scalars_are_refused() -> None:
    i = gt.Variable(1)
    with pytest.raises(TypeError, match="Cast the value for Variable.assign to int64"):
        i.assign(1.5)
    with pytest.raises(TypeError, match="got dtype complex"):
        gt.Variable(1.0).assign(1j)
    assert i.assign(5).numpy() == 5


@pytest.mark.parametrize("update", ["x += 1", "x *= 2", "x @= x", "x[0] = 1", "x //= 2"])
def test_in_place_updates_are_refused(update: str) -> None:
    x = gt.Variable([1.0], name="w")
    with pytest.raises(RuntimeError, match="Use assign, assign_add or assign_sub.*'w:0'"):
        exec(update, {"x": x})


def test_copies_and_pickles_are_independent() -> None:
    v = gt.Variable([1.0], trainable=False, name="w")
    for twin in (copy.copy(v), copy.deepcopy(v), pickle.loads(pickle.dumps(v))):
        assert repr(twin) == repr(v)
        assert not twin.trainable
        twin.assign([2.0])
        assert v.numpy().tolist() == [1.0]
    a, b = gt.Variable(1.0), gt.Variable(2.0)
    twins = copy.deepcopy([a, b, a])
    assert twins[0] is twins[2]
    with gt.GradientTape() as tape:
        y = twins[0] * a
    assert tape.gradient(y, a).numpy() == 1.0


def test_a_gradient_through_assign_reaches_the_variable() -> None:
    v, w = gt.Variable(1.0), gt.Variable(5.0)
    with gt.GradientTape() as tape:
        y = v.assign(w * 2.0) * 3.0
    gradients = tape.gradient(y, [v, w])
    assert gradients[0].numpy() == 3.0
    assert gradients[1] is None


def test_max_of_variables_is_the_variable() -> None:
    a, b = gt.Variable(1.0), gt.Variable(2.0)
    assert max(a, b) is b
