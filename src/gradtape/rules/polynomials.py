"""Polynomials by their coefficients, from the highest power down: ``p[0] * x**n + ... + p[n]``."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from gradtape.core.batching import leading
from gradtape.core.cotangents import project
from gradtape.core.dispatch import apply
from gradtape.core.domains import call, draw, nonzero, positive_real
from gradtape.core.rules import composite, is_complex, name_of, primitive, raw
from gradtape.rules.arguments import as_array, cast, conj, inexact, is_tensor, sample


def _as_tensor(x: Any) -> Any:
    return x if is_tensor(x) else apply(np.positive, (x,))


# -- values -------------------------------------------------------------------------------------


def polyval(p: Any, x: Any) -> Any:
    """The values at each of the last axis of `x` of the polynomial along the last axis of `p`."""
    if p.ndim == 1:
        return np.polyval(p, x)
    y = np.zeros_like(x)
    for power in range(p.shape[-1]):
        y = y * x + p[..., power, None]
    return y


def powers(x: Any, *, count: int) -> Any:
    """``1, x, x**2, ...`` along a new last axis."""
    x = np.expand_dims(x, -1)
    rest = np.broadcast_to(x, (*x.shape[:-1], max(count - 1, 0)))
    return np.cumprod(np.concatenate((np.ones_like(x), rest), axis=-1), axis=-1)[..., :count]


def _slopes(p: Any) -> Any:
    """The coefficients of the derivative."""
    return p[..., :-1] * np.arange(p.shape[-1] - 1, 0, -1, dtype=p.dtype)


def _polyval_in_p(g: Any, y: Any, p: Any, x: Any) -> Any:
    sums, term, x = [np.sum(g, axis=-1)], g, conj(x)
    for _ in range(p.shape[-1] - 1):
        term = term * x
        sums.append(np.sum(term, axis=-1))
    return project(np.stack(sums[::-1], axis=-1), p)


def _polyval_in_x(g: Any, y: Any, p: Any, x: Any) -> Any:
    return project(g * conj(polyval(_slopes(p), x)), x)


def _polyval_jvp(tangents: Any, y: Any, p: Any, x: Any) -> Any:
    dp, dx = tangents
    along_x = 0 if dx is None else polyval(_slopes(p), x) * dx
    return along_x if dp is None else polyval(dp, x) + along_x


primitive(
    polyval,
    _polyval_in_p,
    _polyval_in_x,
    reads="0 1",
    jvp=_polyval_jvp,
    calls=[call(draw(n), draw(m)) for n, m in ((1, 2), (2, 3), (4, 1), (3, 0))]
    + [call(draw(2, 3), draw(1, 2))],
    batch=leading(1, 1),
)


def _powers_vjp(g: Any, y: Any, x: Any, *, count: int) -> Any:
    factors = np.arange(1, count, dtype=y.dtype)
    return np.sum(g[..., 1:] * conj(y[..., :-1] * factors), axis=-1)


primitive(
    powers,
    _powers_vjp,
    reads="y",
    calls=[call(draw(3), count=n) for n in (0, 1, 2, 4)],
    batch=leading(0),
)


@composite(
    np.polyval,
    calls=[
        call(draw(4), draw(2, 3)),
        call(draw(1), draw()),
        call(draw(3), draw(2)),
        call(draw(2, 3), draw(3)),
    ],
)
def _np_polyval(p: Any, x: Any) -> Any:
    if isinstance(x, np.poly1d):
        raise TypeError("Pass an array to numpy.polyval, and np.polymul for powers of a poly1d.")
    p, x = as_array(p), as_array(x)
    if p.ndim == 1 and p.size:
        return np.reshape(apply(polyval, (p, np.ravel(x))), x.shape)
    y = _as_tensor(np.zeros_like(x))
    for coefficients in p:
        y = y * x + coefficients
    return y


@composite(
    np.vander,
    calls=[
        *(call(draw(3), *n) for n in ((), (2,), (5,))),
        call(draw(2), N=4, increasing=True),
    ],
)
def _vander(x: Any, N: Any = None, increasing: bool = False) -> Any:  # noqa: N803 (NumPy's name)
    x = as_array(x)
    if x.ndim != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    x = cast(x, np.promote_types(x.dtype, int))
    y = apply(powers, (x,), {"count": x.size if N is None else operator.index(N)})
    return y if increasing else y[:, ::-1]


# -- arithmetic ---------------------------------------------------------------------------------


def _coefficients(function: Any, p: Any) -> Any:
    p = np.atleast_1d(as_array(p))
    if p.ndim != 1:
        raise ValueError(f"Pass vectors of coefficients to {name_of(function)}: got {p.shape}.")
    return p


def _zeros_before(p: Any, length: int) -> Any:
    missing = length - p.size
    return np.concatenate((np.zeros(missing, p.dtype), p)) if missing > 0 else p


_PAIRS = [call(draw(n), draw(m)) for n, m in ((3, 3), (2, 4), (3, 1))]

for _function, _combine in ((np.polyadd, np.add), (np.polysub, np.subtract)):

    @composite(_function, calls=[*_PAIRS, call(draw(2), draw())])
    def _sum_of_two(a1: Any, a2: Any, *, function: Any = _function, combine: Any = _combine) -> Any:
        a1, a2 = _coefficients(function, a1), _coefficients(function, a2)
        return combine(_zeros_before(a1, a2.size), _zeros_before(a2, a1.size))


def _trimmed(p: Any, zero: Any) -> Any:
    """`p` without the leading coefficients that are 0, but for the last; these get no gradient."""
    kept = np.flatnonzero(~zero)
    return p[min(kept[0] if kept.size else p.size, p.size - 1) :]


@composite(np.polymul, calls=_PAIRS)
def _polymul(a1: Any, a2: Any) -> Any:
    factors = [_coefficients(np.polymul, a) for a in (a1, a2)]
    return np.convolve(*(_trimmed(a, raw(a) == 0) for a in factors))


# What NumPy trims depends on rounding, which is nothing after a division by 2.
@composite(
    np.polydiv,
    calls=[
        *(call(draw(n), np.array([2.0, *v])) for n, v in ((4, [1.5]), (5, [-1.0, 0.5]), (3, []))),
        call(draw(2), draw(3, domain=nonzero)),
    ],
)
def _polydiv(u: Any, v: Any) -> Any:
    u, v = _coefficients(np.polydiv, u), _coefficients(np.polydiv, v)
    dtype = np.result_type(u.dtype, v.dtype, np.float16)
    u, v = cast(u, dtype), cast(v, dtype)
    scale, quotient, rest = 1 / v[0], [], u
    for k in range(u.size - v.size + 1):
        quotient.append(scale * rest[k])
        window = rest[k : k + v.size] - quotient[-1] * v
        rest = np.concatenate((rest[:k], window, rest[k + v.size :]))
    q = np.stack(quotient or [np.zeros((), dtype)])
    rest = _trimmed(rest, np.isclose(raw(rest), 0, rtol=1e-14))
    return _as_tensor(q), _as_tensor(rest)


# -- derivatives and integrals ------------------------------------------------------------------


@composite(np.polyder, calls=[call(draw(4)), call(draw(4), 2), call(draw(2), m=3)])
def _polyder(p: Any, m: int = 1) -> Any:
    if m < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    p = as_array(p)
    for _ in range(int(m)):
        p = p[:-1] * np.arange(p.size - 1, 0, -1)
    return p


@composite(
    np.polyint,
    calls=[
        call(draw(3)),
        call(draw(3), 2, 1.5),
        call(draw(2), m=3, k=[1.0, 2.0, 3.0]),
    ],
)
def _polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    if m < 0:
        raise ValueError("Order of integral must be positive (see polyder)")
    p, k = as_array(p), np.atleast_1d(as_array(np.zeros(m) if k is None else k))
    if k.size == 1 and m > 1:
        k = np.broadcast_to(k, m)
    if k.size < m:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    for order in range(int(m)):
        p = np.concatenate((p / np.arange(p.size, 0, -1), k[order : order + 1]))
    return p


# -- fits ---------------------------------------------------------------------------------------


@composite(
    np.polyfit,
    calls=[
        call(draw(6), draw(6), 2),
        call(draw(6), draw(6, 2), 1, w=draw(6, domain=positive_real)),
        call(draw(7), draw(7), 2, cov=True),
    ],
)
def _polyfit(
    x: Any, y: Any, deg: Any, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False
) -> Any:
    """Least squares by the columns ``x**n``, each scaled to length 1."""
    plain, weights = (sample(x), sample(y)), None if w is None else sample(w)
    known = plain[0] is raw(x) and plain[1] is raw(y)  # not examples of a batch
    np.polyfit(*plain, deg, rcond, full or not known, weights, cov if known else False)  # refuses
    x, y = inexact(as_array(x)), inexact(as_array(y))
    lhs = np.vander(x, int(deg) + 1)
    rhs = y
    if w is not None:
        w = inexact(as_array(w))
        lhs, rhs = lhs * w[:, None], np.swapaxes(np.swapaxes(rhs, 0, -1) * w, 0, -1)
    scale = np.sqrt(np.sum(lhs * lhs, axis=0))
    if rcond is None:
        rcond = x.size * float(np.finfo(x.dtype).eps)
    c, sums, rank, s = np.linalg.lstsq(lhs / scale, rhs, rcond)
    c = np.swapaxes(np.swapaxes(c, 0, -1) / scale, 0, -1)
    if full:
        return c, sums, rank, s, rcond
    return (c, _covariance(lhs / scale, scale, sums, cov, y.ndim)) if cov else c


def _covariance(lhs: Any, scale: Any, sums: Any, cov: Any, ndim: int) -> Any:
    """That of the coefficients, by the residuals' variance unless `cov` is "unscaled"."""
    base = np.linalg.inv(lhs.T @ lhs) / np.outer(scale, scale)
    factor = 1 if cov == "unscaled" else sums / (lhs.shape[0] - lhs.shape[1])
    return base * factor if ndim == 1 else base[:, :, None] * factor


# -- roots --------------------------------------------------------------------------------------


def roots(p: Any) -> Any:
    """The roots of the polynomial."""
    return np.roots(p)


def _roots_vjp(g: Any, y: Any, p: Any) -> Any:
    # p(r) stays 0: p'(r) dr = -sum(dp[k] * r**(n - k)). A multiple root has no derivative.
    return _polyval_in_p(-g / conj(np.polyval(_slopes(p), y)), None, p, y)


def _roots_jvp(tangents: Any, y: Any, p: Any) -> Any:
    return -np.polyval(tangents[0], y) / np.polyval(_slopes(p), y)


primitive(
    roots,
    _roots_vjp,
    reads="y 0",
    jvp=_roots_jvp,
    calls=[call(draw(n, domain=nonzero)) for n in (2, 3, 4)],
)


@composite(np.roots, calls=[call(draw(4, domain=nonzero)), call([1.0, draw(), draw()])])
def _np_roots(p: Any) -> Any:
    return apply(roots, (_coefficients(np.roots, p),))


@composite(np.poly, calls=[call(draw(1)), call(draw(3)), call(draw(4))])
def _poly(seq_of_zeros: Any) -> Any:
    zeros = np.atleast_1d(as_array(seq_of_zeros))
    if zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1]:
        zeros = np.linalg.eigvals(zeros)
    if zeros.ndim != 1:
        raise ValueError("input must be 1d or non-empty square 2d array.")
    if not zeros.size:
        return 1.0
    zeros = inexact(zeros)
    p = np.ones(1, zeros.dtype)
    for position in range(zeros.size):
        factor = np.concatenate((np.ones(1, zeros.dtype), -zeros[position : position + 1]))
        p = np.convolve(p, factor)
    plain = raw(zeros)
    real = is_complex(plain) and np.array_equal(np.sort(plain), np.sort(np.conj(plain)))
    return np.real(p) if real else p
