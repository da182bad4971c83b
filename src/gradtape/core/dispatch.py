"""The one door: every operation on a Tensor comes through here.

Unwrap the Tensors, compute with plain NumPy, wrap the result, and tell the recorders that know one
of the arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradtape.core.batch import LEVELS, Level, batched, deepest, on_batches
from gradtape.core.handle import REAL_SCALARS, UNTRACKED, Handle, Spec, frozen, settled
from gradtape.core.kinds import Composite, Constant, Recorded, Rule, name_of
from gradtape.core.rules import RULES, WHY_NOT, rule_of
from gradtape.core.tape import active

_OPERANDS = frozenset(
    {np.ndarray, int, bool, float, complex, np.float64, np.float32, np.float16, Spec}
)
_PLAIN = frozenset({int, bool, float, str, type(None), np.dtype, Spec})


def apply(function: Any, args: Sequence[Any], kwargs: dict[str, Any] | None = None) -> Any:
    """``function(*args, **kwargs)`` on Tensors: computed, wrapped and recorded.

    Raises
    ------
    TypeError
        If gradtape does not know `function` and an argument is being recorded.
    """
    rule = RULES.get(function) or rule_of(function)
    if rule is None:
        return _unknown(function, args, kwargs or {})
    if isinstance(rule, Recorded):
        return perform(rule, args, kwargs or {})
    if isinstance(rule, Composite):
        return rule.compute(*args, **(kwargs or {}))
    return _constant(rule.compute, args, kwargs or {})


def perform(rule: Recorded, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Compute and record one operation whose Tensors stand among `args`."""
    if not args and len(kwargs) == 1:  # the only argument, given by its name
        args, kwargs = tuple(kwargs.values()), {}
    if not kwargs and len(args) == 1 and isinstance(args[0], Handle) and not LEVELS:
        values: Sequence[Any] = (args[0]._value,)
        return finish(rule, rule.compute(values[0]), values, args, kwargs, args[0]._result)
    values = []
    for arg in args:
        if isinstance(arg, Handle):
            values.append(arg._value)
        elif arg.__class__ in _OPERANDS:
            values.append(arg)
        else:
            args = [operand(a) for a in args]
            values = [a._value if isinstance(a, Handle) else a for a in args]
            break
    if kwargs:
        kwargs = {key: _plain_option(rule, key, value) for key, value in kwargs.items()}
    if LEVELS:
        level = deepest(values, kwargs)
        if level is not None:
            return _perform_on_batches(rule, level, values, args, kwargs)
        if not handles_in([*args]):  # among batches, plain arrays stay plain
            return rule.compute(*values, **kwargs)
    if kwargs:
        y = rule.compute(*values, **kwargs)
        if isinstance(rule.function, np.ufunc):  # a derivative reads none of dtype=, order= ...
            kwargs = {"axes": kwargs["axes"]} if "axes" in kwargs else {}
    else:
        y = rule.compute(*values)
    return finish(rule, y, values, args, kwargs, _result_class(args))


def _perform_on_batches(
    rule: Recorded, level: Level, values: Sequence[Any], args: Sequence[Any], kwargs: dict[str, Any]
) -> Any:
    """`perform` where a value is a `Batch`.

    While its level is open, batches are the values of Tensors, and what the recorders outside know
    takes part as the Tensor that it is. Otherwise Tensors are what batches are made of.
    """
    if not level.open:
        pairs = zip(args, values, strict=True)
        return batched(rule, [v if deepest((v,)) is level else arg for arg, v in pairs], kwargs)
    lifted = [
        arg
        if isinstance(arg, Handle) and deepest((value,)) is not level and level.knows(arg)
        else value
        for arg, value in zip(args, values, strict=True)
    ]
    y = batched(rule, lifted, kwargs)
    if not any([isinstance(arg, Handle) for arg in args]) and not handles_in(kwargs):
        return y
    return finish(rule, y, values, args, kwargs, _result_class(args))


def renamed(handle: Handle) -> Any:
    """A Tensor of the same value with an identity of its own, connected to `handle`."""
    value = handle._value
    return finish(RULES[np.positive], value, (value,), (handle,), {}, handle._result)


def finish(
    rule: Any,
    y: Any,
    values: Sequence[Any],
    args: Sequence[Any],
    kwargs: Any,
    tensor: type[Handle],
) -> Any:
    """Wrap `y`, which `rule` computed from `values` of `args`, and record it where it must be."""
    kind = y.__class__
    if kind not in REAL_SCALARS:
        if kind is tuple or kind is list:
            return _finish_several(rule, tuple(y), values, args, kwargs, tensor)
        y = settled(y)
        if kind is np.ndarray and y.base is not None:
            y = _detached(y, args)
        if y.dtype.kind not in "fc":
            return undifferentiable(y, tensor)
    out = UNTRACKED
    for recorder in active():
        out = recorder.record(rule, y, values, args, kwargs, out)
    return tensor(y, out)


def _finish_several(
    rule: Recorded,
    results: tuple[Any, ...],
    values: Sequence[Any],
    args: Sequence[Any],
    kwargs: Any,
    tensor: type[Handle],
) -> Any:
    """`finish` for a function with several results."""
    results = tuple(map(settled, results))
    out: Any = UNTRACKED
    for recorder in active():
        out = recorder.record(rule, results, values, args, kwargs, out)
    return tuple(map(tensor, results, out or (UNTRACKED,) * len(results)))


def undifferentiable(y: Any, tensor: type[Handle]) -> Any:
    """Wrap a result that is not recorded; one of Python objects would lose its gradient so."""
    if y.dtype.kind == "O":
        raise TypeError("Give arrays of numbers: got Python objects (dtype object).")
    return tensor(y, UNTRACKED)


def _detached(y: Any, args: Sequence[Any]) -> Any:
    """`y`, copied if it is a view of a plain array, into which its owner may write."""
    for arg in args:
        if isinstance(arg, np.ndarray) and _owner(arg) is _owner(y):
            return settled(y.copy())
    return y


def _owner(array: Any) -> Any:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def wrap(y: Any, tensor: type[Handle]) -> Any:
    """`y` with arrays and NumPy scalars as Tensors, also inside lists and tuples."""
    if isinstance(y, (np.ndarray, np.generic)):
        return tensor(settled(y), UNTRACKED)
    if isinstance(y, tuple) and hasattr(y, "_fields"):
        return type(y)(*(wrap(part, tensor) for part in y))
    if isinstance(y, (list, tuple)):
        return type(y)(wrap(part, tensor) for part in y)
    if hasattr(y, "__array_ufunc__") and not isinstance(y, Handle):
        return tensor(y, UNTRACKED)
    return y


def unwrap(arg: Any) -> Any:
    """`arg` with the value of each Tensor in it, also inside lists, tuples and dicts."""
    if isinstance(arg, Handle):
        return arg._value
    if arg.__class__ in (list, tuple):
        return arg.__class__(map(unwrap, arg))
    if arg.__class__ is dict:
        return {key: unwrap(value) for key, value in arg.items()}
    return arg


def handles_in(arg: Any) -> list[Handle]:
    """The Tensors in `arg`, also inside lists, tuples and dicts."""
    if isinstance(arg, Handle):
        return [arg]
    if arg.__class__ is dict:
        arg = list(arg.values())
    if arg.__class__ in (list, tuple):
        return [handle for part in arg for handle in handles_in(part)]
    return []


def watched(handles: Sequence[Handle]) -> bool:
    """Whether some active recorder knows one of `handles`."""
    return any([recorder.knows(handle) for recorder in active() for handle in handles])


def operand(arg: Any) -> Any:
    """`arg` as an operation takes it: lists and other arrays become arrays of NumPy's own class."""
    if arg.__class__ is list or arg.__class__ is tuple:
        return stacked(arg)
    if isinstance(arg, (np.matrix, np.ma.MaskedArray)):
        raise TypeError(
            f"Pass np.asarray(x), or np.where with the mask, instead of the {type(arg).__name__}: "
            f"its operators and masks mean something else than an array's."
        )
    return np.asarray(arg) if isinstance(arg, np.ndarray) or _is_array_like(arg) else arg


def _is_array_like(arg: Any) -> bool:
    """Whether NumPy would take `arg`, of a class it does not know, as an array of numbers."""
    if hasattr(arg, "__array_ufunc__") or isinstance(arg, (type, bytes)):
        return False
    if hasattr(arg, "__array__"):
        return True
    try:
        memoryview(arg)
    except TypeError:
        return False
    return True


def stacked(arg: Any) -> Any:
    """A list argument as one array: with Tensors in it, stacked and recorded."""
    if not handles_in(arg):
        return np.asarray(arg)
    return apply(np.stack, ([stacked(a) if a.__class__ in (list, tuple) else a for a in arg],))


def array_ufunc(ufunc: np.ufunc, method: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The meaning of ``ufunc.method(*args, **kwargs)`` when a Tensor is among the arguments."""
    if method != "__call__":
        key = (ufunc, method)
        if key in RULES:
            return apply(key, args, kwargs)
        if method != "at" and isinstance(RULES.get(ufunc), Constant):
            return _constant(getattr(ufunc, method), args, kwargs)
        return apply(method, (ufunc, *args), kwargs)
    if not kwargs:
        return apply(ufunc, args)
    out = kwargs.pop("out", None)
    where = kwargs.pop("where", True)
    if where is not True:
        result = _where(ufunc, where, args, kwargs, out)
    else:
        result = apply(ufunc, args, kwargs)
    return result if out is None else _write(result, args, out)


def _where(
    ufunc: np.ufunc, where: Any, args: Sequence[Any], kwargs: dict[str, Any], out: Any
) -> Any:
    """``ufunc(*args, where=where)``: computed only where asked, 0 or `out` elsewhere."""
    if ufunc.nout > 1:
        raise TypeError(
            f"Use np.where on each result of {name_of(ufunc)} instead of where=: it has several."
        )
    rule = rule_of(ufunc)
    mask = unwrap(where)
    args = [operand(arg) for arg in args]
    values = unwrap(tuple(args))
    if LEVELS and deepest(values, mask) is not None:  # computed everywhere, and then chosen
        whole = apply(ufunc, args, kwargs)
        return apply(np.where, (mask, whole, whole.dtype.type(0) if out is None else out[0]))
    y = ufunc(*values, **kwargs, where=mask, out=None)
    zero = y.dtype.type(0)
    y = np.where(mask, y, zero)  # what was not computed is uninitialised memory
    tensor = _result_class(args)
    if isinstance(rule, Recorded):
        result = finish(rule, y, values, args, {}, tensor)
    else:
        result = wrap(y, tensor)
    return apply(np.where, (mask, result, zero if out is None else out[0]))


def _write(result: Any, args: Sequence[Any], out: tuple[Any, ...]) -> Any:
    """Store `result` in `out`: a Tensor takes it over, an array gets the numbers."""
    results = result if isinstance(result, tuple) else (result,)
    for target, part in zip(out, results, strict=True):
        if isinstance(target, Handle):
            replace(target, part)
        elif target is not None:
            value = unwrap(part)
            # `a += x` rebinds the name a to the Tensor; what a is a view of gets the numbers only.
            if target.base is not None or not any([target is arg for arg in args]):
                leak(part)
            np.copyto(target, value, casting="same_kind")
    if any(isinstance(target, Handle) for target in out):
        return out[0] if len(out) == 1 else out
    return result


def replace(handle: Handle, new: Handle) -> None:
    """Give `handle` a new value and identity, in its own dtype: an in-place update."""
    handle._require_mutable()
    value = handle._value
    if new._value.shape != value.shape:
        raise ValueError(
            f"Write `x = x + y` instead of updating x in place: the result has shape "
            f"{new._value.shape}, x has shape {value.shape}."
        )
    if new._value.dtype != value.dtype:
        if not np.can_cast(new._value.dtype, value.dtype, "same_kind"):
            raise TypeError(
                f"Write `x = x + y` instead of updating x in place: the result has dtype "
                f"{new._value.dtype}, x has dtype {value.dtype}."
            )
        new = apply(np.ndarray.astype, (new, value.dtype))
    handle._value, handle._id = new._value, new._id


def leak(handle: Any) -> None:
    """Tell every recorder that knows `handle` that it is about to become a plain value."""
    if isinstance(handle, Handle):
        for recorder in active():
            recorder.leak(handle)


def _constant(function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Compute without recording."""
    handles = handles_in([*args, kwargs])
    values, options = unwrap(tuple(args)), unwrap(kwargs)
    if LEVELS and deepest(values, options) is not None:
        y = on_batches(function, values, options)
        return wrap(y, _result_class(handles)) if handles else y
    tensor = _result_class(handles)
    y = function(*values, **options)
    if any([y is arg for arg in args]):
        y = frozen(y)  # the user's own array stays writeable
    return wrap(y, tensor)


def _unknown(function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    if watched(handles_in([*args, kwargs])):
        raise TypeError(
            f"Write it with other NumPy functions, give it a derivative with "
            f"gradtape.custom_gradient, or pass gradtape.stop_gradient(x) if no gradient is meant: "
            f"gradtape has no derivative rule for {name_of(function)}"
            f"{', for ' + WHY_NOT[function] if function in WHY_NOT else ''}."
        )
    return _constant(function, args, kwargs)


def _plain_option(rule: Rule, key: str, value: Any) -> Any:
    """A keyword argument's plain value; one that is being recorded has no derivative."""
    if value.__class__ in _PLAIN or (
        value.__class__ is tuple and all([part.__class__ in _PLAIN for part in value])
    ):
        return value
    handles = handles_in(value)
    if handles:
        if watched(handles) and handles[0]._value.dtype.kind in "fc":
            raise TypeError(
                f"Pass {key}= of {rule.name} through gradtape.stop_gradient: the function has no "
                f"derivative with respect to it."
            )
        return unwrap(value)
    return unwrap(value) if value.__class__ in (list, dict) else frozen(value)


def _result_class(args: Sequence[Any]) -> type[Handle]:
    """The class of the result: what the first Tensor says."""
    for arg in args:
        if isinstance(arg, Handle):
            return arg._result
    return Handle._result
