"""From loop nests to machine code."""
