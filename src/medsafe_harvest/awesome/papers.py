"""A curated paper as a list shows it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from medsafe_harvest.normalize.latex import from_latex
from medsafe_harvest.outgoing import code_of, page_of, plain

#: Columns of ``schema.PAPER`` that :func:`listed` reads.
COLUMNS = (
    *("paper_id", "title", "authors", "published", "year", "venue", "venue_kind", "doi"),
    *("other_dois", "arxiv_id", "pmid", "pmcid", "openreview_id", "url", "open_access_url"),
    *("links", "withdrawn", "summary", "trust", "modality", "task", "tags"),
)
_ARXIV = "arXiv"


@dataclass(frozen=True, slots=True)
class Listed:
    """One paper, every text on one line.

    Attributes:
        paper_id: of the curated table.
        title: never empty.
        authors: names in order, and the family name of the first.
        family: of the first author.
        published: day of first publication, where known.
        year: of publication.
        venue: canonical; arXiv for a preprint there without another.
        venue_kind: journal, conference, workshop, preprint or None.
        url: its page: of the DOI, or at arXiv, or what the source gives; None where there is none.
        arxiv_url: its abstract page at arXiv.
        code: kind and address of the authors' own links, repositories first.
        summary: without LaTeX.
        topics: facet and score of each, by slug.
        ids: every identifier, each with its kind: ("doi", "10.1000/1").
    """

    paper_id: str
    title: str
    authors: tuple[str, ...]
    family: str | None
    published: dt.date | None
    year: int | None
    venue: str | None
    venue_kind: str | None
    url: str | None
    arxiv_url: str | None
    code: tuple[tuple[str, str], ...]
    summary: str | None
    topics: Mapping[str, tuple[str, float]]
    ids: frozenset[tuple[str, str]]

    @property
    def repository(self) -> str | None:
        """Address of its code."""
        return next((url for kind, url in self.code if kind == "Code"), None)

    @property
    def newest_first(self) -> tuple[int, int, str, str]:
        """What lists are sorted by: year, day, title; those without come last."""
        day = self.published.toordinal() if self.published else 0
        return -(self.year or 0), -day, self.title.casefold(), self.paper_id


def listed(rows: Iterable[Mapping[str, Any]]) -> Iterator[Listed]:
    """The papers of rows; one that was withdrawn has no place on a list.

    Args:
        rows: of ``schema.PAPER`` with :data:`COLUMNS`.
    """
    for row in rows:
        if not row["withdrawn"]:
            yield _listed(row)


def _listed(row: Mapping[str, Any]) -> Listed:
    arxiv = f"https://arxiv.org/abs/{row['arxiv_id']}" if row["arxiv_id"] else None
    doi = f"https://doi.org/{quote(plain(row['doi']), safe='/:;.-_')}" if row["doi"] else None
    published: dt.date | None = row["published"]
    authors = row["authors"]
    return Listed(
        paper_id=row["paper_id"],
        title=plain(row["title"]) or "Untitled",
        authors=tuple(filter(None, (plain(one["name"]) for one in authors))),
        family=(plain(authors[0]["family"]) or None) if authors else None,
        published=published,
        year=row["year"] or (published.year if published else None),
        venue=plain(row["venue"]) or (_ARXIV if arxiv else None),
        venue_kind=row["venue_kind"] or ("preprint" if arxiv and not row["venue"] else None),
        url=doi or arxiv or page_of(row),
        arxiv_url=arxiv,
        code=tuple(sorted(code_of(row), key=lambda one: one[0] != "Code")),
        summary=plain(from_latex(row["summary"])) if row["summary"] else None,
        topics=_topics(row),
        ids=frozenset(_ids(row)),
    )


def _topics(row: Mapping[str, Any]) -> dict[str, tuple[str, float]]:
    scores: dict[str, float] = {}
    for tag in row["tags"]:
        scores[tag["topic"]] = max(tag["score"], scores.get(tag["topic"], 0.0))
    return {
        slug: (facet, scores.get(slug, 0.0))
        for facet in ("trust", "modality", "task")
        for slug in row[facet]
    }


def _ids(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for kind in ("arxiv_id", "doi", "pmid", "pmcid", "openreview_id"):
        if row[kind]:
            yield kind, row[kind]
    for doi in row["other_dois"]:
        yield "doi", doi
