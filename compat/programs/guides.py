"""Programs as TensorFlow's guides on tensors, variables, gradients and functions teach them."""

import numpy as np

from compat.cases import case


def data(shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


@case()
def notebook(tf):
    keras = tf.keras

    def f(x):
        return 3.0 * x**2 + 2.0 * x - 1

    def g(x1, x2):
        return (x1 + 5) * (x2**2)

    answers = []
    x1, x2 = tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape() as tape:
        z = g(x1, x2)
    answers.append(tape.gradient(z, x1))
    try:
        tape.gradient(z, x2)
    except RuntimeError:
        answers.append("once")
    with tf.GradientTape(persistent=True) as tape:
        z = g(x1, x2)
    answers += [tape.gradient(z, x1), tape.gradient(z, x2)]
    x1, x2 = tf.constant(2.0), tf.constant(3.0)
    with tf.GradientTape() as tape:
        z = g(x1, x2)
    answers.append(tape.gradient(z, [x1, x2]))
    x = tf.Variable(5.0)
    with tf.GradientTape() as tape:
        z1 = 3 * x
        z2 = x**2
    answers.append(tape.gradient([z1, z2], x))
    x1, x2 = tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as outer_tape:
        with tf.GradientTape(persistent=True) as inner_tape:
            z = g(x1, x2)
        inner_grads = inner_tape.gradient(z, [x1, x2])
    answers.append([outer_tape.gradient(inner_grad, [x1, x2]) for inner_grad in inner_grads])
    learning_rate, x = 0.1, tf.Variable(0.0)
    for _ in range(100):
        with tf.GradientTape() as tape:
            z = f(x)
        x.assign_sub(learning_rate * tape.gradient(z, x))
    answers.append(x)
    x = tf.Variable(0.0)
    optimizer = keras.optimizers.SGD(learning_rate=learning_rate)
    for _ in range(100):
        with tf.GradientTape() as tape:
            z = f(x)
        optimizer.apply_gradients([(tape.gradient(z, x), x)])
    return [*answers, x]


@case()
def tensors(tf):
    rank_2 = tf.constant([[1, 2], [3, 4], [5, 6]], dtype=tf.float16)
    a, b = tf.constant([[1, 2], [3, 4]]), tf.ones([2, 2], dtype=tf.int32)
    c = tf.constant([[4.0, 5.0], [10.0, 1.0]])
    rank_4 = tf.zeros([3, 2, 4, 5])
    row = tf.constant([0, 1, 1, 2, 3, 5, 8, 13, 21, 34])
    x = tf.reshape(tf.range(12), [3, 4])
    return [
        rank_2,
        tf.add(a, b),
        tf.multiply(a, b),
        tf.matmul(a, b),
        a + b,
        a * b,
        a @ b,
        tf.reduce_max(c),
        tf.math.argmax(c),
        tf.nn.softmax(c),
        rank_4.shape,
        rank_4.shape[-1],
        tf.size(rank_4),
        tf.rank(rank_4),
        tf.shape(rank_4),
        row[0],
        row[1:4],
        row[::2],
        row[::-1],
        row[4:],
        x[:, 1],
        x[-1, :],
        x[1:, ..., ::2],
        tf.reshape(x, [-1]),
        tf.transpose(x),
        tf.cast(tf.constant([2.2, 3.3, 4.4], dtype=tf.float64), dtype=tf.uint8),
        tf.broadcast_to(tf.constant([1, 2, 3]), [3, 3]),
        tf.reshape(tf.constant([1, 2, 3]), [3, 1]) * tf.range(1, 5),
        tf.expand_dims(x, 0).shape,
        tf.convert_to_tensor([1, 2, 3]),
    ]


@case()
def variables(tf):
    my_tensor = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    my_variable = tf.Variable(my_tensor)
    bools = tf.Variable([False, False, True])
    a = tf.Variable([2.0, 3.0])
    b = tf.Variable(a)
    a.assign([5, 6])
    steps = [a.numpy(), b.numpy(), a.assign_add([2, 3]).numpy(), a.assign_sub([7, 9]).numpy()]
    try:
        a.assign([1.0, 2.0, 3.0])
    except ValueError:
        steps.append("shape")
    return [
        my_variable.shape,
        my_variable.dtype,
        my_variable.numpy(),
        tf.convert_to_tensor(my_variable),
        tf.argmax(my_variable),
        tf.reshape(my_variable, [1, 4]),
        bools,
        tf.Variable(my_tensor, name="Mark").name,
        tf.Variable(1, trainable=False).trainable,
        *steps,
    ]


@case()
def gradients(tf):
    w = tf.Variable(data((3, 2)), name="w")
    b = tf.Variable(tf.zeros(2, dtype=tf.float32), name="b")
    x = [[1.0, 2.0, 3.0]]
    with tf.GradientTape(persistent=True) as tape:
        y = x @ w + b
        loss = tf.reduce_mean(y**2)
    [dl_dw, dl_db] = tape.gradient(loss, [w, b])
    named = tape.gradient(loss, {"w": w, "b": b})
    x0 = tf.Variable(3.0, name="x0")
    x1 = tf.Variable(3.0, name="x1", trainable=False)
    x2 = tf.Variable(2.0, name="x2") + 1.0
    x3 = tf.constant(3.0, name="x3")
    with tf.GradientTape() as other:
        y = (x0**2) + (x1**2) + (x2**2)
    unwatched = other.gradient(y, [x0, x1, x2, x3])
    x = tf.linspace(-10.0, 10.0, 11)
    with tf.GradientTape() as sig:
        sig.watch(x)
        y = tf.nn.sigmoid(x)
    return dl_dw, dl_db, named["b"], unwatched, sig.gradient(y, x)


@case()
def gradients_control_flow(tf):
    x = tf.constant(1.0)
    v0, v1 = tf.Variable(2.0), tf.Variable(2.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        result = v0 if x > 0.0 else v1**2
    return tape.gradient(result, [v0, v1]), tape.gradient(result, x)


@case()
def gradients_lost(tf):
    x = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        x2 = x**2
        y = tf.constant(np.mean(x2.numpy(), axis=0))
        z = tf.reduce_mean(y, axis=0)
    v = tf.Variable(2.0)
    answers = [tape.gradient(z, x)]
    for epoch in range(2):
        with tf.GradientTape() as tape:
            y = v + 1
        answers.append(tape.gradient(y, v))
        v = v + 1
    return answers


@case()
def higher_orders(tf):
    x = tf.Variable(1.0)
    with tf.GradientTape() as t2:
        with tf.GradientTape() as t1:
            y = x * x * x
        dy_dx = t1.gradient(y, x)
    return dy_dx, t2.gradient(dy_dx, x)


@case()
def clip_in_custom_gradient(tf):
    @tf.custom_gradient
    def clip_gradients(y):
        def backward(dy):
            return tf.clip_by_norm(dy, 0.5)

        return y, backward

    v = tf.Variable(2.0)
    with tf.GradientTape() as t:
        output = clip_gradients(v * v)
    return t.gradient(output, v)


@case()
def jacobian_of_a_layer(tf):
    x = tf.constant(data((7, 5)))
    w = tf.Variable(data((5, 4), 1))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.nn.relu(x @ w)
    j = tape.jacobian(y, w)
    g = tape.gradient(y, w)
    same = tf.reduce_max(tf.abs(tf.reduce_sum(j, axis=[0, 1]) - g)) < 1e-5
    return j.shape, same, j, tape.batch_jacobian(y, x)


@case()
def newton_step(tf):
    x = tf.constant(data((7, 5), dtype=np.float64))
    w = tf.Variable(data((5, 3), 1, np.float64))
    with tf.GradientTape() as t2:
        with tf.GradientTape() as t1:
            loss = tf.reduce_mean(tf.nn.softplus(x @ w) ** 2)
        g = t1.gradient(loss, w)
    h = t2.jacobian(g, w)
    n = tf.reduce_prod(w.shape)
    matrix = tf.reshape(h, [n, n]) + tf.eye(15, dtype=tf.float64) * 1e-3
    update = tf.linalg.solve(matrix, tf.reshape(g, [n, 1]))
    w.assign_sub(tf.reshape(update, [5, 3]))
    return loss, g, w


@case()
def input_gradient_regularisation(tf):
    x = tf.constant(data((7, 5)))
    w, b = tf.Variable(data((5, 3), 1)), tf.Variable(tf.zeros([3]))
    with tf.GradientTape() as t2:
        with tf.GradientTape(watch_accessed_variables=False) as t1:
            t1.watch(x)
            y = tf.nn.elu(x @ w + b)
            out = tf.reduce_sum(y**2)
        g1 = t1.gradient(out, x)
        g1_mag = tf.norm(g1)
    return g1_mag, t2.gradient(g1_mag, [w, b])


@case()
def function_guide(tf):
    @tf.function
    def dense_layer(x, w, b):
        return tf.add(tf.matmul(x, w), b)

    @tf.function
    def f(x):
        if tf.reduce_sum(x) > 0:
            return x * x
        return -x // 2

    @tf.function
    def fizzbuzz(n):
        count = tf.constant(0)
        for i in tf.range(1, n + 1):
            if i % 15 == 0:
                count += 100
            elif i % 5 == 0:
                count += 10
            elif i % 3 == 0:
                count += 1
        return count

    @tf.function
    def tanh_steps(x):
        while tf.reduce_sum(x) > 1:
            x = tf.tanh(x)
        return x

    return [
        dense_layer(tf.ones([3, 2]), tf.ones([2, 2]), tf.ones([2])),
        f(tf.constant(-2)),
        f(tf.constant(3)),
        fizzbuzz(tf.constant(30)),
        tanh_steps(tf.constant([0.9, 0.7, 0.2])),
    ]


@case()
def dynamic_rnn(tf):
    batch_size, seq_len, features = 2, 3, 4
    inputs = tf.constant(data((batch_size, seq_len, features)))

    @tf.function
    def run(input_data, initial_state):
        states = tf.TensorArray(tf.float32, size=tf.shape(input_data)[1])
        state = initial_state
        data_ = tf.transpose(input_data, [1, 0, 2])
        for i in tf.range(tf.shape(data_)[0]):
            state = tf.tanh(data_[i] + 0.5 * state)
            states = states.write(i, state)
        return tf.transpose(states.stack(), [1, 0, 2])

    with tf.GradientTape() as tape:
        tape.watch(inputs)
        out = run(inputs, tf.zeros([batch_size, features]))
    return out, tape.gradient(out, inputs)


@case()
def modules(tf):
    class Dense(tf.Module):
        def __init__(self, in_features, out_features, name=None):
            super().__init__(name=name)
            self.w = tf.Variable(data((in_features, out_features), in_features), name="w")
            self.b = tf.Variable(tf.zeros([out_features]), name="b")

        def __call__(self, x):
            return tf.nn.relu(tf.matmul(x, self.w) + self.b)

    class SequentialModule(tf.Module):
        def __init__(self, name=None):
            super().__init__(name=name)
            self.dense_1 = Dense(in_features=3, out_features=3)
            self.dense_2 = Dense(in_features=3, out_features=2)

        def __call__(self, x):
            return self.dense_2(self.dense_1(x))

    my_model = SequentialModule(name="the_model")
    x = tf.constant([[2.0, 2.0, 2.0]])
    with tf.GradientTape() as tape:
        y = my_model(x)
    return [
        y,
        [m.name for m in my_model.submodules],
        [(v.name, v.shape) for v in my_model.variables],
        tape.gradient(y, my_model.trainable_variables),
    ]
