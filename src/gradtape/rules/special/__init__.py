"""Derivatives of `scipy.special`, loaded when SciPy has it and one of them is asked for."""

from gradtape.rules.special import (
    bessel,
    distributions,
    elementary,
    elliptic,
    errors,
    gamma,
    hypergeometric,
    incomplete,
    polynomials,
    several,
)
from gradtape.rules.special.unsupported import UNSUPPORTED

__all__ = [
    "UNSUPPORTED",
    "bessel",
    "distributions",
    "elementary",
    "elliptic",
    "errors",
    "gamma",
    "hypergeometric",
    "incomplete",
    "polynomials",
    "several",
]
