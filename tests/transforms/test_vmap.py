"""`vmap`: axes, nesting, what it does with tapes and accumulators, masks, errors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gradtape as gt
from gradtape.core.batch import LEVELS

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 3))
Y = RNG.normal(size=(4, 3))
W = RNG.normal(size=(3, 2))


def loop(f: Any, *columns: Any) -> Any:
    """What `vmap` should give for a function with one result."""
    return np.stack([np.asarray(f(*row)) for row in zip(*columns, strict=True)])


def value(x: Any) -> Any:
    return x.numpy() if isinstance(x, gt.Tensor) else x


@pytest.fixture(autouse=True)
def _leaves_no_level() -> Any:
    yield
    assert not LEVELS


# -- axes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_in_axes_and_out_axes_count_as_those_of_an_array(axis: int) -> None:
    a = RNG.normal(size=(2, 3, 4))
    parts = np.moveaxis(a, axis, 0)
    expected = [np.cumsum(part, axis=1) for part in parts]
    got = gt.vmap(lambda v: np.cumsum(v, axis=1), in_axes=axis)(a)
    assert_allclose(got, np.stack(expected))
    got = gt.vmap(lambda v: np.cumsum(v, axis=1), axis, axis)(a)
    assert_allclose(got, np.stack(expected, axis=axis))


def test_an_argument_can_be_shared() -> None:
    got = gt.vmap(lambda x, w: x @ w, in_axes=(0, None))(X, W)
    assert_allclose(got, X @ W)
    got = gt.vmap(lambda x, w: x @ w, in_axes=(None, 1), out_axes=1)(X, W)
    assert_allclose(got, X @ W)


def test_keywords_are_shared() -> None:
    got = gt.vmap(lambda x, *, scale: x * scale)(X, scale=np.arange(3.0))
    assert_allclose(got, X * np.arange(3.0))


@dataclass
class Layer:
    w: Any
    b: Any


def test_axes_for_the_parts_of_nested_arguments() -> None:
    def f(p: Any, x: Any) -> Any:
        return {"y": x @ p["layer"].w + p["layer"].b, "k": (p["scale"][0], x)}

    ws, b = RNG.normal(size=(3, 2, 4)), RNG.normal(size=2)
    p = {"layer": Layer(ws, b), "scale": [2.0]}
    got = gt.vmap(
        f,
        in_axes=({"layer": Layer(2, None), "scale": None}, 0),
        out_axes={"y": 1, "k": (None, 0)},
    )(p, X)
    expected = np.stack([X[i] @ ws[..., i] + b for i in range(4)], axis=1)
    assert_allclose(got["y"], expected)
    assert got["k"][0] == 2.0
    assert_allclose(got["k"][1], X)


def test_a_result_that_all_examples_share_is_repeated_unless_out_axes_is_none() -> None:
    constant = np.arange(2.0)
    assert_array_equal(gt.vmap(lambda x: constant)(X), np.tile(constant, (4, 1)))
    got = gt.vmap(lambda x: (x, constant), out_axes=(0, None))(X)
    assert_array_equal(got[1], constant)
    assert_array_equal(gt.vmap(lambda x: 3)(X), np.full(4, 3))


def test_several_results_in_any_structure() -> None:
    a, (b, c) = gt.vmap(lambda x: (np.sum(x), [np.max(x), x]))(X)
    assert_allclose(a, X.sum(1))
    assert_allclose(b, X.max(1))
    assert_allclose(c, X)
    whole, part = gt.vmap(np.divmod)(np.abs(X), np.abs(Y))
    assert_allclose(whole, np.abs(X) // np.abs(Y))
    assert_allclose(part, np.abs(X) % np.abs(Y))
    mantissa, exponent = gt.vmap(np.frexp)(X)
    assert_allclose(mantissa, np.frexp(X)[0])
    assert_array_equal(exponent, np.frexp(X)[1])


# -- values -------------------------------------------------------------------------------------


def test_arrays_give_arrays_and_tensors_give_tensors() -> None:
    assert isinstance(gt.vmap(np.sin)(X), np.ndarray)
    assert gt.vmap(np.sin)(X).flags.writeable
    assert isinstance(gt.vmap(np.sin)(gt.constant(X)), gt.Tensor)
    assert isinstance(gt.vmap(lambda a, b: a + b)(X, gt.constant(X)), gt.Tensor)
    assert_array_equal(gt.vmap(lambda a: a + 1)(np.arange(3)), [1, 2, 3])


def test_what_comes_out_is_the_callers_alone() -> None:
    shared = gt.constant(np.arange(3.0))
    kept = []

    def f(x: Any) -> Any:
        y = x * 2
        kept.append(y)
        return y, y, x, shared, shared

    results = gt.vmap(f, out_axes=(0, 0, 0, 0, None))(X)
    before = X.copy()
    for array in results:
        array[...] = 7.0
    assert_array_equal(X, before)
    assert_array_equal(shared.numpy(), np.arange(3.0))
    assert_array_equal(kept[0]._value.examples, 2 * X)
    assert not any(np.shares_memory(a, b) for a in results for b in results if a is not b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.int32])
def test_dtypes_are_those_of_one_example(dtype: Any) -> None:
    x = X.astype(dtype)
    assert gt.vmap(lambda v: 2 * v + 1)(x).dtype == (2 * x[0] + 1).dtype
    assert gt.vmap(lambda v: np.mean(v))(x).dtype == np.mean(x[0]).dtype
    assert gt.vmap(lambda v: v[0] * 2.0)(x).dtype == (x[0, 0] * 2.0).dtype
    if np.dtype(dtype).kind == "f":
        assert gt.vmap(gt.grad(lambda v: np.sum(v**2) / 3))(x).dtype == dtype


@pytest.mark.parametrize("size", [0, 1])
def test_no_example_and_one(size: int) -> None:
    x = X[:size]
    assert_allclose(gt.vmap(np.sum)(x), x.sum(1))
    assert_allclose(gt.vmap(lambda v: v @ W)(x), x @ W)
    assert_allclose(gt.vmap(lambda v: np.reshape(v, (3, -1)))(x), x[..., None])
    assert_allclose(gt.vmap(gt.grad(lambda v: np.sum(np.sin(v) * v[0])))(x).shape, x.shape)
    assert gt.vmap(lambda v: v[[0, 0, 2]] + np.max(v))(x).shape == (size, 3)


def test_each_example_alone_decides_its_result() -> None:
    """Nothing of one example reaches another, whatever the others are."""
    x = X.copy()
    x[1] = np.inf
    x[2] = np.nan
    f = lambda v: np.sum(np.where(v > 0, np.sqrt(np.abs(v)), 0) * np.max(v)) / v[0]  # noqa: E731
    with np.errstate(all="ignore"):
        assert_allclose(gt.vmap(f)(x), loop(f, x))
        assert_allclose(gt.vmap(gt.grad(f))(x), loop(gt.grad(f), x))


def test_updates_in_place() -> None:
    def f(v: Any, w: Any) -> Any:
        y = np.positive(v)
        y[0] = w[1]
        y += 1
        y[1:] *= w[0]
        return y

    expected = loop(lambda v, w: value(f(gt.constant(v), gt.constant(w))), X, Y)
    assert_allclose(gt.vmap(f)(X, Y), expected)
    assert_allclose(
        gt.vmap(gt.grad(lambda v, w: np.sum(f(v, w) ** 2), (0, 1)))(X, Y)[0],
        loop(gt.grad(lambda v, w: np.sum(f(v, w) ** 2)), X, Y),
    )


def test_iteration_and_python_loops_over_one_example() -> None:
    def f(v: Any) -> Any:
        total = 0.0
        for k, part in enumerate(v):
            total = total + (k + 1) * part**2
        return total / len(v)

    assert_allclose(gt.vmap(f)(X), loop(f, X))
    assert_allclose(gt.vmap(gt.grad(f))(X), loop(gt.grad(f), X))


# -- nesting ------------------------------------------------------------------------------------


def test_nested_vmap_gives_tables() -> None:
    k = lambda x, y: np.exp(-np.sum((x - y) ** 2))  # noqa: E731
    table = gt.vmap(gt.vmap(k, in_axes=(None, 0)), in_axes=(0, None))
    expected = np.array([[k(x, y) for y in Y] for x in X])
    assert_allclose(table(X, Y), expected)
    slope = gt.vmap(gt.vmap(gt.grad(k), in_axes=(None, 0)), in_axes=(0, None))
    assert_allclose(slope(X, Y), [[gt.grad(k)(x, y) for y in Y] for x in X])
    total = gt.grad(lambda x: np.sum(table(x, Y) ** 2))
    assert_allclose(
        total(X), gt.grad(lambda x: sum([k(x[i], y) ** 2 for i in range(4) for y in Y]))(X)
    )


def test_vmap_of_vmap_of_grad_of_grad() -> None:
    f = lambda x: np.sin(x) * x**3  # noqa: E731
    second = gt.vmap(gt.vmap(gt.grad(gt.grad(f))))
    assert_allclose(second(X), loop(lambda r: loop(gt.grad(gt.grad(f)), r), X))


def test_an_inner_vmap_closes_over_an_outer_batch() -> None:
    def f(x: Any, y: Any) -> Any:
        rows = gt.vmap(lambda s: np.sum(np.tanh(s * x)) * y[0])(y)
        return np.sum(rows**2)

    plain = lambda x, y: np.sum((np.tanh(y[:, None] * x).sum(1) * y[0]) ** 2)  # noqa: E731
    assert_allclose(gt.vmap(f)(X, Y), loop(plain, X, Y))
    for got, expected in zip(
        gt.vmap(gt.grad(f, (0, 1)))(X, Y),
        zip(*[gt.grad(plain, (0, 1))(x, y) for x, y in zip(X, Y, strict=True)], strict=True),
        strict=True,
    ):
        assert_allclose(got, np.stack(expected))


def test_jvp_and_hvp_of_each_example_and_around() -> None:
    f = lambda x: np.sum(np.sin(x) * np.prod(x))  # noqa: E731
    got, moved = gt.vmap(lambda x, t: gt.jvp(f, (x,), (t,)))(X, Y)
    assert_allclose(got, loop(f, X))
    expected = loop(lambda x, t: gt.jvp(f, (x,), (t,))[1], X, Y)
    assert_allclose(moved, expected)
    assert_allclose(gt.jvp(gt.vmap(f), (X,), (Y,))[1], expected)
    assert_allclose(
        gt.vmap(lambda x, t: gt.hvp(f, x, t))(X, Y), loop(lambda x, t: gt.hvp(f, x, t), X, Y)
    )
    hessian = gt.vmap(gt.hessian(f))(X)
    assert_allclose(hessian, loop(gt.hessian(f), X))


@pytest.mark.parametrize("jacobian", [gt.jacfwd, gt.jacrev])
def test_jacobians_of_each_example_and_around(jacobian: Any) -> None:
    f = lambda x, w: np.tanh(x @ w) * x[:2]  # noqa: E731
    got = gt.vmap(jacobian(f, (0, 1)), in_axes=(0, None))(X, W)
    expected = [jacobian(f, (0, 1))(x, W) for x in X]
    for k in (0, 1):
        assert_allclose(got[k], np.stack([e[k] for e in expected]))
    whole = jacobian(lambda x: gt.vmap(lambda v: f(v, W))(x))(X)
    assert_allclose(np.einsum("bibj->bij", whole), np.stack([e[0] for e in expected]))
    assert np.count_nonzero(whole) == 4 * 2 * 3


def test_linearize_and_vjp_of_each_example_and_around() -> None:
    f = lambda x: np.cumprod(x) * x[0]  # noqa: E731
    pulled = gt.vmap(lambda x, v: gt.vjp(f, x)[1](v)[0])(X, Y)
    assert_allclose(pulled, loop(lambda x, v: gt.vjp(f, x)[1](v)[0], X, Y))
    assert_allclose(gt.vjp(gt.vmap(f), X)[1](Y)[0], pulled)
    pushed = gt.vmap(lambda x, t: gt.linearize(f, x)[1](t))(X, Y)
    assert_allclose(pushed, loop(lambda x, t: gt.linearize(f, x)[1](t), X, Y))
    _, push = gt.linearize(gt.vmap(f), X)
    assert_allclose(push(Y), pushed)
    _, pull = gt.vjp(f, X[0])
    assert_allclose(gt.vmap(pull)(Y)[0], loop(lambda v: pull(v)[0], Y))
    _, push = gt.linearize(f, X[0])
    assert_allclose(gt.vmap(push)(Y), loop(push, Y))


def test_an_accumulator_inside() -> None:
    def f(x: Any, t: Any) -> Any:
        with gt.ForwardAccumulator(x, t) as accumulator:
            y = np.linalg.norm(x) * x
        return accumulator.jvp(y)

    expected = [
        t * np.linalg.norm(x) + x * (x @ t) / np.linalg.norm(x) for x, t in zip(X, Y, strict=True)
    ]
    assert_allclose(gt.vmap(f)(X, Y), np.stack(expected))


# -- tapes --------------------------------------------------------------------------------------


def test_the_gradient_of_mapped_examples() -> None:
    x = gt.constant(X)
    with gt.GradientTape() as tape:
        tape.watch(x)
        y = gt.vmap(lambda v: np.sum(v**2) * v[0])(x)
        loss = np.sum(np.sin(y))
    plain = gt.grad(lambda a: np.sum(np.sin(np.sum(a**2, 1) * a[:, 0])))(X)
    assert_allclose(tape.gradient(loss, x).numpy(), plain)


def test_what_a_tape_outside_knows_may_be_used_inside() -> None:
    w, b = gt.Variable(W), gt.Variable(np.float64(0.5))
    s = gt.constant(np.arange(1.0, 3.0))
    with gt.GradientTape(persistent=True) as tape:
        tape.watch(s)
        scale = s * 2  # a Tensor that the tape knows, captured

        def f(x: Any) -> Any:
            doubled = w * 2  # no batch in it
            return np.sum(np.tanh(x @ doubled + b) * scale + np.sum(s))

        loss = np.sum(gt.vmap(f)(X) ** 2)
    plain = lambda w, b, s: np.sum(  # noqa: E731
        (np.sum(np.tanh(X @ (2 * w) + b) * (2 * s), axis=1) + 2 * np.sum(s)) ** 2
    )
    expected = gt.grad(plain, (0, 1, 2))(W, np.float64(0.5), np.arange(1.0, 3.0))
    assert_allclose(loss.numpy(), plain(W, 0.5, np.arange(1.0, 3.0)))
    for source, e in zip((w, b, s), expected, strict=True):
        assert_allclose(tape.gradient(loss, source).numpy(), e)


def test_gradients_of_gradients_of_each_example() -> None:
    """The tape inside sees one example, the tape outside what all of them are made of."""
    w = gt.Variable(W)

    def penalty(x: Any) -> Any:
        with gt.GradientTape() as inner:
            inner.watch(x)
            y = np.sum(np.tanh(x @ w))
        return np.sum(inner.gradient(y, x) ** 2)

    x = gt.constant(X)
    with gt.GradientTape() as tape:
        tape.watch(x)
        total = np.sum(gt.vmap(penalty)(x))
    dw, dx = tape.gradient(total, [w, x])

    def plain(w: Any, x: Any) -> Any:
        slope = (1 - np.tanh(x @ w) ** 2) @ w.T
        return np.sum(slope**2)

    expected = gt.grad(plain, (0, 1))(W, X)
    assert_allclose(dw.numpy(), expected[0])
    assert_allclose(dx.numpy(), expected[1])


def test_a_tape_inside_finds_captured_variables_for_each_example() -> None:
    w = gt.Variable(W)

    def per_example(x: Any) -> Any:
        with gt.GradientTape() as tape:
            loss = np.sum((x @ w) ** 2)
        return tape.gradient(loss, w)

    got = gt.vmap(per_example)(X)
    assert_allclose(got, loop(lambda x: 2 * np.outer(x, x @ W), X))


def test_a_tape_inside_and_one_outside_find_the_same_variable() -> None:
    w = gt.Variable(np.float64(3.0))

    def slope(x: Any) -> Any:
        with gt.GradientTape() as inner:
            y = w**3 * np.sum(x)
        return inner.gradient(y, w)

    with gt.GradientTape() as outer:
        total = np.sum(gt.vmap(slope)(X))
    assert_allclose(total.numpy(), 27 * X.sum())
    assert_allclose(outer.gradient(total, w).numpy(), 18 * X.sum())


def test_accumulator_around_and_captured() -> None:
    w = gt.Variable(W)
    t = RNG.normal(size=W.shape)
    with gt.ForwardAccumulator(w, t) as accumulator:
        y = gt.vmap(lambda x: np.sum(np.tanh(x @ (w * 2))))(X)
    expected = gt.jvp(lambda w: np.sum(np.tanh(X @ (w * 2)), axis=1), (W,), (t,))[1]
    assert_allclose(accumulator.jvp(y).numpy(), expected)


def test_a_tape_around_does_not_change_what_comes_out() -> None:
    f = lambda x: np.prod(x) * x[::-1]  # noqa: E731
    with gt.GradientTape() as tape:
        x = gt.constant(X)
        tape.watch(x)
        inside = gt.vmap(gt.jacobian(f))(x)
    assert_allclose(inside.numpy(), loop(gt.jacobian(f), X))


def test_variables_of_each_example() -> None:
    def descend(x: Any) -> Any:
        w = gt.Variable(np.zeros(3) + x)
        for _ in range(3):
            with gt.GradientTape() as tape:
                loss = np.sum((w - 1) ** 4)
            w.assign_sub(0.01 * tape.gradient(loss, w))
        return w * 1

    expected = X
    for _ in range(3):
        expected = expected - 0.01 * 4 * (expected - 1) ** 3
    assert_allclose(gt.vmap(descend)(X), expected)


def test_variables_cannot_be_assigned_examples() -> None:
    w = gt.Variable(np.zeros(3))
    with pytest.raises(TypeError, match=r"cannot batch"):
        gt.vmap(lambda x: w.assign(x))(X)
    assert_array_equal(w.numpy(), np.zeros(3))


# -- custom gradients ---------------------------------------------------------------------------


@gt.custom_gradient
def clipped(x: Any) -> Any:
    """The sine, with a gradient that is not its derivative."""
    return np.sin(x), lambda dy: np.clip(dy * x, -0.4, 0.4)


def test_custom_gradient_of_each_example() -> None:
    f = lambda x: np.sum(x * clipped(x)) + clipped(x[0])  # noqa: E731
    assert_allclose(gt.vmap(f)(X), loop(f, X))
    expected = loop(gt.grad(f), X)
    assert_allclose(gt.vmap(gt.grad(f))(X), expected)
    assert_allclose(gt.grad(lambda x: np.sum(gt.vmap(f)(x)))(X), expected)
    nested = lambda x: np.sum(gt.vmap(lambda v: np.sum(gt.vmap(clipped)(v) * v) + clipped(v[0]))(x))  # noqa: E731
    assert_allclose(gt.grad(nested)(X), expected)
    second = loop(lambda x, t: gt.grad(lambda x: np.sum(gt.grad(f)(x) * t))(x), X, Y)
    mapped = gt.vmap(lambda x, t: gt.grad(lambda x: np.sum(gt.grad(f)(x) * t))(x))
    assert_allclose(mapped(X, Y), second)
    around = gt.grad(lambda x: np.sum(gt.grad(lambda x: np.sum(gt.vmap(f)(x)))(x) * Y))(X)
    assert_allclose(around, second)
    moved = loop(lambda x, t: gt.jvp(f, (x,), (t,))[1], X, Y)
    assert_allclose(gt.jvp(gt.vmap(f), (X,), (Y,))[1], moved)
    assert_allclose(gt.vmap(lambda x, t: gt.jvp(f, (x,), (t,))[1])(X, Y), moved)


def test_custom_gradient_with_shared_arguments_variables_and_several_results() -> None:
    w = gt.Variable(np.arange(1.0, 4.0))

    @gt.custom_gradient
    def both(x: Any, s: Any) -> Any:
        def grad(da: Any, db: Any, variables: Any) -> Any:
            assert variables == [w]
            return (da * 2 + s * db, np.sum(db * x)), [da * 5 * w]

        return (x * w, x * s), grad

    s = gt.Variable(np.float64(0.5))

    def loss(x: Any) -> Any:
        a, b = both(x, s)
        return np.sum(np.sin(a) + b**2)

    with gt.GradientTape() as tape:
        x = gt.constant(X)
        tape.watch(x)
        total = np.sum(gt.vmap(loss)(x))
    got = tape.gradient(total, [x, s, w])
    with gt.GradientTape() as tape:
        rows = [gt.constant(row) for row in X]
        tape.watch(rows)
        total = sum([loss(row) for row in rows], np.float64(0))
    *dx, ds, dw = tape.gradient(total, [*rows, s, w])
    for g, e in zip(got, (np.stack([d.numpy() for d in dx]), ds, dw), strict=True):
        assert_allclose(g.numpy(), value(e))


def test_checkpoint_of_each_example() -> None:
    f = lambda x: np.sum(np.tanh(x) * gt.checkpoint(lambda v: np.sin(v) * v)(x))  # noqa: E731
    expected = loop(gt.grad(f), X)
    assert_allclose(gt.vmap(gt.grad(f))(X), expected)
    assert_allclose(gt.grad(lambda x: np.sum(gt.vmap(f)(x)))(X), expected)


# -- branches that were not taken ---------------------------------------------------------------

AT = np.array([[0.0, -1.0, 4.0], [1.0, 0.0, 0.0], [-2.0, 9.0, 0.0]])
MASKED = {
    "where": lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0)),
    "where of scalars": lambda x: np.where(x[0] > 0, np.sqrt(x[0]), 0) * 2,
    "select": lambda x: np.sum(np.select([x > 0], [np.log(x)], x)),
    "maximum": lambda x: np.sum(np.maximum(x, x[1])),
    "piecewise": lambda x: np.sum(np.piecewise(x, [x < 0, x > 0], [np.sin, np.sqrt, 1.0])),
    "clip": lambda x: np.sum(np.clip(np.log(np.abs(x)), -1, 1)),
    "max": lambda x: np.max(x) ** 2,
    "max of roots": lambda x: np.max(np.sqrt(np.abs(x))),
    "ties": lambda x: np.max(np.array([1.0, 1.0, 0.0]) * 0 + x * 0 + 1) + np.max(np.round(x) * x),
    "max along axis": lambda x: np.sum(np.max(np.outer(x, x), axis=0)),
    "prod": lambda x: np.prod(x),
    "cumprod": lambda x: np.sum(np.cumprod(x) * np.arange(1, 4)),
    "sort": lambda x: np.sort(np.sqrt(np.abs(x)))[-1],
    "median": lambda x: np.median(x),
    "norm": lambda x: np.linalg.norm(np.maximum(x, 0)) + np.linalg.norm(x * 0),
    "index": lambda x: np.sqrt(np.abs(x))[np.argmax(x)],
    "index array": lambda x: np.sum(np.sqrt(np.abs(x))[np.argsort(x)[-1:]]),
    "take_along_axis": lambda x: np.take_along_axis(np.log(np.abs(x)), np.argsort(x), 0)[-1],
    "slice": lambda x: np.sum(np.sqrt(np.abs(x))[2:]),
    "repeated": lambda x: np.sum(np.sqrt(np.abs(x))[[2, 2, 1]][:1]),
    "written": lambda x: _written(x),
    "logsumexp": lambda x: np.logaddexp.reduce(np.where(x > 0, x, -np.inf)),
    "minimum of nan": lambda x: np.sum(np.fmin(np.sqrt(x), 5.0)),
    "triangle": lambda x: np.sum(np.triu(np.sqrt(np.abs(np.outer(x, x))), 1)),
    "diagonal": lambda x: np.sum(np.where(x > 0, np.diagonal(np.sqrt(np.outer(x, np.abs(x)))), 0)),
    "dot of infinities": lambda x: np.where(x > 0, 1 / np.where(x > 0, x, 1), 0) @ x,
}  # fmt: skip


def _written(x: Any) -> Any:
    y = np.sqrt(np.abs(x))
    y[0] = x[1]
    y[1:] = x[:-1]
    return np.sum(y)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", MASKED)
def test_branches_not_taken_contribute_nothing(name: str) -> None:
    f = MASKED[name]
    expected = loop(gt.grad(f), AT)
    assert_allclose(gt.vmap(gt.grad(f))(AT), expected, err_msg="inside")
    together = gt.grad(lambda a: np.sum(gt.vmap(f)(a)))(AT)
    assert_allclose(together, expected, err_msg="outside")
    moved = loop(lambda x, t: gt.jvp(f, (x,), (t,))[1], AT, Y[:3])
    assert_allclose(gt.vmap(lambda x, t: gt.jvp(f, (x,), (t,))[1])(AT, Y[:3]), moved)
    assert_allclose(gt.jvp(gt.vmap(f), (AT,), (Y[:3],))[1], moved)


def test_where_at_zero() -> None:
    with np.errstate(all="ignore"):
        slope = gt.vmap(gt.grad(lambda x: np.where(x > 0, np.sqrt(x), 0)))(np.array([0.0, 4.0]))
    assert_array_equal(slope, [0.0, 0.25])


# -- indexing -----------------------------------------------------------------------------------

M = RNG.normal(size=(5, 3, 4))
LABELS = np.array([2, 0, -1, 1, 2])
TWO = np.array([[0, 1], [2, 2], [1, 0], [0, -1], [2, 1]])
INDEXED = {
    "row": lambda m, i, k: m[i],
    "entry": lambda m, i, k: m[i, i],
    "column": lambda m, i, k: m[:, i],
    "ellipsis": lambda m, i, k: m[..., i],
    "slice and entry": lambda m, i, k: m[1:, i],
    "entry and slice": lambda m, i, k: m[i, 1:],
    "newaxis": lambda m, i, k: m[None, i],
    "newaxis behind": lambda m, i, k: m[:, i, None],
    "rows": lambda m, i, k: m[k],
    "columns": lambda m, i, k: m[:, k],
    "pairs": lambda m, i, k: m[k, k + 1 - 1],
    "table": lambda m, i, k: m[k[:, None], k],
    "fixed rows, own columns": lambda m, i, k: m[[0, 1], k],
    "own rows, fixed column": lambda m, i, k: m[k, 3],
    "apart": lambda m, i, k: m[None][[0, 0], :, k],
    "apart with an entry": lambda m, i, k: m[None, :, :, None][0, :, k],
    "fixed apart": lambda m, i, k: m[None][[0, 0], :, [1, 2]],
    "mask": lambda m, i, k: m[np.array([True, False, True])],
    "mask and own": lambda m, i, k: m[np.array([True, False, True]), k],
    "full mask": lambda m, i, k: m[np.arange(12).reshape(3, 4) % 2 == 0],
    "take": lambda m, i, k: np.take(m, k, axis=1),
    "take flat": lambda m, i, k: np.take(m, k),
    "take clipped": lambda m, i, k: np.take(m, 3 * k, axis=0, mode="clip"),
    "along axis": lambda m, i, k: np.take_along_axis(m, np.argsort(m, axis=1)[:, :2], axis=1),
}


@pytest.mark.parametrize("name", INDEXED)
def test_an_index_of_its_own_for_each_example(name: str) -> None:
    f = INDEXED[name]

    def g(m: Any, i: Any, k: Any) -> Any:
        return np.sum(np.sin(f(m, i, k)) * 2)

    assert_array_equal(gt.vmap(f)(M, LABELS, TWO), loop(f, M, LABELS, TWO))
    assert_array_equal(
        gt.vmap(f, in_axes=(None, 0, 0))(gt.constant(M[0]), LABELS, TWO),
        loop(lambda i, k: f(M[0], i, k), LABELS, TWO),
    )
    expected = loop(gt.grad(g), M, LABELS, TWO)
    assert_allclose(gt.vmap(gt.grad(g))(M, LABELS, TWO), expected)
    assert_allclose(gt.grad(lambda m: np.sum(gt.vmap(g)(m, LABELS, TWO)))(M), expected)
    shared = loop(lambda i, k: gt.grad(g)(M[0], i, k), LABELS, TWO)
    assert_allclose(gt.vmap(gt.grad(g), in_axes=(None, 0, 0))(M[0], LABELS, TWO), shared)


def _assigned(name: str) -> Any:
    def f(m: Any, i: Any, k: Any) -> Any:
        y = np.sin(m)
        exec(name, {"y": y, "m": m, "i": i, "k": k, "np": np})
        return y

    return f


WRITTEN = [
    "y[0] = m[1]",
    "y[:, 1] = m[0, 0]",
    "y[i] = m[0]",
    "y[:, i] = m[:, 0]",
    "y[i, 1:] = 2.0",
    "y[k] = m[:2]",
    "y[:, k] = m[:, :2]",
    "y[k, 0] = m[0, :2]",
    "y[[0, 1], k] = m[0, 0]",
    "y[[0, 1], [2, 3]] = m[0, :2]",
    "y[..., 2] = m[:, 0]",
    "y[m > 0] = 0.5",
    "y[np.array([True, False, True])] = m[:2]",
    "y[...] = 3",
    "y[None, i] = m[:1]",
    "np.add.at(y, (i, 1), m[0, 0])",
]


@pytest.mark.parametrize("statement", WRITTEN)
def test_an_index_of_its_own_to_write_to(statement: str) -> None:
    f = _assigned(statement)
    plain = lambda m, i, k: value(f(gt.constant(m), i, k))  # noqa: E731
    assert_allclose(gt.vmap(f)(M, LABELS, TWO), loop(plain, M, LABELS, TWO))
    g = lambda m, i, k: np.sum(np.cos(f(m, i, k)))  # noqa: E731
    expected = loop(gt.grad(g), M, LABELS, TWO)
    assert_allclose(gt.vmap(gt.grad(g))(M, LABELS, TWO), expected)
    assert_allclose(gt.grad(lambda m: np.sum(gt.vmap(g)(m, LABELS, TWO)))(M), expected)


def test_where_of_ufuncs_and_conditional_writes() -> None:
    def f(x: Any, y: Any) -> Any:
        z = x + 0
        np.copyto(z, y[0], where=x > 0)
        np.putmask(z, y > 0, 0.5)
        z[x > y] = x[1]
        np.sqrt(np.abs(y), out=z, where=y < 0)
        return z * np.multiply(x, y, where=x > 0)

    plain = lambda x, y: value(f(gt.constant(x), gt.constant(y)))  # noqa: E731
    assert_allclose(gt.vmap(f)(X, Y), loop(plain, X, Y))
    g = gt.grad(lambda x, y: np.sum(f(x, gt.constant(y) if isinstance(y, np.ndarray) else y) ** 2))
    assert_allclose(gt.vmap(g)(X, Y), loop(g, X, Y))


def test_counting_and_searching() -> None:
    numbers = np.array([[0, 1, 1], [0, 3, 0], [2, 1, 3], [1, 1, 1]])
    count = lambda n, w: np.bincount(n, w, 4)  # noqa: E731
    assert_allclose(gt.vmap(count)(numbers, gt.constant(X)).numpy(), loop(count, numbers, X))
    slope = gt.grad(lambda w, n: np.sum(np.bincount(n, w, 4) ** 2))
    assert_allclose(gt.vmap(slope)(X, numbers), loop(slope, X, numbers))
    with pytest.raises(TypeError, match="gives each example a shape of its own"):
        gt.vmap(lambda n, w: np.bincount(n, w))(numbers, X)
    f = lambda x, xp, fp: np.interp(x, np.sort(xp), fp)  # noqa: E731
    assert_allclose(gt.vmap(f)(X, X, Y), loop(f, X, X, Y))
    assert_array_equal(
        gt.vmap(lambda x: np.digitize(x, [-1.0, 0.0, 1.0]))(X), np.digitize(X, [-1.0, 0.0, 1.0])
    )


# -- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "args", "text"),
    [
        (lambda x: x if x[0] > 0 else -x, (X,), "Use np.where instead of if, or loop over"),
        (lambda x: float(x[0]), (X,), "it cannot batch float()"),
        (lambda x: x.numpy(), (X,), "it cannot batch numpy()"),
        (lambda x: np.zeros(int(x[0])), (X,), "it cannot batch int()"),
        (lambda x: range(x), (np.arange(3),), "cannot batch"),
        (lambda x: np.asarray(x), (X,), "cannot batch"),
        (lambda x: W[x], (np.arange(3),), "cannot batch"),
        (lambda x: x[x > 0], (X,), "cannot batch"),
        (lambda x: np.nonzero(x), (X,), "a function that gives each example a shape of its own"),
        (lambda x: np.unique(x), (X,), "a function that gives each example a shape of its own"),
        (lambda x: x.item(), (X,), "cannot batch"),
        (lambda x: x.tolist(), (X,), "cannot batch"),
        (lambda x: np.array([x[0], x[1]]), (X,), "join Tensors with np.stack"),
        (lambda: 1, (), "Pass what vmap shall map as positional arguments: got none."),
        (lambda x, y: x, (X, Y[:3]), "Give all arguments of vmap the same number of examples"),
        (lambda x: x, (1.0,), "Give in_axes an axis of the argument, or None to share it: got 0"),
    ],
)
def test_errors(f: Any, args: Any, text: str) -> None:
    with pytest.raises((TypeError, ValueError), match=re.escape(text)):
        gt.vmap(f)(*args)


def test_errors_of_axes() -> None:
    with pytest.raises(ValueError, match="Give in_axes an axis of at least one argument"):
        gt.vmap(np.sin, in_axes=None)(X)
    with pytest.raises(ValueError, match="Give in_axes one entry for each of the 1 parts: got 2"):
        gt.vmap(np.sin, in_axes=(0, 0))(X)
    with pytest.raises(ValueError, match="Give in_axes an integer or None where there is one"):
        gt.vmap(np.sin, in_axes=((0,),))(X)
    with pytest.raises(ValueError, match="got 2 for shape"):
        gt.vmap(np.sin, in_axes=2)(X)
    with pytest.raises(ValueError, match="Give out_axes an axis: None is for a result that all"):
        gt.vmap(np.sin, out_axes=None)(X)
    with pytest.raises(ValueError, match="Give out_axes an axis of the stacked result: got 5"):
        gt.vmap(np.sin, out_axes=5)(X)


def test_a_value_of_an_example_must_not_leave_by_another_way() -> None:
    kept = []
    gt.vmap(lambda x: kept.append(x * 2) or x)(X)
    for use in (lambda x: x + 1, np.sin, np.sum, lambda x: x[0], lambda x: x @ W):
        with pytest.raises(RuntimeError, match="Return what is computed for each example from"):
            use(kept[0])
        with pytest.raises(RuntimeError, match="Return what is computed for each example from"):
            gt.vmap(lambda x: use(kept[0]))(X)


def test_an_error_leaves_nothing_behind() -> None:
    with gt.GradientTape() as tape:
        x = gt.constant(X)
        tape.watch(x)
        with pytest.raises(ZeroDivisionError):
            gt.vmap(lambda v: np.sum(v) * (1 // 0))(x)
        y = np.sum(x**2)
    assert_allclose(tape.gradient(y, x).numpy(), 2 * X)


# -- memory order -------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["K", "A"])
@pytest.mark.parametrize("axes", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
def test_the_order_in_memory_is_that_of_an_example(order: Any, axes: Any) -> None:
    a = RNG.normal(size=(4, 2, 3, 5))

    def f(x: Any) -> Any:
        return np.ravel(np.transpose(x, axes), order=order)

    assert_array_equal(gt.vmap(f)(a), loop(f, a))
    nested = gt.vmap(gt.vmap(f))(np.stack([a, 2 * a]))
    assert_array_equal(nested, np.stack([loop(f, a), loop(f, 2 * a)]))
