"""Clusters to papers: merged, tagged and summarized by worker processes, a part at a time.

The parts are cut so that one stands behind the other in the result; only so many records as a part
has are in the memory of a worker, and the result is mapped from files, not held.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.columns import Ints, one_array
from medsafe_harvest.dedupe.merge import merge
from medsafe_harvest.dedupe.parts import parts
from medsafe_harvest.engines.pool import deal, dealt, gather, pool, save, with_arguments
from medsafe_harvest.schema import PAPER, RECORD
from medsafe_harvest.scratch import scratch
from medsafe_harvest.topics.rules import TopicConfig
from medsafe_harvest.topics.summary import summary_columns
from medsafe_harvest.topics.tag import Tagger

#: Records of a part.
ROWS = 50_000
#: Records that are dealt out at a time, and rows of a batch of papers.
_DEALT, _BATCH = 100_000, 10_000
#: A record and its cluster.
_CLUSTERED = RECORD.append(pa.field("cluster", pa.string(), nullable=False))


def papers(
    records: pa.Table,
    clusters: pa.Table,
    topics: TopicConfig,
    *,
    threads: int | None = None,
    rows: int = ROWS,
) -> pa.Table:
    """``schema.PAPER``, one row a cluster, sorted by ``paper_id``.

    Args:
        records: rows of ``schema.RECORD``.
        clusters: ``record_id`` and ``cluster`` of every record.
        topics: how papers are tagged.
        threads: cores to use; all if None.
        rows: records of a part; the result does not depend on it.

    Raises:
        EngineError: a worker died.
    """
    if len(records) <= rows:
        return finished(records, clusters, Tagger(topics))
    with (
        scratch() as folder,
        pool(threads, len(records)) as workers,
    ):
        of, count = parts(records, clusters, rows)
        save(folder / "dealt.arrow", _dealt(records, clusters, of, count), _CLUSTERED)
        # As text: what a checked model holds beside its fields need not travel.
        stage = with_arguments(papers_part, count=count, topics=topics.model_dump_json())
        workers.run(stage, folder, count)
        # Files that are mapped may be removed: they go when nobody reads them any more.
        return gather(folder, "papers", count, PAPER)


def _dealt(records: pa.Table, clusters: pa.Table, of: Ints, count: int) -> Iterator[pa.RecordBatch]:
    """The records, some at a time: of each some a batch for every part, one after the other."""
    place = pc.index_in(records["record_id"], value_set=one_array(clusters["record_id"]))
    named = records.select(RECORD.names).append_column("cluster", clusters["cluster"].take(place))
    for start in range(0, len(named), _DEALT):
        part = of[start : start + _DEALT]
        some = named.slice(start, _DEALT).combine_chunks()
        [batch] = some.cast(_CLUSTERED).to_batches()
        yield from deal(batch, part, count)


def papers_part(folder: Path, part: int, count: int, topics: str) -> None:
    """Write the papers of one part of so many."""
    own = dealt(folder / "dealt.arrow", part, count)
    records = pa.Table.from_batches(own, _CLUSTERED).combine_chunks()
    made = finished(records, records.select(["record_id", "cluster"]), _tagger(topics))
    save(folder / f"papers-{part}.arrow", made.to_batches(max_chunksize=_BATCH), PAPER)


def finished(records: pa.Table, clusters: pa.Table, tagger: Tagger) -> pa.Table:
    """``schema.PAPER``, sorted by ``paper_id``, made in this process.

    Args:
        records: rows of ``schema.RECORD``.
        clusters: ``record_id`` and ``cluster`` of every record.
        tagger: says what a paper is about.
    """
    merged = merge(records, clusters)
    read = (merged[name].to_pylist() for name in ("title", "abstract", "categories"))
    columns = {name: merged[name] for name in merged.column_names}
    for made in (tagger.tag(*read), summary_columns(merged["abstract"], merged["tldr"])):
        columns |= {name: made[name] for name in made.schema.names}
    return pa.table([columns[name] for name in PAPER.names], PAPER.names).cast(PAPER)


@cache
def _tagger(topics: str) -> Tagger:
    """Compiled once a worker process."""
    return Tagger(TopicConfig.model_validate_json(topics))
