"""``tf.keras.losses``: functions of targets and predictions, and classes that reduce them."""

from typing import Any

from gradtape.optimizers.serialization import Registry
from gradtape.tf.keras.losses.classes import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    CategoricalHinge,
    Circle,
    CosineSimilarity,
    Dice,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    Loss,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
    Tversky,
)
from gradtape.tf.keras.losses.functions import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    categorical_hinge,
    circle,
    cosine_similarity,
    dice,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
    tversky,
)

mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence = kl_divergence
logcosh = log_cosh

_registry = Registry(
    "keras.losses",
    [
        MeanSquaredError,
        MeanAbsoluteError,
        MeanAbsolutePercentageError,
        MeanSquaredLogarithmicError,
        LogCosh,
        Hinge,
        SquaredHinge,
        CategoricalHinge,
        KLDivergence,
        Poisson,
        CosineSimilarity,
        Huber,
        BinaryCrossentropy,
        CategoricalCrossentropy,
        BinaryFocalCrossentropy,
        CategoricalFocalCrossentropy,
        SparseCategoricalCrossentropy,
        CategoricalGeneralizedCrossEntropy,
        Dice,
        Tversky,
        Circle,
    ],
)
_functions = {
    function.__name__: function
    for function in (
        mean_squared_error,
        mean_absolute_error,
        mean_absolute_percentage_error,
        mean_squared_logarithmic_error,
        cosine_similarity,
        huber,
        log_cosh,
        hinge,
        squared_hinge,
        categorical_hinge,
        kl_divergence,
        poisson,
        binary_crossentropy,
        binary_focal_crossentropy,
        categorical_crossentropy,
        categorical_focal_crossentropy,
        sparse_categorical_crossentropy,
        categorical_generalized_cross_entropy,
        dice,
        tversky,
        circle,
    )
}
_functions |= dict.fromkeys(("mse", "MSE"), mse) | dict.fromkeys(("mae", "MAE"), mae)
_functions |= dict.fromkeys(("mape", "MAPE"), mape) | dict.fromkeys(("msle", "MSLE"), msle)
_functions |= dict.fromkeys(("kld", "KLD"), kld)
_functions |= dict.fromkeys(("bce", "BCE"), binary_crossentropy)


def serialize(loss: Any) -> Any:
    """A loss as a dict in Keras's form, a function as its name."""
    return _registry.serialize(loss) if isinstance(loss, Loss) else loss.__name__


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The loss that `serialize` described."""
    if isinstance(name, dict):
        return _registry.deserialize(name, custom_objects)
    return get((custom_objects or {}).get(name, name))


def get(identifier: Any) -> Any:
    """A loss by the name of its function or class; a function or object as it is.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    if identifier is None:
        return None
    found = identifier
    if isinstance(identifier, dict):
        found = _registry.deserialize(identifier)
    elif isinstance(identifier, str):
        found = _functions.get(identifier) or _registry.classes.get(identifier)
    if not callable(found):
        raise ValueError(f"Give the name of a loss, or a function: got {identifier!r}.")
    return found() if isinstance(found, type) else found
