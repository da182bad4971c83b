"""``tf.print``: Tensors in TensorFlow's words."""

from __future__ import annotations

import os
import sys
from collections import OrderedDict
from typing import Any

import numpy as np

from gradtape.core.errors import at_every_call
from gradtape.core.handle import Handle
from gradtape.tf import nest

_DIGITS = {"float32": (6, 9), "float64": (15, 17)}
"""How many digits are tried, and how many are always enough."""


class _Shown:
    """A text that `pprint` shows without quotes."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def print(*inputs: Any, **kwargs: Any) -> None:
    """Write `inputs` to `output_stream`, standard error by default.

    Tensors show their numbers, of each axis the first and last `summarize`, 3 by default, all with
    -1. `sep` and `end` are as Python's. `output_stream` may also be a path, ``file://...``.

    Raises
    ------
    ValueError
        For an unknown keyword or stream.
    """
    at_every_call("tf.print")
    stream = kwargs.pop("output_stream", sys.stderr)
    summarize = kwargs.pop("summarize", 3)
    sep, end = kwargs.pop("sep", " "), kwargs.pop("end", os.linesep)
    kwargs.pop("name", None)
    if kwargs:
        raise ValueError(f"Give tf.print sep, end, summarize, output_stream: got {sorted(kwargs)}.")
    text = sep.join(_text(value, summarize) for value in inputs) + end
    if isinstance(stream, str) and stream.startswith("file://"):
        with open(stream.removeprefix("file://"), "a", encoding="utf-8") as file:
            file.write(text)
    elif hasattr(stream, "write"):
        stream.write(text)
        stream.flush()
    else:
        raise ValueError(f"Give tf.print sys.stdout, sys.stderr or 'file://...': got {stream!r}.")


def _text(value: Any, summarize: int) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, OrderedDict):
        value = OrderedDict(sorted(value.items()))
    import pprint

    return pprint.pformat(
        nest.map_structure(
            lambda leaf: (
                _Shown(shown(leaf._value, summarize)) if isinstance(leaf, Handle) else leaf
            ),
            value,
        )
    )


def shown(value: Any, summarize: int = 3) -> str:
    """The numbers of an array, the middle of long axes left out."""
    return _axis(np.asarray(value), summarize, 0)


def _axis(array: Any, summarize: int, depth: int) -> str:
    if not array.ndim:
        return _number(array[()])
    every = len(array) <= 2 * summarize or summarize < 0
    first = [_axis(row, summarize, depth + 1) for row in (array if every else array[:summarize])]
    last = [] if every else [_axis(row, summarize, depth + 1) for row in array[-summarize:]]
    parts = [*first, *([] if every else ["..."]), *last]
    between = " " if array.ndim == 1 else "\n" * (array.ndim - 1) + " " * (depth + 1)
    return f"[{between.join(parts)}]"


def _number(number: Any) -> str:
    kind = number.dtype.kind
    if kind == "b":
        return str(int(number))
    if kind == "c":
        return f"({_number(number.real)},{_number(number.imag)})"
    if kind != "f":
        return str(number)
    if number.dtype.name == "float16":
        number = np.float32(number)
    few, enough = _DIGITS.get(number.dtype.name, (6, 9))
    text = f"{float(number):.{few}g}"
    return text if type(number)(text) == number else f"{float(number):.{enough}g}"
