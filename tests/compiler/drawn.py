"""Random NumPy programs: `programs` draws one of up to 15 operations, with its inputs.

All numbers are small integers, infinities and NaN, and what grows is clipped: floating-point
arithmetic is then exact in any order, so that compiled and eager results must be equal.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

LENGTHS = st.sampled_from([0, 1, 1, 2, 3, 4, 5, 7, 8, 13, 17])
DTYPES = [np.float64, np.float32, np.int64, np.int32, np.int8, np.uint8, np.bool_]
FLOATS = [np.float64, np.float32]
LIMIT = 8

Operation = Callable[[list[Any]], Any]


class Drawn(NamedTuple):
    """A program: its inputs, twice, and the operations, each of all values before it."""

    inputs: list[list[Any]]
    operations: list[tuple[str, Operation]]

    def __call__(self, *inputs: Any) -> list[Any]:
        values = list(inputs)
        for _, operation in self.operations:
            values.append(operation(values))
        return values

    def __repr__(self) -> str:
        shapes = [f"{x.dtype}{list(x.shape)} strides {x.strides}" for x in self.inputs[0]]
        return "\n".join([*shapes, *[name for name, _ in self.operations]])


def _numbers(rng: Any, shape: tuple[int, ...], dtype: Any, special: bool) -> Any:
    kind = np.dtype(dtype).kind
    if kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    made = rng.integers(0 if kind == "u" else -5, 6, shape).astype(dtype)
    if special and kind == "f":
        odd = np.array([np.nan, np.inf, -np.inf, -0.0], dtype)
        made = np.where(rng.random(shape) < 0.15, rng.choice(odd, shape), made)
    return made


def _laid_out(x: Any, layout: str) -> Any:
    """`x` with another layout in memory, read-only."""
    if layout == "reversed" and x.ndim:
        x = x[..., ::-1].copy()[..., ::-1]
    elif layout == "fortran":
        x = np.asfortranarray(x)
    elif layout == "strided" and x.ndim:
        x = np.repeat(x, 2, axis=-1)[..., ::2]
    elif layout == "overlapping" and x.ndim and x.shape[0]:
        x = np.broadcast_to(x[:1], x.shape)
    elif layout == "unaligned":
        raw = np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:]
        x = raw.view(x.dtype).reshape(x.shape) if x.size else x
    x.flags.writeable = False
    return x


LAYOUTS = st.sampled_from(["C", "C", "reversed", "fortran", "strided", "overlapping", "unaligned"])


@st.composite
def programs(draw: Any, dtypes: Any = DTYPES, special: bool = True, grad: bool = False) -> Drawn:
    """A program and its inputs."""
    names = sorted(_DIFFERENTIABLE if grad else _DRAWS)
    inputs: list[list[Any]] = [[], []]
    for _ in range(draw(st.integers(1, 3))):
        shape = tuple(draw(st.lists(LENGTHS, max_size=3)))
        dtype, layout = draw(st.sampled_from(dtypes)), draw(LAYOUTS)
        seed = draw(st.integers(0, 99))
        for k in range(2):
            x = _numbers(np.random.default_rng(seed + 100 * k), shape, dtype, special)
            inputs[k].append(_laid_out(x, layout))
    values = list(inputs[0])
    operations: list[tuple[str, Operation]] = []
    for _ in range(draw(st.integers(1, 15))):
        name = draw(st.sampled_from(names))
        drawn = _DRAWS[name](draw, values)
        if drawn is None:
            continue
        text, operation = drawn
        with np.errstate(all="ignore"):
            try:
                result = operation(values)
            except (TypeError, ValueError, IndexError, OverflowError):
                continue  # not for these shapes or dtypes
        if np.size(result) > 3000:
            continue
        values.append(result)
        operations.append((f"v{len(values) - 1} = {name} {text}", operation))
    return Drawn(inputs, operations)


def _any(draw: Any, values: list[Any]) -> int:
    """The place of a value, late ones rather than early ones."""
    return int(draw(st.integers(max(0, len(values) - 5), len(values) - 1)))


def _small(y: Any) -> Any:
    """`y`, clipped so that what is made of it stays exact."""
    if np.result_type(y).kind == "b":
        return y
    low = 0 if np.result_type(y).kind == "u" else -LIMIT
    return np.clip(y, low, LIMIT)


def _unsigned_zeros(x: Any) -> Any:
    """`x` with 0 for -0: which of the two a maximum takes, NumPy leaves to the processor."""
    return x + np.result_type(x).type(0)


_UNARY: dict[str, Callable[[Any], Any]] = {
    "negative": lambda x: -x,
    "abs": np.abs,
    "floor": lambda x: np.floor(x),
    "sign": np.sign,
    "square": lambda x: _small(np.square(x)),
    "isnan": lambda x: np.isnan(x),
    "signbit": lambda x: np.signbit(_unsigned_zeros(x)),
    "not": np.logical_not,
    "invert": np.invert,
    "float64": lambda x: x.astype(np.float64),
    "float32": lambda x: x.astype(np.float32),
    "bool": lambda x: x.astype(np.bool_),
    "relu": lambda x: np.maximum(x, 0),
    "copy": np.copy,
    "zeros": lambda x: np.zeros_like(x) + x.dtype.type(1),
}
_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: _small(a + b),
    "subtract": lambda a, b: _small(a - b),
    "multiply": lambda a, b: _small(a * b),
    "divide": lambda a, b: np.floor(np.divide(a, _unsigned_zeros(b))),
    "floor_divide": lambda a, b: a // _unsigned_zeros(b),
    "remainder": lambda a, b: a % _unsigned_zeros(b),
    "maximum": np.maximum,
    "minimum": np.minimum,
    "fmax": np.fmax,
    "less": lambda a, b: a < b,
    "equal": lambda a, b: a == b,
    "and": np.logical_and,
    "bitwise": lambda a, b: a ^ b,
    "copysign": lambda a, b: np.copysign(a, _unsigned_zeros(b)),
    "matmul": lambda a, b: _small(a @ b),
    "outer": lambda a, b: np.outer(a[:5], b[:5]) if a.ndim == b.ndim == 1 else a[0],
}
_REDUCED: dict[str, Callable[..., Any]] = {
    "sum": lambda x, **o: _small(np.sum(x, **o)),
    "mean": lambda x, **o: np.floor(np.mean(x, **o)),
    "prod": lambda x, **o: np.sign(np.prod(np.sign(x), **o)),
    "max": np.max,
    "min": np.min,
    "any": np.any,
    "all": np.all,
    "add.reduce": lambda x, **o: _small(np.add.reduce(x, **o)),
    "count": lambda x, **o: np.count_nonzero(x, **o),
}
_ALONG: dict[str, Callable[..., Any]] = {
    "cumsum": lambda x, axis: _small(np.cumsum(x, axis=axis)),
    "argmax": lambda x, axis: np.argmax(x, axis=axis),
    "argmin": lambda x, axis: np.argmin(x, axis=axis),
    "flip": lambda x, axis: np.flip(x, axis=axis),
    "sort": lambda x, axis: np.sort(x, axis=axis),
    "diff": lambda x, axis: np.diff(x, axis=axis),
    "roll": lambda x, axis: np.roll(x, 2, axis=axis),
    "repeat": lambda x, axis: np.repeat(x, 2, axis=axis),
    "expand": lambda x, axis: np.expand_dims(x, axis),
}


def _draw_unary(draw: Any, values: list[Any]) -> Any:
    i, name = _any(draw, values), draw(st.sampled_from(sorted(_UNARY)))
    return f"{name} v{i}", lambda v: _UNARY[name](v[i])


def _draw_binary(draw: Any, values: list[Any]) -> Any:
    i, j = _any(draw, values), _any(draw, values)
    name = draw(st.sampled_from(sorted(_BINARY)))
    return f"{name} v{i} v{j}", lambda v: _BINARY[name](v[i], v[j])


def _draw_number(draw: Any, values: list[Any]) -> Any:
    i, name = _any(draw, values), draw(st.sampled_from(["add", "subtract", "multiply", "maximum"]))
    number = draw(st.sampled_from([2, -1, 0.5, 3.0, True]))
    if isinstance(number, float) and number == 0.5:
        number = 2.0
    return f"{name} {number} v{i}", lambda v: _BINARY[name](number, v[i])


def _draw_reduced(draw: Any, values: list[Any]) -> Any:
    i, name = _any(draw, values), draw(st.sampled_from(sorted(_REDUCED)))
    rank = np.ndim(values[i])
    axes: Any = draw(st.none() | st.lists(st.integers(0, max(rank - 1, 0)), unique=True))
    axis = tuple(axes) if axes else (() if axes == [] and name != "count" else None)
    keep = draw(st.booleans())
    if name == "add.reduce" and not rank:
        return None
    text = f"{name} v{i} axis={axis} keepdims={keep}"
    return text, lambda v: _REDUCED[name](v[i], axis=axis, keepdims=keep)


def _draw_along(draw: Any, values: list[Any]) -> Any:
    i, name = _any(draw, values), draw(st.sampled_from(sorted(_ALONG)))
    axis = draw(st.integers(-np.ndim(values[i]), max(np.ndim(values[i]) - 1, 0)))
    return f"{name} v{i} axis={axis}", lambda v: _ALONG[name](v[i], axis)


def _draw_index(draw: Any, shape: tuple[int, ...]) -> Any:
    index: list[Any] = []
    for length in shape:
        kind = draw(st.sampled_from(["all", "slice", "slice", "integer", "new", "array"]))
        if kind == "integer" and length:
            index.append(draw(st.integers(-length, length - 1)))
        elif kind == "new":
            index.extend([None, slice(None)])
        elif kind == "array" and length and not any(isinstance(p, list) for p in index):
            index.append(draw(st.lists(st.integers(-length, length - 1), min_size=1, max_size=4)))
        elif kind == "slice":
            ends = st.none() | st.integers(-length - 1, length + 1)
            step = draw(st.sampled_from([None, 1, 2, 3, -1, -2]))
            index.append(slice(draw(ends), draw(ends), step))
        else:
            index.append(slice(None))
    if len(shape) > 1 and draw(st.booleans()):
        index = [Ellipsis, *index[1:]]
    return tuple(index)


def _draw_getitem(draw: Any, values: list[Any]) -> Any:
    i = _any(draw, values)
    index = _draw_index(draw, np.shape(values[i]))
    return f"v{i}[{index}]", lambda v: v[i][index]


def _draw_setitem(draw: Any, values: list[Any]) -> Any:
    """Write a part of a copy, through a view of it too, and read all of it."""
    i, j = _any(draw, values), _any(draw, values)
    if not np.ndim(values[i]):
        return None
    index, adds = _draw_index(draw, np.shape(values[i])), draw(st.booleans())
    through = draw(st.booleans())

    def operation(v: list[Any]) -> Any:
        y = v[i].copy()
        part = y[index] if through else y
        where = ... if through else index
        if adds and not any(isinstance(p, list) for p in index):
            part[where] += np.sum(v[j] != 0).astype(y.dtype)
        else:
            part[where] = np.max(v[j] != 0, initial=False).astype(y.dtype)
        return _small(y)

    return f"v{i}[{index}] {'+' * adds}= of v{j}{' by a view' * through}", operation


def _draw_in_place(draw: Any, values: list[Any]) -> Any:
    """Change a copy under two names."""
    i, j = _any(draw, values), _any(draw, values)
    if not np.ndim(values[i]):
        return None

    def operation(v: list[Any]) -> Any:
        y = v[i].copy()
        z = y
        z += v[j]
        np.minimum(z, z.dtype.type(LIMIT), out=y)
        np.maximum(y, y.dtype.type(0), out=y)
        return y[..., ::-1]

    return f"v{i} += v{j}", operation


def _draw_moved(draw: Any, values: list[Any]) -> Any:
    i = _any(draw, values)
    shape = np.shape(values[i])
    kind = draw(st.sampled_from(["transpose", "reshape", "ravel", "swapaxes", "broadcast", "T"]))
    if kind == "transpose":
        order = draw(st.permutations(range(len(shape))))
        return f"transpose v{i} {order}", lambda v: np.transpose(v[i], order)
    if kind == "reshape":
        size = math.prod(shape)
        first = draw(st.sampled_from([n for n in range(1, 20) if size % n == 0]))
        return f"reshape v{i} {first}", lambda v: np.reshape(v[i], (first, size // first))
    if kind == "broadcast":
        return f"broadcast v{i}", lambda v: np.broadcast_to(v[i], (2, *shape))
    if kind == "swapaxes":
        return f"swapaxes v{i}", lambda v: np.swapaxes(v[i], 0, -1)
    return f"{kind} v{i}", lambda v: np.ravel(v[i]) if kind == "ravel" else v[i].T


def _draw_joined(draw: Any, values: list[Any]) -> Any:
    i, j, k = (_any(draw, values) for _ in range(3))
    kind = draw(st.sampled_from(["concatenate", "stack", "where", "where"]))
    if kind == "where":
        return f"where v{i} v{j} v{k}", lambda v: np.where(v[i] != 0, v[j], v[k])
    axis = draw(st.integers(-1, 1))
    join = getattr(np, kind)
    return f"{kind} v{i} v{j} {axis}", lambda v: join([v[i], v[j]], axis=axis)


_DRAWS: dict[str, Callable[[Any, list[Any]], Any]] = {
    "unary": _draw_unary,
    "binary": _draw_binary,
    "number": _draw_number,
    "reduced": _draw_reduced,
    "along": _draw_along,
    "getitem": _draw_getitem,
    "setitem": _draw_setitem,
    "in place": _draw_in_place,
    "moved": _draw_moved,
    "joined": _draw_joined,
}
_DIFFERENTIABLE = frozenset({"binary", "number", "reduced", "getitem", "moved", "joined", "unary"})
