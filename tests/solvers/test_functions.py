"""How often the user's function is called, by what, and who watches."""

from __future__ import annotations

import numpy as np
import pytest

import gradtape as gt


class Counted:
    """A function, and how often it was called."""

    def __init__(self, fun):
        self.fun = fun
        self.calls = 0

    def __call__(self, *args):
        self.calls += 1
        return self.fun(*args)


def quartic(x):
    return np.sum((x - 3) ** 4) + np.sum((x - 3) ** 2)


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "CG", "Powell"])
def test_the_function_is_called_as_often_as_scipy_says(method) -> None:
    fun = Counted(quartic)
    seen = []
    found = gt.minimize(
        fun,
        np.ones(3),
        method=method,
        callback=lambda intermediate_result: seen.append(intermediate_result),
    )
    # A line search may end before its last point: only there the callback's value costs a call.
    assert fun.calls <= found.nfev + len(seen)
    if method in ("BFGS", "L-BFGS-B"):
        assert fun.calls == found.nfev


@pytest.mark.parametrize("method", ["Nelder-Mead", "BFGS"])
def test_a_function_that_writes_into_its_argument_keeps_to_itself(method) -> None:
    def shifted(p):
        p["x"] -= 3
        return np.sum(p["x"] ** 2) + p["y"] ** 2

    x = np.ones(2)
    found = gt.minimize(shifted, {"x": x, "y": 1.0}, method=method)
    np.testing.assert_allclose(found.x["x"], 3.0, atol=1e-3)
    np.testing.assert_allclose(found.x["y"], 0.0, atol=1e-3)
    np.testing.assert_array_equal(x, 1.0)


def test_further_arguments_stay_as_they_are() -> None:
    def distance(x, target, power):
        assert type(target) is np.ndarray
        return np.sum((x - target) ** power)

    found = gt.minimize(distance, np.ones(2), (np.array([1.0, 2.0]), 2))
    np.testing.assert_allclose(found.x, [1.0, 2.0], atol=1e-6)
    single = gt.minimize(lambda x, a: (x - a) ** 2, 0.0, 4.0)
    np.testing.assert_allclose(single.x, 4.0, atol=1e-6)


SOLVERS = {
    "minimize": lambda x0, t: gt.minimize(lambda x: np.sum((x - t) ** 2), x0).x,
    "least_squares": lambda x0, t: gt.least_squares(lambda x: x - t, x0).x,
    "root": lambda x0, t: gt.root(lambda x: x - t, x0).x,
}


@pytest.mark.parametrize("name", SOLVERS)
def test_a_tape_outside_is_told_that_a_result_carries_no_gradient(name) -> None:
    target = gt.Variable(np.array([1.0, 2.0]))
    with gt.GradientTape() as tape:
        with pytest.warns(gt.GradientWarning, match=f"enters {name} here") as record:
            found = SOLVERS[name](np.ones(2), target)
        assert len(tape._records) < 5  # the solver's own work is not on it
    assert len(record) == 1
    assert record[0].filename == __file__
    np.testing.assert_allclose(found, [1.0, 2.0], atol=1e-6)
    with gt.GradientTape():
        with pytest.warns(gt.GradientWarning, match=f"enters {name} here"):
            SOLVERS[name](target, 0.5)


@pytest.mark.parametrize("name", SOLVERS)
def test_a_tape_outside_hears_nothing_of_plain_values(name) -> None:
    with gt.GradientTape() as tape:
        found = SOLVERS[name](np.ones(2), gt.stop_gradient(gt.Variable(np.array([1.0, 2.0]))))
        assert not tape._records
        y = gt.Variable(3.0) * 2
    assert tape._records  # and goes on recording
    np.testing.assert_allclose(found, [1.0, 2.0], atol=1e-6)
    assert float(y) == 6.0


def test_a_tape_goes_on_after_an_error() -> None:
    x = gt.Variable(3.0)
    with gt.GradientTape() as tape:
        with pytest.raises(TypeError, match="one real number"):
            gt.minimize(np.sin, np.ones(2))
        y = x * x
    assert float(tape.gradient(y, x)) == 6.0


def test_a_list_in_place_of_a_vector_is_named() -> None:
    with pytest.raises(TypeError) as caught:
        gt.minimize(lambda x: np.sum((x - 3) ** 2), [1.0, 2.0])
    assert caught.value.__notes__ == [
        (
            "x0 is a list, and so is what the function gets: pass np.array(x0) to minimize if it "
            "should get one vector."
        )
    ]


@pytest.mark.parametrize("solve", [gt.least_squares, gt.root])
def test_complex_results_are_refused(solve) -> None:
    with pytest.raises(TypeError, match=r"Return real numbers.*dtype complex128"):
        solve(lambda x: x * (1 + 1j), np.ones(2))


@pytest.mark.parametrize("solve", [gt.least_squares, gt.root])
def test_no_results_are_refused(solve) -> None:
    with pytest.raises(TypeError, match="Return numbers from the function"):
        solve(lambda x: [], np.ones(2))


def test_single_precision_is_worked_on_in_double() -> None:
    x0 = np.ones(2, np.float32)
    found = gt.least_squares(lambda x: 2 * x - np.float32(8), x0)
    assert found.x.dtype == np.float32
    assert found.x_flat.dtype == found.jac.dtype == np.float64
    solution = gt.root(lambda x: x**3 - np.float32(8), x0)
    assert solution.x.dtype == np.float32
    np.testing.assert_allclose(solution.x, 2, rtol=1e-5)
