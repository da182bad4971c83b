"""ForwardAccumulator: tangents, nesting, errors."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import gradtape as gt


def test_a_directional_derivative() -> None:
    x = gt.Variable([1.0, 2.0], dtype="float64")
    with gt.ForwardAccumulator(x, [1.0, -1.0]) as accumulator:
        y = np.sin(x) * x[0]
    expected = [np.sin(1) + np.cos(1), np.sin(2) - np.cos(2)]
    np.testing.assert_allclose(accumulator.jvp(y).numpy(), expected)


def test_forward_over_reverse_is_a_hessian_vector_product() -> None:
    x = gt.constant(np.array([1.0, 2.0, 3.0]))
    v = np.array([1.0, 0.5, -1.0])
    with gt.ForwardAccumulator(x, v) as accumulator:
        with gt.GradientTape() as tape:
            tape.watch(x)
            y = np.prod(x) + np.sum(x**3)
        g = tape.gradient(y, x)
    hessian = np.array([[6.0, 3, 2], [3, 12, 1], [2, 1, 18]])
    np.testing.assert_allclose(accumulator.jvp(g).numpy(), hessian @ v)


def test_reverse_over_forward() -> None:
    x = gt.constant(np.array([1.0, 2.0]))
    with gt.GradientTape() as tape:
        tape.watch(x)
        with gt.ForwardAccumulator(x, [1.0, 0.0]) as accumulator:
            y = np.sum(np.exp(x) * x[::-1])
        slope = accumulator.jvp(y)
    # slope = e^{x0} x1 + e^{x1}
    np.testing.assert_allclose(tape.gradient(slope, x).numpy(), [2 * np.e, np.e + np.exp(2)])


def test_nested_accumulators_do_not_mix_their_tangents() -> None:
    x = gt.constant(np.float64(3.0))
    with gt.ForwardAccumulator(x, 1.0) as outer:
        with gt.ForwardAccumulator(x, 1.0) as inner:
            y = x**3
        slope = inner.jvp(y)
    assert outer.jvp(slope).numpy() == pytest.approx(18.0)
    assert outer.jvp(y).numpy() == pytest.approx(27.0)


def test_what_does_not_depend_has_no_tangent() -> None:
    x, other = gt.constant([1.0]), gt.constant([2.0])
    with gt.ForwardAccumulator(x, [1.0]) as accumulator:
        y = {"x": np.floor(x), "other": other * 2.0}
    assert accumulator.jvp(y) == {"x": None, "other": None}
    np.testing.assert_array_equal(accumulator.jvp(y["other"], "zero").numpy(), [0.0])


def test_a_rule_that_states_only_its_pull_is_transposed() -> None:
    @gt.custom_gradient
    def cube(x):
        return x**3, lambda upstream: upstream * 3 * x**2

    x = gt.constant(np.array([1.0, 2.0]))
    with gt.ForwardAccumulator(x, [1.0, 10.0]) as accumulator:
        y = cube(x)
    np.testing.assert_allclose(accumulator.jvp(y).numpy(), [3.0, 120.0])


def test_a_transposed_rule_that_reads_its_result_has_a_second_tangent() -> None:
    x, t = np.array([3.0, 4.0]), np.array([1.0, 0.5])

    def along(x):
        return gt.jvp(np.linalg.norm, (x,), (t,))[1]

    # (t.t - (x.t / |x|)^2) / |x|
    np.testing.assert_allclose(gt.jvp(along, (x,), (t,))[1], (1.25 - 1.0) / 5)


def test_an_infinite_slope_does_not_move_what_stands_still() -> None:
    x = gt.constant(np.array([0.0, 4.0]))
    with gt.ForwardAccumulator(x, [0.0, 1.0]) as accumulator:
        y = np.sqrt(x)
    np.testing.assert_array_equal(accumulator.jvp(y).numpy(), [0.0, 0.25])


def test_an_exception_leaves_no_accumulator_active() -> None:
    x = gt.constant([1.0])
    with pytest.raises(KeyError), gt.ForwardAccumulator(x, [1.0]):
        raise KeyError
    y = x * x
    assert y._id == 0


@pytest.mark.parametrize(
    ("primals", "tangents", "error", "text"),
    [
        (np.ones(2), np.ones(2), TypeError, "Wrap the value in gradtape.constant"),
        (gt.constant([1, 2]), [1, 1], TypeError, "floating-point primals: got dtype int64"),
        (gt.constant([1.0, 2.0]), [1.0], ValueError, r"shape \(2,\), as its primal: got \(1,\)"),
        ([gt.constant(1.0)], {"a": 1.0}, ValueError, "Give tangents the structure"),
    ],
)
def test_errors(primals, tangents, error, text) -> None:
    with pytest.raises(error, match=text):
        gt.ForwardAccumulator(primals, tangents)


def test_a_push_forgets_the_tangents_that_nothing_reads_again() -> None:
    x = np.ones(100_000)
    _, push = gt.linearize(lambda x: sum(np.sin(x * k) * x for k in range(1, 11)), x)
    tracemalloc.start()
    try:
        tangent = push(x)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    expected = sum([np.sin(k) + k * np.cos(k) for k in range(1, 11)])
    np.testing.assert_allclose(tangent, np.full(100_000, expected))
    assert peak < 10 * x.nbytes
