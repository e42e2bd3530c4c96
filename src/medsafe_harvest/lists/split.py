"""Where one paper ends and the next begins in a paragraph, an item or a cell."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from medsafe_harvest.lists.pieces import Piece
from medsafe_harvest.lists.places import Known
from medsafe_harvest.lists.titles import find_title, is_venue_link
from medsafe_harvest.lists.words import is_label, is_title_like, words


def split(pieces: list[Piece], known: Known) -> list[list[Piece]]:
    """The pieces of each paper, one list where there is one paper or none."""
    groups: list[list[Piece]] = []
    current: list[Piece] = []
    linked = titled = False
    lines = _lines(pieces)
    for number, line in enumerate(lines):
        behind = lines[number + 1] if number + 1 < len(lines) else []
        # The current pieces name a paper already, so that another may begin.
        if (linked and titled) and (
            _begins(line, current, known) or _is_above(line, behind, current, known)
        ):
            groups.append(current)
            current, linked, titled = [], False, False
        current += line
        linked = linked or any(map(_is_paper, line))
        titled = titled or any(is_title_like(piece.text) for piece in line)
    groups.append(current)
    return [part for group in groups for part in _by_links(group, known)]


def _lines(pieces: Sequence[Piece]) -> list[list[Piece]]:
    lines: list[list[Piece]] = [[]]
    for piece in pieces:
        lines[-1].append(piece)
        if piece.is_break:
            lines.append([])
    return lines


def _is_paper(piece: Piece) -> bool:
    return piece.place is not None and piece.place.kind == "paper"


def _begins(line: Sequence[Piece], current: Sequence[Piece], known: Known) -> bool:
    """Whether a line is the beginning of another paper than the current one."""
    here = {(one.place, one.href) for one in line if _is_paper(one)}
    fresh = {place for place, _ in here} - {one.place for one in current if _is_paper(one)}
    first = next((one for one in line if words(one.text)), None)
    if first is None:
        return False
    if first.strong and is_title_like(first.text) and not is_label(first.text):
        return any(one.strong and is_title_like(one.text) for one in current) or bool(fresh)
    if not fresh:
        return False
    found = find_title(line, known)
    return (
        found.title is not None
        and found.how in {"link", "strong", "plain"}
        and (is_title_like(found.title, 4) or found.how == "link")
    )


def _is_above(
    line: Sequence[Piece], behind: Sequence[Piece], current: Sequence[Piece], known: Known
) -> bool:
    """Whether a line is a plain title whose labelled links stand on the line behind it."""
    if any(one.place for one in line) or not any(map(_is_paper, behind)):
        return False
    if any(one.place is None and is_title_like(one.text) for one in behind):
        return False
    if not {one.place for one in behind if _is_paper(one)} - {one.place for one in current}:
        return False
    return find_title(line, known).title is not None


def _by_links(pieces: list[Piece], known: Known) -> list[list[Piece]]:
    """Cut before each further link that is the title of another paper."""
    titles = [
        number
        for number, one in enumerate(pieces)
        if _is_paper(one)
        and is_title_like(one.text, 4)
        and not is_venue_link(one.text, known)
        and not one.bare
    ]
    if (
        len({pieces[number].place for number in titles}) < 2
        and len({pieces[number].href for number in titles}) < 2
    ):
        return [pieces]
    cuts = [0]
    for before, number in pairwise(titles):
        same = pieces[before].href == pieces[number].href or (
            pieces[before].text.casefold() == pieces[number].text.casefold()
        )
        if not same:
            cuts.append(number)
    return [pieces[start:end] for start, end in zip(cuts, [*cuts[1:], len(pieces)], strict=True)]
