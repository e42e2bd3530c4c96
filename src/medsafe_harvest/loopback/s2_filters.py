"""Filters and orders of the Semantic Scholar searches: parameters to predicates on papers."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date

from medsafe_harvest.loopback.corpus import Paper
from medsafe_harvest.loopback.refused import unacceptable
from medsafe_harvest.loopback.s2_fields import journal, open_access_url, venue

Predicate = Callable[[Paper], bool]

_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


def filters(parameters: Mapping[str, str]) -> list[Predicate]:
    """One predicate a filter that the request names; a paper must pass all.

    Raises:
        RefusedError: a value that cannot be read.
    """
    return [make(parameters[name]) for name, make in FILTERS.items() if name in parameters]


def _dates(text: str) -> Predicate:
    """``A:B``, either side open, or one day, month or year."""
    since_text, colon, until_text = text.partition(":")
    since = _days(since_text)[0] if since_text else date.min
    until = _days(until_text if colon else since_text)[1] if until_text or not colon else date.max

    def passes(paper: Paper) -> bool:
        day = _day(paper)
        return day is not None and since <= day <= until

    return passes


def _day(paper: Paper) -> date | None:
    """The publication date; 1 January for a paper of which only the year is known."""
    if paper.published is not None:
        return paper.published.date()
    return date(paper.year, 1, 1) if paper.year else None


def _days(text: str) -> tuple[date, date]:
    """First and last day of a day, month or year."""
    shape = _DAY.fullmatch(text.strip())
    if shape is None:
        raise unacceptable("publicationDateOrYear", text)
    year, month, day = (int(part or 0) for part in shape.groups())
    try:
        first = date(year, month or 1, day or 1)
        last = date(year, month or 12, day or monthrange(year, month or 12)[1])
    except ValueError as error:
        raise unacceptable("publicationDateOrYear", text) from error
    return first, last


def _years(text: str) -> Predicate:
    """``2019``, ``2016-2020``, ``2010-`` or ``-2015``."""
    shape = re.fullmatch(r"(\d{4})?(-)?(\d{4})?", text.strip())
    if shape is None or not (shape[1] or shape[3]) or (shape[3] and not shape[2]):
        raise unacceptable("year", text)
    since = int(shape[1] or 0)
    until = int(shape[3] or 9999) if shape[2] else since
    return lambda paper: paper.year is not None and since <= paper.year <= until


def _venues(text: str) -> Predicate:
    wanted = {name.strip().casefold() for name in text.split(",")}

    def passes(paper: Paper) -> bool:
        names = (venue(paper), (journal(paper) or {}).get("name", ""))
        return any(name.casefold() in wanted for name in names if name)

    return passes


def _citations(text: str) -> Predicate:
    if not text.isdecimal():
        raise unacceptable("minCitationCount", text)
    return lambda paper: paper.citation_count >= int(text)


def _types(text: str) -> Predicate:
    wanted = {name.strip() for name in text.split(",")}
    return lambda paper: not wanted.isdisjoint(paper.publication_types)


def _studies(text: str) -> Predicate:
    wanted = {name.strip() for name in text.split(",")}
    return lambda paper: not wanted.isdisjoint(paper.fields_of_study)


FILTERS: dict[str, Callable[[str], Predicate]] = {
    "publicationTypes": _types,
    "openAccessPdf": lambda _: lambda paper: bool(open_access_url(paper)),
    "minCitationCount": _citations,
    "publicationDateOrYear": _dates,
    "year": _years,
    "venue": _venues,
    "fieldsOfStudy": _studies,
}


def in_order(papers: list[Paper], sort: str | None) -> list[Paper]:
    """Papers by ``field:order`` as bulk search sorts them; missing values last, then by id.

    Raises:
        RefusedError: another field or order.
    """
    field, colon, order = (sort or "paperId").partition(":")
    if field not in {"paperId", "publicationDate", "citationCount"} or (
        colon and order not in {"asc", "desc"}
    ):
        raise unacceptable("sort", sort)
    papers = sorted(papers, key=lambda paper: paper.s2_id)
    descending = order == "desc"
    if field == "paperId":
        return papers[::-1] if descending else papers
    if field == "citationCount":
        return sorted(papers, key=lambda paper: paper.citation_count, reverse=descending)
    dated = [paper for paper in papers if paper.published is not None]
    undated = [paper for paper in papers if paper.published is None]
    return sorted(dated, key=_publication, reverse=descending) + undated


def _publication(paper: Paper) -> date:
    return paper.published.date() if paper.published is not None else date.max
