"""Recorded programs: a function runs once, and from then on as one compiled program."""

from gradtape.compiler.function import Function, function

__all__ = ["Function", "function"]
