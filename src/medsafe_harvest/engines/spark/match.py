"""Deciding about pairs, and clusters within each connected component."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.functions import col

from medsafe_harvest.dedupe.cluster import CLUSTERS, cluster, settle
from medsafe_harvest.dedupe.contested import EXCLUSIVE
from medsafe_harvest.dedupe.decide import AGAINST, judge, worth_keeping
from medsafe_harvest.dedupe.overrides import Overrides, impose
from medsafe_harvest.dedupe.prepare import COMPARISON, prepare
from medsafe_harvest.dedupe.reasons import Outcome, Reason
from medsafe_harvest.dedupe.relations import LINKS, READ, relations
from medsafe_harvest.engines.spark.apart import links_apart
from medsafe_harvest.engines.spark.arrow import through, whole_groups
from medsafe_harvest.engines.spark.components import components
from medsafe_harvest.engines.spark.pairs import RECORDS, worthy_pairs
from medsafe_harvest.engines.spark.stages import Stages, number_of, query
from medsafe_harvest.schema import DECISION, STRINGS

_ROW = pa.struct(list(COMPARISON))
_SIDES = pa.schema([pa.field("left", _ROW), pa.field("right", _ROW), pa.field("keys", STRINGS)])
#: Decisions; what is not kept has nothing beside the columns of ``decide.AGAINST``.
_DECIDED = pa.schema(
    [*(field.with_nullable(True) for field in DECISION), pa.field("kept", pa.bool_())]
)
#: Columns of ``prepare.COMPARISON`` that clusters and relations read.
_PREPARED = pa.schema(
    [COMPARISON.field(name) for name in dict.fromkeys(("record_id", "source", *EXCLUSIVE, *READ))]
)
#: One row of any of three kinds that belongs to a component.
_PARTS = pa.schema(
    [
        pa.field("component", pa.string()),
        pa.field("record", pa.struct(list(_PREPARED))),
        pa.field("decision", pa.struct(list(_DECIDED))),
    ]
)
#: One row of any of three kinds that became of it.
_SETTLED = pa.schema(
    [
        pa.field("record_id", pa.string()),
        pa.field("cluster", pa.string()),
        pa.field("decision", pa.struct(list(DECISION))),
        pa.field("link", pa.struct(list(LINKS))),
    ]
)

#: Most records meet no other.
_ACTIVE = """
select * from records
left semi join (select l as id from pairs union select r as id from pairs) as some
    on some.id = records.record_id
"""
_JUDGED = """
select struct(one.*) as `left`, struct(other.*) as `right`, pairs.keys as keys
from pairs
join comparison as one on one.record_id = pairs.l
join comparison as other on other.record_id = pairs.r
"""
_EDGES = """
select `left` as a, `right` as b from promising
union all
select l as a, r as b from must_link
join comparison as one on one.record_id = l join comparison as other on other.record_id = r
"""
#: A decision is of a component where both its records are.
_TOGETHER = """
select one.component, struct(decided.*) as decision from decided
join members as one on one.node = decided.`left`
join members as other on other.node = decided.`right` and other.component = one.component
"""
_OWN = """
select members.component, struct(comparison.*) as record
from members join comparison on comparison.record_id = members.node
"""
_ALL_PARTS = """
select component, record, null as decision from own
union all
select component, null as record, decision from together
"""
_UNTOUCHED = """
select decided.* from decided
left join members as one on one.node = decided.`left`
left join members as other on other.node = decided.`right`
where decided.kept and (one.component is null or other.component is null
    or one.component <> other.component)
"""
_ALL_CLUSTERS = """
select record_id, cluster from settled where cluster is not null
union all
select records.record_id, records.record_id as cluster
from records left anti join members on members.node = records.record_id
"""


@dataclass(frozen=True, slots=True)
class Matching:
    """What matching found, as frames that are kept; the columns as in ``engines.duckdb``."""

    decisions: DataFrame
    clusters: DataFrame
    relations: DataFrame
    counts: dict[str, int]
    #: Records of the largest connected component.
    largest_component: int


def match(
    spark: SparkSession, records: DataFrame, overrides: Overrides, stages: Stages
) -> Matching:
    """Decide which records are the same paper.

    Args:
        spark: the session.
        records: the columns ``prepare.NEEDED`` of ``schema.RECORD``, each record_id once.
        overrides: decisions of curators.
        stages: where stages are kept.
    """
    pairs, counts = worthy_pairs(spark, records, overrides, stages)
    active = query(spark, _ACTIVE, records=records, pairs=pairs)
    comparison = stages.keep("prepared", through(active, _prepare, RECORDS, COMPARISON))
    sides = query(spark, _JUDGED, pairs=pairs, comparison=comparison)
    decided = stages.keep(
        "decided", through(sides, partial(_judge, overrides=overrides), _SIDES, _DECIDED)
    )
    views = {"records": records, "comparison": comparison, "decided": decided}
    views["must_link"] = spark.createDataFrame(
        [link.pair for link in overrides.must_link], "l string, r string"
    )
    views["promising"] = decided.where(
        (col("outcome") == Outcome.MATCH.value) | (col("reason") == Reason.PROMISING.value)
    )
    members = components(spark, query(spark, _EDGES, **views), stages)
    views["members"] = stages.keep("members", members)
    settled = stages.keep("settled", _settle(spark, views, overrides))
    views["settled"] = settled
    untouched = query(spark, _UNTOUCHED, **views).select(*DECISION.names)
    decisions = stages.keep(
        "decisions", settled.where("decision is not null").select("decision.*").unionAll(untouched)
    )
    clusters = stages.keep("clusters", query(spark, _ALL_CLUSTERS, **views))
    apart = links_apart(spark, comparison, decisions, clusters)
    within = settled.where("link is not null").select("link.*")
    counts |= {row["reason"]: row["count"] for row in decided.groupBy("reason").count().collect()}
    for reason in (Reason.CLUSTER_CONFLICT, Reason.ONLY_PARTNER):
        counts[reason.value] = decisions.where(col("reason") == reason.value).count()
    return Matching(
        decisions=decisions,
        clusters=clusters,
        relations=stages.keep("links", within.unionAll(apart)),
        counts={name: counts[name] for name in sorted(counts)},
        largest_component=_largest(spark, views["members"]),
    )


def _largest(spark: SparkSession, members: DataFrame) -> int:
    text = (
        "select coalesce(max(records), 1) from "
        "(select count(*) as records from members group by component)"
    )
    return number_of(query(spark, text, members=members))


def _prepare(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return map(prepare, batches)


def _judge(batches: Iterator[pa.RecordBatch], overrides: Overrides) -> Iterator[pa.RecordBatch]:
    for batch in impose(judge(batches), overrides):
        kept = worth_keeping(batch)
        columns = [
            column
            if name in AGAINST.names or name == "outcome"
            else pc.if_else(kept, column, pa.scalar(None, column.type))
            for name, column in zip(batch.schema.names, batch.columns, strict=True)
        ]
        yield pa.RecordBatch.from_arrays([*columns, kept], schema=_DECIDED)


def _settle(spark: SparkSession, views: dict[str, DataFrame], overrides: Overrides) -> DataFrame:
    """Clusters, settled decisions and links of every component, all of one in one place."""
    parts = {
        "own": query(
            spark,
            _OWN,
            members=views["members"],
            comparison=views["comparison"].select(*_PREPARED.names),
        ),
        "together": query(spark, _TOGETHER, **views),
    }
    rows = query(spark, _ALL_PARTS, **parts)
    ordered = rows.repartition("component").sortWithinPartitions("component")
    return through(ordered, partial(_cluster, overrides=overrides), _PARTS, _SETTLED)


def _cluster(batches: Iterator[pa.RecordBatch], overrides: Overrides) -> Iterator[pa.RecordBatch]:
    """Whole components in, what became of them out."""
    for part in whole_groups(batches, "component"):
        prepared = _of(part, "record", _PREPARED)
        decided = _of(part, "decision", _DECIDED)
        kept = decided.filter(decided["kept"]).select(DECISION.names).cast(DECISION)
        rest = decided.filter(pc.invert(decided["kept"])).select(AGAINST.names).cast(AGAINST)
        clustering = cluster(prepared, kept, overrides, rest)
        ordered = kept.sort_by([("left", "ascending"), ("right", "ascending")])
        settled = pa.Table.from_batches(settle(ordered.to_batches(), clustering), DECISION)
        found = relations(prepared, _within(settled, clustering.clusters), clustering.clusters)
        yield from _rows(clustering.clusters.select(CLUSTERS.names), None)
        yield from _rows(settled, "decision")
        yield from _rows(found, "link")


def _of(part: pa.Table, name: str, schema: pa.Schema) -> pa.Table:
    """The rows of one kind."""
    column = part[name].combine_chunks()
    structs = column.filter(pc.is_valid(column))
    return pa.Table.from_batches([pa.RecordBatch.from_struct_array(structs)]).cast(schema)


def _within(decisions: pa.Table, clusters: pa.Table) -> pa.Table:
    """The decisions about records of one cluster."""
    sides = [
        clusters["cluster"].take(pc.index_in(decisions[side], clusters["record_id"]))
        for side in ("left", "right")
    ]
    return decisions.filter(pc.equal(*sides))


def _rows(table: pa.Table, name: str | None) -> Iterator[pa.RecordBatch]:
    """A table as rows of ``_SETTLED``: as a struct of that name, or as columns."""
    for batch in table.to_batches(max_chunksize=10_000):
        filled = (
            {name: batch.to_struct_array()}
            if name
            else dict(zip(batch.schema.names, batch.columns, strict=True))
        )
        yield pa.RecordBatch.from_arrays(
            [
                filled[field.name].cast(field.type)
                if field.name in filled
                else pa.nulls(len(batch), field.type)
                for field in _SETTLED
            ],
            schema=_SETTLED,
        )
