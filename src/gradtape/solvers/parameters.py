"""Nested parameters as one vector of float64, which is what SciPy's solvers work on, and back."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np

from gradtape.core import structure
from gradtape.core.handle import UNTRACKED, Handle, settled
from gradtape.core.tape import is_discrete
from gradtape.core.tensor import Tensor


class Parameters:
    """The structure, shapes and dtypes of parameters, and the `vector` of their start."""

    def __init__(self, name: str, tree: Any) -> None:
        self.tree = tree
        leaves = structure.flatten(tree)
        self._tensors = [isinstance(leaf, Handle) for leaf in leaves]
        pairs = zip(leaves, structure.paths(tree), strict=True)
        arrays = [_numbers(name, leaf, path) for leaf, path in pairs]
        self.shapes = [array.shape for array in arrays]
        self._dtypes = [array.dtype for array in arrays]
        self._starts = list(accumulate([array.size for array in arrays], initial=0))
        flat = [np.ravel(array).astype(np.float64) for array in arrays]
        self.vector = np.concatenate(flat) if flat else np.zeros(0)

    def nest(self, vector: Any) -> Any:
        """`vector`, an array or a Tensor, in the structure, shapes and dtypes of the parameters."""
        return structure.rebuild(self.tree, self._parts(vector))

    def result(self, vector: Any) -> Any:
        """`vector` as the user gets it: NumPy values, and Tensors where there were Tensors."""
        parts = [
            Tensor(settled(part.copy()), UNTRACKED) if tensor else part
            for part, tensor in zip(self._parts(np.array(vector)), self._tensors, strict=True)
        ]
        return structure.rebuild(
            self.tree, [part[()] if isinstance(part, np.ndarray) else part for part in parts]
        )

    def _parts(self, vector: Any) -> list[Any]:
        parts = []
        for start, stop, shape, dtype in zip(
            self._starts, self._starts[1:], self.shapes, self._dtypes, strict=False
        ):
            part = vector if stop - start == len(vector) else vector[start:stop]
            part = part if part.shape == shape else part.reshape(shape)
            parts.append(part if part.dtype == dtype else part.astype(dtype))
        return parts

    def bounds(self, bounds: Any) -> Any:
        """`bounds` in the structure of the parameters as `scipy.optimize.Bounds` of the vector.

        Where a leaf stands, a pair ``(low, high)`` or None; a low or high may be None, a number, or
        an array that broadcasts to the leaf. For one array SciPy's own forms will do as well.
        """
        from scipy.optimize import Bounds

        if bounds is None or isinstance(bounds, Bounds):
            return bounds
        if not structure.is_nested(self.tree) and self._as_in_scipy(bounds):
            return bounds
        pairs = structure.match(self.tree, bounds, "bounds")
        lows, highs = [], []
        for pair, shape, path in zip(pairs, self.shapes, structure.paths(self.tree), strict=True):
            low, high = (None, None) if pair is None else _pair(pair, path)
            lows.append(_side(low, -np.inf, shape, path))
            highs.append(_side(high, np.inf, shape, path))
        low, high = np.concatenate(lows), np.concatenate(highs)
        if np.any(low > high):
            raise ValueError("Give bounds whose low is at most their high.")
        return Bounds(low, high)

    def _as_in_scipy(self, bounds: Any) -> bool:
        """Whether `bounds` holds a pair for each entry."""
        pairs = list(bounds)
        return len(pairs) == len(self.vector) and all(
            [isinstance(pair, (tuple, list, np.ndarray)) and len(pair) == 2 for pair in pairs]
        )


def _numbers(name: str, leaf: Any, path: str) -> Any:
    array = np.asarray(leaf._value if isinstance(leaf, Handle) else leaf)
    if array.dtype.kind == "c":
        raise TypeError(
            f"Give {name} real and imaginary parts as parameters of their own: x0{path} has dtype "
            f"{array.dtype}."
        )
    if isinstance(leaf, int) and not isinstance(leaf, bool):
        return array.astype(np.float64)
    if is_discrete(array):
        raise TypeError(
            f"Give {name} floating-point parameters, as with x.astype(float): x0{path} has dtype "
            f"{array.dtype}."
        )
    return array


def _pair(pair: Any, path: str) -> tuple[Any, Any]:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise ValueError(f"Give bounds{path} as a pair (low, high) or None: got {pair!r}.")
    return pair[0], pair[1]


def _side(value: Any, missing: float, shape: tuple[int, ...], path: str) -> Any:
    value = missing if value is None else np.asarray(value, np.float64)
    try:
        return np.ravel(np.broadcast_to(value, shape))
    except ValueError:
        raise ValueError(
            f"Give bounds{path} numbers or arrays of shape {shape}: got shape {np.shape(value)}."
        ) from None
