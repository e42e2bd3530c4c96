"""Clusters to papers: merged, tagged and summarized by worker processes, a part at a time.

The parts are cut so that one stands behind the other in the result; only so many records as a part
has are in the memory of a worker, and the result is mapped from files, not held.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.dedupe.merge import merge
from medsafe_harvest.dedupe.parts import parts
from medsafe_harvest.engines.pool import gather, load_one, pool, save, save_one, with_arguments
from medsafe_harvest.engines.records import BATCH, rows_at
from medsafe_harvest.schema import PAPER, RECORD
from medsafe_harvest.scratch import scratch
from medsafe_harvest.topics.rules import TopicConfig
from medsafe_harvest.topics.summary import summary_columns
from medsafe_harvest.topics.tag import Tagger

#: Records of a part.
ROWS = 50_000


def papers(
    records: pa.Table,
    clusters: pa.Table,
    topics: TopicConfig,
    *,
    threads: int | None = None,
    rows: int = ROWS,
    file: Path | None = None,
) -> pa.Table:
    """``schema.PAPER``, one row a cluster, sorted by ``paper_id``.

    Args:
        records: rows of ``schema.RECORD``.
        clusters: ``record_id`` and ``cluster`` of every record.
        topics: how papers are tagged.
        threads: cores to use; all if None.
        rows: records of a part; the result does not depend on it.
        file: Arrow file that the records lie in; one is written where it is None.

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
        place = pc.index_in(records["record_id"], value_set=clusters["record_id"].combine_chunks())
        places = {"part": pa.array(of, pa.int32()), "cluster": clusters["cluster"].take(place)}
        save_one(folder / "places.arrow", pa.table(places))
        if file is None:
            file = folder / "records.arrow"
            batches = records.select(RECORD.names).cast(RECORD).to_batches(max_chunksize=BATCH)
            save(file, batches, RECORD)
        # As text: what a checked model holds beside its fields need not travel.
        stage = with_arguments(papers_part, topics=topics.model_dump_json(), file=file)
        workers.run(stage, folder, count)
        # Files that are mapped may be removed: they go when nobody reads them any more.
        return gather(folder, "papers", count, PAPER)


def papers_part(folder: Path, part: int, topics: str, file: Path) -> None:
    """Write the papers of one part of the records in a file."""
    places = load_one(folder / "places.arrow")
    mine = np.flatnonzero(places.column("part").to_numpy() == part)
    records = rows_at(file, mine)
    cluster = places.column("cluster").take(pa.array(mine))
    clusters = pa.table({"record_id": records["record_id"], "cluster": cluster})
    made = finished(records, clusters, _tagger(topics))
    save(folder / f"papers-{part}.arrow", made.to_batches(max_chunksize=BATCH), PAPER)


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
