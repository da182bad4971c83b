"""What is built on top of the tape: derivatives of functions, dense and sparse."""
