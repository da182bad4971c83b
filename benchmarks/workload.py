"""What a workload is: one piece of work, written once for each library, and what to reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from benchmarks.libraries import EAGER_PEERS, FUNCTION, OURS

Work = Callable[[], Any]
"""Does the work once and returns its result, finished (no computation still in flight)."""

Factory = Callable[[], Work]
"""Imports its library, prepares constant inputs, and returns the work to time."""


@dataclass(frozen=True)
class Target:
    """What gradtape should reach.

    With `of` "time", the fastest of `peers` must take at least `factor` times as long as gradtape;
    with "memory", its peak must be at least `factor` times ours; with "excess", gradtape may take
    at most `factor` seconds longer; with "alone", at most `factor` seconds, whatever others take.
    """

    text: str
    peers: tuple[str, ...]
    factor: float
    of: Literal["time", "memory", "excess", "alone"] = "time"


@dataclass(frozen=True)
class Workload:
    """One piece of work in every library.

    Attributes
    ----------
    name, title
        The word for ``--only``, and the heading of the table.
    works
        ``{column: factory}``. A column that is absent cannot do this work at all.
    expected
        The right result, by NumPy alone: nested lists and tuples of arrays. A column whose result
        differs in structure, shape, dtype or by more than `rtol` gets no time.
    warmups
        The same work made tiny, in the columns whose peak memory is to be measured too.
    value
        What the column "function", which computes the plain function alone, gives.
    note
        What a reader should know before comparing.
    limits
        What a profile says, where a target may not be reached.
    """

    name: str
    title: str
    works: Mapping[str, Factory]
    expected: Callable[[], Any]
    rtol: float
    targets: tuple[Target, ...] = ()
    warmups: Mapping[str, Factory] = field(default_factory=dict)
    value: Callable[[], Any] | None = None
    note: str = ""
    limits: str = ""

    def result(self, column: str) -> Any:
        """What `column` should give."""
        return self.value() if column == FUNCTION and self.value else self.expected()


def faster_than_torch(factor: float) -> Target:
    """At least `factor` times faster than PyTorch."""
    return Target(f"at least {factor:g}x faster than PyTorch", ("torch",), factor)


def within(seconds: float, text: str) -> Target:
    """At most so many seconds."""
    return Target(f"within {text}", (OURS,), seconds, "alone")


def cheap(evaluations: float) -> Target:
    """No more than so many evaluations of the function by plain NumPy."""
    text = f"no dearer than {evaluations:g} evaluations of the function"
    return Target(text, (FUNCTION,), 1 / evaluations)


FASTER_THAN_EAGER = Target("at least 4x faster than the best eager peer", EAGER_PEERS, 4.0)
AS_FAST_AS_ANY_TORCH = Target(
    "as fast as PyTorch at its best", ("torch", "torch-one", "torch-plain"), 1.0
)
AS_FAST_AS_TORCH = Target("as fast as PyTorch", ("torch",), 1.0)
FASTER_THAN_AUTOGRAD_AND_TORCH = Target(
    "faster than autograd and PyTorch", ("autograd", "torch", "torch-one"), 1.0
)
FASTER_THAN_CASADI = Target("faster than CasADi", ("casadi",), 1.0)
FASTER_THAN_DIFFERENCES = Target("faster than with differences", ("differences",), 1.0)
NO_MORE_MEMORY = Target("no more memory than PyTorch", ("torch",), 1.0, "memory")
CLOSE_TO_NUMPY = Target("within 1.15x of NumPy by hand", ("numpy",), 1 / 1.15)
FASTER_THAN_TENSORFLOW = Target("at least 20x faster than TensorFlow", ("tensorflow",), 20.0)
LIGHT_IMPORT = Target("within 0.1 s of `import numpy`", ("numpy",), 0.1, "excess")
