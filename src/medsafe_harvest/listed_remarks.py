"""PURE: what is odd about one entry of a list, beside the records that services have of its paper.

``dead_link``         a link looks cut off, like a placeholder, or names no page; nobody asked it
``now_published``     the list knows the preprint only, a service a journal or conference
``withdrawn``         a service says that the paper was withdrawn, or is there no longer
``listed_twice``      an earlier item of the list names the same paper
``wrong_year``        no service knows the year that the list says
``wrong_title``       a service, or the list itself, gives the identifier to another title
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from medsafe_harvest.lists.door import same_title
from medsafe_harvest.lists.entries import Entry
from medsafe_harvest.normalize.links import find_links

Row = Mapping[str, Any]

_PUBLISHED = frozenset(("journal", "conference", "workshop"))
_PREPRINT_VENUES = ("arxiv", "biorxiv", "medrxiv", "corr", "preprint", "ssrn", "research square")
_OTHER_SCHEMES = frozenset(("", "http", "https", "ftp"))


class Remark(enum.StrEnum):
    """What is odd; the module says what each means."""

    DEAD_LINK = "dead_link"
    NOW_PUBLISHED = "now_published"
    WITHDRAWN = "withdrawn"
    LISTED_TWICE = "listed_twice"
    WRONG_YEAR = "wrong_year"
    WRONG_TITLE = "wrong_title"


@dataclass(frozen=True, slots=True)
class Note:
    """A remark, and what it is about in words."""

    kind: Remark
    words: str


def notes(entry: Entry, united: Sequence[Row], named: Sequence[Row]) -> list[Note]:
    """What is odd about an entry, but for being listed twice.

    Args:
        entry: of the list.
        united: records of services, rows of ``schema.RECORD``, of the paper that it is part of.
        named: records of services that have one of its identifiers, whether united with it or not.
    """
    found = {
        Remark.DEAD_LINK: _dead(entry),
        Remark.NOW_PUBLISHED: _published(entry, united),
        Remark.WITHDRAWN: _withdrawn(united or named),
        Remark.WRONG_YEAR: _year(entry, united),
        Remark.WRONG_TITLE: _title(entry, named),
    }
    return [Note(kind, words) for kind, words in found.items() if words]


def _dead(entry: Entry) -> str:
    """The links that lead nowhere, judged by their form alone."""
    links = [*entry.code]
    dead = [one.url for one in find_links(*links) if one.looks_dead]
    if entry.url is not None and not _leads_somewhere(entry.url):
        dead.insert(0, entry.url)
    return ", ".join(dead)


def _leads_somewhere(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme not in _OTHER_SCHEMES or "..." in url or "\u2026" in url or " " in url.strip():
        return False
    return bool(parts.netloc and (parts.path.strip("/") or parts.query))


def _published(entry: Entry, united: Sequence[Row]) -> str:
    words = (entry.venue or "").casefold()
    is_preprint = not words or any(venue in words for venue in _PREPRINT_VENUES)
    if entry.doi or not (is_preprint and (words or entry.arxiv_id)):
        return ""
    for row in united:
        if row["venue_kind"] in _PUBLISHED and row["venue"]:
            parts = (row["venue"], str(row["year"] or ""), row["doi"] and f"doi:{row['doi']}")
            return " ".join(filter(None, parts))
    return ""


def _withdrawn(rows: Sequence[Row]) -> str:
    said = [row["record_id"] for row in rows if row["withdrawn"] or row["gone"]]
    return ", ".join(said)


def _year(entry: Entry, united: Sequence[Row]) -> str:
    years = {year for row in united for year in _years(row)}
    if entry.year is None or not years or entry.year in years:
        return ""
    known_as_published = any(row["venue_kind"] in _PUBLISHED for row in united)
    if entry.venue and entry.year > max(years) and not known_as_published:
        # Services know the preprint, the list where it appeared later.
        return ""
    return f"the list says {entry.year}, services {', '.join(map(str, sorted(years)))}"


def _years(row: Row) -> set[int]:
    days = (row["published"], row["updated"], *row["version_dates"])
    return {day.year for day in days if day} | ({row["year"]} if row["year"] else set())


def _title(entry: Entry, named: Sequence[Row]) -> str:
    if not entry.title or not named:
        return ""
    others = list(dict.fromkeys(row["title"] for row in named))
    if any(same_title(title, entry.title) for title in others):
        return ""
    return f"its identifier is of {others[0]!r}"
