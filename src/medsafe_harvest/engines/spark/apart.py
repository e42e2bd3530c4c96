"""Relations between records of different papers.

Which of a record's links stands depends on its other links, so all pairs of a record come together
in one place, each pair at both its records; a record's own links are the ones taken there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from medsafe_harvest.dedupe.links import Pair
from medsafe_harvest.dedupe.prepare import COMPARISON
from medsafe_harvest.dedupe.relations import FINDERS, LINKS, READ
from medsafe_harvest.engines.spark.arrow import through, whole_groups
from medsafe_harvest.engines.spark.stages import query

_ROW = pa.struct([COMPARISON.field(name) for name in READ])
_FIGURES = ("title_similarity", "author_similarity", "score")
_AT_A_RECORD = pa.schema(
    [
        pa.field("at", pa.string()),
        pa.field("l", _ROW),
        pa.field("r", _ROW),
        pa.field("left_cluster", pa.string()),
        pa.field("right_cluster", pa.string()),
        *(pa.field(name, pa.float64()) for name in _FIGURES),
    ]
)
_FOUND = pa.schema([*LINKS, pa.field("finder", pa.int32())])

_PAIRS = """
select struct(one.*) as l, struct(other.*) as r,
    ours.cluster as left_cluster, theirs.cluster as right_cluster,
    title_similarity, author_similarity, score
from decisions
join clusters as ours on ours.record_id = decisions.`left`
join clusters as theirs on theirs.record_id = decisions.`right`
join prepared as one on one.record_id = decisions.`left`
join prepared as other on other.record_id = decisions.`right`
where ours.cluster <> theirs.cluster
"""
_AT_BOTH = "select explode(array(l.record_id, r.record_id)) as at, * from pairs"
_FIRST = """
select * from (
    select *, row_number() over (
        partition by least(`left`, `right`), greatest(`left`, `right`)
        order by finder, `left`, kind
    ) as place from found
) where place = 1
"""


def links_apart(
    spark: SparkSession, comparison: DataFrame, decisions: DataFrame, clusters: DataFrame
) -> DataFrame:
    """``relations.LINKS`` between records of different clusters; two records have at most one."""
    prepared = comparison.select(*READ)
    pairs = query(spark, _PAIRS, decisions=decisions, clusters=clusters, prepared=prepared)
    both = query(spark, _AT_BOTH, pairs=pairs).repartition("at").sortWithinPartitions("at")
    found = through(both, _links, _AT_A_RECORD, _FOUND)
    return query(spark, _FIRST, found=found).select(*LINKS.names)


def _links(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for part in whole_groups(batches, "at"):
        rows = part.to_pylist()
        here = {row["at"] for row in rows}
        cluster_of = {row[side]["record_id"]: row[name] for row in rows for side, name in _SIDES}
        # A pair is there twice where both its records are.
        pairs = {(row["l"]["record_id"], row["r"]["record_id"]): _pair(row) for row in rows}
        found = [
            (link, number)
            for number, finder in enumerate(FINDERS)
            for link in finder(list(pairs.values()), cluster_of)
            if link.left in here
        ]
        yield pa.RecordBatch.from_pylist(
            [
                {name: getattr(link, name) for name in LINKS.names} | {"finder": number}
                for link, number in found
            ],
            schema=_FOUND,
        )


_SIDES = (("l", "left_cluster"), ("r", "right_cluster"))


def _pair(row: Mapping[str, Any]) -> Pair:
    return Pair(row["l"], row["r"], *(row[name] for name in _FIGURES))
