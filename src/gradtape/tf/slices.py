"""`IndexedSlices`: gradients that are zero but for some rows."""

from __future__ import annotations

from typing import Any

from gradtape.core.cotangents import scatter_add
from gradtape.core.dispatch import apply
from gradtape.core.handle import Handle, Spec
from gradtape.tf.dtypes import DType
from gradtape.tf.policy import lifted, plain, tensor
from gradtape.tf.shapes import TensorShape


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
        where = tensor(self.indices)._value
        spec = Spec(tuple(self.shape), values.dtype)
        return lifted(apply(scatter_add, (values,), {"spec": spec, "indices": (where,)}))

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
