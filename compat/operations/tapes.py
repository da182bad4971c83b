"""Tapes, accumulators, custom gradients."""

import warnings

import numpy as np

from compat.cases import case

X = np.array([[0.5, -1.5, 2.0], [3.0, 0.25, -0.75]], np.float32)
V = np.array([1.0, -2.0, 3.0], np.float32)


def quietly(function):
    """`function`, without the warning that an integer has no gradient."""

    def run(tf):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(tf)

    run.__name__, run.__module__ = function.__name__, function.__module__
    return run


def refused(function):
    """Whether `function` raises, for the type of an exception that is an accident there."""
    try:
        function()
    except (TypeError, AttributeError, ValueError, IndexError):
        return "refused"
    return "no error"


def of(tf, function, *values, persistent=False):
    """The constants, a tape that watched them, and the result."""
    sources = [tf.constant(v) for v in values]
    with tf.GradientTape(persistent=persistent) as tape:
        tape.watch(sources)
        y = function(*sources)
    return sources, tape, y


# -- what a tape records -------------------------------------------------------------------------


@case()
def notebook(tf):
    x1, x2 = tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as outer:
        with tf.GradientTape(persistent=True) as inner:
            z = (x1 + 5) * (x2**2)
        first = inner.gradient(z, [x1, x2])
    return first, [outer.gradient(g, [x1, x2]) for g in first]


def _orders(tf, function, x, count):
    x = tf.constant(x)
    tapes = [tf.GradientTape() for _ in range(count)]
    for tape in tapes:
        tape.__enter__()
        tape.watch(x)
    y, found = function(x), []
    for tape in reversed(tapes):
        tape.__exit__(None, None, None)
        y = None if y is None else tape.gradient(y, x)
        found.append(y)
    return found


@case()
def orders_of_product(tf):
    return _orders(tf, lambda x: x * x, 3.0, 3)


@case()
def orders_of_power(tf):
    return _orders(tf, lambda x: x**2, 3.0, 3)


@case()
def orders_of_cube(tf):
    return _orders(tf, lambda x: x**3, 2.0, 4)


@case()
def orders_of_linear(tf):
    return _orders(tf, lambda x: 3.0 * x + 1.0, 2.0, 2)


@case()
def orders_of_exp(tf):
    return _orders(tf, tf.math.exp, 1.0, 3)


@case()
def orders_of_sin(tf):
    return _orders(tf, tf.math.sin, V, 3)


@case()
def orders_of_quotient(tf):
    return _orders(tf, lambda x: 1.0 / x, 2.0, 3)


@case()
def after_the_tape(tf):
    (x,), tape, y = of(tf, lambda x: x * x, 3.0)
    return tape.gradient(-y, x)


@case()
def constants_are_not_watched(tf):
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    return tape.gradient(y, x)


@case()
def watched_after_use(tf):
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        y = x * x
        tape.watch(x)
        z = y + 2.0 * x
    return tape.gradient(z, x)


@case()
def variables_not_accessed(tf):
    v, w = tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(v)
        y = v * v * w
    return tape.gradient(y, [v, w])


@case()
def untrainable(tf):
    v = tf.Variable(2.0, trainable=False)
    with tf.GradientTape(persistent=True) as tape:
        y = v * v
    first = tape.gradient(y, v)
    with tf.GradientTape() as tape:
        tape.watch(v)
        y = v * v
    return first, tape.gradient(y, v)


@case()
def rounding(tf):
    answers = []
    for name in ("floor", "ceil", "round", "rint", "sign"):
        (x,), tape, y = of(tf, getattr(tf.math, name), V)
        answers.append(tape.gradient(y, x))
    return answers


@case()
def names(tf):
    u, v, w = (tf.Variable(1.0, name=name) for name in ("z", "v", "w"))
    with tf.GradientTape() as tape:
        w * v
        v.assign(2.0)
        tape.watch(u)
        v * w
    return [x.name for x in tape.watched_variables()]


@case()
def watched_variables_after_gradient(tf):
    v = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = v * v
    tape.gradient(y, v)
    return len(tape.watched_variables())


@case()
def watched_variables_of_new_tape(tf):
    return len(tf.GradientTape().watched_variables())


@case()
def watch_nested(tf):
    x, y = tf.constant(2.0), tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch({"a": x, "b": [y]})
        z = x * y
    return tape.gradient(z, {"a": x, "b": (y,)})


for _name, _value in [("number", 2.0), ("string", "x"), ("none", None), ("array", V)]:

    @case(f"watch_{_name}")
    def watch_wrong(tf, value=_value):
        with tf.GradientTape() as tape:
            tape.watch(value)


@case()
@quietly
def watch_integer(tf):
    x = tf.constant(3)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    return tape.gradient(y, x)


# -- life of a tape ------------------------------------------------------------------------------


@case()
def second_use(tf):
    (x,), tape, y = of(tf, lambda x: x * x, 3.0)
    tape.gradient(y, x)
    tape.gradient(y, x)


@case()
def jacobian_after_gradient(tf):
    (x,), tape, y = of(tf, lambda x: x * x, V)
    tape.gradient(y, x)
    tape.jacobian(y, x)


@case()
def gradient_after_jacobian(tf):
    (x,), tape, y = of(tf, lambda x: x * x, V)
    tape.jacobian(y, x)
    tape.gradient(y, x)


@case()
def batch_jacobian_after_gradient(tf):
    (x,), tape, y = of(tf, lambda x: x * x, X)
    tape.gradient(y, x)
    tape.batch_jacobian(y, x)


@case()
def persistent_uses(tf):
    (x,), tape, y = of(tf, lambda x: x * x, V, persistent=True)
    return tape.gradient(y, x), tape.jacobian(y, x), tape.gradient(y, x)


@case()
def inside_its_context(tf):
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
        return tape.gradient(y, x)


@case()
def inside_its_context_persistent(tf):
    x = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x**3
        first = tape.gradient(y, x)
    return first, tape.gradient(first, x)


@case()
def inside_its_context_then_on(tf):
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
        first = tape.gradient(y, x)
        z = x * x * x
    return first, tape.gradient(z, x)


@case()
def entered_again(tf):
    x = tf.Variable(3.0)
    tape = tf.GradientTape()
    with tape:
        y = x * x
    with tape:
        z = y * x
    return tape.gradient(z, x)


@case()
def entered_again_persistent(tf):
    x = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
    first = tape.gradient(y, x)
    with tape:
        z = y * x
    return first, tape.gradient(z, x), tape.gradient(y, x)


@case()
def entered_again_after_use(tf):
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    with tape:
        z = y * x
    return tape.gradient(z, x)


@case()
def entered_twice(tf):
    with tf.GradientTape() as tape, tape:
        pass


@case()
def reset(tf):
    x, v = tf.constant(3.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * v
        tape.reset()
        y = y * x + v * v
    return tape.gradient(y, [x, v])


@case()
def reset_outside(tf):
    with tf.GradientTape() as tape:
        pass
    tape.reset()


@case()
def stop_recording(tf):
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
        with tape.stop_recording():
            k = y * x
        z = y + k
    return tape.gradient(z, x)


@case()
def stop_recording_outside(tf):
    with tf.GradientTape() as tape:
        pass
    with tape.stop_recording():
        pass


@case()
def stop_recording_after_use(tf):
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    with tape.stop_recording():
        pass


@case()
def gradient_while_stopped(tf):
    x = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
        with tape.stop_recording():
            first = tape.gradient(y, x)
    return first, tape.gradient(first, x)


@case()
def an_exception_leaves(tf):
    x = tf.Variable(3.0)
    try:
        with tf.GradientTape() as tape:
            y = x * x
            raise KeyError
    except KeyError:
        pass
    return tape.gradient(y, x)


# -- targets and sources -------------------------------------------------------------------------

for _name, _value in [
    ("number", 2.0),
    ("integer", 2),
    ("string", "x"),
    ("none", None),
    ("array", V),
]:

    @case(f"target_{_name}")
    def wrong_target(tf, value=_value):
        (x,), tape, y = of(tf, lambda x: x * x, 3.0)
        return refused(lambda: tape.gradient(value, x))

    @case(f"source_{_name}")
    def wrong_source(tf, value=_value):
        (x,), tape, y = of(tf, lambda x: x * x, 3.0)
        return refused(lambda: tape.gradient(y, value))


@case()
def targets_with_none(tf):
    (x,), tape, y = of(tf, lambda x: x * x, 3.0)
    return tape.gradient([y, None], x)


@case()
def no_targets(tf):
    (x,), tape, y = of(tf, lambda x: x * x, 3.0)
    return tape.gradient([], x)


@case()
def no_sources(tf):
    (x,), tape, y = of(tf, lambda x: x * x, 3.0)
    return tape.gradient(y, [])


@case()
def target_is_source(tf):
    x = tf.constant(V)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
    return tape.gradient(x, x), tape.gradient([x, x], [x])


@case()
def target_is_variable(tf):
    v = tf.Variable(2.0)
    with tf.GradientTape(persistent=True) as tape:
        v * v
    return tape.gradient(v, v)


@case()
def several_targets(tf):
    (x, w), tape, y = of(tf, lambda x, w: [x * w, (x + w, {"a": w * w})], V, V + 1)
    return tape.gradient(y, {"w": w, "x": x})


@case()
def a_target_twice(tf):
    (x,), tape, y = of(tf, lambda x: x * x, 3.0)
    return tape.gradient([y, y], x)


@case()
def a_source_twice(tf):
    (x,), tape, y = of(tf, lambda x: x * x, 3.0)
    return tape.gradient(y, [x, x])


@case()
def a_source_between(tf):
    x = tf.Variable(V)
    with tf.GradientTape() as tape:
        y = x * x
        z = tf.math.exp(y)
    return tape.gradient(z, [y, x])


@case()
def structures(tf):
    (a, b, c), tape, y = of(tf, lambda a, b, c: a * b + c, 1.0, 2.0, 3.0)
    found = tape.gradient(y, ({"z": a, "b": [b]}, c))
    return type(found).__name__, found


@case()
@quietly
def integer_target(tf):
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = tf.cast(x, tf.int32)
    return tape.gradient(y, x)


@case()
@quietly
def through_integers(tf):
    x = tf.Variable(3.5)
    with tf.GradientTape() as tape:
        y = tf.cast(tf.cast(x, tf.int32), tf.float32) * x
    return tape.gradient(y, x)


@case()
def through_float64(tf):
    x = tf.Variable(3.5)
    with tf.GradientTape() as tape:
        y = tf.cast(x, tf.float64) ** 2
    return tape.gradient(y, x)


@case()
@quietly
def integer_variable(tf):
    v, w = tf.Variable(2), tf.Variable([1, 2])
    x = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        y = x * x
    return (
        tape.gradient(y, [v, w]),
        tape.gradient(y, [v, w], unconnected_gradients=tf.UnconnectedGradients.ZERO),
    )


# -- output gradients and unconnected ------------------------------------------------------------


@case()
def output_gradient(tf):
    (x,), tape, y = of(tf, lambda x: x * x, V, persistent=True)
    return [
        tape.gradient(y, x, output_gradients=tf.constant([1.0, 2.0, 3.0])),
        tape.gradient(y, x, output_gradients=[tf.constant([1.0, 2.0, 3.0])]),
        tape.gradient([y], x, output_gradients=[tf.constant(V)]),
        tape.gradient(y, x, output_gradients=np.array([1, 2, 3], np.float32)),
    ]


@case()
def output_gradient_variable(tf):
    (x,), tape, y = of(tf, lambda x: x * x, V)
    return tape.gradient(y, x, output_gradients=tf.Variable(V))


@case()
def output_gradients(tf):
    (x,), tape, (y, z) = of(tf, lambda x: (x * x, x * 3.0), V, persistent=True)
    one, two = tf.constant(V), tf.constant(V * 2)
    return tape.gradient([y, z], x, output_gradients=[one, two]), tape.gradient(
        {"a": y, "b": z}, x, output_gradients={"a": one, "b": two}
    )


@case()
def output_gradients_too_few(tf):
    (x,), tape, (y, z) = of(tf, lambda x: (x * x, x * 3.0), V)
    return tape.gradient([y, z], x, output_gradients=[tf.constant(V)])


@case()
def output_gradients_with_none(tf):
    (x,), tape, (y, z) = of(tf, lambda x: (x * x, x * 3.0), V)
    return tape.gradient([y, z], x, output_gradients=[None, tf.constant(V)])


@case()
def output_gradients_list_of_numbers(tf):
    (x,), tape, y = of(tf, lambda x: x * x, 3.0)
    return tape.gradient(y, x, output_gradients=[2.0])


@case(better="a cotangent of another shape than the target is an error", answer=lambda: None)
def output_gradient_shape(tf):
    (x,), tape, y = of(tf, lambda x: x * x, V)
    try:
        tape.gradient(y, x, output_gradients=tf.constant([1.0, 2.0]))
    except Exception:
        return None
    return "no error"


@case()
def differentiated_output_gradient(tf):
    x, v = tf.constant(V), tf.Variable(V + 1)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = x * x
        g = inner.gradient(y, x, output_gradients=v * v)
    return g, outer.gradient(g, v)


@case()
def unconnected(tf):
    x, w = tf.constant(V), tf.constant(X)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, w])
        y = x * x
    zero = tf.UnconnectedGradients.ZERO
    return [
        tape.gradient(y, w),
        tape.gradient(y, [x, w], unconnected_gradients=zero),
        tape.gradient(y, w, unconnected_gradients="zero"),
        tape.gradient(y, w, unconnected_gradients="none"),
        tape.jacobian(y, w),
        tape.jacobian(y, [x, w]),
    ]


@case()
def unconnected_wrong(tf):
    (x,), tape, y = of(tf, lambda x: x * x, V)
    return tape.gradient(y, x, unconnected_gradients="one")


@case()
def unconnected_members(tf):
    return [m.value for m in tf.UnconnectedGradients], tf.UnconnectedGradients("zero").name


@case()
def unconnected_jacobian_zero(tf):
    x, w = tf.constant(V), tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch([x, w])
        y = x * x
    return tape.jacobian(y, w, unconnected_gradients="zero")


@case()
def unconnected_batch_jacobian(tf):
    x, w = tf.constant(X), tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch([x, w])
        y = x * x
    return tape.batch_jacobian(y, w)


@case()
def unconnected_batch_jacobian_none(tf):
    x, w = tf.constant(X), tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch([x, w])
        y = x * x
    return tape.batch_jacobian(y, w, unconnected_gradients=tf.UnconnectedGradients.NONE)


# -- Jacobians -----------------------------------------------------------------------------------


@case()
def jacobian_shapes(tf):
    (x, v), tape, y = of(tf, lambda x, v: x * v + x, X, V)
    return tape.jacobian(y, [x, {"v": v}])


@case()
def jacobian_of_scalar(tf):
    (x,), tape, y = of(tf, lambda x: tf.reduce_sum(x * x), X)
    return tape.jacobian(y, x)


@case()
def jacobian_by_scalar(tf):
    (x,), tape, y = of(tf, lambda x: tf.constant(X) * x * x, 2.0)
    return tape.jacobian(y, x)


@case()
def jacobian_by_variable(tf):
    v = tf.Variable(V)
    with tf.GradientTape() as tape:
        y = v * v[0]
    return tape.jacobian(y, v)


@case()
def jacobian_without_pfor(tf):
    (x,), tape, y = of(tf, lambda x: x * x, V, persistent=True)
    return tape.jacobian(y, x, experimental_use_pfor=False, parallel_iterations=2)


@case()
def hessian(tf):
    x = tf.constant(V)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.reduce_sum(tf.math.sin(x) * x[0])
        g = inner.gradient(y, x)
    return outer.jacobian(g, x)


@case()
def jacobian_of_number(tf):
    (x,), tape, y = of(tf, lambda x: x * x, V)
    return refused(lambda: tape.jacobian(2.0, x))


@case()
def jacobian_of_list(tf):
    (x,), tape, y = of(tf, lambda x: x * x, V)
    return refused(lambda: tape.jacobian([y], x))


@case()
def jacobian_inside_context(tf):
    x = tf.constant(V)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x**3
        j = tape.jacobian(y, x)
    return j, tape.gradient(j, x)


@case()
def batch_jacobian(tf):
    (x,), tape, y = of(tf, lambda x: x * x * x[:, :1], X)
    return tape.batch_jacobian(y, x)


@case()
def batch_jacobian_higher_rank(tf):
    cube = np.arange(8, dtype=np.float32).reshape(2, 2, 2) - 3
    (x,), tape, y = of(tf, lambda x: x[:, 0] * x[:, 1, :1], cube)
    return tape.batch_jacobian(y, x)


@case()
def batch_jacobian_mismatch(tf):
    (x, v), tape, y = of(tf, lambda x, v: x * x, X, np.ones((3, 3), np.float32))
    return tape.batch_jacobian(y, v)


@case()
def batch_jacobian_scalar(tf):
    (x,), tape, y = of(tf, lambda x: x * x, 2.0)
    return refused(lambda: tape.batch_jacobian(y, x))


@case(
    better="an example may be a scalar",
    answer=lambda: "the diagonal",
)
def batch_jacobian_of_vector(tf):
    (x,), tape, y = of(tf, lambda x: x * x, V)
    found = tape.batch_jacobian(y, x)
    return "the diagonal" if np.array_equal(found, 2 * V) else found


# -- variables -----------------------------------------------------------------------------------


@case()
def reads_around_an_assign(tf):
    v = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = v * v
        v.assign(5.0)
        z = y + v * v
    return z, tape.gradient(z, v)


@case()
def through_an_assign(tf):
    v, x = tf.Variable(3.0), tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = v.assign(x * x)
        z = y * y
    return z, tape.gradient(z, [v, x])


@case()
def assign_follows(tf):
    v = tf.Variable(3.0)
    first = v.assign(4.0)
    v.assign(5.0)
    return first


@case()
def read_value(tf):
    v = tf.Variable(V)
    with tf.GradientTape() as tape:
        y = v.read_value() * v.value() * tf.convert_to_tensor(v)
    return tape.gradient(y, v)


@case()
def conjugate(tf):
    (z,), tape, y = of(tf, lambda z: z**2, np.complex64(1 + 2j))
    return tape.gradient(y, z)


@case()
def complex_to_real(tf):
    (z,), tape, y = of(tf, lambda z: tf.math.real(z * tf.math.conj(z)), np.complex64(1 + 2j))
    return tape.gradient(y, z)


@case()
def real_through_complex(tf):
    (x,), tape, y = of(tf, lambda x: tf.math.imag(tf.math.exp(tf.cast(x, tf.complex64) * 1j)), 0.5)
    return tape.gradient(y, x)


# -- stop_gradient -------------------------------------------------------------------------------


@case()
def stop_gradient(tf):
    (x,), tape, y = of(tf, lambda x: x * tf.stop_gradient(x * x), V)
    return y, tape.gradient(y, x)


@case()
def stop_gradient_of_array(tf):
    return tf.stop_gradient(V), tf.stop_gradient(2.0), tf.stop_gradient(tf.Variable(1))


@case()
def stop_gradient_forward(tf):
    x = tf.constant(V)
    with tf.autodiff.ForwardAccumulator(x, tf.constant(V)) as acc:
        y = x * tf.stop_gradient(x)
    return acc.jvp(y)


# -- custom gradients ----------------------------------------------------------------------------


def _log1pexp(tf):
    @tf.custom_gradient
    def log1pexp(x):
        e = tf.math.exp(x)

        def grad(upstream):
            return upstream * (1 - 1 / (1 + e))

        return tf.math.log(1 + e), grad

    return log1pexp


@case()
def custom(tf):
    (x,), tape, y = of(tf, _log1pexp(tf), np.array([0.0, 100.0], np.float32))
    return y, tape.gradient(y, x)


@case()
def custom_second_order(tf):
    x = tf.constant(V)
    f = _log1pexp(tf)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        g = inner.gradient(y, x)
    return g, outer.gradient(g, x)


@case()
def custom_nested(tf):
    @tf.custom_gradient
    def op(x):
        @tf.custom_gradient
        def first(x):
            return 3.0 * x, lambda ddy: 7.0 * ddy

        return x * x, lambda dy: dy * first(x)

    x = tf.constant(2.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = op(x)
        g = inner.gradient(y, x)
    return y, g, outer.gradient(g, x)


@case()
def custom_two_arguments(tf):
    @tf.custom_gradient
    def bar(x, y):
        def grad(upstream):
            z = x + y
            return upstream * y * 10.0, upstream * z

        return x * y, grad

    (a, b), tape, c = of(tf, bar, V, V + 1)
    return c, tape.gradient(c, [a, b])


@case()
def custom_two_results(tf):
    @tf.custom_gradient
    def split(x):
        return (x * 2.0, x * 3.0), lambda a, b: a + 10.0 * b

    (x,), tape, y = of(tf, split, V, persistent=True)
    return y, tape.gradient(y, x), tape.gradient(y[0], x)


@case()
def custom_list_argument(tf):
    @tf.custom_gradient
    def f(xs):
        return xs[0] * xs[1], lambda dy: [dy * 2.0, dy * 3.0]

    (a, b), tape, y = of(tf, lambda a, b: f([a, b]), 1.0, 2.0)
    return tape.gradient(y, [a, b])


@case()
def custom_none(tf):
    @tf.custom_gradient
    def f(x, n):
        return x * n, lambda dy: (dy * n, None)

    (x,), tape, y = of(tf, lambda x: f(x, 3.0), V)
    return y, tape.gradient(y, x)


@case()
def custom_with_keyword(tf):
    @tf.custom_gradient
    def f(x, scale=2.0):
        return x * scale, lambda dy: dy * 10.0 * scale

    (x,), tape, y = of(tf, lambda x: f(x, scale=3.0), V)
    return y, tape.gradient(y, x)


@case()
def custom_with_parentheses(tf):
    @tf.custom_gradient()
    def f(x):
        return x * 2.0, lambda dy: dy * 10.0

    (x,), tape, y = of(tf, f, V)
    return y, tape.gradient(y, x)


@case()
def custom_wrong_number(tf):
    @tf.custom_gradient
    def f(x, y):
        return x * y, lambda dy: dy

    (a, b), tape, y = of(tf, f, 1.0, 2.0)
    return tape.gradient(y, a)


@case()
def custom_no_gradient_function(tf):
    @tf.custom_gradient
    def f(x):
        return x * 2.0

    return f(tf.constant(1.0))


@case()
def custom_reads_variable(tf):
    v = tf.Variable(2.0)

    @tf.custom_gradient
    def f(x):
        return x * v, lambda dy: dy

    (x,), tape, y = of(tf, f, 1.0)


@case()
def custom_variables(tf):
    v = tf.Variable(2.0)

    @tf.custom_gradient
    def f(x):
        def grad(dy, variables=None):
            return dy * 100.0, [dy * 10.0 for _ in variables]

        return x * v, grad

    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.gradient(y, [x, v])


@case()
def custom_variables_wrong_number(tf):
    v = tf.Variable(2.0)

    @tf.custom_gradient
    def f(x):
        return x * v, lambda dy, variables=None: (dy, [])

    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.gradient(y, [x, v])


@case()
def custom_variable_argument(tf):
    v = tf.Variable(2.0)

    @tf.custom_gradient
    def f(x, w):
        return x * w, lambda dy: (dy * 10.0, dy * 100.0)

    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x, v)
    return tape.gradient(y, [x, v])


@case()
def custom_straight_through(tf):
    @tf.custom_gradient
    def f(x):
        return tf.math.sign(x), lambda dy: dy

    (x,), tape, y = of(tf, f, V)
    return y, tape.gradient(y * y, x), y


@case()
def custom_jacobian(tf):
    (x,), tape, y = of(tf, _log1pexp(tf), V)
    return tape.jacobian(y, x)


@case(
    better="a gradient that the user wrote holds in forward mode too",
    answer=lambda: "as the user wrote",
)
def custom_forward(tf):
    @tf.custom_gradient
    def f(x):
        return x * x, lambda dy: dy * 10.0

    x = tf.constant(V)
    with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 2.0, 3.0])) as acc:
        y = f(x)
    found = acc.jvp(y).numpy()
    return "as the user wrote" if np.array_equal(found, [10.0, 20.0, 30.0]) else "the body's"


@case()
def custom_method(tf):
    class Layer:
        def __init__(self):
            self.scale = 3.0

        @tf.custom_gradient
        def __call__(self, x):
            return x * self.scale, lambda dy: dy * 7.0

    (x,), tape, y = of(tf, Layer(), V)
    return y, tape.gradient(y, x)


@case()
def pass_through(tf):
    (x,), tape, y = of(tf, tf.grad_pass_through(tf.math.sign), V)
    return y, tape.gradient(y, x)


@case()
def pass_through_variable(tf):
    v = tf.Variable(2.0)
    x = tf.constant(V)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.grad_pass_through(lambda t: t * v)(x)
    return y, tape.gradient(y, [x, v])


@case()
def recompute(tf):
    calls = []

    @tf.recompute_grad
    def f(x):
        calls.append(1)
        return tf.math.sin(x) * x

    (x,), tape, y = of(tf, f, V)
    return y, tape.gradient(y, x), len(calls)


@case()
def recompute_variable(tf):
    v = tf.Variable(2.0)
    f = tf.recompute_grad(lambda x: tf.math.sin(x) * v * v)
    x = tf.constant(V)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return y, tape.gradient(y, [x, v])


# -- forward mode --------------------------------------------------------------------------------


@case()
def forward(tf):
    x = tf.constant(V)
    with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 2.0, 3.0])) as acc:
        y = tf.math.sin(x) * x
        z = tf.constant(1.0)
    return acc.jvp(y), acc.jvp(z), acc.jvp(z, "zero"), acc.jvp([x, {"y": y}])


@case()
def forward_variable(tf):
    v = tf.Variable(V)
    with tf.autodiff.ForwardAccumulator(v, tf.constant([1.0, 2.0, 3.0])) as acc:
        y = v * v
    return acc.jvp(y), acc.jvp(v)


@case()
def forward_untrainable(tf):
    v = tf.Variable(V, trainable=False)
    with tf.autodiff.ForwardAccumulator(v, tf.constant([1.0, 2.0, 3.0])) as acc:
        y = v * v
    return acc.jvp(y)


@case()
def forward_several(tf):
    x, w = tf.constant(V), tf.Variable(V + 1)
    with tf.autodiff.ForwardAccumulator(
        primals=[x, w], tangents=[tf.constant(V), tf.constant(V * 2)]
    ) as acc:
        y = x * w
    return acc.jvp(y)


@case()
def forward_nested_structure(tf):
    x, w = tf.constant(V), tf.constant(V + 1)
    with tf.autodiff.ForwardAccumulator(
        {"x": x, "w": [w]}, {"x": tf.constant(V), "w": [tf.constant(V * 2)]}
    ) as acc:
        y = x * w
    return acc.jvp({"y": y})


@case()
def forward_over_forward(tf):
    x = tf.constant(1.5)
    with tf.autodiff.ForwardAccumulator(x, tf.constant(1.0)) as outer:
        with tf.autodiff.ForwardAccumulator(x, tf.constant(1.0)) as inner:
            y = x**3
        first = inner.jvp(y)
    return first, outer.jvp(first), outer.jvp(y)


@case()
def forward_over_reverse(tf):
    v = tf.Variable(V)
    with tf.autodiff.ForwardAccumulator(v, tf.constant([1.0, 0.0, 2.0])) as acc:
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.math.sin(v) * v[0])
        g = tape.gradient(y, v)
    return g, acc.jvp(g)


@case()
def reverse_over_forward(tf):
    x = tf.constant(V)
    with tf.GradientTape() as tape:
        tape.watch(x)
        with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 0.0, 2.0])) as acc:
            y = tf.math.sin(x) * x
        t = acc.jvp(y)
    return t, tape.gradient(t, x)


@case()
def forward_twice(tf):
    x = tf.constant(2.0)
    acc = tf.autodiff.ForwardAccumulator(x, tf.constant(1.0))
    with acc:
        y = x * x
    with acc:
        z = y * x
    return acc.jvp(z)


@case()
def forward_entered_twice(tf):
    x = tf.constant(2.0)
    with tf.autodiff.ForwardAccumulator(x, tf.constant(1.0)) as acc, acc:
        pass


@case()
def forward_duplicate(tf):
    x = tf.constant(2.0)
    tf.autodiff.ForwardAccumulator([x, x], [tf.constant(1.0), tf.constant(1.0)])


@case()
def forward_shape(tf):
    x = tf.constant(V)
    with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 2.0])) as acc:
        y = x * x
    return acc.jvp(y)


@case()
def forward_structure(tf):
    x = tf.constant(V)
    tf.autodiff.ForwardAccumulator([x], [tf.constant(V), tf.constant(V)])


@case()
def forward_dtype(tf):
    x = tf.constant(V)
    with tf.autodiff.ForwardAccumulator(x, tf.constant([1, 2, 3], tf.float64)) as acc:
        y = x * x
    return acc.jvp(y)


@case()
def forward_list_tangent(tf):
    x = tf.constant(V)
    with tf.autodiff.ForwardAccumulator([x], [V]) as acc:
        y = x * x
    return acc.jvp(y)


@case()
def forward_number(tf):
    return refused(lambda: tf.autodiff.ForwardAccumulator(2.0, 1.0))


@case()
def forward_unconnected_wrong(tf):
    x = tf.constant(V)
    with tf.autodiff.ForwardAccumulator(x, tf.constant(V)) as acc:
        y = x * x
    return acc.jvp(y, unconnected_gradients="one")


@case()
def forward_after_exit(tf):
    x = tf.constant(V)
    with tf.autodiff.ForwardAccumulator(x, tf.constant(V)) as acc:
        pass
    return acc.jvp(x * x)


@case()
def forward_through_assign(tf):
    v = tf.Variable(2.0)
    with tf.autodiff.ForwardAccumulator(v, tf.constant(1.0)) as acc:
        y = v * v
        v.assign(5.0)
        z = v * v
    return acc.jvp(y), acc.jvp(z)


@case()
def gathered(tf):
    (x,), tape, y = of(tf, lambda x: tf.gather(x, [0, 1, 0]) ** 2, X, persistent=True)
    z = tape.gradient(y, x)
    return z, tf.convert_to_tensor(z)


@case()
def gathered_twice(tf):
    (x,), tape, y = of(
        tf, lambda x: tf.reduce_sum(tf.gather(x, [0, 1])) + tf.reduce_sum(tf.gather(x, [1]) ** 2), X
    )
    return tape.gradient(y, x)


@case()
def gathered_and_dense(tf):
    (x,), tape, y = of(tf, lambda x: tf.reduce_sum(tf.gather(x, [0, 1])) + tf.reduce_sum(x * x), X)
    return tape.gradient(y, x)
