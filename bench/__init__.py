"""Benchmarks against named peers, both sides in one run. `make bench` writes the table."""
