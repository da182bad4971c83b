"""A program as loops over arrays: nodes, the nests they form, and what runs together."""
