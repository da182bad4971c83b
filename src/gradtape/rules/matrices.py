"""What the files about matrices share: adjoints, triangles, equal eigenvalues, test matrices.

Matrices stand along the last two axes; whatever axes are in front of them pass through.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.domains import Domain
from gradtape.core.kinds import invoke
from gradtape.core.rules import RULES, Function
from gradtape.rules.arguments import as_array, conj, inexact


def run(function: Function, *args: Any, **options: Any) -> Any:
    """A primitive of ours, recorded where an argument is a Tensor."""
    return invoke(RULES[function], args, options)


def per_matrix(function: Function, *arrays: Any) -> Any:
    """`function` of each matrix in stacks of them, which broadcast: SciPy's take one matrix."""
    if all([a.ndim == 2 for a in arrays]):
        return function(*arrays)
    loops = np.broadcast_shapes(*[a.shape[:-2] for a in arrays])
    arrays = tuple([np.broadcast_to(a, loops + a.shape[-2:]) for a in arrays])
    results = [function(*[a[index] for a in arrays]) for index in np.ndindex(loops)]
    if not results:
        return np.zeros(loops + arrays[-1].shape[-2:], np.result_type(*arrays))
    return np.reshape(np.stack(results), loops + results[0].shape)


def matrix(a: Any) -> Any:
    """`a` as an array of floating-point numbers, with at least two axes."""
    a = inexact(as_array(a))
    if a.ndim < 2:
        raise np.linalg.LinAlgError(
            f"{a.ndim}-dimensional array given. Array must be at least two-dimensional"
        )
    return a


def adjoint(x: Any) -> Any:
    """The conjugate transpose."""
    return conj(np.swapaxes(x, -1, -2))


def columns(v: Any) -> Any:
    """A vector, as numbers for the columns of a matrix."""
    return v[..., None, :]


def diagonal(x: Any) -> Any:
    """The entries on the diagonal."""
    return np.diagonal(x, 0, -2, -1)


def on_diagonal(v: Any, x: Any) -> Any:
    """Square `x` with `v` on its diagonal."""
    return np.where(identity(x), columns(v), x)


def identity(x: Any) -> Any:
    """Which entries of square `x` are on the diagonal."""
    return np.eye(x.shape[-1], dtype=bool)


# -- Hermitian matrices -------------------------------------------------------------------------
#
# LAPACK reads one triangle of a Hermitian matrix, and the real part of its diagonal. The gradient
# is that of the function NumPy computes: zero in the triangle that is not read, and the read one
# carries both. (TensorFlow's `eigh` does so too; `(g + adjoint(g)) / 2` is the gradient among
# Hermitian matrices, that PyTorch and JAX return.)


def from_triangle(a: Any, uplo: str) -> Any:
    """The Hermitian matrix with the triangle "L" or "U" of `a`."""
    strict = np.tril(a, -1) if uplo == "L" else np.triu(a, 1)
    return np.where(identity(a), np.real(a), strict + adjoint(strict))


def onto_triangle(g: Any, uplo: str) -> Any:
    """The transpose of `from_triangle`."""
    both = g + adjoint(g)
    strict = np.tril(both, -1) if uplo == "L" else np.triu(both, 1)
    return np.where(identity(g), np.real(g), strict)


# -- small numbers and equal ones ---------------------------------------------------------------


def rounding(w: Any, length: int) -> Any:
    """What the entries of `w` (eigenvalues, singular values) may be off by, for each matrix."""
    largest = np.max(np.absolute(w), axis=-1, keepdims=True, initial=0)
    return length * float(np.finfo(w.dtype).eps) * largest


def reciprocal(x: Any, zero: Any) -> Any:
    """``1 / x``, and 0 where `zero`."""
    return np.where(zero, 0, 1 / np.where(zero, 1, x))


# -- tests --------------------------------------------------------------------------------------


class Separated(Domain):
    """Matrices whose eigenvalues and singular values are positive and far from each other."""

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> Any:
        """Small numbers, and 4, 8, 12 ... on the diagonal."""
        diagonal = np.eye(*shape[-2:]) * (4.0 + 4.0 * np.arange(shape[-1]))
        return super().draw(rng, shape, dtype) + diagonal.astype(dtype)


separated = Separated(-1.0, 1.0, complex=True)
separated_real = Separated(-1.0, 1.0)
