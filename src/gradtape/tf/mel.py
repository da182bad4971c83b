"""The mel scale of frequencies."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradtape.core.kinds import raw
from gradtape.tf.dtypes import float32, numpy_dtype
from gradtape.tf.errors import InvalidValueError
from gradtape.tf.fourier import cosine_transform
from gradtape.tf.operation import operation
from gradtape.tf.policy import tensor


def _mel(hertz: Any) -> Any:
    return 1127.0 * np.log1p(hertz / 700.0)


@operation
def linear_to_mel_weight_matrix(
    num_mel_bins: Any = 20,
    num_spectrogram_bins: Any = 129,
    sample_rate: Any = 8000,
    lower_edge_hertz: Any = 125.0,
    upper_edge_hertz: Any = 3800.0,
    dtype: Any = float32,
    name: Any = None,
) -> Any:
    """Triangular filters, ``mel = 1127 log(1 + hertz / 700)``: a matrix from spectra to mel bins.

    Parameters
    ----------
    num_mel_bins, num_spectrogram_bins
        The columns and rows.
    sample_rate
        Samples a second; the spectrum reaches to half of it.
    lower_edge_hertz, upper_edge_hertz
        Where the first triangle begins and the last ends.
    """
    low, high, rate = (float(raw(v)) for v in (lower_edge_hertz, upper_edge_hertz, sample_rate))
    bins, rows = int(raw(num_mel_bins)), int(raw(num_spectrogram_bins))
    if bins <= 0 or rate <= 0 or not 0 <= low < high <= rate / 2:
        raise InvalidValueError(
            f"Give mel bins and frequencies 0 <= lower < upper <= sample_rate / 2: got {bins} "
            f"bins, {low}, {high} and {rate}."
        )
    spectrum = _mel(np.linspace(0.0, rate / 2, rows))[:, None]
    edges = np.linspace(_mel(low), _mel(high), bins + 2)
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    slopes = np.minimum((spectrum - left) / (centre - left), (right - spectrum) / (right - centre))
    slopes[:1] = 0  # the constant part belongs to no bin
    return np.maximum(slopes, 0).astype(numpy_dtype(dtype))


@operation
def mfccs_from_log_mel_spectrograms(log_mel_spectrograms: Any, name: Any = None) -> Any:
    """The cepstral coefficients: `dct` of type 2, over ``sqrt(2 n)`` for n mel bins."""
    x = tensor(log_mel_spectrograms)
    if not x.ndim or not x.shape[-1]:
        raise InvalidValueError(f"Give one or more mel bins: got shape {x.shape}.")
    return cosine_transform(x, 2, None, -1, None) * math.sqrt(0.5 / x.shape[-1])
