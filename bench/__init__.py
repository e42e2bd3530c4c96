"""Benchmarks: ``make bench`` runs all, ``python -m bench`` those that take minutes at most."""
