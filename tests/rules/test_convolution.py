"""Convolutions: operands of both kinds and lengths, what a batch axis does, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import assert_gradient, gradient, tensor

import gradtape as gt
from gradtape.core.rules import RULES
from gradtape.rules.convolution import convolve

rng = np.random.default_rng(0)
MODES = ["full", "same", "valid"]
LENGTHS = [(1, 1), (4, 1), (4, 2), (5, 3), (3, 3), (1, 4), (2, 4), (3, 5), (4, 7)]


def draw(n: int, dtype: Any) -> Any:
    """A random vector."""
    x = rng.normal(size=n)
    return x + 1j * rng.normal(size=n) if dtype is complex else x


@pytest.mark.parametrize("function", [np.convolve, np.correlate])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtypes", [(float, float), (float, complex), (complex, float)])
@pytest.mark.parametrize("lengths", LENGTHS)
def test_against_numpy(function: Any, mode: str, dtypes: Any, lengths: Any) -> None:
    a, v = (draw(n, dtype) for n, dtype in zip(lengths, dtypes, strict=True))
    y = function(gt.constant(a), gt.constant(v), mode)
    np.testing.assert_allclose(y.numpy(), function(a, v, mode), rtol=1e-13, atol=1e-14)
    assert_gradient(lambda a, v: function(a, v, mode), a, v)
    assert [g.dtype.kind for g in gradient(lambda a, v: function(a, v, mode), a, v)] == [
        np.dtype(dtype).kind for dtype in dtypes
    ]


def test_the_default_modes_are_numpys() -> None:
    a, v = draw(4, float), draw(2, float)
    assert np.convolve(tensor(a), v).shape == (5,)
    assert np.correlate(tensor(a), v).shape == (3,)
    assert np.convolve(tensor(a), 2.0).shape == (4,)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("batched", [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("lengths", [(5, 3), (4, 4), (3, 1), (6, 2)])
def test_a_batch_axis(mode: str, batched: Any, lengths: Any) -> None:
    values = [
        rng.normal(size=(3, n) if own else n) for n, own in zip(lengths, batched, strict=True)
    ]
    rule = RULES[convolve]
    assert rule.batch is not None
    y = rule.batch(rule.compute, values, batched, {"mode": mode})
    for k in range(3):
        a, v = (x[k] if own else x for x, own in zip(values, batched, strict=True))
        np.testing.assert_allclose(y[k], np.convolve(a, v, mode), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("function", [np.convolve, np.correlate])
@pytest.mark.parametrize(
    ("shapes", "mode", "text"),
    [
        (((2, 2), (2,)), "full", r"Pass two vectors with entries to .*\(2, 2\) and \(2,\)"),
        (((2,), (0,)), "full", "Pass two vectors with entries"),
        (((2,), (2,)), "wide", "Use 'full', 'same' or 'valid' as mode of numpy.c"),
        (((2,), (2,)), 3, "Use 'full', 'same' or 'valid'"),
    ],
)
def test_errors(function: Any, shapes: Any, mode: Any, text: str) -> None:
    a, v = map(np.ones, shapes)
    with pytest.raises(ValueError, match=text):
        function(gt.constant(a), v, mode)
    with pytest.raises(ValueError, match=r"."):
        function(a, v, mode)
