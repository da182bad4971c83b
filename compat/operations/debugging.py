"""tf.debugging and tf.test."""

import numpy as np

from compat.cases import case, operation
from compat.operations.control import attempt

X = np.array([[0.5, -1.5, 2.0], [3.0, 0.25, -0.75]], np.float32)
V = np.array([1.0, 2.0, 3.0], np.float32)


def all_of(*functions):
    return [attempt(f) for f in functions]


for _name, _good, _bad in [
    ("equal", V, V + 1),
    ("none_equal", V + 1, V),
    ("greater", V - 1, V),
    ("greater_equal", V, V + 1),
    ("less", V + 1, V),
    ("less_equal", V, V - 1),
]:

    @case(f"assert_{_name}")
    def comparison(tf, name=f"assert_{_name}", good=_good, bad=_bad):
        check = getattr(tf.debugging, name)
        c = tf.constant
        return all_of(
            lambda: check(c(V), c(good)),
            lambda: check(V, good, message="why", summarize=2, name="n"),
            lambda: check(c(V), c(bad)),
            lambda: check(c(V), c(bad), message="why", summarize=-1),
            lambda: check(tf.Variable(V), c(good)),
            lambda: check(2, 2),
            lambda: check(2.0, 3.0),
            lambda: check(c([1, 2]), c([1, 2])),
            lambda: check(c(V), [1.0, 2.0, 3.0]),
            lambda: check(c(X), c(V)),
            lambda: check(c(X), c([1.0, 2.0])),
            lambda: check(c([]), c([])),
        )


@case()
def comparison_dtypes(tf):
    c, d = tf.constant, tf.debugging
    return all_of(
        lambda: d.assert_equal(c(1), c(1.0)),
        lambda: d.assert_equal(c(True), c(True)),
        lambda: d.assert_equal(c(1 + 1j), c(1 + 1j)),
        lambda: d.assert_less(c(True), c(False)),
        lambda: d.assert_equal(c([1, 2]), 1),
        lambda: d.assert_equal(c(float("nan")), c(float("nan"))),
    )


@case()
def error_text_holds_the_message(tf):
    try:
        tf.debugging.assert_equal(tf.constant(1), tf.constant(2), message="look here")
    except tf.errors.InvalidArgumentError as error:
        return "look here" in str(error), "look here" in error.message, error.node_def, error.op


for _name, _good, _bad in [
    ("positive", V, V - 1),
    ("negative", -V, V),
    ("non_negative", V - 1, V - 2),
    ("non_positive", 1 - V, 2 - V),
]:

    @case(f"assert_{_name}")
    def sign(tf, name=f"assert_{_name}", good=_good, bad=_bad):
        check = getattr(tf.debugging, name)
        return all_of(
            lambda: check(tf.constant(good)),
            lambda: check(good.tolist(), message="why", summarize=2),
            lambda: check(tf.constant(bad), message="why"),
            lambda: check(tf.constant(good.astype(np.int32))),
            lambda: check([]),
        )


@case()
def assert_near(tf):
    c, near = tf.constant, tf.debugging.assert_near
    return all_of(
        lambda: near(c(V), c(V)),
        lambda: near(c(V), c(V + 1e-7)),
        lambda: near(c(V), c(V + 1e-4)),
        lambda: near(c(V), c(V + 1e-4), atol=1e-3),
        lambda: near(c(V), c(V + 1e-4), rtol=1e-3, message="why", summarize=3),
        lambda: near(c(V), c(V), rtol=0.0, atol=0.0),
        lambda: near(c(V.astype(np.float64)), c(V.astype(np.float64) + 1e-7)),
        lambda: near(1.0, 1.0 + 1e-7),
    )


@case("Assert")
def assert_(tf):
    return all_of(
        lambda: tf.debugging.Assert(tf.constant(True), [1]),
        lambda: tf.Assert(True, ["x"]),
        lambda: tf.debugging.Assert(tf.constant(False), [tf.constant(V), "x"], summarize=1),
        lambda: tf.debugging.Assert(False, [1, 2.0]),
    )


@case()
def check_numerics(tf):
    check, c = tf.debugging.check_numerics, tf.constant
    return all_of(
        lambda: check(c(V), "m"),
        lambda: check(V, "m", name="n"),
        lambda: check(c([1.0, np.nan]), "m"),
        lambda: check(c([1.0, np.inf]), "m"),
        lambda: check(c([1, 2]), "m"),
        lambda: tf.debugging.assert_all_finite(c(V), "m"),
        lambda: tf.debugging.assert_all_finite(c([np.nan]), "m"),
    )


operation("check_numerics_gradient", lambda tf, x: tf.debugging.check_numerics(x, "m") ** 2, X)


@case()
def types(tf):
    d, c = tf.debugging, tf.constant
    return all_of(
        lambda: d.assert_type(c(1.0), tf.float32),
        lambda: d.assert_type(c(1.0), tf.int32),
        lambda: d.assert_type(1.0, "float32", message="why"),
        lambda: d.assert_type(tf.Variable(1), tf.int32),
        lambda: d.assert_integer(c(1)),
        lambda: d.assert_integer(c(1.0), message="why"),
        lambda: d.assert_integer(3),
        lambda: d.assert_integer(c(True)),
        lambda: d.assert_same_float_dtype(),
        lambda: d.assert_same_float_dtype([c(1.0), None, c(2.0)]),
        lambda: d.assert_same_float_dtype([c(1.0), c(2.0, tf.float64)]),
        lambda: d.assert_same_float_dtype([c(1)]),
        lambda: d.assert_same_float_dtype([c(1.0)], tf.float64),
        lambda: d.assert_same_float_dtype(dtype=tf.float64),
        lambda: d.assert_proper_iterable([c(1)]),
        lambda: d.assert_proper_iterable(c([1])),
        lambda: d.assert_proper_iterable("abc"),
        lambda: d.assert_proper_iterable(V),
        lambda: d.assert_proper_iterable(3),
        lambda: [d.is_numeric_tensor(x) for x in (c(1.0), c(True), 3, V, tf.Variable(1), c(1j))],
    )


@case()
def ranks(tf):
    d, c = tf.debugging, tf.constant
    return all_of(
        lambda: d.assert_rank(c(X), 2),
        lambda: d.assert_rank(c(X), 1, message="why"),
        lambda: d.assert_rank(X.tolist(), tf.constant(2)),
        lambda: d.assert_rank(c(X), 2.0),
        lambda: d.assert_rank(c(X), [2]),
        lambda: d.assert_rank_at_least(c(X), 1),
        lambda: d.assert_rank_at_least(c(X), 3),
        lambda: d.assert_rank_in(c(X), (1, 2)),
        lambda: d.assert_rank_in(c(X), [0, 3], message="why"),
        lambda: d.assert_scalar(c(1.0)),
        lambda: d.assert_scalar(c(V), message="why"),
        lambda: d.assert_scalar(3),
    )


@case()
def shapes(tf):
    check, c = tf.debugging.assert_shapes, tf.constant
    x, q, n = c(X), c(np.ones((3, 2), np.float32)), c(2.0)
    return all_of(
        lambda: check([(x, ("N", "Q")), (q, ("Q", "N"))]),
        lambda: check([(x, ("N", "Q")), (q, ("N", "Q"))]),
        lambda: check([(x, (2, 3))]),
        lambda: check([(x, (2, 4))], message="why"),
        lambda: check([(x, (None, 3)), (q, (3, "."))]),
        lambda: check([(x, ("N", "N"))]),
        lambda: check([(x, ("N",))]),
        lambda: check([(x, (..., "Q")), (q, ("*", "Q", "D"))]),
        lambda: check([(x, (..., 4))]),
        lambda: check([(x, (..., 1, 2, 3))]),
        lambda: check([(x, ("N", ...))]),
        lambda: check([(n, ()), (n, (1,))]),
        lambda: check([(x, ())]),
        lambda: check([(n, ("N",)), (x, ("N", "Q"))]),
        lambda: check([(x, None)]),
        lambda: check([(x, 3)]),
        lambda: check([(x, "NQ"), (q, "QN")]),
        lambda: check([(x, tf.TensorShape([2, 3])), (q, ["3", "2"])]),
        lambda: check([]),
        lambda: check([(x.numpy().tolist(), (2, 3))]),
    )


@case()
def switches(tf):
    return all_of(
        lambda: tf.debugging.is_traceback_filtering_enabled(),
        lambda: tf.debugging.set_log_device_placement(False),
        lambda: tf.debugging.get_log_device_placement(),
    )


@case(rtol=2e-3)
def compute_gradient(tf):
    def f(x, y):
        return x * x * y

    theory, numeric = tf.test.compute_gradient(f, [V, V + 1])
    single = tf.test.compute_gradient(tf.math.sin, (np.array(0.5),), delta=1e-3)
    return theory, numeric, single, type(theory).__name__


@case(rtol=2e-3)
def compute_gradient_complex(tf):
    return tf.test.compute_gradient(lambda z: z * z, [np.array([1 + 2j, 0.5j], np.complex64)])


@case(rtol=2e-3)
def compute_gradient_complex_to_real(tf):
    return tf.test.compute_gradient(tf.math.real, [np.array([1 + 2j], np.complex128)])


@case()
def compute_gradient_wrong(tf):
    return attempt(lambda: tf.test.compute_gradient(tf.math.sin, V))


@case()
def test_case(tf):
    class Tests(tf.test.TestCase):
        def runTest(self):
            pass

    t, c = Tests(), tf.constant
    return all_of(
        lambda: t.assertAllEqual(c([1, 2]), [1, 2]),
        lambda: t.assertAllEqual(c([1, 2]), [1, 3]),
        lambda: t.assertAllEqual(c([1, 2]), [[1, 2]]),
        lambda: t.assertAllClose(c(V), V + 1e-7),
        lambda: t.assertAllClose(c(V), V + 1e-3),
        lambda: t.assertAllClose(c(V), V + 1e-3, atol=1e-2, msg="why"),
        lambda: t.assertAllClose({"a": c(V)}, {"a": V}),
        lambda: t.assertAllClose([c(V), c(X)], [V, X]),
        lambda: t.assertAllClose([c(V), c(X)], [V, X + 1]),
        lambda: t.assertAllClose(c(V), c(X)),
        lambda: t.assertNotAllClose(c(V), V + 1),
        lambda: t.assertNotAllClose(c(V), V),
        lambda: t.assertNotAllEqual(c(V), V + 1),
        lambda: t.assertNotAllEqual(c(V), V),
        lambda: t.assertNear(1.0, 1.1, 0.2),
        lambda: t.assertNear(1.0, 1.1, 0.01),
        lambda: t.assertAllGreater(c(V), 0.0),
        lambda: t.assertAllLess(c(V), 1.0),
        lambda: t.assertShapeEqual(V, c(V)),
        lambda: t.assertDTypeEqual(c(V), np.float32),
        lambda: t.evaluate({"a": c(V)}),
        lambda: t.assertAllCloseAccordingToType(np.float16(1.0), np.float16(1.0005)),
    )
