"""Gradients that the user writes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradtape as gt


@gt.custom_gradient
def log1pexp(x: Any) -> Any:
    e = np.exp(x)

    def grad(dy: Any) -> Any:
        return dy * (1 - 1 / (1 + e))

    return np.log(1 + e), grad


def test_the_given_gradient_is_used() -> None:
    x = gt.Variable(100.0)
    with gt.GradientTape() as tape, np.errstate(over="ignore"):
        y = log1pexp(x)
    assert tape.gradient(y, x).numpy() == 1.0


def test_without_a_tape_only_the_result_is_returned() -> None:
    y = log1pexp(gt.constant(0.0))
    assert isinstance(y, gt.Tensor)
    np.testing.assert_allclose(y.numpy(), np.log(2), rtol=1e-6)


def test_the_gradient_is_differentiable() -> None:
    x = gt.Variable(1.0, dtype=np.float64)
    with gt.GradientTape() as outer:
        with gt.GradientTape() as inner:
            y = log1pexp(x) * 2.0
        first = inner.gradient(y, x)
    second = outer.gradient(first, x)
    s = 1 / (1 + np.exp(-1.0))
    np.testing.assert_allclose(first.numpy(), 2 * s)
    np.testing.assert_allclose(second.numpy(), 2 * s * (1 - s))
    gt.check_gradients(log1pexp, np.array([0.3, -2.0]))


def test_keyword_arguments() -> None:
    @gt.custom_gradient
    def scaled(x: Any, *, factor: float = 2.0) -> Any:
        return x * factor, lambda dy: dy * factor

    x = gt.Variable(3.0)
    with gt.GradientTape() as tape:
        y = scaled(x, factor=5.0) + scaled(x)
    assert tape.gradient(y, x).numpy() == 7.0
    with gt.GradientTape(), pytest.raises(TypeError, match="Pass 'factor' to .*scaled by position"):
        scaled(3.0, factor=x)


def test_captured_variables() -> None:
    w = gt.Variable([1.0, 2.0], name="w")

    @gt.custom_gradient
    def layer(x: Any) -> Any:
        def grad(dy: Any, variables: Any = None) -> Any:
            assert len(variables) == 1
            assert variables[0] is w
            return np.sum(dy * w), [10.0 * dy * x]

        return x * w, grad

    x = gt.Variable(3.0)
    with gt.GradientTape() as tape:
        y = layer(x)
    gx, gw = tape.gradient(y, [x, w])
    assert gx.numpy() == 3.0
    assert gw.numpy().tolist() == [30.0, 30.0]


def test_captured_variables_need_the_argument() -> None:
    w = gt.Variable(2.0, name="w")

    @gt.custom_gradient
    def bad(x: Any) -> Any:
        return x * w, lambda dy: dy

    with gt.GradientTape(), pytest.raises(TypeError, match="`variables` argument.*reads 'w:0'"):
        bad(gt.constant(1.0))


def test_a_variable_passed_as_argument_needs_none() -> None:
    @gt.custom_gradient
    def product(x: Any, w: Any) -> Any:
        return x * w, lambda dy: (dy * w, dy * x)

    x, w = gt.Variable(2.0), gt.Variable(5.0)
    with gt.GradientTape() as tape:
        y = product(x, w)
    assert [g.numpy() for g in tape.gradient(y, [x, w])] == [5.0, 2.0]


def test_a_captured_tensor_is_warned_about() -> None:
    x = gt.Variable(2.0)

    @gt.custom_gradient
    def f(y: Any) -> Any:
        return y * hidden, lambda dy: dy

    with gt.GradientTape() as tape:
        hidden = x * 3.0
        with pytest.warns(gt.GradientWarning, match="Pass every watched Tensor that .*f reads"):
            z = f(x)
    assert tape.gradient(z, x).numpy() == 1.0


def test_several_outputs() -> None:
    @gt.custom_gradient
    def pair(a: Any, b: Any) -> Any:
        def grad(d_sum: Any, d_product: Any) -> Any:
            return d_sum + d_product * b, d_sum + d_product * a

        return {"sum": a + b, "product": a * b}, grad

    a, b = gt.Variable([1.0, 2.0]), gt.Variable([3.0, 4.0])
    with gt.GradientTape(persistent=True) as tape:
        out = pair(a, b)
        weighted = out["sum"] + 10.0 * out["product"]
    assert tape.gradient(weighted, a).numpy().tolist() == [31.0, 41.0]
    assert tape.gradient(out["product"], b).numpy().tolist() == [1.0, 2.0]


def test_constants_among_the_arguments_and_none() -> None:
    @gt.custom_gradient
    def f(x: Any, n: int, y: Any) -> Any:
        return x * n + y, lambda dy: (dy * n, None, None)

    x, y = gt.Variable(2.0), gt.Variable(1.0)
    with gt.GradientTape() as tape:
        z = f(x, 3, y)
    gx, gy = tape.gradient(z, [x, y])
    assert gx.numpy() == 3.0
    assert gy is None


@pytest.mark.parametrize(
    ("returned", "text"),
    [
        (lambda dy: (dy, dy), "Return 1 cotangents for the arguments of .*got 2"),
        (
            lambda dy: np.ones(3),
            r"Return a cotangent of shape \(2,\) for number 0.*got shape \(3,\)",
        ),
    ],
)
def test_wrong_gradients_are_refused(returned: Any, text: str) -> None:
    @gt.custom_gradient
    def f(x: Any) -> Any:
        return x * 1.0, returned

    x = gt.Variable([1.0, 2.0])
    with gt.GradientTape() as tape:
        y = f(x)
    with pytest.raises(ValueError, match=text):
        tape.gradient(y, x)


def test_what_f_must_return() -> None:
    @gt.custom_gradient
    def f(x: Any) -> Any:
        return x

    with pytest.raises(TypeError, match="Return \\(result, gradient function\\)"):
        f(gt.constant(1.0))


def test_a_plain_result_is_recorded_too() -> None:
    """The body may leave NumPy behind: that is what the decorator is for."""

    @gt.custom_gradient
    def rounded(x: Any) -> Any:
        return np.round(x.numpy()), lambda dy: dy

    x = gt.Variable([1.4, 2.6])
    with gt.GradientTape() as tape:
        y = rounded(x) * 2.0
    assert tape.gradient(y, x).numpy().tolist() == [2.0, 2.0]
