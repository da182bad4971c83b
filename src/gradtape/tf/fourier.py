"""Fourier and cosine transforms of the last axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradtape.core.kinds import raw
from gradtape.tf.dtypes import complex64, float32
from gradtape.tf.errors import InvalidValueError, invalid, invalid_type
from gradtape.tf.operation import axes as axes_of
from gradtape.tf.operation import lengths, operation
from gradtape.tf.policy import tensor
from gradtape.tf.tensors import cast

# -- complex transforms ---------------------------------------------------------------------------


def _complex(name: str, function: Any, rank: int) -> Any:
    """The transform of complex numbers over the last `rank` axes."""

    def transform(input: Any, name: Any = None) -> Any:
        x = _operand(input, spelled, "c", rank)
        return function(x) if rank == 1 else function(x, axes=tuple(range(-rank, 0)))

    spelled = transform.__name__ = transform.__qualname__ = name
    transform.__doc__ = f"`numpy.fft.{function.__name__}` of complex numbers, last axes: {rank}."
    return operation(transform)


def _operand(value: Any, name: str, kind: str, rank: int, error: Any = invalid_type) -> Any:
    x = tensor(value)
    if x._value.dtype.kind != kind:
        wanted = "complex" if kind == "c" else "float"
        raise error(f"Cast the argument to {wanted}: tf.signal.{name} got {x.dtype}.")
    if x.ndim < rank:
        raise invalid(f"Give tf.signal.{name} rank {rank} or more: got shape {x.shape}.")
    return x


fft = _complex("fft", np.fft.fft, 1)
fft2d = _complex("fft2d", np.fft.fftn, 2)
fft3d = _complex("fft3d", np.fft.fftn, 3)
ifft = _complex("ifft", np.fft.ifft, 1)
ifft2d = _complex("ifft2d", np.fft.ifftn, 2)
ifft3d = _complex("ifft3d", np.fft.ifftn, 3)

# -- transforms of real numbers -------------------------------------------------------------------


def _real(name: str, function: Any, rank: int, kind: str) -> Any:
    """A transform between real numbers and the first half of their spectrum, last `rank` axes."""

    def transform(input_tensor: Any, fft_length: Any = None, name: Any = None) -> Any:
        x = _operand(input_tensor, spelled, kind, rank, InvalidValueError)
        s = None if fft_length is None else lengths(fft_length)
        if s is not None and len(s) != rank:
            raise invalid(f"Give tf.signal.{spelled} {rank} fft_length: got {s}.")
        if s is not None and min(s) < (1 if kind == "f" else 0):
            raise invalid(f"Give tf.signal.{spelled} a positive fft_length: got {s}.")
        if rank == 1:
            return function(x, None if s is None else s[0])
        return function(x, s=s, axes=tuple(range(-rank, 0)))

    spelled = transform.__name__ = transform.__qualname__ = name
    transform.__doc__ = (
        f"`numpy.fft.{function.__name__}` over as many last axes: {rank}.\n\n"
        "    `fft_length` are the lengths of the real side, cropped or padded to.\n    "
    )
    return operation(transform)


rfft = _real("rfft", np.fft.rfft, 1, "f")
rfft2d = _real("rfft2d", np.fft.rfftn, 2, "f")
rfft3d = _real("rfft3d", np.fft.rfftn, 3, "f")
irfft = _real("irfft", np.fft.irfft, 1, "c")
irfft2d = _real("irfft2d", np.fft.irfftn, 2, "c")
irfft3d = _real("irfft3d", np.fft.irfftn, 3, "c")

# -- transforms over any axes ---------------------------------------------------------------------


def _over_axes(name: str, function: Any, kind: str) -> Any:
    def transform(
        input_tensor: Any,
        fft_length: Any = None,
        axes: Any = None,
        norm: Any = None,
        name: Any = None,
    ) -> Any:
        x = _operand(input_tensor, spelled, kind, 1)
        s = None if fft_length is None else lengths(fft_length)
        over = axes_of(axes)
        if isinstance(over, int):
            over = (over,)
        if over is None and s is not None:
            over = tuple(range(-len(s), 0))
        return function(x, s=s, axes=over, norm=norm)

    spelled = transform.__name__ = transform.__qualname__ = name
    transform.__doc__ = f"`numpy.fft.{function.__name__}`, with NumPy's meaning of the arguments."
    return operation(transform)


fftnd = _over_axes("fftnd", np.fft.fftn, "c")
ifftnd = _over_axes("ifftnd", np.fft.ifftn, "c")
rfftnd = _over_axes("rfftnd", np.fft.rfftn, "f")
irfftnd = _over_axes("irfftnd", np.fft.irfftn, "c")


def raw_fftnd(input: Any, fft_length: Any, axes: Any, name: Any = None) -> Any:
    """`fftnd` by the signature that it has in ``tf`` itself."""
    return fftnd(input, fft_length, axes)


def raw_ifftnd(input: Any, fft_length: Any, axes: Any, name: Any = None) -> Any:
    """`ifftnd` by the signature that it has in ``tf`` itself."""
    return ifftnd(input, fft_length, axes)


def raw_rfftnd(
    input: Any, fft_length: Any, axes: Any, Tcomplex: Any = complex64, name: Any = None
) -> Any:
    """`rfftnd` by the signature that it has in ``tf`` itself, cast to `Tcomplex`."""
    return cast(rfftnd(input, fft_length, axes), Tcomplex)


def raw_irfftnd(
    input: Any, fft_length: Any, axes: Any, Treal: Any = float32, name: Any = None
) -> Any:
    """`irfftnd` by the signature that it has in ``tf`` itself, cast to `Treal`."""
    return cast(irfftnd(input, fft_length, axes), Treal)


@operation
def fftshift(x: Any, axes: Any = None, name: Any = None) -> Any:
    """Move frequency 0 to the middle of `axes`, all by default."""
    return np.fft.fftshift(tensor(x), axes_of(axes))


@operation
def ifftshift(x: Any, axes: Any = None, name: Any = None) -> Any:
    """Undo `fftshift`."""
    return np.fft.ifftshift(tensor(x), axes_of(axes))


# -- cosine transforms ----------------------------------------------------------------------------


@operation
def dct(
    input: Any, type: Any = 2, n: Any = None, axis: Any = -1, norm: Any = None, name: Any = None
) -> Any:
    """The discrete cosine transform of type 1, 2, 3 or 4 along the last axis.

    Parameters
    ----------
    input
        Real numbers.
    type
        The type, with the factors of `scipy.fft.dct`.
    n
        Crop, or pad with zeros, to this length first.
    axis
        -1.
    norm
        "ortho" makes the matrix orthogonal; not of type 1.

    Raises
    ------
    ValueError
        For another type or norm.
    NotImplementedError
        For another axis.
    """
    return cosine_transform(input, type, n, axis, norm)


@operation
def idct(
    input: Any, type: Any = 2, n: Any = None, axis: Any = -1, norm: Any = None, name: Any = None
) -> Any:
    """The inverse of `dct` of the same type, without its factor ``1 / (2 n)`` unless "ortho"."""
    if type not in (1, 2, 3, 4):
        raise InvalidValueError(f"Give type 1, 2, 3 or 4: got {type!r}.")
    return cosine_transform(input, {1: 1, 2: 3, 3: 2, 4: 4}[type], n, axis, norm)


def cosine_transform(value: Any, kind: Any, n: Any, axis: Any, norm: Any) -> Any:
    """`dct` of one of the engine's Tensors."""
    if kind not in (1, 2, 3, 4):
        raise InvalidValueError(f"Give type 1, 2, 3 or 4: got {kind!r}.")
    if axis != -1:
        raise NotImplementedError(f"Give axis=-1, and transpose first: got {axis!r}.")
    if norm not in (None, "ortho") or (kind == 1 and norm == "ortho"):
        raise InvalidValueError(f"Give norm None or 'ortho', of type 1 None: got {norm!r}.")
    x = _operand(value, "dct", "f", 1)
    if n is not None:
        x = _resized(x, int(raw(n)))
    return _COSINE[kind](x, norm == "ortho")


def _resized(x: Any, n: int) -> Any:
    """`x` cropped, or padded with zeros, to length `n`."""
    if n < 1:
        raise InvalidValueError(f"Give a length n of 1 or more: got {n}.")
    missing = n - x.shape[-1]
    if missing <= 0:
        return x[..., :n]
    return np.concatenate((x, np.zeros((*x.shape[:-1], missing), x.dtype)), axis=-1)


def _turns(n: int, dtype: Any, sign: int) -> Any:
    """``2 exp(sign * i * pi * k / (2 n))`` for k below n."""
    made = 2 * np.exp(sign * 0.5j * math.pi / n * np.arange(n))
    return made.astype(np.result_type(dtype, np.complex64))


def _dct1(x: Any, ortho: bool) -> Any:
    if x.shape[-1] < 2:
        raise InvalidValueError(f"Give type 1 two or more entries: got {x.shape[-1]}.")
    return np.real(np.fft.rfft(np.concatenate((x, np.flip(x, -1)[..., 1:-1]), axis=-1)))


def _dct2(x: Any, ortho: bool) -> Any:
    n = x.shape[-1]
    y = np.real(np.fft.rfft(x, 2 * n)[..., :n] * _turns(n, x.dtype, -1))
    return y * _orthogonal(n, y.dtype) if ortho else y


def _dct3(x: Any, ortho: bool) -> Any:
    n = x.shape[-1]
    x = x / _orthogonal(n, x.dtype) / 2 if ortho else x * float(n)
    return np.fft.irfft(x * _turns(n, x.dtype, 1), 2 * n)[..., :n]


def _orthogonal(n: int, dtype: Any) -> Any:
    """The factors that make the matrix of type 2 orthogonal."""
    factors = np.full(n, math.sqrt(0.5 / n), dtype)
    factors[:1] = math.sqrt(0.25 / n)
    return factors


def _dct4(x: Any, ortho: bool) -> Any:
    n = x.shape[-1]
    y = _dct2(_resized(x, 2 * n), False)[..., 1::2]
    return y * math.sqrt(0.5 / n) if ortho else y


_COSINE = {1: _dct1, 2: _dct2, 3: _dct3, 4: _dct4}
