"""Functions that write into their first argument: `put`, `place`, `copyto`, `fill_diagonal` ...

To learn which entries such a function moves where, NumPy itself runs it on entry numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.core.dispatch import watched
from gradtape.core.domains import Call, call, draw
from gradtape.core.handle import Spec
from gradtape.core.rules import composite, name_of, raw
from gradtape.rules.arguments import cast, is_tensor, joined

_WRITERS: list[tuple[Any, tuple[str, ...], list[Call]]] = [
    (
        np.put,
        ("a", "ind", "v", "mode"),
        [call(draw(2, 3), [4, 0, -2, 0], [1.0, 2.0]), call(draw(3), [5], 1.0, "wrap")],
    ),
    (
        np.place,
        ("arr", "mask", "vals"),
        [call(draw(3), np.array([True, False, True]), [1.0])],
    ),
    (
        np.putmask,
        ("a", "mask", "values"),
        [call(draw(3), np.array([True, False, True]), [1.0, 2.0])],
    ),
    (
        np.put_along_axis,
        ("arr", "indices", "values", "axis"),
        [call(draw(2, 3), np.array([[0], [2]]), 1.0, 1)],
    ),
    (
        np.fill_diagonal,
        ("a", "val", "wrap"),
        [call(draw(3, 3), 1.0), call(draw(5, 2), [1.0, 2.0], wrap=True)],
    ),
    (
        np.copyto,
        ("dst", "src", "casting", "where"),
        [call(draw(2), 1.0), call(draw(2, 2), [1.0, 2.0], where=np.array([True, False]))],
    ),
]
"""Each function with its parameters, of which the first is the target."""


def _writer(function: Any, names: tuple[str, ...]) -> Callable[..., None]:
    """`function` for a target that may be a Tensor."""
    value_name = next(name for name in names if name in {"v", "vals", "values", "val", "src"})

    def write(*args: Any, **kwargs: Any) -> None:
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        target, value = given.pop(names[0]), joined(given[value_name])
        given = {name: raw(option) for name, option in given.items()}
        if not is_tensor(target):
            refuse_loss(function, target, value)
            given[value_name] = raw(value)
            function(target, **given)
            return
        if "casting" in names:
            _check_cast(value, target, given.get("casting", "same_kind"))
        condition = given.get("where", given.get("mask", True))
        if hasattr(condition, "examples") and np.ndim(raw(value)) == 0:
            target[...] = cast(np.where(condition, value, target), target.dtype)
            return
        shape = getattr(value, "shape", ())
        given[value_name] = np.arange(Spec(shape, target.dtype).size).reshape(shape)
        source = np.full(target.shape, -1)
        function(source, **given)
        written = source >= 0
        target[written] = np.ravel(value)[source[written]]

    return write


for _function, _names, _calls in _WRITERS:
    composite(_function, calls=_calls)(_writer(_function, _names))


def refuse_loss(function: Any, target: Any, value: Any) -> None:
    """Raise if a value that is being recorded is about to vanish in a plain array."""
    if is_tensor(value) and watched([value]):
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
