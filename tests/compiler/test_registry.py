"""Every rule of the registry gives compiled what it gives eagerly: results and gradients."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from support import Program, calls_of, differentiable_rules

import gradtape as gt
from gradtape.compiler import function

CALLS = [
    pytest.param(Program(rule, case), id=f"{rule.name}-{index}")
    for rule in differentiable_rules()
    for index, case in enumerate(calls_of(rule))
]
FEW = CALLS[::29]


def _check(program: Program, dtype: Any, rtol: float) -> None:
    def differentiated(*xs: Any) -> Any:
        with gt.GradientTape() as tape:
            tape.watch(xs)
            ys = [y for y in program(*xs) if isinstance(y, gt.Tensor)]
            targets = [y for y in ys if y.dtype.kind in "fc"]
        return ys, tape.gradient(targets, list(xs))

    compiled = function(differentiated)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in (1, 2, 2):
            arrays = [gt.constant(x) for x in program.arguments(seed, dtype)]
            expected, got = differentiated(*arrays), compiled(*arrays)
            for part, whole in zip(got, expected, strict=True):
                for a, b in zip(part, whole, strict=True):
                    _same(a, b, rtol)


def _same(got: Any, expected: Any, rtol: float) -> None:
    if expected is None:
        assert got is None
        return
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    size = np.abs(expected.numpy()).max(initial=1.0)
    np.testing.assert_allclose(got.numpy(), expected.numpy(), rtol=rtol, atol=rtol * size)


@pytest.mark.parametrize("program", FEW)
def test_compiled_equals_eager(program: Program) -> None:
    _check(program, np.float64, 1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("program", CALLS)
@pytest.mark.parametrize(
    ("dtype", "rtol"), [(np.float64, 1e-12), (np.float32, 2e-4)], ids=["float64", "float32"]
)
def test_every_rule_compiled_equals_eager(program: Program, dtype: Any, rtol: float) -> None:
    _check(program, dtype, rtol)
