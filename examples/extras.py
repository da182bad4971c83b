"""What to say when a package that the examples use is not installed."""

from __future__ import annotations


def missing(error: ModuleNotFoundError) -> str:
    """The command that installs what `error` misses."""
    return f"Run `pip install -e '.[examples]'` in the checkout: {error.name} is not installed."
