"""The namespace against `array_api_strict`, the standard's own reference on top of NumPy."""

from __future__ import annotations

import inspect
from typing import Any

import array_api_strict as strict
import numpy as np
import pytest
from array_api_calls import CALLS, EXTENSION_CALLS, DType, calls, parameters
from support import cotangents, directional, directions, pair, values

import gradtape as gt
from gradtape import array_api as xp
from gradtape.core import structure
from gradtape.core.domains import Call, Draw

BY_HAND = {
    "__array_namespace_info__",
    *("broadcast_shapes", "can_cast", "finfo", "iinfo", "isdtype", "result_type"),
    "isin",
}
"""Functions that give no arrays, or that `array_api_strict` has wrong: they are tested below."""

FUNCTIONS = sorted(
    {
        name
        for section, names in xp.SECTIONS.items()
        for name in names.split()
        if section not in ("constants", "data types")
    }
    - BY_HAND
)
MAIN = [(name, case, f"{name}-{i}") for name in FUNCTIONS for i, case in enumerate(calls(name))]
EXTENSIONS = [
    pytest.param(extension, name, case, id=f"{extension}.{name}-{i}")
    for extension, functions in EXTENSION_CALLS.items()
    for name, cases in functions.items()
    for i, case in enumerate(cases)
]
DTYPES = ("float64", "float32", "complex128", "int64", "int8", "uint8", "bool")
WITHOUT_GRADIENT = {
    *("all", "any", "argmax", "argmin", "argsort", "count_nonzero", "nonzero"),
    *("searchsorted", "empty_like", "full_like", "ones_like", "zeros_like"),
    *("ceil", "floor", "floor_divide", "round", "sign", "signbit", "trunc"),
    *("equal", "greater", "greater_equal", "less", "less_equal", "not_equal"),
    *("isfinite", "isinf", "isnan", "logical_and", "logical_not", "logical_or", "logical_xor"),
    *("bitwise_and", "bitwise_invert", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift"),
    "bitwise_xor",
}
"""Functions whose results are piecewise constant."""


def _draws(case: Call) -> list[bool]:
    """Which leaves of the arguments are draws."""
    return [isinstance(leaf, Draw) for leaf in structure.flatten([case.args, case.kwargs])]


DIFFERENTIABLE = [
    pytest.param(name, case, id=i)
    for name, case, i in MAIN
    if name not in WITHOUT_GRADIENT and any(_draws(case))
]


def _array(leaf: Draw, rng: np.random.Generator, dtype: str) -> Any:
    kind = np.dtype(dtype).kind
    if kind in "fc":
        return np.asarray(leaf.domain.draw(rng, leaf.shape, dtype))
    return rng.integers(0 if kind == "b" else 1, 2 if kind == "b" else 5, leaf.shape).astype(dtype)


def _drawn(case: Call, dtype: str) -> tuple[Any, list[Any]]:
    """The call's arguments as a tree, and its leaves with arrays for the draws."""
    tree = [case.args, case.kwargs]
    rng = np.random.default_rng(0)
    leaves = structure.flatten(tree)
    return tree, [_array(x, rng, dtype) if isinstance(x, Draw) else x for x in leaves]


def _called(namespace: Any, make: Any, function: Any, tree: Any, leaves: list[Any]) -> list[Any]:
    """The results, flat, of `function` with the arrays made by `make`."""

    def leaf(x: Any) -> Any:
        if isinstance(x, DType):
            return getattr(namespace, x.name)
        return make(x) if isinstance(x, np.ndarray) else x

    args, kwargs = structure.rebuild(tree, [leaf(x) for x in leaves])
    return structure.flatten(function(*args, **kwargs))


def _compare(got: list[Any], expected: list[Any]) -> None:
    for ours, theirs in zip(got, map(np.asarray, expected), strict=True):
        assert isinstance(ours, gt.Tensor)
        assert ours.shape == theirs.shape
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-13, atol=1e-15)


# -- every function -----------------------------------------------------------------------------


def test_the_tables_hold_every_name_of_the_standard() -> None:
    helpers = {name for name in strict.__all__ if "flags" in name.lower()}
    names = {*strict.__all__} - helpers - {"Device", "__version__", "__array_api_version__"}
    assert {*" ".join(xp.SECTIONS.values()).split(), *xp.EXTENSIONS} == names
    for extension, listed in xp.EXTENSIONS.items():
        assert sorted(listed.split()) == sorted(getattr(strict, extension).__all__)
        assert EXTENSION_CALLS[extension].keys() == {*listed.split()}
    assert {*CALLS} <= {*FUNCTIONS}
    assert all(hasattr(xp, name) for name in dir(xp))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_calls_use_every_parameter(name: str) -> None:
    """Those by name with their names, the others by their positions."""
    named = {key for case in calls(name) for key in case.kwargs}
    most = max(len(case.args) for case in calls(name))
    for position, parameter in enumerate(parameters(getattr(strict, name))):
        if parameter.kind is not inspect.Parameter.VAR_POSITIONAL:
            assert parameter.name in named or (
                position < most and parameter.kind is not inspect.Parameter.KEYWORD_ONLY
            )


@pytest.mark.parametrize(("name", "case"), [pytest.param(*p, id=i) for *p, i in MAIN])
def test_values(name: str, case: Call) -> None:
    checked = 0
    for dtype in DTYPES:
        tree, leaves = _drawn(case, dtype)
        try:
            expected = _called(strict, strict.asarray, getattr(strict, name), tree, leaves)
        except TypeError:  # the standard does not know the function of this dtype
            continue
        _compare(_called(xp, gt.constant, getattr(xp, name), tree, leaves), expected)
        checked += 1
        if not any(isinstance(x, Draw) for x in structure.flatten(tree)):
            break
    assert checked


@pytest.mark.parametrize(("extension", "name", "case"), EXTENSIONS)
def test_extensions(extension: str, name: str, case: Call) -> None:
    tree, leaves = _drawn(case, "float64")
    theirs, ours = (getattr(getattr(namespace, extension), name) for namespace in (strict, xp))
    expected = _called(strict, strict.asarray, theirs, tree, leaves)
    _compare(_called(xp, gt.constant, ours, tree, leaves), expected)


@pytest.mark.parametrize(("name", "case"), DIFFERENTIABLE)
def test_gradients(name: str, case: Call) -> None:
    tree, leaves = _drawn(case, "float64")
    where = _draws(case)
    arrays = [x for x, is_drawn in zip(leaves, where, strict=True) if is_drawn]

    def program(*xs: Any) -> list[Any]:
        remaining = iter(xs)
        filled = [next(remaining) if d else x for x, d in zip(leaves, where, strict=True)]
        results = _called(xp, gt.constant, getattr(xp, name), tree, filled)
        return [y for y in results if y.dtype.kind in "fc"]

    watched = [gt.constant(x) for x in arrays]
    with gt.GradientTape() as tape:
        tape.watch(watched)
        results = program(*watched)
    v = cotangents(results, 1)
    found = tape.gradient(results, watched, output_gradients=v)
    if all(x.size for x in arrays):
        assert any(g is not None for g in found)
    found = [None if g is None else g.numpy() for g in found]

    def loss(*xs: Any) -> Any:
        return pair(v, values(program(*xs)))

    u = directions(arrays, 2)
    expected = directional(loss, arrays, u, 1e-3)
    np.testing.assert_allclose(pair(found, u), expected, rtol=1e-8, atol=1e-9)
