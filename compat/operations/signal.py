"""Cases about transforms, windows and frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from compat.cases import case, operation

F = np.float32
x = np.array([0.3, -1.2, 0.8, 1.5, -0.4, 0.9, 0.1, -0.7])
rows = np.array([[0.3, -1.2, 0.8], [1.5, -0.4, 0.9]])
cube = np.arange(12.0).reshape(2, 3, 2) / 5 - 0.7
z = x[:5] + 1j * x[3:]
zz = rows + 1j * rows[::-1]
zzz = cube + 1j * cube[::-1]
half = np.array([1.0 + 0j, 0.5 - 0.3j, -0.2 + 0.7j, 0.4 + 0j])


def _register(name: str, array: Any, **options: Any) -> None:
    """The function `name` of `tf.signal`, with further arguments as in ``name key=value``."""
    rest = {key: options.pop(key) for key in ("order", "rtol") if key in options}
    label = name + "".join(f" {key}={value}" for key, value in options.items())
    operation(
        f"{label} {np.shape(array)} {array.dtype}",
        lambda tf, a: getattr(tf.signal, name)(a, **options),
        array,
        **{"order": 1, "rtol": 1e-9, **rest},
    )


for _name in ("fft", "ifft"):
    _register(_name, z)
    _register(_name, zz)
    _register(_name, zz.astype(np.complex64), rtol=1e-5)
    _register(f"{_name}2d", zz)
    _register(f"{_name}2d", zzz)
    _register(f"{_name}3d", zzz)
for _length in (None, [5], [8], [10]):
    _register("rfft", x, fft_length=_length, order=0 if _length == [5] else 1)
    _register("irfft", half, fft_length=_length, order=0 if _length == [5] else 1)
_register("rfft", rows)
_register("rfft", x.astype(F), rtol=1e-5)
_register("rfft2d", rows)
_register("rfft2d", rows, fft_length=[4, 4], order=0)
_register("irfft2d", zz)
_register("irfft2d", zz, fft_length=[2, 3], order=0)
_register("rfft3d", cube, order=0)
_register("irfft3d", zzz, order=0)
operation("rfft twice", lambda tf, a: tf.abs(tf.signal.rfft(a)) ** 2.0, x)
for _axes in (None, 0, [0, 1], -1):
    _register("fftshift", rows, axes=_axes)
    _register("ifftshift", rows, axes=_axes)

for _type in (1, 2, 3, 4):
    for _norm in (None, "ortho"):
        if (_type, _norm) == (1, "ortho"):
            continue
        _register("dct", x, type=_type, norm=_norm)
        _register("idct", rows, type=_type, norm=_norm)
for _n in (3, 10):
    _register("dct", x, n=_n)
    _register("dct", x, type=3, n=_n)
_register("dct", x.astype(F), rtol=1e-5)

for _name in ("hann_window", "hamming_window"):

    @case(_name)
    def _windows(tf: Any, name: Any = _name) -> Any:
        f = getattr(tf.signal, name)
        return f(8), f(7), f(8, periodic=False), f(1), f(6, dtype=tf.float64)


@case()
def other_windows(tf: Any) -> Any:
    s = tf.signal
    return (
        s.kaiser_window(8),
        s.kaiser_window(5, beta=3.0, dtype=tf.float64),
        s.kaiser_window(1),
        s.vorbis_window(8),
        s.vorbis_window(5),
    )


@case(rtol=1e-4)  # TensorFlow computes in float32
def derived_window(tf: Any) -> Any:
    return tf.signal.kaiser_bessel_derived_window(8, 4.0)


for _options in (
    {"frame_length": 4, "frame_step": 2},
    {"frame_length": 3, "frame_step": 2},
    {"frame_length": 3, "frame_step": 4},
    {"frame_length": 3, "frame_step": 2, "pad_end": True},
    {"frame_length": 4, "frame_step": 3, "pad_end": True, "pad_value": 9.0},
    {"frame_length": 20, "frame_step": 3},
):
    _register("frame", x, **_options)
_register("frame", rows, frame_length=2, frame_step=1, axis=0)
_register("frame", cube, frame_length=2, frame_step=1, axis=1)
for _step in (1, 2, 3, 5):
    _register("overlap_and_add", rows, frame_step=_step)
    _register("overlap_and_add", cube, frame_step=_step)
_register("stft", x, frame_length=4, frame_step=2)
_register("stft", x, frame_length=3, frame_step=2, fft_length=5, pad_end=True)
_register("stft", x, frame_length=4, frame_step=2, window_fn=None)
_register("inverse_stft", np.stack([half[:3], half[:3][::-1].conj()]), frame_length=4, frame_step=2)
_register("inverse_stft", np.stack([half[:3], half[1:]]), frame_length=3, frame_step=1)
_register("mdct", x, frame_length=4)
_register("mdct", x, frame_length=4, norm="ortho", window_fn=None)
_register("inverse_mdct", rows.T.copy())
_register("inverse_mdct", rows.T.copy(), norm="ortho", window_fn=None)


@case()
def there_and_back(tf: Any) -> Any:
    s = tf.signal
    window = s.inverse_stft_window_fn(2)
    spectra = s.stft(x.astype(F), 4, 2)
    return window(4, dtype=tf.float32), s.inverse_stft(spectra, 4, 2, window_fn=window)


@case(rtol=1e-4)  # TensorFlow computes in float32
def mel(tf: Any) -> Any:
    s = tf.signal
    weights = s.linear_to_mel_weight_matrix(4, 9, 800, 20.0, 380.0)
    return weights, s.mfccs_from_log_mel_spectrograms(tf.constant(rows))


for _name, _call in {
    "fft of reals": lambda tf: tf.signal.fft(tf.constant(x)),
    "fft2d of a vector": lambda tf: tf.signal.fft2d(tf.constant(z)),
    "rfft of complex": lambda tf: tf.signal.rfft(tf.constant(z)),
    "rfft of integers": lambda tf: tf.signal.rfft(tf.constant([1, 2])),
    "irfft of reals": lambda tf: tf.signal.irfft(tf.constant(x)),
    "rfft2d of one length": lambda tf: tf.signal.rfft2d(tf.constant(rows), [3]),
    "dct of an unknown type": lambda tf: tf.signal.dct(tf.constant(x), type=5),
    "dct along another axis": lambda tf: tf.signal.dct(tf.constant(rows), axis=0),
    "dct of an unknown norm": lambda tf: tf.signal.dct(tf.constant(x), norm="forward"),
    "dct 1 ortho": lambda tf: tf.signal.dct(tf.constant(x), type=1, norm="ortho"),
    "idct of an unknown type": lambda tf: tf.signal.idct(tf.constant(x), type=0),
    "overlap_and_add of a vector": lambda tf: tf.signal.overlap_and_add(tf.constant(x), 2),
    "hann_window of integers": lambda tf: tf.signal.hann_window(4, dtype=tf.int32),
    "derived window of odd length": lambda tf: tf.signal.kaiser_bessel_derived_window(7),
    "mdct of a wrong length": lambda tf: tf.signal.mdct(tf.constant(x), 6),
    "mel of no bins": lambda tf: tf.signal.linear_to_mel_weight_matrix(0),
    "mel above half the rate": lambda tf: tf.signal.linear_to_mel_weight_matrix(4, 9, 800, 20, 500),
}.items():
    case(_name)(_call)
