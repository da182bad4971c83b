"""checkpoint: the same gradients with less memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import gradtape as gt


def body(x, w):
    return np.tanh(x @ w) + np.sin(x) * x[0], np.sum(w)


def loss(step, x, w):
    y, total = step(x, w)
    return np.sum(y**2) * total


RNG = np.random.default_rng(0)
X, W = RNG.normal(size=4), RNG.normal(size=(4, 4))


def test_gradients_of_every_order_are_those_of_the_function_itself() -> None:
    for transform in (
        gt.grad,
        gt.hessian,
        lambda f: gt.grad(lambda x, w: np.sum(gt.grad(f)(x, w))),
    ):
        expected = transform(lambda x, w: loss(body, x, w))(X, W)
        got = transform(lambda x, w: loss(gt.checkpoint(body), x, w))(X, W)
        np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_forward_mode() -> None:
    expected = gt.jvp(lambda x: loss(body, x, W), (X,), (X,))
    got = gt.jvp(lambda x: loss(gt.checkpoint(body), x, W), (X,), (X,))
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_variables_and_watched_tensors_that_it_reads_get_gradients() -> None:
    v, c = gt.Variable(3.0, dtype="float64"), gt.constant(np.float64(2.0))
    with gt.GradientTape() as tape:
        tape.watch(c)
        y = gt.checkpoint(lambda x: x * v * c)(gt.Variable(5.0, dtype="float64"))
    assert [g.numpy() for g in tape.gradient(y, [v, c])] == [10.0, 15.0]


def test_under_vmap() -> None:
    xs = RNG.normal(size=(3, 4))
    expected = [gt.grad(lambda w, x=x: loss(body, x, w))(W) for x in xs]
    step = gt.checkpoint(body)
    got = gt.vmap(gt.grad(lambda w, x: loss(step, x, w)), in_axes=(None, 0))(W, xs)
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    total = gt.grad(lambda w: np.sum(gt.vmap(lambda x: loss(step, x, w))(xs)))(W)
    np.testing.assert_allclose(total, np.sum(expected, axis=0), rtol=1e-12)


def test_it_runs_again_only_when_a_gradient_is_taken() -> None:
    runs = []

    @gt.checkpoint
    def step(x):
        runs.append(1)
        return np.exp(x)

    x = gt.Variable(0.0)
    with gt.GradientTape(persistent=True) as tape:
        y = step(x)
    assert len(runs) == 1
    assert tape.gradient(y, x).numpy() == 1.0
    assert len(runs) == 2
    step(x)
    assert len(runs) == 3


def test_memory_is_that_of_the_results() -> None:
    def step(x):
        for _ in range(20):
            x = np.sin(x)
        return x

    def peak(step) -> int:
        x = gt.constant(np.ones(10_000))
        tracemalloc.start()
        with gt.GradientTape() as tape:
            tape.watch(x)
            y = x
            for _ in range(10):
                y = step(y)
            tape.gradient(y, x)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(gt.checkpoint(step)) < peak(step) / 4


def test_a_variable_assigned_since_is_an_error() -> None:
    v = gt.Variable(3.0)
    with gt.GradientTape() as tape:
        y = gt.checkpoint(lambda x: x * v)(gt.constant(1.0))
    v.assign(4.0)
    with pytest.raises(RuntimeError, match="Take the gradient before assigning"):
        tape.gradient(y, v)


def test_integers_and_other_things_pass_through() -> None:
    x = gt.Variable([1.0, 2.0, 3.0])
    with gt.GradientTape() as tape:
        y, label = gt.checkpoint(lambda x, i, name: (x[i], name))(x, gt.constant([0, 2]), "a")
    assert label == "a"
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [1, 0, 1])
