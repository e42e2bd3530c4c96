"""Citation keys: family name, year and a word of the title, the same in every export.

A key does not depend on what else is exported. Of several papers with the same key in the snapshot
the one seen first keeps it; the others get four characters of their ``paper_id`` behind it. So a
paper that comes later never changes the key of one that is there. The year is that of the first
publication, which stays when a preprint appears in a journal.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from medsafe_harvest.normalize.text import comparison_form

#: Columns of ``schema.PAPER`` that keys are made from.
COLUMNS = ("paper_id", "title", "authors", "published", "year", "first_seen")

#: Words that tell nothing about a paper.
_STOP = frozenset(
    "a an and are as at be by can do does for from how in into is it its of on or over the this "  # noqa: SIM905 - a word list reads best as text
    "to toward towards under via what when where which why with without".split()
)
_NOT_ASCII_WORD = re.compile(r"[^a-z0-9]+")
_PREFIX = "mh"
_SUFFIX = 4
#: Rows held as Python objects at a time.
_BATCH = 10_000


def base(row: Mapping[str, Any]) -> str:
    """The key of a paper that shares it with no other: ``cobo2025physical``.

    Letters lose their accents; what ASCII cannot write is left out, and a paper without an author
    that it can write is by ``anon``.

    Args:
        row: the columns ``COLUMNS`` of ``schema.PAPER``.
    """
    published: dt.date | None = row["published"]
    year = published.year if published else row["year"]
    return f"{_family(row)}{year or ''}{_word(row['title'])}"


def _family(row: Mapping[str, Any]) -> str:
    if not row["authors"]:
        return "anon"
    first = row["authors"][0]
    if first["given"]:
        return _ascii(first["family"] or first["name"]) or "anon"
    # "The ALICE Collaboration" is alice.
    return _word(first["family"] or first["name"]) or "anon"


def _word(text: str) -> str:
    """The first telling word that ASCII can write, a letter alone if need be; or none."""
    words = [word for word in map(_ascii, text.split()) if word not in _STOP]
    return next((word for word in words if len(word) > 1), "") or next(filter(None, words), "")


def _ascii(text: str) -> str:
    return _NOT_ASCII_WORD.sub("", comparison_form(text))


def assign(papers: pa.Table) -> dict[str, str]:
    """The citation key of each paper, unique even where case is not told apart.

    Args:
        papers: the columns ``COLUMNS`` of all papers of a snapshot, in any order.

    Returns:
        ``paper_id`` -> key.
    """
    sharing: defaultdict[str, list[tuple[dt.date, str]]] = defaultdict(list)
    for batch in papers.select(list(COLUMNS)).to_batches(max_chunksize=_BATCH):
        for row in batch.to_pylist():
            sharing[base(row)].append((row["first_seen"], row["paper_id"]))
    keys: dict[str, str] = {}
    for key, group in sharing.items():
        first, *others = [paper_id for _, paper_id in sorted(group)]
        keys[first] = key
        length = _telling_length(others)
        for paper_id in others:
            keys[paper_id] = f"{key}-{paper_id.removeprefix(_PREFIX)[:length]}"
    return keys


def _telling_length(ids: list[str]) -> int | None:
    """How many characters of these ids tell them apart: four, or else all."""
    short = {paper_id.removeprefix(_PREFIX)[:_SUFFIX] for paper_id in ids}
    return _SUFFIX if len(short) == len(ids) else None
