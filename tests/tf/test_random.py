"""Random numbers: their distributions, their streams, their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradtape.tf as tf
from gradtape.tf.errors import InvalidArgumentError

N = 20_000
r = tf.random


@pytest.fixture(autouse=True)
def _seeded() -> None:
    r.set_seed(11)


def _five_sigma(x: Any, mean: float, stddev: float) -> None:
    """The sample mean is where it should be, and the deviation nearly so."""
    x = np.asarray(x.numpy(), float)
    assert abs(x.mean() - mean) < 5 * stddev / np.sqrt(x.size)
    assert x.std() == pytest.approx(stddev, rel=0.06)


SAMPLES: dict[str, tuple[Any, float, float]] = {
    "normal": (lambda: r.normal([N], 2.0, 3.0), 2.0, 3.0),
    "truncated_normal": (lambda: r.truncated_normal([N], 1.0, 2.0), 1.0, 2 * 0.87962566),
    "uniform": (lambda: r.uniform([N], -1.0, 3.0), 1.0, 4 / np.sqrt(12)),
    "uniform of integers": (
        lambda: r.uniform([N], 0, 10, tf.int32),
        4.5,
        np.sqrt(99 / 12),
    ),
    "gamma": (lambda: r.gamma([N], 3.0, 2.0), 1.5, np.sqrt(3.0) / 2),
    "gamma of small alpha": (lambda: r.gamma([N], 0.5), 0.5, np.sqrt(0.5)),
    "poisson": (lambda: r.poisson([N], 4.0), 4.0, 2.0),
    "categorical": (
        lambda: r.categorical([[np.log(1.0), np.log(3.0), -np.inf]], N),
        0.75,
        np.sqrt(3.0) / 4,
    ),
    "stateless_normal": (lambda: r.stateless_normal([N], [1, 2]), 0.0, 1.0),
    "stateless_uniform": (lambda: r.stateless_uniform([N], [1, 2]), 0.5, 1 / np.sqrt(12)),
    "stateless_binomial": (lambda: r.stateless_binomial([N], [1, 2], 10.0, 0.3), 3.0, np.sqrt(2.1)),
    "stateless truncated": (
        lambda: r.stateless_parameterized_truncated_normal([N], [1, 2], 0.0, 1.0, -2.0, 2.0),
        0.0,
        0.87962566,
    ),
    "generator": (lambda: r.Generator.from_seed(3).normal([N], 1.0, 2.0), 1.0, 2.0),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_distribution(name: str) -> None:
    draw, mean, stddev = SAMPLES[name]
    _five_sigma(draw(), mean, stddev)


def test_bounds() -> None:
    assert np.absolute(r.truncated_normal([N]).numpy()).max() <= 2
    x = r.uniform([N], 3, 6, tf.int64).numpy()
    assert set(x.tolist()) == {3, 4, 5}
    y = r.uniform([N]).numpy()
    assert y.min() >= 0
    assert y.max() < 1
    z = r.stateless_parameterized_truncated_normal([N], [0, 1], 0.0, 1.0, 3.0, 4.0).numpy()
    assert 3 <= z.min() <= z.max() <= 4


def test_a_class_of_probability_zero_is_never_drawn() -> None:
    logits = [[-np.inf, 0.0, -np.inf], [0.0, -np.inf, -np.inf]]
    drawn = r.categorical(logits, 500).numpy()
    assert (drawn == [[1], [0]]).all()


def test_numpy_keeps_its_own_state() -> None:
    np.random.seed(0)  # noqa: NPY002
    expected = np.random.rand()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    r.set_seed(99)
    r.normal([3])
    r.Generator.from_non_deterministic_state().normal([3])
    assert np.random.rand() == expected  # noqa: NPY002


def test_streams() -> None:
    r.set_seed(4)
    first = r.normal([3]), r.normal([3], seed=1), r.normal([3], seed=2)
    r.set_seed(5)
    other = r.normal([3]), r.normal([3], seed=1), r.normal([3], seed=2)
    r.set_seed(4)
    again = r.normal([3]), r.normal([3], seed=1), r.normal([3], seed=2)
    for a, b, c in zip(first, other, again, strict=True):
        assert np.array_equal(a, c)
        assert not np.array_equal(a, b)
    assert not np.array_equal(first[1], first[2])


def test_a_seed_of_its_own_is_enough() -> None:
    r.set_seed(None)
    first = r.uniform([3], seed=7)
    r.set_seed(None)
    assert np.array_equal(first, r.uniform([3], seed=7))


def test_stateless_draws_depend_on_the_seed_alone() -> None:
    a, b = r.stateless_normal([3], [1, 2]), r.stateless_normal([3], tf.constant([1, 2]))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, r.stateless_normal([3], [2, 1]))
    seeds = r.split([1, 2], 3).numpy().tolist()
    seeds.append(r.fold_in([1, 2], 0).numpy().tolist())
    seeds.append(r.fold_in([1, 2], 1).numpy().tolist())
    assert len({tuple(seed) for seed in seeds}) == 5
    assert np.array_equal(r.fold_in([1, 2], 5), r.fold_in([1, 2], 5))


def test_shuffle_permutes_and_has_a_gradient() -> None:
    x = tf.constant(np.arange(10.0))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = r.shuffle(x)
        loss = tf.reduce_sum(y * np.arange(10.0))
    assert sorted(y.numpy()) == list(range(10))
    assert not np.array_equal(x, y)
    places = np.argsort(y.numpy())
    np.testing.assert_array_equal(tape.gradient(loss, x), places)


def test_generator_state() -> None:
    g = r.Generator.from_seed(1)
    saved = tf.constant(g.state.numpy())
    first, second = g.normal([3]), g.normal([3])
    assert not np.array_equal(first, second)
    g.reset(saved)
    assert np.array_equal(first, g.normal([3]))
    g.reset_from_seed(1)
    g.skip(1)
    assert np.array_equal(second, g.normal([3]))
    copy = r.Generator(copy_from=g)
    assert np.array_equal(copy.normal([3]), g.normal([3]))
    assert not np.array_equal(r.Generator.from_seed(2).normal([3]), first)


def test_generators_split_apart() -> None:
    g = r.Generator.from_seed(1)
    parts = [*g.split(2), g]
    drawn = [tuple(part.normal([3]).numpy().tolist()) for part in parts]
    assert len(set(drawn)) == 3
    assert r.Generator.from_seed(1).make_seeds(2).shape == [2, 2]


def test_the_global_generator_can_be_set() -> None:
    before = r.get_global_generator()
    try:
        r.set_global_generator(r.Generator.from_seed(5))
        expected = r.Generator.from_seed(5).normal([2])
        assert np.array_equal(r.get_global_generator().normal([2]), expected)
    finally:
        r.set_global_generator(before)


@pytest.mark.parametrize("alpha", [0.3, 1.0, 2.5, 40.0])
def test_gamma_gradient(alpha: float) -> None:
    # The same bits at a moved alpha do not give the moved quantile, so compare with SciPy's.
    from scipy import stats

    a, beta = tf.constant(alpha, tf.float64), tf.constant(2.0, tf.float64)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([a, beta])
        x = r.stateless_gamma([7], [3, 4], a, beta, tf.float64)
        loss = tf.reduce_sum(x)
    drawn = x.numpy() * 2.0
    h = 1e-5
    slope = (stats.gamma.cdf(drawn, alpha + h) - stats.gamma.cdf(drawn, alpha - h)) / (2 * h)
    expected = -slope / stats.gamma.pdf(drawn, alpha) / 2.0
    np.testing.assert_allclose(tape.gradient(loss, a), expected.sum(), rtol=1e-4)
    np.testing.assert_allclose(tape.gradient(loss, beta), -x.numpy().sum() / 2.0, rtol=1e-12)


def test_the_mean_of_a_gamma_distribution_moves_with_alpha() -> None:
    alpha = tf.constant(1.7)
    with tf.GradientTape() as tape:
        tape.watch(alpha)
        mean = tf.reduce_mean(r.gamma([N], alpha))
    assert float(tape.gradient(mean, alpha)) == pytest.approx(1.0, abs=0.03)


def test_errors_say_what_to_do() -> None:
    with pytest.raises(ValueError, match="maxval"):
        r.uniform([2], dtype=tf.int32)
    with pytest.raises(InvalidArgumentError, match="minval below maxval"):
        r.uniform([2], 3, 3, tf.int32)
    with pytest.raises(InvalidArgumentError, match="two integers"):
        r.stateless_normal([2], [1, 2, 3])
    with pytest.raises(ValueError, match="philox"):
        r.Generator.from_seed(1, alg="mersenne")
    with pytest.raises(ValueError, match="from_seed"):
        r.Generator()
