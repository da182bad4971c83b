"""Optimizers: they turn gradients into updates of Variables."""

from gradtape.optimizers.sgd import SGD

__all__ = ["SGD"]
