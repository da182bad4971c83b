"""Nested parameters as one vector, and their bounds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import Bounds

import gradtape as gt
from gradtape.solvers.parameters import Parameters

TREE = {"a": np.float32(1.0), "b": [np.array([[2.0, 3.0]]), 4.0], "c": gt.Variable([5.0])}


def test_there_and_back() -> None:
    parameters = Parameters("minimize", TREE)
    np.testing.assert_array_equal(parameters.vector, [1.0, 2.0, 3.0, 4.0, 5.0])
    assert parameters.vector.dtype == np.float64
    back = parameters.result(parameters.vector)
    assert type(back["a"]) is np.float32
    assert type(back["b"][1]) is np.float64
    np.testing.assert_array_equal(back["b"][0], [[2.0, 3.0]])
    assert type(back["c"]) is gt.Tensor
    assert back["c"].dtype == np.float32


@pytest.mark.parametrize("tree", [np.ones(3), {"a": np.ones(3)}, [np.ones(2), np.ones(1)]])
def test_parts_of_an_array_may_be_written_to(tree) -> None:
    parameters = Parameters("minimize", tree)
    for part in (parameters.nest(parameters.vector), parameters.result(parameters.vector)):
        leaf = part["a"] if isinstance(part, dict) else part[0] if isinstance(part, list) else part
        leaf -= 3
    np.testing.assert_array_equal(parameters.vector, 1.0)


def test_the_start_is_copied() -> None:
    x0 = np.ones(2)
    vector = Parameters("minimize", x0).vector
    vector[0] = 7.0
    np.testing.assert_array_equal(x0, 1.0)


@pytest.mark.parametrize(
    ("tree", "bounds", "low", "high"),
    [
        ({"a": 0.0, "b": np.zeros(2)}, {"a": None, "b": (0, None)}, [-np.inf, 0, 0], np.inf),
        ({"a": 0.0, "b": np.zeros(2)}, {"a": Bounds(-1, 1), "b": Bounds([0, 1], 2)}, [-1, 0, 1], 0),
        ([0.0, np.zeros((2, 2))], [(None, 1), (np.zeros((2, 1)), [2, 3])], 0, [1, 2, 3, 2, 3]),
        (np.zeros(2), (np.array([0.0, 1.0]), np.array([2.0, 3.0])), [0, 1], [2, 3]),
        (np.zeros(3), (0, 1), [0, 0, 0], [1, 1, 1]),
        (1.0, (0, 2), [0], [2]),
    ],
)
def test_bounds_for_each_leaf(tree, bounds, low, high) -> None:
    found = Parameters("minimize", tree).bounds(bounds, pairs_of_entries=True)
    if np.size(low) > 1 or low:
        np.testing.assert_array_equal(found.lb, low)
    if np.size(high) > 1:
        np.testing.assert_array_equal(found.ub, high)


@pytest.mark.parametrize("bounds", [[(0, 1), (0, 2)], ([0, 1], [0, 2]), np.array([[0, 1], [0, 2]])])
def test_a_pair_for_each_entry_of_one_array_is_left_to_scipy(bounds) -> None:
    assert Parameters("minimize", np.zeros(2)).bounds(bounds, pairs_of_entries=True) is bounds


def test_two_lists_are_lows_and_highs_where_scipy_has_them_so() -> None:
    found = gt.least_squares(lambda x: x - 3, np.ones(2), bounds=([0, 1], [2, 2.5]))
    np.testing.assert_allclose(found.x, [2.0, 2.5], atol=1e-6)


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        ({"b": (0, 1)}, r"Give bounds the structure \{'a': \*\}: got \{'b': \(\*, \*\)\}"),
        ({"a": 3}, r"Give bounds\['a'\] as a pair \(low, high\) or None: got 3"),
        ({"a": (0, 1, 2)}, r"Give bounds\['a'\] as a pair"),
        ({"a": ("x", 1)}, r"bounds\['a'\] numbers or arrays of shape \(3,\): got 'x'"),
        ({"a": (np.zeros(2), 1)}, r"bounds\['a'\] numbers or arrays of shape \(3,\): got array"),
        ({"a": (1, 0)}, r"bounds\['a'\] whose low is at most"),
        ({"a": (np.nan, 1)}, r"bounds\['a'\] whose low is at most"),
    ],
)
def test_bounds_that_do_not_fit(bounds, text) -> None:
    with pytest.raises(ValueError, match=text):
        gt.minimize(lambda p: np.sum(p["a"] ** 2), {"a": np.ones(3)}, bounds=bounds)


def test_no_parameters() -> None:
    with pytest.raises(ValueError, match=r"Give root at least one parameter: x0 is \{\}"):
        gt.root(lambda p: 0.0, {})
