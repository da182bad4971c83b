"""How NumPy's functions become loops; what is not here stays a call."""

from gradtape.compiler.lowerings import elementwise, parts, reductions, shapes

__all__ = ["elementwise", "parts", "reductions", "shapes"]
