"""From blocks to entries: items with what is nested in them, rows, paragraphs, cards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from medsafe_harvest.lists.addresses import locate
from medsafe_harvest.lists.drafts import Draft, draft
from medsafe_harvest.lists.entries import Entry, LeftOut, Reading
from medsafe_harvest.lists.finish import finish
from medsafe_harvest.lists.gather import under_headings, without_prose
from medsafe_harvest.lists.judge import Alone
from medsafe_harvest.lists.pieces import Piece, pieces_of
from medsafe_harvest.lists.places import Known
from medsafe_harvest.lists.runs import HARD, Block, text_of
from medsafe_harvest.lists.split import split
from medsafe_harvest.lists.tables import row_drafts
from medsafe_harvest.lists.titles import Found
from medsafe_harvest.lists.words import is_title_like, words

#: Items nested deeper are no list that a person wrote.
_DEEPEST = 40
_URL = re.compile(r"https?://[^\s<>\"'\])}|\\^`]+")


def interpret(blocks: Iterable[Block], known: Known, base: str = "") -> Reading:
    """The entries of blocks.

    Args:
        blocks: of one document, in order.
        known: whether words are the name of a venue.
        base: address that relative links are relative to.
    """
    drafts = _Drafts(known, base)
    for block in blocks:
        drafts.add(block)
    drafts.settle()
    found = under_headings(drafts.found, drafts.lines, known)
    alone = _alone(found, known)
    entries: list[Entry] = []
    left: list[LeftOut] = []
    for one in found:
        told = [one] if isinstance(one, LeftOut) else finish(one, known, alone)
        entries += [each for each in told if isinstance(each, Entry)]
        left += [each for each in told if isinstance(each, LeftOut)]
    return Reading(tuple(entries), tuple(left))


def _alone(found: Sequence[Draft | LeftOut], known: Known) -> Alone:
    """Which titles without a link are entries, in view of all the links of a list."""
    drafts = [one for one in found if isinstance(one, Draft)]
    if any(one.papers(known) for one in drafts):
        return "none"
    kinds = {link.place.kind for one in drafts for link in one.links if link.place}
    return "capitals" if kinds - {"anchor", "badge"} else "items"


class _Drafts:
    """Collects drafts; a title that waits for its links is pending."""

    def __init__(self, known: Known, base: str) -> None:
        self._known, self._base = known, base
        self.found: list[Draft | LeftOut] = []
        self._pending: Draft | None = None
        self._titles: set[str] = set()
        #: Where each heading stands, the last of those that are called the same.
        self.lines: dict[str, int] = {}

    def add(self, block: Block) -> None:
        """Take the next block."""
        block.headings = tuple(one for one in block.headings if one not in self._titles)
        if block.kind == "paragraph":
            self._paragraph(block)
            return
        self.settle()
        if block.kind == "heading":
            self._heading(block)
        elif block.kind == "row":
            self.found += row_drafts(block, self._known, self._base)
        elif block.kind == "card":
            pieces = without_prose(pieces_of(block.runs, self._base))
            one = draft(pieces, block.headings, self._known)
            one.titled = True
            self.found.append(one)
        elif block.kind == "code":
            self._code(block)
        else:
            self._item(block)

    def settle(self) -> None:
        """Take the pending title as it is."""
        if self._pending:
            self.found.append(self._pending)
        self._pending = None

    def _heading(self, block: Block) -> None:
        """A heading that links to its paper is an entry."""
        self.lines[text_of(block.runs)] = block.line
        pieces = pieces_of(block.runs, self._base)
        one = draft(pieces, block.headings, self._known)
        # The badge of a list's own paper stands beside its name.
        if one.found.title and one.papers(self._known) and (block.level > 1 or one.found.href):
            self._titles.add(text_of(block.runs))
            self._pending = one

    def _paragraph(self, block: Block) -> None:
        parts = split(pieces_of(block.runs, self._base), self._known)
        drafts = [draft(part, block.headings, self._known) for part in parts]
        if len(drafts) == 1 and self._pending and self._goes_on(drafts[0]):
            self._pending.more += drafts[0].pieces
            self._pending.found = self._pending.found._replace(
                rest=(*self._pending.found.rest, *drafts[0].found.rest)
            )
            return
        self.settle()
        *whole, last = drafts
        self.found += whole
        last = self._under_title(last)
        waits = last.found.title is not None and not last.papers(self._known)
        if waits:
            self._pending = last
        else:
            self.found.append(last)

    def _goes_on(self, one: Draft) -> bool:
        """Whether a paragraph only adds to the pending title: authors, place, links."""
        pending = self._pending
        return (
            pending is not None
            and one.found.title is None
            and pending.headings == one.headings
            and sum(len(words(text)) for text in one.found.rest) < 80
        )

    def _under_title(self, one: Draft) -> Draft:
        """A paragraph of links whose heading is the title of the paper."""
        title = one.headings[-1] if one.headings else ""
        if one.found.title or not is_title_like(title, 4) or not one.papers(self._known):
            return one
        if sum(len(words(text)) for text in one.found.rest) > 60:
            return one
        self._titles.add(title)
        found = Found(title, "heading", one.found.rest)
        line = self.lines.get(title, one.line)
        return replace(one, found=found, headings=one.headings[:-1], line=line)

    def _item(self, block: Block, depth: int = 0, group: str = "") -> None:
        pieces = pieces_of(block.runs, self._base)
        drafts = [draft(part, block.headings, self._known) for part in split(pieces, self._known)]
        main = drafts[-1]
        for one in drafts:
            one.group, one.listed = group, True
        if not main.links:
            group = text_of(block.runs)
        self.found += drafts
        if depth > _DEEPEST:
            return
        for child in block.children:
            if self._is_detail(child, main):
                main.more += [Piece(HARD, child.line), *self._all(child, depth)]
            else:
                child.headings = block.headings
                self._item(child, depth + 1, group)

    def _is_detail(self, child: Block, main: Draft) -> bool:
        """Whether a nested item speaks of its parent's paper: authors, key words, links."""
        if main.found.title is None:
            return False
        own = draft(pieces_of(child.runs, self._base), (), self._known, nested=True)
        if own.found.title is None:
            return not any(one.found.title for one in self._nested(child))
        papers, mine = own.papers(self._known), main.papers(self._known)
        if not mine:
            return False
        ids = {one.place for one in mine}
        return not papers or all(one.place in ids for one in papers)

    def _nested(self, child: Block) -> list[Draft]:
        return [
            draft(pieces_of(one.runs, self._base), (), self._known, nested=True)
            for one in child.children[:3]
        ]

    def _all(self, block: Block, depth: int) -> list[Piece]:
        found = pieces_of(block.runs, self._base)
        if depth <= _DEEPEST:
            for child in block.children:
                found += [Piece(HARD, child.line), *self._all(child, depth + 1)]
        return found

    def _code(self, block: Block) -> None:
        """A block of code holds citations and templates: count the papers, take none."""
        line = block.line
        for number, text in enumerate(text_lines(block)):
            for match in _URL.finditer(text):
                if locate(match[0]).identified:
                    self.found.append(
                        LeftOut("code_block", line + number, text.strip()[:100], match[0])
                    )


def text_lines(block: Block) -> list[str]:
    """The text of a block of code, line by line."""
    return "".join(run.text for run in block.runs).split("\n")
