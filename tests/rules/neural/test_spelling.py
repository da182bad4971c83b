"""`gradtape.nn` spells the functions of the rules, with their arguments."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import gradtape as gt
from gradtape.rules import segments, sorting
from gradtape.rules.neural import convolutions, pooling

FUNCTIONS = [
    *(convolutions.conv, convolutions.conv_transpose, pooling.max_pool, pooling.avg_pool),
    *(segments.segment_sum, segments.segment_mean, segments.segment_prod),
    *(segments.segment_max, segments.segment_min, sorting.top_k),
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_arguments(function: Any) -> None:
    spelled = getattr(gt.nn, function.__name__)
    assert function.__name__ in gt.nn.__all__
    assert inspect.signature(spelled) == inspect.signature(function)


def test_examples_of_examples() -> None:
    rng = np.random.default_rng(0)
    xs, kernels = rng.normal(size=(2, 3, 1, 4, 4, 2)), rng.normal(size=(3, 2, 2, 2, 2))

    def f(x: Any, kernel: Any) -> Any:
        y = gt.nn.max_pool(gt.nn.conv(x, kernel, padding="SAME"), 2)
        return gt.nn.top_k(gt.nn.segment_sum(y[0], [0, 1], 2)[..., 0], 1)[0]

    got = gt.vmap(gt.vmap(f), (0, None))(xs, kernels)
    expected = [[f(x, k) for x, k in zip(row, kernels, strict=True)] for row in xs]
    np.testing.assert_allclose(got, expected, rtol=1e-12)
