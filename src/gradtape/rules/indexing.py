"""Taking entries out of arrays, writing entries into them, choosing between arrays, ordering.

Whatever reads entries is expressed by `operator.getitem`, whose cotangents are collected in one
buffer for each array; whatever writes them by `operator.setitem`, which makes a new array. To learn
which entries a function such as `numpy.put` moves where, NumPy itself runs it on entry numbers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from types import EllipsisType, NoneType
from typing import Any

import numpy as np

from gradtape.core.cotangents import DEAD, Masked, Scattered, project, scatter_add
from gradtape.core.dispatch import apply, watched
from gradtape.core.domains import Domain, call, draw, real_only
from gradtape.core.handle import Handle, Spec, settled
from gradtape.core.rules import (
    composite,
    constant,
    is_complex,
    linear,
    name_of,
    raw,
    selection,
    variadic,
)


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Handle)


# -- an index that a record may keep ------------------------------------------------------------

_PLAIN = frozenset({int, bool, NoneType, EllipsisType, np.int64, np.bool_})


def _fixed(index: Any) -> Any:
    """`index` as nobody can change it later: lists become arrays, arrays are copied.

    The arrays are in C order, for NumPy's choice of the last of several writes to one entry
    depends on it.
    """
    if index.__class__ is tuple:
        return tuple([_fixed_part(part) for part in index])
    return _fixed_part(index)


def _fixed_part(part: Any) -> Any:
    part = raw(part)
    if part.__class__ in _PLAIN:
        return part
    if part.__class__ is slice:
        bounds = part.start, part.stop, part.step
        if all([bound.__class__ in _PLAIN for bound in bounds]):
            return part
        return slice(*(None if bound is None else operator.index(bound) for bound in bounds))
    if part.__class__ is np.ndarray and part.flags.c_contiguous and not part.flags.writeable:
        return part
    array = np.array(part, order="C")
    if not array.size and part.__class__ is list:
        array = array.astype(np.intp)
    return settled(array)


def _may_repeat(index: Any) -> bool:
    """Whether a fixed index can name an entry twice."""
    parts = index if index.__class__ is tuple else (index,)
    return any([part.__class__ is np.ndarray and part.dtype.kind in "iu" for part in parts])


# -- x[index] -----------------------------------------------------------------------------------


def part(a: Any, *, index: Any) -> Any:
    """``a[index]`` for a fixed index: what is recorded."""
    return a[index]


linear(
    part,
    lambda g, a, index: Scattered(a, [(index, g)]),
    moves=True,
    calls=[call(draw(3, 4), index=1)],
)


@composite(
    operator.getitem,
    calls=[
        call(draw(3, 4), 1),
        call(draw(3, 4), -1),
        call(draw(3, 4), (1, 2)),
        call(draw(3, 4), slice(None, None, -2)),
        call(draw(3, 4), (slice(1, None), slice(None, 3))),
        call(draw(2, 3, 4), (Ellipsis, 0)),
        call(draw(3), (None, slice(1, 3), None)),
        call(draw(3, 4), np.array([0, 2, 0])),
        call(draw(3, 4), [[0, -1], [2, 2]]),
        call(draw(3, 4), (np.array([0, 2, 0]), np.array([1, 3, 1]))),
        call(draw(2, 3, 4), (0, slice(None), [1, 1, 3])),
        call(draw(2, 3, 4), ([0, 1], slice(None), [1, 1])),
        call(draw(3, 4), (np.array([[0], [2]]), np.array([0, 3]))),
        call(draw(3), np.array([True, False, True])),
        call(draw(2, 2), np.array([[True, False], [True, True]])),
        call(draw(2, 3), (slice(None), np.array([True, False, True]))),
        call(draw(), ()),
        call(draw(), None),
        call(draw(0, 3), slice(None)),
    ],
)
def _getitem(a: Any, b: Any) -> Any:
    return apply(part, (a,), {"index": _fixed(b)})


variadic(
    scatter_add,
    lambda g, position, *values, spec, indices: _onto(g[indices[position]], values[position]),
    moves=True,
    calls=[
        call(
            draw(2, domain=real_only),
            draw(3, domain=real_only),
            draw(domain=real_only),
            spec=Spec((4,), np.dtype(np.float64)),
            indices=(slice(0, 2), np.array([0, 0, 3]), 3),
        )
    ],
)


def _onto(c: Any, spec: Any) -> Any:
    """`project`, also where the value had leading axes of length 1 that NumPy ignores."""
    extra = spec.ndim - c.ndim
    if extra <= 0:
        return project(c, spec)
    return np.reshape(project(c, Spec(spec.shape[extra:], spec.dtype)), spec.shape)


# -- x[index] = value ---------------------------------------------------------------------------


def overwrite(a: Any, value: Any, *, index: Any) -> Any:
    """A copy of `a` with `value` written at a fixed index: what is recorded."""
    if is_complex(value) and not is_complex(a):
        raise TypeError(
            f"Write np.real(value) instead: the Tensor has dtype {a.dtype}, the value is complex."
        )
    y = a.copy() if a.ndim else np.array(a)
    y[index] = value
    return y


def _kept(g: Any, a: Any, value: Any, index: Any) -> Any:
    written = np.zeros(a.shape, bool)
    written[index] = True
    return DEAD if written.all() else Masked(np.where(written, 0, g), ~written)


def _written(g: Any, a: Any, value: Any, index: Any) -> Any:
    c = g[index]
    if not _may_repeat(index):
        return _onto(c, value)
    writes = np.arange(c.size).reshape(c.shape)
    owner = np.zeros(a.shape, np.intp)
    owner[index] = writes
    last = owner[index] == writes  # a value overwritten by a later one has no effect
    live = _onto(last.astype(np.float64), Spec(value.shape, np.dtype(np.float64))) > 0
    return Masked(_onto(np.where(last, c, 0), value), live)


linear(
    overwrite,
    _kept,
    _written,
    moves=True,
    calls=[call(draw(3, 4), draw(4), index=1)],
)


@composite(
    operator.setitem,
    calls=[
        call(draw(3, 4), 1, draw(4)),
        call(draw(3, 4), (1, 2), draw()),
        call(draw(3, 4), slice(0, 2), draw(1, 4)),
        call(draw(4), slice(0, 2), draw(1, 1, 2)),
        call(draw(3, 4), Ellipsis, draw()),
        call(draw(3, 4), (slice(None), [0, 2]), draw(3, 1)),
        call(draw(3, 4), np.array([2, 0, 2]), draw(3, 4)),
        call(draw(3, 4), (np.array([0, 0, 1]), np.array([1, 1, 1])), draw(3)),
        call(draw(3, 4), (np.array([[0], [0]]), np.array([1, 1])), draw(2, 1)),
        call(draw(4), np.array([True, False, True, True]), draw(3)),
        call(draw(2, 2), np.array([[True, False], [True, True]]), draw()),
        call(draw(), (), draw()),
        call(draw(3), slice(0, 0), draw()),
        call(draw(3), slice(0, 2), 5.0),
    ],
)
def _setitem(a: Any, b: Any, c: Any) -> Any:
    return apply(overwrite, (a, c), {"index": _fixed(b)})


# -- functions that write into their first argument ---------------------------------------------

_WRITERS: dict[Any, tuple[str, ...]] = {
    np.put: ("a", "ind", "v", "mode"),
    np.place: ("arr", "mask", "vals"),
    np.putmask: ("a", "mask", "values"),
    np.put_along_axis: ("arr", "indices", "values", "axis"),
    np.fill_diagonal: ("a", "val", "wrap"),
    np.copyto: ("dst", "src", "casting", "where"),
}
"""The parameters of each; the first is the target."""

_WRITER_CALLS = {
    np.put: [call(draw(2, 3), [4, 0, -2, 0], [1.0, 2.0]), call(draw(3), [5], 1.0, "wrap")],
    np.place: [call(draw(3), np.array([True, False, True]), [1.0])],
    np.putmask: [call(draw(3), np.array([True, False, True]), [1.0, 2.0])],
    np.put_along_axis: [call(draw(2, 3), np.array([[0], [2]]), 1.0, 1)],
    np.fill_diagonal: [call(draw(3, 3), 1.0), call(draw(5, 2), [1.0, 2.0], wrap=True)],
    np.copyto: [call(draw(2), 1.0), call(draw(2, 2), [1.0, 2.0], where=np.array([True, False]))],
}


def _writer(function: Any, names: tuple[str, ...]) -> Callable[..., None]:
    value_name = next(name for name in names if name in {"v", "vals", "values", "val", "src"})

    def write(*args: Any, **kwargs: Any) -> None:
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        target, value = given.pop(names[0]), _joined(given[value_name])
        given = {name: raw(option) for name, option in given.items()}
        if not _is_tensor(target):
            _refuse(function, target, value)
            given[value_name] = raw(value)
            function(target, **given)
            return
        if "casting" in names:
            _check_cast(value, target, given.get("casting", "same_kind"))
        shape = getattr(value, "shape", ())
        given[value_name] = np.arange(Spec(shape, target.dtype).size).reshape(shape)
        source = np.full(target.shape, -1)
        function(source, **given)
        written = source >= 0
        target[written] = np.ravel(value)[source[written]]

    return write


for _function, _names in _WRITERS.items():
    composite(_function, calls=_WRITER_CALLS[_function])(_writer(_function, _names))


def _joined(value: Any) -> Any:
    """A nested list as one array or Tensor."""
    if value.__class__ not in (list, tuple):
        return value
    return np.stack([_joined(v) for v in value]) if value else np.zeros(0)


def _refuse(function: Any, target: Any, value: Any) -> None:
    """Raise if a value that is being recorded is about to vanish in a plain array."""
    if _is_tensor(value) and watched([value]):
        raise TypeError(
            f"Make the target a Tensor with gradtape.constant first: {name_of(function)} would "
            f"write a watched Tensor into a plain {type(target).__name__}, which carries no "
            f"gradient."
        )


def _check_cast(value: Any, target: Any, casting: Any) -> None:
    """Raise as `numpy.copyto` does."""
    dtype = getattr(value, "dtype", None) or np.min_scalar_type(value)
    if not np.can_cast(dtype, target.dtype, casting):
        raise TypeError(
            f"Cast the value first: numpy.copyto got {dtype} for {target.dtype}, which "
            f"casting={casting!r} does not allow."
        )


# -- ufunc.at -----------------------------------------------------------------------------------


@composite(
    "at",
    calls=[
        call(np.add, draw(4), [0, 2, 0], 2.0),
        call(np.subtract, draw(4), 1, 2.0),
        call(np.multiply, draw(3, 2), (np.array([0, 2, 0]), 1), np.array([2.0, 3.0, 4.0])),
        call(np.square, draw(3), [0, 2, 0]),
    ],
)
def _at(ufunc: Any, a: Any, indices: Any, b: Any = None) -> None:
    b = _joined(b)
    if not _is_tensor(a):
        _refuse((ufunc, "at"), a, b)
        ufunc.at(a, _fixed(indices), *(() if b is None else (raw(b),)))
        return
    index = _fixed(indices)
    if ufunc is np.add or ufunc is np.subtract:
        _check_result((ufunc, "at"), np.result_type(raw(a), raw(b)), a)
        # NumPy 2.4's own `at` reads beyond a vector that a two-dimensional index has to broadcast.
        shape = np.broadcast_to(True, a.shape)[index].shape
        b = b if getattr(b, "shape", None) == shape else np.broadcast_to(b, shape)
        options = {"spec": Spec.of(raw(a)), "indices": (index,)}
        a[...] = ufunc(a, apply(scatter_add, (b,), options))
    else:
        _at_in_rounds(ufunc, a, index, b)


def _at_in_rounds(ufunc: Any, a: Any, index: Any, b: Any) -> None:
    """Apply `ufunc` once to every entry that is named, then again to those named twice, ..."""
    entries = np.arange(a.size).reshape(a.shape)[index]
    named, place = np.unique(entries, return_inverse=True)
    place, rounds = np.ravel(place), _occurrence(np.ravel(entries))
    where = np.unravel_index(named, a.shape) if a.ndim else np.True_
    values = a[where]
    operand = b if b is None else np.ravel(np.broadcast_to(b, entries.shape))
    for number in range(rounds.max(initial=-1) + 1):
        turn = np.flatnonzero(rounds == number)
        old = values[place[turn]]
        new = ufunc(old) if operand is None else ufunc(old, operand[turn])
        _check_result((ufunc, "at"), new.dtype, a)
        values[place[turn]] = new
    a[where] = values


def _occurrence(entries: Any) -> Any:
    """How often each entry was named before: ``[7, 3, 7, 7] -> [0, 0, 1, 2]``."""
    order = np.argsort(entries, kind="stable")
    ordered = entries[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    lengths = np.diff(np.append(starts, entries.size))
    counts = np.empty(entries.size, np.intp)
    counts[order] = np.arange(entries.size) - np.repeat(starts, lengths)
    return counts


def _check_result(function: Any, dtype: Any, target: Any) -> None:
    """Raise as NumPy does when a result does not fit into the target."""
    if not np.can_cast(dtype, target.dtype, "same_kind"):
        raise TypeError(
            f"Give {name_of(function)} a target of dtype {dtype}: got one of {target.dtype}."
        )


# -- functions that take entries ----------------------------------------------------------------


def _into(out: Any, result: Any) -> Any:
    """`result`, written into the Tensor `out` if there is one."""
    if out is None:
        return result
    if not _is_tensor(out):
        raise TypeError(
            "Make out= a Tensor with gradtape.constant first: a plain array carries no gradient."
        )
    out[...] = result
    return out


def _positions(indices: Any, length: int, mode: str) -> Any:
    """Integer `indices` into an axis of `length`, within its bounds unless `mode` is "raise"."""
    indices = np.asarray(raw(indices))
    if not np.can_cast(indices.dtype, np.intp, "same_kind"):
        raise TypeError(f"Give integer indices: got dtype {indices.dtype}.")
    indices = indices.astype(np.intp)
    if mode == "wrap":
        return indices % length
    if mode == "clip":
        return np.clip(indices, 0, length - 1)
    if mode != "raise":
        raise ValueError(f"Give mode='raise', 'wrap' or 'clip': got {mode!r}.")
    if ((indices < -length) | (indices >= length)).any():
        raise IndexError(f"Give indices within an axis of length {length}: got {indices}.")
    return np.where(indices < 0, indices + length, indices)


def _axis(axis: Any, ndim: int) -> Any:
    axis = operator.index(axis)
    if not -ndim <= axis < ndim:
        raise np.exceptions.AxisError(axis, ndim)
    return axis % ndim


@composite(
    np.take,
    calls=[
        call(draw(3, 4), [0, 2, 0], axis=0),
        call(draw(3, 4), np.array([[0, 2], [1, 1]]), axis=-1),
        call(draw(3, 4), [5, -1, 5]),
        call(draw(3, 4), 1, axis=1),
        call(draw(3, 4), [5, -7], 1, mode="wrap"),
        call(draw(3, 4), [5, -7], 1, mode="clip"),
        call(draw(2, 3, 2), [2, 2], axis=1),
        call(draw(), [0, 0]),
        call(draw(3), 2),
    ],
)
def _take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    a = a if _is_tensor(a) else _joined(a)
    if not a.ndim:
        a, axis = a[None], 0
    if axis is None:
        places = _positions(indices, a.size, mode)
        return _into(out, a[np.unravel_index(places, a.shape)])
    axis = _axis(axis, a.ndim)
    index = (slice(None),) * axis + (_positions(indices, a.shape[axis], mode),)
    return _into(out, a[index])


@composite(
    np.take_along_axis,
    calls=[
        call(draw(3, 4), np.array([[0, 2], [1, 1], [3, -1]]), axis=1),
        call(draw(3, 4), np.array([[0, 2, 2, 1]]), axis=0),
        call(draw(3, 4), np.array([5, 0, 5]), axis=None),
        call(draw(2, 3, 2), np.array([[[0], [2]]]), axis=1),
        call(draw(1, 3), np.array([[0], [2]]), axis=-1),
    ],
)
def _take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    indices = raw(indices)
    if axis is None:
        arr, axis = np.ravel(arr), 0
    if indices.ndim != arr.ndim:
        raise ValueError(
            f"Give indices as many axes as the array has, {arr.ndim}: got {indices.ndim}."
        )
    axis = _axis(axis, arr.ndim)
    mesh = list(np.ogrid[tuple(map(slice, arr.shape))])
    mesh[axis] = _positions(indices, arr.shape[axis], "raise")
    # One index array into the flat array: adding at it is much quicker than at several.
    return np.ravel(arr)[np.ravel_multi_index(np.broadcast_arrays(*mesh), arr.shape)]


@composite(
    np.compress,
    calls=[
        call([True, False, True], draw(3, 4), axis=0),
        call([False, True], draw(3, 4), axis=1),
        call([False, True, True], draw(2, 3)),
    ],
)
def _compress(condition: Any, a: Any, axis: Any = None, out: Any = None) -> Any:
    condition = np.asarray(raw(condition))
    if condition.ndim != 1:
        raise ValueError(f"Give a condition of rank 1: got rank {condition.ndim}.")
    return np.take(a, np.flatnonzero(condition), axis, out)


@composite(
    np.extract,
    calls=[call(np.array([[True, False, True], [False, False, True]]), draw(2, 3))],
)
def _extract(condition: Any, arr: Any) -> Any:
    return np.take(arr, np.flatnonzero(raw(condition)))


@composite(np.bincount, calls=[call(np.array([0, 2, 2]), weights=draw(3, domain=real_only))])
def _bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    if weights is None:
        return apply(_count, (x,), {"minlength": minlength})
    return apply(weighted_count, (weights,), {"x": _fixed(x), "minlength": minlength})


def _count(x: Any, minlength: int) -> Any:
    return np.bincount(x, minlength=minlength)


def weighted_count(weights: Any, *, x: Any, minlength: int) -> Any:
    """`numpy.bincount` as a function of its weights: what is recorded."""
    return np.bincount(x, weights, minlength)


linear(
    weighted_count,
    lambda g, weights, x, minlength: g[x],
    moves=True,
    calls=[call(draw(3, domain=real_only), x=np.array([0, 2, 2]), minlength=4)],
)

# -- one of several arrays at each entry --------------------------------------------------------


def choice(condition: Any, x: Any, y: Any) -> Any:
    """`numpy.where` with its three arguments: what is recorded."""
    return np.where(condition, x, y)


_MASK = np.array([[True], [False], [True]])

selection(
    choice,
    None,  # type: ignore[arg-type]  # the condition is never the result
    lambda y, c, a, b: np.not_equal(c, 0),  # not `c != 0`, a Python bool for a Python bool
    lambda y, c, a, b: np.equal(c, 0),
    domain=(real_only, real_only, real_only),
    calls=[call(_MASK, draw(3, 4), draw(3, 4))],
)


@composite(
    np.where,
    calls=[
        call(_MASK, draw(3, 4), draw(3, 4)),
        call(_MASK, draw(3, 4), draw()),
        call(_MASK, draw(4), draw(3, 1)),
        call(np.array([1, 0, 2]), draw(3), 0.0),
        call(True, draw(), draw()),
        call(False, draw(), draw(2)),
        call(True, draw(), draw(2)),
        call(np.zeros((0, 2), bool), draw(2), draw(0, 2)),
    ],
)
def _where(condition: Any, *branches: Any) -> Any:
    if branches:
        return apply(choice, (condition, *branches))
    return np.nonzero(condition)


@composite(
    np.select,
    calls=[
        call([np.array([True, False, False]), np.array([True, True, False])], [draw(3), 2.0]),
        call([_MASK], [draw(4)], default=1.0),
    ],
)
def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError(
            f"Give as many conditions as choices, and at least one: got {len(condlist)} "
            f"conditions and {len(choicelist)} choices."
        )
    conditions = [c if _is_tensor(c) else np.asarray(c) for c in condlist]
    for position, condition in enumerate(conditions):
        if condition.dtype.kind != "b":
            raise TypeError(
                f"Give boolean conditions: condition {position} has dtype {condition.dtype}."
            )
    choices = [_joined(c) for c in choicelist]
    dtype = np.result_type(*map(raw, choices), raw(default))
    result = default if hasattr(default, "dtype") else dtype.type(default)
    for condition, chosen in zip(reversed(conditions), reversed(choices), strict=True):
        result = np.where(condition, chosen, result)
    return result


@composite(
    np.choose,
    calls=[
        call(np.array([0, 2, 1]), [draw(3), draw(3), draw()]),
        call(np.array([[4], [-1]]), [draw(3), draw(3)], mode="clip"),
        call(np.array([4, -1]), [draw(2), draw(2), draw(2)], mode="wrap"),
        call(np.array([0, 1, 1]), draw(2, 3)),
    ],
)
def _choose(a: Any, choices: Any, out: Any = None, mode: Any = "raise") -> Any:
    options = [_joined(option) for option in choices]
    number = np.choose(raw(a), list(range(len(options))), mode=mode)
    result = options[-1]
    for k, option in reversed(list(enumerate(options[:-1] or options))):
        result = apply(choice, (number == k, option, result))
    return _into(out, result)


_CONDITIONS = [np.array([True, False, False]), np.array([False, True, False])]


@composite(
    np.piecewise,
    calls=[
        call(draw(3), _CONDITIONS, [lambda x: x * x, lambda x: 3 * x, 7.0]),
        call(draw(3), _CONDITIONS, [lambda x, k: k * x * x, 2.0], 5.0),
        call(draw(), [True], [lambda x: x * x]),
    ],
)
def _piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    conditions = condlist
    if condlist.__class__ in (list, tuple):
        conditions = [raw(condition) for condition in condlist]
    numbers = list(range(1, len(funclist) + 1))
    taken = np.piecewise(np.zeros(x.shape, np.intp), raw(conditions), numbers)
    result = np.zeros(x.shape, x.dtype)
    for number, function in zip(numbers, funclist, strict=True):
        mask = taken == number
        if callable(function) and mask.any():
            function = function(x[mask], *args, **kw)
        if not callable(function):
            result = apply(operator.setitem, (result, mask, function))
    return result


# -- bounds -------------------------------------------------------------------------------------

_CLIP = np._core.umath.clip  # type: ignore[attr-defined]  # what ndarray.clip calls

# At a bound x is still free to move to one side, and has the gradient, as in TensorFlow. Where the
# bounds cross the result is the upper one.
selection(
    _CLIP,
    lambda y, x, low, high: ~(x < low) & ~(x > high) & ~(low > high),
    lambda y, x, low, high: (x < low) & ~(low > high),
    lambda y, x, low, high: (x > high) | (low > high),
    domain=(Domain(-2.0, 2.0, holes=(-1.0, 1.0)), Domain(-1.2, -0.8), Domain(0.8, 1.2)),
)

_SPREAD = Domain(-2.0, 2.0, holes=(-1.0, 1.0))


@composite(
    np.clip,
    calls=[
        call(draw(5, domain=_SPREAD), -1.0, 1.0),
        call(draw(5, domain=_SPREAD), None, 1.0),
        call(draw(5, domain=_SPREAD), draw(2, 1, domain=Domain(-1.2, -0.8)), None),
        call(draw(5, domain=_SPREAD), min=draw(domain=Domain(-1.2, -0.8)), max=1.0),
        call(draw(5, domain=_SPREAD), max=draw(domain=Domain(0.8, 1.2))),
    ],
)
def _clip(
    a: Any,
    a_min: Any = None,
    a_max: Any = None,
    out: Any = None,
    *,
    min: Any = None,
    max: Any = None,
    **kwargs: Any,
) -> Any:
    if (min is not None and a_min is not None) or (max is not None and a_max is not None):
        raise ValueError("Give numpy.clip each bound once: got a_min and min, or a_max and max.")
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    if out is not None:
        kwargs["out"] = out
    if low is not None and high is not None:
        return _CLIP(a, low, high, **kwargs)
    if low is not None:
        return np.maximum(a, low, **kwargs)
    if high is not None:
        return np.minimum(a, high, **kwargs)
    return np.positive(a, **kwargs)


@composite(np.nan_to_num, calls=[call(draw(2, 3)), call(draw(), nan=1.0)])
def _nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    if is_complex(x):
        real, imag = np.real(x), np.imag(x)
        result = _finite(real, nan, posinf, neginf) + _finite(imag, nan, posinf, neginf) * 1j
    else:
        result = _finite(x, nan, posinf, neginf)
    if not copy:
        x[...] = result
        return x
    return result


def _finite(x: Any, nan: Any, posinf: Any, neginf: Any) -> Any:
    if x.dtype.kind not in "fc":
        return np.positive(x)
    limits = np.finfo(x.dtype)
    posinf = float(limits.max) if posinf is None else posinf
    neginf = float(limits.min) if neginf is None else neginf
    x = np.where(np.isnan(x), nan, x)
    x = np.where(np.isposinf(x), posinf, x)
    return np.where(np.isneginf(x), neginf, x)


# -- order --------------------------------------------------------------------------------------


def permute(a: Any, *, order: Any, axis: int) -> Any:
    """`a` with the entries along `axis` in another order: what is recorded."""
    return np.take_along_axis(a, order, axis)


def _permute_back(g: Any, a: Any, order: Any, axis: int) -> Any:
    inverse = np.empty_like(order)
    shape = [1] * order.ndim
    shape[axis] = order.shape[axis]
    np.put_along_axis(inverse, order, np.arange(order.shape[axis]).reshape(shape), axis)
    return np.take_along_axis(g, inverse, axis)


linear(
    permute,
    _permute_back,
    moves=True,
    calls=[call(draw(2, 3), order=np.array([[2, 0, 1], [0, 2, 1]]), axis=-1)],
)


def _ordered(argsort: Any, a: Any, axis: Any, *args: Any, **kwargs: Any) -> Any:
    """`a` in the order that `argsort` finds."""
    if axis is None:
        a, axis = np.ravel(a), -1
    if not a.ndim:
        raise np.exceptions.AxisError(axis, 0)
    order = argsort(raw(a), *args, axis=axis, **kwargs)
    return apply(permute, (a,), {"order": settled(order), "axis": axis})


@composite(
    np.sort,
    calls=[
        call(draw(5, domain=real_only)),
        call(draw(3, 4, domain=real_only), axis=0),
        call(draw(3, 4, domain=real_only), axis=None),
        call(draw(2, 3, 2, domain=real_only), 1, stable=True),
    ],
)
def _sort(
    a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Any:
    return _ordered(np.argsort, a, axis, kind=kind, order=order, stable=stable)


@composite(
    np.partition,
    calls=[
        call(draw(5, domain=real_only), 2),
        call(draw(3, 4, domain=real_only), (0, -1), axis=0),
        call(draw(3, 4, domain=real_only), 5, axis=None),
    ],
)
def _partition(
    a: Any, kth: Any, axis: Any = -1, kind: Any = "introselect", order: Any = None
) -> Any:
    return _ordered(np.argpartition, a, axis, raw(kth), kind=kind, order=order)


@composite(
    np.unique,
    calls=[
        call(draw(4, domain=real_only)),
        call(draw(3, 2, domain=real_only), axis=1),
    ],
)
def _unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    **options: Any,
) -> Any:
    _, first, inverse, counts = apply(_unique_parts, (ar,), {"axis": axis, **options})
    values = np.take(ar, first, axis)
    results = [values]
    results += [first] * return_index + [inverse] * return_inverse + [counts] * return_counts
    return tuple(results) if len(results) > 1 else values


def _unique_parts(ar: Any, axis: Any, **options: Any) -> Any:
    return tuple(np.unique(ar, True, True, True, axis, **options))


# -- indices and counts carry no gradient -------------------------------------------------------

constant(_count, _unique_parts)
constant(
    *(np.nonzero, np.flatnonzero, np.argwhere, np.unravel_index, np.ravel_multi_index, np.ix_),
    *(np.searchsorted, np.digitize, np.isin, np.argsort, np.argpartition, np.lexsort),
    *(np.diag_indices_from, np.tril_indices_from, np.triu_indices_from),
)
constant(*[getattr(np, name) for name in ["in1d"] if hasattr(np, name)])  # until NumPy 2.3
