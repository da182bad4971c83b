"""Minimax polynomials for the compiler's own mathematical functions: `python -m tools.minimax`.

Remez' exchange algorithm in many digits (Muller, Elementary Functions, 3rd edition, 2016, chapter
3): the polynomial of a degree whose largest weighted error over an interval is least.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp

Real = Any


def minimax(
    function: Callable[[Real], Real],
    weight: Callable[[Real], Real],
    low: Real,
    high: Real,
    degree: int,
) -> tuple[list[Real], Real]:
    """Coefficients, lowest first, and the largest of ``abs(weight * (polynomial - function))``."""
    count = degree + 2
    nodes = [
        (low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * k / (count - 1)) for k in range(count)
    ]
    for _ in range(12):
        rows = [
            [x**k for k in range(degree + 1)] + [(-1) ** i / weight(x)] for i, x in enumerate(nodes)
        ]
        solution = mp.lu_solve(mp.matrix(rows), mp.matrix([function(x) for x in nodes]))
        coefficients = list(solution)[:-1]

        def error(x: Real, c: list[Real] = coefficients) -> Real:
            return weight(x) * (mp.polyval(c[::-1], x) - function(x))

        extremes = _extremes(error, low, high, count)
        largest = max(abs(error(x)) for x in extremes)
        if len(extremes) != count or largest < abs(solution[count - 1]) * mp.mpf("1.0001"):
            break
        nodes = extremes
    return coefficients, largest


def _extremes(error: Callable[[Real], Real], low: Real, high: Real, count: int) -> list[Real]:
    """Where the error is largest between its changes of sign."""
    grid = [
        (low + high) / 2 - (high - low) / 2 * mp.cos(mp.pi * k / (40 * count))
        for k in range(40 * count + 1)
    ]
    found: list[Real] = []
    best, sign = None, 0
    for x in grid:
        e = error(x)
        if best is not None and mp.sign(e) != sign:
            found.append(best[1])
            best = None
        sign = mp.sign(e)
        if best is None or abs(e) > best[0]:
            best = (abs(e), x)
    assert best is not None
    return [*found, best[1]]


def _over(
    function: Callable[[Real], Real], series: Callable[[Real], Real]
) -> Callable[[Real], Real]:
    """`function`, by its series where it would cancel."""
    return lambda x: series(x) if abs(x) < mp.mpf("1e-12") else function(x)


def _scaled_erfc(center: int) -> Callable[[Real], Real]:
    """``exp(x**2) erfc(x) (1 + 2 x)`` as a function of ``q = (x - center) / (x + center)``."""

    def function(q: Real) -> Real:
        x = center * (1 + q) / (1 - q)
        return mp.exp(x * x) * mp.erfc(x) * (1 + 2 * x)

    return function


def polynomials() -> dict[str, tuple[Any, ...]]:
    """Function, weight, interval and the degrees for float64 and float32."""
    half_log2 = mp.log(2) / 2 * mp.mpf("1.0001")
    eighth_turn = (mp.pi / 4) ** 2 * mp.mpf("1.0001")
    return {
        "exp: (exp(r) - 1 - r) / r**2": (
            _over(lambda r: (mp.expm1(r) - r) / r**2, lambda r: mp.mpf(1) / 2 + r / 6),
            lambda r: r**2 + mp.mpf("1e-4"),
            (-half_log2, half_log2),
            (9, 4),
        ),
        "expm1: the same, relative to exp(r) - 1": (
            _over(lambda r: (mp.expm1(r) - r) / r**2, lambda r: mp.mpf(1) / 2 + r / 6),
            lambda r: abs(r) + mp.mpf("1e-3"),
            (-half_log2, half_log2),
            (10, 5),
        ),
        "sin: (sin(r) - r) / r**3 in r**2": (
            _over(
                lambda z: (mp.sin(mp.sqrt(z)) - mp.sqrt(z)) / mp.sqrt(z) ** 3,
                lambda z: -mp.mpf(1) / 6 + z / 120,
            ),
            lambda z: z + mp.mpf("1e-3"),
            (mp.mpf(0), eighth_turn),
            (5, 2),
        ),
        "cos: (cos(r) - 1 + r**2 / 2) / r**4 in r**2": (
            _over(
                lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2,
                lambda z: mp.mpf(1) / 24 - z / 720,
            ),
            lambda z: z**2 + mp.mpf("1e-4"),
            (mp.mpf(0), eighth_turn),
            (5, 2),
        ),
        "log: (log(1 + f) - f + f**2 / 2) / f**3": (
            _over(lambda f: (mp.log1p(f) - f + f**2 / 2) / f**3, lambda f: mp.mpf(1) / 3 - f / 4),
            lambda f: f**2 + mp.mpf("1e-3"),
            (mp.sqrt(0.5) - 1, mp.sqrt(2) - 1),
            (7,),
        ),
        "erfc in float64, in q": (
            _scaled_erfc(4),
            lambda q: mp.mpf(1),
            (mp.mpf(-1), (mp.mpf(28) - 4) / (28 + 4)),
            (22,),
        ),
        "erfc in float32, in q": (
            _scaled_erfc(3),
            lambda q: mp.mpf(1),
            (mp.mpf(-1), (mp.mpf(11) - 3) / (11 + 3)),
            (10,),
        ),
    }


if __name__ == "__main__":
    mp.mp.dps = 50
    for name, (function, weight, interval, degrees) in polynomials().items():
        for degree in degrees:
            coefficients, largest = minimax(function, weight, *interval, degree)
            print(name, degree, mp.nstr(largest, 3))
            print("   ", ", ".join(repr(float(c)) for c in coefficients))
