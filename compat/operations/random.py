"""Cases about random numbers: shapes, dtypes and exceptions, for the numbers differ."""

from __future__ import annotations

from typing import Any

import numpy as np

from compat.cases import case


def _outline(x: Any) -> Any:
    return x.shape, x.dtype


SEED = [3, 4]
_CALLS: dict[str, Any] = {
    "normal": lambda r, tf: r.normal([2, 3]),
    "normal float64": lambda r, tf: r.normal((2,), 1.0, 2.0, tf.float64),
    "normal float16": lambda r, tf: r.normal([2], dtype=tf.float16),
    "normal of a scalar": lambda r, tf: r.normal([]),
    "normal broadcasts": lambda r, tf: r.normal([2, 1], mean=tf.constant([1.0, 2.0])),
    "normal int32": lambda r, tf: r.normal([2], dtype=tf.int32),
    "normal of a negative length": lambda r, tf: r.normal([-1]),
    "normal of a tensor shape": lambda r, tf: r.normal(tf.constant([2, 3]), seed=1),
    "truncated_normal": lambda r, tf: r.truncated_normal([2, 3], stddev=0.5),
    "uniform": lambda r, tf: r.uniform([2, 3]),
    "uniform float64": lambda r, tf: r.uniform([3], -1, 1, tf.float64),
    "uniform int32": lambda r, tf: r.uniform([3], 0, 10, tf.int32),
    "uniform int64": lambda r, tf: r.uniform([3], maxval=10, dtype=tf.int64),
    "uniform integers without maxval": lambda r, tf: r.uniform([3], dtype=tf.int32),
    "uniform empty range": lambda r, tf: r.uniform([3], 5, 5, tf.int32),
    "uniform int8": lambda r, tf: r.uniform([3], 0, 5, tf.int8),
    "gamma": lambda r, tf: r.gamma([4], alpha=[1.0, 2.0]),
    "gamma beta": lambda r, tf: r.gamma([4], alpha=[[1.0], [2.0]], beta=[3.0, 4.0, 5.0]),
    "gamma float64": lambda r, tf: r.gamma([], alpha=1.5, dtype=tf.float64),
    "poisson": lambda r, tf: r.poisson([4], lam=[1.0, 2.0]),
    "poisson int32": lambda r, tf: r.poisson([2], lam=1.5, dtype=tf.int32),
    "categorical": lambda r, tf: r.categorical(tf.constant([[0.0, 1.0], [2.0, 0.0]]), 5),
    "categorical int32": lambda r, tf: r.categorical([[0.0, 1.0]], 2, dtype=tf.int32),
    "categorical of a vector": lambda r, tf: r.categorical(tf.constant([0.0, 1.0]), 5),
    "shuffle": lambda r, tf: r.shuffle(tf.constant([[1, 2], [3, 4], [5, 6]])),
    "stateless_normal": lambda r, tf: r.stateless_normal([2, 3], SEED),
    "stateless_truncated_normal": lambda r, tf: r.stateless_truncated_normal([2], SEED),
    "stateless_uniform": lambda r, tf: r.stateless_uniform([2, 3], SEED),
    "stateless_uniform int32": lambda r, tf: r.stateless_uniform([2], SEED, 0, 5, tf.int32),
    "stateless_uniform all": lambda r, tf: r.stateless_uniform([2], SEED, None, None, tf.int32),
    "stateless_uniform half": lambda r, tf: r.stateless_uniform([2], SEED, 0, None, tf.int32),
    "stateless_gamma": lambda r, tf: r.stateless_gamma([3, 2], SEED, alpha=[1.0, 2.0]),
    "stateless_poisson": lambda r, tf: r.stateless_poisson([3, 2], SEED, lam=[1.0, 2.0]),
    "stateless_binomial": lambda r, tf: r.stateless_binomial([3], SEED, 10.0, 0.5),
    "stateless_categorical": lambda r, tf: r.stateless_categorical([[0.0, 1.0]], 4, SEED),
    "stateless_parameterized_truncated_normal": lambda r, tf: (
        r.stateless_parameterized_truncated_normal([4], SEED)
    ),
    "stateless seed of one": lambda r, tf: r.stateless_normal([2], [1]),
    "split": lambda r, tf: r.split(SEED, 3),
    "split int64": lambda r, tf: r.split(tf.constant(SEED, tf.int64)),
    "fold_in": lambda r, tf: r.fold_in(SEED, 7),
    "stateless_shuffle": lambda r, tf: r.experimental.stateless_shuffle(tf.constant([1, 2]), SEED),
    "generator normal": lambda r, tf: r.Generator.from_seed(1).normal([2, 3]),
    "generator uniform": lambda r, tf: r.Generator.from_seed(1).uniform([2], 0, 5, tf.int32),
    "generator uniform without maxval": lambda r, tf: r.Generator.from_seed(1).uniform(
        [2], dtype=tf.int32
    ),
    "generator truncated": lambda r, tf: r.Generator.from_seed(1).truncated_normal([2]),
    "generator integers": lambda r, tf: r.Generator.from_seed(1).uniform_full_int([2]),
    "generator binomial": lambda r, tf: r.Generator.from_seed(1).binomial([2], 5.0, 0.5),
    "generator seeds": lambda r, tf: r.Generator.from_seed(1).make_seeds(3),
    "generator of its own": lambda r, tf: r.Generator.from_non_deterministic_state().normal([2]),
    "global generator": lambda r, tf: r.get_global_generator().normal([2]),
    "generator state": lambda r, tf: r.Generator.from_seed(1).state,
    "generator key": lambda r, tf: r.Generator.from_seed(1).key,
    "generator skips": lambda r, tf: r.Generator.from_seed(1).skip(3),
}
for _name, _call in _CALLS.items():

    @case(_name)
    def _ask(tf: Any, call: Any = _call) -> Any:
        return _outline(call(tf.random, tf))


@case()
def generator_parts(tf: Any) -> Any:
    g = tf.random.Generator.from_seed(1)
    return len(g.split(3)), int(g.algorithm)


def _refuse() -> Any:
    raise ValueError


@case(better="what is missing has a name; TensorFlow: AssertionError", answer=_refuse)
def generator_of_nothing(tf: Any) -> Any:
    return tf.random.Generator()


@case()
def reproducible(tf: Any) -> Any:
    tf.random.set_seed(5)
    first = [tf.random.normal([2]).numpy(), tf.random.normal([2]).numpy()]
    tf.random.set_seed(5)
    again = [tf.random.normal([2]).numpy(), tf.random.normal([2]).numpy()]
    return bool(np.array_equal(first, again)), bool(np.array_equal(first[0], first[1]))


@case()
def seeds_of_their_own(tf: Any) -> Any:
    tf.random.set_seed(5)
    first = [tf.random.uniform([2], seed=1).numpy() for _ in range(2)]
    tf.random.set_seed(5)
    again = [tf.random.uniform([2], seed=1).numpy() for _ in range(2)]
    other = tf.random.uniform([2], seed=2).numpy()
    return (
        bool(np.array_equal(first, again)),
        bool(np.array_equal(first[0], first[1])),
        bool(np.array_equal(first[0], other)),
    )


@case()
def normal_has_gradients(tf: Any) -> Any:
    mean, stddev = tf.constant(1.0), tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch([mean, stddev])
        x = tf.random.normal([4], mean, stddev)
        total = tf.reduce_sum(x)
    slopes = tape.gradient(total, [mean, stddev])
    noise = (total - 4.0) / 2.0
    return slopes[0], abs(float(slopes[1] - noise)) < 1e-4
