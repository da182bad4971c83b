"""Functions of SciPy and NumPy that others make up, as formulas."""

from __future__ import annotations

import numpy as np

from gradtape.compiler.values import Value, formula, where


@formula("logaddexp")
def _logaddexp(a: Value, b: Value) -> Value:
    """``max + log1p(exp(-abs(a - b)))``; equal infinities have no difference."""
    apart = where(a >= b, a, b) + (-abs(a - b)).op("exp").op("log1p")
    apart = where(b.isnan(), b, apart)
    return where(a.same(b), a + np.log(2.0), apart)


@formula("expit")
def _expit(x: Value) -> Value:
    """``1 / (1 + exp(-x))``, with the exponential of a number that is not positive."""
    e = (-abs(x)).op("exp")
    return where(x < 0, e, 1.0) / (e + 1)
