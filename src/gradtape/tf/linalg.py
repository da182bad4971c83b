"""``tf.linalg``: its names, which the files of each family define."""

from gradtape.tf.clipping import global_norm, l2_normalize
from gradtape.tf.creation import eye
from gradtape.tf.decompositions import (
    cholesky,
    cholesky_solve,
    det,
    eig,
    eigh,
    eigh_tridiagonal,
    eigvals,
    eigvalsh,
    expm,
    inv,
    logdet,
    logm,
    lstsq,
    matrix_rank,
    pinv,
    qr,
    slogdet,
    solve,
    sqrtm,
    svd,
    triangular_solve,
    tridiagonal_matmul,
    tridiagonal_solve,
)
from gradtape.tf.diagonals import (
    band_part,
    diag,
    diag_part,
    set_diag,
    tensor_diag,
    tensor_diag_part,
    trace,
)
from gradtape.tf.products import (
    adjoint,
    cross,
    einsum,
    matmul,
    matrix_transpose,
    matvec,
    norm,
    normalize,
    tensordot,
)
from gradtape.tf.triangles import (
    banded_triangular_solve,
    lu,
    lu_matrix_inverse,
    lu_reconstruct,
    lu_solve,
)
