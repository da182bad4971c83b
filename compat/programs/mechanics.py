"""Physics, recursions, numerical methods."""

import numpy as np

from compat.cases import case
from compat.programs.guides import data


@case()
def damped_oscillator(tf):
    """Mass, damping and stiffness fitted to a trajectory, by Euler steps."""
    times = np.linspace(0, 4, 21)
    seen = tf.constant(np.exp(-0.3 * times) * np.cos(2.0 * times))
    damping, stiffness = tf.Variable(0.3, dtype=tf.float64), tf.Variable(3.0, dtype=tf.float64)
    losses = []
    for _ in range(15):
        with tf.GradientTape() as tape:
            x, v, path = tf.constant(1.0, tf.float64), tf.constant(-0.3, tf.float64), []
            for _ in range(21):
                path.append(x)
                for _ in range(4):
                    a = -damping * v - stiffness * x
                    v = v + 0.05 * a
                    x = x + 0.05 * v
            loss = tf.reduce_mean((tf.stack(path) - seen) ** 2)
        d1, d2 = tape.gradient(loss, [damping, stiffness])
        damping.assign_sub(0.5 * d1)
        stiffness.assign_sub(0.5 * d2)
        losses.append(loss)
    return losses[0], losses[-1], damping, stiffness


@case()
def double_pendulum(tf):
    """Accelerations from a Lagrangian: two tapes and a Jacobian."""
    q, qt = tf.constant([0.4, -0.2], tf.float64), tf.constant([0.1, 0.3], tf.float64)

    def lagrangian(q, v):
        kinetic = v[0] ** 2 + 0.5 * v[1] ** 2 + v[0] * v[1] * tf.cos(q[0] - q[1])
        return kinetic + 9.8 * (2.0 * tf.cos(q[0]) + tf.cos(q[1]))

    with tf.GradientTape(persistent=True) as outer:
        outer.watch([q, qt])
        with tf.GradientTape() as inner:
            inner.watch([q, qt])
            energy = lagrangian(q, qt)
        dq, dv = inner.gradient(energy, [q, qt])
    mass, mixed = outer.jacobian(dv, qt), outer.jacobian(dv, q)
    force = tf.expand_dims(dq - tf.linalg.matvec(mixed, qt), 1)
    return energy, mass, tf.squeeze(tf.linalg.solve(mass, force), 1)


@case()
def hamiltonian(tf):
    """Leapfrog steps; the energy stays, and the end has a gradient in the start."""
    q0, p0 = tf.constant(0.7, tf.float64), tf.constant(0.2, tf.float64)

    def force(q):
        with tf.GradientTape() as tape:
            tape.watch(q)
            potential = 1.0 - tf.cos(q)
        return -tape.gradient(potential, q)

    with tf.GradientTape() as tape:
        tape.watch([q0, p0])
        q, p = q0, p0
        for _ in range(20):
            p = p + 0.05 * force(q)
            q = q + 0.1 * p
            p = p + 0.05 * force(q)
    energy = [0.5 * b**2 + 1.0 - tf.cos(a) for a, b in ((q0, p0), (q, p))]
    return q, p, energy, tape.gradient(q, [q0, p0])


@case()
def neural_ode(tf):
    w1, w2 = tf.Variable(0.5 * data((2, 5), 1)), tf.Variable(0.5 * data((5, 2), 2))
    x0 = tf.constant([[1.0, 0.0], [0.5, -0.5]])
    losses = []
    for _ in range(5):
        with tf.GradientTape() as tape:
            _, x = tf.while_loop(
                lambda i, x: i < 8,
                lambda i, x: (i + 1, x + 0.125 * tf.matmul(tf.tanh(x @ w1), w2)),
                (tf.constant(0), x0),
            )
            loss = tf.reduce_mean(tf.square(x - tf.constant([[0.0, 1.0], [0.5, 0.5]])))
        for g, v in zip(tape.gradient(loss, [w1, w2]), [w1, w2]):
            v.assign_sub(0.3 * g)
        losses.append(loss)
    return losses, x


@case()
def kalman(tf):
    """The likelihood of a local level, its gradient in both variances."""
    seen = tf.constant(np.cumsum(data((12,), dtype=np.float64)))
    log_q, log_r = tf.Variable(0.0, dtype=tf.float64), tf.Variable(-1.0, dtype=tf.float64)
    with tf.GradientTape() as tape:
        q, r = tf.exp(log_q), tf.exp(log_r)
        mean, variance = tf.constant(0.0, tf.float64), tf.constant(10.0, tf.float64)
        total = tf.constant(0.0, tf.float64)
        for y in tf.unstack(seen):
            variance = variance + q
            spread, error = variance + r, y - mean
            total += tf.math.log(spread) + error**2 / spread
            gain = variance / spread
            mean, variance = mean + gain * error, (1.0 - gain) * variance
    return total, mean, variance, tape.gradient(total, [log_q, log_r])


@case()
def forward_algorithm(tf):
    """A hidden Markov model's likelihood in logarithms, by tf.scan."""
    start, move, show = data((3,)), tf.Variable(data((3, 3), 1)), tf.Variable(data((3, 4), 2))
    seen = tf.constant([0, 3, 1, 1, 2])
    with tf.GradientTape() as tape:
        log_move, log_show = tf.nn.log_softmax(move), tf.nn.log_softmax(show)
        emitted = tf.transpose(tf.gather(log_show, seen, axis=1))
        first = tf.nn.log_softmax(start) + emitted[0]
        alphas = tf.scan(
            lambda a, e: tf.reduce_logsumexp(a[:, None] + log_move, axis=0) + e,
            emitted[1:],
            initializer=first,
        )
        likelihood = tf.reduce_logsumexp(alphas[-1])
    return likelihood, tape.gradient(likelihood, [move, show])


@case()
def newton(tf):
    """Rosenbrock's valley by Newton's method, the Hessian from nested tapes."""
    x, path = tf.Variable([-1.2, 1.0], dtype=tf.float64), []
    for _ in range(7):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                y = 100.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2
            g = inner.gradient(y, x)
        h = outer.jacobian(g, x)
        x.assign_sub(tf.squeeze(tf.linalg.solve(h, g[:, None]), axis=1))
        path.append(y)
    return tf.stack(path), x


@case()
def hessian_vector_product(tf):
    """Forward over reverse, reverse over forward, and a directional difference of gradients."""
    x, v = tf.constant([0.5, -1.0, 2.0], tf.float64), tf.constant([1.0, 0.5, -0.25], tf.float64)

    def f(x):
        return tf.reduce_sum(tf.sin(x) * tf.roll(x, 1, 0)) + tf.reduce_prod(x)

    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        return tape.gradient(y, x)

    with tf.autodiff.ForwardAccumulator(x, v) as acc:
        g = gradient(x)
    forward_over_reverse = acc.jvp(g)
    with tf.GradientTape() as tape:
        tape.watch(x)
        with tf.autodiff.ForwardAccumulator(x, v) as acc:
            y = f(x)
        slope = acc.jvp(y)
    reverse_over_forward = tape.gradient(slope, x)
    difference = (gradient(x + 1e-5 * v) - gradient(x - 1e-5 * v)) / 2e-5
    close = tf.reduce_max(tf.abs(difference - reverse_over_forward)) < 1e-8
    return forward_over_reverse, reverse_over_forward, close


@case()
def conjugate_gradients(tf):
    """A linear system solved by products with the matrix, written with tf.while_loop."""
    m = data((5, 5), dtype=np.float64)
    a, b = tf.constant(m @ m.T + 5 * np.eye(5)), tf.constant(data((5,), 1, np.float64))

    def body(i, x, r, p, rr):
        ap = tf.linalg.matvec(a, p)
        alpha = rr / tf.tensordot(p, ap, 1)
        x, r = x + alpha * p, r - alpha * ap
        new = tf.tensordot(r, r, 1)
        return i + 1, x, r, r + new / rr * p, new

    with tf.GradientTape() as tape:
        tape.watch([a, b])
        start = (0, tf.zeros_like(b), b, b, tf.tensordot(b, b, 1))
        _, x, *_ = tf.while_loop(lambda i, *_: i < 5, body, start)
        norm = tf.reduce_sum(x**2)
    residual = tf.norm(tf.linalg.matvec(a, x) - b)
    return x, residual < 1e-9, tape.gradient(norm, b)


@case()
def numerical_check(tf):
    """The first cell of the notebook against a tape, and tf.test."""

    def f(x):
        return tf.reduce_sum(tf.exp(-(x**2)) * tf.math.cumsum(x))

    x = tf.constant(np.array([0.3, -0.7, 1.1]))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    theory, numeric = tf.test.compute_gradient(f, [x], delta=1e-4)
    return tape.gradient(y, x), theory, bool(np.abs(theory[0] - numeric[0]).max() < 1e-7)


@case()
def laplacian(tf):
    """A physics-informed loss: the residual of u'' = -u at points, trained for two steps."""
    x = tf.constant(np.linspace(0, 1, 6)[:, None])
    w1, b1 = tf.Variable(data((1, 4), 1, np.float64)), tf.Variable(data((4,), 2, np.float64))
    w2 = tf.Variable(data((4, 1), 3, np.float64))
    parameters, losses = [w1, b1, w2], []
    for _ in range(3):
        with tf.GradientTape() as tape:
            with tf.GradientTape() as second:
                second.watch(x)
                with tf.GradientTape() as first:
                    first.watch(x)
                    u = tf.tanh(x @ w1 + b1) @ w2
                ux = first.gradient(u, x)
            uxx = second.gradient(ux, x)
            loss = tf.reduce_mean((uxx + u) ** 2) + (u[0, 0] - 1.0) ** 2
        for g, v in zip(tape.gradient(loss, parameters), parameters):
            v.assign_sub(0.01 * g)
        losses.append(loss)
    return losses, uxx


@case()
def svgd(tf):
    """Particles moved deterministically towards a Gaussian: Stein variational gradient descent."""
    x = tf.Variable(np.linspace(-3.0, 1.0, 6)[:, None])
    for _ in range(10):
        with tf.GradientTape() as tape:
            log_p = tf.reduce_sum(-0.5 * (x - 1.0) ** 2)
        score = tape.gradient(log_p, x)
        points = tf.constant(x.numpy())
        with tf.GradientTape() as tape:
            tape.watch(points)
            k = tf.exp(-0.5 * (points - tf.transpose(tf.stop_gradient(points))) ** 2)
            total = tf.reduce_sum(k)
        repulsion = -tape.gradient(total, points)
        x.assign_add(0.3 * (tf.matmul(k, score) + repulsion) / 6.0)
    return x, tf.reduce_mean(x), tf.math.reduce_variance(x)


@case()
def spectrum(tf):
    """A filter fitted in the frequency domain."""
    signal = tf.constant(data((8,)))
    gain = tf.Variable(tf.ones([5]))
    target = tf.constant(np.roll(data((8,)), 0) * 0.5)
    for _ in range(10):
        with tf.GradientTape() as tape:
            spectrum = tf.signal.rfft(signal) * tf.cast(gain, tf.complex64)
            loss = tf.reduce_sum((tf.signal.irfft(spectrum) - target) ** 2)
        gain.assign_sub(0.02 * tape.gradient(loss, gain))
    return loss, gain


@case()
def momentum(tf):
    """Heavy ball by hand, on an ill-conditioned quadratic."""
    scales = tf.constant([1.0, 25.0])
    x, velocity, path = tf.Variable([2.0, 1.0]), tf.Variable([0.0, 0.0]), []
    for _ in range(25):
        with tf.GradientTape() as tape:
            y = 0.5 * tf.reduce_sum(scales * x**2)
        velocity.assign(0.8 * velocity - 0.03 * tape.gradient(y, x))
        x.assign_add(velocity)
        path.append(y)
    return path[-1], x, velocity


@case()
def per_example_gradients(tf):
    w, x = tf.Variable(data((3, 2))), tf.constant(data((4, 3), 1))

    def loss_of(row):
        return tf.reduce_sum(tf.tanh(tf.linalg.matvec(w, row, transpose_a=True)) ** 2)

    def gradient_of(row):
        with tf.GradientTape() as tape:
            loss = loss_of(row)
        return tape.gradient(loss, w)

    each = tf.vectorized_map(gradient_of, x)
    mapped = tf.map_fn(gradient_of, x)
    with tf.GradientTape(persistent=True) as tape:
        losses = tf.stack([loss_of(row) for row in x])
    return each, tf.reduce_max(tf.abs(each - mapped)) < 1e-6, tape.jacobian(losses, w)
