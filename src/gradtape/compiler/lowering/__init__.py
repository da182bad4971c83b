"""How NumPy's functions become loops; what is not here stays a call."""

from gradtape.compiler.lowering import (
    elementwise,
    matrices,
    moves,
    parts,
    positions,
    products,
    random,
    reductions,
    scans,
    segments,
    shapes,
    statistics,
    writes,
)

__all__ = [
    "elementwise",
    "matrices",
    "moves",
    "parts",
    "positions",
    "products",
    "random",
    "reductions",
    "scans",
    "segments",
    "shapes",
    "statistics",
    "writes",
]
