"""Derivatives of special functions against mpmath, at ordinary and extreme arguments.

Each case states the largest relative error of the first and the second derivative, in units of the
float64 epsilon, 2.2e-16: about twice what was measured with SciPy 1.17. Where SciPy's own function
is less accurate than its neighbours here, so is its derivative. The second derivatives take
longer, and are marked slow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from scipy import special as sc

import gradtape as gt

EPSILON = np.finfo(float).eps
ORDINARY = [0.1, 0.7, 1.3, 2.5]
BOTH = [-2.5, -0.7, -0.1, 0.1, 0.7, 2.5]
FAR = [10.0, 30.0, 1e3, 1e6]
exp, root, pi = mpmath.exp, mpmath.sqrt, mpmath.pi


class Case(NamedTuple):
    """A function of SciPy, the same in mpmath, arguments, and bounds in epsilon."""

    function: Callable[..., Any]
    exact: Callable[..., Any]
    points: list[float]
    first: float
    second: float


def _incomplete_gamma(a: Any, x: Any) -> Any:
    return mpmath.gammainc(a, 0, x, regularized=True)


def _incomplete_beta(a: Any, b: Any, x: Any) -> Any:
    return mpmath.betainc(a, b, 0, x, regularized=True)


def _faddeeva(z: Any) -> Any:
    return exp(-z * z) * mpmath.erfc(-1j * z)


def _voigt(sigma: Any) -> Any:
    z = (mpf(0.7) + 1j * mpf(0.3)) / sigma / root(2)
    return mpmath.re(_faddeeva(z)) / sigma / root(2 * pi)


def _owens_t(h: Any) -> Any:
    return mpmath.quad(lambda t: exp(-h * h * (1 + t * t) / 2) / (1 + t * t), [0, mpf(0.7)]) / (
        2 * pi
    )


def _noncentral(nc: Any) -> Any:
    def term(j: Any) -> Any:
        weight = exp(-nc / 2) * (nc / 2) ** j / mpmath.factorial(j)
        return weight * _incomplete_gamma(mpf(1.25) + j, mpf(1.5))

    return mpmath.nsum(term, [0, mpmath.inf])


def _kolmogorov(x: Any) -> Any:
    return 2 * mpmath.nsum(lambda k: (-1) ** (k - 1) * exp(-2 * k * k * x * x), [1, mpmath.inf])


CASES = {
    # -- error functions and the normal distribution
    "erf": Case(sc.erf, mpmath.erf, [*BOTH, 1e-8, 5.0], 2, 2),
    "erfc": Case(sc.erfc, mpmath.erfc, [*BOTH, 1e-8, 5.0, 20.0], 2, 2),
    "erfcx": Case(
        sc.erfcx,
        lambda x: exp(x * x) * mpmath.erfc(x),
        [-5.0, -2.0, *ORDINARY, 1.49, 1.51, 5.0, 10.0, 100.0, 1e6],
        50,
        130,
    ),
    "erfi": Case(sc.erfi, mpmath.erfi, [*BOTH, 5.0], 2, 2),
    "dawsn": Case(
        sc.dawsn,
        lambda x: root(pi) / 2 * exp(-x * x) * mpmath.erfi(x),
        [*BOTH, 1e-8, 5.0, 6.4, 6.6, 20.0, 1e6],
        200,
        8000,
    ),
    "erfinv": Case(sc.erfinv, mpmath.erfinv, [-0.9, -0.1, 1e-8, 0.5, 0.99], 4, 9),
    "ndtr": Case(sc.ndtr, mpmath.ncdf, [*BOTH, 8.0], 2, 2),
    "log_ndtr": Case(
        sc.log_ndtr, lambda x: mpmath.log(mpmath.ncdf(x)), [-1e3, -30.0, -5.0, *BOTH, 5.0], 3, 3
    ),
    "voigt_profile(0.7, s, 0.3)": Case(
        lambda s: sc.voigt_profile(0.7, s, 0.3), _voigt, [0.01, 0.3, 1.0, 10.0], 80, 1000
    ),
    "owens_t(h, 0.7)": Case(lambda h: sc.owens_t(h, 0.7), _owens_t, [0.1, 1.0, 5.0], 3, 10),
    # -- products with a logarithm
    "xlog1py(0.7, b)": Case(
        lambda b: sc.xlog1py(0.7, b),
        lambda b: mpf(0.7) * mpmath.log1p(b),
        [-0.9999, -1e-9, 1e-20, *ORDINARY, *FAR],
        2,
        3,
    ),
    # -- gamma, beta and zeta functions
    "gamma": Case(sc.gamma, mpmath.gamma, [1e-8, *ORDINARY, 20.0, 100.0, -0.5, -3.3], 4, 6),
    "gammaln": Case(
        sc.gammaln,
        lambda x: mpmath.log(abs(mpmath.gamma(x))),
        [1e-8, *ORDINARY, 1e5, -0.5, -3.3],
        2,
        2,
    ),
    "rgamma": Case(
        sc.rgamma, mpmath.rgamma, [1e-8, *ORDINARY, -1e-9, -0.5, -3.3, -2.9999999, 20.0], 50, 150
    ),
    "psi": Case(sc.psi, mpmath.digamma, [1e-5, *ORDINARY, 1e5, -0.5, -3.3], 4, 4),
    "zeta": Case(
        sc.zeta, mpmath.zeta, [1.0001, 1.3, 2.5, 10.0, 40.0, 0.5, -0.7, -2.0, -7.3], 40, 60
    ),
    "zeta(x, 0.7)": Case(
        lambda x: sc.zeta(x, 0.7),
        lambda x: mpmath.zeta(x, mpf(0.7)),
        [1.0001, 1.3, 2.5, 10.0, 40.0],
        2,
        4,
    ),
    "beta(a, 0.3)": Case(
        lambda a: sc.beta(a, 0.3),
        lambda a: mpmath.beta(a, mpf(0.3)),
        [1e-3, *ORDINARY, 10.0],
        8,
        60,
    ),
    "betaln(a, 1e-3)": Case(
        lambda a: sc.betaln(a, 1e-3),
        lambda a: mpmath.log(mpmath.beta(a, mpf(1e-3))),
        [1e-3, *ORDINARY, *FAR],
        5,
        4e9,
    ),
    "poch(z, 0.3)": Case(
        lambda z: sc.poch(z, 0.3),
        lambda z: mpmath.rf(z, mpf(0.3)),
        [*ORDINARY, 10.0, 30.0],
        40,
        200,
    ),
    "binom(n, 2.5)": Case(
        lambda n: sc.binom(n, 2.5), lambda n: mpmath.binomial(n, mpf(2.5)), [3.0, 4.2, 50.0], 4, 16
    ),
    # -- incomplete functions, in their argument and in their parameters
    "gammainc(1.5, x)": Case(
        lambda x: sc.gammainc(1.5, x),
        lambda x: _incomplete_gamma(1.5, x),
        [1e-8, *ORDINARY, 30.0],
        3,
        3,
    ),
    "gammainc(1e4, x)": Case(
        lambda x: sc.gammainc(1e4, x),
        lambda x: _incomplete_gamma(10000, x),
        [9e3, 1e4, 1.1e4],
        1500,
        1500,
    ),
    "gammainc(a, 1.5)": Case(
        lambda a: sc.gammainc(a, 1.5),
        lambda a: _incomplete_gamma(a, mpf(1.5)),
        [1e-6, 0.1, 1.0, 1.5, 2.0, 10.0, 30.0],
        100,
        100,
    ),
    "gammainc(a, 0.01)": Case(
        lambda a: sc.gammainc(a, 0.01),
        lambda a: _incomplete_gamma(a, mpf(0.01)),
        [1e-6, 0.1, 1.0, 10.0],
        50,
        50,
    ),
    "gammainc(a, 100)": Case(
        lambda a: sc.gammainc(a, 100.0),
        lambda a: _incomplete_gamma(a, 100),
        [0.1, 10.0, 90.0, 100.0, 110.0, 300.0],
        1600,
        4e4,
    ),
    "betainc(0.7, 2.5, x)": Case(
        lambda x: sc.betainc(0.7, 2.5, x),
        lambda x: _incomplete_beta(mpf(0.7), 2.5, x),
        [1e-8, 0.1, 0.5, 0.9],
        3,
        3,
    ),
    "betainc(a, 2.5, 0.3)": Case(
        lambda a: sc.betainc(a, 2.5, 0.3),
        lambda a: _incomplete_beta(a, 2.5, mpf(0.3)),
        [1e-3, 0.1, 1.0, 3.0, 30.0],
        80,
        80,
    ),
    "betainc(0.7, b, 0.3)": Case(
        lambda b: sc.betainc(0.7, b, 0.3),
        lambda b: _incomplete_beta(mpf(0.7), b, mpf(0.3)),
        [1e-3, 0.1, 1.0, 3.0, 30.0],
        10,
        1200,
    ),
    "betainc(a, 100, 0.5)": Case(
        lambda a: sc.betainc(a, 100.0, 0.5),
        lambda a: _incomplete_beta(a, 100, 0.5),
        [50.0, 90.0, 100.0, 120.0],
        80,
        250,
    ),
    "stdtr(df, 1.3)": Case(
        lambda df: sc.stdtr(df, 1.3),
        lambda df: 1 - _incomplete_beta(df / 2, mpf(0.5), df / (df + mpf(1.3) ** 2)) / 2,
        [0.5, 1.0, 5.0, 100.0],
        1500,
        2e4,
    ),
    "chndtr(3, 2.5, nc)": Case(
        lambda nc: sc.chndtr(3.0, 2.5, nc), _noncentral, [0.01, 1.0, 10.0], 200, 250
    ),
    "kolmogorov": Case(sc.kolmogorov, _kolmogorov, [0.3, 0.99, 1.01, 2.0], 10, 12),
    # -- logistic functions, data, losses
    "expit": Case(sc.expit, lambda x: 1 / (1 + exp(-x)), [-50.0, *BOTH, 50.0], 2, 8),
    "log_expit": Case(sc.log_expit, lambda x: -mpmath.log(1 + exp(-x)), [-50.0, *BOTH, 50.0], 2, 2),
    "exprel": Case(
        sc.exprel,
        lambda x: mpmath.expm1(x) / x,
        [-30.0, -1.01, -0.99, -1e-6, 1e-9, 0.99, 1.01, 3.0, 30.0],
        30,
        300,
    ),
    "boxcox(3, p)": Case(
        lambda p: sc.boxcox(3.0, p),
        lambda p: (mpf(3) ** p - 1) / p,
        [-2.0, 1e-9, 0.1, 0.5, 2.0],
        10,
        100,
    ),
    "inv_boxcox(0.4, p)": Case(
        lambda p: sc.inv_boxcox(0.4, p),
        lambda p: (1 + p * mpf(0.4)) ** (1 / p),
        [1e-9, 0.1, 0.5, 2.0],
        5,
        8,
    ),
    "pseudo_huber(d, 0.01)": Case(
        lambda d: sc.pseudo_huber(d, 0.01),
        lambda d: d * d * (root(1 + (mpf(0.01) / d) ** 2) - 1),
        [1e-3, 0.1, 1.0, 100.0],
        5,
        5,
    ),
    "lambertw": Case(
        lambda x: np.real(sc.lambertw(x)),
        lambda x: mpmath.lambertw(x).real,
        [-0.36, -0.1, 1e-9, 1.0, 100.0, 1e10],
        15,
        40,
    ),
    # -- Bessel functions
    "j0": Case(sc.j0, lambda x: mpmath.besselj(0, x), [*ORDINARY, 30.0], 10, 8),
    "j1": Case(sc.j1, lambda x: mpmath.besselj(1, x), [1e-8, *ORDINARY, 30.0], 8, 5),
    "y1": Case(sc.y1, lambda x: mpmath.bessely(1, x), [1e-5, *ORDINARY, 30.0], 4, 6),
    "k1": Case(sc.k1, lambda x: mpmath.besselk(1, x), [1e-5, *ORDINARY, 20.0], 3, 3),
    "i0e": Case(
        sc.i0e,
        lambda x: mpmath.besseli(0, x) * exp(-abs(x)),
        [-2.0, 1e-5, *ORDINARY, 24.0, 26.0, *FAR],
        70,
        1600,
    ),
    "i1e": Case(
        sc.i1e,
        lambda x: mpmath.besseli(1, x) * exp(-x),
        [1e-5, *ORDINARY, 24.0, 26.0, *FAR],
        80,
        2000,
    ),
    "k0e": Case(
        sc.k0e,
        lambda x: mpmath.besselk(0, x) * exp(x),
        [1e-5, *ORDINARY, 24.0, 26.0, *FAR],
        40,
        900,
    ),
    "jv(2.5, x)": Case(lambda x: sc.jv(2.5, x), lambda x: mpmath.besselj(2.5, x), ORDINARY, 12, 20),
    "ive(2.5, x)": Case(
        lambda x: sc.ive(2.5, x),
        lambda x: mpmath.besseli(2.5, x) * exp(-x),
        [*ORDINARY, 24.0, 26.0, *FAR],
        16,
        250,
    ),
    "kv(v, 0.7)": Case(
        lambda v: sc.kv(v, 0.7),
        lambda v: mpmath.besselk(v, mpf(0.7)),
        [-1.5, 1e-6, 0.5, 1.3, 7.0, 50.0],
        12,
        8,
    ),
    "kv(v, 1e-3)": Case(
        lambda v: sc.kv(v, 1e-3),
        lambda v: mpmath.besselk(v, mpf(1e-3)),
        [1e-6, 0.5, 1.3, 7.0, 50.0],
        160,
        160,
    ),
    "kve(v, 100)": Case(
        lambda v: sc.kve(v, 100.0),
        lambda v: exp(mpf(100)) * mpmath.besselk(v, 100),
        [1e-6, 0.5, 1.3, 7.0, 200.0],
        6,
        18,
    ),
    "struve(1, x)": Case(
        lambda x: sc.struve(1.0, x), lambda x: mpmath.struveh(1, x), [*ORDINARY, 10.0], 250, 30
    ),
    # -- elliptic integrals
    "ellipk": Case(sc.ellipk, mpmath.ellipk, [-1e6, -5.0, 1e-12, 0.3, 0.9, 1 - 1e-6], 3, 15),
    "ellipkm1": Case(sc.ellipkm1, lambda p: mpmath.ellipk(1 - p), [1e-8, 0.3, 0.9, 5.0], 3, 10),
    "ellipe": Case(sc.ellipe, mpmath.ellipe, [-1e6, -5.0, 1e-12, 0.3, 0.9, 1 - 1e-6], 3, 10),
    "ellipkinc(0.7, m)": Case(
        lambda m: sc.ellipkinc(0.7, m),
        lambda m: mpmath.ellipf(mpf(0.7), m),
        [-1e3, -1.0, 1e-12, 0.3, 0.999, 1.0, 1.5],
        3,
        6,
    ),
    "ellipkinc(5, m)": Case(
        lambda m: sc.ellipkinc(5.0, m),
        lambda m: mpmath.ellipf(5, m),
        [-1.0, 1e-12, 0.3, 0.999],
        4,
        5,
    ),
    "ellipeinc(0.7, m)": Case(
        lambda m: sc.ellipeinc(0.7, m),
        lambda m: mpmath.ellipe(mpf(0.7), m),
        [-1e3, -1.0, 1e-12, 0.3, 0.999, 1.0],
        3,
        7,
    ),
    "ellipj(0.8, m)": Case(
        lambda m: sc.ellipj(0.8, m)[0],
        lambda m: mpmath.ellipfun("sn", mpf(0.8), m=m),
        [1e-9, 0.3, 0.9, 0.999],
        8,
        150,
    ),
    "elliprd(x, 1, 1)": Case(
        lambda x: sc.elliprd(x, 1.0, 1.0),
        lambda x: mpmath.elliprd(x, 1, 1),
        [1e-3, 0.5, 1.0, 10.0, 1e4],
        4,
        10,
    ),
    "elliprg(x, 1, 2)": Case(
        lambda x: sc.elliprg(x, 1.0, 2.0),
        lambda x: mpmath.elliprg(x, 1, 2),
        [1e-3, 0.5, 1.0, 10.0, 1e4],
        8,
        14,
    ),
    "elliprj(0.5, 1, 2, p)": Case(
        lambda p: sc.elliprj(0.5, 1.0, 2.0, p),
        lambda p: mpmath.elliprj(mpf(0.5), 1, 2, p),
        [1e-3, 0.5, 1.0, 10.0, 1e4],
        6,
        8,
    ),
    "agm(a, 1)": Case(
        lambda a: sc.agm(a, 1.0),
        lambda a: mpmath.agm(a, 1),
        [1e-5, 0.3, 1.0, 1.0000001, 50.0],
        4,
        60,
    ),
    # -- exponential integrals and hypergeometric functions
    "expi": Case(sc.expi, mpmath.ei, [-2.0, *ORDINARY, 30.0], 2, 3),
    "exp1": Case(sc.exp1, mpmath.e1, [1e-8, *ORDINARY, 30.0], 2, 2),
    "expn(3, x)": Case(
        lambda x: sc.expn(3, x), lambda x: mpmath.expint(3, x), [*ORDINARY, 30.0], 5, 5
    ),
    "spence": Case(
        sc.spence,
        lambda x: mpmath.polylog(2, 1 - x).real,
        [0.01, 0.1, 0.69, 0.71, 0.999, 1.001, 1.29, 1.31, 3.0],
        4,
        8,
    ),
    "hyp2f1(0.5, 1.5, 2.2, x)": Case(
        lambda x: sc.hyp2f1(0.5, 1.5, 2.2, x),
        lambda x: mpmath.hyp2f1(0.5, 1.5, mpf(2.2), x),
        [-5.0, -0.3, 1e-8, 0.5, 0.9],
        8,
        14,
    ),
}


def _worst(case: Case, order: int) -> tuple[float, float]:
    """The largest relative error, in epsilon, and where it is."""
    slope: Any = case.function
    for _ in range(order):
        slope = gt.grad(slope)
    errors = []
    for x in case.points:
        with mpmath.workdps(80):
            step = mpf(10) ** -20 * max(abs(mpf(x)), mpf(10) ** -6)
            exact = mpmath.diff(case.exact, mpf(x), order, h=step)
            error = abs((mpf(float(slope(np.float64(x)))) - exact) / exact) / EPSILON
        errors.append((float(error), x))
    return max(errors)


@pytest.mark.parametrize("name", CASES)
def test_first_derivative(name: str) -> None:
    error, x = _worst(CASES[name], 1)
    assert error <= CASES[name].first, f"{error:.3g} epsilon at {x}"


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_second_derivative(name: str) -> None:
    error, x = _worst(CASES[name], 2)
    assert error <= CASES[name].second, f"{error:.3g} epsilon at {x}"


@pytest.mark.slow
@pytest.mark.parametrize("a", [1e-3, 0.1, 1.0, 5.0, 60.0, 1e3])
@pytest.mark.parametrize("b", [1e-3, 0.1, 1.0, 5.0, 60.0, 1e3])
def test_a_sweep_over_the_parameters_of_betainc(a: float, b: float) -> None:
    """Within 2e-10 down to derivatives of 1e-100, where those in the middle have 1e-15."""
    errors = []
    for x in [1e-6, 0.05, 0.29, 0.31, 0.5, 0.71, 0.95, 1 - 1e-6, a / (a + b) * 0.98]:
        got = gt.grad(sc.betainc, (0, 1))(np.float64(a), np.float64(b), np.float64(x))
        with mpmath.workdps(250):
            p, q, z = mpf(a), mpf(b), mpf(x)
            exact = (
                mpmath.diff(lambda s, q=q, z=z: _incomplete_beta(s, q, z), p, h=p * mpf(10) ** -30),
                mpmath.diff(lambda s, p=p, z=z: _incomplete_beta(p, s, z), q, h=q * mpf(10) ** -30),
            )
        for g, e in zip(got, exact, strict=True):
            if abs(e) > 1e-100:
                errors.append(float(abs(g - e) / abs(e)))
    assert max(errors, default=0) < 2e-10


@pytest.mark.slow
@pytest.mark.parametrize("a", [1e-4, 1e-2, 0.3, 0.999, 1.0, 2.5, 10.0, 100.0, 1e4])
def test_a_sweep_over_the_parameter_of_gammainc(a: float) -> None:
    turn = float(mpmath.exp(mpmath.psi(0, a)))  # where the method changes the tail
    points = [1e-8, 0.1, 1.0, 1.0001, 3.0, 20.0, turn * 0.9999, turn * 1.001, a + 3 * a**0.5]
    errors = []
    for x in points:
        if x < 1e-200:
            continue
        got = gt.grad(sc.gammainc, 0)(np.float64(a), np.float64(x))
        with mpmath.workdps(120):
            exact = mpmath.diff(
                lambda s, x=x: _incomplete_gamma(s, mpf(x)), mpf(a), h=mpf(a) * mpf(10) ** -30
            )
        if abs(exact) > 1e-250:
            errors.append(float(abs(got - exact) / abs(exact)))
    assert max(errors) < 1e-12


def test_the_slope_of_xlog1py_in_its_factor_keeps_small_logarithms() -> None:
    got = gt.grad(sc.xlog1py)(np.float64(3.0), np.float64(1e-20))
    assert got == np.log1p(1e-20) == 1e-20
