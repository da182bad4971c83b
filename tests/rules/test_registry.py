"""Every rule of the registry, on every call it declares, against differences."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pytest
from support import (
    Program,
    calls_of,
    cotangents,
    differentiable_rules,
    directional,
    directions,
    drawn,
    gradients,
    pair,
    second_gradients,
    tangents,
    tangents_of_gradients,
    values,
)

import gradtape as gt
from gradtape.core.rules import RULES, Rule

STEP = 1e-3
CALLS = [
    (Program(rule, case), f"{rule.name}-{index}")
    for rule in differentiable_rules()
    for index, case in enumerate(calls_of(rule))
]
PROGRAMS = [pytest.param(program, id=name) for program, name in CALLS]
COMPLEX_PROGRAMS = [
    pytest.param(program, id=name)
    for program, name in CALLS
    if all(d.domain.complex for d in drawn(program.case))
]
MIXED_PROGRAMS = [p for p in COMPLEX_PROGRAMS if len(drawn(p.values[0].case)) > 1]


@pytest.mark.parametrize("rule", differentiable_rules(), ids=lambda rule: rule.name)
def test_a_rule_declares_what_to_test_it_with(rule: Rule) -> None:
    assert calls_of(rule), f"{rule.name} declares neither a domain nor calls"


def _check(program: Program, arrays: list[Any]) -> None:
    results = program(*(gt.constant(x) for x in arrays))
    plain = program(*arrays)
    for got, expected in zip(values(results), values(plain), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-13)
    tensors = [y for y in results if isinstance(y, gt.Tensor)]
    v = cotangents(tensors, 2)

    def loss(*xs: Any) -> Any:
        return pair(v, values(program(*xs)))

    first = gradients(program, arrays, v)
    for gradient, x in zip(first, arrays, strict=True):
        assert gradient.shape == x.shape
        assert gradient.dtype == x.dtype
    for seed in (3, 4):
        u = directions(arrays, seed)
        np.testing.assert_allclose(
            pair(first, u), directional(loss, arrays, u, STEP), rtol=1e-7, atol=1e-8
        )

    u = directions(arrays, 3)
    np.testing.assert_allclose(
        pair(v, tangents(program, arrays, u)), pair(first, u), rtol=1e-9, atol=1e-9
    )

    w, u = directions(arrays, 5), directions(arrays, 6)
    second = second_gradients(program, arrays, v, w)

    def slope(*xs: Any) -> Any:
        return pair(w, gradients(program, xs, v))

    np.testing.assert_allclose(
        pair(second, u), directional(slope, arrays, u, STEP), rtol=1e-6, atol=1e-7
    )
    np.testing.assert_allclose(
        pair(w, tangents_of_gradients(program, arrays, v, u)), pair(second, u), rtol=1e-8, atol=1e-8
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_real(program: Program) -> None:
    _check(program, program.arguments(1, np.float64))


@pytest.mark.parametrize("program", COMPLEX_PROGRAMS)
def test_complex(program: Program) -> None:
    _check(program, program.arguments(1, np.complex128))


@pytest.mark.parametrize("first_is_complex", [False, True])
@pytest.mark.parametrize("program", MIXED_PROGRAMS)
def test_real_and_complex_arguments(program: Program, first_is_complex: bool) -> None:
    arrays = program.arguments(1, np.complex128)
    arrays = [x if (k == 0) is first_is_complex else x.real for k, x in enumerate(arrays)]
    try:
        program(*arrays)
    except (np.exceptions.ComplexWarning, TypeError) as refusal:
        if not re.match("Casting complex values to real|Write np.real|dtype of `to_", str(refusal)):
            raise
        pytest.skip("complex numbers do not go into a real array")
    _check(program, arrays)


@pytest.mark.parametrize("program", PROGRAMS)
def test_float32(program: Program) -> None:
    arrays = program.arguments(1, np.float32)
    wide = [x.astype(np.float64) for x in arrays]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        v = cotangents([y for y in program(*map(gt.constant, wide)) if isinstance(y, gt.Tensor)], 2)
        expected = gradients(program, wide, v)
        got = gradients(program, arrays, v)
    for g, e in zip(got, expected, strict=True):
        assert g.dtype == np.float32
        np.testing.assert_allclose(g, e, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("program", PROGRAMS)
def test_one_argument_at_a_time_among_plain_arrays(program: Program) -> None:
    """The other arguments are read-only, non-contiguous NumPy arrays."""
    arrays = program.arguments(1, np.float64)
    results = program(*map(gt.constant, arrays))
    v = cotangents([y for y in results if isinstance(y, gt.Tensor)], 2)
    expected = gradients(program, arrays, v)
    remaining = iter(v)
    weights = [next(remaining) if isinstance(y, gt.Tensor) else None for y in results]
    for position, array in enumerate(arrays):
        x = gt.constant(array)
        mixed: list[Any] = [_awkward(other) for other in arrays]
        mixed[position] = x
        with gt.GradientTape() as tape:
            tape.watch(x)
            pairs = list(zip(program(*mixed), weights, strict=True))
        ys = [(y, w) for y, w in pairs if isinstance(y, gt.Tensor)]
        gradient = tape.gradient(
            [y for y, _ in ys], x, [w for _, w in ys], unconnected_gradients="zero"
        )
        np.testing.assert_allclose(gradient.numpy(), expected[position], rtol=1e-12, atol=1e-12)


def _awkward(array: Any) -> Any:
    """The same values in a read-only array whose entries are not next to each other."""
    if not array.ndim:
        return array[()]
    spread = np.empty((*array.shape, 2), array.dtype)[..., 0]
    spread[...] = array
    spread.flags.writeable = False
    return spread


def test_keys_are_functions_or_methods() -> None:
    for key in RULES:
        assert callable(key) or isinstance(key, (str, tuple))
