"""Constants of other dtypes, arrays that others hold, and foreign operands."""

from __future__ import annotations

import array
import tracemalloc
from collections import defaultdict
from typing import Any

import numpy as np
import pytest

import gradtape as gt


@pytest.fixture
def u() -> gt.Variable:
    return gt.Variable(np.array([1.0, 2.0]))


def gradient(f: Any, *xs: Any) -> Any:
    with gt.GradientTape() as tape:
        y = f(*xs)
    found = tape.gradient(y, list(xs))
    return found[0].numpy().tolist() if len(xs) == 1 else [g.numpy().tolist() for g in found]


CONSTANTS: list[tuple[Any, list[float]]] = [
    (lambda u: u * np.array([True, False]) + u * np.array([True, True]), [2.0, 1.0]),
    (lambda u: (1.0 - u) * np.array([True, False]), [-1.0, 0.0]),
    (lambda u: -u * (u > 1.5), [0.0, -1.0]),
    (lambda u: np.sum((-u) * np.array([3, 200], np.uint8)), [-3.0, -200.0]),
    (lambda u: u * np.array([200, 1], np.uint8) + u * np.array([200, 1], np.uint8), [400.0, 2.0]),
    (lambda u: u[0] * np.uint8(200) + u[0] * np.uint8(200), [400.0, 0.0]),
    (lambda u: u[1] * (u[1] > 1.0) + u[1] * (u[1] > 0.0), [0.0, 2.0]),
    (lambda u: np.arctan2(u, np.array([200, 100], np.uint8)), [200 / 40001, 100 / 10004]),
]


@pytest.mark.parametrize(("f", "expected"), CONSTANTS)
def test_constants_of_other_dtypes(f: Any, expected: list[float], u: gt.Variable) -> None:
    np.testing.assert_allclose(gradient(f, u), expected, rtol=1e-15)


def test_float16_constants_do_not_overflow() -> None:
    u = gt.Variable([1.0])
    assert gradient(lambda u: u / np.array([1e-5], np.float16), u)[0] > 9e4
    assert gradient(lambda u: u * np.float16(40000) + u * np.float16(40000), u) == [80000.0]


VIEWS = [
    lambda b: np.broadcast_to(b, (2, 2)),
    lambda b: np.diagonal(np.diag(b)) + 0 * b,
    lambda b: b[:],
    lambda b: b.view(_Sub),
]


class _Sub(np.ndarray):
    pass


@pytest.mark.parametrize("view", VIEWS)
def test_views_of_arrays_that_change_later(view: Any, u: gt.Variable) -> None:
    b = np.ones(2)
    with gt.GradientTape() as tape:
        y = u * view(b)
    expected = np.sum(np.broadcast_to(view(b), y.shape), axis=tuple(range(y.ndim - 1)))
    b[:] = 0.0
    assert tape.gradient(y, u).numpy().tolist() == expected.tolist()


def test_a_rank_0_array_that_changes_later() -> None:
    u, b = gt.Variable(3.0, dtype=np.float64), np.array(2.0)
    with gt.GradientTape() as tape:
        y = u * b
    b[...] = 0.0
    assert tape.gradient(y, u).numpy() == 2.0


def test_results_do_not_share_memory_with_the_users_arrays(u: gt.Variable) -> None:
    b = np.ones(2)
    v = gt.Variable(np.zeros((2, 2)))
    v.assign(np.broadcast_to(b, (2, 2)))
    _, shown = np.broadcast_arrays(u, b)
    _, same = np.atleast_1d(u, b)
    b[:] = 5.0
    assert b.flags.writeable
    for value in (v, shown, same):
        assert np.all(value.numpy() == 1.0) if isinstance(value, gt.Tensor) else value is b


def test_constant_of_a_variable_is_connected(u: gt.Variable) -> None:
    assert gradient(lambda u: gt.constant(u) * u, u) == [2.0, 4.0]
    assert gradient(lambda u: gt.constant(u) * 3.0, u) == [3.0, 3.0]


def test_recorded_gradients_are_handles_of_their_own() -> None:
    a, b = gt.Variable([1.0]), gt.Variable([2.0])
    s = gt.constant([3.0])
    with gt.GradientTape(persistent=True) as outer:
        with gt.GradientTape() as inner:
            y = a + b
        ga, gb = inner.gradient(y, [a, b], output_gradients=s)
        ga *= 0.5
    assert (ga.numpy(), gb.numpy(), s.numpy()) == ([1.5], [3.0], [3.0])
    assert outer is not None


def test_a_custom_gradient_may_reuse_its_buffer(u: gt.Variable) -> None:
    buffer = np.zeros(2)

    @gt.custom_gradient
    def double(x: Any) -> Any:
        def grad(d: Any) -> Any:
            np.multiply(d.numpy(), 2.0, out=buffer)
            return buffer

        return x * 2.0, grad

    assert gradient(lambda u: double(u) * 3.0 + double(u) * 5.0, u) == [16.0, 16.0]
    assert buffer.flags.writeable


def test_a_custom_gradient_cannot_write_into_its_cotangent(u: gt.Variable) -> None:
    @gt.custom_gradient
    def f(x: Any) -> Any:
        def grad(d: Any) -> Any:
            seen = np.asarray(d)
            seen *= 2.0
            return seen

        return x * 1.0, grad

    with pytest.raises(ValueError, match="read-only"):
        gradient(lambda u: f(u) + u, u)


def test_a_custom_gradient_passes_other_things_through(u: gt.Variable) -> None:
    @gt.custom_gradient
    def f(x: Any, how: Any) -> Any:
        return (how(x), None, "label"), lambda dy: (dy * 7.0, None)

    with gt.GradientTape() as tape:
        y, nothing, label = f(u, np.sin)
    assert (nothing, label) == (None, "label")
    assert tape.gradient(y, u).numpy().tolist() == [7.0, 7.0]


def test_a_discrete_result_beside_a_differentiable_one() -> None:
    u, w = gt.Variable([3.0, 5.0]), gt.Variable([1.0])
    with gt.GradientTape() as tape:
        mantissa, _ = np.frexp(u)
        y = np.sum(mantissa * 3.0 * np.array([1.0, 2.0])) + np.sum(w)
    assert tape.gradient(y, u).numpy().tolist() == [0.75, 0.75]


@pytest.mark.parametrize(
    "product",
    [lambda a, b: a @ b, np.matmul, np.dot, lambda a, b: np.einsum("ij,jk->ik", a, b)],
)
def test_a_row_not_taken_after_a_product(product: Any) -> None:
    u = gt.Variable(np.array([[0.0, 4.0], [1.0, 4.0]]))
    w = np.array([[1.0, 2.0], [3.0, 4.0]])
    taken = np.array([[False], [True]])
    found = gradient(lambda u: np.where(taken, product(np.sqrt(u), w), 0.0), u)
    assert found == [[0.0, 0.0], [1.5, 1.75]]


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_matrices_masked_arrays_and_objects_are_refused(u: gt.Variable) -> None:
    for other in (np.matrix([[1.0, 2.0]]), np.ma.array([1.0, 2.0], mask=[True, False])):
        for f in (np.multiply, np.dot, lambda a, b: a * b, lambda a, b: np.add(b, a)):
            with pytest.raises(TypeError, match="Pass np.asarray"):
                f(u, other)
    with pytest.raises(TypeError, match="Python objects"):
        u * np.array([1, 2], dtype=object)
    with pytest.raises(TypeError, match="Python objects"):
        np.exp(u * 1.0) + np.array([1, 2], dtype=object)


def test_other_arrays_are_converted(u: gt.Variable) -> None:
    assert gradient(lambda u: np.multiply(u, array.array("d", [3.0, 4.0])), u) == [3.0, 4.0]
    assert gradient(lambda u: u * np.ones(2).view(_Sub), u) == [1, 1]


def test_a_defaultdict_of_sources(u: gt.Variable) -> None:
    with gt.GradientTape() as tape:
        y = u * 2.0
    found = tape.gradient(y, defaultdict(list, w=u))
    assert type(found) is defaultdict
    assert found["w"].numpy().tolist() == [2.0, 2.0]


def test_a_tape_used_up_while_paused_stays_so(u: gt.Variable) -> None:
    with gt.GradientTape() as tape:
        y = u * 2.0
        with tape.stop_recording():
            tape.gradient(y, u)
        assert not tape._recording


SOME_THOUSANDS = 40_000
"""So many float64 that a sweep multiplies in place where it can."""


def _mixed(x: Any, y: Any) -> Any:
    s = x * y
    d = s - x
    e = 3.0 - d * 2.0 + s
    return e / y * -np.sin(d) + x**2 - s


@pytest.mark.parametrize("size", [3, SOME_THOUSANDS])
def test_products_in_place_spoil_nothing(size: int) -> None:
    rng = np.random.default_rng(0)
    values = [rng.uniform(1, 2, size) for _ in range(2)]
    v = rng.uniform(1, 2, size)
    kept = v.copy()
    x, y = map(gt.constant, values)
    with gt.GradientTape(persistent=True) as tape:
        tape.watch([x, y])
        middle = x * y
        z = _mixed(x, y) * middle - middle
    first = tape.gradient(z, [x, y, middle], output_gradients=v)
    copies = [g.numpy() for g in first]
    second = tape.gradient(z, [x, y, middle], output_gradients=v)
    for a, b, c in zip(first, second, copies, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
        np.testing.assert_array_equal(a.numpy(), c)
    np.testing.assert_array_equal(v, kept)
    small = [slice(0, 3)] * 2
    parts = [value[where] for value, where in zip(values, small, strict=True)]

    def weighted(x: Any, y: Any) -> Any:
        return np.sum(v[:3] * (_mixed(x, y) * (x * y) - x * y))

    for g, expected in zip(first, gt.grad(weighted, (0, 1))(*parts), strict=False):
        np.testing.assert_allclose(g.numpy()[:3], expected, rtol=1e-14)
    gt.check_gradients(weighted, *parts)


def test_a_large_cotangent_is_multiplied_in_place() -> None:
    x = gt.constant(np.ones(SOME_THOUSANDS * 25))
    with gt.GradientTape() as tape:
        tape.watch(x)
        z = x
        for _ in range(10):
            z = -(z * 2.0)
        z = np.sum(z * x)
    tracemalloc.start()
    try:
        gradient = tape.gradient(z, x)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(gradient.numpy(), 2.0 * 2.0**10)
    assert peak < 2.5 * x.nbytes
