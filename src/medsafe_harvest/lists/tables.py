"""Rows of tables: what each column holds, and which cell has the title."""

from __future__ import annotations

import re
from collections.abc import Sequence

from medsafe_harvest.lists.drafts import Draft, draft
from medsafe_harvest.lists.pieces import Piece, pieces_of
from medsafe_harvest.lists.places import Known, Where, in_cell
from medsafe_harvest.lists.runs import HARD, Block
from medsafe_harvest.lists.split import split
from medsafe_harvest.lists.titles import find_title
from medsafe_harvest.lists.words import ColumnRole, column_role, is_authors, is_title_like, words

_MIXED = re.compile(r"affiliation|author|team|institut|source", re.IGNORECASE)
#: Cells of these columns never hold the title.
_NEVER = frozenset({"authors", "number", "year", "code"})


def row_drafts(block: Block, known: Known, base: str) -> list[Draft]:
    """The drafts of a row; those of a row without a column for titles are of its joined cells."""
    cells = [pieces_of(cell, base) for cell in block.cells]
    roles = [column_role(head) for head in block.header]
    roles += ["other"] * (len(cells) - len(roles))
    column = _title_column(cells, roles, known, has_header=bool(block.header))
    if column is None:
        joined = [piece for cell in cells for piece in (*cell, Piece(HARD, block.line))]
        found = [draft(part, block.headings, known) for part in split(joined, known)]
        return [one for one in found if one.papers(known) or not block.header]
    parts = split(cells[column], known)
    named = roles[column] in {"title", "name"}
    drafts = [draft(part, block.headings, known, short=named) for part in parts]
    others = _others(cells, roles, column)
    where = _where(block, roles, column, known)
    for one in drafts:
        one.titled, one.where = named, where
        one.line = block.line if one is drafts[0] else one.line
        one.more = others if len(drafts) == 1 else [p for p in others if _shared(p)]
    return drafts


def _shared(piece: Piece) -> bool:
    """Whether a piece of another cell may belong to each of several papers of a row."""
    return piece.place is None


def _title_column(
    cells: Sequence[list[Piece]], roles: Sequence[ColumnRole], known: Known, *, has_header: bool
) -> int | None:
    def titled(number: int, *, short: bool) -> bool:
        return find_title(cells[number], known, short=short).title is not None

    named = [n for n, role in enumerate(roles) if role == "title" and n < len(cells)]
    for number in named:
        if titled(number, short=False):
            return number
    free = [n for n, role in enumerate(roles) if role not in _NEVER and n < len(cells)]
    for number in free:
        links = [one for one in cells[number] if one.place and one.place.kind == "paper"]
        if any(is_title_like(one.text, 4) for one in links):
            return number
    names = [n for n, role in enumerate(roles) if role == "name" and n < len(cells)]
    for number in (*named, *names):
        if titled(number, short=True):
            return number
    if has_header:
        return None
    sizes = {n: _words(cells[n]) for n in free if not is_authors(_text(cells[n]))}
    longest = max(sizes, key=lambda n: sizes[n], default=None)
    return (
        longest
        if longest is not None and sizes[longest] >= 4 and titled(longest, short=False)
        else None
    )


def _text(cell: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in cell)


def _words(cell: Sequence[Piece]) -> int:
    return len(words(_text(cell)))


def _others(cells: Sequence[list[Piece]], roles: Sequence[ColumnRole], column: int) -> list[Piece]:
    """The links of the other cells that belong to the paper, those of link columns first."""
    found: list[Piece] = []
    for number in sorted(range(len(cells)), key=lambda n: (roles[n] != "link", n)):
        role = roles[number]
        if number == column or role in {"authors", "number"}:
            continue
        for piece in cells[number]:
            if piece.place is None:
                continue
            is_code = role == "code" and piece.place.code is not None
            place = piece.place._replace(kind="code") if is_code else piece.place
            found.append(piece._replace(place=place))
    return found


def _where(block: Block, roles: Sequence[ColumnRole], column: int, known: Known) -> Where:
    year = venue = None
    for wanted in ("venue", "year"):
        for number, role in enumerate(roles):
            if role != wanted or number == column or number >= len(block.cells):
                continue
            head = block.header[number] if number < len(block.header) else ""
            text = "".join(run.text for run in block.cells[number] if not run.image)
            told = in_cell(text, known, mixed=bool(_MIXED.search(head)))
            year = year or told.year
            venue = venue or told.venue
    for number, cell in enumerate(block.cells):
        if number != column and roles[number] == "other" and not _said(block.header, number):
            told = in_cell("".join(run.text for run in cell if not run.image), known, mixed=True)
            year, venue = year or told.year, venue or told.venue
    return Where(year, venue)


def _said(header: Sequence[str], number: int) -> bool:
    """Whether the head of a column has words, not only a sign or nothing."""
    return number < len(header) and bool(words(header[number]))
