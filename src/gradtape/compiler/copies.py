"""What NumPy writes in place, as functions that return a copy: a program's values never change."""

from __future__ import annotations

from typing import Any

import numpy as np


def updated(a: Any, index: Any, value: Any) -> Any:
    """A copy of `a` with ``a[index] = value``."""
    a = np.array(a)
    a[index] = value
    return a[()] if not a.ndim else a


def changed(a: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
    """A copy of `a` after ``function(a, *args)``, which writes into it."""
    a = np.array(a)
    function(a, *args, **kwargs)
    return a


def stored(a: Any, function: Any, options: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
    """A copy of `a` after ``function(*args, out=a)``, which writes into it."""
    a = np.array(a)
    function(*args, out=a, **options, **kwargs)
    return a


def added_at(a: Any, index: Any, value: Any) -> Any:
    """A copy of `a` with `value` added at `index`; a repeated position adds up."""
    a = np.array(a)
    np.add.at(a, index, value)
    return a[()] if not a.ndim else a


def cast(a: Any, dtype: Any) -> Any:
    """``a.astype(dtype)``, of a Python number too."""
    return a.astype(dtype) if hasattr(a, "astype") else np.dtype(dtype).type(a)
