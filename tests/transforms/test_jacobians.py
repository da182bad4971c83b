"""jacobian, jacfwd, jacrev, hessian, and the tape's jacobian and batch_jacobian."""

from __future__ import annotations

import numpy as np
import pytest

import gradtape as gt

X = np.array([0.5, 1.5, 2.5])
W = np.random.default_rng(0).normal(size=(4, 3))


def f(x):
    return np.tanh(W @ x) * x[0]


def exact(x):
    t = np.tanh(W @ x)
    return (1 - t**2)[:, None] * W * x[0] + np.outer(t, [1, 0, 0])


@pytest.mark.parametrize("transform", [gt.jacobian, gt.jacfwd, gt.jacrev])
@pytest.mark.parametrize("chunk", [None, 1, 2])
def test_both_modes_and_any_chunk(transform, chunk) -> None:
    np.testing.assert_allclose(transform(f, chunk_size=chunk)(X), exact(X), rtol=1e-12)


def test_one_sweep_for_all_rows() -> None:
    """A custom gradient counts how often it is asked."""
    asked = []

    @gt.custom_gradient
    def square(x):
        def gradient(upstream):
            asked.append(1)
            return upstream * 2 * x

        return x**2, gradient

    np.testing.assert_array_equal(gt.jacrev(square)(X), np.diag(2 * X))
    assert len(asked) == 1


def test_shapes_and_structures() -> None:
    def g(a, b):
        return {"sum": np.sum(a) * b, "outer": np.outer(a, a)}

    found = gt.jacobian(g, argnums=(0, 1))(X, 2.0)
    assert found["outer"][0].shape == (3, 3, 3)
    assert found["outer"][1].shape == (3, 3)
    np.testing.assert_array_equal(found["outer"][1], 0)
    np.testing.assert_array_equal(found["sum"][0], [2.0, 2.0, 2.0])
    assert type(found["sum"][1]) is np.float64
    assert gt.jacobian(lambda x: np.floor(x))(X).tolist() == np.zeros((3, 3)).tolist()


def test_structural_zeros_stay_zero_where_a_slope_is_infinite() -> None:
    x = np.array([0.0, 4.0])
    expected = [[np.inf, 0.0], [0.0, 0.25]]
    for transform in (gt.jacfwd, gt.jacrev):
        np.testing.assert_array_equal(transform(np.sqrt)(x), expected)


def test_hessian() -> None:
    def rosenbrock(x):
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    from scipy.optimize import rosen_hess

    x = np.linspace(-1, 1, 12)
    for chunk in (None, 5):
        np.testing.assert_allclose(gt.hessian(rosenbrock, chunk_size=chunk)(x), rosen_hess(x))
    nested = gt.hessian(lambda p: p["a"] ** 2 * np.sum(p["b"]))({"a": 2.0, "b": np.ones(2)})
    assert nested["a"]["a"] == 4.0
    np.testing.assert_array_equal(nested["b"]["a"], [4.0, 4.0])
    np.testing.assert_array_equal(nested["b"]["b"], np.zeros((2, 2)))


def test_jacobians_of_jacobians_and_under_vmap() -> None:
    third = gt.jacobian(gt.hessian(lambda x: np.sum(x**3)))(X)
    expected = np.zeros((3, 3, 3))
    expected[range(3), range(3), range(3)] = 6
    np.testing.assert_allclose(third, expected)
    xs = np.stack([X, 2 * X])
    for transform in (gt.jacfwd, gt.jacrev):
        np.testing.assert_allclose(gt.vmap(transform(f))(xs), [exact(x) for x in xs])
    np.testing.assert_allclose(
        gt.grad(lambda x: np.sum(gt.jacobian(f)(x) ** 2))(X),
        gt.grad(
            lambda x: np.sum(np.stack([gt.grad(lambda y, i=i: f(y)[i])(x) for i in range(4)]) ** 2)
        )(X),
    )


def test_complex_results_go_forward() -> None:
    z = gt.jacobian(lambda t: np.exp(1j * t))(X)
    np.testing.assert_allclose(z, np.diag(1j * np.exp(1j * X)))
    with pytest.raises(TypeError, match="jacfwd for a complex result"):
        gt.jacrev(lambda t: np.exp(1j * t))(X)
    with pytest.raises(TypeError, match="real and imaginary parts as arguments"):
        gt.jacobian(np.exp)(X * 1j)


def test_the_tape_gives_jacobians() -> None:
    x, other = gt.Variable(X), gt.Variable(1.0)
    with gt.GradientTape(persistent=True) as tape:
        y = f(x)
    found = tape.jacobian(y, {"x": x, "other": other})
    np.testing.assert_allclose(found["x"].numpy(), exact(X))
    assert found["other"] is None
    zeros = tape.jacobian(y, other, unconnected_gradients="zero")
    np.testing.assert_array_equal(zeros.numpy(), np.zeros(4))
    np.testing.assert_allclose(tape.jacobian(y, x, chunk_size=3).numpy(), exact(X))
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), exact(X).sum(axis=0))


def test_a_jacobian_is_recorded_by_the_tape_outside() -> None:
    x = gt.Variable(X)
    with gt.GradientTape() as outer:
        with gt.GradientTape() as inner:
            y = x**3
        jacobian = inner.jacobian(y, x)
    np.testing.assert_allclose(outer.gradient(jacobian, x).numpy(), 6 * X)


def test_batch_jacobian() -> None:
    xs = np.stack([X, 2 * X, -X])
    x = gt.constant(xs)
    with gt.GradientTape() as tape:
        tape.watch(x)
        y = np.tanh(x @ W.T) * x[:, :1]
    np.testing.assert_allclose(tape.batch_jacobian(y, x).numpy(), [exact(x) for x in xs])
    with pytest.raises(RuntimeError, match="called once"):
        tape.batch_jacobian(y, x)
    with gt.GradientTape() as tape:
        tape.watch(x)
        y = np.sum(x)
    with pytest.raises(ValueError, match=r"one first axis: got shapes \(\) and \(3, 3\)"):
        tape.batch_jacobian(y, x)


def test_errors() -> None:
    with pytest.raises(ValueError, match="Give chunk_size a positive integer or None: got 0"):
        gt.jacobian(f, chunk_size=0)
    with pytest.raises(ValueError, match="sparsity='detect', a pattern or None: got 'auto'"):
        gt.jacobian(f, sparsity="auto")
    with pytest.raises(TypeError, match="jacobian differentiates: got dtype int64"):
        gt.jacobian(f)(np.arange(3))


@pytest.mark.parametrize("transform", [gt.jacobian, gt.jacfwd, gt.jacrev])
def test_a_buffer_that_the_function_writes_again(transform):
    def f(x):
        buffer = np.zeros(2)
        for factor in (2.0, 3.0):
            buffer[:] = factor
            x = x * buffer
        return x

    np.testing.assert_array_equal(transform(f)(np.ones(2)), 6.0 * np.eye(2))
    np.testing.assert_array_equal(gt.linearize(f, np.ones(2))[1](np.ones(2)), [6.0, 6.0])


def test_what_the_tape_takes_no_jacobian_of() -> None:
    x = gt.Variable([1.0, 2.0])
    with gt.GradientTape(persistent=True) as tape:
        y = x * x
    with pytest.raises(TypeError, match="Give jacobian one Tensor as target.*got dict"):
        tape.jacobian({"y": y}, x)
    with pytest.raises(ValueError, match="Give unconnected_gradients 'none' or 'zero': got 'no'"):
        tape.jacobian(y, x, unconnected_gradients="no")
