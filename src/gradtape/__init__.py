"""gradtape: gradients for everything that speaks NumPy."""

from gradtape import rules as _rules
from gradtape.core.dtypes import floatx, set_floatx
from gradtape.core.tape import GradientTape, UnconnectedGradients
from gradtape.core.tensor import Tensor, Variable, constant, stop_gradient
