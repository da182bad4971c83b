"""grad, value_and_grad, vjp, jvp, linearize, hvp."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import gradtape as gt

X = np.array([0.3, 1.2, -0.7])


def energy(x):
    return np.sum(np.sin(x)) + x[0] * x[1] ** 2


def gradient_of_energy(x):
    g = np.cos(x)
    g[0] += x[1] ** 2
    g[1] += 2 * x[0] * x[1]
    return g


def hessian_of_energy(x):
    h = np.diag(-np.sin(x))
    h[0, 1] = h[1, 0] = 2 * x[1]
    h[1, 1] += 2 * x[0]
    return h


def test_value_and_gradient() -> None:
    value, gradient = gt.value_and_grad(energy)(X)
    assert type(value) is np.float64
    assert type(gradient) is np.ndarray
    np.testing.assert_allclose(value, energy(X))
    np.testing.assert_allclose(gradient, gradient_of_energy(X))
    gradient[0] = 0.0  # it is the caller's own


def test_hessian_vector_product() -> None:
    v = np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(gt.hvp(energy, X, v), hessian_of_energy(X) @ v)
    product = gt.hvp(lambda x, y: x**2 * y, (2.0, 3.0), (1.0, 0.0))
    np.testing.assert_allclose(product, (6.0, 4.0))


def test_products_with_the_jacobian() -> None:
    jacobian = gt.jacobian(lambda x: x[::-1] * x[0])(X)
    value, pull = gt.vjp(lambda x: x[::-1] * x[0], X)
    np.testing.assert_allclose(value, X[::-1] * X[0])
    for v in np.eye(3):
        np.testing.assert_allclose(pull(v)[0], v @ jacobian)
        value, tangent = gt.jvp(lambda x: x[::-1] * x[0], (X,), (v,))
        np.testing.assert_allclose(tangent, jacobian @ v)
    value, push = gt.linearize(lambda x: x[::-1] * x[0], X)
    np.testing.assert_allclose([push(v) for v in np.eye(3)], jacobian.T)
    np.testing.assert_allclose(value, X[::-1] * X[0])


def test_linearize_evaluates_the_function_once() -> None:
    runs = []

    def f(x):
        runs.append(1)
        return np.exp(x)

    _, push = gt.linearize(f, 0.0)
    assert (push(1.0), push(2.0)) == (1.0, 2.0)
    assert len(runs) == 1


@dataclasses.dataclass
class Layer:
    w: object
    b: object


def test_nested_arguments_and_argnums() -> None:
    layer = Layer(np.ones((2, 3)), {"bias": 1.0})

    def loss(scale, layer, x=X):
        return np.sum(layer.w @ x + layer.b["bias"]) * scale

    found = gt.grad(loss, argnums=1)(2.0, layer)
    np.testing.assert_allclose(found.w, [2 * X, 2 * X])
    assert found.b["bias"] == 4.0
    both = gt.grad(loss, argnums=(0, -1))(2.0, layer)
    assert both[0] == loss(1.0, layer)
    np.testing.assert_allclose(both[1].w, found.w)


def test_auxiliary_results() -> None:
    def f(x):
        return x**2, {"x": x, "note": "kept"}

    (value, aux), gradient = gt.value_and_grad(f, has_aux=True)(3.0)
    assert (value, gradient, aux) == (9.0, 6.0, {"x": 3.0, "note": "kept"})
    assert type(aux["x"]) is np.float64
    assert gt.grad(f, has_aux=True)(3.0) == (6.0, {"x": 3.0, "note": "kept"})
    assert gt.vjp(f, 3.0, has_aux=True)[2]["note"] == "kept"


def test_dtypes() -> None:
    assert gt.grad(lambda x: x**2)(3).dtype == np.float64
    assert gt.grad(lambda x: np.sum(x))(X.astype(np.float32)).dtype == np.float32
    z = np.array([1 + 2j, 3 - 1j])
    np.testing.assert_allclose(gt.grad(lambda z: np.sum(np.abs(z) ** 2))(z), 2 * z)


def test_tensors_give_tensors_and_stay_connected() -> None:
    x = gt.Variable(2.0, dtype="float64")
    assert isinstance(gt.grad(lambda x: x**3)(x), gt.Tensor)
    with gt.GradientTape() as tape:
        slope = gt.grad(lambda y: y**3 * x)(x)
    assert tape.gradient(slope, x).numpy() == 9 * 2.0**2


def test_a_variable_read_inside_is_seen_by_the_tape_outside() -> None:
    w = gt.Variable(3.0, dtype="float64")
    with gt.GradientTape() as tape:
        slope = gt.grad(lambda x: w * x**2)(5.0)
    assert slope.numpy() == 30.0
    assert tape.gradient(slope, w).numpy() == 10.0


def test_inner_and_outer_arguments_are_told_apart() -> None:
    """The inner derivative in y is 1, whatever value y has."""
    assert gt.grad(lambda x: x * gt.grad(lambda y: x + y)(x))(2.0) == 1.0
    found = gt.jvp(lambda x: x * gt.jvp(lambda y: x + y, (1.0,), (1.0,))[1], (2.0,), (1.0,))
    assert found == (2.0, 1.0)


def test_every_order_in_every_mode() -> None:
    def f(x):
        return np.exp(2 * x)

    reverse, forward = gt.grad, lambda f: lambda x: gt.jvp(f, (x,), (1.0,))[1]
    for first in (reverse, forward):
        for second in (reverse, forward):
            for third in (reverse, forward):
                assert third(second(first(f)))(0.5) == pytest.approx(8 * np.e)


def test_what_the_value_does_not_depend_on_has_gradient_zero() -> None:
    found = gt.grad(lambda x, y: x * 1.0, argnums=(0, 1))(2.0, X)
    assert found[0] == 1.0
    np.testing.assert_array_equal(found[1], np.zeros(3))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: gt.grad(np.sin)(X), TypeError, r"Return one real number .* got shape \(3,\)"),
        (lambda: gt.grad(lambda z: z)(1j), TypeError, "dtype complex128"),
        (lambda: gt.grad(lambda x: "a")(1.0), TypeError, "Return numbers, arrays or Tensors"),
        (lambda: gt.grad(np.sum)(np.arange(3)), TypeError, r"x.astype\(float\).* dtype int64"),
        (lambda: gt.grad(np.sum)("a"), TypeError, "Pass numbers, arrays or Tensors"),
        (lambda: gt.grad(np.sin, argnums=1)(1.0), ValueError, "argnums within its 1 positional"),
        (lambda: gt.jvp(np.sin, 1.0, 1.0), TypeError, "primals as a tuple"),
        (lambda: gt.jvp(np.sin, (X,), (1.0,)), ValueError, r"tangent of shape \(3,\)"),
        (lambda: gt.vjp(np.sin, X)[1](1.0), ValueError, r"shape of the target, \(3,\)"),
        (lambda: gt.grad(lambda x: x, has_aux=True)(1.0), TypeError, r"Return \(value, aux\)"),
    ],
)
def test_errors(call, error, text) -> None:
    with pytest.raises(error, match=text):
        call()


def test_a_gradient_may_be_written_into_and_is_nobody_elses():
    x, a = np.ones(3), np.arange(3.0)
    kept = []

    def f(x):
        kept.append(x)
        return np.sum(a * x)

    gradient = gt.grad(f)(x)
    gradient += 1.0
    first, second = gt.grad(lambda x, y: np.sum(x + y) * 1.0, (0, 1))(x, x)
    first[:] = 7.0
    np.testing.assert_array_equal(a, [0.0, 1.0, 2.0])
    np.testing.assert_array_equal(second, np.ones(3))
    np.testing.assert_array_equal(kept[0].numpy(), np.ones(3))


def test_what_a_function_returned_is_not_handed_over_twice():
    x = np.ones(3)
    value, pull = gt.vjp(lambda x: x * 2.0, x)
    (first,), (second,) = pull(x), pull(x)
    first[:] = value[:] = 0.0
    np.testing.assert_array_equal(second, 2.0 * np.ones(3))
    np.testing.assert_array_equal(pull(x)[0], 2.0 * np.ones(3))


def test_auxiliary_results_of_maps_along_directions() -> None:
    def f(x):
        return np.sin(x), {"double": 2 * x, "text": "kept"}

    value, tangent, aux = gt.jvp(f, (0.5,), (2.0,), has_aux=True)
    assert (value, tangent) == (np.sin(0.5), 2 * np.cos(0.5))
    assert aux == {"double": 1.0, "text": "kept"}
    value, push, aux = gt.linearize(f, 0.5, has_aux=True)
    assert (value, push(2.0)) == (np.sin(0.5), tangent)
    assert aux == {"double": 1.0, "text": "kept"}
    _, _, aux = gt.vjp(f, 0.5, has_aux=True)
    assert type(aux["double"]) is np.float64  # NumPy in, NumPy out
    with pytest.raises(TypeError, match=r"Return \(value, aux\) .* under jvp with has_aux"):
        gt.jvp(np.sin, (0.5,), (2.0,), has_aux=True)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("grad", lambda f, x: gt.grad(f)(x)),
        ("value_and_grad", lambda f, x: gt.value_and_grad(f)(x)),
        ("hessian", lambda f, x: gt.hessian(f)(x)),
        ("hvp", lambda f, x: gt.hvp(f, x, x)),
    ],
)
def test_errors_name_the_function_that_was_called(name, call) -> None:
    with pytest.raises(TypeError, match=rf"one real number .*: {name} got shape \(2,\)"):
        call(lambda x: x, np.ones(2))
    if name != "hvp":
        with pytest.raises(TypeError, match=f"Return numbers.* that {name} differentiates"):
            call(lambda x: "text", np.ones(2))


def test_argnums_are_integers() -> None:
    with pytest.raises(TypeError, match="Give grad an integer or integers as argnums: got 'x'"):
        gt.grad(np.sin, argnums="x")(1.0)
    assert gt.grad(np.multiply, argnums=np.int64(1))(2.0, 3.0) == 2.0
