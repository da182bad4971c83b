"""Callbacks, StopIteration and the progress bar."""

from __future__ import annotations

import builtins

import numpy as np
import pytest

import gradtape as gt

GRADIENT_FREE = ["Nelder-Mead", "Powell", "COBYLA", "COBYQA"]
METHODS = [
    *(*GRADIENT_FREE, "CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP", "Newton-CG", "trust-ncg"),
    *("trust-krylov", "trust-constr", "dogleg", "trust-exact"),
]
START = {"a": np.array([1.0, 2.0]), "b": gt.constant(0.5)}


def convex(p):
    return np.sum((p["a"] - 3) ** 4) + np.sum((p["a"] - 3) ** 2) + p["b"] ** 2


@pytest.mark.parametrize("method", METHODS)
def test_every_method_tells_of_its_iterations(method) -> None:
    points, results = [], []
    options = {"maxfun" if method == "TNC" else "maxiter": 20}
    gt.minimize(convex, START, method=method, options=options, callback=points.append)
    gt.minimize(
        convex,
        START,
        method=method,
        options=options,
        callback=lambda intermediate_result: results.append(intermediate_result),
    )
    assert len(points) == len(results) > 0
    for point, result in zip(points, results, strict=True):
        assert list(point) == list(result.x) == ["a", "b"]
        assert isinstance(point["b"], gt.Tensor)
        np.testing.assert_array_equal(point["a"], result.x["a"])
        np.testing.assert_allclose(result.fun, convex(result.x), rtol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_stop_iteration_ends_the_run(method) -> None:
    seen = []

    def stop(x):
        seen.append(x)
        if len(seen) == 2:
            raise StopIteration

    found = gt.minimize(convex, START, method=method, callback=stop)
    assert len(seen) == 2
    assert found.x["a"].shape == (2,)
    np.testing.assert_allclose(found.fun, convex(found.x), rtol=1e-6)
    if method not in GRADIENT_FREE and method != "trust-constr":
        assert found.jac["a"].shape == (2,)
    if method != "COBYQA":  # which calls it a success
        assert not found.success


def test_a_function_that_raises_stop_iteration_is_not_taken_for_the_callback() -> None:
    def broken(x):
        raise StopIteration

    with pytest.raises(StopIteration):
        gt.minimize(broken, np.ones(2), method="TNC")


def test_the_state_of_trust_constr() -> None:
    seen = []
    gt.minimize(
        convex,
        START,
        method="trust-constr",
        callback=lambda intermediate_result: seen.append(intermediate_result),
    )
    assert seen[-1].tr_radius > 0
    assert list(seen[-1].x) == ["a", "b"]


def residuals(p):
    return [p["a"] ** 2 - 8, p["b"] - 1]


def test_callbacks_of_least_squares() -> None:
    points, results = [], []
    gt.least_squares(residuals, START, callback=points.append)
    gt.least_squares(
        residuals, START, callback=lambda intermediate_result: results.append(intermediate_result)
    )
    assert len(points) == len(results) > 0
    np.testing.assert_allclose(results[-1].x["a"], np.sqrt(8), rtol=1e-5)
    np.testing.assert_array_equal(points[-1]["a"], results[-1].x["a"])
    assert results[-1].fun.shape == (3,)
    assert results[-1].cost < 1e-8

    def stop(x):
        raise StopIteration

    assert gt.least_squares(residuals, START, callback=stop).nfev <= 2


def test_callbacks_of_root() -> None:
    points, results = [], []
    start = {"a": np.array([2.5, 3.0]), "b": 0.5}
    gt.root(residuals, start, method="krylov", callback=points.append)
    gt.root(
        residuals,
        start,
        method="krylov",
        callback=lambda intermediate_result: results.append(intermediate_result),
    )
    assert len(points) == len(results) > 0
    np.testing.assert_allclose(points[-1]["a"], np.sqrt(8), rtol=1e-3)
    assert results[-1].fun.shape == (3,)


@pytest.mark.parametrize("more", [{"callback": print}, {"progress": True}])
@pytest.mark.parametrize("method", ["hybr", "LM"])
def test_methods_of_root_without_iterations(method, more) -> None:
    with pytest.raises(ValueError, match=f"Choose another method of root.*{method!r} tells of no"):
        gt.root(residuals, START, method=method, **more)


@pytest.mark.parametrize(
    "solve",
    [
        lambda: gt.minimize(convex, START, progress=True),
        lambda: gt.minimize(convex, START, method="Nelder-Mead", progress=True),
        lambda: gt.least_squares(residuals, START, progress=True),
        lambda: gt.root(residuals, {"a": np.ones(2) * 3, "b": 0.5}, method="krylov", progress=True),
    ],
)
def test_the_progress_bar_shows_the_value(solve, capsys) -> None:
    solve()
    assert "iteration" in capsys.readouterr().err


def test_the_bar_goes_as_far_as_the_method_may(capsys) -> None:
    gt.minimize(convex, START, options={"maxiter": 77}, progress=True)
    shown = capsys.readouterr().err
    assert "/77 [" in shown
    assert "fun=" in shown


def test_a_missing_progress_bar_says_what_to_install(monkeypatch) -> None:
    original = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "tqdm":
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match="Install tqdm for progress=True"):
        gt.minimize(convex, START, progress=True)
