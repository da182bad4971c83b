"""``tf.keras``: its optimizers, schedules, losses and activations. Models are `tf.Module` here."""

from gradtape.optimizers import Optimizer as Optimizer
from gradtape.tf.keras import activations, losses, optimizers
from gradtape.tf.keras.losses.classes import Loss as Loss
