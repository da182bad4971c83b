"""Nested structures, taken apart and put together."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict, namedtuple
from typing import Any

import pytest

from gradtape.core import structure

Point = namedtuple("Point", "x y")


@dataclasses.dataclass
class Layer:
    weight: Any
    bias: Any = None

    def __post_init__(self) -> None:
        assert self.weight is not None, "rebuilding must not run the constructor"


TREES = [
    1,
    [],
    [1, 2],
    (1, [2, (3,)]),
    {"a": 1, "b": [2, {"c": 3}]},
    Point(1, [2]),
    OrderedDict(z=1, a=2),
    Layer(1, {"deep": (2, 3)}),
]


@pytest.mark.parametrize("tree", TREES, ids=repr)
def test_round_trip(tree: Any) -> None:
    leaves = structure.flatten(tree)
    assert leaves == list(range(1, len(leaves) + 1))
    again = structure.rebuild(tree, leaves)
    assert type(again) is type(tree)
    assert again == tree


def test_rebuild_does_not_run_constructors() -> None:
    assert structure.rebuild(Layer(1), [None, 5]).bias == 5


def test_paths() -> None:
    tree = {"w": [1, Layer(2, (3,))]}
    assert structure.paths(tree) == ["['w'][0]", "['w'][1].weight", "['w'][1].bias[0]"]
    assert structure.paths(5) == [""]


def test_match() -> None:
    assert structure.match([1, {"a": 2}], ["x", {"a": ["y", "z"]}], "it") == ["x", ["y", "z"]]
    with pytest.raises(ValueError, match=r"Give it the structure \[\*, \{'a': \*\}\]: got \[\*\]"):
        structure.match([1, {"a": 2}], ["x"], "it")
