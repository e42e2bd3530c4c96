"""Matching a batch of records against what earlier matching kept.

``again`` is the way in: it decides whether a batch or everything is matched. ``changes`` finds the
batch; ``batch`` matches it: ``touched`` finds the pairs that it changes, ``rejudge`` decides about
them, ``resettle`` clusters and relates anew what hangs together with them. What is kept from run to
run: ``state`` (its tables), ``remembered`` (the same on disk). What these are made of: ``layers``
(large tables with few changes, and who has a key), ``shares`` (pairs as numbers).
"""
