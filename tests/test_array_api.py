"""The namespace against `array_api_strict`, the standard's own reference on top of NumPy."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import array_api_compat
import array_api_strict as strict
import numpy as np
import pytest
from array_api_calls import CALLS, EXTENSION_CALLS, DType, calls, parameters
from support import cotangents, directional, directions, pair, values

import gradtape as gt
from gradtape import array_api as xp
from gradtape.core import structure
from gradtape.core.domains import Call, Draw
from gradtape.core.rules import RULES

BY_HAND = {
    "__array_namespace_info__",
    *("broadcast_shapes", "can_cast", "finfo", "iinfo", "isdtype", "result_type"),
    *("isin", "unique_values"),
}
"""Functions that give no arrays, that `array_api_strict` has wrong, or that it orders otherwise."""

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
    if name not in vars(xp) and getattr(np, name) not in RULES:
        pytest.skip(f"gradtape has no rule of numpy.{name}")
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


# -- what gives no arrays -----------------------------------------------------------------------


def test_constants_and_dtypes_are_numpys() -> None:
    for name in f"{xp.SECTIONS['constants']} {xp.SECTIONS['data types']}".split():
        assert getattr(xp, name) is getattr(np, name)


def test_functions_of_dtypes_take_tensors() -> None:
    x, n = gt.constant(np.ones(2, np.float32)), gt.constant(np.ones(2, np.int8))
    with gt.GradientTape() as tape:
        tape.watch(x)
        assert xp.result_type(x, n) == np.float32
        assert xp.result_type(x, 1.0) == np.float32
        assert xp.can_cast(x, xp.float64) is True
        assert xp.finfo(x).eps == xp.finfo(xp.float32).eps
    assert xp.iinfo(n).max == 127
    assert xp.isdtype(x.dtype, ("real floating", "bool"))
    assert xp.broadcast_shapes((2, 1), (3,)) == (2, 3)


def test_isin() -> None:
    x = gt.constant(np.array([1, 2, 3]))
    for options in ({}, {"invert": True}):
        got = xp.isin(x, gt.constant(np.array([3, 1])), **options)
        assert isinstance(got, gt.Tensor)
        assert got.numpy().tolist() == np.isin([1, 2, 3], [3, 1], **options).tolist()


def test_information() -> None:
    info = xp.__array_namespace_info__()
    assert info.default_dtypes() == {
        "real floating": np.float64,
        "complex floating": np.complex128,
        "integral": np.int64,
        "indexing": np.int64,
    }
    assert info.devices() == ["cpu"]
    assert info.default_device() == "cpu"
    assert info.capabilities()["boolean indexing"]
    assert info.dtypes(kind="real floating") == {"float32": np.float32, "float64": np.float64}


def test_an_unknown_name_says_where_to_find_it() -> None:
    assert "median" not in dir(xp)
    with pytest.raises(AttributeError, match="has no 'median': use NumPy's, or numpy.median"):
        xp.median  # noqa: B018


# -- the Tensor's side --------------------------------------------------------------------------


@pytest.mark.parametrize("version", [None, "2021.12", "2022.12", "2023.12", "2024.12"])
def test_a_tensor_gives_the_namespace(version: str | None) -> None:
    assert gt.Variable(1.0).__array_namespace__(api_version=version) is xp
    assert array_api_compat.array_namespace(gt.constant(1.0), api_version=version) is xp


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Ask for one of .*2024.12 .*: got '2019.01'"):
        gt.constant(1.0).__array_namespace__(api_version="2019.01")


def test_it_loads_when_first_asked_for() -> None:
    code = (
        "import sys, gradtape as gt; x = gt.constant(1.0);"
        "assert 'gradtape.array_api' not in sys.modules;"
        "xp = x.__array_namespace__(); xp.exp(x); hasattr(xp, 'special');"
        "assert not any(name.startswith('scipy') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_devices() -> None:
    x = gt.Variable([1.0, 2.0])
    assert x.device == "cpu"
    assert x.to_device("cpu") is x
    assert x.__dlpack_device__() == np.ones(2).__dlpack_device__()
    with pytest.raises(ValueError, match="Give 'cpu' and no stream: got 'gpu'"):
        x.to_device("gpu")
    for make in (xp.zeros, xp.ones, xp.empty, xp.eye, xp.arange, xp.asarray):
        assert make(2, device="cpu").device == "cpu"
        with pytest.raises(ValueError, match="cpu"):
            make(2, device="gpu")


def test_results_of_rank_0_are_tensors() -> None:
    x = gt.constant(np.array([1.0, 3.0]))
    for y in (x[0], xp.sum(x), xp.argmax(x), xp.any(x > 2), x[0] > 2, xp.count_nonzero(x)):
        assert isinstance(y, gt.Tensor)
        assert y.shape == ()
    assert bool(x[0] < 2)
    assert (int(x[1]), float(x[1]), complex(x[1])) == (3, 3.0, 3 + 0j)
    assert [10, 20][xp.argmax(x)] == 20


# -- a gradient is never lost in silence --------------------------------------------------------


def test_asarray_of_a_tensor_is_that_tensor() -> None:
    x = gt.Variable([1.0, 2.0])
    with gt.GradientTape() as tape:
        assert xp.asarray(x) is x
        assert xp.asarray(x, dtype=xp.float32, copy=False) is x
        assert xp.from_dlpack(x) is x
        copied = xp.asarray(x, copy=True)
        copied[0] = 5.0
        y = xp.sum(copied * xp.asarray(x, dtype=xp.float64))
    assert x.numpy().tolist() == [1.0, 2.0]
    assert tape.gradient(y, x).numpy().tolist() == [5.0, 4.0]


def test_asarray_without_a_copy() -> None:
    for obj, dtype in ((np.ones(2), None), ([1.0], None), (gt.constant([1.0]), xp.float64)):
        with pytest.raises(ValueError, match="Leave out copy=False"):
            xp.asarray(obj, dtype=dtype, copy=False)


def test_asarray_owns_what_it_gives() -> None:
    array = np.ones(2)
    x, y = xp.asarray(array), xp.from_dlpack(array)
    array[:] = 7.0
    assert x.numpy().tolist() == y.numpy().tolist() == [1.0, 1.0]


def test_creation_from_tensors_is_differentiable() -> None:
    x = gt.Variable([1.0, 2.0])
    with gt.GradientTape() as tape:
        y = (
            xp.sum(xp.asarray([[x[0], 3.0], [x[1], x[1]]]))
            + xp.sum(xp.full((2, 2), x[0]))
            + xp.sum(xp.full_like(x, x[1], dtype=xp.float64))
        )
    assert tape.gradient(y, x).numpy().tolist() == [5.0, 4.0]


@pytest.mark.parametrize("loss", [np.from_dlpack, lambda x: xp.arange(x[0])])
def test_a_leak_is_warned_about(loss: Any) -> None:
    x = gt.Variable([1.0, 2.0])
    with gt.GradientTape(), pytest.warns(gt.GradientWarning, match="became a plain value"):
        loss(x)


def test_who_takes_the_data_cannot_change_the_tensor() -> None:
    x = gt.constant(np.ones(2))
    taken = np.from_dlpack(x)
    if taken.flags.writeable:
        taken[:] = 3.0
    assert x.numpy().tolist() == [1.0, 1.0]
    assert not np.from_dlpack(x, copy=False).flags.writeable


# -- differences from NumPy ---------------------------------------------------------------------


def test_floats_are_float64_whatever_floatx_is() -> None:
    assert xp.asarray(1.0).dtype == xp.zeros(1).dtype == xp.linspace(0, 1, 2).dtype == np.float64


def test_clip_keeps_the_dtype() -> None:
    x = gt.constant(np.array([1, 5], np.int8))
    assert xp.clip(x, 2.0, None).dtype == np.int8
    assert xp.clip(gt.constant([1.0]), gt.constant(np.array(2.0))).dtype == np.float32


def test_equal_entries_keep_their_order_in_descending_order() -> None:
    x = gt.constant(np.array([1, 2, 1, 2]))
    assert xp.argsort(x, descending=True).numpy().tolist() == [1, 3, 0, 2]


def test_results_of_sets_have_names() -> None:
    x = gt.constant(np.array([[2.0, 1.0], [1.0, 2.0]]))
    found = xp.unique_all(x)
    assert found._fields == ("values", "indices", "inverse_indices", "counts")
    assert found.inverse_indices.shape == x.shape
    assert xp.sort(xp.unique_values(x)).numpy().tolist() == [1.0, 2.0]
    assert xp.unique_inverse(x)._fields == ("values", "inverse_indices")
    assert xp.unique_counts(x)._fields == ("values", "counts")


# -- the page -----------------------------------------------------------------------------------

PAGE = Path(__file__).parents[1] / "docs" / "array-api.md"


def test_the_page_lists_the_tables() -> None:
    rows = re.findall(r"^\| ([^|]+) \| (`.*`) \|$", PAGE.read_text(), re.MULTILINE)
    listed = {section: " ".join(re.findall(r"`(\w+)`", names)) for section, names in rows}
    assert listed == {**xp.SECTIONS, **xp.EXTENSIONS}


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL))
def test_the_page_runs(block: str) -> None:
    exec(compile(block, str(PAGE), "exec"), {})


def test_programs_of_other_libraries() -> None:
    """In a process of its own, for SciPy reads SCIPY_ARRAY_API when it is imported."""
    programs = Path(__file__).parent / "array_api_programs.py"
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
    result = subprocess.run(
        [*command, str(programs)],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
