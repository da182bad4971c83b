"""One of several values at each entry: `where`, `select`, `choose`, `piecewise`, `clip` ..."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from gradtape.core.dispatch import apply
from gradtape.core.domains import Domain, call, draw, real_only
from gradtape.core.kinds import surely
from gradtape.core.rules import composite, is_complex, raw, selection
from gradtape.rules.arguments import cast, into, is_tensor, joined

# -- one of several arrays at each entry --------------------------------------------------------


def choice(condition: Any, x: Any, y: Any) -> Any:
    """`numpy.where` with its three arguments: what is recorded."""
    return np.where(condition, x, y)


_MASK = np.array([[True], [False], [True]])

selection(
    choice,
    None,  # the condition is never the result
    lambda y, c, a, b: np.not_equal(c, 0),  # not `c != 0`, a Python bool for a Python bool
    lambda y, c, a, b: np.equal(c, 0),
    domain=(real_only, real_only, real_only),
    calls=[call(_MASK, draw(3, 4), draw(3, 4))],
)


@composite(
    np.where,
    calls=[
        call(_MASK, draw(3, 4), draw(3, 4)),
        call(_MASK, draw(3, 4), draw()),
        call(_MASK, draw(4), draw(3, 1)),
        call(np.array([1, 0, 2]), draw(3), 0.0),
        call(True, draw(), draw()),
        call(False, draw(), draw(2)),
        call(True, draw(), draw(2)),
        call(np.zeros((0, 2), bool), draw(2), draw(0, 2)),
    ],
)
def _where(condition: Any, *branches: Any) -> Any:
    if branches:
        return apply(choice, (condition, *branches))
    return np.nonzero(condition)


@composite(
    np.select,
    calls=[
        call([np.array([True, False, False]), np.array([True, True, False])], [draw(3), 2.0]),
        call([_MASK], [draw(4)], default=1.0),
    ],
)
def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError(
            f"Give as many conditions as choices, and at least one: got {len(condlist)} "
            f"conditions and {len(choicelist)} choices."
        )
    conditions = [c if is_tensor(c) else np.asarray(c) for c in condlist]
    for position, condition in enumerate(conditions):
        if condition.dtype.kind != "b":
            raise TypeError(
                f"Give boolean conditions: condition {position} has dtype {condition.dtype}."
            )
    choices = [joined(c) for c in choicelist]
    dtype = np.result_type(*map(raw, choices), raw(default))
    result = default if hasattr(default, "dtype") else dtype.type(default)
    for condition, chosen in zip(reversed(conditions), reversed(choices), strict=True):
        result = np.where(condition, chosen, result)
    return result


@composite(
    np.choose,
    calls=[
        call(np.array([0, 2, 1]), [draw(3), draw(3), draw()]),
        call(np.array([[4], [-1]]), [draw(3), draw(3)], mode="clip"),
        call(np.array([4, -1]), [draw(2), draw(2), draw(2)], mode="wrap"),
        call(np.array([0, 1, 1]), draw(2, 3)),
    ],
)
def _choose(a: Any, choices: Any, out: Any = None, mode: Any = "raise") -> Any:
    options = [joined(option) for option in choices]
    number = np.choose(raw(a), list(range(len(options))), mode=mode)
    result = options[-1]
    for k, option in reversed(list(enumerate(options[:-1] or options))):
        result = apply(choice, (number == k, option, result))
    return into(out, result)


_CONDITIONS = [np.array([True, False, False]), np.array([False, True, False])]


@composite(
    np.piecewise,
    calls=[
        call(draw(3), _CONDITIONS, [lambda x: x * x, lambda x: 3 * x, 7.0]),
        call(draw(3), _CONDITIONS, [lambda x, k: k * x * x, 2.0], 5.0),
        call(draw(), [True], [lambda x: x * x]),
    ],
)
def _piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    conditions = condlist
    if condlist.__class__ in (list, tuple):
        conditions = [raw(condition) for condition in condlist]
    numbers = list(range(1, len(funclist) + 1))
    if any([hasattr(raw(condition), "examples") for condition in conditions]):
        return _piecewise_examples(x, conditions, funclist, args, kw)
    taken = np.piecewise(np.zeros(x.shape, np.intp), raw(conditions), numbers)
    entries = x if x.ndim else np.reshape(x, -1)
    result = np.zeros(entries.shape, x.dtype)
    for number, function in zip(numbers, funclist, strict=True):
        mask = (taken == number).reshape(entries.shape)
        if callable(function) and not surely(~mask):
            function = function(entries[mask], *args, **kw)
        if not callable(function):
            result = apply(operator.setitem, (result, mask, function))
    # A Tensor also where nothing was taken.
    return apply(np.positive, (result if x.ndim else np.reshape(result, ()),))


def _piecewise_examples(x: Any, conditions: Any, functions: Any, args: Any, kw: Any) -> Any:
    """Where conditions differ between the examples: each function of all of `x`, then chosen."""
    default = functions[len(conditions) :]
    pieces = [*zip([True], default, strict=False), *zip(conditions, functions, strict=False)]
    result = np.zeros_like(x)
    for condition, piece in pieces:
        y = piece(x, *args, **kw) if callable(piece) else piece
        result = apply(choice, (condition, cast(y, x.dtype), result))
    return result


# -- bounds -------------------------------------------------------------------------------------


_CLIP = np._core.umath.clip  # type: ignore[attr-defined]  # what ndarray.clip calls

_SPREAD = Domain(-2.0, 2.0, holes=(-1.0, 1.0), complex=True)
_LOW, _HIGH = Domain(-1.2, -0.8, complex=True), Domain(0.8, 1.2, complex=True)

# At a bound x is still free to move to one side, and has the gradient, as in TensorFlow. Where the
# bounds cross the result is the upper one.
selection(
    _CLIP,
    lambda y, x, low, high: np.logical_not((x < low) | (x > high) | (low > high)),
    lambda y, x, low, high: (x < low) & np.logical_not(low > high),
    lambda y, x, low, high: (x > high) | (low > high),
    domain=(_SPREAD, _LOW, _HIGH),
)


@composite(
    np.clip,
    calls=[
        call(draw(5, domain=_SPREAD), -1.0, 1.0),
        call(draw(5, domain=_SPREAD), None, 1.0),
        call(draw(5, domain=_SPREAD), draw(2, 1, domain=_LOW), None),
        call(draw(5, domain=_SPREAD), draw(domain=_LOW), 1.0),
        call(draw(5, domain=_SPREAD), a_min=None, a_max=draw(domain=_HIGH)),
    ],
)
def _clip(
    a: Any,
    a_min: Any = None,
    a_max: Any = None,
    out: Any = None,
    *,
    min: Any = None,
    max: Any = None,
    **kwargs: Any,
) -> Any:
    if (min is not None and a_min is not None) or (max is not None and a_max is not None):
        raise ValueError("Give numpy.clip each bound once: got a_min and min, or a_max and max.")
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    if out is not None:
        kwargs["out"] = out
    if low is not None and high is not None:
        return _CLIP(a, low, high, **kwargs)
    if low is not None:
        return np.maximum(a, low, **kwargs)
    if high is not None:
        return np.minimum(a, high, **kwargs)
    return np.positive(a, **kwargs)


@composite(np.nan_to_num, calls=[call(draw(2, 3)), call(draw(), nan=1.0)])
def _nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    if is_complex(x):
        real, imag = np.real(x), np.imag(x)
        result = _finite(real, nan, posinf, neginf) + _finite(imag, nan, posinf, neginf) * 1j
    else:
        result = _finite(x, nan, posinf, neginf)
    if not copy:
        x[...] = result
        return x
    return result


def _finite(x: Any, nan: Any, posinf: Any, neginf: Any) -> Any:
    if x.dtype.kind not in "fc":
        return np.positive(x)
    limits = np.finfo(x.dtype)
    posinf = float(limits.max) if posinf is None else posinf
    neginf = float(limits.min) if neginf is None else neginf
    x = np.where(np.isnan(x), nan, x)
    x = np.where(np.isposinf(x), posinf, x)
    return np.where(np.isneginf(x), neginf, x)
