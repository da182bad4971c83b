"""Random numbers: their distributions, and the same ones eagerly and compiled."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from scipy import stats

import gradtape as gt
from gradtape.random import Stream, words

DRAWS: dict[str, Callable[[Stream], Any]] = {
    "uniform": lambda s: s.uniform((3, 5)),
    "uniform64": lambda s: s.uniform(7, -2.0, 3.0, dtype=np.float64),
    "normal": lambda s: s.normal((3, 5)),
    "normal64": lambda s: s.normal(7, 1.0, 2.0, dtype=np.float64),
    "one": lambda s: s.normal(),
    "none": lambda s: s.normal((0, 3)),
    "integers": lambda s: s.integers((2, 3), -5, 9),
    "bernoulli": lambda s: s.bernoulli((4, 5), 0.3),
    "permutation": lambda s: s.permutation(9),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_compiled_draws_go_on_where_eager_ones_stopped(draw: Callable[[Stream], Any]) -> None:
    plain, mixed = Stream(3), Stream(3)
    compiled = gt.function(lambda: draw(mixed))
    expected = [draw(plain) for _ in range(6)]
    got = [compiled(), compiled(), draw(mixed), compiled(), draw(mixed), compiled()]
    for a, b in zip(got, expected, strict=True):
        assert np.asarray(a).dtype == np.asarray(b).dtype
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-12)
    (program,) = compiled.stats
    assert program["numpy_calls"] == (np.ndim(expected[0]) == 1 and expected[0].dtype == int)
    if np.size(expected[0]) > 1:
        assert not np.array_equal(expected[0], expected[1])


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 1001])
def test_native_bits_are_numpys(count: int) -> None:
    state = np.array([2**63 + 11, 2**64 - 1], np.uint64)
    compiled = gt.function(lambda s: words(s, count=count))
    compiled(state * 0)
    key, counter = ([*state[:1], 0], [0, 0, state[1], 0])
    expected = np.random.Philox(key=np.array(key, np.uint64), counter=np.array(counter, np.uint64))
    np.testing.assert_array_equal(compiled(state), expected.random_raw(count))
    assert [s["numpy_calls"] for s in compiled.stats] == [0]


@pytest.mark.parametrize(
    ("draw", "law"),
    [
        (lambda s: s.uniform(20_000), stats.uniform()),
        (lambda s: s.uniform(20_000, -1.0, 3.0, np.float64), stats.uniform(-1, 4)),
        (lambda s: s.normal(20_000), stats.norm()),
        (lambda s: s.normal(20_001, 2.0, 3.0, np.float64), stats.norm(2, 3)),
    ],
)
def test_distributions(draw: Callable[[Stream], Any], law: Any) -> None:
    x = draw(Stream(1)).astype(float)
    assert stats.kstest(x, law.cdf).pvalue > 1e-3
    assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 0.03


def test_uniform_numbers_stay_below_one() -> None:
    x = Stream(2).uniform(1 << 20)
    assert x.min() >= 0
    assert x.max() < 1


def test_integers_are_equally_likely() -> None:
    counts = np.bincount(Stream(4).integers(30_000, 0, 6), minlength=6)
    assert stats.chisquare(counts).pvalue > 1e-3
    wide = Stream(4).integers(1000, 0, 1 << 64, np.uint64)
    assert wide.max() > 1 << 63
    assert Stream(4).integers(1000, -128, 128, np.int8).min() < -100
    np.testing.assert_array_equal(Stream(4).integers(5, 7, 8), 7)


def test_bernoulli_and_permutation() -> None:
    assert abs(Stream(5).bernoulli(20_000, 0.3).mean() - 0.3) < 0.02
    np.testing.assert_array_equal(np.sort(Stream(5).permutation(50)), np.arange(50))
    rows = np.arange(20).reshape(10, 2)
    mixed = Stream(5).permutation(rows)
    assert {tuple(row) for row in mixed} == {tuple(row) for row in rows}
    assert not np.array_equal(mixed, rows)


def test_scale_and_place_have_gradients() -> None:
    mean, std = gt.constant(np.array([1.0, 2.0])), gt.constant(3.0)
    with gt.GradientTape() as tape:
        tape.watch([mean, std])
        y = Stream(6).normal((4, 2), mean, std, np.float64)
    z = Stream(6).normal((4, 2), dtype=np.float64)
    slopes = tape.gradient(y, [mean, std])
    np.testing.assert_allclose(slopes[0].numpy(), [4, 4])
    np.testing.assert_allclose(slopes[1].numpy(), z.sum(), rtol=1e-6)


def test_threads_draw_different_numbers() -> None:
    stream = Stream(7)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: float(stream.uniform(dtype=np.float64)), range(400)))
    assert len(set(found)) == 400


def test_seed_of_the_common_stream() -> None:
    gt.random.seed(11)
    first = gt.random.normal(3)
    gt.random.seed(11)
    np.testing.assert_array_equal(gt.random.normal(3), first)
    np.testing.assert_array_equal(Stream(11).normal(3), first)
    assert not np.array_equal(Stream(12).normal(3), first)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Stream(1.5), TypeError, "Give seed as an integer"),
        (lambda: Stream(1).normal((-1,)), ValueError, "Give shape as lengths"),
        (lambda: Stream(1).uniform(3, dtype=int), TypeError, "floating-point"),
        (lambda: Stream(1).integers(3, 5, 5), ValueError, "Give low < high"),
        (lambda: Stream(1).integers(3, 0, 300, np.uint8), ValueError, "within uint8"),
    ],
)
def test_bad_arguments(call: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        call()
