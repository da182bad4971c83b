"""Cases about single functions; one module for each family."""
