"""The engine and the rules on Dask arrays: lazy, chunk by chunk, equal to NumPy's."""

from __future__ import annotations

import warnings
from typing import Any

import dask
import dask.array as da
import numpy as np
import pytest
from arrays.support import LOSSES, PARAMETERS, X, Y
from support import Program, calls_of, cotangents, differentiable_rules, gradients

import gradtape as gt

CHUNK = 20


def chunked(x: Any) -> Any:
    return da.from_array(x, chunks=(CHUNK, *x.shape[1:]))


def both_gradients(name: str) -> tuple[Any, Any]:
    loss, values = LOSSES[name], PARAMETERS[name]
    plain = gt.grad(lambda *p: loss(X, Y, *p), tuple(range(len(values))))(*values)
    parameters = [gt.Variable(p) for p in values]
    with gt.GradientTape() as tape:
        target = loss(chunked(X), chunked(Y), *parameters)
    return plain, tape.gradient(target, parameters)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_over_many_chunks(name: str) -> None:
    plain, lazy = both_gradients(name)
    for expected, gradient in zip(plain, lazy, strict=True):
        assert isinstance(gradient._value, da.Array)  # nothing is computed yet
        assert gradient.shape == np.shape(expected)
        np.testing.assert_allclose(gradient.numpy(), expected, rtol=1e-10)


@pytest.mark.parametrize("name", LOSSES)
def test_no_task_makes_more_than_a_chunk(name: str) -> None:
    sizes: list[int] = []

    class Watch(dask.callbacks.Callback):
        def _posttask(self, key: Any, result: Any, *_: Any) -> None:
            if isinstance(result, np.ndarray) and result.ndim:
                sizes.append(max(result.shape))

    _, lazy = both_gradients(name)
    values = [gradient._value for gradient in lazy]
    with Watch():
        # The data itself is a task of the graph where it comes from an array in memory.
        dask.compute(*values, scheduler="synchronous")
    assert sorted(sizes)[-3] <= CHUNK or max(s for s in sizes if s != len(X)) <= CHUNK
    for value in values:
        for layer in value.dask.layers.values():
            assert "rechunk" not in str(type(layer))


def test_a_training_loop() -> None:
    x, y = chunked(X), chunked(Y)
    w = gt.Variable(np.zeros(X.shape[1]))
    optimizer = gt.optimizers.SGD(0.1)
    losses = []
    for _ in range(20):
        with gt.GradientTape() as tape:
            loss = np.mean(np.logaddexp(0, -y * (x @ w)))
        optimizer.apply_gradients([(tape.gradient(loss, w), w)])
        losses.append(float(loss.numpy()))
    assert isinstance(w._value, np.ndarray)
    assert losses[-1] < losses[0]


def test_tensors_of_lazy_arrays() -> None:
    x = gt.constant(chunked(X))
    assert "dask.array" in repr(x)
    with gt.GradientTape() as tape:
        tape.watch(x)
        y = np.sum(np.where(x > 0, np.sqrt(np.abs(x)), 0) * x.T[0][:, None])
    found = tape.gradient(y, x)
    assert isinstance(found._value, da.Array)
    expected = gt.grad(lambda x: np.sum(np.where(x > 0, np.sqrt(np.abs(x)), 0) * x.T[0][:, None]))(
        X
    )
    np.testing.assert_allclose(found.numpy(), expected)


def test_second_derivatives_and_forward_mode() -> None:
    loss, (w, b) = LOSSES["logistic"], PARAMETERS["logistic"]
    lazy = gt.hessian(lambda w: loss(chunked(X), chunked(Y), w, b))(w)
    np.testing.assert_allclose(
        np.asarray(lazy), gt.hessian(lambda w: loss(X, Y, w, b))(w), rtol=1e-9
    )


# -- every rule ---------------------------------------------------------------------------------

OF_DASK = {
    "Dask chooses other signs of singular vectors": "_svd svd",
    "the dtype of the result depends on values, which are not known yet": """
        scimath.arccos scimath.arcsin scimath.arctanh scimath.log scimath.log10 scimath.log2
        scimath.logn scimath.power scimath.sqrt""",
    "Dask puts the axes of an integer and an array in another order than NumPy": "getitem",
}
"""Where Dask's own answer differs from NumPy's."""


def _known(name: str) -> str | None:
    for reason, names in OF_DASK.items():
        if any(name.endswith(f".{known}") for known in names.split()):
            return reason
    return None


PROGRAMS = [
    pytest.param(Program(rule, case), id=f"{rule.name}-{index}")
    for rule in differentiable_rules()
    for index, case in enumerate(calls_of(rule))
]


def _check(program: Program) -> None:
    """Dask computes the same, or refuses: it never gives another number."""
    arrays = program.arguments(1, np.float64)
    if not arrays:
        pytest.skip("takes no array")
    with warnings.catch_warnings(), dask.config.set(scheduler="synchronous"):
        warnings.simplefilter("ignore")
        results = [y for y in program(*map(gt.constant, arrays)) if isinstance(y, gt.Tensor)]
        v = cotangents(results, 2)
        expected = gradients(program, arrays, v)
        try:
            xs = [gt.constant(_halves(x)) for x in arrays]
            with gt.GradientTape() as tape:
                tape.watch(xs)
                ys = [y for y in program(*xs) if isinstance(y, gt.Tensor)]
            values = [y.numpy() for y in ys]
            found = tape.gradient(ys, xs, output_gradients=v, unconnected_gradients="zero")
            slopes = [g.numpy() for g in found]
        except (TypeError, ValueError, NotImplementedError, AttributeError, IndexError) as refusal:
            pytest.skip(f"Dask: {str(refusal)[:60]}")
    if _known(program.rule.name):
        pytest.skip(_known(program.rule.name))
    for got, wanted in zip(
        [*values, *slopes], [*(y.numpy() for y in results), *expected], strict=True
    ):
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-11)


def _halves(x: Any) -> Any:
    return da.from_array(x, chunks=(max(1, (len(x) + 1) // 2), *x.shape[1:]) if x.ndim else -1)


# A series of many terms, as in the parameters of betainc, makes a graph that takes minutes.
QUICK = [p for p in PROGRAMS if "special" not in str(p.id)]


@pytest.mark.parametrize("program", QUICK[::9])
def test_some_rules(program: Program) -> None:
    _check(program)


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS)
def test_every_rule(program: Program) -> None:
    _check(program)


MUST_WORK = [
    *("numpy.sum", "numpy.mean", "numpy.max", "numpy.var", "numpy.exp", "numpy.multiply"),
    *("numpy.matmul", "numpy.where", "numpy.maximum", "numpy.transpose", "numpy.concatenate"),
    *("numpy.stack", "numpy.clip", "numpy.cumsum", "numpy.squeeze", "numpy.tensordot"),
    *("numpy.broadcast_to", "numpy.std", "numpy.diff", "numpy.logaddexp"),
]


@pytest.mark.parametrize("name", MUST_WORK)
def test_rules_that_must_work(name: str) -> None:
    rule = next(rule for rule in differentiable_rules() if rule.name == name)
    worked = 0
    for case in calls_of(rule):
        try:
            _check(Program(rule, case))
        except pytest.skip.Exception:
            continue
        worked += 1
    assert worked >= len(calls_of(rule)) * 0.6
