"""Fits: lines, polynomials, classes, factors."""

import numpy as np

from compat.cases import case
from compat.programs.guides import data


@case()
def line_by_module(tf):
    """The guide on training loops: y = 3 x + 2."""
    x = tf.linspace(-2.0, 2.0, 201)
    y = x * 3.0 + 2.0 + data((201,))

    class MyModel(tf.Module):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.w = tf.Variable(5.0)
            self.b = tf.Variable(0.0)

        def __call__(self, x):
            return self.w * x + self.b

    model, weights, losses = MyModel(), [], []
    for _ in range(10):
        with tf.GradientTape() as t:
            current_loss = tf.reduce_mean(tf.square(y - model(x)))
        dw, db = t.gradient(current_loss, [model.w, model.b])
        model.w.assign_sub(0.1 * dw)
        model.b.assign_sub(0.1 * db)
        weights.append(model.w.numpy())
        losses.append(current_loss)
    return weights, losses, model.b


@case()
def quadratic(tf):
    """The quickstart of the Core APIs: batches, a tf.function, mean squared error."""
    x = tf.linspace(-2.0, 2.0, 40)
    y = 2.0 * x**2 + x + 1.0 + 0.1 * data((40,))

    class Model(tf.Module):
        def __init__(self):
            self.w_q, self.w_l, self.b = (tf.Variable(v) for v in (0.5, -0.3, 0.2))

        @tf.function
        def __call__(self, x):
            return self.w_q * (x**2) + self.w_l * x + self.b

    def mse_loss(y_pred, y):
        return tf.reduce_mean(tf.square(y_pred - y))

    model, losses = Model(), []
    for epoch in range(30):
        for start in range(0, 40, 10):
            x_batch, y_batch = x[start : start + 10], y[start : start + 10]
            with tf.GradientTape() as tape:
                batch_loss = mse_loss(model(x_batch), y_batch)
            grads = tape.gradient(batch_loss, model.variables)
            for g, v in zip(grads, model.variables):
                v.assign_sub(0.02 * g)
        losses.append(mse_loss(model(x), y).numpy())
    return losses[0], losses[-1], model.w_q, model.w_l, model.b


@case()
def logistic(tf):
    """The Core APIs' logistic regression, with normalisation and accuracy."""
    x_train = data((60, 4))
    y_train = (x_train @ np.array([1.0, -2.0, 0.5, 1.0]) + 0.3 > 0).astype(np.float32)[:, None]
    mean, std = tf.math.reduce_mean(x_train, axis=0), tf.math.reduce_std(x_train, axis=0)
    x = (x_train - mean) / std
    w, b = tf.Variable(tf.zeros([4, 1])), tf.Variable(0.1)

    def log_loss(y_pred, y):
        ce = tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=y_pred)
        return tf.reduce_mean(ce)

    for _ in range(40):
        with tf.GradientTape() as tape:
            loss = log_loss(tf.matmul(x, w) + b, y_train)
        grads = tape.gradient(loss, [w, b])
        for g, v in zip(grads, [w, b]):
            v.assign_sub(0.5 * g)
    predicted = tf.sigmoid(tf.matmul(x, w) + b)
    classes = tf.cast(predicted > 0.5, tf.float32)
    accuracy = tf.reduce_mean(tf.cast(tf.equal(classes, y_train), tf.float32))
    return loss, w, b, accuracy


@case()
def softmax(tf):
    """Multinomial regression on three clusters."""
    centres = np.array([[1, 0, 0], [0, 1.5, 0], [-1, 0, 1]], np.float32)
    labels = np.arange(45) % 3
    x = tf.constant(centres[labels] + 0.5 * data((45, 3)))
    w, b = tf.Variable(tf.zeros((3, 3))), tf.Variable(tf.zeros((3,)))
    for _ in range(30):
        with tf.GradientTape() as tape:
            logits = x @ w + b
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
            loss = tf.reduce_mean(each)
        dw, db = tape.gradient(loss, [w, b])
        w.assign_sub(0.5 * dw)
        b.assign_sub(0.5 * db)
    accuracy = tf.reduce_mean(
        tf.cast(tf.argmax(logits, axis=1) == tf.constant(labels, tf.int64), tf.float32)
    )
    return loss, w, b, accuracy, tf.one_hot(labels[:4], 3)


@case()
def weight_decay(tf):
    x, y = tf.constant(data((20, 3))), tf.constant(data((20, 1), 1))
    w = tf.Variable(tf.ones((3, 1)))
    for _ in range(20):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((x @ w - y) ** 2) + 0.1 * tf.nn.l2_loss(w)
        w.assign_sub(0.1 * tape.gradient(loss, w))
    return loss, w


@case()
def polynomial(tf):
    """Coefficients by the normal equations, through which the nodes get gradients."""
    x = tf.constant(np.linspace(-1, 1, 6))
    y = tf.constant(np.cos(np.linspace(-1, 1, 6)))
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        a = tf.stack([x**k for k in range(4)], axis=1)
        normal = tf.matmul(a, a, transpose_a=True)
        c = tf.linalg.solve(normal, tf.matmul(a, y[:, tf.newaxis], transpose_a=True))
        value = tf.squeeze(tf.math.polyval(tf.unstack(c[::-1]), tf.constant([0.3], tf.float64)))
    return c, value, tape.gradient(value, [x, y])


@case()
def least_squares(tf):
    a, b = tf.constant(data((6, 3), dtype=np.float64)), tf.constant(data((6, 1), 1, np.float64))
    with tf.GradientTape() as tape:
        tape.watch([a, b])
        x = tf.linalg.lstsq(a, b)
        loss = tf.reduce_sum(tf.square(x))
    return x, tape.gradient(loss, [a, b])


@case()
def factorisation(tf):
    """The Core APIs' matrix approximation: a low-rank product by gradient descent."""
    target = tf.constant(data((6, 5), dtype=np.float64))
    u = tf.Variable(0.3 * data((6, 2), 1, np.float64))
    v = tf.Variable(0.3 * data((2, 5), 2, np.float64))
    losses = []
    for _ in range(40):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(target - tf.matmul(u, v)))
        du, dv = tape.gradient(loss, [u, v])
        u.assign_sub(1.0 * du)
        v.assign_sub(1.0 * dv)
        losses.append(loss)
    return losses[0], losses[-1], tf.matmul(u, v)


@case()
def matrix_approximation(tf):
    """The best approximation of rank 2 by singular values."""
    x = tf.constant(data((5, 4), dtype=np.float64))
    s, u, v = tf.linalg.svd(x)
    low = tf.matmul(u[:, :2] * s[:2], v[:, :2], transpose_b=True)
    error = tf.norm(x - low)
    energy = tf.reduce_sum(s[:2] ** 2) / tf.reduce_sum(s**2)
    return s, low, error, energy


@case()
def gaussian_process(tf):
    """The marginal likelihood of a Gaussian process and its gradients."""
    x = np.linspace(0, 4, 7)
    y = tf.constant(np.sin(x)[:, None])
    squared = tf.constant((x[:, None] - x[None, :]) ** 2)
    log_scale, log_amplitude, log_noise = (
        tf.Variable(v, dtype=tf.float64) for v in (0.1, 0.2, -1.0)
    )
    parameters = [log_scale, log_amplitude, log_noise]
    values = []
    for _ in range(5):
        with tf.GradientTape() as tape:
            k = tf.exp(2.0 * log_amplitude) * tf.exp(-0.5 * squared * tf.exp(-2.0 * log_scale))
            k = k + tf.exp(2.0 * log_noise) * tf.eye(7, dtype=tf.float64)
            chol = tf.linalg.cholesky(k)
            alpha = tf.linalg.cholesky_solve(chol, y)
            nll = (
                0.5 * tf.reduce_sum(y * alpha)
                + tf.reduce_sum(tf.math.log(tf.linalg.diag_part(chol)))
                + 3.5 * np.log(2 * np.pi)
            )
        grads = tape.gradient(nll, parameters)
        for g, v in zip(grads, parameters):
            v.assign_sub(0.02 * g)
        values.append(nll)
    return values, grads, parameters


@case()
def principal_components(tf):
    """The first component by power iteration, its gradient through all steps."""
    x = tf.constant(data((12, 3), dtype=np.float64))
    with tf.GradientTape() as tape:
        tape.watch(x)
        centred = x - tf.reduce_mean(x, axis=0, keepdims=True)
        covariance = tf.matmul(centred, centred, transpose_a=True) / 11.0
        v = tf.ones((3, 1), tf.float64)
        for _ in range(30):
            v = tf.matmul(covariance, v)
            v = v / tf.norm(v)
        variance = tf.squeeze(tf.matmul(v, tf.matmul(covariance, v), transpose_a=True))
    return variance, tape.gradient(variance, x), tf.linalg.eigvalsh(covariance)


@case()
def k_means(tf):
    x = tf.constant(np.concatenate([data((8, 2)), data((8, 2), 1) + 4.0]))
    centres = x[::8]
    for _ in range(5):
        distances = tf.reduce_sum(tf.square(x[:, None, :] - centres[None, :, :]), axis=-1)
        nearest = tf.argmin(distances, axis=1)
        centres = tf.math.segment_mean(
            tf.gather(x, tf.argsort(nearest, stable=True)), tf.sort(nearest)
        )
    return centres, nearest, tf.reduce_sum(tf.reduce_min(distances, axis=1))


@case()
def embedding(tf):
    """Words as vectors: gradients are IndexedSlices."""
    table = tf.Variable(data((6, 3)))
    pairs, labels = np.array([[0, 1], [2, 3], [0, 4]]), tf.constant([1.0, 0.0, 1.0])
    for _ in range(5):
        with tf.GradientTape() as tape:
            a, b = tf.gather(table, pairs[:, 0]), tf.nn.embedding_lookup(table, pairs[:, 1])
            logits = tf.reduce_sum(a * b, axis=-1)
            loss = tf.reduce_mean(
                tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
            )
        g = tape.gradient(loss, table)
        table.assign_sub(0.5 * tf.convert_to_tensor(g))
    return loss, table, type(g).__name__


@case()
def huber(tf):
    """A robust line, its loss written with tf.where."""
    x = tf.constant(np.linspace(-1, 1, 11).astype(np.float32))
    y = 2.0 * x + 1.0 + tf.constant(np.where(np.arange(11) == 8, 6.0, 0.0).astype(np.float32))
    w, b = tf.Variable(0.0), tf.Variable(0.0)
    for _ in range(60):
        with tf.GradientTape() as tape:
            error = w * x + b - y
            small = tf.abs(error) < 0.5
            loss = tf.reduce_mean(tf.where(small, 0.5 * error**2, 0.5 * tf.abs(error) - 0.125))
        dw, db = tape.gradient(loss, [w, b])
        w.assign_sub(0.5 * dw)
        b.assign_sub(0.5 * db)
    return loss, w, b
