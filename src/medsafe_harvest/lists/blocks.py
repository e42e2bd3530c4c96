"""From a tree to blocks: headings, list items, table rows, paragraphs and cards, in order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lxml import etree

from medsafe_harvest.lists.badges import badge_words
from medsafe_harvest.lists.roles import Role, role_of
from medsafe_harvest.lists.rows import OpenTable, line_of, words_of
from medsafe_harvest.lists.runs import HARD, SOFT, Block, BlockKind, Run, text_of

_SKIPPED = frozenset(
    "script style template noscript head svg math iframe select button form nav footer object".split()  # noqa: SIM905, E501 - a word list reads best as text
)
_LEVELS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    "p div section article blockquote dl dt dd center details summary ul ol main header aside "  # noqa: SIM905 - a word list reads best as text
    "figure figcaption address fieldset body hr tbody thead tfoot caption".split()
)
#: What unfolds below an entry and is no part of it.
_ASIDE = re.compile(
    r"\W*(?:abstract|abs|digest|bib(?:tex)?|cite|citation|tl;?dr)\W*", re.IGNORECASE
)
#: A summary that only says what to do with it.
_UNFOLD = re.compile(
    r"\W*(?:click(?: (?:here|me))?"
    r"(?: to (?:expand|unfold|open|show|view|see)(?: (?:all|more|it))?)?"
    r"|expand|unfold|toggle|show(?: (?:all|more))?|view(?: all)?|see more|details|more)\W*",
    re.IGNORECASE,
)
_STRONG, _SLANTED = frozenset({"b", "strong"}), frozenset({"i", "em", "cite"})


def blocks(
    root: etree._Element,
    *,
    keeps_lines: bool,
    cards: Mapping[etree._Element, etree._Element] | None = None,
) -> Iterator[Block]:
    """The blocks of a tree, in order; items in an item come inside it.

    Args:
        root: of the tree.
        keeps_lines: whether the ends of lines in text mean something, as in Markdown.
        cards: elements that hold one record each, whatever is inside them, and the title of each.
    """
    walk = _Walk(keeps_lines=keeps_lines, cards=cards or {})
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if isinstance(element.tag, str):
            if event == "start":
                walk.start(element, element.tag.lower())
            else:
                walk.end(element, element.tag.lower())
        elif event == "end":
            walk.text(element.tail)
        yield from walk.done()
    walk.close_loose()
    yield from walk.done()


class _Walk:
    """What is open while the tree is walked."""

    def __init__(
        self, *, keeps_lines: bool, cards: Mapping[etree._Element, etree._Element]
    ) -> None:
        self._keeps_lines, self._cards = keeps_lines, cards
        self._titles = frozenset(cards.values())
        self._headings: list[tuple[int, str]] = []
        self._open: list[Block] = []
        self._tables: list[OpenTable] = []
        self._done: list[Block] = []
        self._links: list[tuple[str, int]] = []
        self._roles: list[tuple[etree._Element, Role]] = []
        self._strong = self._slanted = self._count = 0
        self._line = 1
        self._skipping: etree._Element | None = None
        self._card: etree._Element | None = None

    def done(self) -> list[Block]:
        """The blocks that ended since the last call."""
        done, self._done = self._done, []
        return done

    def start(self, element: etree._Element, tag: str) -> None:
        """An element begins."""
        if self._skipping is not None:
            return
        self._line = line_of(element, self._line)
        role = role_of(element, tag)
        if (tag in _SKIPPED and self._card is None) or (tag == "details" and _is_aside(element)):
            self._skipping = element
            return
        if tag == "pre":
            self._code(element)
            self._skipping = element
            return
        if element in self._titles:
            self._roles.append((element, "title"))
        elif role and role != "title":
            self._roles.append((element, role))
        if element in self._cards and self._card is None:
            self._card = element
            self._begin("card")
        elif self._card is None:
            self._structure(element, tag)
        elif tag in _BLOCKS or tag in _LEVELS or tag in {"li", "td", "th", "tr", "table"}:
            self._break()
        self._inline(element, tag)
        self.text(element.text)

    def _structure(self, element: etree._Element, tag: str) -> None:
        if tag in _LEVELS:
            self._begin("heading", _LEVELS[tag])
        elif tag == "li":
            self._begin("item")
        elif tag == "table":
            self.close_loose()
            self._tables.append(OpenTable())
        elif tag == "tr" and self._tables:
            self.close_loose()
            self._tables[-1].row = []
        elif tag in {"td", "th"} and self._tables:
            block = Block("row", self._line)
            self._open.append(block)
            self._tables[-1].row.append((element, block.runs))
        elif tag == "summary" and not self._open:
            self._begin("heading", 7)
        elif tag in _BLOCKS:
            self._break()
            self.close_loose()

    def _inline(self, element: etree._Element, tag: str) -> None:
        if tag == "a":
            self._count += 1
            self._links.append((" ".join((element.get("href") or "").split()), self._count))
        elif tag in _STRONG:
            self._strong += 1
        elif tag in _SLANTED:
            self._slanted += 1
        elif tag == "br":
            self._add(HARD)
        elif tag == "img":
            self._image(element)
        elif tag == "time" and element.get("datetime"):
            self._add(f" {element.get('datetime')} ")

    def _image(self, element: etree._Element) -> None:
        """What stands for an image; the words of a badge are a remark in brackets."""
        badge = badge_words(element.get("src") or "")
        if badge and not (self._links and self._links[-1][0]):
            self._add(f" [{badge}] ")
        else:
            self._add(badge or element.get("alt") or " ", image=True)

    def end(self, element: etree._Element, tag: str) -> None:
        """An element ends; its tail is the text behind it."""
        if self._skipping is not None:
            if self._skipping is element:
                self._skipping = None
                self.text(element.tail)
            return
        self._unstyle(element, tag)
        if self._roles and self._roles[-1][0] is element:
            self._roles.pop()
        if element is self._card:
            self._card = None
            self._finish("card")
        elif self._card is None:
            self._ended(tag)
        elif tag in _BLOCKS or tag in _LEVELS:
            self._break()
        self.text(element.tail)

    def _unstyle(self, element: etree._Element, tag: str) -> None:
        if tag == "a" and self._links:
            if element.text is None and not len(element):
                self._add(" ", image=True)
            self._links.pop()
        elif tag in _STRONG:
            self._strong -= 1
        elif tag in _SLANTED:
            self._slanted -= 1

    def _ended(self, tag: str) -> None:
        if tag in _LEVELS or (tag == "summary" and self._open and self._open[-1].level == 7):
            self._finish("heading")
        elif tag == "details":
            self.close_loose()
            self._headings = [one for one in self._headings if one[0] < 7]
        elif tag == "li":
            self._finish("item")
        elif tag in {"td", "th"} and self._open and self._open[-1].kind == "row":
            self._open.pop()
        elif tag == "tr" and self._tables:
            path = tuple(text for _, text in self._headings)
            if row := self._tables[-1].end_row(path, self._line):
                self._done.append(row)
        elif tag == "table" and self._tables:
            self._tables.pop()
        elif tag in _BLOCKS:
            self._break()
            self.close_loose()

    def text(self, text: str | None) -> None:
        """Text between tags."""
        if not text or self._skipping is not None:
            return
        for number, part in enumerate(text.split("\n")):
            if number:
                self._line += 1
                self._add(SOFT if self._keeps_lines else " ")
            if part:
                self._add(part)

    def _add(self, text: str, *, image: bool = False) -> None:
        if not self._open:
            if not text.strip() and not image:
                return
            self._begin("paragraph")
        block = self._open[-1]
        if not block.runs and text.strip():
            block.line = self._line
        href, link = self._links[-1] if self._links else (None, 0)
        role = self._roles[-1][1] if self._roles else None
        block.runs.append(
            Run(text, self._line, href, link, self._strong > 0, self._slanted > 0, image, role)
        )

    def _break(self) -> None:
        if self._open and self._open[-1].kind != "paragraph":
            self._add(HARD)

    def _begin(self, kind: BlockKind, level: int = 0) -> None:
        self.close_loose()
        path = tuple(text for _, text in self._headings)
        self._open.append(Block(kind, self._line, path, level))

    def close_loose(self) -> None:
        """End the paragraph that no element ends."""
        if self._open and self._open[-1].kind == "paragraph":
            self._done.append(self._open.pop())

    def _finish(self, kind: BlockKind) -> None:
        self.close_loose()
        if not self._open or self._open[-1].kind != kind:
            return
        block = self._open.pop()
        if kind == "heading":
            self._put_heading(block)
        parent = self._open[-1] if self._open else None
        if parent is None or parent.kind == "row":
            self._done.append(block)
        elif parent.kind == "item" and kind == "item":
            parent.children.append(block)
        else:
            parent.runs += [Run(HARD, block.line), *block.runs]

    def _put_heading(self, block: Block) -> None:
        title = text_of(block.runs)
        if block.level == 7 and _UNFOLD.fullmatch(title):
            return
        if block.level == 7 and title.casefold() in {one.casefold() for _, one in self._headings}:
            return
        self._headings = [one for one in self._headings if one[0] < block.level]
        if title:
            self._headings.append((block.level, title))

    def _code(self, element: etree._Element) -> None:
        text = words_of(element)
        path = tuple(text for _, text in self._headings)
        self._done.append(Block("code", self._line, path, runs=[Run(text, self._line)]))


def _is_aside(details: etree._Element) -> bool:
    summary = details.find("summary")
    return summary is not None and _ASIDE.fullmatch(words_of(summary)) is not None
