"""All scalar operations of native code, and which one a ufunc is."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.compiler.scalar import integers, library, scalars, special, vectormath
from gradtape.compiler.scalar.code import OPS, Op

__all__ = ["OPS", "integers", "library", "operation", "scalars", "special", "vectormath"]


def operation(ufunc: np.ufunc) -> Op | None:
    """The scalar operation that NumPy's or SciPy's `ufunc` is; None for a stranger of that name."""
    name = ufunc.__name__
    homes = [np, np._core.umath, sys.modules.get("scipy.special")]  # type: ignore[attr-defined]
    if any(getattr(home, name, None) is ufunc for home in homes):
        return OPS.get(name)
    return None


# -- cheaper ways -------------------------------------------------------------------------------


def _special_power(args: Sequence[Any], dtypes: Sequence[Any]) -> Any:
    """NumPy's own short cuts for constant exponents, and integer powers of floats."""
    exponent = args[1]
    if not isinstance(exponent, (int, float, np.integer, np.floating)) or dtypes[0].kind != "f":
        return None
    if exponent == 1:
        return lambda build, dtype: build.node(args[0], dtype)
    simple = {2: "square", -1: "reciprocal", 0.5: "sqrt"}.get(float(exponent))
    if simple:
        return lambda build, dtype: build.map(simple, build.node(args[0], dtype), dtype=dtype)
    if exponent == 0:
        return lambda build, dtype: build.map(
            "where",
            *[build.node(True, np.dtype(bool)), build.node(1.0, dtype), build.node(args[0], dtype)],
            dtype=dtype,
        )
    return None


OPS["power"] = Op("f", OPS["power"].emit, _special_power)
