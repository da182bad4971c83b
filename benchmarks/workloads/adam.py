"""A hundred steps of Adam over fifty small variables, by the library's optimizer."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workload import Target, Work, Workload

STEPS, COUNT, LENGTH = 100, 50, 10
RATE = 0.01


def _starts() -> Any:
    return np.linspace(-1, 1, COUNT * LENGTH, dtype=np.float32).reshape(COUNT, LENGTH)


def _gradients() -> Any:
    return 2 + np.cos(3 * _starts())  # not near 0, where libraries put epsilon differently


def _tape(variable: Any, constant: Any, optimizers: Any) -> Work:
    gradients = [constant(g) for g in _gradients()]

    def work() -> Any:
        variables = [variable(w) for w in _starts()]
        optimizer = optimizers.Adam(learning_rate=RATE)
        for _ in range(STEPS):
            optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return np.stack([v.numpy() for v in variables])

    return work


def _gradtape() -> Work:
    import gradtape

    return _tape(gradtape.Variable, gradtape.constant, gradtape.optimizers)


def _tensorflow() -> Work:
    import keras
    import tensorflow

    return _tape(tensorflow.Variable, tensorflow.constant, keras.optimizers)


def _torch() -> Work:
    import torch

    def work() -> Any:
        variables = [torch.tensor(w, requires_grad=True) for w in _starts()]
        for variable, gradient in zip(variables, _gradients(), strict=True):
            variable.grad = torch.from_numpy(gradient)
        optimizer = torch.optim.Adam(variables, lr=RATE, eps=1e-7)
        for _ in range(STEPS):
            optimizer.step()
        return np.stack([v.detach().numpy() for v in variables])

    return work


def _expected() -> Any:
    w, g = _starts().astype(float), _gradients().astype(float)
    m = v = 0.0
    for t in range(1, STEPS + 1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        w = w - RATE * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-7)
    return w.astype(np.float32)


WORKLOAD = Workload(
    name="adam",
    title=f"{STEPS} steps of Adam over {COUNT} variables of {LENGTH} entries",
    works={"gradtape": _gradtape, "torch": _torch, "tensorflow": _tensorflow},
    expected=_expected,
    rtol=1e-4,
    targets=(
        Target("at least 5x faster than Keras", ("tensorflow",), 5.0),
        Target("as fast as PyTorch", ("torch",), 1.0),
    ),
    note="The gradients are constant: only the updates count. TensorFlow by keras.optimizers.Adam.",
)
