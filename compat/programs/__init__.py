"""Whole programs, of the kind that guides teach."""
