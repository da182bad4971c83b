"""Tracing: run a function once on values that write down every NumPy call made of them.

A `Traced` is a value like any other: it speaks NumPy's protocols, so Tensors hold it, rules and
sweeps run on it, and what a tape or an optimizer computes is recorded along with the user's own
code. Each call is done at once on the value behind it, and appended to the program.
"""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradtape.compiler.program import Call, Guard, Program, Ref, spec_of
from gradtape.core.dispatch import handles_in
from gradtape.core.errors import user_line
from gradtape.core.handle import Handle
from gradtape.core.rules import RULES

_NUMBERS = (bool, int, float, complex)

TRACING: set[int] = set()
"""The threads that record a program now."""


class Trace:
    """The program that is being written; it belongs to one thread."""

    def __init__(self) -> None:
        self.program = Program()
        self.open = True
        self._thread = threading.get_ident()
        self._looked: set[int] = set()

    def input(self, value: Any) -> Traced:
        """A new input."""
        traced = self._new(value)
        self.program.inputs.append(traced.index)
        return traced

    def _new(self, value: Any) -> Traced:
        self.program.specs.append(spec_of(value))
        return Traced(value, len(self.program.specs) - 1, self)

    def call(
        self, function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Any:
        """``function(*args, **kwargs)``, done and written down."""
        result = function(*plain(tuple(args)), **plain(kwargs))
        if not self.open or threading.get_ident() != self._thread or function in _STATIC:
            return result
        several = isinstance(result, (tuple, list))
        parts = result if several else (result,)
        if not all(isinstance(part, (np.ndarray, np.generic, *_NUMBERS)) for part in parts):
            return result
        # Refs before the results get numbers of their own, for an argument may be one of these.
        taken, options = self._refs(tuple(args)), self._refs(kwargs)
        outs = [self._new(part) for part in parts]
        indices = tuple([out.index for out in outs])
        self.program.calls.append(Call(function, taken, options, indices, several, user_line()))
        if not several:
            return outs[0]
        return type(result)(*outs) if hasattr(result, "_fields") else type(result)(outs)

    def look(self, traced: Traced) -> Any:
        """The value itself, because Python asks for it: from now on the program depends on it."""
        if self.open:
            if traced.index not in self._looked:
                self._looked.add(traced.index)
                self.program.guards.append(Guard(traced.index, plain(traced), user_line()))
        return traced.value

    def write(self, target: Traced, function: Callable[..., Any], args: Sequence[Any]) -> None:
        """Let `target` be what ``function(copy of target, *args)`` returns."""
        new = self.call(function, (target, *args), {})
        if isinstance(new, Traced):
            target.value, target.index = new.value, new.index
        else:
            target.value = new

    def _refs(self, tree: Any) -> Any:
        """`tree` with a `Ref` for each value of this trace, and other arrays as constants."""
        if isinstance(tree, Traced):
            return Ref(tree.index) if tree.owner is self else plain(tree)
        if isinstance(tree, np.ndarray):
            return constant(tree)
        if isinstance(tree, (list, tuple)):
            parts = [self._refs(part) for part in tree]
            return tree.__class__(*parts) if hasattr(tree, "_fields") else tree.__class__(parts)
        if isinstance(tree, dict):
            return {key: self._refs(part) for key, part in tree.items()}
        if isinstance(tree, slice):
            return slice(*self._refs((tree.start, tree.stop, tree.step)))
        return tree


def constant(array: Any) -> Any:
    """`array` as part of a program: a copy, if somebody could still write into it."""
    owner = array
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable:
            array = array.copy()
            array.setflags(write=False)
            return array
        owner = owner.base
    return array


def plain(tree: Any) -> Any:
    """`tree` with the value behind each `Traced` in it."""
    if isinstance(tree, Traced):
        return tree.value
    if isinstance(tree, (list, tuple)):
        parts = [plain(part) for part in tree]
        return tree.__class__(*parts) if hasattr(tree, "_fields") else tree.__class__(parts)
    if isinstance(tree, dict):
        return {key: plain(part) for key, part in tree.items()}
    if isinstance(tree, slice):
        return slice(*plain((tree.start, tree.stop, tree.step)))
    return tree


_STATIC = frozenset(
    {np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.common_type}
    | {np.iscomplexobj, np.isrealobj, np.may_share_memory, np.shares_memory, np.min_scalar_type}
)
"""Functions that read no more than shapes and dtypes."""


def updated(a: Any, index: Any, value: Any) -> Any:
    """A copy of `a` with ``a[index] = value``."""
    a = np.array(a)
    a[index] = value
    return a[()] if not a.ndim else a


def changed(a: Any, function: Any, *args: Any) -> Any:
    """A copy of `a` after ``function(a, *args)``, which writes into it."""
    a = np.array(a)
    function(a, *args)
    return a


_WRITERS = frozenset({np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis})


def cast(a: Any, dtype: Any) -> Any:
    """``a.astype(dtype)``, of a Python number too."""
    return a.astype(dtype) if hasattr(a, "astype") else np.dtype(dtype).type(a)


def _binary(name: str, ufunc: np.ufunc, swap: bool = False) -> Callable[[Any, Any], Any]:
    compute = getattr(operator, name)

    def method(self: Traced, other: Any) -> Any:
        pair = (other, self) if swap else (self, other)
        if all(
            isinstance(plain(x), _NUMBERS) and not isinstance(plain(x), np.generic) for x in pair
        ):
            return self.owner.call(compute, pair, {})
        if isinstance(other, (Traced, np.ndarray, np.generic, *_NUMBERS)):
            return self.owner.call(ufunc, pair, {})
        return NotImplemented

    return method


def _unary(name: str, ufunc: np.ufunc) -> Callable[[Any], Any]:
    compute = getattr(operator, name)

    def method(self: Traced) -> Any:
        weak = not hasattr(self.value, "dtype")
        return self.owner.call(compute if weak else ufunc, (self,), {})

    return method


class Traced:
    """A value of a program: `value` itself, and `index`, the number of the program's value."""

    __slots__ = ("index", "owner", "value")

    __hash__ = None  # type: ignore[assignment]

    _intercepts = True
    is_known = True  # unlike a lazy array, it can be looked at

    def __init__(self, value: Any, index: int, trace: Trace) -> None:
        self.value = value
        self.index = index
        self.owner = trace

    # -- protocols ------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        if any([isinstance(arg, Handle) for arg in args]):
            return NotImplemented  # a Tensor decides what becomes of both
        if method == "at":
            return self.owner.write(args[0], changed, (ufunc.at, *args[1:]))
        out = kwargs.pop("out", None)
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        if out is None:
            return self.owner.call(function, args, kwargs)
        target = out[0]
        result = self.owner.call(function, args, kwargs)
        if len(out) > 1 or not isinstance(target, Traced):
            raise TypeError(
                "Write the result to a new array: a traced value meets out= of an array."
            )
        target.value, target.index = result.value, result.index
        return target

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if handles_in([*args, kwargs]):
            return NotImplemented
        if function in _WRITERS:
            return self.owner.write(args[0], changed, (function, *args[1:], *kwargs.values()))
        if function in _EXPANDED:
            return _EXPANDED[function](*args, **kwargs)
        if not _is_numpys(function):  # one of our own, which is made of NumPy's
            rule = RULES.get(function)
            return (rule.compute if rule else function)(*args, **kwargs)
        return self.owner.call(function, args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.owner.look(self), dtype=dtype)

    # -- Python looks at it ---------------------------------------------------------------------

    def __bool__(self) -> bool:
        return bool(self.owner.look(self))

    def __int__(self) -> int:
        return int(self.owner.look(self))

    def __index__(self) -> int:
        return operator.index(self.owner.look(self))

    def __float__(self) -> float:
        return float(self.owner.look(self))

    def __complex__(self) -> complex:
        return complex(self.owner.look(self))

    def item(self, *args: Any) -> Any:
        """An entry as a Python number."""
        return np.asarray(self.owner.look(self)).item(*args)

    def tolist(self) -> Any:
        """The entries as nested lists."""
        return np.asarray(self.owner.look(self)).tolist()

    def __repr__(self) -> str:
        return f"Traced({self.value!r})"

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)

    # -- container ------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        return self.owner.call(operator.getitem, (self, index), {})

    def __setitem__(self, index: Any, value: Any) -> None:
        self.owner.write(self, updated, (index, value))

    # -- attributes and methods -----------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return np.shape(self.value)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype."""
        return (
            np.result_type(self.value)
            if hasattr(self.value, "dtype")
            else spec_of(self.value).dtype
        )

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return np.ndim(self.value)

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(np.size(self.value))

    @property
    def itemsize(self) -> int:
        """The bytes of one entry."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """The bytes of all entries."""
        return self.size * self.itemsize

    @property
    def T(self) -> Any:
        """The transpose."""
        return np.transpose(self)

    @property
    def mT(self) -> Any:
        """The matrix transpose."""
        return np.swapaxes(self, -1, -2)

    @property
    def real(self) -> Any:
        """The real part."""
        return np.real(self)

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return np.imag(self)

    def astype(self, dtype: Any, **options: Any) -> Any:
        """The values in another dtype."""
        if np.dtype(dtype) == self.dtype and hasattr(self.value, "dtype"):
            return self
        return self.owner.call(cast, (self, np.dtype(dtype)), {})

    def reshape(self, *shape: Any, order: Any = "C") -> Any:
        """The same entries in another shape."""
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, order=order)

    def copy(self) -> Any:
        """The same value, under a name of its own."""
        return Traced(self.value, self.index, self.owner)

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()

    __neg__ = _unary("neg", np.negative)
    __pos__ = _unary("pos", np.positive)
    __abs__ = _unary("abs", np.absolute)
    __invert__ = _unary("invert", np.invert)

    def __divmod__(self, other: Any) -> Any:
        return np.divmod(self, other)

    def __matmul__(self, other: Any) -> Any:
        return np.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return np.matmul(other, self)


_OPERATORS = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.true_divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "pow": np.power,
    "and_": np.bitwise_and,
    "or_": np.bitwise_or,
    "xor": np.bitwise_xor,
    "lshift": np.left_shift,
    "rshift": np.right_shift,
}
_COMPARISONS = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}
_METHODS = (
    *(np.all, np.any, np.argmax, np.argmin, np.argsort, np.clip, np.cumprod, np.cumsum),
    *(np.diagonal, np.dot, np.max, np.mean, np.min, np.prod, np.ravel, np.repeat, np.round),
    *(np.searchsorted, np.squeeze, np.std, np.sum, np.swapaxes, np.take, np.trace, np.transpose),
    np.var,
)


def _method(function: Any) -> Callable[..., Any]:
    def method(self: Traced, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    return method


for _name, _ufunc in _OPERATORS.items():
    setattr(Traced, f"__{_name.rstrip('_')}__", _binary(_name, _ufunc))
    setattr(Traced, f"__r{_name.rstrip('_')}__", _binary(_name, _ufunc, swap=True))
for _name, _ufunc in _COMPARISONS.items():
    setattr(Traced, f"__{_name}__", _binary(_name, _ufunc))
for _function in _METHODS:
    setattr(Traced, _function.__name__, _method(_function))
Traced.conj = _method(np.conj)  # type: ignore[attr-defined]
Traced.flatten = Traced.ravel  # type: ignore[attr-defined]


def _is_numpys(function: Any) -> bool:
    module = getattr(function, "__module__", None) or "numpy"
    return module.split(".")[0] in ("numpy", "scipy")


def _scatter(*values: Any, spec: Any, indices: tuple[Any, ...]) -> Any:
    """`scatter_add`: zeros of `spec` with each value added at its index."""
    trace = next(_traced_in([values, indices])).owner
    total: Any = np.zeros(spec.shape, spec.dtype)
    for index, value in zip(indices, values, strict=True):
        total = trace.call(added_at, (total, index, value), {})
    return total


def _traced_in(tree: Any) -> Iterator[Traced]:
    if isinstance(tree, Traced):
        yield tree
    elif isinstance(tree, (list, tuple)):
        for part in tree:
            yield from _traced_in(part)


def added_at(a: Any, index: Any, value: Any) -> Any:
    """A copy of `a` with `value` added at `index`; a repeated position adds up."""
    a = np.array(a)
    np.add.at(a, index, value)
    return a[()] if not a.ndim else a


_EXPANDED: dict[Any, Callable[..., Any]] = {}


def _fill_expanded() -> None:
    from gradtape.core.cotangents import scatter_add

    _EXPANDED[scatter_add] = _scatter
    _EXPANDED[operator.getitem] = lambda a, index: a[index]  # which takes no argument by its name


_fill_expanded()
