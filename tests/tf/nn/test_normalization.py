"""Second derivatives through moments, and which entries dropout keeps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradtape as gt
import gradtape.tf as tf

RNG = np.random.default_rng(6)


def _normalized(x: Any, scale: Any) -> Any:
    mean, variance = tf.nn.moments(x, [0])
    return tf.nn.batch_normalization(x, mean, variance, None, scale, 1e-3)


def test_second_derivatives_through_moments() -> None:
    gt.check_gradients(_normalized, RNG.normal(size=(4, 3)), RNG.normal(size=3))
    gt.check_gradients(
        lambda x, w: tf.nn.weighted_moments(x, [1], w, keepdims=True),
        RNG.normal(size=(2, 3)),
        RNG.uniform(0.5, 2, size=(2, 3)),
    )


def test_responses_against_their_formula() -> None:
    x = RNG.normal(size=(1, 2, 2, 6))
    want = np.empty_like(x)
    for c in range(6):
        total = np.square(x[..., max(c - 2, 0) : c + 3]).sum(-1)
        want[..., c] = x[..., c] / (1.5 + 0.3 * total) ** 0.75
    found = tf.nn.local_response_normalization(x, 2, 1.5, 0.3, 0.75)
    np.testing.assert_allclose(found, want, rtol=1e-12)
    gt.check_gradients(lambda x: tf.nn.lrn(x, 2, 1.5, 0.3, 0.75), x)


def test_dropout_repeats_after_a_seed_and_keeps_infinities_out() -> None:
    x = tf.constant(np.full(100, np.inf, np.float32))
    tf.random.set_seed(1)
    first = tf.nn.dropout(x, 0.5).numpy()
    tf.random.set_seed(1)
    np.testing.assert_array_equal(first, tf.nn.dropout(x, 0.5).numpy())
    assert set(first) == {0.0, np.inf}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dropout_keeps_the_dtype(dtype: Any) -> None:
    assert tf.nn.dropout(np.ones(5, dtype), 0.5).dtype == dtype


def test_a_bounded_embedding_of_scalars_is_clipped_entry_by_entry() -> None:
    found = tf.nn.embedding_lookup(tf.constant([3.0, -5.0, 0.5]), [0, 1, 2], max_norm=2.0)
    np.testing.assert_allclose(found, [2.0, -2.0, 0.5])
