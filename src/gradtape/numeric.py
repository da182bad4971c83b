"""Derivatives by differences, and a checker that holds the tape against them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from gradtape.core import structure
from gradtape.core.rules import name_of
from gradtape.core.tape import GradientTape
from gradtape.core.tensor import Tensor, constant

Method = Literal["central", "forward", "complex-step", "adaptive"]


class Estimate(NamedTuple):
    """A derivative by adaptive differences, and an estimate of its error.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> found = gt.approximate_derivative(np.sin, 0.0, method="adaptive")
    >>> bool(abs(found.value - 1) <= found.error < 1e-8)
    True
    """

    value: Any
    error: Any


def _central(f: Callable[[Any], Any], x: Any, eps: float) -> Any:
    return (f(x + eps) - f(x - eps)) / (2.0 * eps)


def _forward(f: Callable[[Any], Any], x: Any, eps: float) -> Any:
    return (f(x + eps) - f(x)) / eps


def _complex_step(f: Callable[[Any], Any], x: Any, _eps: float) -> Any:
    # No difference is taken, so nothing cancels and the step may be as small as can be.
    step = 1e-20
    return np.imag(f(x + 1j * step)) / step


_QUOTIENTS = {"central": _central, "forward": _forward, "complex-step": _complex_step}


def approximate_derivative(
    f: Callable[[Any], Any], x: Any, eps: float = 1e-3, method: Method = "central"
) -> Any:
    """The derivative of `f` at `x` by differences.

    ===============  =====================================  ==================
    `method`         formula                                error
    ===============  =====================================  ==================
    "central"        ``(f(x + eps) - f(x - eps)) / 2eps``   ``O(eps**2)``
    "forward"        ``(f(x + eps) - f(x)) / eps``          ``O(eps)``
    "complex-step"   ``Im f(x + ih) / h``, ``h = 1e-20``    rounding only
    "adaptive"       `scipy.differentiate.derivative`       estimated
    ===============  =====================================  ==================

    Parameters
    ----------
    f
        A function of one number or array. For an array `x` it must return one number (the result
        is its gradient) or act on each entry alone (the result is its derivative entry by entry).
        "complex-step" needs an `f` that is analytic and accepts complex numbers.
    x
        A number or an array.
    eps
        The step of "central" and "forward".
    method
        One of the above.

    Returns
    -------
    float, array of the shape of `x`, or Estimate
        "adaptive" returns an `Estimate` with fields `value` and `error`.

    Raises
    ------
    ValueError
        For an unknown method, a step that is not positive, or an `f` whose result has neither one
        entry nor the shape of `x`, or mixes entries of `x`.

    References
    ----------
    Squire and Trapp, "Using complex variables to estimate derivatives of real functions",
    SIAM Review 40 (1998).

    Examples
    --------
    >>> import gradtape as gt
    >>> gt.approximate_derivative(lambda x: 3.0 * x**2 + 2.0 * x - 1, 1.0)
    7.999999999999119
    """
    if method != "adaptive" and method not in _QUOTIENTS:
        known = ", ".join(map(repr, (*_QUOTIENTS, "adaptive")))
        raise ValueError(f"Use one of {known} as method: got {method!r}.")
    if not eps > 0:
        raise ValueError(f"Use a positive step eps: got {eps!r}.")
    plain = _plain(f)
    x = x.numpy() if isinstance(x, Tensor) else np.array(x) if isinstance(x, list) else x
    if np.ndim(x) == 0:
        return _at_point(plain, x, eps, method)
    x = np.array(x, dtype=np.result_type(x, np.float16) if _is_integer(x) else None)
    result = np.asarray(plain(x))
    if result.size == 1:
        return _entry_by_entry(plain, x, eps, method)
    if result.shape != x.shape:
        raise ValueError(
            f"Return one number, or an array of the shape of x, {x.shape}, from the function: "
            f"got shape {result.shape}."
        )
    _require_elementwise(plain, x, result)
    if method == "adaptive":
        return _adaptive(plain, x)
    return _QUOTIENTS[method](plain, x, eps)


def approximate_gradient(
    g: Callable[..., Any], *xs: Any, eps: float = 1e-3, method: Method = "central"
) -> tuple[Any, ...]:
    """The partial derivatives of `g` at `xs` by differences, one for each argument.

    Parameters, results and errors are those of `approximate_derivative`, for each argument while
    the others are held.

    Examples
    --------
    >>> import gradtape as gt
    >>> gt.approximate_gradient(lambda x1, x2: (x1 + 5) * (x2**2), 2.0, 3.0)
    (8.999999999993236, 41.999999999994486)
    """

    def partial(position: int) -> Any:
        def along(x: Any) -> Any:
            return g(*xs[:position], x, *xs[position + 1 :])

        return approximate_derivative(along, xs[position], eps, method)

    return tuple(partial(position) for position in range(len(xs)))


def _plain(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`f` returning NumPy values even where it computes with Tensors."""

    def call(x: Any) -> Any:
        y = f(x)
        return y.numpy() if isinstance(y, Tensor) else y

    return call


def _is_integer(x: Any) -> bool:
    return np.result_type(x).kind in "biu"


def _at_point(f: Callable[[Any], Any], x: Any, eps: float, method: Method) -> Any:
    return _adaptive(f, x) if method == "adaptive" else _QUOTIENTS[method](f, x, eps)


def _adaptive(f: Callable[[Any], Any], x: Any) -> Estimate:
    from scipy.differentiate import derivative

    found = derivative(f, np.asarray(x, dtype=float), preserve_shape=False)
    value, error = found.df, found.error
    return Estimate(value[()], error[()])


def _entry_by_entry(f: Callable[[Any], Any], x: Any, eps: float, method: Method) -> Any:
    """The gradient of a function that returns one number."""
    values, errors = np.empty(x.shape), np.empty(x.shape)
    for index in np.ndindex(x.shape):

        def along(t: Any, index: tuple[int, ...] = index) -> Any:
            moved = x.astype(np.result_type(x, t))
            moved[index] = t
            return np.reshape(f(moved), ())[()]

        if method == "adaptive":
            # SciPy asks for several points at once.
            values[index], errors[index] = _adaptive(np.vectorize(along), x[index])
        else:
            values[index] = _QUOTIENTS[method](along, x[index], eps)
    return Estimate(values, errors) if method == "adaptive" else values


def _require_elementwise(f: Callable[[Any], Any], x: Any, result: Any) -> None:
    """Refuse a function that mixes entries: moving some of them must leave the others alone."""
    moved = np.random.default_rng(0).permutation(np.arange(x.size) % 2 == 0).reshape(x.shape)
    changed = np.asarray(f(np.where(moved, x * 1.01 + 0.01, x)))
    if not np.array_equal(changed[~moved], result[~moved], equal_nan=True):
        raise ValueError(
            "Sum the function's result, or take one output at a time: it mixes the entries of x, "
            "so its derivative is not of the shape of x."
        )


def check_gradients(
    f: Callable[..., Any],
    *args: Any,
    order: int = 2,
    modes: Sequence[str] = ("reverse",),
    rtol: float | None = None,
    atol: float | None = None,
    max_entries: int = 64,
    seed: int = 0,
) -> None:
    """Hold the tape's gradients of `f` against central differences.

    For a random cotangent ``v``, each partial derivative of ``s(args) = <v, f(*args)>`` is compared
    with ``(8 (s(x+h) - s(x-h)) - (s(x+2h) - s(x-2h))) / 12h``; with ``order=2`` the same is done to
    ``<w, grad s>`` for a random ``w``, by nested tapes. The step is ``eps**(1/5) * max(1, |x|)``
    for the dtype's machine epsilon; where that disagrees, shorter steps are tried, and the doubt
    that they leave is allowed for.

    Parameters
    ----------
    f
        A function of Tensors returning a Tensor, or a nesting of Tensors.
    *args
        Its arguments. Floating-point and complex arrays and numbers are differentiated (Python
        floats as float64); anything else is passed on as it is.
    order
        1, or 2 to check second derivatives too.
    modes
        Which modes to check; "reverse" is the one there is.
    rtol, atol
        Tolerances relative to the largest entry compared, and absolute. The defaults follow from
        the dtype.
    max_entries
        How many entries of each argument to check; of more, a random sample is drawn with `seed`.

    Raises
    ------
    AssertionError
        If a derivative is wrong; the message names function, argument, index and both values.
    ValueError
        If there is nothing to check, or a mode or order is not available.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> gt.check_gradients(lambda x: np.sin(x) * x, np.array([0.5, 2.0]))
    """
    if order not in (1, 2):
        raise ValueError(f"Use order 1 or 2: got {order!r}.")
    if not modes or any(mode != "reverse" for mode in modes):
        raise ValueError(f"Use modes=('reverse',): got {modes!r}.")
    check = _Check(f, args, rtol, atol, max_entries, seed)
    check.compare(check.loss, check.gradient, "derivative")
    if order == 2:
        check.compare(check.slope, check.second, "second derivative")


class _Check:
    """One function at one point, with its random cotangents."""

    def __init__(
        self,
        f: Callable[..., Any],
        args: Sequence[Any],
        rtol: float | None,
        atol: float | None,
        max_entries: int,
        seed: int,
    ) -> None:
        self.f = f
        self.name = name_of(f) if isinstance(f, np.ufunc) else getattr(f, "__qualname__", repr(f))
        values = [arg.numpy() if isinstance(arg, Tensor) else arg for arg in args]
        self.args = values
        self.positions = [i for i, value in enumerate(values) if _is_inexact(value)]
        if not self.positions:
            raise ValueError("Give check_gradients a floating-point argument: got none.")
        self.point = [np.asarray(values[i]) for i in self.positions]
        self.eps = eps = max(float(np.finfo(x.dtype).eps) for x in self.point)
        self.step = eps**0.2
        self.rtol = 100 * eps**0.8 if rtol is None else rtol
        self.atol = 100 * eps**0.8 if atol is None else atol
        self.rng = np.random.default_rng(seed)
        self.max_entries = max_entries
        outputs = [y.numpy() for y in self._outputs([constant(x) for x in self.point])]
        self.v = [self._random(y) for y in outputs]
        self.w = [self._random(x) for x in self.point]

    def _random(self, like: Any) -> Any:
        draw = self.rng.uniform(0.5, 1.5, np.shape(like))
        if np.iscomplexobj(like):
            draw = draw + 1j * self.rng.uniform(-1.0, 1.0, np.shape(like))
        return draw.astype(np.result_type(like))

    def _outputs(self, tensors: Sequence[Tensor]) -> list[Any]:
        args = list(self.args)
        for position, tensor in zip(self.positions, tensors, strict=True):
            args[position] = tensor
        results = structure.flatten(self.f(*args))
        for y in results:
            if not isinstance(y, Tensor) and _is_inexact(y):
                raise ValueError(
                    f"Return Tensors from {self.name}: got a plain {type(y).__name__}, which "
                    f"carries no gradient."
                )
        found = [y for y in results if isinstance(y, Tensor) and _is_inexact(y._value)]
        if not found:
            raise ValueError(f"Return a floating-point Tensor from {self.name}: got none.")
        return found

    def loss(self, point: Sequence[Any]) -> Any:
        """``<v, f>`` at `point`."""
        return _inner(self.v, [y.numpy() for y in self._outputs([constant(x) for x in point])])

    def gradient(self, point: Sequence[Any]) -> list[Any]:
        """The tape's gradients of `loss`."""
        xs = [constant(x) for x in point]
        with GradientTape() as tape:
            tape.watch(xs)
            ys = self._outputs(xs)
        return [g.numpy() for g in tape.gradient(ys, xs, self.v, unconnected_gradients="zero")]

    def slope(self, point: Sequence[Any]) -> Any:
        """``<w, gradient>`` at `point`."""
        return _inner(self.w, self.gradient(point))

    def second(self, point: Sequence[Any]) -> list[Any]:
        """The gradients of `slope`, by nested tapes."""
        xs = [constant(x) for x in point]
        with GradientTape() as outer:
            outer.watch(xs)
            with GradientTape() as inner:
                inner.watch(xs)
                ys = self._outputs(xs)
            firsts = inner.gradient(ys, xs, self.v, unconnected_gradients="zero")
        found = outer.gradient(firsts, xs, self.w, unconnected_gradients="zero")
        return [g.numpy() for g in found]

    def compare(
        self,
        function: Callable[[Sequence[Any]], Any],
        derivative: Callable[[Sequence[Any]], list[Any]],
        what: str,
    ) -> None:
        """Raise AssertionError at the first entry where `derivative` is not that of `function`."""
        for k, analytic in enumerate(derivative(self.point)):
            scale = float(np.max(np.abs(analytic), initial=0.0))
            for index in self._indices(self.point[k]):
                found = analytic[index]
                numeric = self._difference(function, k, index)
                if self._agree(found, numeric, scale, 0.0):
                    continue
                # The step may be too long for this function, or rounding too loud for it.
                numeric, doubt = self._refined(function, k, index, numeric)
                if not self._agree(found, numeric, scale, doubt):
                    place = f"[{', '.join(map(str, index))}]" if index else ""
                    raise AssertionError(
                        f"The {what} of {self.name} with respect to argument "
                        f"{self.positions[k]}{place} is wrong: the tape gives {found}, "
                        f"differences give {numeric}."
                    )

    def _agree(self, analytic: Any, numeric: Any, scale: float, doubt: float) -> bool:
        error = abs(complex(analytic) - complex(numeric))
        return bool(error <= self.atol + self.rtol * max(scale, abs(numeric)) + doubt)

    def _refined(
        self, function: Callable[[Sequence[Any]], Any], k: int, index: Any, numeric: Any
    ) -> tuple[Any, float]:
        """The difference, among ever shorter steps, that changed least; and how far to trust it."""
        step, change, previous = self.step, float("inf"), numeric
        rounding = 8 * self.eps * abs(float(function(self.point))) / step
        try:
            for _ in range(6):
                self.step /= 4
                found = self._difference(function, k, index)
                if abs(found - previous) < change:
                    change, numeric = abs(found - previous), found
                previous = found
        finally:
            self.step = step
        return numeric, rounding + (2 * change if np.isfinite(change) else 0.0)

    def _indices(self, x: Any) -> list[tuple[int, ...]]:
        indices = list(np.ndindex(x.shape))
        if len(indices) > self.max_entries:
            chosen = self.rng.choice(len(indices), self.max_entries, replace=False)
            indices = [indices[i] for i in sorted(chosen)]
        return indices

    def _difference(self, function: Callable[[Sequence[Any]], Any], k: int, index: Any) -> Any:
        """The difference quotient in one entry; for a complex one in both its parts."""
        x = self.point[k]
        h = self.step * max(1.0, float(np.abs(x[index])))

        def at(shift: complex) -> Any:
            moved = x.copy()
            moved[index] += shift
            return function([*self.point[:k], moved, *self.point[k + 1 :]])

        def along(unit: complex) -> Any:
            near, far = at(h * unit) - at(-h * unit), at(2 * h * unit) - at(-2 * h * unit)
            return (8 * near - far) / (12 * h)

        return along(1) + 1j * along(1j) if np.iscomplexobj(x) else along(1)


def _is_inexact(value: Any) -> bool:
    return (
        np.result_type(value).kind in "fc"
        if hasattr(value, "dtype")
        else isinstance(value, (float, complex))
    )


def _inner(a: Sequence[Any], b: Sequence[Any]) -> Any:
    """The real inner product, in double precision."""
    total = 0.0
    for x, y in zip(a, b, strict=True):
        total += float(np.real(np.sum(np.conj(x) * np.asarray(y, np.result_type(y, np.float64)))))
    return total
