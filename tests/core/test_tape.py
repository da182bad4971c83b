"""What a tape records, and what it answers."""

from __future__ import annotations

import dataclasses
import warnings
from collections import namedtuple
from typing import Any

import numpy as np
import pytest

import gradtape as gt


def g(x1: Any, x2: Any) -> Any:
    return (x1 + 5) * (x2**2)


@pytest.fixture
def x1() -> gt.Variable:
    return gt.Variable(2.0)


@pytest.fixture
def x2() -> gt.Variable:
    return gt.Variable(3.0)


def numbers(tree: Any) -> Any:
    if isinstance(tree, list):
        return [numbers(part) for part in tree]
    return None if tree is None else float(tree.numpy())


def test_one_source(x1: gt.Variable, x2: gt.Variable) -> None:
    with gt.GradientTape() as tape:
        z = g(x1, x2)
    assert str(tape.gradient(z, x1)) == "Tensor(9.0, shape=(), dtype=float32)"


def test_a_second_call_needs_a_persistent_tape(x1: gt.Variable, x2: gt.Variable) -> None:
    with gt.GradientTape() as tape:
        z = g(x1, x2)
    tape.gradient(z, x1)
    with pytest.raises(RuntimeError) as error:
        tape.gradient(z, x2)
    assert str(error.value) == (
        "GradientTape.gradient can only be called once on non-persistent tapes."
    )


def test_a_refused_call_does_not_use_the_tape_up(x1: gt.Variable) -> None:
    with gt.GradientTape() as tape:
        z = x1 * 2.0
    with pytest.raises(TypeError, match="GradientTape.gradient got float as source"):
        tape.gradient(z, 3.0)
    with pytest.raises(ValueError, match="Give output_gradients the shape of the target, \\(\\)"):
        tape.gradient(z, x1, output_gradients=[1.0, 2.0])
    with pytest.raises(ValueError, match="got None"):
        tape.gradient([z], x1, output_gradients=[None])
    assert numbers(tape.gradient(z, x1)) == 2.0


def test_persistent(x1: gt.Variable, x2: gt.Variable) -> None:
    with gt.GradientTape(persistent=True) as tape:
        z = g(x1, x2)
    assert numbers([tape.gradient(z, x1), tape.gradient(z, x2)]) == [9.0, 42.0]
    assert numbers(tape.gradient(z, [x1, x2])) == [9.0, 42.0]


def test_constants_must_be_watched() -> None:
    c1, c2 = gt.constant(2.0), gt.constant(3.0)
    with gt.GradientTape() as tape:
        z = g(c1, c2)
    assert tape.gradient(z, [c1, c2]) == [None, None]
    with gt.GradientTape() as tape:
        tape.watch(c1)
        tape.watch(c2)
        z = g(c1, c2)
    assert numbers(tape.gradient(z, [c1, c2])) == [9.0, 42.0]


def test_targets_are_summed() -> None:
    x = gt.Variable(5.0)
    with gt.GradientTape() as tape:
        targets = [3 * x, x**2]
    assert numbers(tape.gradient(targets, x)) == 13.0


def test_second_derivatives(x1: gt.Variable, x2: gt.Variable) -> None:
    with gt.GradientTape(persistent=True) as outer:
        with gt.GradientTape(persistent=True) as inner:
            z = g(x1, x2)
        firsts = inner.gradient(z, [x1, x2])
    seconds = [outer.gradient(first, [x1, x2]) for first in firsts]
    assert numbers(seconds) == [[None, 6.0], [6.0, 14.0]]


def test_five_nested_tapes() -> None:
    x = gt.Variable(2.0, dtype=np.float64)
    tapes = [gt.GradientTape() for _ in range(5)]
    for tape in tapes:
        tape.__enter__()
    y = x**6
    orders = []
    for tape in reversed(tapes):
        y = tape.gradient(y, x)
        orders.append(numbers(y))
        tape.__exit__(None, None, None)
    assert orders == [6 * 32.0, 30 * 16.0, 120 * 8.0, 360 * 4.0, 720 * 2.0]


def test_third_derivatives_as_in_tensorflow() -> None:
    x = gt.Variable(3.0)

    def third(f: Any) -> Any:
        with gt.GradientTape() as a:
            with gt.GradientTape() as b:
                with gt.GradientTape() as c:
                    y = f(x)
                first = c.gradient(y, x)
            second = b.gradient(first, x)
        return a.gradient(second, x)

    assert third(lambda x: x * x) is None  # nothing connects a constant slope to x
    assert numbers(third(lambda x: x**2)) == 0.0


def test_gradients_of_intermediates_and_of_the_target_itself(x1: gt.Variable) -> None:
    with gt.GradientTape() as tape:
        y = x1 * 3.0
        z = y * y
    assert numbers(tape.gradient(z, [x1, y, z])) == [36.0, 12.0, 1.0]


def test_output_gradients() -> None:
    x = gt.Variable([1.0, 2.0])
    with gt.GradientTape(persistent=True) as tape:
        y = x * x
    weighted = tape.gradient(y, x, output_gradients=[1.0, 10.0])
    assert weighted.numpy().tolist() == [2.0, 40.0]
    twice = tape.gradient(
        {"a": y, "b": y}, x, output_gradients={"a": [1, 0], "b": gt.constant([1.0, 1.0])}
    )
    assert twice.numpy().tolist() == [4.0, 4.0]
    wide = tape.gradient(y, x, output_gradients=gt.constant(np.array([1.0, 2.0])))
    assert wide.numpy().tolist() == [2.0, 8.0]
    assert wide.dtype == np.float32
    with pytest.raises(ValueError, match="Give output_gradients the structure"):
        tape.gradient([y, y], x, output_gradients=[y])


@dataclasses.dataclass(frozen=True)
class Parameters:
    weight: Any
    rest: Any


Pair = namedtuple("Pair", "left right")


def test_nested_sources_and_targets(x1: gt.Variable, x2: gt.Variable) -> None:
    with gt.GradientTape() as tape:
        z = {"a": x1 * 2.0, "b": [x2 * 3.0, (x1 * x2,)]}
    sources = Parameters(x1, {"k": [x2], "p": Pair(x1, (x2, x1))})
    found = tape.gradient(z, sources)
    assert type(found) is Parameters
    assert numbers(found.weight) == 5.0
    assert numbers(found.rest["k"]) == [5.0]
    assert type(found.rest["p"]) is Pair
    assert numbers(list(found.rest["p"].right)) == [5.0, 5.0]


def test_unconnected(x1: gt.Variable, x2: gt.Variable) -> None:
    with gt.GradientTape(persistent=True) as tape:
        z = x1 * 2.0
    assert tape.gradient(z, x2) is None
    for zero in (gt.UnconnectedGradients.ZERO, "zero"):
        gradient = tape.gradient(z, [x1, x2], unconnected_gradients=zero)
        assert numbers(gradient) == [2.0, 0.0]
    with pytest.raises(ValueError, match="Give unconnected_gradients 'none' or 'zero'"):
        tape.gradient(z, x2, unconnected_gradients="none at all")


def test_integer_sources_give_none_with_one_warning() -> None:
    i = gt.Variable([1, 2])
    x = gt.Variable(2.0)
    with gt.GradientTape(persistent=True) as tape:
        y = np.sum(i * x)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            assert tape.gradient(y, i) is None
    assert len(caught) == 1
    assert str(caught[0].message).startswith("Use a floating-point source")
    assert caught[0].category is gt.GradientWarning
    with pytest.warns(gt.GradientWarning):
        zero = tape.gradient(y, i, unconnected_gradients="zero")
    assert zero.dtype == np.int64
    assert tape.gradient(y, x).numpy() == 3.0


def test_only_what_is_watched(x1: gt.Variable, x2: gt.Variable) -> None:
    with gt.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x1)
        z = x1 * x2
    assert [v is x1 for v in tape.watched_variables()] == [True]
    assert numbers(tape.gradient(z, [x1, x2])) == [3.0, None]
    with gt.GradientTape() as tape:
        x1 * gt.Variable(1.0, trainable=False)
        x2 + x1
    assert [v is w for v, w in zip(tape.watched_variables(), (x1, x2), strict=True)] == [True, True]
    with pytest.raises(TypeError, match="Wrap the value in gradtape.constant"):
        tape.watch([x1, 3.0])


def test_stop_recording_and_reset(x1: gt.Variable) -> None:
    with gt.GradientTape() as tape:
        y = x1 * 2.0
        with tape.stop_recording():
            hidden = x1 * 10.0
        z = y * x1 + hidden
    assert numbers(tape.gradient(z, x1)) == 8.0
    c = gt.constant(1.0)
    with gt.GradientTape() as tape:
        tape.watch(c)
        y = c * 2.0
        tape.reset()
        z = x1 * c
    assert numbers(tape.gradient([y, z], [x1, c])) == [1.0, None]
    with pytest.raises(ValueError, match="Use reset inside"):
        tape.reset()
    with pytest.raises(ValueError, match="Use stop_recording inside"), tape.stop_recording():
        pass


def test_entering(x1: gt.Variable) -> None:
    tape = gt.GradientTape()
    with tape:
        y = x1 * 2.0
        with pytest.raises(ValueError, match="Leave the tape before entering it again"):
            tape.__enter__()
    unrecorded = y * 5.0
    with tape:
        z = y * 3.0
    assert numbers(tape.gradient([z, unrecorded], x1)) == 6.0


def test_a_used_tape_begins_anew_when_it_is_entered_again() -> None:
    x = gt.Variable(3.0)
    tape = gt.GradientTape()
    for _ in range(3):
        with tape:
            y = x * x
        assert numbers(tape.gradient(y, x)) == 6.0
    with pytest.raises(RuntimeError, match="can only be called once"):
        tape.gradient(y, x)


def test_a_variable_may_be_a_target() -> None:
    x, w = gt.Variable(2.0), gt.Variable(3.0)
    with gt.GradientTape(persistent=True) as tape:
        y = x * 5.0
    assert numbers(tape.gradient(w, w)) == 1.0
    assert numbers(tape.gradient([y, w], [x, w])) == [5.0, 1.0]


def test_inside_its_own_context(x1: gt.Variable) -> None:
    with gt.GradientTape() as tape:
        z = x1**3
        assert numbers(tape.gradient(z, x1)) == 12.0
    with gt.GradientTape(persistent=True) as tape:
        z = x1**3
        first = tape.gradient(z, x1)
        second = tape.gradient(first, x1)
    assert numbers([first, second, tape.gradient(second, x1)]) == [12.0, 12.0, 6.0]


def test_tapes_of_different_reach(x1: gt.Variable, x2: gt.Variable) -> None:
    with gt.GradientTape() as early:
        y = x1 * x2
        with gt.GradientTape(watch_accessed_variables=False) as late:
            late.watch(y)
            z = y * y
    assert numbers(late.gradient(z, [x1, y])) == [None, 12.0]
    assert numbers(early.gradient(z, [x1, y])) == [36.0, 12.0]


def test_reads_around_an_assign_contribute_each_at_its_own_value() -> None:
    x = gt.Variable(2.0)
    with gt.GradientTape() as tape:
        a = x * x
        x.assign(10.0)
        b = x * x
    assert numbers(tape.gradient([a, b], x)) == 24.0


def test_gradients_have_the_sources_shape_and_dtype() -> None:
    x = gt.Variable(np.ones((3, 1), np.float32))
    s = gt.Variable(2.0, dtype=np.float64)
    with gt.GradientTape() as tape:
        y = x * np.ones((2, 1, 4)) * s
    gx, gs = tape.gradient(y, [x, s])
    assert (gx.shape, gx.dtype) == ((3, 1), np.float32)
    assert gx.numpy().tolist() == [[16.0]] * 3
    assert (gs.shape, gs.dtype) == ((), np.float64)
    assert gs.numpy() == 24.0


def test_a_plain_array_may_change_after_it_was_used() -> None:
    x = gt.Variable(np.ones(3))
    total = gt.constant(np.zeros(3))
    buffer = np.empty(3)
    with gt.GradientTape() as tape:
        for k in range(3):
            buffer[:] = k
            total = total + x * buffer
    assert tape.gradient(total, x).numpy().tolist() == [3.0, 3.0, 3.0]


def test_a_recorded_output_gradient_is_differentiable() -> None:
    x = gt.Variable([1.0, 2.0])
    v = gt.Variable(np.array([3.0, 4.0]))
    with gt.GradientTape() as outer:
        with gt.GradientTape() as inner:
            y = x * x
        first = inner.gradient(y, x, output_gradients=v)
    by_x, by_v = outer.gradient(first, [x, v])
    assert by_x.numpy().tolist() == [6.0, 8.0]
    assert by_v.numpy().tolist() == [2.0, 4.0]
    assert by_v.dtype == np.float64


def test_complex_convention() -> None:
    z = gt.Variable(1.0 + 2.0j, dtype=np.complex128)
    with gt.GradientTape(persistent=True) as tape:
        w = z**2
        size = np.abs(z)
        real = np.real(z) * 3.0
    assert tape.gradient(w, z).numpy() == np.conj(2 * (1 + 2j))
    np.testing.assert_allclose(tape.gradient(size, z).numpy(), (1 + 2j) / np.sqrt(5))
    assert tape.gradient(real, z).numpy() == 3.0


def test_a_watched_tensor_updated_in_place_keeps_its_source() -> None:
    x = gt.constant([1.0, 2.0])
    with gt.GradientTape() as tape:
        tape.watch(x)
        start = x * 1.0
        x *= 3.0
        y = x * x
    assert tape.gradient([y, start], x).numpy().tolist() == [19.0, 37.0]


def test_the_derivative_of_an_argument_that_is_not_asked_for_is_not_computed() -> None:
    called = []

    @gt.custom_gradient
    def noted(x: Any) -> Any:
        return x * 2.0, lambda dy: called.append(1) or dy * 2.0

    a, b = gt.Variable(1.0), gt.Variable(1.0)
    with gt.GradientTape() as tape:
        y = a * 3.0 + noted(b)
    assert numbers(tape.gradient(y, a)) == 3.0
    assert not called


def test_an_outer_tape_knows_a_factor_that_the_inner_one_does_not() -> None:
    """The inner gradient depends on it, although the inner tape never watched it."""
    for shape in ((), (3,)):
        w, x = gt.constant(np.full(shape, 3.0)), gt.constant(np.full(shape, 2.0))
        with gt.GradientTape() as outer:
            outer.watch(w)
            with gt.GradientTape() as inner:
                inner.watch(x)
                y = np.sin(w) * x + np.hypot(w, x)
            slope = inner.gradient(y, x)
        expected = np.cos(3.0) - 6 / 13**1.5
        np.testing.assert_allclose(outer.gradient(slope, w), np.full(shape, expected))
