"""``tf.random.Generator``, and the bits that a stateless seed gives."""

from __future__ import annotations

import enum
from typing import Any, Self

import numpy as np

from gradtape.core.kinds import raw
from gradtape.tf import draws
from gradtape.tf.dtypes import float32, int32, int64, numpy_dtype, uint64
from gradtape.tf.errors import InvalidValueError, invalid
from gradtape.tf.operation import lengths, operation
from gradtape.tf.policy import lifted, lowered, tensor
from gradtape.tf.tensors import Variable


class Algorithm(enum.Enum):
    """The algorithms that TensorFlow names; here Philox serves for each."""

    PHILOX = 1
    THREEFRY = 2
    AUTO_SELECT = 3


_NAMES = {"philox": 1, "threefry": 2, "auto_select": 3}


def algorithm_of(alg: Any) -> int:
    """The number of an algorithm, given by number, name or member of `Algorithm`."""
    if isinstance(alg, Algorithm):
        return int(alg.value)
    if isinstance(alg, str):
        alg = _NAMES.get(alg.lower(), alg)
    alg = raw(alg)
    if alg not in (1, 2, 3):
        raise InvalidValueError(f"Give alg philox, threefry or auto_select: got {alg!r}.")
    return int(alg)


def _words(value: Any) -> Any:
    """Integers as 64-bit words without sign."""
    return np.asarray(raw(value)).astype(np.int64).astype(np.uint64)


def bits_of(seed: Any) -> np.random.Generator:
    """The bits of a stateless seed, a pair of integers: the same for the same pair."""
    words = _words(tensor(seed))
    if words.shape != (2,):
        raise invalid(f"Give seed as two integers: got shape {words.shape}.")
    return np.random.Generator(np.random.Philox(key=words))


def create_rng_state(seed: Any, alg: Any) -> Any:
    """The state of a `Generator` of this seed: a counter of two integers, and a key.

    Parameters
    ----------
    seed
        An integer, or several.
    alg
        The name or number of an algorithm.
    """
    algorithm_of(alg)
    words = np.atleast_1d(_words(lowered(seed)))
    key = (
        words[0]
        if words.size == 1
        else np.random.SeedSequence(words.tolist()).generate_state(1, np.uint64)[0]
    )
    return lifted(np.array([0, 0, key], np.uint64).astype(np.int64))


class Generator:
    """A source of random numbers with a state of its own.

    The state is a Variable of three integers, a counter of two and a key, so it can be saved.
    Each draw uses its own part of Philox's sequence for the key, and moves the counter by one.

    Parameters
    ----------
    copy_from
        Another Generator, to copy.
    state, alg
        Three integers, and the name or number of the algorithm.

    Examples
    --------
    >>> import gradtape.tf as tf
    >>> a, b = tf.random.Generator.from_seed(7), tf.random.Generator.from_seed(7)
    >>> bool((a.normal([3]).numpy() == b.normal([3]).numpy()).all())
    True
    """

    def __init__(self, copy_from: Any = None, state: Any = None, alg: Any = None) -> None:
        if copy_from is not None:
            if state is not None or alg is not None:
                raise ValueError("Give tf.random.Generator either copy_from, or state and alg.")
            state, alg = copy_from.state, copy_from.algorithm
        elif state is None or alg is None:
            raise ValueError("Give tf.random.Generator state and alg, or use from_seed.")
        self._algorithm = algorithm_of(alg)
        values = np.asarray(raw(lowered(state))).astype(np.int64)
        if values.shape[:1] < (3,) or values.ndim != 1:
            raise ValueError(f"Give a state of three integers: got shape {values.shape}.")
        self._state = Variable(values[:3].copy(), trainable=False, name="StateVar", dtype=int64)

    # -- making one -----------------------------------------------------------------------------

    @classmethod
    def from_seed(cls, seed: Any, alg: Any = None) -> Self:
        """A Generator of this seed."""
        alg = "philox" if alg is None else alg
        return cls(state=create_rng_state(seed, alg), alg=alg)

    @classmethod
    def from_state(cls, state: Any, alg: Any) -> Self:
        """A Generator of this state."""
        return cls(state=state, alg=alg)

    @classmethod
    def from_key_counter(cls, key: Any, counter: Any, alg: Any) -> Self:
        """A Generator of this key and counter, of two integers."""
        return cls(state=_joined(key, counter), alg=alg)

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Self:
        """A Generator that the operating system seeds."""
        seed = np.random.SeedSequence().generate_state(1, np.uint64).astype(np.int64)
        return cls.from_seed(seed, alg)

    # -- its state ------------------------------------------------------------------------------

    @property
    def state(self) -> Variable:
        """The counter and the key."""
        return self._state

    @property
    def algorithm(self) -> int:
        """The number of the algorithm."""
        return self._algorithm

    @property
    def key(self) -> Any:
        """The key."""
        return lifted(self._state._value[2])

    def reset(self, state: Any) -> None:
        """Take over this state."""
        self._state.assign(np.asarray(raw(lowered(state))).astype(np.int64)[:3])

    def reset_from_seed(self, seed: Any) -> None:
        """Take over the state that `from_seed` makes of this seed."""
        self.reset(create_rng_state(seed, self._algorithm))

    def reset_from_key_counter(self, key: Any, counter: Any) -> None:
        """Take over this key and counter."""
        self.reset(_joined(key, counter))

    def skip(self, delta: Any) -> Any:
        """Move the counter as `delta` draws do; returns the state before."""
        old = self._state._value.copy()
        low, high, key = (int(word) for word in _words(old))
        total = (low + (high << 64) + int(raw(lowered(delta)))) % (1 << 128)
        words = np.array([total % (1 << 64), total >> 64, key], np.uint64)
        self._state.assign(words.astype(np.int64))
        return lifted(old)

    def _bits(self) -> np.random.Generator:
        """The bits of the next draw."""
        low, high, key = _words(raw(lowered(self.skip(1))))
        counter = np.array([0, 0, low, high], np.uint64)
        return np.random.Generator(np.random.Philox(key=np.array([key, 0]), counter=counter))

    # -- numbers --------------------------------------------------------------------------------

    def normal(
        self,
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = float32,
        name: str | None = None,
    ) -> Any:
        """Normal numbers; `mean` and `stddev` have gradients."""
        return _outside(draws.normal, self._bits(), shape, mean, stddev, dtype)

    def truncated_normal(
        self,
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = float32,
        name: str | None = None,
    ) -> Any:
        """Normal numbers within two standard deviations."""
        return _outside(draws.truncated_normal, self._bits(), shape, mean, stddev, dtype)

    def uniform(
        self,
        shape: Any,
        minval: Any = 0,
        maxval: Any = None,
        dtype: Any = float32,
        name: str | None = None,
    ) -> Any:
        """Numbers from `minval` up to, without, `maxval`, which is 1 by default."""
        if numpy_dtype(dtype).kind in "iu" and (minval is None) != (maxval is None):
            raise ValueError("Give both minval and maxval, or neither, for integers.")
        if numpy_dtype(dtype).kind in "iu" and maxval is None:
            raise ValueError("Give maxval for integers.")
        return _outside(draws.uniform, self._bits(), shape, minval, maxval, dtype)

    def uniform_full_int(self, shape: Any, dtype: Any = uint64, name: str | None = None) -> Any:
        """Integers, each of the dtype as likely as any other."""
        return _outside(draws.uniform, self._bits(), shape, None, None, dtype)

    def binomial(
        self, shape: Any, counts: Any, probs: Any, dtype: Any = int32, name: str | None = None
    ) -> Any:
        """How many of `counts` trials succeed."""
        return _outside(draws.binomial, self._bits(), shape, counts, probs, dtype)

    def make_seeds(self, count: Any = 1) -> Any:
        """Seeds for stateless functions, of shape ``(2, count)``."""
        return self.uniform_full_int((2, count), int64)

    def split(self, count: int = 1) -> list[Any]:
        """Generators that are independent of this one and of each other."""
        keys = raw(lowered(self.uniform_full_int((count,), int64)))
        return [type(self).from_key_counter(key, [0, 0], self._algorithm) for key in keys]


def _joined(key: Any, counter: Any) -> Any:
    parts = np.append(np.asarray(raw(lowered(counter))), np.asarray(raw(lowered(key))))
    if parts.shape != (3,):
        raise ValueError(f"Give a key, and a counter of two integers: got {parts.size} numbers.")
    return parts.astype(np.int64)


@operation
def _outside(draw: Any, *args: Any) -> Any:
    """`draw`, given Tensors of this spelling."""
    return draw(*args)


_GLOBAL: list[Generator] = []


def get_global_generator() -> Generator:
    """The Generator that a program shares, seeded by the operating system at first."""
    if not _GLOBAL:
        _GLOBAL.append(Generator.from_non_deterministic_state())
    return _GLOBAL[0]


def set_global_generator(generator: Generator) -> None:
    """Replace the Generator that the program shares."""
    _GLOBAL[:] = [generator]


# -- seeds of seeds -------------------------------------------------------------------------------


@operation
def split(seed: Any, num: Any = 2, alg: Any = "auto_select") -> Any:
    """`num` seeds of one, as rows."""
    dtype = raw(tensor(seed)).dtype
    info = np.iinfo(dtype)
    size = (*lengths(num), 2)
    return bits_of(seed).integers(info.min, info.max, size, dtype, endpoint=True)


@operation
def fold_in(seed: Any, data: Any, alg: Any = "auto_select") -> Any:
    """The seed that `seed` and another integer make together."""
    dtype = raw(tensor(seed)).dtype
    words = _words(tensor(seed))
    counter = np.array([0, 0, 1, int(_words(tensor(data)))], np.uint64)
    bits = np.random.Generator(np.random.Philox(key=words, counter=counter))
    info = np.iinfo(dtype)
    return bits.integers(info.min, info.max, 2, dtype, endpoint=True)
