"""From blocks to entries: items with what is nested in them, rows, paragraphs, cards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import takewhile

from medsafe_harvest.lists.addresses import locate
from medsafe_harvest.lists.drafts import Draft, draft
from medsafe_harvest.lists.entries import Entry, LeftOut, Reading
from medsafe_harvest.lists.finish import finish
from medsafe_harvest.lists.gather import under_headings, without_prose
from medsafe_harvest.lists.judge import Alone
from medsafe_harvest.lists.pieces import Piece, pieces_of
from medsafe_harvest.lists.places import Known, venue_of, year_of
from medsafe_harvest.lists.runs import HARD, Block, Run, text_of
from medsafe_harvest.lists.split import split
from medsafe_harvest.lists.tables import row_drafts
from medsafe_harvest.lists.titles import Found
from medsafe_harvest.lists.trim import trimmed
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
        #: The words of the line above a group of items that only names a year or a venue.
        self._group = ""
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
            self._group = ""
            self._heading(block)
        elif block.kind == "row":
            self._row(block)
        elif block.kind == "card":
            pieces = without_prose(pieces_of(block.runs, self._base))
            one = draft(pieces, block.headings, self._known)
            one.titled = True
            self.found.append(one)
        elif block.kind == "code":
            self._code(block)
        else:
            self._item(block, group=self._group)

    def _row(self, block: Block) -> None:
        """A row of one cell that only names a year or a venue tells it of the rows below."""
        said = [cell for cell in block.cells if text_of(cell)]
        if len(said) == 1 and self._names_group(said[0]):
            return
        drafts = row_drafts(block, self._known, self._base)
        for one in drafts:
            one.group = self._group
        self.found += drafts

    def _names_group(self, runs: Sequence[Run]) -> bool:
        """Take note of a year or a venue that stands by itself, as if it were a heading."""
        text = text_of(list(runs)).strip(" :.-")
        if any(run.href for run in runs) or len(words(text)) > 4 or year_of(text) is None:
            return False
        name = venue_of(text)
        if name is not None and not self._known(name):
            return False
        self._group = text
        return True

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
        if self._pending is None and self._names_group(block.runs):
            return
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
        heading = one.headings[-1] if one.headings else ""
        title, around = trimmed(heading, self._known)
        if not title or not is_title_like(title, 4) or not one.papers(self._known):
            return one
        # "(Doe et al., 2020)" makes it a title, whatever is said below it.
        dated = any(year_of(text) for text in around) and one.found.how == "plain"
        if one.found.title and not dated:
            return one
        before = list(takewhile(lambda other: self._is_note(other, one), reversed(self.found)))
        notes = [other for other in reversed(before) if isinstance(other, Draft)]
        rest = tuple(text for other in [*notes, one] for text in other.found.rest)
        if sum(len(words(text)) for text in rest) > 60:
            return one
        del self.found[len(self.found) - len(before) :]
        self._titles.add(heading)
        found = Found(title, "heading", (*around, *rest))
        line = self.lines.get(heading, one.line)
        return replace(one, found=found, headings=one.headings[:-1], line=line)

    def _is_note(self, other: Draft | LeftOut, one: Draft) -> bool:
        """Whether a draft is a paragraph below the same heading that links to nothing."""
        return (
            isinstance(other, Draft)
            and other.headings == one.headings
            and not (other.found.title or other.links or other.listed)
        )

    def _item(self, block: Block, depth: int = 0, group: str = "") -> None:
        block = _hoisted(block)
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


def _hoisted(block: Block) -> Block:
    """An item that only holds a list, as the rows of some tables do, has its first item's words."""
    if text_of(block.runs) or len(block.children) < 2 or block.children[0].children:
        return block
    first, *others = block.children
    if any(run.href for run in first.runs) or any(one.children for one in others):
        return block
    return replace(block, runs=first.runs, children=others)


def text_lines(block: Block) -> list[str]:
    """The text of a block of code, line by line."""
    return "".join(run.text for run in block.runs).split("\n")
