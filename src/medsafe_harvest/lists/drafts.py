"""What may become an entry: the pieces of one item with the title found in them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from medsafe_harvest.lists.pieces import Piece
from medsafe_harvest.lists.places import Known, Where
from medsafe_harvest.lists.titles import Found, find_title, is_venue_link
from medsafe_harvest.lists.words import is_label, is_title_like, words

#: Labels of what goes with a paper but is not it.
_OTHER_LABEL = re.compile(
    r"(?:code|github|git|data ?sets?|data|video|slides?|poster|talk|demo|supp\w*|bib(?:tex)?|blog"
    r"|project|website|model|weights|coce|media|appendix)s?",
    re.IGNORECASE,
)


#: Labels that say of a page at whatever host that it is the paper.
_PAPER_LABEL = re.compile(
    r"(?:paper|pdf|full ?text|manuscript|article|preprint|publication|\u8bba\u6587|\u539f\u6587"
    r"|\u8ad6\u6587|\ub17c\ubb38)s?(?:\u94fe\u63a5|\u5730\u5740| link| pdf)?",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Draft:
    """What may become an entry.

    Attributes:
        pieces: that name the paper, its links among them.
        found: the title in them.
        headings: above it.
        line: where it begins.
        more: pieces that only add to it: those of nested items, of other cells.
        where: year and venue that columns give.
        group: the words of the item that it is nested in, where that one is no paper.
        titled: a column for titles or the page's markup gives the title.
        listed: it is an item of a list.
    """

    pieces: list[Piece]
    found: Found
    headings: tuple[str, ...]
    line: int
    more: list[Piece] = field(default_factory=list)
    where: Where = Where(None, None)  # noqa: RUF009 - it is immutable
    group: str = ""
    titled: bool = False
    listed: bool = False

    @property
    def links(self) -> list[Piece]:
        """All links, those of the title first."""
        return [one for one in (*self.pieces, *self.more) if one.place is not None]

    def papers(self, known: Known) -> list[Piece]:
        """The links to this paper: the title's, and those whose words are a label or a venue."""
        links = [one for one in self.links if _is_paper_link(one)]
        own = [one for one in links if one.bare or self._is_title(one) or _is_plain(one, known)]
        if own:
            return own
        near = links if self.found.title is None else filter(_is_paper_link, self.pieces)
        return [one for one in near if not is_title_like(one.text)]

    def besides(self, known: Known) -> list[Piece]:
        """Links to other papers, by a short name, in the pieces or the cells beside them."""
        own = set(self.papers(known))
        return [one for one in self.links if _is_paper_link(one) and one not in own]

    def _is_title(self, link: Piece) -> bool:
        return link.href == self.found.href


def _is_paper_link(link: Piece) -> bool:
    label = link.text.strip(" []()")
    if link.place is None or link.role in {"abstract", "aside"}:
        return False
    if link.place.kind == "other":
        return _PAPER_LABEL.fullmatch(label) is not None and "//" in (link.href or "")
    return link.place.kind == "paper" and not _OTHER_LABEL.fullmatch(label)


def _is_plain(link: Piece, known: Known) -> bool:
    return is_label(link.text) or is_venue_link(link.text, known)


def draft(
    pieces: list[Piece],
    headings: tuple[str, ...],
    known: Known,
    *,
    short: bool = False,
    nested: bool = False,
) -> Draft:
    """The draft of an item's pieces; the flags are those of :func:`find_title`."""
    lines = [one.line for one in pieces if words(one.text)] or [one.line for one in pieces] or [1]
    return Draft(pieces, find_title(pieces, known, short=short, nested=nested), headings, lines[0])
