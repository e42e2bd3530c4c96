"""Rows of a table in Markdown: taken apart by column, and a new one in their style."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from medsafe_harvest.awesome.markdown import inline, link
from medsafe_harvest.awesome.papers import Listed
from medsafe_harvest.awesome.pattern import LINKS, Slot, slots_of
from medsafe_harvest.awesome.styles import Habits, Style, styles_of, written
from medsafe_harvest.lists.words import column_role

_PIPE = re.compile(r"(?<!\\)\|")
_EMPTY = frozenset({"", "-", "--", "---", "\u2013", "\u2014", "/", "n/a", "na", "none", "x", "tbd"})
_SUMMARY = re.compile(r"summary|tl;?dr|abstract", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s*\|")


@dataclass(frozen=True, slots=True)
class Table:
    """The style of the rows of one table.

    Attributes:
        heads: of its columns.
        styles: of the cells, by column.
        blanks: what stands in a cell that says nothing, by column.
        opens: whether rows begin with a pipe.
        closes: whether they end with one.
        pad: what stands on both sides of a cell.
        empty: an empty cell as it is written.
    """

    heads: tuple[str, ...]
    styles: tuple[tuple[Style, ...], ...]
    blanks: tuple[str, ...]
    opens: bool
    closes: bool
    pad: str
    empty: str

    def row(self, paper: Listed, habits: Habits) -> str | None:
        """The paper as a row without line end; None where no column can hold its title."""
        cells = [self._cell(number, paper, habits) for number in range(len(self.heads))]
        if not any(self._titled(number, cells[number]) for number in range(len(cells))):
            column = next((n for n in range(len(cells)) if self._role(n) == "title"), None)
            if column is None:
                return None
            cells[column] = link(inline(paper.title), paper.url)
        pad = self.pad
        inner = "|".join(f"{pad}{cell}{pad}" if cell else self.empty for cell in cells)
        row = f"{'|' if self.opens else ''}{inner}{'|' if self.closes else ''}"
        return row.rstrip()

    def _role(self, column: int) -> str:
        return column_role(self.heads[column])

    def _titled(self, column: int, cell: str) -> bool:
        return bool(cell) and any(Slot.TITLE in style.pattern for style in self.styles[column])

    def _belongs(self, column: int, style: Style) -> bool:
        """Whether what fills a cell can be what its column is for."""
        slots = slots_of(style.pattern)
        if slots & {Slot.AUTHORS, Slot.FIRST_AUTHOR} and Slot.TITLE not in slots:
            return "author" in self.heads[column].lower()
        if Slot.CODE in slots and not slots & LINKS:
            return self._role(column) in {"code", "link", "other"}
        return bool(slots)

    def _cell(self, column: int, paper: Listed, habits: Habits) -> str:
        role = self._role(column)
        if _SUMMARY.search(self.heads[column]):
            return inline(paper.summary)
        if role == "number":
            return Slot.NUMBER
        styles = [style for style in self.styles[column] if self._belongs(column, style)]
        text = written(paper, styles, habits)
        if text is None and role == "code" and paper.repository:
            text = link("code", paper.repository)
        if text is None and role == "link" and paper.url and not has_place_for_links(self):
            text = link("paper", paper.url)
        if text is None and role == "year" and paper.year:
            text = str(paper.year)
        if text is None and role == "venue" and paper.venue and not styles:
            text = inline(habits.venues.get(paper.venue, paper.venue))
        return self.blanks[column] if text is None else text


def cells_of(row: str) -> list[str]:
    """The cells of a row, stripped."""
    return [cell.strip() for cell in _PIPE.split(_inner(row))]


def _inner(row: str) -> str:
    text = row.strip()
    text = text.removeprefix("|")
    return text[:-1] if text.endswith("|") and not text.endswith("\\|") else text


def table_of(head: str, rows: Sequence[str], patterns: Sequence[str]) -> Table:
    """The style of a table.

    Args:
        head: its first line.
        rows: as they are.
        patterns: of the rows that could be taken apart.
    """
    heads = cells_of(head)
    columns: list[list[str]] = [[] for _ in heads]
    for pattern in patterns:
        for column, cell in zip(columns, cells_of(pattern), strict=False):
            column.append(cell)
    plain: list[Counter[str]] = [Counter() for _ in heads]
    for row in rows:
        for votes, cell in zip(plain, cells_of(row), strict=False):
            if cell.casefold() in _EMPTY:
                votes[cell] += 1
    last = rows[-1] if rows else head
    padded = sum(cell.startswith(" ") for row in rows or [head] for cell in _filled(row))
    count = sum(len(_filled(row)) for row in rows or [head])
    pad = " " if padded * 2 >= count else ""
    empties = Counter(cell for row in rows for cell in _PIPE.split(_inner(row)) if not cell.strip())
    return Table(
        heads=tuple(heads),
        styles=tuple(tuple(styles_of(filter(slots_of, column))) for column in columns),
        blanks=tuple(votes.most_common(1)[0][0] if votes else "" for votes in plain),
        opens=_SEPARATOR.match(last) is not None,
        closes=last.rstrip().endswith("|"),
        pad=pad,
        empty=empties.most_common(1)[0][0] if empties else pad,
    )


def _filled(row: str) -> list[str]:
    return [cell for cell in _PIPE.split(_inner(row)) if cell.strip()]


def has_place_for_links(table: Table) -> bool:
    """Whether a link to the paper stands somewhere in the rows."""
    return any(slots_of(style.pattern) & LINKS for column in table.styles for style in column)
