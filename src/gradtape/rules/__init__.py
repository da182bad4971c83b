"""Derivatives of NumPy's functions, one file for each family. Importing it fills the registry."""

from gradtape.rules import (
    diagonals,
    einsum,
    elementwise,
    indexing,
    joining,
    linalg,
    methods,
    moments,
    padding,
    products,
    reductions,
    scans,
    selection,
    shaping,
    sorting,
    updates,
)

__all__ = [
    "diagonals",
    "einsum",
    "elementwise",
    "indexing",
    "joining",
    "linalg",
    "methods",
    "moments",
    "padding",
    "products",
    "reductions",
    "scans",
    "selection",
    "shaping",
    "sorting",
    "updates",
]
