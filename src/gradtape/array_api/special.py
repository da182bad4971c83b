"""The functions of `scipy.special` by their names, as SciPy looks for them in a namespace.

With ``SCIPY_ARRAY_API=1`` SciPy wraps each of its ufuncs in a function that turns Tensors into
plain arrays, unless the namespace has a `special` with that name: this one gives the ufunc itself.
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    import scipy.special

    function = getattr(scipy.special, name)
    return getattr(function, "__wrapped__", function)
