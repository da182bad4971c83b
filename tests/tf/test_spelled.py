"""What a comparison with TensorFlow cannot say of Tensors: NumPy's functions, updates, errors."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
import scipy.special

import gradtape as gt
import gradtape.tf as tf

ARRAY = np.array([1.0, 2.0])

FUNCTIONS = {
    "sin": np.sin,
    "mean": np.mean,
    "var": lambda x: np.var(x, axis=0),
    "concatenate": lambda x: np.concatenate([x, ARRAY[None]]),
    "concatenate after": lambda x: np.concatenate([ARRAY[None], x]),
    "stack": lambda x: np.stack([x[0] * x[1], ARRAY]),
    "where": lambda x: np.where(x > 1.5, x**2, ARRAY),
    "maximum": lambda x: np.maximum(x, ARRAY),
    "outer": lambda x: np.multiply.outer(x, ARRAY),
    "reduce": lambda x: np.multiply.reduce(x, axis=1),
    "dot": lambda x: np.dot(ARRAY, x),
    "product": lambda x: ARRAY @ x,
    "einsum": lambda x: np.einsum("ij,j->i", x, ARRAY),
    "power": lambda x: np.float64(2) ** x,
    "inv": np.linalg.inv,
    "solve": lambda x: np.linalg.solve(x, ARRAY),
    "erf": scipy.special.erf,
    "xlogy": lambda x: scipy.special.xlogy(ARRAY, x),
    "method": lambda x: x.reshape(4).cumsum(),
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_numpy_functions_keep_the_dtype_and_have_the_gradient(function):
    matrix = np.array([[2.0, 1.25], [1.125, 3.0]])

    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
            total = tf.reduce_sum(y * y)
        assert isinstance(y, tf.Tensor)
        assert y.dtype == x.dtype
        return tape.gradient(total, x)

    single, double = (gradient(tf.constant(matrix, dtype)) for dtype in (tf.float32, tf.float64))
    assert single.dtype == tf.float32

    def plain(value):
        return np.sum(np.asarray(function(value)) ** 2)

    step = 1e-6
    expected = np.zeros((2, 2))
    for place in np.ndindex(2, 2):
        moved = np.zeros((2, 2))
        moved[place] = step
        expected[place] = (plain(matrix + moved) - plain(matrix - moved)) / (2 * step)
    np.testing.assert_allclose(double.numpy(), expected, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(single.numpy(), expected, rtol=1e-4, atol=1e-4)


def test_masks_do_not_make_numbers_boolean():
    mask = tf.constant([True, False])
    assert np.multiply(mask, [2.5, 3.5]).numpy().tolist() == [2.5, 0.0]
    assert np.where(mask, np.array([2.5, 3.5]), 0.0).dtype == tf.float64


def test_updates_in_place_are_differentiable():
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * 1.0
        y[0] = x[1] * 3.0
        y += x
        y *= 2.0
    assert y.numpy().tolist() == [14.0, 8.0]
    assert tape.gradient(y, x).numpy().tolist() == [2.0, 10.0]


def test_an_integer_update_keeps_the_dtype():
    x = tf.constant([1, 2])
    x[0] = 5
    x += 1
    assert x.dtype == tf.int32
    assert x.numpy().tolist() == [6, 3]


def test_a_pickled_variable_keeps_what_it_is():
    v = pickle.loads(pickle.dumps(tf.Variable([1.0], trainable=False, name="q")))
    assert isinstance(v, tf.Variable)
    assert (v.name, v.trainable, v.numpy().tolist()) == ("q:0", False, [1.0])


def test_a_scatter_does_not_change_what_was_recorded():
    v = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = v * v
        v.scatter_add(tf.IndexedSlices([10.0], [0]))
        v.scatter_nd_update([[1]], [7.0])
    assert v.numpy().tolist() == [11.0, 7.0]
    assert tape.gradient(y, v).numpy().tolist() == [2.0, 4.0]


@pytest.mark.parametrize("change", ["assign", "assign_add", "scatter_nd_add"])
def test_a_refused_change_leaves_the_variable(change):
    v = tf.Variable([1.0, 2.0])
    bad = ([[0], [9]], [1.0, 1.0]) if "scatter" in change else ([1.0, 2.0, 3.0],)
    with pytest.raises(ValueError, match="Give"):
        getattr(v, change)(*bad)
    assert v.numpy().tolist() == [1.0, 2.0]


ERRORS = {
    "Cast the Tensor with tf.cast first": lambda: tf.constant(1) + 1.5,
    "Use tf.gather": lambda: tf.constant([1.0, 2.0])[np.array([0, 1])],
    "Divide integers by no 0": lambda: tf.constant([1, 2]) // 0,
    "Give numbers or booleans: got 'text'": lambda: tf.constant("text"),
    "Give rows of one length": lambda: tf.constant([[1], [1, 2]]),
    "Give dtype=tf.float64": lambda: tf.constant(1e40),
    "Give a number that dtype uint8 holds": lambda: tf.constant(1, tf.uint8) + 300,
    "Use x.ref()": lambda: hash(tf.constant(1.0)),
    "Give indices from 0 to 1: tf.gather": lambda: tf.gather([1.0, 2.0], [2]),
    "Give tf.scatter_nd updates of shape": lambda: tf.scatter_nd([[0]], [1.0, 2.0], [3]),
    "Give segment_ids of 0 or more in": lambda: tf.math.segment_sum([1.0, 2.0], [1, 0]),
}


@pytest.mark.parametrize(("text", "call"), ERRORS.items(), ids=ERRORS)
def test_errors_say_what_to_do(text, call):
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    assert str(caught.value).startswith(text)


EXAMPLES = np.array([[3.0, 1.0, 2.0], [1.0, 2.0, 4.0]])
PLACES = np.array([[0, 2], [1, 1]])
BATCHED = {
    "gather": (lambda x, i: tf.gather(x, i), EXAMPLES, PLACES),
    "concat": (lambda x: tf.concat([x, x * 2.0], 0), EXAMPLES),
    "pad": (lambda x: tf.pad(x, [[1, 2]]), EXAMPLES),
    "reshape": (lambda x: tf.expand_dims(tf.reshape(x, [3, 1]), 0), EXAMPLES),
    "split": (lambda x: tf.split(x, 3)[1], EXAMPLES),
    "sort": (lambda x: tf.sort(x, direction="DESCENDING"), EXAMPLES),
    "top_k": (lambda x: tf.math.top_k(x, 2)[0], EXAMPLES),
    "where": (lambda x: tf.where(x > 1.5, x, 0.0), EXAMPLES),
    "one_hot": (lambda i: tf.one_hot(i, 3), PLACES),
    "scatter_nd": (lambda i, x: tf.scatter_nd(i[:, None], x[:2], [4]), PLACES, EXAMPLES),
    "update": (lambda x: tf.tensor_scatter_nd_update(x, [[0]], [7.0]), EXAMPLES),
    "segment_sum": (lambda x: tf.math.segment_sum(x, [0, 0, 1]), EXAMPLES),
    "segment_prod": (lambda x: tf.math.segment_prod(x, [0, 0, 1]), EXAMPLES),
    "compare": (lambda x: x == x[0], EXAMPLES),
}


@pytest.mark.parametrize("name", BATCHED)
def test_examples_in_one_call(name):
    function, *arrays = BATCHED[name]

    def spelled(*args):
        return function(*[tf.Tensor(arg._value, arg._id) for arg in args])

    together = gt.vmap(spelled)(*map(gt.constant, arrays))
    apart = [function(*map(tf.constant, row)).numpy() for row in zip(*arrays, strict=True)]
    np.testing.assert_allclose(np.asarray(together), np.stack(apart))


def test_a_maximum_of_segments_is_batched():
    found = gt.vmap(lambda x: tf.math.segment_max(tf.Tensor(x._value, x._id), [0, 0, 1]))(
        gt.constant(EXAMPLES)
    )
    apart = [tf.math.segment_max(example, [0, 0, 1]).numpy() for example in EXAMPLES]
    np.testing.assert_allclose(np.asarray(found), apart)


def test_infinite_segments_have_their_gradient():
    x = tf.constant([np.inf, 1.0, -np.inf, -np.inf])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.math.unsorted_segment_max(x, [0, 0, 1, 1], 2)
    assert y.numpy().tolist() == [np.inf, -np.inf]
    assert tape.gradient(y, x).numpy().tolist() == [1.0, 0.0, 0.5, 0.5]


X = np.array([[0.5, 1.5, 2.0], [3.0, 0.25, 1.0], [2.0, 2.5, 0.75]])
LINEARISED = {
    "gather": lambda x: tf.gather(x, [2, 0, 2], axis=1) ** 2,
    "gather_nd": lambda x: tf.gather_nd(x, [[0, 1], [2, 2], [0, 1]]) ** 2,
    "scatter_nd": lambda x: tf.scatter_nd([[1], [0], [1]], x, [2, 3]) ** 2,
    "update": lambda x: tf.tensor_scatter_nd_update(x, [[0, 0], [0, 0]], x[1, :2]) ** 2,
    "max": lambda x: tf.tensor_scatter_nd_max(x, [[0], [0]], x[1:]) ** 2,
    "segment_max": lambda x: tf.math.segment_max(x, [0, 0, 1]) ** 2,
    "segment_prod": lambda x: tf.math.segment_prod(x, [0, 0, 1]) ** 2,
    "segment_mean": lambda x: tf.math.segment_mean(x, [0, 0, 1]) ** 2,
    "sort": lambda x: tf.sort(x, axis=0) ** 2,
    "top_k": lambda x: tf.math.top_k(x, 2)[0] ** 2,
    "pad": lambda x: tf.pad(x, [[1, 0], [0, 1]], constant_values=3.0) ** 2,
    "split": lambda x: tf.split(x, [1, 2])[1] ** 2,
    "stitch": lambda x: tf.dynamic_stitch([[0, 1], [1]], [x[:2], x[2:]]) ** 2,
    "mask": lambda x: tf.boolean_mask(x, x > 0.9) ** 2,
}


@pytest.mark.parametrize("function", LINEARISED.values(), ids=LINEARISED)
def test_forward_and_reverse_mode_agree(function):
    x = tf.constant(X)
    direction = tf.constant(np.cos(np.arange(9.0)).reshape(3, 3))
    with tf.autodiff.ForwardAccumulator(x, direction) as outer:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
            total = tf.reduce_sum(y)
        gradient = tf.convert_to_tensor(tape.gradient(total, x))
    step = 1e-6 * direction.numpy()
    ahead, behind = (tf.reduce_sum(function(tf.constant(X + s))).numpy() for s in (step, -step))
    slope = np.sum(gradient.numpy() * direction.numpy())
    np.testing.assert_allclose(outer.jvp(total).numpy(), slope, rtol=1e-12)
    np.testing.assert_allclose((ahead - behind) / 2e-6, slope, rtol=1e-7)
    moved = []
    for s in (step, -step):
        at = tf.constant(X + s)
        with tf.GradientTape() as tape:
            tape.watch(at)
            total = tf.reduce_sum(function(at))
        moved.append(tf.convert_to_tensor(tape.gradient(total, at)).numpy())
    expected = (moved[0] - moved[1]) / 2e-6
    np.testing.assert_allclose(outer.jvp(gradient).numpy(), expected, rtol=1e-6, atol=1e-6)


def test_scipy_is_not_imported():
    code = "import sys, gradtape.tf; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
