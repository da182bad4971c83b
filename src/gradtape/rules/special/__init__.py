"""Derivatives of `scipy.special`, loaded when SciPy has it and one of them is asked for."""

from gradtape.rules.special import bessel, elementary, gamma, integrals, polynomials
from gradtape.rules.special.unsupported import UNSUPPORTED

__all__ = ["UNSUPPORTED", "bessel", "elementary", "gamma", "integrals", "polynomials"]
