"""`Variable` with TensorFlow's manners."""

from __future__ import annotations

import enum
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from gradtape.core.handle import Handle
from gradtape.core.tensor import Variable as PlainVariable
from gradtape.tf.errors import invalid, invalid_type
from gradtape.tf.indexing import checked, gather, gather_nd
from gradtape.tf.policy import NUMBERS, adopted, lowered, tensor
from gradtape.tf.scopes import scoped
from gradtape.tf.shapes import TensorShape
from gradtape.tf.slices import IndexedSlices
from gradtape.tf.spelled import Spelled, Tensor, shown


class VariableSynchronization(enum.Enum):
    """Of no effect here: there is one device."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


class VariableAggregation(enum.Enum):
    """Of no effect here: there is one device."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3


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
        if constraint is not None and not callable(constraint):
            raise ValueError(f"Give tf.Variable a function as constraint: got {constraint!r}.")
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
        return TensorShape.of(self._value) if self._declared is None else self._declared

    @property
    def synchronization(self) -> VariableSynchronization:
        """How copies on several devices are kept alike: there are none."""
        return VariableSynchronization.AUTO

    @property
    def aggregation(self) -> VariableAggregation:
        """How copies on several devices are made one: there are none."""
        return VariableAggregation.NONE

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
        new = self._fitting(value)
        if self._declared is not None and np.shape(new) != self._value.shape:
            if not self._declared.is_compatible_with(np.shape(new)):
                raise ValueError(
                    f"Give {self.name!r} a value of the shape {self._declared}: "
                    f"got {np.shape(new)}."
                )
            self._value = tensor(new, self._value.dtype)._value
        else:
            self._changed(super().assign, new)
        return self if read_value else None

    def assign_add(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Add `delta` to the value; else as `assign`."""
        self._changed(super().assign_add, self._fitting(delta))
        return self if read_value else None

    def assign_sub(
        self,
        delta: Any,
        use_locking: bool = False,
        name: str | None = None,
        read_value: bool = True,
    ) -> Any:
        """Subtract `delta` from the value; else as `assign`."""
        self._changed(super().assign_sub, self._fitting(delta))
        return self if read_value else None

    def _changed(self, change: Callable[[Any], Any], value: Any) -> None:
        """Do `change`, with TensorFlow's errors."""
        try:
            change(value)
        except TypeError as error:
            raise invalid_type(str(error)) from error
        except ValueError as error:
            raise invalid(str(error)) from error

    def _fitting(self, value: Any) -> Any:
        """`value` without its identity, in the Variable's dtype; Tensors as they are."""
        if isinstance(value, Handle):
            return value._value
        if value.__class__ in NUMBERS and self._value.dtype.kind == "f":
            return value
        dense = lowered(value)
        found = dense if isinstance(dense, Handle) else adopted(dense, self._value.dtype)
        return found._value if isinstance(found, Handle) else found

    # -- updates of some entries ----------------------------------------------------------------

    def scatter_add(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Add the rows of the `IndexedSlices`; a repeated row adds up."""
        return self._update_rows(np.add.at, sparse_delta, "scatter_add")

    def scatter_sub(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Subtract the rows of the `IndexedSlices`."""
        return self._update_rows(np.subtract.at, sparse_delta, "scatter_sub")

    def scatter_mul(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Multiply by the rows of the `IndexedSlices`."""
        return self._update_rows(np.multiply.at, sparse_delta, "scatter_mul")

    def scatter_div(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Divide by the rows of the `IndexedSlices`."""
        return self._update_rows(np.divide.at, sparse_delta, "scatter_div")

    def scatter_max(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Take the maximum with the rows of the `IndexedSlices`."""
        return self._update_rows(np.maximum.at, sparse_delta, "scatter_max")

    def scatter_min(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Take the minimum with the rows of the `IndexedSlices`."""
        return self._update_rows(np.minimum.at, sparse_delta, "scatter_min")

    def scatter_update(self, sparse_delta: Any, use_locking: bool = False, name: Any = None) -> Any:
        """Write the rows of the `IndexedSlices`; of several, the last stays."""
        return self._update_rows(operator.setitem, sparse_delta, "scatter_update")

    def scatter_nd_add(self, indices: Any, updates: Any, name: Any = None) -> Any:
        """Add `updates` at the rows of `indices`."""
        return self._update(np.add.at, indices, updates, "scatter_nd_add")

    def scatter_nd_sub(self, indices: Any, updates: Any, name: Any = None) -> Any:
        """Subtract `updates` at the rows of `indices`."""
        return self._update(np.subtract.at, indices, updates, "scatter_nd_sub")

    def scatter_nd_update(self, indices: Any, updates: Any, name: Any = None) -> Any:
        """Write `updates` at the rows of `indices`."""
        return self._update(operator.setitem, indices, updates, "scatter_nd_update")

    def scatter_nd_max(self, indices: Any, updates: Any, name: Any = None) -> Any:
        """Take the maximum with `updates` at the rows of `indices`."""
        return self._update(np.maximum.at, indices, updates, "scatter_nd_max")

    def scatter_nd_min(self, indices: Any, updates: Any, name: Any = None) -> Any:
        """Take the minimum with `updates` at the rows of `indices`."""
        return self._update(np.minimum.at, indices, updates, "scatter_nd_min")

    def _update_rows(self, write: Callable[..., Any], delta: Any, method: str) -> Any:
        if not isinstance(delta, IndexedSlices):
            raise TypeError(f"Give Variable.{method} tf.IndexedSlices: got {delta!r}.")
        indices = np.expand_dims(tensor(delta.indices)._value, -1)
        return self._update(write, indices, delta.values, method)

    def _update(self, write: Callable[..., Any], indices: Any, updates: Any, method: str) -> Any:
        """Write into a copy: a record may hold the old value."""
        value, updates = self._value, lowered(updates)
        index = checked(indices, tensor(adopted(updates, value.dtype)), value.shape, method)
        new = np.array(value)
        write(new, index, tensor(adopted(updates, value.dtype))._value)
        return self.assign(new)

    def sparse_read(self, indices: Any, name: Any = None) -> Any:
        """The rows at `indices`."""
        return gather(self, indices)

    def gather_nd(self, indices: Any, name: Any = None) -> Any:
        """The entries at the rows of `indices`."""
        return gather_nd(self, indices)

    def read_value(self) -> Tensor:
        """The current value as a Tensor, connected to the tape like the Variable itself."""
        return self.value()  # type: ignore[return-value]

    def is_initialized(self) -> bool:
        """Always true here."""
        return True

    def __repr__(self) -> str:
        return (
            f"<tf.Variable {self.name!r} shape={self.shape} dtype={self.dtype.name}, "
            f"numpy={shown(self._value)}>"
        )

    def __format__(self, spec: str) -> str:
        return super().__format__(spec) if spec else repr(self)

    def __copy__(self) -> Variable:
        return Variable(
            self._value,
            self._trainable,
            name=self._name,
            constraint=self._constraint,
            shape=self._declared,
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        return self.__copy__()

    def __reduce__(self) -> Any:
        return _variable, (self._value, self._trainable, self._name)


def _variable(value: Any, trainable: bool, name: str | None) -> Variable:
    return Variable(value, trainable, name=name)
