"""What is not here says so; the rest is compared in compat."""

from __future__ import annotations

import pytest

import gradtape as gt
import gradtape.tf as tf


def test_what_is_missing_points_at_modules() -> None:
    for name in ("layers", "Model", "Sequential", "metrics"):
        with pytest.raises(AttributeError, match=rf"a tf.Module.*no tf.keras.{name}\."):
            getattr(tf.keras, name)
        assert not hasattr(tf.keras, name)
    with pytest.raises(ImportError, match=r"a tf.Module.*no tf.keras.layers\."):
        from gradtape.tf.keras import layers  # noqa: F401


def test_the_optimizers_are_gradtapes() -> None:
    from gradtape.tf.keras.optimizers import Adam, schedules

    assert Adam is gt.optimizers.Adam
    assert schedules.CosineDecay is gt.optimizers.schedules.CosineDecay


def test_sparse_gradients_are_made_dense() -> None:
    x = tf.Variable([[1.0], [2.0], [3.0]])
    rows = tf.IndexedSlices(tf.constant([[1.0], [2.0], [4.0]]), tf.constant([0, 2, 0]), (3, 1))
    tf.keras.optimizers.SGD(0.5).apply_gradients([(rows, x)])
    assert x.numpy().ravel().tolist() == [-1.5, 2.0, 2.0]


def test_training_by_losses() -> None:
    x, y = tf.constant([[0.0], [1.0], [2.0]]), tf.constant([[1.0], [3.0], [5.0]])
    w, b = tf.Variable([[0.0]]), tf.Variable(0.0)
    optimizer, loss = tf.keras.optimizers.Adam(0.1), tf.keras.losses.MeanSquaredError()
    for _ in range(300):
        with tf.GradientTape() as tape:
            value = loss(y, x @ w + b)
        optimizer.apply_gradients(zip(tape.gradient(value, [w, b]), [w, b], strict=True))
    assert abs(float(w.numpy()[0, 0]) - 2) + abs(float(b.numpy()) - 1) < 0.01
