"""``tf.debugging``: assertions, which return None or raise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from gradtape.core.handle import Handle
from gradtape.tf.dtypes import DType, as_dtype, float32
from gradtape.tf.errors import InvalidArgumentError, invalid
from gradtape.tf.policy import lifted, tensor, together
from gradtape.tf.printing import shown
from gradtape.tf.tensors import IndexedSlices, Tensor, Variable, convert_to_tensor

# -- comparisons --------------------------------------------------------------------------------


def _fail(claim: str, message: Any, summarize: Any, **values: Any) -> InvalidArgumentError:
    """The error of a `claim` that does not hold of `values`."""
    few = 3 if summarize is None else int(summarize)
    parts = "; ".join(f"{key} = {shown(value, few)}" for key, value in values.items())
    prefix = f"{message}\n" if message else ""
    return invalid(f"{prefix}Check the values: {claim} does not hold everywhere. {parts}.")


def _compares(name: str, symbol: str, holds: Callable[[Any, Any], Any]) -> Any:
    def check(
        x: Any, y: Any, message: Any = None, summarize: Any = None, name: str | None = None
    ) -> None:
        a, b = _values(x, y)
        try:
            good = holds(a, b).all()
        except ValueError as error:
            raise invalid(f"Give shapes that broadcast: got {a.shape} and {b.shape}.") from error
        if not good:
            raise _fail(f"x {symbol} y", message, summarize, x=a, y=b)

    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"""Raise an InvalidArgumentError unless ``x {symbol} y`` everywhere."""
    return check


def _values(x: Any, y: Any) -> tuple[Any, Any]:
    """The numbers of two operands; a list or number takes the other's dtype."""
    a, b = (x, y) if isinstance(x, Handle) and isinstance(y, Handle) else together(x, y)
    if a._value.dtype != b._value.dtype:
        raise invalid(f"Cast one with tf.cast: got dtypes {a._value.dtype} and {b._value.dtype}.")
    return a._value, b._value


assert_equal = _compares("assert_equal", "==", np.equal)
assert_greater = _compares("assert_greater", ">", np.greater)
assert_greater_equal = _compares("assert_greater_equal", ">=", np.greater_equal)
assert_less = _compares("assert_less", "<", np.less)
assert_less_equal = _compares("assert_less_equal", "<=", np.less_equal)
_assert_differ = _compares("assert_none_equal", "!=", np.not_equal)


def assert_none_equal(
    x: Any, y: Any, summarize: Any = None, message: Any = None, name: str | None = None
) -> None:
    """Raise an InvalidArgumentError unless ``x != y`` everywhere."""
    _assert_differ(x, y, message, summarize)


def assert_near(
    x: Any,
    y: Any,
    rtol: Any = None,
    atol: Any = None,
    message: Any = None,
    summarize: Any = None,
    name: str | None = None,
) -> None:
    """Raise an InvalidArgumentError unless ``|x - y| < atol + rtol * |y|`` everywhere.

    Both tolerances are ten times the dtype's epsilon by default.
    """
    a, b = _values(x, y)
    if a.dtype.kind not in "fc":
        eps = np.finfo(np.float32).eps if rtol is None or atol is None else 0.0
    else:
        eps = np.finfo(a.dtype).eps
    rtol, atol = (10 * eps if t is None else convert_to_tensor(t)._value for t in (rtol, atol))
    if not np.all(np.abs(a - b) < atol + rtol * np.abs(b)):
        raise _fail("|x - y| < atol + rtol * |y|", message, summarize, x=a, y=b)


def _of_sign(name: str, symbol: str, holds: Callable[[Any, Any], Any]) -> Any:
    def check(x: Any, message: Any = None, summarize: Any = None, name: str | None = None) -> None:
        value = convert_to_tensor(x)._value
        if not holds(value, 0).all():
            raise _fail(f"x {symbol} 0", message, summarize, x=value)

    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"""Raise an InvalidArgumentError unless ``x {symbol} 0`` everywhere."""
    return check


assert_negative = _of_sign("assert_negative", "<", np.less)
assert_positive = _of_sign("assert_positive", ">", np.greater)
assert_non_negative = _of_sign("assert_non_negative", ">=", np.greater_equal)
assert_non_positive = _of_sign("assert_non_positive", "<=", np.less_equal)


def Assert(  # noqa: N802 (TensorFlow's name)
    condition: Any, data: Any, summarize: Any = None, name: str | None = None
) -> None:
    """Raise an InvalidArgumentError that shows `data` unless `condition` holds.

    Raises
    ------
    TypeError
        If `data` is not a list.
    """
    if not isinstance(data, (list, tuple)):
        raise TypeError(f"Give tf.Assert a list of what to show: got {data!r}.")
    if not np.all(convert_to_tensor(condition)._value):
        few = 3 if summarize is None else int(summarize)
        parts = [x if isinstance(x, str) else shown(convert_to_tensor(x)._value, few) for x in data]
        raise invalid(f"Check the values: a tf.Assert does not hold. {' '.join(parts)}")


# -- numbers ------------------------------------------------------------------------------------


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Any:
    """`tensor`, if it has no NaN and no infinite entry.

    Raises
    ------
    InvalidArgumentError
        If it has one; the text begins with `message`.
    """
    made = convert_to_tensor(tensor)
    value = made._value
    if value.dtype.kind != "f":
        raise invalid(f"Give check_numerics floating-point numbers: got dtype {value.dtype}.")
    infinite, nans = bool(np.any(np.isinf(value))), bool(np.any(np.isnan(value)))
    if infinite or nans:
        found = " and ".join(["Inf"] * infinite + ["NaN"] * nans)
        raise invalid(f"{message} : Tensor had {found} values")
    return made


def assert_all_finite(x: Any, message: str, name: str | None = None) -> Any:
    """`x`, if it has no NaN and no infinite entry; else an InvalidArgumentError."""
    return check_numerics(x, message)


def enable_check_numerics(stack_height_limit: int = 30, path_length_limit: int = 50) -> None:
    """Not here.

    Raises
    ------
    NotImplementedError
        Always: it would be silent about what it does not check.
    """
    raise NotImplementedError(
        "Call tf.debugging.check_numerics on the Tensors in question, or use np.errstate: there is "
        "no check of every operation."
    )


def disable_check_numerics() -> None:
    """Nothing: `enable_check_numerics` is never in force."""


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether `tensor` is a Tensor of numbers; booleans are none, and a Variable is no Tensor."""
    is_tensor = isinstance(tensor, Handle) and not isinstance(tensor, Variable)
    return is_tensor and tensor._value.dtype.kind in "iufc"


# -- dtypes -------------------------------------------------------------------------------------


def assert_type(tensor: Any, tf_type: Any, message: Any = None, name: str | None = None) -> None:
    """Raise a TypeError unless `tensor` has the dtype `tf_type`."""
    wanted, made = as_dtype(tf_type), convert_to_tensor(tensor)
    if made.dtype != wanted:
        raise TypeError(f"{_prefix(message)}Give a Tensor of {wanted!r}: got {made.dtype!r}.")


def assert_integer(x: Any, message: Any = None, name: str | None = None) -> None:
    """Raise a TypeError unless `x` has an integer dtype."""
    made = convert_to_tensor(x)
    if not made.dtype.is_integer:
        raise TypeError(f"{_prefix(message)}Give integers: got {made.dtype!r}.")


def assert_same_float_dtype(tensors: Any = None, dtype: Any = None) -> DType:
    """The floating-point dtype that all `tensors`, and `dtype`, have; float32 without any.

    Raises
    ------
    ValueError
        If they differ, or the dtype is not floating-point.
    """
    found = None if dtype is None else as_dtype(dtype)
    for x in tensors or ():
        if x is not None:
            if found is not None and x.dtype != found:
                raise ValueError(f"Give one dtype: got {found!r} and {x.dtype!r}.")
            found = as_dtype(x.dtype)
    found = float32 if found is None else found
    if not found.is_floating:
        raise ValueError(f"Give a floating-point dtype: got {found!r}.")
    return found


def assert_proper_iterable(values: Any) -> None:
    """Raise a TypeError unless `values` is a list or the like, not one Tensor, array or string."""
    if isinstance(values, (Handle, IndexedSlices, np.ndarray, str, bytes)) or not isinstance(
        values, Iterable
    ):
        raise TypeError(f"Give a list of Tensors: got {type(values).__name__}.")


# -- shapes -------------------------------------------------------------------------------------


def _prefix(message: Any) -> str:
    return f"{message}.  " if message else ""


def _rank(rank: Any) -> int:
    """A rank argument as an integer."""
    made = tensor(rank)._value
    if made.dtype != np.int32:
        raise TypeError(f"Give the rank as an int32: got dtype {made.dtype}.")
    if made.ndim:
        raise ValueError(f"Give the rank as a scalar: got shape {made.shape}.")
    return int(made)


def _check_rank(x: Any, good: Callable[[int], bool], wanted: str, message: Any) -> None:
    shape = convert_to_tensor(x)._value.shape
    if not good(len(shape)):
        raise ValueError(f"{_prefix(message)}Give a Tensor of rank {wanted}: got shape {shape}.")


def assert_rank(x: Any, rank: Any, message: Any = None, name: str | None = None) -> None:
    """Raise a ValueError unless `x` has `rank` axes."""
    wanted = _rank(rank)
    _check_rank(x, lambda n: n == wanted, str(wanted), message)


def assert_rank_at_least(x: Any, rank: Any, message: Any = None, name: str | None = None) -> None:
    """Raise a ValueError unless `x` has `rank` axes or more."""
    least = _rank(rank)
    _check_rank(x, lambda n: n >= least, f"{least} or more", message)


def assert_rank_in(x: Any, ranks: Any, message: Any = None, name: str | None = None) -> None:
    """Raise a ValueError unless the number of axes of `x` is one of `ranks`."""
    wanted = [_rank(rank) for rank in ranks]
    _check_rank(x, lambda n: n in wanted, " or ".join(map(str, wanted)), message)


def assert_scalar(tensor: Any, message: Any = None, name: str | None = None) -> None:
    """Raise a ValueError unless `tensor` has no axes."""
    _check_rank(tensor, lambda n: n == 0, "0", message)


def assert_shapes(
    shapes: Any, data: Any = None, summarize: Any = None, message: Any = None, name: Any = None
) -> None:
    """Raise a ValueError unless Tensors have the shapes given, with one length for each letter.

    Parameters
    ----------
    shapes
        Pairs ``(tensor, shape)``, or a dict. A shape lists integers, names of lengths, which must
        agree wherever they stand, and None or "." for any length; a first entry ``...`` or "*"
        stands for any number of axes. A scalar counts as a vector of one entry.
    message
        What the error begins with.
    """
    pairs = shapes.items() if isinstance(shapes, Mapping) else shapes
    known: dict[Any, int] = {}
    for x, wanted in pairs:
        if wanted is None:
            continue
        if not hasattr(wanted, "__iter__"):
            raise ValueError(f"{_prefix(message)}Give each shape as a list: got {wanted!r}.")
        symbols = list(wanted)
        open_ended = bool(symbols) and symbols[0] in (Ellipsis, "*")
        symbols = symbols[open_ended:]
        if any([s in (Ellipsis, "*") for s in symbols]):
            raise ValueError(f"{_prefix(message)}Put ... or * first: got {wanted!r}.")
        _check_shape(convert_to_tensor(x)._value.shape, symbols or [1], open_ended, known, message)


def _check_shape(
    shape: Any, symbols: list[Any], open_ended: bool, known: dict[Any, int], message: Any
) -> None:
    """Hold the last axes of `shape` against `symbols`, whose lengths `known` collects."""
    lengths = shape or (1,)
    fits = len(lengths) >= len(symbols) if open_ended else len(lengths) == len(symbols)
    if not fits:
        raise ValueError(f"{_prefix(message)}Give the rank of {symbols}: got shape {shape}.")
    for symbol, length in zip(symbols, lengths[len(lengths) - len(symbols) :], strict=True):
        if symbol in (None, "."):
            continue
        wanted = _length(symbol)
        wanted = known.setdefault(symbol, length) if wanted is None else wanted
        if wanted != length:
            raise ValueError(
                f"{_prefix(message)}Give an axis {symbol!r} of length {wanted}: got shape {shape}."
            )


def _length(symbol: Any) -> int | None:
    """The length that a symbol names, if it is a number."""
    try:
        return int(symbol)
    except (TypeError, ValueError):
        return None


# -- switches -----------------------------------------------------------------------------------

_PLACEMENT = [False]
_FILTERING = [True]


def set_log_device_placement(enabled: bool) -> None:
    """Of no effect: everything is on the CPU."""
    _PLACEMENT[0] = bool(enabled)


def get_log_device_placement() -> bool:
    """What was last given to `set_log_device_placement`."""
    return _PLACEMENT[0]


def enable_traceback_filtering() -> None:
    """Of no effect: tracebacks are Python's own."""
    _FILTERING[0] = True


def disable_traceback_filtering() -> None:
    """Of no effect: tracebacks are Python's own."""
    _FILTERING[0] = False


def is_traceback_filtering_enabled() -> bool:
    """What was last asked for."""
    return _FILTERING[0]
