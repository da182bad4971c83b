"""Signals cut into frames, their spectra, and back again."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.core.kinds import raw
from gradtape.tf.dtypes import as_dtype, numpy_dtype
from gradtape.tf.errors import InvalidValueError
from gradtape.tf.fourier import dct, irfft, rfft
from gradtape.tf.operation import operation
from gradtape.tf.policy import lifted, lowered, tensor
from gradtape.tf.windows import hann_window, vorbis_window

Window = Callable[..., Any] | None


def _scalar(value: Any, name: str) -> int:
    number = raw(tensor(value))
    if number.ndim:
        raise InvalidValueError(f"Give {name} as one number: got shape {number.shape}.")
    return int(number)


# -- frames ---------------------------------------------------------------------------------------


@operation
def frame(
    signal: Any,
    frame_length: Any,
    frame_step: Any,
    pad_end: bool = False,
    pad_value: Any = 0,
    axis: Any = -1,
    name: Any = None,
) -> Any:
    """Overlapping frames of `axis`, which becomes two: the frames, and the entries of each.

    Parameters
    ----------
    signal
        Numbers.
    frame_length, frame_step
        How long a frame is, and how far it is to the next.
    pad_end
        Also make the frames that go past the end, filled up with `pad_value`.
    axis
        The axis.
    """
    x: Any = tensor(signal)
    length, step = _scalar(frame_length, "frame_length"), _scalar(frame_step, "frame_step")
    axis = _scalar(axis, "axis")
    if not x.ndim:
        raise InvalidValueError("Give tf.signal.frame a signal of rank 1 or more: got a scalar.")
    axis = axis + x.ndim if axis < 0 else axis
    entries = x.shape[axis]
    if pad_end:
        count = max(-(-entries // step), 0)
        missing = max((count - 1) * step + length - entries, 0)
        shape = (*x.shape[:axis], missing, *x.shape[axis + 1 :])
        filler: Any = np.broadcast_to(tensor(pad_value).astype(x.dtype), shape)
        x = np.concatenate((x, filler), axis=axis)
    else:
        count = max(1 + (entries - length) // step, 0)
    places = np.arange(count)[:, None] * step + np.arange(length)
    return x[(*(slice(None),) * axis, places, Ellipsis)]


@operation
def overlap_and_add(signal: Any, frame_step: Any, name: Any = None) -> Any:
    """The sum of frames, each `frame_step` after the one before: the transpose of `frame`.

    `signal` has shape ``(..., frames, frame_length)``, the result ``(..., length)``.
    """
    x, step = tensor(signal), _scalar(frame_step, "frame_step")
    if x.ndim < 2:
        raise InvalidValueError(f"Give frames, of rank 2 or more: got shape {x.shape}.")
    return _overlapped(x, step)


def _overlapped(x: Any, step: int) -> Any:
    *loops, count, length = x.shape
    pieces = -(-length // step)
    # Piece k of frame f belongs to block f + k: with `pieces` empty frames after each row of
    # pieces, a row one block shorter shifts the k-th piece by k blocks.
    x = _padded(x, -1, pieces * step - length)
    x = np.swapaxes(np.reshape(x, (*loops, count, pieces, step)), -3, -2)
    x = np.reshape(_padded(x, -2, pieces), (*loops, pieces * (count + pieces), step))
    blocks = count + pieces - 1
    x = np.reshape(x[..., : pieces * blocks, :], (*loops, pieces, blocks, step))
    total = np.reshape(np.sum(x, axis=-3), (*loops, blocks * step))
    return total[..., : (count - 1) * step + length]


def _padded(x: Any, axis: int, missing: int) -> Any:
    if not missing:
        return x
    shape = list(x.shape)
    shape[axis] = missing
    return np.concatenate((x, np.zeros(shape, x.dtype)), axis=axis)


# -- spectra --------------------------------------------------------------------------------------


def _power_of_two(length: int) -> int:
    return 1 << max(length - 1, 0).bit_length()


def stft(
    signals: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Window = hann_window,
    pad_end: bool = False,
    name: str | None = None,
) -> Any:
    """The spectra of overlapping frames.

    Parameters
    ----------
    signals
        Real numbers ``(..., samples)``.
    frame_length, frame_step, pad_end
        As in `frame`.
    fft_length
        The length of each transform; by default the next power of two.
    window_fn
        ``window_fn(frame_length, dtype=...)`` gives weights for each frame; None for none.

    Returns
    -------
    Complex numbers of shape ``(..., frames, fft_length // 2 + 1)``.
    """
    length = _scalar(frame_length, "frame_length")
    n = _power_of_two(length) if fft_length is None else _scalar(fft_length, "fft_length")
    frames = frame(signals, length, frame_step, pad_end)
    return rfft(_windowed(frames, window_fn, length), [n])


def inverse_stft(
    stfts: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Window = hann_window,
    name: str | None = None,
) -> Any:
    """The signal of overlapping frames with these spectra.

    The arguments are those of `stft`; the signal is the same again if `window_fn` is what
    `inverse_stft_window_fn` makes of the window there.
    """
    length = _scalar(frame_length, "frame_length")
    n = _power_of_two(length) if fft_length is None else _scalar(fft_length, "fft_length")
    frames: Any = lowered(irfft(stfts, [n]))
    frames = _padded(frames[..., :length], -1, max(length - n, 0))
    return overlap_and_add(_windowed(lifted(frames), window_fn, length), frame_step)


def _windowed(frames: Any, window_fn: Window, length: int) -> Any:
    if window_fn is None:
        return frames
    return frames * window_fn(length, dtype=as_dtype(frames.dtype))


def inverse_stft_window_fn(
    frame_step: Any, forward_window_fn: Callable[..., Any] = hann_window, name: str | None = None
) -> Callable[..., Any]:
    """The window for `inverse_stft` that undoes `forward_window_fn` in `stft`."""
    step = _scalar(frame_step, "frame_step")

    def window(frame_length: Any, dtype: Any) -> Any:
        length = _scalar(frame_length, "frame_length")
        forward = lowered(forward_window_fn(length, dtype=dtype))
        pieces = -(-length // step)
        power = np.reshape(_padded(forward * forward, -1, pieces * step - length), (pieces, step))
        total = np.tile(np.sum(power, axis=0), pieces)[:length]
        return lifted((forward / total).astype(numpy_dtype(dtype)))

    return window


# -- modified cosine transforms -------------------------------------------------------------------


def mdct(
    signals: Any,
    frame_length: Any,
    window_fn: Window = vorbis_window,
    pad_end: bool = False,
    norm: str | None = None,
    name: str | None = None,
) -> Any:
    """The modified cosine transform of frames that overlap by half.

    `frame_length` is a multiple of 4; each frame gives half as many numbers.
    """
    length = _scalar(frame_length, "frame_length")
    if length % 4:
        raise InvalidValueError(f"Give a frame_length that is a multiple of 4: got {length}.")
    frames = frame(signals, length, length // 2, pad_end)
    x = lowered(_windowed_evenly(frames, window_fn, length))
    a, b, c, d = np.split(x, 4, axis=-1)
    folded = np.concatenate((-np.flip(c, -1) - d, a - np.flip(b, -1)), axis=-1)
    return dct(lifted(folded), type=4, norm=norm)


def inverse_mdct(
    mdcts: Any, window_fn: Window = vorbis_window, norm: str | None = None, name: str | None = None
) -> Any:
    """The signal with these modified cosine transforms: undoes `mdct` with the same window."""
    half = tensor(lowered(mdcts)).shape[-1]
    x = lowered(dct(mdcts, type=4, norm=norm))
    if norm is None:
        x = x * (0.5 / half)
    first, second = np.split(x, 2, axis=-1)
    parts = (second, -np.flip(second, -1), -np.flip(first, -1), -first)
    frames = lifted(np.concatenate(parts, axis=-1))
    return overlap_and_add(_windowed_evenly(frames, window_fn, 2 * half), half)


def _windowed_evenly(frames: Any, window_fn: Window, length: int) -> Any:
    if window_fn is None:
        return frames * math.sqrt(0.5)
    return _windowed(frames, window_fn, length)
