"""Functions of `scipy.special` that SciPy does not pass on to other arrays: our own spelling.

SciPy's ufuncs (``scipy.special.erf(x)``) work on Tensors as they are. The functions here are Python
functions there, which make plain arrays of their arguments unless SciPy's array-API switch is set.
Names and arguments are SciPy's.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from gradtape.core.errors import SPELLINGS
from gradtape.core.kinds import invoke, is_complex, raw
from gradtape.core.rules import RULES
from gradtape.rules import softmaxes
from gradtape.rules.arguments import as_array, inexact

__all__ = [
    "log_softmax",
    "logsumexp",
    "multigammaln",
    "polygamma",
    "softmax",
    "softplus",
    "spherical_in",
    "spherical_jn",
    "spherical_kn",
    "spherical_yn",
]


def logsumexp(
    a: Any,
    axis: Any = None,
    b: Any = None,
    keepdims: bool = False,
    return_sign: bool = False,
) -> Any:
    """``log(sum(b * exp(a)))``, without overflow.

    Parameters
    ----------
    a
        Real or complex numbers.
    axis
        An axis, a tuple of axes, or None for all.
    b
        Factors that broadcast with `a`, of any sign; 1 by default.
    keepdims
        Keep the axes, with length 1.
    return_sign
        Return ``(log(abs(sum)), sign)``. Without it a negative sum gives NaN.

    Returns
    -------
    The logarithm, and with `return_sign` the sign of the sum.

    Notes
    -----
    The gradient is ``b * softmax(a)`` over the sum's own sign; a factor 0 makes its entry count for
    nothing, whatever it is.

    References
    ----------
    P. Blanchard, D. J. Higham and N. J. Higham, "Accurately computing the log-sum-exp and softmax
    functions", IMA J. Numer. Anal. 41, 2021.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> float(gt.special.logsumexp(np.array([1000.0, 1000.0])).round(6))
    1000.693147
    """
    a = inexact(as_array(a))
    if b is None and a.dtype.kind != "c" and not return_sign:
        fold: Any = np.logaddexp.reduce
        return fold(a, axis=axis, keepdims=keepdims)
    if b is not None:
        b = as_array(b)
        a, b = np.broadcast_arrays(a, b)
        a = np.where(b == 0, -np.inf, a)
    top = np.max(np.real(raw(a)), axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    terms = np.exp(a - top)
    total = np.sum(terms if b is None else b * terms, axis=axis, keepdims=True)
    sign = np.sign(total)
    if return_sign:
        total = np.absolute(total)
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.log(total) + top
    if not keepdims:
        axes = tuple(range(a.ndim)) if axis is None else axis
        log, sign = np.squeeze(log, axes), np.squeeze(sign, axes)
    return (log, sign) if return_sign else log


def softmax(x: Any, axis: Any = None) -> Any:
    """``exp(x) / sum(exp(x))``: positive numbers that sum to 1 along `axis`.

    Parameters
    ----------
    x
        Real numbers.
    axis
        An axis, a tuple of axes, or None for all.

    Returns
    -------
    Of the shape of `x`. Cotangent ``g`` of the result ``y`` becomes ``y * (g - sum(g * y))``.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> gt.special.softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    x = inexact(as_array(x))
    return np.exp(log_softmax(x, axis)) if is_complex(x) else softmaxes.softmax(x, axis)


def log_softmax(x: Any, axis: Any = None) -> Any:
    """``x - logsumexp(x)``, the logarithm of `softmax`, without overflow.

    Parameters and results as for `softmax`.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> gt.special.log_softmax(np.array([1000.0, 0.0]))
    array([    0., -1000.])
    """
    x = inexact(as_array(x))
    if is_complex(x):
        return x - logsumexp(x, axis, keepdims=True)
    return softmaxes.log_softmax(x, axis)


def softplus(x: Any) -> Any:
    """``log(1 + exp(x))``; its derivative is ``1 / (1 + exp(-x))``.

    Examples
    --------
    >>> import gradtape as gt
    >>> gt.special.softplus(0.0).round(6)
    np.float64(0.693147)
    """
    x = inexact(as_array(x))
    return np.logaddexp(x, np.zeros_like(raw(x)))


def polygamma(n: Any, x: Any) -> Any:
    """The derivative of order `n` of the digamma function.

    Parameters
    ----------
    n
        Orders, integers of 0 or more; there is no derivative with respect to them.
    x
        Real numbers.

    Returns
    -------
    Of the broadcast shape; the derivative in `x` is ``polygamma(n + 1, x)``.

    References
    ----------
    NIST Digital Library of Mathematical Functions, section 5.15.

    Examples
    --------
    >>> import gradtape as gt
    >>> gt.special.polygamma(1, 1.0).round(6)
    np.float64(1.644934)
    """
    from gradtape.rules.special.gamma import polygamma

    return invoke(RULES[polygamma], (raw(n), inexact(as_array(x))), {})


def multigammaln(a: Any, d: Any) -> Any:
    """The logarithm of the multivariate gamma function.

    ``d (d - 1) / 4 log(pi) + sum(gammaln(a - j / 2) for j in range(d))``

    Parameters
    ----------
    a
        Real numbers above ``(d - 1) / 2``.
    d
        The dimension, a positive integer.

    Raises
    ------
    ValueError
        If `d` is no positive integer, or an `a` too small.

    Examples
    --------
    >>> import gradtape as gt
    >>> gt.special.multigammaln(3.0, 2).round(6)
    np.float64(1.550195)
    """
    from scipy.special import gammaln

    if d != math.floor(d) or d < 1:
        raise ValueError(f"Give d as a positive integer: got {d!r}.")
    d = operator.index(int(d))
    a = inexact(as_array(a))
    if np.any(raw(a) <= (d - 1) / 2):
        raise ValueError(f"Give numbers above {(d - 1) / 2:g} for dimension {d}: got {raw(a)}.")
    return d * (d - 1) / 4 * math.log(math.pi) + sum([gammaln(a - j / 2) for j in range(d)])


def spherical_jn(n: Any, z: Any, derivative: bool = False) -> Any:
    """The spherical Bessel function of the first kind, or its derivative in `z`.

    ``j_n(z) = sqrt(pi / (2 z)) J_{n + 1/2}(z)``.

    Parameters
    ----------
    n
        Orders, integers of 0 or more; there is no derivative with respect to them.
    z
        Real or complex numbers.
    derivative
        Give the derivative instead.

    Returns
    -------
    Of the broadcast shape.

    References
    ----------
    NIST Digital Library of Mathematical Functions, sections 10.47 to 10.51.

    Examples
    --------
    >>> import gradtape as gt
    >>> gt.special.spherical_jn(0, 1.0).round(6)
    np.float64(0.841471)
    """
    return _spherical("jn", n, z, derivative)


def spherical_yn(n: Any, z: Any, derivative: bool = False) -> Any:
    """The spherical Bessel function of the second kind, or its derivative: as `spherical_jn`.

    ``y_n(z) = sqrt(pi / (2 z)) Y_{n + 1/2}(z)``.

    Examples
    --------
    >>> import gradtape as gt
    >>> gt.special.spherical_yn(0, 1.0).round(6)
    np.float64(-0.540302)
    """
    return _spherical("yn", n, z, derivative)


def spherical_in(n: Any, z: Any, derivative: bool = False) -> Any:
    """The modified one of the first kind, or its derivative: as `spherical_jn`.

    ``i_n(z) = sqrt(pi / (2 z)) I_{n + 1/2}(z)``.

    Examples
    --------
    >>> import gradtape as gt
    >>> gt.special.spherical_in(0, 1.0).round(6)
    np.float64(1.175201)
    """
    return _spherical("in", n, z, derivative)


def spherical_kn(n: Any, z: Any, derivative: bool = False) -> Any:
    """The modified one of the second kind, or its derivative: as `spherical_jn`.

    ``k_n(z) = sqrt(pi / (2 z)) K_{n + 1/2}(z)``.

    Examples
    --------
    >>> import gradtape as gt
    >>> gt.special.spherical_kn(0, 1.0).round(6)
    np.float64(0.577864)
    """
    return _spherical("kn", n, z, derivative)


def _spherical(name: str, n: Any, z: Any, derivative: bool) -> Any:
    from scipy.special import _ufuncs

    function = getattr(_ufuncs, f"_spherical_{name}{'_d' if derivative else ''}")
    n, z = np.asarray(raw(n), np.dtype("long")), inexact(as_array(z))
    if is_complex(z):
        return function(n, z)
    left = z < 0  # where SciPy's real functions are not to be trusted
    mirrored = np.real(function(n, np.where(left, z, -1) + 0j))
    return np.positive(np.where(left, mirrored, function(n, np.where(left, 1, z))))


for _name in __all__:
    SPELLINGS[f"scipy.special.{_name}"] = f"gradtape.special.{_name}"
