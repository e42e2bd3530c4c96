"""Ways out of the curated table into reference managers, spreadsheets and programs.

Text is made from rows of ``schema.PAPER``; only :mod:`~medsafe_harvest.export.files` writes a file.
One paper, for a page about it::

    keys = export.citation_keys(papers)                       # of the whole snapshot, once
    export.one(row, "bibtex", key=keys[row["paper_id"]], venues=config.venues.full_names)
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from medsafe_harvest.export import bibtex, csl, keys, ris, works
from medsafe_harvest.export.keys import assign as citation_keys
from medsafe_harvest.export.works import COLUMNS

__all__ = ["COLUMNS", "Format", "Style", "citation_keys", "many", "one"]


class Format(enum.StrEnum):
    """What reference managers read."""

    BIBTEX = "bibtex"
    RIS = "ris"
    CSL = "csl"


@dataclass(frozen=True, slots=True)
class Style:
    """How references are written."""

    format: Format
    #: ``paper_id`` -> citation key, from :func:`citation_keys`.
    keys: Mapping[str, str] = field(default_factory=dict)
    #: Canonical venue -> full name, for example ``VenueTable.full_names``.
    venues: Mapping[str, str] = field(default_factory=dict)
    abstract: bool = True
    #: BibTeX without a letter beyond ASCII.
    ascii_only: bool = False


def many(rows: Iterable[Mapping[str, Any]], style: Style) -> Iterator[str]:
    """A file of references, piece by piece.

    Args:
        rows: of ``schema.PAPER``, with the columns ``COLUMNS``.
        style: a paper without a key in it gets :func:`keys.base`, which others may have, too, and
            which needs the columns ``keys.COLUMNS``.
    """
    references = (_work(row, style) for row in rows)
    if style.format is not Format.CSL:
        write = ris.entry if style.format is Format.RIS else _bibtex(style)
        yield from map(write, references)
        return
    between = "[\n"
    for work in references:
        yield between + csl.entry(work)
        between = ",\n"
    yield "[]\n" if between == "[\n" else "\n]\n"


def one(
    row: Mapping[str, Any],
    format: Format | str,  # noqa: A002 - the word that callers expect
    *,
    key: str | None = None,
    venues: Mapping[str, str] | None = None,
    abstract: bool = False,
) -> str:
    """The reference of one paper, with a line end behind it.

    Args:
        row: of ``schema.PAPER``, with the columns ``COLUMNS``.
        format: bibtex, ris or csl; the last is a single item, not a list.
        key: its citation key; None makes one that other papers may have, too.
        venues: canonical venue -> full name.
        abstract: whether the abstract goes along.

    Raises:
        ValueError: there is no such format.
    """
    style = Style(
        Format(format),
        keys={row["paper_id"]: key} if key else {},
        venues=venues or {},
        abstract=abstract,
    )
    work = _work(row, style)
    if style.format is Format.CSL:
        return csl.entry(work) + "\n"
    write = ris.entry if style.format is Format.RIS else _bibtex(style)
    return write(work).rstrip("\n") + "\n"


def _work(row: Mapping[str, Any], style: Style) -> works.Work:
    key = style.keys.get(row["paper_id"]) or keys.base(row)
    return works.read(row, key, style.venues, abstract=style.abstract)


def _bibtex(style: Style) -> Any:
    return partial(bibtex.entry, ascii_only=style.ascii_only)
