"""Compiled functions beside Python: what goes in and out, in-place updates, what is no program."""

from __future__ import annotations

import asyncio
import collections
import copy
import dataclasses
import enum
import gc
import math
import os
import pickle
import select
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import gradtape as gt
from gradtape import optimizers
from gradtape.core import structure

M = np.arange(12.0).reshape(3, 4)
RUNS_AS_WRITTEN = "runs as it is written"


def same(got: Any, expected: Any) -> None:
    """Equal in structure, class, dtype and, nearly, in value."""
    pairs = zip(structure.flatten(got), structure.flatten(expected), strict=True)
    for a, b in pairs:
        if not isinstance(b, (gt.Tensor, np.ndarray, np.generic, float)):
            assert a == b
            continue
        x, y = (z.numpy() if isinstance(z, gt.Tensor) else z for z in (a, b))
        assert isinstance(a, gt.Tensor) == isinstance(b, gt.Tensor)
        assert np.result_type(x) == np.result_type(y)
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-6)


def check(f: Callable[..., Any], *calls: tuple[Any, ...]) -> Any:
    """`f` compiled gives what `f` gives, each call twice."""
    compiled = gt.function(f)
    for args in calls:
        for _ in range(2):
            own = [x.copy() if isinstance(x, np.ndarray) else x for x in args]
            same(compiled(*args), f(*own))
    return compiled


# -- arguments and results ----------------------------------------------------------------------


def test_class_methods_and_static_methods() -> None:
    class Scale:
        k = 2.0

        @gt.function
        @classmethod
        def over(cls, x: Any) -> Any:
            return x * cls.k

        @classmethod
        @gt.function
        def under(cls, x: Any) -> Any:
            return x * cls.k

        @gt.function
        @staticmethod
        def plain(x: Any) -> Any:
            return x + 1

    for _ in range(2):
        assert (Scale.over(3.0), Scale().under(3.0), Scale.plain(3.0)) == (6.0, 6.0, 4.0)


def test_containers_and_constants() -> None:
    Pair = collections.namedtuple("Pair", "a b")

    @dataclasses.dataclass
    class Parameters:
        w: Any
        name: str = "n"

    class Kind(enum.Enum):
        A = 1
        B = 2

    check(lambda p: Pair(p.b, p.a * 2), (Pair(1.0, M),), (Pair(2.0, M + 1),))
    check(lambda p: Parameters(p.w * 2, p.name), (Parameters(M),), (Parameters(M + 1),))
    check(
        lambda x, kind, dtype, flag, s: (
            x[s].astype(dtype) if flag else (x, kind, str(kind), None, x.dtype)
        ),
        (M, Kind.A, np.float32, True, slice(0, 2)),
        (M, Kind.A, np.float64, True, slice(1, 3)),
        (M, Kind.B, np.dtype("f4"), False, ...),
    )


def test_lists_that_hold_as_many_leaves_as_there_are_arguments() -> None:
    check(lambda xs, ys: [x + 1 for x in xs], ([1.0, 2.0], []), ([3.0, 4.0], []))


def test_an_argument_of_rank_0_that_is_returned_is_a_copy() -> None:
    compiled, x = gt.function(lambda x: x), np.array(2.0)
    for _ in range(2):
        assert not np.shares_memory(compiled(x), x)


def test_python_integers_have_no_end() -> None:
    check(
        lambda n: (n * 2 + 1, n - 1, -n, n**2, n // 3, n > 5),
        *[(n,) for n in (3, 2**31, 2**62, 2**63, 2**70, -(2**63))],
    )


def test_python_numbers_divide_as_python_does() -> None:
    compiled = gt.function(lambda a, b: (a / b, a % b, a // b))
    assert compiled(1.0, 2.0) == compiled(1.0, 2.0) == (0.5, 1.0, 0.0)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            compiled(1.0, 0.0)
    assert compiled(-7.0, 2.0) == (-3.5, 1.0, -4.0)


def test_python_numbers_in_pythons_functions() -> None:
    names = {1.0: "a", 2.0: "b"}
    check(
        lambda x: (round(x), round(x, 1), math.floor(x), int(x), x.is_integer(), names.get(x)),
        *[(x,) for x in (2.25, 1.0, 2.0)],
    )


def test_tensors_made_of_python_numbers() -> None:
    check(lambda x: (gt.constant(x) * 2, gt.Variable(x) + 1, gt.constant(x).dtype), (2.0,), (3.0,))


# -- what is no program -------------------------------------------------------------------------

WRITTEN: dict[str, tuple[Any, Any]] = {
    "masked array": (lambda x: x * 2, np.ma.masked_array([1.0, 2.0], [True, False])),
    "objects": (lambda x: x * 2, np.array([1, "a"], object)),
    "texts": (lambda x: x == "a", np.array(["a", "b"])),
    "fields": (lambda x: x["a"] + 1, np.zeros(2, [("a", "f8")])),
    "set": (lambda x: len(x), {1, 2}),
    "a set returned": (lambda x: {1, 2}, 1.0),
}


@pytest.mark.parametrize(("f", "x"), WRITTEN.values(), ids=WRITTEN)
def test_what_is_no_program_runs_as_written(f: Any, x: Any) -> None:
    compiled = gt.function(f)
    with pytest.warns(gt.GradientWarning, match=RUNS_AS_WRITTEN):
        got = compiled(x)
    for _ in range(3):  # no second warning
        assert type(got) is type(f(x))
        assert repr(got) == repr(f(x))
        got = compiled(x)
    assert compiled.programs == []


def test_sets_are_read_anew() -> None:
    compiled, held = gt.function(lambda x, s: x * len(s)), {1}
    with pytest.warns(gt.GradientWarning, match="can be hashed: got set"):
        assert compiled(1.0, held) == 1.0
    held.add(2)
    assert compiled(1.0, held) == 2.0


def test_functions_objects_and_tapes_that_are_returned() -> None:
    def f(x: Any) -> Any:
        with gt.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return y, tape

    compiled = gt.function(f)
    closure = gt.function(lambda x: lambda y: x * y)
    with pytest.warns(gt.GradientWarning, match="got GradientTape"):
        y, tape = compiled(gt.constant(3.0))
    assert tape.gradient(y, gt.constant(3.0)) is None
    with pytest.warns(gt.GradientWarning, match="got function"):
        assert closure(1.0)(2.0) == 2.0
    assert closure(3.0)(2.0) == 6.0


def test_generators_and_coroutines() -> None:
    def numbers(x: Any) -> Any:
        yield x * 2

    async def later(x: Any) -> Any:
        return x * 2

    one, two = gt.function(numbers), gt.function(later)
    with pytest.warns(gt.GradientWarning, match="generator or coroutine runs later"):
        assert list(one(1.0)) == [2.0]
    with pytest.warns(gt.GradientWarning, match="generator or coroutine runs later"):
        assert asyncio.run(two(1.0)) == 2.0
    assert list(one(2.0)) == [4.0]


def test_nothing_has_changed_where_the_result_is_no_program() -> None:
    w = gt.Variable(1.0)
    compiled = gt.function(lambda x: (w.assign_add(x), object())[1])
    with pytest.warns(gt.GradientWarning, match=RUNS_AS_WRITTEN):
        compiled(1.0)
    assert w.numpy() == 2.0


# -- in-place updates ---------------------------------------------------------------------------


def test_views_see_what_is_written() -> None:
    def f(x: Any) -> Any:
        v = x[1:]
        v[:] = 0
        before = x * 1
        x[0] = 5
        w = x.T
        w[2] = 7
        y = x.copy()
        row = y[0]
        row[...] = 9
        row += 1
        flat = y.reshape(-1)
        flat[3] = 100
        column = y[:, 1]
        y[2, 1] = -4
        left, right = np.split(y, 2, axis=1)
        right[0] = 3
        return x, before, w, y, row, flat, column, v, left

    check(f, (M,), (M + 1,))


def test_augmented_assignment_changes_every_name() -> None:
    def double(a: Any) -> None:
        a *= 2

    def f(x: Any) -> Any:
        y = x
        y += 1
        double(x)
        z = x.copy()
        z -= x
        return x, y, z

    check(f, (M,), (M.astype(np.float32),), (M.astype(np.int8),))


def test_augmented_assignment_keeps_the_dtype() -> None:
    def f(x: Any) -> Any:
        x += 1.5
        return x

    check(f, (np.ones(3, np.float32),))
    for g in (f, gt.function(f)):
        with pytest.raises(TypeError, match="Cannot cast ufunc 'add'"):
            g(np.arange(3))


def test_what_is_made_of_an_array_does_not_change_with_it() -> None:
    w = gt.Variable(M)

    def f(x: Any, t: Any) -> Any:
        tensor = gt.constant(x)
        w.assign(x)
        with gt.GradientTape() as tape:
            tape.watch(t)
            y = np.sum(t * x)
        x[0] = 50.0
        return tensor, w + 0, x, tape.gradient(y, t)

    check(f, (M, gt.constant(M)), (M + 1, gt.constant(M)))


def test_results_written_into_arrays() -> None:
    def f(x: Any) -> Any:
        y = np.zeros_like(x)
        np.add(x, 1, out=y, where=x > 3)
        np.sum(x, axis=0, out=y[0])
        np.copyto(y, x, where=x > 2)
        np.divide(1, x + 20, out=y, where=x != 0)
        np.add.at(y, (0, 1), 5.0)
        own = np.zeros(4)  # NumPy's own
        np.add(x[0], 1, out=own)
        own[1:] += x[1, 1:]
        return y, own

    check(f, (M,), (M + 1,))


def test_methods_that_write() -> None:
    def f(x: Any) -> Any:
        a, b, c, d = x.copy(), x.copy(), x.copy(), x.copy()
        a.fill(3)
        b.sort()
        c.put([0, 1], 9.0)
        d.partition(1)
        return a, b, c, d, x.nonzero()[0], x.compress([True, False], axis=0), x.flatten()

    check(f, (M[:, ::-1],), (M[:, ::-1] + 1,))


def test_results_that_no_program_has_make_it_depend_on_the_values() -> None:
    shown = gt.function(lambda x: np.array2string(x))
    assert [shown(M[0]), shown(M[0]), shown(M[1])] == [np.array2string(M[k]) for k in (0, 0, 1)]
    check(lambda x: np.histogramdd(x)[0], (M,), (M * M,))


# -- Variables ----------------------------------------------------------------------------------


def test_variables_assigned_in_one_branch() -> None:
    def make() -> Any:
        w, u = gt.Variable(1.0), gt.Variable(10.0)

        def f(x: Any) -> Any:
            (w if x > 0 else u).assign(x)
            return w + u

        return f

    f, g = gt.function(make()), make()
    same([f(x) for x in (1.0, 2.0, -1.0, -2.0, 3.0)], [g(x) for x in (1.0, 2.0, -1.0, -2.0, 3.0)])


def test_variables_made_and_dropped_inside() -> None:
    compiled = check(lambda x: gt.Variable(x) * 2, (1.0,), (2.0,))
    assert len(compiled.programs) == 1


def test_an_argument_that_is_the_value_of_a_variable() -> None:
    w = gt.Variable(M)
    compiled = gt.function(lambda x: (w.assign_add(x), w + 0)[1])
    for k in (2, 4, 8):
        np.testing.assert_array_equal(compiled(w._value).numpy(), M * k)


def test_what_leaks_holds_plain_numbers() -> None:
    leaked: list[Any] = []
    compiled = gt.function(lambda x: (leaked.append(x), x * 2)[1])
    compiled(gt.constant(M))
    assert type(leaked[0].numpy()) is np.ndarray
    assert type((leaked[0] + 1)._value) is np.ndarray
    same(pickle.loads(pickle.dumps(leaked[0])), gt.constant(M))


def test_an_interrupt_while_recording() -> None:
    w, first = gt.Variable(1.0), [True]

    @gt.function
    def f(x: Any) -> Any:
        w.assign(x)
        if first:
            first.pop()
            raise KeyboardInterrupt
        return w * x

    with pytest.raises(KeyboardInterrupt):
        f(2.0)
    assert type(w._value) is np.float32
    assert [float(f(x)) for x in (3.0, 4.0)] == [9.0, 16.0]


OPTIONS: list[dict[str, Any]] = [
    {},
    {"clipnorm": 0.5},
    {"global_clipnorm": 0.3},
    {"clipvalue": 0.1},
    {"use_ema": True, "ema_momentum": 0.9},
    {"use_ema": True, "ema_overwrite_frequency": 3},
    {"gradient_accumulation_steps": 2},
    {"loss_scale_factor": 4.0},
    {"learning_rate": optimizers.schedules.ExponentialDecay(0.1, 2, 0.9)},
    {"learning_rate": optimizers.schedules.PiecewiseConstantDecay([2, 5], [0.3, 0.2, 0.1])},
    {"learning_rate": optimizers.schedules.CosineDecay(0.1, 50, warmup_target=0.3, warmup_steps=2)},
]
OPTIMIZERS = [
    kind
    for kind in vars(optimizers).values()
    if isinstance(kind, type)
    and issubclass(kind, optimizers.Optimizer)
    and kind is not optimizers.Optimizer
]


def _ten_steps(kind: Any, options: dict[str, Any], decorate: Any) -> tuple[list[Any], Any]:
    """The losses and all state after ten steps, and the function that made them."""
    w, b = gt.Variable([1.0, 2.0]), gt.Variable(0.5)
    optimizer = kind(**{"learning_rate": 0.1, **options})

    @decorate
    def step(x: Any) -> Any:
        with gt.GradientTape() as tape:
            loss = np.sum((w * x + b - 1) ** 2)
        optimizer.apply_gradients(zip(tape.gradient(loss, [w, b]), [w, b], strict=True))
        return loss

    losses = [step(gt.constant([1.0, 0.5])) for _ in range(10)]
    return [v.numpy() for v in (*losses, w, b, *optimizer.variables)], step


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("options", OPTIONS, ids=[", ".join(options) or "-" for options in OPTIONS])
def test_ten_steps_of_an_optimizer(kind: Any, options: dict[str, Any]) -> None:
    expected, _ = _ten_steps(kind, options, lambda f: f)
    got, step = _ten_steps(kind, options, gt.function)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    assert 1 <= len(step.programs) <= 3


# -- tapes --------------------------------------------------------------------------------------


def test_tapes_of_every_kind_inside() -> None:
    @gt.custom_gradient
    def log1pexp(x: Any) -> Any:
        e = np.exp(x)
        return np.log(1 + e), lambda dy: dy * (1 - 1 / (1 + e))

    def f(x: Any) -> Any:
        with gt.GradientTape(persistent=True) as outer:
            outer.watch(x)
            with gt.GradientTape() as inner:
                inner.watch(x)
                y = np.sin(x) * x
            g = inner.gradient(y, x)
            z = np.sum(g**2)
            rows = np.stack([x, 2 * x]) @ np.ones((3, 2), np.float32)
            special = log1pexp(x)
        with gt.ForwardAccumulator(x, x * 0 + 1) as accumulator:
            forward = np.sin(x) * x
        return (
            *(outer.gradient(z, x), outer.gradient(g, x), outer.jacobian(rows, x)),
            *(outer.gradient(special, x), accumulator.jvp(forward)),
        )

    compiled = check(f, (gt.constant([0.5, 1.0, 2.0]),), (gt.constant([1.0, 2.0, 4.0]),))
    assert len(compiled.programs) == 1


def test_transforms_of_every_kind_inside() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.sin(x) ** 2 * x)

    roots = gt.grad(lambda a: np.sum(gt.implicit.root(lambda x, a: x**3 - a, np.ones(3), a)))
    for transformed in (
        gt.checkpoint(f),
        gt.grad(gt.checkpoint(f)),
        gt.vmap(gt.grad(np.sin)),
        gt.jacfwd(np.sin),
        gt.jacobian(np.diff),
        roots,
    ):
        check(transformed, (np.array([0.5, 1.0, 2.0]),), (np.array([1.5, 2.0, 3.0]),))


# -- surroundings -------------------------------------------------------------------------------


def test_other_threads_see_no_recording() -> None:
    w, u, stop, wrong = gt.Variable(np.zeros(3)), gt.Variable(1.0), threading.Event(), []

    def slow(x: Any) -> Any:
        y = x + w
        for _ in range(30):
            y = y + u
            time.sleep(0.0002)
        u.assign(u * 1)
        return y

    other = gt.function(lambda x: x * u)

    def work() -> None:
        while not stop.is_set():
            w.assign_add([1.0, 1.0, 1.0])
            if type(w._value) is not np.ndarray or float(other(2.0)) != 2.0:
                wrong.append(w._value)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(8):
            recorded = gt.function(slow)
            recorded(np.zeros(3))
            assert len(recorded.programs[0].calls) == 32
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_threads_that_record_at_once() -> None:
    w, wrong = gt.Variable(1.0), []

    def work(k: int) -> None:
        for _ in range(10):
            compiled = gt.function(lambda x: (time.sleep(0.0005), x * w + k)[1])
            wrong.extend(x for x in (1.0, 2.0) if float(compiled(x)) != x + k)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert wrong == []
    assert type(w._value) is np.float32


def test_threads_inside_a_function() -> None:
    with ThreadPoolExecutor(2) as pool:
        check(lambda x: sum(pool.map(lambda i: x[i] * 2, range(3))), (M[0],), (M[1],))


def test_a_function_whose_thread_calls_it_again() -> None:
    def f(x: Any) -> Any:
        if x == 1.0:
            thread = threading.Thread(target=lambda: compiled(2.0))
            thread.start()
            thread.join(10)
            assert not thread.is_alive()
        return x * 2

    compiled = gt.function(f)
    assert compiled(1.0) == 2.0


def test_tasks_at_once() -> None:
    w = gt.Variable(2.0)
    compiled = gt.function(lambda x: x * w)

    async def one(x: float) -> float:
        await asyncio.sleep(0)
        return float(compiled(x))

    async def all_of_them() -> list[float]:
        return await asyncio.gather(*[one(float(k)) for k in range(5)])

    assert asyncio.run(all_of_them()) == [0.0, 2.0, 4.0, 6.0, 8.0]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_process_has_threads_of_its_own() -> None:
    x = np.linspace(0, 1, 300_000)
    compiled = gt.function(lambda x: np.sum(np.sin(x)))
    compiled(x)
    expected = compiled(x)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, b"same" if compiled(x) == expected else b"else")
        os._exit(0)
    ready = select.select([reading], [], [], 60)[0]
    if not ready:
        os.kill(child, 9)
    os.waitpid(child, 0)
    assert ready
    assert os.read(reading, 4) == b"same"


@gt.function
def at_top(x: Any) -> Any:
    return x + 1


def test_pickles_and_copies() -> None:
    at_top(1.0)
    total = gt.function(np.sum)
    assert pickle.loads(pickle.dumps(total))(M) == np.sum(M)
    assert copy.copy(total) is total
    assert copy.deepcopy(total)(M) == np.sum(M)
    assert repr(total) == "<gradtape.function sum>"


def test_calls_leave_nothing_behind() -> None:
    w = gt.Variable(np.zeros(100))
    compiled = gt.function(lambda x, k: (w.assign_add(x * k), np.sin(w) * x)[1])
    for k in range(20):
        compiled(np.ones(100), float(k))
    gc.collect()
    before = len(gc.get_objects())
    for k in range(2000):
        compiled(np.ones(100), float(k))
    gc.collect()
    assert len(gc.get_objects()) - before < 50


def test_programs_are_freed() -> None:
    compiled = gt.function(lambda x: np.sin(x) + 1)
    compiled(M)
    (program,) = (weakref.ref(group[0]) for group in compiled._programs.values())
    compiled.clear()
    gc.collect()
    assert program() is None
    compiled(M)
    dead = weakref.ref(compiled)
    del compiled
    gc.collect()
    assert dead() is None


def test_a_model_is_freed_with_its_variables() -> None:
    class Model:
        def __init__(self) -> None:
            self.w = gt.Variable(M)

        @gt.function
        def __call__(self, x: Any) -> Any:
            return x * self.w

    model = Model()
    model(2.0)
    model(2.0)
    twin, deep = copy.copy(model), copy.deepcopy(model)
    twin.w = gt.Variable(M + 1)
    deep.w.assign(M + 2)
    for k, one in enumerate((model, twin, deep)):
        same(one(2.0), gt.constant((M + k) * 2))
    del one
    dead = weakref.ref(model), weakref.ref(model.w)
    del model
    gc.collect()
    assert [ref() for ref in dead] == [None, None]


def test_extremes_of_booleans() -> None:
    x = np.array([[True, False, True], [False, False, True]])
    check(lambda x: (np.max(x), np.min(x, axis=0), np.max(np.repeat(x, 2))), (x,), (~x,))
