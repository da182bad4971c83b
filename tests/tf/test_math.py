"""What no case can say about functions of numbers."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pytest

import gradtape as gt
import gradtape.tf as tf
from gradtape.tf.errors import InvalidArgumentError


def test_importing_loads_no_scipy() -> None:
    use = "tf.exp(1.0); tf.linalg.inv([[2.0]]); tf.signal.hann_window(4)"
    code = f"import sys, gradtape.tf as tf; {use}; print('scipy' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == "False"


def test_infinities_come_without_warnings() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert float(tf.math.log(0.0)) == -np.inf
        assert np.isnan(tf.divide(tf.constant(0.0), 0.0))
        assert np.isnan(tf.reduce_mean(np.zeros(0, np.float32)))


@pytest.mark.parametrize("name", ["truncatediv", "truncatemod", "floordiv"])
def test_integers_are_not_divided_by_zero(name: str) -> None:
    divide = getattr(tf, name, None) or getattr(tf.math, name)
    with pytest.raises(InvalidArgumentError, match="other than 0"):
        divide(tf.constant([1]), tf.constant([0]))


def test_softsign_twice() -> None:
    gt.check_gradients(tf.math.softsign, np.array([-1.5, 0.4, 2.0]))


def test_betainc_in_its_parameters() -> None:
    points = (np.array([0.7, 2.0]), np.array([1.5, 0.6]), np.array([0.2, 0.8]))
    gt.check_gradients(tf.math.betainc, *points, order=1)


def test_weights_of_counts_have_a_gradient() -> None:
    weights = tf.constant([0.5, 1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(weights)
        counts = tf.math.bincount(tf.constant([2, 0, 2]), weights, maxlength=2)
        loss = tf.reduce_sum(counts * [3.0, 5.0])
    np.testing.assert_array_equal(tape.gradient(loss, weights), [0.0, 3.0, 0.0])


def test_complex_parts_stay_apart() -> None:
    z = tf.complex(tf.constant([1.0, np.inf]), tf.constant([np.inf, 2.0])).numpy()
    np.testing.assert_array_equal(z.real, [1.0, np.inf])
    np.testing.assert_array_equal(z.imag, [np.inf, 2.0])


def test_running_logsumexp_of_large_numbers() -> None:
    x = np.array([1000.0, -np.inf, 1000.0])
    y = tf.math.cumulative_logsumexp(x).numpy()
    np.testing.assert_allclose(y, [1000.0, 1000.0, 1000.0 + np.log(2.0)])


def test_no_gradient_of_frames_is_sparse() -> None:
    x = tf.constant(np.arange(6.0))
    with tf.GradientTape() as tape:
        tape.watch(x)
        frames = tf.signal.frame(x, 3, 2)
    np.testing.assert_array_equal(tape.gradient(frames, x), [1, 1, 2, 1, 1, 0])
