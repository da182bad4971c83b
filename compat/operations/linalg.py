"""Cases about matrices: products, systems, factorizations, bands, norms."""

from __future__ import annotations

from typing import Any

import numpy as np

from compat.cases import case, operation
from gradtape.tf import constant
from gradtape.tf.errors import InvalidArgumentError

F = np.float32
square = np.array([[4.0, 1.2, -0.3], [0.7, 6.0, 0.9], [-0.4, 1.1, 9.0]])
spd = np.array([[4.0, 1.2, -0.3], [1.2, 6.0, 0.9], [-0.3, 0.9, 9.0]])
hermitian = np.array([[4.0, 1.0 + 0.5j], [1.0 - 0.5j, 7.0]])
wide = np.array([[1.0, -0.5, 2.0], [0.3, 1.7, -1.1]])
tall = wide.T.copy()
stack = np.array([[[2.0, 0.5], [0.3, 3.0]], [[5.0, -1.0], [0.2, 1.5]]])
z = np.array([[2.0 + 0.5j, 0.3 - 1.0j], [0.1j, 3.0 - 0.2j]])
columns = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.2]])


def _register(name: str, *args: Any, **options: Any) -> None:
    """The function `name` of `tf.linalg`, with further arguments as in ``name key=value``."""
    rest = {
        key: options.pop(key) for key in ("order", "rtol", "better", "answer") if key in options
    }
    label = name + "".join(f" {key}={value}" for key, value in options.items())
    shapes = " ".join(str(np.shape(arg)) for arg in args)
    dtype = "" if args[0].dtype == float else f" {args[0].dtype}"
    operation(
        f"{label} {shapes}{dtype}",
        lambda tf, *tensors: getattr(tf.linalg, name)(*tensors, **options),
        *args,
        **{"rtol": 1e-8, **rest},
    )


# -- products -----------------------------------------------------------------------------------

_register("matmul", wide, tall)
_register("matmul", stack, stack[::-1])
_register("matmul", stack, stack[0])
_register("matmul", stack[0], stack)
_register("matmul", wide, wide, transpose_b=True)
_register("matmul", wide, wide, transpose_a=True)
_register("matmul", z, z, adjoint_a=True, order=1)
_register("matmul", z, z, adjoint_b=True, order=1)
_register("matmul", wide.astype(F), tall.astype(F), order=1, rtol=1e-5)
_register("matvec", wide, columns[:, 0])
_register("matvec", wide, wide[:, 0], transpose_a=True)
_register("matvec", stack, stack[0])
_register("matvec", z, z[0], adjoint_a=True, order=1)
_register("cross", square, spd, order=2)
_register("matrix_transpose", wide, order=1)
_register("matrix_transpose", z, conjugate=True, order=1)
_register("adjoint", z, order=1)
_register("trace", square, order=1)
_register("trace", stack, order=1)

for _equation, _args in {
    "ij,jk->ik": (wide, tall),
    "ij->ji": (wide,),
    "ii->i": (square,),
    "ij->": (wide,),
    "bij,bjk->bik": (stack, stack),
    "...ij,...jk->...ik": (stack, stack[0]),
    "i,j->ij": (columns[:, 0], columns[:, 1]),
    "ij,jk,kl->il": (wide, square, tall),
    "ij,jk": (wide, tall),
    "AB , BC -> AC": (wide, tall),
}.items():
    operation(
        f"einsum {_equation}",
        lambda tf, *args, equation=_equation: tf.einsum(equation, *args),
        *_args,
        rtol=1e-8,
    )
operation("einsum complex", lambda tf, a, b: tf.einsum("ij,jk->ik", a, b), z, z, order=1)
for _axes in (0, 1, 2, [[1], [0]], [[0, 1], [1, 0]], (1, 0)):
    operation(
        f"tensordot {_axes}",
        lambda tf, a, b, axes=_axes: tf.tensordot(a, b, axes),
        square,
        spd,
        rtol=1e-8,
    )

for _name, _call in {
    "matmul of vectors": lambda tf: tf.matmul(tf.constant([1.0]), tf.constant([1.0])),
    "matmul of misfits": lambda tf: tf.matmul(tf.constant(wide), tf.constant(wide)),
    "matmul of booleans": lambda tf: tf.matmul(tf.constant([[True]]), tf.constant([[True]])),
    "matmul int32": lambda tf: tf.matmul(tf.constant([[1, 2]]), tf.constant([[3], [4]])),
    "matmul both": lambda tf: tf.matmul(wide, wide, transpose_a=True, adjoint_a=True),
    "matvec of misfits": lambda tf: tf.linalg.matvec(tf.constant(wide), tf.constant([1.0, 2.0])),
    "einsum of misfits": lambda tf: tf.einsum("ij,jk->ik", tf.constant(wide), tf.constant(wide)),
    "einsum of too few": lambda tf: tf.einsum("ij,jk->ik", tf.constant(wide)),
    "einsum of ranks": lambda tf: tf.einsum("ijk->ij", tf.constant(wide)),
    "einsum int32": lambda tf: tf.einsum("ij,j->i", tf.constant([[1, 2]]), tf.constant([3, 4])),
    "tensordot of too many": lambda tf: tf.tensordot(wide, wide, 3),
    "tensordot of misfits": lambda tf: tf.tensordot(tf.constant(wide), tf.constant(wide), 1),
    "cross of misfits": lambda tf: tf.linalg.cross(
        tf.constant([1.0, 2.0]), tf.constant([1.0, 2.0])
    ),
    "cross int32": lambda tf: tf.linalg.cross(tf.constant([1, 2, 3]), tf.constant([4, 5, 7])),
    "transpose of a vector": lambda tf: tf.linalg.matrix_transpose(tf.constant([1.0])),
    "trace int32": lambda tf: tf.linalg.trace(tf.constant([[1, 2], [3, 4]])),
    "eye": lambda tf: (tf.eye(2), tf.eye(2, 3, dtype=tf.int32), tf.eye(2, batch_shape=[1, 2])),
}.items():
    case(_name)(_call)

# -- systems, determinants ----------------------------------------------------------------------

for _array in (square, stack, z):
    _order = 1 if _array.dtype.kind == "c" else 2
    _register("inv", _array, order=_order)
    _register("inv", _array, adjoint=True, order=1)
    if _array is not z:
        _register("det", _array, order=1)
    _register("slogdet", _array, order=int(_array is not z))
    _register("expm", _array / 8, order=1, rtol=1e-7)
_register("det", square.astype(F), order=1, rtol=1e-5)
_register("det", stack[1] * 0 + np.eye(2), order=2)
_register("sqrtm", square, order=1)
_register("sqrtm", z, order=0)
operation(
    "det of complex numbers",
    lambda tf, a: tf.linalg.det(a),
    z,
    order=1,
    better="the gradient is conjugated as everywhere; TensorFlow forgets that of the determinant",
    answer=lambda: {
        "value": constant(z[0, 0] * z[1, 1] - z[0, 1] * z[1, 0]),
        "gradient": [constant(0.5 * np.conj([[z[1, 1], -z[1, 0]], [-z[0, 1], z[0, 0]]]))],
    },
)
_register("logm", z, order=0)
_register("solve", square, columns)
_register("solve", square, columns, adjoint=True)
_register("solve", stack, stack[::-1], order=1)
_register("solve", z, z, adjoint=True, order=1)
_register("triangular_solve", square, columns)
_register("triangular_solve", square, columns, lower=False, order=1)
_register("triangular_solve", square, columns, adjoint=True, order=1)
_register("triangular_solve", stack, stack[0], order=1)
_register("triangular_solve", z, z, lower=False, adjoint=True, order=1)
_register("cholesky_solve", np.linalg.cholesky(spd), columns)
_register("lstsq", tall, columns[:, :1])
_register("lstsq", wide, columns[:2, :1])
_register("lstsq", tall, columns, l2_regularizer=0.5, order=1)
_register("lstsq", wide, columns[:2], l2_regularizer=0.5, order=1)
_register("lstsq", tall, columns, fast=False, order=0)
_register("pinv", tall, order=1)
_register("pinv", wide, order=1)
_register("pinv", square, rcond=0.6, order=0)

# -- factorizations -----------------------------------------------------------------------------

_register("cholesky", spd)
_register("cholesky", np.stack([spd[:2, :2], spd[1:, 1:]]), order=1)
_register("cholesky", hermitian, order=1)
operation("cholesky reads the lower triangle", lambda tf, a: tf.linalg.cholesky(a), square, order=1)
_register("logdet", spd)
_register("logdet", hermitian, order=1)
_register("eigvalsh", square, order=1)
_register("eigvalsh", hermitian, order=1)
_register("eigh_tridiagonal", np.array([2.0, 5.0, 9.0]), np.array([0.5, 1.0]), order=0)
for _array in (spd, stack, hermitian):
    operation(
        f"eigh projections {_array.shape} {_array.dtype}",
        lambda tf, a: _projections(tf, *tf.linalg.eigh(a)),
        _array,
        order=1,
        rtol=1e-7,
    )
for _array in (square, tall, wide, stack):
    operation(
        f"svd projections {_array.shape}",
        lambda tf, a: _singular(tf, *tf.linalg.svd(a)),
        _array,
        order=1,
        rtol=1e-7,
    )
    _register("svd", _array, compute_uv=False, order=1, rtol=1e-7)
for _array in (square, tall, stack):
    operation(
        f"qr projections {_array.shape}",
        lambda tf, a: _triangular(tf, *tf.linalg.qr(a)),
        _array,
        order=1,
        rtol=1e-7,
    )


def _projections(tf: Any, w: Any, v: Any) -> Any:
    """What does not depend on the factors of eigenvectors."""
    first = v[..., :1]
    return w, tf.matmul(first, first, adjoint_b=True)


def _singular(tf: Any, s: Any, u: Any, v: Any) -> Any:
    return (
        s,
        tf.matmul(u[..., :1], v[..., :1], adjoint_b=True),
        tf.matmul(u * 1.5, v, adjoint_b=True),
    )


def _triangular(tf: Any, q: Any, r: Any) -> Any:
    return q * q, r * r


for _array in (square[[1, 2, 0]], stack, z):
    operation(
        f"lu {_array.shape} {_array.dtype}",
        lambda tf, a: tf.linalg.lu(a),
        _array,
        order=0,  # TensorFlow has no gradient
        rtol=1e-9,
    )
    operation(
        f"lu solved {_array.shape} {_array.dtype}",
        lambda tf, a: _with_factors(tf, *tf.linalg.lu(a)),
        _array,
        order=0,
        rtol=1e-9,
    )


def _with_factors(tf: Any, lu: Any, p: Any) -> Any:
    found = tf.linalg
    solved = found.lu_solve(lu, p, lu * 0.5)
    return found.lu_reconstruct(lu, p), found.lu_matrix_inverse(lu, p), solved


for _lower in (True, False):
    for _adjoint in (False, True):
        _register(
            "banded_triangular_solve",
            np.array([[2.0, 3.0, 4.0], [5.0, 6.0, 7.0]]),
            columns,
            lower=_lower,
            adjoint=_adjoint,
            order=1,
        )


@case()
def eigenvalues(tf: Any) -> Any:
    values = tf.linalg.eigvals(tf.constant(square))
    both = tf.linalg.eig(tf.constant(square))[0]
    return [np.sort_complex(x.numpy()) for x in (values, both)], values.dtype, both.dtype


@case()
def eigenvectors(tf: Any) -> Any:
    w, v = tf.eig(tf.constant(square))
    a = tf.cast(tf.constant(square), w.dtype)
    return bool(np.allclose(tf.matmul(a, v).numpy(), (v * w).numpy())), v.dtype


@case()
def full_factors(tf: Any) -> Any:
    a = tf.constant(tall)
    s, u, v = tf.linalg.svd(a, full_matrices=True)
    q, r = tf.linalg.qr(a, full_matrices=True)
    return s, u.shape, v.shape, q.shape, r.shape


@case()
def names_of_parts(tf: Any) -> Any:
    sign, log = tf.linalg.slogdet(tf.constant(square))
    parts = tf.linalg.slogdet(tf.constant(square))
    factors = tf.linalg.qr(tf.constant(square))
    return sign, log, parts.sign, parts.log_abs_determinant, factors.q.shape, factors.r.shape


@case()
def matrix_rank(tf: Any) -> Any:
    low = np.array([[1.0, 2.0], [2.0, 4.0]])
    f = tf.linalg.matrix_rank
    return (
        f(tf.constant(low)),
        f(tf.constant(square)),
        f(tf.constant(square), tol=7.0),
        f(tf.constant(stack)),
    )


for _name, _call in {
    "inv of a singular matrix": lambda tf: tf.linalg.inv(tf.constant([[1.0, 2.0], [2.0, 4.0]])),
    "inv of no square": lambda tf: tf.linalg.inv(tf.constant(wide)),
    "inv int32": lambda tf: tf.linalg.inv(tf.constant([[1, 2], [3, 4]])),
    "solve of misfits": lambda tf: tf.linalg.solve(tf.constant(square), tf.constant(wide)),
    "solve singular": lambda tf: tf.linalg.solve(
        tf.constant([[1.0, 2.0], [2.0, 4.0]]), tf.constant([[1.0], [2.0]])
    ),
    "solve a vector": lambda tf: tf.linalg.solve(tf.constant(square), tf.constant(columns[:, 0])),
    "cholesky of no square": lambda tf: tf.linalg.cholesky(tf.constant(wide)),
    "det of no square": lambda tf: tf.linalg.det(tf.constant(wide)),
    "expm of no square": lambda tf: tf.linalg.expm(tf.constant(wide)),
    "logm of reals": lambda tf: tf.linalg.logm(tf.constant(square)),
    "eigh of no square": lambda tf: tf.linalg.eigh(tf.constant(wide)),
    "sqrtm of a negative": lambda tf: tf.linalg.sqrtm(tf.constant([[-1.0, 0.0], [0.0, 4.0]])),
}.items():
    case(_name)(_call)


def _refuse() -> Any:
    raise InvalidArgumentError(None, None, "")


@case(better="there is no solution; TensorFlow: NaN", answer=_refuse)
def triangular_solve_singular(tf: Any) -> Any:
    a = tf.constant([[1.0, 0.0], [2.0, 0.0]])
    return tf.linalg.triangular_solve(a, tf.constant([[1.0], [2.0]]))


@case(better="there is no factor; TensorFlow: NaN and uninitialised memory", answer=_refuse)
def cholesky_of_no_positive_definite(tf: Any) -> Any:
    return tf.linalg.cholesky(tf.constant(-spd)).shape


# -- bands --------------------------------------------------------------------------------------

for _k in (0, 1, -1, (-1, 1), (0, 2), (-1, 0)):
    for _array in (square, wide, tall):
        if isinstance(_k, tuple) and _k[1] >= _array.shape[1]:
            continue
        _register("diag_part", _array, k=_k, padding_value=9.0, order=1)
for _align in ("LEFT_RIGHT", "LEFT_LEFT", "RIGHT_RIGHT", "RIGHT_LEFT"):
    _register("diag_part", wide, k=(-1, 2), align=_align, order=1)
    _register("diag", columns.T, k=(0, 1), align=_align, order=1)
    _register("set_diag", square, columns.T, k=(0, 1), align=_align, order=1)
_register("diag", columns, order=1)
_register("diag", columns[:, 0], k=1, order=1)
_register("diag", columns[:, 0], k=-1, num_rows=4, num_cols=5, padding_value=7.0, order=1)
_register("diag", columns[:, 0], k=1, num_rows=3, order=1)
_register("set_diag", wide, columns[:2, 0], order=1)
_register("set_diag", stack, stack[0], order=1)
_register("set_diag", square, columns[:2, 0], k=-1, order=1)
_register("tensor_diag", wide, order=1)
_register("tensor_diag_part", stack.reshape(2, 2, 2, 1)[..., [0, 0]], order=1)
for _limits in ((0, 0), (-1, 0), (1, -1), (0, 1)):
    operation(
        f"band_part {_limits}",
        lambda tf, x, limits=_limits: tf.linalg.band_part(x, *limits),
        square,
        order=1,
    )

for _name, _call in {
    "diag_part of a vector": lambda tf: tf.linalg.diag_part(tf.constant([1.0])),
    "diag_part too far": lambda tf: tf.linalg.diag_part(tf.constant(wide), k=5),
    "diag_part int32": lambda tf: tf.linalg.diag_part(tf.constant([[1, 2], [3, 4]])),
    "set_diag of misfits": lambda tf: tf.linalg.set_diag(tf.constant(square), tf.constant([1.0])),
    "diag of wrong rows": lambda tf: tf.linalg.diag(tf.constant([1.0, 2.0]), num_rows=1),
    "tensor_diag_part of no square": lambda tf: tf.linalg.tensor_diag_part(tf.constant(wide)),
    "diag of a scalar": lambda tf: tf.linalg.diag(tf.constant(1.0)),
}.items():
    case(_name)(_call)

_bands = np.array([[1.0, 0.5, 0.0], [4.0, 5.0, 6.0], [0.0, -1.0, 0.7]])
for _name in ("tridiagonal_matmul", "tridiagonal_solve"):
    _register(_name, _bands, columns, order=1)
    _register(_name, square, columns, diagonals_format="matrix", order=1)
    operation(
        f"{_name} sequence",
        lambda tf, d, x, name=_name: getattr(tf.linalg, name)(
            (d[0], d[1], d[2]), x, diagonals_format="sequence"
        ),
        _bands,
        columns,
        order=1,
        rtol=1e-8,
    )
_register("tridiagonal_solve", _bands, columns[:, 0], order=1)
_register("tridiagonal_solve", _bands, columns.T.copy(), transpose_rhs=True, order=1)

# -- norms --------------------------------------------------------------------------------------

for _ord in ("euclidean", 1, 2, np.inf, 3, 2.5):
    for _axis in (None, 1, 0, -1):
        _register("norm", wide, ord=_ord, axis=_axis, order=2)
for _ord in ("euclidean", "fro", 1, 2, np.inf):
    _register("norm", wide, ord=_ord, axis=(0, 1), order=1)
    _register("norm", stack, ord=_ord, axis=[-2, -1], keepdims=True, order=1)
_register("norm", z, order=1)
_register("norm", wide, axis=1, keepdims=True, order=1)
_register("normalize", wide, order=1)
_register("normalize", wide, ord=1, axis=1, order=1)
_register("normalize", wide, axis=0)
operation(
    "norm of zeros",
    lambda tf, x: tf.norm(x),
    np.zeros(3),
    order=1,
    better="the subgradient of least norm at a kink; TensorFlow: NaN",
    answer=lambda: {"value": constant(0.0, "float64"), "gradient": [constant(np.zeros(3))]},
)

for _name, _call in {
    "norm of integers": lambda tf: tf.norm(tf.constant([1, 2])),
    "norm fro of a vector": lambda tf: tf.norm(tf.constant([1.0, 2.0]), ord="fro", axis=0),
    "norm of an unknown order": lambda tf: tf.norm(tf.constant([1.0, 2.0]), ord="nuc"),
    "norm of order 3 of matrices": lambda tf: tf.norm(tf.constant(wide), ord=3, axis=(0, 1)),
    "norm of negative order": lambda tf: tf.norm(tf.constant([1.0, 2.0]), ord=-1),
    "norm of three axes": lambda tf: tf.norm(tf.constant(stack), axis=(0, 1, 2)),
    "norm of a wrong axis": lambda tf: tf.norm(tf.constant(wide), axis=2),
    "norm of a scalar": lambda tf: tf.norm(tf.constant(-2.0)),
}.items():
    case(_name)(_call)
