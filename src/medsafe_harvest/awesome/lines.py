"""The lines of a list: which of them belong to an entry, and what kind of thing that is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

#: ``item`` of a bulleted or numbered list, ``row`` of a table, ``paragraph``, ``html`` row.
Kind = Literal["item", "row", "paragraph", "html"]

BULLET = re.compile(r"(?P<indent>[ \t]*)(?P<mark>[-*+]|[0-9]{1,9}[.)])(?P<gap>[ \t]+)")
_HEADING = re.compile(r" {0,3}#{1,6}(?!#)|\s*</?(?:h[1-6]|details|summary)\b", re.IGNORECASE)
_DELIMITERS = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_ROW_BEGINS = re.compile(r"<tr\b", re.IGNORECASE)
_ROW_ENDS = re.compile(r"</tr\s*>", re.IGNORECASE)
_TABLE_ENDS = re.compile(r"</?table\b", re.IGNORECASE)
#: Paragraphs of one entry that lies in several, at most.
_REACH = 400


@dataclass(frozen=True, slots=True)
class Block:
    """Lines ``start`` to ``end`` (exclusive, from 0) that are one entry."""

    kind: Kind
    start: int
    end: int


def split_lines(text: str) -> list[str]:
    """The lines with their ends, which may be of any kind."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$", text)


def bare(line: str) -> str:
    """The line without its end."""
    return line.rstrip("\r\n")


def ending(line: str) -> str:
    """The end of a line."""
    return line[len(bare(line)) :]


def is_heading(line: str) -> bool:
    """Whether a line is a heading, in Markdown or HTML."""
    return _HEADING.match(line) is not None


def is_blank(line: str) -> bool:
    """Whether nothing stands in a line."""
    return not line.strip(" \t\r\n>\N{NO-BREAK SPACE}")


def table_head(lines: Sequence[str], row: int) -> int | None:
    """Where the head of the table stands that a line is a row of; None where it is none."""
    if "|" not in lines[row]:
        return None
    for number in range(row, 0, -1):
        if "|" not in lines[number]:
            return None
        if _is_delimiters(lines[number]) and "|" in lines[number - 1]:
            return number - 1
    return None


def table_end(lines: Sequence[str], head: int) -> int:
    """The line behind the last row of the table with that head."""
    end = head + 2
    while end < len(lines) and "|" in lines[end] and not is_heading(lines[end]):
        end += 1
    return end


def _is_delimiters(line: str) -> bool:
    return "-" in line and _DELIMITERS.fullmatch(bare(line)) is not None


def block_of(lines: Sequence[str], line: int) -> Block | None:
    """The block that a line stands in; None where it is a heading or blank."""
    if line >= len(lines) or is_heading(lines[line]) or is_blank(lines[line]):
        return None
    if table_head(lines, line) is not None:
        return Block("row", line, line + 1)
    start = _paragraph_start(lines, line)
    if BULLET.match(lines[start]):
        return Block("item", start, _item_end(lines, start))
    html = _html_row(lines, line)
    if html is not None:
        return html
    end = line + 1
    while end < len(lines) and not is_blank(lines[end]) and not _breaks(lines[end]):
        end += 1
    return Block("paragraph", start, end)


def _breaks(line: str) -> bool:
    return is_heading(line) or BULLET.match(line) is not None


def _paragraph_start(lines: Sequence[str], line: int) -> int:
    start = line
    while not BULLET.match(lines[start]) and start > 0:
        above = lines[start - 1]
        if is_blank(above) or is_heading(above):
            break
        start -= 1
    return start


def _item_end(lines: Sequence[str], start: int) -> int:
    """The line behind an item and all that is nested in it."""
    begin = BULLET.match(lines[start])
    indent = _width(begin["indent"]) if begin else 0
    end = start + 1
    while end < len(lines):
        if is_heading(lines[end]):
            break
        own = BULLET.match(lines[end])
        if own and _width(own["indent"]) <= indent:
            break
        if is_blank(lines[end]):
            after = _next_written(lines, end)
            nested = after is not None and _indent(lines[after]) >= indent + 2
            if not nested or is_heading(lines[after or 0]):
                break
        end += 1
    while is_blank(lines[end - 1]):
        end -= 1
    return end


def _next_written(lines: Sequence[str], line: int) -> int | None:
    return next((n for n in range(line, len(lines)) if not is_blank(lines[n])), None)


def _indent(line: str) -> int:
    return _width(line[: len(line) - len(line.lstrip(" \t"))])


def _width(space: str) -> int:
    return len(space.expandtabs(4))


def _html_row(lines: Sequence[str], line: int) -> Block | None:
    """The ``<tr>`` around a line, where its begin and end stand on lines of their own."""
    start = line
    while not _ROW_BEGINS.search(lines[start]):
        closes = _ROW_ENDS.search(lines[start]) and start < line
        if start == 0 or line - start > _REACH or closes or _TABLE_ENDS.search(lines[start]):
            return None
        start -= 1
    end = line
    while not _ROW_ENDS.search(lines[end]):
        if end + 1 == len(lines) or end - line > _REACH:
            return None
        end += 1
    return Block("html", start, end + 1)


def title_of(lines: Sequence[str]) -> str:
    """The first heading, without links and pictures; empty where there is none."""
    for line in lines:
        if is_heading(line):
            text = re.sub(
                r"<[^<>]*>|!\[[^\]]*\]\([^()]*\)|[\[\]]|\([^()]*://[^()]*\)", " ", bare(line)
            )
            if words := " ".join(text.strip().strip("#").split()):
                return words
    return ""
