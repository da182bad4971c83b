"""``tf.function``: traced once for each signature, with TensorFlow's constants and Tensors."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import gradtape as gt
import gradtape.tf as tf

X = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)


def test_it_is_traced_once_for_each_signature() -> None:
    traces: list[Any] = []

    @tf.function(jit_compile=True)
    def f(x: Any, k: Any = 1) -> Any:
        traces.append(k)
        return tf.reduce_sum(tf.sin(x)) * k

    for k in (1, 1, 2, 2, 1):
        expected = tf.reduce_sum(tf.sin(tf.constant(X))) * k
        np.testing.assert_allclose(f(X, k).numpy(), expected.numpy(), rtol=1e-6)
        assert isinstance(f(tf.constant(X), k), tf.Tensor)
    assert traces == [1, 2]
    assert f.experimental_get_tracing_count() == 2
    f(X[:1], 1)
    assert traces == [1, 2, 1]


def test_numbers_of_other_kinds_are_other_traces() -> None:
    f = tf.function(lambda x, k: x * k)
    for k, dtype in ((1, tf.int32), (1.0, tf.float32), (True, tf.int32)):
        if k is not True:
            assert f(k, k).dtype == dtype
    zero = tf.function(lambda k: tf.math.atan2(k, -1.0))
    assert zero(0.0).numpy() > 0 > zero(-0.0).numpy()


def test_an_input_signature_is_one_trace() -> None:
    traces: list[Any] = []

    @tf.function(input_signature=[tf.TensorSpec([2], tf.float32)])
    def f(x: Any) -> Any:
        traces.append(x)
        return x * 2

    for k in range(3):
        assert f([k, 2.0]).numpy().tolist() == [2.0 * k, 4.0]
    assert len(traces) == 1


@pytest.mark.parametrize(
    "effect",
    [
        lambda x: tf.print("x") or x,
        lambda x: tf.random.normal([2]),
        lambda x: tf.py_function(lambda v: v * 2, [x], tf.float32),
        lambda x: tf.numpy_function(lambda v: v * 2, [x], tf.float32),
    ],
    ids=["print", "random", "py_function", "numpy_function"],
)
def test_effects_happen_at_every_call(effect: Any, capsys: pytest.CaptureFixture[str]) -> None:
    calls: list[Any] = []

    @tf.function
    def f(x: Any) -> Any:
        calls.append(x)
        return effect(x)

    with pytest.warns(gt.GradientWarning, match="out of compiled functions"):
        first = f(tf.constant(X))
    others = [f(tf.constant(X)) for _ in range(3)]
    assert len(calls) == 5  # the first was begun, and then done as written
    if effect(tf.constant(X)).shape == (2,):
        assert len({float(y[0]) for y in (first, *others)}) == 4


def test_draws_of_a_stream_are_new_at_every_call() -> None:
    stream = gt.random.Stream(3)
    f = tf.function(lambda x: x + stream.normal((2,)))
    assert len({float(f(tf.constant([0.0, 0.0]))[0]) for _ in range(5)}) == 5
    assert f.experimental_get_tracing_count() == 1


def test_assertions_fail_at_the_call_where_they_fail() -> None:
    @tf.function
    def f(x: Any) -> Any:
        tf.debugging.assert_positive(x)
        return tf.debugging.check_numerics(tf.math.log(x), "log")

    for _ in range(2):
        f(X)
        with pytest.raises(tf.errors.InvalidArgumentError):
            f(-X)


def _training(decorate: Any) -> tuple[list[float], Any]:
    w, optimizer = tf.Variable([1.0, 2.0]), tf.keras.optimizers.Adam(0.1)

    @decorate
    def step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((w - x) ** 2)
        optimizer.apply_gradients([(tape.gradient(loss, w), w)])
        return loss

    return [float(step(tf.constant([3.0, 3.0]))) for _ in range(6)], step


def test_a_training_step() -> None:
    expected, _ = _training(lambda f: f)
    losses, step = _training(tf.function)
    np.testing.assert_allclose(losses, expected, rtol=1e-6)
    assert step.experimental_get_tracing_count() == 1


def test_methods_keep_their_programs_with_the_instance() -> None:
    traces: list[Any] = []

    class Model(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = tf.Variable(2.0)

        @tf.function
        def __call__(self, x: Any) -> Any:
            traces.append(x)
            return self.w * x

    one, two = Model(), Model()
    two.w.assign(5.0)
    for _ in range(3):
        assert (float(one(tf.constant(3.0))), float(two(tf.constant(3.0)))) == (6.0, 15.0)
    assert len(traces) == 2
    assert [v is one.w for v in one.trainable_variables] == [True]
    dead = weakref.ref(one.w)
    del one
    gc.collect()
    assert dead() is None


def test_results_of_integers_are_tensors() -> None:
    f = tf.function(lambda x: (tf.one_hot(tf.argmax(x, 1), 3), tf.argsort(x), tf.unique(x[0])[1]))
    for _ in range(3):
        assert all(isinstance(y, tf.Tensor) for y in f(X))


def test_python_numbers_that_gradtape_function_takes() -> None:
    def f(x: Any, n: Any) -> Any:
        return tf.constant(X) * x, tf.convert_to_tensor(n) + 1, tf.math.sin(x), tf.constant([1]) * n

    compiled = gt.function(f)
    for args in ((2.0, 3), (3.0, 4), (0.5, 5)):
        for got, expected in zip(compiled(*args), f(*args), strict=True):
            assert (type(got), got.dtype) == (type(expected), expected.dtype)
            np.testing.assert_allclose(got.numpy(), expected.numpy(), rtol=1e-6)
    assert len(compiled.programs) == 1
    with pytest.raises(TypeError):
        compiled(2.0, 2.5)
