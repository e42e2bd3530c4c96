"""Whether a draft is an entry, and if not, why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Literal

from medsafe_harvest.lists.drafts import Draft
from medsafe_harvest.lists.entries import Reason
from medsafe_harvest.lists.people import are_surnames
from medsafe_harvest.lists.pieces import Piece
from medsafe_harvest.lists.places import Known, Where
from medsafe_harvest.lists.words import is_resource_heading, is_title_like, words

#: Which titles by themselves are entries: none in a list that links to papers; in one that does
#: not those with a year or capitals, in one without any link all items.
Alone = Literal["none", "capitals", "items"]
Verdict = Reason | Literal["entry", "nothing"]

#: A word right before a link makes the link a part of a sentence.
_JOINING = re.compile(
    r"\b(?:our|the|this|a|an|see|in|from|of|by|to|and|is|on|following|latest|new|their|read|check"
    r"|please|my|original|via|as|with|at|for|or|its|that|these|those|using|out|cite)\s*$",
    re.IGNORECASE,
)
#: No title ends so.
_OPEN_END = re.compile(
    r"\b(?:our|the|an|in|from|of|by|to|and|via|as|with|at|for|or)$", re.IGNORECASE
)
_SENTENCE_WORDS = re.compile(
    r"\b(?:please|our (?:paper|survey|work|new|latest)|pull requests?|this (?:repo\w*|list|page)"
    r"|feel free|check out|we (?:will (?:keep|update|continue)|provide|collect|recommend|welcome)"
    r"|you can find|thanks to|star this|is updated|contact us|if you (?:find|use|want|have))\b",
    re.IGNORECASE,
)
_ON_PAPERS = re.compile(r"\b(?:papers?|articles?|surveys?|publications?|reviews?)\b", re.IGNORECASE)
#: Words of a title that only a paragraph of prose has.
_LONGEST_TITLE = 45


def judge(one: Draft, papers: Sequence[Piece], where: Where, known: Known, alone: Alone) -> Verdict:
    """Whether a draft is an entry, text that is nothing of the kind, or why it is left out.

    Args:
        one: the draft.
        papers: its links to its paper.
        where: its year and venue.
        known: whether words are the name of a venue.
        alone: which titles without a link are entries in this list.
    """
    title = one.found.title
    if papers:
        if _is_prose(one, papers) or not (title or any(words(link.text) for link in papers)):
            return "prose"
        identified = any(link.place and link.place.identified for link in papers)
        return "entry" if title or identified else "no_paper"
    kinds = {link.place.kind for link in one.links if link.place}
    if title is None:
        return _left(kinds - {"index"})
    is_sentence = one.found.how == "plain" and len(words(title)) > _LONGEST_TITLE
    if is_sentence or _SENTENCE_WORDS.search(title) or _OPEN_END.search(title):
        return "nothing"
    if _is_paper(one, title, where, known) or (
        alone != "none" and not kinds and _is_bare_title(one, title, where, alone)
    ):
        return "entry"
    return _left(kinds)


def _left(kinds: AbstractSet[str]) -> Verdict:
    if kinds & {"code", "data"}:
        return "repository"
    if "media" in kinds:
        return "media"
    return "no_paper" if kinds & {"other", "index"} else "nothing"


def _is_paper(one: Draft, title: str, where: Where, known: Known) -> bool:
    """Whether a title without a link to a paper is that of one: by its column, place, quotes."""
    resource = is_resource_heading(one.headings)
    link = next((link for link in one.links if link.href and link.href == one.found.href), None)
    kind = link.place.kind if link and link.place else None
    if one.titled and not resource and kind not in {"media", "index", "data"}:
        return is_title_like(title, 2)
    if kind in {"media", "index"} or (kind in {"code", "data"} and not where.venue):
        return False
    if one.found.how == "quoted" and where.year and not resource:
        return True
    if one.listed and not resource and where.year and kind is None and _is_dated_title(one, title):
        return True
    sure = where.year is not None and where.venue is not None and known(where.venue)
    if where.venue and is_title_like(title, 3 if sure else 4):
        return not resource or _is_sure(one, where, known)
    on_papers = any(_ON_PAPERS.search(heading) for heading in one.headings[-1:])
    return kind == "other" and one.found.how == "link" and on_papers and is_title_like(title, 5)


#: ``(2021)``, ``(Doe & Li, 2021)``, ``(Doe et al. 2021)``
_DATED = re.compile(r"\W*(?P<people>\D*?)(?:\s*\bet al\.?)?[\s,]*[0-9]{4}\W*")


def _is_dated_title(one: Draft, title: str) -> bool:
    """Whether an item is a title and its year, perhaps with those who wrote it."""
    behind = _DATED.fullmatch(one.found.rest[0][:200]) if one.found.rest else None
    year = behind is not None and (not behind["people"] or are_surnames(behind["people"]))
    return year and not one.more and not one.links and is_title_like(title, 4)


def _is_sure(one: Draft, where: Where, known: Known) -> bool:
    """Whether the place is beyond doubt, the item begins with its title, and links to a page."""
    first = next((piece for piece in one.pieces if words(piece.text)), None)
    named = where.venue is not None and known(where.venue) and where.year is not None
    kinds = {link.place.kind for link in one.links if link.place}
    return named and first is not None and first.place is None and kinds == {"other"}


def _is_bare_title(one: Draft, title: str, where: Where, alone: Alone) -> bool:
    """Whether plain words are a title, in a list that has no links to papers."""
    if is_resource_heading(one.headings) or not is_title_like(title, 4):
        return False
    if alone == "items" and one.listed and not title[0].islower():
        return True
    long = [word for word in words(title) if len(word) > 3]
    capitals = [word for word in long if word[0].isupper() or not word[0].isascii()]
    return where.year is not None or (bool(long) and len(capitals) >= 0.6 * len(long))


def _is_prose(one: Draft, papers: Sequence[Piece]) -> bool:
    """Whether the paper is only mentioned: its link is a word in a sentence."""
    title = one.found.title or ""
    plain = [word for piece in one.pieces if piece.place is None for word in words(piece.text)]
    if one.found.how == "link" and len(words(title)) < 4 and title[:1].islower():
        return len(plain) > 5
    if one.found.how == "link" and len(words(title)) < 4 and not one.titled:
        before = _before(one, papers[0])
        if len(words(before)) > 3 and _JOINING.search(before):
            return True
    if one.titled or one.found.how in {"link", "strong", "quoted", "role"}:
        return False
    if _SENTENCE_WORDS.search(title) or len(words(title)) > _LONGEST_TITLE:
        return True
    first = papers[0]
    before = _before(one, first)
    if not first.bare and _JOINING.search(before) and not first.text.lstrip().startswith("["):
        return True
    return not title and len(plain) > 30


def _before(one: Draft, link: Piece) -> str:
    """The text before a link on its line."""
    before = ""
    for piece in one.pieces:
        if piece is link:
            break
        before = "" if piece.is_break else before + piece.text
    return before
