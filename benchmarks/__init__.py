"""The same work in gradtape and in its peers, timed side by side: ``python -m benchmarks``."""
