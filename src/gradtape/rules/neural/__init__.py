"""What neural networks need beyond NumPy: activations, convolutions with channels, and pooling."""

from gradtape.rules.neural import activations, convolutions, pooling

__all__ = ["activations", "convolutions", "pooling"]
