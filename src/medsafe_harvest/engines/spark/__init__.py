"""Matching on Apache Spark: every rule in ``dedupe``, batches through ``mapInArrow``, joins in SQL.

Nothing here collects rows on the driver: only counts come back.

Raises:
    EngineError: on import, where the extra ``spark`` is not installed.
"""

from __future__ import annotations

from importlib.util import find_spec

from medsafe_harvest.errors import EngineError

if find_spec("pyspark") is None:
    raise EngineError(
        "the distributed engine needs Apache Spark: pip install 'pyspark>=4' (or medsafe-harvest "
        "with its extra: pip install '/path/to/checkout[spark]')"
    )
