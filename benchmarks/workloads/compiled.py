"""Compiled functions: a formula, a notebook cell, a descent, logsumexp, a polynomial, options."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.workload import Work, Workload, within
from benchmarks.workloads import cell, million
from benchmarks.workloads.ways import FIRST_CALL, compiled_works, faster, no_more_memory

# -- a formula at a million points ---------------------------------------------------------------


def _formula_tensorflow(tf: Any, v: Any) -> Any:
    return tf.reduce_sum(tf.exp(tf.sin(v)) * tf.math.log(v) + tf.sqrt(v))


_FORMULA = {"numpy": million.f, "torch": million.f, "tensorflow": _formula_tensorflow}
FORMULA = Workload(
    name="compiled-million",
    title="Compiled: value and gradient of sum(exp(sin v) * log v + sqrt v), a million float64",
    works=compiled_works(_FORMULA, lambda: [million._points()]),
    expected=lambda: million._numpy()(),
    rtol=1e-10,
    targets=(faster(2.0), no_more_memory()),
    warmups=compiled_works(_FORMULA, lambda: [million._points()[:10]]),
    limits=FIRST_CALL,
)

# -- the notebook's cell -------------------------------------------------------------------------


def _cell_gradtape() -> Work:
    import gradtape as gt

    gradients = gt.function(gt.grad(cell.g, argnums=(0, 1)))
    x1, x2 = np.float32(2.0), np.float32(3.0)
    return lambda: gradients(x1, x2)


def _cell_jax() -> Work:
    import jax

    gradients = jax.jit(jax.grad(cell.g, argnums=(0, 1)))
    x1, x2 = jax.numpy.float32(2.0), jax.numpy.float32(3.0)
    return lambda: jax.block_until_ready(gradients(x1, x2))


def _cell_casadi() -> Work:
    import casadi

    x1, x2 = casadi.SX.sym("x1"), casadi.SX.sym("x2")
    z = cell.g(x1, x2)
    gradients = casadi.Function("g", [x1, x2], [casadi.gradient(z, x1), casadi.gradient(z, x2)])
    return lambda: [np.float32(part) for part in map(float, gradients(2.0, 3.0))]


def _cell_tensorflow() -> Work:
    import tensorflow as tf

    @tf.function
    def gradients(x1: Any, x2: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([x1, x2])
            z = cell.g(x1, x2)
        return tape.gradient(z, [x1, x2])

    x1, x2 = tf.constant(2.0), tf.constant(3.0)
    return lambda: gradients(x1, x2)


CELL = Workload(
    name="compiled-cell",
    title="Compiled: both gradients of the notebook's (x1 + 5) * x2 ** 2",
    works={
        "gradtape": _cell_gradtape,
        "jax-jit": _cell_jax,
        "casadi": _cell_casadi,
        "tensorflow-xla": _cell_tensorflow,
    },
    expected=lambda: [np.float32(9.0), np.float32(42.0)],
    rtol=1e-6,
    targets=(faster(2.0), within(3e-6, "3 µs")),
    note="TensorFlow by tf.function without XLA, which is slower here. CasADi computes in float64.",
    limits=(
        "the native code takes a twentieth of the time. The rest is Python: the key of the "
        "arguments, numbers into and out of their cells, and two calls."
    ),
)

# -- gradient descent ----------------------------------------------------------------------------

STEPS, RATE = 100, 0.1


def _quadratic(x: Any) -> Any:
    return 3.0 * x**2 + 2.0 * x - 1.0


def _descent_gradtape() -> Work:
    import gradtape as gt

    @gt.function
    def descend(x: Any) -> Any:
        for _ in range(STEPS):
            with gt.GradientTape() as tape:
                tape.watch(x)
                y = _quadratic(x)
            x = x - RATE * tape.gradient(y, x)
        return x

    start = gt.constant(np.float32(0.0))
    return lambda: descend(start)


def _descent_jax() -> Work:
    import jax

    slope = jax.grad(_quadratic)

    @jax.jit
    def descend(x: Any) -> Any:
        return jax.lax.fori_loop(0, STEPS, lambda _, x: x - RATE * slope(x), x)

    start = jax.numpy.float32(0.0)
    return lambda: jax.block_until_ready(descend(start))


def _descent_tensorflow() -> Work:
    import tensorflow as tf

    @tf.function(jit_compile=True)
    def descend(x: Any) -> Any:
        for _ in range(STEPS):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = _quadratic(x)
            x = x - RATE * tape.gradient(y, x)
        return x

    start = tf.constant(0.0)
    return lambda: descend(start)


DESCENT = Workload(
    name="compiled-descent",
    title="Compiled: 100 steps of gradient descent on 3x^2 + 2x - 1, float32, in one function",
    works={
        "gradtape": _descent_gradtape,
        "jax-jit": _descent_jax,
        "tensorflow-xla": _descent_tensorflow,
    },
    expected=lambda: np.float32(-1 / 3),
    rtol=1e-6,
    targets=(faster(2.0), within(6e-6, "6 µs")),
    limits="the same as for `compiled-cell`, and a chain of 400 operations, each of which waits.",
)

# -- logsumexp -----------------------------------------------------------------------------------


def _logsumexp_numpy(np: Any, x: Any) -> Any:
    return np.logaddexp.reduce(x)


def _logsumexp_jax(jnp: Any, x: Any) -> Any:
    from jax.scipy.special import logsumexp

    return logsumexp(x)


def _logsumexp_torch(torch: Any, x: Any) -> Any:
    return torch.logsumexp(x, 0)


def _logsumexp_tensorflow(tf: Any, x: Any) -> Any:
    return tf.reduce_logsumexp(x)


_LOGSUMEXP = {
    "numpy": _logsumexp_numpy,
    "jax": _logsumexp_jax,
    "torch": _logsumexp_torch,
    "tensorflow": _logsumexp_tensorflow,
}


def _normal(size: int) -> Any:
    return np.random.default_rng(0).standard_normal(size)


def _softmax(size: int) -> Any:
    x = _normal(size)
    exp = np.exp(x - np.max(x))
    total = np.sum(exp)
    return np.log(total) + np.max(x), exp / total


def _logsumexp(size: int) -> Workload:
    return Workload(
        name=f"compiled-logsumexp-{size}",
        title=f"Compiled: value and gradient of logsumexp at {size:,} float64",
        works=compiled_works(_LOGSUMEXP, lambda: [_normal(size)]),
        expected=partial(_softmax, size),
        rtol=1e-10,
        targets=(faster(2.0), no_more_memory()),
        warmups=compiled_works(_LOGSUMEXP, lambda: [_normal(10)]),
        limits=(
            "two exponentials of each number, one for the sum and one for the gradient, are two "
            f"thirds of the time: to keep the first would take another array. And {FIRST_CALL}"
        ),
    )


# -- a polynomial --------------------------------------------------------------------------------

POINTS, COEFFICIENTS = 16_392, 128


def _samples() -> Any:
    rng = np.random.default_rng(0)
    return rng.uniform(-1.0, 1.0, POINTS), rng.standard_normal(POINTS)


_T, _Y = _samples()


def _horner(np: Any, c: Any) -> Any:
    """The squared error of the polynomial with coefficients `c`, by Horner's rule."""
    value = c[0]
    for k in range(1, COEFFICIENTS):
        value = value * _T + c[k]
    return np.sum((value - _Y) ** 2)


def _horner_scan(jnp: Any, c: Any) -> Any:
    import jax

    value, _ = jax.lax.scan(lambda value, ck: (value * _T + ck, None), jnp.zeros(POINTS), c)
    return jnp.sum((value - _Y) ** 2)


_TORCH: dict[str, Any] = {}


def _horner_torch(torch: Any, c: Any) -> Any:
    if not _TORCH:
        _TORCH.update(t=torch.tensor(_T), y=torch.tensor(_Y))
    t, value = _TORCH["t"], c[0]
    for k in range(1, COEFFICIENTS):
        value = value * t + c[k]
    return torch.sum((value - _TORCH["y"]) ** 2)


def _polynomial() -> Any:
    c = _normal(COEFFICIENTS)
    powers = np.vander(_T, COEFFICIENTS)
    left = powers @ c - _Y
    return left @ left, 2.0 * (left @ powers)


POLYNOMIAL = Workload(
    name="compiled-polynomial",
    title="Compiled: value and gradient of a least squares polynomial, 16,392 points, 128 "
    "coefficients",
    works=compiled_works(
        {"numpy": _horner, "jax": _horner_scan, "torch": _horner_torch},
        lambda: [_normal(COEFFICIENTS)],
    ),
    expected=_polynomial,
    rtol=1e-9,
    targets=(faster(4.0, ("jax-jit",)),),
    note="By Horner's rule; in JAX by lax.scan, for without it XLA compiles for minutes.",
)

WORKLOADS = (
    FORMULA,
    CELL,
    DESCENT,
    _logsumexp(2_500),
    _logsumexp(1_280_000),
    POLYNOMIAL,
)
