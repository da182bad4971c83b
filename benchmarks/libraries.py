"""The columns of a comparison: which library, in which way of using it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import find_spec


@dataclass(frozen=True)
class Column:
    """One way of doing the work, in a process of its own.

    An `eager` column runs operation by operation and differentiates what ran; the others are for
    orientation. `environment` is what its process gets beside `ENVIRONMENT`.
    """

    key: str
    module: str
    library: str
    way: str = ""
    eager: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The name for a reader."""
        return f"{self.library}, {self.way}" if self.way else self.library

    @property
    def installed(self) -> bool:
        """Whether the library can be imported here."""
        return find_spec(self.module) is not None


FUNCTION = "function"
COLUMNS = (
    Column("gradtape", "gradtape", "gradtape"),
    Column("numpy", "numpy", "NumPy", "by hand", eager=False),
    Column(FUNCTION, "numpy", "NumPy", "the function alone", eager=False),
    Column("differences", "scipy", "SciPy", "with differences", eager=False),
    Column("torch", "torch", "PyTorch"),
    Column("torch-one", "torch", "PyTorch", "one thread", environment={"OMP_NUM_THREADS": "1"}),
    Column("torch-plain", "torch", "PyTorch", "loss not fused"),
    Column("torch-compile", "torch", "PyTorch", "compiled", eager=False),
    Column("tensorflow", "tensorflow", "TensorFlow"),
    Column("tensorflow-xla", "tensorflow", "TensorFlow", "compiled", eager=False),
    Column("jax", "jax", "JAX", "not jitted"),
    Column("jax-jit", "jax", "JAX", "jitted", eager=False),
    Column("autograd", "autograd", "autograd"),
    Column("mygrad", "mygrad", "MyGrad"),
    Column("casadi", "casadi", "CasADi", eager=False),
)
OURS = "gradtape"
EAGER_PEERS = tuple(c.key for c in COLUMNS if c.eager and c.key != OURS)

ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "",  # all on the CPU
    # NumPy's best setting here: its second thread is often woken on the core of the first.
    "OPENBLAS_NUM_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
    "JAX_ENABLE_X64": "1",  # or float64 becomes float32
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
"""What the libraries are told before they are imported."""


def versions(modules: list[str]) -> dict[str, str]:
    """The installed version behind each module name; "this tree" where nothing is installed."""
    distributions = packages_distributions()
    found = {}
    for module in modules:
        try:
            found[module] = version(distributions.get(module, [module])[0])
        except PackageNotFoundError:
            found[module] = "this tree"
    return found
