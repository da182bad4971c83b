"""`Traced`: a value that writes down every NumPy call made of it.

It is a value like any other and speaks NumPy's protocols, so Tensors hold it, and rules and sweeps
run on it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gradtape.compiler.copies import added_at, cast, changed, stored, updated
from gradtape.compiler.program import is_python_number, leaves_of, mapped, spec_of
from gradtape.core import structure
from gradtape.core.cotangents import scatter_add
from gradtape.core.dispatch import handles_in
from gradtape.core.handle import UNTRACKED, Handle
from gradtape.core.rules import RULES
from gradtape.core.tensor import Tensor

if TYPE_CHECKING:
    from gradtape.compiler.tracing.trace import Trace
    from gradtape.compiler.tracing.views import View


def plain(tree: Any) -> Any:
    """`tree` with the value behind each `Traced` in it."""
    return mapped(lambda leaf: leaf.current() if isinstance(leaf, Traced) else leaf, tree)


def traced_in(tree: Any) -> Iterator[Traced]:
    """The values of programs in a nest of arguments."""
    return (leaf for leaf in leaves_of(tree) if isinstance(leaf, Traced))


_WRITERS = frozenset({np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis})


_DIVISIONS = frozenset({"truediv", "floordiv", "mod"})


def _binary(name: str, ufunc: np.ufunc, swap: bool = False) -> Callable[[Any, Any], Any]:
    compute = getattr(operator, name)

    def method(self: Traced, other: Any) -> Any:
        pair = (other, self) if swap else (self, other)
        if all(is_python_number(plain(x)) for x in pair):
            if name in _DIVISIONS and isinstance(pair[1], Traced):
                bool(np.equal(pair[1], 0))  # where Python raises an error, it does not hold
            return self.owner.call(compute, pair, {})
        if isinstance(other, (Traced, np.ndarray, np.generic)) or is_python_number(other):
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
        return self.owner.call(compute if self.weak else ufunc, (self,), {})

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
        return is_python_number(self.value)

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
        return spec_of(self.value).dtype

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
        if np.dtype(dtype) == self.dtype and not self.weak:
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


_EXPANDED: dict[Any, Callable[..., Any]] = {
    scatter_add: _scatter,
    **{function: _composed(function) for function in _COMPOSED},
}
