"""Derivatives of `scipy.special`, loaded when SciPy has it and one of them is asked for."""

from gradtape.rules.special import (
    bessel,
    distributions,
    elementary,
    errors,
    gamma,
    incomplete,
    integrals,
    polynomials,
)
from gradtape.rules.special.unsupported import UNSUPPORTED

__all__ = [
    "UNSUPPORTED",
    "bessel",
    "distributions",
    "elementary",
    "errors",
    "gamma",
    "incomplete",
    "integrals",
    "polynomials",
]
