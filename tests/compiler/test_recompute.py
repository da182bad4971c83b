"""What loops compute again instead of keeping it in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

import gradtape as gt


def _kernels(f: Any, *args: Any) -> list[list[str]]:
    compiled = gt.function(f)
    for _ in range(2):
        got = compiled(*args)
    np.testing.assert_allclose(got, f(*args), rtol=1e-13)
    native = compiled._compiled(args, {}).native
    return [[getattr(node, "op", "") for node in kernel.cluster.nodes] for kernel in native.kernels]


X = np.linspace(1.0, 2.0, 1000)


def test_a_cheap_value_is_computed_twice() -> None:
    kernels = _kernels(lambda x: (x - 1.0) / np.sum(x - 1.0), X)
    assert [k for k in kernels if "subtract" in k and "add" in k]
    assert [k for k in kernels if "subtract" in k and "divide" in k]


def test_a_dear_value_that_only_the_second_loop_reads_is_computed_there() -> None:
    kernels = _kernels(lambda x: np.exp(x) / np.sum(x), X)
    assert sum("exp" in k for k in kernels) == 1
    assert [k for k in kernels if "exp" in k and "divide" in k]


def test_a_dear_value_that_both_loops_read_is_kept() -> None:
    kernels = _kernels(lambda x: np.exp(x) / np.sum(np.exp(x)), X)
    assert sum("exp" in k for k in kernels) == 1


def test_two_arrays_are_not_read_for_one() -> None:
    kernels = _kernels(lambda x: (x * x[::-1]) / np.sum(x * x[::-1]), X)
    assert len(kernels) == 2
