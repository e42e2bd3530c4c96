"""An imported list as a source: the stored list is the page, and each paper it names a record.

A list has a name, such as ``awesome-lungs``. Its pages stand in the raw store as the answers to
the question ``list.awesome-lungs`` at the door ``list``; the latest of them is what the list says,
earlier ones are superseded. A record is called ``list:awesome-lungs#arxiv:2101.00001``, after what
names the paper best, so that it stays the same record when the list is sorted anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from rapidfuzz import fuzz

from medsafe_harvest.errors import ListError, MalformedPageError
from medsafe_harvest.lists.document import decode
from medsafe_harvest.lists.entries import Entry, Reading
from medsafe_harvest.lists.reading import read
from medsafe_harvest.normalize.text import comparison_form
from medsafe_harvest.normalize.venues import VenueTable
from medsafe_harvest.sources.base import Page, PageContent, SourceRecord

#: Name of the door, and of the source.
LIST = "list"
_QUERY = f"{LIST}."
#: Titles that share fewer of their words (``token_set_ratio``, 0 to 100) are of two papers.
_SAME_TITLE = 75


@dataclass(frozen=True, slots=True)
class ListDoor:
    """Reads stored lists; nothing is asked at it.

    Attributes:
        venues: by which venues are known that stand without a year.
        digest: of the configuration that the venues come from.
    """

    name: ClassVar[str] = LIST
    source: ClassVar[str] = LIST
    gives: ClassVar[tuple[str, ...]] = ()

    venues: VenueTable = field(repr=False, compare=False)
    digest: str

    def parse(self, page: Page) -> PageContent:
        """Read a stored list.

        Raises:
            MalformedPageError: it is no text, or its address does not say which list it is.
        """
        address, mark, name = page.url.rpartition("#")
        if not mark or not name:
            raise MalformedPageError(f"a list without a name: {page.url!r}")
        try:
            text = decode(page.body)
        except ListError as error:
            raise MalformedPageError(str(error)) from error
        return content(read(text, name=address, venues=self.venues), name)


def content(reading: Reading, name: str) -> PageContent:
    """The records of a list; an entry without a title can only be looked up, and is none.

    Items with the same identifier and much the same title are one record.
    """
    found: dict[str, list[Entry]] = {}
    for known_by, entry in zip(keys(reading.entries), reading.entries, strict=True):
        if known_by is not None:
            found.setdefault(known_by, []).append(entry)
    return PageContent(
        records=tuple(_record(name, *item) for item in found.items()),
        entries=len(reading.entries),
        total=None,
        rejected=tuple(
            f"line {entry.line}: no title" for entry in reading.entries if not entry.title
        ),
    )


def keys(entries: Sequence[Entry]) -> list[str | None]:
    """What names the paper of each entry best; None where it has no title.

    That is an identifier, or else the words of the title. Where a list gives one identifier to
    different titles, by a slip of the person who keeps it, nobody knows which is right: then it is
    both, and the order of the list does not matter.
    """
    by_identifier: dict[str, list[str]] = {}
    for entry in entries:
        if entry.title:
            by_identifier.setdefault(_best(entry), []).append(entry.title)
    odd = {
        name
        for name, titles in by_identifier.items()
        if not all(same_title(min(titles), title) for title in titles)
    }
    found: list[str | None] = []
    for entry in entries:
        best = _best(entry)
        # The longest title of those that are much the same stands for them.
        alike = [title for title in by_identifier.get(best, ()) if same_title(title, entry.title)]
        longest = max(alike, key=lambda title: (len(title), title), default="")
        found.append(f"{best}/{_digest(longest)}" if best in odd else best)
    return [name if entry.title else None for name, entry in zip(found, entries, strict=True)]


def same_title(one: str, other: str | None) -> bool:
    """Whether most words of the shorter title stand in the other: lists shorten titles."""
    forms = (comparison_form(one), comparison_form(other or ""))
    return fuzz.token_set_ratio(*forms) >= _SAME_TITLE


def _best(entry: Entry) -> str:
    named = [f"{kind}:{value}" for kind, value in identifiers(entry)]
    return named[0] if named else _digest(entry.title or "")


def _digest(title: str) -> str:
    form = comparison_form(title).encode("utf-8", "replace")
    return f"title:{hashlib.sha256(form).hexdigest()[:12]}"


def identifiers(entry: Entry) -> tuple[tuple[str, str], ...]:
    """(kind, value) of each identifier, kinds as in :class:`.SourceRecord`, the best first."""
    named = (
        ("arxiv", entry.arxiv_id), ("doi", entry.doi), ("pmid", entry.pmid),
        ("pmcid", entry.pmcid), ("openreview", entry.openreview_id),
    )  # fmt: skip
    return tuple((kind, value) for kind, value in named if value)


def record_ids(name: str, entries: Sequence[Entry]) -> list[str | None]:
    """The id that the record of each entry of a list has; None where it has no title."""
    return [one and f"{LIST}:{name}#{one}" for one in keys(entries)]


def list_of(source_id: str) -> str:
    """The name of the list that a record's own id begins with."""
    return source_id.partition("#")[0]


def question(name: str) -> str:
    """What the raw store calls a list; no seed query has a dot in its id."""
    return f"{_QUERY}{name}"


def list_name(query: str) -> str:
    """The name of the list that :func:`question` made this of."""
    return query.removeprefix(_QUERY)


def assertion(name: str) -> str:
    """What ``queries`` of a record and its paper say of a list that names it."""
    return f"{LIST}:{name}"


def _record(name: str, known_by: str, entries: list[Entry]) -> SourceRecord:
    """One record of all items that name a paper; the first that says something is believed."""
    named: dict[str, str] = {}
    for entry in entries:
        for kind, value in identifiers(entry):
            named.setdefault(kind, value)
    return SourceRecord(
        source=LIST,
        source_id=f"{name}#{known_by}",
        title=entries[0].title or "",
        identifiers=tuple(named.items()),
        year=next((entry.year for entry in entries if entry.year), None),
        venue=next((entry.venue for entry in entries if entry.venue), None),
        comment=_comment(name, entries),
        url=next((entry.url for entry in entries if entry.url), None),
    )


def _comment(name: str, entries: list[Entry]) -> str:
    """Headings from the outermost to the nearest, place by place, and the code linked there."""
    places = _once(" > ".join(entry.headings) for entry in entries)
    under = f'under "{"; ".join(places)}" ' if places else ""
    # The name comes last: a heading such as "Withdrawn" at the end would be taken for a notice.
    return " ".join(
        (
            f"Listed {under}in {name}.",
            *_once(url for entry in entries for url in entry.code),
        )
    )


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))
