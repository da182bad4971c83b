"""Adding cotangents up: in place only where nobody can see it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradtape as gt
from gradtape.core.cotangents import DEAD, Masked, Scattered, accumulate, combine, dense, project
from gradtape.core.handle import Spec

SPEC = Spec((3,), np.dtype(np.float64))


def test_an_array_that_only_the_table_holds_is_added_to_in_place() -> None:
    table: dict[int, Any] = {1: np.ones(3)}
    where = table[1].ctypes.data
    accumulate(table, 1, np.ones(3))
    assert table[1].tolist() == [2.0, 2.0, 2.0]
    assert table[1].ctypes.data == where


@pytest.mark.parametrize("kind", ["held", "view", "base", "read-only", "other dtype", "broadcast"])
def test_an_array_that_others_can_see_is_left_alone(kind: str) -> None:
    held: Any = np.ones(3)
    table: dict[int, Any] = {1: held}
    if kind == "view":
        table = {1: held[:]}
    elif kind == "base":
        held = held[:]
    elif kind == "read-only":
        held.flags.writeable = False
    seen, value = held, np.ones(3)
    if kind == "other dtype":
        value = value.astype(np.complex128)
    elif kind == "broadcast":
        value = np.ones((2, 3))
    del held
    accumulate(table, 1, value)
    assert seen.tolist() == [1.0, 1.0, 1.0]
    assert np.all(table[1] == 2.0)


def test_gradients_that_share_a_cotangent() -> None:
    """`a + b` hands the same array to both; what `a` gets besides must not reach `b`."""
    a, b = gt.Variable(np.ones(3)), gt.Variable(np.ones(3))
    with gt.GradientTape() as tape:
        y = np.sum((a + b) * np.arange(3.0)) + np.sum(a * 10.0) + np.sum(a * a)
    ga, gb = tape.gradient(y, [a, b])
    assert ga.numpy().tolist() == [12.0, 13.0, 14.0]
    assert gb.numpy().tolist() == [0.0, 1.0, 2.0]


def test_a_users_own_cotangent_is_left_alone() -> None:
    a = gt.Variable(np.ones(3))
    v = np.ones(3)
    with gt.GradientTape() as tape:
        y = a * 1.0
        z = y + a
    assert tape.gradient([y, z], a, output_gradients=[v, v]).numpy().tolist() == [3.0] * 3
    assert v.tolist() == [1.0] * 3


FORMS: dict[str, Any] = {
    "dead": lambda: DEAD,
    "number": lambda: 2.0,
    "scalar": lambda: np.float64(2.0),
    "array": lambda: np.array([1.0, 2.0, 3.0]),
    "masked": lambda: Masked(np.array([1.0, 0.0, 3.0]), np.array([True, False, True])),
    "scattered": lambda: Scattered(SPEC, [(0, np.float64(5.0)), (slice(1, None), np.ones(2))]),
    "partial": lambda: Scattered(SPEC, [(0, np.float64(5.0)), (np.array([0, 0]), np.ones(2))]),
    "masked part": lambda: Scattered(
        SPEC, [(slice(0, 2), Masked(np.array([1.0, 0.0]), np.array([True, False])))]
    ),
}


@pytest.mark.parametrize("first", FORMS)
@pytest.mark.parametrize("second", FORMS)
def test_combining_forms(first: str, second: str) -> None:
    expected = dense(FORMS[first](), SPEC) + dense(FORMS[second](), SPEC)
    found = combine(FORMS[first](), FORMS[second]())
    np.testing.assert_array_equal(dense(found, SPEC), expected)


def test_masks_of_sums() -> None:
    both = combine(FORMS["masked"](), FORMS["masked part"]())
    assert both.gather().mask.tolist() == [True, False, True]
    both = combine(FORMS["masked"](), Masked(np.zeros(3), np.array([False, True, False])))
    assert both.mask.all()


def test_project() -> None:
    assert project(np.ones((2, 3)), SPEC).tolist() == [2.0] * 3
    assert project(np.ones((4, 2, 3)), Spec((2, 1), np.dtype(np.float32))).tolist() == [[12.0]] * 2
    assert project(np.ones((2, 3)) * 1j + 1, SPEC).tolist() == [2.0] * 3
    assert project(np.ones((2, 3)), Spec((), np.dtype(np.float64))) == 6.0
