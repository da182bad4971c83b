"""What a gradient costs, in evaluations of the plain NumPy function: no more than four."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.workload import Work, Workload, cheap
from benchmarks.workloads import rosenbrock

EVALUATIONS = 4.0
ROWS, CLASSES = 2_000, 200

Function = Callable[[Any, Any], Any]
"""``f(np, x)``, in the spelling of the module `np`."""


def _elementwise(np: Any, x: Any) -> Any:
    return np.sum(np.exp(np.sin(x)) * np.log(x) + np.sqrt(x) / (1.0 + x * x))


_FEATURES = np.random.default_rng(2).standard_normal((ROWS, CLASSES))
_LABELS = np.random.default_rng(3).integers(0, 2, ROWS) * 2.0 - 1.0
_CLASS = np.random.default_rng(4).integers(0, CLASSES, ROWS)
_RANGE = np.arange(ROWS)


def _logistic(np: Any, w: Any) -> Any:
    hidden = np.tanh(_FEATURES @ w.reshape(CLASSES, -1))
    return np.mean(np.log1p(np.exp(-_LABELS * np.sum(hidden, axis=1))))


def _softmax(np: Any, x: Any) -> Any:
    logits = x.reshape(ROWS, CLASSES)
    top = np.max(logits, axis=1, keepdims=True)
    total = np.log(np.sum(np.exp(logits - top), axis=1)) + top[:, 0]
    return np.mean(total - logits[_RANGE, _CLASS])


def _stencil(np: Any, x: Any) -> Any:
    """A convolution by slices, a smooth nonlinearity, a second difference."""
    smooth = np.tanh(0.25 * x[:-2] + 0.5 * x[1:-1] + 0.25 * x[2:])
    return np.sum((smooth[2:] - 2.0 * smooth[1:-1] + smooth[:-2]) ** 2)


def _cumsum(np: Any, x: Any) -> Any:
    return np.sum(np.cumsum(x) ** 2)


def _sort(np: Any, x: Any) -> Any:
    return np.sum(np.sort(x) ** 2)


def _norm(np: Any, x: Any) -> Any:
    return np.linalg.norm(x) + np.var(x)


CASES: tuple[tuple[str, str, Function, int], ...] = (
    ("elementwise", "sum(exp(sin x) * log x + sqrt x / (1 + x^2))", _elementwise, 300_000),
    ("logistic", "A logistic loss over a hidden layer", _logistic, CLASSES * 100),
    ("softmax", "Cross-entropy of 2,000 x 200 logits", _softmax, ROWS * CLASSES),
    ("rosenbrock", "The Rosenbrock function", lambda np, x: rosenbrock.f(x), 1_000_000),
    ("stencil", "Convolution by slices, tanh, second difference", _stencil, 300_000),
    ("cumsum", "sum(cumsum(x)^2)", _cumsum, 300_000),
    ("sort", "sum(sort(x)^2)", _sort, 300_000),
    ("norm", "norm(x) + var(x)", _norm, 300_000),
)


def _points(size: int) -> Any:
    return np.random.default_rng(0).uniform(0.5, 1.5, size)


def _gradtape(f: Function, size: int) -> Work:
    import gradtape as gt

    x, both = _points(size), gt.value_and_grad(partial(f, np))
    return lambda: both(x)


def _autograd(f: Function, size: int) -> Work:
    import autograd.numpy as anp
    from autograd import value_and_grad

    x, both = _points(size), value_and_grad(partial(f, anp))
    return lambda: both(x)


def _function(f: Function, size: int) -> Work:
    x = _points(size)
    return lambda: f(np, x)


def _workload(name: str, title: str, f: Function, size: int) -> Workload:
    return Workload(
        name=f"cost-{name}",
        title=f"{title}: value and gradient at {size:,} float64",
        works={
            "gradtape": partial(_gradtape, f, size),
            "function": partial(_function, f, size),
            "autograd": partial(_autograd, f, size),
        },
        expected=lambda: _autograd(f, size)(),
        value=lambda: _function(f, size)(),
        rtol=1e-10,
        targets=(cheap(EVALUATIONS),),
    )


WORKLOADS = tuple([_workload(*case) for case in CASES])
