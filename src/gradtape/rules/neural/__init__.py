"""What neural networks need beyond NumPy: convolutions with channels, and pooling."""

from gradtape.rules.neural import convolutions, pooling

__all__ = ["convolutions", "pooling"]
