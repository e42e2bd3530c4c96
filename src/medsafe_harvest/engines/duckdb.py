"""Matching on DuckDB, in this process: joins and distinct here, every rule in ``dedupe``.

Batches stream through Python between the joins. A function registered in DuckDB would skip any
row with a NULL argument, so none is. Each stream that is read while another is written has a
cursor of its own.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.blocking import (
    KEYS,
    MAX_BLOCK,
    NEIGHBOURS,
    NEIGHBOURS_OF_LARGE,
    block,
    word_counts,
)
from medsafe_harvest.dedupe.cluster import AGAINST, EXCLUSIVE, cluster, settle
from medsafe_harvest.dedupe.decide import judge, worth_keeping
from medsafe_harvest.dedupe.overrides import Overrides, impose
from medsafe_harvest.dedupe.prepare import COMPARISON, NEEDED, prepare
from medsafe_harvest.dedupe.reasons import Reason
from medsafe_harvest.dedupe.relations import READ, relations
from medsafe_harvest.schema import DECISION

_ROWS = 20_000

#: What is added to a key, in turn, while its block is too large.
_REFINEMENTS = ("author", "author || '|' || year")

_BLOCKS = """
create table blocks as
    select kind, key, record_id from keys
    qualify count(*) over (partition by kind, key) between 2 and {most};
create table large as
    select kind, key, record_id, author, year from keys
    qualify count(*) over (partition by kind, key) > {most};
create table sorted_blocks as select kind, key, record_id, {near} as reach from large;
"""
_REFINE = """
create table refined as
    select kind, key || '|' || {part} as key, record_id, author, year from large;
insert into blocks
    select kind, key, record_id from refined
    qualify count(*) over (partition by kind, key) between 2 and {most};
create or replace table large as
    select * from refined qualify count(*) over (partition by kind, key) > {most};
insert into sorted_blocks select kind, key, record_id, {near} from large;
drop table refined;
"""
_CANDIDATES = """
create table candidates as
with ordered as (
    select kind, key, record_id, reach, row_number() over (
        partition by kind, key, reach order by sorted_title, names, year, record_id
    ) as place
    from (from sorted_blocks union all select kind, key, record_id, {neighbours} from large)
    join comparison using (record_id)
),
pairs as (
    select a.record_id as l, b.record_id as r, kind
    from blocks a join blocks b using (kind, key) where a.record_id < b.record_id
    union all
    select least(a.record_id, b.record_id), greatest(a.record_id, b.record_id), kind
    from ordered a join ordered b using (kind, key, reach)
    where b.place between a.place + 1 and a.place + a.reach
    union all
    select l, r, null from by_hand
)
select l, r, coalesce(list_sort(list(distinct kind)), []) as keys from pairs group by l, r
"""
_SIDES = """
select one as "left", other as "right", keys
from candidates
join comparison one on one.record_id = l
join comparison other on other.record_id = r
"""


@dataclass(frozen=True, slots=True)
class Matching:
    """What matching found."""

    #: ``schema.DECISION``, sorted by left and right.
    decisions: pa.Table
    #: ``cluster.CLUSTERS``: record_id and cluster (its smallest record_id), sorted.
    clusters: pa.Table
    #: ``relations.LINKS``, sorted.
    relations: pa.Table
    #: Decided pairs by reason (a cluster_conflict or only_partner counts under its first reason
    #: too), and records, candidate_pairs, refined_blocks, oversized_blocks.
    counts: dict[str, int]


def match(
    records: pa.Table,
    overrides: Overrides,
    *,
    memory_limit: str = "2GB",
    threads: int | None = None,
) -> Matching:
    """Decide which records are the same paper; the order of the rows does not matter.

    Args:
        records: rows of ``schema.RECORD``, each ``record_id`` once.
        overrides: decisions of curators.
        memory_limit: of DuckDB, for example "4GB"; beyond it DuckDB spills to disk.
        threads: of DuckDB; all cores if None.
    """
    with _database(memory_limit, threads) as database:
        counts = _candidates(database, records, overrides)
        decisions, against = _judge(database, overrides, counts)
        columns = dict.fromkeys(("record_id", "source", *EXCLUSIVE, *READ))
        prepared = database.table("comparison").select(*columns).to_arrow_table()
    clustering = cluster(prepared, decisions, overrides, against)
    settled = settle(decisions, clustering)
    counts[Reason.CLUSTER_CONFLICT] = len(clustering.refused)
    counts[Reason.ONLY_PARTNER] = len(clustering.only_partners)
    return Matching(
        decisions=settled,
        clusters=clustering.clusters,
        relations=relations(prepared, settled, clustering.clusters),
        counts={str(name): counts[name] for name in sorted(counts)},
    )


def candidate_pairs(records: pa.Table, *, memory_limit: str = "2GB") -> Iterator[pa.RecordBatch]:
    """The pairs that :func:`match` would decide about.

    Yields:
        Batches of ``left``, ``right`` (structs of ``prepare.COMPARISON``) and ``keys``.
    """
    with _database(memory_limit, None) as database:
        _candidates(database, records, Overrides())
        yield from _stream(database, _SIDES)


@contextmanager
def _database(memory_limit: str, threads: int | None) -> Iterator[duckdb.DuckDBPyConnection]:
    config: dict[str, str | bool | int | float | list[str]] = {"memory_limit": memory_limit}
    if threads is not None:
        config["threads"] = threads
    with (
        # Without it DuckDB spills into the folder that the command was started in.
        tempfile.TemporaryDirectory(prefix="medsafe-harvest-") as spill,
        duckdb.connect(config=config | {"temp_directory": spill}) as database,
    ):
        yield database


def _candidates(
    database: duckdb.DuckDBPyConnection, records: pa.Table, overrides: Overrides
) -> Counter[str]:
    """Fill ``comparison`` and ``candidates``."""
    _load(database, "comparison", COMPARISON, map(prepare, _batches(records)))
    frequencies = word_counts(_stream(database, "select title from comparison"))
    keys = block(_stream(database, "from comparison"), frequencies)
    _load(database, "keys", KEYS, keys)
    return _block(database, overrides)


def _batches(records: pa.Table) -> list[pa.RecordBatch]:
    batches: list[pa.RecordBatch] = records.select(NEEDED).to_batches(max_chunksize=_ROWS)
    return batches


def _stream(database: duckdb.DuckDBPyConnection, query: str) -> pa.RecordBatchReader:
    return database.cursor().sql(query).to_arrow_reader(_ROWS)


def _load(
    database: duckdb.DuckDBPyConnection,
    table: str,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
) -> None:
    """Create a table from a stream."""
    database.register("incoming", pa.RecordBatchReader.from_batches(schema, batches))
    database.execute(f"create table {table} as from incoming")
    database.unregister("incoming")


def _block(database: duckdb.DuckDBPyConnection, overrides: Overrides) -> Counter[str]:
    """Fill ``candidates``; blocks too large are searched in title order, and refined."""
    sizes = {"most": MAX_BLOCK, "near": NEIGHBOURS_OF_LARGE}
    database.execute(_BLOCKS.format(**sizes))
    counts = Counter(refined_blocks=_count_blocks(database))
    for part in _REFINEMENTS:
        database.execute(_REFINE.format(part=part, **sizes))
    counts["oversized_blocks"] = _count_blocks(database)
    links = (*overrides.must_link, *overrides.cannot_link)
    by_hand = pa.table(
        {
            side: pa.array([link.pair[n] for link in links], pa.string())
            for n, side in enumerate("lr")
        }
    )
    database.register("by_hand", by_hand)
    database.execute(_CANDIDATES.format(neighbours=NEIGHBOURS))
    database.unregister("by_hand")
    counts["records"] = _count(database, "select count(*) from comparison")
    counts["candidate_pairs"] = _count(database, "select count(*) from candidates")
    return counts


def _judge(
    database: duckdb.DuckDBPyConnection, overrides: Overrides, counts: Counter[str]
) -> tuple[pa.Table, pa.Table]:
    """Decisions worth keeping, and what else speaks against a union; all are counted by reason."""
    kept, rest = [], []
    for batch in impose(judge(_stream(database, _SIDES)), overrides):
        counts.update(batch.column("reason").to_pylist())
        keep = worth_keeping(batch)
        kept.append(batch.filter(keep))
        rest.append(batch.filter(pc.invert(keep)).select(AGAINST.names))
    return (
        pa.Table.from_batches(kept, schema=DECISION),
        pa.Table.from_batches(rest, schema=AGAINST),
    )


def _count_blocks(database: duckdb.DuckDBPyConnection) -> int:
    return _count(database, "select count(distinct (kind, key)) from large")


def _count(database: duckdb.DuckDBPyConnection, query: str) -> int:
    # All rows are fetched: a connection with rows waiting takes no further statement.
    ((number,),) = database.execute(query).fetchall()
    return int(number)
