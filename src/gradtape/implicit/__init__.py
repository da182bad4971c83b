"""Derivatives of solutions: of equations, fixed points, minima and differential equations.

A solver's iterations are not differentiated: the equation that the solution satisfies is.
"""

from gradtape.implicit.equations import fixed_point, minimize, root
from gradtape.implicit.odes import odeint

__all__ = ["fixed_point", "minimize", "odeint", "root"]
