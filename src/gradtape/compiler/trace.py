"""Tracing: run a function once on values that write down every NumPy call made of them.

A `Traced` is a value like any other: it speaks NumPy's protocols, so Tensors hold it, rules and
sweeps run on it, and what a tape or an optimizer computes is recorded along with the user's own
code. Each call is done at once on the value behind it, and appended to the program.
"""

from __future__ import annotations

import functools
import operator
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradtape.compiler.program import Call, Guard, Program, Ref, spec_of
from gradtape.core import structure
from gradtape.core.dispatch import handles_in
from gradtape.core.errors import user_line
from gradtape.core.handle import UNTRACKED, Handle
from gradtape.core.rules import RULES
from gradtape.core.tensor import Tensor

_NUMBERS = (bool, int, float, complex)


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
        if isinstance(value, np.ndarray) and value.flags.writeable:
            value = value.view()
            value.setflags(write=False)  # what has a number in the program stays as it is
        self.program.specs.append(spec_of(value))
        return Traced(value, len(self.program.specs) - 1, self)

    def call(
        self, function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Any:
        """``function(*args, **kwargs)``, done and written down."""
        function, given = _known(function, tuple(args), kwargs)
        result = function(*plain(given), **plain(kwargs))
        if not self.open or function in _STATIC:
            return result
        several = isinstance(result, (tuple, list))
        parts = list(result) if several else [result]
        if threading.get_ident() != self._thread or not all(map(_is_number, parts)):
            self.look_at(given, kwargs)  # the result is no value of the program
            return result
        # Refs before the results get numbers of their own, for an argument may be one of these.
        taken, options = self._refs(given), self._refs(kwargs)
        outs = [self._new(part) for part in parts]
        indices = tuple([out.index for out in outs])
        self.program.calls.append(Call(function, taken, options, indices, several, user_line()))
        if not several:
            return _linked(outs[0], function, given, kwargs)
        outs = [_linked(out, _Part(function, k), given, kwargs) for k, out in enumerate(outs)]
        return type(result)(*outs) if hasattr(result, "_fields") else type(result)(outs)

    def look(self, traced: Traced) -> Any:
        """The value itself, because Python asks for it: from now on the program depends on it."""
        value = plain(traced)
        if self.open and traced.index not in self._looked:
            self._looked.add(traced.index)
            self.program.guards.append(Guard(traced.index, value, user_line()))
        return value

    def look_at(self, *trees: Any) -> None:
        """`look` at each value in nests of arguments."""
        for traced in traced_in(trees):
            self.look(traced)

    def write(self, target: Any, function: Callable[..., Any], args: Sequence[Any]) -> None:
        """Let `target` be what ``function(copy of target, *args)`` returns."""
        target.become(self.call(function, (target, *args), {}))

    def _refs(self, tree: Any) -> Any:
        """`tree` with a `Ref` for each value of this trace, and other arrays as constants."""
        if isinstance(tree, Traced):
            value = tree.current()
            return Ref(tree.index) if tree.owner is self else value
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
        return tree.current()
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


def _is_number(part: Any) -> bool:
    """Whether a result can be a value of a program."""
    if isinstance(part, (np.ndarray, np.generic)):
        return part.dtype.kind in KINDS
    return isinstance(part, _NUMBERS)


def _known(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`function` in a form that takes NumPy's scalars too, as its methods of arrays do not."""
    owner = getattr(function, "__objclass__", None)
    if function.__class__ is not _METHOD or owner is not np.ndarray:
        return function, args
    if function.__name__ == "astype" and len(args) == 2 and not kwargs:
        return cast, (args[0], np.dtype(args[1]))
    return _method_named(function.__name__), args


_METHOD: Any = type(np.ndarray.astype)


@functools.cache
def _method_named(name: str) -> Callable[..., Any]:
    def method(a: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(np.asarray(a), name)(*args, **kwargs)

    method.__name__ = method.__qualname__ = name
    return method


KINDS = frozenset("biufcmM")
"""The kinds of dtypes whose arrays are values of programs."""


class _Part:
    """``function(...)[k]``."""

    def __init__(self, function: Callable[..., Any], k: int) -> None:
        self.function = function
        self.k = k

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)[self.k]


def _linked(
    out: Traced, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Traced:
    """`out`, as a view of the argument whose memory it shares, if it does."""
    if isinstance(out.value, np.ndarray) and out.value.base is not None:
        for k, arg in enumerate(args):
            if (
                isinstance(arg, Traced)
                and isinstance(arg.value, np.ndarray)
                and np.may_share_memory(arg.value, out.value)
            ):
                out.view = View(arg, k, function, args, kwargs)
                break
    return out


class View:
    """How a value is part of another's memory: NumPy's views see what is written to either."""

    __slots__ = ("_args", "_at", "_function", "_kwargs", "_version", "base")

    def __init__(
        self,
        base: Traced,
        at: int,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        self.base = base
        self._at, self._function, self._args, self._kwargs = at, function, args, kwargs
        self._version = base.version

    def _of(self, array: Any) -> Any:
        args = (*self._args[: self._at], array, *self._args[self._at + 1 :])
        return self._function(*plain(args), **plain(self._kwargs))

    def changed(self) -> bool:
        """Whether the base was written into since this was asked for."""
        self.base.current()
        if self.base.version == self._version:
            return False
        self._version = self.base.version
        return True

    def again(self) -> Any:
        """The view of the base as it is now."""
        args = (*self._args[: self._at], self.base, *self._args[self._at + 1 :])
        function: Any = self._function
        part = None
        if isinstance(function, _Part):
            function, part = function.function, function.k
        result = self.base.owner.call(function, args, self._kwargs)
        return result if part is None else result[part]

    def write_back(self, view: Traced) -> None:
        """Write what is in the view into the base."""
        base = self.base
        if self._function is operator.getitem:
            base.owner.write(base, updated, (self._args[1], view))
        else:
            place = self._of(np.arange(base.size).reshape(base.shape))
            base.owner.write(base, changed, (np.put, place, view))
        self._version = base.version


def updated(a: Any, index: Any, value: Any) -> Any:
    """A copy of `a` with ``a[index] = value``."""
    a = np.array(a)
    a[index] = value
    return a[()] if not a.ndim else a


def changed(a: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
    """A copy of `a` after ``function(a, *args)``, which writes into it."""
    a = np.array(a)
    function(a, *args, **kwargs)
    return a


def stored(a: Any, function: Any, options: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
    """A copy of `a` after ``function(*args, out=a)``, which writes into it."""
    a = np.array(a)
    function(*args, out=a, **options, **kwargs)
    return a


_WRITERS = frozenset({np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis})


def cast(a: Any, dtype: Any) -> Any:
    """``a.astype(dtype)``, of a Python number too."""
    return a.astype(dtype) if hasattr(a, "astype") else np.dtype(dtype).type(a)


_DIVISIONS = frozenset({"truediv", "floordiv", "mod"})


def _binary(name: str, ufunc: np.ufunc, swap: bool = False) -> Callable[[Any, Any], Any]:
    compute = getattr(operator, name)

    def method(self: Traced, other: Any) -> Any:
        pair = (other, self) if swap else (self, other)
        if all(
            isinstance(plain(x), _NUMBERS) and not isinstance(plain(x), np.generic) for x in pair
        ):
            if name in _DIVISIONS and isinstance(pair[1], Traced):
                bool(
                    np.equal(pair[1], 0)
                )  # where Python raises an error, this program does not hold
            return self.owner.call(compute, pair, {})
        if isinstance(other, (Traced, np.ndarray, np.generic, *_NUMBERS)):
            return self.owner.call(ufunc, pair, {})
        return NotImplemented

    return method


def _in_place(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
    """An augmented assignment: an array changes under every name, a number's name is bound anew."""

    def update(self: Traced, other: Any) -> Any:
        if isinstance(other, Handle) or not isinstance(self.value, np.ndarray):
            return NotImplemented
        return ufunc(self, other, out=self)

    return update


def _unary(name: str, ufunc: np.ufunc) -> Callable[[Any], Any]:
    compute = getattr(operator, name)

    def method(self: Traced) -> Any:
        weak = not hasattr(self.value, "dtype")
        return self.owner.call(compute if weak else ufunc, (self,), {})

    return method


class Traced:
    """A value of a program: `value` itself, and `index`, the number of the program's value."""

    __slots__ = ("index", "owner", "value", "version", "view")

    _intercepts = True
    is_known = True  # unlike a lazy array, it can be looked at

    def __init__(self, value: Any, index: int, trace: Trace) -> None:
        self.value = value
        self.index = index
        self.owner = trace
        self.version = 0
        self.view: View | None = None

    def current(self) -> Any:
        """The value behind it; of a view, after what was written into its base."""
        if self.view is not None and self.view.changed():
            self._be(self.view.again())
        return self.value

    def become(self, new: Any) -> None:
        """Be `new` from now on, under every name: an in-place update."""
        self._be(new)
        self.version += 1
        if self.view is not None:
            self.view.write_back(self)

    def _be(self, new: Any) -> None:
        if isinstance(new, Traced):
            self.value, self.index = new.value, new.index
        else:
            self.value = new

    @property
    def weak(self) -> bool:
        """Whether it is a Python number, which has no dtype of its own."""
        return not hasattr(self.value, "dtype")

    # -- protocols ------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        if any([isinstance(arg, Handle) for arg in args]):
            return NotImplemented  # a Tensor decides what becomes of both
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        if method == "at":
            return self._written(args[0], changed, function, args[1:], kwargs)
        return self._into(kwargs.pop("out", None), function, args, kwargs)

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if handles_in([*args, kwargs]):
            return NotImplemented
        if function in _WRITERS:
            return self._written(args[0], changed, function, args[1:], kwargs)
        if function in _EXPANDED:
            return _EXPANDED[function](*args, **kwargs)
        whole = getattr(function, "_takes_plain_arrays", False)
        if not whole and not _is_numpys(function):  # one of our own, which is made of NumPy's
            rule = RULES.get(function)
            return (rule.compute if rule else function)(*args, **kwargs)
        return self._into(kwargs.pop("out", None), function, args, kwargs)

    def _written(
        self, target: Any, how: Any, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """``function(target, *args, **kwargs)``, which writes into `target`."""
        if isinstance(target, Traced):
            target.become(self.owner.call(how, (target, function, *args), kwargs))
        else:
            self.owner.look_at(args, kwargs)  # the array has no part in the program
            function(target, *plain(args), **plain(kwargs))

    def _into(self, out: Any, function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """``function(*args, out=out, **kwargs)``."""
        targets = out if isinstance(out, tuple) else (out,)
        if all(target is None for target in targets):
            return self.owner.call(function, args, kwargs)
        if len(targets) > 1 or not isinstance(targets[0], Traced):
            self.owner.look_at(args, kwargs, targets)  # the arrays have no part in the program
            return function(*plain(args), out=plain(out), **plain(kwargs))
        options = {"where": kwargs.pop("where")} if "where" in kwargs else {}
        target = targets[0]
        target.become(self.owner.call(stored, (target, function, options, *args), kwargs))
        return target

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.owner.look(self), dtype=dtype)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        own = getattr(np.ndarray, name, None)
        if name in _IN_PLACE:
            return lambda *args, **kwargs: self._written(self, changed, own, args, kwargs)
        getattr(self.value, name)  # an AttributeError as NumPy has it
        if callable(own) and name not in _LOOKS:
            return lambda *args, **kwargs: self.owner.call(own, (self, *args), kwargs)
        if name in ("flags", "strides"):  # how it lies in memory is no matter of its values
            return getattr(self.value, name)
        return getattr(self.owner.look(self), name)

    # -- Python looks at it ---------------------------------------------------------------------

    def __bool__(self) -> bool:
        if self.size == 1 and self.dtype.kind != "b":
            # Less depends on it than on the number.
            return bool(np.not_equal(self, 0))
        return bool(self.owner.look(self))

    def __int__(self) -> int:
        return int(self.owner.look(self))

    def __index__(self) -> int:
        return operator.index(self.owner.look(self))

    def __float__(self) -> float:
        return float(self.owner.look(self))

    def __complex__(self) -> complex:
        return complex(self.owner.look(self))

    def __hash__(self) -> int:
        return hash(self.owner.look(self))

    def __round__(self, ndigits: int | None = None) -> Any:
        return round(self.owner.look(self), ndigits)

    def item(self, *args: Any) -> Any:
        """An entry as a Python number."""
        return np.asarray(self.owner.look(self)).item(*args)

    def tolist(self) -> Any:
        """The entries as nested lists."""
        return np.asarray(self.owner.look(self)).tolist()

    def __repr__(self) -> str:
        return repr(self.current())

    def __str__(self) -> str:
        return str(self.current())

    def __format__(self, spec: str) -> str:
        return format(self.current(), spec)

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
        self.current()
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


_IN_PLACE = frozenset({"fill", "itemset", "partition", "put", "resize", "sort"})
_LOOKS = frozenset(
    {"byteswap", "dump", "dumps", "getfield", "setfield", "setflags", "tobytes", "tofile"}
    | {"to_device", "view"}
)
"""Methods that are done on the value itself, and make the program depend on it."""


def _method(function: Any) -> Callable[..., Any]:
    def method(self: Traced, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    return method


for _name, _ufunc in _OPERATORS.items():
    setattr(Traced, f"__{_name.rstrip('_')}__", _binary(_name, _ufunc))
    setattr(Traced, f"__r{_name.rstrip('_')}__", _binary(_name, _ufunc, swap=True))
    setattr(Traced, f"__i{_name.rstrip('_')}__", _in_place(_ufunc))
for _name, _ufunc in _COMPARISONS.items():
    setattr(Traced, f"__{_name}__", _binary(_name, _ufunc))
for _function in _METHODS:
    setattr(Traced, _function.__name__, _method(_function))
Traced.conj = _method(np.conj)  # type: ignore[attr-defined]
Traced.conjugate = Traced.conj  # type: ignore[attr-defined]
Traced.__imatmul__ = _in_place(np.matmul)  # type: ignore[attr-defined]


def _is_numpys(function: Any) -> bool:
    module = getattr(function, "__module__", None) or "numpy"
    return module.split(".")[0] in ("numpy", "scipy")


def _scatter(*values: Any, spec: Any, indices: tuple[Any, ...]) -> Any:
    """`scatter_add`: zeros of `spec` with each value added at its index."""
    trace = next(traced_in([values, indices])).owner
    total: Any = np.zeros(spec.shape, spec.dtype)
    for index, value in zip(indices, values, strict=True):
        total = trace.call(added_at, (total, index, value), {})
    return total


def traced_in(tree: Any) -> Iterator[Traced]:
    """The values of programs in a nest of arguments."""
    if isinstance(tree, Traced):
        yield tree
    elif isinstance(tree, (list, tuple)):
        for part in tree:
            yield from traced_in(part)
    elif isinstance(tree, dict):
        yield from traced_in(list(tree.values()))
    elif isinstance(tree, slice):
        yield from traced_in((tree.start, tree.stop, tree.step))


def added_at(a: Any, index: Any, value: Any) -> Any:
    """A copy of `a` with `value` added at `index`; a repeated position adds up."""
    a = np.array(a)
    np.add.at(a, index, value)
    return a[()] if not a.ndim else a


_EXPANDED: dict[Any, Callable[..., Any]] = {}

_COMPOSED = (
    *(np.average, np.ediff1d, np.gradient, np.kron, np.nan_to_num, np.nanmean, np.nanstd),
    *(np.nanvar, np.ptp, np.trapezoid),
)
"""Functions that their rules make of simpler ones, of which all are quick."""


def _composed(function: Any) -> Callable[..., Any]:
    """What a rule makes of a function, for values that are in no Tensor."""

    def expanded(*args: Any, **kwargs: Any) -> Any:
        leaves = structure.flatten([args, kwargs])
        lifted = [Tensor(x, UNTRACKED) if isinstance(x, Traced) else x for x in leaves]
        inputs = structure.rebuild([args, kwargs], lifted)
        result = RULES[function].compute(*inputs[0], **inputs[1])
        parts = [x._value if isinstance(x, Handle) else x for x in structure.flatten(result)]
        return structure.rebuild(result, parts)

    return expanded


def _fill_expanded() -> None:
    from gradtape.core.cotangents import scatter_add

    _EXPANDED[scatter_add] = _scatter
    _EXPANDED.update({function: _composed(function) for function in _COMPOSED})


_fill_expanded()
