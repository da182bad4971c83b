"""``tf.keras.optimizers``: gradtape's own, which are Keras's."""

from gradtape.optimizers import (
    SGD,
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Ftrl,
    Lamb,
    Lion,
    Muon,
    Nadam,
    Optimizer,
    RMSprop,
    deserialize,
    get,
    serialize,
)
from gradtape.tf.keras.optimizers import schedules
