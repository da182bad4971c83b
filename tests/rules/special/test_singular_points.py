"""Special functions where their formulas would divide by zero or cancel."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

import gradtape as gt

INF, PI = np.inf, np.pi


def slopes(f, *args):
    return gt.grad(f, tuple(range(len(args))))(*args)


def second(f, x):
    return gt.grad(gt.grad(f))(x)


@pytest.mark.parametrize(
    ("f", "args", "expected"),
    [
        # 0 log 0 is 0, and so is what an argument does that is multiplied by 0
        (special.xlogy, (0.0, 0.0), (0.0, 0.0)),
        (special.xlogy, (0.0, 2.0), (np.log(2.0), 0.0)),
        (special.xlogy, (2.0, 0.5), (np.log(0.5), 4.0)),
        (special.xlog1py, (0.0, -1.0), (0.0, 0.0)),
        (special.rel_entr, (0.0, 2.0), (-INF, 0.0)),
        (special.rel_entr, (0.0, 0.0), (0.0, 0.0)),
        (special.kl_div, (0.0, 2.0), (-INF, 1.0)),
        (special.kl_div, (0.0, 0.0), (0.0, 1.0)),
        (special.powm1, (0.0, 2.0), (0.0, 0.0)),
        # losses at their knots
        (special.huber, (1.0, 1.0), (0.0, 1.0)),
        (special.huber, (1.0, -3.0), (2.0, -1.0)),
        (special.pseudo_huber, (0.0, 0.0), (0.0, 0.0)),
        (special.pseudo_huber, (0.0, 2.0), (2.0, 0.0)),
        (special.pseudo_huber, (2.0, 0.0), (0.0, 0.0)),
        # ends of the support
        (special.gammainc, (2.0, 0.0), (0.0, 0.0)),
        (special.gammainc, (1.0, 0.0), (0.0, 1.0)),
        (special.gammainc, (0.5, 0.0), (0.0, INF)),
        (special.gammainc, (2.0, INF), (0.0, 0.0)),
        (special.gammainc, (0.0, 2.0), (-special.exp1(2.0), 0.0)),
        (special.gammaincinv, (2.0, 0.0), (0.0, INF)),
        (special.betainc, (2.0, 3.0, 0.0), (0.0, 0.0, 0.0)),
        (special.betainc, (2.0, 3.0, 1.0), (0.0, 0.0, 0.0)),
        (special.betainc, (1.0, 1.0, 1.0), (0.0, 0.0, 1.0)),
        (special.betainc, (0.5, 1.0, 0.0), (0.0, 0.0, INF)),
        (special.stdtr, (3.0, 0.0), (0.0, 2 / (PI * np.sqrt(3.0)))),
        # limits of parameters
        (special.boxcox, (3.0, 0.0), (1 / 3, np.log(3.0) ** 2 / 2)),
        (special.boxcox, (0.0, 2.0), (0.0, 0.25)),
        (special.inv_boxcox, (0.4, 0.0), (np.exp(0.4), -0.08 * np.exp(0.4))),
        (special.agm, (1.0, 1.0), (0.5, 0.5)),
        (special.agm, (0.0, 1.0), (INF, 0.0)),
        (special.kv, (0.0, 1.0), (0.0, -special.k1(1.0))),
        (special.owens_t, (0.0, 0.0), (0.0, 1 / (2 * PI))),
        (special.voigt_profile, (1.0, 0.0, 0.5), (-0.64 / PI, 0.0, 0.48 / PI)),
        # poles of gamma below a fraction line
        (special.poch, (0.0, 2.0), (1.0, 0.0)),
        (special.binom, (3.0, 5.0), (-0.05, 0.05)),
    ],
)
def test_several_arguments(f, args, expected) -> None:
    np.testing.assert_allclose(slopes(f, *args), expected, rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (special.entr, 0.0, INF),
        (special.logit, 0.0, INF),
        (special.logit, 1.0, INF),
        (special.expit, 1000.0, 0.0),
        (special.expit, -1000.0, 0.0),
        (special.log_expit, -1000.0, 1.0),
        (special.erfinv, 1.0, INF),
        (special.erfinv, -1.0, INF),
        (special.i0e, 0.0, 0.0),
        (special.i1, 0.0, 0.5),
        (special.j1, 0.0, 0.5),
        (special.beip, 0.0, 0.5),
        (special.exprel, 0.0, 0.5),
        (special.ellipk, 0.0, PI / 8),
        (special.ellipe, 0.0, -PI / 8),
        (special.ellipk, 1.0, INF),
        (special.ellipe, 1.0, -INF),
        (special.spence, 1.0, -1.0),
        (special.rgamma, 0.0, 1.0),
        (special.rgamma, -1.0, -1.0),
        (special.rgamma, -2.0, 2.0),
        (special.zetac, 0.0, -np.log(2 * PI) / 2),
        (special.log_ndtr, -1e5, 1e5),
        (special.log_ndtr, 60.0, 0.0),
        (special.erfcx, 1e6, -1e-12 / np.sqrt(PI)),
        (special.dawsn, 1e6, -0.5e-12),
        (special.kolmogorov, 0.0, 0.0),
        (lambda x: special.sici(x)[0], 0.0, 1.0),
        (lambda x: special.shichi(x)[0], 0.0, 1.0),
        (lambda x: special.it2j0y0(x)[0], 0.0, 0.0),
        (lambda x: np.real(special.lambertw(x)), 0.0, 1.0),
        (lambda x: special.eval_legendre(3, x), 1.0, 6.0),
        (lambda m: special.ellipkinc(0.7, m), 0.0, (1.4 - np.sin(1.4)) / 8),
        (lambda p: special.bdtr(3.0, 3, p), 0.3, 0.0),
        (lambda m: special.pdtr(0.0, m), 0.0, -1.0),
    ],
)
def test_one_argument(f, x, expected) -> None:
    np.testing.assert_allclose(gt.grad(f)(x), expected, rtol=1e-9, atol=1e-300)


def test_the_branch_point_of_lambertw_is_infinitely_steep() -> None:
    slopes = [gt.grad(lambda x: np.real(special.lambertw(x)))(-1 / np.e + h) for h in (1e-6, 1e-10)]
    np.testing.assert_allclose(slopes, [np.sqrt(np.e / 2e-6), np.sqrt(np.e / 2e-10)], rtol=1e-2)


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (special.exprel, 0.0, 1 / 3),
        (np.sinc, 0.0, -PI * PI / 3),
        (special.ellipk, 0.0, 9 * PI / 64),
        (special.ellipe, 0.0, -3 * PI / 64),
        (special.ellipk, 1.0, INF),
        (special.spence, 1.0, 0.5),
        (special.log_ndtr, -1e5, -1.0),
        (special.log_ndtr, 60.0, 0.0),
        (special.erfcx, 1e6, 2e-18 / np.sqrt(PI)),
        (special.rgamma, -2.0, -4 * special.psi(3.0)),
        (lambda x: special.gammainc(2.0, x), 0.0, 1.0),
        (lambda x: special.betainc(2.0, 3.0, x), 0.0, 12.0),
        (lambda z: special.poch(z, 2.0), 0.0, 2.0),
        (lambda n: special.binom(n, 5.0), 3.0, -1 / 12),
        (lambda s: special.voigt_profile(1.0, s, 0.5), 0.0, 0.44818031974677736),
        (lambda x: special.shichi(x)[0], 0.0, 0.0),
        (lambda x: special.it2j0y0(x)[0], 0.0, 0.25),
    ],
)
def test_second_derivatives(f, x, expected) -> None:
    np.testing.assert_allclose(second(f, x), expected, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (lambda v: special.jv(v, 1.0), "Pass the order of scipy.special.jv through"),
        (lambda a: special.hyp2f1(a, 1.0, 2.0, 0.1), "Pass a of scipy.special.hyp2f1 through"),
        (lambda a: special.chndtr(1.0, a, 2.0), "Pass df of scipy.special.chndtr through"),
        (lambda v: special.pbdv(v, 1.0)[0], "Pass the order of scipy.special.pbdv through"),
        (
            lambda x: np.real(special.jve(1.0, x + 1j)),
            "Write jv.v, z. .*instead of scipy.special.j",
        ),
        (lambda x: np.real(special.elliprd(x, 1j, 1.0)), "Carlson's elliptic integrals at real"),
        (lambda v: np.real(special.kv(v, 1j)), "Pass the order of scipy.special.kv through"),
        (
            lambda x: special.smirnov(3, x / 9),
            "rule for scipy.special.smirnov, for its derivatives",
        ),
    ],
)
def test_what_is_not_available_says_so_by_name(f, text) -> None:
    with pytest.raises(TypeError, match=text):
        gt.grad(f)(1.5)


def test_a_third_derivative_in_a_parameter_says_so() -> None:
    third = gt.grad(gt.grad(gt.grad(lambda a: special.gammainc(a, 1.0))))
    with pytest.raises(TypeError, match="gamma function at most twice in its parameters"):
        third(1.5)


def test_every_ufunc_has_a_rule_or_a_reason() -> None:
    from gradtape.core.rules import RULES, WHY_NOT
    from gradtape.rules.special import UNSUPPORTED

    ufuncs = {n: f for n, f in vars(special).items() if isinstance(f, np.ufunc)}
    assert [n for n, f in ufuncs.items() if f not in RULES and f not in WHY_NOT] == []
    assert [n for n, f in ufuncs.items() if f in RULES and f in WHY_NOT] == []
    listed = " ".join(UNSUPPORTED.values()).split()
    assert len(listed) == len(set(listed))


def test_the_slope_of_a_fraction_is_not_lost_in_single_precision() -> None:
    x = np.float32(30.0)
    slope = gt.grad(special.i0e)(x)
    assert slope.dtype == np.float32
    np.testing.assert_allclose(slope, gt.grad(special.i0e)(30.0), rtol=1e-5)
