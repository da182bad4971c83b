"""Gradients cut to size, as Keras cuts them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.core.dtypes import in_dtype


def by_norm(g: Any, limit: float) -> Any:
    """``g * limit / max(|g|, limit)``."""
    kind = _kind(g)
    return g * kind(limit) / np.maximum(np.sqrt(_squared_norm(g)), kind(limit))


def by_value(g: Any, limit: float) -> Any:
    """`g`, each entry from ``-limit`` to ``limit``."""
    return np.clip(g, -limit, limit)


def by_global_norm(gradients: Sequence[Any], limit: float) -> list[Any]:
    """``g * limit / max(norm, limit)``, with the norm of all gradients together.

    If that is not finite, no gradient is either: NaN says so.
    """
    norm = np.sqrt(sum(_squared_norm(g) for g in gradients))
    kind = norm.dtype.type
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = kind(limit) * np.minimum(1 / norm, kind(1 / limit)) + (norm - norm)
    return [g * in_dtype(scale, _kind(g)) for g in gradients]


def _squared_norm(g: Any) -> Any:
    return np.sum((g * g.conj()).real) if g.dtype.kind == "c" else np.sum(g * g)


def _kind(g: Any) -> Any:
    return g.real.dtype.type
