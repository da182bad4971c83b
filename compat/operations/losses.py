"""Keras's losses: functions with each option, classes with each reduction."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from compat.cases import case, operation

T = np.array([[0.3, -0.4, 1.2], [0.9, 2.1, -0.6]], np.float32)
Y = np.array([[0.5, -1.7, 1.0], [0.2, 3.5, -0.2]], np.float32)
P = np.array([[0.2, 0.5, 0.3], [0.7, 0.1, 0.2]], np.float32)
Q = np.array([[0.0, 1.0, 0.0], [0.6, 0.3, 0.1]], np.float32)
LABELS = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]], np.float32)
CLASSES = np.array([2, 0], np.int32)

CALLS: dict[str, tuple[Any, Any, list[dict[str, Any]]]] = {
    "MeanSquaredError": (T, Y, [{}]),
    "MeanAbsoluteError": (T, Y, [{}]),
    "MeanAbsolutePercentageError": (T, Y, [{}]),
    "MeanSquaredLogarithmicError": (np.abs(T), np.abs(Y), [{}]),
    "CosineSimilarity": (T, Y, [{}, {"axis": 0}]),
    "Huber": (T, Y, [{}, {"delta": 0.25}]),
    "LogCosh": (T, Y, [{}]),
    "Hinge": (LABELS, Y, [{}]),
    "SquaredHinge": (LABELS, Y, [{}]),
    "CategoricalHinge": (LABELS, Y, [{}]),
    "KLDivergence": (Q, P, [{}]),
    "Poisson": (np.abs(T), np.abs(Y), [{}]),
    "BinaryCrossentropy": (
        LABELS,
        P,
        [{}, {"from_logits": True}, {"label_smoothing": 0.2}, {"axis": 0}],
    ),
    "BinaryFocalCrossentropy": (
        LABELS,
        P,
        [
            {},
            {"from_logits": True, "gamma": 3.0},
            {"apply_class_balancing": True, "alpha": 0.4, "label_smoothing": 0.2},
        ],
    ),
    "CategoricalCrossentropy": (
        Q,
        P,
        [{}, {"from_logits": True}, {"label_smoothing": 0.2}, {"axis": 0}],
    ),
    "CategoricalFocalCrossentropy": (
        Q,
        P,
        [{}, {"from_logits": True, "gamma": 3.0, "alpha": 0.5}, {"label_smoothing": 0.2}],
    ),
    "SparseCategoricalCrossentropy": (
        CLASSES,
        P,
        [{}, {"from_logits": True}, {"ignore_class": 2}],
    ),
    "CategoricalGeneralizedCrossEntropy": (CLASSES, P, [{"q": 0.5}, {"q": 0.7}]),
    "Dice": (LABELS, P, [{}, {"axis": -1}]),
    "Tversky": (LABELS, P, [{}, {"alpha": 0.3, "beta": 0.6, "axis": -1}]),
    "Circle": (
        np.array([0, 1, 0, 1], np.int32),
        np.array([[0.6, 0.8], [0.8, 0.6], [1.0, 0.0], [0.28, 0.96]], np.float32) * 0.9,
        [{"gamma": 4.0}, {"gamma": 2.0, "margin": 0.3, "remove_diagonal": False}],
    ),
}

FUNCTIONS = {
    "MeanSquaredError": "mse",
    "MeanAbsoluteError": "mae",
    "MeanAbsolutePercentageError": "mape",
    "MeanSquaredLogarithmicError": "msle",
    "KLDivergence": "kld",
    "LogCosh": "logcosh",
    "CosineSimilarity": "cosine_similarity",
    "Huber": "huber",
    "Hinge": "hinge",
    "SquaredHinge": "squared_hinge",
    "CategoricalHinge": "categorical_hinge",
    "Poisson": "poisson",
    "BinaryCrossentropy": "binary_crossentropy",
    "BinaryFocalCrossentropy": "binary_focal_crossentropy",
    "CategoricalCrossentropy": "categorical_crossentropy",
    "CategoricalFocalCrossentropy": "categorical_focal_crossentropy",
    "SparseCategoricalCrossentropy": "sparse_categorical_crossentropy",
    "CategoricalGeneralizedCrossEntropy": "categorical_generalized_cross_entropy",
    "Dice": "dice",
    "Tversky": "tversky",
    "Circle": "circle",
}


def _fill() -> None:
    for name, (true, pred, choices) in CALLS.items():
        for position, options in enumerate(choices):

            def function(
                tf: Any, y: Any, t: Any = true, name: str = name, options: Any = options
            ) -> Any:
                return getattr(tf.keras.losses, FUNCTIONS[name])(tf.constant(t), y, **options)

            operation(f"{name}/{position}", function, pred, rtol=2e-5)

            def instance(
                tf: Any, y: Any, t: Any = true, name: str = name, options: Any = options
            ) -> Any:
                return getattr(tf.keras.losses, name)(**options)(tf.constant(t), y)

            operation(f"{name}/{position}/mean", instance, pred, order=1, rtol=2e-5)


_fill()


@case()
def reductions(tf: Any) -> Any:
    found = []
    for reduction in ("sum", "none", None, "mean", "mean_with_sample_weight"):
        loss = tf.keras.losses.MeanSquaredError(reduction=reduction)
        found += [loss(T, Y), loss(T, Y, sample_weight=[2.0, 0.5])]
        sparse = tf.keras.losses.SparseCategoricalCrossentropy(ignore_class=2, reduction=reduction)
        found += [sparse(CLASSES, P), sparse(CLASSES, P, sample_weight=[2.0, 0.5])]
    return found


@case()
def weights_of_every_entry(tf: Any) -> Any:
    loss = tf.keras.losses.BinaryCrossentropy()
    return loss(LABELS[..., None], P[..., None], sample_weight=np.ones((2, 3), np.float32) * 2)


@case()
def unknown_reduction(tf: Any) -> Any:
    return tf.keras.losses.MeanSquaredError(reduction="average")


@case()
def computes_in_float32(tf: Any) -> Any:
    loss = tf.keras.losses.MeanSquaredError()
    wide = tf.keras.losses.MeanSquaredError(dtype="float64")
    return loss(T.astype(float), Y.astype(float)), wide(T, Y), loss.dtype, loss.name


@case()
def function_keeps_float64(tf: Any) -> Any:
    return tf.keras.losses.mse(tf.constant(T), tf.constant(Y.astype(float)))


@case()
def gradient_of_the_targets(tf: Any) -> Any:
    t, y = tf.constant(Q), tf.constant(P)
    with tf.GradientTape() as tape:
        tape.watch([t, y])
        loss = tf.keras.losses.categorical_crossentropy(t, y)
    return tape.gradient(loss, [t, y])


@case()
def kinks(tf: Any) -> Any:
    zero = tf.Variable([[0.0, 1.0, -1.0]])
    found = []
    for name in ("mae", "huber", "hinge", "logcosh", "squared_hinge"):
        with tf.GradientTape() as tape:
            loss = getattr(tf.keras.losses, name)(np.zeros((1, 3), np.float32), zero)
        found.append(tape.gradient(loss, zero))
    return found


@case()
def certain_predictions(tf: Any) -> Any:
    p = tf.Variable([[0.0, 1.0, 0.5]])
    found = []
    for name in ("binary_crossentropy", "categorical_crossentropy", "kld"):
        with tf.GradientTape() as tape:
            loss = getattr(tf.keras.losses, name)(np.array([[1.0, 1.0, 0.0]], np.float32), p)
        found += [loss, tape.gradient(loss, p)]
    return found


@case()
def large_logits(tf: Any) -> Any:
    x = tf.Variable([[200.0, -200.0, 0.0]])
    found = []
    for name in ("binary_crossentropy", "categorical_crossentropy"):
        with tf.GradientTape() as tape:
            function = getattr(tf.keras.losses, name)
            loss = function(np.array([[0.0, 1.0, 0.0]], np.float32), x, from_logits=True)
        found += [loss, tape.gradient(loss, x)]
    return found


@case()
def last_axis_of_length_1(tf: Any) -> Any:
    mse = tf.keras.losses.mse
    return mse(T[0], Y[0][:, None]), mse(T[0][:, None], Y[0]), mse(T[..., None], Y)


@case()
def wrong_shape_of_labels(tf: Any) -> Any:
    return tf.keras.losses.binary_crossentropy(LABELS, P[0])


@case()
def wrong_shape_of_classes(tf: Any) -> Any:
    return tf.keras.losses.sparse_categorical_crossentropy(CLASSES, P[:1])


@case()
def wrong_shape(tf: Any) -> Any:
    return tf.keras.losses.mse(T, Y[:, :2])


@case()
def axis_that_is_not_the_last(tf: Any) -> Any:
    return tf.keras.losses.sparse_categorical_crossentropy(CLASSES, P.T, axis=0)


@case()
def classes_as_a_column(tf: Any) -> Any:
    return tf.keras.losses.sparse_categorical_crossentropy(CLASSES[:, None], P)


@case()
def one_class(tf: Any) -> Any:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        loss = tf.keras.losses.categorical_crossentropy(P[:, :1], P[:, 1:2])
    return loss, any(issubclass(w.category, SyntaxWarning) for w in caught)


@case()
def bad_q(tf: Any) -> Any:
    return tf.keras.losses.CategoricalGeneralizedCrossEntropy(q=1.0)


@case()
def configurations(tf: Any) -> Any:
    forgotten = ("CosineSimilarity", "Huber")  # Keras leaves out their axis and delta
    names = [name for name in CALLS if name not in forgotten]
    return {name: getattr(tf.keras.losses, name)().get_config() for name in names}


@case()
def got(tf: Any) -> Any:
    get = tf.keras.losses.get
    made = get("Huber"), get({"class_name": "Poisson", "config": {"reduction": "sum"}})
    return type(made[0]).__name__, made[1].reduction, get("mse").__name__, get(None)


@case()
def got_by_an_unknown_name(tf: Any) -> Any:
    tf.keras.losses.get("nope")


@case()
def derived(tf: Any) -> Any:
    class Mine(tf.keras.losses.Loss):  # type: ignore[misc]
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return (y_true - y_pred) ** 2

    return Mine()(T, Y), Mine(reduction="sum")(T, Y, sample_weight=[[1.0], [2.0]])
