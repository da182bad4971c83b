"""Special functions where their formulas would divide by zero or cancel."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

import gradtape as gt


def slopes(f, *args):
    return gt.grad(f, tuple(range(len(args))))(*args)


@pytest.mark.parametrize(
    ("f", "args", "expected"),
    [
        (special.xlogy, (0.0, 0.0), (0.0, 0.0)),
        (special.xlogy, (0.0, 2.0), (np.log(2.0), 0.0)),
        (special.xlogy, (2.0, 0.5), (np.log(0.5), 4.0)),
        (special.xlog1py, (0.0, -1.0), (0.0, 0.0)),
        (special.rel_entr, (0.0, 2.0), (-np.inf, 0.0)),
        (special.huber, (1.0, 1.0), (0.0, 1.0)),
        (special.huber, (1.0, -3.0), (2.0, -1.0)),
    ],
)
def test_two_arguments(f, args, expected) -> None:
    np.testing.assert_allclose(slopes(f, *args), expected)


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (special.entr, 0.0, np.inf),
        (special.logit, 0.0, np.inf),
        (special.expit, 1000.0, 0.0),
        (special.expit, -1000.0, 0.0),
        (special.log_expit, -1000.0, 1.0),
        (special.erfinv, 1.0, np.inf),
        (special.i0e, 0.0, 0.0),
        (special.i1, 0.0, 0.5),
        (special.j1, 0.0, 0.5),
        (special.exprel, 0.0, 0.5),
        (special.ellipk, 0.0, np.pi / 8),
        (special.ellipe, 0.0, -np.pi / 8),
        (special.spence, 1.0, -1.0),
        (special.rgamma, 0.0, 1.0),
        (special.rgamma, -1.0, -1.0),
        (special.rgamma, -2.0, 2.0),
        (special.log_ndtr, -1e5, 1e5),
        (special.log_ndtr, 40.0, 0.0),
        (special.erfcx, 1e6, -1e-12 / np.sqrt(np.pi)),
        (special.dawsn, 1e6, -0.5e-12),
        (lambda x: np.real(special.lambertw(x)), 0.0, 1.0),
        (lambda x: special.gammainc(2.0, x), 0.0, 0.0),
        (lambda x: special.betainc(2.0, 2.0, x), 0.0, 0.0),
        (lambda m: special.ellipkinc(0.7, m), 0.0, (1.4 - np.sin(1.4)) / 8),
    ],
)
def test_one_argument(f, x, expected) -> None:
    np.testing.assert_allclose(gt.grad(f)(x), expected, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize(
    ("f", "expected"),
    [(special.exprel, 1 / 3), (special.ellipk, 9 * np.pi / 64), (special.ellipe, -3 * np.pi / 64)],
)
def test_second_derivatives_at_zero(f, expected) -> None:
    np.testing.assert_allclose(gt.grad(gt.grad(f))(0.0), expected, rtol=1e-12)


def test_a_boxcox_power_of_zero_is_the_logarithm() -> None:
    np.testing.assert_allclose(
        slopes(special.boxcox, 3.0, 0.0), (1 / 3, np.log(3.0) ** 2 / 2), rtol=1e-12
    )


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (lambda a: special.gammainc(a, 1.0), "Pass a of scipy.special.gammainc through"),
        (lambda v: special.jv(v, 1.0), "Pass the order of scipy.special.jv through"),
        (lambda x: special.zeta(x, 1.0), "Pass x of scipy.special.zeta through"),
        (lambda a: special.hyp2f1(a, 1.0, 2.0, 0.1), "Pass a of scipy.special.hyp2f1 through"),
        (lambda x: special.agm(x, 1.0), "no derivative rule for the ufunc agm"),
    ],
)
def test_what_is_not_available_says_so_by_name(f, text) -> None:
    with pytest.raises(TypeError, match=text):
        gt.grad(f)(1.5)
