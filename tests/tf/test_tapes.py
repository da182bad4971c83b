"""Tapes: what TensorFlow cannot answer."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import gradtape.tf as tf


def test_a_custom_gradient_counts_in_both_modes() -> None:
    @tf.custom_gradient
    def log1pexp(x: tf.Tensor) -> object:
        e = tf.math.exp(x)
        return tf.math.log(1.0 + e), lambda dy: dy * (1.0 - 1.0 / (1.0 + e))

    x = tf.constant(100.0)
    with np.errstate(over="ignore"):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = log1pexp(x)
        with tf.autodiff.ForwardAccumulator(x, tf.constant(1.0)) as accumulator:
            z = log1pexp(x)
    assert tape.gradient(y, x) == accumulator.jvp(z) == 1.0


def test_the_text_of_a_second_use() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="once on non-persistent tapes"):
        tape.gradient(y, x)


def test_errors_name_tensorflows_functions() -> None:
    with tf.GradientTape() as tape:
        with pytest.raises(ValueError, match=r"tf\.constant"):
            tape.watch(np.ones(2))
    with pytest.raises(TypeError, match=r"tf\.constant"):
        tf.autodiff.ForwardAccumulator(1.0, 1.0)


def test_a_pause_ends_with_an_exception() -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        with pytest.raises(KeyError), tape.stop_recording():
            raise KeyError
        y = x * x
    assert tape.gradient(y, x) == 6.0


def test_a_recomputed_function_keeps_its_arguments_only() -> None:
    made: list[weakref.ref[np.ndarray]] = []

    def f(x: tf.Tensor) -> tf.Tensor:
        y = tf.math.exp(x)
        made.append(weakref.ref(y._value))
        return y * y

    x = tf.Variable([0.0, 1.0, 2.0])
    with tf.GradientTape() as tape:
        y = tf.recompute_grad(f)(x)
    gc.collect()
    assert [array() for array in made] == [None]
    np.testing.assert_allclose(tape.gradient(y, x), 2.0 * np.exp([0.0, 2.0, 4.0]), rtol=1e-6)
    assert len(made) == 2


def test_methods_with_a_gradient_of_their_own_on_the_class() -> None:
    class Layer:
        @tf.custom_gradient
        def call(self, x: tf.Tensor) -> object:
            return x * 2.0, lambda dy: dy * 10.0

    assert Layer.call.__name__ == "call"
    assert Layer().call(tf.constant(1.0)) == 2.0


def test_only_pairs_are_custom_gradients() -> None:
    f = tf.custom_gradient(lambda x: x)
    with pytest.raises(TypeError, match="gradient function"):
        f(tf.constant(1.0))
