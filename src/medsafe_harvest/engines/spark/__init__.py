"""Matching on Apache Spark: every rule in ``dedupe``, batches through ``mapInArrow``, joins in SQL.

No table is collected on the driver: counts come back, and names of papers that changed where a lake
takes the place of another, for its redirect ledger.

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
