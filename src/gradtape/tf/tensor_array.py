"""``tf.TensorArray``: a list of Tensors of one dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.core.dispatch import apply
from gradtape.core.handle import UNTRACKED, Handle
from gradtape.core.tensor import Tensor as Plain
from gradtape.tf.dtypes import DType, as_dtype
from gradtape.tf.errors import OutOfRangeError, invalid
from gradtape.tf.operation import lengths as lengths_of
from gradtape.tf.policy import lifted, lowered
from gradtape.tf.shapes import TensorShape
from gradtape.tf.tensors import Tensor, constant, convert_to_tensor


class TensorArray:
    """A list of Tensors of one dtype, read and written by position.

    Parameters
    ----------
    dtype
        The dtype of every entry.
    size
        The number of entries.
    dynamic_size
        Whether writing past the end makes the list longer.
    clear_after_read
        Whether reading an entry forgets it, the default.
    infer_shape
        Whether all entries must have the shape of the first.
    element_shape
        The shape of the entries.
    tensor_array_name, handle, flow, colocate_with_first_write_call, name
        Of no effect.

    Examples
    --------
    >>> import gradtape.tf as tf
    >>> entries = tf.TensorArray(tf.float32, size=2)
    >>> for i in range(2):
    ...     entries = entries.write(i, 2.0 * i)
    >>> entries.stack()
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([0., 2.], dtype=float32)>
    """

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        handle: Any = None,
        flow: Any = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ) -> None:
        if handle is not None:
            raise ValueError("Make a TensorArray without handle=: there are none here.")
        if size is None:
            raise ValueError("Give TensorArray a size.")
        self._dtype = as_dtype(dtype)
        self._dynamic = bool(dynamic_size)
        self._clear = clear_after_read is None or bool(clear_after_read)
        self._infer = infer_shape
        self._shape = TensorShape(element_shape)
        self._seen: Any = None
        """The shape that every entry has, once one was written."""
        self._entries: list[Any] = [None] * int(size)
        self._read: set[int] = set()

    @property
    def dtype(self) -> DType:
        """The dtype of the entries."""
        return self._dtype

    @property
    def element_shape(self) -> TensorShape:
        """The shape of the entries, as far as it is known."""
        return self._shape

    @property
    def dynamic_size(self) -> bool:
        """Whether writing past the end makes the list longer."""
        return self._dynamic

    @property
    def handle(self) -> None:
        """None: the entries are kept in a Python list."""

    @property
    def flow(self) -> Tensor:
        """A zero, of no meaning."""
        return constant(0)

    def identity(self) -> TensorArray:
        """The TensorArray itself."""
        return self

    def size(self, name: str | None = None) -> Tensor:
        """The number of entries."""
        return constant(len(self._entries))

    def close(self, name: str | None = None) -> None:
        """Forget all entries."""
        self._entries = []

    def read(self, index: Any, name: str | None = None) -> Any:
        """The entry at `index`, which is then forgotten with `clear_after_read`.

        Raises
        ------
        OutOfRangeError
            If there is none.
        InvalidArgumentError
            If it has been forgotten.
        """
        where = self._position(index, len(self._entries))
        if self._entries[where] is None and where in self._read:
            raise invalid(
                f"Make the TensorArray with clear_after_read=False to read entry {where} twice."
            )
        found = self._entry(where)
        if self._clear:
            self._entries[where] = None
            self._read.add(where)
        return found

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """Put `value` at `index`; returns the TensorArray.

        Raises
        ------
        OutOfRangeError
            If `index` is negative, or past the end without `dynamic_size`.
        InvalidArgumentError
            If the dtype is another.
        ValueError
            If the shape does not fit.
        """
        where = self._position(index, None if self._dynamic else len(self._entries))
        made = value
        if made.__class__ is not Tensor:
            made = convert_to_tensor(value, dtype_hint=self._dtype)
        if made._value.dtype != self._dtype.dtype:
            raise invalid(f"Write entries of dtype {self._dtype.name}: got {made.dtype.name}.")
        if made._value.shape != self._seen:
            self._merge(made.shape)
        self._entries.extend([None] * (where + 1 - len(self._entries)))
        self._entries[where] = made
        return self

    def stack(self, name: str | None = None) -> Any:
        """All entries along a new first axis; those never written are zeros."""
        if not self._entries:
            shape = (0, *self._shape) if self._shape.is_fully_defined() else (0,)
            return lifted(np.zeros(shape, self._dtype.as_numpy_dtype))
        return self._stacked(range(len(self._entries)))

    def gather(self, indices: Any, name: str | None = None) -> Any:
        """The entries at `indices` along a new first axis."""
        size = len(self._entries)
        return self._stacked([self._position(i, size) for i in lengths_of(indices)])

    def concat(self, name: str | None = None) -> Any:
        """All entries joined along their first axis.

        Raises
        ------
        InvalidArgumentError
            If they are scalars, or do not fit together.
        """
        parts = [lowered(self._entry(i)) for i in range(len(self._entries))]
        try:
            return lifted(apply(np.concatenate, (parts,)))
        except ValueError as error:
            raise invalid(f"Concatenate entries of rank 1 or more that fit: {error}.") from error

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """Take the rows of `value` as the entries; returns the TensorArray."""
        rows = list(convert_to_tensor(value, dtype_hint=self._dtype))
        if len(rows) > len(self._entries) and not self._dynamic:
            raise ValueError(
                f"Give unstack at most {len(self._entries)} rows, or make the TensorArray with "
                f"dynamic_size=True: got {len(rows)}."
            )
        self._entries = rows
        return self

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """Write the rows of `value` at `indices`; returns the TensorArray."""
        rows = convert_to_tensor(value, dtype_hint=self._dtype)
        for index, row in zip(lengths_of(indices), rows, strict=False):
            self.write(index, row)
        return self

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """Take parts of `value`, of these `lengths` along its first axis, as the entries."""
        whole = convert_to_tensor(value, dtype_hint=self._dtype)
        if whole.dtype != self._dtype:
            raise TypeError(f"Split a Tensor of dtype {self._dtype.name}: got {whole.dtype.name}.")
        counts = lengths._value if isinstance(lengths, Handle) else np.asarray(lengths)
        if counts.ndim != 1 or not whole.ndim or int(counts.sum()) != whole.shape[0]:
            raise invalid(
                f"Give split a vector of lengths that add up to the rows: got {counts!r} for shape "
                f"{whole.shape}."
            )
        if not self._dynamic and len(counts) != len(self._entries):
            raise invalid(f"Give split {len(self._entries)} lengths: got {len(counts)}.")
        ends = np.cumsum(counts).tolist()
        self._entries = [whole[end - n : end] for n, end in zip(counts.tolist(), ends, strict=True)]
        return self

    def grad(self, source: Any, flow: Any = None, name: str | None = None) -> Any:
        """Not here: a tape differentiates through the entries."""
        raise NotImplementedError("Use tf.GradientTape: entries are Tensors like others.")

    def __len__(self) -> int:
        return len(self._entries)

    def _position(self, index: Any, size: int | None) -> int:
        where = int(index._value if isinstance(index, Handle) else index)
        if where < 0 or (size is not None and where >= size):
            raise OutOfRangeError(
                None, None, f"Use positions from 0 to {(size or 1) - 1}: got {where}."
            )
        return where

    def _merge(self, shape: TensorShape) -> None:
        """Hold the shape of an entry against what is known, and learn from it."""
        if not self._shape.is_compatible_with(shape):
            raise ValueError(f"Write entries of the shape {self._shape}: got {shape}.")
        if self._infer:
            self._shape = self._shape.merge_with(shape)
            self._seen = (*shape,)

    def _entry(self, where: int) -> Any:
        """The entry; zeros if it was never written."""
        if self._entries[where] is None:
            if not self._shape.is_fully_defined():
                raise ValueError(
                    f"Write entry {where} first, or give the TensorArray an element_shape."
                )
            zeros = np.zeros(tuple(self._shape), self._dtype.as_numpy_dtype)[()]
            self._entries[where] = lifted(Plain(zeros, UNTRACKED))
        return self._entries[where]

    def _stacked(self, positions: Any) -> Any:
        parts = [lowered(self._entry(i)) for i in positions]
        try:
            return lifted(apply(np.stack, (parts,)))
        except ValueError as error:
            raise invalid(f"Stack entries of one shape: {error}.") from error
