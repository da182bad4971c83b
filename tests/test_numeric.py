"""Differences, and the checker tried on rules that are wrong on purpose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradtape as gt


def f(x: Any) -> Any:
    return 3.0 * x**2 + 2.0 * x - 1


def g(x1: Any, x2: Any) -> Any:
    return (x1 + 5) * (x2**2)


def test_the_notebook_to_the_last_digit() -> None:
    assert gt.approximate_derivative(f, 1.0) == 7.999999999999119
    assert gt.approximate_gradient(g, 2.0, 3.0) == (8.999999999993236, 41.999999999994486)


@pytest.mark.parametrize(
    ("method", "tolerance"),
    [("central", 1e-5), ("forward", 1e-2), ("complex-step", 1e-15), ("adaptive", 1e-10)],
)
def test_methods(method: Any, tolerance: float) -> None:
    def value(found: Any) -> Any:
        return found.value if method == "adaptive" else found

    def smooth(x: Any) -> Any:
        return np.exp(np.sin(x)) * x

    def slope(x: Any) -> Any:
        return np.exp(np.sin(x)) * (1 + x * np.cos(x))

    x = np.array([[0.5, 1.0], [-2.0, 3.0]])
    at_point = gt.approximate_derivative(smooth, 1.3, method=method)
    np.testing.assert_allclose(value(at_point), slope(1.3), rtol=tolerance)
    entries = gt.approximate_derivative(smooth, x, method=method)
    np.testing.assert_allclose(value(entries), slope(x), rtol=tolerance)
    total = gt.approximate_derivative(lambda x: np.sum(smooth(x)), x, method=method)
    assert value(total).shape == x.shape
    np.testing.assert_allclose(value(total), slope(x), rtol=tolerance)
    parts = gt.approximate_gradient(lambda a, b: np.sum(a * b), x, 2.0 * x, method=method)
    np.testing.assert_allclose(value(parts[0]), 2.0 * x, rtol=tolerance, atol=1e-9)


def test_the_error_estimate_bounds_the_error() -> None:
    found = gt.approximate_derivative(np.exp, np.array([0.0, 2.0]), method="adaptive")
    assert isinstance(found, gt.Estimate)
    assert np.all(np.abs(found.value - np.exp([0.0, 2.0])) <= 10 * found.error + 1e-14)


def test_tensors_and_integers_are_accepted() -> None:
    assert gt.approximate_derivative(f, gt.constant(np.float64(1.0))) == 7.999999999999119
    found = gt.approximate_derivative(lambda x: gt.constant(x) ** 2, np.array([1, 2]), eps=1e-2)
    np.testing.assert_allclose(found, [2.0, 4.0], rtol=1e-3)


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="Use one of 'central', 'forward', 'complex-step', 'adap"):
        gt.approximate_derivative(f, 1.0, method="backward")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Use a positive step eps: got 0"):
        gt.approximate_derivative(f, 1.0, eps=0)
    with pytest.raises(
        ValueError, match=r"the shape of x, \(3,\), from the function: got shape \(2,\)"
    ):
        gt.approximate_derivative(lambda x: x[:2], np.ones(3))
    with pytest.raises(ValueError, match="it mixes the entries of x"):
        gt.approximate_derivative(np.cumsum, np.ones(3))


def wrong(factor: float, order: int) -> Any:
    """A square whose first, or only its second, derivative is wrong by `factor`."""

    @gt.custom_gradient
    def slope(x: Any) -> Any:
        return 2.0 * x, lambda dy: dy * 2.0 * factor

    @gt.custom_gradient
    def square(x: Any) -> Any:
        return x**2, lambda dy: dy * (2.0 * x * factor if order == 1 else slope(x))

    return square


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("order", [1, 2])
def test_the_checker_finds_wrong_rules(dtype: Any, order: int) -> None:
    x = np.array([[0.5, 1.5], [2.0, -1.0]], dtype)
    gt.check_gradients(wrong(1.0, order), x)
    what = "derivative" if order == 1 else "second derivative"
    with pytest.raises(
        AssertionError,
        match=rf"^The {what} of wrong.*square with respect to argument 0\[0, 0\] is wrong",
    ):
        gt.check_gradients(wrong(1.01, order), x)
    if order == 2:
        gt.check_gradients(wrong(1.01, order), x, order=1)


def test_the_checker_finds_a_missing_gradient() -> None:
    with pytest.raises(AssertionError, match="argument 1 is wrong: the tape gives 0.0"):
        gt.check_gradients(lambda a, b: a * gt.stop_gradient(b), 2.0, 3.0)


def test_the_checker_finds_one_wrong_entry() -> None:
    @gt.custom_gradient
    def f(x: Any) -> Any:
        return x * 1.0, lambda dy: dy + np.where(np.arange(5) == 3, 0.1, 0.0)

    with pytest.raises(AssertionError, match=r"argument 0\[3\] is wrong"):
        gt.check_gradients(f, np.ones(5))


HARD = [
    (lambda x: np.sin(30 * x), 0.5),
    (lambda x: np.exp(10 * x), 0.5),
    (np.log, 0.01),
    (np.sqrt, 1e-3),
    (lambda x: 1 / x, 0.05),
    (lambda x: 1e6 + x, 1.0),
]


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
@pytest.mark.parametrize(("f", "x"), HARD)
def test_the_checker_finds_no_fault_with_right_rules(f: Any, x: float) -> None:
    gt.check_gradients(f, x)


def test_the_checker_finds_no_fault_with_deep_compositions() -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        a, x = rng.normal(size=(4, 4)), rng.normal(size=4)
        gt.check_gradients(lambda a, x: np.sum(np.tanh(a @ np.tanh(a @ np.tanh(a @ x)))), a, x)


@pytest.mark.parametrize("factor", [1 + 1e-3, 1 + 1e-7])
def test_the_checker_is_strict_where_the_function_is_steep(factor: float) -> None:
    @gt.custom_gradient
    def steep(x: Any) -> Any:
        return np.sin(30 * x), lambda dy: dy * 30 * np.cos(30 * x) * factor

    with pytest.raises(AssertionError, match="is wrong"):
        gt.check_gradients(steep, 0.5, order=1)


@pytest.mark.parametrize("f", [lambda x: 3.0, lambda x: x.numpy() * 2.0, lambda x: (x, 2.0 * 1.5)])
def test_the_checker_refuses_plain_results(f: Any) -> None:
    with pytest.raises(ValueError, match="Return Tensors from .*got a plain"):
        gt.check_gradients(f, np.float64(1.0))


def test_lists_are_points_too() -> None:
    np.testing.assert_allclose(gt.approximate_derivative(np.square, [1.0, 2.0]), [2.0, 4.0])


def test_the_checker_passes_other_arguments_on() -> None:
    def power(x: Any, n: int, label: str) -> Any:
        assert label == "cube"
        return {"y": x**n, "n": n}

    gt.check_gradients(power, np.array([1.0, 2.0]), 3, "cube")
    with pytest.raises(ValueError, match="Give check_gradients a floating-point argument"):
        gt.check_gradients(power, 1, 2, "cube")
    with pytest.raises(ValueError, match="Use order 1 or 2"):
        gt.check_gradients(power, 1.0, 2, "cube", order=3)
    with pytest.raises(ValueError, match="Use modes"):
        gt.check_gradients(power, 1.0, 2, "cube", modes=("sideways",))
