"""Derivatives of special functions against mpmath, at ordinary and extreme arguments.

The bound is on the relative error, in units of the float64 epsilon. Where SciPy's own function is
less accurate than that, so is its derivative, and the bound says by how much.
"""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from scipy import special

import gradtape as gt

mp = mpmath.mp
EPSILON = np.finfo(float).eps

ORDINARY = [0.1, 0.7, 1.3, 2.5]
BOTH = [-2.5, -0.7, -0.1, 0.1, 0.7, 2.5]

CASES = {
    "erf": (special.erf, mpmath.erf, [*BOTH, 1e-8, 5.0], 40),
    "erfc": (special.erfc, mpmath.erfc, [*BOTH, 5.0, 10.0], 120),
    "erfcx": (
        special.erfcx,
        lambda x: mpmath.exp(x * x) * mpmath.erfc(x),
        [-2.0, *ORDINARY, 10.0],
        2000,
    ),
    "erfinv": (special.erfinv, mpmath.erfinv, [-0.9, -0.1, 1e-8, 0.5, 0.99], 100),
    "dawsn": (
        special.dawsn,
        lambda x: mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(-x * x) * mpmath.erfi(x),
        [*BOTH, 20.0],
        5000,
    ),
    "ndtr": (special.ndtr, mpmath.ncdf, [*BOTH, 8.0], 100),
    "log_ndtr": (
        special.log_ndtr,
        lambda x: mpmath.log(mpmath.ncdf(x)),
        [-30.0, -5.0, *BOTH, 5.0],
        100,
    ),
    "gamma": (special.gamma, mpmath.gamma, [0.1, 0.7, 1.3, 2.5, 20.0, -0.5], 60),
    "gammaln": (special.gammaln, mpmath.loggamma, [1e-8, *ORDINARY, 1e5], 40),
    "psi": (special.psi, mpmath.digamma, [1e-5, *ORDINARY, 1e5], 20),
    "expit": (special.expit, lambda x: 1 / (1 + mpmath.exp(-x)), [-50.0, *BOTH, 50.0], 60),
    "log_expit": (
        special.log_expit,
        lambda x: -mpmath.log(1 + mpmath.exp(-x)),
        [-50.0, *BOTH, 50.0],
        60,
    ),
    "exprel": (
        special.exprel,
        lambda x: mpmath.expm1(x) / x,
        [-30.0, -0.41, -0.39, -1e-6, 1e-9, 0.39, 0.41, 3.0, 30.0],
        40,
    ),
    "j0": (special.j0, lambda x: mpmath.besselj(0, x), [*ORDINARY, 30.0], 100),
    "j1": (special.j1, lambda x: mpmath.besselj(1, x), [1e-8, *ORDINARY, 30.0], 100),
    "i0e": (
        special.i0e,
        lambda x: mpmath.besseli(0, x) * mpmath.exp(-abs(x)),
        [-2.0, *ORDINARY],
        60,
    ),
    "k1": (special.k1, lambda x: mpmath.besselk(1, x), [1e-5, *ORDINARY, 20.0], 60),
    "ellipk": (special.ellipk, mpmath.ellipk, [-5.0, 1e-12, 0.3, 0.9, 1 - 1e-9], 40),
    "ellipe": (special.ellipe, mpmath.ellipe, [-5.0, 1e-12, 0.3, 0.9, 1 - 1e-9], 40),
    "expi": (special.expi, mpmath.ei, [-2.0, *ORDINARY, 30.0], 20),
    "exp1": (special.exp1, mpmath.e1, [1e-8, *ORDINARY, 30.0], 20),
    "spence": (
        special.spence,
        lambda x: mpmath.polylog(2, 1 - x).real,
        [0.1, 0.7, 0.999, 1.001, 3.0],
        2000,
    ),
    "jv(2.5)": (lambda x: special.jv(2.5, x), lambda x: mpmath.besselj(2.5, x), ORDINARY, 60),
    "gammainc(1.5)": (
        lambda x: special.gammainc(1.5, x),
        lambda x: mpmath.gammainc(1.5, 0, x, regularized=True),
        [1e-8, *ORDINARY, 30.0],
        200,
    ),
    "betainc(0.7, 2.5)": (
        lambda x: special.betainc(0.7, 2.5, x),
        lambda x: mpmath.betainc(0.7, 2.5, 0, x, regularized=True),
        [1e-8, 0.1, 0.5, 0.9],
        60,
    ),
    "boxcox(x, 1e-9)": (
        lambda p: special.boxcox(3.0, p),
        lambda p: (mpmath.mpf(3) ** p - 1) / p,
        [-2.0, 1e-9, 0.1, 0.5, 2.0],
        40,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_relative_error(name) -> None:
    ours, exact, points, bound = CASES[name]
    slope = gt.grad(ours)
    with mp.workdps(60):
        for x in points:
            step = mpmath.mpf(10) ** -20 * max(abs(x), mpmath.mpf("1e-6"))
            expected = mpmath.diff(exact, mpmath.mpf(x), h=step)
            error = abs((mpmath.mpf(float(slope(x))) - expected) / expected) / EPSILON
            assert error <= bound, f"{name}: {float(error):.0f} epsilon at {x}"
