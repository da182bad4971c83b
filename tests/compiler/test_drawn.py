"""Random programs: compiled equals eager, at every stage of the compiler."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from compiler.drawn import FLOATS, Drawn, programs
from compiler.verified import verified
from hypothesis import given
from hypothesis import strategies as st

import gradtape as gt

pytestmark = pytest.mark.filterwarnings("ignore:Keep Python's decisions")


def equal(got: Any, expected: Any) -> None:
    """Equal to the last bit, but for the sign of zeros and NaN."""
    assert np.shape(got) == np.shape(expected)
    assert np.result_type(got) == np.result_type(expected)
    np.testing.assert_array_equal(got, expected)


def check(f: Any, program: Drawn) -> None:
    """`f` compiled gives what `f` gives, for both sets of inputs."""
    compiled = gt.function(f)
    with warnings.catch_warnings(), np.errstate(all="ignore"), verified(equal):
        warnings.simplefilter("ignore")
        for inputs in (*program.inputs, program.inputs[0]):
            for got, expected in zip(compiled(*inputs), f(*inputs), strict=True):
                equal(got, expected)
                assert not any(np.shares_memory(got, x) for x in inputs)


@given(programs())
def test_programs_of_all_dtypes(program: Drawn) -> None:
    check(program, program)


@given(programs(dtypes=FLOATS[:1]))
def test_programs_of_one_dtype(program: Drawn) -> None:
    check(program, program)


@given(programs(dtypes=FLOATS, special=False, grad=True), st.booleans())
def test_gradients_in_programs(program: Drawn, forward: bool) -> None:
    def total(*xs: Any) -> Any:
        return sum(np.sum(y) for y in program(*xs) if y.dtype.kind == "f")

    def slopes(*xs: Any) -> Any:
        if forward:
            return [np.asarray(gt.jvp(total, list(xs), [np.ones_like(x) for x in xs])[1])]
        return gt.grad(total, argnums=tuple(range(len(xs))))(*xs)

    check(slopes, program)


@given(programs(dtypes=FLOATS, special=False, grad=True))
def test_gradients_of_compiled_programs(program: Drawn) -> None:
    def derivatives(f: Any, xs: Any) -> Any:
        tensors = [gt.constant(x) for x in xs]
        with gt.GradientTape() as tape:
            tape.watch(tensors)
            ys = [y for y in f(*tensors) if y.dtype.kind == "f"]
        return tape.gradient(ys, tensors)

    compiled = gt.function(program)
    with np.errstate(all="ignore"):
        for inputs in (*program.inputs, program.inputs[0]):
            got, expected = derivatives(compiled, inputs), derivatives(program, inputs)
            for a, b in zip(got, expected, strict=True):
                equal(a.numpy(), b.numpy())
