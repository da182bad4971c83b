"""What all optimizers share: options, state, and what is refused."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest

import gradtape as gt
from gradtape import optimizers

NAMES = [
    *("SGD", "Adam", "AdamW", "Adamax", "Nadam", "RMSprop", "Adagrad", "Adadelta", "Ftrl"),
    *("Lion", "Adafactor", "Lamb", "Muon"),
]
EVERYTHING: dict[str, dict[str, Any]] = {
    "SGD": {"momentum": 0.9},
    "Adam": {"amsgrad": True},
    "RMSprop": {"momentum": 0.5, "centered": True},
}


def make(name: str, /, **options: Any) -> Any:
    return getattr(optimizers, name)(**{**EVERYTHING.get(name, {}), **options})


def variables() -> list[gt.Variable]:
    w = np.array([[1.0, -2.0], [0.5, 3.0], [-1.0, 0.25]])
    return [
        gt.Variable(w, name="w"),
        gt.Variable([0.5, -1.0], name="b"),
        gt.Variable(2.0, name="s"),
    ]


def step(optimizer: Any, targets: list[gt.Variable]) -> None:
    w, b, s = targets
    optimizer.minimize(lambda: np.sum((w * s - b) ** 2) + s**2 + np.sum(w**2), targets)


@pytest.mark.parametrize("name", NAMES)
def test_the_loss_falls(name: str) -> None:
    targets, optimizer = variables(), make(name, learning_rate=0.02)
    w, b, s = targets

    def loss() -> float:
        return float(np.sum((w.numpy() * s.numpy() - b.numpy()) ** 2))

    before = loss()
    for _ in range(50):
        step(optimizer, targets)
    assert loss() < before
    assert int(optimizer.iterations) == 50


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
@pytest.mark.parametrize("name", NAMES)
def test_a_copy_goes_on_as_the_original(name: str, copied: Any) -> None:
    targets = variables()
    optimizer = make(name, learning_rate=0.1, use_ema=True, gradient_accumulation_steps=2)
    for _ in range(3):
        step(optimizer, targets)
    other, twins = copied((optimizer, targets))
    for _ in range(3):
        step(optimizer, targets)
        step(other, twins)
    for a, b in zip([*targets, *optimizer.variables], [*twins, *other.variables], strict=True):
        assert a is not b
        np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize("name", NAMES)
def test_stored_arrays_restore_the_state(name: str) -> None:
    targets, optimizer = variables(), make(name, learning_rate=0.1)
    for _ in range(3):
        step(optimizer, targets)
    store: dict[str, Any] = {}
    optimizer.save_own_variables(store)
    twins = copy.deepcopy(targets)
    other = make(name)
    other.build(twins)
    other.load_own_variables(store)
    step(optimizer, targets)
    step(other, twins)
    for a, b in zip(targets, twins, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize("name", NAMES)
def test_a_configuration_is_json_and_makes_the_optimizer_again(name: str) -> None:
    schedule = optimizers.schedules.CosineDecay(0.5, 10)
    optimizer = make(name, learning_rate=schedule, clipnorm=1.0, use_ema=True, name="mine")
    stored = json.loads(json.dumps(optimizers.serialize(optimizer)))
    again = optimizers.deserialize(stored)
    assert type(again) is type(optimizer)
    assert again.get_config() == optimizer.get_config() == stored["config"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtypes_are_kept(name: str, dtype: Any) -> None:
    w = gt.Variable(np.ones((2, 2)), dtype=dtype)
    optimizer = make(name, weight_decay=0.1, use_ema=True, clipnorm=1.0)
    optimizer.apply_gradients([(np.full((2, 2), 0.5, dtype), w)])
    assert {v.dtype for v in optimizer.variables if v.shape} | {w.dtype} == {np.dtype(dtype)}
    assert np.all(np.isfinite(w.numpy()))


def test_a_bad_gradient_leaves_everything_as_it_was() -> None:
    targets, optimizer = variables(), make("Adam", learning_rate=0.1)
    step(optimizer, targets)
    before = [v.numpy() for v in (*targets, *optimizer.variables)]
    good = [np.ones_like(v.numpy()) for v in targets]
    for bad, error in (
        (np.ones(3), ValueError),
        (["x", "y"], TypeError),
        (1j * good[1], TypeError),
    ):
        with pytest.raises(error, match="Give 'b:0' a gradient of its"):
            optimizer.apply([good[0], bad, good[2]], targets)
    with pytest.raises(TypeError, match="pairs \\(gradient, Variable\\): got Tensor"):
        optimizer.apply_gradients([(good[0], targets[0]), (good[1], gt.constant(1.0))])
    for old, v in zip(before, (*targets, *optimizer.variables), strict=True):
        np.testing.assert_array_equal(old, v.numpy())


def test_a_missing_gradient_is_told_of_and_skipped() -> None:
    a, b = gt.Variable(1.0, name="a"), gt.Variable(1.0, name="b")
    optimizer = make("Adam")
    with pytest.warns(gt.GradientWarning, match="Compute the loss from 'b:0' inside the tape, or"):
        optimizer.apply_gradients([(np.float32(1.0), a), (None, b)])
    assert a.numpy() < 1.0 == b.numpy()
    optimizer.apply_gradients([(np.float32(1.0), b)])  # it is known nevertheless
    assert b.numpy() < 1.0


def test_options_are_refused() -> None:
    for options, error, text in (
        ({"clipnorm": 1.0, "clipvalue": 1.0}, ValueError, "Give one of clipnorm, clipvalue"),
        ({"clipnorm": "a"}, TypeError, "Give clipnorm as a number: got 'a'"),
        ({"weight_decay": float("nan")}, ValueError, "Give weight_decay as a number: got nan"),
        ({"use_ema": True, "ema_momentum": 2.0}, ValueError, "Give ema_momentum from 0 to 1"),
        ({"gradient_accumulation_steps": 1}, ValueError, "as an integer of at least 2, or None"),
        ({"speed": 1}, ValueError, "Leave out speed"),
        ({"name": "a/b"}, ValueError, "Give name as a string without '/'"),
        ({"beta_1": "a"}, TypeError, "Give beta_1 as a number"),
    ):
        with pytest.raises(error, match=text):
            make("Adam", **options)
    with pytest.warns(UserWarning, match="`decay` is ignored"):
        make("Adam", decay=0.1)
    with pytest.raises(ValueError, match="Give AdamW a weight_decay"):
        make("AdamW", weight_decay=None)


def test_variables_of_other_dtypes_are_refused() -> None:
    with pytest.raises(TypeError, match="Use a floating-point dtype, for 'Variable:0'"):
        make("SGD").build([gt.Variable(1)])
    with pytest.raises(TypeError, match="Use SGD, or two real Variables"):
        make("Adam").build([gt.Variable(1j)])


def test_sgd_descends_in_the_complex_plane() -> None:
    z = gt.Variable(3 + 4j)
    optimizer = make("SGD", learning_rate=0.25, clipnorm=1.0, momentum=0.0)
    for _ in range(60):
        optimizer.minimize(lambda: np.abs(z - (1 - 1j)) ** 2, [z])
    np.testing.assert_allclose(z.numpy(), 1 - 1j, atol=1e-5)


def test_accumulated_gradients_make_one_update_of_their_mean() -> None:
    a = gt.Variable(1.0)
    optimizer = optimizers.SGD(0.5, gradient_accumulation_steps=2)
    for gradient, value, updates in ((1.0, 1.0, 0), (3.0, 0.0, 1), (5.0, 0.0, 1), (1.0, -1.5, 2)):
        optimizer.apply_gradients([(np.float32(gradient), a)])
        assert (a.numpy(), int(optimizer.iterations)) == (value, updates)


def test_global_norm_that_is_not_finite_shows() -> None:
    a, b = gt.Variable(1.0), gt.Variable(2.0)
    make("SGD", momentum=0.0, global_clipnorm=1.0).apply([np.float32("inf"), np.float32(1)], [a, b])
    assert np.isnan([a.numpy(), b.numpy()]).all()


def test_zero_gradients_are_clipped_quietly() -> None:
    a = gt.Variable([1.0, 2.0])
    for option in ("clipnorm", "global_clipnorm", "clipvalue"):
        optimizers.SGD(0.5, **{option: 1.0}).apply([np.zeros(2, np.float32)], [a])  # type: ignore[arg-type]
    assert a.numpy().tolist() == [1.0, 2.0]


def test_an_option_may_be_set_later() -> None:
    a = gt.Variable(1.0)
    optimizer = optimizers.SGD(1.0)
    optimizer.clipvalue = 0.25
    optimizer.apply_gradients([(np.float32(8.0), a)])
    assert a.numpy() == 0.75


def test_minimize_takes_a_tape() -> None:
    x = gt.Variable(3.0)
    optimizer = optimizers.SGD(0.25, loss_scale_factor=8.0)
    with gt.GradientTape() as tape:
        loss = x**2
    assert int(optimizer.minimize(loss, [x], tape)) == 1
    assert x.numpy() == 1.5
    with pytest.raises(ValueError, match="Give minimize the tape"):
        optimizer.minimize(loss, [x])


def test_a_schedule_of_ones_own() -> None:
    class Halving(optimizers.schedules.LearningRateSchedule):
        def __call__(self, step: Any) -> Any:
            return 0.5 ** (int(step) + 1)

    a = gt.Variable(1.0)
    optimizer = optimizers.SGD(Halving())
    for _ in range(3):
        optimizer.apply_gradients([(np.float32(1.0), a)])
    assert a.numpy() == 0.125
    assert optimizer.learning_rate == 0.0625
    with pytest.raises(TypeError, match="Make the optimizer with a float as learning_rate"):
        optimizer.learning_rate = 0.5
    with pytest.raises(NotImplementedError, match="Define get_config"):
        optimizer.get_config()


def test_an_optimizer_of_ones_own() -> None:
    class Signs(optimizers.Optimizer):
        def _update(self, w: Any, g: Any, c: Any, *slots: Any) -> tuple[Any, ...]:
            return (w - np.sign(g) * c,)

    a = gt.Variable([1.0, 2.0])
    Signs(0.5, weight_decay=0.5).apply([np.array([3.0, -4.0], np.float32)], [a])
    assert a.numpy().tolist() == [0.25, 2.0]
    with pytest.raises(NotImplementedError, match="Define _update in Optimizer"):
        optimizers.Optimizer(0.5).apply([np.zeros(2, np.float32)], [a])


def test_a_lazy_gradient_is_computed_for_a_plain_variable() -> None:
    lazy = pytest.importorskip("dask.array").from_array(np.array([1.0, 2.0]), chunks=1)
    for name in ("SGD", "Adam"):
        w = gt.Variable([0.0, 0.0])
        make(name, learning_rate=0.5).apply_gradients([(lazy, w)])
        assert type(w._value) is np.ndarray
        assert np.all(w.numpy() < 0)
