"""Functions, branches, loops, TensorArray, printing, configuration."""

import os
import tempfile

import numpy as np

from compat.cases import case, operation

X = np.array([[0.5, -1.5, 2.0], [3.0, 0.25, -0.75]], np.float32)
V = np.array([1.0, -2.0, 3.0], np.float32)
I = np.array([3, 1, 2], np.int32)  # noqa: E741


def attempt(function):
    """The answer of `function`, or the type of its exception, also inside a longer answer."""
    from compat.answers import raised

    try:
        return function()
    except Exception as error:
        return raised(error).split()[0]


def refused(*functions):
    """Whether each raises, where the type of the exception is an accident."""
    return ["no error" if not isinstance(attempt(f), str) else "refused" for f in functions]


# -- functions -----------------------------------------------------------------------------------


@case()
def function(tf):
    @tf.function
    def f(x, y=2.0):
        return x * y

    return f(tf.constant(V)), f(tf.constant(V), y=3.0), f(2), f(2.0, 3), f(V), f(np.float64(2.0))


@case()
def function_with_arguments(tf):
    @tf.function(jit_compile=False, autograph=True, reduce_retracing=True)
    def f(x):
        return x + 1

    return f(tf.constant(1)), f.__name__, f.python_function(2)


@case()
def function_called(tf):
    f = tf.function(lambda x: {"a": x, "b": [x * 2, 3, None]})
    return f(tf.constant(1.0))


@case()
def function_returns(tf):
    @tf.function
    def f():
        return 1.5, 2, True, np.array([1.0, 2.0]), None

    return f()


@case()
def function_returns_variable(tf):
    v = tf.Variable(2.0)
    f = tf.function(lambda: v)
    first = f()
    v.assign(3.0)
    return first


@case()
def function_returns_nothing(tf):
    v = tf.Variable(2.0)

    @tf.function
    def f():
        v.assign_add(1.0)

    return f(), v.numpy()


@case()
def function_method(tf):
    class Line(tf.Module):
        def __init__(self):
            super().__init__()
            self.w = None

        @tf.function
        def __call__(self, x):
            if self.w is None:
                self.w = tf.Variable(3.0)
            return self.w * x

        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def double(self, x):
            return 2.0 * x

    line = Line()
    return line(tf.constant(V)), line(2.0), line.double([1, 2]), len(line.variables)


@case()
def function_gradient(tf):
    v = tf.Variable(V)

    @tf.function
    def f(x):
        return tf.reduce_sum(x * v * v)

    x = tf.constant(V)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return y, tape.gradient(y, [x, v])


@case()
def function_with_tape_inside(tf):
    @tf.function
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * x
        return tape.gradient(y, x)

    return f(tf.constant(V))


@case()
def function_signature(tf):
    @tf.function(input_signature=(tf.TensorSpec(shape=[None], dtype=tf.float32),))
    def f(x):
        return x * 2

    return [
        f(tf.constant(V)),
        f([1, 2]),
        f(np.array([1.0, 2.0])),
        attempt(lambda: f(tf.constant([1, 2]))),
        attempt(lambda: f(tf.constant([[1.0]]))),
        attempt(lambda: f(tf.constant([1.0]), tf.constant([1.0]))),
        attempt(lambda: f()),
    ]


@case()
def function_concrete(tf):
    f = tf.function(lambda x: x * x)
    g = f.get_concrete_function(tf.TensorSpec([], tf.float32))
    return g(tf.constant(3.0))


@case()
def function_not_callable(tf):
    tf.function(3)


@case()
def function_control_flow(tf):
    @tf.function
    def f(x):
        total = 0.0
        for i in tf.range(3):
            if x > tf.cast(i, tf.float32):
                total = total + x
            else:
                total = total - x
        while total > 10.0:
            total = total / 2.0
        return total

    return f(tf.constant(1.5)), f(tf.constant(30.0))


@case()
def functions_eagerly(tf):
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        f = tf.function(lambda x: (x * 2, tf.executing_eagerly(), tf.inside_function()))
        return before, f(3), tf.config.functions_run_eagerly()
    finally:
        tf.config.run_functions_eagerly(False)


@case()
def tensor_spec(tf):
    spec = tf.TensorSpec([None, 2], tf.float32, name="x")
    return [
        repr(spec),
        spec.shape,
        spec.dtype,
        spec.name,
        spec == tf.TensorSpec([None, 2], tf.float32, name="x"),
        spec == tf.TensorSpec([None, 2], tf.float64, name="x"),
        spec.is_compatible_with(tf.constant([[1.0, 2.0]])),
        spec.is_compatible_with(tf.constant([1.0, 2.0])),
        repr(tf.TensorSpec.from_tensor(tf.constant(V))),
        repr(tf.TensorSpec(None)),
    ]


@case()
def contexts(tf):
    after = tf.control_dependencies
    with (
        tf.name_scope("a") as name,
        tf.device("CPU:0"),
        tf.init_scope(),
        after([tf.constant(1)]),
        after(None),
    ):
        x = tf.constant(1.0) + 1.0
    return x, name, tf.executing_eagerly(), tf.inside_function(), tf.group(x), tf.no_op()


@case()
def contexts_wrong(tf):
    return attempt(lambda: tf.device(lambda op: "CPU")), attempt(lambda: tf.name_scope(3))


@case()
def do_not_convert(tf):
    f = tf.autograph.experimental.do_not_convert(lambda x: x * 2)
    g = tf.autograph.experimental.do_not_convert()(lambda x: x * 3)
    return f(2), g(2)


@case()
def versions(tf):
    return tf.__version__.split(".")[0], tf.__version__ == tf.version.VERSION


# -- branches ------------------------------------------------------------------------------------


@case()
def cond(tf):
    x, y = tf.constant(2.0), tf.constant(5.0)
    return [
        tf.cond(x < y, lambda: x * y, lambda: x - y),
        tf.cond(x > y, lambda: x * y, lambda: x - y),
        tf.cond(True, lambda: 1, lambda: 2),
        tf.cond(False, true_fn=lambda: (x, [y]), false_fn=lambda: (y, [x])),
        tf.cond(1, lambda: 1, lambda: 2),
        tf.cond(tf.Variable(False), lambda: 1.5, lambda: 2.5),
        tf.cond(True, lambda: [x], lambda: [y]),
        tf.cond(True, lambda: None, lambda: None),
    ]


@case()
def cond_gradient(tf):
    x, w = tf.constant(2.0), tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch([x, w])
        y = tf.cond(x < w, lambda: x * x, lambda: w * w)
    return tape.gradient(y, [x, w])


@case()
def cond_wrong(tf):
    f = lambda: 1
    return [
        attempt(lambda: tf.cond(True, f)),
        attempt(lambda: tf.cond(True, 1, f)),
        attempt(lambda: tf.cond(True, f, 2)),
        attempt(lambda: tf.cond(tf.constant([True, False]), f, f)),
    ]


@case()
def case_(tf):
    x, y, z = tf.constant(1), tf.constant(2), tf.constant(3)
    f, g, h = lambda: 17.0, lambda: 23.0, lambda: -1.0
    return [
        tf.case([(x > y, f), (z > y, g)], default=h),
        tf.case([(x > y, f), (z < y, g)], default=h),
        tf.case([(x < y, f), (z > y, g)]),
        tf.case([(x < y, f), (x > z, g)], default=h, exclusive=True),
        tf.case([(x < y, lambda: (x, y))]),
    ]


@case()
def case_wrong(tf):
    f, t, n = (lambda: 1), tf.constant(True), tf.constant(False)
    return [
        attempt(lambda: tf.case([(n, f)])),
        attempt(lambda: tf.case(3)),
        attempt(lambda: tf.case([f])),
        attempt(lambda: tf.case([(t, f)], default=3)),
        attempt(lambda: tf.case([[t, f]])),
        attempt(lambda: tf.case([])),
    ]


@case(better="exclusive is checked eagerly too", answer=lambda: "InvalidArgumentError")
def case_exclusive(tf):
    f, t = (lambda: 1), tf.constant(True)
    return attempt(lambda: tf.case([(t, f), (t, f)], exclusive=True))


@case()
def switch_case(tf):
    f = [lambda: 10, lambda: 20, lambda: 30]
    answers = [tf.switch_case(tf.constant(i), f) for i in (-1, 0, 1, 2, 3)]
    answers += [tf.switch_case(tf.constant(i), f, default=lambda: 99) for i in (-1, 0, 3)]
    answers.append(tf.switch_case(tf.constant(1), {1: f[0], 0: f[1]}))
    answers.append(tf.switch_case(tf.constant(1), [(1, f[0]), (0, f[1])], default=f[2]))
    return answers


@case()
def switch_case_wrong(tf):
    f, one = (lambda: 1), tf.constant(0)
    return [
        attempt(lambda: tf.switch_case(one, [])),
        attempt(lambda: tf.switch_case(one, {0: f, 2: f})),
        attempt(lambda: tf.switch_case(tf.constant(1.0), [f])),
        attempt(lambda: tf.switch_case(one, [3])),
        attempt(lambda: tf.switch_case(one, [("a", f)])),
        attempt(lambda: tf.switch_case(one, f)),
    ]


# -- loops ---------------------------------------------------------------------------------------


@case()
def while_loop(tf):
    i, x = tf.constant(0), tf.constant(1.5)
    return [
        tf.while_loop(lambda i: i < 10, lambda i: (i + 1,), [i]),
        tf.while_loop(lambda i: i < 10, lambda i: [i + 1], (i,)),
        tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * x), (i, x)),
        tf.while_loop(lambda i, x: i < 3, lambda i, x: [i + 1, x * x], [i, x]),
        tf.while_loop(lambda i, x: True, lambda i, x: (i + 1, x * x), (i, x), maximum_iterations=2),
        tf.while_loop(lambda i: False, lambda i: [i], [i]),
        tf.while_loop(lambda i: i < 3, lambda i: (i + 1,), [0]),
        tf.while_loop(lambda i, d: i < 2, lambda i, d: (i + 1, {"a": d["a"] + 1.0}), [i, {"a": x}]),
        tf.while_loop(lambda i: True, lambda i: [i + 1], [i], maximum_iterations=tf.constant(4)),
    ]


@case()
def while_loop_gradient(tf):
    x = tf.constant(1.5)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        _, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), (0, x))
        _, z = tf.while_loop(
            lambda i, y: i < 3,
            lambda i, y: (i + 1, y * y),
            (tf.constant(0), x),
            shape_invariants=(tf.TensorShape([]), tf.TensorShape([])),
            parallel_iterations=1,
            swap_memory=True,
        )
    return y, z, tape.gradient(y, x), tape.gradient(z, x)


@case()
def while_loop_without_gradient(tf):
    x = tf.constant(1.5)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.while_loop(lambda y: y < 3.0, lambda y: (y * x,), [x], back_prop=False)[0]
    return y, tape.gradient(y, x)


@case()
def while_loop_wrong(tf):
    c, b = (lambda i: i < 3), (lambda i: (i + 1,))
    return [
        attempt(lambda: tf.while_loop(3, b, [0])),
        attempt(lambda: tf.while_loop(c, 3, [0])),
        attempt(lambda: tf.while_loop(c, b, [])),
        attempt(lambda: tf.while_loop(c, lambda i: (i + 1, i), [0])),
        *refused(lambda: tf.while_loop(lambda i, j: i < 3, lambda i, j: i + 1, [0, 1])),
    ]


@case(better="one loop variable need not be packed, as in a graph", answer=lambda: [4])
def while_loop_bare(tf):
    found = tf.while_loop(lambda i: i < 4, lambda i: i + 1, [tf.constant(0)])
    return [int(x) for x in found]


operation("scan", lambda tf, x: tf.scan(lambda a, row: a * row + 0.5, x), X)
operation("scan_sum", lambda tf, x: tf.scan(lambda a, e: a + e * e, x), V)
operation(
    "scan_initializer",
    lambda tf, x, a: tf.scan(lambda a, row: a * tf.reduce_sum(row) + 1.0, x, initializer=a),
    X,
    np.float32(0.5),
)
operation("scan_reverse", lambda tf, x: tf.scan(lambda a, e: a * e, x, reverse=True), V)
operation(
    "scan_reverse_initializer",
    lambda tf, x: tf.scan(lambda a, e: a * e + 1.0, x, tf.constant(2.0), reverse=True),
    V,
)
operation(
    "scan_nested",
    lambda tf, x, y: tf.scan(
        lambda a, e: (a[0] * e["x"], a[1] + a[0] * e["y"]),
        {"x": x, "y": y},
        initializer=(tf.constant(1.0), tf.constant(0.5)),
    ),
    V,
    V + 1,
)
operation("foldl", lambda tf, x: tf.foldl(lambda a, e: a * e + a, x), V)
operation("foldr", lambda tf, x: tf.foldr(lambda a, e: a * 0.5 + e * e, x), V)
operation(
    "foldl_initializer",
    lambda tf, x: tf.foldl(lambda a, row: a + tf.reduce_sum(row * row) * a, x, tf.constant(2.0)),
    X,
)
operation(
    "foldr_initializer", lambda tf, x: tf.foldr(lambda a, e: a * e + 1.0, x, initializer=1.0), V
)
operation("map_fn", lambda tf, x: tf.map_fn(lambda row: row * tf.reduce_sum(row), x), X)
operation(
    "map_fn_nested",
    lambda tf, x, y: tf.map_fn(lambda p: (p[0] * p[1], p[1] - p[0]), (x, y)),
    V,
    V + 1,
)
operation(
    "map_fn_signature",
    lambda tf, x, y: tf.map_fn(
        lambda p: tf.reduce_sum(p[0]) * p[1], (x, y), fn_output_signature=tf.float32
    ),
    X,
    V[:2],
)
operation(
    "vectorized_map", lambda tf, x: tf.vectorized_map(lambda r: r * tf.reduce_sum(r * r), x), X
)
operation(
    "vectorized_map_nested",
    lambda tf, x, y: tf.vectorized_map(
        lambda p: {"a": p[0] * p[1], "b": tf.reduce_sum(p[0])}, (x, y)
    ),
    X,
    V[:2],
)
operation(
    "vectorized_map_captured",
    lambda tf, x, w: tf.vectorized_map(lambda r: tf.reduce_sum(r * w) * r, x),
    X,
    V,
)


@case()
def vectorized_map_of_gradients(tf):
    w = tf.Variable(V)

    def one(row):
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(row * w) ** 2
        return tape.gradient(y, w)

    return tf.vectorized_map(one, tf.constant(X))


@case()
def vectorized_map_constant(tf):
    return tf.vectorized_map(lambda r: tf.constant(2.0), tf.constant(X))


@case()
def vectorized_map_wrong(tf):
    f = lambda r: r
    return [
        *refused(
            lambda: tf.vectorized_map(f, tf.constant(1.0)),
            lambda: tf.vectorized_map(3, tf.constant(V)),
        ),
        attempt(lambda: tf.vectorized_map(f, (tf.constant(V), tf.constant(X)))),
    ]


@case()
def scan_types(tf):
    return [
        tf.scan(lambda a, e: a + e, tf.constant(I)),
        tf.scan(lambda a, e: a + e, np.array([1.0, 2.0])),
        tf.scan(lambda a, e: a + tf.cast(e, tf.float32), tf.constant(I), initializer=0.0),
        tf.foldr(lambda a, e: a - e, tf.constant(I)),
        tf.foldl(lambda a, e: [a[0] + e, a[1] * e], tf.constant(I), initializer=[0, 1]),
    ]


@case()
def scan_wrong(tf):
    f, v = (lambda a, e: a + e), tf.constant(V)
    return [
        *refused(lambda: tf.scan(3, v), lambda: tf.scan(f, tf.constant(1.0))),
        attempt(lambda: tf.scan(lambda a, e: (a, e), v)),
        attempt(lambda: tf.scan(lambda a, e: tf.cast(a, tf.int32), v)),
        *refused(lambda: tf.foldl(3, v), lambda: tf.foldr(f, tf.constant(1.0))),
    ]


@case()
def map_fn_types(tf):
    i, v = tf.constant(I), tf.constant(V)
    return [
        tf.map_fn(lambda e: e * 2, i),
        tf.map_fn(lambda e: tf.cast(e, tf.float32) / 2.0, i, fn_output_signature=tf.float32),
        tf.map_fn(lambda e: tf.cast(e, tf.float32) / 2.0, i, dtype=tf.float32),
        tf.map_fn(lambda e: (e, e > 0), v, fn_output_signature=(tf.float32, tf.bool)),
        tf.map_fn(
            lambda e: {"a": e, "b": 2}, v, fn_output_signature={"a": tf.float32, "b": tf.int32}
        ),
        tf.map_fn(lambda e: 2.0, v),
        tf.map_fn(
            lambda e: e * tf.constant(V), v, fn_output_signature=tf.TensorSpec([3], tf.float32)
        ),
        tf.map_fn(lambda p: p[0] + p[1], (i, i), fn_output_signature=tf.int32),
    ]


@case()
def map_fn_wrong(tf):
    i, v = tf.constant(I), tf.constant(V)
    return [
        attempt(lambda: tf.map_fn(lambda e: tf.cast(e, tf.float32), i)),
        attempt(lambda: tf.map_fn(lambda e: e, tf.constant(1.0))),
        attempt(lambda: tf.map_fn(lambda e: (e, e), v)),
        attempt(lambda: tf.map_fn(lambda e: e[0], (v, v))),
        attempt(lambda: tf.map_fn(lambda e: e, [])),
        *refused(lambda: tf.map_fn(lambda e: e, (v, tf.constant([1.0])))),
    ]


# -- TensorArray ---------------------------------------------------------------------------------


def _written(tf, x, size=3, **options):
    array = tf.TensorArray(tf.float32, size=size, **options)
    for i in range(3):
        array = array.write(i, x[i] * x[i])
    return array


operation("array_stack", lambda tf, x: _written(tf, x).stack(), V)
operation("array_concat", lambda tf, x: _written(tf, tf.stack([x, x * 2, x * 3])).concat(), V)
operation("array_gather", lambda tf, x: _written(tf, x).gather([2, 0, 2]), V)
operation(
    "array_read",
    lambda tf, x: (lambda a: a.read(0) * a.read(2))(_written(tf, x)),
    V,
)
operation("array_unstack", lambda tf, x: tf.TensorArray(tf.float32, 2).unstack(x).read(1), X)
operation(
    "array_scatter",
    lambda tf, x: tf.TensorArray(tf.float32, 4, element_shape=[3]).scatter([3, 1], x).stack(),
    X,
)
operation("array_split", lambda tf, x: tf.TensorArray(tf.float32, 2).split(x, [1, 2]).read(1), V)


@case()
def array_attributes(tf):
    a = _written(tf, tf.constant(V), size=0, dynamic_size=True)
    return a.size(), a.dtype, a.element_shape, a.dynamic_size, a.stack()


@case()
def array_dtypes(tf):
    a = tf.TensorArray(tf.int32, 2).write(0, 1).write(tf.constant(1), 5)
    return a.stack(), a.gather(tf.constant([1])), tf.TensorArray(tf.float32, 0).stack()


@case()
def array_unwritten(tf):
    a = tf.TensorArray(tf.float32, 3).write(1, [1.0, 2.0])
    return a.stack(), a.read(0)


@case()
def array_wrong(tf):
    one = tf.constant(1.0)

    def array(**options):
        return tf.TensorArray(tf.float32, 2, **options).write(0, one).write(1, one)

    def twice(**options):
        a = array(**options)
        return a.read(0), a.read(0)

    return [
        attempt(lambda: twice()),
        attempt(lambda: twice(clear_after_read=False)),
        attempt(lambda: array().read(2)),
        attempt(lambda: array().read(-1)),
        attempt(lambda: array().write(2, one)),
        attempt(lambda: array().write(-1, one)),
        attempt(lambda: array().write(0, tf.constant(1))),
        attempt(lambda: array().write(0, [1.0, 2.0])),
        attempt(lambda: array(infer_shape=False).write(0, [1.0, 2.0]).size()),
        attempt(lambda: array(infer_shape=False).write(0, [1.0, 2.0]).stack()),
        attempt(lambda: array().concat()),
        attempt(lambda: tf.TensorArray(tf.float32)),
        attempt(lambda: tf.TensorArray(tf.float32, 1).unstack([1.0, 2.0])),
        attempt(lambda: tf.TensorArray(tf.float32, 1).read(0)),
        attempt(lambda: tf.TensorArray(tf.float32, 2).split([1.0, 2.0], [1, 2])),
        attempt(lambda: tf.TensorArray(tf.float32, 2).split([1.0, 2.0], 2)),
    ]


@case()
def array_in_a_loop(tf):
    x = tf.constant(0.5)
    with tf.GradientTape() as tape:
        tape.watch(x)
        _, _, a = tf.while_loop(
            lambda i, y, a: i < 3,
            lambda i, y, a: (i + 1, y * x, a.write(i, y)),
            (0, x, tf.TensorArray(tf.float32, 3)),
        )
        y = a.stack()
    return y, tape.gradient(y, x)


# -- Python functions ----------------------------------------------------------------------------


@case()
def py_function(tf):
    x = tf.constant(V)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.py_function(lambda a: a * a, inp=[x], Tout=tf.float32)
    return y, tape.gradient(y, x)


@case()
def py_function_results(tf):
    v = tf.constant(V)
    return [
        tf.py_function(lambda: 3, [], tf.int32),
        tf.py_function(lambda a, b: (a, b), [v, 1], [tf.float32, tf.int32]),
        tf.py_function(lambda a: a.numpy() + 1, [v], tf.float32),
        tf.py_function(lambda a: None, [v], []),
        tf.py_function(lambda a: [a], [v], [tf.float32]),
        tf.py_function(lambda: np.arange(3.0), [], tf.float32),
        attempt(lambda: tf.py_function(lambda a: a, [v], tf.float64)),
        attempt(lambda: tf.py_function(lambda a: a, [v])),
    ]


@case()
def numpy_function(tf):
    x = tf.constant(V)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.numpy_function(np.sinh, [x], tf.float32)
        z = y * x
    return y, tape.gradient(z, x), type(y).__name__ != "ndarray"


@case()
def numpy_function_results(tf):
    v = tf.constant(V)
    return [
        tf.numpy_function(lambda a: (a, a.shape[0]), [v], [tf.float32, tf.int64]),
        tf.numpy_function(lambda a: type(a).__name__ == "ndarray" and a, [v], tf.float32),
        tf.numpy_function(lambda a: a, [v], tf.float64),
        tf.numpy_function(lambda: np.arange(3.0), [], tf.float32),
    ]


# -- printing ------------------------------------------------------------------------------------


def printed(tf, *inputs, **options):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "out")
        tf.print(*inputs, output_stream="file://" + path, **options)
        with open(path) as file:
            return file.read()


@case("print")
def print_(tf):
    c = tf.constant
    return [
        printed(tf, c(1.0)),
        printed(tf, 1.0, 2, "a", None, True),
        printed(tf, "a", c([1.5, 2, 0.1, 1e-10, 123456789.0, 1 / 3]), 3, sep=","),
        printed(tf, c(np.arange(20.0)), summarize=-1),
        printed(tf, c(np.arange(20)), end=""),
        printed(tf, c(np.arange(20).reshape(4, 5))),
        printed(tf, c(np.arange(64.0).reshape(8, 8)), summarize=2),
        printed(tf, c(np.arange(8).reshape(2, 2, 2))),
        printed(tf, c(np.arange(64).reshape(4, 4, 4)), summarize=1),
        printed(tf, {"b": c([1, 2]), "a": "x"}),
        printed(tf, [c(1), 2.5, "q", None], (c(1.0),)),
        printed(tf, tf.Variable(2.0), c(True), c([True, False])),
        printed(tf, c(1 / 3, tf.float64), c(1e20), c(1e6), c(1e7), c(float("nan"))),
        printed(tf, c(0.1, tf.float64), c(np.pi, tf.float64), c(2 / 3, tf.float16), c(-np.inf)),
        printed(tf, c([[1.0, 2.0], [3.0, 4.0]])),
        printed(tf, c(np.zeros((0,)))),
        printed(tf, c(np.float32(16777216.0)), c(0.3), c(1e-5), c(12345.678)),
        printed(tf, c(np.uint8(200)), c(np.int64(-5))),
        tf.print(output_stream=__import__("sys").stderr, end=""),
    ]


@case()
def print_wrong(tf):
    return [
        attempt(lambda: tf.print(1, colour="red")),
        attempt(lambda: tf.print(1, output_stream=3)),
    ]


# -- configuration -------------------------------------------------------------------------------


@case()
def config(tf):
    tf.config.set_soft_device_placement(True)
    return [
        [(d.name, d.device_type) for d in tf.config.list_physical_devices()],
        tf.config.list_physical_devices("GPU"),
        [(d.name, d.device_type) for d in tf.config.experimental.list_physical_devices("CPU")],
        len(tf.config.list_logical_devices("CPU")),
        tf.config.get_soft_device_placement(),
        tf.config.set_visible_devices([], "GPU"),
        tf.config.experimental.set_visible_devices([], "GPU"),
        len(tf.config.get_visible_devices()),
        tf.test.is_gpu_available(),
        tf.test.gpu_device_name(),
        tf.config.threading.get_inter_op_parallelism_threads(),
        attempt(
            lambda: tf.config.experimental.set_memory_growth(
                tf.config.list_physical_devices("CPU")[0], True
            )
        ),
        attempt(lambda: tf.config.set_visible_devices(["nothing"])),
    ]


@case()
def compat(tf):
    return [
        tf.compat.as_bytes("a").decode(),
        tf.compat.as_str(b"b"),
        tf.compat.as_text("c"),
        tf.compat.as_str_any(3),
        attempt(lambda: tf.compat.as_bytes(3)),
        tf.compat.dimension_value(tf.constant(V).shape[0]),
    ]


@case()
def names_and_kinds(tf):
    with tf.name_scope("a"), tf.name_scope("b"):
        scope = tf.get_current_name_scope()
    return [
        scope,
        tf.get_current_name_scope(),
        tf.tuple([tf.constant(1), 2.0]),
        tf.timestamp().dtype,
        tf.is_symbolic_tensor(tf.constant(1)),
        repr(tf.type_spec_from_value(tf.constant(V))),
        repr(tf.type_spec_from_value(np.zeros(2))),
        tf.get_logger().name,
        attempt(lambda: tf.gradients(tf.constant(1.0), tf.constant(1.0))),
        attempt(lambda: tf.hessians(tf.constant(1.0), tf.constant(1.0))),
    ]


@case()
def error_codes(tf):
    e = tf.errors
    kinds = [e.InvalidArgumentError, e.NotFoundError, e.OutOfRangeError, e.UnimplementedError]
    return [e.OK, e.UNAUTHENTICATED, *[kind(None, None, "text").error_code for kind in kinds]]


@case(
    better="functions run eagerly: the branch that was not taken is not connected",
    answer=lambda: ["a number", "None"],
)
def cond_in_a_function(tf):
    x, w = tf.constant(2.0), tf.constant(3.0)
    f = tf.function(lambda: tf.cond(x < w, lambda: x * x, lambda: w * w))
    with tf.GradientTape() as tape:
        tape.watch([x, w])
        y = f()
    return ["None" if g is None else "a number" for g in tape.gradient(y, [x, w])]
