"""Writing down what a function does."""
