"""From a draft to the entry, the entries beside it, or what is left out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from medsafe_harvest.lists.drafts import Draft
from medsafe_harvest.lists.entries import Entry, LeftOut
from medsafe_harvest.lists.judge import Alone, judge
from medsafe_harvest.lists.pieces import Piece
from medsafe_harvest.lists.places import Known, Where, in_heading, in_texts, is_dated
from medsafe_harvest.lists.words import is_label, is_title_like, tidy

_CODE = re.compile(r"\bcode\b|github", re.IGNORECASE)
_SHOWN = 100


def finish(one: Draft, known: Known, alone: Alone) -> list[Entry | LeftOut]:
    """The entry of a draft with those it names beside it; what was left out; or nothing.

    Args:
        one: the draft.
        known: whether words are the name of a venue.
        alone: which titles without a link are entries in this list.
    """
    papers = one.papers(known)
    where = _where(one, known)
    verdict = judge(one, papers, where, known, alone)
    if verdict == "entry":
        return _entries(one, papers, where, known)
    if verdict == "nothing":
        return []
    href = next(
        (link.href for link in one.links if link.place and link.place.kind != "anchor"), None
    )
    text = tidy(" ".join("".join(piece.text for piece in one.pieces).split())) or href or ""
    return [LeftOut(verdict, one.line, text[:_SHOWN], href)]


def _where(one: Draft, known: Known) -> Where:
    year, venue = one.where
    if year is None or venue is None:
        label = {"abstract", "authors", "aside"}
        more = [
            piece.text
            for piece in one.more
            if piece.role not in label
            and (piece.place is None or not is_label(piece.text) or is_dated(piece.text))
            and not piece.bare
        ]
        texts = in_texts((*one.found.rest, *filter(str.strip, more)), known)
        above = in_heading(tuple(filter(None, (*one.headings, one.group))), known)
        venue = venue or texts.venue
        year = year or texts.year or above.year
        venue = venue or (above.venue if above.year == year else None)
    return Where(year, venue)


def _entries(
    one: Draft, papers: Sequence[Piece], where: Where, known: Known
) -> list[Entry | LeftOut]:
    """The entry, and one more for each further paper that the item links to.

    Another identifier of one kind under a label (a preprint's DOI beside the journal's) has the
    same title; a link by a short name has none.
    """
    ids: list[str | None] = [None] * 5
    others: dict[str | None, Entry] = {}
    for link in papers:
        given = link.place.ids if link.place else ids
        if any(mine and other and mine != other for mine, other in zip(ids, given, strict=True)):
            others.setdefault(link.href, _besides(link, one, one.found.title))
            continue
        ids = [mine or other for mine, other in zip(ids, given, strict=True)]
    for link in one.besides(known):
        if link.place and link.place.identified and not _has(ids, link):
            title = tidy(link.text) if is_title_like(link.text) else None
            others.setdefault(link.href, _besides(link, one, title))
    arxiv_id, doi, pmid, pmcid, openreview_id = ids
    url = next((link.href for link in papers if link.href and "//" in link.href), None)
    if url is None and one.found.href and one.found.href.startswith(("http", "//")):
        url = one.found.href
    code = {link.place.code for link in one.links if link.place and _is_code(link)}
    entry = Entry(
        title=one.found.title, year=where.year, venue=where.venue, url=url, arxiv_id=arxiv_id,
        doi=doi, pmid=pmid, pmcid=pmcid, openreview_id=openreview_id,
        code=tuple(sorted(url for url in code if url)), headings=one.headings, line=one.line,
    )  # fmt: skip
    return [entry, *others.values()]


def _has(ids: Sequence[str | None], link: Piece) -> bool:
    given = link.place.ids if link.place else ()
    return all(other is None or other in ids for other in given)


def _besides(link: Piece, one: Draft, title: str | None) -> Entry:
    arxiv_id, doi, pmid, pmcid, openreview_id = link.place.ids if link.place else (None,) * 5
    return Entry(
        title, None, None, link.href, arxiv_id, doi, pmid, pmcid, openreview_id, (), one.headings,
        link.line,
    )  # fmt: skip


def _is_code(link: Piece) -> bool:
    place = link.place
    if place is None or not place.code or link.role == "aside":
        return False
    return place.kind == "code" or _CODE.search(link.text) is not None
