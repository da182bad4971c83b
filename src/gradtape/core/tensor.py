"""`Tensor` and `Variable`: NumPy arrays that a tape can follow."""

from __future__ import annotations

import importlib
import operator
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np

from gradtape.core.batch import LEVELS
from gradtape.core.dispatch import (
    apply,
    array_ufunc,
    finish,
    leak,
    replace,
    undifferentiable,
    unwrap,
    watched,
)
from gradtape.core.dtypes import convert
from gradtape.core.handle import (
    PYTHON_NUMBERS,
    REAL_SCALARS,
    UNTRACKED,
    Handle,
    frozen,
    frozen_index,
    is_foreign,
    new_identity,
    settled,
)
from gradtape.core.rules import RULES, name_of
from gradtape.core.tape import active


def _binary(compute: Callable[[Any, Any], Any], ufunc: np.ufunc) -> Callable[[Any, Any], Tensor]:
    """An operator whose left operand is the Tensor."""

    def forward(self: Tensor, other: Any) -> Any:
        a = self._value
        if isinstance(other, Handle):
            b = other._value
        elif other.__class__ in PYTHON_NUMBERS or other.__class__ is np.ndarray:
            b = other
        else:
            return apply(ufunc, (self, other)) if _is_operand(other) else NotImplemented
        y = compute(a, b)
        if y.__class__ not in REAL_SCALARS:
            if y.__class__ is np.ndarray and y.shape:
                y.setflags(write=False)
            elif LEVELS and y.__class__ is not np.ndarray:
                return apply(ufunc, (self, other))  # for it may meet what recorders outside know
            else:
                y = settled(y)
            if y.dtype.kind not in "fc":
                return undifferentiable(y, self._result)
        out = UNTRACKED
        for recorder in active():
            out = recorder.record_pair(RULES[ufunc], y, a, b, self, other, out)
        return self._result(y, out)

    return forward


def _reflected(compute: Callable[[Any, Any], Any], ufunc: np.ufunc) -> Callable[[Any, Any], Tensor]:
    """An operator whose right operand is the Tensor."""

    def backward(self: Tensor, other: Any) -> Any:
        b = self._value
        # Python itself multiplies a complex by an np.float64, and forgets the dtype.
        if other.__class__ not in PYTHON_NUMBERS or other.__class__ is complex:
            return apply(ufunc, (other, self)) if _is_operand(other) else NotImplemented
        y = compute(other, b)
        if y.__class__ not in REAL_SCALARS:
            y = settled(y)
            if y.dtype.kind not in "fc":
                return undifferentiable(y, self._result)
        out = UNTRACKED
        for recorder in active():
            out = recorder.record_pair(RULES[ufunc], y, other, b, other, self, out)
        return self._result(y, out)

    return backward


def _in_place(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
    """An augmented assignment: a new value on the same handle, as for a NumPy array."""

    def update(self: Tensor, other: Any) -> Any:
        if not _is_operand(other):
            return NotImplemented
        self._require_mutable()
        if not self._value.shape:  # a scalar's name is bound anew, as Python and NumPy do
            return apply(ufunc, (self, other))
        replace(self, apply(ufunc, (self, other)))
        return self

    return update


def _call(function: Any) -> Callable[..., Any]:
    """An operator, or a method, that is a call of `function` on the Tensor."""

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        return apply(function, (self, *args), kwargs)

    name = getattr(function, "__name__", "method")
    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"`{name_of(function)}` of the Tensor."
    return method


def _swapped(function: Any) -> Callable[[Any, Any], Any]:
    def method(self: Tensor, other: Any) -> Any:
        return apply(function, (other, self)) if _is_operand(other) else NotImplemented

    return method


def _compare(function: Any) -> Callable[[Any, Any], Any]:
    def method(self: Tensor, other: Any) -> Any:
        return apply(function, (self, other)) if _is_operand(other) else NotImplemented

    return method


def _is_operand(other: Any) -> bool:
    return isinstance(
        other, (Handle, np.ndarray, np.generic, int, float, complex, list, tuple)
    ) or hasattr(other, "__array_ufunc__")


class Tensor(Handle):
    """A NumPy array, or a NumPy scalar for rank 0, whose computations a tape can record.

    What a program does with an array works on a Tensor: operators, indexing, methods, functions
    such as ``np.sin(x)`` and ``np.sum(x, axis=0)``; the result is a Tensor. `constant` makes one.

    Notes
    -----
    A Tensor's value never changes under another name: ``x[i] = v`` and ``x += v`` give the handle
    `x` a new value, of the same shape and dtype, and are differentiable. A slice is not a view:
    writing into ``x[1:]`` under another name leaves `x` as it was. Tensors are unhashable, for
    ``==`` compares values.

    Examples
    --------
    >>> import gradtape as gt, numpy as np
    >>> x = gt.constant([1.0, 2.0])
    >>> np.exp(x - 1.0).sum()
    Tensor(3.718282, shape=(), dtype=float32)
    """

    __slots__ = ()

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: Any, ident: int | None = None) -> None:
        # The engine passes an identity, and a value that is a Tensor's already.
        self._value = convert(value) if ident is None else value
        self._id = ident or UNTRACKED

    # -- protocols ------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs:
            return apply(ufunc, args)
        return array_ufunc(ufunc, method, args, kwargs)

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        return apply(function, args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        leak(self)
        array = np.array(self._value, dtype=dtype, copy=copy)
        if copy is not True and array.base is not None:
            array.flags.writeable = False
        return array

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        namespace = importlib.import_module("gradtape.array_api")  # loaded when first asked for
        if api_version not in (None, *namespace.VERSIONS):
            raise ValueError(
                f"Ask for one of {', '.join(namespace.VERSIONS)} of the array API standard: "
                f"got {api_version!r}."
            )
        return namespace

    def __dlpack__(self, *, copy: bool | None = None, **options: Any) -> Any:
        leak(self)
        # Who takes the data may write into it.
        return np.array(self._value, copy=None if copy is False else True).__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0  # the CPU

    # -- arithmetic -----------------------------------------------------------------------------

    __add__ = _binary(operator.add, np.add)
    __radd__ = _reflected(operator.add, np.add)
    __sub__ = _binary(operator.sub, np.subtract)
    __rsub__ = _reflected(operator.sub, np.subtract)
    __mul__ = _binary(operator.mul, np.multiply)
    __rmul__ = _reflected(operator.mul, np.multiply)
    __truediv__ = _binary(operator.truediv, np.true_divide)
    __rtruediv__ = _reflected(operator.truediv, np.true_divide)
    __mod__ = _binary(operator.mod, np.remainder)
    __rmod__ = _reflected(operator.mod, np.remainder)
    __matmul__ = _binary(operator.matmul, np.matmul)
    __rmatmul__ = _swapped(np.matmul)
    __floordiv__ = _compare(np.floor_divide)
    __rfloordiv__ = _swapped(np.floor_divide)
    __divmod__ = _compare(np.divmod)
    __rdivmod__ = _swapped(np.divmod)
    __neg__ = _call(np.negative)
    __pos__ = _call(np.positive)
    __abs__ = _call(np.absolute)
    __invert__ = _call(np.invert)
    __and__ = _compare(np.bitwise_and)
    __rand__ = _swapped(np.bitwise_and)
    __or__ = _compare(np.bitwise_or)
    __ror__ = _swapped(np.bitwise_or)
    __xor__ = _compare(np.bitwise_xor)
    __rxor__ = _swapped(np.bitwise_xor)
    __lshift__ = _compare(np.left_shift)
    __rlshift__ = _swapped(np.left_shift)
    __rshift__ = _compare(np.right_shift)
    __rrshift__ = _swapped(np.right_shift)

    __pow__ = _binary(operator.pow, np.power)
    __rpow__ = _reflected(operator.pow, np.power)

    def __round__(self, ndigits: int | None = None) -> Any:
        if ndigits is None and not self._value.shape:
            return round(self._value.item())
        return apply(np.round, (self, ndigits or 0))

    __iadd__ = _in_place(np.add)
    __isub__ = _in_place(np.subtract)
    __imul__ = _in_place(np.multiply)
    __itruediv__ = _in_place(np.true_divide)
    __ifloordiv__ = _in_place(np.floor_divide)
    __imod__ = _in_place(np.remainder)
    __ipow__ = _in_place(np.power)
    __imatmul__ = _in_place(np.matmul)
    __iand__ = _in_place(np.bitwise_and)
    __ior__ = _in_place(np.bitwise_or)
    __ixor__ = _in_place(np.bitwise_xor)
    __ilshift__ = _in_place(np.left_shift)
    __irshift__ = _in_place(np.right_shift)

    # -- comparison -----------------------------------------------------------------------------

    __lt__ = _compare(np.less)
    __le__ = _compare(np.less_equal)
    __gt__ = _compare(np.greater)
    __ge__ = _compare(np.greater_equal)
    __eq__ = _compare(np.equal)
    __ne__ = _compare(np.not_equal)

    # -- Python's conversions -------------------------------------------------------------------

    def __bool__(self) -> bool:
        return bool(self._value)

    def __int__(self) -> int:
        return int(self._value)

    def __index__(self) -> int:
        return operator.index(self._value)

    def __float__(self) -> float:
        leak(self)
        return float(self._value)

    def __complex__(self) -> complex:
        leak(self)
        return complex(self._value)

    def __format__(self, spec: str) -> str:
        return format(self._value, spec) if spec else str(self)

    def __repr__(self) -> str:
        return f"Tensor({self._value!s}, shape={self.shape}, dtype={self.dtype})"

    def __str__(self) -> str:
        return repr(self)

    # -- container ------------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Any:
        if LEVELS:
            return apply(operator.getitem, (self,), {"index": frozen_index(index)})
        value, index = self._value, frozen_index(index)
        rule = RULES[operator.getitem]
        return finish(rule, value[index], (value,), (self,), {"index": index}, self._result)

    def __setitem__(self, index: Any, value: Any) -> None:
        self._require_mutable()
        replace(self, apply(operator.setitem, (self, unwrap(index), value)))

    def __len__(self) -> int:
        if not self._value.shape:
            raise TypeError("Take len() of a Tensor of rank 1 or more: this one has shape ().")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self._value.shape:
            raise TypeError("Iterate over a Tensor of rank 1 or more: this one has shape ().")
        return (self[i] for i in range(len(self)))

    def __contains__(self, item: Any) -> bool:
        return bool(np.any(self._value == unwrap(item)))

    def __copy__(self) -> Any:
        return self._result(self._value, self._id)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self._result(self._value, self._id)

    def __reduce__(self) -> Any:
        return constant, (self._value,)

    # -- attributes -----------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        shape: tuple[int, ...] = self._value.shape
        return shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype."""
        dtype: np.dtype[Any] = self._value.dtype
        return dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of entries."""
        return int(self._value.size)

    @property
    def itemsize(self) -> int:
        """The bytes of one entry."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """The bytes of all entries."""
        return int(self._value.nbytes)

    @property
    def device(self) -> str:
        """Where the value is, in the words of the array API standard: "cpu"."""
        return "cpu"

    @property
    def T(self) -> Any:
        """The transpose: all axes in reverse order."""
        return apply(np.transpose, (self,))

    @property
    def mT(self) -> Any:
        """The matrix transpose: the last two axes swapped."""
        return apply(np.swapaxes, (self, -1, -2))

    @property
    def real(self) -> Any:
        """The real part."""
        return apply(np.real, (self,))

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return apply(np.imag, (self,))

    @property
    def flat(self) -> Iterator[Any]:
        """The entries one by one, in C order."""
        return iter(apply(np.ravel, (self,)))

    def to_device(self, device: str, /, *, stream: None = None) -> Tensor:
        """The Tensor itself, which is on its only device.

        Raises
        ------
        ValueError
            If `device` is not "cpu", or a stream is given.
        """
        if device != "cpu" or stream is not None:
            raise ValueError(f"Give 'cpu' and no stream: got {device!r}, stream {stream!r}.")
        return self

    def numpy(self) -> Any:
        """The value as a NumPy scalar or a copied array; says that no gradient is meant.

        A Dask array is computed, one on a GPU is fetched.
        """
        value = self._value
        if is_foreign(value):
            return value.get() if hasattr(value, "get") else np.array(value)[()]
        return value.copy()

    def item(self, *args: Any) -> Any:
        """One entry as a Python number."""
        leak(self)
        return self._value.item(*args)

    def tolist(self) -> Any:
        """The entries as nested lists of Python numbers."""
        leak(self)
        return self._value.tolist()

    # -- methods of an array --------------------------------------------------------------------

    all = _call(np.all)
    any = _call(np.any)
    argmax = _call(np.argmax)
    argmin = _call(np.argmin)
    argpartition = _call(np.argpartition)
    argsort = _call(np.argsort)
    astype = _call(np.ndarray.astype)
    choose = _call(np.choose)
    clip = _call(np.clip)
    conj = _call(np.conjugate)
    conjugate = _call(np.conjugate)
    copy = _call(np.copy)
    cumprod = _call(np.cumprod)
    cumsum = _call(np.cumsum)
    diagonal = _call(np.diagonal)
    dot = _call(np.dot)
    flatten = _call(np.ravel)
    max = _call(np.max)
    mean = _call(np.mean)
    min = _call(np.min)
    nonzero = _call(np.nonzero)
    prod = _call(np.prod)
    ravel = _call(np.ravel)
    repeat = _call(np.repeat)
    round = _call(np.round)
    searchsorted = _call(np.searchsorted)
    squeeze = _call(np.squeeze)
    std = _call(np.std)
    sum = _call(np.sum)
    swapaxes = _call(np.swapaxes)
    take = _call(np.take)
    trace = _call(np.trace)
    var = _call(np.var)

    def compress(self, condition: Any, axis: int | None = None) -> Any:
        """The slices along `axis` where `condition` is true."""
        return apply(np.compress, (condition, self, axis))

    def reshape(self, *shape: Any, order: str = "C") -> Any:
        """The same entries in another shape."""
        shape = shape[0] if len(shape) == 1 else shape
        return apply(np.reshape, (self, unwrap(shape)), {"order": order})

    def transpose(self, *axes: Any) -> Any:
        """The axes permuted, or all reversed."""
        order = axes[0] if len(axes) == 1 else (axes or None)
        return apply(np.transpose, (self, order))

    def sort(self, axis: int = -1, **options: Any) -> None:
        """Put the entries along `axis` in ascending order, in place."""
        self[...] = apply(np.sort, (self, axis), options)

    def partition(self, kth: Any, axis: int = -1, **options: Any) -> None:
        """Put the entries at `kth` where sorting would put them, in place."""
        self[...] = apply(np.partition, (self, kth, axis), options)

    def put(self, indices: Any, values: Any, mode: Any = "raise") -> None:
        """Set the entries at the flat `indices`, in place."""
        apply(np.put, (self, indices, values, mode))

    def fill(self, value: Any) -> None:
        """Set every entry to `value`."""
        self[...] = value


Handle._result = Tensor


def constant(value: Any, dtype: Any = None) -> Tensor:
    """A Tensor holding a copy of `value`.

    Parameters
    ----------
    value
        A number, array, nested list, or Tensor (which stays connected to the tape).
    dtype
        The dtype of the result. By default Python floats get `floatx`, and arrays keep theirs.

    Raises
    ------
    TypeError
        If `value` does not hold numbers or booleans.

    Examples
    --------
    >>> import gradtape as gt
    >>> gt.constant([[1.0, 2.0], [3.0, 4.0]]).shape
    (2, 2)
    """
    if isinstance(value, Handle):
        if dtype is None:
            watched([value])  # a Variable is met by being read
            return Tensor(value._value, value._id)
        return apply(np.ndarray.astype, (value, np.dtype(dtype)))  # type: ignore[no-any-return]
    return Tensor(convert(value, dtype))


def stop_gradient(x: Any) -> Any:
    """`x` as a constant: no gradient flows back through the result.

    Examples
    --------
    >>> import gradtape as gt
    >>> x = gt.Variable(3.0)
    >>> with gt.GradientTape() as tape:
    ...     y = x * gt.stop_gradient(x)
    >>> tape.gradient(y, x)
    Tensor(3.0, shape=(), dtype=float32)
    """
    return x._result(x._value, UNTRACKED) if isinstance(x, Handle) else x


class Variable(Tensor):
    """A value that changes: the parameters of a model, updated by `assign`.

    Parameters
    ----------
    initial_value
        A number, array, nested list or Tensor; it is copied.
    trainable
        Whether a tape watches the Variable when it is read.
    name
        The name in messages; "Variable" by default.
    dtype
        The dtype, fixed from now on. By default Python floats get `floatx`.

    Examples
    --------
    >>> import gradtape as gt
    >>> w = gt.Variable([1.0, 2.0], name="w")
    >>> w.assign_sub([0.5, 0.5])
    <Variable 'w:0' shape=(2,) dtype=float32, numpy=array([0.5, 1.5], dtype=float32)>
    """

    __slots__ = ("_name", "_trainable")

    def __init__(
        self,
        initial_value: Any,
        trainable: bool = True,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self._value = convert(initial_value, dtype)
        self._id = new_identity()
        self._trainable = bool(trainable)
        self._name = name

    def assign(self, value: Any) -> Variable:
        """Replace the value; returns the Variable.

        Raises
        ------
        ValueError
            If the shape differs.
        TypeError
            If the dtype cannot be cast safely enough ("same_kind"). The Variable is then unchanged.
        """
        self._value = settled(frozen(self._accept(value, "assign")))
        return self

    def assign_add(self, delta: Any) -> Variable:
        """Add `delta` to the value; returns the Variable. Errors as for `assign`."""
        self._value = settled(self._value + self._accept(delta, "assign_add"))
        return self

    def assign_sub(self, delta: Any) -> Variable:
        """Subtract `delta` from the value; returns the Variable. Errors as for `assign`."""
        self._value = settled(self._value - self._accept(delta, "assign_sub"))
        return self

    def _accept(self, new: Any, method: str) -> Any:
        """`new` as a plain value of this Variable's shape and dtype."""
        value: Any = new._value if isinstance(new, Handle) else new
        old = self._value
        kind = value.__class__
        if kind is old.__class__ and kind in REAL_SCALARS:
            return value
        if kind is old.__class__ and value.shape == old.shape and value.dtype == old.dtype:
            return value
        duck = is_foreign(value) and not hasattr(value, "examples")  # no batch
        array = value if duck else np.asarray(value)
        if array.shape != old.shape:
            raise ValueError(
                f"Give Variable.{method} a value of shape {old.shape}, the shape of "
                f"{self.name!r}: got shape {array.shape}."
            )
        dtype = np.min_scalar_type(value) if kind in PYTHON_NUMBERS else array.dtype
        if not np.can_cast(dtype, old.dtype, "same_kind"):
            raise TypeError(
                f"Cast the value for Variable.{method} to {old.dtype}, the dtype of "
                f"{self.name!r}: got dtype {array.dtype}, shape {array.shape} for {old.shape}."
            )
        return array.astype(old.dtype)

    def value(self) -> Tensor:
        """The current value as a Tensor, connected to the tape like the Variable itself."""
        return apply(np.positive, (self,))  # type: ignore[no-any-return]

    @property
    def name(self) -> str:
        """The name, as in ``'w:0'``."""
        return f"{self._name or 'Variable'}:0"

    @property
    def trainable(self) -> bool:
        """Whether a tape watches the Variable when it is read."""
        return self._trainable

    def __repr__(self) -> str:
        value = self._value
        shown = str(value) if not self._value.shape else repr(value)
        return f"<Variable {self.name!r} shape={self.shape} dtype={self.dtype}, numpy={shown}>"

    def _require_mutable(self) -> NoReturn:
        raise RuntimeError(
            f"Use assign, assign_add or assign_sub to change Variable {self.name!r}, or write "
            f"`x = x + y` for a new value: it cannot be updated in place."
        )

    def __copy__(self) -> Variable:
        return Variable(self._value, self._trainable, self._name)

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        return Variable(self._value, self._trainable, self._name)

    def __reduce__(self) -> Any:
        return Variable, (self._value, self._trainable, self._name)
