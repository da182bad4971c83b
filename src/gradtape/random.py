"""Random numbers from a counter: the same ones in the same order, eagerly and in compiled programs.

A stream is a key and a count of draws, kept in a `Variable`. So a function that `gradtape.function`
has compiled draws new numbers at every call, and its calls go on where eager code stopped. The bits
are those of `numpy.random.Philox` (J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel
random numbers: as easy as 1, 2, 3", SC 2011); each draw has a part of the sequence for itself.

Draws are NumPy arrays, of no derivative; what they are scaled and moved by has one.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.core.dtypes import floatx
from gradtape.core.tensor import Variable
from gradtape.rules.arguments import of_plain_arrays

__all__ = ["Stream", "bernoulli", "integers", "normal", "permutation", "seed", "uniform"]

_ONE_MORE = np.array([0, 1], np.uint64)


@of_plain_arrays("random")
def words(state: Any, *, count: int) -> Any:
    """`count` words of 64 random bits; `state` holds the key and the number of the draw."""
    counter, key = np.zeros(4, np.uint64), np.zeros(2, np.uint64)
    key[0], counter[2] = state
    return np.random.Philox(counter=counter, key=key).random_raw(count)


def _lengths(shape: Any) -> tuple[int, ...]:
    found = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    if not all(isinstance(n, (int, np.integer)) and n >= 0 for n in found):
        raise ValueError(f"Give shape as lengths of axes, none of them negative: got {shape!r}.")
    return tuple(map(int, found))


def _floating(dtype: Any) -> np.dtype[Any]:
    found = np.dtype(floatx() if dtype is None else dtype)
    if found.kind != "f":
        raise TypeError(f"Give dtype as a floating-point dtype: got {found}.")
    return found


class Stream:
    """A source of random numbers of its own.

    Parameters
    ----------
    seed
        An integer; streams of one seed give the same numbers. By default the operating system
        chooses.

    Raises
    ------
    TypeError
        If `seed` is not an integer.

    Examples
    --------
    >>> import gradtape as gt
    >>> a, b = gt.random.Stream(7), gt.random.Stream(7)
    >>> bool((a.normal((2, 3)) == b.normal((2, 3))).all())
    True
    """

    def __init__(self, seed: int | None = None) -> None:
        self._state = Variable(np.zeros(2, np.uint64), trainable=False, name="random")
        self._lock = threading.RLock()
        self.seed(int.from_bytes(os.urandom(8), "little") if seed is None else seed)

    def seed(self, seed: int) -> None:
        """Start again, as this integer determines it."""
        if not isinstance(seed, (int, np.integer)):
            raise TypeError(f"Give seed as an integer: got {type(seed).__name__}.")
        self._state.assign(np.array([int(seed) % (1 << 64), 0], np.uint64))

    def _words(self, count: int) -> Any:
        """The bits of the next draw."""
        with self._lock:
            state = self._state._value
            self._state.assign(state + _ONE_MORE)
        return words(state, count=count)

    def uniform(
        self, shape: int | Sequence[int] = (), low: Any = 0.0, high: Any = 1.0, dtype: Any = None
    ) -> Any:
        """Numbers from `low` up to, without, `high`: ``low + (high - low) * u``.

        Parameters
        ----------
        shape
            The lengths of the axes.
        low, high
            Numbers, or arrays or Tensors that broadcast to the shape; they have gradients.
        dtype
            `gradtape.floatx()` by default.
        """
        kind, lengths = _floating(dtype), _lengths(shape)
        u = self._unit(math.prod(lengths), kind).reshape(lengths)
        return u if _is(low, 0.0) and _is(high, 1.0) else low + (high - low) * u

    def _unit(self, count: int, dtype: np.dtype[Any]) -> Any:
        """Numbers in ``[0, 1)``, of as many bits as the dtype has."""
        bits = min(np.finfo(dtype).nmant + 1, 53)
        return (self._words(count) >> np.uint64(64 - bits)).astype(dtype) * 2.0**-bits

    def normal(
        self, shape: int | Sequence[int] = (), mean: Any = 0.0, std: Any = 1.0, dtype: Any = None
    ) -> Any:
        """Normal numbers, ``mean + std * z``.

        Of two uniform numbers ``u`` and ``v`` come two normal ones, ``sqrt(-2 log(1 - u))`` times
        the cosine and the sine of ``2 pi v`` (G. E. P. Box and M. E. Muller, "A note on the
        generation of random normal deviates", 1958).

        Parameters
        ----------
        shape
            The lengths of the axes.
        mean, std
            Numbers, or arrays or Tensors that broadcast to the shape; they have gradients.
        dtype
            `gradtape.floatx()` by default.
        """
        kind, lengths = _floating(dtype), _lengths(shape)
        count = math.prod(lengths)
        half = (count + 1) // 2
        u = self._unit(2 * half, np.dtype(np.float64))
        radius = np.sqrt(-2.0 * np.log1p(-u[:half]))
        angle = 2 * math.pi * u[half:]
        pairs = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])
        z = pairs[:count].reshape(lengths).astype(kind)
        return z if _is(mean, 0.0) and _is(std, 1.0) else mean + std * z

    def integers(
        self, shape: int | Sequence[int], low: int, high: int, dtype: Any = np.int64
    ) -> Any:
        """Integers from `low` up to, without, `high`, each as likely as the others.

        Raises
        ------
        ValueError
            If there is no integer between them, or one that `dtype` cannot hold.
        """
        kind, lengths = np.dtype(dtype), _lengths(shape)
        info = np.iinfo(kind)
        if not (info.min <= low < high <= int(info.max) + 1):
            raise ValueError(f"Give low < high within {kind}: got {low} and {high}.")
        bits = self._words(math.prod(lengths)).reshape(lengths)
        if high - low < 1 << 64:
            bits = bits % np.uint64(high - low)
        return (bits + np.uint64(low % (1 << 64))).astype(kind)

    def bernoulli(self, shape: int | Sequence[int] = (), p: Any = 0.5) -> Any:
        """Truth values, each true with probability `p`."""
        return self.uniform(shape, dtype=np.float64) < p

    def permutation(self, x: Any) -> Any:
        """The integers below `x` in random order; of an array, its rows."""
        count = int(x) if isinstance(x, (int, np.integer)) else len(x)
        order = np.argsort(self._words(count), kind="stable")
        return order if isinstance(x, (int, np.integer)) else x[order]


def _is(x: Any, number: float) -> bool:
    return x.__class__ is float and x == number


_COMMON = Stream()
seed = _COMMON.seed
uniform = _COMMON.uniform
normal = _COMMON.normal
integers = _COMMON.integers
bernoulli = _COMMON.bernoulli
permutation = _COMMON.permutation
