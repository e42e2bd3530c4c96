"""Matching a batch of records against what earlier matching kept.

``again`` is the way in: it decides whether a batch or everything is matched. ``changes`` finds the
batch, ``touched`` the pairs that it changes, ``rejudge`` decides about them, ``resettle`` clusters
and relates anew what hangs together with them; ``batch`` puts these together. What is kept from run
to run: ``remembered`` (the state on disk), ``firststate`` (the state after a full match),
``keyindex`` (who has a key), ``layers`` (large tables with few changes), ``shares`` (pairs as
numbers).
"""
