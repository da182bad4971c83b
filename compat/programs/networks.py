"""Neural networks, written with tf.Module, tf.nn and optimizers."""

import numpy as np

from compat.cases import case
from compat.programs.guides import data


@case()
def multilayer_perceptron(tf):
    """The Core APIs' perceptron: Xavier weights, its own Adam, batches."""

    def xavier(shape, seed):
        limit = np.sqrt(6.0 / sum(shape))
        return np.random.default_rng(seed).uniform(-limit, limit, shape).astype(np.float32)

    class DenseLayer(tf.Module):
        def __init__(self, shape, seed, activation=tf.identity):
            super().__init__()
            self.w = tf.Variable(xavier(shape, seed))
            self.b = tf.Variable(tf.zeros([shape[1]]))
            self.activation = activation

        @tf.function
        def __call__(self, x):
            return self.activation(tf.add(tf.matmul(x, self.w), self.b))

    class MLP(tf.Module):
        def __init__(self, layers):
            super().__init__()
            self.layers = layers

        @tf.function
        def __call__(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    class Adam:
        def __init__(self, learning_rate=1e-2, beta_1=0.9, beta_2=0.999, ep=1e-7):
            self.beta_1, self.beta_2 = beta_1, beta_2
            self.learning_rate, self.ep, self.t = learning_rate, ep, 1.0
            self.v_dvar, self.s_dvar, self.built = [], [], False

        def apply_gradients(self, grads, variables):
            if not self.built:
                for var in variables:
                    self.v_dvar.append(tf.Variable(tf.zeros(shape=var.shape)))
                    self.s_dvar.append(tf.Variable(tf.zeros(shape=var.shape)))
                self.built = True
            for i, (d_var, var) in enumerate(zip(grads, variables)):
                self.v_dvar[i].assign(self.beta_1 * self.v_dvar[i] + (1 - self.beta_1) * d_var)
                self.s_dvar[i].assign(
                    self.beta_2 * self.s_dvar[i] + (1 - self.beta_2) * tf.square(d_var)
                )
                v_bc = self.v_dvar[i] / (1 - (self.beta_1**self.t))
                s_bc = self.s_dvar[i] / (1 - (self.beta_2**self.t))
                var.assign_sub(self.learning_rate * (v_bc / (tf.sqrt(s_bc) + self.ep)))
            self.t += 1.0

    x = tf.constant(data((24, 5)))
    y = tf.constant((data((24, 5)).sum(1) > 0).astype(np.int32))
    mlp = MLP([DenseLayer((5, 8), 1, tf.nn.relu), DenseLayer((8, 2), 2)])
    optimizer, losses = Adam(), []
    for _ in range(15):
        with tf.GradientTape() as tape:
            logits = mlp(x)
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
            )
        grads = tape.gradient(loss, mlp.variables)
        optimizer.apply_gradients(grads, mlp.variables)
        losses.append(loss)
    return losses, len(mlp.variables), logits


@case()
def keras_optimizer(tf):
    """A schedule, a Keras optimizer, a loss and an activation from tf.keras."""
    schedule = tf.keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.9, staircase=True)
    optimizer = tf.keras.optimizers.SGD(learning_rate=schedule, momentum=0.9, nesterov=True)
    loss_fn = tf.keras.losses.MeanSquaredError()
    x, y = tf.constant(data((16, 3))), tf.constant(data((16, 1), 1))
    w, b = tf.Variable(data((3, 1), 2)), tf.Variable(tf.zeros([1]))
    losses = []
    for _ in range(20):
        with tf.GradientTape() as tape:
            loss = loss_fn(y, tf.keras.activations.tanh(x @ w + b))
        grads = tape.gradient(loss, [w, b])
        optimizer.apply_gradients(zip(grads, [w, b]))
        losses.append(loss)
    return losses, w, b, optimizer.iterations.numpy()


@case()
def several_optimizers(tf):
    answers = []
    for name in ("Adam", "RMSprop", "Adagrad", "Adamax", "Nadam", "AdamW"):
        optimizer = getattr(tf.keras.optimizers, name)(learning_rate=0.05)
        v = tf.Variable([1.0, -2.0])
        for _ in range(10):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum((v - 0.5) ** 4)
            optimizer.apply_gradients([(tape.gradient(loss, v), v)])
        answers.append(v)
    return answers


@case()
def clipped(tf):
    """Gradients clipped by their global norm."""
    w1, w2 = tf.Variable(data((4, 4))), tf.Variable(data((4, 1), 1))
    x = tf.constant(data((6, 4), 2))
    norms = []
    for _ in range(5):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((tf.matmul(tf.tanh(x @ w1), w2) - 3.0) ** 2)
        grads, norm = tf.clip_by_global_norm(tape.gradient(loss, [w1, w2]), 1.0)
        for g, v in zip(grads, [w1, w2]):
            v.assign_sub(0.1 * g)
        norms.append(norm)
    return norms, loss, w2


@case()
def autoencoder(tf):
    x = tf.constant(data((10, 6)))
    encoder, decoder = tf.Variable(0.4 * data((6, 2), 1)), tf.Variable(0.4 * data((2, 6), 2))
    losses = []
    for _ in range(20):
        with tf.GradientTape() as tape:
            code = tf.math.tanh(tf.matmul(x, encoder))
            loss = tf.reduce_mean(tf.reduce_sum(tf.square(tf.matmul(code, decoder) - x), axis=1))
        for g, v in zip(tape.gradient(loss, [encoder, decoder]), [encoder, decoder]):
            v.assign_sub(0.02 * g)
        losses.append(loss)
    return losses[0], losses[-1], code


@case()
def convolutional(tf):
    """Two convolutions, pooling, a dense layer."""
    images = tf.constant(data((4, 8, 8, 1)))
    labels = tf.constant([0, 1, 2, 1])
    k1, k2 = tf.Variable(0.3 * data((3, 3, 1, 2), 1)), tf.Variable(0.3 * data((3, 3, 2, 3), 2))
    w, b = tf.Variable(0.3 * data((12, 3), 3)), tf.Variable(tf.zeros([3]))
    parameters = [k1, k2, w, b]
    losses = []
    for _ in range(5):
        with tf.GradientTape() as tape:
            h = tf.nn.relu(tf.nn.conv2d(images, k1, strides=1, padding="SAME"))
            h = tf.nn.max_pool2d(h, ksize=2, strides=2, padding="VALID")
            h = tf.nn.relu(tf.nn.conv2d(h, k2, strides=[1, 1, 1, 1], padding="SAME"))
            h = tf.nn.avg_pool2d(h, 2, 2, "VALID")
            logits = tf.reshape(h, [4, -1]) @ w + b
            loss = tf.reduce_mean(
                tf.nn.softmax_cross_entropy_with_logits(tf.one_hot(labels, 3), logits)
            )
        for g, v in zip(tape.gradient(loss, parameters), parameters):
            v.assign_sub(0.1 * g)
        losses.append(loss)
    return losses, logits, k1


@case()
def batch_normalisation(tf):
    """Written by hand, with moving averages; its gradient with respect to the input too."""
    x = tf.constant(data((6, 3)))
    gamma, beta = tf.Variable(tf.ones([3])), tf.Variable(tf.zeros([3]))
    moving = tf.Variable(tf.zeros([3]), trainable=False)
    with tf.GradientTape() as tape:
        tape.watch(x)
        mean, variance = tf.nn.moments(x, axes=[0])
        y = tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3)
        z = gamma * (x - mean) * tf.math.rsqrt(variance + 1e-3) + beta
        loss = tf.reduce_sum(tf.sin(y) + z**3)
    moving.assign(0.9 * moving + 0.1 * mean)
    return (
        y,
        tf.reduce_max(tf.abs(y - z)) < 1e-5,
        loss,
        tape.gradient(loss, [x, gamma, beta]),
        moving,
    )


@case()
def attention(tf):
    """One head, masked, with a residual connection and layer normalisation."""
    x = tf.constant(data((2, 4, 6)))
    wq, wk, wv = (tf.Variable(0.4 * data((6, 6), seed)) for seed in (1, 2, 3))
    with tf.GradientTape() as tape:
        q, k, v = (tf.einsum("btd,de->bte", x, w) for w in (wq, wk, wv))
        scores = tf.matmul(q, k, transpose_b=True) / tf.math.sqrt(6.0)
        mask = tf.linalg.band_part(tf.ones((4, 4)), -1, 0)
        weights = tf.nn.softmax(scores + (1.0 - mask) * -1e9, axis=-1)
        h = x + tf.matmul(weights, v)
        mean = tf.reduce_mean(h, axis=-1, keepdims=True)
        h = (h - mean) / (tf.math.reduce_std(h, axis=-1, keepdims=True) + 1e-6)
        loss = tf.reduce_sum(tf.nn.gelu(h) ** 2)
    return weights, loss, tape.gradient(loss, [wq, wk, wv])


def _cell(tf, wx, wh, b):
    return lambda state, x: tf.tanh(x @ wx + state @ wh + b)


@case()
def recurrent_by_scan(tf):
    x = tf.constant(data((5, 2, 3)))
    wx, wh = tf.Variable(0.5 * data((3, 4), 1)), tf.Variable(0.5 * data((4, 4), 2))
    b = tf.Variable(tf.zeros([4]))
    with tf.GradientTape() as tape:
        states = tf.scan(_cell(tf, wx, wh, b), x, initializer=tf.zeros([2, 4]))
        loss = tf.reduce_sum(states[-1] ** 2)
    return states, tape.gradient(loss, [wx, wh, b])


@case()
def recurrent_by_loop(tf):
    """The same cell in a Python loop, an LSTM's gates beside it."""
    x = tf.constant(data((5, 2, 3)))
    w = tf.Variable(0.4 * data((7, 16), 1))
    h, c = tf.zeros([2, 4]), tf.zeros([2, 4])
    with tf.GradientTape() as tape:
        for t in range(5):
            i, f, o, g = tf.split(tf.concat([x[t], h], axis=1) @ w, 4, axis=1)
            c = tf.sigmoid(f + 1.0) * c + tf.sigmoid(i) * tf.tanh(g)
            h = tf.sigmoid(o) * tf.tanh(c)
        loss = tf.reduce_mean(h)
    return h, c, tape.gradient(loss, w)


@case()
def adversarial(tf):
    """The fast gradient sign method."""
    w, x = tf.constant(data((5, 3))), tf.constant(data((1, 5), 1))
    label = tf.one_hot([1], 3)
    with tf.GradientTape() as tape:
        tape.watch(x)
        probabilities = tf.nn.softmax(x @ w)
        loss = tf.keras.losses.CategoricalCrossentropy()(label, probabilities)
    signed = tf.sign(tape.gradient(loss, x))
    attacked = tf.clip_by_value(x + 0.1 * signed, -1.0, 1.0)
    return probabilities, loss, signed, tf.nn.softmax(attacked @ w)


@case()
def gradient_penalty(tf):
    """The critic of a Wasserstein GAN: a penalty on the norm of the gradient."""
    real, fake = tf.constant(data((5, 3))), tf.constant(data((5, 3), 1))
    w1, w2 = tf.Variable(0.5 * data((3, 4), 2)), tf.Variable(0.5 * data((4, 1), 3))
    alpha = tf.constant(np.linspace(0.1, 0.9, 5, dtype=np.float32)[:, None])

    def critic(x):
        return tf.nn.leaky_relu(x @ w1) @ w2

    for _ in range(3):
        with tf.GradientTape() as tape:
            mixed = real + alpha * (fake - real)
            with tf.GradientTape() as inner:
                inner.watch(mixed)
                score = critic(mixed)
            slopes = tf.sqrt(tf.reduce_sum(tf.square(inner.gradient(score, mixed)), axis=1))
            penalty = tf.reduce_mean((slopes - 1.0) ** 2)
            loss = tf.reduce_mean(critic(fake)) - tf.reduce_mean(critic(real)) + 10.0 * penalty
        grads = tape.gradient(loss, [w1, w2])
        for g, v in zip(grads, [w1, w2]):
            v.assign_sub(0.01 * g)
    return loss, penalty, grads


@case()
def meta_learning(tf):
    """MAML: the gradient of the loss after an inner step with respect to the first weights."""
    x = tf.constant(np.linspace(-1, 1, 6)[:, None])
    w1, w2 = tf.Variable(data((1, 4), 1, np.float64)), tf.Variable(data((4, 1), 2, np.float64))

    def model(x, w1, w2):
        return tf.sin(x @ w1) @ w2

    with tf.GradientTape() as outer:
        total = 0.0
        for amplitude in (0.5, 2.0):
            y = amplitude * x
            with tf.GradientTape() as inner:
                loss = tf.reduce_mean((model(x, w1, w2) - y) ** 2)
            g1, g2 = inner.gradient(loss, [w1, w2])
            adapted = model(x, w1 - 0.1 * g1, w2 - 0.1 * g2)
            total += tf.reduce_mean((adapted - y) ** 2)
    return total, outer.gradient(total, [w1, w2])


@case()
def custom_activation(tf):
    """A bent identity with the gradient of another function, as for binary networks."""

    @tf.custom_gradient
    def binarise(x):
        def grad(dy):
            return dy * tf.cast(tf.abs(x) <= 1.0, x.dtype)

        return tf.sign(x), grad

    w = tf.Variable(data((3, 3)))
    x, y = tf.constant(data((8, 3), 1)), tf.constant(data((8, 3), 2))
    for _ in range(10):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((x @ binarise(w) - y) ** 2)
        w.assign_sub(0.1 * tape.gradient(loss, w))
    return loss, w


@case()
def dropout_with_mask(tf):
    keep = tf.constant((np.random.default_rng(0).random((4, 6)) > 0.5).astype(np.float32))
    w, x = tf.Variable(data((3, 6))), tf.constant(data((4, 3), 1))
    with tf.GradientTape() as tape:
        h = tf.nn.swish(x @ w) * keep / 0.5
        loss = tf.reduce_logsumexp(h)
    return h, loss, tape.gradient(loss, w)
