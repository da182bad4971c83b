"""Fourier transforms: `numpy.fft`.

Four linear maps carry all of them: the complex transform over several axes, its inverse, and the
transforms of real numbers along one axis. The adjoint of a transform is the other one of its pair
with the other scale, for the complex exponentials are conjugated and the factor stays. Cropping and
padding to `n` are adjoint to each other. Axes are counted from the last.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradtape.core.batching import leading
from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw, real_only
from gradtape.core.rules import Function, composite, linear, raw
from gradtape.rules.arguments import as_array, refuse_out

_OTHER: dict[Any, Any] = {
    None: "forward",
    "backward": "forward",
    "ortho": "ortho",
    "forward": "backward",
}
"""The `norm` with which the inverse transform has the factor that this one has with its own."""

# -- primitives ---------------------------------------------------------------------------------


def fftn(a: Any, *, s: tuple[int, ...], axes: tuple[int, ...], norm: Any) -> Any:
    """The complex transform over `axes`, which differ."""
    if len(axes) == 1:
        return np.fft.fft(a, s[0], axes[0], norm)
    return np.fft.fftn(a, s, axes, norm)


def ifftn(a: Any, *, s: tuple[int, ...], axes: tuple[int, ...], norm: Any) -> Any:
    """The inverse complex transform over `axes`, which differ."""
    if len(axes) == 1:
        return np.fft.ifft(a, s[0], axes[0], norm)
    return np.fft.ifftn(a, s, axes, norm)


def rfft(a: Any, *, n: int, axis: int, norm: Any) -> Any:
    """The first half of the transform of real numbers."""
    return np.fft.rfft(a, n, axis, norm)


def irfft(a: Any, *, n: int, axis: int, norm: Any) -> Any:
    """`n` real numbers from the first half of their transform."""
    return np.fft.irfft(a, n, axis, norm)


def _resized(g: Any, shape: tuple[int, ...], axes: Sequence[int]) -> Any:
    """`g` cropped or padded with zeros along `axes` to the lengths that `shape` has there."""
    for axis in axes:
        missing = shape[axis] - g.shape[axis]
        after = (slice(None),) * (-axis - 1)
        if missing < 0:
            g = g[(..., slice(0, shape[axis]), *after)]
        elif missing:
            zeros = np.zeros((*g.shape[:axis], missing, *g.shape[axis:][1:]), g.dtype)
            g = np.concatenate((g, zeros), axis=axis)
    return g


def _multiplicity(n: int, axis: int, dtype: np.dtype[Any], inner: float) -> Any:
    """`inner` for each term of a half transform that stands for two, 1 for the others."""
    counts = np.full(n // 2 + 1, inner, np.finfo(dtype).dtype)
    counts[0] = 1
    if n % 2 == 0:
        counts[-1] = 1
    return counts.reshape((-1,) + (1,) * (-axis - 1))


def _fftn_adjoint(g: Any, a: Any, *, s: Any, axes: Any, norm: Any) -> Any:
    return _resized(ifftn(g, s=s, axes=axes, norm=_OTHER[norm]), a.shape, axes)


def _ifftn_adjoint(g: Any, a: Any, *, s: Any, axes: Any, norm: Any) -> Any:
    return _resized(fftn(g, s=s, axes=axes, norm=_OTHER[norm]), a.shape, axes)


def _rfft_adjoint(g: Any, a: Any, *, n: int, axis: int, norm: Any) -> Any:
    # irfft adds the conjugate of each inner term to it; the sum wanted has the term once.
    half = g * _multiplicity(n, axis, g.dtype, 0.5)
    return _resized(irfft(half, n=n, axis=axis, norm=_OTHER[norm]), a.shape, (axis,))


def _irfft_adjoint(g: Any, a: Any, *, n: int, axis: int, norm: Any) -> Any:
    # Of the first term, and for even n the last, only the real part is read: rfft's is real there.
    h = rfft(g, n=n, axis=axis, norm=_OTHER[norm])
    return _resized(h * _multiplicity(n, axis, h.dtype, 2.0), a.shape, (axis,))


# A batch axis in front passes through whatever axes are counted from the last.
_BATCH = leading(1)
_COMPLEX_CALLS = [
    call(draw(4), s=(4,), axes=(-1,), norm=None),
    call(draw(2, 3), s=(3,), axes=(-2,), norm="ortho"),
    call(draw(3, 2, 3), s=(2, 4), axes=(-3, -1), norm="forward"),
]
linear(fftn, _fftn_adjoint, calls=_COMPLEX_CALLS, batch=_BATCH)
linear(ifftn, _ifftn_adjoint, calls=_COMPLEX_CALLS, batch=_BATCH)
linear(
    rfft,
    _rfft_adjoint,
    calls=[
        call(draw(4, 2, domain=real_only), n=n, axis=-2, norm=norm)
        for n, norm in ((1, None), (2, "ortho"), (3, "backward"), (4, "forward"), (5, None))
    ],
    batch=_BATCH,
)
linear(
    irfft,
    _irfft_adjoint,
    calls=[
        call(draw(3, 2), n=n, axis=-2, norm=norm)
        for n, norm in ((1, None), (2, "ortho"), (4, "backward"), (5, "forward"), (7, None))
    ],
    batch=_BATCH,
)

# -- along one axis -----------------------------------------------------------------------------


def _from_last(axis: Any, ndim: int) -> int:
    return int(normalize_axis_index(operator.index(axis), ndim)) - ndim


def _prepared(function: Function, a: Any, n: Any, axis: Any, out: Any) -> tuple[Any, int, int]:
    """The array, how many of its entries are transformed, and its axis counted from the last."""
    refuse_out(out, function)
    a = as_array(a)
    axis = _from_last(axis, a.ndim)
    return a, a.shape[axis] if n is None else operator.index(n), axis


_ONE_AXIS: list[dict[str, Any]] = [
    {},
    {"n": 3},
    {"n": 6, "norm": "forward"},
    {"axis": 0},
    {"n": 5, "axis": -2, "norm": "ortho"},
    {"norm": "backward"},
]
_CALLS = [call(draw(3, 4), **options) for options in _ONE_AXIS]
_REAL_CALLS = [call(draw(3, 4, domain=real_only), **options) for options in _ONE_AXIS]


def _register_complex(function: Function, primitive: Function) -> None:
    @composite(function, calls=_CALLS)
    def transform(a: Any, n: Any = None, axis: Any = -1, norm: Any = None, out: Any = None) -> Any:
        a, n, axis = _prepared(function, a, n, axis, out)
        return apply(primitive, (a,), {"s": (n,), "axes": (axis,), "norm": norm})


_register_complex(np.fft.fft, fftn)
_register_complex(np.fft.ifft, ifftn)


@composite(np.fft.rfft, calls=_REAL_CALLS)
def _rfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None, out: Any = None) -> Any:
    a, n, axis = _prepared(np.fft.rfft, a, n, axis, out)
    return apply(rfft, (a,), {"n": n, "axis": axis, "norm": norm})


@composite(np.fft.irfft, calls=_CALLS)
def _irfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None, out: Any = None) -> Any:
    a, length, axis = _prepared(np.fft.irfft, a, n, axis, out)
    n = 2 * (length - 1) if n is None else length
    return apply(irfft, (a,), {"n": n, "axis": axis, "norm": norm})


@composite(np.fft.hfft, calls=_CALLS)
def _hfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None, out: Any = None) -> Any:
    refuse_out(out, np.fft.hfft)
    return np.fft.irfft(np.conj(as_array(a)), n, axis, _other(norm))


@composite(np.fft.ihfft, calls=_REAL_CALLS)
def _ihfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None, out: Any = None) -> Any:
    refuse_out(out, np.fft.ihfft)
    return np.conj(np.fft.rfft(as_array(a), n, axis, _other(norm)))


def _other(norm: Any) -> Any:
    return _OTHER.get(norm, norm)  # NumPy refuses what is none


# -- over several axes --------------------------------------------------------------------------


def _lengths_and_axes(
    function: Function, a: Any, s: Any, axes: Any, out: Any, half: bool = False
) -> tuple[Any, tuple[int, ...], tuple[int, ...]]:
    """The array, the lengths to transform, and their axes; `half` says that the last is irfft's."""
    refuse_out(out, function)
    a, s = as_array(a), raw(s)
    if axes is None:
        axes = range(-a.ndim if s is None else -len(s), 0)
        if s is not None:
            _deprecated("Give the axes with s: NumPy will take axes=None as the first ones.")
    axes = tuple(_from_last(axis, a.ndim) for axis in axes)
    if s is not None and len(s) != len(axes):
        raise ValueError("Shape and axes have different lengths.")
    whole = [a.shape[axis] for axis in axes]
    usual = [*whole[:-1], 2 * (whole[-1] - 1)] if half else whole
    if s is None:
        return a, tuple(usual), axes
    if None in s:
        _deprecated("Give s as integers, -1 for the whole input: NumPy will refuse None.")
    lengths = [u if n is None else operator.index(n) for n, u in zip(s, usual, strict=True)]
    return a, tuple(w if n == -1 else n for n, w in zip(lengths, whole, strict=True)), axes


def _deprecated(text: str) -> None:
    warnings.warn(text, DeprecationWarning, stacklevel=6)


def _over(primitive: Function, a: Any, s: Sequence[int], axes: Sequence[int], norm: Any) -> Any:
    """`primitive` over `axes`: at once, or where one is repeated, one after the other."""
    if len(set(axes)) == len(axes):
        return apply(primitive, (a,), {"s": s, "axes": axes, "norm": norm}) if axes else a
    for n, axis in reversed(list(zip(s, axes, strict=True))):
        a = apply(primitive, (a,), {"s": (n,), "axes": (axis,), "norm": norm})
    return a


_SEVERAL_AXES: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((2, 3), {}),
    ((3, 2, 2), {"axes": (2, 0), "norm": "ortho"}),
    ((2, 3), {"s": (3, 2), "axes": (-2, -1), "norm": "forward"}),
    ((2, 3), {"s": (-1, 5), "axes": (1, 0)}),
    ((2, 4), {"axes": (1, 1), "norm": "backward"}),
    ((2, 4), {"s": (5, 2, 3), "axes": (1, 0, -1)}),
]


def _calls_over(**domain: Any) -> Any:
    return [call(draw(*shape, **domain), **options) for shape, options in _SEVERAL_AXES]


def _register_complex_over(function: Function, primitive: Function, default: Any) -> None:
    @composite(function, calls=_calls_over())
    def transform(
        a: Any, s: Any = None, axes: Any = default, norm: Any = None, out: Any = None
    ) -> Any:
        a, s, axes = _lengths_and_axes(function, a, s, axes, out)
        return _over(primitive, a, s, axes, norm)


def _register_real_over(forward: Function, backward: Function, default: Any) -> None:
    @composite(forward, calls=_calls_over(domain=real_only))
    def transform(
        a: Any, s: Any = None, axes: Any = default, norm: Any = None, out: Any = None
    ) -> Any:
        a, s, axes = _lengths_and_axes(forward, a, s, axes, out)
        a = apply(rfft, (a,), {"n": s[-1], "axis": axes[-1], "norm": norm})
        return _over(fftn, a, s[:-1], axes[:-1], norm)

    @composite(backward, calls=_calls_over())
    def inverse(
        a: Any, s: Any = None, axes: Any = default, norm: Any = None, out: Any = None
    ) -> Any:
        a, s, axes = _lengths_and_axes(backward, a, s, axes, out, half=True)
        # NumPy takes these axes from the first, fftn's from the last.
        a = _over(ifftn, a, s[-2::-1], axes[-2::-1], norm)
        return apply(irfft, (a,), {"n": s[-1], "axis": axes[-1], "norm": norm})


for _default, _names in ((None, "n"), ((-2, -1), "2")):
    _register_complex_over(getattr(np.fft, f"fft{_names}"), fftn, _default)
    _register_complex_over(getattr(np.fft, f"ifft{_names}"), ifftn, _default)
    _register_real_over(
        getattr(np.fft, f"rfft{_names}"), getattr(np.fft, f"irfft{_names}"), _default
    )

# -- order of the frequencies -------------------------------------------------------------------


def _register_shift(function: Function, shift_of: Function) -> None:
    @composite(function, calls=[call(draw(5)), call(draw(2, 3), 1), call(draw(3, 4), axes=(0, -1))])
    def shifted(x: Any, axes: Any = None) -> Any:
        x = as_array(x)
        axes = range(x.ndim) if axes is None else axes if np.iterable(axes) else (axes,)
        axes = tuple(map(operator.index, axes))
        return np.roll(x, [shift_of(x.shape[axis]) for axis in axes], axes)


_register_shift(np.fft.fftshift, lambda length: length // 2)
_register_shift(np.fft.ifftshift, lambda length: -(length // 2))
