"""What belongs together although it stands apart, and what stands inside and is only prose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from medsafe_harvest.lists.drafts import Draft
from medsafe_harvest.lists.entries import LeftOut
from medsafe_harvest.lists.leading import KEY
from medsafe_harvest.lists.pieces import Piece
from medsafe_harvest.lists.places import Known
from medsafe_harvest.lists.titles import Found
from medsafe_harvest.lists.words import is_resource_heading, is_title_like, tidy, words

#: Items below a title: authors, venue, links and the like.
_MOST_ITEMS = 8
#: Words of a line of a search result that is its abstract.
_ABSTRACT = 30


def under_headings(
    found: Sequence[Draft | LeftOut], lines: Mapping[str, int], known: Known
) -> list[Draft | LeftOut]:
    """The drafts, those of items that speak of the paper in the heading above brought together.

    Args:
        found: drafts and what was left out, in order.
        lines: where each heading stands.
        known: whether words are the name of a venue.
    """
    made: list[Draft | LeftOut] = []
    for headings, group in groupby(found, key=_headings):
        drafts = list(group)
        one = _of_heading([d for d in drafts if isinstance(d, Draft)], known) if headings else None
        if one is None or len(drafts) > _MOST_ITEMS:
            made += drafts
        else:
            made.append(replace(one, line=lines.get(headings[-1], one.line)))
    return made


def _headings(one: Draft | LeftOut) -> tuple[str, ...]:
    return one.headings if isinstance(one, Draft) else ()


def _of_heading(drafts: Sequence[Draft], known: Known) -> Draft | None:
    """One draft of all items below a heading, where none has a title and they link to one paper."""
    first = drafts[0]
    title = tidy(first.headings[-1]) or ""
    keyed = any(KEY.match("".join(piece.text for piece in one.pieces)) for one in drafts)
    if not is_title_like(title, 3 if keyed else 5) or is_resource_heading(first.headings):
        return None
    if any(one.found.title or not one.listed for one in drafts):
        return None
    papers = [link for one in drafts for link in one.papers(known)]
    if not papers or (len(drafts) == 1 and papers[0].bare):
        return None
    for values in zip(*(link.place.ids for link in papers if link.place), strict=True):
        if len({value for value in values if value}) > 1:
            return None
    rest = tuple(text for one in drafts for text in one.found.rest)
    pieces = [piece for one in drafts for piece in (*one.pieces, *one.more)]
    found = Found(title, "heading", rest)
    return replace(first, pieces=pieces, more=[], found=found, headings=first.headings[:-1])


def without_prose(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces of a search result, those of a line as long as an abstract marked as one."""
    return [piece for line in _lines(pieces) for piece in _marked(line)]


def _lines(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    line: list[Piece] = []
    for piece in pieces:
        line.append(piece)
        if piece.is_break:
            yield line
            line = []
    yield line


def _marked(line: list[Piece]) -> list[Piece]:
    plain = [piece for piece in line if piece.place is None and piece.role is None]
    if sum(len(words(piece.text)) for piece in plain) < _ABSTRACT:
        return line
    return [piece if piece.role else piece._replace(role="abstract") for piece in line]
