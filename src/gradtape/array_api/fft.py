"""The standard's extension `fft`: NumPy's functions, and two that make Tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.dispatch import wrap
from gradtape.core.tensor import Tensor


def fftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
    """The frequencies of the entries of `fft`, for `n` samples `d` apart; float64 by default."""
    return wrap(np.fft.fftfreq(n, d, device=device).astype(dtype or np.float64), Tensor)


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
    """The frequencies of the entries of `rfft`, for `n` samples `d` apart; float64 by default."""
    return wrap(np.fft.rfftfreq(n, d, device=device).astype(dtype or np.float64), Tensor)


def __getattr__(name: str) -> Any:
    return getattr(np.fft, name)
