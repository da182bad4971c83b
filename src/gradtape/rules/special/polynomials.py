"""Orthogonal polynomials: derivatives in the argument, NIST DLMF 18.9(iii)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import _ufuncs as special

from gradtape.core.domains import Domain, call, draw
from gradtape.core.rules import elementwise
from gradtape.rules.special.unavailable import unavailable

_inner = Domain(-0.8, 0.8)
_DEGREES = np.array([0, 1, 2, 5])


def _below(n: Any) -> Any:
    """The degree of the derivative, where there is one: that of degree 0 has the factor 0."""
    return np.maximum(n - 1, 0).astype(np.intp)


def _register(function: Any, slope: Callable[..., Any], *parameters: float) -> None:
    name = function.__name__
    elementwise(
        function,
        unavailable(name, "the degree"),
        *[unavailable(name, "the parameters")] * len(parameters),
        slope,
        domain=(_inner,) * (2 + len(parameters)),
        calls=[call(_DEGREES, *parameters, draw(4, domain=_inner))],
    )


def _unless_constant(n: Any, slope: Any) -> Any:
    return np.where(n == 0, 0, slope)


_register(special.eval_chebyt, lambda y, n, x: n * special.eval_chebyu(_below(n), x))
_register(
    special.eval_chebyu,
    lambda y, n, x: _unless_constant(n, 2 * special.eval_gegenbauer(_below(n), 2.0, x)),
)
_register(
    special.eval_legendre,
    lambda y, n, x: _unless_constant(n, (n + 1) / 2 * special.eval_jacobi(_below(n), 1.0, 1.0, x)),
)
_register(
    special.eval_jacobi,
    lambda y, n, a, b, x: _unless_constant(
        n, (n + a + b + 1) / 2 * special.eval_jacobi(_below(n), a + 1, b + 1, x)
    ),
    0.5,
    1.5,
)
_register(
    special.eval_gegenbauer,
    lambda y, n, a, x: _unless_constant(n, 2 * a * special.eval_gegenbauer(_below(n), a + 1, x)),
    1.5,
)
_register(
    special.eval_laguerre,
    lambda y, n, x: _unless_constant(n, -special.eval_genlaguerre(_below(n), 1.0, x)),
)
_register(
    special.eval_genlaguerre,
    lambda y, n, a, x: _unless_constant(n, -special.eval_genlaguerre(_below(n), a + 1, x)),
    0.5,
)
_register(special.eval_hermite, lambda y, n, x: 2 * n * special.eval_hermite(_below(n), x))
_register(special.eval_hermitenorm, lambda y, n, x: n * special.eval_hermitenorm(_below(n), x))
_register(special.eval_chebyc, lambda y, n, x: n * special.eval_chebyu(_below(n), x / 2))
_register(
    special.eval_chebys,
    lambda y, n, x: _unless_constant(n, special.eval_gegenbauer(_below(n), 2.0, x / 2)),
)
_register(special.eval_sh_chebyt, lambda y, n, x: 2 * n * special.eval_chebyu(_below(n), 2 * x - 1))
_register(
    special.eval_sh_chebyu,
    lambda y, n, x: _unless_constant(n, 4 * special.eval_gegenbauer(_below(n), 2.0, 2 * x - 1)),
)
_register(
    special.eval_sh_legendre,
    lambda y, n, x: _unless_constant(
        n, (n + 1) * special.eval_jacobi(_below(n), 1.0, 1.0, 2 * x - 1)
    ),
)
_register(
    special.eval_sh_jacobi,
    lambda y, n, p, q, x: n * special.eval_sh_jacobi(_below(n), p + 2, q + 1, x),
    2.5,
    1.5,
)
