"""``tf.math.special``, and the special functions that ``tf.math`` has itself.

`scipy.special` computes them, imported when the first is called, and gradtape has its derivatives.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.kinds import raw
from gradtape.tf.errors import invalid_type
from gradtape.tf.operation import binary, operation, unary
from gradtape.tf.policy import tensor, together


def _scipy(name: str) -> Any:
    """The function of this name in `scipy.special`, which is imported when it is called."""

    def function(*args: Any) -> Any:
        import scipy.special

        return like(getattr(scipy.special, name)(*args), args[0])

    function.__name__ = name
    return function


def like(y: Any, x: Any) -> Any:
    """`y` in the dtype of `x`: of float16 SciPy makes float32 or float64."""
    return y if y.dtype == x.dtype else y.astype(x.dtype)


def _of_one(name: str, scipy_name: str | None = None) -> Any:
    return unary(_scipy(scipy_name or name), name, "f")


def _fresnel(part: int) -> Any:
    def function(x: Any) -> Any:
        import scipy.special

        return like(scipy.special.fresnel(x)[part], x)

    function.__name__ = "fresnel"
    return function


bessel_i0 = _of_one("bessel_i0", "i0")
bessel_i0e = _of_one("bessel_i0e", "i0e")
bessel_i1 = _of_one("bessel_i1", "i1")
bessel_i1e = _of_one("bessel_i1e", "i1e")
bessel_j0 = _of_one("bessel_j0", "j0")
bessel_j1 = _of_one("bessel_j1", "j1")
bessel_k0 = _of_one("bessel_k0", "k0")
bessel_k0e = _of_one("bessel_k0e", "k0e")
bessel_k1 = _of_one("bessel_k1", "k1")
bessel_k1e = _of_one("bessel_k1e", "k1e")
bessel_y0 = _of_one("bessel_y0", "y0")
bessel_y1 = _of_one("bessel_y1", "y1")
dawsn = _of_one("dawsn")
digamma = _of_one("digamma")
erf = _of_one("erf")
erfc = _of_one("erfc")
erfcinv = _of_one("erfcinv")
erfinv = _of_one("erfinv")
expint = _of_one("expint", "expi")
fresnel_cos = unary(_fresnel(1), "fresnel_cos", "f")
fresnel_sin = unary(_fresnel(0), "fresnel_sin", "f")
lgamma = _of_one("lgamma", "gammaln")
ndtri = _of_one("ndtri")
spence = _of_one("spence")

igamma = binary(_scipy("gammainc"), "igamma", "f", "a x")
igammac = binary(_scipy("gammaincc"), "igammac", "f", "a x")


@operation
def zeta(x: Any, q: Any, name: Any = None) -> Any:
    """The Hurwitz zeta function, ``sum((q + n)**-x for n = 0, 1, 2 ...)``."""
    from scipy.special import _ufuncs

    x, q = together(x, q)
    return like(_ufuncs._zeta(x, q), x)


@operation
def polygamma(a: Any, x: Any, name: Any = None) -> Any:
    """The derivative of `digamma` of order `a`, a whole number; it carries no gradient."""
    from gradtape.special import polygamma

    a, x = together(a, x)
    order = raw(a)
    whole = (order == np.floor(order)) & (order >= 0)
    y = polygamma(np.where(whole, order, 0).astype(np.int64), x)
    return np.where(whole, y, np.nan).astype(x.dtype)


@operation
def betainc(a: Any, b: Any, x: Any, name: Any = None) -> Any:
    """The regularised incomplete beta function; all three arguments have gradients."""
    from scipy.special import betainc

    a, b, x = together(a, b, x)
    if a.dtype.kind != "f":
        raise invalid_type(f"Cast the arguments with tf.cast: tf.math.betainc got {a.dtype}.")
    return like(betainc(a, b, x), a)


@operation
def lbeta(x: Any, name: Any = None) -> Any:
    """The logarithm of the beta function: ``sum(lgamma(x)) - lgamma(sum(x))``, last axis."""
    from scipy.special import gammaln

    x = tensor(x)
    if not x.ndim:
        x = np.reshape(x, (1,))
    return like(np.sum(gammaln(x), axis=-1) - gammaln(np.sum(x, axis=-1)), x)
