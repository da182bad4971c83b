"""SciPy's solvers, fed with exact derivatives."""
