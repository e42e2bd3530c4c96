"""What identifier a text may be, and which rows have it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from medsafe_harvest.normalize import ids

#: Columns of ``schema.PAPER`` and of ``schema.RECORD`` that hold an identifier of some kind.
IDENTIFIERS = [
    "arxiv_id", "doi", "other_dois", "pmid", "pmcid", "corpus_id", "s2_paper_id", "acl_id",
    "dblp_key", "openreview_id",
]  # fmt: skip


def read_as(table: pa.Table, name: str) -> pa.ChunkedArray:
    """Which rows have an identifier that the text may be.

    Args:
        table: the columns ``IDENTIFIERS``, of papers or of records.
        name: an id as a person writes it.
    """
    found = pa.chunked_array([pa.repeat(False, table.num_rows)])
    for column, value in readings(name):
        if column == "doi" and isinstance(value, str):
            found = pc.or_(found, contains(table["other_dois"], value))
        same = pc.equal(table[column], pa.scalar(value, table.schema.field(column).type))
        found = pc.or_(found, pc.fill_null(same, False))
    return found


def contains(lists: pa.ChunkedArray, value: str) -> pa.Array:
    """Which lists have a value."""
    array = lists.combine_chunks()
    rows = pc.list_parent_indices(array).filter(pc.equal(array.flatten(), value))
    return pc.is_in(pa.array(range(len(array))), value_set=rows.cast(pa.int64()))


#: Kinds of identifier that are read only after their name -> column, and how it is cleaned.
_PREFIXED: Mapping[str, tuple[str, Callable[[str | None], str | None]]] = {
    "corpus": ("corpus_id", ids.clean_corpus_id),
    "acl": ("acl_id", ids.clean_acl),
    "dblp": ("dblp_key", ids.clean_dblp),
    "openreview": ("openreview_id", ids.clean_openreview),
}


def readings(name: str) -> list[tuple[str, str | int]]:
    """Columns that the text could be an id of, with the id in canonical form."""
    readings: list[tuple[str, str | int]] = []
    for column, clean in (
        ("arxiv_id", ids.clean_arxiv),
        ("doi", ids.clean_doi),
        ("pmid", ids.clean_pmid),
        ("pmcid", ids.clean_pmcid),
        ("s2_paper_id", ids.clean_s2_paper_id),
    ):
        value = clean(name)
        if value is not None and not (column == "pmcid" and name.isdigit()):
            readings.append((column, value))
    kind, _, rest = name.partition(":")
    if kind.lower() in _PREFIXED:
        column, clean_rest = _PREFIXED[kind.lower()]
        value = clean_rest(rest)
    else:
        column, value = "corpus_id", None if name.isdigit() else ids.clean_corpus_id(name)
    if value is not None:
        readings.append((column, int(value) if column == "corpus_id" else value))
    return readings
