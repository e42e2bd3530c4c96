"""A curated paper as a bibliography sees it: kind, people, container, dates, notes.

The formats are written from :class:`Work`, so that what counts as a conference paper, or whose name
has a particle, is decided once. Nothing here knows a file, a clock or a snapshot.
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from medsafe_harvest.normalize.text import one_line
from medsafe_harvest.outgoing import web

#: Columns of ``schema.PAPER`` that a :class:`Work` is made from.
COLUMNS = (
    *("paper_id", "former_ids", "title", "abstract", "authors", "published", "year"),
    *("venue", "venue_kind", "volume", "issue", "pages", "doi", "arxiv_id", "primary_category"),
    *("pmid", "pmcid", "publication_types", "links", "withdrawn", "url", "topics"),
)

#: Venues that name a preprint server; "arXiv" is no journal whatever a source calls it.
_ARXIV = "arXiv"
_WORKSHOPS = " Workshops"
#: "101--112", "101 - 112"; an article number such as "e12-3" is none the worse for it.
_DASHES = re.compile(r"(?<=\w)\s*[-\u2010-\u2015]+\s*(?=\w)")
#: Semantic Scholar's "3 11" is volume 3, issue 11.
_VOLUME_AND_ISSUE = re.compile(r"([0-9]+) ([0-9]+)")


class Kind(enum.Enum):
    """What a work is, as far as bibliographies tell apart."""

    ARTICLE = "article"
    CONFERENCE = "conference"
    PREPRINT = "preprint"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Person:
    """One author. A group, or a name of one word, has no given name."""

    family: str
    given: str | None = None
    suffix: str | None = None
    #: "van der" of "van der Berg": the words of the family name in small letters that lead it.
    particle: str | None = None

    @property
    def is_group(self) -> bool:
        """Whether the name is to be taken as a whole: "The ALICE Collaboration"."""
        return self.given is None and self.suffix is None


@dataclass(frozen=True, slots=True)
class Work:
    """One paper, every text on one line and none of it empty."""

    key: str
    paper_id: str
    former_ids: tuple[str, ...]
    kind: Kind
    title: str
    people: tuple[Person, ...]
    #: Journal, proceedings or preprint server, by its full name where that is known.
    container: str | None
    year: int | None
    #: Only where they are those of the manifestation that ``year`` and ``container`` are about.
    month: int | None
    day: int | None
    volume: str | None
    issue: str | None
    #: First and last with a hyphen between them, or an article number.
    pages: str | None
    doi: str | None
    arxiv_id: str | None
    arxiv_class: str | None
    pmid: str | None
    pmcid: str | None
    url: str | None
    abstract: str | None
    keywords: tuple[str, ...]
    #: What a reader has to know: that it was withdrawn.
    warnings: tuple[str, ...]
    #: Addresses of the authors' own repositories, or of such as may be theirs.
    code: tuple[str, ...]


def read(
    row: Mapping[str, Any], key: str, venues: Mapping[str, str], *, abstract: bool = True
) -> Work:
    """The work that a row describes.

    Args:
        row: the columns ``COLUMNS`` of ``schema.PAPER``.
        key: its citation key.
        venues: canonical venue -> full name; a venue that is not there keeps its words.
        abstract: whether the abstract goes along.
    """
    kind = _kind(row)
    month, day = _month_and_day(row, kind)
    volume, issue = _volume_and_issue(row)
    return Work(
        key=key,
        paper_id=row["paper_id"],
        former_ids=tuple(row["former_ids"]),
        kind=kind,
        title=one_line(row["title"]) or "Untitled",
        people=tuple(_people(row["authors"])),
        container=_container(one_line(row["venue"]), kind, venues),
        year=row["year"] or (row["published"].year if row["published"] else None),
        month=month,
        day=day,
        volume=volume,
        issue=issue,
        pages=_DASHES.sub("-", one_line(row["pages"]) or "") or None,
        doi=row["doi"],
        arxiv_id=row["arxiv_id"],
        arxiv_class=row["primary_category"],
        pmid=row["pmid"],
        pmcid=row["pmcid"],
        url=_url(row),
        abstract=one_line(row["abstract"]) if abstract else None,
        keywords=tuple(row["topics"]),
        warnings=("Withdrawn",) if row["withdrawn"] else (),
        code=_code(row["links"]),
    )


def _kind(row: Mapping[str, Any]) -> Kind:
    venue, kind, types = row["venue"], row["venue_kind"], row["publication_types"]
    if kind == "journal":
        return Kind.ARTICLE
    if kind in {"conference", "workshop"}:
        return Kind.CONFERENCE
    if kind == "preprint" or (row["arxiv_id"] and (not venue or venue == _ARXIV)):
        return Kind.PREPRINT
    if venue and "Conference" in types:
        return Kind.CONFERENCE
    # Semantic Scholar says JournalArticle of preprints, too: only with a venue is it one.
    if venue and ("JournalArticle" in types or row["volume"]):
        return Kind.ARTICLE
    return Kind.OTHER


def _month_and_day(row: Mapping[str, Any], kind: Kind) -> tuple[int | None, int | None]:
    """Of the publication; ``published`` is the preprint's day where there is a preprint."""
    published: dt.date | None = row["published"]
    of_preprint = row["arxiv_id"] is not None and kind is not Kind.PREPRINT
    if published is None or of_preprint or published.year != (row["year"] or published.year):
        return None, None
    return published.month, published.day


def _volume_and_issue(row: Mapping[str, Any]) -> tuple[str | None, str | None]:
    volume, issue = one_line(row["volume"]), one_line(row["issue"])
    both = _VOLUME_AND_ISSUE.fullmatch(volume) if volume and not issue else None
    return (both[1], both[2]) if both else (volume, issue)


def _container(venue: str | None, kind: Kind, venues: Mapping[str, str]) -> str | None:
    if venue is None or kind is Kind.PREPRINT:
        return venue  # "medRxiv" says more than the name of its company
    if venue not in venues and venue.endswith(_WORKSHOPS):
        main = venue.removesuffix(_WORKSHOPS)
        return venues.get(main, main) + _WORKSHOPS
    return venues.get(venue, venue)


def _people(authors: Sequence[Mapping[str, str | None]]) -> Iterator[Person]:
    for author in authors:
        family = one_line(author["family"]) or one_line(author["name"])
        if family is None:
            continue
        given, suffix = one_line(author["given"]), one_line(author["suffix"])
        if given is None and suffix is not None:
            family, suffix = f"{family} {suffix}", None
        particle, rest = split_particle(family) if given else (None, family)
        yield Person(rest, given, suffix, particle)


def split_particle(family: str) -> tuple[str | None, str]:
    """Leading words in small letters, and the rest: "van der" and "Berg".

    A name in small letters alone ("hooks"), or with small letters later ("Ortega y Gasset"), is
    all family.
    """
    words = family.split(" ")
    leading = 0
    while leading < len(words) - 1 and words[leading][0].islower():
        leading += 1
    rest = words[leading:]
    if leading == 0 or any(word[0].islower() for word in rest):
        return None, family
    return " ".join(words[:leading]), " ".join(rest)


def _url(row: Mapping[str, Any]) -> str | None:
    if row["doi"]:
        return f"https://doi.org/{quote(row['doi'], safe='/:;()')}"
    if row["arxiv_id"]:
        return f"https://arxiv.org/abs/{row['arxiv_id']}"
    return web(row["url"])


def _code(links: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    alive = [one for one in links if one["kind"] == "repository" and not one["looks_dead"]]
    chosen = [one for one in alive if one["own"]] or [one for one in alive if one["own"] is None]
    return tuple(address for one in chosen if (address := web(one["url"])))
