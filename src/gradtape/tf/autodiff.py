"""``tf.autodiff``."""

from gradtape.tf.tapes import ForwardAccumulator, GradientTape

__all__ = ["ForwardAccumulator", "GradientTape"]
