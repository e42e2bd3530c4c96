"""Find a paper by any id that a person may have at hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.curated import snapshot
from medsafe_harvest.errors import NotFoundError
from medsafe_harvest.normalize import ids


@dataclass(frozen=True, slots=True)
class Dossier:
    """All that a snapshot knows of one paper; rows as in the schemas."""

    paper: dict[str, Any]
    records: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    relations: list[dict[str, Any]]


def find_paper(folder: Path, name: str) -> dict[str, Any]:
    """The paper that an id names.

    Args:
        folder: a snapshot.
        name: a paper id (present or former), a record id, an arXiv id with or without version or
            ``arXiv:``, a DOI or its URL, a PMID, a PMCID, or a Semantic Scholar id.

    Raises:
        NotFoundError: nothing answers to it, or more than one paper does.
    """
    papers = snapshot.read(folder, "papers")
    matches = papers.filter(_named(papers, name.strip()))
    if matches.num_rows == 0:
        raise NotFoundError(
            f"no paper answers to {name!r}: give a paper id (mh...), record id "
            "(arxiv:2301.00001), arXiv id, DOI, PMID, PMCID or Semantic Scholar id"
        )
    if matches.num_rows > 1:
        names = ", ".join(matches["paper_id"].to_pylist())
        raise NotFoundError(f"{name!r} names {matches.num_rows} papers: {names}")
    row: dict[str, Any] = matches.to_pylist()[0]
    return row


def _named(papers: pa.Table, name: str) -> pa.ChunkedArray:
    by_id = pc.equal(papers["paper_id"], name)
    for column in ("former_ids", "record_ids"):
        by_id = pc.or_(by_id, _contains(papers[column], name))
    for column, value in _readings(name):
        same = pc.equal(papers[column], pa.scalar(value, papers.schema.field(column).type))
        by_id = pc.or_(by_id, pc.fill_null(same, False))
    return by_id


def _contains(lists: pa.ChunkedArray, value: str) -> pa.Array:
    array = lists.combine_chunks()
    rows = pc.list_parent_indices(array).filter(pc.equal(array.flatten(), value))
    return pc.is_in(pa.array(range(len(array))), value_set=rows.cast(pa.int64()))


def _readings(name: str) -> list[tuple[str, str | int]]:
    """Columns that the text could be an id of, with the id in canonical form."""
    readings: list[tuple[str, str | int]] = []
    for column, clean in (
        ("arxiv_id", ids.clean_arxiv),
        ("doi", ids.clean_doi),
        ("pmid", ids.clean_pmid),
        ("pmcid", ids.clean_pmcid),
        ("s2_paper_id", ids.clean_s2_paper_id),
    ):
        value = clean(name)
        if value is not None:
            readings.append((column, value))
    kind, _, number = name.rpartition(":")
    if kind.lower() == "corpusid" and number.isdigit():
        readings.append(("corpus_id", int(number)))
    return readings


def dossier(folder: Path, name: str) -> Dossier:
    """A paper with its records, the decisions about them and its relations.

    Raises:
        NotFoundError: as :func:`find_paper`.
    """
    paper = find_paper(folder, name)
    own = pa.array(paper["record_ids"])

    def touching(table: str, left: str = "left", right: str = "right") -> list[dict[str, Any]]:
        rows = snapshot.read(folder, table)
        mask = pc.or_(pc.is_in(rows[left], value_set=own), pc.is_in(rows[right], value_set=own))
        found: list[dict[str, Any]] = rows.filter(mask).to_pylist()
        return found

    records = snapshot.read(folder, "records")
    return Dossier(
        paper=paper,
        records=records.filter(pc.is_in(records["record_id"], value_set=own)).to_pylist(),
        decisions=touching("decisions"),
        relations=touching("relations"),
    )
