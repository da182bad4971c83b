"""From differences by hand to gradient descent: the journey of a gradient-tape notebook.

Run it with ``make demo``, or ``python examples/notebook.py [--output DIRECTORY]``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import breast_cancer
import picture

import gradtape as gt

LEARNING_RATE = 0.1
STEPS = 100


def f(x: Any) -> Any:
    """A function of one variable, smallest at -1/3."""
    return 3.0 * x**2 + 2.0 * x - 1


def g(x1: Any, x2: Any) -> Any:
    """A function of two variables."""
    return (x1 + 5) * (x2**2)


def difference() -> Any:
    """Differences by hand, of f at 1."""
    return gt.approximate_derivative(f, 1.0)


def differences() -> Any:
    """Differences by hand, of g at (2, 3)."""
    return gt.approximate_gradient(g, 2.0, 3.0)


def first_call() -> Any:
    """A tape, asked once: dg/dx1."""
    x1, x2 = gt.Variable(2.0), gt.Variable(3.0)
    with gt.GradientTape() as tape:
        z = g(x1, x2)
    return tape.gradient(z, x1)


def second_call() -> Any:
    """The same tape, asked a second time."""
    x1, x2 = gt.Variable(2.0), gt.Variable(3.0)
    with gt.GradientTape() as tape:
        z = g(x1, x2)
    tape.gradient(z, x1)
    try:
        return tape.gradient(z, x2)
    except RuntimeError as error:
        return f"RuntimeError: {error}"


def persistent() -> Any:
    """A persistent tape, asked twice: dg/dx1, dg/dx2."""
    x1, x2 = gt.Variable(2.0), gt.Variable(3.0)
    with gt.GradientTape(persistent=True) as tape:
        z = g(x1, x2)
    return tape.gradient(z, x1), tape.gradient(z, x2)


def both_sources() -> Any:
    """Both sources in one call."""
    x1, x2 = gt.Variable(2.0), gt.Variable(3.0)
    with gt.GradientTape() as tape:
        z = g(x1, x2)
    return tape.gradient(z, [x1, x2])


def constants() -> Any:
    """Constants, which no tape watches by itself."""
    x1, x2 = gt.constant(2.0), gt.constant(3.0)
    with gt.GradientTape() as tape:
        z = g(x1, x2)
    return tape.gradient(z, [x1, x2])


def watched_constants() -> Any:
    """Constants, once watched."""
    x1, x2 = gt.constant(2.0), gt.constant(3.0)
    with gt.GradientTape() as tape:
        tape.watch([x1, x2])
        z = g(x1, x2)
    return tape.gradient(z, [x1, x2])


def two_targets() -> Any:
    """Two targets, 3x and x**2 at 5, whose gradients add up."""
    x = gt.Variable(5.0)
    with gt.GradientTape() as tape:
        z1 = 3 * x
        z2 = x**2
    return tape.gradient([z1, z2], x)


def second_derivatives() -> Any:
    """Second derivatives of g, by one tape inside another."""
    x1, x2 = gt.Variable(2.0), gt.Variable(3.0)
    with gt.GradientTape(persistent=True) as outer:
        with gt.GradientTape(persistent=True) as inner:
            z = g(x1, x2)
        firsts = inner.gradient(z, [x1, x2])
    return [outer.gradient(first, [x1, x2]) for first in firsts]


def descent_by_hand() -> Any:
    """100 steps of gradient descent on f by assign_sub."""
    x = gt.Variable(0.0)
    for _ in range(STEPS):
        with gt.GradientTape() as tape:
            z = f(x)
        x.assign_sub(LEARNING_RATE * tape.gradient(z, x))
    return x


def descent_by_optimizer() -> Any:
    """100 steps of gradient descent on f by optimizers.SGD."""
    return descend(gt.Variable(0.0), [])


def descend(x: gt.Variable, iterates: list[float]) -> gt.Variable:
    """Minimise f from `x` by SGD; append to `iterates` where each step starts."""
    optimizer = gt.optimizers.SGD(learning_rate=LEARNING_RATE)
    for _ in range(STEPS):
        iterates.append(float(x))
        with gt.GradientTape() as tape:
            z = f(x)
        optimizer.apply_gradients([(tape.gradient(z, x), x)])
    iterates.append(float(x))
    return x


JOURNEY: list[Callable[[], Any]] = [
    difference,
    differences,
    first_call,
    second_call,
    persistent,
    both_sources,
    constants,
    watched_constants,
    two_targets,
    second_derivatives,
    descent_by_hand,
    descent_by_optimizer,
]


def shown(result: Any) -> str:
    """A result as text, each Tensor by its value alone."""
    if isinstance(result, gt.Tensor):
        return str(result.numpy())
    if isinstance(result, list):
        return f"[{', '.join(map(shown, result))}]"
    if isinstance(result, tuple):
        return f"({', '.join(map(shown, result))})"
    return str(result)


def show(heading: str, text: str) -> None:
    """Print `text` under its heading."""
    print(heading)
    print("   " + text.replace("\n", "\n   "), flush=True)


def main() -> None:
    """Walk the journey, train on real data, and save the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("output"), metavar="DIRECTORY")
    path = parser.parse_args().output / "descent.png"

    for step in JOURNEY:
        show((step.__doc__ or "").rstrip("."), shown(step()))

    fit = breast_cancer.train(breast_cancer.load())
    show("Logistic regression on the Wisconsin breast-cancer data", breast_cancer.report(fit))

    iterates: list[float] = []
    descend(gt.Variable(0.0), iterates)
    picture.save(path, f, iterates, fit.losses)
    show("A picture of both descents", str(path))


if __name__ == "__main__":
    main()
