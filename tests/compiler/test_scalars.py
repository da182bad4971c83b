"""Every scalar operation of native code against NumPy, SciPy and mpmath."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import scipy.special

import gradtape as gt
from gradtape.compiler.machine.native import available
from gradtape.compiler.scalar import library, values, vectormath
from gradtape.compiler.scalar import special as special_module
from gradtape.compiler.scalar.operations import OPS, operation
from tests.compiler.accuracy import BOUNDS, SUMS, exact, points, special, ulps
from tests.compiler.kernels import compiled, kernel, module, runner

pytestmark = [
    pytest.mark.skipif(not available(), reason="needs llvmlite"),
    pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning"),
]

WIDTHS = (0, 16, 32, 64)
FLOATS = (np.float64, np.float32)
INTEGERS = (np.int64, np.int32, np.int16, np.int8, np.uint64, np.uint32, np.uint16, np.uint8)

SCIPY = {
    "entr": 3,
    "exprel": 4,
    "huber": 0.5,
    "logit": 4,
    "rel_entr": 4,
    "xlog1py": 3,
    "xlogy": 3,
}
"""Bounds for the distance to SciPy, computed in float64."""

INTERNAL = ("cast", "copy", "where")
SAME = sorted(set(OPS) - set(BOUNDS) - set(SCIPY) - set(INTERNAL))
"""Operations that must give NumPy's bits."""


def _ufunc(name: str) -> Any:
    homes = (np, np._core.umath, scipy.special)  # type: ignore[attr-defined]
    return next(u for h in homes if isinstance(u := getattr(h, name, None), np.ufunc))


def _every_pair(values: Any, count: int) -> list[Any]:
    pairs = itertools.product(values, repeat=count)
    return [np.array(c, values.dtype) for c in zip(*pairs, strict=True)]


def _operands(name: str, dtype: Any, count: int) -> list[Any]:
    """Points for a function of floating-point numbers, special ones first."""
    ufunc = _ufunc(name)
    if ufunc.nin == 1:
        return [np.concatenate([special(dtype), points(dtype, count, 0)])]
    rng = np.random.default_rng(2)
    ordinary = [rng.permutation(points(dtype, count, k)) for k in range(ufunc.nin)]
    if "power" in name:
        ordinary[0] = abs(ordinary[0])
        ordinary[1][::2] = rng.uniform(-3, 3, len(ordinary[1][::2]))
    few = special(dtype) if ufunc.nin == 2 else special(dtype)[::3]
    return [
        np.concatenate(pair) for pair in zip(_every_pair(few, ufunc.nin), ordinary, strict=True)
    ]


def _assert_same(got: Any, expected: Any, operands: Any) -> None:
    equal = (got == expected) | ((got != got) & (expected != expected))
    if got.dtype.kind == "f":
        equal &= (np.signbit(got) == np.signbit(expected)) | (got != got)
    wrong = np.flatnonzero(~equal)[:5]
    rows = [(*[x[k] for x in operands], got[k], expected[k]) for k in wrong]
    assert not rows, f"operands, got, expected: {rows}"


def _assert_ends_as(got: Any, expected: Any, operands: Any) -> None:
    """Zeros, infinities and NaN where NumPy has them, with their signs."""
    ends = ~(np.isfinite(expected) & (expected != 0))
    _assert_same(got[ends], expected[ends], [x[ends] for x in operands])


# -- functions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(BOUNDS))
@pytest.mark.parametrize("dtype", FLOATS)
def test_is_near_the_true_value(name: str, dtype: Any) -> None:
    x = _operands(name, dtype, 200)
    expected = _ufunc(name)(*x)
    head, tail = exact(name, x)
    ordinary = np.isfinite(head) & np.logical_and.reduce([np.isfinite(v) for v in x])
    bound = BOUNDS[name][FLOATS.index(dtype)]
    if name == "float_power" and dtype == np.float32:
        x, bound = [v.astype(np.float64) for v in x], BOUNDS[name][0]
    size = np.maximum(*map(abs, x)).astype(dtype) if name in SUMS else dtype(0)
    for width in WIDTHS:
        got = compiled(name, [v.dtype for v in x], x[0].dtype, len(x[0]), width)(*x)
        distance = ulps(got, head, tail, size)[ordinary]
        worst = distance.argmax()
        where = [v[ordinary][worst] for v in x]
        assert distance[worst] <= bound, f"width {width}: {distance[worst]} ULP at {where}"
        rest = ~ordinary
        _assert_same(got[rest], expected[rest], [v[rest] for v in x])


@pytest.mark.parametrize("name", sorted(SCIPY))
@pytest.mark.parametrize("dtype", FLOATS)
def test_is_near_scipy(name: str, dtype: Any) -> None:
    x = _operands(name, dtype, 2000)
    expected = _ufunc(name)(*[v.astype(np.float64) for v in x])
    with np.errstate(over="ignore"):
        rounded = expected.astype(dtype)
    for width in WIDTHS:
        got = compiled(name, [dtype] * len(x), dtype, len(x[0]), width)(*x)
        distance = ulps(got, expected, 0)
        worst = distance.argmax()
        where = [v[worst] for v in x]
        assert distance[worst] <= SCIPY[name], (
            f"width {width}: {distance[worst]} ULP at {where}: {got[worst]}, not {expected[worst]}"
        )
        _assert_ends_as(got, rounded, x)


@pytest.mark.parametrize("name", [n for n in SAME if "f" in OPS[n].kinds])
@pytest.mark.parametrize("dtype", FLOATS)
def test_has_numpys_bits(name: str, dtype: Any) -> None:
    x = _operands(name, dtype, 500)
    ufunc = _ufunc(name)
    expected = ufunc(*x)
    for width in WIDTHS:
        got = compiled(name, [dtype] * len(x), expected.dtype, len(x[0]), width)(*x)
        if name in ("maximum", "minimum", "fmax", "fmin"):
            got, expected = got + 0, expected + 0  # NumPy leaves open which zero
        _assert_same(got, expected, x)


# -- integers and truth values ------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in SAME if OPS[n].kinds != "f"])
def test_integers_are_exact(name: str) -> None:
    ufunc, kinds = _ufunc(name), OPS[name].kinds
    for dtype in (*INTEGERS, np.bool_):
        if np.dtype(dtype).kind not in kinds:
            continue
        x = _every_pair(_integers(dtype), ufunc.nin)
        expected = ufunc(*x)
        for width in WIDTHS:
            got = compiled(name, [dtype] * len(x), expected.dtype, len(x[0]), width)(*x)
            _assert_same(got, expected, x)


def _integers(dtype: Any) -> Any:
    if dtype == np.bool_:
        return np.array([False, True])
    info = np.iinfo(dtype)
    ends = [info.min, info.min + 1, info.max - 1, info.max]
    small = [-9, -8, -7, -3, -2, -1, 0, 1, 2, 3, 5, 7, 8, 9, 31, 32, 63, 64]
    return np.array([v for v in [*ends, *small] if info.min <= v <= info.max], dtype)


@pytest.mark.parametrize("source", [*FLOATS, *INTEGERS, np.bool_])
def test_casts(source: Any) -> None:
    real = np.dtype(source).kind == "f"
    x = np.array([0, 1, 2.5, 100.7, 127]).astype(source) if real else _integers(source)
    for target in {*FLOATS, *INTEGERS, np.bool_} - {source}:
        for width in WIDTHS:
            got = compiled("cast", [source], target, len(x), width)(x)
            _assert_same(got, x.astype(target), [x])


# -- ends of loops ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["exp", "log1p", "sin", "fmod", "power", "erfc", "logical_and"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_every_length(name: str, dtype: Any) -> None:
    ufunc = _ufunc(name)
    x = [v[:17] for v in _operands(name, dtype, 20)]
    out = ufunc(*x).dtype
    lengths = range(1, 18)
    kernels = [kernel(name, [dtype] * len(x), out, length, 32) for length in lengths]
    code = module(kernels)
    whole = runner(kernels[-1], code, 16)(*x)
    for k, length in enumerate(lengths):
        got = runner(kernels[k], code, k)(*[v[:length] for v in x])
        wide = length >= 32 // np.dtype(dtype).itemsize
        if wide and name in ("exp", "log1p", "sin", "fmod", "logical_and"):
            _assert_same(got, whole[:length], x)  # wherever in the array
        np.testing.assert_allclose(got, whole[:length], rtol=5 * np.finfo(dtype).eps)


def test_a_function_called_often_is_not_inlined() -> None:
    made = [kernel("exp", [np.float64], np.float64, 8, 32) for _ in range(6)]
    assert "alwaysinline" in module(made[:4]).text
    assert "alwaysinline" not in module(made).text
    x = np.linspace(-1, 1, 8)
    np.testing.assert_allclose(runner(made[5], module(made), 5)(x), np.exp(x), rtol=1e-15)


# -- poorer machines ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["exp", "log1p", "sin", "fmod", "erfc", "ndtr", "logaddexp"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_without_fused_multiply_add_and_vector_functions(
    name: str, dtype: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in (values, vectormath, special_module):
        monkeypatch.setattr(room, "fuses", lambda: False)
    monkeypatch.setattr(library, "vectors", dict)
    x = [v[:500] for v in _operands(name, dtype, 100)]
    expected = _ufunc(name)(*x)
    for width in WIDTHS:
        made = kernel(name, [dtype] * len(x), dtype, len(x[0]), width)
        assert not any("_ZGV" in text or ".fma." in text for text in made.declared.values())
        got = runner(made, module([made]))(*x)
        info = np.finfo(dtype)
        np.testing.assert_allclose(got, expected, rtol=1e3 * info.eps, atol=info.tiny)


# -- names --------------------------------------------------------------------------------------


def test_every_operation_is_a_ufunc() -> None:
    for name in set(OPS) - set(INTERNAL):
        assert operation(_ufunc(name)) is OPS[name]


def test_a_stranger_of_the_same_name_is_none() -> None:
    class Stranger:
        __name__ = "sin"

    assert operation(Stranger()) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("length", [1, 3, 64])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("extreme", [np.maximum, np.minimum])
def test_of_0_and_its_negative_the_second_is_taken(extreme: Any, dtype: Any, length: int) -> None:
    zero, negative = np.zeros(length, dtype), np.full(length, -0.0, dtype)
    compiled = gt.function(lambda a, b: extreme(a, b))
    compiled(zero, zero)
    assert np.signbit(compiled(zero, negative)).all()
    assert not np.signbit(compiled(negative, zero)).any()
