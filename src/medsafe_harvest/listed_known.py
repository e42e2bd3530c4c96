"""The papers of the curated table, as the entries of a list are compared with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

from medsafe_harvest.curated import snapshot
from medsafe_harvest.errors import CuratedError
from medsafe_harvest.listed_remarks import Row
from medsafe_harvest.lists.door import LIST

_COLUMNS = [
    *("record_id", "source", "title", "year", "published", "updated", "version_dates", "venue"),
    *("venue_kind", "doi", "other_dois", "arxiv_id", "pmid", "pmcid", "openreview_id"),
    *("withdrawn", "gone"),
]
#: Column of each kind of identifier that entries have.
_ID_COLUMNS = {
    "arxiv": "arxiv_id", "doi": "doi", "pmid": "pmid", "pmcid": "pmcid",
    "openreview": "openreview_id",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """The papers of a snapshot, as entries are compared with them.

    Attributes:
        records: by record id; the columns of :data:`_COLUMNS`.
        papers: paper id of each record.
        members: record ids of each paper.
        titles: of each paper.
        doubts: by record id of a list, (reason, other record id) of what review asks.
        by_id: record ids of services by (kind, identifier).
    """

    records: Mapping[str, Row]
    papers: Mapping[str, str]
    members: Mapping[str, Sequence[str]]
    titles: Mapping[str, str]
    doubts: Mapping[str, Sequence[tuple[str, str]]]
    by_id: Mapping[tuple[str, str], Sequence[str]]

    def of_services(self, paper_id: str | None) -> list[Row]:
        """The records of a paper that are no list's."""
        return [
            self.records[name]
            for name in self.members.get(paper_id or "", ())
            if self.records[name]["source"] != LIST
        ]


def known(folder: Path) -> Known:
    """The papers of the current snapshot; none where there is no snapshot.

    Args:
        folder: the curated folder.
    """
    try:
        there = snapshot.current(folder)
        records = snapshot.read(there, "records", _COLUMNS)
        papers = snapshot.read(there, "papers", ["paper_id", "title", "record_ids"])
        decisions = snapshot.read(there, "decisions", ["left", "right", "outcome", "reason"])
    except CuratedError:
        # None was made yet, or a damaged one is about to be replaced.
        return Known({}, {}, {}, {}, {}, {})
    rows = {row["record_id"]: row for row in records.to_pylist()}
    members = dict(
        zip(papers["paper_id"].to_pylist(), papers["record_ids"].to_pylist(), strict=True)
    )
    by_id: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, row in rows.items():
        if row["source"] != LIST:
            for kind, column in _ID_COLUMNS.items():
                if row[column]:
                    by_id[kind, row[column]].append(name)
            for doi in row["other_dois"]:
                by_id["doi", doi].append(name)
    doubts: dict[str, list[tuple[str, str]]] = defaultdict(list)
    open_ones = decisions.filter(pc.equal(decisions["outcome"], "review"))
    for row in open_ones.to_pylist():
        for one, other in ((row["left"], row["right"]), (row["right"], row["left"])):
            if one.startswith(f"{LIST}:"):
                doubts[one].append((row["reason"], other))
    return Known(
        records=rows,
        papers={name: paper for paper, names in members.items() for name in names},
        members=members,
        titles=dict(zip(papers["paper_id"].to_pylist(), papers["title"].to_pylist(), strict=True)),
        doubts=doubts,
        by_id=by_id,
    )


def alone(folder: Path) -> frozenset[str]:
    """Record ids of lists that are in no paper with a service's record; none without a snapshot.

    Args:
        folder: the curated folder.
    """
    try:
        there = snapshot.current(folder)
        sources = snapshot.read(there, "records", ["record_id", "source"])
        if not pc.any(pc.equal(sources["source"], LIST)).as_py():
            return frozenset()
        papers = snapshot.read(there, "papers", ["record_ids", "sources"])
    except CuratedError:
        # None was made yet, or a damaged one is about to be replaced.
        return frozenset()
    only = pc.and_(
        pc.equal(pc.list_value_length(papers["sources"]), 1),
        pc.equal(pc.list_element(papers["sources"], 0), LIST),
    )
    return frozenset(pc.list_flatten(papers["record_ids"].filter(only)).to_pylist())
