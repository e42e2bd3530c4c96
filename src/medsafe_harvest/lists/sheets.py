"""Lists in sheets: CSV, and lines with tabs as they are pasted from one, as a table in HTML.

Every row stands on the line on which it begins.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from html import escape

from medsafe_harvest.lists.words import column_role

#: Columns of identifiers, whose bare values get the word by which they are known.
_IDENTIFIERS = (
    (re.compile(r"(?:.*\W)?doi(?:\W.*)?", re.IGNORECASE), re.compile(r"10\.\d{4,9}/\S+"), "doi:"),
    (re.compile(r"arxiv(?:[ _-]?(?:id|number))?", re.IGNORECASE),
     re.compile(r"\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+(?:\.[A-Z]{2})?/\d{7}"), "arXiv:"),
    (re.compile(r"(?:pubmed[ _-]?id|pmid)", re.IGNORECASE), re.compile(r"\d{4,8}"), "PMID: "),
    (re.compile(r"pmc(?:[ _-]?id)?", re.IGNORECASE), re.compile(r"PMC\d{4,9}"), "PMCID: "),
)  # fmt: skip
_JOURNAL = re.compile(r"(?:publication|journal|book|container|source)[ _-]?title", re.IGNORECASE)
#: Columns of prose and of other papers, whose links lead elsewhere.
_PROSE = re.compile(
    r"abstract.*|summary|tl;?dr|notes?|references|cited references|extra|keywords?", re.IGNORECASE
)
_FEWEST_CELLS = 2
# A cell may be as long as the list: one with an open quote reads on to its end.
csv.field_size_limit(2**31 - 1)


def separator(lines: Sequence[str], name: str) -> str | None:
    """What stands between the cells of a sheet; None for a text that is none.

    Args:
        lines: of the text.
        name: of its file, whose end tells CSV.

    Returns:
        A tab where the head has tabs, else for CSV a comma or semicolon.
    """
    end = name.lower().partition("?")[0].rpartition(".")[2]
    head = next((line for line in lines if line.strip()), "")
    is_sheet = end in {"csv", "tsv"}
    for sign in "\t,;" if is_sheet else "\t":
        cells = next(csv.reader([head], delimiter=sign), [])
        if len(cells) >= _FEWEST_CELLS and "title" in map(column_role, cells):
            return sign
    return None


def as_table(lines: Sequence[str], sign: str) -> list[str]:
    """The lines of a sheet as a table in HTML, as many as before.

    Args:
        lines: the first that is not empty is the head.
        sign: between cells, as :func:`separator` gives it.
    """
    made = [""] * len(lines)
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=sign)
    head: list[str] = []
    begins = 0
    for row in reader:
        number, begins = begins, reader.line_num
        if not any(cell.strip() for cell in row):
            continue
        if head:
            cells = [_shown(cell, head[n] if n < len(head) else "") for n, cell in enumerate(row)]
            made[number] = "".join(["<tr>", *(f"<td>{cell}</td>" for cell in cells), "</tr>"])
        else:
            head = _told_apart(row)
            names = "".join(f"<th>{escape(cell.strip())}</th>" for cell in head)
            made[number] = f"<table><tr>{names}</tr>"
    return made


def _told_apart(head: Sequence[str]) -> list[str]:
    """The head, in which beside a title the title of a publication is its journal."""
    if not any(cell.strip().casefold() == "title" for cell in head):
        return list(head)
    return ["Journal" if _JOURNAL.fullmatch(cell.strip()) else cell for cell in head]


def _shown(cell: str, head: str) -> str:
    text = "" if _PROSE.fullmatch(head.strip()) else " ".join(cell.split())
    for named, value, word in _IDENTIFIERS:
        if named.fullmatch(head.strip()) and value.fullmatch(text):
            text = f"{word}{text}"
    return escape(text.removeprefix("'"))
