"""What a Tensor and a Variable share in TensorFlow's spelling: operators, indexing, attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradtape.core.batch import LEVELS
from gradtape.core.dispatch import apply, array_ufunc, handles_in, perform
from gradtape.core.handle import UNTRACKED, Handle, settled
from gradtape.core.kinds import Elementwise
from gradtape.core.rules import RULES
from gradtape.core.tensor import Tensor as Plain
from gradtape.core.tensor import Variable as PlainVariable
from gradtape.tf.dtypes import KNOWN
from gradtape.tf.errors import OpError, invalid, invalid_type, translated
from gradtape.tf.policy import (
    NUMBERS,
    SPELLED,
    adopt_floats,
    adopted,
    lifted,
    lowered,
    tensor,
)
from gradtape.tf.shapes import TensorShape

# -- operators ----------------------------------------------------------------------------------


def _met(other: Any, dtype: np.dtype[Any]) -> Any:
    """What a Tensor of `dtype` meets, as an operand of the engine's operators."""
    other = adopted(other, dtype)
    return Tensor(other._value, other._id) if other.__class__ is Plain else other


def _operator(name: str, refused: str = "") -> Callable[[Any, Any], Any]:
    """An operator of two operands: the other one takes this one's dtype.

    Dtypes of the kinds in `refused` have no such operator.
    """
    base = getattr(Plain, name)

    def method(self: Any, other: Any) -> Any:
        dtype = self._value.dtype
        if dtype.kind in refused:
            raise invalid_type(f"Cast the operand with tf.cast: got dtype {dtype} for {name}.")
        if other.__class__ is not Tensor and (dtype.kind != "f" or other.__class__ not in NUMBERS):
            other = _met(other, dtype)
        try:
            return base(self, other)
        except ValueError as error:
            raise translated(error, name.strip("_")) from error

    method.__name__ = method.__qualname__ = name
    return method


def _division(name: str, reflected: bool = False) -> Callable[[Any, Any], Any]:
    """``//`` or ``%``: as `_operator`, but an integer has no quotient by 0."""
    divide = _operator(name, refused="bc")

    def method(self: Any, other: Any) -> Any:
        if self._value.dtype.kind in "iu":
            other = _met(other, self._value.dtype)
            divisor = self if reflected else other
            zero = np.equal(divisor._value if isinstance(divisor, Handle) else divisor, 0)
            if isinstance(zero, (np.ndarray, np.generic)) and zero.any():
                raise invalid(f"Divide integers by no 0: {name.strip('_')} got a divisor of 0.")
        return divide(self, other)

    method.__name__ = method.__qualname__ = name
    return method


def _comparison(name: str, ufunc: np.ufunc, refused: str = "") -> Callable[[Any, Any], Any]:
    """A comparison, of which nothing is recorded."""
    compare = _operator(name, refused)

    def method(self: Any, other: Any) -> Any:
        if other.__class__ is not Tensor or LEVELS or self._value.dtype.kind in refused:
            return compare(self, other)
        try:
            return Tensor(settled(ufunc(self._value, other._value)), UNTRACKED)
        except ValueError as error:
            raise translated(error, name.strip("_")) from error

    method.__name__ = method.__qualname__ = name
    return method


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


def _leading(args: Any) -> np.dtype[Any]:
    """The dtype that arrays among `args` take: that of the first Tensor that is no mask."""
    dtypes = [handle._value.dtype for handle in handles_in(args)]
    return next((dtype for dtype in dtypes if dtype.kind != "b"), np.dtype(bool))


class Spelled(Plain):
    """What a Tensor and a Variable share."""

    __slots__ = ()

    # -- protocols ------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        rule = RULES.get(ufunc)
        if rule.__class__ is Elementwise and method == "__call__" and not kwargs:
            if all([isinstance(arg, Spelled) for arg in args]):
                return perform(rule, args, kwargs)
        dtype, operands = _leading(args), lowered(args)
        if dtype.kind != "b":
            adopt = adopted if method == "__call__" else adopt_floats
            operands = tuple(
                [arg if isinstance(arg, Handle) else adopt(arg, dtype) for arg in operands]
            )
        return lifted(array_ufunc(ufunc, method, operands, lowered(kwargs)))

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        args, kwargs = lowered(args), lowered(kwargs)
        dtype = _leading(args)
        if dtype.kind == "f":
            args = adopt_floats(args, dtype)
        return lifted(apply(function, args, kwargs))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return super().__array__(None if dtype is None else np.dtype(dtype), copy)

    # -- operators ------------------------------------------------------------------------------

    __add__ = _operator("__add__", refused="b")
    __radd__ = _operator("__radd__", refused="b")
    __sub__ = _operator("__sub__", refused="b")
    __rsub__ = _operator("__rsub__", refused="b")
    __mul__ = _operator("__mul__", refused="b")
    __rmul__ = _operator("__rmul__", refused="b")
    __mod__ = _division("__mod__")
    __rmod__ = _division("__rmod__", reflected=True)
    __floordiv__ = _division("__floordiv__")
    __rfloordiv__ = _division("__rfloordiv__", reflected=True)
    __pow__ = _operator("__pow__", refused="b")
    __rpow__ = _operator("__rpow__", refused="b")
    __and__ = _operator("__and__", refused="fc")
    __rand__ = _operator("__rand__", refused="fc")
    __or__ = _operator("__or__", refused="fc")
    __ror__ = _operator("__ror__", refused="fc")
    __xor__ = _operator("__xor__", refused="fc")
    __rxor__ = _operator("__rxor__", refused="fc")
    __lt__ = _comparison("__lt__", np.less, refused="bc")
    __le__ = _comparison("__le__", np.less_equal, refused="bc")
    __gt__ = _comparison("__gt__", np.greater, refused="bc")
    __ge__ = _comparison("__ge__", np.greater_equal, refused="bc")
    _matmul = _operator("__matmul__", refused="b")
    _rmatmul = _operator("__rmatmul__", refused="b")
    _divide = _operator("__truediv__")
    _rdivide = _operator("__rtruediv__")
    _equal = _comparison("__eq__", np.equal)
    _differ = _comparison("__ne__", np.not_equal)

    def __truediv__(self, other: Any) -> Any:
        kind = self._value.dtype.kind
        return self._divide(other) if kind in "fc" else _quotient(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        kind = self._value.dtype.kind
        return self._rdivide(other) if kind in "fc" else _quotient(other, self)

    def __matmul__(self, other: Any) -> Any:
        return self._product(other, "_matmul")

    def __rmatmul__(self, other: Any) -> Any:
        return self._product(other, "_rmatmul")

    def _product(self, other: Any, name: str) -> Any:
        if not self._value.shape or not np.shape(other):
            raise invalid("Multiply matrices or vectors with @: got a scalar; use x * y.")
        return getattr(self, name)(other)

    def __neg__(self) -> Any:
        if self._value.dtype.kind == "b":
            raise invalid_type("Cast the operand with tf.cast, or write ~x: got -x of dtype bool.")
        return super().__neg__()

    def __invert__(self) -> Any:
        if self._value.dtype.kind not in "biu":
            raise invalid_type(f"Write ~x of integers and booleans: got {self._value.dtype}.")
        return super().__invert__()

    def __eq__(self, other: object) -> Any:
        if other is None:
            return False
        try:
            return self._equal(other)
        except OpError as error:
            return _of_no_shape(error, np.False_)

    def __ne__(self, other: object) -> Any:
        if other is None:
            return True
        try:
            return self._differ(other)
        except OpError as error:
            return _of_no_shape(error, np.True_)

    # -- container ------------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Any:
        try:
            return super().__getitem__(_index(index))
        except (IndexError, ValueError) as error:
            raise translated(error, "strided_slice") from error

    def __iter__(self) -> Iterator[Any]:
        if not self._value.shape:
            raise TypeError("Iterate over a Tensor of rank 1 or more: this one is a scalar.")
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        value = self._value
        return bool(value) if value.size else False

    def __format__(self, spec: str) -> str:
        value = self._value
        return format(value if value.shape else value.item(), spec)

    def __str__(self) -> str:
        return repr(self)

    # -- attributes -----------------------------------------------------------------------------

    @property
    def shape(self) -> TensorShape:
        """The lengths of the axes."""
        return TensorShape.of(self._value)

    @property
    def dtype(self) -> Any:
        """The dtype, a `DType`."""
        return KNOWN[self._value.dtype]

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


def _of_no_shape(error: OpError, answer: Any) -> Any:
    """The answer of a comparison of shapes that do not broadcast; a wrong dtype is an error."""
    if isinstance(error, TypeError):
        raise error
    return Tensor(answer, UNTRACKED)


# -- indices ------------------------------------------------------------------------------------

_PLAIN_PARTS = frozenset({int, type(None), type(Ellipsis)})


def _index(index: Any) -> Any:
    """An index as NumPy means it: TensorFlow reads a list as a tuple."""
    if index.__class__ in _PLAIN_PARTS:
        return index
    if isinstance(index, list):
        index = tuple(index)
    if isinstance(index, tuple):
        return tuple([part if part.__class__ in _PLAIN_PARTS else _part(part) for part in index])
    return _part(index)


def _part(part: Any) -> Any:
    if isinstance(part, slice):
        return slice(*[_bound(bound) for bound in (part.start, part.stop, part.step)])
    if isinstance(part, Handle):
        part = part._value
    if isinstance(part, (list, tuple)):
        part = np.asarray(part)
    if isinstance(part, np.ndarray) and part.ndim and part.dtype != bool:
        raise TypeError(
            f"Use tf.gather(x, indices): an index is a slice or an integer, got {part!r}."
        )
    if isinstance(part, (bool, np.bool_)):
        raise invalid_type(f"Index with integers, slices and masks: got the scalar {part}.")
    if isinstance(part, (float, np.floating, str)):
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


# -- Tensor -------------------------------------------------------------------------------------


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
            f"<tf.Tensor: shape={self.shape}, dtype={self.dtype.name}, numpy={shown(self._value)}>"
        )

    def __str__(self) -> str:
        text = str(self._value)
        line = "\n" if "\n" in text else ""
        return f"tf.Tensor({line}{text}, shape={self.shape}, dtype={self.dtype.name})"

    def __reduce__(self) -> Any:
        return _remade, (self._value,)


def _remade(value: Any) -> Tensor:
    """A pickled Tensor."""
    return Tensor(lifted(value)._value, UNTRACKED)


def shown(value: Any) -> str:
    """A value in the text of a Tensor or Variable: a scalar with all digits of its dtype."""
    if not value.shape:
        return str(value.item())
    text = repr(value)
    return f"\n{text}" if "\n" in text else text


Tensor._result = Tensor
SPELLED.append(Tensor)
