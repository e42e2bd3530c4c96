"""One row a manifestation of each paper, made from a snapshot's records when it is asked for."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.curated import snapshot
from medsafe_harvest.dedupe.manifestations import split
from medsafe_harvest.dedupe.merge import merge
from medsafe_harvest.dedupe.paper_ids import of_manifestation
from medsafe_harvest.schema import PAPER

#: What a manifestation has from its paper: nothing of it is said by a record.
_OF_THE_PAPER = (
    "paper_id", "former_ids", "summary", "summary_from", "medical", "topics", "trust", "modality",
    "task", "tags",
)  # fmt: skip

_OWN = [
    pa.field("paper_id", pa.string(), nullable=False),
    pa.field("manifestation_id", pa.string(), nullable=False),
    pa.field("manifestation", pa.string(), nullable=False),
]

#: ``schema.PAPER``, and behind ``paper_id`` which manifestation of the paper it is.
MANIFESTATION = pa.schema([*_OWN, *(field for field in PAPER if field.name != "paper_id")])


def load(folder: Path, only: pa.Table | None = None) -> pa.Table:
    """The manifestations of all papers, or of some.

    Args:
        folder: a snapshot.
        only: the papers wanted, in ``paper_id``; None for all.

    Returns:
        ``MANIFESTATION``, sorted by paper_id and manifestation_id.

    Raises:
        CuratedError: the snapshot is damaged.
    """
    papers = snapshot.read(folder, "papers", [*_OF_THE_PAPER, "record_ids"])
    records = snapshot.read(folder, "records")
    if only is not None:
        ids = only["paper_id"].combine_chunks()
        papers = papers.filter(pc.is_in(papers["paper_id"], value_set=ids))
        own = papers["record_ids"].combine_chunks().flatten()
        records = records.filter(pc.is_in(records["record_id"], value_set=own))
    return manifestations(papers, records)


def manifestations(papers: pa.Table, records: pa.Table) -> pa.Table:
    """Merge the records of each manifestation as those of each paper were.

    Args:
        papers: rows of ``schema.PAPER``, or the columns of it that are read.
        records: rows of ``schema.RECORD``.
    """
    members = papers["record_ids"].combine_chunks()
    paper_of = pc.list_parent_indices(members)
    clusters = pa.table(
        {"record_id": members.flatten(), "cluster": papers["paper_id"].take(paper_of)}
    )
    finer = split(records, clusters)
    rows = merge(records, finer)
    first = pc.list_element(rows["record_ids"], 0)
    papers_of_rows = paper_of.take(pc.index_in(first, value_set=members.flatten()).combine_chunks())
    forms = finer["manifestation"].take(
        pc.index_in(first, value_set=finer["record_id"].combine_chunks())
    )
    minted = pa.array([of_manifestation(name) for name in rows["paper_id"].to_pylist()])
    columns = {name: rows[name] for name in rows.column_names}
    columns |= {name: papers[name].take(papers_of_rows) for name in _OF_THE_PAPER}
    columns |= {"manifestation_id": minted, "manifestation": forms}
    table = pa.table([columns[name] for name in MANIFESTATION.names], MANIFESTATION.names)
    return table.cast(MANIFESTATION).sort_by(
        [("paper_id", "ascending"), ("manifestation_id", "ascending")]
    )
