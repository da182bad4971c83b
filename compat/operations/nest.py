"""tf.nest."""

import collections
import dataclasses

from compat.cases import case
from compat.operations.control import attempt


@dataclasses.dataclass
class Leaf:
    x: int


Point = collections.namedtuple("Point", "x y")


@case()
def is_nested(tf):
    values = [1, "ab", [1], (1,), {}, [], None, Point(1, 2), {1}, tf.constant([1])]
    values += [tf.constant([1]).shape, collections.OrderedDict()]
    values += [Leaf(1), Leaf]
    return [tf.nest.is_nested(value) for value in values]


@case()
def flatten(tf):
    f = tf.nest.flatten
    return [
        f(3),
        f(None),
        f([1, (2, {"b": 3, "a": 4}), None]),
        f(Point(1, [2, 3])),
        f({"z": 1, "a": [2, 3]}),
        f(collections.OrderedDict([("z", 1), ("a", 2)])),
        f("ab"),
        f([]),
        f({}),
        f([[], {}, ()]),
        len(f(tf.constant([1, 2]))),
        f(tf.Variable(1.0)),
        f({2: "a", 1: "b"}),
        attempt(lambda: f({"a": 1, 2: 3})),
        f(tf.constant([[1]]).shape)[0],
        f([1, [2]], expand_composites=True),
        [leaf.x for leaf in f([Leaf(1), Leaf(2)])],
        f(collections.defaultdict(int, {"b": 1, "a": 2})),
    ]


@case()
def pack(tf):
    p = tf.nest.pack_sequence_as
    packed = p(Point(1, [2, 3]), ["a", "b", "c"])
    ordered = p(collections.OrderedDict([("z", 1), ("a", 2)]), ["first", "second"])
    default = p(collections.defaultdict(int, {"b": 1, "a": 2}), [10, 20])
    return [
        p([1, (2, {"b": 3, "a": 4})], [10, 20, 30, 40]),
        p({"z": 1, "a": [2, 3]}, (1, 2, 3)),
        (type(packed).__name__, packed.x, packed.y),
        (type(ordered).__name__, list(ordered.items())),
        (type(default).__name__, dict(default)),
        p(3, [4]),
        p([], []),
        attempt(lambda: p([1, 2], [1])),
        attempt(lambda: p([1, 2], [1, 2, 3])),
        attempt(lambda: p(3, [1, 2])),
        attempt(lambda: p([1], 3)),
        list(p({"b": 1, "a": 2}, [10, 20])),
    ]


@case()
def map_structure(tf):
    m = tf.nest.map_structure
    add = lambda a, b: a + b
    point = m(add, Point(1, 2), Point(3, 4))
    return [
        m(lambda x: x + 1, [1, (2, {"b": 3, "a": 4})]),
        m(add, [1, (2,)], [10, (20,)]),
        (type(point).__name__, *point),
        m(add, tf.constant([1]), tf.constant([2])),
        m(lambda x: x, 3),
        m(lambda x: x, []),
        m(add, {"a": 1, "b": 2}, {"b": 20, "a": 10}),
        m(add, {"a": 1}, collections.OrderedDict(a=2)),
        attempt(lambda: m(add, [1, 2], (1, 2))),
        m(add, [1, 2], (1, 2), check_types=False),
        attempt(lambda: m(add, [1, 2], [1])),
        attempt(lambda: m(add, [1, 2], [1, [2]])),
        attempt(lambda: m(3, [1])),
        attempt(lambda: m(add)),
        attempt(lambda: m(add, [1], [2], wrong=3)),
        attempt(lambda: m(add, {"a": 1}, {"b": 1})),
        m(lambda x: None, [1, 2]),
    ]


@case()
def assert_same_structure(tf):
    same = tf.nest.assert_same_structure
    Other = collections.namedtuple("Other", "x y")
    SameName = collections.namedtuple("Point", "x y")
    return [
        attempt(f)
        for f in (
            lambda: same([1, (2,)], [3, (4,)]),
            lambda: same([1], (1,)),
            lambda: same([1], (1,), check_types=False),
            lambda: same([1], [1, 2]),
            lambda: same([1], 1),
            lambda: same(1, "a"),
            lambda: same({"a": 1}, {"a": 2}),
            lambda: same({"a": 1}, {"b": 2}),
            lambda: same({"a": 1}, {"a": [2]}),
            lambda: same({"a": 1}, collections.OrderedDict(a=2)),
            lambda: same({"a": 1}, collections.OrderedDict(a=2), check_types=False),
            lambda: same(Point(1, 2), Point(3, 4)),
            lambda: same(Point(1, 2), Other(3, 4)),
            lambda: same(Point(1, 2), SameName(3, 4)),
            lambda: same(Point(1, 2), (3, 4)),
            lambda: same(Point(1, 2), (3, 4), check_types=False),
            lambda: same([None], [1]),
            lambda: same(tf.constant([1]), tf.Variable(2)),
            lambda: same([tf.constant([1])], [3]),
        )
    ]
