"""What `gradtape.function` promises: the same answers as without it, whatever Python does."""

from __future__ import annotations

import gc
import pickle
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradtape as gt
from gradtape.compiler import function as make
from gradtape.compiler.machine import native
from gradtape.compiler.tracing.traced import Traced


def f(v: Any) -> Any:
    return np.sum(np.exp(np.sin(v)) * np.log(v) + np.sqrt(v))


def check(g: Callable[..., Any], *calls: tuple[Any, ...]) -> Any:
    """`g` compiled gives what `g` gives, for each of `calls`; the compiled function."""
    compiled = make(g)
    for args in calls:
        for _ in range(2):
            same(compiled(*args), g(*args))
    return compiled


def same(got: Any, expected: Any) -> None:
    if isinstance(expected, (list, tuple)):
        assert type(got) is type(expected)
        for a, b in zip(got, expected, strict=True):
            same(a, b)
        return
    if isinstance(expected, dict):
        assert list(got) == list(expected)
        same(list(got.values()), list(expected.values()))
        return
    if expected is None or isinstance(expected, (str, bool)):
        assert got == expected
        return
    assert isinstance(got, gt.Tensor) == isinstance(expected, gt.Tensor)
    a, b = (x.numpy() if isinstance(x, gt.Tensor) else x for x in (got, expected))
    assert np.shape(a) == np.shape(b)
    assert np.result_type(a) == np.result_type(b)
    np.testing.assert_allclose(a, b, rtol=4e-6 if np.result_type(b) == np.float32 else 1e-13)


# -- arguments and results ----------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 7, 8, 9, 100, 1003, 5000])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_value_and_gradient_of_any_length(n: int, dtype: Any) -> None:
    x = np.linspace(1, 2, n).astype(dtype)
    compiled = check(gt.value_and_grad(f), (x,), (x[::-1],))
    assert len(compiled.programs) == 1


def test_arguments_of_every_kind() -> None:
    def g(a: Any, b: Any, p: Any, *, scale: Any = 1.0, name: str = "") -> Any:
        return {"sum": a + b * p["w"], "rest": [scale * p["pair"][0], name, None], "t": (a - 1,)}

    compiled = make(g)
    for k in (1.0, 2.0):
        p = {"w": gt.constant([k, 2.0]), "pair": (np.float32(k), 3)}
        args = (gt.constant(k), np.array([k, 1.0], np.float32), p)
        for _ in range(2):
            same(compiled(*args, scale=k, name="x"), g(*args, scale=k, name="x"))
    assert len(compiled.programs) == 1
    compiled(*args, scale=1.0, name="another")
    assert len(compiled.programs) == 2


def test_arrays_give_arrays_that_are_the_callers_own() -> None:
    x = np.arange(4.0)
    compiled = make(lambda x: (x, x[1:3], x * 2, x.T, np.reshape(x, (2, 2))))
    for _ in range(2):
        results = compiled(x)
        for y in results:
            assert type(y) is np.ndarray
            assert not np.shares_memory(x, y)
            y[...] = -1
        np.testing.assert_array_equal(x, np.arange(4.0))


def test_results_of_one_call_survive_the_next() -> None:
    compiled = make(lambda x: np.sin(x) + 1)
    first = compiled(np.zeros(3))
    first = compiled(np.zeros(3))
    compiled(np.ones(3))
    np.testing.assert_array_equal(first, np.ones(3))


def test_python_numbers_are_dynamic_and_promote_nothing() -> None:
    compiled = check(
        lambda x, a, b: (x * a + b, a * b + 1, x**a),
        (np.ones(3, np.float32), 2.0, 3.0),
        (np.ones(3, np.float32), 2.5, 0.5),
    )
    assert len(compiled.programs) == 1
    assert compiled(np.ones(3, np.float32), 2.5, 0.5)[0].dtype == np.float32


def test_new_shapes_and_dtypes_are_recorded_anew() -> None:
    compiled = make(lambda x: x + 1)
    for x in (
        np.zeros(3),
        np.zeros(4),
        np.zeros(3, np.float32),
        np.zeros((3, 1)),
        np.zeros(3, int),
    ):
        same(compiled(x), x + 1)
    assert len(compiled.programs) == 5
    compiled.clear()
    assert compiled.programs == []


def test_the_number_of_programs_is_bounded() -> None:
    compiled = make(lambda x: x + 1)
    for n in range(70):
        compiled(np.zeros(n))
    assert len(compiled.programs) == 64


@pytest.mark.parametrize(
    "x",
    [
        np.arange(12.0).reshape(3, 4)[:, ::2],
        np.arange(12.0).reshape(3, 4).T,
        np.arange(12.0)[::-1],
        np.broadcast_to(np.arange(3.0), (2, 3)),
        np.frombuffer(b"\0" * 3 + np.arange(3.0).tobytes(), np.float64, offset=3),
        np.arange(3.0).astype(">f8"),
        np.array(2.0),
    ],
    ids=["strided", "transposed", "reversed", "broadcast", "unaligned", "big-endian", "rank 0"],
)
def test_arrays_of_any_layout(x: Any) -> None:
    x.flags.writeable = False
    check(lambda x: (np.exp(-x) + x, np.sum(x * x)), (x,), (x,))


def test_special_values() -> None:
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e308, -1e308, 1.0, -1.0])
    with np.errstate(all="ignore"):
        check(
            lambda x: [
                np.maximum(x, 0),
                np.minimum(x, x[::-1]),
                np.abs(x),
                np.sign(x),
                x * x,
                x / x[::-1],
                np.where(x > 0, x, -x),
                np.isnan(x),
                np.isfinite(x),
                -x,
                np.floor(x),
                np.copysign(1.0, x),
                np.sqrt(x),
                np.max(x),
                np.sum(x),
                np.fmax(x, 1.0),
            ],
            (x,),
        )
        signs = make(lambda x: [-x, x * -1, np.where(x == 0, x, 1.0), np.abs(x)])
        signs(x)
        for got, expected in zip(signs(x), signs._f(x), strict=True):
            number = ~np.isnan(expected)
            np.testing.assert_array_equal(np.signbit(got)[number], np.signbit(expected)[number])


def test_integers_and_booleans_exactly() -> None:
    i = np.array([-7, -1, 0, 1, 5, 2**31 - 1], np.int32)
    j = np.array([[3], [-2]], np.int64)
    compiled = check(
        lambda i, j: [
            *(i + i, i * j, i - j, i < j, (i > 0) & (j > 0), ~(i > 0), -i, abs(i), i & 3, i ^ 5),
            *(np.sum(i), np.max(j, axis=0), i / 2, i // 2, i % 3, np.any(i > 4), np.all(j > -3)),
            *(np.sum(i > 0), i.astype(np.float32), (i > 0).astype(np.int8), np.where(i > 0, i, 0)),
        ],
        (i, j),
    )
    assert len(compiled.programs) == 1


def test_unsigned_integers_wrap() -> None:
    x = np.array([0, 1, 255], np.uint8)
    check(lambda x: [x + x, x - np.uint8(1), x > np.uint8(3), np.max(x), x.astype(float)], (x,))


def test_reductions_over_every_axis() -> None:
    x = np.random.default_rng(0).normal(size=(3, 4, 5))
    axes = [None, 0, 1, 2, -1, (0, 1), (0, 2), (1, 2), (0, 1, 2)]
    check(
        lambda x: [
            g(x, axis=axis, keepdims=keep)
            for g in (np.sum, np.max, np.min, np.mean, np.prod)
            for axis in axes
            for keep in (False, True)
        ],
        (x,),
        (np.asfortranarray(x),),
    )


def test_sums_are_accurate() -> None:
    x = np.full(1_000_000, 0.1, np.float32)
    compiled = make(np.sum)
    compiled(x)
    assert abs(float(compiled(x)) - 1e5) < 0.05


def test_parts_of_arrays() -> None:
    def g(x: Any) -> Any:
        y = gt.constant(np.zeros((4, 3)))
        y[1:3, ::2] = x[:2, :2]
        y[0] += x[2]
        return np.concatenate([x, y]), np.stack([x, x]), y, x[::-1, 1], x[..., None, 0], y[-1]

    check(g, (np.arange(9.0).reshape(3, 3),))


# -- Python -------------------------------------------------------------------------------------


def test_branches_and_loops_are_guarded() -> None:
    def g(x: Any, n: Any) -> Any:
        y = x**2 if x > 0 else -x
        for _ in range(n):
            y = y + 1
        while y < 10:
            y = y * 2
        return y

    compiled = check(g, (2.0, 3), (-1.0, 3), (2.5, 3), (2.0, 4), (3.0, 3))
    assert 1 < len(compiled.programs) <= 8


def test_a_value_that_python_looks_at_is_part_of_the_program() -> None:
    import math

    compiled = check(lambda x, a: x * math.sin(a), (np.ones(3), 1.0), (np.ones(3), 2.0))
    assert len(compiled.programs) == 2


def test_a_function_that_keeps_changing_its_mind_stays_eager() -> None:
    compiled = make(lambda x: x * float(x))  # the line
    with pytest.warns(gt.GradientWarning, match=r"Keep Python's decisions out .*test_function.py:"):
        for k in range(8):
            assert compiled(np.float64(k)) == k * k
    assert compiled.programs == []
    assert compiled(np.float64(9)) == 81


def test_print_happens_while_recording(capsys: pytest.CaptureFixture[str]) -> None:
    def g(x: Any) -> Any:
        print("recorded")  # noqa: T201
        return x + 1

    compiled = make(g)
    for _ in range(3):
        compiled(1.0)
    assert capsys.readouterr().out == "recorded\n"


def test_shapes_that_depend_on_values() -> None:
    compiled = make(lambda x: np.unique(x))
    for x in ([1.0, 1.0, 2.0], [1.0, 2.0, 3.0], [3.0, 3.0, 1.0]):
        np.testing.assert_array_equal(compiled(np.array(x)), np.unique(x))


def test_an_error_goes_through_and_leaves_nothing_behind() -> None:
    w = gt.Variable(1.0)

    def g(x: Any) -> Any:
        w.assign_add(1.0)
        if x.shape == (2,):
            raise KeyError("mine")
        return x + w

    compiled = make(g)
    with pytest.raises(KeyError, match="mine"):
        compiled(np.zeros(2))
    assert w.numpy() == 2.0
    assert not isinstance(w._value, Traced)
    assert compiled(np.zeros(3)).numpy().tolist() == [3.0, 3.0, 3.0]


def test_bad_input_raises_what_numpy_raises() -> None:
    compiled = make(lambda x, i: x[i])
    x = np.arange(5.0)
    compiled(x, np.array([0, 1]))
    assert compiled(x, np.array([4, 2])).tolist() == [4.0, 2.0]
    with pytest.raises(IndexError):
        compiled(x, np.array([4, 7]))


def test_a_singular_matrix_raises_as_before() -> None:
    compiled = make(np.linalg.inv)
    compiled(np.eye(2))
    with pytest.raises(np.linalg.LinAlgError):
        compiled(np.zeros((2, 2)))


# -- Variables ----------------------------------------------------------------------------------


def test_a_training_loop_in_one_function() -> None:
    def train(x: Any, w: Any, optimizer: Any) -> Any:
        for _ in range(20):
            with gt.GradientTape() as tape:
                loss = np.sum((w * x - 1.0) ** 2)
            optimizer.apply_gradients([(tape.gradient(loss, w), w)])
        return loss

    x = np.array([1.0, 2.0], np.float32)
    plain, compiled = gt.Variable([0.0, 0.0]), gt.Variable([0.0, 0.0])
    run = make(train)
    for _ in range(3):
        expected = train(x, plain, gt.optimizers.SGD(0.1))
        got = run(x, compiled, gt.optimizers.SGD(0.1))
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-12)
        np.testing.assert_allclose(compiled.numpy(), plain.numpy(), rtol=1e-6)


def test_variables_are_read_anew_on_every_call() -> None:
    w = gt.Variable(1.0)
    compiled = make(lambda x: x * w)
    for value in (1.0, 2.0, 3.0):
        w.assign(value)
        assert compiled(2.0) == 2.0 * value


def test_variables_are_assigned_only_if_the_guards_hold() -> None:
    w = gt.Variable(0.0)

    def g(x: Any) -> Any:
        w.assign_add(x)
        return x if w > 2.5 else -x

    compiled = make(g)
    assert [float(compiled(1.0)) for _ in range(4)] == [-1.0, -1.0, 1.0, 1.0]
    assert w.numpy() == 4.0


def test_variables_made_inside_make_the_next_call_record_again() -> None:
    made: list[Any] = []

    def g(x: Any) -> Any:
        if not made:
            made.append(gt.Variable(0.0))
        made[0].assign_add(x)
        return made[0] * 2

    compiled = make(g)
    assert [float(compiled(1.0)) for _ in range(4)] == [2.0, 4.0, 6.0, 8.0]
    assert len(compiled.programs) == 1


def test_a_variable_as_argument() -> None:
    a, b = gt.Variable([1.0, 2.0]), gt.Variable([3.0, 4.0])

    def g(v: Any) -> Any:
        v.assign_sub(v / 2)
        return v

    compiled = make(g)
    for v in (a, b, a, b):
        assert compiled(v) is v
    assert a.numpy().tolist() == [0.25, 0.5]
    assert b.numpy().tolist() == [0.75, 1.0]


def test_methods_and_closures() -> None:
    class Model:
        def __init__(self, w: float) -> None:
            self.w = gt.Variable(w)

        @gt.function
        def __call__(self, x: Any) -> Any:
            return self.w * x

    one, two = Model(1.0), Model(2.0)
    for _ in range(2):
        assert (one(3.0), two(3.0)) == (3.0, 6.0)


# -- derivatives --------------------------------------------------------------------------------


def test_around_every_transform() -> None:
    x = np.array([0.5, 1.5, 1.0])
    for transform in (gt.grad, gt.value_and_grad, gt.jacobian, gt.hessian):
        check(transform(f), (x,), (x + 1,))
    check(lambda x, t: gt.jvp(f, [x], [t]), (x, x))
    check(lambda x, t: gt.hvp(f, x, t), (x, x))
    check(gt.vmap(gt.grad(lambda a: np.sin(a) * a)), (x,))


def test_under_every_transform() -> None:
    x, compiled = np.array([0.5, 1.5, 1.0]), make(f)
    for _ in range(3):
        for transform in (gt.grad, gt.value_and_grad, gt.jacobian, gt.hessian):
            np.testing.assert_allclose(
                np.hstack(transform(compiled)(x)), np.hstack(transform(f)(x)), rtol=1e-12
            )
        same(gt.hvp(compiled, x, x), gt.hvp(f, x, x))
        same(gt.vmap(make(np.sin))(x), np.sin(x))


def test_under_a_tape_with_variables() -> None:
    w = gt.Variable([1.0, 2.0], dtype="float64")
    compiled = make(lambda x: (np.sum(np.sin(x * w) ** 2), x * w))
    x = gt.constant(np.array([0.5, 0.7]))

    def derivatives(g: Any) -> Any:
        with gt.GradientTape(persistent=True) as outer:
            outer.watch(x)
            with gt.GradientTape() as inner:
                inner.watch(x)
                y, z = g(x)
                loss = y + np.sum(z**2)
            first = inner.gradient(loss, [x, w])
        return [*first, *[outer.gradient(g, [x, w]) for g in first]]

    for _ in range(4):
        same(derivatives(compiled), derivatives(compiled._f))


def test_a_captured_tensor_keeps_its_gradient() -> None:
    w = gt.constant(3.0)
    compiled = make(lambda x: x * w)
    for _ in range(3):
        with gt.GradientTape() as tape:
            tape.watch(w)
            y = compiled(gt.constant(2.0))
        assert tape.gradient(y, w) == 2.0


def test_a_compiled_function_in_another() -> None:
    inner = make(lambda x: np.sin(x) * 2)
    check(lambda x: inner(x) + inner(x + 1), (np.ones(3),), (np.zeros(3),))


# -- surroundings -------------------------------------------------------------------------------


def test_many_threads_at_once() -> None:
    compiled = make(gt.value_and_grad(f))
    wrong: list[Any] = []

    def work(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(50):
            x = rng.uniform(1, 2, 50)
            got, expected = compiled(x), gt.value_and_grad(f)(x)
            if not np.allclose(got[1], expected[1], rtol=1e-12):
                wrong.append(x)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_results_do_not_depend_on_the_number_of_threads() -> None:
    x = np.random.default_rng(0).uniform(1, 2, 300_001)
    rows = x[:300_000].reshape(300, 1000)
    compiled = make(lambda x, r: (gt.value_and_grad(f)(x), np.sum(np.exp(r), 0), np.max(r, 1)))
    compiled(x, rows)
    results = []
    try:
        for count in (1, 2, 5):
            gt.set_num_threads(count)
            (value, slope), columns, top = compiled(x, rows)
            results.append([value, *slope[:9], *slope[-9:], *columns, *top])
    finally:
        gt.set_num_threads(2)
    assert results[0] == results[1] == results[2]
    np.testing.assert_allclose(results[0][0], f(x), rtol=1e-13)
    np.testing.assert_allclose(columns, np.exp(rows).sum(0), rtol=1e-13)
    with pytest.raises(ValueError, match="at least 1"):
        gt.set_num_threads(0)


def test_arguments_are_not_kept_alive() -> None:
    compiled = make(lambda x: np.sin(x))
    x = np.zeros(10)
    dead = weakref.ref(x)
    compiled(x)
    compiled(x)
    del x
    gc.collect()
    assert dead() is None


def test_without_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["gradtape.compiler.function"]
    monkeypatch.setattr(module, "_ENABLED", False)
    compiled = make(f)
    assert compiled(np.ones(2)) == f(np.ones(2))
    assert compiled.programs == []


def test_without_llvmlite_numpy_runs_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "available", lambda: False)
    compiled = check(gt.value_and_grad(f), (np.ones(3),), (np.full(3, 2.0),))
    assert compiled.stats[0]["kernels"] == 0
    with pytest.raises(RuntimeError, match="Install llvmlite"):
        compiled.llvm(np.ones(3))


def test_its_program_can_be_read() -> None:
    compiled = make(gt.value_and_grad(f))
    text = compiled.program(np.ones(3))
    assert "np.exp" in text
    assert "kernel0" in text
    assert "void @kernel0(" in compiled.llvm(np.ones(3))
    (stats,) = compiled.stats
    assert stats["kernels"] == 1
    assert stats["numpy_calls"] == 0


def test_it_looks_like_the_function_it_is_of() -> None:
    @gt.function
    def named(x: Any) -> Any:
        """Says what it does."""
        return x

    assert (named.__name__, named.__doc__) == ("named", "Says what it does.")
    assert make(named) is named
    assert make(jit_compile=True)(lambda x: x + 1)(1.0) == 2.0
    with pytest.raises(TypeError, match="Give gradtape.function a function"):
        make(3)


def test_results_can_be_pickled() -> None:
    compiled = make(lambda x: x * 2)
    x = gt.constant([1.0, 2.0])
    compiled(x)
    assert pickle.loads(pickle.dumps(compiled(x))).numpy().tolist() == [2.0, 4.0]


def test_hessian_products_of_slices() -> None:
    def rosenbrock(x: Any) -> Any:
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    x = np.linspace(-1, 1, 50)
    check(lambda x, t: gt.hvp(rosenbrock, x, t), (x, x), (x[::-1], x))
