"""Clusters to papers: merged, tagged and summarized where their records are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from medsafe_harvest.dedupe.merge import merge
from medsafe_harvest.engines.spark.arrow import through, whole_groups
from medsafe_harvest.engines.spark.stages import query
from medsafe_harvest.schema import PAPER, RECORD, RELATION
from medsafe_harvest.topics.rules import TopicConfig
from medsafe_harvest.topics.summary import summary_columns
from medsafe_harvest.topics.tag import Tagger

_CLUSTERED = pa.schema([*RECORD, pa.field("cluster", pa.string(), nullable=False)])
#: Full records are large, so fewer of them are merged at once than rows elsewhere.
_RECORDS_AT_ONCE = 5_000

_JOINED = """
select records.*, clusters.cluster from records
join clusters on clusters.record_id = records.record_id
"""
_PAPERS_OF_LINKS = """
select links.*, ours.paper_id as left_paper, theirs.paper_id as right_paper
from links
join members as ours on ours.record_id = links.`left`
join members as theirs on theirs.record_id = links.`right`
"""


def papers_of(
    spark: SparkSession, records: DataFrame, clusters: DataFrame, topics: TopicConfig
) -> DataFrame:
    """``schema.PAPER``, one row a cluster, in no order.

    Args:
        spark: the session.
        records: rows of ``schema.RECORD``.
        clusters: ``record_id`` and ``cluster`` of every record.
        topics: how papers are tagged.
    """
    joined = query(spark, _JOINED, records=records, clusters=clusters)
    ordered = joined.repartition("cluster").sortWithinPartitions("cluster", "record_id")
    # As text: what a checked model holds beside its fields need not travel.
    stage = partial(_merge, topics=topics.model_dump_json())
    return through(ordered, stage, _CLUSTERED, PAPER)


def relations_of(spark: SparkSession, links: DataFrame, papers: DataFrame) -> DataFrame:
    """``schema.RELATION``: links between records with the papers that they belong to."""
    members = papers.selectExpr("explode(record_ids) as record_id", "paper_id")
    found = query(spark, _PAPERS_OF_LINKS, links=links, members=members)
    return found.select(*RELATION.names)


@cache
def _tagger(topics: str) -> Tagger:
    """Compiled once a worker process, not once a partition."""
    return Tagger(TopicConfig.model_validate_json(topics))


def _merge(batches: Iterator[pa.RecordBatch], topics: str) -> Iterator[pa.RecordBatch]:
    tagger = _tagger(topics)
    for part in whole_groups(batches, "cluster", rows=_RECORDS_AT_ONCE):
        records = part.select(RECORD.names)
        papers = merge(records, part.select(["record_id", "cluster"]))
        texts = (papers[name].to_pylist() for name in ("title", "abstract", "categories"))
        for made in (tagger.tag(*texts), summary_columns(papers["abstract"], papers["tldr"])):
            for name in made.schema.names:
                papers = papers.append_column(name, made[name])
        yield from papers.select(PAPER.names).cast(PAPER).to_batches()
