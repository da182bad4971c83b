"""The engine: Tensors, the tape, and what a rule is. It knows no derivative."""
