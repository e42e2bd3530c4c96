"""What the curated table says of the papers that a list names, entry by entry.

Every entry has one standing, and may have remarks besides:

==============  ==================================================================
found           a service's record of it was in the table before
new             it came into the table with this import
ambiguous       it may be one of the papers named; `review` asks whether it is
not_found       no service has given it yet: only the list speaks of it
==============  ==================================================================
"""

from __future__ import annotations

import enum
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from medsafe_harvest.curated import snapshot
from medsafe_harvest.errors import CuratedError
from medsafe_harvest.listed_remarks import Note, Remark, Row, notes
from medsafe_harvest.lists.door import LIST, identifiers, record_ids, same_title
from medsafe_harvest.lists.entries import Entry, Reading

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


class Standing(enum.StrEnum):
    """Where an entry stands; the module says what each means."""

    FOUND = "found"
    NEW = "new"
    AMBIGUOUS = "ambiguous"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper that an entry may be.

    Attributes:
        why: the reason code of the decision, or ``same_<identifier>``.
    """

    paper_id: str
    title: str
    why: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of one entry.

    Attributes:
        record_id: of its record; None where it has no title.
        paper_id: the paper that it is in; None where there is none.
        remarks: what else is worth a look.
    """

    entry: Entry
    standing: Standing
    record_id: str | None
    paper_id: str | None
    candidates: tuple[Candidate, ...]
    remarks: tuple[Note, ...]

    def plain(self) -> dict[str, Any]:
        """The finding as JSON has it; ``docs/how-to/import-lists.md`` explains the keys."""
        return {
            **self.entry.plain(),
            "standing": self.standing.value,
            "record_id": self.record_id,
            "paper_id": self.paper_id,
            "candidates": [
                {"paper_id": one.paper_id, "title": one.title, "why": one.why}
                for one in self.candidates
            ],
            "remarks": [{"kind": one.kind.value, "words": one.words} for one in self.remarks],
        }


def count(findings: Iterable[Finding]) -> dict[str, int]:
    """Entries by standing, then by remark; every kind is there."""
    findings = list(findings)
    standings = Counter(one.standing for one in findings)
    remarks = Counter(kind for one in findings for kind in {remark.kind for remark in one.remarks})
    return {
        **{kind.value: standings[kind] for kind in Standing},
        **{kind.value: remarks[kind] for kind in Remark},
    }


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


def findings(name: str, reading: Reading, before: Known, after: Known) -> list[Finding]:
    """What the table says of each entry of a list, in the order of the list.

    Args:
        name: of the list.
        reading: what it says.
        before: the table before the import.
        after: the table now.
    """
    entries = reading.entries
    found = [
        _finding(own, entry, before, after)
        for own, entry in zip(record_ids(name, entries), entries, strict=True)
    ]
    _note_contradictions(found)
    first: dict[str, Entry] = {}
    for index, one in enumerate(found):
        if one.paper_id is None:
            continue
        earlier = first.setdefault(one.paper_id, one.entry)
        # An item with two identifiers of one kind gives two entries.
        if (earlier.line, earlier.title) != (one.entry.line, one.entry.title):
            where = " > ".join(earlier.headings)
            words = f"first on line {earlier.line}" + f" under {where}" * bool(where)
            note = Note(Remark.LISTED_TWICE, words)
            found[index] = replace(one, remarks=(*one.remarks, note))
    return found


def _note_contradictions(found: list[Finding]) -> None:
    """Note in place that a list gives one identifier to titles of which no service knows any."""
    first: dict[tuple[str, str], Entry] = {}
    for index, one in enumerate(found):
        for identifier in identifiers(one.entry) if one.entry.title else ():
            earlier = first.setdefault(identifier, one.entry)
            alike = same_title(earlier.title or "", one.entry.title)
            if not alike and one.standing is Standing.NOT_FOUND:
                words = f"line {earlier.line} has the same {identifier[0]} id: {earlier.title!r}"
                note = Note(Remark.WRONG_TITLE, words)
                found[index] = replace(one, remarks=(*one.remarks, note))
                break


def _finding(own: str | None, entry: Entry, before: Known, after: Known) -> Finding:
    named = [row for one in identifiers(entry) for row in after.by_id.get(one, ())]
    paper_id = after.papers.get(own) if own else None
    if own is None:
        papers = {after.papers[row] for row in named}
        paper_id = papers.pop() if len(papers) == 1 else None
    united = after.of_services(paper_id)
    candidates = () if united else _candidates(own, entry, paper_id, after)
    if any(row["record_id"] in before.records for row in united):
        standing = Standing.FOUND
    elif united:
        standing = Standing.NEW
    else:
        standing = Standing.AMBIGUOUS if candidates else Standing.NOT_FOUND
    odd = notes(entry, united, [after.records[row] for row in dict.fromkeys(named)])
    return Finding(entry, standing, own, paper_id, candidates, tuple(odd))


def _candidates(
    own: str | None, entry: Entry, paper_id: str | None, after: Known
) -> tuple[Candidate, ...]:
    """Papers of services that an entry may be: in doubt, or of its identifier but kept apart."""
    reasons: dict[str, str] = {}
    for reason, other in after.doubts.get(own or "", ()):
        reasons.setdefault(after.papers[other], reason)
    for kind, value in identifiers(entry):
        for row in after.by_id.get((kind, value), ()):
            reasons.setdefault(after.papers[row], f"same_{kind}")
    return tuple(
        Candidate(paper, after.titles[paper], why)
        for paper, why in sorted(reasons.items())
        if paper != paper_id and after.of_services(paper)
    )
