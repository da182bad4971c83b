"""The user's functions of nested parameters as SciPy calls them: functions of one vector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradtape.core import structure
from gradtape.core.dispatch import watched
from gradtape.core.errors import warn_user
from gradtape.core.handle import Handle
from gradtape.core.tape import activate, active
from gradtape.solvers.parameters import Parameters
from gradtape.transforms.gradients import value_and_grad


@contextmanager
def unrecorded() -> Iterator[None]:
    """Hide from tapes outside what a solver does."""
    inside = active()
    activate(())
    try:
        yield
    finally:
        activate(inside)


class Function:
    """``fun(x, *args)`` of a flat `x`: an array, or a Tensor where derivatives are taken.

    `name` is what the user called, for errors.
    """

    def __init__(
        self, name: str, fun: Callable[..., Any], parameters: Parameters, args: Any
    ) -> None:
        self.name = name
        self.parameters = parameters
        self._fun = fun
        self._args = args if isinstance(args, tuple) else (args,)

    def __call__(self, vector: Any) -> Any:
        """The result, checked and as the subclass has it."""
        return self._checked(self._fun(self.parameters.nest(vector), *self._args))

    def _checked(self, result: Any) -> Any:
        raise NotImplementedError

    def warn_if_watched(self) -> None:
        """Say so if tapes outside follow what enters the solver."""
        if not active():
            return
        value = self.first(self)
        tensors = [*structure.flatten(self.parameters.tree), value]
        if watched([tensor for tensor in tensors if isinstance(tensor, Handle)]):
            warn_user(
                f"Pass plain values, as with x.numpy() or stop_gradient(x), if no gradient is "
                f"meant: a watched value enters {self.name} here, whose result carries none."
            )

    def first(self, call: Callable[[Any], Any]) -> Any:
        """`call` at the start; where it fails on a list in place of a vector, the error says so."""
        tree = self.parameters.tree
        try:
            return call(self.parameters.vector)
        except TypeError as error:
            if isinstance(tree, (list, tuple)) and not any(map(structure.is_nested, tree)):
                error.add_note(
                    f"x0 is a {type(tree).__name__}, and so is what the function gets: pass "
                    f"np.array(x0) to {self.name} if it should get one vector."
                )
            raise

    def warn_unless_finite(self, value: Any) -> None:
        """Warn of a start from where a solver may not get anywhere."""
        if not np.all(np.isfinite(value)):
            got = f"it is {value}" if np.ndim(value) == 0 else "not all its values are"
            warn_user(f"Give {self.name} a start where the function is finite: {got} at x0.")


class Objective(Function):
    """A scalar function. Its value and gradient at the last point are kept: SciPy asks again."""

    calls = 0

    def __init__(
        self, name: str, fun: Callable[..., Any], parameters: Parameters, args: Any
    ) -> None:
        super().__init__(name, fun, parameters, args)
        self._both = value_and_grad(self)
        self._at: Any = None
        self._value = 0.0
        self._slope: Any = None

    def _checked(self, result: Any) -> Any:
        plain = np.asarray(result._value if isinstance(result, Handle) else result)
        if plain.shape or plain.dtype.kind not in "fiu":
            raise TypeError(
                f"Return one real number, as np.sum gives, from the function that {self.name} "
                f"gets: got shape {plain.shape}, dtype {plain.dtype}."
            )
        return result

    def value(self, vector: Any) -> float:
        """``f(x)``."""
        if not self._is_at(vector):
            value = self(vector)
            self.calls += 1
            self._keep(vector, value._value if isinstance(value, Handle) else value, None)
        return self._value

    def value_and_grad(self, vector: Any) -> tuple[float, Any]:
        """``f(x)`` and its gradient."""
        if not self._is_at(vector) or self._slope is None:
            value, slope = self._both(vector)
            self.calls += 1
            self._keep(vector, value, np.asarray(slope, np.float64))
        return self._value, self._slope.copy()

    def _is_at(self, vector: Any) -> bool:
        return self._at is not None and np.array_equal(self._at, vector)

    def _keep(self, vector: Any, value: Any, slope: Any) -> None:
        self._at, self._value, self._slope = np.array(vector), float(value), slope


class Equations(Function):
    """A function with results of any structure, joined into one vector."""

    _at: Any = None
    _values: Any = None

    def _checked(self, result: Any) -> Any:
        parts = [np.ravel(leaf) for leaf in structure.flatten(result)]
        if not parts:
            raise TypeError(f"Return numbers from the function that {self.name} gets: got none.")
        joined = parts[0] if len(parts) == 1 else np.concatenate(parts)
        if joined.dtype.kind not in "fiub":
            raise TypeError(
                f"Return real numbers from the function that {self.name} gets, real and imaginary "
                f"parts apart: got dtype {joined.dtype}."
            )
        return joined

    def values(self, vector: Any) -> Any:
        """What SciPy gets, in float64; the last is kept, as SciPy asks for the first again."""
        if self._at is None or not np.array_equal(self._at, vector):
            joined = self(vector)
            plain = joined._value if isinstance(joined, Handle) else joined
            self._at, self._values = np.array(vector), np.array(plain, np.float64)
        return self._values.copy()
