"""What runs a program: its driver, its memory, its threads."""
