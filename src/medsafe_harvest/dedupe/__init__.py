"""Which records are the same paper: prepare, block, compare, decide, cluster, merge.

Pure functions on Arrow batches; engines move the batches between them.
"""
