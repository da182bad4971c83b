"""Values and norms kept within bounds; sums of lists of Tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.core.handle import Handle
from gradtape.core.kinds import raw
from gradtape.core.tensor import Tensor as Plain
from gradtape.tf.errors import InvalidValueError, invalid
from gradtape.tf.operation import axes, operation
from gradtape.tf.policy import lifted, lowered, tensor, together
from gradtape.tf.tensors import IndexedSlices

# -- values -------------------------------------------------------------------------------------


@operation
def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: Any = None) -> Any:
    """`t` kept between two bounds; at a bound its slope is 1.

    The gradient of a bound is that of the entries beyond it.
    """
    t, low, high = together(t, clip_value_min, clip_value_max)
    if (low.ndim or high.ndim) and t.shape != np.broadcast_shapes(t.shape, low.shape, high.shape):
        raise InvalidValueError(
            f"Give bounds that broadcast to {t.shape}: got {low.shape}, {high.shape}."
        )
    return np.minimum(np.maximum(t, low), high)  # at a tie the first argument counts


@operation
def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: Any = None) -> Any:
    """`t`, scaled down to the Euclidean norm `clip_norm` where its own is greater.

    Parameters
    ----------
    t
        A Tensor.
    clip_norm
        The greatest norm, a number.
    axes
        The axes along which norms are taken; all by default.
    """
    t, bound = together(t, clip_norm)
    norm = _norm(t, axes)
    return t * bound / np.maximum(norm, bound)


def _norm(t: Any, axis: Any) -> Any:
    """The norm along `axis`, that stays; its slope is 0 at zeros."""
    if not t.ndim:
        return np.absolute(t)
    axis = axes(axis)
    axis = tuple(range(t.ndim)) if axis is None else axis
    return np.linalg.vector_norm(t, axis=axis, keepdims=True)


@operation
def l2_normalize(
    x: Any, axis: Any = None, epsilon: Any = 1e-12, name: Any = None, dim: Any = None
) -> Any:
    """``x / sqrt(max(sum(abs(x)**2), epsilon))`` along `axis`, or over all entries."""
    x = tensor(x)
    if axis is not None and dim is not None:
        raise InvalidValueError("Give either axis or dim to tf.math.l2_normalize: got both.")
    axis = axes(dim if axis is None else axis)
    squares = x * x
    if x.dtype.kind == "c":
        squares = np.square(np.real(x)) + np.square(np.imag(x))
    total = np.sum(squares, axis=axis, keepdims=True)
    scale = 1 / np.sqrt(np.maximum(total, total.dtype.type(raw(epsilon))))
    return x * scale


# -- lists of Tensors ---------------------------------------------------------------------------


def global_norm(t_list: Any, name: str | None = None) -> Any:
    """The root of the sum of the squares of all entries of a list of Tensors.

    Entries that are None count for nothing. Of no Tensors it is None.

    Raises
    ------
    TypeError
        If `t_list` is not a list.
    """
    parts = [_rows(t) for t in _listed(t_list, "global_norm") if t is not None]
    if not parts:
        return None
    flat = [np.linalg.vector_norm(p, axis=tuple(range(p.ndim))) if p.ndim else p for p in parts]
    return lifted(np.linalg.vector_norm(np.stack(flat)))


def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Any]:
    """The Tensors of a list, scaled down together to the global norm `clip_norm`.

    Parameters
    ----------
    t_list
        Tensors, IndexedSlices and None.
    clip_norm
        The greatest norm, a number.
    use_norm
        Their global norm, if it is known.

    Returns
    -------
    The list, and the norm that it had. Where that is not finite the Tensors become NaN.
    """
    tensors = _listed(t_list, "clip_by_global_norm")
    norm = global_norm(tensors) if use_norm is None else lifted(tensor(lowered(use_norm)))
    if norm is None:
        return list(tensors), tensor(0.0)
    clip, plain_norm = together(lowered(clip_norm), lowered(norm))[::1]
    clip = clip.astype(plain_norm.dtype)
    factor = clip * np.minimum(1 / plain_norm, 1 / clip)
    factor = np.where(np.isfinite(plain_norm), factor, np.nan).astype(plain_norm.dtype)
    return [_scaled(t, factor) for t in tensors], norm


def _listed(t_list: Any, name: str) -> list[Any]:
    if isinstance(t_list, (str, Handle)) or not isinstance(t_list, Sequence):
        raise TypeError(f"Give tf.{name} a list of Tensors: got {type(t_list)}.")
    return list(t_list)


def _rows(t: Any) -> Any:
    return tensor(lowered(t.values if isinstance(t, IndexedSlices) else t))


def _scaled(t: Any, factor: Any) -> Any:
    if t is None:
        return None
    if isinstance(t, IndexedSlices):
        return IndexedSlices(_scaled(t.values, factor), t.indices, t.dense_shape)
    x = tensor(lowered(t))
    return lifted(x * factor.astype(x.dtype))


@operation
def add_n(inputs: Any, name: Any = None) -> Any:
    """The sum of a list of Tensors of one shape.

    Raises
    ------
    ValueError
        If there are none, or `inputs` is not a list.
    InvalidArgumentError
        If their shapes differ.
    """
    if isinstance(inputs, Plain) and inputs.ndim:
        inputs = list(inputs)
    if not isinstance(inputs, Sequence) or not inputs:
        raise InvalidValueError(f"Give tf.add_n a list of one or more Tensors: got {inputs!r}.")
    total, *rest = together(*inputs) if len(inputs) > 1 else [tensor(inputs[0])]
    for other in rest:
        if other.shape != total.shape:
            raise invalid(f"Give Tensors of one shape: got {total.shape} and {other.shape}.")
        total = total + other
    return total


def accumulate_n(
    inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None
) -> Any:
    """The sum of a list of Tensors of one shape, as `add_n`."""
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise ValueError(f"Give accumulate_n a list of one or more Tensors: got {inputs!r}.")
    return add_n(inputs)


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """`x`, also IndexedSlices, times a number.

    Raises
    ------
    ValueError
        If `scalar` is not of rank 0.
    """
    if isinstance(x, IndexedSlices):
        return IndexedSlices(scalar_mul(scalar, x.values), x.indices, x.dense_shape)
    x = tensor(lowered(x))
    factor = together(x, lowered(scalar))[1]
    if factor.ndim:
        raise ValueError(f"Give tf.scalar_mul a scalar: got shape {factor.shape}.")
    return lifted(factor * x)
