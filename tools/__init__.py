"""What maintainers run: the generated pages."""
