"""Which abstracts a site shows: publishers have a say on who may publish theirs.

arXiv gives its metadata, abstracts included, to everybody (CC0); what Semantic Scholar knows of a
paper may be a publisher's.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_FREE = "arxiv:"
_BATCH = 5_000


class Abstracts(enum.StrEnum):
    """Which abstracts, and extracts of them, are shown."""

    ALL = "all"
    ARXIV = "arxiv"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Kept:
    """The papers whose abstract is kept back; None where every abstract is shown."""

    back: frozenset[str] | None

    @classmethod
    def of(cls, folder: Path, which: Abstracts) -> Self:
        """Look up which abstracts those of a snapshot are."""
        if which is Abstracts.ALL:
            return cls(None)
        back: set[str] = set()
        file = pq.ParquetFile(folder / "papers.parquet")
        for batch in file.iter_batches(_BATCH, columns=["paper_id", "provenance"]):
            if which is Abstracts.NONE:
                back.update(batch["paper_id"].to_pylist())
                continue
            entries = batch["provenance"].flatten()
            owners = batch["paper_id"].take(pc.list_parent_indices(batch["provenance"]))
            is_abstract = pc.equal(entries.field("field"), "abstract")
            is_free = pc.fill_null(pc.starts_with(entries.field("record_id"), _FREE), False)
            back.update(owners.filter(pc.and_(is_abstract, pc.invert(is_free))).to_pylist())
        return cls(frozenset(back))

    def table(self, papers: pa.Table) -> pa.Table:
        """Papers without what is kept back.

        Args:
            papers: the columns ``paper_id`` and ``summary_from``, and others.
        """
        if self.back is None:
            return papers
        hidden = pc.is_in(papers["paper_id"], value_set=pa.array(sorted(self.back), pa.string()))
        extract = pc.and_(hidden, pc.fill_null(pc.equal(papers["summary_from"], "abstract"), True))
        for name, mask in (("abstract", hidden), ("summary", extract)):
            if name in papers.column_names:
                place = papers.schema.get_field_index(name)
                kept = pc.if_else(mask, pa.scalar(None, pa.string()), papers[name])
                papers = papers.set_column(place, papers.schema.field(place), kept)
        return papers

    def row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row of ``schema.PAPER`` without what is kept back."""
        if self.back is None:
            return dict(row)
        changed = dict(row)
        if row["paper_id"] in self.back:
            changed["abstract"] = None
            if row["summary_from"] != "tldr":
                changed["summary"] = None
        changed["provenance"] = [
            entry | {"losers": []} if entry["field"] == "abstract" else entry
            for entry in row["provenance"]
        ]
        return changed
