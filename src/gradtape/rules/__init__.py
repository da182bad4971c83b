"""Derivatives of NumPy's functions, one file for each family. Importing it fills the registry."""

from gradtape.rules import elementwise, indexing, products, reductions, shaping

__all__ = ["elementwise", "indexing", "products", "reductions", "shaping"]
