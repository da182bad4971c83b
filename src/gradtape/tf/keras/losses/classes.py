"""Losses as objects: a function of targets and predictions, and how its values are reduced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np

from gradtape.core.dtypes import floatx
from gradtape.core.handle import Handle
from gradtape.tf.dtypes import as_dtype
from gradtape.tf.keras.losses import functions
from gradtape.tf.policy import lifted, lowered, tensor

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


class Loss:
    """The base of losses: derive from it and define ``call(y_true, y_pred)``.

    Parameters
    ----------
    name
        A name.
    reduction
        What becomes of the losses of the examples: "sum_over_batch_size" or "mean", "sum", "none"
        or None, or "mean_with_sample_weight", which divides by the sum of the weights.
    dtype
        The dtype in which to compute; `floatx` by default.

    Raises
    ------
    ValueError
        For another reduction.
    """

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        if reduction not in REDUCTIONS:
            raise ValueError(f"Give one of {REDUCTIONS} as reduction: got {reduction!r}.")
        self.name = name or type(self).__name__.lower()
        self.reduction = reduction
        self._dtype = as_dtype(dtype or floatx())

    @property
    def dtype(self) -> str:
        """The dtype in which the loss computes."""
        return str(self._dtype.name)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of predictions, each example weighed by `sample_weight`."""
        kind = self._dtype.as_numpy_dtype
        y_true, y_pred = (tensor(lowered(y)).astype(kind) for y in (y_true, y_pred))
        values = tensor(lowered(self.call(lifted(y_true), lifted(y_pred)))).astype(kind)
        weight = None
        if sample_weight is not None:
            weight = tensor(lowered(sample_weight)).astype(kind)
        mask = self._mask(y_true, values)
        if mask is not None:
            values, weight = self._masked(values, weight, mask.astype(kind))
        elif weight is not None:
            values, weight = functions._same_rank(values, weight)
        return lifted(self._reduced(values, weight))

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each example."""
        raise NotImplementedError(f"Define call(self, y_true, y_pred) in {type(self).__name__}.")

    def _mask(self, y_true: Any, values: Any) -> Any:
        """Which examples count, if not all do."""
        return None

    def _masked(self, values: Any, weight: Any, mask: Any) -> tuple[Any, Any]:
        """The values, and weights such that a mean is one over the examples that count."""
        if self.reduction in ("mean", "sum_over_batch_size"):
            count = np.sum(mask)
            mask = mask * (mask.size / count if count else 0)
        if weight is None:
            return values, mask
        mask, weight = functions._same_rank(mask, weight)
        return functions._same_rank(values, weight * mask)

    def _reduced(self, values: Any, weight: Any) -> Any:
        if weight is not None:
            values = values * weight
        if self.reduction in (None, "none") or values.shape in ((), (0,)):
            return values
        total = np.sum(values)
        if self.reduction == "sum":
            return total
        if self.reduction == "mean_with_sample_weight" and weight is not None:
            count = np.sum(weight)
            return (
                total / count
                if (count._value if isinstance(count, Handle) else count)
                else 0 * total
            )
        return total / values.size

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The loss that `get_config` described."""
        return cls(**config)


class _Of(Loss):
    """A loss that is a function of `losses`, with these arguments."""

    _function: ClassVar[Callable[..., Any]]
    _spelled: ClassVar[str]

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **arguments: Any,
    ) -> None:
        super().__init__(name or self._spelled, reduction, dtype)
        self._arguments = arguments
        self.__dict__.update(arguments)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each example."""
        y_true, y_pred = functions._same_rank(tensor(lowered(y_true)), tensor(lowered(y_pred)))
        return type(self)._function(y_true, y_pred, **self._arguments)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again."""
        return {**super().get_config(), **self._arguments}


class MeanSquaredError(_Of):
    """`mean_squared_error`, reduced."""

    _function, _spelled = functions.mean_squared_error, "mean_squared_error"


class MeanAbsoluteError(_Of):
    """`mean_absolute_error`, reduced."""

    _function, _spelled = functions.mean_absolute_error, "mean_absolute_error"


class MeanAbsolutePercentageError(_Of):
    """`mean_absolute_percentage_error`, reduced."""

    _function = functions.mean_absolute_percentage_error
    _spelled = "mean_absolute_percentage_error"


class MeanSquaredLogarithmicError(_Of):
    """`mean_squared_logarithmic_error`, reduced."""

    _function = functions.mean_squared_logarithmic_error
    _spelled = "mean_squared_logarithmic_error"


class LogCosh(_Of):
    """`log_cosh`, reduced."""

    _function, _spelled = functions.log_cosh, "log_cosh"


class Hinge(_Of):
    """`hinge`, reduced."""

    _function, _spelled = functions.hinge, "hinge"


class SquaredHinge(_Of):
    """`squared_hinge`, reduced."""

    _function, _spelled = functions.squared_hinge, "squared_hinge"


class CategoricalHinge(_Of):
    """`categorical_hinge`, reduced."""

    _function, _spelled = functions.categorical_hinge, "categorical_hinge"


class KLDivergence(_Of):
    """`kl_divergence`, reduced."""

    _function, _spelled = functions.kl_divergence, "kl_divergence"


class Poisson(_Of):
    """`poisson`, reduced."""

    _function, _spelled = functions.poisson, "poisson"


class CosineSimilarity(_Of):
    """`cosine_similarity`, reduced."""

    _function, _spelled = functions.cosine_similarity, "cosine_similarity"

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, axis=axis)


class Huber(_Of):
    """`huber`, reduced."""

    _function, _spelled = functions.huber, "huber_loss"

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, delta=delta)


class _Smoothing(_Of):
    """A cross-entropy of classes."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class BinaryCrossentropy(_Smoothing):
    """`binary_crossentropy`, reduced."""

    _function, _spelled = functions.binary_crossentropy, "binary_crossentropy"


class CategoricalCrossentropy(_Smoothing):
    """`categorical_crossentropy`, reduced."""

    _function, _spelled = functions.categorical_crossentropy, "categorical_crossentropy"


class BinaryFocalCrossentropy(_Of):
    """`binary_focal_crossentropy`, reduced."""

    _function, _spelled = functions.binary_focal_crossentropy, "binary_focal_crossentropy"

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
        )


class CategoricalFocalCrossentropy(_Of):
    """`categorical_focal_crossentropy`, reduced."""

    _function = functions.categorical_focal_crossentropy
    _spelled = "categorical_focal_crossentropy"

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
            alpha=alpha,
            gamma=gamma,
        )


class SparseCategoricalCrossentropy(_Of):
    """`sparse_categorical_crossentropy`, reduced; a mean leaves out the class `ignore_class`."""

    _function = functions.sparse_categorical_crossentropy
    _spelled = "sparse_categorical_crossentropy"

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            reduction, name, dtype, from_logits=from_logits, ignore_class=ignore_class, axis=axis
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again."""
        config = super().get_config()
        del config["axis"]
        return config

    def _mask(self, y_true: Any, values: Any) -> Any:
        ignored = self._arguments["ignore_class"]
        return None if ignored is None else (y_true._value != ignored).reshape(values.shape)


class CategoricalGeneralizedCrossEntropy(_Of):
    """`categorical_generalized_cross_entropy`, reduced; `q` between 0 and 1."""

    _function = functions.categorical_generalized_cross_entropy
    _spelled = "categorical_generalized_cross_entropy"

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        if not 0 < q < 1:
            raise ValueError(f"Give q above 0 and below 1: got {q!r}.")
        super().__init__(reduction, name, dtype, q=q)


class Dice(_Of):
    """`dice`, reduced."""

    _function, _spelled = functions.dice, "dice"

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, axis=axis)


class Tversky(_Of):
    """`tversky`, reduced."""

    _function, _spelled = functions.tversky, "tversky"

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)


class Circle(_Of):
    """`circle`, reduced; a mean leaves out examples whose loss is 0."""

    _function, _spelled = functions.circle, "circle"

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            reduction, name, dtype, gamma=gamma, margin=margin, remove_diagonal=remove_diagonal
        )

    def _mask(self, y_true: Any, values: Any) -> Any:
        return values._value > 0
