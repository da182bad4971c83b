"""Anderson's acceleration and Newton's steps."""

from __future__ import annotations

import numpy as np
import pytest

from gradtape.implicit.refine import anderson, newton


def test_acceleration_takes_fewer_steps() -> None:
    def count(memory):
        calls = []

        def step(x):
            calls.append(x)
            return np.array([0.9, -0.5]) * x + 0.05 * np.cos(x)

        found = anderson(step, np.zeros(2), 1e-12, 1000, memory)
        np.testing.assert_allclose(found, step(found), rtol=1e-11)
        return len(calls)

    assert count(5) < count(0) / 2


def test_no_convergence() -> None:
    with pytest.raises(RuntimeError, match="a contraction.*did not converge in 7 iterations"):
        anderson(lambda x: 2 * x + 1, np.ones(1), 1e-12, 7, 0)
    with pytest.raises(RuntimeError, match="did not converge"):
        anderson(lambda x: x * np.nan, np.ones(1), 1e-12, 7, 5)


def test_newton_refines_a_minimum_and_nothing_else() -> None:
    x, converged = newton(lambda x: np.sum(np.cosh(x - 1)), np.array([1.1, 0.8]))
    assert converged
    np.testing.assert_allclose(x, 1, rtol=1e-15)
    for f in (lambda x: -np.sum(np.cosh(x)), lambda x: np.sum(np.sqrt(x)), lambda x: np.sum(x)):
        start = np.array([0.1, 0.2])
        x, converged = newton(f, start)
        assert not converged
        np.testing.assert_array_equal(x, start)


def test_a_step_out_of_the_domain_is_not_taken() -> None:
    x, converged = newton(lambda x: np.sum(x - np.log(x)), np.array([2.5]))
    assert not converged
    assert x == 2.5
