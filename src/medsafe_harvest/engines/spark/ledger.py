"""The redirect ledger of a lake that takes the place of another: see ``publish.lake_ledger``.

Joins find the papers that lost or gained a record; only their names come to the driver.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from medsafe_harvest.engines.spark import lake
from medsafe_harvest.engines.spark.stages import Stages, query

#: A ledger with what changed added to it, None where it has no entry; given where it is and its
#: text, names (columns ``name`` and ``paper``) of the papers that changed, before and after, and
#: former paper ids that no paper has any more.
Append = Callable[[str, str, pa.Table, pa.Table, pa.Table], str | None]

_NAMES = pa.schema([pa.field("name", pa.string()), pa.field("paper", pa.string())])
_TELLING = ["paper_id", "record_ids", "former_ids"], ["record_id", "former_record_ids"]

#: A former record id is a name too where no record has it; of several records the first has it.
PRESENT_AND_FORMER = """
select name, paper from present
union all
select renamed.name, present.paper from (
    select name, min(record_id) as record_id from renamed group by name
) as renamed join present on present.name = renamed.record_id
where not exists (select 1 from present as own where own.name = renamed.name)
"""
MOVED = """
select before.paper as one, after.paper as other
from before left join after on after.name = before.name
where after.paper is null or after.paper <> before.paper
"""
TOUCHED = """
select one as paper from moved union select other as paper from moved where other is not null
"""
OF_TOUCHED = "select name, paper from names where paper in (select paper from touched)"
LOST = """
select name, paper from former
where not exists (select 1 from former_now where former_now.name = former.name)
    and not exists (select 1 from after where after.paper = former.name)
    and not exists (select 1 from before where before.paper = former.name)
"""


def ledger(spark: SparkSession, old: str, new: str, stages: Stages, append: Append) -> str | None:
    """The ledger of an old lake and what becomes of its paper ids in a new one.

    Args:
        spark: the session.
        old: URI of the lake to be replaced; without a manifest it is not whole, and says nothing.
        new: URI of the other, whose tables are written.
        stages: where stages are kept.
        append: adds what changed.

    Returns:
        The text of the file, None where there is no entry.
    """
    path = f"{old}/{lake.REDIRECTS}"
    text = lake.read_text(spark, path)
    if not lake.is_whole(spark, old):
        return text
    before, former = _names(spark, old)
    after, former_now = _names(spark, new)
    moved = stages.keep("moved", query(spark, MOVED, before=before, after=after))
    touched = query(spark, TOUCHED, moved=moved)
    lost = query(spark, LOST, former=former, former_now=former_now, before=before, after=after)
    ours, theirs = (
        _collected(query(spark, OF_TOUCHED, names=names, touched=touched))
        for names in (before, after)
    )
    return append(path, text or "", ours, theirs, _collected(lost))


def _names(spark: SparkSession, folder: str) -> tuple[DataFrame, DataFrame]:
    """Which paper answers to what in a lake: to ids of records, and to former ids of papers."""
    papers, records = (
        lake.read_table(spark, folder, name).select(*columns)
        for name, columns in zip(("papers", "records"), _TELLING, strict=True)
    )
    present = papers.selectExpr("explode(record_ids) as name", "paper_id as paper")
    renamed = records.selectExpr("explode(former_record_ids) as name", "record_id")
    names = query(spark, PRESENT_AND_FORMER, present=present, renamed=renamed)
    return names, papers.selectExpr("explode(former_ids) as name", "paper_id as paper")


def _collected(names: DataFrame) -> pa.Table:
    return names.toArrow().select(_NAMES.names).cast(_NAMES)
