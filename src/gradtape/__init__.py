"""gradtape: gradients for everything that speaks NumPy.

A `GradientTape` records plain NumPy code on Tensors and Variables, and differentiates it.
"""

from gradtape import implicit, linalg, nn, optimizers, random, special
from gradtape import rules as _rules  # noqa: F401 (fills the registry)
from gradtape.compiler.function import function
from gradtape.compiler.running.threads import set_num_threads
from gradtape.core.dtypes import floatx, set_floatx
from gradtape.core.errors import GradientWarning
from gradtape.core.forward import ForwardAccumulator
from gradtape.core.tape import GradientTape, UnconnectedGradients
from gradtape.core.tensor import Tensor, Variable, constant, stop_gradient
from gradtape.custom import custom_gradient
from gradtape.numeric import (
    Estimate,
    approximate_derivative,
    approximate_gradient,
    check_gradients,
)
from gradtape.solvers.minimize import least_squares, minimize, root
from gradtape.transforms.checkpoint import checkpoint
from gradtape.transforms.gradients import grad, hvp, jvp, linearize, value_and_grad, vjp
from gradtape.transforms.jacobians import hessian, jacfwd, jacobian, jacrev, sparsity_pattern
from gradtape.transforms.vmap import vmap

__version__ = "0.1.0"

__all__ = [
    "Estimate",
    "ForwardAccumulator",
    "GradientTape",
    "GradientWarning",
    "Tensor",
    "UnconnectedGradients",
    "Variable",
    "approximate_derivative",
    "approximate_gradient",
    "check_gradients",
    "checkpoint",
    "constant",
    "custom_gradient",
    "floatx",
    "function",
    "grad",
    "hessian",
    "hvp",
    "implicit",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "least_squares",
    "linalg",
    "linearize",
    "minimize",
    "nn",
    "optimizers",
    "random",
    "root",
    "set_floatx",
    "set_num_threads",
    "sparsity_pattern",
    "special",
    "stop_gradient",
    "value_and_grad",
    "vjp",
    "vmap",
]
