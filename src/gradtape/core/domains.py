"""Where a rule may be tested: the values and the calls that its record declares.

A `Domain` says which real (and complex) numbers a function is smooth on, a `Draw` asks for a random
array of some shape from it, and a `Call` is one argument list with draws in it. Tests read these
from the registry; nothing here runs when a gradient is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Domain:
    """The interval ``[low, high]`` without a margin around each of `holes`.

    `complex` tells whether the function accepts complex numbers there (their imaginary parts are
    drawn from [-0.8, 0.8]).
    """

    low: float
    high: float
    holes: tuple[float, ...] = ()
    complex: bool = False
    margin: float = 0.4

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> Any:
        """A random array of `shape`, no two entries close to each other's value."""
        size = int(np.prod(shape))
        # Distinct, well separated values keep max, sort and median away from their kinks.
        steps = (rng.permutation(size) + rng.uniform(0.3, 0.7, size)) / max(size, 1)
        values = self.low + (self.high - self.low) * steps
        for hole in self.holes:
            near = np.abs(values - hole) < self.margin
            values = np.where(near, hole + np.where(values < hole, -1, 1) * self.margin, values)
        values = values.reshape(shape)
        if np.dtype(dtype).kind == "c":
            values = values + 1j * rng.uniform(-0.8, 0.8, shape)
        return values.astype(dtype)


real = Domain(-2.0, 2.0, complex=True)
real_only = Domain(-2.0, 2.0)
nonzero = Domain(-2.0, 2.0, holes=(0.0,), complex=True)
nonzero_real = Domain(-2.0, 2.0, holes=(0.0,))
positive = Domain(0.3, 3.0, complex=True)
positive_real = Domain(0.3, 3.0)
unit = Domain(-0.85, 0.85, complex=True)
above_one = Domain(1.2, 4.0, complex=True)


class Draw:
    """A random array argument of `shape` from `domain`; a leaf of the nested arguments."""

    __slots__ = ("domain", "shape")

    def __init__(self, shape: tuple[int, ...], domain: Domain = real) -> None:
        self.shape = shape
        self.domain = domain

    def __repr__(self) -> str:
        return f"draw{self.shape}"


def draw(*shape: int, domain: Domain = real) -> Draw:
    """A random array argument, for `call`."""
    return Draw(shape, domain)


@dataclass(frozen=True)
class Call:
    """One call to test a rule with; `Draw`s anywhere inside become arrays."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)


def call(*args: Any, **kwargs: Any) -> Call:
    """One call to test a rule with."""
    return Call(args, kwargs)
