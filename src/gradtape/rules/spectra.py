"""Eigenvalues, singular values and their vectors.

Eigenvectors are determined up to a factor of modulus 1, singular vectors too (one factor for each
pair). Only what does not depend on these factors has a meaning; here the gradient is

- `eigh`, `svd`: that of vectors that turn as little as possible. For real matrices the factor is
  a sign, and nothing is chosen.
- `eig`: that of LAPACK's choice, norm 1 and the largest component real.

Equal eigenvalues, up to rounding: the vectors are any basis of a whole space, and the derivative of
a basis that turns within it does not exist. Turning within it is left out (zero, where the formula
divides by zero). Functions of eigenvalues alone, symmetric in them, and of whole eigenspaces, have
so their right first derivative; a function of both eigenvalues and eigenvectors, as a second
derivative is too, may lack a part. Where that may be so, a `GradientWarning` says it, in every
mode. Forward mode cannot see whether eigenvectors are used: `eigvalsh` asks for none.

A singular value 0 has a kink, like ``|x|`` at 0: slope 0, the subgradient of least norm.

Sources: Giles (2008), "An extended collection of matrix derivative results"; Townsend (2016),
"Differentiating the singular value decomposition"; Wan and Zhang (2019), arXiv:1909.02659, and
Boeddeker et al. (2017), arXiv:1701.00392, for complex matrices.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.batching import leading
from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw
from gradtape.core.errors import warn_user
from gradtape.core.kinds import somewhere
from gradtape.core.rules import composite, primitive
from gradtape.rules.arguments import conj
from gradtape.rules.matrices import (
    adjoint,
    columns,
    diagonal,
    from_triangle,
    identity,
    matrix,
    on_diagonal,
    onto_triangle,
    reciprocal,
    rounding,
    run,
    separated,
    separated_real,
)

_EighResult: Any = type(np.linalg.eigh(np.eye(1)))
_EigResult: Any = type(np.linalg.eig(np.eye(1)))
_SVDResult: Any = type(np.linalg.svd(np.eye(1)))

# -- equal eigenvalues --------------------------------------------------------------------------


def _reciprocal_gaps(w: Any, length: int) -> tuple[Any, Any]:
    """``1 / (w[j] - w[i])``, 0 for equal ones, and which are equal."""
    gap = columns(w) - w[..., None]
    equal = np.absolute(gap) <= rounding(w, length)[..., None]
    return reciprocal(gap, equal), equal


def _warn_of_equal(name: str, equal: Any, g: Any, turn: Any) -> None:
    """Warn if a basis of equal eigenvalues may have to turn: `turn` is the cotangent of that."""
    small = _small(turn)
    either = np.logical_or(g[..., None] != 0, np.absolute(turn - adjoint(turn)) > small)
    _warn_where(name, np.logical_and(_turns(equal, turn), either))


def _small(turn: Any) -> Any:
    size = np.absolute(turn)
    eps = float(np.finfo(size.dtype).eps)
    return eps**0.5 * np.max(size, axis=(-2, -1), keepdims=True, initial=0)


def _turns(equal: Any, turn: Any) -> Any:
    """Where `turn` says, beyond rounding, that vectors of equal eigenvalues turn."""
    off = np.logical_and(equal, np.logical_not(identity(turn)))
    return np.logical_and(off, np.absolute(turn) > _small(turn))


def _warn_where(name: str, condition: Any) -> None:
    if somewhere(condition):  # not of lazy arrays
        warn_user(
            f"Use np.linalg.eigvalsh or svdvals for values alone, and gradtape.linalg (expm, logm, "
            f"sqrtm), np.linalg.slogdet, det, inv or norm for functions of a matrix with equal "
            f"eigenvalues or singular values: the derivative of {name} leaves out how their "
            f"vectors turn among themselves, and may be incomplete."
        )


# What forward mode leaves out is known where the tangent of a matrix is pushed to the vectors. Who
# asked for them is warned there. Who asked for values alone uses the vectors in a second derivative
# only: so the part left out goes with the tangent of the vectors, as a turn that none can make
# (Hermitian, where turns are skew), up to the derivative of the values, which asks for `_still`.


def _left_out(name: str, equal: Any, p: Any, vectors: bool) -> Any:
    """The part of the turn `p` among equal values, to send along; 0 once it is warned about."""
    turns = _turns(equal, p)
    if not vectors:
        return np.where(turns, p, 0)
    _warn_where(name, turns)
    return 0


def _still(v: Any, w: Any, name: str, unitary: bool) -> Any:
    """The vectors `v` of the values `w`: warns if a tangent of them brings what was left out."""
    return _for_each(v, 2, v, w)


def _for_each(x: Any, core: int, v: Any, w: Any) -> Any:
    """`x`, whose last `core` axes belong to one matrix, for each of the matrices of `v` and `w`."""
    split = x.ndim - core
    loops = np.broadcast_shapes(x.shape[:split], v.shape[:-2], w.shape[:-1])
    return np.broadcast_to(x, loops + x.shape[split:])


def _still_jvp(tangents: Any, y: Any, v: Any, w: Any, name: str, unitary: bool) -> Any:
    if tangents[0] is None:
        return np.zeros_like(v)
    turn = adjoint(v) @ tangents[0] if unitary else np.linalg.solve(v, tangents[0])
    part = (turn + adjoint(turn)) / 2 if unitary else turn
    turns = _turns(_reciprocal_gaps(w, max(v.shape[-2:]))[1], part)
    _warn_where(name, turns)
    return tangents[0] - v @ np.where(turns, part, 0)


primitive(
    _still,
    lambda g, y, v, w, name, unitary: g,
    lambda g, y, v, w, name, unitary: np.zeros_like(w),
    jvp=_still_jvp,
    reads="0 1",
    batch=leading(2, 1),
    calls=[call(draw(3, 3), draw(3), "numpy.linalg.eigh", True)],
)


# -- Hermitian matrices -------------------------------------------------------------------------


def _eigh(a: Any, *, uplo: str, vectors: bool) -> Any:
    return tuple(np.linalg.eigh(a, uplo))


def _eigh_vjp(g: Any, y: Any, a: Any, *, uplo: str, vectors: bool) -> Any:
    """``v (diag(gw) + f * (v' gv)) v'`` with ``f[i, j] = 1 / (w[j] - w[i])``."""
    (gw, gv), (w, v) = g, y
    if not vectors:
        v = run(_still, v, w, "numpy.linalg.eigh", True)
    turn = adjoint(v) @ gv
    gaps, equal = _reciprocal_gaps(w, w.shape[-1])
    _warn_of_equal("numpy.linalg.eigh", equal, gw, turn)
    return onto_triangle(v @ on_diagonal(gw, gaps * turn) @ adjoint(v), uplo)


def _eigh_jvp(tangents: Any, y: Any, a: Any, *, uplo: str, vectors: bool) -> Any:
    w, v = y
    p = adjoint(v) @ from_triangle(tangents[0], uplo) @ v
    gaps, equal = _reciprocal_gaps(w, w.shape[-1])
    turn = gaps * p + _left_out("numpy.linalg.eigh", equal, p, vectors)
    return np.real(diagonal(p)), v @ turn


primitive(
    _eigh,
    _eigh_vjp,
    jvp=_eigh_jvp,
    reads="y",
    batch=leading(2),
    calls=[
        call(draw(3, 3, domain=separated_real), uplo=uplo, vectors=vectors)
        for uplo, vectors in (("L", True), ("U", False))
    ],
)


@composite(
    np.linalg.eigh,
    calls=[
        call(draw(3, 3, domain=separated_real)),
        call(draw(2, 2, 2, domain=separated_real), "U"),
        call(draw(1, 1)),
    ],
)
def _np_eigh(a: Any, UPLO: str = "L") -> Any:  # noqa: N803
    return _EighResult(*apply(_eigh, (matrix(a),), {"uplo": UPLO.upper(), "vectors": True}))


@composite(
    np.linalg.eigvalsh,
    calls=[call(draw(3, 3, domain=separated)), call(draw(2, 2, 2, domain=separated), "U")],
)
def _np_eigvalsh(a: Any, UPLO: str = "L") -> Any:  # noqa: N803
    return apply(_eigh, (matrix(a),), {"uplo": UPLO.upper(), "vectors": False})[0]


# -- general matrices ---------------------------------------------------------------------------


def _eig(a: Any, *, vectors: bool) -> Any:
    return tuple(np.linalg.eig(a))


def _largest(v: Any) -> Any:
    """Which component of each vector is the largest: LAPACK makes it real."""
    rows = np.arange(v.shape[-1])[:, None]
    return rows == np.argmax(np.absolute(v), axis=-2, keepdims=True)


def _eig_vjp(g: Any, y: Any, a: Any, *, vectors: bool) -> Any:
    """``inv(v)' (diag(gw) + conj(f) * (v' gv)) v'``, where `gv` is that of unscaled vectors."""
    (gw, gv), (w, v) = g, y
    if not vectors:
        v = run(_still, v, w, "numpy.linalg.eig", False)
    along = np.sum(conj(v) * gv, axis=-2, keepdims=True)
    gv = gv - v * np.real(along)
    if v.dtype.kind == "c":
        top = _largest(v)
        size = np.sum(np.where(top, np.real(v), 0), axis=-2, keepdims=True)
        gv = gv - np.where(top, 1j * (np.imag(along) / size), 0)
    turn = adjoint(v) @ gv
    gaps, equal = _reciprocal_gaps(w, w.shape[-1])
    _warn_of_equal("numpy.linalg.eig", equal, gw, turn)
    inner = on_diagonal(gw, conj(gaps) * turn)
    return run(_gradient_seen, np.linalg.solve(adjoint(v), inner @ adjoint(v)), v, w)


# No turn of eigenvectors changes ``inv(v) diag(c) v`` where the numbers c are equal, and the
# cotangent of `v` shows none. So these, of which second derivatives in reverse mode are taken, look
# at the direction itself.


def _gradient_seen(x: Any, v: Any, w: Any) -> Any:
    """The gradient `x` by the eigenvalues `w`: warns in reverse of equal ones."""
    return _for_each(x, 2, v, w)


def _gradient_seen_vjp(g: Any, y: Any, x: Any, v: Any, w: Any) -> Any:
    equal = _reciprocal_gaps(w, w.shape[-1])[1]
    _warn_where("numpy.linalg.eig", _turns(equal, np.linalg.solve(v, g @ v)))
    return g


def _tangent_seen(x: Any, p: Any, w: Any) -> Any:
    """The tangent `x` of the eigenvalues `w`, of a turn `p`: warns in reverse of equal ones."""
    return _for_each(x, 1, p, w)


def _tangent_seen_vjp(g: Any, y: Any, x: Any, p: Any, w: Any) -> Any:
    _warn_where("numpy.linalg.eig", _turns(_reciprocal_gaps(w, w.shape[-1])[1], p))
    return g


for _function, _vjp, _core in (
    (_gradient_seen, _gradient_seen_vjp, 2),
    (_tangent_seen, _tangent_seen_vjp, 1),
):
    primitive(
        _function,
        _vjp,
        lambda g, y, x, p, w: np.zeros_like(p),
        lambda g, y, x, p, w: np.zeros_like(w),
        jvp=lambda tangents, y, x, p, w: np.zeros_like(x) if tangents[0] is None else tangents[0],
        reads="1 2",
        batch=leading(_core, 2, 1),
        calls=[call(draw(*(3,) * _core), draw(3, 3, domain=separated), draw(3))],
    )


def _eig_jvp(tangents: Any, y: Any, a: Any, *, vectors: bool) -> Any:
    w, v = y
    p = np.linalg.solve(v, tangents[0] @ v)
    gaps, equal = _reciprocal_gaps(w, w.shape[-1])
    dv = v @ (gaps * p + _left_out("numpy.linalg.eig", equal, p, vectors))
    turned = np.sum(conj(v) * dv, axis=-2, keepdims=True)
    dw = run(_tangent_seen, diagonal(p), p, w)
    if v.dtype.kind != "c":
        return dw, dv - v * turned
    top = _largest(v)
    moved, size = (
        np.sum(np.where(top, part, 0), axis=-2, keepdims=True) for part in (np.imag(dv), np.real(v))
    )
    return dw, dv - v * (np.real(turned) + 1j * (moved / size))


primitive(
    _eig,
    _eig_vjp,
    jvp=_eig_jvp,
    reads="y",
    batch=leading(2),
    calls=[
        call(draw(3, 3, domain=separated), vectors=True),
        call(draw(2, 2, 2, domain=separated), vectors=False),
    ],
)


@composite(
    np.linalg.eig,
    calls=[call(draw(3, 3, domain=separated)), call(draw(2, 2, 2, domain=separated))],
)
def _np_eig(a: Any) -> Any:
    return _EigResult(*apply(_eig, (matrix(a),), {"vectors": True}))


@composite(
    np.linalg.eigvals,
    calls=[call(draw(3, 3, domain=separated)), call(draw(2, 2, 2, domain=separated))],
)
def _np_eigvals(a: Any) -> Any:
    return apply(_eig, (matrix(a),), {"vectors": False})[0]


# -- singular values ----------------------------------------------------------------------------
#
# With p = u' da v, h = p + p', k = p - p', the vectors turn by
#   u' du = (h * f + k * r) / 2,   v' dv = (h * f - k * r) / 2
# where f[i, j] = 1 / (s[j] - s[i]) and r[i, j] = 1 / (s[j] + s[i]). This is 1 / (s[j]^2 - s[i]^2)
# in partial fractions: only the first part is undetermined at equal singular values.


def _svd(a: Any, *, full: bool, vectors: bool) -> Any:
    return tuple(np.linalg.svd(a, full))


def _factors(s: Any, length: int) -> tuple[Any, Any, Any, Any]:
    """``1 / (s[j] - s[i])``, which are equal, ``1 / (s[j] + s[i])``, ``1 / s``: 0 for 1 / 0."""
    zero = rounding(s, length)
    gaps, equal = _reciprocal_gaps(s, length)
    sums = columns(s) + s[..., None]
    return gaps, equal, reciprocal(sums, sums <= zero[..., None]), reciprocal(s, s <= zero)


def _skew(x: Any) -> Any:
    return x - adjoint(x)


def _svd_vjp(g: Any, y: Any, a: Any, *, full: bool, vectors: bool) -> Any:
    u, s, v = y[0], y[1], adjoint(y[2])
    if not vectors:
        u = run(_still, u, s, "numpy.linalg.svd", True)
    gu, gs, gv = g[0], g[1], adjoint(g[2])
    k = s.shape[-1]
    gaps, equal, sums, inverse = _factors(s, max(a.shape[-2:]))
    u1, v1 = u[..., :k], v[..., :k]
    at_u, at_v = adjoint(u1) @ gu[..., :k], adjoint(v1) @ gv[..., :k]
    _warn_of_equal("numpy.linalg.svd", equal, gs, at_u + at_v)
    at_u, at_v = _skew(at_u), _skew(at_v)
    inner = ((at_u + at_v) * gaps + (at_u - at_v) * sums) / 2
    inner = inner + np.where(identity(inner), columns(np.where(inverse == 0, 0, gs)), 0)
    c = inner @ adjoint(v1)
    if v.shape[-2] > k:
        c = c + adjoint(_outside(v, gv, k) * columns(inverse))
    c = u1 @ c
    if u.shape[-2] > k:
        c = c + (_outside(u, gu, k) * columns(inverse)) @ adjoint(v1)
    return c


def _outside(x: Any, g: Any, k: int) -> Any:
    """The part of the cotangent `g` of vectors `x` by which the first `k` leave their span."""
    first, rest = x[..., :k], x[..., k:]
    g_first, g_rest = g[..., :k], g[..., k:]
    return g_first - first @ (adjoint(first) @ g_first) - rest @ (adjoint(g_rest) @ first)


def _svd_jvp(tangents: Any, y: Any, a: Any, *, full: bool, vectors: bool) -> Any:
    t, u, s, v = tangents[0], y[0], y[1], adjoint(y[2])
    k = s.shape[-1]
    gaps, equal, sums, inverse = _factors(s, max(a.shape[-2:]))
    image, coimage = t @ v[..., :k], adjoint(t) @ u[..., :k]
    p = adjoint(u[..., :k]) @ image
    both, single = (p + adjoint(p)) * gaps / 2, _skew(p) * sums / 2
    rest = _left_out("numpy.linalg.svd", equal, p + adjoint(p), vectors)
    du = _turned(u, both + single + rest, image * columns(inverse), k)
    dv = _turned(v, both - single, coimage * columns(inverse), k)
    return du, np.where(inverse == 0, 0, np.real(diagonal(p))), adjoint(dv)


def _turned(x: Any, turn: Any, outward: Any, k: int) -> Any:
    """The tangent of vectors `x`, of which the first `k` turn, and leave their span."""
    first, rest = x[..., :k], x[..., k:]
    d_first = first @ turn + outward - first @ (adjoint(first) @ outward)
    d_rest = -first @ adjoint(adjoint(rest) @ outward)
    return np.concatenate((d_first, d_rest), axis=-1)


primitive(
    _svd,
    _svd_vjp,
    jvp=_svd_jvp,
    reads="y",
    batch=leading(2),
    calls=[
        call(draw(2, 3, domain=separated_real), full=False, vectors=True),
        call(draw(3, 2, domain=separated_real), full=False, vectors=False),
    ],
)


@composite(
    np.linalg.svd,
    calls=[
        call(draw(2, 2, domain=separated_real)),
        call(draw(3, 2, domain=separated_real), False),
        call(draw(2, 2, 3, domain=separated_real), full_matrices=False),
        call(draw(2, 3, domain=separated), compute_uv=False),
        call(draw(3, 3, domain=separated_real), hermitian=True),
        call(draw(3, 3, domain=separated), compute_uv=False, hermitian=True),
    ],
)
def _np_svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    a = matrix(a)
    if hermitian:
        return _svd_of_hermitian(a, compute_uv)
    if not compute_uv:
        return apply(_svd, (a,), {"full": False, "vectors": False})[1]
    return _SVDResult(*apply(_svd, (a,), {"full": bool(full_matrices), "vectors": True}))


def _svd_of_hermitian(a: Any, compute_uv: bool) -> Any:
    """From the eigenvalues, whose signs go into the right vectors, as NumPy does."""
    w, v = np.linalg.eigh(a)
    s = np.absolute(w)
    if not compute_uv:
        return np.flip(np.sort(s), -1)
    order = np.argsort(s)[..., ::-1]
    v = np.take_along_axis(v, columns(order), -1)
    sign = np.copysign(1.0, np.take_along_axis(w, order, -1))
    s = np.take_along_axis(s, order, -1)
    return _SVDResult(v, s, adjoint(v * columns(sign)))


@composite(np.linalg.svdvals, calls=[call(draw(2, 3, domain=separated))])
def _np_svdvals(x: Any, /) -> Any:
    return apply(_svd, (matrix(x),), {"full": False, "vectors": False})[1]


# -- the nuclear norm ---------------------------------------------------------------------------
#
# Its gradient is the unitary polar factor, which is smooth at every matrix of full rank, with equal
# singular values too. Below full rank the norm has a kink: of its subgradients the least.


def _polar(a: Any) -> Any:
    """``u v'``, without the vectors of singular values 0."""
    u, s, vh = np.linalg.svd(a, False)
    return (u * columns(s > rounding(s, max(a.shape[-2:])))) @ vh


def _polar_derivative(g: Any, y: Any, a: Any) -> Any:
    """Its derivative in direction `g`; also the transpose, for it is self-adjoint."""
    u, s, vh = np.linalg.svd(a, False)
    _, _, sums, inverse = _factors(s, max(a.shape[-2:]))
    v = adjoint(vh)
    left, right = g @ v, adjoint(u) @ g
    p = adjoint(u) @ left
    outward = (left - u @ p) * columns(inverse)
    return (u @ (_skew(p) * sums) + outward) @ vh + (u * columns(inverse)) @ (right - p @ vh)


primitive(
    _polar,
    _polar_derivative,
    jvp=lambda tangents, y, a: _polar_derivative(tangents[0], y, a),
    reads="0",
    batch=leading(2),
    calls=[call(draw(*shape, domain=separated)) for shape in ((2, 2), (3, 2), (2, 1, 2))],
)


def nuclear_norm(a: Any) -> Any:
    """The sum of the singular values."""
    return np.linalg.matrix_norm(a, ord="nuc")


primitive(
    nuclear_norm,
    lambda g, y, a: g[..., None, None] * run(_polar, a),
    reads="0",
    batch=leading(2),
    calls=[call(draw(2, 3, domain=separated)), call(draw(2, 2, 2, domain=separated))],
)
