"""What the curated table says of the papers that a list names, entry by entry.

Every entry has one standing, and may have remarks besides:

==============  ==================================================================
found           a service's record of it was in the table before
new             it came into the table with this import
ambiguous       it may be one of the papers named; `review` asks about those in
                the table
not_found       no service that was asked has it: only the list speaks of it
not_asked       only the list speaks of it, and a service has not been asked yet,
                or did not answer
==============  ==================================================================
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from medsafe_harvest.dedupe.reasons import Outcome
from medsafe_harvest.listed_known import Known
from medsafe_harvest.listed_remarks import Note, Remark, notes
from medsafe_harvest.lists.door import identifiers, record_ids, same_title
from medsafe_harvest.lists.entries import Entry, Reading
from medsafe_harvest.normalize.text import clean_title
from medsafe_harvest.offered import Offer


class Standing(enum.StrEnum):
    """Where an entry stands; the module says what each means."""

    FOUND = "found"
    NEW = "new"
    AMBIGUOUS = "ambiguous"
    NOT_FOUND = "not_found"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper that an entry may be, or that is the nearest found.

    Attributes:
        paper_id: None where it is not in the table.
        why: the reason code of the decision, or ``same_<identifier>``.
        record_id: of the record that a search by title gave; None for other candidates.
        url: of that record.
    """

    paper_id: str | None
    title: str
    why: str
    record_id: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of one entry.

    Attributes:
        record_id: of its record; None where it has no title.
        paper_id: the paper that it is in; None where there is none.
        candidates: what it may be, or the nearest that was found and is not it.
        why: in words, why it was not found, or not asked for.
        remarks: what else is worth a look.
    """

    entry: Entry
    standing: Standing
    record_id: str | None
    paper_id: str | None
    candidates: tuple[Candidate, ...]
    why: str
    remarks: tuple[Note, ...]

    def plain(self) -> dict[str, Any]:
        """The finding as JSON has it; ``docs/how-to/import-lists.md`` explains the keys."""
        return {
            **self.entry.plain(),
            "standing": self.standing.value,
            "record_id": self.record_id,
            "paper_id": self.paper_id,
            "candidates": [asdict(one) for one in self.candidates],
            "why": self.why,
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
class Searched:
    """What the services were asked, beside what the table says.

    Attributes:
        offers: by record id of a list, what searches for its title found.
        unasked: by record id of a list, the look-ups that have not answered; a record that is not
            there can be asked for nowhere.
    """

    offers: Mapping[str, Sequence[Offer]] = field(default_factory=dict)
    unasked: Mapping[str, Sequence[str]] = field(default_factory=dict)


def findings(
    name: str, reading: Reading, before: Known, after: Known, searched: Searched
) -> list[Finding]:
    """What the table says of each entry of a list, in the order of the list.

    Args:
        name: of the list.
        reading: what it says.
        before: the table before the import.
        after: the table now.
        searched: what the services were asked.
    """
    entries = reading.entries
    found = [
        _finding(own, entry, before, after, searched)
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


def _finding(
    own: str | None, entry: Entry, before: Known, after: Known, searched: Searched
) -> Finding:
    named = [row for one in identifiers(entry) for row in after.by_id.get(one, ())]
    paper_id = after.papers.get(own) if own else None
    if own is None:
        papers = {after.papers[row] for row in named}
        paper_id = papers.pop() if len(papers) == 1 else None
    united = after.of_services(paper_id)
    candidates = () if united else _candidates(own, entry, paper_id, after)
    why = ""
    if any(row["record_id"] in before.records for row in united):
        standing = Standing.FOUND
    elif united:
        standing = Standing.NEW
    else:
        offered = searched.offers.get(own or "", ())
        likely = [one for one in offered if one.outcome is not Outcome.NON_MATCH]
        standing, why = _missing(own, searched, is_likely=bool(candidates or likely))
        candidates += _offered(likely or offered[: 0 if candidates else 1], candidates, after)
    odd = notes(entry, united, [after.records[row] for row in dict.fromkeys(named)])
    return Finding(entry, standing, own, paper_id, candidates, why, tuple(odd))


def _missing(own: str | None, searched: Searched, *, is_likely: bool) -> tuple[Standing, str]:
    """The standing of an entry that no service's record is united with, and why."""
    if is_likely:
        return Standing.AMBIGUOUS, ""
    if own is None:
        return Standing.NOT_FOUND, "it has no title, and no known paper has its identifier"
    waiting = searched.unasked.get(own)
    if waiting is None:
        return Standing.NOT_FOUND, "too short a title to search for, and no identifier to ask for"
    if waiting:
        return Standing.NOT_ASKED, f"no answer yet: {', '.join(waiting)}"
    return Standing.NOT_FOUND, "all services were asked, and none has it"


def _offered(
    offers: Sequence[Offer], known_ones: Sequence[Candidate], after: Known
) -> tuple[Candidate, ...]:
    """What searches by title gave, but for papers that are candidates already."""
    there = {one.paper_id for one in known_ones}
    found = [(after.papers.get(one.record_id), one) for one in offers]
    return tuple(
        Candidate(paper, clean_title(one.record.title), one.reason, one.record_id, one.record.url)
        for paper, one in found
        if paper is None or paper not in there
    )


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
