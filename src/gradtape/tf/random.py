"""``tf.random``: numbers of the program's own stream, and of seeds.

The stream is NumPy's PCG64, apart from `numpy.random`'s global state. After ``set_seed`` a program
draws the same numbers each time; they are others than TensorFlow's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.errors import at_every_call
from gradtape.core.kinds import raw
from gradtape.tf import draws
from gradtape.tf.dtypes import float32, int32, int64, numpy_dtype
from gradtape.tf.errors import InvalidValueError
from gradtape.tf.generators import (
    Algorithm,
    Generator,
    bits_of,
    create_rng_state,
    fold_in,
    get_global_generator,
    set_global_generator,
    split,
)
from gradtape.tf.operation import operation

# -- the program's stream -------------------------------------------------------------------------


class _Streams:
    """One stream for all draws without a seed, and one for each seed."""

    def __init__(self) -> None:
        self.restart(None)

    def restart(self, seed: int | None) -> None:
        self._seed = seed
        self._common: np.random.Generator | None = None
        self._own: dict[int, np.random.Generator] = {}

    def of(self, seed: Any) -> np.random.Generator:
        at_every_call("tf.random, but for stateless and tf.random.Generator's draws,")
        if seed is None:
            if self._common is None:
                self._common = np.random.default_rng(self._seed)
            return self._common
        word = int(raw(seed)) % (1 << 64)
        if word not in self._own:
            whole = 87654321 if self._seed is None else self._seed
            self._own[word] = np.random.default_rng([whole, word])
        return self._own[word]


_STREAMS = _Streams()


def set_seed(seed: Any) -> None:
    """Start all streams again, as this seed determines them.

    Draws with a ``seed=`` of their own depend on both seeds, and without any global seed on theirs
    alone.
    """
    _STREAMS.restart(None if seed is None else int(raw(seed)) % (1 << 64))


def stream(seed: Any = None) -> np.random.Generator:
    """The bits that a draw with this ``seed=`` takes next."""
    return _STREAMS.of(seed)


@operation
def normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: Any = None,
    name: Any = None,
) -> Any:
    """Normal numbers ``mean + stddev * noise``; both parameters have gradients."""
    return draws.normal(stream(seed), shape, mean, stddev, dtype)


@operation
def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    seed: Any = None,
    name: Any = None,
) -> Any:
    """Normal numbers within two standard deviations; both parameters have gradients."""
    return draws.truncated_normal(stream(seed), shape, mean, stddev, dtype)


@operation
def uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    seed: Any = None,
    name: Any = None,
) -> Any:
    """Numbers from `minval` up to, without, `maxval`: 1 by default, and needed for integers."""
    return draws.uniform(stream(seed), shape, minval, maxval, dtype)


@operation
def gamma(
    shape: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = float32,
    seed: Any = None,
    name: Any = None,
) -> Any:
    """Numbers of the density ``x**(alpha - 1) exp(-beta x)``, for each entry of the parameters.

    The shape is `shape` and then that of the parameters. Both have gradients.
    """
    return draws.gamma(stream(seed), shape, alpha, beta, dtype, append=True)


@operation
def poisson(shape: Any, lam: Any, dtype: Any = float32, seed: Any = None, name: Any = None) -> Any:
    """Counts of events of which `lam` are expected; the shape is `shape` and then that of `lam`."""
    return draws.poisson(stream(seed), shape, lam, dtype, append=True)


@operation
def categorical(
    logits: Any, num_samples: Any, dtype: Any = None, seed: Any = None, name: Any = None
) -> Any:
    """For each row of `logits`, `num_samples` classes of probabilities ``softmax(logits)``."""
    return draws.categorical(stream(seed), logits, num_samples, dtype)


@operation
def shuffle(value: Any, seed: Any = None, name: Any = None) -> Any:
    """The rows in a random order."""
    return draws.order(stream(seed), value)


# -- numbers of a seed ----------------------------------------------------------------------------


@operation
def stateless_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    name: Any = None,
    alg: Any = "auto_select",
) -> Any:
    """As `normal`, the same for the same `seed` of two integers."""
    return draws.normal(bits_of(seed), shape, mean, stddev, dtype)


@operation
def stateless_truncated_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = float32,
    name: Any = None,
    alg: Any = "auto_select",
) -> Any:
    """As `truncated_normal`, the same for the same `seed` of two integers."""
    return draws.truncated_normal(bits_of(seed), shape, mean, stddev, dtype)


@operation
def stateless_uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    name: Any = None,
    alg: Any = "auto_select",
) -> Any:
    """As `uniform`, the same for the same `seed`; any integer if both bounds are None."""
    if numpy_dtype(dtype).kind in "iu" and (minval is None) != (maxval is None):
        raise InvalidValueError("Give both minval and maxval, or neither, for integers.")
    return draws.uniform(bits_of(seed), shape, minval, maxval, dtype)


@operation
def stateless_gamma(
    shape: Any, seed: Any, alpha: Any, beta: Any = None, dtype: Any = float32, name: Any = None
) -> Any:
    """As `gamma`, the same for the same `seed`; `shape` is the whole shape."""
    return draws.gamma(bits_of(seed), shape, alpha, beta, dtype, append=False)


@operation
def stateless_poisson(shape: Any, seed: Any, lam: Any, dtype: Any = int32, name: Any = None) -> Any:
    """As `poisson`, the same for the same `seed`; `shape` is the whole shape."""
    return draws.poisson(bits_of(seed), shape, lam, dtype, append=False)


@operation
def stateless_binomial(
    shape: Any, seed: Any, counts: Any, probs: Any, output_dtype: Any = int32, name: Any = None
) -> Any:
    """How many of `counts` trials succeed, each with probability `probs`."""
    return draws.binomial(bits_of(seed), shape, counts, probs, output_dtype)


@operation
def stateless_categorical(
    logits: Any, num_samples: Any, seed: Any, dtype: Any = int64, name: Any = None
) -> Any:
    """As `categorical`, the same for the same `seed`."""
    return draws.categorical(bits_of(seed), logits, num_samples, dtype)


@operation
def stateless_parameterized_truncated_normal(
    shape: Any,
    seed: Any,
    means: Any = 0.0,
    stddevs: Any = 1.0,
    minvals: Any = -2.0,
    maxvals: Any = 2.0,
    name: Any = None,
) -> Any:
    """Normal numbers between two bounds; all four parameters have gradients."""
    return draws.truncated(bits_of(seed), shape, means, stddevs, minvals, maxvals)


@operation
def _stateless_shuffle(value: Any, seed: Any, alg: Any = "auto_select", name: Any = None) -> Any:
    """The rows in a random order, the same for the same `seed`."""
    return draws.order(bits_of(seed), value)


class experimental:  # noqa: N801 (a namespace of TensorFlow's)
    """``tf.random.experimental``: older names, and `stateless_shuffle`."""

    Algorithm = Algorithm
    Generator = Generator
    create_rng_state = staticmethod(create_rng_state)
    get_global_generator = staticmethod(get_global_generator)
    set_global_generator = staticmethod(set_global_generator)
    stateless_fold_in = staticmethod(fold_in)
    stateless_shuffle = staticmethod(_stateless_shuffle)
    stateless_split = staticmethod(split)
