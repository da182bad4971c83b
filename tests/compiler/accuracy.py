"""How far native functions may be from the true value, and where they are tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath as mp
import numpy as np

BOUNDS: dict[str, tuple[float, float]] = {
    "arccos": (2, 2),
    "arccosh": (3, 2),
    "arcsin": (2, 2),
    "arcsinh": (2, 2),
    "arctan": (2, 3),
    "arctan2": (2, 3),
    "arctanh": (2, 2),
    "cbrt": (3, 3),
    "cos": (2, 2),
    "cosh": (2, 2),
    "erf": (2, 2),
    "erfc": (4, 4),
    "exp": (1.1, 1.1),
    "exp10": (2, 2),
    "exp2": (2, 2),
    "expit": (3, 3),
    "expm1": (2, 2),
    "float_power": (2, 2),
    "hypot": (2, 2),
    "log": (1, 1),
    "log10": (2, 2),
    "log1p": (1.5, 2),
    "log2": (2, 2),
    "log_expit": (3, 3),
    "logaddexp": (3, 3),
    "logaddexp2": (3, 3),
    "ndtr": (4, 4),
    "power": (2, 2),
    "sin": (2, 2),
    "sinh": (2, 2),
    "tan": (3, 3),
    "tanh": (3, 3),
}
"""For each function the bounds in units in the last place, in float64 and float32."""

SUMS = ("logaddexp", "logaddexp2")
"""Functions whose unit is the last place of the largest operand: they cancel near 0."""


def _real_power(x: Any, y: Any) -> Any:
    value = x**y
    return value if isinstance(value, mp.mpf) else mp.nan


def _logaddexp(base: int | None) -> Callable[[Any, Any], Any]:
    def exact(a: Any, b: Any) -> Any:
        scale = mp.log(base) if base else mp.mpf(1)
        return max(a, b) + mp.log1p(mp.exp(-abs(a - b) * scale)) / scale

    return exact


EXACT: dict[str, Callable[..., Any]] = {
    "arccos": mp.acos,
    "arccosh": mp.acosh,
    "arcsin": mp.asin,
    "arcsinh": mp.asinh,
    "arctan": mp.atan,
    "arctan2": mp.atan2,
    "arctanh": mp.atanh,
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "cos": mp.cos,
    "cosh": mp.cosh,
    "erf": mp.erf,
    "erfc": mp.erfc,
    "exp": mp.exp,
    "exp10": lambda x: mp.mpf(10) ** x,
    "exp2": lambda x: mp.mpf(2) ** x,
    "expit": lambda x: 1 / (1 + mp.exp(-x)),
    "expm1": mp.expm1,
    "float_power": _real_power,
    "hypot": mp.hypot,
    "log": mp.log,
    "log10": mp.log10,
    "log1p": mp.log1p,
    "log2": lambda x: mp.log(x, 2),
    "log_expit": lambda x: min(x, mp.mpf(0)) - mp.log1p(mp.exp(-abs(x))),
    "logaddexp": _logaddexp(None),
    "logaddexp2": _logaddexp(2),
    "ndtr": lambda x: mp.erfc(-x / mp.sqrt(2)) / 2,
    "power": _real_power,
    "sin": mp.sin,
    "sinh": mp.sinh,
    "tan": mp.tan,
    "tanh": mp.tanh,
}


def exact(name: str, points: Sequence[Any]) -> tuple[Any, Any]:
    """The true values, each as a float64 and what it lacks; NaN where there is none."""
    values = []
    with mp.workprec(200):
        for row in zip(*points, strict=True):
            try:
                value = EXACT[name](*[mp.mpf(float(x)) for x in row])
            except (ValueError, ZeroDivisionError, OverflowError):
                value = mp.nan
            values.append(value if isinstance(value, mp.mpf) else mp.nan)
        head = [float(v) for v in values]
        tail = [float(v - h) if np.isfinite(h) else 0.0 for v, h in zip(values, head, strict=True)]
    return np.array(head), np.array(tail)


def ulps(got: Any, head: Any, tail: Any, size: Any = 0) -> Any:
    """The distance in units in the last place of the result, or of `size`; or infinite."""
    with np.errstate(all="ignore"):
        rounded = head.astype(got.dtype)
        distance = np.abs(got.astype(np.float64) - head - tail) / np.spacing(
            np.maximum(abs(rounded), size)
        )
        distance = np.where(np.isfinite(rounded), distance, np.where(got == rounded, 0, np.inf))
    return np.where(
        np.isnan(got) & np.isnan(head), 0, np.where(np.isnan(distance), np.inf, distance)
    )


def points(dtype: Any, count: int, seed: int) -> Any:
    """Numbers of every size, near 0, 1 and the multiples of pi/2, integers and halves."""
    rng = np.random.default_rng(seed)
    info = np.finfo(dtype)
    widest = 750 if info.bits == 64 else 105
    smallest = np.log(float(info.smallest_subnormal))
    sizes = np.exp(rng.uniform(smallest, np.log(float(info.max)), count))
    parts = [
        rng.uniform(-1, 1, count),
        rng.uniform(-6, 6, count),
        rng.uniform(-40, 40, count),
        rng.uniform(-widest, widest, count),
        sizes * rng.choice([-1, 1], count),
        1 + rng.uniform(-1, 1, count) * 2.0 ** -rng.integers(1, 30, count),
        np.pi / 2 * rng.integers(-100, 100, count),
        rng.integers(-40, 40, count) / 2,
    ]
    return np.concatenate(parts).astype(dtype)


def special(dtype: Any) -> Any:
    """Zeros, infinities, NaN, denormals, the ends of the range and of functions' ranges."""
    info = np.finfo(dtype)
    sizes = [
        *[0, np.inf, 0.5, 1, 1.5, 2, 2.5, 3, 10, 30, 1e5, 1e10, 2.0**23, 2.0**29, 2.0**30],
        *[info.smallest_subnormal, info.tiny / 3, info.tiny, info.eps, info.max, info.max / 2],
        *[87, 88.5, 89, 103, 104, 708, 709.5, 710, 744, 746, 1e3, np.nextafter(dtype(1), dtype(2))],
    ]
    signed = np.array([*sizes, *[-s for s in sizes], np.nan], np.float64)
    return signed.astype(dtype)
