"""Products of matrices and Tensors, transposes, norms."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from gradtape.core.kinds import raw
from gradtape.tf.dtypes import float32 as float32_
from gradtape.tf.dtypes import numpy_dtype
from gradtape.tf.errors import FailedPreconditionError, InvalidValueError, invalid, invalid_type
from gradtape.tf.operation import axes as axes_of
from gradtape.tf.operation import lengths, operation
from gradtape.tf.policy import tensor, together

# -- products -------------------------------------------------------------------------------------


@operation
def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    output_type: Any = None,
    grad_a: bool = False,
    grad_b: bool = False,
    name: Any = None,
) -> Any:
    """The product of matrices, or of stacks of them.

    Parameters
    ----------
    a, b
        Of shape ``(..., m, n)`` and ``(..., n, k)``; the axes in front broadcast.
    transpose_a, transpose_b, adjoint_a, adjoint_b
        Transpose, or transpose and conjugate, a factor first.
    a_is_sparse, b_is_sparse, grad_a, grad_b
        Of no effect.
    output_type
        The dtype of the result.

    Raises
    ------
    InvalidArgumentError
        If the shapes do not fit, or a factor is no matrix.
    ValueError
        If a factor is to be both transposed and adjoint.
    """
    if (transpose_a and adjoint_a) or (transpose_b and adjoint_b):
        raise InvalidValueError(
            "Give tf.matmul either transpose_ or adjoint_ of a factor, not both."
        )
    a, b = _factors(a, b, "matmul", 2, 2)
    if transpose_a or adjoint_a:
        a = _transposed(a, adjoint_a)
    if transpose_b or adjoint_b:
        b = _transposed(b, adjoint_b)
    product = np.matmul(a, b)
    return product if output_type is None else product.astype(numpy_dtype(output_type))


def _factors(a: Any, b: Any, name: str, rank_a: int, rank_b: int) -> Any:
    """Two factors as numbers, of at least these ranks."""
    a, b = together(a, b)
    if a._value.dtype.kind == "b":
        raise invalid_type(f"Cast the arguments with tf.cast: tf.{name} got {a.dtype}.")
    if a.ndim < rank_a or b.ndim < rank_b:
        raise invalid(
            f"Give tf.{name} factors of rank {rank_a} and {rank_b} or more: got shapes {a.shape} "
            f"and {b.shape}."
        )
    return a, b


def _transposed(x: Any, conjugate: bool) -> Any:
    x = np.swapaxes(x, -1, -2)
    return np.conjugate(x) if conjugate and x._value.dtype.kind == "c" else x


@operation
def matvec(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    adjoint_a: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: Any = None,
) -> Any:
    """The product of matrices ``(..., m, n)`` and vectors ``(..., n)``; options as `matmul`."""
    if transpose_a and adjoint_a:
        raise InvalidValueError("Give tf.linalg.matvec either transpose_a or adjoint_a: got both.")
    a, b = _factors(a, b, "linalg.matvec", 2, 1)
    if transpose_a or adjoint_a:
        a = _transposed(a, adjoint_a)
    return np.matmul(a, b[..., None])[..., 0]


def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Any:
    """The sum of products of entries that `equation` states, such as ``"ij,jk->ik"``.

    Parameters
    ----------
    equation
        Labels of the axes of each Tensor, and of the result; "..." for axes that broadcast.
    *inputs
        The Tensors.
    optimize, name
        Accepted.

    Raises
    ------
    ValueError
        If `equation` does not describe the Tensors.
    """
    unknown = kwargs.keys() - {"name", "optimize"}
    if unknown:
        raise TypeError(f"Give tf.einsum optimize= and name= only: got {sorted(unknown)}.")
    if not inputs:
        raise ValueError("Give tf.einsum one or more Tensors: got none.")
    return _einsum(equation.replace(" ", ""), *inputs)


@operation
def _einsum(equation: str, *inputs: Any) -> Any:
    tensors = together(*inputs) if len(inputs) > 1 else (tensor(inputs[0]),)
    left = equation.split("->", maxsplit=1)[0].split(",")
    if len(left) != len(tensors):
        raise InvalidValueError(
            f"Give tf.einsum {len(left)} Tensors for {equation!r}: got {len(tensors)}."
        )
    return np.einsum(equation, *tensors, optimize=len(tensors) > 2)


@operation
def tensordot(a: Any, b: Any, axes: Any, name: Any = None) -> Any:
    """The sum of products over pairs of axes.

    Parameters
    ----------
    a, b
        The Tensors.
    axes
        How many last axes of `a` meet as many first axes of `b`; or two lists of axes.
    """
    a, b = together(a, b)
    axes = raw(axes)
    if isinstance(axes, np.ndarray):
        axes = axes.tolist()
    if not isinstance(axes, (list, tuple)):
        count = operator.index(axes)
        if count < 0 or count > min(a.ndim, b.ndim):
            raise InvalidValueError(
                f"Give tf.tensordot axes from 0 to {min(a.ndim, b.ndim)}: got {axes}."
            )
        return np.tensordot(a, b, count)
    if len(axes) != 2:
        raise InvalidValueError(f"Give tf.tensordot one number or two lists of axes: got {axes}.")
    first, second = ([axis] if isinstance(axis, int) else list(axis) for axis in axes)
    if len(first) != len(second):
        raise InvalidValueError(f"Give tf.tensordot as many axes of a as of b: got {axes}.")
    return np.tensordot(a, b, (first, second))


@operation
def cross(a: Any, b: Any, name: Any = None) -> Any:
    """The vector product along the last axis, of length 3; the shapes agree."""
    a, b = together(a, b)
    if a.shape != b.shape:
        raise invalid(f"Give tf.linalg.cross two equal shapes: got {a.shape} and {b.shape}.")
    if not a.ndim or a.shape[-1] != 3:
        text = f"Give tf.linalg.cross vectors of length 3, along the last axis: got {a.shape}."
        raise FailedPreconditionError(None, None, text)
    return np.cross(a, b)


# -- transposes, identities -----------------------------------------------------------------------


@operation
def matrix_transpose(a: Any, name: Any = "matrix_transpose", conjugate: bool = False) -> Any:
    """The last two axes exchanged, and perhaps conjugated."""
    x = tensor(a)
    if x.ndim < 2:
        raise InvalidValueError(f"Give matrices, of rank 2 or more: got shape {x.shape}.")
    return _transposed(x, conjugate)


def adjoint(matrix: Any, name: Any = None) -> Any:
    """The last two axes exchanged and conjugated."""
    return matrix_transpose(matrix, conjugate=True)


# -- norms ----------------------------------------------------------------------------------------

_ORDERS: dict[Any, Any] = {"euclidean": 2, "fro": "fro", "inf": np.inf}


@operation
def norm(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: Any = None, name: Any = None
) -> Any:
    """The norm of vectors or matrices; at zeros its gradient is 0.

    Parameters
    ----------
    tensor
        Real or complex numbers.
    ord
        "euclidean", 1, 2, `numpy.inf` or any positive number for vectors; "euclidean", "fro", 1, 2
        or `numpy.inf` for matrices.
    axis
        The axis of vectors, or a pair of axes of matrices; by default all entries are one vector.
    keepdims
        Keep the axes, with length 1.
    """
    x = _inexact(tensor)
    return _norm(x, ord, axis, bool(keepdims)).astype(x.dtype)


def _norm(x: Any, order: Any, axis: Any, keepdims: bool) -> Any:
    axis = axes_of(axis)
    matrices = isinstance(axis, tuple) and len(axis) == 2
    _check_order(order, axis, matrices)
    if matrices:
        if order == "euclidean":
            order = "fro"
        return np.linalg.norm(x, ord=order, axis=axis, keepdims=keepdims)
    if isinstance(axis, tuple):
        axis = axis[0]
    over: Any = tuple(range(x.ndim)) if axis is None else axis
    if not x.ndim:
        return np.absolute(x)
    return np.linalg.vector_norm(x, ord=_ORDERS.get(order, order), axis=over, keepdims=keepdims)


def _check_order(order: Any, axis: Any, matrices: bool) -> None:
    known = ["euclidean", 1, 2, np.inf, *(["fro"] if matrices else [])]
    if isinstance(axis, tuple) and len(axis) not in (1, 2):
        raise InvalidValueError(f"Give tf.norm an axis or a pair of axes: got {axis}.")
    if isinstance(axis, tuple) and len(axis) == 2 and axis[0] == axis[1]:
        raise InvalidValueError(f"Give tf.norm two different axes: got {axis}.")
    positive = not matrices and not isinstance(order, str) and order > 0
    if order not in known and not positive:
        what = "matrices" if matrices else "vectors"
        raise InvalidValueError(f"Give tf.norm of {what} ord from {known}: got {order!r}.")


def _inexact(value: Any) -> Any:
    x = tensor(value)
    if x._value.dtype.kind not in "fc":
        raise invalid_type(f"Cast the argument with tf.cast: tf.norm got dtype {x.dtype}.")
    return x


@operation
def normalize(tensor: Any, ord: Any = "euclidean", axis: Any = None, name: Any = None) -> Any:
    """``(tensor / norm, norm)``, with the axes of the norm kept; arguments as `norm`."""
    x = _inexact(tensor)
    size = _norm(x, ord, axis, True).astype(x.dtype)
    if axis is None and x.ndim:
        size = np.reshape(size, (1,) * x.ndim)
    return x / size, size
