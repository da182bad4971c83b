"""Control flow, beyond what TensorFlow answers: warnings, batches, both modes, no effects."""

from __future__ import annotations

import numpy as np
import pytest

import gradtape as gt
import gradtape.tf as tf

X = np.array([[0.5, -1.5, 2.0], [3.0, 0.25, -0.75]], np.float32)


def test_the_branch_not_taken_is_not_called() -> None:
    def never() -> None:
        raise AssertionError

    assert tf.cond(tf.constant(True), lambda: 1, never) == 1
    assert tf.case([(tf.constant(False), never)], default=lambda: 2) == 2
    assert tf.switch_case(tf.constant(0), [lambda: 3, never]) == 3


def test_rows_that_ask_for_their_numbers_are_mapped_one_by_one() -> None:
    def one(row: tf.Tensor) -> tf.Tensor:
        return row * 2.0 if row[0] > 1.0 else row

    found = tf.vectorized_map(one, tf.constant(X))
    np.testing.assert_array_equal(found, X * [[1], [2]])
    with pytest.raises(TypeError):
        tf.vectorized_map(one, tf.constant(X), fallback_to_while_loop=False)


def test_a_vectorized_map_runs_its_function_once() -> None:
    calls = []

    def one(row: tf.Tensor) -> tf.Tensor:
        calls.append(row.shape)
        return row * row

    np.testing.assert_array_equal(tf.vectorized_map(one, tf.constant(X)), X * X)
    assert calls == [(3,)]


def test_a_function_of_numpy_loses_the_gradient_without_a_warning() -> None:
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.numpy_function(np.sinh, [x], tf.float32)
    assert tape.gradient(y, x) is None


@pytest.mark.parametrize("loop", ["scan", "foldl", "foldr", "map_fn", "vectorized_map"])
def test_both_modes_agree(loop: str) -> None:
    def f(x: tf.Tensor) -> tf.Tensor:
        if loop in ("map_fn", "vectorized_map"):
            return getattr(tf, loop)(lambda row: row * row * row[:1], x)
        return getattr(tf, loop)(lambda a, row: a * row + 0.5 * row, x)

    gt.check_gradients(f, X.astype(np.float64))
    x, t = tf.constant(X.astype(np.float64)), tf.constant(np.cos(X).astype(np.float64))
    with tf.GradientTape() as tape, tf.autodiff.ForwardAccumulator(x, t) as accumulator:
        tape.watch(x)
        y = f(x)
    weights = np.sin(np.arange(y.size)).reshape(y.shape)
    pulled = np.vdot(tape.gradient(y, x, output_gradients=weights).numpy(), t.numpy())
    np.testing.assert_allclose(np.vdot(weights, accumulator.jvp(y).numpy()), pulled)


def test_a_loop_of_many_steps() -> None:
    x = tf.constant(1.0, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        _, y = tf.while_loop(lambda i, y: i < 20_000, lambda i, y: (i + 1, y * x), (0, x))
    assert tape.gradient(y, x) == 20_001.0


def test_an_entry_written_twice_counts_once() -> None:
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        entries = tf.TensorArray(tf.float32, 1).write(0, x * x).write(0, x)
        y = entries.stack()
    assert tape.gradient(y, x) == 1.0


def test_decorated_python_functions() -> None:
    @tf.py_function(Tout=tf.float32)
    def double(x: tf.Tensor) -> tf.Tensor:
        return 2.0 * x

    @tf.numpy_function(Tout=tf.float32)
    def triple(x: np.ndarray) -> np.ndarray:
        assert isinstance(x, np.ndarray)
        return np.float32(3.0) * x

    assert double(tf.constant(2.0)) == 4.0
    assert triple(tf.constant(2.0)) == 6.0


def test_print_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    tf.print("x =", tf.constant([1.0, 2.5]))
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "x = [1 2.5]\n")


def test_a_function_takes_the_gradient_of_what_it_returns() -> None:
    v = tf.Variable(2.0)

    @tf.function
    def f() -> object:
        return {"a": v * v, "b": [3.0]}

    with tf.GradientTape() as tape:
        y = f()
    assert tape.gradient(y["a"], v) == 4.0


def test_tensorflow_1_is_named() -> None:
    with pytest.raises(AttributeError, match=r"tf\.compat\.v1"):
        tf.compat.v1.Session()
    with pytest.raises(AttributeError, match="nothing"):
        tf.compat.nothing  # noqa: B018


def test_numerics_are_not_checked_silently() -> None:
    with pytest.raises(NotImplementedError, match="check_numerics"):
        tf.debugging.enable_check_numerics()


def test_there_is_no_memory_growth_of_the_cpu() -> None:
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
    (cpu,) = tf.config.list_physical_devices()
    with pytest.raises(ValueError, match="GPU only"):
        tf.config.experimental.set_memory_growth(cpu, True)


def test_scopes_end_with_an_exception() -> None:
    with pytest.raises(KeyError), tf.name_scope("a"):
        raise KeyError
    assert tf.get_current_name_scope() == ""
    assert tf.Variable(1.0, name="v").name == "v:0"
