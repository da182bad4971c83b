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
        if not self.vector.size:
            raise ValueError(f"Give {name} at least one parameter: x0 is {tree!r}.")

    def nest(self, vector: Any) -> Any:
        """`vector`, an array or a Tensor, in the structure, shapes and dtypes of the parameters.

        Parts of an array are copies: the user's function may write into them.
        """
        return structure.rebuild(self.tree, self._parts(vector))

    def result(self, vector: Any) -> Any:
        """`vector` as the user gets it: NumPy values, and Tensors where there were Tensors."""
        parts = [
            Tensor(settled(part), UNTRACKED) if tensor else part
            for part, tensor in zip(self._parts(vector), self._tensors, strict=True)
        ]
        return structure.rebuild(self.tree, parts)

    def _parts(self, vector: Any) -> list[Any]:
        plain = isinstance(vector, np.ndarray)
        parts = []
        for start, stop, shape, dtype in zip(
            self._starts, self._starts[1:], self.shapes, self._dtypes, strict=False
        ):
            part = vector if stop - start == len(vector) else vector[start:stop]
            part = part if part.shape == shape else part.reshape(shape)
            if plain:
                part = part.astype(dtype)[()]  # always a copy; a scalar for rank 0
            parts.append(part if part.dtype == dtype else part.astype(dtype))
        return parts

    def bounds(self, bounds: Any, pairs_of_entries: bool) -> Any:
        """`bounds` in the structure of the parameters as `scipy.optimize.Bounds` of the vector.

        Where a leaf stands, a pair ``(low, high)``, a `Bounds` or None; a low or high may be None,
        a number, or an array that broadcasts to the leaf. With `pairs_of_entries` one array may
        also have, as in SciPy, a list of pairs, one for each entry.
        """
        from scipy.optimize import Bounds

        if bounds is None or isinstance(bounds, Bounds):
            return bounds
        if pairs_of_entries and not structure.is_nested(self.tree) and self._of_entries(bounds):
            return bounds
        pairs = structure.match(self.tree, bounds, "bounds")
        lows, highs = [], []
        for pair, shape, path in zip(pairs, self.shapes, structure.paths(self.tree), strict=True):
            low, high = _pair(pair, path)
            lows.append(_side(low, -np.inf, shape, path))
            highs.append(_side(high, np.inf, shape, path))
            if not np.all(lows[-1] <= highs[-1]):
                raise ValueError(f"Give bounds{path} whose low is at most their high.")
        return Bounds(np.concatenate(lows), np.concatenate(highs))

    def _of_entries(self, bounds: Any) -> bool:
        """Whether `bounds` holds a pair for each entry, and not an array of lows and one of highs.

        For an array of two entries both have the same shape: there a pair of arrays is the latter.
        """
        if isinstance(bounds, np.ndarray):
            return bool(bounds.shape == (len(self.vector), 2))
        return (
            isinstance(bounds, (list, tuple))
            and len(bounds) == len(self.vector)
            and all([isinstance(pair, (tuple, list)) and len(pair) == 2 for pair in bounds])
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
    from scipy.optimize import Bounds

    if pair is None:
        return None, None
    if isinstance(pair, Bounds):
        return pair.lb, pair.ub
    if not isinstance(pair, (tuple, list, np.ndarray)) or len(pair) != 2:
        raise ValueError(f"Give bounds{path} as a pair (low, high) or None: got {pair!r}.")
    return pair[0], pair[1]


def _side(value: Any, missing: float, shape: tuple[int, ...], path: str) -> Any:
    try:
        side = np.asarray(missing if value is None else value, np.float64)
        # A Bounds holds a number as an array of one.
        return np.ravel(np.broadcast_to(side[0] if side.shape == (1,) else side, shape))
    except (TypeError, ValueError):
        raise ValueError(
            f"Give bounds{path} numbers or arrays of shape {shape}: got {value!r}."
        ) from None
