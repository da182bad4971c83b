"""`Tensor` and `Variable` with TensorFlow's manners: dtypes, shapes, text, operators."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradtape.core.dispatch import apply, array_ufunc
from gradtape.core.handle import UNTRACKED, Handle
from gradtape.core.tensor import Tensor as Plain
from gradtape.core.tensor import Variable as PlainVariable
from gradtape.tf.dtypes import DType, as_dtype, numpy_dtype
from gradtape.tf.errors import OpError, translated
from gradtape.tf.policy import (
    NUMBERS,
    SPELLED,
    adopt_floats,
    adopted,
    lifted,
    lowered,
    plain,
    tensor,
)
from gradtape.tf.scopes import scoped
from gradtape.tf.shapes import TensorShape


def _operator(name: str) -> Callable[[Any, Any], Any]:
    """An operator of two operands: the other one takes this one's dtype."""
    base = getattr(Plain, name)

    def method(self: Any, other: Any) -> Any:
        if other.__class__ is not Tensor:
            dtype = self._value.dtype
            if dtype.kind != "f" or other.__class__ not in NUMBERS:
                other = adopted(other, dtype)
        try:
            return base(self, other)
        except ValueError as error:
            raise translated(error, name.strip("_")) from error

    method.__name__ = method.__qualname__ = name
    return method


class Spelled(Plain):
    """What a Tensor and a Variable share."""

    __slots__ = ()

    # -- protocols ------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        dtype = self._value.dtype
        operands = [arg if isinstance(arg, Handle) else adopted(arg, dtype) for arg in args]
        if method != "__call__":
            operands = [lowered(arg) for arg in args]
        return lifted(
            array_ufunc(ufunc, method, [lowered(arg) for arg in operands], lowered(kwargs))
        )

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        dtype = self._value.dtype
        args, kwargs = lowered(args), lowered(kwargs)
        if dtype.kind == "f":
            args = adopt_floats(args, dtype)
        return lifted(apply(function, args, kwargs))

    # -- operators ------------------------------------------------------------------------------

    __add__ = _operator("__add__")
    __radd__ = _operator("__radd__")
    __sub__ = _operator("__sub__")
    __rsub__ = _operator("__rsub__")
    __mul__ = _operator("__mul__")
    __rmul__ = _operator("__rmul__")
    __mod__ = _operator("__mod__")
    __rmod__ = _operator("__rmod__")
    __matmul__ = _operator("__matmul__")
    __rmatmul__ = _operator("__rmatmul__")
    __floordiv__ = _operator("__floordiv__")
    __rfloordiv__ = _operator("__rfloordiv__")
    __pow__ = _operator("__pow__")
    __rpow__ = _operator("__rpow__")
    __and__ = _operator("__and__")
    __rand__ = _operator("__rand__")
    __or__ = _operator("__or__")
    __ror__ = _operator("__ror__")
    __xor__ = _operator("__xor__")
    __rxor__ = _operator("__rxor__")
    __lt__ = _operator("__lt__")
    __le__ = _operator("__le__")
    __gt__ = _operator("__gt__")
    __ge__ = _operator("__ge__")
    _divide = _operator("__truediv__")
    _rdivide = _operator("__rtruediv__")
    _equal = _operator("__eq__")
    _differ = _operator("__ne__")

    def __truediv__(self, other: Any) -> Any:
        kind = self._value.dtype.kind
        return self._divide(other) if kind in "fc" else _quotient(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        kind = self._value.dtype.kind
        return self._rdivide(other) if kind in "fc" else _quotient(other, self)

    def __eq__(self, other: object) -> Any:
        try:
            return False if other is None else self._equal(other)
        except (OpError, TypeError):
            return False

    def __ne__(self, other: object) -> Any:
        try:
            return True if other is None else self._differ(other)
        except (OpError, TypeError):
            return True

    def __getitem__(self, index: Any) -> Any:
        try:
            return super().__getitem__(_index(index))
        except IndexError as error:
            raise translated(error, "strided_slice") from error

    def __iter__(self) -> Iterator[Any]:
        if not self._value.shape:
            raise TypeError("Iterate over a Tensor of rank 1 or more: this one is a scalar.")
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return super().__array__(None if dtype is None else np.dtype(dtype), copy)

    def __format__(self, spec: str) -> str:
        return format(self._value, spec) if spec else str(self)

    def __str__(self) -> str:
        return repr(self)

    # -- attributes -----------------------------------------------------------------------------

    @property
    def shape(self) -> TensorShape:
        """The lengths of the axes."""
        return TensorShape(self._value.shape)

    @property
    def dtype(self) -> Any:
        """The dtype, a `DType`."""
        return as_dtype(self._value.dtype)

    @property
    def device(self) -> str:
        """Where the value is."""
        return "/job:localhost/replica:0/task:0/device:CPU:0"

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self._value.shape)

    def get_shape(self) -> TensorShape:
        """The lengths of the axes."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Check that `shape` fits; a ValueError if not."""
        self.shape.assert_is_compatible_with(shape)

    def ref(self) -> Reference:
        """A hashable reference, for use as a key; `deref` gives this object back."""
        return Reference(self)

    experimental_ref = ref

    def __hash__(self) -> int:  # type: ignore[override]
        kind = "Variable" if isinstance(self, PlainVariable) else "Tensor"
        raise TypeError(f"Use x.ref() as the key: a {kind} is unhashable.")


def _quotient(a: Any, b: Any) -> Any:
    """The true quotient of integers: float64, or float32 for those of up to 16 bits."""
    first = a if isinstance(a, Handle) else b
    dtype = first._value.dtype
    small = dtype.kind in "iu" and dtype.itemsize <= 2
    wanted = np.float32 if small else np.float64
    a, b = (tensor(adopted(x, dtype) if not isinstance(x, Handle) else x, None) for x in (a, b))
    if a.dtype.kind in "iu":
        a = a.astype(wanted)
    if b.dtype.kind in "iu":
        b = b.astype(wanted)
    return lifted(a / b)


def _index(index: Any) -> Any:
    """An index as NumPy means it: TensorFlow reads a list as a tuple."""
    if isinstance(index, list):
        index = tuple(index)
    if isinstance(index, tuple):
        return tuple(map(_index_part, index))
    return _index_part(index)


def _index_part(part: Any) -> Any:
    if isinstance(part, slice):
        return slice(*(_bound(b) for b in (part.start, part.stop, part.step)))
    if isinstance(part, Handle):
        part = part._value
    if isinstance(part, (list, tuple)):
        part = np.asarray(part)
    if isinstance(part, np.ndarray) and part.ndim and part.dtype != bool:
        raise TypeError(
            f"Use tf.gather(x, indices): an index is a slice or an integer, got {part!r}."
        )
    if isinstance(part, (float, np.floating)):
        raise TypeError(f"Index with integers and slices: got {part!r}.")
    return part


def _bound(bound: Any) -> Any:
    return int(bound._value) if isinstance(bound, Handle) else bound


class Reference:
    """A Tensor or Variable as a key: equal only to a reference of the same object."""

    __slots__ = ("_target",)

    def __init__(self, target: Any) -> None:
        self._target = target

    def deref(self) -> Any:
        """The object itself."""
        return self._target

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and self._target is other._target

    def __hash__(self) -> int:
        return id(self._target)


class Tensor(Spelled):
    """A Tensor as TensorFlow shows it; `constant` and `convert_to_tensor` make one.

    A number, list or array that meets it takes its dtype; two Tensors of different dtypes are
    promoted as NumPy does. Everything else of a `gradtape.Tensor` holds too: NumPy functions are
    differentiable.

    Examples
    --------
    >>> import gradtape.tf as tf, numpy as np
    >>> tf.constant([1.0, 2.0]) * np.array([0.5, 0.5])
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([0.5, 1. ], dtype=float32)>
    """

    __slots__ = ()

    def __init__(self, value: Any, ident: int | None = None) -> None:
        if ident is None:
            made = tensor(value)
            value, ident = made._value, made._id
        self._value = value
        self._id = ident

    def __repr__(self) -> str:
        return (
            f"<tf.Tensor: shape={self.shape}, dtype={self.dtype.name}, numpy={_shown(self._value)}>"
        )

    def __str__(self) -> str:
        text = str(self._value)
        line = "\n" if "\n" in text else ""
        return f"tf.Tensor({line}{text}, shape={self.shape}, dtype={self.dtype.name})"

    def __reduce__(self) -> Any:
        return constant, (self._value,)


def _shown(value: Any) -> str:
    if not value.shape:
        return str(value)
    text = repr(value)
    return f"\n{text}" if "\n" in text else text


Tensor._result = Tensor
SPELLED.append(Tensor)


class Variable(Spelled, PlainVariable):
    """A value that changes, as TensorFlow's.

    Parameters
    ----------
    initial_value
        A number, array, nested list, Tensor, or a function without arguments that gives one.
    trainable
        Whether a tape watches the Variable when it is read.
    validate_shape, caching_device, variable_def, import_scope, synchronization, aggregation
        Accepted, and of no effect here.
    name
        The name; "Variable" by default.
    dtype
        The dtype. By default Python floats are float32 and integers int32.
    constraint
        A function that an optimizer applies to the value after each update.
    shape
        The shape that `assign` accepts; that of the initial value by default. None stands for any
        length.

    Examples
    --------
    >>> import gradtape.tf as tf
    >>> tf.Variable(2.0)
    <tf.Variable 'Variable:0' shape=() dtype=float32, numpy=2.0>
    """

    __slots__ = ("_constraint", "_declared")

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool | None = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        import_scope: Any = None,
        constraint: Callable[[Any], Any] | None = None,
        synchronization: Any = None,
        aggregation: Any = None,
        shape: Any = None,
    ) -> None:
        if initial_value is None:
            raise ValueError("Give tf.Variable an initial_value: got None.")
        if callable(initial_value) and not isinstance(initial_value, Handle):
            initial_value = initial_value()
        value = tensor(lowered(initial_value), dtype)._value
        declared = None if shape is None else TensorShape(shape)
        if declared is not None and not declared.is_compatible_with(value.shape):
            raise ValueError(
                f"Give tf.Variable an initial_value of the shape {declared}: got {value.shape}."
            )
        super().__init__(value, trainable is None or trainable, scoped(name))
        self._constraint = constraint
        self._declared = declared

    _result = Tensor

    def _require_mutable(self) -> Any:
        raise RuntimeError(
            f"Use assign, assign_add or assign_sub to change Variable {self.name!r}, or write "
            f"`x = x + y` for a new value: `variable += value` is not supported."
        )

    @property
    def shape(self) -> TensorShape:
        """The lengths of the axes, as declared."""
        return TensorShape(self._value.shape) if self._declared is None else self._declared

    @property
    def constraint(self) -> Any:
        """What an optimizer applies to the value after each update, or None."""
        return self._constraint

    def assign(
        self,
        value: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Replace the value; returns the Variable, or None without `read_value`.

        Raises
        ------
        ValueError
            If the shape does not fit; the Variable is then unchanged.
        """
        new = self._fitting(value, "assign")
        if self._declared is not None and new.shape != self._value.shape:
            if not self._declared.is_compatible_with(new.shape):
                raise ValueError(
                    f"Give {self.name!r} a value of the shape {self._declared}: got {new.shape}."
                )
            self._value = new
        else:
            super().assign(new)
        return self if read_value else None

    def assign_add(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Add `delta` to the value; else as `assign`."""
        super().assign_add(self._fitting(delta, "assign_add"))
        return self if read_value else None

    def assign_sub(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Subtract `delta` from the value; else as `assign`."""
        super().assign_sub(self._fitting(delta, "assign_sub"))
        return self if read_value else None

    def _fitting(self, value: Any, method: str) -> Any:
        """`value` without its identity, in the Variable's dtype; Tensors as they are."""
        if isinstance(value, Handle):
            return value._value
        if value.__class__ in NUMBERS and self._value.dtype.kind == "f":
            return value
        dense = lowered(value)
        found = dense if isinstance(dense, Handle) else adopted(dense, self._value.dtype)
        return found._value if isinstance(found, Handle) else found

    def read_value(self) -> Tensor:
        """The current value as a Tensor, connected to the tape like the Variable itself."""
        return self.value()  # type: ignore[return-value]

    def is_initialized(self) -> bool:
        """Always true here."""
        return True

    def __repr__(self) -> str:
        return (
            f"<tf.Variable {self.name!r} shape={self.shape} dtype={self.dtype.name}, "
            f"numpy={_shown(self._value)}>"
        )

    def __copy__(self) -> Variable:
        return Variable(self._value, self._trainable, name=self._name, constraint=self._constraint)

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        return self.__copy__()

    def __reduce__(self) -> Any:
        return _variable, (self._value, self._trainable, self._name)


def _variable(value: Any, trainable: bool, name: str | None) -> Variable:
    return Variable(value, trainable, name=name)


class IndexedSlices:
    """Rows of a gradient that is zero elsewhere: ``dense[indices[i]] += values[i]``.

    Parameters
    ----------
    values
        The rows.
    indices
        Their positions along the first axis; they may repeat, and then add up.
    dense_shape
        The shape of the whole.

    Examples
    --------
    >>> import gradtape.tf as tf
    >>> rows = tf.IndexedSlices(tf.constant([[1.0], [2.0]]), tf.constant([2, 0]), (3, 1))
    >>> tf.convert_to_tensor(rows).numpy().ravel()
    array([2., 0., 1.], dtype=float32)
    """

    __slots__ = ("dense_shape", "indices", "values")

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        self.values = values
        self.indices = indices
        self.dense_shape = dense_shape

    @property
    def dtype(self) -> DType:
        """The dtype of the rows."""
        return self.values.dtype  # type: ignore[no-any-return]

    @property
    def shape(self) -> TensorShape:
        """The shape of the whole."""
        shape = self.dense_shape
        return TensorShape(shape._value if isinstance(shape, Handle) else shape)

    def _densely(self) -> Any:
        """The whole, as a Tensor."""
        if self.dense_shape is None:
            raise ValueError("Give IndexedSlices a dense_shape: without it, it has no dense form.")
        values = plain(self.values) if isinstance(self.values, Handle) else tensor(self.values)
        where = (
            self.indices._value if isinstance(self.indices, Handle) else np.asarray(self.indices)
        )
        zeros = Plain(np.zeros(tuple(self.shape), values.dtype), UNTRACKED)
        return lifted(apply(np.add.at, (zeros, where, values)) or zeros)

    def numpy(self) -> Any:
        """The whole, as an array."""
        return self._densely().numpy()

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(-self.values, self.indices, self.dense_shape)

    def __repr__(self) -> str:
        return (
            f"IndexedSlices(indices={self.indices!r}, values={self.values!r}, "
            f"dense_shape={self.dense_shape!r})"
        )


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Tensor:
    """A Tensor holding a copy of `value`.

    Parameters
    ----------
    value
        A number, array, nested list, or Tensor.
    dtype
        The dtype. By default Python floats are float32 and integers int32; arrays keep theirs.
    shape
        The shape; a single number fills it.
    name
        Of no effect.

    Raises
    ------
    TypeError
        If `value` does not fit `dtype`.
    ValueError
        If `value` is ragged, or does not fit `shape`.
    """
    if (
        isinstance(value, (float, np.floating))
        and dtype is not None
        and numpy_dtype(dtype).kind in "iub"
    ):
        raise TypeError(f"Give tf.constant an integer for dtype {dtype}: got {value!r}.")
    made: Any = tensor(lowered(value), dtype)
    if shape is not None:
        lengths = tuple(TensorShape(shape))
        if made.size == 1 and lengths != made.shape:
            made = np.broadcast_to(np.reshape(made, ()), lengths)
        elif made.size != int(np.prod(lengths, dtype=int)):
            raise TypeError(f"Give tf.constant {lengths} entries: got shape {made.shape}.")
        else:
            made = np.reshape(made, lengths)
    return lifted(made)  # type: ignore[no-any-return]


def convert_to_tensor(
    value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None
) -> Tensor:
    """`value` as a Tensor: a Variable is read, lists of Tensors are stacked.

    Raises
    ------
    ValueError
        If a Tensor of another dtype than `dtype` is given; use `cast`.
    """
    if isinstance(value, Handle):
        if dtype is not None and numpy_dtype(dtype) != value._value.dtype:
            raise ValueError(
                f"Use tf.cast(x, {as_dtype(dtype)!r}): convert_to_tensor got a Tensor of dtype "
                f"{value._value.dtype}."
            )
        return lifted(plain(value))  # type: ignore[no-any-return]
    if dtype is None and dtype_hint is not None:
        try:
            return constant(value, dtype_hint)
        except (TypeError, ValueError):
            pass
    return constant(value, dtype)


def is_tensor(x: Any) -> bool:
    """Whether `x` is a Tensor, Variable or IndexedSlices."""
    return isinstance(x, (Handle, IndexedSlices))


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """`x` in another dtype.

    The gradient is cast back; that of an integer or boolean is None. A complex number loses its
    imaginary part when cast to a real dtype.
    """
    if isinstance(x, IndexedSlices):
        return IndexedSlices(cast(x.values, dtype), x.indices, x.dense_shape)
    wanted = numpy_dtype(dtype)
    made = tensor(lowered(x))
    if made.dtype == wanted:
        return lifted(made)
    if made.dtype.kind == "c" and wanted.kind != "c":
        made = np.real(made)
    return lifted(made.astype(wanted))
